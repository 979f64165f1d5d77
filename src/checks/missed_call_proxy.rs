//! What share of the missed-call notifications could the router not pass on?
//!
//! | state    | when                                                                                        |
//! |----------|---------------------------------------------------------------------------------------------|
//! | OK       | the share is within both ranges; no call came in since it was computed, or there are too     |
//! |          | few notifications to judge a share of them (`few-calls`)                                    |
//! | WARNING  | the share violates `--warning`                                                              |
//! | CRITICAL | the share violates `--critical`; the source does not answer before the deadline             |
//! | UNKNOWN  | no counter or events (`no-data`), old ones (`stale`), a file that is not ours, or events     |
//! |          | that cannot be read where the others do not alert (`unreadable`)                            |

use super::schedule::{DisplayUnit, Elsewhere, Scheduled, ScheduledService, Setting, graph, metric};
use super::shared_advice::{self, OnSource};
use crate::counters::describe::{add_samples, percent, reservations};
use crate::counters::past::{Keeping, Past, is_still, past, totals};
use crate::counters::role::{Notifications, missed_call_proxy};
use crate::events::query::EventQuery;
use crate::events::source;
use crate::events::tally::{EVENT_SOURCE, EventWindow, Rule, Tally};
use crate::input::{Input, judge_age};
use crate::options::counters::{CounterOptions, CounterPlace, ShareThresholds, WindowOptions};
use crate::options::exporter::ExporterOptions;
use crate::options::log::LogOptions;
use crate::options::tls::TlsOptions;
use crate::options::{Lack, Need, Options, Secrets, When, plain};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Failure, Finding, Report, StandsFor, Target, Thresholds};
use crate::time::words::in_words;

impl Check for MissedCallProxy {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let mut report = context.report();
        report.advise_by(match &self.source.counters {
            CounterPlace::Csv(_) => |class| advice(class, shared_advice::on_counter_logs),
            CounterPlace::Prometheus(_) => |class| advice(class, shared_advice::on_exporters),
            CounterPlace::Pdh => |class| advice(class, shared_advice::on_windows_counters),
        });
        let share = match self.method {
            ShareMethod::Exchange => self.by_counter(context, &mut report).await,
            ShareMethod::Events => self.by_events(&mut report),
        };

        let metric = |share: Option<f64>| self.thresholds.metric("failed", share);
        match share {
            Ok(Share::Judged(share, text)) => {
                report.add_finding(Finding::ok(text));
                report.judge_metric(metric(Some(share)));
            }
            Ok(Share::FewCalls(share, text)) => {
                report.add_failure(Failure::new(Class::FewCalls, text));
                report.add_metric(metric(share));
            }
            Err(failure) => {
                report.add_failure(failure);
                report.add_metric(metric(None));
            }
        }
        if self.method == ShareMethod::Events {
            // The advice of this check is on counters.
            for finding in &mut report.findings {
                finding.advice = finding.class.map_or(finding.advice, shared_advice::on_event_exports);
            }
        }
        Ok(report)
    }
}

/// The share in per cent, and the sentence that says it.
enum Share {
    Judged(f64, String),
    FewCalls(Option<f64>, String),
}

impl MissedCallProxy {
    /// As Exchange's own counter says, unless no call came in since.
    async fn by_counter(&self, context: &Context, report: &mut Report) -> Result<Share, Failure> {
        let source = self.source.open(&context.secrets, context.deadline, report)?;
        let counters = self.source.named(missed_call_proxy());
        let reading = source.read(counters.clone(), self.window.window, report).await?;
        source.must_be_fresh(&reading, context.started.time)?;
        let key = source.key(&reading.host, &counters);
        let keeping = self.window.keeping(key, Self::ABOUT.name, context.deadline);
        let keeping = Keeping { of: reading.origin, guessed: reading.guessed, ..keeping };
        // Without a history the share is judged all the same.
        let past = past(totals(&reading, |values| [Notifications::from(values).received]), keeping)
            .await
            .unwrap_or_else(|error| {
                report.add_failure(error.into());
                Past::default()
            });
        past.must_stand()?;
        add_samples(&reading, &past, report);

        let share = Notifications::from(reading.newest_complete().values).percent;
        let share = share.ok_or_else(|| Failure::new(Class::NoData, "the newest sample has no value of the share"))?;
        let said = format!("{} of the missed-call notifications not proxied by {}", percent(share), reading.host);
        let reservations = reservations(&reading);
        report.reserve(&reservations);
        let newest = reading.newest_complete().time;
        Ok(if past.growth.is_some_and(|growth| is_still(&growth, newest, self.window.window)) {
            let text = format!("{said}; no call came in meanwhile, so that it is not judged{reservations}");
            Share::FewCalls(Some(share), text)
        } else {
            // The value stays until the next notification, so that a second sample would say the same.
            Share::Judged(share, format!("{said}; low volume cannot be told from it{reservations}"))
        })
    }

