//! When is a request sent, and which response answers it? RFC 3261 17.1.2, the non-INVITE client transaction.
//!
//! No socket and no clock: [`ClientTransaction::poll`] says what to do at a moment, [`ClientTransaction::receive`] what
//! a response means. Timer K, which would absorb retransmitted final responses, ends with the process.

use std::time::{Duration, Instant};

use super::message::{OptionsRequest, RequestId, Response};

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send the request (again).
    Transmit,
    /// Nothing before this instant, but for a response.
    Wait(Instant),
    /// Timer F has fired: there will be no answer.
    TimedOut,
}

/// What a response is to this transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Final,
    /// The server works on it.
    Provisional,
    /// It belongs to somebody else, or to an earlier request.
    Stray,
}

/// One request on its way.
#[derive(Debug)]
pub(crate) struct ClientTransaction {
    id: RequestId,
    reliable: bool,
    timer_e: Option<Instant>,
    interval: Duration,
    timer_f: Instant,
    transmitted: u32,
    proceeding: bool,
}

impl ClientTransaction {
    /// A transaction that is about to send its request, at `now`, over a reliable (stream) or unreliable transport.
    pub(crate) fn new(id: RequestId, reliable: bool, now: Instant) -> Self {
        Self {
            id,
            reliable,
            timer_e: Some(now),
            interval: T1,
            timer_f: now + T1 * 64,
            transmitted: 0,
            proceeding: false,
        }
    }

    pub(crate) const fn transmitted(&self) -> u32 {
        self.transmitted
    }

    /// Whether a provisional response has come.
    pub(crate) const fn is_proceeding(&self) -> bool {
        self.proceeding
    }

    /// What to do at `now`. After [`Step::Transmit`] the request counts as sent.
    pub(crate) fn poll(&mut self, now: Instant) -> Step {
        if now >= self.timer_f {
            return Step::TimedOut;
        }
        match self.timer_e {
            Some(due) if now >= due => {
                self.transmitted += 1;
                self.timer_e = (!self.reliable).then(|| now + self.interval);
                self.interval = if self.proceeding { T2 } else { (self.interval * 2).min(T2) };
                Step::Transmit
            }
            Some(due) => Step::Wait(due.min(self.timer_f)),
            None => Step::Wait(self.timer_f),
        }
    }

    /// Takes a response. Matching is RFC 3261 17.1.3, and Call-ID on top: a server that mixes up calls is not answering us.
    pub(crate) fn receive(&mut self, response: &Response) -> Received {
        let is_ours = response.branch() == Some(&self.id.branch)
            && response.cseq.0 == self.id.cseq
            && response.cseq.1 == OptionsRequest::METHOD
            && response.head.value("Call-ID") == Some(&self.id.call_id);
        if !is_ours {
            return Received::Stray;
        }
        if response.is_provisional() {
            // RFC 3261 17.1.2.2: once proceeding, Timer E is reset to T2 each time it fires.
            self.proceeding = true;
            self.interval = T2;
            return Received::Provisional;
        }
        Received::Final
    }
}

/// RFC 3261 17.1.1.1: the estimate of a round trip.
pub(super) const T1: Duration = Duration::from_millis(500);

/// RFC 3261 17.1.2.2: the longest interval between retransmissions.
pub(super) const T2: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message;

    fn id() -> RequestId {
        RequestId { branch: "z9hG4bKb".into(), tag: "t".into(), call_id: "c".into(), cseq: 1 }
    }

    fn response(status: u16, branch: &str, cseq: &str, call_id: &str) -> Response {
        message::tests::response(&format!(
            "SIP/2.0 {status} x\r\nVIA: SIP/2.0/UDP a;BRANCH={branch}\r\nCSEQ: {cseq}\r\nCALL-ID: {call_id}\r\n\r\n"
        ))
    }

    /// The milliseconds after the start at which the request is sent, until Timer F or `until`.
    fn transmissions(transaction: &mut ClientTransaction, start: Instant, until: u64) -> Vec<u128> {
        let mut now = start;
        let mut sent = Vec::new();
        while now <= start + Duration::from_millis(until) {
            match transaction.poll(now) {
                Step::Transmit => sent.push((now - start).as_millis()),
                Step::Wait(next) => now = next,
                Step::TimedOut => break,
            }
        }
        sent
    }

    #[test]
    fn timer_e_doubles_from_t1_to_t2_until_timer_f() {
        let start = Instant::now();
        let mut transaction = ClientTransaction::new(id(), false, start);
        let sent = transmissions(&mut transaction, start, 60_000);
        assert_eq!(sent, [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
        assert_eq!(transaction.poll(start + Duration::from_secs(32)), Step::TimedOut);
    }

    #[test]
    fn a_reliable_transport_sends_once() {
        let start = Instant::now();
        let mut transaction = ClientTransaction::new(id(), true, start);
        assert_eq!(transmissions(&mut transaction, start, 60_000), [0]);
        assert_eq!(transaction.transmitted(), 1);
    }

    #[test]
    fn a_provisional_response_slows_retransmission_down_to_t2() {
        let start = Instant::now();
        let mut transaction = ClientTransaction::new(id(), false, start);
        assert_eq!(transaction.poll(start), Step::Transmit);
        assert_eq!(transaction.receive(&response(100, "z9hG4bKb", "1 OPTIONS", "c")), Received::Provisional);
        let sent = transmissions(&mut transaction, start, 13_000);
        assert_eq!(sent, [500, 4500, 8500, 12_500]);
    }

    #[test]
    fn only_the_own_branch_cseq_and_call_id_match() {
        let mut transaction = ClientTransaction::new(id(), true, Instant::now());
        assert_eq!(transaction.receive(&response(200, "z9hG4bKb", "1 OPTIONS", "c")), Received::Final);
        assert_eq!(transaction.receive(&response(503, "z9hG4bKb", "1 OPTIONS", "c")), Received::Final);
        assert_eq!(transaction.receive(&response(200, "z9hG4bKx", "1 OPTIONS", "c")), Received::Stray);
        assert_eq!(transaction.receive(&response(200, "z9hG4bKb", "2 OPTIONS", "c")), Received::Stray);
        assert_eq!(transaction.receive(&response(200, "z9hG4bKb", "1 INVITE", "c")), Received::Stray);
        assert_eq!(transaction.receive(&response(200, "z9hG4bKb", "1 OPTIONS", "x")), Received::Stray);
    }
}
