//! What comes of the same question, asked again and again over one connection? Each OPTIONS is a transaction of its own.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::{Answer, Uac};
use crate::net::channel::Channel;
use crate::report::{Class, Failure, State};
use crate::sip::digest::Credentials;
use crate::sip::judge::Expected;
use crate::sip::message::OptionsRequest;
use crate::sip::series::{Pace, RoundTrips};

/// How a question is repeated.
#[derive(Clone, Debug)]
pub(crate) struct Repetition {
    pub pace: Pace,
    /// What tells answers apart: of those that are worth the same only the first one is kept.
    pub expected: Expected,
    /// How long nobody at all may answer, before it is another one's turn to be asked.
    pub patience: Option<Instant>,
}

/// What came of a series.
#[derive(Debug, Default)]
pub(crate) struct Repeated {
    pub round_trips: RoundTrips,
    /// The first one of each kind of answer, and how many there were.
    pub kinds: Vec<(Answer, u32)>,
    /// How many of those that are lost were answered when the next one was due already.
    pub late: u32,
    /// Why requests were lost: the first reason that says more than that nobody answered, if there is one.
    pub lost: Option<Failure>,
}

impl Repeated {
    fn add(&mut self, answer: Answer, expected: &Expected) {
        self.round_trips.add(Some(answer.took));
        let kind = kind(&answer, expected);
        match self.kinds.iter_mut().find(|(known, _)| self::kind(known, expected) == kind) {
            Some((_, count)) => *count += 1,
            None => self.kinds.push((answer, 1)),
        }
    }

    fn lose(&mut self, failure: Failure) {
        self.round_trips.add(None);
        let says_more = |known: &Failure| known.class == Class::Timeout && failure.class != Class::Timeout;
        if self.lost.as_ref().is_none_or(says_more) {
            self.lost = Some(failure);
        }
    }

    /// Breaks off before all `count` were sent. Those that were not have no answer either; but where the server's own answer
    /// ends it, or something that this host lacks, nothing was lost on the way.
    fn break_off(&mut self, count: u32, failure: &Failure) {
        if !failure.is_answer && !matches!(failure.class, Class::Local | Class::Permission) {
            self.round_trips.give_up(count);
        }
    }

    /// Why nobody answered.
    fn silence(&self) -> Failure {
        let lost = self.lost.clone().unwrap_or_else(|| Failure::new(Class::Timeout, "no request was sent"));
        let late = self.late_in_words().map(|late| format!("; {late}")).unwrap_or_default();
        let advice = if self.late > 0 { Some(ADVICE_ON_LATE) } else { lost.advice };
        match self.round_trips.sent() {
            0 | 1 => lost,
            sent => {
                let summary = format!("none of {sent} requests was answered: {}{late}", lost.summary);
                Failure { summary, advice, ..lost }
            }
        }
    }

    /// How many answers came too late, if some did.
    pub(crate) fn late_in_words(&self) -> Option<String> {
        match self.late {
            0 => None,
            1 => Some("1 answer came later than --interval".to_owned()),
            late => Some(format!("{late} answers came later than --interval")),
        }
    }
}

impl<T: Channel> Uac<T> {
    /// Sends OPTIONS at a pace. What is unanswered when the next one is due is lost; so is, over UDP, what is refused (ICMP).
    /// Fails when nobody answers, when a stream breaks, and when the deadline leaves no time for all of them; what came until
    /// then is known all the same. Succeeds with the first answer.
    pub(crate) async fn repeat(
        &mut self,
        request: &OptionsRequest,
        credentials: Option<&Credentials>,
        repetition: &Repetition,
    ) -> (Repeated, Result<Answer, Failure>) {
        let Repetition { pace, expected, patience } = repetition;
        let mut repeated = Repeated::default();
        let mut due = Instant::now();
        for index in 1..=pace.count {
            let is_silent = repeated.kinds.is_empty();
            let patience = patience.filter(|_| is_silent);
            sleep_until(patience.map_or(due, |patience| patience.min(due)).min(self.deadline.instant()).into()).await;
            let sent = Instant::now();
            if index > 1 && patience.is_some_and(|patience| sent >= patience) {
                break;
            }
            if self.deadline.remaining(sent).is_zero() {
                let text = format!("the deadline passed when {} of {} requests were sent", index - 1, pace.count);
                let failure = Failure { advice: Some(ADVICE_ON_PACE), ..Failure::new(Class::Timeout, text) };
                repeated.break_off(pace.count, &failure);
                return (repeated, Err(failure));
            }
            due = pace.next(due, sent);
            self.begin_again(patience.map_or(due, |patience| patience.min(due)));
            let asked = self.options(request, credentials).await;
            repeated.late = self.late;
            match asked {
                Ok(answer) => repeated.add(answer, expected),
                Err(failure) if is_loss::<T>(&failure) => repeated.lose(failure),
                Err(failure) => {
                    if !failure.is_answer {
                        repeated.round_trips.add(None);
                    }
                    repeated.break_off(pace.count, &failure);
                    return (repeated, Err(failure));
                }
            }
        }
        let first = repeated.kinds.first().map(|(answer, _)| answer.clone());
        let result = first.ok_or_else(|| repeated.silence());
        (repeated, result)
    }
}

