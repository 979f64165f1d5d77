//! Where does a call end up? One INVITE, and what becomes of a redirection: asked after, followed, or taken as the answer.

use std::time::{Duration, Instant};

use super::line::Line;
use super::machine::outcome::Verdict;
use super::machine::{Call, Wish};
use super::message::Template;
use super::offer::offer;
use super::uac::{CallUac, Called};
use crate::net::family::Family;
use crate::net::host;
use crate::net::media::MediaPort;
use crate::net::nameserver::Nameservers;
use crate::platform::random;
use crate::report::{Class, Event, Failure};
use crate::sip::address::{self, AddressError, SipUri};
use crate::sip::digest::Credentials;
use crate::sip::locate::{Location, Unanswered};
use crate::sip::message::Response;
use crate::sip::probe::{self, Facts, Question};
use crate::sip::servers::Domain;
use crate::sip::transport::Transport;
use crate::sip::uac::token;
use crate::time::ending;

/// A call to be made.
#[derive(Clone, Debug)]
pub(crate) struct CallQuestion {
    /// Whom, from whom, how to connect.
    pub question: Question,
    pub family: Family,
    pub wish: Wish,
    pub redirect: Redirect,
    /// How many redirections are followed.
    pub max_redirects: u8,
    /// Further header lines of the INVITE.
    pub headers: Vec<String>,
    /// Values of Route.
    pub routes: Vec<String>,
    /// Who knows the servers of a redirection's domain, where domains are looked up.
    pub nameservers: Option<Nameservers>,
}

/// What a redirection (3xx) is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Redirect {
    /// The first Contact is asked with OPTIONS whether it is alive
    #[default]
    Ask,
    /// The call is made there
    Follow,
    /// It is the answer
    Accept,
}

/// A call that was routed as far as it went.
#[derive(Debug)]
pub(crate) struct Routed {
    /// Of the first INVITE's connection.
    pub first: Facts,
    /// Who was called last.
    pub last: Facts,
    /// What came of the last INVITE.
    pub result: Result<Called, Unanswered>,
    /// From the start of the search to the last INVITE.
    pub before: Duration,
    /// Where each redirection led to.
    pub redirections: Vec<String>,
    /// What came of asking the Contact of the last redirection.
    pub target: Option<Asked>,
    /// What is wrong with the redirections.
    pub astray: Option<Astray>,
    /// What came of targets that were tried before the last one.
    pub passed_over: Vec<Failure>,
    /// Why the last one called does not get our credentials, in words that stand behind a comma.
    pub withheld: Option<&'static str>,
    /// Retransmissions of all INVITEs.
    pub retransmissions: u32,
    pub events: Vec<Event>,
    pub trace: Vec<String>,
}

/// A redirection's target that was asked whether it is alive.
#[derive(Debug)]
pub(crate) struct Asked {
    /// `host:port`.
    pub name: String,
    pub result: Result<(Response, Duration), Failure>,
}

/// Why a redirection leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Astray {
    #[error("the redirection leads nowhere: {0}")]
    Contact(#[from] AddressError),
    #[error("the redirections go in a circle: {0}")]
    Circle(String),
    #[error("more than {max} redirections, the last one to {last}")]
    TooMany { max: u8, last: String },
}

/// Makes the call that is asked for.
pub(crate) async fn route(asked: &CallQuestion, location: &Location) -> Routed {
    let mut journey = Journey::new(asked, location);
    let mut called = journey.call(&asked.question, location).await;
    while let Some(redirection) = journey.redirection(&called) {
        let contacts = match address::contacts(&redirection.head) {
            Ok(contacts) => contacts,
            Err(error) => {
                journey.routed.astray = Some(error.into());
                break;
            }
        };
        if asked.redirect == Redirect::Ask {
            journey.ask(&contacts[0].uri).await;
            break;
        }
        // RFC 3261 8.1.3.4: the new ones in front of those that are still to be tried.
        let new = contacts.into_iter().map(|contact| contact.uri);
        journey.targets.splice(0..0, new);
        let Some(next) = journey.follow().await else { break };
        called = next;
    }
    journey.arrive(called)
}

/// A call on its way.
struct Journey<'a> {
    asked: &'a CallQuestion,
    started: Instant,
    usual: Transport,
    /// What makes requests of several INVITEs one call.
    identity: Option<(String, String, u32)>,
    /// Where the call may go next.
    targets: Vec<SipUri>,
    /// Where it went, from the first Request-URI on.
    visited: Vec<SipUri>,
    routed: Routed,
}

