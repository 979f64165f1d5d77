//! What does Managed Availability itself say: is the issue still there?
//!
//! | state    | when                                                                                      |
//! |----------|-------------------------------------------------------------------------------------------|
//! | OK       | every monitor of the health sets is Healthy                                               |
//! | WARNING  | a monitor is Degraded or Repairing, or Disabled by an override                            |
//! | CRITICAL | a monitor is Unhealthy or Unavailable                                                     |
//! | UNKNOWN  | a monitor is Unknown or anything else; a health set is absent; the source cannot be read  |

use std::time::Duration;

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::duration::duration;
use check_um::cli::extra_opts::Secrets;
use check_um::cli::{self, Common, target};
use check_um::clock::rfc3339;
use check_um::failure::{Class, Failure};
use check_um::health::Monitor;
use check_um::health::judge::{self, Selection, Worth};
use check_um::health::source::{self, Answer, Source};
use check_um::input::{Input, judge_age};
use check_um::metric::{Metric, Uom};
use check_um::plugin::Run;
use check_um::report::{Finding, Report, Target};

fn main() {
    check_um::plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let answer = args.source().read(&args.health_set);

    let mut report = run.report();
    report.target = args.target();
    match answer {
        Ok(answer) => args.judge(&answer, run, &mut report),
        Err(failure) => {
            report.found(run.judged(failure));
            report.metrics.extend(["monitors", "unhealthy"].map(|label| Metric::unknown(label, Uom::None).min(0.0)));
        }
    }
    Ok(report)
}

impl Arguments {
    fn judge(&self, answer: &Answer, run: &Run, report: &mut Report) {
        let selection = judge::select(&answer.export.monitors, &self.health_set, &self.ignore);
        let several_servers = selection.servers().len() > 1;
        for monitor in selection.unhealthy() {
            report.found(judge_monitor(monitor, several_servers, run));
        }
        match selection.judged.len() {
            0 => {}
            _ if report.findings.is_empty() => report.found(Finding::ok(selection.summary(&self.health_set))),
            _ => report.headline = Some(selection.summary(&self.health_set)),
        }
        for failure in self.shortcomings(answer, &selection) {
            report.found(run.judged(failure));
        }
        for remark in &answer.remarks {
            report.found(Finding::ok(remark.clone()));
        }
        match judge_age(&self.target().host, answer.written, run.started(), self.max_age) {
            Ok(remark) => remark.into_iter().for_each(|remark| report.found(Finding::ok(remark))),
            Err(failure) => report.found(run.judged(failure)),
        }

        let unhealthy = u32::try_from(selection.unhealthy().count()).unwrap_or(u32::MAX);
        report.measured(Metric::count("monitors", selection.monitors()));
        report.measured(Metric::count("unhealthy", unhealthy).max(selection.monitors().into()));
        describe_selection(answer, &selection, report);
    }

    /// Why the answer may not be the whole answer.
    fn shortcomings(&self, answer: &Answer, selection: &Selection<'_>) -> Vec<Failure> {
        let source = self.target().host;
        let absent = |set: &&str| Failure::new(Class::NoData, format!("health set {set} is not in {source}"));
        let mut failures: Vec<_> = selection.absent.iter().map(absent).collect();
        if selection.judged.is_empty() && !selection.ignored.is_empty() {
            failures.push(Failure::new(Class::NoData, "every monitor is ignored: nothing is left to judge"));
        }
        if answer.export.unusable > 0 {
            let what = if self.file.is_some() { "rows" } else { "events" };
            let text = format!("{} {what} of {source} lack health set or alert value", answer.export.unusable);
            failures.push(Failure::new(Class::Unreadable, text));
        }
        failures
    }

    fn source(&self) -> Source {
        self.file.clone().map_or_else(|| Source::Log(self.hostname.clone()), Source::Export)
    }

    fn target(&self) -> Target {
        let (host, transport) = match (&self.file, &self.hostname) {
            (Some(file), _) => (file.to_string(), "file"),
            (None, Some(host)) => (host.clone(), "eventlog"),
            (None, None) => ("the local event log".to_owned(), "eventlog"),
        };
        Target { host, address: None, port: None, transport }
    }
}

fn judge_monitor(monitor: &Monitor, with_server: bool, run: &Run) -> Finding {
    let text = judge::describe(monitor, with_server);
    let mut finding = match judge::worth(&monitor.alert_value) {
        Worth::State(state) => Finding { state, advice: advice::health_set(None), ..Finding::ok(text) },
        Worth::Disabled => run.judged(Failure::new(Class::Disabled, text)),
    };
    if !monitor.exception.is_empty() {
        finding.causes.push(monitor.exception.clone());
    }
    finding
}

fn describe_selection(answer: &Answer, selection: &Selection<'_>, report: &mut Report) {
    if let Some(newest) = selection.judged.iter().filter_map(|monitor| monitor.since.as_deref()).max() {
        report.diagnostic("last_transition", newest);
    }
    if let Some(written) = answer.written {
        report.diagnostic("written", rfc3339(written));
    }
    if !selection.ignored.is_empty() {
        let names: Vec<_> = selection.ignored.iter().map(|monitor| judge::describe(monitor, true)).collect();
        report.diagnostic("ignored", names.join("; "));
    }
    report.trace.extend(selection.judged.iter().map(|monitor| judge::describe(monitor, true)));
}

/// Judge the monitors of a health set by what Managed Availability itself says of them.
#[derive(Debug, clap::Parser)]
#[command(name = "check_um_health_set", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// Health set to judge; repeatable, such as UM and UM.Protocol
    #[arg(long, value_name = "NAME", default_value = "UM.CallRouter", help_heading = "Health set")]
    health_set: Vec<String>,

    /// Monitor to leave out, as NAME or NAME\\TARGET; repeatable
    #[arg(long, value_name = "MONITOR", help_heading = "Health set")]
    ignore: Vec<String>,

    /// Host whose log of Managed Availability is read, with the rights of the user that runs this check (on Windows only)
    /// [default: this one]
    #[arg(short = 'H', long, value_name = "HOST", value_parser = target::host, conflicts_with = "file", help_heading = "Source")]
    hostname: Option<String>,

    /// Get-ServerHealth or Get-HealthReport as JSON or CSV, or that log as event XML, - for standard input [default: the
    /// log]
    #[arg(long, value_name = "FILE", help_heading = "Source")]
    file: Option<Input>,

    /// Report a file that was written longer ago than this as stale, such as 10m [default: any age is judged]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Source")]
    max_age: Option<Duration>,

    #[command(flatten)]
    common: Common,
}

impl cli::Arguments for Arguments {
    const ABOUT: &'static About = &ABOUT;

    fn common(&self) -> &Common {
        &self.common
    }

    fn contradiction(&self, _: &Secrets) -> Option<String> {
        let reason = if self.hostname.is_some() { source::NEEDS_WINDOWS } else { source::NEEDS_A_FILE };
        (self.file.is_none() && !cfg!(windows)).then(|| reason.to_owned())
    }
}

static ABOUT: About = About {
    name: "check_um_health_set",
    title: "UM HEALTH SET",
    stands_for: HealthSet { name: "UM.CallRouter", probe: "", monitor: "every one" },
    classes: &[Class::Timeout, Class::Disabled, Class::NoData, Class::Unreadable, Class::Stale, Class::Permission],
    defaults: &[],
    advice: advice::health_set,
};
