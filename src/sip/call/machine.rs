//! What is to be sent next, so that a call gets its answer and none is left behind? RFC 3261 13, 9 and 15, for one INVITE.
//!
//! No socket and no clock: [`Call::poll`] says what to do at a moment, [`Call::receive`] and [`Call::request`] take what
//! came. Whatever comes in whatever order: each 2xx is acknowledged as often as it comes, each dialog is ended by BYE, and an
//! INVITE that nobody wants answered any more is cancelled as soon as a provisional response allows it.

pub(crate) mod outcome;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::authorization::Authorization;
use super::dialog::Dialog;
use super::exchange::Exchange;
use super::leg::{Ended, Leg};
use super::message::{CallRequest, Hop, Method, Template, clean, name_addr};
use crate::sip::address;
use crate::sip::digest::{Credentials, Signed};
use crate::sip::head::Head;
use crate::sip::message::Response;
use crate::sip::transaction::T1;
use crate::sip::transport::Transport;

/// What is wanted of the call.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub until: Until,
    /// How long an answered call is kept.
    pub hold: Duration,
    /// For a challenge.
    pub credentials: Option<Credentials>,
}

/// What is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Until {
    /// A final response.
    #[default]
    Answer,
    /// A provisional response that says that it rings (18x); then the call is cancelled.
    Ringing,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Send(CallRequest),
    /// Nothing before this instant, but for what comes.
    Wait(Instant),
    /// Nothing of the call is left, or nothing that could be released.
    Over,
}

/// The INVITE client transaction (RFC 3261 17.1.1, RFC 6026).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Calling,
    Proceeding,
    /// A final response other than 2xx came.
    Completed,
    /// A 2xx came.
    Accepted,
}

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    template: Template,
    wish: Wish,
    transport: Transport,
    started: Instant,
    state: State,
    invite: Exchange,
    authorization: Authorization,
    /// The ACK of each INVITE that had another final response than 2xx.
    refused: Vec<CallRequest>,
    cancel: Option<Cancel>,
    legs: Vec<Leg>,
    outbox: VecDeque<CallRequest>,
    last_provisional: Option<Response>,
    ringing: Option<(Instant, Response)>,
    final_response: Option<(Instant, Response)>,
    is_abandoned: bool,
    branches: u32,
    /// Retransmissions of requests that are over.
    retransmissions: u32,
}

#[derive(Debug)]
struct Cancel {
    exchange: Exchange,
    is_answered: bool,
}

impl Call {
    /// A call whose INVITE is about to be sent, over `transport` and at `now`.
    pub(crate) fn new(template: Template, wish: Wish, transport: Transport, now: Instant) -> Self {
        let is_stream = transport.is_stream();
        let mut call = Self {
            transport,
            started: now,
            state: State::Calling,
            invite: Exchange::of_invite(String::new(), template.cseq, is_stream, now),
            authorization: Authorization::of(wish.credentials.clone()),
            refused: Vec::new(),
            cancel: None,
            legs: Vec::new(),
            outbox: VecDeque::new(),
            last_provisional: None,
            ringing: None,
            final_response: None,
            is_abandoned: false,
            branches: 0,
            retransmissions: 0,
            template,
            wish,
        };
        call.invite.branch = call.branch();
        call.outbox.push_back(call.outside(Method::Invite));
        call
    }

    /// Wants no answer any more: the call is taken back as soon as it can be.
    pub(crate) fn abandon(&mut self) {
        self.is_abandoned = true;
    }

    /// Sends once more what is not answered: it may have been lost with a connection.
    pub(crate) fn repeat(&mut self) {
        if self.state == State::Proceeding && self.cancel.as_ref().is_some_and(|cancel| !cancel.is_answered) {
            self.outbox.push_back(self.outside(Method::Cancel));
        }
        self.outbox.extend(self.legs.iter().flat_map(Leg::unsettled));
    }

