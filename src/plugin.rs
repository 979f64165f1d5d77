//! How does a check become a process? Arguments, check, report, exit code; and a watchdog that nothing outlives.
//!
//! The only place that prints or exits. Whoever comes first - the check, the watchdog, a panic - claims the output and
//! is the only one to print: a scheduler sees exactly one report.

use std::io::{self, Write};
use std::panic;
use std::process;
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::about::About;
use crate::cli::extra_opts::Secrets;
use crate::cli::usage::UsageError;
use crate::cli::{self, Arguments};
use crate::clock::Deadline;
use crate::failure::{Class, Failure, Policy};
use crate::render::{self, Presentation};
use crate::report::{self, Event, Finding, Report};
use crate::state::State;
#[cfg(unix)]
use crate::unix::signals::Signals;
#[cfg(windows)]
use crate::windows::console::Signals;

/// One run of a plugin: what its check may use beside its arguments.
#[derive(Debug)]
pub struct Run {
    /// The plugin.
    pub about: &'static About,
    /// When everything must be over.
    pub deadline: Deadline,
    /// What each failure class is worth.
    pub policy: Policy,
    /// Secrets from an ini section.
    pub secrets: Secrets,
    /// Whether more than the first lines will be shown (`-v`, and by every structured format).
    pub wants_details: bool,
    /// Whether the full trace will be shown (`-vvv`).
    pub wants_trace: bool,
    started: (SystemTime, Instant),
}

impl Run {
    /// An empty report of this run.
    pub fn report(&self) -> Report {
        Report::new(self.about, self.started.0)
    }

    /// What a failure is worth in this run.
    pub fn judged(&self, failure: Failure) -> Finding {
        report::judged(self.about, &self.policy, failure)
    }

    /// Something that happened now.
    pub fn event(&self, text: impl Into<String>) -> Event {
        Event { at: self.started.1.elapsed(), text: text.into() }
    }

    /// The wall clock's time at the start of the run.
    pub const fn started(&self) -> SystemTime {
        self.started.0
    }
}

/// Runs a plugin: parses the command line into `A`, gives it to `check`, prints its report and exits with its state.
///
/// Exits 0, 1, 2 or 3 on every path, prints one report to standard output and nothing to standard error.
pub fn run<A: Arguments>(check: impl AsyncFnOnce(&A, &Run) -> Result<Report, Failure>) -> ! {
    let started = (SystemTime::now(), Instant::now());
    let argv = match utf8_arguments() {
        Ok(argv) => argv,
        Err(argv) => {
            present(&argv);
            finish(without_check(A::ABOUT, started, "an argument is not valid UTF-8: expected text (see --help)"));
        }
    };
    present(&argv);
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        // The panic's own words may quote a file or a peer.
        finish(without_check(A::ABOUT, started, &format!("internal error at {place}; please report it")));
    }));

    let parsed = match cli::parse::<A>(argv) {
        Ok(parsed) => parsed,
        Err(UsageError::Asked(text)) => finish_with(&text, State::Unknown),
        Err(error) => finish(without_check(A::ABOUT, started, &error.to_string())),
    };
    let common = parsed.arguments.common();
    set_presentation(common.presentation(), common.exit_ok.is_some());
    let deadline = Deadline::new(started.1, common.timeout());
    let Presentation { format, verbosity, .. } = common.presentation();
    let run = Run {
        about: A::ABOUT,
        deadline,
        policy: parsed.policy,
        secrets: parsed.secrets,
        wants_details: verbosity >= 1 || format != render::Format::Text,
        wants_trace: verbosity >= 3,
        started,
    };
    watch(&run);

    // Lives until the process exits: its end would wait for a look-up or a call that was left behind at the deadline.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let report = match &runtime {
        Ok(runtime) => runtime.block_on(check(&parsed.arguments, &run)).unwrap_or_else(|failure| {
            let mut report = run.report();
            report.found(run.judged(failure));
            report
        }),
        Err(error) => without_check(A::ABOUT, started, &format!("cannot start the runtime: {error}")),
    };
    finish(Report { duration: started.1.elapsed(), ..report })
}

