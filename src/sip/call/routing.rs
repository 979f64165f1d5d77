//! Where does a call end up? One INVITE, and what becomes of a redirection: asked after, followed, or taken as the answer.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Instant;

use super::called::Called;
use super::line::Line;
use super::lingering::Lingering;
use super::machine::{Call, Wish};
use super::message::Template;
use super::offer::offer;
use super::places::Places;
use super::redirection::Redirection;
use super::routed::{Asked, Astray, Attempt, Routed};
use super::uac::{CallUac, Setup};
use crate::net::family::Family;
use crate::net::host;
use crate::net::media::MediaPort;
use crate::net::nameserver::Nameservers;
use crate::platform::random;
use crate::report::{Class, Event, Failure};
use crate::sip::address::{self, AddressError, SipUri};
use crate::sip::digest::Credentials;
use crate::sip::locate::{Location, Unanswered};
use crate::sip::probe::{self, Facts, Outcome, Question};
use crate::sip::servers::Domain;
use crate::sip::transport::Transport;
use crate::sip::uac::token;
use crate::time::deadline::Deadline;
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
    /// The preferred Contact is asked with OPTIONS whether it is alive
    #[default]
    Ask,
    /// The call is made there
    Follow,
    /// It is the answer
    Accept,
}

/// Makes the call that is asked for.
pub(crate) async fn route(asked: &CallQuestion, location: &Location) -> Routed {
    let mut journey = Journey::new(asked, location.transport);
    let mut first = journey.call(Cow::Borrowed(&asked.question), location).await;
    let mut goes_on = journey.look_after(&mut first, &[]).await;
    let mut further = Vec::new();
    while goes_on && let Some(target) = journey.next_target() {
        let mut attempt = journey.call_target(&target).await;
        goes_on = journey.look_after(&mut attempt, &target.way).await;
        further.push(attempt);
    }
    let Journey { redirections, target, mut events, lingering, trace: of_target, .. } = journey;
    let mut trace = Vec::new();
    let calls = std::iter::once(&mut first).chain(&mut further).filter_map(|attempt| attempt.result.as_mut().ok());
    for (called, over) in calls.zip(lingering.finish().await) {
        *called = over;
        events.append(&mut called.log.events);
        trace.append(&mut called.log.trace);
    }
    trace.truncate(MAX_TRACE);
    trace.extend(of_target);
    Routed { started: location.started, first, further, redirections, target, events, trace }
}

/// A call on its way.
struct Journey<'a> {
    asked: &'a CallQuestion,
    /// The transport of the last request.
    usual: Transport,
    /// What makes requests of several INVITEs one call: Call-ID, the tag of From, the last number of CSeq.
    identity: Option<(String, String, u32)>,
    /// To of the first INVITE, which it stays (RFC 3261 8.1.3.4).
    to: Option<String>,
    places: Places,
    /// Where the call may go next.
    targets: VecDeque<Target>,
    redirections: u32,
    target: Option<Asked>,
    /// The calls that were made.
    lingering: Lingering<'a>,
    events: Vec<Event>,
    /// Of the target that was asked.
    trace: Vec<String>,
}

/// Where a redirection leads.
struct Target {
    uri: SipUri,
    /// The transport of the request that was redirected, for a URI that names none.
    usual: Transport,
    /// The Request-URIs that led there, the first one in front.
    way: Vec<String>,
}

impl<'a> Journey<'a> {
    fn new(asked: &'a CallQuestion, usual: Transport) -> Self {
        Self {
            asked,
            usual,
            identity: None,
            to: None,
            places: Places::default(),
            targets: VecDeque::new(),
            redirections: 0,
            target: None,
            lingering: Lingering::default(),
            events: Vec::new(),
            trace: Vec::new(),
        }
    }

    /// Calls by way of `location`.
    async fn call(&mut self, question: Cow<'a, Question>, location: &Location) -> Attempt {
        let (mut facts, connected) = self.lingering.beside(probe::connect(&question, location)).await;
        self.events.append(&mut facts.events);
        let is_trusted = facts.may_see_credentials();
        let withheld = match (&self.asked.question.credentials, &question.credentials) {
            (Some(_), None) => Some("which the target of a redirection does not get"),
            (Some(_), Some(_)) if !is_trusted => Some("which nobody gets whose certificate is not in order"),
            _ => None,
        };
        let result = match connected {
            Ok(connected) => match self.is_nobody(&connected) {
                Some(nobody) => Err(Unanswered::Server(nobody)),
                None => {
                    self.usual = location.transport;
                    let credentials = question.credentials.clone().filter(|_| is_trusted);
                    self.invite(connected, question, credentials).await.map_err(Unanswered::Server)
                }
            },
            Err(unreached) => Err(unreached),
        };
        Attempt { name: None, facts, result, withheld, astray: None }
    }

