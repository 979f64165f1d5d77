//! What comes of one call, and is it taken back? A user agent client over as many connections as the call needs.
//!
//! Taking back begins early enough to be done by the deadline, and at once when a signal or the end of a connection says so.

use std::borrow::Cow;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::time::timeout_at;

use super::called::{Called, Log};
use super::line::Line;
use super::lines::{LineEvent, Lines, Told};
use super::machine::{Call, Step};
use super::message::{CallRequest, Method};
use crate::net::family::Family;
use crate::net::media::MediaPort;
use crate::report::{Event, Failure};
use crate::sip::framing::Frame;
use crate::sip::head::Head;
use crate::sip::link::LinkError;
use crate::sip::message::{self, Response};
use crate::sip::probe::Question;
use crate::sip::uac;
use crate::time::deadline::Deadline;
use crate::time::ending::{self, HeldOff};

/// What a call needs beside a line.
pub(crate) struct Setup<'a> {
    /// Whom, from whom, how to connect; by its deadline there must be an answer.
    pub question: Cow<'a, Question>,
    pub family: Family,
    /// By when all must be over, also what is to be kept.
    pub whole: Deadline,
    /// From here on somebody may have to be told that the call is over.
    pub held_off: HeldOff,
}

/// A call that is being made.
pub(crate) struct CallUac<'a> {
    /// What a message must be sent by.
    deadline: Deadline,
    /// When its INVITE was about to be sent.
    started: Instant,
    call: Call,
    lines: Lines<'a>,
    media: MediaPort,
    /// When the call is taken back if it has no answer by then, and when that must be over.
    answer: Limits,
    /// The same of a call that is answered.
    whole: Limits,
    is_leaving: bool,
    has_redialled: bool,
    /// Whether nothing of it is left, or nobody to talk to.
    is_over: bool,
    log: Log,
    _held_off: HeldOff,
}

/// When taking back begins, and when it must be over.
#[derive(Clone, Copy)]
struct Limits {
    soft: Instant,
    hard: Instant,
}

enum Heard {
    Line(LineEvent),
    Signal(&'static str),
    Nothing,
}

impl<'a> CallUac<'a> {
    /// A call over `line`; the audio is expected at `media`.
    pub(crate) fn over(line: Line, call: Call, media: MediaPort, setup: Setup<'a>) -> Self {
        let Setup { question, family, whole, held_off } = setup;
        Self {
            deadline: whole,
            started: Instant::now(),
            call,
            answer: Limits::of(&question.deadline),
            lines: Lines::over(line, question, family),
            media,
            whole: Limits::of(&whole),
            is_leaving: false,
            has_redialled: false,
            is_over: false,
            log: Log::default(),
            _held_off: held_off,
        }
    }

    /// Makes the call, until nothing of it is left, or nothing but to wait for who may answer behind its answer.
    pub(crate) async fn settle(&mut self) {
        while !self.is_over && !self.call.is_settled() {
            self.go_on().await;
        }
    }

    /// What is known by now.
    pub(crate) fn so_far(&self) -> Called {
        let (call, log, ended) = (self.call.clone(), self.log.clone(), Instant::now());
        Called { call, started: self.started, ended, media_packets: self.media.packets, log, further: Vec::new() }
    }

    /// Takes the call back, until nothing of it is left.
    pub(crate) async fn finish(mut self) -> Called {
        while !self.is_over {
            self.go_on().await;
        }
        self.close().await
    }

    /// Does what is to be done now, or waits for what comes.
    async fn go_on(&mut self) {
        let now = Instant::now();
        let Limits { soft, hard } = self.limits();
        if now >= soft {
            self.leave();
        }
        if self.is_leaving || self.call.is_cancelled() || self.call.has_final() {
            self.release_unread(now);
        }
        if let Some(index) = self.lines.silent_for_too_long(now) {
            return self.go_round(index, hard).await;
        }
        let step = if now >= hard { Step::Over } else { self.call.poll(now) };
        let is_alive = match step {
            Step::Over => false,
            Step::Send(request) => match self.lines.place(&request, hard) {
                Some(index) => self.send(index, &request).await,
                None => true,
            },
            Step::Wait(until) => {
                let until = if self.is_leaving { until } else { until.min(soft) };
                self.hear(self.lines.due().into_iter().fold(until.min(hard), Instant::min)).await
            }
        };
        self.is_over = !is_alive;
    }

    fn limits(&self) -> Limits {
        let is_answered = self.call.has_final() || self.call.dialogs().next().is_some();
        if is_answered { self.whole } else { self.answer }
    }