/// How the output is to look, as far as that is known by now.
static PRESENTATION: Mutex<(Presentation, bool)> =
    Mutex::new((Presentation { format: render::Format::Text, verbosity: 0, single_line: false }, false));

/// Since when somebody is printing.
static CLAIMED: OnceLock<Instant> = OnceLock::new();

/// What the run waits for outside of the asynchronous part, for the watchdog to name.
static STAGE: Mutex<String> = Mutex::new(String::new());

/// Says what the run is about to wait for, where a wait cannot be given the deadline: reading a file that may be a pipe.
pub fn enter(stage: impl Into<String>) {
    if let Ok(mut current) = STAGE.lock() {
        *current = stage.into();
    }
}

/// How long after the deadline the watchdog speaks, so that a check which keeps to it can do so with all it knows.
const GRACE: Duration = Duration::from_millis(150);

/// How long a report may take to be written when somebody else has one, too.
const WRITE_GRACE: Duration = Duration::from_millis(200);

/// Ends the process when the deadline has passed or a signal asks for it, whatever the main thread is stuck in.
fn watch(run: &Run) {
    let (about, started, policy, deadline) = (run.about, run.started, run.policy.clone(), run.deadline);
    let signals = Signals::register();
    let watchdog = move || {
        let remaining = deadline.remaining(Instant::now()) + GRACE;
        let mut report = match signals.wait(remaining) {
            Some(name) => without_check(about, started, &format!("ended by signal {name} before there was a result")),
            None => {
                let stage = STAGE.lock().map(|stage| stage.clone()).unwrap_or_default();
                let stage = if stage.is_empty() { "the check".to_owned() } else { stage };
                let failure = Failure::caused_by(Class::Timeout, &deadline.expired_during(stage));
                let mut report = Report::new(about, started.0);
                report.found(report::judged(about, &policy, failure));
                report
            }
        };
        report.duration = started.1.elapsed();
        finish(report)
    };
    // Without a thread to spare the asynchronous deadline still holds.
    let _ = thread::Builder::new().name("watchdog".to_owned()).stack_size(128 * 1024).spawn(watchdog);
}

/// The UNKNOWN report of a run whose question was never asked.
fn without_check(about: &'static About, started: (SystemTime, Instant), text: &str) -> Report {
    let mut report = Report::new(about, started.0);
    report.found(Finding::unknown(text));
    report.duration = started.1.elapsed();
    report
}

fn utf8_arguments() -> Result<Vec<String>, Vec<String>> {
    let argv: Vec<_> = std::env::args_os().collect();
    let lossy = || argv.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    argv.iter().map(|argument| argument.to_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(lossy)
}

fn present(argv: &[String]) {
    let (presentation, exit_ok) = cli::presentation_of(argv);
    set_presentation(presentation, exit_ok);
}

fn set_presentation(presentation: Presentation, exit_ok: bool) {
    if let Ok(mut current) = PRESENTATION.lock() {
        *current = (presentation, exit_ok);
    }
}

fn finish(report: Report) -> ! {
    let presentation = PRESENTATION.lock().map(|current| current.0).unwrap_or_default();
    finish_with(&render::render(&report, presentation), report.state())
}

/// Prints and exits, unless somebody else is already doing so.
fn finish_with(text: &str, state: State) -> ! {
    if CLAIMED.set(Instant::now()).is_err() {
        // The first one is about to exit the process; returning would print a second report.
        let claimed = CLAIMED.get().map_or(Duration::ZERO, Instant::elapsed);
        thread::sleep(WRITE_GRACE.saturating_sub(claimed));
        // The reader of our output does not read. Nobody will ever see this, but the process must end.
        process::exit(State::Unknown.exit_code().into());
    }
    let exit_ok = PRESENTATION.lock().is_ok_and(|current| current.1);
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    let state = match written {
        Ok(()) if exit_ok => State::Ok,
        Ok(()) => state,
        // A result that nobody could read is not OK.
        Err(_) if state == State::Ok || exit_ok => State::Unknown,
        Err(_) => state,
    };
    // By exit, never by return: a look-up that is stuck in the system's resolver would hold up the runtime's end.
    process::exit(state.exit_code().into())
}
