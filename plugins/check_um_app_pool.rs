//! Is the application pool running that the health set depends on?
//!
//! | state    | when                                                                                            |
//! |----------|-------------------------------------------------------------------------------------------------|
//! | OK       | running                                                                                         |
//! | WARNING  | uninitialized, initialized, disabling, shutdown pending                                         |
//! | CRITICAL | disabled or delete pending (`stopped`), absent among others (`missing`), no answer in time      |
//! | UNKNOWN  | no counters (`no-data`), old ones (`stale`)                                                     |

use std::time::Duration;

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::counters::CounterSource;
use check_um::cli::extra_opts::Secrets;
use check_um::cli::{self, Common};
use check_um::counters::role::{POOL_STATES, app_pool};
use check_um::counters::{Counter, CounterError};
use check_um::failure::{Class, Failure};
use check_um::metric::{Metric, Uom};
use check_um::plugin::Run;
use check_um::report::{Finding, Report};
use check_um::state::State;

fn main() {
    check_um::plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let mut report = run.report();
    let state = args.state(run, &mut report).await;

    let finding = match &state {
        Ok(state) => judge(*state, &args.pool).unwrap_or_else(|failure| run.judged(failure)),
        Err(failure) => run.judged(failure.clone()),
    };
    report.found(finding);
    let known = state.ok().and_then(|state| Metric::number("state", state, Uom::None).ok());
    report.measured(known.unwrap_or_else(|| Metric::unknown("state", Uom::None)).min(1.0).max(7.0));
    Ok(report)
}

/// The number of a pool's state as the finding that it is worth.
fn judge(state: f64, pool: &str) -> Result<Finding, Failure> {
    let name = (1_u8..).zip(POOL_STATES).find(|(number, _)| f64::from(*number) == state).map(|(_, name)| name);
    let name = name.ok_or_else(|| {
        Failure::new(Class::NoData, format!("the state of {pool} is {state}: expected a number from 1 to 7"))
    })?;
    let text = format!("{pool} is {}", name.to_lowercase());
    match name {
        "Running" => Ok(Finding::ok(text)),
        "Disabled" | "Delete Pending" => Err(Failure::new(Class::Stopped, text)),
        _ => Ok(Finding { state: State::Warning, advice: advice::app_pool(None), ..Finding::ok(text) }),
    }
}

impl Arguments {
    /// The number that the newest sample says.
    async fn state(&self, run: &Run, report: &mut Report) -> Result<f64, Failure> {
        // A pool changes its state from one moment to the next: only the newest sample counts.
        let reading = self.source.read(self.counters(), self.source.max_age.max(A_MINUTE), run, report).await;
        let reading = reading.map_err(|error| match &error {
            // The object is there with other instances: the source works, the pool does not exist.
            CounterError::Absent { nearest, .. } if nearest.other_instances => {
                let text = format!("there is no application pool {}", self.pool);
                Failure { summary: text, ..Failure::caused_by(Class::Missing, &error) }
            }
            _ => error.into(),
        })?;
        if let Some(stale) = self.source.stale(&reading, run) {
            return Err(stale);
        }
        reading.newest().values[0].ok_or_else(|| Failure::new(Class::NoData, "the newest sample has no value"))
    }

    fn counters(&self) -> [Counter; 1] {
        self.source.named(app_pool(&self.pool))
    }
}

const A_MINUTE: Duration = Duration::from_secs(60);

static ABOUT: About = About {
    name: "check_um_app_pool",
    title: "UM APP POOL",
    stands_for: HealthSet { name: "UM.CallRouter", probe: "UMCallRouterTestProbe", monitor: "UMCallRouterTestMonitor" },
    classes: &[Class::Timeout, Class::Dns, Class::Missing, Class::Stopped, Class::NoData, Class::Stale],
    defaults: &[],
    advice: advice::app_pool,
};

/// Check whether an application pool of IIS is running, by its performance counter.
#[derive(Debug, clap::Parser)]
#[command(name = ABOUT.name, version)]
pub struct Arguments {
    /// Application pool
    #[arg(long, value_name = "NAME", default_value = "MSExchangeServicesAppPool")]
    pool: String,

    #[command(flatten)]
    source: CounterSource,

    #[command(flatten)]
    common: Common,
}

impl cli::Arguments for Arguments {
    const ABOUT: &'static About = &ABOUT;

    fn common(&self) -> &Common {
        &self.common
    }

    fn contradiction(&self, _: &Secrets) -> Option<String> {
        self.source.contradiction(&self.counters())
    }
}
