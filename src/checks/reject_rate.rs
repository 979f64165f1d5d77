//! What share of the inbound calls did the router reject over the last hour?
//!
//! | state    | when                                                                                         |
//! |----------|----------------------------------------------------------------------------------------------|
//! | OK       | the share is within both ranges; too few calls to judge (`few-calls`); the very first sample |
//! | WARNING  | the share violates `--warning`                                                               |
//! | CRITICAL | the share violates `--critical`; the source does not answer before the deadline              |
//! | UNKNOWN  | no counters (`no-data`), old ones (`stale`), a history that is not ours (`unreadable`)       |

use std::time::Duration;

use super::reject_doubt::{changed_over, in_doubt, is_excess, is_sure, share_of};
use super::schedule::{DisplayUnit, Elsewhere, Scheduled, ScheduledService, Setting, graph, metric};
use super::shared_advice::{self, OnSource};
use crate::counters::describe::{add_samples, behind, coverage, percent, reservations, unseen};
use crate::counters::past::{self, Keeping, Past, is_still, totals};
use crate::counters::role::{Calls, Role};
use crate::counters::{Counter, CounterError, Reading};
use crate::input::Input;
use crate::options::counters::{CounterOptions, CounterPlace, ShareThresholds, WindowOptions};
use crate::options::exporter::ExporterOptions;
use crate::options::tls::TlsOptions;
use crate::options::{Lack, Need, Options, Secrets, When, plain};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Failure, Finding, Metric, Report, StandsFor, Target, Uom};
use crate::time::words::roughly;

impl Check for RejectRate {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let mut report = context.report();
        report.advise_by(match &self.source.counters {
            CounterPlace::Csv(_) => |class| advice(class, shared_advice::on_counter_logs),
            CounterPlace::Prometheus(_) => |class| advice(class, shared_advice::on_exporters),
            CounterPlace::Pdh => |class| advice(class, shared_advice::on_windows_counters),
        });
        let rate = self.rate(context, &mut report).await;
        let rate = rate.unwrap_or_else(|failure| Rate::unknown(report.judge(failure)));

        let share = self.thresholds.metric("rejected", rate.share);
        report.reserve(&rate.reservation);
        report.add_finding(rate.finding);
        if rate.judged {
            report.judge_metric(share);
        } else {
            report.add_metric(share);
        }
        report.add_metric(calls("calls", rate.calls));
        report.add_metric(calls("rejected_calls", rate.rejected));
        report.add_metric(Metric::seconds("history", rate.history));
        Ok(report)
    }
}

/// What was found out: the share in per cent and what it is a share of.
struct Rate {
    share: Option<f64>,
    /// Whether the share is worth judging.
    judged: bool,
    calls: Option<u64>,
    rejected: Option<u64>,
    history: Option<Duration>,
    /// What makes it less certain than it sounds, as far as its text says that.
    reservation: String,
    finding: Finding,
}

impl Rate {
    /// A rate of which nothing is known but what is wrong with it.
    const fn unknown(finding: Finding) -> Self {
        let reservation = String::new();
        Self { share: None, judged: false, calls: None, rejected: None, history: None, reservation, finding }
    }
}

