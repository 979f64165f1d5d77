//! Which challenges does the next request have to answer? Those of every proxy and of the server behind them.

use super::digest::{Challenge, Credentials, Signed};

/// The challenges that were answered, each of another realm.
#[derive(Clone, Debug, Default)]
pub(crate) struct Challenged {
    challenges: Vec<Challenge>,
    /// Those whose nonce was replaced already.
    renewed: Vec<Challenge>,
    rounds: u32,
}

impl Challenged {
    /// Takes the challenges of a response to a request that answered the ones known so far. Says whether there is anything to
    /// be gained by another request: a challenge of another realm (RFC 3261 22.3), or one whose nonce was only too old,
    /// which is believed once.
    pub(crate) fn by(&mut self, challenges: Vec<Challenge>) -> bool {
        let mut is_new = false;
        for known in &mut self.challenges {
            *known = known.again();
        }
        for challenge in challenges {
            let is_renewed = self.renewed.iter().any(|renewed| renewed.is_of_realm_of(&challenge));
            match self.challenges.iter_mut().find(|known| known.is_of_realm_of(&challenge)) {
                None => self.challenges.push(challenge),
                Some(known) if challenge.is_stale() && !is_renewed => {
                    *known = challenge.clone();
                    self.renewed.push(challenge);
                }
                Some(_) => continue,
            }
            is_new = true;
        }
        self.rounds += 1;
        is_new && self.rounds <= MAX_ROUNDS
    }

    /// The headers that answer them, with a client nonce of the caller's.
    pub(crate) fn answers(&self, who: &Credentials, signed: Signed<'_>, cnonce: &str) -> Vec<(&'static str, String)> {
        self.challenges.iter().map(|each| each.answer(who, signed, cnonce)).collect()
    }

    /// Whether a challenge of this realm was answered.
    pub(super) fn knows(&self, challenge: &Challenge) -> bool {
        self.challenges.iter().any(|known| known.is_of_realm_of(challenge))
    }

    /// Whether there was anything to answer.
    pub(crate) const fn is_answered(&self) -> bool {
        self.rounds > 0
    }
}

/// How often challenges are answered in one run: by a proxy, by the server behind it, and each with a nonce too old.
const MAX_ROUNDS: u32 = 4;