    fn leave(&mut self) {
        self.is_leaving = true;
        self.call.abandon();
    }

    /// Ends what a 2xx began that is no answer, because its body is not as its head says, once nothing better is waited for.
    fn release_unread(&mut self, now: Instant) {
        let branch = self.call.branch_of_invite();
        let responses: Vec<_> = self.lines.all().flat_map(|line| line.without_body(branch)).collect();
        for response in responses {
            self.call.receive_without_body(&response, now);
        }
    }

    /// Sends what somebody who is silent may have missed over the connection of the INVITE.
    async fn go_round(&mut self, index: usize, hard: Instant) {
        for request in self.call.unsettled() {
            if self.lines.place(&request, hard) == Some(index) && !self.send_over(0, &request).await {
                self.is_over = true;
                return;
            }
        }
    }

    /// Sends a request over a line, and over that of the INVITE as well where nobody seems to be at its end; whether there is
    /// still anybody to talk to.
    async fn send(&mut self, index: usize, request: &CallRequest) -> bool {
        let hard = self.limits().hard;
        let line = self.lines.get(index).filter(|_| index > 0);
        let is_both_ways = line.is_some_and(|line| line.silence.sending(request, Instant::now(), hard));
        self.send_over(index, request).await && (!is_both_ways || self.send_over(0, request).await)
    }

    /// Sends a request over a line; whether there is still anybody to talk to.
    async fn send_over(&mut self, index: usize, request: &CallRequest) -> bool {
        let Some(line) = self.lines.get(index) else { return self.lines.is_any() };
        let mut request = request.clone();
        request.credentials.retain(|_| line.may_see_credentials);
        let template = self.call.template();
        let message = template.message(&request, &line.via, false);
        let shown = template.message(&request, &line.via, true);
        for secret in request.credentials.iter().filter_map(|(_, value)| uac::response_in(value)) {
            self.lines.conceal(secret);
        }
        self.log.invites += u32::from(request.method == Method::Invite);
        self.log.events.push(Event::now(format!("sending {} {}", request.method.word(), request.uri)));
        let Some(line) = self.lines.get(index) else { return self.lines.is_any() };
        let mut sent = line.send(&message, &shown, &self.deadline).await;
        if sent.is_err() && !line.transport.is_stream() && request.method != Method::Invite {
            // The refusal of a datagram before it, which keeps the system from sending this one.
            sent = line.send(&message, &shown, &self.deadline).await;
        }
        match sent {
            Ok(()) => true,
            Err(failure) => self.recover(index, failure).await,
        }
    }

    /// Sends what waited for a line.
    async fn send_all(&mut self, index: usize, requests: Vec<CallRequest>) -> bool {
        for request in requests {
            if !self.send(index, &request).await {
                return false;
            }
        }
        true
    }

    /// Takes what comes until then; whether there is still anybody to talk to.
    async fn hear(&mut self, until: Instant) -> bool {
        let heard = timeout_at(until.into(), self.next()).await.unwrap_or(Heard::Nothing);
        match heard {
            Heard::Nothing | Heard::Line(LineEvent::Message(_, Ok(None))) => true,
            Heard::Signal(name) => self.end(name).await,
            Heard::Line(LineEvent::Message(index, Ok(Some(frame)))) => self.take(index, frame).await,
            Heard::Line(LineEvent::Message(index, Err(failure))) => self.recover(index, failure).await,
            Heard::Line(LineEvent::Dialled(way, dialled)) => {
                let (index, waited) = self.lines.dialled(way, *dialled);
                self.send_all(index, waited).await
            }
        }
    }

    /// Takes the call back because of a signal: nobody is waited for who was not reached by now.
    async fn end(&mut self, signal: &'static str) -> bool {
        self.log.signal = Some(signal);
        let hard = Instant::now() + SIGNALLED;
        for limits in [&mut self.answer, &mut self.whole] {
            limits.hard = limits.hard.min(hard);
        }
        self.leave();
        let waited = self.lines.hang_on_to_first(hard);
        self.send_all(0, waited).await
    }

    async fn next(&mut self) -> Heard {
        let line = self.lines.next(self.call.branch_of_invite());
        let media = async {
            loop {
                self.media.receive().await;
            }
        };
        let signal = async {
            match self.log.signal {
                // Once is enough.
                Some(_) => std::future::pending().await,
                None => ending::asked().await,
            }
        };
        // In this order: a flood of audio does not hide an answer.
        match select(pin!(line), select(pin!(signal), pin!(media))).await {
            Either::Left((event, _)) => Heard::Line(event),
            Either::Right((Either::Left((name, _)), _)) => Heard::Signal(name),
            Either::Right((Either::Right((never, _)), _)) => never,
        }
    }

