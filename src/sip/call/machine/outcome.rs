//! What came of a call, and of taking it back?

use std::time::{Duration, Instant};

use super::{Call, State, Until};
use crate::sip::call::authorization::Unauthorized;
use crate::sip::call::dialog::Dialog;
use crate::sip::call::leg::{Ended, Leg};
use crate::sip::call::message::Template;
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
    /// The other side refused BYE with this status.
    Refused(String),
    Unanswered,
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

    /// What came of taking it back.
    pub(crate) fn release(&self) -> Release {
        let cancelled = self.cancel.as_ref().map(|cancel| {
            let answered = self.final_response.as_ref().map(|(at, _)| *at);
            (cancel.exchange.started, answered.map_or(Ended::Unanswered, Ended::Answered))
        });
        let released = self.legs.iter().map(|leg| (leg.released(), leg.ended.clone().unwrap_or(Ended::Unanswered)));
        let mut times: Option<(Instant, Instant)> = None;
        for (started, ended) in cancelled.into_iter().chain(released) {
            match ended {
                Ended::Unanswered => return Release::Unanswered,
                Ended::Refused(_, status) => return Release::Refused(status),
                Ended::Answered(at) | Ended::ByCallee(at) => {
                    let (first, last) = times.unwrap_or((started, at));
                    times = Some((first.min(started), last.max(at)));
                }
            }
        }
        times.map_or(Release::NotNeeded, |(first, last)| Release::Done(last.saturating_duration_since(first)))
    }

    /// Whether somebody may believe that there is a call.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding) || self.legs.iter().any(|leg| leg.ended.is_none())
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

    /// For how long the callee that answered first was kept.
    pub(crate) fn held(&self) -> Duration {
        self.legs.first().map(Leg::held).unwrap_or_default()
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
