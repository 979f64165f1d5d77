//! What did the router log, and how often?
//!
//! | state    | when                                                                                     |
//! |----------|------------------------------------------------------------------------------------------|
//! | OK       | no event occurred more often in the window than its rule allows; none at all is fine     |
//! | WARNING  | an event's count violates the WARN of its rule                                           |
//! | CRITICAL | an event's count violates the CRIT of its rule (no default rule has one)                 |
//! | UNKNOWN  | the log or the export cannot be read, or not all of its records, and none of those that  |
//! |          | can alerts; the export is empty, or older than `--max-age`; none of its records is of -H |

use std::time::{Duration, SystemTime};

use super::schedule::{DisplayUnit, Elsewhere, Scheduled, ScheduledService, Setting, graph, metric};
use super::shared_advice;
use crate::events::extent::Extent;
use crate::events::query::EventQuery;
use crate::events::source::{self, LogSource};
use crate::events::tally::{self, Count, EventWindow, Rule, Tally, histogram, meaning};
use crate::input::Input;
use crate::options::log::LogOptions;
use crate::options::{Lack, Need, Options, reworded};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Failure, Finding, Metric, Report, StandsFor, Target, Uom, excerpt};
use crate::time::calendar::{self, rfc3339};
use crate::time::words::{duration, in_words};

impl Check for Events {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let rules = tally::rules(&self.event);
        let source = self.log.source();
        let mut report = context.report();
        report.add_diagnostic("source", self.log.place());
        match self.count(&source, &rules, &report) {
            Ok(counted) => self.judge(&counted, &mut report),
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

/// What was counted, and how far that is all.
struct Counted<'a> {
    tally: Tally<'a>,
    extent: Extent,
    window: EventWindow,
    /// When an export was written.
    written: Option<SystemTime>,
}

impl Events {
    fn count<'a>(&'a self, source: &LogSource, rules: &'a [Rule], report: &Report) -> Result<Counted<'a>, Failure> {
        let log = source.open()?;
        let written = log.written();
        let window = self.window_until(log.tells_until(report.started.time));
        let mut tally = Tally::new(&self.source, rules, window);
        let query = EventQuery::counted(&self.source, rules, window);
        let mut extent = log.read(&query, &mut |recorded| tally.add(recorded))?;
        extent.harmless += tally.harmless;
        Ok(Counted { tally, extent, window, written })
    }

    fn judge(&self, counted: &Counted<'_>, report: &mut Report) {
        let Counted { tally, extent, .. } = counted;
        report.servers.clone_from(&extent.computers);
        for count in &tally.counts {
            let metric = Metric::count(&label(count.rule), count.count).judged_by(&count.rule.thresholds);
            if let Some(violation) = metric.violation() {
                let text = [Some(self.occurrences(count)), newest(count)].into_iter().flatten().collect::<Vec<_>>();
                let text = text.join(": ");
                report.add_finding(Finding { state: violation.state, advice: advice(None), ..Finding::ok(text) });
            }
            report.add_metric(metric);
        }
        if report.findings.is_empty() {
            if !extent.is_illegible() {
                report.add_finding(Finding::ok(self.quiet(tally)));
            }
            // What cannot be read might have been what alerts.
            extent.failure(&self.log.place()).into_iter().for_each(|failure| report.add_failure(failure));
        }
        self.judge_age(counted.written, report);
        add_details(counted, report);
    }

    /// An export tells nothing of a window that ends after it was written.
    fn judge_age(&self, written: Option<SystemTime>, report: &mut Report) {
        match (self.until, written) {
            (Some(until), Some(written)) if self.log.max_age.is_none() => {
                let is_stale = until.duration_since(written).is_ok_and(|behind| behind > self.window);
                if is_stale {
                    let text = format!("{} was written before the window began", self.log.place());
                    report.add_failure(Failure::new(Class::Stale, text));
                }
                self.log.judge_age(Some(written), Duration::MAX, report);
            }
            _ => self.log.judge_age(written, self.window, report),
        }
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
        EventWindow { until: self.until.unwrap_or(end), length: self.window, is_open: self.until.is_none() }
    }
}

fn label(rule: &Rule) -> String {
    format!("event_{}", rule.id)
}

fn newest(count: &Count<'_>) -> Option<String> {
    count.newest.as_ref().map(|newest| format!("{} {}", rfc3339(newest.time), excerpt(&newest.text, 250)))
}

fn add_details(counted: &Counted<'_>, report: &mut Report) {
    let Counted { tally, extent, window, .. } = counted;
    let mut remarks = extent.shortcomings(*window);
    remarks.extend(tally.remarks());
    report.headline = (!remarks.is_empty()).then(|| remarks.join(", "));
    report.reservations = remarks;
    report.add_diagnostic("window_end", rfc3339(window.until));
    if !tally.codes.is_empty() {
        report.add_diagnostic("diagnostic_codes", histogram(&tally.codes));
    }
    // The worst is the event with the worst state; where none is judged, the most frequent one.
    let state = |count: &&Count<'_>| {
        let metric = Metric::count("", count.count).judged_by(&count.rule.thresholds);
        (metric.violation().map(|violation| violation.state), count.count)
    };
    if let Some(worst) = tally.counts.iter().filter(|count| count.count > 0).max_by_key(state)
        && let Some(text) = newest(worst)
    {
        let computer = worst.newest.as_ref().map_or("", |newest| newest.computer.as_str());
        report.add_diagnostic("newest_of_worst", format!("{} on {computer}: {text}", worst.rule.id));
    }
    let elsewhere = match extent.elsewhere {
        0 => String::new(),
        elsewhere => format!(", of other computers {elsewhere}"),
    };
    let readable = extent.records - extent.bad;
    let bad = match extent.bad {
        0 => String::new(),
        bad => format!(", not readable {bad}"),
    };
    let repeated = match tally.repeated {
        0 => String::new(),
        repeated => format!(", there already {repeated}"),
    };
    let foreign = tally.foreign;
    report.add_diagnostic("records", format!("{readable}, of other sources {foreign}{elsewhere}{repeated}{bad}"));
    report.add_trace(tally.counts.iter().filter_map(|count| count.newest.as_ref()).map(|newest| newest.text.clone()));
}

