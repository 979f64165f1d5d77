//! What did the router log, and how often?
//!
//! | state    | when                                                                                     |
//! |----------|------------------------------------------------------------------------------------------|
//! | OK       | no event occurred more often in the window than its rule allows; none at all is fine     |
//! | WARNING  | an event's count violates the WARN of its rule                                           |
//! | CRITICAL | an event's count violates the CRIT of its rule (no default rule has one)                 |
//! | UNKNOWN  | the log or the export cannot be read; the export is empty, or older than `--max-age`      |

use std::time::{Duration, SystemTime};

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::duration::{duration, words};
use check_um::cli::extra_opts::Secrets;
use check_um::cli::{self, Common, target};
use check_um::clock::{self, rfc3339};
use check_um::events::query::Query;
use check_um::events::source::{self, Found, Source};
use check_um::events::tally::{self, Count, Rule, Tally, Window, histogram, meaning};
use check_um::failure::{Class, Failure};
use check_um::input::{Input, judge_age};
use check_um::metric::{Metric, Uom};
use check_um::plugin::Run;
use check_um::report::{Finding, Report, Target, excerpt};

fn main() {
    check_um::plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let rules = tally::rules(&args.event);
    let window = args.window_until(run.started());
    let found = args.source().read(&Query::counted(&args.source, &rules, window));

    let mut report = run.report();
    report.target = args.target();
    match found {
        Ok(found) => args.judge(&found, &rules, run, &mut report),
        Err(failure) => {
            report.found(run.judged(failure));
            let unknown = |rule: &Rule| Metric::unknown(&label(rule), Uom::None).min(0.0).judged_by(&rule.thresholds);
            report.metrics.extend(rules.iter().map(unknown));
        }
    }
    Ok(report)
}

impl Arguments {
    fn judge(&self, found: &Found, rules: &[Rule], run: &Run, report: &mut Report) {
        let window = self.window_until(found.until.unwrap_or(run.started()));
        let tally = tally::tally(&found.export.records, &self.source, rules, window);
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
        if found.export.bad > 0 && found.export.records.is_empty() {
            let text = format!("{}: none of its {} event records can be read", report.target.host, found.export.bad);
            report.found(run.judged(Failure::new(Class::Unreadable, text)));
        }
        match judge_age(&report.target.host, found.until, run.started(), self.max_age) {
            Ok(remark) => remark.into_iter().for_each(|remark| report.found(Finding::ok(remark))),
            Err(failure) => report.found(run.judged(failure)),
        }
        describe(found, &tally, window, report);
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

    /// The window that ends then, unless the operator says when it ends.
    fn window_until(&self, end: SystemTime) -> Window {
        Window { until: self.until.unwrap_or(end), length: self.window }
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

fn label(rule: &Rule) -> String {
    format!("event_{}", rule.id)
}

fn newest(count: &Count<'_>) -> String {
    count.newest.map_or_else(String::new, |record| format!("{} {}", rfc3339(record.time), excerpt(&record.text(), 250)))
}

/// Why the counts may not be the whole of it.
fn shortcomings(found: &Found, window: Window) -> Vec<String> {
    let bad = (found.export.bad > 0).then(|| format!("{} records cannot be read", found.export.bad));
    let cut = found.is_cut.then(|| format!("only the newest {} records were counted", found.export.records.len()));
    let young = found.reaches_back.filter(|oldest| window.from().is_some_and(|from| *oldest > from));
    let young = young.map(|oldest| format!("the log reaches back to {} only", rfc3339(oldest)));
    [bad, cut, young].into_iter().flatten().collect()
}

fn describe(found: &Found, tally: &Tally<'_>, window: Window, report: &mut Report) {
    let shortcomings = shortcomings(found, window);
    report.headline = (!shortcomings.is_empty()).then(|| shortcomings.join(", "));
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
    report.diagnostic("records", format!("{}, of other sources {}", found.export.records.len(), tally.foreign));
    report.trace.extend(tally.counts.iter().filter_map(|count| count.newest).map(|record| record.text().into_owned()));
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

    /// Host whose event log is read, with the rights of the user that runs this check (on Windows only) [default: this one]
    #[arg(short = 'H', long, value_name = "HOST", value_parser = target::host, conflicts_with = "file", help_heading = "Source")]
    hostname: Option<String>,

    /// Event XML of wevtutil or Get-WinEvent, - for standard input [default: the event log]
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
    name: "check_um_events",
    title: "UM EVENTS",
    stands_for: HealthSet { name: "UM.CallRouter", probe: "", monitor: "every one" },
    classes: &[Class::Timeout, Class::NoData, Class::Unreadable, Class::Stale, Class::Permission],
    defaults: &[],
    advice: advice::events,
};
