//! How does a server that speaks another protocol in the clear come to TLS? SMTP, IMAP, POP3 and LDAP, up to its consent.
//!
//! After it has consented the server waits for our hello. Whatever it has sent before that was not protected and may be
//! somebody else's: it is refused.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use x509_parser::asn1_rs::{Any, Class as TagClass, FromBer, Tag};

use crate::net::{NetError, Peer};
use crate::report::{Class, Failure, excerpt};
use crate::time::deadline::Deadline;

/// `--starttls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StartTls {
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
    let name = protocol.name();
    let talk = async {
        let talk = Talk { stream, received: Vec::new() };
        match protocol {
            StartTls::Smtp => talk.smtp().await,
            StartTls::Imap => talk.imap().await,
            StartTls::Pop3 => talk.pop3().await,
            StartTls::Ldap => talk.ldap().await,
        }
    };
    let talked = deadline.limit(|| format!("asking {peer} for TLS by {name}"), talk).await;
    match talked.map_err(NetError::from)? {
        Ok(()) => Ok(()),
        Err(TalkError::Io(error)) => {
            Err(NetError::from_io(error, peer, "asking for TLS", "before it consented to TLS").into())
        }
        Err(TalkError::Refused(answer)) => {
            let text =
                format!("{peer} does not start TLS: it answers '{}' to the {name} command", excerpt(&answer, 120));
            Err(Failure::new(Class::Tls, text))
        }
        Err(TalkError::Protocol(found)) => {
            Err(Failure::new(Class::Protocol, format!("{peer} does not speak {name} as it should: {found}")))
        }
    }
}

/// Why a talk does not come to TLS.
#[derive(Debug)]
enum TalkError {
    Io(io::Error),
    /// By the peer, in its words.
    Refused(String),
    Protocol(&'static str),
}

impl From<io::Error> for TalkError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

struct Talk<'a> {
    stream: &'a mut TcpStream,
    /// What was received and not yet read.
    received: Vec<u8>,
}

impl Talk<'_> {
    async fn smtp(mut self) -> Result<(), TalkError> {
        self.smtp_reply("220").await?;
        self.send(b"EHLO check-um.invalid\r\n").await?;
        self.smtp_reply("250").await?;
        self.send(b"STARTTLS\r\n").await?;
        self.smtp_reply("220").await?;
        self.ended()
    }

    async fn imap(mut self) -> Result<(), TalkError> {
        self.line(|line| line.starts_with("* OK") || line.starts_with("* PREAUTH")).await?;
        self.send(b"a STARTTLS\r\n").await?;
        // Untagged responses may come in between.
        for _ in 0..MAX_LINES {
            let line = self.next_line().await?;
            if !line.starts_with('*') {
                return if word_is(&line, "a OK") { self.ended() } else { Err(TalkError::Refused(line)) };
            }
        }
        Err(TalkError::Protocol("its answer has no end"))
    }

    async fn pop3(mut self) -> Result<(), TalkError> {
        self.line(|line| word_is(line, "+OK")).await?;
        self.send(b"STLS\r\n").await?;
        self.line(|line| word_is(line, "+OK")).await?;
        self.ended()
    }

    async fn ldap(mut self) -> Result<(), TalkError> {
        self.send(START_TLS_REQUEST).await?;
        loop {
            if let Some((response, length)) = extended_response(&self.received)? {
                self.received.drain(..length);
                return match response {
                    0 => self.ended(),
                    code => Err(TalkError::Refused(format!("result code {code}"))),
                };
            }
            self.receive().await?;
        }
    }

    /// A reply of SMTP (RFC 5321, section 4.2): lines of one code, a dash behind it in all but the last.
    async fn smtp_reply(&mut self, code: &str) -> Result<(), TalkError> {
        for _ in 0..MAX_LINES {
            let line = self.line(|line| line.starts_with(code)).await?;
            if line.as_bytes().get(code.len()) != Some(&b'-') {
                return Ok(());
            }
        }
        Err(TalkError::Protocol("its answer has no end"))
    }

    /// The next line, if it is the one that was hoped for.
    async fn line(&mut self, is_good: impl Fn(&str) -> bool) -> Result<String, TalkError> {
        let line = self.next_line().await?;
        if is_good(&line) { Ok(line) } else { Err(TalkError::Refused(line)) }
    }

    async fn next_line(&mut self) -> Result<String, TalkError> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.received) {
                let line: Vec<_> = self.received.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
            }
            self.receive().await?;
        }
    }

    async fn receive(&mut self) -> Result<(), TalkError> {
        if self.received.len() > MAX_ANSWER {
            return Err(TalkError::Protocol("its answer is longer than 16 KiB"));
        }
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            _ => Ok(()),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), TalkError> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// That the server waits for us now.
    fn ended(self) -> Result<(), TalkError> {
        match self.received.is_empty() {
            true => Ok(()),
            false => Err(TalkError::Protocol("it sends more, in the clear, after its consent to TLS")),
        }
    }
}

