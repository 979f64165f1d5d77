//! What share of the inbound calls did the router reject over the last hour?
//!
//! | state    | when                                                                                         |
//! |----------|----------------------------------------------------------------------------------------------|
//! | OK       | the share is within both ranges; too few calls to judge (`few-calls`); the very first sample |
//! | WARNING  | the share violates `--warning`                                                               |
//! | CRITICAL | the share violates `--critical`; the source does not answer before the deadline              |
//! | UNKNOWN  | no counters (`no-data`), old ones (`stale`), a history that is not ours (`unreadable`)       |

use std::time::Duration;

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::counters::{CounterSource, Window};
use check_um::cli::extra_opts::Secrets;
use check_um::cli::{self, Common, plain};
use check_um::counters::describe::{coverage, describe, percent, roughly};
use check_um::counters::past::{self, Past, totals};
use check_um::counters::role::Role;
use check_um::counters::{Counter, Reading};
use check_um::failure::{Class, Failure};
use check_um::metric::{Metric, Uom};
use check_um::plugin::Run;
use check_um::range::Range;
use check_um::report::{Finding, Report};
use check_um::threshold::Thresholds;

fn main() {
    check_um::plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let mut report = run.report();
    let rate = match args.rate(run, &mut report).await {
        Ok(rate) => rate,
        Err(failure) => Rate::of(run.judged(failure)),
    };

    let share = rate.share.and_then(|share| Metric::number("rejected", share, Uom::Percent).ok());
    let share = share.unwrap_or_else(|| Metric::unknown("rejected", Uom::Percent)).min(0.0).max(100.0);
    let share = share.judged_by(&Thresholds::new(Some(args.warning.clone()), Some(args.critical.clone())));
    report.found(rate.finding);
    if rate.judged {
        report.measured(share);
    } else {
        report.metrics.push(share);
    }
    report.measured(calls("calls", rate.calls));
    report.measured(calls("rejected_calls", rate.rejected));
    report.measured(Metric::seconds("history", rate.history));
    Ok(report)
}

/// What was found out: the share in per cent and what it is a share of.
struct Rate {
    share: Option<f64>,
    /// Whether the share is worth judging.
    judged: bool,
    calls: Option<u64>,
    rejected: Option<u64>,
    history: Option<Duration>,
    finding: Finding,
}

impl Rate {
    /// A rate of which nothing is known but what is wrong with it.
    const fn of(finding: Finding) -> Self {
        Self { share: None, judged: false, calls: None, rejected: None, history: None, finding }
    }
}

impl Arguments {
    async fn rate(&self, run: &Run, report: &mut Report) -> Result<Rate, Failure> {
        let (method, counters) = (self.method(), self.counters());
        let reading = self.source.read(counters.clone(), self.window.window, run, report).await?;
        if let Some(stale) = self.source.stale(&reading, run) {
            return Err(stale);
        }

        let keeping = self.window.keeping(self.source.key(&reading, &counters), run);
        let past = past::past(totals(&reading, [0, 1]), keeping).await;
        if let Ok(past) = &past {
            describe(&reading, past, report);
        }
        match method {
            Method::Totals => self.by_totals(&reading, &past?, run),
            Method::Exchange => Ok(self.by_exchange(&reading, &counters, past.map_err(Failure::from), run, report)),
        }
    }

    fn method(&self) -> Method {
        self.method.unwrap_or(if self.role.has_totals() { Method::Totals } else { Method::Exchange })
    }

    fn counters(&self) -> [Counter; 3] {
        self.source.named(self.role.counters(self.method() == Method::Totals))
    }

    /// From the growth of the two totals over the window.
    fn by_totals(&self, reading: &Reading<3>, past: &Past<2>, run: &Run) -> Result<Rate, Failure> {
        let host = &reading.host;
        let window = self.window.window;
        let replaced = if past.replaced() { "; the damaged history was replaced" } else { "" };
        let Some(growth) = &past.growth else {
            past.first_sample(window)?;
            let own =
                reading.newest().values[2].map(|own| format!("; Exchange's own % counter reads {}", percent(own)));
            let text = format!("first sample of {host}, no history to judge yet{}{replaced}", own.unwrap_or_default());
            return Ok(Rate { history: Some(Duration::ZERO), ..Rate::of(Finding::ok(text)) });
        };
        let [calls, rejected] = growth.by;
        // The two totals are not read at the same instant, so that one call may be in the second only.
        let share = (calls > 0).then(|| rejected.min(calls) as f64 * 100.0 / calls as f64);
        let said = share.map_or_else(
            || "no call received".to_owned(),
            |share| format!("{rejected} of {calls} calls rejected ({})", percent(share)),
        );
        let text =
            format!("{said} by {host} in {}{}{replaced}", roughly(growth.span()), coverage(growth.span(), window));
        let judged = calls > 0 && calls >= self.minimum_calls;
        let finding = if judged {
            Finding::ok(text)
        } else {
            let text = format!("{text}; fewer than {} calls are not judged", self.minimum_calls.max(1));
            run.judged(Failure::new(Class::FewCalls, text))
        };
        let history = Some(growth.span());
        Ok(Rate { share, judged, calls: Some(calls), rejected: Some(rejected), history, finding })
    }

