//! What did the router log, and how often?
//!
//! | state    | when                                                                                     |
//! |----------|------------------------------------------------------------------------------------------|
//! | OK       | no event occurred more often in the window than its rule allows; none at all is fine     |
//! | WARNING  | an event's count violates the WARN of its rule                                           |
//! | CRITICAL | an event's count violates the CRIT of its rule (no default rule has one)                 |
//! | UNKNOWN  | the log or the export cannot be read; the export is empty, or older than `--max-age`      |

use std::time::{Duration, SystemTime};

use super::schedule::{DisplayUnit, Elsewhere, Scheduled, ScheduledService, Setting, graph, metric};
use crate::events::query::EventQuery;
use crate::events::source::{self, FoundEvents};
use crate::events::tally::{self, Count, EventWindow, Rule, Tally, histogram, meaning};
use crate::options::log::LogOptions;
use crate::options::{Need, Options, Secrets, reworded};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Failure, Finding, Metric, Report, StandsFor, Uom, excerpt};
use crate::time::calendar::{self, rfc3339};
use crate::time::words::{duration, in_words};

impl Check for Events {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let rules = tally::rules(&self.event);
        let window = self.window_until(context.started.time);
        let found = self.log.source().read(&EventQuery::counted(&self.source, &rules, window));

        let mut report = context.report();
        report.target = self.log.target();
        match found {
            Ok(found) => self.judge(&found, &rules, &mut report),
            Err(failure) => {
                report.add_failure(failure);
                let unknown =
                    |rule: &Rule| Metric::unknown(&label(rule), Uom::None).min(0.0).judged_by(&rule.thresholds);
                report.metrics.extend(rules.iter().map(unknown));
            }
        }
        Ok(report)
    }
}

impl Events {
    fn judge(&self, found: &FoundEvents, rules: &[Rule], report: &mut Report) {
        let window = self.window_until(found.until.unwrap_or(report.started.time));
        let tally = tally::tally(&found.export.records, &self.source, rules, window);
        for count in &tally.counts {
            let metric = Metric::count(&label(count.rule), count.count).judged_by(&count.rule.thresholds);
            if let Some(violation) = metric.violation() {
                let text = format!("{}: {}", self.occurrences(count), newest(count));
                report.add_finding(Finding { state: violation.state, advice: advice(None), ..Finding::ok(text) });
            }
            report.add_metric(metric);
        }
        if report.findings.is_empty() {
            report.add_finding(Finding::ok(self.quiet(&tally)));
        }
        if found.export.bad > 0 && found.export.records.is_empty() {
            let text = format!("{}: none of its {} event records can be read", report.target.host, found.export.bad);
            report.add_failure(Failure::new(Class::Unreadable, text));
        }
        self.log.judge_age(found.until, report);
        add_details(found, &tally, window, report);
    }

    /// `3 x 1647 (call rejected) in 1 h`.
    fn occurrences(&self, count: &Count<'_>) -> String {
        let meaning = meaning(count.rule.id).map_or_else(String::new, |text| format!(" ({text})"));
        format!("{} x {}{meaning} in {}", count.count, count.rule.id, in_words(self.window))
    }

    /// What there is to say when no rule is violated.
    fn quiet(&self, tally: &Tally<'_>) -> String {
        let counted: Vec<_> = tally.counts.iter().filter(|count| count.count > 0).collect();
        match counted.as_slice() {
            [] => format!("no events in {}", in_words(self.window)),
            counted => counted.iter().map(|count| self.occurrences(count)).collect::<Vec<_>>().join(", "),
        }
    }

    /// The window that ends then, unless the operator says when it ends.
    fn window_until(&self, end: SystemTime) -> EventWindow {
        EventWindow { until: self.until.unwrap_or(end), length: self.window }
    }
}

fn label(rule: &Rule) -> String {
    format!("event_{}", rule.id)
}

fn newest(count: &Count<'_>) -> String {
    count.newest.map_or_else(String::new, |record| format!("{} {}", rfc3339(record.time), excerpt(&record.text(), 250)))
}

/// Why the counts may not be the whole of it.
fn shortcomings(found: &FoundEvents, window: EventWindow) -> Vec<String> {
    let bad = (found.export.bad > 0).then(|| format!("{} records cannot be read", found.export.bad));
    let cut = found.is_cut.then(|| format!("only the newest {} records were counted", found.export.records.len()));
    let young = found.reaches_back.filter(|oldest| window.from().is_some_and(|from| *oldest > from));
    let young = young.map(|oldest| format!("the log reaches back to {} only", rfc3339(oldest)));
    [bad, cut, young].into_iter().flatten().collect()
}

fn add_details(found: &FoundEvents, tally: &Tally<'_>, window: EventWindow, report: &mut Report) {
    let shortcomings = shortcomings(found, window);
    report.headline = (!shortcomings.is_empty()).then(|| shortcomings.join(", "));
    report.add_diagnostic("window_end", rfc3339(window.until));
    if !tally.codes.is_empty() {
        report.add_diagnostic("diagnostic_codes", histogram(&tally.codes));
    }
    // The worst is the event with the worst state; where none is judged, the most frequent one.
    let state = |count: &&Count<'_>| {
        let metric = Metric::count("", count.count).judged_by(&count.rule.thresholds);
        (metric.violation().map(|violation| violation.state), count.count)
    };
    if let Some(worst) = tally.counts.iter().filter(|count| count.count > 0).max_by_key(state) {
        let computer = worst.newest.map_or("", |record| record.computer.as_str());
        report.add_diagnostic("newest_of_worst", format!("{} on {computer}: {}", worst.rule.id, newest(worst)));
    }
    report.add_diagnostic("records", format!("{}, of other sources {}", found.export.records.len(), tally.foreign));
    report.add_trace(tally.counts.iter().filter_map(|count| count.newest).map(|record| record.text().into_owned()));
}