/// Whether `line` begins with these words, in whatever case.
fn word_is(line: &str, words: &str) -> bool {
    line.get(..words.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(words))
}

/// The result code of an ExtendedResponse (RFC 4511, section 4.12) and the length of its message; `None` until all of it is
/// there.
fn extended_response(received: &[u8]) -> Result<Option<(u32, usize)>, TalkError> {
    const NO_RESPONSE: TalkError = TalkError::Protocol("its answer is no LDAP ExtendedResponse");
    let Some(length) = message_length(received)? else { return Ok(None) };
    let Some(message) = received.get(..length) else { return Ok(None) };
    let result = || {
        let (_, message) = Any::from_ber(message).ok()?;
        let (rest, _id) = Any::from_ber(message.data).ok()?;
        let (_, response) = Any::from_ber(rest).ok()?;
        let is_response = response.class() == TagClass::Application && response.tag() == Tag(24);
        let (_, code) = Any::from_ber(response.data).ok().filter(|_| is_response)?;
        (code.tag() == Tag::Enumerated && code.data.len() <= 4)
            .then(|| code.data.iter().fold(0, |code, byte| code << 8 | u32::from(*byte)))
    };
    Ok(Some((result().ok_or(NO_RESPONSE)?, length)))
}

/// The length of an LDAPMessage with its header; `None` until that is there.
fn message_length(received: &[u8]) -> Result<Option<usize>, TalkError> {
    match received {
        [] | [0x30] => Ok(None),
        [0x30, short @ 0..=0x7f, ..] => Ok(Some(2 + usize::from(*short))),
        [0x30, long @ 0x81..=0x84, rest @ ..] => {
            let count = usize::from(long & 0x7f);
            let bytes = rest.get(..count);
            Ok(bytes.map(|bytes| {
                let length = bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
                length.saturating_add(2 + count)
            }))
        }
        _ => Err(TalkError::Protocol("its answer is no LDAP message")),
    }
}

/// LDAPMessage 1: ExtendedRequest 1.3.6.1.4.1.1466.20037.
const START_TLS_REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// The most of what a server says before TLS, in bytes.
const MAX_ANSWER: usize = 16 * 1024;
const MAX_LINES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_response_is_read_when_all_of_it_is_there() {
        let success = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
        for end in 0..success.len() {
            assert!(extended_response(&success[..end]).unwrap().is_none(), "{end}");
        }
        assert_eq!(extended_response(success).unwrap(), Some((0, success.len())));
        let refused = b"\x30\x84\x00\x00\x00\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00rest";
        assert_eq!(extended_response(refused).unwrap(), Some((52, refused.len() - 4)));
    }

    #[test]
    fn what_is_no_extended_response_is_refused() {
        for bytes in
            [b"* OK ready\r\n".as_slice(), b"\x30\x03\x02\x01\x01", b"\x30\x80", b"\x30\x05\x02\x01\x01\x61\x00"]
        {
            assert!(extended_response(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = extended_response(&bytes);
        }
    }
}
