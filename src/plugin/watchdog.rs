//! What ends a run that does not end by itself? The main thread, which waits for the deadline and for signals.
//!
//! The check has a thread of its own: nothing that it is stuck in, from the reading of an ini file on, keeps this one from its
//! work, and its stack does not depend on the limits of whoever started the plugin.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use super::{Run, output};
#[cfg(unix)]
use crate::platform::unix::signals::Signals;
#[cfg(windows)]
use crate::platform::windows::console::Signals;
use crate::report::{Class, Failure};
use crate::time::deadline::Deadline;
use crate::time::ending;
use crate::time::stage::{self, Place};

/// Ends the process when the deadline has passed or a signal asks for it, whatever the check is stuck in; `known` is the run
/// once there is one.
pub(super) fn watch(known: &OnceLock<Run>, signals: &Signals) -> ! {
    // Most runs are over by then, and nobody was woken for nothing.
    let mut early = signals.wait(UNTIL_KNOWN);
    let run = known.wait();
    loop {
        let (deadline, is_known) = (run.deadline(), run.context().is_some());
        let remaining = deadline.remaining(Instant::now()) + GRACE;
        // An ini section that is being read may still change the deadline.
        let at_most = if is_known { remaining } else { remaining.min(UNTIL_KNOWN) };
        let signal = early.take().or_else(|| signals.wait(at_most));
        let is_over = run.deadline().remaining(Instant::now()).is_zero();
        if is_over && signal.is_none() {
            output::exit_soon();
        }
        match signal {
            Some(name) => {
                // A check that has something to take back, such as a call, ends the run itself once that is done.
                if ending::ask(name) {
                    thread::sleep(RELEASE);
                }
                output::exit_soon();
                output::finish(run.unasked(&ended_by(name)))
            }
            None if is_over && is_known => output::finish(run.failed(&expired(run))),
            None if is_over => output::finish_with_one_line(run.failed(&expired(run))),
            None => {}
        }
    }
}

/// What there is to say of a question that a signal has left without an answer.
pub(super) fn ended_by(signal: &str) -> String {
    format!("ended by signal {signal} before there was a result")
}

fn expired(run: &Run) -> Failure {
    overdue(&run.deadline(), run.context().is_some(), None)
}

/// The failure of who has not ended at the deadline: what he was waiting for, for whichever of several questions. Before the
/// options are understood only a file can be what hangs.
pub(super) fn overdue(deadline: &Deadline, is_understood: bool, errand: Option<usize>) -> Failure {
    let (place, stage) = stage::current(errand);
    let stage = if stage.is_empty() { "the check".to_owned() } else { stage };
    let expired = deadline.expired_during(stage);
    if place == Place::Peer && is_understood {
        return Failure::caused_by(Class::Timeout, &expired);
    }
    // It is no peer that hangs, but a file of this host.
    let failure = Failure::caused_by(Class::Unreadable, &expired);
    Failure { as_well: Some(Class::Timeout), advice: Some(ADVICE_ON_A_FILE_THAT_HANGS), ..failure }
}

/// How long after the deadline the watchdog speaks, so that a check which keeps to it can do so with all it knows.
const GRACE: Duration = Duration::from_millis(150);

/// How often the deadline is looked up until it is known for certain.
const UNTIL_KNOWN: Duration = Duration::from_millis(50);

/// How long a check may take to take back what it has begun once a signal came; what is left of half a second is for the
/// report.
const RELEASE: Duration = Duration::from_millis(400);

const ADVICE_ON_A_FILE_THAT_HANGS: &str = "Nothing is known of what was to be checked: a file of the host that runs this check \
                                           does not come to its end. Is it a pipe that nobody writes to, does whoever feeds \
                                           standard input still run, does the mount answer that it is on? Try cat FILE.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::errand;

    #[test]
    fn a_file_that_hangs_is_no_peer_that_does_not_answer() {
        let reading = thread::spawn(|| {
            errand::run(Some(2_001));
            stage::enter_file("reading a pipe")
        });
        let reading = reading.join().unwrap();
        let overdue = || overdue(&Deadline::new(Instant::now(), Duration::from_secs(2)), true, Some(2_001));
        let failure = overdue();
        assert_eq!((failure.class, failure.as_well), (Class::Unreadable, Some(Class::Timeout)));
        assert_eq!(failure.summary, "reading a pipe did not finish within 2 s");
        assert!(failure.advice.is_some_and(|advice| advice.contains("cat FILE")), "{:?}", failure.advice);
        drop(reading);
        let failure = overdue();
        assert_eq!((failure.class, failure.as_well, failure.advice), (Class::Timeout, None, None));
    }
}
