//! What does `plugin::run` make of a check that does not behave? One that panics, blocks, floods or waits, on demand, or that asks
//! several such.

use std::thread;
use std::time::Duration;

use check_um::door::options::Options;
use check_um::door::plugin::{Check, Context, Question, ask_all};
use check_um::door::report::{About, Class, Failure, Finding, Metric, Part, Report, StandsFor, Target, Uom};
use check_um::door::time::stage;

fn main() {
    check_um::run::<Misbehaving>()
}

impl Check for Misbehaving {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let mut report = context.report();
        if !self.beside.is_empty() {
            return Ok(several(&self.beside, context));
        }
        match self.behave {
            Behaviour::Well => report.add_finding(Finding::ok("all is well")),
            Behaviour::Panic => panic!("these words may hold a secret"),
            Behaviour::Block => block(),
            Behaviour::Spin => loop {
                std::hint::spin_loop();
            },
            Behaviour::Wait => tokio::time::sleep(FOREVER).await,
            Behaviour::Stage => {
                let _stage = stage::enter("reading a pipe that nobody writes to");
                block();
            }
            Behaviour::Leave => {
                let left = context.deadline.limit_blocking(|| "waiting for a call".to_owned(), block).await;
                report.add_metric(Metric::unknown("answer", Uom::None));
                report.add_metric(Metric::count("tries", 1));
                left.unwrap_or_else(|unfinished| report.add_failure(unfinished.into()));
            }
            Behaviour::PanicInACall => {
                let call = || panic!("these words may hold a secret");
                let _: Result<(), _> = context.deadline.limit_blocking(|| "a call".to_owned(), call).await;
            }
            Behaviour::Hoard => hoard(),
            Behaviour::Crowd => {
                for index in 0..500 {
                    let text = format!("{index} {}", "\u{202e}".repeat(400));
                    let failure = Failure { causes: vec![text.clone(); 5], ..Failure::new(Class::Timeout, text) };
                    report.add_failure(failure);
                    report.add_metric(Metric::count(&format!("metric_{index}"), index));
                }
            }
            Behaviour::Flood => {
                let text = "flood \u{1b}[2J| ".repeat(100_000);
                report.add_diagnostic("flood", &text);
                report.trace = vec![text.clone(); 10];
                report.add_finding(Finding::ok(text));
            }
        }
        Ok(report)
    }
}

/// Asks others which behave so, all at once.
fn several(behaviours: &[String], context: &Context) -> Report {
    let question = |behaves: &String| {
        let words = ["check_um_misbehaving", "--behave", behaves.as_str()];
        Question::of::<Misbehaving>(words.iter().map(Into::into).collect(), None)
    };
    let questions: Vec<_> = behaviours.iter().filter_map(|behaves| question(behaves).ok()).collect();
    let reports = ask_all(&questions.iter().collect::<Vec<_>>(), context.deadline);
    let mut report = context.report();
    for (index, (behaves, said)) in behaviours.iter().zip(reports).enumerate() {
        // Each has a name of its own, as the checks of a plugin have.
        let before = behaviours[..index].iter().filter(|other| *other == behaves).count();
        let name = behaves.replace('-', "_") + &"_more".repeat(before);
        let said = Part { name, alert: "one of several", report: said };
        report.add_finding(Finding { state: said.report.state(), is_of_a_part: true, ..Finding::ok(behaves.clone()) });
        report.parts.push(said);
    }
    report
}

/// Takes memory until there is none, in pieces that a report would take as well.
fn hoard() {
    let mut taken = Vec::new();
    loop {
        taken.push(vec![1_u8; 4_096]);
    }
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
    Crowd,
    Hoard,
    PanicInACall,
}

/// Misbehave.
#[derive(Debug, clap::Args)]
struct Misbehaving {
    /// How
    #[arg(long, value_enum, default_value = "well")]
    behave: Behaviour,

    /// Ask another that behaves so; repeatable
    #[arg(long)]
    beside: Vec<String>,
}

impl Options for Misbehaving {
    const ABOUT: &'static About = &About {
        name: "check_um_misbehaving",
        title: "UM MISBEHAVING",
        stands_for: StandsFor { probe: "", monitor: "None" },
        classes: &[&[Class::Timeout]],
        defaults: &[],
        advice: |_| "Mend the check.",
    };
    const USAGE: &'static [&'static str] = &["--behave HOW"];
    const EXAMPLES: [&'static str; 3] = ["--behave well", "--behave panic", "--behave flood -vvv"];

    fn target(&self) -> Target {
        Target { host: "peer.example.com".to_owned(), port: Some(5060), ..Target::default() }
    }
}
