//! Which challenges are answered, and how? Those of a proxy and of the callee, each once, and once more if a nonce was stale.

use crate::sip::digest::{Challenge, ChallengeError, Credentials, Signed};
use crate::sip::message::Response;

/// Our credentials, and the answers that requests carry by now.
#[derive(Debug)]
pub(crate) struct Authorization {
    credentials: Option<Credentials>,
    answers: Vec<(&'static str, String)>,
    /// How many challenges were answered.
    answered: u32,
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
    pub(crate) const fn of(credentials: Option<Credentials>) -> Self {
        Self { credentials, answers: Vec::new(), answered: 0, problem: None }
    }

    /// Adds an answer to the challenge of a 401 or 407 to those that the next request carries; whether there is a new one.
    pub(crate) fn answer(&mut self, response: &Response, signed: Signed<'_>, cnonce: &str) -> bool {
        let Some(who) = self.credentials.as_ref().filter(|_| matches!(response.status, 401 | 407)) else {
            return false;
        };
        let challenge = match Challenge::strongest_in(&response.head) {
            Ok(challenge) => challenge,
            Err(error) => {
                self.problem = Some(Unauthorized::Challenge(error));
                return false;
            }
        };
        let (name, value) = challenge.answer(who, signed, cnonce);
        let is_known = self.answers.iter().any(|(known, _)| *known == name);
        if is_known && !challenge.is_stale() || self.answered >= MAX_ANSWERED {
            self.problem = Some(Unauthorized::Rejected(who.username.clone()));
            return false;
        }
        self.answered += 1;
        self.answers.retain(|(known, _)| *known != name);
        self.answers.push((name, value));
        true
    }

    /// The answer to the challenge of a single request.
    pub(crate) fn answer_once(
        &self,
        response: &Response,
        signed: Signed<'_>,
        cnonce: &str,
    ) -> Option<(&'static str, String)> {
        let who = self.credentials.as_ref().filter(|_| matches!(response.status, 401 | 407))?;
        Some(Challenge::strongest_in(&response.head).ok()?.answer(who, signed, cnonce))
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
        self.credentials.as_ref().filter(|_| self.answered > 0).map(|who| who.username.as_str())
    }
}

/// How many challenges are answered: a proxy's and the callee's, and each of them once more when its nonce was stale.
const MAX_ANSWERED: u32 = 4;