impl<'a> Journey<'a> {
    fn new(asked: &'a CallQuestion, location: &Location) -> Self {
        let failure = Failure::new(Class::Timeout, "nobody was called");
        let routed = Routed {
            first: Facts::default(),
            last: Facts::default(),
            result: Err(Unanswered::Server(failure)),
            before: Duration::ZERO,
            redirections: Vec::new(),
            target: None,
            astray: None,
            passed_over: Vec::new(),
            withheld: None,
            retransmissions: 0,
            events: Vec::new(),
            trace: Vec::new(),
        };
        Self {
            asked,
            started: location.started,
            usual: location.transport,
            identity: None,
            targets: Vec::new(),
            visited: Vec::new(),
            routed,
        }
    }

    /// Calls by way of `location`.
    async fn call(&mut self, question: &Question, location: &Location) -> Result<Called, Unanswered> {
        let (mut facts, connected) = probe::connect(question, location).await;
        self.routed.events.append(&mut facts.events);
        let is_trusted = facts.may_see_credentials();
        let credentials = question.credentials.clone().filter(|_| is_trusted);
        self.routed.withheld = match (&self.asked.question.credentials, &question.credentials) {
            (Some(_), None) => Some("which the target of a redirection does not get"),
            (Some(_), Some(_)) if !is_trusted => Some("which nobody gets whose certificate is not in order"),
            _ => None,
        };
        let called = match connected {
            Ok(connected) => {
                self.usual = location.transport;
                self.invite(connected, question, credentials).await.map_err(Unanswered::Server)
            }
            Err(unreached) => Err(unreached),
        };
        if self.visited.len() <= 1 {
            self.routed.first = std::mem::take(&mut facts);
            self.routed.last.peer.clone_from(&self.routed.first.peer);
        } else {
            self.routed.last = facts;
        }
        called
    }

    async fn invite(
        &mut self,
        connected: probe::Connected,
        question: &Question,
        credentials: Option<Credentials>,
    ) -> Result<Called, Failure> {
        let local = connected.local.ip();
        let envelope = question.request(self.usual, &connected.peer.in_uri(), connected.local);
        let media = MediaPort::open(local).await.and_then(|media| Ok((media.local_addr()?, media)));
        let (audio, media) = media.map_err(|error| Failure::caused_by(Class::Local, &MediaError { error }))?;
        let (call_id, tag, cseq) = match self.identity.clone() {
            Some((call_id, tag, last)) => (call_id, tag, last + 1),
            None => (format!("{}{}", token()?, token()?), token()?, 1),
        };
        if self.visited.is_empty() {
            self.visited.extend(SipUri::read(&envelope.uri).ok());
        }
        let template = Template {
            uri: envelope.uri,
            from: envelope.from,
            to: envelope.to,
            contact: envelope.contact,
            user_agent: envelope.user_agent,
            max_forwards: envelope.max_forwards,
            routes: self.asked.routes.clone(),
            headers: self.asked.headers.clone(),
            offer: offer(audio, random::up_to(u32::MAX)?),
            call_id: call_id.clone(),
            tag: tag.clone(),
            cseq,
        };
        // From here on somebody may have to be told that the call is over.
        let Some(_held_off) = ending::hold_off() else { return std::future::pending().await };
        let wish = Wish { credentials, ..self.asked.wish.clone() };
        let line = Line::over(connected);
        let call = Call::new(template, wish, line.transport, Instant::now());
        self.routed.before = self.started.elapsed();
        let mut called = CallUac::over(line, call, media, (question, self.asked.family)).run().await;
        self.identity = Some((call_id, tag, called.call.last_cseq()));
        self.routed.events.append(&mut called.events);
        self.routed.trace.append(&mut called.trace);
        self.routed.retransmissions += called.call.retransmissions();
        Ok(called)
    }

    /// The 3xx that is to be looked after.
    fn redirection(&self, called: &Result<Called, Unanswered>) -> Option<Response> {
        let called = called.as_ref().ok().filter(|called| called.signal.is_none())?;
        match called.call.verdict() {
            Verdict::Final(response, _) if (300..400).contains(&response.status) => {
                Some(response.clone()).filter(|_| self.asked.redirect != Redirect::Accept)
            }
            _ => None,
        }
    }

