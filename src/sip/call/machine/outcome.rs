//! What came of a call, and of taking it back?

use std::time::{Duration, Instant};

use super::transactions::callee;
use super::{Call, Cancel, State, Until};
use crate::sip::call::authorization::Unauthorized;
use crate::sip::call::dialog::Dialog;
use crate::sip::call::leg::{Ended, Leg};
use crate::sip::call::message::Template;
use crate::sip::call::offer::{self, Unheard};
use crate::sip::message::Response;

/// What came of the call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict<'a> {
    /// The final response, so long after the INVITE.
    Final(&'a Response, Duration),
    /// It rang, and that was enough.
    Ringing(&'a Response, Duration),
    /// No final response in time.
    Nothing,
}

/// What came of taking the call back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// There was nothing to take back.
    NotNeeded,
    /// From the first BYE or CANCEL to the last answer.
    Done(Duration),
    /// It may still be there.
    Open(Open),
}

/// Why a call may still be there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Open {
    #[error("BYE was refused with {0}")]
    Refused(String),
    #[error("no answer to BYE")]
    ByeUnanswered,
    /// The same in the words of a proxy.
    #[error("no answer to BYE but {0}")]
    ByeLost(String),
    /// It was answered, and there was no way or no time to say that it is over.
    #[error("no BYE could be sent")]
    ByeUnsent,
    #[error("no final response after CANCEL")]
    CancelUnanswered,
    #[error("CANCEL was refused with {0}, and no final response came")]
    CancelRefused(String),
    /// It rang or was worked on, and there was no way or no time to say that it is over.
    #[error("no CANCEL could be sent")]
    CancelUnsent,
    /// RFC 3261 9.1: without a provisional response nothing is cancelled.
    #[error("the INVITE had no answer and could not be cancelled")]
    NotCancelled,
    #[error("{0} callees more answered than are released")]
    TooMany(u32),
}