    /// What to do at `now`. After [`Step::Send`] the request counts as sent.
    pub(crate) fn poll(&mut self, now: Instant) -> Step {
        self.decide(now);
        if let Some(request) = self.outbox.pop_front() {
            return Step::Send(request);
        }
        if self.state == State::Calling && self.invite.is_due(now) {
            return Step::Send(self.outside(Method::Invite));
        }
        if self.state == State::Proceeding && self.cancel.as_mut().is_some_and(Cancel::needs(now)) {
            return Step::Send(self.outside(Method::Cancel));
        }
        if let Some(bye) = self.legs.iter_mut().find_map(|leg| leg.repeat(now)) {
            return Step::Send(bye);
        }
        self.wakes(now).map_or(Step::Over, Step::Wait)
    }

    /// Takes a response; whether it is one to this call.
    pub(crate) fn receive(&mut self, response: &Response, now: Instant) -> bool {
        let (head, branch) = (&response.head, response.branch().unwrap_or_default());
        if head.value("Call-ID") != Some(&self.template.call_id) {
            return false;
        }
        let (cseq, method) = (response.cseq.0, response.cseq.1.as_str());
        match method {
            "INVITE" if (branch, cseq) == (&self.invite.branch, self.invite.cseq) => {
                self.receive_current(response, now)
            }
            // A fork's 2xx may cross the refusal of the whole.
            "INVITE" if (200..300).contains(&response.status) && self.is_earlier(branch, cseq) => {
                self.accept(response, now);
            }
            "INVITE" => return self.acknowledge_again(branch, cseq),
            "CANCEL" if (branch, cseq) == (&self.invite.branch, self.invite.cseq) => {
                let Some(cancel) = &mut self.cancel else { return false };
                cancel.exchange.proceed();
                cancel.is_answered |= !response.is_provisional();
            }
            "BYE" => {
                let Some(leg) = self.legs.iter().position(|leg| leg.waits_for(branch, cseq)) else { return false };
                self.receive_of_bye(leg, response, now);
            }
            _ => return false,
        }
        true
    }

    /// Takes a request; our answer to it, if it is one of this call that wants one.
    pub(crate) fn request(&mut self, head: &Head, now: Instant) -> Option<String> {
        let method = head.start_line.split(' ').next()?;
        if head.value("Call-ID") != Some(&self.template.call_id) || method == "ACK" {
            return None;
        }
        let tag = |name: &str| head.value(name).and_then(address::tag).unwrap_or_default();
        let is_ours = |leg: &&mut Leg| tag("To") == self.template.tag && tag("From") == leg.dialog.remote_tag;
        let status = match (self.legs.iter_mut().find(is_ours), method) {
            (Some(leg), "BYE") => {
                leg.end(Ended::ByCallee(now));
                "200 OK"
            }
            (Some(_), "OPTIONS" | "INFO") => "200 OK",
            // RFC 3261 14.2: the session stays as it is.
            (Some(_), "INVITE" | "UPDATE") => "488 Not Acceptable Here",
            (Some(_), _) => "405 Method Not Allowed",
            (None, _) => "481 Call/Transaction Does Not Exist",
        };
        Some(self.template.reply(head, status))
    }
}

/// What the transactions mean.
impl Call {
    /// Takes the call back where that is wanted and allowed.
    fn decide(&mut self, now: Instant) {
        let is_enough = self.is_abandoned || self.wish.until == Until::Ringing && self.ringing.is_some();
        // RFC 3261 9.1: no CANCEL before a provisional response, which the other side might not understand.
        if is_enough && self.state == State::Proceeding && self.cancel.is_none() {
            let (branch, cseq) = (self.invite.branch.clone(), self.invite.cseq);
            let exchange = Exchange::of_other(branch, cseq, self.transport.is_stream(), now);
            self.cancel = Some(Cancel { exchange, is_answered: false });
            self.outbox.push_back(self.outside(Method::Cancel));
        }
        for index in 0..self.legs.len() {
            if self.legs[index].is_to_end(now, is_enough) {
                self.hang_up(index, Vec::new(), now);
            }
            self.legs[index].give_up(now);
        }
    }

