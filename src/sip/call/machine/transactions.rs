//! What do the transactions of a call mean for it? Those of its INVITE, CANCEL and BYE (RFC 3261 13, 9, 15).

use std::time::{Duration, Instant};

use super::{Call, Cancel, State, Until, branch};
use crate::sip::address;
use crate::sip::call::dialog::Dialog;
use crate::sip::call::exchange::Exchange;
use crate::sip::call::leg::Leg;
use crate::sip::call::message::{CallRequest, Hop, Method, clean};
use crate::sip::call::offer;
use crate::sip::digest::Signed;
use crate::sip::message::{Response, name_addr};
use crate::sip::transaction::T1;

impl Call {
    /// Takes the call back where that is wanted and allowed.
    pub(super) fn decide(&mut self, now: Instant) {
        let is_enough = self.is_abandoned || self.wish.until == Until::Ringing && self.ringing.is_some();
        // RFC 3261 9.1: no CANCEL before a provisional response, which the other side might not understand.
        if is_enough && self.state == State::Proceeding && self.cancel.is_none() {
            let (branch, cseq) = (self.invite.branch.clone(), self.invite.cseq);
            let exchange = Exchange::of_other(branch, cseq, self.transport.is_stream(), now);
            self.cancel = Some(Cancel { exchange, is_answered: false, refused: None });
            self.outbox.push_back(self.outside(Method::Cancel));
        }
        for index in 0..self.legs.len() {
            if self.legs[index].is_to_end(now, is_enough) {
                self.hang_up(index, Vec::new(), now);
            }
            self.legs[index].give_up(now);
        }
    }

    pub(super) fn receive_current(&mut self, response: &Response, now: Instant) {
        let is_waiting = matches!(self.state, State::Calling | State::Proceeding);
        match response.status {
            ..200 if is_waiting => {
                self.state = State::Proceeding;
                self.invite.proceed();
                if (180..190).contains(&response.status) && self.ringing.is_none() {
                    self.ringing = Some((now, response.clone()));
                }
                self.note_early(response);
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

    /// Notes the session description of a provisional response: where it is the first one of that callee, it is the answer to
    /// our offer already (RFC 3261 13.2.1).
    fn note_early(&mut self, response: &Response) {
        let tag = callee(response);
        let is_new = self.early.len() < MAX_EARLY && self.early.iter().all(|(known, _)| known != tag);
        if let (true, Ok(description)) = (is_new, offer::description(&response.head, &response.body)) {
            self.early.push((tag.to_owned(), description.to_vec()));
        }
    }

    /// Takes a 2xx: the first one of a callee makes a dialog, and each of them wants its ACK (RFC 3261 13.2.2.4).
    pub(super) fn accept(&mut self, response: &Response, now: Instant) {
        let dialog = Dialog::of(response);
        if let Some(leg) = self.legs.iter().find(|leg| leg.dialog.remote_tag == dialog.remote_tag) {
            self.outbox.push_back(leg.ack.clone());
            return;
        }
        if self.legs.len() >= MAX_LEGS {
            self.left_out = self.left_out.saturating_add(1);
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
    pub(super) fn is_earlier(&self, branch: &str, cseq: u32) -> bool {
        self.refused.iter().any(|ack| (ack.branch.as_str(), ack.cseq) == (branch, cseq))
    }

    /// The ACK of an INVITE whose final response comes again.
    pub(super) fn acknowledge_again(&mut self, branch: &str, cseq: u32) -> bool {
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

    /// Takes a response to BYE; whether it is one to ours.
    pub(super) fn receive_of_bye(&mut self, response: &Response, may_see_credentials: bool, now: Instant) -> bool {
        let branch = response.branch().unwrap_or_default();
        let is_asked = |leg: &Leg| leg.waits_for(branch, response.cseq.0);
        let Some(index) = self.legs.iter().position(is_asked) else { return false };
        let uri = self.legs[index].dialog.path(&self.template.uri).uri;
        let signed = Signed { method: Method::Bye.word(), uri: &uri };
        let answers = match may_see_credentials && !self.legs[index].is_authorized() {
            true => self.authorization.answer_once(response, signed, &self.invite.branch),
            false => None,
        };
        match answers {
            Some(answers) => self.hang_up(index, answers, now),
            None => self.legs[index].receive(response, now),
        }
        true
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
    pub(super) fn outside(&self, method: Method) -> CallRequest {
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

    /// A fresh branch.
    fn branch(&mut self) -> String {
        self.branches += 1;
        branch(&self.template, self.branches)
    }

    /// When there is something to do next; `None` when nothing is left.
    pub(super) fn wakes(&self, now: Instant) -> Option<Instant> {
        let wakes = match (self.state, &self.cancel) {
            (State::Calling, _) if self.is_abandoned => Some(self.invite.given_up),
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

    /// Until when another callee's 2xx may still come, which crosses the end of the first or the refusal of the whole (RFC 3261
    /// 16.7: a proxy sends each on as it comes), and over UDP a refusal whose ACK was lost.
    fn quiet_from(&self) -> Option<Instant> {
        let refused = self.final_response.as_ref().filter(|(_, response)| response.status >= 300);
        self.legs.iter().filter_map(Leg::ended_at).chain(refused.map(|(at, _)| *at)).max().map(|at| at + T1)
    }
}

/// Whose response it is: the tag of To.
pub(super) fn callee(response: &Response) -> &str {
    response.head.value("To").and_then(address::tag).unwrap_or_default()
}

/// How many callees' provisional session descriptions are kept.
const MAX_EARLY: usize = 8;

/// How many callees of one INVITE are released.
const MAX_LEGS: usize = 64;

/// How long to wait where only the other side can end it.
const A_WHILE: Duration = Duration::from_secs(60);
