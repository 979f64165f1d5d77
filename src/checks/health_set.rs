//! What does Managed Availability itself say: is the issue still there?
//!
//! | state    | when                                                                                      |
//! |----------|-------------------------------------------------------------------------------------------|
//! | OK       | every monitor of the health sets is Healthy                                               |
//! | WARNING  | a monitor is Degraded or Repairing, or Disabled by an override                            |
//! | CRITICAL | a monitor is Unhealthy or Unavailable                                                     |
//! | UNKNOWN  | a monitor is Unknown or anything else; a health set is absent; the source cannot be read  |

use std::time::{Duration, SystemTime};

use super::schedule::{DisplayUnit, Elsewhere, Scheduled, ScheduledService, Setting, graph, metric};
use crate::health::judge::{self, Rating, Selection};
use crate::health::source::{self, Acquired};
use crate::health::{MAX_MONITORS, Monitor};
use crate::input::Input;
use crate::options::log::LogOptions;
use crate::options::{Lack, Need, Options, reworded};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Failure, Finding, HEALTH_SET, Metric, Report, StandsFor, Target, Uom};
use crate::time::age::{Untimely, untimely};
use crate::time::calendar::{self, rfc3339};
use crate::time::words::roughly;

impl Check for HealthSet {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let answer = source::acquire(&self.log.source(), &self.health_set);

        let mut report = context.report();
        report.add_diagnostic("source", self.log.place());
        match answer {
            Ok(answer) => self.judge(&answer, &mut report),
            Err(failure) => {
                report.add_failure(failure);
                report
                    .metrics
                    .extend(["monitors", "unhealthy"].map(|label| Metric::unknown(label, Uom::None).min(0.0)));
            }
        }
        Ok(report)
    }
}

impl HealthSet {
    fn judge(&self, answer: &Acquired, report: &mut Report) {
        let selection = judge::select(&answer.export.monitors, &self.health_set, &self.ignore);
        let several_servers = selection.servers().len() > 1;
        report.servers = selection.servers().into_iter().take(MAX_SERVERS).map(str::to_owned).collect();
        for monitor in selection.unhealthy() {
            report.add_finding(judge_monitor(monitor, several_servers, report));
        }
        match selection.monitors() {
            0 => {}
            _ if report.findings.is_empty() => report.add_finding(Finding::ok(selection.summary(&self.health_set))),
            _ => report.headline = Some(selection.summary(&self.health_set)),
        }
        for failure in self.shortcomings(answer, &selection) {
            report.add_failure(failure);
        }
        if let Some(failure) = ahead(answer, &selection, report.started.time) {
            report.add_failure(failure);
        }
        for stray in judge::unmatched(&answer.export.monitors, &self.health_set, &self.ignore) {
            report.add_finding(Finding::remark(stray));
        }
        for remark in &answer.remarks {
            report.add_finding(Finding::remark(remark.clone()));
        }
        self.log.judge_age(answer.written, USUAL_MAX_AGE, report);

        let unhealthy = u32::try_from(selection.unhealthy().count()).unwrap_or(u32::MAX);
        report.judge_metric(Metric::count("monitors", selection.monitors()));
        report.judge_metric(Metric::count("unhealthy", unhealthy).max(selection.monitors().into()));
        add_selection(answer, &selection, report);
    }

    /// Why the answer may not be the whole answer.
    fn shortcomings(&self, answer: &Acquired, selection: &Selection<'_>) -> Vec<Failure> {
        let source = self.log.place();
        let absent = |set: &&str| Failure::new(Class::NoData, format!("health set {set} is not in {source}"));
        let mut failures: Vec<_> = selection.absent.iter().map(absent).collect();
        if selection.judged.is_empty() && !selection.ignored.is_empty() {
            failures.push(Failure::new(Class::NoData, "every monitor is ignored: nothing is left to judge"));
        }
        failures.extend(selection.judged.iter().find(|monitor| monitor.count == 0).map(|sum| {
            let text = format!("health set {} of {source} is of no monitor", sum.health_set);
            Failure::new(Class::NoData, format!("{text}: expected a MonitorCount from 1 to {MAX_MONITORS}"))
        }));
        failures.extend(stale(selection));
        failures.extend(answer.gap.map(|gap| Failure::new(Class::Unreadable, format!("{source}: {gap}"))));
        if let Some(shortcoming) = &answer.export.shortcoming {
            failures.push(Failure::new(Class::Unreadable, format!("{source}: {shortcoming}")));
        }
        if answer.export.unusable > 0 {
            let what = if self.log.file.is_some() { "rows" } else { "events" };
            let text = format!(
                "{} {what} of {source} lack health set or alert value, or contradict themselves",
                answer.export.unusable
            );
            failures.push(Failure::new(Class::Unreadable, text));
        }
        failures
    }
}

