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
mod protocol;

pub use self::protocol::StartTls;

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
