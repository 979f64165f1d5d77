//! Where did a call get, and by which way? Every server that was called, and the target that was asked.

use std::time::Instant;

use super::called::Called;
use super::machine::outcome::Verdict;
use crate::report::Event;
use crate::sip::address::AddressError;
use crate::sip::locate::Unanswered;
use crate::sip::message::Response;
use crate::sip::probe::{Facts, Outcome};

/// A call that was routed as far as it went.
#[derive(Debug)]
pub(crate) struct Routed {
    /// When the search for the first server began.
    pub started: Instant,
    /// Whom the call was made to first.
    pub first: Attempt,
    /// Whom else, in their order; the outcome of the last one is the call's.
    pub further: Vec<Attempt>,
    /// How many redirections were gone after.
    pub redirections: u32,
    /// What came of asking the preferred Contact of the redirection.
    pub target: Option<Asked>,
    pub events: Vec<Event>,
    pub trace: Vec<String>,
}

/// One server that was called, or was to be.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// `host:port`, as a redirection named it; `None` of the first one.
    pub name: Option<String>,
    /// Of its connection.
    pub facts: Facts,
    pub result: Result<Called, Unanswered>,
    /// Why it does not get our credentials, in words that stand behind a comma.
    pub withheld: Option<&'static str>,
    /// Why its redirection leads nowhere.
    pub astray: Option<Astray>,
}

/// A redirection's target that was asked whether it is alive.
#[derive(Debug)]
pub(crate) struct Asked {
    /// `host:port`.
    pub name: String,
    pub outcome: Outcome,
}

/// Why a redirection leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Astray {
    #[error("the redirection leads nowhere: {0}")]
    Contact(#[from] AddressError),
    #[error("the redirection leads nowhere: {0}")]
    Itself(String),
    #[error("the redirections go in a circle: {0}")]
    Circle(String),
    #[error("more than {max} redirections, the last one to {last}")]
    TooMany { max: u8, last: String },
    #[error("no time is left to call {0}, where the redirection leads")]
    NoTime(String),
}

impl Routed {
    /// The attempt whose outcome is the call's.
    pub(crate) fn last(&self) -> &Attempt {
        self.further.last().unwrap_or(&self.first)
    }

    /// Every attempt, in their order.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        std::iter::once(&self.first).chain(&self.further)
    }

    /// The attempts that came to nothing before another one was made.
    pub(crate) fn passed_over(&self) -> impl Iterator<Item = &Attempt> {
        let is_on_the_way = |attempt: &&Attempt| attempt.redirected().is_some() && attempt.astray.is_none();
        self.attempts().take(self.further.len()).filter(move |attempt| !is_on_the_way(attempt))
    }
}

impl Attempt {
    /// The call, where one was made.
    pub(crate) fn called(&self) -> Option<&Called> {
        self.result.as_ref().ok()
    }

    /// The 3xx that it was answered with, to be gone after.
    pub(super) fn redirection(&self) -> Option<&Response> {
        self.redirected().filter(|_| self.called().is_some_and(|called| called.log.signal.is_none()))
    }

    /// The same, also where a signal came in the meantime.
    fn redirected(&self) -> Option<&Response> {
        match self.called()?.call.verdict() {
            Verdict::Final(response, _) if (300..400).contains(&response.status) => Some(response),
            _ => None,
        }
    }

    /// Whether another target may do better: one that is silent or cannot be reached counts as one that refuses (RFC 3261
    /// 8.1.3.1), and a 6xx is everybody's.
    pub(super) fn may_be_better_elsewhere(&self) -> bool {
        match self.called() {
            None => true,
            Some(called) if called.log.signal.is_some() => false,
            Some(called) => match called.call.verdict() {
                Verdict::Final(response, _) => (300..600).contains(&response.status),
                Verdict::Ringing(..) => false,
                Verdict::Nothing => true,
            },
        }
    }
}