    fn receive_current(&mut self, response: &Response, now: Instant) {
        let is_waiting = matches!(self.state, State::Calling | State::Proceeding);
        match response.status {
            ..200 if is_waiting => {
                self.state = State::Proceeding;
                self.invite.proceed();
                if (180..190).contains(&response.status) && self.ringing.is_none() {
                    self.ringing = Some((now, response.clone()));
                }
                self.last_provisional = Some(response.clone());
            }
            ..200 => {}
            200..300 => {
                self.accept(response, now);
                self.state = State::Accepted;
                self.final_response.get_or_insert_with(|| (now, response.clone()));
            }
            _ if !is_waiting => _ = self.acknowledge_again(&self.invite.branch.clone(), self.invite.cseq),
            _ => {
                // RFC 3261 17.1.1.3: the ACK belongs to the INVITE's transaction.
                let to = clean(response.head.value("To").unwrap_or_default());
                let ack = CallRequest { to, credentials: Vec::new(), ..self.outside(Method::Ack) };
                self.outbox.push_back(ack.clone());
                self.refused.push(ack);
                if !self.try_again(response, now) {
                    self.state = State::Completed;
                    self.final_response.get_or_insert_with(|| (now, response.clone()));
                }
            }
        }
    }

    /// Takes a 2xx: the first one of a callee makes a dialog, and each of them wants its ACK (RFC 3261 13.2.2.4).
    fn accept(&mut self, response: &Response, now: Instant) {
        let dialog = Dialog::of(response);
        if let Some(leg) = self.legs.iter().find(|leg| leg.dialog.remote_tag == dialog.remote_tag) {
            self.outbox.push_back(leg.ack.clone());
            return;
        }
        if self.legs.len() >= MAX_LEGS {
            return;
        }
        let cseq = response.cseq.0;
        let is_awaited = cseq == self.invite.cseq && matches!(self.state, State::Calling | State::Proceeding);
        let is_wanted = is_awaited && self.legs.is_empty() && self.cancel.is_none();
        let path = dialog.path(&self.template.uri);
        let ack = CallRequest {
            method: Method::Ack,
            uri: path.uri,
            routes: path.routes,
            branch: self.branch(),
            to: dialog.remote.clone(),
            cseq,
            credentials: self.authorization.answers().to_vec(),
            hop: path.hop,
        };
        self.outbox.push_back(ack.clone());
        let hold = if is_wanted { self.wish.hold } else { Duration::ZERO };
        self.legs.push(Leg::new(dialog, ack, now, hold));
    }

    /// Whether this INVITE was refused already.
    fn is_earlier(&self, branch: &str, cseq: u32) -> bool {
        self.refused.iter().any(|ack| (ack.branch.as_str(), ack.cseq) == (branch, cseq))
    }

    /// The ACK of an INVITE whose final response comes again.
    fn acknowledge_again(&mut self, branch: &str, cseq: u32) -> bool {
        let ack = self.refused.iter().find(|ack| (ack.branch.as_str(), ack.cseq) == (branch, cseq));
        self.outbox.extend(ack.cloned());
        ack.is_some()
    }

    /// Sends the INVITE again with an answer to the challenge of `response`, if it is one that can be answered.
    fn try_again(&mut self, response: &Response, now: Instant) -> bool {
        if self.is_abandoned || self.cancel.is_some() {
            return false;
        }
        let cnonce = self.branch();
        let signed = Signed { method: Method::Invite.word(), uri: &self.template.uri };
        if !self.authorization.answer(response, signed, &cnonce) {
            return false;
        }
        self.retransmissions += self.invite.retransmissions;
        let (branch, cseq) = (self.branch(), self.invite.cseq + 1);
        self.invite = Exchange::of_invite(branch, cseq, self.transport.is_stream(), now);
        self.state = State::Calling;
        self.outbox.push_back(self.outside(Method::Invite));
        true
    }

