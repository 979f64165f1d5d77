//! How does a check become a process? Options, check, report, exit code; and a watchdog that nothing outlives.

pub(crate) mod aside;
mod output;
mod watchdog;

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::panic::{Location, PanicHookInfo};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};
use std::{env, panic, thread};

use tokio::runtime::{Builder, Runtime};

use crate::options::command_line::{Mistake, Parsed};
use crate::options::usage::UsageError;
use crate::options::{Asked, Options, Secrets, command_line};
use crate::platform::memory;
#[cfg(unix)]
use crate::platform::unix::signals::Signals;
#[cfg(windows)]
use crate::platform::windows::console::Signals;
use crate::report::{
    About, Class, Failure, Finding, Inquiry, Override, Overruling, Policy, Report, Started, State, Target,
};
use crate::time::deadline::Deadline;

/// A check: its options, and the question that it puts.
pub trait Check: Options {
    /// Puts the question. A failure is what the report says when there is nothing else to report.
    fn check(&self, context: &Context) -> impl Future<Output = Result<Report, Failure>>;
}

/// What a check is given of its run beside its options.
#[derive(Clone, Debug)]
pub struct Context {
    about: &'static About,
    policy: Policy,
    overruling: Vec<Overruling>,
    advice: fn(Option<Class>) -> &'static str,
    is_of_exchange: bool,
    target: Target,
    inquiry: Arc<Inquiry>,
    /// When the run began.
    pub started: Started,
    /// When everything must be over.
    pub deadline: Deadline,
    /// Secrets from an ini section.
    pub secrets: Secrets,
    /// The ini files that the command line names.
    pub ini_files: Vec<PathBuf>,
}

impl Context {
    /// Of a command line that is understood, for a run that began then and must be over by the deadline; the options.
    fn of<C: Check>(parsed: Parsed<C>, started: Started, deadline: Deadline) -> (Self, C) {
        let target = parsed.options.target();
        let context = Self {
            about: C::ABOUT,
            policy: parsed.policy,
            overruling: parsed.overruled,
            advice: parsed.options.advice(),
            is_of_exchange: parsed.options.is_of_exchange(),
            inquiry: Arc::new(Inquiry { endpoint: target.endpoint(), options: parsed.given }),
            target,
            started,
            deadline,
            secrets: parsed.secrets,
            ini_files: parsed.ini_files,
        };
        (context, parsed.options)
    }

    /// An empty report of this run.
    pub fn report(&self) -> Report {
        let mut report = Report::new(self.about, self.policy.clone(), self.started);
        report.overruling.clone_from(&self.overruling);
        report.advise_by(self.advice);
        report.is_of_exchange = self.is_of_exchange;
        report.target.clone_from(&self.target);
        report.inquiry = Arc::clone(&self.inquiry);
        report
    }

    /// Whom it asks, and what tells it from others.
    fn whom(&self) -> (Target, Arc<Inquiry>) {
        (self.target.clone(), Arc::clone(&self.inquiry))
    }

    /// The report of a run of which nothing is known but why it failed.
    fn failed(&self, failure: Failure) -> Report {
        let mut report = self.report();
        report.add_failure(failure);
        report
    }

    /// The states that the operator gave to classes, in rising order of precedence.
    pub(crate) fn overrides(&self) -> &[Override] {
        self.policy.overrides()
    }

    /// What a failure of `class` is worth in this run.
    pub fn state(&self, class: Class) -> State {
        self.policy.state(class)
    }

    /// Whether a failure of `class` is CRITICAL in this run.
    pub fn is_critical(&self, class: Class) -> bool {
        self.policy.state(class) == State::Critical
    }
}

/// Runs a plugin: parses the command line, puts the check's question, prints its report and exits with its state.
///
/// Exits 0, 1, 2 or 3 on every path, prints one report to standard output and nothing to standard error.
pub fn run<C: Check>() -> ! {
    memory::tell_when_speechless(|| output::finish_speechless(C::ABOUT.title, "no memory"));
    panic::set_hook(Box::new(|panic| tell_of_panic(C::ABOUT.title, panic)));
    output::prepare();
    memory::share_one_heap();
    let signals = Signals::register();
    match thread::Builder::new().name("check".to_owned()).stack_size(STACK).spawn(|| answer::<C>()) {
        Ok(_) => watchdog::watch(&RUN, &signals),
        Err(error) => {
            begin::<C>();
            finish_lacking(&lacking(&format!("no thread for the check: {error}")))
        }
    }
}

