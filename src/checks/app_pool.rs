//! Is the application pool running that the health set depends on?
//!
//! | state    | when                                                                                            |
//! |----------|-------------------------------------------------------------------------------------------------|
//! | OK       | running                                                                                         |
//! | WARNING  | uninitialized, initialized, disabling, shutdown pending                                         |
//! | CRITICAL | disabled or delete pending (`stopped`), absent among others (`missing`), no answer in time      |
//! | UNKNOWN  | no counters (`no-data`), old ones (`stale`), a state file that is not ours (`unreadable`)       |

use std::path::PathBuf;
use std::time::Duration;

use super::schedule::{DisplayUnit, Elsewhere, Scheduled, ScheduledService, Setting, Words, graph, metric};
use super::shared_advice::{self, OnSource};
use crate::counters::describe::reservations;
use crate::counters::past::{Keeping, must_stand};
use crate::counters::role::{POOL_STATES, app_pool};
use crate::counters::{Counter, CounterError};
use crate::input::Input;
use crate::options::counters::{CounterOptions, CounterPlace};
use crate::options::exporter::ExporterOptions;
use crate::options::tls::TlsOptions;
use crate::options::{Lack, Need, Options, Secrets};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Failure, Finding, Metric, Report, StandsFor, State, Target, Uom};

impl Check for AppPool {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let mut report = context.report();
        report.advise_by(match &self.source.counters {
            CounterPlace::Csv(_) => |class| advice(class, shared_advice::on_counter_logs),
            CounterPlace::Prometheus(_) => |class| advice(class, shared_advice::on_exporters),
            CounterPlace::Pdh => |class| advice(class, shared_advice::on_windows_counters),
        });
        let state = self.state(context, &mut report).await;

        let number = state.as_ref().ok().map(|(number, _)| *number);
        match state.and_then(|(number, reservations)| judge(number, &self.pool, &reservations)) {
            Ok(finding) => report.add_finding(finding),
            Err(failure) => report.add_failure(failure),
        }
        report.add_metric(Metric::optional("state", number, Uom::None).min(1.0).max(7.0));
        Ok(report)
    }
}

/// The number of a pool's state as the finding that it is worth, with what is to be said of its source.
fn judge(state: f64, pool: &str, reservations: &str) -> Result<Finding, Failure> {
    let name = (1_u8..).zip(POOL_STATES).find(|(number, _)| f64::from(*number) == state).map(|(_, name)| name);
    let name = name.ok_or_else(|| {
        Failure::new(Class::NoData, format!("the state of {pool} is {state}: expected a number from 1 to 7"))
    })?;
    let text = format!("{pool} is {}{reservations}", name.to_lowercase());
    match name {
        "Running" => Ok(Finding::ok(text)),
        "Disabled" | "Delete Pending" => Err(Failure::new(Class::Stopped, text)),
        _ => Ok(Finding {
            state: State::Warning,
            advice: advice(None, shared_advice::on_windows_counters),
            ..Finding::ok(text)
        }),
    }
}

impl AppPool {
    /// The number that the newest sample says, and what is less certain about it than it sounds.
    async fn state(&self, context: &Context, report: &mut Report) -> Result<(f64, String), Failure> {
        // A pool changes its state from one moment to the next: only the newest sample counts.
        let source = self.source.open(&context.secrets, context.deadline, report)?;
        let reading = source.read(self.counters(), source.max_age.max(A_MINUTE), report).await;
        let reading = reading.map_err(|error| match &error {
            // The object is there with other instances: the source works, the pool does not exist.
            CounterError::Absent { nearest, .. } if nearest.other_instances => {
                let text = format!("there is no application pool {}", self.pool);
                Failure { summary: text, ..Failure::caused_by(Class::Missing, &error) }
            }
            _ => error.into(),
        })?;
        source.must_be_fresh(&reading, context.started.time)?;
        must_stand(&Keeping {
            file: self.state_file.as_deref(),
            plugin: Self::ABOUT.name,
            key: source.key(&reading.host, &self.counters()),
            window: A_MINUTE,
            of: reading.origin,
            guessed: reading.guessed,
            deadline: context.deadline,
        })
        .await?;
        // A state is no total: what was true before a row without one says nothing of now.
        let gone = match reading.trailing_gaps {
            0 => None,
            1 => Some("the newest row has no state of".to_owned()),
            gaps => Some(format!("the {gaps} newest rows have no state of")),
        };
        if let Some(gone) = gone {
            return Err(Failure::new(Class::NoData, format!("{gone} {}: does the pool still exist?", self.pool)));
        }
        let [state] = reading.newest_complete().values;
        let state = state.ok_or_else(|| Failure::new(Class::NoData, "the newest sample has no value"))?;
        let reservations = reservations(&reading);
        report.reserve(&reservations);
        Ok((state, reservations))
    }

