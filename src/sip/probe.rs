//! What came of asking a server? Connect, TLS if wanted, OPTIONS - and all that is known afterwards, whether it worked or not.

use std::net::SocketAddr;
use std::time::Instant;

use futures_util::future::join_all;
use tokio::net::TcpStream;

use super::locate::{Location, Unanswered};
use super::message::OptionsRequest;
pub(crate) use super::outcome::{Asked, Facts, Outcome};
pub(crate) use super::question::Question;
use super::transport::Transport;
use super::uac::repeated::Repetition;
use super::uac::{Answer, Uac};
use crate::net::channel::Channel;
use crate::net::tally::LeftOut;
use crate::net::udp::{self, Datagrams};
use crate::net::{self, Endpoint, Peer, tcp};
use crate::report::{Class, Event, Failure};
use crate::time::deadline::Deadline;
use crate::tls::backend;
use crate::tls::connection::TlsConnection;
use crate::tls::settings::{Approach, TlsSettings};
use crate::x509::judgement::{Expectations, judge};

/// Asks the first target that connects, or over UDP, where nobody does, that answers.
pub(crate) async fn ask(question: &Question, location: &Location) -> Outcome {
    let mut probe = Probe { question, location, facts: Facts::default() };
    let result = match location.transport {
        Transport::Udp => probe.ask_in_turn().await,
        Transport::Tcp | Transport::Tls => match probe.reach_first().await {
            Ok(reached) => probe.talk(reached, &question.deadline).await.map_err(Unanswered::Server),
            Err(unreached) => Err(unreached),
        },
    };
    Outcome { target: None, facts: probe.facts, result }
}

/// Connects to the first target that does, over TLS with its certificate judged; nothing is said yet.
pub(crate) async fn connect(question: &Question, location: &Location) -> (Facts, Result<Connected, Unanswered>) {
    let mut probe = Probe { question, location, facts: Facts::default() };
    let connected = match probe.reach_first().await {
        Ok(reached) => probe.secure(reached).await.map_err(Unanswered::Server),
        Err(unreached) => Err(unreached),
    };
    (probe.facts, connected)
}

/// Asks each address of each target, all at the same time: as many of each target as add up to [`net::MAX_ASKED`].
pub(crate) async fn ask_each(question: &Question, location: &Location) -> Asked {
    let share = share(location.targets.len());
    let mut all = Asked { outcomes: Vec::new(), left_out: LeftOut { targets: location.left_out, addresses: 0 } };
    for asked in join_all(location.targets.iter().map(|target| ask_target(question, location, target, share))).await {
        all.outcomes.extend(asked.outcomes);
        all.left_out.addresses += asked.left_out.addresses;
    }
    all
}

/// How many addresses of each of so many targets are asked.
fn share(targets: usize) -> usize {
    (net::MAX_ASKED / targets.max(1)).max(1)
}

/// Asks at most `share` addresses of `target`.
async fn ask_target(question: &Question, location: &Location, target: &Endpoint, share: usize) -> Asked {
    let mut events = Vec::new();
    let peers = match location.peers(target, &question.deadline, &mut events).await {
        Ok(peers) => peers,
        Err(failure) => {
            let result = Err(Unanswered::Server(failure));
            return Asked::one(Outcome { target: Some(target.clone()), facts: Facts::default(), result });
        }
    };
    let dns = Some(location.took());
    let asked = peers.iter().take(share).map(async |peer| {
        let mut probe = Probe { question, location, facts: Facts { dns, ..Facts::default() } };
        let result = match probe.reach(std::slice::from_ref(peer), &question.deadline).await {
            Ok(reached) => probe.talk(reached, &question.deadline).await,
            Err(failure) => Err(failure),
        };
        Outcome { target: Some(target.clone()), facts: probe.facts, result: result.map_err(Unanswered::Server) }
    });
    let mut outcomes = join_all(asked).await;
    if let Some(first) = outcomes.first_mut() {
        first.facts.events.splice(0..0, events);
    }
    Asked { outcomes, left_out: LeftOut { targets: 0, addresses: peers.len().saturating_sub(share) } }
}

/// One address being asked.
struct Probe<'a> {
    question: &'a Question,
    location: &'a Location,
    facts: Facts,
}

/// What is said over a connection.
struct Talk {
    request: OptionsRequest,
    repetition: Option<Repetition>,
}

/// A connection before anything is said.
struct Reached {
    socket: Socket,
    peer: Peer,
}

enum Socket {
    Stream(TcpStream),
    Datagrams(Datagrams),
}

/// A connection over which anything can be asked.
pub(crate) struct Connected {
    pub connection: Connection,
    pub peer: Peer,
    /// Our end of it.
    pub local: SocketAddr,
}

/// Bytes to a peer and back, whatever carries them.
pub(crate) enum Connection {
    Tcp(TcpStream),
    Tls(Box<TlsConnection>),
    Udp(Datagrams),
}