    /// That the target of a redirection is this very host, whoever is redirected there.
    fn is_nobody(&self, connected: &probe::Connected) -> Option<Failure> {
        let address = Some(connected.peer.address.ip()).filter(|_| self.redirections > 0);
        let nobody = address.filter(|address| address::is_unspecified(*address));
        nobody.map(|address| Failure::new(Class::Redirection, format!("it {}", leads_to_itself(address))))
    }

    /// Calls where a redirection leads.
    async fn call_target(&mut self, target: &Target) -> Attempt {
        let Target { uri, usual, .. } = target;
        let (transport, name) = (uri.transport_or(*usual), uri.name(*usual));
        self.places.add(uri, *usual);
        // What one of several leaves unused is there for the others.
        let deadline = self.asked.question.deadline.share(Instant::now(), self.targets.len() + 1);
        let question = self.question_to(uri, deadline);
        let attempt = match self.locate(uri, transport, &deadline).await {
            Ok(location) => self.call(Cow::Owned(question), &location).await,
            Err(failure) => {
                let (facts, result) = (Facts::default(), Err(Unanswered::Server(failure)));
                Attempt { name: None, facts, result, withheld: None, astray: None }
            }
        };
        Attempt { name: Some(name), ..attempt }
    }

    async fn invite(
        &mut self,
        connected: probe::Connected,
        question: Cow<'a, Question>,
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
        self.to.get_or_insert_with(|| envelope.to.clone());
        self.places.add_called(&envelope.uri, &connected.peer, self.usual);
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
        let Some(held_off) = ending::hold_off() else { return std::future::pending().await };
        let wish = Wish { credentials, ..self.asked.wish.clone() };
        let line = Line::over(connected);
        let call = Call::new(template, wish, line.transport, Instant::now());
        let setup = Setup { question, family: self.asked.family, whole: self.asked.question.deadline, held_off };
        let mut uac = CallUac::over(line, call, media, setup);
        self.lingering.beside(uac.settle()).await;
        let called = uac.so_far();
        self.identity = Some((call_id, tag, called.call.last_cseq()));
        self.lingering.add(uac).await;
        Ok(called)
    }

    /// Looks after the redirection of an attempt that `way` led to; whether another attempt is to be made.
    async fn look_after(&mut self, attempt: &mut Attempt, way: &[String]) -> bool {
        if let (Some(called), Some(response), Some(peer)) =
            (attempt.called(), attempt.redirection(), &attempt.facts.peer)
        {
            let way = way.iter().chain([&called.call.template().uri]).cloned().collect();
            let redirection = Redirection::of(response, peer.address.ip(), way);
            attempt.astray = self.redirect(redirection, &mut attempt.facts.passed_over).await.err();
        }
        if self.asked.redirect == Redirect::Accept {
            return false;
        }
        let is_over = self.asked.question.deadline.remaining(Instant::now()).is_zero();
        if let (true, Some(_), None, Some(next)) =
            (is_over, attempt.redirection(), &attempt.astray, self.targets.front())
        {
            attempt.astray = Some(Astray::NoTime(next.uri.name(next.usual)));
        }
        attempt.may_be_better_elsewhere() && !is_over
    }

    /// Goes after a redirection: asks its target, or puts its Contacts in front of what is still to be called (RFC 3261 8.1.3.4).
    /// Those that are left out are told.
    async fn redirect(&mut self, redirection: Redirection, left_out: &mut Vec<Failure>) -> Result<(), Astray> {
        match self.asked.redirect {
            Redirect::Ask => self.ask_preferred(redirection, left_out).await,
            Redirect::Follow => self.follow(redirection, left_out),
            Redirect::Accept => redirection.check(),
        }
    }

    /// Asks the preferred Contact that is of a scheme and transport spoken here: whoever is redirected tries it first.
    async fn ask_preferred(&mut self, redirection: Redirection, left_out: &mut Vec<Failure>) -> Result<(), Astray> {
        let mut unsupported = None;
        for contact in &redirection.contacts {
            let uri = match &contact.uri {
                Ok(uri) => uri,
                Err(error @ AddressError::Unsupported { .. }) => {
                    left_out.push(Failure::new(Class::Redirection, error.to_string()));
                    unsupported.get_or_insert_with(|| error.clone());
                    continue;
                }
                Err(error) => return Err(error.clone().into()),
            };
            if self.places.has(uri, self.usual) {
                return Err(redirection.circle(Some(uri.text.clone())));
            }
            let asked = self.ask(uri).await;
            return match asked.outcome.facts.peer.as_ref().map(|peer| peer.address) {
                // Of the server that has redirected the call everybody knows that it is alive.
                Some(address) if self.places.has_reached(uri, address, self.usual) => {
                    Err(redirection.circle(Some(format!("{} (again {address})", uri.text))))
                }
                Some(address) if address::is_unspecified(address.ip()) => {
                    Err(Astray::Itself(format!("{} {}", asked.name, leads_to_itself(address.ip()))))
                }
                _ => {
                    self.redirections += 1;
                    self.target = Some(asked);
                    Ok(())
                }
            };
        }
        left_out.clear();
        Err(unsupported.unwrap_or(AddressError::Absent("Contact")).into())
    }