/// Count the events that the Call Router logged, and judge how often each occurred.
#[derive(Debug, clap::Args)]
#[command(mut_args(|option| reworded(option, &[("file", FILE_HELP), ("max_age", MAX_AGE_HELP)])))]
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

    fn target(&self) -> Target {
        self.log.target()
    }

    fn reads(&self) -> Option<&Input> {
        self.log.file.as_ref()
    }

    fn lacks(&self) -> Option<Lack> {
        self.log.lacks(source::NEEDS_EVENT_XML)
    }
}

impl Scheduled for Events {
    const SERVICES: &'static [ScheduledService] = &[ScheduledService {
        name: "um-events",
        title: "UM events",
        elsewhere: Elsewhere::Export { file: "events.xml", holds: "an export of its event log", max_age: "15m" },
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
        Some(class) => shared_advice::on_event_exports(class),
    }
}

const FILE_HELP: &str = "Event XML of wevtutil or Get-WinEvent, - for standard input [default: the event log]";
const MAX_AGE_HELP: &str = "Report a file that was written longer ago than this as stale, such as 15m, or none for any age \
                            [default: the window]";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::{report_at, understood};

    const DAY: Duration = Duration::from_secs(86_400);

    /// The report of a run at `time` on an export that is written now, with two calls that were rejected.
    fn report(time: SystemTime, more: &[&str]) -> Report {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.xml");
        let event = |text: &str| {
            format!(
                "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>1647</EventID>\
                 <Provider Name='MSExchange Unified Messaging'/><TimeCreated SystemTime='{}'/></System>\
                 <EventData><Data>{text}</Data></EventData></Event>",
                rfc3339(SystemTime::now())
            )
        };
        std::fs::write(&path, format!("<Events>{}{}</Events>", event("a"), event("b"))).unwrap();
        let argv = [&["x", "--file", path.to_str().unwrap()], more].concat();
        report_at::<Events>(argv.into_iter().map(Into::into).collect(), time).unwrap()
    }

    #[test]
    fn whoever_reads_of_too_many_events_is_told_what_to_do() {
        let report = report(SystemTime::now(), &["--event", "1647=1"]);
        let found = report.failure().unwrap();
        assert!(found.class.is_none() && found.text.starts_with("2 x 1647"), "{}", report.summary());
        assert!(found.advice.starts_with("Read the newest text above."), "{}", found.advice);
    }

    #[test]
    fn an_export_says_nothing_of_a_window_behind_it_unless_its_age_is_allowed() {
        let now = SystemTime::now();
        let until = rfc3339(now + DAY * 2);
        for (age, is_stale) in [(&[][..], true), (&["--max-age", "10d"], false), (&["--max-age", "1d"], true)] {
            let report = report(now + DAY * 3, &[&["--until", &until], age].concat());
            let classes: Vec<_> = report.findings.iter().filter_map(|finding| finding.class).collect();
            assert_eq!(classes.contains(&Class::Stale), is_stale, "{age:?}: {}", report.summary());
        }
    }

    #[test]
    fn an_export_that_was_written_when_the_window_began_is_not_behind_it() {
        let now = SystemTime::now();
        let until = rfc3339(now);
        let argv = ["x", "--file", "events.xml", "--window", "1h", "--until", &until].map(Into::into).to_vec();
        let (context, check) = understood::<Events>(argv, now).unwrap();
        let is_stale = |seconds| {
            let mut report = context.report();
            check.judge_age(check.until.map(|until| until - Duration::from_secs(seconds)), &mut report);
            report.findings.iter().any(|finding| finding.class == Some(Class::Stale))
        };
        assert_eq!([is_stale(3_600), is_stale(3_601)], [false, true]);
    }

    #[test]
    fn an_event_that_is_missed_has_no_newest_text_and_hides_none() {
        let report = report(SystemTime::now(), &["--event", "1638=1:"]);
        let newest =
            report.diagnostics.iter().find(|(name, _)| name == "newest_of_worst").map(|(_, text)| text.as_str());
        assert!(newest.is_some_and(|text| text.starts_with("1647 on ")), "{newest:?}");
    }
}
