//! What came of asking one server? Connect, TLS if wanted, OPTIONS - and all that is known afterwards, whether it worked or not.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::digest::Credentials;
use super::message::OptionsRequest;
use super::uac::{Answer, Transport, Uac};
use crate::clock;
use crate::failure::{Class, Failure};
use crate::net::tls::backend::{self, Backend};
use crate::net::tls::{Served, TlsConnection, TlsSettings};
use crate::net::{NetError, Peer, tcp, udp};
use crate::plugin::Run;
use crate::report::Event;
use crate::state::State;
use crate::x509::expiry::Expiries;
use crate::x509::judgement::{Expectations, Judgement, judge};

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

    const fn in_via_header(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Udp => "UDP",
        }
    }
}

/// What is asked, the same for each address. What is `None` follows from the connection.
#[derive(Clone, Debug)]
pub struct Question {
    /// The transport.
    pub via: Via,
    /// The local address to send from.
    pub source: Option<IpAddr>,
    /// The Request-URI.
    pub uri: Option<String>,
    /// From.
    pub from: Option<String>,
    /// To.
    pub to: Option<String>,
    /// Contact.
    pub contact: Option<String>,
    /// User-Agent.
    pub user_agent: String,
    /// Max-Forwards.
    pub max_forwards: u8,
    /// For a challenge.
    pub credentials: Option<Credentials>,
    /// How TLS is to be spoken, with [`Via::Tls`].
    pub tls: Option<TlsSettings>,
    /// Which TLS library speaks.
    pub tls_backend: Backend,
    /// How much of its validity each certificate must have left.
    pub expiries: Expiries,
}

/// One address, asked.
#[derive(Debug)]
pub struct Outcome {
    /// What was learnt on the way.
    pub facts: Facts,
    /// The answer, or why there is none.
    pub result: Result<Answer, Failure>,
}

impl Outcome {
    /// There was nobody to ask.
    pub fn unasked(failure: Failure) -> Self {
        Self { facts: Facts::default(), result: Err(failure) }
    }
}

/// What was learnt on the way to an answer. Phases that were not reached are `None`.
#[derive(Debug, Default)]
pub struct Facts {
    /// Who was asked; `None` when there was nobody to ask.
    pub peer: Option<Peer>,
    /// Setting up the connection that was used.
    pub connect: Option<Duration>,
    /// What the TLS server showed.
    pub served: Option<Served>,
    /// What its certificates are worth.
    pub judgement: Option<Judgement>,
    /// The first request to the final response.
    pub response: Option<Duration>,
    /// The first connection attempt to the final response.
    pub total: Option<Duration>,
    answered: Option<Instant>,
    /// Requests sent again.
    pub retransmissions: Option<u32>,
    /// Addresses that were tried before and did not connect.
    pub passed_over: Vec<NetError>,
    /// What happened when.
    pub events: Vec<Event>,
    /// The messages as sent and received.
    pub trace: Vec<String>,
}

/// Asks the first of `peers` that connects.
pub async fn ask(question: &Question, peers: &[Peer], run: &Run) -> Outcome {
    let started = Instant::now();
    let mut facts = Facts { peer: peers.first().cloned(), ..Facts::default() };
    let result = attempt(question, peers, run, &mut facts).await;
    facts.total = facts.answered.map(|answered| answered - started);
    Outcome { facts, result }
}

/// Asks each of `peers`, all at the same time.
pub async fn ask_each(question: &Question, peers: &[Peer], run: &Run) -> Vec<Outcome> {
    let mut asked: Vec<_> = peers.iter().map(|peer| Box::pin(ask(question, std::slice::from_ref(peer), run))).collect();
    let mut outcomes: Vec<Option<Outcome>> = peers.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (outcome, asked) in outcomes.iter_mut().zip(&mut asked).filter(|(outcome, _)| outcome.is_none()) {
            if let Poll::Ready(ready) = asked.as_mut().poll(context) {
                *outcome = Some(ready);
            }
        }
        if outcomes.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outcomes.into_iter().flatten().collect()
}

async fn attempt(question: &Question, peers: &[Peer], run: &Run, facts: &mut Facts) -> Result<Answer, Failure> {
    if let (Via::Udp, Some(peer)) = (question.via, peers.first()) {
        let socket = udp::connect(peer, question.source).await?;
        let local = local_address(socket.local_addr(), peer);
        return converse(question, run, facts, local, Datagrams { socket, peer: peer.clone() }).await;
    }

    let connected = tcp::connect_first(peers, question.source, &run.deadline).await?;
    let peer = connected.peer;
    facts.events.push(run.event(format!("connected to {peer}")));
    facts.peer = Some(peer.clone());
    facts.connect = Some(connected.took);
    facts.passed_over = connected.failed;
    let local = local_address(connected.stream.local_addr(), &peer);
    let Some(settings) = &question.tls else {
        return converse(question, run, facts, local, Stream { stream: connected.stream, peer }).await;
    };

    let connection = handshake(connected.stream, &peer, settings, question, run, facts).await?;
    converse(question, run, facts, local, Secured { connection, peer }).await
}

