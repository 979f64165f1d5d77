//! How does a check put the questions of others? Each on a thread of its own, so that what one meets is its own affair.
//!
//! A panic ends the process, and nothing stops a thread that is stuck in a call of the system. So nobody waits for these
//! threads to end: they hand over their reports, and whoever panics or finds no memory says so and stays where he is.

use std::ffi::OsString;
use std::fmt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::watchdog::{ended_by, overdue};
use super::{Check, Context, STACK, ask, lacking};
use crate::input::Input;
use crate::options::command_line;
use crate::options::usage::UsageError;
use crate::platform::memory;
use crate::report::{About, Failure, Finding, Report, Started};
use crate::time::deadline::Deadline;
use crate::time::{ending, errand};

/// Another check's question, understood and not yet put.
#[derive(Clone)]
pub struct Question {
    about: &'static About,
    /// What is known of its run before there is one.
    context: Arc<Context>,
    /// Its own timeout, if one was named.
    timeout: Option<Duration>,
    stream: Option<String>,
    put: Arc<Put>,
}

/// Puts a question.
type Put = dyn Fn(Started, Deadline) -> Report + Send + Sync;

impl Question {
    /// The question that the command line of check `C` asks, program name first; `limit` is the longest that it may take,
    /// where whoever asks knows that already.
    pub fn of<C: Check + Send + Sync + 'static>(
        argv: Vec<OsString>,
        limit: Option<Duration>,
    ) -> Result<Self, UsageError> {
        let parsed = command_line::parse::<C>(&mut command_line::bare_command::<C>(), argv, limit);
        let parsed = parsed.map_err(|mistake| mistake.error)?;
        let (timeout, stream) = (parsed.common.given_timeout(), parsed.options.reads().and_then(Input::readable_once));
        let started = Started::now();
        // Of when it is put nothing is known yet.
        let deadline = Deadline::new(started.instant, parsed.common.timeout());
        let (context, check) = Context::of(parsed, started, deadline);
        let context = Arc::new(context);
        let asked = Arc::clone(&context);
        let put = move |started: Started, deadline: Deadline| {
            let context = Context { started, deadline, ..Context::clone(&asked) };
            let mut report = ask(&check, &context).unwrap_or_else(|failure| context.failed(failure));
            report.duration = started.instant.elapsed();
            report
        };
        Ok(Self { about: C::ABOUT, context, timeout, stream, put: Arc::new(put) })
    }

    /// What it reads that can be read once only, such as standard input: by one question, and not again.
    pub(crate) fn stream(&self) -> Option<&str> {
        self.stream.as_deref()
    }

    /// By when it must be answered: its own options may say earlier than whoever puts it.
    fn own_deadline(&self, started: Started, all: Deadline) -> Deadline {
        let own = self.timeout.map(|timeout| Deadline::new(started.instant, timeout));
        own.filter(|own| own.instant() < all.instant()).unwrap_or(all)
    }

    fn failed(&self, started: Started, failure: Failure) -> Report {
        Context { started, ..Context::clone(&self.context) }.failed(failure)
    }

    fn ended(&self, started: Started, signal: &str) -> Report {
        let mut report = Context { started, ..Context::clone(&self.context) }.report();
        report.add_finding(Finding::unknown(ended_by(signal)));
        report
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("about", &self.about.name).finish_non_exhaustive()
    }
}

/// Puts all questions at once; a report for each, in their order, when the last one is there, the deadline has passed or a signal
/// has asked for the end, which the caller holds off.
pub fn ask_all(questions: &[&Question], deadline: Deadline) -> Vec<Report> {
    memory::reserve_for(questions.len());
    let started = Started::now();
    let (sender, receiver) = mpsc::channel();
    let (mut reports, mut errands) = (Vec::with_capacity(questions.len()), Vec::with_capacity(questions.len()));
    for (index, question) in questions.iter().enumerate() {
        let desk = Desk { index, question: (*question).clone(), started, sender: sender.clone() };
        let number = set_up(desk.clone());
        errands.push(number);
        let work = move || {
            errand::run(number);
            let started = Started::now();
            desk.hand_over((desk.question.put)(started, desk.question.own_deadline(started, deadline)));
        };
        let spawned = thread::Builder::new().name(question.about.name.to_owned()).stack_size(STACK).spawn(work);
        let failed =
            |error| question.failed(started, lacking(&format!("no thread for {}: {error}", question.about.name)));
        reports.push(spawned.err().map(failed));
    }
    let bell = Waker::from(Arc::new(Bell(Mutex::new(sender))));
    if ending::signal_or_wake(&bell).is_some() {
        bell.wake();
    }
    let signal = collect(&mut reports, &receiver, deadline);
    memory::give_back();
    let late = |question: &Question, errand| match signal {
        Some(signal) => question.ended(started, signal),
        None => {
            let deadline = question.own_deadline(started, deadline);
            question.failed(started, overdue(&deadline, true, errand))
        }
    };
    let asked = questions.iter().zip(errands);
    reports
        .into_iter()
        .zip(asked)
        .map(|(report, (question, errand))| report.unwrap_or_else(|| late(question, errand)))
        .collect()
}

