//! How do messages travel? TCP, TLS and UDP: their words and ports, and SIP over each once it is connected.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::uac::Transport;
use crate::failure::Failure;
use crate::net::srv::Service;
use crate::net::tls::TlsConnection;
use crate::net::{NetError, Peer};

/// How the request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Via {
    /// TCP, as a Call Router in its default startup mode.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// UDP, for SIP servers other than Exchange's.
    Udp,
}

impl Via {
    /// The word in options, URIs and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Udp => "udp",
        }
    }

    /// The registered port.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Tcp | Self::Udp => 5060,
            Self::Tls => 5061,
        }
    }

    /// The service whose SRV records name its targets.
    pub const fn service(self) -> Service {
        match self {
            Self::Tcp => Service::SipTcp,
            Self::Tls => Service::SipsTcp,
            Self::Udp => Service::SipUdp,
        }
    }

    /// How a service is spoken to.
    pub const fn of(service: Service) -> Self {
        match service {
            Service::SipTcp => Self::Tcp,
            Service::SipsTcp => Self::Tls,
            Service::SipUdp => Self::Udp,
        }
    }

    /// What tells it in a URI, where UDP is what a URI without a word means.
    pub fn uri_parameter(self) -> String {
        if self == Self::Udp { String::new() } else { format!(";transport={}", self.word()) }
    }

    /// The word in a Via header (RFC 3261, section 20.42).
    pub const fn in_via_header(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Udp => "UDP",
        }
    }
}

/// SIP over TCP.
pub struct Stream {
    /// The connection.
    pub stream: TcpStream,
    /// With whom.
    pub peer: Peer,
}

impl Transport for Stream {
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
pub struct Secured {
    /// The connection.
    pub connection: TlsConnection,
    /// With whom.
    pub peer: Peer,
}

impl Transport for Secured {
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
pub struct Datagrams {
    /// A connected socket.
    pub socket: UdpSocket,
    /// With whom.
    pub peer: Peer,
}

impl Transport for Datagrams {
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
