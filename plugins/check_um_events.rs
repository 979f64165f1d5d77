//! What did the router log, and how often?
//!
//! | state    | when                                                                                     |
//! |----------|------------------------------------------------------------------------------------------|
//! | OK       | no event occurred more often in the window than its rule allows; none at all is fine     |
//! | WARNING  | an event's count violates the WARN of its rule                                           |
//! | CRITICAL | an event's count violates the CRIT of its rule (no default rule has one)                 |
//! | UNKNOWN  | the export is empty, is older than `--max-age`, cannot be read, or no record of it can   |

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::duration::{duration, words};
use check_um::cli::extra_opts::Secrets;
use check_um::cli::{self, Common};
use check_um::clock::{self, rfc3339};
use check_um::events::source::{self, Log, Source};
use check_um::events::tally::{self, Count, Rule, Tally, Window, histogram, meaning};
use check_um::failure::{Class, Failure};
use check_um::input::{Input, judge_age};
use check_um::metric::{Metric, Uom};
use check_um::plugin::{self, Run};
use check_um::report::{Finding, Report, Target, excerpt};

fn main() -> ExitCode {
    plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let rules = tally::rules(&args.event);
    let log = args.source().read();

    let mut report = run.report();
    report.target = args.target();
    match log {
        Ok(log) => args.judge(&log, &rules, run, &mut report),
        Err(failure) => {
            report.found(run.judged(failure));
            let unknown = |rule: &Rule| Metric::unknown(&label(rule), Uom::None).min(0.0).judged_by(&rule.thresholds);
            report.metrics.extend(rules.iter().map(unknown));
        }
    }
    Ok(report)
}

impl Arguments {
    fn judge(&self, log: &Log, rules: &[Rule], run: &Run, report: &mut Report) {
        let window = Window { until: self.until.or(log.until).unwrap_or(run.started()), length: self.window };
        let tally = tally::tally(&log.export.records, &self.source, rules, window);
        for count in &tally.counts {
            let metric = Metric::count(&label(count.rule), count.count).judged_by(&count.rule.thresholds);
            if let Some(violation) = metric.violation() {
                let text = format!("{}: {}", self.occurrences(count), newest(count));
                report.found(Finding { state: violation.state, advice: advice::events(None), ..Finding::ok(text) });
            }
            report.metrics.push(metric);
        }
        if report.findings.is_empty() {
            report.found(Finding::ok(self.quiet(&tally)));
        }
        if log.export.bad > 0 && log.export.records.is_empty() {
            let text = format!("{}: none of its {} event records can be read", report.target.host, log.export.bad);
            report.found(run.judged(Failure::new(Class::Unreadable, text)));
        }
        match judge_age(&report.target.host, log.until, run.started(), self.max_age) {
            Ok(remark) => remark.into_iter().for_each(|remark| report.found(Finding::ok(remark))),
            Err(failure) => report.found(run.judged(failure)),
        }
        describe(log, &tally, window, report);
    }

    /// `3 x 1647 (call rejected) in 1 h`.
    fn occurrences(&self, count: &Count<'_>) -> String {
        let meaning = meaning(count.rule.id).map_or_else(String::new, |text| format!(" ({text})"));
        format!("{} x {}{meaning} in {}", count.count, count.rule.id, words(self.window))
    }

    /// What there is to say when no rule is violated.
    fn quiet(&self, tally: &Tally<'_>) -> String {
        let counted: Vec<_> = tally.counts.iter().filter(|count| count.count > 0).collect();
        match counted.as_slice() {
            [] => format!("no events in {}", words(self.window)),
            counted => counted.iter().map(|count| self.occurrences(count)).collect::<Vec<_>>().join(", "),
        }
    }

    fn source(&self) -> Source {
        self.file.clone().map_or(Source::Local, Source::Export)
    }

    fn target(&self) -> Target {
        let host = self.file.as_ref().map_or_else(|| "the local event log".to_owned(), ToString::to_string);
        Target { host, address: None, port: None, transport: "file" }
    }
}

fn label(rule: &Rule) -> String {
    format!("event_{}", rule.id)
}

fn newest(count: &Count<'_>) -> String {
    count.newest.map_or_else(String::new, |record| format!("{} {}", rfc3339(record.time), excerpt(&record.text, 250)))
}

fn describe(log: &Log, tally: &Tally<'_>, window: Window, report: &mut Report) {
    if log.export.bad > 0 {
        report.headline = Some(format!("{} records cannot be read", log.export.bad));
    }
    report.diagnostic("window_end", rfc3339(window.until));
    if !tally.codes.is_empty() {
        report.diagnostic("diagnostic_codes", histogram(&tally.codes));
    }
    // The worst is the event with the worst state; where none is judged, the most frequent one.
    let state = |count: &&Count<'_>| {
        let metric = Metric::count("", count.count).judged_by(&count.rule.thresholds);
        (metric.violation().map(|violation| violation.state), count.count)
    };
    if let Some(worst) = tally.counts.iter().filter(|count| count.count > 0).max_by_key(state) {
        let computer = worst.newest.map_or("", |record| record.computer.as_str());
        report.diagnostic("newest_of_worst", format!("{} on {computer}: {}", worst.rule.id, newest(worst)));
    }
    report.diagnostic("records", format!("{}, of other sources {}", log.export.records.len(), tally.foreign));
    report.trace.extend(tally.counts.iter().filter_map(|count| count.newest).map(|record| record.text.clone()));
}

/// Count the events that the Call Router logged, and judge how often each occurred.
#[derive(Debug, clap::Parser)]
#[command(name = "check_um_events", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// WARNING, or CRITICAL, when event ID occurs more often than this in the window; ranges, too; repeatable, in place
    /// of or beside 1638=2, 1643=2, 1647=2, 1651=2 (1649 is counted only)
    #[arg(long, value_name = "ID=WARN[,CRIT]", help_heading = "Events")]
    event: Vec<Rule>,

    /// How far back events count, such as 90s, 10m, 1h or 1d
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h", help_heading = "Events")]
    window: Duration,

    /// End of the window, in RFC 3339 [default: now; for a file, when it was written]
    #[arg(long, value_name = "TIME", value_parser = clock::parse, help_heading = "Events")]
    until: Option<SystemTime>,

    /// Event source that counts; events of others are passed over
    #[arg(long, value_name = "NAME", default_value = "MSExchange Unified Messaging", help_heading = "Events")]
    source: String,

    /// Event XML of wevtutil or Get-WinEvent, - for standard input [default: the local event log]
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
        (self.file.is_none() && !cfg!(windows)).then(|| source::NEEDS_A_FILE.to_owned())
    }
}

static ABOUT: About = About {
    name: "check_um_events",
    title: "UM EVENTS",
    stands_for: HealthSet { name: "UM.CallRouter", probe: "", monitor: "every one" },
    classes: &[Class::Timeout, Class::NoData, Class::Unreadable, Class::Stale, Class::Permission],
    defaults: &[],
    advice: advice::events,
};
