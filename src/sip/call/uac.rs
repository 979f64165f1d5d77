//! What comes of one call, and is it taken back? A user agent client over as many connections as the call needs.
//!
//! Taking back begins early enough to be done by the deadline, and at once when a signal or the end of a connection says so.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select, select_all};
use tokio::time::timeout_at;

use super::line::Line;
use super::machine::{Call, Step};
use super::message::{CallRequest, Hop, Method};
use crate::net::Endpoint;
use crate::net::family::Family;
use crate::net::media::MediaPort;
use crate::report::{Event, Failure};
use crate::sip::framing::Frame;
use crate::sip::link::LinkError;
use crate::sip::locate::Location;
use crate::sip::message::{self, Response};
use crate::sip::probe::{self, Question};
use crate::sip::transport::Transport;
use crate::sip::uac;
use crate::time::deadline::Deadline;
use crate::time::ending;

/// A call that was made and is over, as far as it can be.
#[derive(Debug)]
pub(crate) struct Called {
    pub call: Call,
    /// When its INVITE was about to be sent.
    pub started: Instant,
    /// Why the connection ended it.
    pub failure: Option<Failure>,
    /// The signal that ended it.
    pub signal: Option<&'static str>,
    /// What came and could not be read.
    pub unreadable: Option<Failure>,
    /// What came beside, in words.
    pub beside: String,
    /// How often the INVITE was sent.
    pub invites: u32,
    /// For how long it was waited for.
    pub waited: Duration,
    /// Datagrams that arrived where the audio was expected.
    pub media_packets: u32,
    /// Who sent the final response, where that was not the peer.
    pub stranger: Option<SocketAddr>,
    /// Who sent the response that said that it rings, where that was not the peer.
    pub rang_from: Option<SocketAddr>,
    pub events: Vec<Event>,
    pub trace: Vec<String>,
}

impl Called {
    /// From `start` to the first INVITE of this call.
    pub(crate) fn since(&self, start: Instant) -> Duration {
        self.started.saturating_duration_since(start)
    }
}

/// What a call needs beside a line.
pub(crate) struct Setup<'a> {
    /// Whom, from whom, how to connect; by its deadline there must be an answer.
    pub question: &'a Question,
    pub family: Family,
    /// By when all must be over, also what is to be kept.
    pub whole: Deadline,
}

/// A call that is being made.
pub(crate) struct CallUac<'a> {
    question: &'a Question,
    family: Family,
    call: Call,
    /// That of the INVITE in front; one that broke is `None`.
    lines: Vec<Option<Line>>,
    /// Which line leads to whom.
    ways: Vec<(Transport, Endpoint, usize)>,
    media: MediaPort,
    /// When the call is taken back if it has no answer by then, and when that must be over.
    answer: Limits,
    /// The same of a call that is answered.
    whole: Limits,
    is_leaving: bool,
    has_redialled: bool,
    called: Parts,
}

/// What [`Called`] is made of.
#[derive(Default)]
struct Parts {
    failure: Option<Failure>,
    signal: Option<&'static str>,
    unreadable: Option<Failure>,
    invites: u32,
    stranger: Option<SocketAddr>,
    rang_from: Option<SocketAddr>,
    events: Vec<Event>,
    trace: Vec<String>,
}

enum Heard {
    Message(usize, Result<Option<Frame>, Failure>),
    Signal(&'static str),
    Nothing,
}

/// When taking back begins, and when it must be over.
#[derive(Clone, Copy)]
struct Limits {
    soft: Instant,
    hard: Instant,
}

impl Limits {
    fn of(deadline: &Deadline) -> Self {
        let hard = deadline.instant();
        Self { soft: hard - release_time(deadline.timeout()), hard }
    }
}

impl<'a> CallUac<'a> {
    /// A call over `line`; the audio is expected at `media`.
    pub(crate) fn over(line: Line, call: Call, media: MediaPort, setup: Setup<'a>) -> Self {
        let Setup { question, family, whole } = setup;
        Self {
            question,
            family,
            call,
            lines: vec![Some(line)],
            ways: Vec::new(),
            media,
            answer: Limits::of(&question.deadline),
            whole: Limits::of(&whole),
            is_leaving: false,
            has_redialled: false,
            called: Parts::default(),
        }
    }

    /// Makes the call and takes it back. The caller holds the end of the run off for so long.
    pub(crate) async fn run(mut self) -> Called {
        let started = Instant::now();
        loop {
            let now = Instant::now();
            let Limits { soft, hard } = self.limits();
            if now >= soft {
                self.leave();
            }
            let step = if now >= hard { Step::Over } else { self.call.poll(now) };
            let is_alive = match step {
                Step::Over => false,
                Step::Send(request) => self.send(&request).await,
                Step::Wait(until) => {
                    let until = if self.is_leaving { until } else { until.min(soft) };
                    self.hear(until.min(hard)).await
                }
            };
            if !is_alive {
                break;
            }
        }
        self.finish(started).await
    }