    fn counters(&self) -> [Counter; 1] {
        self.source.named(app_pool(&self.pool))
    }
}

/// Check whether an application pool of IIS is running, by its performance counter.
#[derive(Debug, clap::Args)]
pub struct AppPool {
    /// Application pool
    #[arg(long, value_name = "NAME", default_value = "MSExchangeServicesAppPool")]
    pool: String,

    #[command(flatten)]
    source: CounterOptions,

    /// File that remembers which zone was taken for that of a log that says none [default: one for each target, in a private
    /// directory below MP_STATE_PATH, STATE_DIRECTORY, XDG_STATE_HOME or ~/.local/state, on Windows LOCALAPPDATA]
    #[arg(long, value_name = "FILE", help_heading = "Counter source")]
    state_file: Option<PathBuf>,
}

impl Options for AppPool {
    const ABOUT: &'static About = &About {
        name: "check_um_app_pool",
        title: "UM APP POOL",
        stands_for: StandsFor { probe: "UMCallRouterTestProbe", monitor: "UMCallRouterTestMonitor" },
        classes: &[
            &[Class::Timeout, Class::Dns, Class::Missing, Class::Stopped, Class::NoData, Class::Unreadable],
            &[Class::Stale],
        ],
        defaults: &[],
        advice: |class| advice(class, shared_advice::on_counters),
    };
    const USAGE: &'static [&'static str] =
        &["--counters prometheus:URL [OPTIONS]", "--counters csv:FILE [OPTIONS]", "[-H HOST] [OPTIONS] (on Windows)"];
    const EXAMPLES: [&'static str; 3] = [
        "--counters prometheus:http://cas1.example.com:9182/metrics",
        "--counters csv:pools.csv --max-age 5m",
        "--counters csv:- --pool MSExchangeOWAAppPool",
    ];
    const NEEDS: &'static [&'static [Need]] = &[TlsOptions::NEEDS, ExporterOptions::NEEDS, CounterOptions::NEEDS];

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
        self.source.contradiction(&self.counters(), secrets)
    }
}

impl Scheduled for AppPool {
    const SERVICES: &'static [ScheduledService] = &[ScheduledService {
        name: "um-app-pool",
        title: "UM application pool",
        elsewhere: Elsewhere::Counters,
        interval: 2,
        retry: 1,
        attempts: 3,
        settings: &[Setting::Shared("--pool"), Setting::Shared("--counters")],
        metrics: &[metric(
            "state",
            "state of the pool",
            DisplayUnit::Code(Words { title: "application pool", first: 1, words: &POOL_STATES }),
        )],
        graphs: &[graph("state of the pool", &["state"])],
        ..ScheduledService::usual(Self::ABOUT)
    }];
}

/// What the administrator should do about it.
fn advice(class: Option<Class>, on_source: OnSource) -> &'static str {
    match class {
        None => {
            "The pool is on its way from one state to another. If it stays there: appcmd list wp, to see its worker \
             processes, then appcmd recycle apppool /apppool.name:MSExchangeServicesAppPool."
        }
        Some(Class::Stopped) => {
            "Start it: appcmd start apppool /apppool.name:MSExchangeServicesAppPool (or Start-WebAppPool). A pool that \
             crashes five times in five minutes is disabled by IIS: look for WAS 5002 and 5011 in the System log."
        }
        Some(Class::Missing) => {
            "Check --pool against appcmd list apppool. If Exchange's own pool is gone, the Client Access role is broken: \
             repair it with the setup of the installed cumulative update."
        }
        Some(Class::Unreadable) => {
            "Give --state-file a file of its own, in a directory that only the user of this check can write to; or say the zone \
             of the log with --time-zone, so that none is needed."
        }
        Some(class) => on_source(class),
    }
}

const A_MINUTE: Duration = Duration::from_secs(60);
