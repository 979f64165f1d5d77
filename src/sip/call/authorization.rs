//! Is a challenge worth another request? Our credentials, and what became of them in one call.

use crate::sip::challenged::Challenged;
use crate::sip::digest::{Challenge, ChallengeError, Credentials, Signed};
use crate::sip::message::Response;

/// Our credentials, and the answers that requests carry by now.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    credentials: Option<Credentials>,
    challenged: Challenged,
    answers: Vec<(&'static str, String)>,
    problem: Option<Unauthorized>,
}

/// Why a challenge was not answered, or not with success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unauthorized {
    Challenge(ChallengeError),
    /// The credentials of this user are wrong.
    Rejected(String),
}

impl Authorization {
    pub(crate) fn of(credentials: Option<Credentials>) -> Self {
        Self { credentials, challenged: Challenged::default(), answers: Vec::new(), problem: None }
    }

    /// Answers the challenges of a 401 or 407 in the next request; whether there is anything to be gained by one.
    pub(crate) fn answer(&mut self, response: &Response, signed: Signed<'_>, cnonce: &str) -> bool {
        let Some(who) = self.credentials.as_ref().filter(|_| matches!(response.status, 401 | 407)) else {
            return false;
        };
        let is_new = Challenge::all_in(&response.head).map(|challenges| self.challenged.by(challenges));
        match is_new {
            Ok(true) => {
                self.answers = self.challenged.answers(who, signed, cnonce);
                return true;
            }
            Ok(false) => self.problem = Some(Unauthorized::Rejected(who.username.clone())),
            Err(error) => self.problem = Some(Unauthorized::Challenge(error)),
        }
        false
    }

    /// The answers to the challenges of a request that is asked for once: to those of realms that the INVITE was challenged in,
    /// because anybody may be the callee, and a challenge of his own making would let him guess the password.
    pub(crate) fn answer_once(
        &self,
        response: &Response,
        signed: Signed<'_>,
        cnonce: &str,
    ) -> Option<Vec<(&'static str, String)>> {
        let who = self.credentials.as_ref().filter(|_| matches!(response.status, 401 | 407))?;
        let challenges = Challenge::all_in(&response.head).ok()?;
        let known: Vec<_> = challenges.iter().filter(|challenge| self.challenged.knows(challenge)).collect();
        (!known.is_empty()).then(|| known.into_iter().map(|known| known.answer(who, signed, cnonce)).collect())
    }

    /// The headers that answer what was asked for by now.
    pub(crate) fn answers(&self) -> &[(&'static str, String)] {
        &self.answers
    }

    pub(crate) const fn problem(&self) -> Option<&Unauthorized> {
        self.problem.as_ref()
    }

    /// The user that a challenge was answered for.
    pub(crate) fn user(&self) -> Option<&str> {
        self.credentials.as_ref().filter(|_| !self.answers.is_empty()).map(|who| who.username.as_str())
    }
}