    /// From the events that the router logs for each notification.
    fn by_events(&self, report: &mut Report) -> Result<Share, Failure> {
        let asked = self.log_options();
        let rules = [PROXIED, NOT_PROXIED].map(|id| Rule { id, thresholds: Thresholds::default() });
        let source = asked.source();
        let log = source.open()?;
        judge_age(&self.log_options().place(), log.written(), report.started.time, Some(self.source.max_age))?;
        let until = log.tells_until(report.started.time);
        let window = EventWindow { until, length: self.window.window, is_open: true };
        let mut tally = Tally::new(EVENT_SOURCE, &rules, window);
        let query = EventQuery::counted(EVENT_SOURCE, &rules, window);
        let mut extent = log.read(&query, &mut |recorded| tally.add(recorded))?;
        extent.harmless += tally.harmless;
        report.servers.clone_from(&extent.computers);

        let [proxied, failed] = [0, 1].map(|index| tally.counts.get(index).map_or(0, |count| u64::from(count.count)));
        report.add_diagnostic("events", format!("{proxied} x {PROXIED} (proxied), {failed} x {NOT_PROXIED} (failed)"));
        let mut remarks = extent.shortcomings(window);
        remarks.extend(tally.remarks());
        report.headline = (!remarks.is_empty()).then(|| remarks.join(", "));
        report.reservations = remarks;

        let share = self.share_of(proxied, failed);
        let is_violation = |share| self.thresholds.metric("failed", Some(share)).violation().is_some();
        let is_alert = matches!(share, Share::Judged(share, _) if is_violation(share));
        // What cannot be read might have been what alerts.
        match extent.failure(&self.log_options().place()).filter(|_| !is_alert) {
            Some(failure) if extent.is_illegible() => return Err(failure),
            failure => failure.into_iter().for_each(|failure| report.add_failure(failure)),
        }
        Ok(share)
    }

    fn share_of(&self, proxied: u64, failed: u64) -> Share {
        let (all, window) = (proxied + failed, in_words(self.window.window));
        if all == 0 {
            return Share::FewCalls(None, format!("no missed-call notification in {window}"));
        }
        let share = failed as f64 * 100.0 / all as f64;
        let text = format!("{failed} of {all} missed-call notifications not proxied ({}) in {window}", percent(share));
        let minimum = self.minimum_calls.unwrap_or(MINIMUM_CALLS);
        if all < minimum {
            return Share::FewCalls(Some(share), format!("{text}; fewer than {minimum} are not judged"));
        }
        Share::Judged(share, text)
    }

    fn log_options(&self) -> LogOptions {
        LogOptions { hostname: self.source.hostname.clone(), file: self.file.clone(), max_age: None }
    }
}

/// Check what share of the missed-call notifications the UM Call Router failed to proxy over the last hour.
#[derive(Debug, clap::Args)]
pub struct MissedCallProxy {
    #[command(flatten)]
    source: CounterOptions,

    #[command(flatten)]
    window: WindowOptions,

    /// How the share is found: as Exchange's own % counter says, or from the events 1637 and 1638
    #[arg(long, value_enum, value_name = "METHOD", help_heading = "Rate", default_value = "exchange")]
    method: ShareMethod,

    /// With --method events: notifications in the window below which their share is not judged (class few-calls)
    /// [default: 10]
    #[arg(long, value_name = "CALLS", value_parser = plain::count, help_heading = "Rate")]
    minimum_calls: Option<u64>,

    /// With --method events: event XML of wevtutil or Get-WinEvent, - is standard input; with --hostname, only the records
    /// of that computer count [default: the event log, of --hostname or the local one]
    #[arg(long, value_name = "FILE", help_heading = "Rate")]
    file: Option<Input>,

    #[command(flatten)]
    thresholds: ShareThresholds,
}

/// How the share is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ShareMethod {
    /// As Exchange's own counter says, which keeps its value until the next notification
    Exchange,
    /// From the events that the router logs for each notification
    Events,
}

