//! What is to be sent next, so that a call gets its answer and none is left behind? RFC 3261 13, 9 and 15, for one INVITE.
//!
//! No socket and no clock: [`Call::poll`] says what to do at a moment, [`Call::receive`] and [`Call::request`] take what
//! came. Whatever comes in whatever order: each 2xx is acknowledged as often as it comes, each dialog is ended by BYE, and an
//! INVITE that nobody wants answered any more is cancelled as soon as a provisional response allows it.

pub(crate) mod outcome;
mod transactions;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::authorization::Authorization;
use super::exchange::Exchange;
use super::leg::{Ended, Leg};
use super::message::{CallRequest, Method, Template};
use crate::sip::address;
use crate::sip::digest::Credentials;
use crate::sip::head::Head;
use crate::sip::message::Response;
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
#[derive(Clone, Debug)]
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
    /// The first session description in each callee's provisional responses, by its tag.
    early: Vec<(String, Vec<u8>)>,
    ringing: Option<(Instant, Response)>,
    final_response: Option<(Instant, Response)>,
    is_abandoned: bool,
    /// Callees that answered beyond those that are released.
    left_out: u32,
    branches: u32,
    /// Retransmissions of requests that are over.
    retransmissions: u32,
}

#[derive(Clone, Debug)]
struct Cancel {
    exchange: Exchange,
    is_answered: bool,
    /// The status that it was refused with.
    refused: Option<String>,
}

impl Call {
    /// A call whose INVITE is about to be sent, over `transport` and at `now`.
    pub(crate) fn new(template: Template, wish: Wish, transport: Transport, now: Instant) -> Self {
        let invite = Exchange::of_invite(branch(&template, 1), template.cseq, transport.is_stream(), now);
        let mut call = Self {
            transport,
            started: now,
            state: State::Calling,
            invite,
            authorization: Authorization::of(wish.credentials.clone()),
            refused: Vec::new(),
            cancel: None,
            legs: Vec::new(),
            outbox: VecDeque::new(),
            last_provisional: None,
            early: Vec::new(),
            ringing: None,
            final_response: None,
            is_abandoned: false,
            left_out: 0,
            branches: 1,
            retransmissions: 0,
            template,
            wish,
        };
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
        self.outbox.extend(self.legs.iter().filter(|leg| leg.is_ending()).flat_map(Leg::unsettled));
    }

    /// Sends to each callee that is not released what it may have missed: there was no way to it.
    pub(crate) fn repeat_to_callees(&mut self) {
        self.outbox.extend(self.unsettled());
    }

    /// What callees that are not released may have missed.
    pub(crate) fn unsettled(&self) -> Vec<CallRequest> {
        self.legs.iter().flat_map(Leg::unsettled).collect()
    }

    /// What to do at `now`. After [`Step::Send`] the request counts as sent.
    pub(crate) fn poll(&mut self, now: Instant) -> Step {
        self.decide(now);
        if let Some(request) = self.outbox.pop_front() {
            return Step::Send(request);
        }
        // What is given up already must not be what makes the call.
        if self.state == State::Calling && !self.is_abandoned && self.invite.is_due(now) {
            return Step::Send(self.outside(Method::Invite));
        }
        if self.state == State::Proceeding && self.cancel.as_mut().is_some_and(|cancel| cancel.is_due(now)) {
            return Step::Send(self.outside(Method::Cancel));
        }
        if let Some(bye) = self.legs.iter_mut().find_map(|leg| leg.repeat(now)) {
            return Step::Send(bye);
        }
        self.wakes(now).map_or(Step::Over, Step::Wait)
    }

    /// Takes a response that came from somebody who `may_see_credentials` or not; whether it is one to this call.
    pub(crate) fn receive(&mut self, response: &Response, may_see_credentials: bool, now: Instant) -> bool {
        let (head, branch) = (&response.head, response.branch().unwrap_or_default());
        // RFC 3261 12.1.2: what tells a dialog from others is the tag of From, too.
        let is_of_another =
            |from: &str| address::tag(from).is_some_and(|tag| !tag.eq_ignore_ascii_case(&self.template.tag));
        if head.value("Call-ID") != Some(&self.template.call_id) || head.value("From").is_some_and(is_of_another) {
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
                if response.status >= 300 {
                    cancel.refused.get_or_insert_with(|| response.status_text());
                }
            }
            "BYE" => return self.receive_of_bye(response, may_see_credentials, now),
            _ => return false,
        }
        true
    }

    /// Takes a 2xx that has not the body that it should have: it is no answer, but whoever sent it believes in a call.
    pub(crate) fn receive_without_body(&mut self, response: &Response, now: Instant) {
        if (200..300).contains(&response.status) && response.cseq.1 == Method::Invite.word() {
            let final_response = self.final_response.clone();
            self.receive(response, false, now);
            self.final_response = final_response;
        }
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

impl Cancel {
    /// Whether it is to be sent again at `now`.
    fn is_due(&mut self, now: Instant) -> bool {
        !self.is_answered && self.exchange.is_due(now)
    }
}

/// The branch of the request of this number; the tag in it makes it unique in space and time (RFC 3261 8.1.1.7).
fn branch(template: &Template, number: u32) -> String {
    format!("z9hG4bK{}.{}.{number}", template.tag, template.cseq)
}

#[cfg(test)]
pub(crate) mod tests;