impl Call {
    /// What came of it. Of a final response to an INVITE that was cancelled nobody knows what it would have been.
    pub(crate) fn verdict(&self) -> Verdict<'_> {
        let since = |at: &Instant| at.saturating_duration_since(self.started);
        match (&self.ringing, &self.final_response) {
            (Some((at, response)), _) if self.wish.until == Until::Ringing => Verdict::Ringing(response, since(at)),
            (_, Some((at, response))) if self.cancel.is_none() => Verdict::Final(response, since(at)),
            _ => Verdict::Nothing,
        }
    }

    /// The answer to our offer, where it was answered with this 2xx: the session description in it, or else the one that the same
    /// callee gave before.
    pub(crate) fn answer_to_offer<'a>(&'a self, accepted: &'a Response) -> Result<&'a [u8], Unheard> {
        let early = self.early.iter().find(|(tag, _)| tag == callee(accepted)).map(|(_, body)| body.as_slice());
        match offer::description(&accepted.head, &accepted.body) {
            Err(unheard @ (Unheard::NoAnswer | Unheard::NoLength)) => early.ok_or(unheard),
            found => found,
        }
    }

    /// What came of taking it back.
    pub(crate) fn release(&self) -> Release {
        let mut times: Option<(Instant, Instant)> = None;
        let mut done = |started: Instant, at: Instant| {
            let (first, last) = times.unwrap_or((started, at));
            times = Some((first.min(started), last.max(at)));
        };
        match (&self.cancel, &self.final_response) {
            (Some(cancel), Some((at, _))) => done(cancel.exchange.started, *at),
            // Somebody answered, and not so that it could be read.
            (_, None) if !self.legs.is_empty() => {}
            (Some(Cancel { refused: Some(status), .. }), None) => {
                return Release::Open(Open::CancelRefused(status.clone()));
            }
            (Some(_), None) => return Release::Open(Open::CancelUnanswered),
            (None, Some(_)) => {}
            (None, None) if self.last_provisional.is_some() => return Release::Open(Open::CancelUnsent),
            (None, None) => return Release::Open(Open::NotCancelled),
        }
        for leg in &self.legs {
            match (&leg.ended, leg.released()) {
                (Some(Ended::Answered(at) | Ended::ByCallee(at)), Some(started)) => done(started, *at),
                (Some(Ended::Answered(_) | Ended::ByCallee(_)), None) => {}
                (Some(Ended::Refused(_, status)), _) if status.starts_with("408") => {
                    return Release::Open(Open::ByeLost(status.clone()));
                }
                (Some(Ended::Refused(_, status)), _) => return Release::Open(Open::Refused(status.clone())),
                (Some(Ended::Unanswered) | None, Some(_)) => return Release::Open(Open::ByeUnanswered),
                (Some(Ended::Unanswered) | None, None) => return Release::Open(Open::ByeUnsent),
            }
        }
        match (self.left_out, times) {
            (0, None) => Release::NotNeeded,
            (0, Some((first, last))) => Release::Done(last.saturating_duration_since(first)),
            (more, _) => Release::Open(Open::TooMany(more)),
        }
    }

    /// Whether somebody may believe that there is a call.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding) || self.legs.iter().any(|leg| leg.ended.is_none())
    }

    /// Whether it has its answer, which is none that makes a call, and all is sent that follows from it: what is left is to
    /// wait for another callee's 2xx, which may cross it.
    pub(crate) fn is_settled(&self) -> bool {
        self.state == State::Completed && self.outbox.is_empty()
    }

    /// Whether an answered call goes on that nobody has ended yet.
    pub(crate) fn is_kept(&self) -> bool {
        self.legs.iter().any(Leg::is_kept)
    }

    /// Whether a CANCEL was sent.
    pub(crate) const fn is_cancelled(&self) -> bool {
        self.cancel.is_some()
    }

    pub(crate) const fn unauthorized(&self) -> Option<&Unauthorized> {
        self.authorization.problem()
    }

    /// The user that a challenge was answered for.
    pub(crate) fn digest_user(&self) -> Option<&str> {
        self.authorization.user()
    }

    /// From the INVITE to the first 18x.
    pub(crate) fn ringing(&self) -> Option<Duration> {
        self.ringing.as_ref().map(|(at, _)| at.saturating_duration_since(self.started))
    }

    /// The final response, or the last one that was none.
    pub(crate) fn last_response(&self) -> Option<&Response> {
        self.final_response.as_ref().map(|(_, response)| response).or(self.last_provisional.as_ref())
    }

    /// Whether there is a final response that no other request of ours follows.
    pub(crate) const fn has_final(&self) -> bool {
        self.final_response.is_some()
    }

    pub(crate) const fn last_provisional(&self) -> Option<&Response> {
        self.last_provisional.as_ref()
    }

    /// The dialogs that were made, one for each callee that answered.
    pub(crate) fn dialogs(&self) -> impl Iterator<Item = &Dialog> {
        self.legs.iter().map(|leg| &leg.dialog)
    }

    /// For how long the call lasted until `now` with the callee that answered first, if one did.
    pub(crate) fn lasted(&self, now: Instant) -> Option<Duration> {
        self.legs.first().map(|leg| leg.lasted(now))
    }

    /// After how long the callee itself ended the call that was to be kept.
    pub(crate) fn hung_up(&self) -> Option<Duration> {
        self.legs.iter().find_map(Leg::hung_up)
    }

    pub(crate) fn retransmissions(&self) -> u32 {
        let cancel = self.cancel.as_ref().map_or(0, |cancel| cancel.exchange.retransmissions);
        let byes: u32 = self.legs.iter().map(Leg::retransmissions).sum();
        self.retransmissions + self.invite.retransmissions + cancel + byes
    }

    /// The branch of the current INVITE.
    pub(crate) fn branch_of_invite(&self) -> &str {
        &self.invite.branch
    }

    /// The number of its last INVITE.
    pub(crate) const fn last_cseq(&self) -> u32 {
        self.invite.cseq
    }

    pub(crate) const fn template(&self) -> &Template {
        &self.template
    }
}