impl Options for MissedCallProxy {
    const ABOUT: &'static About = &About {
        name: "check_um_missed_call_proxy",
        title: "UM MISSED CALL PROXY",
        stands_for: StandsFor { probe: "", monitor: "UMCallRouterRecentMissedCallNotificationProxyFailedMonitor" },
        classes: &[
            &[Class::Timeout, Class::Dns, Class::NoData, Class::Unreadable, Class::Permission],
            &[Class::Stale, Class::FewCalls],
        ],
        defaults: &[],
        advice: |class| advice(class, shared_advice::on_counters),
    };
    const USAGE: &'static [&'static str] = &[
        "--counters prometheus:URL [OPTIONS]",
        "--counters csv:FILE [OPTIONS]",
        "--method events --file FILE [OPTIONS]",
        "[-H HOST] [OPTIONS] (on Windows)",
    ];
    const EXAMPLES: [&'static str; 3] = [
        "--counters prometheus:http://cas1.example.com:9182/metrics",
        "--counters csv:um.csv -w 25",
        "--method events --file events.xml",
    ];
    const NEEDS: &'static [&'static [Need]] = &[
        &[
            Need { options: &["--file", "--minimum-calls"], when: When::Is("--method", "events") },
            Need {
                options: &["--counters", "--counter-name", "--time-zone", "--code-page"],
                when: When::Is("--method", "exchange"),
            },
            Need { options: ExporterOptions::NAMES, when: When::Is("--method", "exchange") },
            Need { options: TlsOptions::NAMES, when: When::Is("--method", "exchange") },
        ],
        TlsOptions::NEEDS,
        ExporterOptions::NEEDS,
        CounterOptions::NEEDS,
    ];

    fn target(&self) -> Target {
        match self.method {
            ShareMethod::Events => self.log_options().target(),
            ShareMethod::Exchange => self.source.target(),
        }
    }

    fn reads(&self) -> Option<&Input> {
        match self.method {
            ShareMethod::Events => self.file.as_ref(),
            ShareMethod::Exchange => self.source.reads(),
        }
    }

    fn lacks(&self) -> Option<Lack> {
        match self.method {
            ShareMethod::Events => self.log_options().lacks(source::NEEDS_EVENT_XML),
            ShareMethod::Exchange => self.source.lacks(),
        }
    }

    fn contradiction(&self, secrets: &Secrets) -> Option<String> {
        match self.method {
            ShareMethod::Events => None,
            ShareMethod::Exchange => self.source.contradiction(&missed_call_proxy(), secrets),
        }
    }
}

impl Scheduled for MissedCallProxy {
    const SERVICES: &'static [ScheduledService] = &[ScheduledService {
        name: "um-missed-call-proxy",
        title: "UM missed-call notifications",
        alert: "More than 50% of Missed Call Notification Proxy failed at UM Call Router over the Last Hour",
        elsewhere: Elsewhere::Counters,
        settings: &[Setting::Shared("--counters")],
        depends_on: Some("um-service"),
        metrics: &[metric("failed", "failed share", DisplayUnit::Percent)],
        graphs: &[graph("share", &["failed"])],
        ..ScheduledService::usual(Self::ABOUT)
    }];
}

/// What the administrator should do about it.
fn advice(class: Option<Class>, on_source: OnSource) -> &'static str {
    match class {
        None => {
            "The router hands missed-call notifications to a Mailbox server. Events 1638 name the server and the error: \
             Get-WinEvent -FilterHashtable @{LogName='Application'; Id=1638} -MaxEvents 20. Then, on that server, \
             Test-ServiceHealth and Get-ServerHealth -HealthSet UM.Protocol, and from here Test-NetConnection to its \
             ports 5062 and 5063."
        }
        Some(Class::Unreadable | Class::Permission) => {
            "Check path, content and rights of the file that the reason names. A state file must be this check's own, in \
             a directory that only its user can write to."
        }
        Some(class) => on_source(class),
    }
}

/// The events of a notification that was proxied, and of one that was not.
const PROXIED: u32 = 1637;
const NOT_PROXIED: u32 = 1638;

/// Below so many notifications a share of them says nothing: one that failed would be 100 %.
const MINIMUM_CALLS: u64 = 10;

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::plugin::report_at;
    use crate::time::calendar::rfc3339;

    fn event(source: &str, data: &str) -> String {
        let now = rfc3339(SystemTime::now());
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='{source}'/>\
             <EventID>{PROXIED}</EventID><TimeCreated SystemTime='{now}'/></System><EventData>{data}</EventData></Event>"
        )
    }

    #[test]
    fn a_record_that_cannot_be_read_is_no_shortcoming_if_it_is_of_another_source() {
        let directory = tempfile::tempdir().unwrap();
        for (source, class) in [("Some Other Source", Some(Class::FewCalls)), (EVENT_SOURCE, Some(Class::Unreadable))] {
            let path = directory.path().join("events.xml");
            let (good, bad) = (event(EVENT_SOURCE, "<Data>x</Data>"), event(source, "<b "));
            std::fs::write(&path, format!("<Events>{good}{bad}</Events>")).unwrap();
            let argv = ["x", "--method", "events", "--file", path.to_str().unwrap()].map(Into::into);
            let report = report_at::<MissedCallProxy>(argv.to_vec(), SystemTime::now()).unwrap();
            assert_eq!(report.by_severity()[0].class, class, "{}", report.summary());
            assert_eq!(report.reservations.is_empty(), source != EVENT_SOURCE, "{:?}", report.reservations);
        }
    }
}