/// A change that seems to lie ahead hides every later one until the clock is there, where the newest decides; of a row, it was
/// written by a clock of which nobody knows how wrong it is.
fn ahead(answer: &Acquired, selection: &Selection<'_>, now: SystemTime) -> Option<Failure> {
    let since = |monitor: &&Monitor| calendar::parse(monitor.since.as_deref()?).ok();
    let newest = answer.last_change.or_else(|| selection.judged.iter().filter_map(since).max())?;
    let Some(Untimely::Ahead(ahead)) = untimely(newest, now, Duration::MAX) else { return None };
    let text = format!("the last change is {} ahead of the clock: expected at most 5 min", roughly(ahead));
    Some(Failure::new(Class::Stale, text))
}

/// What a row says of itself is older than any file.
fn stale(selection: &Selection<'_>) -> Option<Failure> {
    let stale: Vec<_> = selection.judged.iter().filter(|monitor| monitor.is_stale).collect();
    let count = stale.iter().fold(0, |sum: u32, monitor| sum.saturating_add(monitor.count.max(1)));
    let text = match stale.as_slice() {
        [] => return None,
        [only] if !only.name.is_empty() => format!("{} of {} has", only.name, only.health_set),
        [only, ..] if count == 1 => format!("1 monitor of {} has", only.health_set),
        [first, ..] => format!("{count} monitors of {} have", first.health_set),
    };
    Some(Failure::new(Class::Stale, format!("{text} not been determined anew (IsStale)")))
}

fn judge_monitor(monitor: &Monitor, with_server: bool, report: &Report) -> Finding {
    let text = judge::describe(monitor, with_server);
    let mut finding = match judge::rating(&monitor.alert_value) {
        Rating::State(state) => Finding { state, advice: advice(None), ..Finding::ok(text) },
        Rating::Disabled => report.judge(Failure::new(Class::Disabled, text)),
    };
    if !monitor.exception.is_empty() {
        finding.causes.push(monitor.exception.clone());
    }
    finding
}

fn add_selection(answer: &Acquired, selection: &Selection<'_>, report: &mut Report) {
    if let Some(newest) = selection.judged.iter().filter_map(|monitor| monitor.since.as_deref()).max() {
        report.add_diagnostic("last_transition", newest);
    }
    if let Some(written) = answer.written {
        report.add_diagnostic("written", rfc3339(written));
    }
    if !selection.ignored.is_empty() {
        let names: Vec<_> = selection.ignored.iter().map(|monitor| judge::describe(monitor, true)).collect();
        report.add_diagnostic("ignored", names.join("; "));
    }
    report.add_trace(selection.judged.iter().map(|monitor| judge::describe(monitor, true)));
}

/// Judge the monitors of a health set by what Managed Availability itself says of them.
#[derive(Debug, clap::Args)]
#[command(mut_args(|option| reworded(option, &[("hostname", HOSTNAME_HELP), ("file", FILE_HELP), ("max_age", MAX_AGE_HELP)])))]
pub struct HealthSet {
    /// Health set to judge; repeatable, such as UM and UM.Protocol
    #[arg(long, value_name = "NAME", default_value = HEALTH_SET, help_heading = "Health set")]
    health_set: Vec<String>,

    /// Monitor to leave out, as NAME or NAME\TARGET; repeatable
    #[arg(long, value_name = "MONITOR", help_heading = "Health set")]
    ignore: Vec<String>,

    #[command(flatten)]
    log: LogOptions,
}

impl Options for HealthSet {
    const ABOUT: &'static About = &About {
        name: "check_um_health_set",
        title: "UM HEALTH SET",
        stands_for: StandsFor { probe: "", monitor: "every one" },
        classes: &[&[Class::Timeout, Class::Disabled], Class::OF_EXPORTS],
        defaults: &[],
        advice,
    };
    const USAGE: &'static [&'static str] = &["--file FILE [OPTIONS]", "[-H HOST] [OPTIONS] (on Windows)"];
    const EXAMPLES: [&'static str; 3] = [
        "--file health.json --max-age 15m",
        "--file health.json --health-set UM --health-set UM.Protocol --ignore MaintenanceFailureMonitor.UM",
        "-H cas1.example.com",
    ];
    const NEEDS: &'static [&'static [Need]] = &[LogOptions::NEEDS];

    fn target(&self) -> Target {
        self.log.target()
    }

    fn reads(&self) -> Option<&Input> {
        self.log.file.as_ref()
    }

    fn lacks(&self) -> Option<Lack> {
        self.log.lacks(source::NEEDS_HEALTH_EXPORT)
    }
}