    fn limits(&self) -> Limits {
        if self.call.dialogs().next().is_some() { self.whole } else { self.answer }
    }

    fn leave(&mut self) {
        self.is_leaving = true;
        self.call.abandon();
    }

    /// Sends a request; whether there is still anybody to talk to.
    async fn send(&mut self, request: &CallRequest) -> bool {
        let mut index = self.line_for(&request.hop).await;
        loop {
            let template = self.call.template();
            let Some(line) = &mut self.lines[index] else { return false };
            let message = template.message(request, &line.via, false);
            let shown = template.message(request, &line.via, true);
            for (_, value) in &request.credentials {
                uac::response_in(value).into_iter().for_each(|secret| line.conceal(secret));
            }
            self.called.invites += u32::from(request.method == Method::Invite);
            self.called.events.push(Event::now(format!("sending {} {}", request.method.word(), request.uri)));
            match line.send(&message, &shown, &self.question.deadline).await {
                Ok(()) => return true,
                Err(failure) => {
                    if !self.recover(index, failure).await {
                        return false;
                    }
                    // A datagram that did not get through is sent again by its timer.
                    if index == 0 && !self.is_stream(0) {
                        return true;
                    }
                    index = 0;
                }
            }
        }
    }

    fn is_stream(&self, index: usize) -> bool {
        self.lines[index].as_ref().is_some_and(|line| line.transport.is_stream())
    }

    /// Which line leads there; that of the INVITE where no other can be had, because whoever cannot be reached may be behind
    /// whoever answered.
    async fn line_for(&mut self, hop: &Hop) -> usize {
        let (Hop::Uri(uri), Some(first)) = (hop, &self.lines[0]) else { return 0 };
        let transport = uri.transport_or(first.transport);
        let endpoint = uri.endpoint(transport);
        let known = self.ways.iter().find(|(way, to, _)| *way == transport && *to == endpoint);
        if let Some((_, _, index)) = known {
            return if self.lines[*index].is_some() { *index } else { 0 };
        }
        let is_there = |line: &Line| {
            let is_host = line.peer.address.ip().to_string() == endpoint.host || line.peer.host == endpoint.host;
            line.transport == transport && line.peer.address.port() == endpoint.port && is_host
        };
        let index = match self.lines.iter().position(|line| line.as_ref().is_some_and(is_there)) {
            Some(index) => index,
            None if self.lines.len() >= MAX_LINES => 0,
            None => match self.dial(&endpoint, transport).await {
                Some(line) => {
                    self.lines.push(Some(line));
                    self.lines.len() - 1
                }
                None => 0,
            },
        };
        self.ways.push((transport, endpoint, index));
        index
    }

    async fn dial(&mut self, endpoint: &Endpoint, transport: Transport) -> Option<Line> {
        let now = Instant::now();
        let share = self.limits().hard.saturating_duration_since(now) / 2;
        let mut question = self.question.to(&endpoint.host);
        question.deadline = Deadline::new(now, share.min(DIALLING));
        let location = Location::of_host(&endpoint.host, endpoint.port, transport, self.family);
        let (facts, connected) = probe::connect(&question, &location).await;
        self.called.events.extend(facts.events);
        match connected {
            Ok(connected) => Some(Line::over(connected)),
            Err(_) => {
                let text =
                    format!("no way to {}:{}, staying on the connection of the call", endpoint.host, endpoint.port);
                self.called.events.push(Event::now(text));
                None
            }
        }
    }

    /// Takes what comes until then; whether there is still anybody to talk to.
    async fn hear(&mut self, until: Instant) -> bool {
        let heard = timeout_at(until.into(), self.next()).await.unwrap_or(Heard::Nothing);
        match heard {
            Heard::Nothing => true,
            Heard::Signal(name) => {
                self.called.signal = Some(name);
                let hard = Instant::now() + SIGNALLED;
                for limits in [&mut self.answer, &mut self.whole] {
                    limits.hard = limits.hard.min(hard);
                }
                self.leave();
                true
            }
            Heard::Message(index, Ok(Some(frame))) => self.take(index, frame).await,
            Heard::Message(_, Ok(None)) => true,
            Heard::Message(index, Err(failure)) => self.recover(index, failure).await,
        }
    }

    async fn next(&mut self) -> Heard {
        let branch = self.call.branch_of_invite();
        let lines = self.lines.iter_mut().enumerate().filter_map(|(index, line)| Some((index, line.as_mut()?)));
        let messages = lines.map(|(index, line)| Box::pin(async move { (index, line.next(branch).await) }));
        let messages = select_all(messages.collect::<Vec<_>>());
        let media = async {
            loop {
                self.media.receive().await;
            }
        };
        let signal = async {
            match self.called.signal {
                // Once is enough.
                Some(_) => std::future::pending().await,
                None => ending::asked().await,
            }
        };
        // In this order: a flood of audio does not hide an answer.
        match select(messages, select(pin!(signal), pin!(media))).await {
            Either::Left((((index, message), _, _), _)) => Heard::Message(index, message),
            Either::Right((Either::Left((name, _)), _)) => Heard::Signal(name),
            Either::Right((Either::Right((never, _)), _)) => never,
        }
    }