    /// From Exchange's own counter, which keeps its value until the next call.
    fn by_exchange(
        &self,
        reading: &Reading<3>,
        counters: &[Counter; 3],
        past: Result<Past<2>, Failure>,
        run: &Run,
        report: &mut Report,
    ) -> Rate {
        let share = reading.newest().values[2];
        let said = share.map_or_else(|| "no value".to_owned(), percent);
        let text = format!("{said} of the calls rejected by {}, says {}", reading.host, counters[2]);
        // Without a history the share is judged all the same.
        let growth = past
            .unwrap_or_else(|failure| {
                report.found(run.judged(failure));
                Past::default()
            })
            .growth;
        let still = growth.as_ref().is_some_and(|growth| growth.by[0] == 0);
        let finding = if still {
            let text = format!("{text}; no call came in meanwhile, so that it is not judged");
            run.judged(Failure::new(Class::FewCalls, text))
        } else {
            Finding::ok(text)
        };
        let by = |index: usize| growth.as_ref().map(|growth| growth.by[index]);
        let history = growth.as_ref().map(|growth| growth.span());
        Rate { share, judged: !still, calls: by(0), rejected: by(1), history, finding }
    }
}

fn calls(label: &str, number: Option<u64>) -> Metric {
    let known = number.and_then(|number| Metric::number(label, number as f64, Uom::None).ok());
    known.unwrap_or_else(|| Metric::unknown(label, Uom::None)).min(0.0)
}

static ABOUT: About = About {
    name: "check_um_reject_rate",
    title: "UM REJECT RATE",
    stands_for: HealthSet { name: "UM.CallRouter", probe: "", monitor: "of the alert on rejected calls" },
    classes: &[Class::Timeout, Class::Dns, Class::NoData, Class::Unreadable, Class::Stale, Class::FewCalls],
    defaults: &[],
    advice: advice::reject_rate,
};

/// Check what share of the inbound calls the UM Call Router rejected over the last hour.
#[derive(Debug, clap::Parser)]
#[command(name = ABOUT.name, version)]
pub struct Arguments {
    #[command(flatten)]
    source: CounterSource,

    #[command(flatten)]
    window: Window,

    /// Service whose calls are counted
    #[arg(long, value_enum, value_name = "SERVICE", help_heading = "Rate", default_value = "call-router")]
    role: Role,

    /// How the share is found: from the growth of the two totals, or as Exchange's own % counter says
    /// [default: totals for the call router, exchange for the others, which do not count the calls that they receive]
    #[arg(long, value_enum, value_name = "METHOD", help_heading = "Rate")]
    method: Option<Method>,

    /// Calls in the window below which their share is not judged (class few-calls)
    #[arg(long, value_name = "CALLS", value_parser = plain::count, help_heading = "Rate", default_value = "10")]
    minimum_calls: u64,

    /// WARNING when the share in per cent is outside this range
    #[arg(
        short,
        long,
        value_name = "RANGE",
        default_value = "25",
        allow_hyphen_values = true,
        help_heading = "Thresholds"
    )]
    warning: Range,

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
    /// From the growth of the two totals over the window
    Totals,
    /// As Exchange's own counter says, which keeps its value until the next call
    Exchange,
}

impl cli::Arguments for Arguments {
    const ABOUT: &'static About = &ABOUT;

    fn common(&self) -> &Common {
        &self.common
    }

    fn contradiction(&self, _: &Secrets) -> Option<String> {
        let counters = self.counters();
        let unknown = self.method() == Method::Totals && counters[0].name.is_empty() && counters[0].given.is_none();
        let text =
            "--method totals: this service has no known total of calls received: expected --counter-name received=NAME";
        self.source.contradiction(&counters).or_else(|| unknown.then(|| text.to_owned()))
    }
}