impl Probe<'_> {
    /// Tries the targets in their order until one connects; each has an equal share of what is left of the deadline for its
    /// look-up and its addresses.
    async fn reach_first(&mut self) -> Result<Reached, Unanswered> {
        let mut failed = Vec::new();
        for (target, left) in self.location.in_turn() {
            let whole = self.question.search(&self.question.deadline, left);
            let deadline = whole.share(Instant::now(), left);
            let reached = match self.look_up(target, &deadline).await {
                Ok(peers) => self.reach(&peers, &deadline).await,
                Err(failure) => Err(failure),
            };
            match reached {
                Ok(reached) => {
                    self.facts.passed_over.splice(0..0, failed);
                    return Ok(reached);
                }
                Err(failure) => failed.push(failure),
            }
        }
        Err(self.location.unreached(failed))
    }

    /// Asks the targets, and the addresses of each, in their order until one answers, with shares as above. Where nobody
    /// connects, a refusal or silence is what a connection that fails is elsewhere: the next one's turn (RFC 3263 4.3).
    async fn ask_in_turn(&mut self) -> Result<Answer, Unanswered> {
        let mut failed = Vec::new();
        for (target, left) in self.location.in_turn() {
            let whole = self.question.search(&self.question.deadline, left);
            let deadline = whole.share(Instant::now(), left);
            let asked = match self.look_up(target, &deadline).await {
                Ok(peers) => self.ask_addresses(&peers, &deadline).await,
                Err(failure) => Err(failure),
            };
            match asked {
                Ok(decided) => {
                    self.facts.passed_over.splice(0..0, failed);
                    return decided.map_err(Unanswered::Server);
                }
                Err(failure) => failed.push(failure),
            }
        }
        Err(self.location.unreached(failed))
    }

    /// What came of the first address that was not silent, or why there is none.
    async fn ask_addresses(&mut self, peers: &[Peer], deadline: &Deadline) -> Result<Result<Answer, Failure>, Failure> {
        let mut failed = Vec::new();
        for (index, peer) in peers.iter().enumerate() {
            let left = peers.len() - index;
            let deadline = self.question.search(deadline, left).share(Instant::now(), left);
            let asked = match self.reach(std::slice::from_ref(peer), &deadline).await {
                Ok(reached) => self.talk(reached, &deadline).await,
                Err(failure) => Err(failure),
            };
            match asked {
                Err(failure) if is_no_answer(failure.class) && !self.facts.is_answered() => failed.push(failure),
                decided => {
                    self.facts.passed_over.extend(failed);
                    return Ok(decided);
                }
            }
        }
        Err(none_answers(peers, failed))
    }

    /// The addresses of `target`, and how long that took.
    async fn look_up(&mut self, target: &Endpoint, deadline: &Deadline) -> Result<Vec<Peer>, Failure> {
        let peers = self.location.peers(target, deadline, &mut self.facts.events).await?;
        self.facts.dns = Some(self.location.took());
        Ok(peers)
    }

    /// Connects to the first of `peers` that does.
    async fn reach(&mut self, peers: &[Peer], deadline: &Deadline) -> Result<Reached, Failure> {
        let facts = &mut self.facts;
        facts.peer = facts.peer.take().or_else(|| peers.first().cloned());
        if self.location.transport == Transport::Udp {
            let (datagrams, peer, failed) = udp::first(peers, self.question.source).await?;
            facts.peer = Some(peer.clone());
            facts.passed_over.extend(failed.into_iter().map(Failure::from));
            return Ok(Reached { socket: Socket::Datagrams(datagrams), peer });
        }
        let deadline = self.question.search(deadline, peers.len());
        let connected = tcp::connect_first(peers, self.question.source, &deadline).await?;
        facts.events.push(Event::now(format!("connected to {}", connected.peer)));
        facts.peer = Some(connected.peer.clone());
        facts.connect = Some(connected.took);
        facts.passed_over = connected.failed.into_iter().map(Failure::from).collect();
        Ok(Reached { socket: Socket::Stream(connected.stream), peer: connected.peer })
    }

    /// Puts the question over a connection, to be answered by `deadline`.
    async fn talk(&mut self, reached: Reached, deadline: &Deadline) -> Result<Answer, Failure> {
        let Connected { connection, peer, local } = self.secure(reached).await?;
        let request = self.question.request(self.location.transport, &peer.in_uri(), local);
        // A share of the time is for an answer; a series goes on once there was one.
        let patience = deadline.instant();
        let repetition = self.question.repetition.clone().map(|each| Repetition { patience: Some(patience), ..each });
        let deadline = if repetition.is_some() { self.question.deadline } else { *deadline };
        let talk = Talk { request, repetition };
        match connection {
            Connection::Tcp(stream) => self.converse(&talk, Uac::over(stream, peer, deadline)).await,
            Connection::Tls(connection) => self.converse(&talk, Uac::over(*connection, peer, deadline)).await,
            Connection::Udp(datagrams) => self.converse(&talk, Uac::over(datagrams, peer, deadline)).await,
        }
    }

    /// Makes a link what the transport wants.
    async fn secure(&mut self, reached: Reached) -> Result<Connected, Failure> {
        let Reached { socket, peer } = reached;
        let local = match &socket {
            Socket::Stream(stream) => stream.local_addr(),
            Socket::Datagrams(socket) => socket.local_addr(),
        };
        // The unspecified address, should the system not say.
        let local = local.unwrap_or_else(|_| SocketAddr::new(net::unspecified(peer.address), 0));
        let connection = match (socket, &self.question.tls) {
            (Socket::Datagrams(socket), _) => Connection::Udp(socket),
            (Socket::Stream(stream), Some(settings)) if self.location.transport == Transport::Tls => {
                Connection::Tls(Box::new(self.handshake(stream, &peer, settings).await?))
            }
            (Socket::Stream(stream), _) => Connection::Tcp(stream),
        };
        Ok(Connected { connection, peer, local })
    }

    /// The TLS handshake, and what the certificates are worth; an error if they must not be spoken to.
    async fn handshake(
        &mut self,
        stream: TcpStream,
        peer: &Peer,
        settings: &TlsSettings,
    ) -> Result<TlsConnection, Failure> {
        let Question { tls_backend, source, deadline, now, expiries, .. } = self.question;
        let approach = Approach { peer, settings, deadline, now: *now };
        let tried = backend::connect(*tls_backend, stream, *source, approach).await;
        let facts = &mut self.facts;
        let served = facts.served.insert(tried.served);
        if let Some(chain) = &served.chain {
            let name = settings.expected_name(&served.verdict);
            let expected = Expectations { expiries, name, verdict: &served.verdict };
            facts.judgement = Some(judge(chain, &expected, *now));
        }
        let mut connection = tried.result?;
        facts.events.push(Event::now("finished the TLS handshake"));

        let mut failures = facts.judgement.iter().flat_map(|judgement| &judgement.failures);
        if let Some(failure) = failures.find(|failure| self.question.is_forbidden_by(failure.class)).cloned() {
            connection.close().await;
            return Err(failure);
        }
        Ok(connection)
    }

    /// Sends OPTIONS and collects what the client knows afterwards.
    async fn converse<T: Channel>(&mut self, talk: &Talk, mut uac: Uac<T>) -> Result<Answer, Failure> {
        let Talk { request, repetition } = talk;
        let credentials = self.question.credentials.as_ref().filter(|_| self.facts.may_see_credentials());
        let facts = &mut self.facts;
        facts.events.push(Event::now(format!("sending OPTIONS {}", request.uri)));
        let result = match repetition {
            None => uac.options(request, credentials).await,
            Some(repetition) => {
                let (repeated, result) = uac.repeat(request, credentials, repetition).await;
                facts.status = repeated.kinds.iter().map(|(answer, _)| answer.response.status).max();
                facts.repeated = Some(repeated);
                result
            }
        };
        let answered = Instant::now();
        uac.close().await;
        let retransmissions = uac.retransmissions();
        facts.trace.extend(uac.into_trace());
        if repetition.is_none() {
            facts.retransmissions = Some(retransmissions);
        }
        let answer = result?;
        if repetition.is_none() {
            facts.total = Some(answered - self.location.started);
            facts.response = Some(answer.took);
            facts.status = Some(answer.response.status);
        }
        let status = answer.response.status_text();
        facts.events.push(Event::now(format!("received {status}")));
        if self.question.credentials.is_some() && credentials.is_none() && matches!(answer.response.status, 401 | 407) {
            let peer = facts.peer.as_ref().map(Peer::name).unwrap_or_default();
            let reason =
                format!("{peer} asks for credentials ({status}), which nobody gets whose certificate is not in order");
            return Err(Failure::new(Class::Authentication, reason));
        }
        Ok(answer)
    }
}

/// Whether a failure says that nobody is there who answers, so that another address may.
const fn is_no_answer(class: Class) -> bool {
    matches!(class, Class::Timeout | Class::Refused | Class::Unreachable | Class::Local | Class::Permission)
}

/// That none of a host's addresses answers. What this host lacks for one of them says nothing about another.
fn none_answers(peers: &[Peer], mut failed: Vec<Failure>) -> Failure {
    if failed.len() == 1 {
        return failed.remove(0);
    }
    let name = peers.first().map(Peer::name).unwrap_or_default();
    let reasons: Vec<_> = failed.iter().map(|failure| failure.summary.as_str()).collect();
    let summary = format!("none of the {} addresses of {name} answers: {}", failed.len(), reasons.join(", "));
    let decisive = failed.iter().find(|failure| failure.class != Class::Local).or_else(|| failed.first()).cloned();
    let causes = failed.into_iter().flat_map(|failure| failure.causes).collect();
    Failure { summary, causes, ..decisive.unwrap_or_else(|| Failure::new(Class::Unreachable, "")) }
}

#[cfg(test)]
pub(crate) mod tests;
