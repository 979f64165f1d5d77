//! What came of asking a server? Connect, TLS if wanted, OPTIONS - and all that is known afterwards, whether it worked or not.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, UdpSocket};

use super::digest::Credentials;
use super::locate::{Location, Target};
use super::message::OptionsRequest;
use super::transport::{Datagrams, Secured, Stream, Via};
use super::uac::{Answer, Transport, Uac};
use crate::clock::{self, Deadline};
use crate::failure::{Class, Failure};
use crate::net::tls::backend::{self, Backend};
use crate::net::tls::{Served, TlsConnection, TlsSettings};
use crate::net::{self, Peer, tcp, udp};
use crate::plugin::Run;
use crate::report::Event;
use crate::state::State;
use crate::together;
use crate::x509::expiry::Expiries;
use crate::x509::judgement::{Expectations, Judgement, judge};

/// What is asked, the same for each address. What is `None` follows from the connection.
#[derive(Clone, Debug)]
pub struct Question {
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

    fn after(location: &Location, mut facts: Facts, result: Result<Answer, Failure>) -> Self {
        facts.total = facts.answered.map(|answered| answered - location.started);
        Self { facts, result }
    }
}

/// What was learnt on the way to an answer. Phases that were not reached are `None`.
#[derive(Debug, Default)]
pub struct Facts {
    /// Who was asked; `None` when there was nobody to ask.
    pub peer: Option<Peer>,
    /// From the start of the search to the addresses of who was asked.
    pub dns: Option<Duration>,
    /// Setting up the connection that was used.
    pub connect: Option<Duration>,
    /// What the TLS server showed.
    pub served: Option<Served>,
    /// What its certificates are worth.
    pub judgement: Option<Judgement>,
    /// The first request to the final response.
    pub response: Option<Duration>,
    /// From the start of the search to the final response.
    pub total: Option<Duration>,
    answered: Option<Instant>,
    /// Requests sent again.
    pub retransmissions: Option<u32>,
    /// What came of those that were tried before.
    pub passed_over: Vec<Failure>,
    /// What happened when.
    pub events: Vec<Event>,
    /// The messages as sent and received.
    pub trace: Vec<String>,
}

/// Asks the first target that connects.
pub async fn ask(question: &Question, location: &Location, run: &Run) -> Outcome {
    let mut facts = Facts::default();
    let result = match reach_first(question, location, run, &mut facts).await {
        Ok((link, peer)) => talk(question, location.via, link, &peer, run, &mut facts).await,
        Err(failure) => Err(failure),
    };
    Outcome::after(location, facts, result)
}

/// Every address, asked.
#[derive(Debug)]
pub struct Asked {
    /// What came of each; of a target without an address, that it has none.
    pub outcomes: Vec<Outcome>,
    /// How many addresses more there are, which were not asked.
    pub left_out: usize,
}

/// Asks each address of each target, all at the same time: as many of each target as add up to [`net::MAX_ASKED`].
pub async fn ask_each(question: &Question, location: &Location, run: &Run) -> Asked {
    let share = (net::MAX_ASKED / location.targets.len().max(1)).max(1);
    let asked = location.targets.iter().map(|target| ask_target(question, location, target, share, run));
    let mut all = Asked { outcomes: Vec::new(), left_out: location.left_out };
    for asked in together::all(asked).await {
        all.outcomes.extend(asked.outcomes);
        all.left_out += asked.left_out;
    }
    all
}

/// Asks at most `share` addresses of `target`.
async fn ask_target(question: &Question, location: &Location, target: &Target, share: usize, run: &Run) -> Asked {
    let mut events = Vec::new();
    let peers = match location.peers(target, &run.deadline, run, &mut events).await {
        Ok(peers) => peers,
        Err(failure) => return Asked { outcomes: vec![Outcome::unasked(failure)], left_out: 0 },
    };
    let dns = Some(location.took());
    let asked = peers.iter().take(share).map(async |peer| {
        let mut facts = Facts { dns, ..Facts::default() };
        let reached = reach(question, location.via, std::slice::from_ref(peer), &run.deadline, run, &mut facts).await;
        let result = match reached {
            Ok((link, peer)) => talk(question, location.via, link, &peer, run, &mut facts).await,
            Err(failure) => Err(failure),
        };
        Outcome::after(location, facts, result)
    });
    let mut outcomes = together::all(asked).await;
    if let Some(first) = outcomes.first_mut() {
        first.facts.events.splice(0..0, events);
    }
    Asked { outcomes, left_out: peers.len().saturating_sub(share) }
}

/// A connection before anything is said.
enum Link {
    Stream(TcpStream),
    Datagrams(UdpSocket),
}

