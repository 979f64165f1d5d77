//! Over which connection does a request of a call reach whom it is for? That of the INVITE, and those that Contact and Route
//! ask for, which are dialled while everything else goes on.

use std::borrow::Cow;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select, select_all};

use super::line::Line;
use super::message::{CallRequest, Hop};
use super::silence::patience;
use crate::net::Endpoint;
use crate::net::family::Family;
use crate::report::{Event, Failure};
use crate::sip::address;
use crate::sip::framing::Frame;
use crate::sip::locate::{Location, Unanswered};
use crate::sip::probe::{self, Connected, Facts, Question};
use crate::sip::transport::Transport;
use crate::time::deadline::Deadline;
use crate::time::ending;

/// The connections of one call.
pub(super) struct Lines<'a> {
    question: Cow<'a, Question>,
    family: Family,
    /// That of the INVITE in front; one that broke is `None`.
    lines: Vec<Option<Line>>,
    ways: Vec<Way>,
    /// What nobody may see of our requests, should it be said again on whichever line.
    secrets: Vec<String>,
    events: Vec<Event>,
    trace: Vec<String>,
    /// Of each connection that was made beside that of the INVITE, or not because of its certificate.
    further: Vec<Facts>,
}

/// What was done and said on the lines of a call.
pub(super) struct Told {
    pub events: Vec<Event>,
    pub trace: Vec<String>,
    pub further: Vec<Facts>,
}

/// Who leads to whom.
struct Way {
    transport: Transport,
    endpoint: Endpoint,
    leads: Leads,
}

enum Leads {
    /// Over the line of this index.
    Over(usize),
    /// Nobody knows yet; requests wait.
    Dialling { connecting: Connecting, waiting: Vec<CallRequest> },
}

type Connecting = Pin<Box<dyn Future<Output = Dialled>>>;

type Dialled = (Facts, Result<Connected, Unanswered>);

/// What happened on the lines.
pub(super) enum LineEvent {
    /// A message on the line of this index; `None` for one that cannot be read.
    Message(usize, Result<Option<Frame>, Failure>),
    /// The way of this index was dialled.
    Dialled(usize, Box<Dialled>),
}

impl<'a> Lines<'a> {
    /// The connection of the INVITE.
    pub(super) fn over(line: Line, question: Cow<'a, Question>, family: Family) -> Self {
        let (lines, ways, secrets) = (vec![Some(line)], Vec::new(), Vec::new());
        Self { question, family, lines, ways, secrets, events: Vec::new(), trace: Vec::new(), further: Vec::new() }
    }

    pub(super) fn get(&mut self, index: usize) -> Option<&mut Line> {
        self.lines.get_mut(index)?.as_mut()
    }

    /// Those that did not break.
    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Line> {
        self.lines.iter_mut().flatten()
    }

    pub(super) fn is_any(&self) -> bool {
        self.lines.iter().any(Option::is_some)
    }

    /// Takes a line away that broke.
    pub(super) fn take(&mut self, index: usize) -> Option<Line> {
        self.lines.get_mut(index)?.take()
    }

    /// Keeps `secret` out of everything that is heard from now on.
    pub(super) fn conceal(&mut self, secret: &str) {
        self.all().for_each(|line| line.conceal(secret));
        self.secrets.push(secret.to_owned());
    }

