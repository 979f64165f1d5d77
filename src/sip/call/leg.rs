//! Is one callee's part of a call over? A dialog from its 2xx to the answer to BYE (RFC 3261 15).

use std::time::{Duration, Instant};

use super::dialog::{Dialog, Path};
use super::exchange::Exchange;
use super::message::{CallRequest, Method};
use crate::sip::message::Response;

/// One callee that answered.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub dialog: Dialog,
    /// What every 2xx of it is answered with.
    pub ack: CallRequest,
    /// How it ended, when it has.
    pub ended: Option<Ended>,
    accepted: Instant,
    /// When it is to be ended.
    ends: Instant,
    bye: Option<(CallRequest, Exchange)>,
    /// When the first BYE was sent.
    released: Option<Instant>,
    retransmissions: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Answered(Instant),
    /// The callee refused BYE with this status.
    Refused(Instant, String),
    /// The callee sent BYE.
    ByCallee(Instant),
    Unanswered,
}

impl Leg {
    /// A callee that answered at `now` and is to be kept for `hold`.
    pub(crate) fn new(dialog: Dialog, ack: CallRequest, now: Instant, hold: Duration) -> Self {
        Self {
            dialog,
            ack,
            ended: None,
            accepted: now,
            ends: now + hold,
            bye: None,
            released: None,
            retransmissions: 0,
        }
    }

    /// Whether BYE is to be sent at `now`, or at once if the call is to be taken back.
    pub(crate) fn is_to_end(&self, now: Instant, at_once: bool) -> bool {
        self.is_kept() && (at_once || self.ends <= now)
    }

    /// Whether neither side has ended it.
    pub(crate) const fn is_kept(&self) -> bool {
        self.bye.is_none() && self.ended.is_none()
    }

    /// The BYE to be sent.
    pub(crate) fn hang_up(
        &mut self,
        exchange: Exchange,
        path: Path,
        credentials: Vec<(&'static str, String)>,
    ) -> CallRequest {
        let (branch, cseq) = (exchange.branch.clone(), exchange.cseq);
        let Path { uri, routes, hop } = path;
        let to = self.dialog.remote.clone();
        let bye = CallRequest { method: Method::Bye, uri, routes, branch, to, cseq, credentials, hop };
        self.released.get_or_insert(exchange.started);
        self.retransmissions += self.bye.as_ref().map_or(0, |(_, exchange)| exchange.retransmissions);
        self.bye = Some((bye.clone(), exchange));
        bye
    }

    /// The number of its next request.
    pub(crate) fn next_cseq(&self) -> u32 {
        self.bye.as_ref().map_or(self.ack.cseq, |(bye, _)| bye.cseq) + 1
    }

    /// Whether its BYE answers a challenge.
    pub(crate) fn is_authorized(&self) -> bool {
        self.bye.as_ref().is_some_and(|(bye, _)| !bye.credentials.is_empty())
    }

    pub(crate) fn waits_for(&self, branch: &str, cseq: u32) -> bool {
        self.bye.as_ref().is_some_and(|(bye, _)| (bye.branch.as_str(), bye.cseq) == (branch, cseq))
    }

    /// Takes a response to BYE.
    pub(crate) fn receive(&mut self, response: &Response, now: Instant) {
        match response.status {
            ..200 => self.bye.iter_mut().for_each(|(_, exchange)| exchange.proceed()),
            // RFC 3261 15.1.1: without a dialog there it is over. A 408 is of a proxy, to which nobody has answered either.
            200..300 | 481 => self.end(Ended::Answered(now)),
            _ => self.end(Ended::Refused(now, response.status_text())),
        }
    }

    /// How it ended; what came first stands.
    pub(crate) fn end(&mut self, ended: Ended) {
        self.ended.get_or_insert(ended);
    }

    /// The BYE, if it is to be sent again at `now`.
    pub(crate) fn repeat(&mut self, now: Instant) -> Option<CallRequest> {
        let (bye, exchange) = self.bye.as_mut().filter(|_| self.ended.is_none())?;
        exchange.is_due(now).then(|| bye.clone())
    }

    /// What a callee that was not reached may have missed.
    pub(crate) fn unsettled(&self) -> Vec<CallRequest> {
        if self.ended.is_some() {
            return Vec::new();
        }
        std::iter::once(&self.ack).chain(self.bye.as_ref().map(|(bye, _)| bye)).cloned().collect()
    }

    /// Whether its BYE waits for an answer.
    pub(crate) const fn is_ending(&self) -> bool {
        self.bye.is_some() && self.ended.is_none()
    }

    /// Waits no longer for who does not answer (Timer F).
    pub(crate) fn give_up(&mut self, now: Instant) {
        if self.bye.as_ref().is_some_and(|(_, exchange)| exchange.given_up <= now) {
            self.end(Ended::Unanswered);
        }
    }

    /// When there is something to do next.
    pub(crate) fn wakes(&self) -> Option<Instant> {
        let wakes = self.bye.as_ref().map_or(self.ends, |(_, exchange)| exchange.wakes());
        self.ended.is_none().then_some(wakes)
    }

    /// When the first BYE was sent, if one was.
    pub(crate) const fn released(&self) -> Option<Instant> {
        self.released
    }

    pub(crate) const fn ended_at(&self) -> Option<Instant> {
        match &self.ended {
            Some(Ended::Answered(at) | Ended::Refused(at, _) | Ended::ByCallee(at)) => Some(*at),
            Some(Ended::Unanswered) | None => None,
        }
    }

    /// For how long it lasted until `now`, or until either side ended it.
    pub(crate) fn lasted(&self, now: Instant) -> Duration {
        self.released.or(self.ended_at()).unwrap_or(now).saturating_duration_since(self.accepted)
    }

    /// After how long the callee ended it, before we would have.
    pub(crate) fn hung_up(&self) -> Option<Duration> {
        match self.ended {
            Some(Ended::ByCallee(at)) if self.bye.is_none() => Some(at.saturating_duration_since(self.accepted)),
            _ => None,
        }
    }

    pub(crate) fn retransmissions(&self) -> u32 {
        self.retransmissions + self.bye.as_ref().map_or(0, |(_, exchange)| exchange.retransmissions)
    }
}