/// Tries the targets in their order until one connects; each has an equal share of what is left of the deadline for its
/// look-up and its addresses.
async fn reach_first(
    question: &Question,
    location: &Location,
    run: &Run,
    facts: &mut Facts,
) -> Result<(Link, Peer), Failure> {
    let mut failed = Vec::new();
    for (index, target) in location.targets.iter().enumerate() {
        let deadline = run.deadline.share(Instant::now(), location.targets.len() - index);
        let mut events = Vec::new();
        let reached = match location.peers(target, &deadline, run, &mut events).await {
            Ok(peers) => {
                facts.dns = Some(location.took());
                facts.events.append(&mut events);
                reach(question, location.via, &peers, &deadline, run, facts).await
            }
            Err(failure) => Err(failure),
        };
        match reached {
            Ok(reached) => {
                facts.passed_over.splice(0..0, failed);
                return Ok(reached);
            }
            Err(failure) => failed.push(failure),
        }
    }
    Err(location.unreached(failed, run))
}

/// Connects to the first of `peers` that does.
async fn reach(
    question: &Question,
    via: Via,
    peers: &[Peer],
    deadline: &Deadline,
    run: &Run,
    facts: &mut Facts,
) -> Result<(Link, Peer), Failure> {
    facts.peer = facts.peer.take().or_else(|| peers.first().cloned());
    if let (Via::Udp, Some(peer)) = (via, peers.first()) {
        let socket = udp::connect(peer, question.source).await?;
        facts.peer = Some(peer.clone());
        return Ok((Link::Datagrams(socket), peer.clone()));
    }
    let connected = tcp::connect_first(peers, question.source, deadline).await?;
    facts.events.push(run.event(format!("connected to {}", connected.peer)));
    facts.peer = Some(connected.peer.clone());
    facts.connect = Some(connected.took);
    facts.passed_over = connected.failed.into_iter().map(Failure::from).collect();
    Ok((Link::Stream(connected.stream), connected.peer))
}

/// Puts the question over a connection.
async fn talk(
    question: &Question,
    via: Via,
    link: Link,
    peer: &Peer,
    run: &Run,
    facts: &mut Facts,
) -> Result<Answer, Failure> {
    let local = match &link {
        Link::Stream(stream) => stream.local_addr(),
        Link::Datagrams(socket) => socket.local_addr(),
    };
    let request = question.request(via, &peer.name(), local_address(local, peer));
    let peer = peer.clone();
    let (stream, settings) = match (link, &question.tls) {
        (Link::Datagrams(socket), _) => {
            return converse(question, &request, run, facts, Datagrams { socket, peer }).await;
        }
        (Link::Stream(stream), Some(settings)) if via == Via::Tls => (stream, settings),
        (Link::Stream(stream), _) => return converse(question, &request, run, facts, Stream { stream, peer }).await,
    };
    let connection = handshake(stream, &peer, settings, question, run, facts).await?;
    converse(question, &request, run, facts, Secured { connection, peer }).await
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
    request: &OptionsRequest,
    run: &Run,
    facts: &mut Facts,
    transport: T,
) -> Result<Answer, Failure> {
    let mut uac = Uac::over(transport).traced(run.wants_trace);
    facts.events.push(run.event(format!("sending OPTIONS {}", request.uri)));
    let credentials = question.credentials.as_ref().filter(|_| facts.may_see_credentials());
    let result = uac.options(request, credentials, &run.deadline).await;
    facts.answered = result.is_ok().then(Instant::now);
    uac.close().await;
    facts.retransmissions = Some(uac.retransmissions());
    facts.trace.extend(uac.into_trace());
    if let Ok(answer) = &result {
        facts.response = Some(answer.took);
        facts.events.push(run.event(format!("received {}", answer.response.status_text())));
        if question.credentials.is_some() && credentials.is_none() && matches!(answer.response.status, 401 | 407) {
            let status = answer.response.status_text();
            let peer = facts.peer.as_ref().map(Peer::name).unwrap_or_default();
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
    fn request(&self, via: Via, peer: &str, local: SocketAddr) -> OptionsRequest {
        let parameter = via.uri_parameter();
        let uri = self.uri.clone().unwrap_or_else(|| format!("sip:{peer}{parameter}"));
        let sent_by = local.to_string();
        let host = sent_by.rsplit_once(':').map_or(sent_by.as_str(), |(host, _port)| host);
        OptionsRequest {
            to: self.to.clone().unwrap_or_else(|| uri.clone()),
            uri,
            from: self.from.clone().unwrap_or_else(|| format!("sip:check-um@{host}")),
            contact: self.contact.clone().unwrap_or_else(|| format!("sip:{sent_by}{parameter}")),
            via_transport: via.in_via_header(),
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
