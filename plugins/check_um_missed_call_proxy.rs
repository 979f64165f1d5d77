//! What share of the missed-call notifications could the router not pass on?
//!
//! | state    | when                                                                                        |
//! |----------|---------------------------------------------------------------------------------------------|
//! | OK       | the share is within both ranges; no call came in since it was computed (`few-calls`)        |
//! | WARNING  | the share violates `--warning`                                                              |
//! | CRITICAL | the share violates `--critical`; the source does not answer before the deadline             |
//! | UNKNOWN  | no counter or events (`no-data`), old ones (`stale`), a file that is not ours (`unreadable`) |

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::counters::{CounterSource, Window};
use check_um::cli::duration::words;
use check_um::cli::extra_opts::Secrets;
use check_um::cli::{self, Common};
use check_um::counters::describe::{describe, percent, roughly};
use check_um::counters::past::{Past, past, totals};
use check_um::counters::role::missed_call_proxy;
use check_um::events::query::Query;
use check_um::events::source::{self, Source};
use check_um::events::tally::{self, Rule, tally};
use check_um::failure::{Class, Failure};
use check_um::input::Input;
use check_um::metric::{Metric, Uom};
use check_um::plugin::Run;
use check_um::range::Range;
use check_um::report::{Finding, Report, Target};
use check_um::threshold::Thresholds;

fn main() {
    check_um::plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let mut report = run.report();
    let share = match args.method {
        Method::Exchange => args.by_counter(run, &mut report).await,
        Method::Events => args.by_events(run, &mut report),
    };

    let thresholds = Thresholds::new(args.warning.clone(), Some(args.critical.clone()));
    let metric = |share: Option<f64>| {
        let known = share.and_then(|share| Metric::number("failed", share, Uom::Percent).ok());
        known.unwrap_or_else(|| Metric::unknown("failed", Uom::Percent)).min(0.0).max(100.0).judged_by(&thresholds)
    };
    match share {
        Ok(Share::Judged(share, text)) => {
            report.found(Finding::ok(text));
            report.measured(metric(Some(share)));
        }
        Ok(Share::FewCalls(share, text)) => {
            report.found(run.judged(Failure::new(Class::FewCalls, text)));
            report.metrics.push(metric(share));
        }
        Err(failure) => {
            report.found(run.judged(failure));
            report.metrics.push(metric(None));
        }
    }
    Ok(report)
}

/// The share in per cent, and the sentence that says it.
enum Share {
    Judged(f64, String),
    FewCalls(Option<f64>, String),
}

impl Arguments {
    /// As Exchange's own counter says, unless no call came in since.
    async fn by_counter(&self, run: &Run, report: &mut Report) -> Result<Share, Failure> {
        let source = &self.source;
        let counters = source.named(missed_call_proxy());
        let reading = source.read(counters.clone(), self.window.window, run, report).await?;
        if let Some(stale) = source.stale(&reading, run) {
            return Err(stale);
        }
        let keeping = self.window.keeping(source.key(&reading, &counters), run);
        // Without a history the share is judged all the same.
        let past = past(totals(&reading, [1]), keeping).await.unwrap_or_else(|error| {
            report.found(run.judged(error.into()));
            Past::default()
        });
        describe(&reading, &past, report);

        let share = reading.newest().values[0].unwrap_or_default();
        let text = format!("{} of the missed-call notifications not proxied by {}", percent(share), reading.host);
        let still = past.growth.is_some_and(|growth| growth.by == [0]);
        Ok(if still {
            Share::FewCalls(Some(share), format!("{text}; no call came in meanwhile, so that it is not judged"))
        } else {
            Share::Judged(share, text)
        })
    }