    /// Which line leads to whom a request is for; `None` where it waits until that is known, before `hard`. Whoever cannot be
    /// reached may be behind whoever answered, so that the line of the INVITE leads to everybody else.
    pub(super) fn place(&mut self, request: &CallRequest, hard: Instant) -> Option<usize> {
        let (Hop::Uri(uri), Some(first)) = (&request.hop, &self.lines[0]) else { return Some(0) };
        let transport = uri.transport_or(first.transport);
        let endpoint = uri.endpoint(transport);
        // Nobody else is there than this host.
        if uri.leads_somewhere("Contact", first.peer.address.ip()).is_err() {
            return Some(0);
        }
        let is_it = |way: &&mut Way| way.transport == transport && way.endpoint == endpoint;
        match self.ways.iter_mut().find(is_it).map(|way| &mut way.leads) {
            Some(Leads::Over(index)) => return Some(if self.lines[*index].is_some() { *index } else { 0 }),
            Some(Leads::Dialling { waiting, .. }) => {
                // What its timer sends again waits already.
                if !waiting.contains(request) {
                    waiting.push(request.clone());
                }
                return None;
            }
            None => {}
        }
        let is_there = |line: &Line| {
            let is_host = line.peer.address.ip().to_string() == endpoint.host || line.peer.host == endpoint.host;
            line.transport == transport && line.peer.address.port() == endpoint.port && is_host
        };
        let known = self.lines.iter().position(|line| line.as_ref().is_some_and(is_there));
        if known.is_some() || self.ways.len() >= MAX_WAYS {
            return Some(known.unwrap_or(0));
        }
        let connecting = self.dial(&endpoint, transport, hard);
        let leads = Leads::Dialling { connecting, waiting: vec![request.clone()] };
        self.ways.push(Way { transport, endpoint, leads });
        None
    }

    fn dial(&self, endpoint: &Endpoint, transport: Transport, hard: Instant) -> Connecting {
        let question = Question { deadline: dialling(hard), ..self.question.to(&endpoint.host) };
        let location = Location::of_host(&endpoint.host, endpoint.port, transport, self.family);
        Box::pin(async move { probe::connect(&question, &location).await })
    }

    /// What comes next; an answer to a request with this `branch`, or anything else.
    pub(super) async fn next(&mut self, branch: &str) -> LineEvent {
        type Next<'b> = Pin<Box<dyn Future<Output = LineEvent> + 'b>>;
        let lines = self.lines.iter_mut().enumerate().filter_map(|(index, line)| Some((index, line.as_mut()?)));
        let mut all: Vec<Next<'_>> = Vec::new();
        for (index, line) in lines {
            all.push(Box::pin(async move { LineEvent::Message(index, line.next(branch).await) }));
        }
        for (index, way) in self.ways.iter_mut().enumerate() {
            if let Leads::Dialling { connecting, .. } = &mut way.leads {
                all.push(Box::pin(async move { LineEvent::Dialled(index, Box::new(connecting.await)) }));
            }
        }
        if all.is_empty() {
            return std::future::pending().await;
        }
        select_all(all).await.0
    }

    /// Takes what came of dialling a way; the line that leads there now, and what waited for it.
    pub(super) fn dialled(&mut self, way: usize, (facts, connected): Dialled) -> (usize, Vec<CallRequest>) {
        self.note(facts);
        let line = connected.ok().map(Line::over).filter(|line| !address::is_unspecified(line.peer.address.ip()));
        let index = match line {
            // By another of its names it is the server that was asked for, which may see what answers its challenges.
            Some(line) if self.is_where_first(&line) => 0,
            Some(mut line) => {
                self.secrets.iter().for_each(|secret| line.conceal(secret));
                // A callee may name anybody in its Contact: what answers a challenge is for the server that was asked for.
                line.may_see_credentials = false;
                self.lines.push(Some(line));
                self.lines.len() - 1
            }
            None => 0,
        };
        (index, self.lead(way, index))
    }

    /// Notes what was learnt when somebody was dialled.
    fn note(&mut self, mut facts: Facts) {
        self.events.append(&mut facts.events);
        if facts.served.is_some() {
            self.further.push(facts);
        }
    }

    /// Whether a line leads to where that of the INVITE does.
    fn is_where_first(&self, line: &Line) -> bool {
        let first = self.lines[0].as_ref();
        first.is_some_and(|first| (first.peer.address, first.transport) == (line.peer.address, line.transport))
    }

    /// When somebody will have been silent for too long.
    pub(super) fn due(&self) -> Option<Instant> {
        self.lines.iter().flatten().filter_map(|line| line.silence.due()).min()
    }