/// Takes what is handed over, until there is a report of everybody or the deadline has passed. Once a signal has asked for the
/// end, which is returned, nobody is waited for but those who have something to take back, and for them not long.
fn collect(reports: &mut [Option<Report>], receiver: &Receiver<Word>, deadline: Deadline) -> Option<&'static str> {
    let (mut signal, mut last) = (None, deadline.instant() + GRACE);
    while reports.iter().any(Option::is_none) && (signal.is_none() || ending::held() > BY_THE_CALLER) {
        match receiver.recv_timeout(last.saturating_duration_since(Instant::now())) {
            // Of one who panicked on a thread of his, the first word counts.
            Ok(Some((index, report))) => drop(reports[index].get_or_insert(report)),
            Ok(None) => {
                signal = ending::signal();
                last = last.min(Instant::now() + RELEASE);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    signal
}

/// Whose report is handed over; none where a signal asks for the end.
type Word = Option<(usize, Report)>;

/// Tells whoever collects that a signal asks for the end.
struct Bell(Mutex<Sender<Word>>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // Nobody listens any more when all is said.
        if let Ok(sender) = self.0.lock() {
            let _ = sender.send(None);
        }
    }
}

/// For whoever is about to end the process: if this thread works for one of several questions, hands over the report of what
/// happened, and never returns.
pub(super) fn keep_here(report: impl FnOnce(&Context) -> Report) {
    let desk = errand::current().and_then(|number| DESKS.lock().ok()?.get(number).cloned());
    if let Some(desk) = desk {
        let context = Context { started: desk.started, ..Context::clone(&desk.question.context) };
        desk.hand_over(report(&context));
        loop {
            thread::park();
        }
    }
}

/// Has a thread that is started for one of this one's calls work for the same question.
pub(super) fn inherited() -> impl Fn() + Send + Sync + 'static {
    let number = errand::current();
    move || errand::run(number)
}

/// Where the threads of one question hand over its report.
#[derive(Clone)]
struct Desk {
    index: usize,
    question: Question,
    started: Started,
    sender: Sender<Word>,
}

impl Desk {
    fn hand_over(&self, report: Report) {
        // Nobody listens any more when the deadline has passed.
        let _ = self.sender.send(Some((self.index, report)));
    }
}

/// The number of the desk, by which its threads know it.
fn set_up(desk: Desk) -> Option<usize> {
    let mut desks = DESKS.lock().ok()?;
    desks.push(desk);
    Some(desks.len() - 1)
}

static DESKS: Mutex<Vec<Desk>> = Mutex::new(Vec::new());

/// How long after the deadline a check that keeps to it may still hand over what it knows: less than the watchdog waits.
const GRACE: Duration = Duration::from_millis(75);

/// How long after a signal those are waited for who take something back: less than the watchdog does.
const RELEASE: Duration = Duration::from_millis(375);

/// How often the caller of all questions holds the end off.
const BY_THE_CALLER: u32 = 1;

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::options::Options;
    use crate::report::Target;
    use crate::report::about::OF_A_TEST;

    /// A check that asks nobody.
    #[derive(clap::Args)]
    struct OfATest {}

    impl Options for OfATest {
        const ABOUT: &'static About = &OF_A_TEST;
        const USAGE: &'static [&'static str] = &[];
        const EXAMPLES: [&'static str; 3] = [""; 3];

        fn target(&self) -> Target {
            Target::default()
        }
    }

    impl Check for OfATest {
        async fn check(&self, context: &Context) -> Result<Report, Failure> {
            Ok(context.report())
        }
    }

    #[test]
    fn a_question_is_answered_by_its_own_deadline_or_that_of_all_whichever_is_earlier() {
        let started = Started::now();
        let all = Deadline::new(started.instant, Duration::from_secs(5));
        for (line, seconds) in [("x", 5), ("x -t 2", 2), ("x -t 9", 5)] {
            let question = Question::of::<OfATest>(line.split(' ').map(OsString::from).collect(), None).unwrap();
            let left = question.own_deadline(started, all).instant().duration_since(started.instant);
            assert_eq!(left, Duration::from_secs(seconds), "{line}");
        }
    }

    #[test]
    fn what_was_not_answered_began_when_it_was_asked() {
        let question = Question::of::<OfATest>(vec![OsString::from("x")], None).unwrap();
        let asked = Started { time: SystemTime::UNIX_EPOCH, ..Started::now() };
        let ended = question.ended(asked, "SIGTERM");
        assert_eq!((ended.started.time, ended.started.instant), (asked.time, asked.instant));
        assert!(ended.summary().contains("SIGTERM"), "{}", ended.summary());
        let failed = question.failed(asked, lacking("no thread"));
        assert_eq!((failed.started.time, failed.summary().as_str()), (asked.time, "no thread"));
    }

    #[test]
    fn who_is_about_to_end_the_process_hands_over_a_report_of_the_question_that_his_thread_works_for() {
        let question = Question::of::<OfATest>(vec![OsString::from("x")], None).unwrap();
        let (sender, receiver) = mpsc::channel();
        let number = |index| {
            let (question, sender) = (question.clone(), sender.clone());
            set_up(Desk { index, question, started: Started::now(), sender })
        };
        let [number, _] = [7, 8].map(number);
        thread::spawn(move || {
            errand::run(number);
            keep_here(|context| context.failed(lacking("no memory")));
        });
        let (index, report) = receiver.recv_timeout(Duration::from_secs(10)).unwrap().unwrap();
        assert_eq!((index, report.summary().as_str()), (7, "no memory"));
    }
}
