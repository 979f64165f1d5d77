//! Over which connection does a message of a call travel? One link of whichever transport, and our own words for its Via.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::message::Via;
use crate::net::Peer;
use crate::net::udp::Datagrams;
use crate::report::Failure;
use crate::sip::framing::Frame;
use crate::sip::link::Link;
use crate::sip::probe::{Connected, Connection};
use crate::sip::transport::Transport;
use crate::time::deadline::Deadline;
use crate::tls::connection::TlsConnection;

/// One connection.
pub(crate) struct Line {
    link: AnyLink,
    pub peer: Peer,
    pub transport: Transport,
    pub via: Via,
}

enum AnyLink {
    Tcp(Link<TcpStream>),
    Tls(Box<Link<TlsConnection>>),
    Udp(Link<Datagrams>),
}

/// The same of whichever link it is.
macro_rules! each {
    ($any:expr, $link:ident => $same:expr) => {
        match $any {
            AnyLink::Tcp($link) => $same,
            AnyLink::Tls($link) => $same,
            AnyLink::Udp($link) => $same,
        }
    };
}

impl Line {
    pub(crate) fn over(connected: Connected) -> Self {
        let Connected { connection, peer, local } = connected;
        let (transport, link) = match connection {
            Connection::Tcp(stream) => (Transport::Tcp, AnyLink::Tcp(Link::over(stream, peer.clone()))),
            Connection::Tls(stream) => (Transport::Tls, AnyLink::Tls(Box::new(Link::over(*stream, peer.clone())))),
            Connection::Udp(datagrams) => (Transport::Udp, AnyLink::Udp(Link::over(datagrams, peer.clone()))),
        };
        // Without the zone of a link-local address, which only this host knows.
        let sent_by = SocketAddr::new(local.ip(), local.port()).to_string();
        Self { link, peer, transport, via: Via { transport: transport.in_via_header(), sent_by } }
    }

    /// The same, whose requests are those of another one.
    pub(crate) fn known_as(self, via: Via) -> Self {
        Self { via, ..self }
    }

    /// Sends `message`; the trace has `shown` instead.
    pub(crate) async fn send(&mut self, message: &str, shown: &str, deadline: &Deadline) -> Result<(), Failure> {
        each!(&mut self.link, link => link.send(message, shown, deadline).await)
    }

    /// The next message, a response or a request, to a request with this `branch` or another; `None` for one that cannot be
    /// read.
    pub(crate) async fn next(&mut self, branch: &str) -> Result<Option<Frame>, Failure> {
        each!(&mut self.link, link => link.next(branch).await)
    }

    /// What came instead of an answer, where that could not be read.
    pub(crate) fn unreadable(&mut self, is_proceeding: bool) -> Option<Failure> {
        each!(&mut self.link, link => link.unreadable(is_proceeding))
    }

    /// What came beside an answer, in words that stand behind others.
    pub(crate) fn beside(&self) -> String {
        each!(&self.link, link => link.beside())
    }

    /// Keeps `secret` out of everything that is heard from now on.
    pub(crate) fn conceal(&mut self, secret: &str) {
        each!(&mut self.link, link => link.conceal(secret));
    }

    /// Who sent what was heard last, where that is not the peer.
    pub(crate) fn stranger(&self) -> Option<SocketAddr> {
        each!(&self.link, link => link.stranger())
    }

    /// Counts a message that is not for us.
    pub(crate) fn stray(&mut self) {
        each!(&mut self.link, link => _ = link.stray());
    }

    /// For the words about an end of the connection.
    pub(crate) fn note_provisional(&mut self, status: String) {
        each!(&mut self.link, link => link.last_provisional = Some(status));
    }

    /// Takes leave of the peer; the messages as sent and received, credentials masked.
    pub(crate) async fn close(self) -> Vec<String> {
        each!(self.link, link => {
            let mut link = link;
            link.close().await;
            link.into_trace()
        })
    }
}