    /// Asks a target whether it is alive.
    async fn ask(&mut self, uri: &SipUri) {
        let transport = uri.transport_or(self.usual);
        let name = uri.name(self.usual);
        self.routed.redirections.push(name.clone());
        let question = Question { uri: Some(uri.text.clone()), to: None, ..self.asked.question.to(&uri.host) };
        let result = match self.locate(uri, transport).await {
            Err(failure) => Err(failure),
            Ok(location) => {
                let outcome = probe::ask(&question, &location).await;
                self.routed.events.extend(outcome.facts.events);
                self.routed.trace.extend(outcome.facts.trace);
                let total = outcome.facts.total;
                match outcome.result {
                    Ok(answer) => Ok((answer.response, total.unwrap_or(answer.took))),
                    Err(Unanswered::Server(failure)) => Err(failure),
                    Err(Unanswered::Targets { failures, .. }) => Err(failures
                        .into_iter()
                        .next()
                        .unwrap_or_else(|| Failure::new(Class::Dns, format!("{name} has no servers")))),
                }
            }
        };
        self.routed.target = Some(Asked { name, result });
    }

    /// Calls the next target that was not called yet; `None` where there is none, or there were too many.
    async fn follow(&mut self) -> Option<Result<Called, Unanswered>> {
        loop {
            let usual = self.usual;
            if self.targets.is_empty() {
                return None;
            }
            let uri = self.targets.remove(0);
            if self.visited.iter().any(|known| known.is_same_way(&uri, usual)) {
                if self.targets.is_empty() {
                    let way = self.visited.iter().chain([&uri]).map(|uri| uri.text.as_str()).collect::<Vec<_>>();
                    self.routed.astray = Some(Astray::Circle(way.join(" -> ")));
                }
                continue;
            }
            if self.routed.redirections.len() >= usize::from(self.asked.max_redirects) {
                let (max, last) = (self.asked.max_redirects, uri.name(usual));
                self.routed.astray = Some(Astray::TooMany { max, last });
                return None;
            }
            let transport = uri.transport_or(usual);
            self.routed.redirections.push(uri.name(usual));
            // To stays what it was (RFC 3261 8.1.3.4).
            let to = self.asked.question.to.clone().or_else(|| self.visited.first().map(|first| first.text.clone()));
            let question = Question { uri: Some(uri.text.clone()), to, ..self.asked.question.to(&uri.host) };
            self.visited.push(uri.clone());
            let called = match self.locate(&uri, transport).await {
                Ok(location) => self.call(&question, &location).await,
                Err(failure) => Err(Unanswered::Server(failure)),
            };
            let refusal = called.as_ref().map_or(None, refusal);
            let failed = match (&called, refusal) {
                (Err(Unanswered::Server(failure)), _) => Some(failure.clone()),
                (Ok(_), Some(status)) => {
                    Some(Failure::new(Class::Status, format!("{status} from {}", uri.name(usual))))
                }
                _ => None,
            };
            match failed.filter(|_| !self.targets.is_empty()) {
                Some(failure) => self.routed.passed_over.push(failure),
                None => return Some(called),
            }
        }
    }

    /// The servers of a redirection's target.
    async fn locate(&mut self, uri: &SipUri, transport: Transport) -> Result<Location, Failure> {
        let endpoint = uri.endpoint(transport);
        let is_domain = uri.port.is_none() && host::address(&uri.host).is_none();
        let Some(nameservers) = self.asked.nameservers.clone().filter(|_| is_domain) else {
            return Ok(Location::of_host(&endpoint.host, endpoint.port, transport, self.asked.family));
        };
        let domain = Domain { name: &uri.host, wanted: Some(transport), nameservers };
        let deadline = &self.asked.question.deadline;
        Ok(Location::of_domain(domain, self.asked.family, deadline, &mut self.routed.events).await?)
    }

    fn arrive(self, result: Result<Called, Unanswered>) -> Routed {
        Routed { result, ..self.routed }
    }
}

/// The final response of a call that another target may answer better; a 6xx is everybody's (RFC 3261 8.1.3.4).
fn refusal(called: &Called) -> Option<String> {
    match called.call.verdict() {
        Verdict::Final(response, _) if (400..600).contains(&response.status) && called.signal.is_none() => {
            Some(response.status_text())
        }
        _ => None,
    }
}

/// This host has no port for the audio.
#[derive(Debug, thiserror::Error)]
#[error("no port to be had for the audio that is offered: {error}")]
struct MediaError {
    error: std::io::Error,
}
