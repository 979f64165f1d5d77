//! Over which connection does a message of a call travel? One link of whichever transport, and our own words for its Via.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::message::Via;
use super::silence::Silence;
use crate::net::Peer;
use crate::net::udp::Datagrams;
use crate::report::Failure;
use crate::sip::framing::Frame;
use crate::sip::head::Head;
use crate::sip::link::Link;
use crate::sip::message::Response;
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
    /// Whether what answers a challenge may be sent over it.
    pub may_see_credentials: bool,
    pub silence: Silence,
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
        Self {
            link,
            peer,
            transport,
            via: Via { transport: transport.in_via_header(), sent_by },
            may_see_credentials: true,
            silence: Silence::default(),
        }
    }

    /// The same, whose requests are those of another one.
    pub(crate) fn known_as(self, via: Via) -> Self {
        Self { via, ..self }
    }

    /// Sends `message`; the trace has `shown` instead.
    pub(crate) async fn send(&mut self, message: &str, shown: &str, deadline: &Deadline) -> Result<(), Failure> {
        each!(&mut self.link, link => link.send(message, shown, deadline).await)
    }

    /// Answers the request with this `head`, which was heard last.
    pub(crate) async fn reply(&mut self, reply: &str, head: &Head, deadline: &Deadline) -> Result<(), Failure> {
        let to = self.stranger().map(|from| return_address(head, from));
        each!(&mut self.link, link => link.reply(reply, to, deadline).await)
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

    /// The 2xx to our request with this `branch` whose bodies did not come as their heads say; none is waited for any longer.
    pub(crate) fn without_body(&mut self, branch: &str) -> Vec<Response> {
        each!(&mut self.link, link => link.without_body(branch))
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

/// Where the answer to a datagram goes that came `from` there: to the port that its Via names, unless that asks for the one it
/// came from (RFC 3261 18.2.2, RFC 3581 4).
fn return_address(head: &Head, from: SocketAddr) -> SocketAddr {
    let via = head.value("Via").unwrap_or_default().split(',').next().unwrap_or_default();
    let mut parts = via.split(';').map(str::trim);
    let sent_by = parts.next().and_then(|part| part.split_whitespace().last()).unwrap_or_default();
    let is_symmetric =
        parts.any(|part| part.split('=').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("rport")));
    let behind_host = sent_by.rsplit_once(']').map_or(sent_by, |(_, rest)| rest);
    let port = behind_host.rsplit_once(':').and_then(|(_, port)| port.trim().parse().ok()).filter(|port| *port > 0);
    match port {
        _ if is_symmetric => from,
        None => SocketAddr::new(from.ip(), Transport::Udp.default_port()),
        Some(port) => SocketAddr::new(from.ip(), port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::source::Source;

    #[test]
    fn a_2xx_that_is_cut_within_its_body_is_known_to_be_one_and_told_once() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let callee = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            let peer = Peer { host: "127.0.0.1".to_owned(), address: callee.local_addr().unwrap() };
            let datagrams = Datagrams::to(&peer, Source::default()).await.unwrap();
            let local = datagrams.local_addr().unwrap();
            let mut line = Line::over(Connected { connection: Connection::Udp(datagrams), peer, local });
            for (branch, expected) in [("other", vec![]), ("ours", vec![200]), ("other", vec![])] {
                let via = format!("Via: SIP/2.0/UDP a;branch={branch}");
                let cut = format!("SIP/2.0 200 OK\r\n{via}\r\nCSeq: 1 INVITE\r\nl: 9\r\n\r\nv=0");
                callee.send_to(cut.as_bytes(), local).unwrap();
                assert_eq!(line.next("ours").await.unwrap(), None);
                let found: Vec<_> = line.without_body("ours").into_iter().map(|response| response.status).collect();
                assert_eq!(found, expected, "{branch}");
            }
            assert_eq!(line.beside(), "; 3 messages that did not belong to it");
            line.stray();
            assert_eq!(line.beside(), "; 4 messages that did not belong to it");
        });
    }

    #[test]
    fn an_answer_goes_to_where_the_request_says() {
        for (via, expected) in [
            ("SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa", "198.51.100.1:5070"),
            ("SIP/2.0/UDP callee.example;branch=z9hG4bKa, SIP/2.0/UDP b:5080", "198.51.100.1:5060"),
            ("SIP/2.0/UDP 192.0.2.9:5070;rport;branch=z9hG4bKa", "198.51.100.1:40000"),
            ("SIP/2.0/UDP [2001:db8::1]:5071;branch=z", "198.51.100.1:5071"),
            ("SIP/2.0/UDP [2001:db8::1]", "198.51.100.1:5060"),
            ("SIP/2.0/UDP 192.0.2.9:0;branch=z9hG4bKa", "198.51.100.1:5060"),
            ("", "198.51.100.1:5060"),
        ] {
            let head = Head::parse(format!("BYE sip:a SIP/2.0\r\nVia: {via}\r\n").as_bytes());
            let found = return_address(&head, "198.51.100.1:40000".parse().unwrap());
            assert_eq!(found, expected.parse().unwrap(), "{via}");
        }
    }
}
