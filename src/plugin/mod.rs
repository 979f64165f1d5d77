//! How does a check become a process? Options, check, report, exit code; and a watchdog that nothing outlives.

mod output;
mod watchdog;

use std::{env, panic};

use crate::options::usage::UsageError;
use crate::options::{Options, Presented, Secrets, command_line};
use crate::report::{About, Class, Failure, Finding, Policy, Report, Started, State};
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
    overruling_default: Option<String>,
    /// When the run began.
    pub started: Started,
    /// When everything must be over.
    pub deadline: Deadline,
    /// Secrets from an ini section.
    pub secrets: Secrets,
}

impl Context {
    /// An empty report of this run.
    pub fn report(&self) -> Report {
        let mut report = Report::new(self.about, self.policy.clone(), self.started);
        report.overruling_default.clone_from(&self.overruling_default);
        report
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
    let started = Started::now();
    let argv: Vec<_> = env::args_os().collect();
    output::present(Presented::asked_for(&argv));
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        // The panic's own words may quote a file or a peer.
        output::finish(unasked(C::ABOUT, started, &format!("internal error at {place}; please report it")));
    }));

    let parsed = match command_line::parse::<C>(argv) {
        Ok(parsed) => parsed,
        Err(UsageError::Asked(text)) => output::finish_with(&text, State::Unknown),
        Err(error) => output::finish(unasked(C::ABOUT, started, &error.to_string())),
    };
    output::present(parsed.common.presented());
    let context = Context {
        about: C::ABOUT,
        policy: parsed.policy,
        overruling_default: parsed.overruled.map(|overruled| overruled.by),
        started,
        deadline: Deadline::new(started.instant, parsed.common.timeout()),
        secrets: parsed.secrets,
    };
    watchdog::start(context.clone());

    // Lives until the process exits: its end would wait for a look-up or a call that was left behind at the deadline.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let report = match &runtime {
        Ok(runtime) => runtime.block_on(parsed.options.check(&context)).unwrap_or_else(|failure| {
            let mut report = context.report();
            report.add_failure(failure);
            report
        }),
        Err(error) => unasked(C::ABOUT, started, &format!("cannot start the runtime: {error}")),
    };
    output::finish(report)
}

/// The UNKNOWN report of a run whose question was never answered.
fn unasked(about: &'static About, started: Started, text: &str) -> Report {
    let mut report = Report::new(about, Policy::default(), started);
    report.add_finding(Finding::unknown(text));
    report
}
