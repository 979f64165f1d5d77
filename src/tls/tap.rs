//! What were the peer's first bytes? A stream that remembers them, for saying what a peer speaks that speaks no TLS.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::clear::flight::{HANDSHAKE, may_be_record};
use super::version::Version;
use crate::net::tcp::Acknowledging;

/// The first bytes that were received, shared with whoever wants to look at them.
pub(super) type FirstBytes = Arc<Mutex<Vec<u8>>>;

/// A stream that keeps the first bytes that were read from it.
pub(crate) struct Tap<S> {
    stream: S,
    first: FirstBytes,
    kept: usize,
}

impl<S> Tap<S> {
    /// Around `stream`, keeping at most so many bytes.
    pub(super) fn new(stream: S, kept: usize) -> Self {
        Self { stream, first: FirstBytes::default(), kept }
    }

    pub(super) fn first(&self) -> FirstBytes {
        Arc::clone(&self.first)
    }

    pub(super) fn has_received(&self) -> bool {
        !self.first.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl<S: AsyncRead + Acknowledging + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, kept) = (buffer.filled().len(), self.kept);
        self.stream.acknowledge_at_once();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let (Poll::Ready(Ok(())), Ok(mut first)) = (&polled, self.first.lock()) {
            let received = buffer.filled().get(before..).unwrap_or_default();
            let room = kept.saturating_sub(first.len()).min(received.len());
            first.extend_from_slice(&received[..room]);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// What somebody speaks whose first bytes are no TLS record, in words; `None` if they could be one.
pub(super) fn other_protocol(first: &[u8]) -> Option<&'static str> {
    let known = KNOWN.iter().find(|(begin, _)| first.starts_with(begin)).map(|(_, name)| *name);
    (!may_be_record(first)).then_some(known.unwrap_or("something that is no TLS"))
}

/// Whether there is a record of a handshake among them, behind whatever alerts.
pub(super) fn has_handshake(mut first: &[u8]) -> bool {
    while let [kind, _, _, high, low, rest @ ..] = first {
        if *kind == HANDSHAKE {
            return true;
        }
        first = rest.get(usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or_default();
    }
    false
}

/// The version of a ServerHello as it stands in the clear; TLS 1.3 hides behind 1.2 here.
pub(super) fn server_hello_version(first: &[u8]) -> Option<Version> {
    match first {
        // Record header, handshake header, then the ServerHello's own version.
        [22, 3, _, _, _, 2, _, _, _, major, minor, ..] => Some(Version(u16::from_be_bytes([*major, *minor]))),
        _ => None,
    }
}

/// How many bytes are enough to know a protocol by.
pub(super) const ENOUGH: usize = 64;

const KNOWN: &[(&[u8], &str)] = &[
    (b"HTTP/", "HTTP without TLS"),
    (b"SIP/2.0", "SIP without TLS"),
    (b"OPTIONS ", "SIP without TLS"),
    (b"SSH-", "SSH"),
    (b"220 ", "SMTP or FTP without TLS"),
    (b"* OK", "IMAP without TLS"),
    (b"+OK", "POP3 without TLS"),
    (b"<!DO", "HTML without HTTP or TLS"),
    (b"<htm", "HTML without HTTP or TLS"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn first_bytes_tell_what_a_peer_speaks() {
        assert_eq!(other_protocol(b"HTTP/1.1 400 Bad Request\r\n"), Some("HTTP without TLS"));
        assert_eq!(other_protocol(b"SIP/2.0 400"), Some("SIP without TLS"));
        assert_eq!(other_protocol(b"\0\0"), Some("something that is no TLS"));
        assert_eq!(other_protocol(b"\x15\x03\x01"), None);
        assert_eq!(other_protocol(b""), None);
    }

    #[test]
    fn a_handshake_may_follow_an_alert() {
        assert!(
            has_handshake(b"\x16\x03\x01\x00\x31\x02")
                && has_handshake(b"\x15\x03\x01\0\x02\x01\x70\x16\x03\x01\0\x31")
        );
        for none in [b"".as_slice(), b"\x16\x03", b"\x15\x03\x03\0\x02\x01\0", b"\x15\x03\x03\0\x07\x01\0"] {
            assert!(!has_handshake(none), "{none:?}");
        }
    }

    #[test]
    fn a_server_hello_shows_its_version() {
        assert_eq!(server_hello_version(b"\x16\x03\x01\x00\x31\x02\x00\x00\x2d\x03\x01rest"), Some(Version(0x0301)));
        assert_eq!(server_hello_version(b"\x16\x03\x01\x00\x31\x02"), None);
    }

    impl Acknowledging for &[u8] {}

    #[test]
    fn what_is_kept_back_goes_out_when_it_is_wanted() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (ours, mut theirs) = tokio::io::duplex(4);
        let mut tap = Tap::new(tokio::io::BufStream::new(ours), 1);
        let mut received = Vec::new();
        runtime.block_on(async {
            tap.write_all(b"abcd").await.unwrap();
            tap.flush().await.unwrap();
            drop(tap);
            theirs.read_to_end(&mut received).await.unwrap();
        });
        assert_eq!(received, b"abcd");
    }

    #[test]
    fn whether_anything_was_received_is_remembered() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut tap = Tap::new(b"\x16\x03".as_slice(), 1);
        assert!(!tap.has_received());
        let mut received = [0; 2];
        assert_eq!(runtime.block_on(tap.read_exact(&mut received)).unwrap(), 2);
        assert!(tap.has_received());
        assert_eq!((received, tap.first().lock().unwrap().as_slice()), ([0x16, 3], [0x16].as_slice()));
    }
}
