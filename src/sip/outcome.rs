//! What is known when an address was asked? Its answer or why there is none, and what was learnt on the way.

use std::time::Duration;

use super::locate::Unanswered;
use super::uac::Answer;
use super::uac::repeated::Repeated;
use crate::net::tally::{LeftOut, Tally};
use crate::net::{Endpoint, Peer};
use crate::report::{Event, Failure};
use crate::tls::served::Served;
use crate::x509::judgement::Judgement;

/// One address, asked.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whose address it is, where all are asked.
    pub target: Option<Endpoint>,
    pub facts: Facts,
    /// The answer, or why there is none.
    pub result: Result<Answer, Unanswered>,
}

/// What was learnt on the way to an answer. Phases that were not reached are `None`.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Who was asked; `None` when there was nobody to ask.
    pub peer: Option<Peer>,
    /// From the start of the search to the addresses of who was asked.
    pub dns: Option<Duration>,
    /// Setting up the connection that was used.
    pub connect: Option<Duration>,
    pub served: Option<Served>,
    pub judgement: Option<Judgement>,
    /// The first request to the final response.
    pub response: Option<Duration>,
    /// From the start of the search to the final response.
    pub total: Option<Duration>,
    pub retransmissions: Option<u32>,
    /// The code of the final response; of a series, the highest.
    pub status: Option<u16>,
    /// What came of a series, where one was asked for: `response`, `total` and `retransmissions` are of one request alone.
    pub repeated: Option<Repeated>,
    /// What came of those that were tried before.
    pub passed_over: Vec<Failure>,
    pub events: Vec<Event>,
    pub trace: Vec<String>,
}

/// Every address, asked.
#[derive(Debug)]
pub(crate) struct Asked {
    /// What came of each; of a target without an address, that it has none.
    pub outcomes: Vec<Outcome>,
    /// Whom nobody asked.
    pub left_out: LeftOut,
}

impl Asked {
    pub(crate) fn one(outcome: Outcome) -> Self {
        Self { outcomes: vec![outcome], left_out: LeftOut::default() }
    }

    pub(crate) fn nobody(failure: Failure) -> Self {
        Self::one(Outcome { target: None, facts: Facts::default(), result: Err(Unanswered::Server(failure)) })
    }

    /// How many answer, where several were asked.
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally::beside(self.left_out);
        for Outcome { target, facts, result } in &self.outcomes {
            if let Some(target) = target {
                tally.add(target, facts.peer.as_ref().map(|peer| peer.address), result.is_ok());
            }
        }
        tally
    }
}

impl Facts {
    /// Whether more of the time went into the look-up than into all else.
    pub(super) fn is_mostly_look_up(&self) -> bool {
        self.dns.zip(self.total).is_some_and(|(dns, total)| dns > total / 2)
    }

    /// Whether one of a series has an answer.
    pub(super) fn is_answered(&self) -> bool {
        self.repeated.as_ref().is_some_and(|repeated| !repeated.kinds.is_empty())
    }

    /// Whether the peer is who it should be, as far as anybody asked: over TLS, a certificate in order.
    pub(super) fn may_see_credentials(&self) -> bool {
        self.judgement.as_ref().and_then(Judgement::why_not_in_order).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_up_is_most_of_the_time_above_half_of_it() {
        for (dns, total, expected) in [
            (Some(501), Some(1_000), true),
            (Some(999), Some(1_000), true),
            (Some(500), Some(1_000), false),
            (Some(1), Some(1_000), false),
            (Some(999), None, false),
            (None, Some(1_000), false),
        ] {
            let facts = Facts {
                dns: dns.map(Duration::from_millis),
                total: total.map(Duration::from_millis),
                ..Facts::default()
            };
            assert_eq!(facts.is_mostly_look_up(), expected, "{dns:?} of {total:?}");
        }
    }
}