/// Count the events that the Call Router logged, and judge how often each occurred.
#[derive(Debug, clap::Args)]
#[command(mut_args(|option| reworded(option, &[("file", FILE_HELP)])))]
pub struct Events {
    /// WARNING, or CRITICAL, when event ID occurs more often than this in the window; ranges, too; repeatable, in place
    /// of or beside 1638=2, 1643=2, 1647=2, 1651=2 (1649 is counted only)
    #[arg(long, value_name = "ID=WARN[,CRIT]", help_heading = "Events")]
    event: Vec<Rule>,

    /// How far back events count, such as 90s, 10m, 1h or 1d
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h", help_heading = "Events")]
    window: Duration,

    /// End of the window, in RFC 3339 [default: now; for a file, when it was written]
    #[arg(long, value_name = "TIME", value_parser = calendar::parse, help_heading = "Events")]
    until: Option<SystemTime>,

    /// Event source that counts; events of others are passed over
    #[arg(long, value_name = "NAME", default_value = tally::EVENT_SOURCE, help_heading = "Events")]
    source: String,

    #[command(flatten)]
    log: LogOptions,
}

impl Options for Events {
    const ABOUT: &'static About = &About {
        name: "check_um_events",
        title: "UM EVENTS",
        stands_for: StandsFor { probe: "", monitor: "every one" },
        classes: &[&[Class::Timeout], Class::OF_EXPORTS],
        defaults: &[],
        advice,
    };
    const USAGE: &'static [&'static str] = &["--file FILE [OPTIONS]", "[-H HOST] [OPTIONS] (on Windows)"];
    const EXAMPLES: [&'static str; 3] =
        ["--file events.xml --max-age 15m", "--file events.xml --event 1647=0,20 --window 10m", "-H cas1.example.com"];
    const NEEDS: &'static [&'static [Need]] = &[LogOptions::NEEDS];

    fn contradiction(&self, _: &Secrets) -> Option<String> {
        self.log.contradiction(source::NEEDS_EVENT_XML)
    }
}

impl Scheduled for Events {
    const SERVICES: &'static [ScheduledService] = &[ScheduledService {
        name: "um-events",
        title: "UM events",
        elsewhere: Elsewhere::Export { file: "events.xml", holds: "an export of its event log" },
        interval: 5,
        retry: 5,
        attempts: 1,
        settings: &[Setting::Own("--window")],
        metrics: &[
            metric("event_1647", "1647: calls rejected", DisplayUnit::Count),
            metric("event_1638", "1638: missed-call notifications not proxied", DisplayUnit::Count),
            metric("event_1643", "1643: certificate near its expiry", DisplayUnit::Count),
            metric("event_1649", "1649: TLS broken off", DisplayUnit::Count),
            metric("event_1651", "1651: OPTIONS rejected", DisplayUnit::Count),
        ],
        graphs: &[graph(
            "events in the window",
            &["event_1647", "event_1638", "event_1643", "event_1649", "event_1651"],
        )],
        ..ScheduledService::usual(Self::ABOUT)
    }];
}

/// What the administrator should do about it.
const fn advice(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "Read the newest text above. 1647: rejected calls; if its code is 15647, test the directory (check_um_ad_ds), \
             else look whether the caller is a UM IP gateway with a hunt group (Get-UMIPGateway, Get-UMHuntGroup). 1638: the \
             Mailbox server that should take missed-call notifications does not answer. 1643: renew the certificate. 1649: \
             a gateway, or a probe without a client certificate, broke off TLS. 1651: OPTIONS were rejected."
        }
        Some(Class::NoData) => {
            "Try it by hand: wevtutil gli Application, with /r:HOST for another host. Export on the server: wevtutil qe Application /f:xml /e:Events \"/q:*[System[Provider[@Name='MSExchange Unified \
             Messaging'] and TimeCreated[timediff(@SystemTime) <= 3600000]]]\". With /e:Events an empty result has a root \
             element, and a query that failed has none."
        }
        Some(Class::Stale) => {
            "Whatever exports the event log no longer runs. On the server: Get-ScheduledTask, its last result."
        }
        Some(Class::Timeout) => {
            "The log of the host named, or the program that writes to standard input, does not answer. Try it by hand: \
             wevtutil gli Application /r:HOST."
        }
        Some(Class::Permission) => {
            "Give the user that runs this check the right to read the file; for an event log that is the group Event Log \
             Readers."
        }
        Some(_) => {
            "Export again as XML: wevtutil qe Application /f:xml /e:Events, or foreach ($e in Get-WinEvent Application) {$e.ToXml()}."
        }
    }
}

const FILE_HELP: &str = "Event XML of wevtutil or Get-WinEvent, - for standard input [default: the event log]";