impl RejectRate {
    async fn rate(&self, context: &Context, report: &mut Report) -> Result<Rate, Failure> {
        let (method, counters) = (self.method(), self.counters());
        let source = self.source.open(&context.secrets, context.deadline, report)?;
        let keeping = |host: &str| self.window.keeping(source.key(host, &counters), Self::ABOUT.name, context.deadline);
        let reading = match source.read(counters.clone(), self.window.window, report).await {
            // Rotated just now: what the log said before is all that is known, and no older than that.
            Err(CounterError::NoRows { place, host }) if method == RateMethod::Totals && !host.is_empty() => {
                let past = past::past(Vec::new(), keeping(&host)).await?;
                report.target.host.clone_from(&host);
                let reservations = "; the log has just been begun".to_owned();
                let judged = Judged { host: &host, own: None, past: &past, reservations, is_cut_off: false };
                let newest = past.samples.last().filter(|_| past.growth.is_some());
                return match newest {
                    Some(newest) => {
                        source.must_be_of_now(newest.time, context.started.time)?;
                        self.by_totals(&judged, report)
                    }
                    None => Err(CounterError::NoRows { place, host }.into()),
                };
            }
            reading => reading?,
        };
        source.must_be_fresh(&reading, context.started.time)?;

        let received_and_rejected = |values| {
            let Calls { received, rejected, .. } = Calls::from(values);
            [received, rejected]
        };
        let keeping = Keeping { of: reading.origin, guessed: reading.guessed, ..keeping(&reading.host) };
        let past = past::past(totals(&reading, received_and_rejected), keeping).await;
        if let Ok(past) = &past {
            past.must_stand()?;
            add_samples(&reading, past, report);
        }
        match method {
            RateMethod::Totals => {
                let own = Calls::from(reading.newest_complete().values).percent;
                let (reservations, is_cut_off) = (reservations(&reading), reading.is_cut_off);
                let judged = Judged { host: &reading.host, own, past: &past?, reservations, is_cut_off };
                self.by_totals(&judged, report)
            }
            RateMethod::Exchange => self.by_exchange(&reading, past.map_err(Failure::from), report),
        }
    }

    fn method(&self) -> RateMethod {
        self.method.unwrap_or(if self.role.has_totals() { RateMethod::Totals } else { RateMethod::Exchange })
    }

    fn counters(&self) -> [Counter; 3] {
        self.source.named(self.role.counters(self.method() == RateMethod::Totals))
    }

    /// From the growth of the two totals over the window.
    fn by_totals(&self, judged: &Judged<'_>, report: &Report) -> Result<Rate, Failure> {
        let Judged { host, own, past, reservations, is_cut_off } = judged;
        let window = self.window.window;
        let replaced = if past.replaced() { "; the damaged history was replaced" } else { "" };
        let Some(growth) = &past.growth else {
            past.first_sample(window)?;
            if *is_cut_off {
                let text = format!("first sample of {host}{reservations}: nothing to compare it with");
                return Err(Failure::new(Class::NoData, text));
            }
            if let Some([received, rejected]) = past.samples.last().map(|sample| sample.values)
                && rejected > received
            {
                return Err(changed_over(rejected, received));
            }
            let own = own.map(|own| format!("; Exchange's own % counter reads {}", percent(own)));
            let own = own.unwrap_or_default();
            let text = format!("first sample of {host}, no history to judge yet{own}{reservations}{replaced}");
            let reservation = text.clone();
            return Ok(Rate { history: Some(Duration::ZERO), reservation, ..Rate::unknown(Finding::ok(text)) });
        };
        let ([calls, rejected], span) = (growth.by, growth.span());
        let is_enough = calls.max(rejected) >= self.minimum_calls.max(1);
        let share = share_of(growth.by);
        // The growth is never too small: what is too few is too few, whoever counted it.
        let is_violated = |share| self.thresholds.metric("rejected", share).violation().is_some();
        if is_enough && !is_sure(growth, self.minimum_calls, is_violated) {
            let finding = report.judge(Failure::new(Class::NoData, in_doubt(growth.resets)));
            return Ok(Rate { history: Some(span), ..Rate::unknown(finding) });
        }
        let measured = |finding| Rate {
            calls: Some(calls),
            rejected: Some(rejected),
            history: Some(span),
            ..Rate::unknown(finding)
        };
        let [received, refused] = growth.last.values;
        if is_excess(rejected, calls) || rejected > calls && refused > received {
            return Ok(measured(report.judge(changed_over(rejected, calls))));
        }
        let said = share.map_or_else(
            || "no call received".to_owned(),
            |share| format!("{rejected} of {calls} calls rejected ({})", percent(share)),
        );
        let reservation = format!("{}{}{reservations}{replaced}", coverage(span, window), unseen(growth));
        let text = format!("{said} by {host} in {}{reservation}", roughly(span));
        let judged = calls > 0 && calls >= self.minimum_calls;
        let finding = if judged {
            Finding::ok(text)
        } else {
            let text = format!("{text}; fewer than {} calls are not judged", self.minimum_calls.max(1));
            report.judge(Failure::new(Class::FewCalls, text))
        };
        Ok(Rate { share, judged, reservation, ..measured(finding) })
    }