    /// Takes a message of the line; whether there is still anybody to talk to.
    async fn take(&mut self, index: usize, frame: Frame) -> bool {
        let is_ours = message::branch(&frame.head) == Some(self.call.branch_of_invite());
        let head = frame.head.clone();
        match Response::read(frame) {
            Ok(Some(response)) => self.take_response(index, &response),
            Ok(None) => return self.answer(index, &head).await,
            Err(source) => {
                let Some(line) = self.lines.get(index) else { return true };
                let error = LinkError::Message { peer: line.peer.clone(), source };
                if is_ours {
                    self.log.unreadable.get_or_insert(error.into());
                }
                line.stray();
            }
        }
        true
    }

    fn take_response(&mut self, index: usize, response: &Response) {
        let Some(line) = self.lines.get(index) else { return };
        let (rang, was_final) = (self.call.ringing().is_some(), self.call.has_final());
        if !self.call.receive(response, line.may_see_credentials, Instant::now()) {
            line.stray();
            return;
        }
        let (status, method) = (response.status_text(), &response.cseq.1);
        self.log.events.push(Event::now(format!("received {status} to {method}")));
        if method == Method::Bye.word() {
            line.silence.end();
        }
        if method == Method::Invite.word() {
            if !rang && self.call.ringing().is_some() {
                self.log.rang_from = line.stranger();
            }
            if !was_final && self.call.has_final() {
                self.log.stranger = line.stranger();
            }
            line.note_provisional(status);
        }
    }

    /// Answers a request of the other side, if it is one of this call; whether there is still anybody to talk to.
    async fn answer(&mut self, index: usize, head: &Head) -> bool {
        let Some(line) = self.lines.get(index) else { return true };
        let Some(reply) = self.call.request(head, Instant::now()) else {
            line.stray();
            return true;
        };
        let method = head.start_line.split(' ').next().unwrap_or_default().to_owned();
        self.log.events.push(Event::now(format!("answering {method} of the other side")));
        match line.reply(&reply, head, &self.deadline).await {
            Ok(()) => true,
            Err(failure) => self.recover(index, failure).await,
        }
    }

    /// Makes the best of a broken line; whether there is still anybody to talk to.
    async fn recover(&mut self, index: usize, failure: Failure) -> bool {
        if index > 0 {
            // What went that way takes the connection of the INVITE from now on, and what has no answer goes again.
            self.lines.take(index);
            self.call.repeat_to_callees();
            return self.lines.is_any();
        }
        let is_stream = self.lines.get(0).is_some_and(|line| line.transport.is_stream());
        if is_stream {
            self.release_unread(Instant::now());
        }
        let has_begun = self.call.last_provisional().is_some() || self.call.dialogs().next().is_some();
        if is_stream && !self.is_leaving && self.call.is_kept() && self.call.has_final() {
            self.log.broken.get_or_insert_with(|| failure.clone());
        }
        self.log.failure.get_or_insert(failure);
        if !has_begun {
            return false;
        }
        if !is_stream {
            // An ICMP error to one datagram: the next one may get through, and if not the timers end it.
            return true;
        }
        let Some(old) = self.lines.take(0) else { return self.lines.is_any() };
        if self.has_redialled || !self.call.is_open() {
            self.log.trace.extend(old.close().await);
            return self.call.is_open() && self.lines.is_any();
        }
        // RFC 3261 18.2.2 has the other side connect to us, where nobody listens: what is open is taken back another way.
        self.has_redialled = true;
        self.leave();
        let hard = self.limits().hard;
        if let Some(signal) = self.lines.redial(old, hard).await {
            self.log.signal.get_or_insert(signal);
        }
        self.call.repeat();
        self.lines.is_any()
    }

    async fn close(mut self) -> Called {
        let ended = Instant::now();
        let is_proceeding = self.call.last_provisional().is_some();
        for line in self.lines.all() {
            let unreadable = line.unreadable(is_proceeding);
            self.log.unreadable = self.log.unreadable.take().or(unreadable);
            self.log.beside += &line.beside();
        }
        let Told { events, trace, further } = self.lines.close().await;
        self.log.events.extend(events);
        self.log.trace.extend(trace);
        let Self { call, started, media, log, .. } = self;
        Called { call, started, ended, media_packets: media.packets, log, further }
    }
}

impl Limits {
    fn of(deadline: &Deadline) -> Self {
        let hard = deadline.instant();
        Self { soft: hard - release_time(deadline.timeout()), hard }
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

#[cfg(test)]
mod tests;
