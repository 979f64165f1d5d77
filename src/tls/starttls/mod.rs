//! How does a server that speaks another protocol in the clear come to TLS? SMTP, IMAP, POP3 and LDAP, up to its consent.
//!
//! After it has consented the server waits for our hello. Whatever it has sent before that was not protected and may be
//! somebody else's: it is refused. What is said and heard is up to [`dialogue`].

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use self::dialogue::{Dialogue, DialogueError, Step};
use crate::net::{NetError, Peer};
use crate::report::{Class, Failure};
use crate::time::deadline::Deadline;

pub mod dialogue;
mod extended_response;

/// `--starttls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StartTls {
    /// RFC 3207, port 25 or 587.
    Smtp,
    /// RFC 9051, port 143.
    Imap,
    /// RFC 2595, port 110.
    Pop3,
    /// RFC 4511, port 389 or 3268.
    Ldap,
}

impl StartTls {
    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Imap => 143,
            Self::Pop3 => 110,
            Self::Ldap => 389,
        }
    }

    /// What stands before a domain in the name of its SRV records (RFC 6186, RFC 2782).
    pub(crate) const fn srv_labels(self) -> &'static str {
        match self {
            Self::Smtp => "_submission._tcp",
            Self::Imap => "_imap._tcp",
            Self::Pop3 => "_pop3._tcp",
            Self::Ldap => "_ldap._tcp",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Ldap => "LDAP",
        }
    }
}

/// Leads `stream` to the point at which the server waits for a ClientHello.
pub(crate) async fn prepare(
    stream: &mut TcpStream,
    protocol: StartTls,
    peer: &Peer,
    deadline: &Deadline,
) -> Result<(), Failure> {
    let stage = || format!("asking {peer} for TLS by {}", protocol.name());
    let talked = deadline.limit(stage, talk(stream, protocol)).await;
    match talked.map_err(NetError::from)? {
        Ok(()) => Ok(()),
        Err(TalkError::Io(error)) => {
            Err(NetError::from_io(error, peer, "asking for TLS", "before it consented to TLS").into())
        }
        Err(TalkError::Dialogue(error)) => Err(Failure::new(Class::Tls, format!("{peer} {error}"))),
    }
}

/// Why a talk does not come to TLS.
#[derive(Debug, thiserror::Error)]
enum TalkError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Dialogue(#[from] DialogueError),
}

async fn talk(stream: &mut TcpStream, protocol: StartTls) -> Result<(), TalkError> {
    let mut dialogue = Dialogue::new(protocol);
    let mut received = Vec::with_capacity(1024);
    loop {
        match dialogue.next_step()? {
            Step::Say(command) => stream.write_all(command).await?,
            Step::Begin => return Ok(()),
            Step::Listen => {
                received.clear();
                if stream.read_buf(&mut received).await? == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                dialogue.hear(&received);
            }
        }
    }
}