    /// From Exchange's own counter, which keeps its value until the next call.
    fn by_exchange(
        &self,
        reading: &Reading<3>,
        past: Result<Past<2>, Failure>,
        report: &mut Report,
    ) -> Result<Rate, Failure> {
        let name = Calls::from(self.counters()).percent;
        let share = Calls::from(reading.newest_complete().values).percent;
        let share =
            share.ok_or_else(|| Failure::new(Class::NoData, format!("the newest sample has no value of {name}")))?;
        report.add_diagnostic("counter", name.to_string());
        let text = format!("{} of the calls rejected by {}, says Exchange's own counter", percent(share), reading.host);
        // Without a history the share is judged all the same.
        let growth = past
            .unwrap_or_else(|failure| {
                report.add_failure(failure);
                Past::default()
            })
            .growth;
        let [calls, rejected] = match &growth {
            Some(growth) => growth.by.map(Some),
            None => [None, None],
        };
        let (newest, window, reservations) =
            (reading.newest_complete().time, self.window.window, reservations(reading));
        let still = growth.as_ref().is_some_and(|growth| is_still(growth, newest, window));
        let (finding, reservation) = if still {
            let text = format!("{text}; no call came in meanwhile, so that it is not judged{reservations}");
            (report.judge(Failure::new(Class::FewCalls, text)), String::new())
        } else {
            let of_no_call = growth.as_ref().filter(|_| calls == Some(0));
            let known = of_no_call
                .map(|growth| format!("{}{}", coverage(growth.span(), window), behind(growth, newest)))
                .unwrap_or_default();
            let reservation = format!("{known}{reservations}");
            (Finding::ok(format!("{text}{reservation}")), reservation)
        };
        let history = growth.as_ref().map(|growth| growth.span());
        Ok(Rate { share: Some(share), judged: !still, calls, rejected, history, reservation, finding })
    }
}

/// What a rate is judged by.
struct Judged<'a> {
    host: &'a str,
    /// What Exchange's own counter says.
    own: Option<f64>,
    past: &'a Past<2>,
    /// What the first line must say of the source, each behind a semicolon.
    reservations: String,
    /// Whether a log that would have reached further back could not be read.
    is_cut_off: bool,
}

fn calls(label: &str, number: Option<u64>) -> Metric {
    Metric::optional(label, number.map(|number| number as f64), Uom::None).min(0.0)
}

/// Check what share of the inbound calls the UM Call Router rejected over the last hour.
#[derive(Debug, clap::Args)]
#[command(mut_args(|option| if option.get_id() == "warning" { option.default_value("25") } else { option }))]
pub struct RejectRate {
    #[command(flatten)]
    source: CounterOptions,

    #[command(flatten)]
    window: WindowOptions,

    /// Service whose calls are counted
    #[arg(long, value_enum, value_name = "SERVICE", help_heading = "Rate", default_value = "call-router")]
    role: Role,

    /// How the share is found: from the growth of the two totals, or as Exchange's own % counter says
    /// [default: totals for the call router, exchange for the others, which do not count the calls that they receive]
    #[arg(long, value_enum, value_name = "METHOD", help_heading = "Rate")]
    method: Option<RateMethod>,

    /// Calls in the window below which their share is not judged (class few-calls)
    #[arg(long, value_name = "CALLS", value_parser = plain::count, help_heading = "Rate", default_value = "10")]
    minimum_calls: u64,

    #[command(flatten)]
    thresholds: ShareThresholds,
}

/// How the share is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RateMethod {
    /// From the growth of the two totals over the window
    Totals,
    /// As Exchange's own counter says, which keeps its value until the next call
    Exchange,
}