    /// Takes a message of the line; whether there is still anybody to talk to.
    async fn take(&mut self, index: usize, frame: Frame) -> bool {
        let now = Instant::now();
        let Some(line) = &mut self.lines[index] else { return true };
        let is_ours = message::branch(&frame.head) == Some(self.call.branch_of_invite());
        let head = frame.head.clone();
        match Response::read(frame) {
            Ok(Some(response)) => {
                let (rang, was_final) = (self.call.ringing().is_some(), self.call.has_final());
                if !self.call.receive(&response, now) {
                    line.stray();
                    return true;
                }
                let (status, method) = (response.status_text(), &response.cseq.1);
                self.called.events.push(Event::now(format!("received {status} to {method}")));
                if method == Method::Invite.word() {
                    if !rang && self.call.ringing().is_some() {
                        self.called.rang_from = line.stranger();
                    }
                    if !was_final && self.call.has_final() {
                        self.called.stranger = line.stranger();
                    }
                    line.note_provisional(status);
                }
                true
            }
            Ok(None) => {
                let Some(reply) = self.call.request(&head, now) else {
                    line.stray();
                    return true;
                };
                let method = head.start_line.split(' ').next().unwrap_or_default().to_owned();
                self.called.events.push(Event::now(format!("answering {method} of the other side")));
                match line.send(&reply, &reply, &self.question.deadline).await {
                    Ok(()) => true,
                    Err(failure) => self.recover(index, failure).await,
                }
            }
            Err(source) => {
                let error = LinkError::Message { peer: line.peer.clone(), source };
                if is_ours {
                    self.called.unreadable.get_or_insert(error.into());
                }
                line.stray();
                true
            }
        }
    }

    /// Makes the best of a broken line; whether there is still anybody to talk to.
    async fn recover(&mut self, index: usize, failure: Failure) -> bool {
        if index > 0 {
            self.lines[index] = None;
            return self.lines[0].is_some();
        }
        let has_begun = self.call.last_provisional().is_some() || self.call.dialogs().next().is_some();
        self.called.failure.get_or_insert(failure);
        if !has_begun {
            return false;
        }
        if !self.is_stream(0) {
            // An ICMP error to one datagram: the next one may get through, and if not the timers end it.
            return true;
        }
        let Some(old) = self.lines[0].take() else { return false };
        if self.has_redialled || !self.call.is_open() {
            self.called.trace.extend(old.close().await);
            return false;
        }
        // RFC 3261 18.2.2 has the other side connect to us, where nobody listens: what is open is taken back another way.
        self.has_redialled = true;
        self.leave();
        let (address, transport, via) = (old.peer.address, old.transport, old.via.clone());
        self.called.trace.extend(old.close().await);
        let endpoint = Endpoint { host: address.ip().to_string(), port: address.port() };
        let Some(line) = self.dial(&endpoint, transport).await else { return false };
        // A CANCEL is known by the Via of its INVITE (RFC 3261 17.2.3).
        self.lines[0] = Some(line.known_as(via));
        self.call.repeat();
        true
    }

    async fn finish(mut self, started: Instant) -> Called {
        let waited = started.elapsed();
        let is_proceeding = self.call.last_provisional().is_some();
        let mut beside = String::new();
        for line in self.lines.iter_mut().flatten() {
            let unreadable = line.unreadable(is_proceeding);
            self.called.unreadable = self.called.unreadable.take().or(unreadable);
            beside += &line.beside();
        }
        for line in self.lines.into_iter().flatten() {
            self.called.trace.extend(line.close().await);
        }
        let Parts { failure, signal, unreadable, invites, stranger, rang_from, events, trace } = self.called;
        Called {
            call: self.call,
            started,
            failure,
            signal,
            unreadable,
            beside,
            invites,
            waited,
            media_packets: self.media.packets,
            stranger,
            rang_from,
            events,
            trace,
        }
    }
}

/// How long before its deadline of `timeout` a call is taken back.
pub(crate) fn release_time(timeout: Duration) -> Duration {
    RELEASE.min(timeout / 5)
}

/// How long before the deadline a call is taken back, at most; of a short deadline, the last fifth.
const RELEASE: Duration = Duration::from_secs(1);

/// How long taking back may last once a signal came.
const SIGNALLED: Duration = Duration::from_millis(350);

/// How long to try to reach whom the requests of a dialog should go to.
const DIALLING: Duration = Duration::from_secs(1);

/// How many connections one call has, at most.
const MAX_LINES: usize = 8;
