//! How do bytes get to a peer and back? One way for each transport, once it is connected.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::net::{NetError, Peer};
use crate::report::failure::Failure;
use crate::tls::connection::TlsConnection;

/// A way to the peer and back, already connected.
pub trait Channel {
    /// Whether it delivers a stream of bytes, in order and by itself; otherwise datagrams, each at its own risk.
    const IS_STREAM: bool;

    /// Sends all of it.
    fn send(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>>;

    /// Appends what arrives to `buffer`, a datagram or a piece of the stream, and says how much it was; 0 is the end of a
    /// stream. Must lose nothing when it is dropped half-way.
    fn receive(&mut self, buffer: &mut Vec<u8>) -> impl Future<Output = io::Result<usize>>;

    /// Takes leave of the peer, as far as its protocol wants that.
    fn close(&mut self) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    /// What an error of `send` or `receive` means, `when` it came.
    fn explain(&self, error: io::Error, when: &str) -> Failure;

    /// The peer, in words.
    fn peer(&self) -> String;
}

/// SIP over TCP.
pub(crate) struct TcpChannel {
    /// The connection.
    pub stream: TcpStream,
    /// With whom.
    pub peer: Peer,
}

impl Channel for TcpChannel {
    const IS_STREAM: bool = true;

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        self.stream.read_buf(buffer).await
    }

    fn explain(&self, error: io::Error, when: &str) -> Failure {
        NetError::from_io(error, &self.peer, "talking to", when).into()
    }

    fn peer(&self) -> String {
        self.peer.to_string()
    }
}

/// SIP over TLS.
pub(crate) struct TlsChannel {
    /// The connection.
    pub connection: TlsConnection,
    /// With whom.
    pub peer: Peer,
}

impl Channel for TlsChannel {
    const IS_STREAM: bool = true;

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.connection.write_all(bytes).await?;
        self.connection.flush().await
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        self.connection.read_buf(buffer).await
    }

    async fn close(&mut self) {
        let _ = timeout(CLOSING, self.connection.shutdown()).await;
    }

    fn explain(&self, error: io::Error, when: &str) -> Failure {
        match self.connection.classify(&error) {
            Some(about_the_client_certificate) => about_the_client_certificate.into(),
            None => NetError::from_io(error, &self.peer, "talking to", when).into(),
        }
    }

    fn peer(&self) -> String {
        self.peer.to_string()
    }
}

/// SIP over UDP.
pub(crate) struct UdpChannel {
    /// A connected socket.
    pub socket: UdpSocket,
    /// With whom.
    pub peer: Peer,
}

impl Channel for UdpChannel {
    const IS_STREAM: bool = false;

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.send(bytes).await.map(|_| ())
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        self.socket.recv_buf(buffer).await
    }

    fn explain(&self, error: io::Error, when: &str) -> Failure {
        NetError::from_io(error, &self.peer, "talking to", when).into()
    }

    fn peer(&self) -> String {
        self.peer.to_string()
    }
}

/// How long a peer may take to let us say goodbye.
const CLOSING: Duration = Duration::from_millis(50);
