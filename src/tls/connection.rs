//! What came of a handshake? A connection, whichever library keeps it, or why there is none.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::error::TlsError;
use super::served::{Seen, Served};
use super::settings::Approach;
use super::tap::Tap;
use crate::net::Peer;
use crate::net::channel::Channel;
use crate::net::tcp::{self, Acknowledging};
use crate::report::Failure;
use crate::x509::Chain;

/// A handshake that was tried, for a connection or for what it shows.
pub(crate) struct Handshake<T = TlsConnection> {
    pub served: Served,
    /// What it was tried for, or why that is not there.
    pub result: Result<T, TlsError>,
}

impl<T> Handshake<T> {
    /// Of one that could not even begin.
    pub(crate) fn failed(error: TlsError) -> Self {
        Self { served: Served::default(), result: Err(error) }
    }

    /// With the certificates read and their trust judged. One behind the leaf that cannot be read is an error, which hides
    /// none of those that can.
    pub(crate) fn judged(seen: Seen, result: Result<T, TlsError>, approach: Approach<'_>) -> Self {
        let Seen { certificates, mut served } = seen;
        if certificates.is_empty() {
            return Self { served, result };
        }
        let (chain, error) = Chain::of_readable(certificates.iter().map(AsRef::as_ref));
        if let Some(chain) = chain {
            served.verdict = approach.settings.verdict(&chain, approach.now, approach.deadline);
            served.chain = Some(chain);
        }
        let result = match (result, error) {
            // Worse than anything else.
            (Err(error @ (TlsError::KeyDisproved { .. } | TlsError::KeyWithheld { .. })), _) => Err(error),
            (_, Some(error)) => Err(TlsError::of_chain(error, approach.peer.clone())),
            (result, None) => result,
        };
        Self { served, result }
    }
}

/// A stream of bytes in both directions.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// Done below, where the bytes arrive.
impl Acknowledging for Box<dyn Duplex> {}

/// A connection after its handshake, whichever library keeps it.
pub(crate) struct TlsConnection {
    /// What is said on it; remembers whether anything was received.
    pub stream: Tap<Box<dyn Duplex>>,
    peer: Peer,
    asked: bool,
    shown: bool,
}

impl TlsConnection {
    /// A connection with `peer`, after a handshake that showed `served`.
    pub(crate) fn new(stream: Box<dyn Duplex>, peer: Peer, served: &Served) -> Self {
        let shown = served.client_certificate_shown.is_some();
        Self { stream: Tap::new(stream, 1), peer, asked: served.client_certificate_asked, shown }
    }

    /// Tells the server that nothing more will come (RFC 8446 6.1), and may still be told something itself.
    pub(crate) async fn shut_down(&mut self) {
        let _ = timeout(CLOSING, self.stream.shutdown()).await;
    }

    /// What an error of this connection says about the client certificate, if it does: in TLS 1.3 the server's verdict on
    /// it (or on its absence) arrives with the first bytes that are read.
    pub(crate) fn classify(&self, error: &io::Error) -> Option<TlsError> {
        let may_be = self.asked && !self.stream.has_received();
        may_be.then(|| TlsError::of_first_read(error, &self.peer, self.shown)).flatten()
    }
}

impl Channel for TlsConnection {
    const IS_STREAM: bool = true;

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        self.stream.read_buf(buffer).await
    }

    async fn close(&mut self) {
        self.shut_down().await;
        tcp::drain(&mut self.stream).await;
    }

    fn explain(&self, error: &io::Error) -> Option<Failure> {
        self.classify(error).map(Failure::from)
    }
}

/// How long a peer may take to let us say goodbye.
const CLOSING: Duration = Duration::from_millis(50);