/// Takes in what is asked for, as far as it can be known before the rest is understood: who reports, in which format, by when.
/// On the thread of the check, because the first thread's stack is as large as whoever started the process had it.
fn begin<C: Check>() -> (&'static Run, clap::Command, Vec<OsString>) {
    let argv: Vec<_> = env::args_os().collect();
    let command = command_line::bare_command::<C>();
    let asked = Asked::of(&command, &argv);
    output::present(asked.presented);
    let run = RUN.get_or_init(|| Run { about: C::ABOUT, started: Started::now(), asked, context: OnceLock::new() });
    memory::tell_when_exhausted(|bytes| {
        let failure = Failure::new(Class::Local, format!("no memory: {bytes} bytes more are not to be had"));
        aside::keep_here(|context| context.failed(failure.clone()));
        finish_lacking(&failure)
    });
    (run, command, argv)
}

/// Ends a run in which somebody panicked, or in which there was no memory for a thread's stack of signals, over which Rust's
/// runtime panics.
fn tell_of_panic(title: &str, panic: &PanicHookInfo<'_>) -> ! {
    let is_stack = panic.location().is_some_and(|location| location.file().ends_with("stack_overflow.rs"));
    let Some(run) = RUN.get() else {
        let why = if is_stack { NO_STACK } else { "internal error before the command line was read" };
        output::finish_speechless(title, why)
    };
    if is_stack {
        finish_lacking(&lacking(NO_STACK))
    }
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), place);
    // The panic's own words may quote a file or a peer.
    let text = format!("internal error at {place}; please report it");
    aside::keep_here(|context| unasked(context.about, context.started, context.whom(), &text));
    output::finish(run.unasked(&text))
}

/// What the thread of the check does.
fn answer<C: Check>() {
    let (run, mut command, argv) = begin::<C>();
    let parsed = match command_line::parse::<C>(&mut command, argv, None) {
        Ok(parsed) => parsed,
        Err(Mistake { error: UsageError::Asked(text), .. }) => output::finish_unchecked(&text),
        Err(mistake) => output::finish(mistaken::<C>(run, &mut command, mistake)),
    };
    output::present(parsed.common.presented());
    let deadline = Deadline::new(run.started.instant, parsed.common.timeout());
    let (context, options) = Context::of(parsed, run.started, deadline);
    let context = run.context.get_or_init(|| context);
    match ask(&options, context) {
        Ok(report) => output::finish(report),
        Err(failure) => finish_lacking(&failure),
    }
}

/// The report of a command line, program name first, whose run began at `time`: a test passes days in seconds.
pub fn report_at<C: Check>(argv: Vec<OsString>, time: SystemTime) -> Result<Report, String> {
    let (context, options) = understood::<C>(argv, time)?;
    // Thousands of them would not fit into one process.
    let runtime = ManuallyDrop::into_inner(runtime().map_err(|failure| failure.summary)?);
    Ok(ask_on(&runtime, &options, &context))
}

/// What a command line asks, program name first, in a run that began at `time`.
pub(crate) fn understood<C: Check>(argv: Vec<OsString>, time: SystemTime) -> Result<(Context, C), String> {
    let parsed = command_line::parse::<C>(&mut command_line::bare_command::<C>(), argv, None);
    let parsed = parsed.map_err(|mistake| mistake.error.to_string())?;
    let started = Started { time, instant: Instant::now() };
    let deadline = Deadline::new(started.instant, parsed.common.timeout());
    Ok(Context::of(parsed, started, deadline))
}

/// The report of a command line that is none, shown as it asks for. It is about whom a good one would be about; but where the
/// mistake is in a file, nothing of that is said.
fn mistaken<C: Check>(run: &Run, command: &mut clap::Command, Mistake { error, given }: Mistake) -> Report {
    let text = error.to_string();
    if given.is_empty() {
        return run.unasked(&text);
    }
    let asked = Asked::by(given);
    output::present(asked.presented);
    if error.is_about_a_file() {
        return run.unasked(&text);
    }
    let whom = asked.whom(|given| command_line::whom::<C>(command, given));
    unasked(run.about, run.started, whom, &text)
}

/// Puts the question of a check; an error if this host lacks what that takes.
fn ask<C: Check>(check: &C, context: &Context) -> Result<Report, Failure> {
    Ok(ask_on(&*runtime()?, check, context))
}

