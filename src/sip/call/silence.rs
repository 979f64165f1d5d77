//! Is anybody there whom Contact and Route name? What is known of the other end of a line beside that of the INVITE.
//!
//! A callee behind a translation of addresses names one that leads nowhere, and no ICMP says so: whoever is silent is asked over
//! the connection of the INVITE as well.

use std::time::{Duration, Instant};

use super::message::{CallRequest, Method};

/// How long somebody has been silent for.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    /// Whether a BYE was answered there.
    is_broken: bool,
    /// Whether it has lasted for too long.
    is_long: bool,
    /// When it will have.
    due: Option<Instant>,
    /// The branches of the ACKs that were sent there.
    acknowledged: Vec<String>,
}

impl Silence {
    /// Notes a request that is about to be sent there, where all must be over by `hard`; whether it is to take the other way as
    /// well: an ACK that is asked for again did not arrive, or not in time.
    pub(super) fn sending(&mut self, request: &CallRequest, now: Instant, hard: Instant) -> bool {
        let is_known = self.acknowledged.contains(&request.branch);
        match request.method {
            _ if self.is_broken => return false,
            Method::Ack if is_known => return true,
            Method::Ack => self.acknowledged.push(request.branch.clone()),
            Method::Bye => _ = self.due.get_or_insert_with(|| now + patience(now, hard)),
            Method::Invite | Method::Cancel => {}
        }
        self.is_long
    }

    /// Notes that a BYE was answered there.
    pub(super) const fn end(&mut self) {
        self.is_broken = true;
    }

    /// Waits no longer than can be waited where all must be over by `hard`.
    pub(super) fn hurry(&mut self, now: Instant, hard: Instant) {
        self.due = self.due.map(|due| due.min(now + patience(now, hard)));
    }

    /// When it will have lasted for too long, unless it is known already that it has.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.is_broken && !self.is_long)
    }

    /// Whether that is the case at `now`; it is told once.
    pub(super) fn is_over_due(&mut self, now: Instant) -> bool {
        let is_over_due = self.due().is_some_and(|due| due <= now);
        self.is_long |= is_over_due;
        is_over_due
    }
}

/// How long somebody is waited for who may not be there, where all must be over by `hard`.
pub(super) fn patience(now: Instant, hard: Instant) -> Duration {
    PATIENCE.min(hard.saturating_duration_since(now) / 2)
}

const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::call::message::Hop;

    fn request(method: Method, branch: &str) -> CallRequest {
        CallRequest {
            method,
            uri: "sip:a@192.0.2.9".into(),
            routes: Vec::new(),
            branch: branch.into(),
            to: "<sip:a>".into(),
            cseq: 1,
            credentials: Vec::new(),
            hop: Hop::Peer,
        }
    }

    #[test]
    fn an_ack_that_is_asked_for_again_and_what_comes_after_a_second_of_silence_take_the_other_way_as_well() {
        let (now, mut silence) = (Instant::now(), Silence::default());
        let (hard, second) = (now + Duration::from_secs(9), Duration::from_secs(1));
        let (ack, bye) = (request(Method::Ack, "a"), request(Method::Bye, "b"));
        assert!(!silence.sending(&ack, now, hard) && silence.due().is_none());
        assert!(!silence.sending(&request(Method::Ack, "of another leg"), now, hard));
        assert!(silence.sending(&ack, now, hard));
        assert!(!silence.sending(&bye, now, hard) && !silence.sending(&bye, now + second / 2, hard));
        assert_eq!(silence.due(), Some(now + second));
        assert!(!silence.is_over_due(now + second / 2) && silence.is_over_due(now + second));
        assert!(!silence.is_over_due(now + second) && silence.due().is_none() && silence.sending(&bye, now, hard));
        silence.end();
        assert!(!silence.sending(&bye, now, hard) && !silence.sending(&ack, now, hard));
    }

    #[test]
    fn nobody_is_waited_for_longer_than_half_of_what_is_left() {
        let (now, mut silence) = (Instant::now(), Silence::default());
        let tenth = Duration::from_millis(100);
        silence.sending(&request(Method::Bye, "b"), now, now + tenth * 4);
        assert_eq!(silence.due(), Some(now + tenth * 2));
        silence.hurry(now, now + tenth * 2);
        assert_eq!(silence.due(), Some(now + tenth));
        silence.end();
        assert!(silence.due().is_none() && !silence.is_over_due(now + tenth));
    }
}