impl Options for RejectRate {
    const ABOUT: &'static About = &About {
        name: "check_um_reject_rate",
        title: "UM REJECT RATE",
        stands_for: StandsFor { probe: "", monitor: "of the alert on rejected calls" },
        classes: &[&[Class::Timeout, Class::Dns, Class::NoData, Class::Unreadable, Class::Stale, Class::FewCalls]],
        defaults: &[],
        advice: |class| advice(class, shared_advice::on_counters),
    };
    const USAGE: &'static [&'static str] =
        &["--counters prometheus:URL [OPTIONS]", "--counters csv:FILE [OPTIONS]", "[-H HOST] [OPTIONS] (on Windows)"];
    const EXAMPLES: [&'static str; 3] = [
        "--counters prometheus:http://cas1.example.com:9182/metrics -w 10 -c 25 --minimum-calls 30",
        "--counters csv:um.csv --window 2h",
        "--counters csv:um.csv --method exchange -w ~: -c 50",
    ];
    const NEEDS: &'static [&'static [Need]] = &[
        TlsOptions::NEEDS,
        ExporterOptions::NEEDS,
        CounterOptions::NEEDS,
        &[Need { options: &["--minimum-calls"], when: BY_TOTALS }],
    ];

    fn target(&self) -> Target {
        self.source.target()
    }

    fn reads(&self) -> Option<&Input> {
        self.source.reads()
    }

    fn lacks(&self) -> Option<Lack> {
        self.source.lacks()
    }

    fn contradiction(&self, secrets: &Secrets) -> Option<String> {
        let counters = self.counters();
        let unknown = self.method() == RateMethod::Totals && counters[0].name.is_empty() && counters[0].given.is_none();
        let text =
            "--method totals: this service has no known total of calls received: expected --counter-name received=NAME";
        self.source.contradiction(&counters, secrets).or_else(|| unknown.then(|| text.to_owned()))
    }
}

impl Scheduled for RejectRate {
    const SERVICES: &'static [ScheduledService] = &[ScheduledService {
        name: "um-reject-rate",
        title: "UM rejected calls",
        alert: "More than 50% of Inbound Calls were Rejected by the UM Call Router over the Last Hour",
        elsewhere: Elsewhere::Counters,
        settings: &[Setting::Shared("--counters")],
        depends_on: Some("um-service"),
        metrics: &[
            metric("rejected", "rejected share", DisplayUnit::Percent),
            metric("calls", "calls", DisplayUnit::Count),
            metric("rejected_calls", "rejected calls", DisplayUnit::Count),
            metric("history", "history", DisplayUnit::Seconds),
        ],
        graphs: &[graph("share", &["rejected"]), graph("calls", &["calls", "rejected_calls"])],
        ..ScheduledService::usual(Self::ABOUT)
    }];
}

/// What the administrator should do about it.
fn advice(class: Option<Class>, on_source: OnSource) -> &'static str {
    match class {
        None => {
            "Ask the router why: Get-WinEvent -FilterHashtable @{LogName='Application'; Id=1647} -MaxEvents 20, or \
             check_um_events for a count of the diagnostic codes. Calls from an address that is no UM IP gateway are \
             rejected: compare Get-UMIPGateway and Get-UMHuntGroup with what the PBX or session border controller sends. \
             If the texts do not tell: Set-EventLogLevel 'MSExchange Unified Messaging\\UMCallRouter' -Level Expert, and \
             back to Lowest afterwards."
        }
        Some(Class::Unreadable) => {
            "Give --state-file a file of its own, in a directory that only the user of this check can write to. What \
             stands there now is not touched."
        }
        Some(class) => on_source(class),
    }
}

/// How the share is found unless somebody says otherwise, and for which service.
const BY_TOTALS: When = When::Any(&[
    When::Is("--method", "totals"),
    When::All(&[When::Is("--role", "call-router"), When::Absent("--method")]),
]);

#[cfg(test)]
mod tests;