fn ask_on<C: Check>(runtime: &Runtime, check: &C, context: &Context) -> Report {
    let report = runtime.block_on(check.check(context)).unwrap_or_else(|failure| context.failed(failure));
    let mut classes = report.findings.iter().filter_map(|finding| finding.class);
    let unlisted = classes.find(|class| C::ABOUT.classes().all(|listed| listed != *class));
    debug_assert_eq!(unlisted, None, "a class that the help does not list, and --state refuses");
    report
}

/// Lives until the process exits: its end would wait for a look-up or a call that was left behind at the deadline.
fn runtime() -> Result<ManuallyDrop<Runtime>, Failure> {
    let runtime = Builder::new_current_thread().enable_all().on_thread_start(aside::inherited()).build();
    runtime.map(ManuallyDrop::new).map_err(|error| lacking(&format!("no descriptors for the event loop: {error}")))
}

/// One run of a plugin, as far as it is known by now.
#[derive(Debug)]
struct Run {
    about: &'static About,
    started: Started,
    asked: Asked,
    /// Once the command line is understood.
    context: OnceLock<Context>,
}

impl Run {
    fn context(&self) -> Option<&Context> {
        self.context.get()
    }

    fn deadline(&self) -> Deadline {
        let by_argument = || Deadline::new(self.started.instant, self.asked.timeout());
        self.context().map_or_else(by_argument, |context| context.deadline)
    }

    fn unasked(&self, text: &str) -> Report {
        let whom = self.context().map_or_else(|| self.asked.whom(|_| None), Context::whom);
        let mut report = unasked(self.about, self.started, whom, text);
        report.is_of_exchange = self.context().is_none_or(|context| context.is_of_exchange);
        report
    }

    /// The report of a run of which nothing is known but why it failed.
    fn failed(&self, failure: &Failure) -> Report {
        let by_argument = || {
            let mut report = Report::new(self.about, self.asked.policy(), self.started);
            (report.target, report.inquiry) = self.asked.whom(|_| None);
            report
        };
        let mut report = self.context().map_or_else(by_argument, Context::report);
        report.add_failure(failure.clone());
        report
    }
}

/// The UNKNOWN report of a run whose question was never answered.
fn unasked(about: &'static About, started: Started, whom: (Target, Arc<Inquiry>), text: &str) -> Report {
    let mut report = Report::new(about, Policy::default(), started);
    (report.target, report.inquiry) = whom;
    report.add_finding(Finding::unknown(text));
    report
}

/// Something that this host lacks.
fn lacking(what: &str) -> Failure {
    Failure::new(Class::Local, what)
}

/// Ends a run for which this host lacks something.
fn finish_lacking(failure: &Failure) -> ! {
    match RUN.get() {
        Some(run) => output::finish_with_one_line(run.failed(failure)),
        None => output::finish_with(&failure.summary, State::Unknown),
    }
}

/// Where in the source somebody panicked, without the directories of the machine that it was compiled on.
fn place(location: &Location<'_>) -> String {
    let parts: Vec<_> = location.file().split(['/', '\\']).collect();
    let is_absolute = location.file().starts_with('/') || location.file().contains(':');
    // `CRATE/src/...` of a dependency; what is our own is relative already.
    let begin = parts
        .iter()
        .rposition(|part| *part == "src")
        .map_or(parts.len().saturating_sub(1), |src| src.saturating_sub(1));
    let file = parts[if is_absolute { begin } else { 0 }..].join("/");
    format!("{file}:{}:{}", location.line(), location.column())
}

static RUN: OnceLock<Run> = OnceLock::new();

const NO_STACK: &str = "no memory for a thread";

/// The stack of the check: what Rust gives a thread by default.
const STACK: usize = 2 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn caller((): ()) -> &'static Location<'static> {
        Location::caller()
    }

    #[test]
    fn a_place_in_the_source_is_told_without_the_directories_above_it() {
        let (here, line) = (caller(()), line!());
        assert_eq!(place(here).split(':').nth(1), Some(line.to_string().as_str()));
        assert!(place(here).replace('\\', "/").starts_with("src/plugin/mod.rs:"), "{}", place(here));
        // Called by the standard library, which was compiled elsewhere.
        let [there] = [()].map(caller);
        assert!(place(there).starts_with("core/src/"), "{} of {}", place(there), there.file());
    }
}