impl Scheduled for HealthSet {
    const SERVICES: &'static [ScheduledService] = &[ScheduledService {
        name: "um-health-set",
        title: "UM health set",
        elsewhere: Elsewhere::Export {
            file: "health-set.json",
            holds: "an export of `Get-ServerHealth`",
            max_age: "15m",
        },
        interval: 5,
        retry: 2,
        attempts: 3,
        settings: &[Setting::Shared("--health-set")],
        metrics: &[
            metric("unhealthy", "unhealthy monitors", DisplayUnit::Count),
            metric("monitors", "monitors", DisplayUnit::Count),
        ],
        graphs: &[graph("monitors", &["monitors", "unhealthy"])],
        ..ScheduledService::usual(Self::ABOUT)
    }];
}

/// What the administrator should do about it.
const fn advice(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "See whether it still is so: Get-ServerHealth -Identity SERVER -HealthSet UM.CallRouter. Run the probe again: \
             Invoke-MonitoringProbe UM.CallRouter\\UMCallRouterTestProbe -Server SERVER (with the -ItemTargetExtension or -PropertyOverride that \
             it asks for), or check_um_sip_options from here. If it fails: Get-Service MSExchangeUMCR, appcmd recycle \
             apppool /apppool.name:MSExchangeServicesAppPool, Restart-Service MSExchangeUMCR, in this order."
        }
        Some(Class::Disabled) => {
            "An override switched the monitor off. Get-ServerMonitoringOverride -Server SERVER and \
             Get-GlobalMonitoringOverride show which, and until when. If it is meant to be: --ignore MONITOR, or --state \
             disabled=ok."
        }
        Some(Class::NoData) => {
            "Look whether the health set is there: Get-HealthReport -Identity SERVER in the Exchange Management Shell; only \
             Exchange 2013 and 2016 have it. Export it as ConvertTo-Json @(Get-ServerHealth -Identity SERVER). On the server \
             itself the log is there while MSExchangeHM runs: wevtutil gl Microsoft-Exchange-ManagedAvailability/Monitoring."
        }
        Some(Class::Stale) => {
            "Whatever exports Get-ServerHealth no longer runs. On the server: Get-ScheduledTask, its last result, and \
             whether Get-ServerHealth works by hand (service MSExchangeHM)."
        }
        Some(Class::Timeout) => {
            "The log of the host named, or the program that writes to standard input, does not answer. Try it by hand: \
             wevtutil gli Microsoft-Exchange-ManagedAvailability/Monitoring /r:HOST."
        }
        Some(Class::Permission) => {
            "Give the user that runs this check the right to read the file; for the log of Managed Availability that is the \
             group Event Log Readers."
        }
        Some(_) => {
            "Export again, as ConvertTo-Json or Export-Csv writes it: Format-Table cuts what it prints. Write to another \
             name and rename, so that no half-written file is read."
        }
    }
}

const HOSTNAME_HELP: &str = "Host whose log of Managed Availability is read, with the rights of the user that runs this \
                             check (on Windows only); with --file, the only server whose rows count [default: this one; \
                             every one of the file]";
const MAX_AGE_HELP: &str = "Report a file that was written longer ago than this as stale, such as 15m, or none for any age \
                            [default: 1h]";
const FILE_HELP: &str = "Get-ServerHealth or Get-HealthReport as JSON or CSV, or that log as event XML, - for standard \
                         input [default: the log]";

/// How many servers are named: more than one is too many already.
const MAX_SERVERS: usize = 8;

/// How old an export may be by default.
const USUAL_MAX_AGE: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::AlertValue;

    /// A stale monitor, or a row for so many of them, which has no name.
    fn stale_one(name: &str, count: u32) -> Monitor {
        Monitor {
            server: String::new(),
            health_set: "UM.CallRouter".to_owned(),
            name: name.to_owned(),
            target: String::new(),
            alert_value: AlertValue::Healthy,
            component_state: None,
            since: None,
            error: String::new(),
            exception: String::new(),
            count,
            is_stale: true,
        }
    }

    #[test]
    fn whatever_was_not_determined_anew_is_named_or_counted() {
        for (monitors, who) in [
            (vec![stale_one("A", 1)], "A of UM.CallRouter has"),
            (vec![stale_one("A", 1), stale_one("B", 1)], "2 monitors of UM.CallRouter have"),
            (vec![stale_one("", 12)], "12 monitors of UM.CallRouter have"),
            (vec![stale_one("", 1)], "1 monitor of UM.CallRouter has"),
        ] {
            let selection = Selection { judged: monitors.iter().collect(), ..Selection::default() };
            let failure = stale(&selection).unwrap();
            assert_eq!(failure.summary, format!("{who} not been determined anew (IsStale)"));
        }
        let fresh = Monitor { is_stale: false, ..stale_one("A", 1) };
        assert_eq!(stale(&Selection { judged: vec![&fresh], ..Selection::default() }), None);
    }
}
