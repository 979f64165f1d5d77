//! When is a request of a call sent again, and when is it given up? Timers A and B of INVITE, E and F of CANCEL and BYE.

use std::time::{Duration, Instant};

use crate::sip::transaction::{T1, T2};

/// One request that waits for its final response (RFC 3261 17.1.1 and 17.1.2).
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// The branch of its Via.
    pub branch: String,
    /// Its number of CSeq.
    pub cseq: u32,
    /// When it was sent first.
    pub started: Instant,
    /// When the wait for it is over.
    pub given_up: Instant,
    /// How often it was sent again.
    pub retransmissions: u32,
    /// When it is sent again.
    due: Option<Instant>,
    interval: Duration,
    /// The longest interval; Timer A has none.
    longest: Option<Duration>,
}

impl Exchange {
    /// An INVITE that is sent at `now`, over a stream or by datagrams.
    pub(crate) fn of_invite(branch: String, cseq: u32, is_stream: bool, now: Instant) -> Self {
        Self {
            branch,
            cseq,
            started: now,
            given_up: now + T1 * 64,
            retransmissions: 0,
            due: (!is_stream).then(|| now + T1),
            interval: T1,
            longest: None,
        }
    }

    /// Another request that is sent at `now`.
    pub(crate) fn of_other(branch: String, cseq: u32, is_stream: bool, now: Instant) -> Self {
        Self { longest: Some(T2), ..Self::of_invite(branch, cseq, is_stream, now) }
    }

    /// Whether it is to be sent again at `now`; then it counts as sent.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.due.is_some_and(|due| due <= now) && now < self.given_up;
        if is_due {
            self.retransmissions += 1;
            let doubled = self.interval * 2;
            self.interval = self.longest.map_or(doubled, |longest| doubled.min(longest));
            self.due = Some(now + self.interval);
        }
        is_due
    }

    /// When there is something to be done next.
    pub(crate) fn wakes(&self) -> Instant {
        self.due.map_or(self.given_up, |due| due.min(self.given_up))
    }

    /// Takes a provisional response: an INVITE is not sent again, another request less often, and an INVITE is waited for as
    /// long as it takes.
    pub(crate) fn proceed(&mut self) {
        match self.longest {
            None => self.due = None,
            Some(longest) => self.interval = longest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_again(mut exchange: Exchange, started: Instant) -> Vec<u128> {
        let mut at = Vec::new();
        while exchange.wakes() < exchange.given_up {
            let now = exchange.wakes();
            assert!(exchange.is_due(now) && !exchange.is_due(now));
            at.push((now - started).as_millis());
        }
        at
    }

    #[test]
    fn timer_a_doubles_until_timer_b() {
        let now = Instant::now();
        let invite = Exchange::of_invite(String::new(), 1, false, now);
        assert_eq!(sent_again(invite, now), [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    }

    #[test]
    fn timer_e_doubles_up_to_t2() {
        let now = Instant::now();
        let bye = Exchange::of_other(String::new(), 2, false, now);
        assert_eq!(sent_again(bye, now)[..5], [500, 1_500, 3_500, 7_500, 11_500]);
    }

    #[test]
    fn nothing_is_sent_again_over_a_stream_nor_an_invite_that_is_worked_on() {
        let now = Instant::now();
        assert!(sent_again(Exchange::of_invite(String::new(), 1, true, now), now).is_empty());
        let mut invite = Exchange::of_invite(String::new(), 1, false, now);
        invite.proceed();
        assert!(sent_again(invite, now).is_empty());
    }
}