/// The TLS handshake, and what the certificates are worth; an error if they must not be spoken to.
async fn handshake(
    stream: TcpStream,
    peer: &Peer,
    settings: &TlsSettings,
    question: &Question,
    run: &Run,
    facts: &mut Facts,
) -> Result<TlsConnection, Failure> {
    let now = clock::unix_seconds(run.started());
    let (chosen, source) = (question.tls_backend, question.source);
    let tried = backend::connect(chosen, stream, peer, source, settings, &run.deadline, now).await;
    let served = facts.served.insert(tried.served);
    if let Some(chain) = &served.chain {
        let name = settings.expected_name(&served.verdict);
        let expected = Expectations { expiries: &question.expiries, name, verdict: &served.verdict };
        facts.judgement = Some(judge(chain, &expected, now));
    }
    let connection = tried.result?;
    facts.events.push(run.event("finished the TLS handshake"));

    let refuses = |failure: &&Failure| {
        matches!(failure.class, Class::Untrusted | Class::NameMismatch)
            && run.policy.state(failure.class) == State::Critical
    };
    let failures = facts.judgement.iter().flat_map(|judgement| &judgement.failures);
    failures.into_iter().find(refuses).cloned().map_or(Ok(connection), Err)
}

/// Sends OPTIONS over `transport` and collects what its client knows afterwards.
async fn converse<T: Transport>(
    question: &Question,
    run: &Run,
    facts: &mut Facts,
    local: SocketAddr,
    transport: T,
) -> Result<Answer, Failure> {
    let peer = facts.peer.as_ref().map_or_else(|| local.to_string(), Peer::name);
    let request = question.request(&peer, local);
    let mut uac = Uac::over(transport).traced(run.wants_trace);
    facts.events.push(run.event(format!("sending OPTIONS {}", request.uri)));
    let credentials = question.credentials.as_ref().filter(|_| facts.may_see_credentials());
    let result = uac.options(&request, credentials, &run.deadline).await;
    facts.answered = result.is_ok().then(Instant::now);
    uac.close().await;
    facts.retransmissions = Some(uac.retransmissions());
    facts.trace.extend(uac.into_trace());
    if let Ok(answer) = &result {
        facts.response = Some(answer.took);
        facts.events.push(run.event(format!("received {}", answer.response.status_text())));
        if question.credentials.is_some() && credentials.is_none() && matches!(answer.response.status, 401 | 407) {
            let status = answer.response.status_text();
            let reason =
                format!("{peer} asks for credentials ({status}), which nobody gets whose certificate is not in order");
            return Err(Failure::new(Class::Authentication, reason));
        }
    }
    result
}

impl Facts {
    /// Whether the peer is who it should be, as far as anybody asked: over TLS, a certificate in order.
    fn may_see_credentials(&self) -> bool {
        let forbids = |failure: &Failure| {
            matches!(failure.class, Class::Untrusted | Class::NameMismatch | Class::Expired | Class::NotYetValid)
        };
        !self.judgement.iter().flat_map(|judgement| &judgement.failures).any(forbids)
    }
}

impl Question {
    /// The request to `peer` (host and port) from our end of the connection.
    fn request(&self, peer: &str, local: SocketAddr) -> OptionsRequest {
        let parameter = if self.via == Via::Udp { String::new() } else { format!(";transport={}", self.via.word()) };
        let uri = self.uri.clone().unwrap_or_else(|| format!("sip:{peer}{parameter}"));
        let sent_by = local.to_string();
        let host = sent_by.rsplit_once(':').map_or(sent_by.as_str(), |(host, _port)| host);
        OptionsRequest {
            to: self.to.clone().unwrap_or_else(|| uri.clone()),
            uri,
            from: self.from.clone().unwrap_or_else(|| format!("sip:check-um@{host}")),
            contact: self.contact.clone().unwrap_or_else(|| format!("sip:{sent_by}{parameter}")),
            via_transport: self.via.in_via_header(),
            sent_by,
            user_agent: self.user_agent.clone(),
            max_forwards: self.max_forwards,
        }
    }
}

/// Our end of the connection; the unspecified address, should the system not say.
fn local_address(local: io::Result<SocketAddr>, peer: &Peer) -> SocketAddr {
    let unspecified = if peer.address.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
    local.unwrap_or_else(|_| SocketAddr::new(unspecified, 0))
}

/// SIP over TCP.
struct Stream {
    stream: TcpStream,
    peer: Peer,
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
struct Secured {
    connection: TlsConnection,
    peer: Peer,
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

/// How long a peer may take to let us say goodbye.
const CLOSING: Duration = Duration::from_millis(50);

/// SIP over UDP.
struct Datagrams {
    socket: UdpSocket,
    peer: Peer,
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