    /// From the events that the router logs for each notification.
    fn by_events(&self, run: &Run, report: &mut Report) -> Result<Share, Failure> {
        let (source, host) = (self.events(), self.source.hostname.as_deref().unwrap_or("the local event log"));
        report.target = match &source {
            Source::Export(input) => Target { host: input.to_string(), transport: "file", ..Target::default() },
            Source::Log(_) => Target { host: host.to_owned(), transport: "eventlog", ..Target::default() },
        };
        let rules = [PROXIED, FAILED].map(|id| Rule { id, thresholds: Thresholds::default() });
        let window = |until| tally::Window { until, length: self.window.window };
        let log = source.read(&Query::counted(EVENT_SOURCE, &rules, window(run.started())))?;
        let until = log.until.unwrap_or(run.started());
        if log.export.records.is_empty() && log.export.bad > 0 {
            return Err(Failure::new(
                Class::NoData,
                format!("none of the {} event records can be read", log.export.bad),
            ));
        }
        if let Some(age) = run.started().duration_since(until).ok().filter(|age| *age > self.source.max_age) {
            let (age, most) = (roughly(age), words(self.source.max_age));
            return Err(Failure::new(Class::Stale, format!("the export is {age} old, more than {most}")));
        }

        let counts = tally(&log.export.records, EVENT_SOURCE, &rules, window(until)).counts;
        let [proxied, failed] = [0, 1].map(|index| counts.get(index).map_or(0, |count| u64::from(count.count)));
        report.diagnostic("events", format!("{proxied} x {PROXIED} (proxied), {failed} x {FAILED} (failed)"));
        let (all, window) = (proxied + failed, words(self.window.window));
        if all == 0 {
            return Ok(Share::FewCalls(None, format!("no missed-call notification in {window}")));
        }
        let share = failed as f64 * 100.0 / all as f64;
        let text = format!("{failed} of {all} missed-call notifications not proxied ({}) in {window}", percent(share));
        Ok(Share::Judged(share, text))
    }

    fn events(&self) -> Source {
        self.file.clone().map_or_else(|| Source::Log(self.source.hostname.clone()), Source::Export)
    }
}

/// The events of a notification that was proxied, and of one that was not.
const PROXIED: u32 = 1637;
const FAILED: u32 = 1638;

/// Who logs them.
const EVENT_SOURCE: &str = "MSExchange Unified Messaging";

static ABOUT: About = About {
    name: "check_um_missed_call_proxy",
    title: "UM MISSED CALL PROXY",
    stands_for: HealthSet {
        name: "UM.CallRouter",
        probe: "",
        monitor: "UMCallRouterRecentMissedCallNotificationProxyFailedMonitor",
    },
    classes: &[
        Class::Timeout,
        Class::Dns,
        Class::NoData,
        Class::Unreadable,
        Class::Permission,
        Class::Stale,
        Class::FewCalls,
    ],
    defaults: &[],
    advice: advice::missed_call_proxy,
};

/// Check what share of the missed-call notifications the UM Call Router failed to proxy over the last hour.
#[derive(Debug, clap::Parser)]
#[command(name = ABOUT.name, version)]
pub struct Arguments {
    #[command(flatten)]
    source: CounterSource,

    #[command(flatten)]
    window: Window,

    /// How the share is found: as Exchange's own % counter says, or from the events 1637 and 1638
    #[arg(long, value_enum, value_name = "METHOD", help_heading = "Rate", default_value = "exchange")]
    method: Method,

    /// With --method events: event XML of wevtutil or Get-WinEvent, - is standard input [default: the event log, of --hostname or the local one]
    #[arg(long, value_name = "FILE", help_heading = "Rate")]
    file: Option<Input>,

    /// WARNING when the share in per cent is outside this range
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    warning: Option<Range>,

    /// CRITICAL when the share in per cent is outside this range
    #[arg(
        short,
        long,
        value_name = "RANGE",
        default_value = "50",
        allow_hyphen_values = true,
        help_heading = "Thresholds"
    )]
    critical: Range,

    #[command(flatten)]
    common: Common,
}

/// How the share is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Method {
    /// As Exchange's own counter says, which keeps its value until the next notification
    Exchange,
    /// From the events that the router logs for each notification
    Events,
}

impl cli::Arguments for Arguments {
    const ABOUT: &'static About = &ABOUT;

    fn common(&self) -> &Common {
        &self.common
    }

    fn contradiction(&self, _: &Secrets) -> Option<String> {
        match self.method {
            Method::Events => (self.file.is_none() && !cfg!(windows)).then(|| source::NEEDS_A_FILE.to_owned()),
            Method::Exchange if self.file.is_some() => Some("--file: expected --method events too".to_owned()),
            Method::Exchange => self.source.contradiction(&missed_call_proxy()),
        }
    }
}
