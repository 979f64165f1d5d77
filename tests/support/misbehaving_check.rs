//! What does `plugin::run` make of a check that does not behave? One that panics, blocks, floods or waits, on demand.

use std::thread;
use std::time::Duration;

use check_um::about::{About, HealthSet};
use check_um::cli::{self, Common};
use check_um::failure::{Class, Failure};
use check_um::metric::{Metric, Uom};
use check_um::plugin::{self, Run};
use check_um::report::{Finding, Report};

fn main() {
    plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let mut report = run.report();
    match args.behave {
        Behaviour::Well => report.found(Finding::ok("all is well")),
        Behaviour::Panic => panic!("these words may hold a secret"),
        Behaviour::Block => block(),
        Behaviour::Spin => loop {
            std::hint::spin_loop();
        },
        Behaviour::Wait => tokio::time::sleep(FOREVER).await,
        Behaviour::Stage => {
            plugin::enter("reading a pipe that nobody writes to");
            block();
        }
        Behaviour::Leave => {
            let left = run.deadline.limit_blocking(|| "waiting for a call".to_owned(), block).await;
            report.metrics.push(Metric::unknown("answer", Uom::None));
            left.unwrap_or_else(|expired| {
                report.found(run.judged(Failure::caused_by(Class::Timeout, &expired)));
            });
        }
        Behaviour::Flood => {
            let text = "flood \u{1b}[2J| ".repeat(100_000);
            report.diagnostic("flood", &text);
            report.trace = vec![text.clone(); 10];
            report.found(Finding::ok(text));
        }
    }
    Ok(report)
}

const FOREVER: Duration = Duration::from_secs(3_600);

fn block() {
    thread::sleep(FOREVER);
}

/// What the check does instead of its work.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Behaviour {
    Well,
    Panic,
    Block,
    Spin,
    Wait,
    Stage,
    Leave,
    Flood,
}

/// Misbehave.
#[derive(Debug, clap::Parser)]
#[command(name = "misbehaving_check", version)]
struct Arguments {
    /// How
    #[arg(long, value_enum)]
    behave: Behaviour,

    #[command(flatten)]
    common: Common,
}

impl cli::Arguments for Arguments {
    const ABOUT: &'static About = &About {
        name: "check_um_misbehaving",
        title: "UM MISBEHAVING",
        stands_for: HealthSet { name: "UM.CallRouter", probe: "", monitor: "None" },
        classes: &[Class::Timeout],
        defaults: &[],
        advice: |_| "Mend the check.",
    };

    fn common(&self) -> &Common {
        &self.common
    }
}