    /// The index of a line at whose end somebody has been silent for too long by `now`; each is told once.
    pub(super) fn silent_for_too_long(&mut self, now: Instant) -> Option<usize> {
        let mut lines = self.lines.iter_mut().map(Option::as_mut);
        let index = lines.position(|line| line.is_some_and(|line| line.silence.is_over_due(now)))?;
        let peer = self.lines[index].as_ref().map(|line| line.peer.to_string()).unwrap_or_default();
        self.events.push(Event::now(format!("no answer from {peer}, taking the connection of the call as well")));
        Some(index)
    }

    /// Gives up on every way that is still being dialled, and soon on whoever is silent, so that all is over by `hard`: the line of
    /// the INVITE leads there. What waited for them.
    pub(super) fn hang_on_to_first(&mut self, hard: Instant) -> Vec<CallRequest> {
        let now = Instant::now();
        self.all().for_each(|line| line.silence.hurry(now, hard));
        (0..self.ways.len()).flat_map(|way| self.lead(way, 0)).collect()
    }

    /// Has a way that is being dialled lead over a line; what waited for it.
    fn lead(&mut self, way: usize, index: usize) -> Vec<CallRequest> {
        let Way { endpoint, leads, .. } = &mut self.ways[way];
        if let Leads::Over(_) = leads {
            return Vec::new();
        }
        if index == 0 {
            let text =
                format!("no other way to {}:{}, staying on the connection of the call", endpoint.host, endpoint.port);
            self.events.push(Event::now(text));
        }
        match std::mem::replace(leads, Leads::Over(index)) {
            Leads::Over(_) => Vec::new(),
            Leads::Dialling { waiting, .. } => waiting,
        }
    }

    /// Takes leave of everybody; what was done and said.
    pub(super) async fn close(mut self) -> Told {
        for line in self.lines.into_iter().flatten() {
            self.trace.extend(line.close().await);
        }
        Told { events: self.events, trace: self.trace, further: self.further }
    }

    /// Connects once more to where `old` led, before `hard`, with what the first connection was made with; the signal that came
    /// meanwhile and left no time for it.
    pub(super) async fn redial(&mut self, old: Line, hard: Instant) -> Option<&'static str> {
        let (address, transport, via) = (old.peer.address, old.transport, old.via.clone());
        let may_see_credentials = old.may_see_credentials;
        self.trace.extend(old.close().await);
        let question = Question { deadline: dialling(hard), ..self.question.as_ref().clone() };
        let location = Location::of_host(&address.ip().to_string(), address.port(), transport, self.family);
        let signal = async {
            let signal = ending::asked().await;
            tokio::time::sleep(SIGNALLED).await;
            signal
        };
        match select(pin!(probe::connect(&question, &location)), pin!(signal)).await {
            Either::Left(((facts, Ok(connected)), _)) => {
                // Who answers there now need not be who answered before.
                let may_see_credentials = may_see_credentials && facts.may_see_credentials();
                self.note(facts);
                // A CANCEL is known by the Via of its INVITE (RFC 3261 17.2.3).
                let mut line = Line::over(connected).known_as(via);
                self.secrets.iter().for_each(|secret| line.conceal(secret));
                line.may_see_credentials = may_see_credentials;
                self.lines[0] = Some(line);
                None
            }
            Either::Left(((facts, Err(_)), _)) => {
                self.note(facts);
                None
            }
            Either::Right((signal, _)) => Some(signal),
        }
    }
}

/// By when somebody must be reached where all must be over by `hard`.
fn dialling(hard: Instant) -> Deadline {
    let now = Instant::now();
    Deadline::new(now, patience(now, hard))
}

/// How much longer, once a signal came.
const SIGNALLED: Duration = Duration::from_millis(150);

/// How many ways there are beside the connection of the call, at most.
const MAX_WAYS: usize = 8;

#[cfg(test)]
mod tests;