/// What an answer is worth by itself, as far as that can be told without knowing what a class is worth.
fn kind(answer: &Answer, expected: &Expected) -> Option<(Class, Option<State>)> {
    let judged = expected.judge(answer, "", Duration::ZERO);
    judged.err().map(|failure| (failure.class, failure.given))
}

/// Whether a failure says no more than that one request has no answer.
fn is_loss<T: Channel>(failure: &Failure) -> bool {
    let is_silence = failure.class == Class::Timeout || failure.as_well == Some(Class::Timeout);
    is_silence || !T::IS_STREAM && matches!(failure.class, Class::Refused | Class::Unreachable)
}

const ADVICE_ON_LATE: &str = "The server answers, but not before the next request is due, which counts as lost. Give --interval more \
                              than its answers take (-vvv shows them), or find out why it is that slow.";

const ADVICE_ON_PACE: &str = "Look-up, connection and handshake have taken the time of some of the requests. Give -t a few seconds \
                              more than --count times --interval, and see dns, connect and tls for what is slow.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::expect::StatusRules;
    use crate::sip::message::tests::{request, response};
    use crate::sip::uac::tests::{Act, OK, Script, client, runtime};

    #[test]
    fn of_the_reasons_for_a_loss_the_first_is_kept_that_says_more_than_silence() {
        for (lost, kept) in [
            (&[Class::Timeout, Class::Timeout][..], 0),
            (&[Class::Timeout, Class::Refused, Class::Unreachable], 1),
            (&[Class::Refused, Class::Timeout], 0),
            (&[Class::Refused, Class::Unreachable], 0),
        ] {
            let mut repeated = Repeated::default();
            for (index, class) in lost.iter().enumerate() {
                repeated.lose(Failure::new(*class, index.to_string()));
            }
            let reason = repeated.lost.as_ref().map(|failure| failure.summary.as_str());
            assert_eq!(reason, Some(kept.to_string().as_str()), "{lost:?}");
            assert_eq!(repeated.round_trips.sent(), lost.len());
        }
    }

    #[test]
    fn a_series_that_the_deadline_cuts_off_is_told_to_give_more_time() {
        let expected = Expected { statuses: StatusRules::default(), headers: Vec::new(), allow: Vec::new() };
        let pace = Pace { count: 3, interval: Duration::from_millis(10) };
        let repetition = Repetition { pace, expected, patience: None };
        let mut uac = client::<true>(Vec::new(), 0);
        let (repeated, result) = runtime().block_on(uac.repeat(&request(), None, &repetition));
        let failure = result.unwrap_err();
        assert_eq!(failure.summary, "the deadline passed when 0 of 3 requests were sent");
        assert_eq!((failure.class, failure.advice), (Class::Timeout, Some(ADVICE_ON_PACE)));
        assert_eq!((repeated.round_trips.sent(), repeated.round_trips.unsent()), (0, 3));
    }

    #[test]
    fn whoever_is_silent_is_asked_once_where_it_is_another_ones_turn_already() {
        let expected = Expected { statuses: StatusRules::default(), headers: Vec::new(), allow: Vec::new() };
        let pace = Pace { count: 3, interval: Duration::from_millis(10) };
        let repetition = Repetition { pace, expected, patience: Some(Instant::now()) };
        let mut uac = client::<true>(Vec::new(), 20_000);
        let (repeated, result) = runtime().block_on(uac.repeat(&request(), None, &repetition));
        assert_eq!(result.unwrap_err().class, Class::Timeout);
        assert_eq!((repeated.round_trips.sent(), repeated.round_trips.unsent()), (1, 0));
    }

    #[test]
    fn late_is_the_final_answer_to_a_request_that_was_given_up_and_to_no_other() {
        let of = |status: &str, branch: &str| {
            response(&format!("SIP/2.0 {status}\r\nVia: SIP/2.0/TCP x;branch={branch}\r\nCSeq: 1 OPTIONS\r\n\r\n"))
        };
        let mut uac = client::<true>(Vec::new(), 0);
        uac.given_up = vec!["z9hG4bKgone".to_owned()];
        for (status, branch, late) in [
            ("200 OK", "z9hG4bKanother", 0),
            ("100 Trying", "z9hG4bKgone", 0),
            ("200 OK", "z9hG4bKgone", 1),
            // It is sent again.
            ("200 OK", "z9hG4bKgone", 1),
        ] {
            uac.pass_over(&of(status, branch));
            assert_eq!(uac.late, late, "{status} {branch}");
        }
    }

    #[test]
    fn a_loss_is_silence_and_over_udp_a_refusal() {
        let local = Failure { as_well: Some(Class::Timeout), ..Failure::new(Class::Local, "x") };
        for (failure, on_stream, by_datagrams) in [
            (Failure::new(Class::Timeout, "x"), true, true),
            (local, true, true),
            (Failure::new(Class::Refused, "x"), false, true),
            (Failure::new(Class::Unreachable, "x"), false, true),
            (Failure::new(Class::Closed, "x"), false, false),
        ] {
            assert_eq!(is_loss::<Script<true>>(&failure), on_stream, "{failure:?}");
            assert_eq!(is_loss::<Script<false>>(&failure), by_datagrams, "{failure:?}");
        }
    }

    #[test]
    fn what_was_not_sent_is_lost_unless_the_server_or_this_host_ended_it() {
        let answer = Failure { is_answer: true, ..Failure::new(Class::Authentication, "x") };
        for (failure, unsent) in [
            (Failure::new(Class::Closed, "x"), 4),
            (Failure::new(Class::Local, "x"), 0),
            (Failure::new(Class::Permission, "x"), 0),
            (answer, 0),
        ] {
            let mut repeated = Repeated::default();
            repeated.lose(Failure::new(Class::Timeout, "x"));
            repeated.break_off(5, &failure);
            assert_eq!(repeated.round_trips.unsent(), unsent, "{failure:?}");
        }
    }

    #[test]
    fn silence_says_of_how_many_and_whether_they_came_too_late() {
        let silence = |sent: u32, late| {
            let mut repeated = Repeated { late, ..Repeated::default() };
            (0..sent).for_each(|_| repeated.lose(Failure::new(Class::Timeout, "no response")));
            let failure = repeated.silence();
            (failure.summary, failure.advice == Some(ADVICE_ON_LATE))
        };
        assert_eq!(silence(0, 0), ("no request was sent".to_owned(), false));
        assert_eq!(silence(1, 0), ("no response".to_owned(), false));
        let all = "none of 2 requests was answered: no response";
        assert_eq!(silence(2, 0), (all.to_owned(), false));
        assert_eq!(silence(2, 1), (format!("{all}; 1 answer came later than --interval"), true));
        assert_eq!(silence(2, 2), (format!("{all}; 2 answers came later than --interval"), true));
    }

    #[test]
    fn answers_that_are_worth_the_same_are_counted_together_and_each_request_is_one_of_its_own() {
        const REFUSAL: &str =
            "SIP/2.0 503 No\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\nCSeq: {cseq}\r\nl: 0\r\n\r\n";
        let acts = [OK, OK, REFUSAL, OK].map(Act::Say).into_iter().collect();
        let expected = Expected { statuses: StatusRules::default(), headers: Vec::new(), allow: Vec::new() };
        let pace = Pace { count: 4, interval: Duration::from_millis(300) };
        let mut uac = client::<true>(acts, 20_000);
        let repetition = Repetition { pace, expected, patience: None };
        let (repeated, result) = runtime().block_on(uac.repeat(&request(), None, &repetition));
        assert_eq!(result.unwrap().response.status, 200);
        let kinds: Vec<_> = repeated.kinds.iter().map(|(answer, count)| (answer.response.status, *count)).collect();
        assert_eq!(kinds, [(200, 3), (503, 1)]);
        assert_eq!((repeated.round_trips.sent(), repeated.round_trips.answered(), repeated.lost), (4, 4, None));
    }
}