    fn follow(&mut self, redirection: Redirection, left_out: &mut Vec<Failure>) -> Result<(), Astray> {
        let (mut new, mut back, mut problems) = (Vec::new(), None, Vec::new());
        for contact in &redirection.contacts {
            match &contact.uri {
                Ok(uri) if self.places.has(uri, self.usual) => _ = back.get_or_insert_with(|| uri.text.clone()),
                Ok(uri) => new.push(uri.clone()),
                Err(error) => problems.push(error.clone()),
            }
        }
        let Some(preferred) = new.first() else {
            return match (back, problems.into_iter().next()) {
                (None, problem) => Err(problem.unwrap_or(AddressError::Absent("Contact")).into()),
                (back, _) => Err(redirection.circle(back)),
            };
        };
        left_out.extend(problems.iter().map(|problem| Failure::new(Class::Redirection, problem.to_string())));
        let max = self.asked.max_redirects;
        if self.redirections >= u32::from(max) {
            return Err(Astray::TooMany { max, last: preferred.name(self.usual) });
        }
        self.redirections += 1;
        let way = redirection.way;
        for uri in new.into_iter().rev() {
            self.targets.push_front(Target { uri, usual: self.usual, way: way.clone() });
        }
        self.targets.truncate(MAX_TARGETS);
        Ok(())
    }

    /// The next target that was not called yet.
    fn next_target(&mut self) -> Option<Target> {
        while let Some(target) = self.targets.pop_front() {
            if !self.places.has(&target.uri, target.usual) {
                return Some(target);
            }
        }
        None
    }

    /// Asks a target whether it is alive.
    async fn ask(&mut self, uri: &SipUri) -> Asked {
        let (transport, name) = (uri.transport_or(self.usual), uri.name(self.usual));
        let deadline = self.asked.question.deadline;
        let question = Question { to: None, ..self.question_to(uri, deadline) };
        let mut outcome = match self.locate(uri, transport, &deadline).await {
            Ok(location) => self.lingering.beside(probe::ask(&question, &location)).await,
            Err(failure) => Outcome { target: None, facts: Facts::default(), result: Err(Unanswered::Server(failure)) },
        };
        self.events.append(&mut outcome.facts.events);
        self.trace.append(&mut outcome.facts.trace);
        Asked { name, outcome }
    }

    /// The same question to the target of a redirection.
    fn question_to(&self, uri: &SipUri, deadline: Deadline) -> Question {
        Question { uri: Some(uri.text.clone()), to: self.to.clone(), deadline, ..self.asked.question.to(&uri.host) }
    }

    /// The servers of a redirection's target.
    async fn locate(&mut self, uri: &SipUri, transport: Transport, deadline: &Deadline) -> Result<Location, Failure> {
        let endpoint = uri.endpoint(transport);
        let is_domain = uri.port.is_none() && host::address(&uri.host).is_none();
        let Some(nameservers) = self.asked.nameservers.clone().filter(|_| is_domain) else {
            let location = Location::of_host(&endpoint.host, endpoint.port, transport, self.asked.family);
            return Ok(location.of_redirection());
        };
        let domain = Domain { name: &uri.host, wanted: Some(transport), nameservers };
        let looked_up = Location::of_domain(domain, self.asked.family, deadline, &mut self.events);
        Ok(self.lingering.beside(looked_up).await?.of_redirection())
    }
}

/// That who is sent to this address reaches himself, in words that stand behind a name.
fn leads_to_itself(address: IpAddr) -> String {
    format!("is at {address}, where whoever is redirected there reaches himself")
}

/// This host has no port for the audio.
#[derive(Debug, thiserror::Error)]
#[error("no port to be had for the audio that is offered: {error}")]
struct MediaError {
    error: std::io::Error,
}

/// The most targets that wait to be called.
const MAX_TARGETS: usize = 32;

/// The most messages of the trace: of so many attempts nobody reads all.
const MAX_TRACE: usize = 400;

#[cfg(test)]
mod tests;