    fn receive_of_bye(&mut self, index: usize, response: &Response, now: Instant) {
        let uri = self.legs[index].dialog.path(&self.template.uri).uri;
        let signed = Signed { method: Method::Bye.word(), uri: &uri };
        let answers = match self.legs[index].is_authorized() {
            true => None,
            false => self.authorization.answer_once(response, signed, &self.invite.branch),
        };
        match answers {
            Some(answers) => self.hang_up(index, answers, now),
            None => self.legs[index].receive(response, now),
        }
    }

    /// Sends the BYE of a leg.
    fn hang_up(&mut self, index: usize, credentials: Vec<(&'static str, String)>, now: Instant) {
        let branch = self.branch();
        let leg = &mut self.legs[index];
        let path = leg.dialog.path(&self.template.uri);
        let transport = match &path.hop {
            Hop::Peer => self.transport,
            Hop::Uri(uri) => uri.transport_or(self.transport),
        };
        let exchange = Exchange::of_other(branch, leg.next_cseq(), transport.is_stream(), now);
        self.outbox.push_back(leg.hang_up(exchange, path, credentials));
    }

    /// A request outside of a dialog: INVITE itself, its CANCEL, the ACK of a refusal. RFC 3261 9.1 and 17.1.1.3 want them alike.
    fn outside(&self, method: Method) -> CallRequest {
        CallRequest {
            method,
            uri: self.template.uri.clone(),
            routes: self.template.routes.clone(),
            branch: self.invite.branch.clone(),
            to: name_addr(&self.template.to),
            cseq: self.invite.cseq,
            credentials: if method == Method::Invite { self.authorization.answers().to_vec() } else { Vec::new() },
            hop: Hop::Peer,
        }
    }

    /// A fresh branch; the tag in it makes it unique in space and time (RFC 3261 8.1.1.7).
    fn branch(&mut self) -> String {
        self.branches += 1;
        format!("z9hG4bK{}.{}.{}", self.template.tag, self.template.cseq, self.branches)
    }

    /// When there is something to do next; `None` when nothing is left.
    fn wakes(&self, now: Instant) -> Option<Instant> {
        let wakes = match (self.state, &self.cancel) {
            (State::Calling, _) => Some(self.invite.wakes()),
            (State::Proceeding, None) => Some(now + A_WHILE),
            // RFC 3261 9.1: whoever does not answer by then never will.
            (State::Proceeding, Some(cancel)) if cancel.is_answered => Some(cancel.exchange.given_up),
            (State::Proceeding, Some(cancel)) => Some(cancel.exchange.wakes()),
            _ => None,
        };
        let wakes = wakes.into_iter().chain(self.legs.iter().filter_map(Leg::wakes)).filter(|at| *at > now).min();
        wakes.or_else(|| self.quiet_from().filter(|at| *at > now))
    }

    /// Until when another callee's 2xx may still come: those of a forked INVITE cross the release of the first.
    fn quiet_from(&self) -> Option<Instant> {
        let cancelled = self.cancel.as_ref().and(self.final_response.as_ref()).map(|(at, _)| *at);
        self.legs.iter().filter_map(Leg::ended_at).chain(cancelled).max().map(|at| at + T1)
    }
}

impl Cancel {
    /// Whether it is to be sent again at `now`.
    fn needs(now: Instant) -> impl FnOnce(&mut Self) -> bool {
        move |cancel| !cancel.is_answered && cancel.exchange.is_due(now)
    }
}

/// How many callees may answer one INVITE.
const MAX_LEGS: usize = 64;

/// How long to wait where only the other side can end it.
const A_WHILE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
