//! What came of a handshake? A connection, whichever library keeps it, or why there is none.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::error::TlsError;
use super::served::{Seen, Served};
use super::settings::Approach;
use crate::net::Peer;
use crate::x509::Chain;

/// A handshake that was tried.
#[derive(Debug)]
pub(crate) struct Handshake {
    /// What the server showed on the way.
    pub served: Served,
    /// The connection, or why there is none.
    pub result: Result<TlsConnection, TlsError>,
}

impl Handshake {
    /// Of one that could not even begin.
    pub(crate) fn failed(error: TlsError) -> Self {
        Self { served: Served::default(), result: Err(error) }
    }

    /// With the chain read and its trust judged.
    pub(crate) fn judged(
        mut served: Served,
        seen: &Seen,
        result: Result<TlsConnection, TlsError>,
        approach: Approach<'_>,
    ) -> Self {
        if seen.chain.is_empty() {
            return Self { served, result };
        }
        match Chain::from_ders(seen.chain.iter().map(AsRef::as_ref)) {
            Ok(chain) => {
                served.verdict = approach.settings.verdict(&chain, approach.now, approach.deadline);
                served.chain = Some(chain);
                Self { served, result }
            }
            Err(source) => {
                let result = result.and(Err(TlsError::Chain { peer: approach.peer.clone(), source }));
                Self { served, result }
            }
        }
    }
}

/// A stream of bytes in both directions.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// A connection after its handshake, whichever library keeps it.
pub(crate) struct TlsConnection {
    stream: Box<dyn Duplex>,
    peer: Peer,
    asked: bool,
    shown: bool,
    has_received: bool,
}

impl TlsConnection {
    /// A connection with `peer`, after a handshake that showed `served`.
    pub(crate) fn new(stream: Box<dyn Duplex>, peer: Peer, served: &Served) -> Self {
        let shown = served.client_certificate_shown.is_some();
        Self { stream, peer, asked: served.client_certificate_asked, shown, has_received: false }
    }

    /// What an error of this connection says about the client certificate, if it does: in TLS 1.3 the server's verdict on
    /// it (or on its absence) arrives with the first bytes that are read. An end of the stream counts as
    /// [`io::ErrorKind::UnexpectedEof`].
    pub(crate) fn classify(&self, error: &io::Error) -> Option<TlsError> {
        let may_be = self.asked && !self.has_received;
        may_be.then(|| TlsError::of_first_read(error, &self.peer, self.shown)).flatten()
    }
}

impl fmt::Debug for TlsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsConnection({})", self.peer)
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.has_received |= buffer.filled().len() > before;
        polled
    }
}

impl AsyncWrite for TlsConnection {
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
