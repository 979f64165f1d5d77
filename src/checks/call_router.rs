//! Is the Call Router healthy, all in all?
//!
//! | state    | when                                                                                              |
//! |----------|---------------------------------------------------------------------------------------------------|
//! | OK       | every check that can be asked from here is OK; one failed at first and was OK when asked again     |
//! | WARNING  | the worst of them is WARNING                                                                      |
//! | CRITICAL | the worst of them is CRITICAL                                                                     |
//! | UNKNOWN  | the worst of them is UNKNOWN; bad arguments, a mistake in any section of an ini file; `--list`     |

mod plan;
mod service;

use std::ffi::OsString;
use std::thread;
use std::time::{Duration, Instant};

use self::plan::{Choice, Planned, Site, plan};
use super::registered::AsksOthers;
use crate::options::extra_opts::has_section;
use crate::options::usage::UsageError;
use crate::options::{Options, Secrets, plain};
use crate::plugin::aside::{Question, ask_all};
use crate::plugin::{Check, Context};
use crate::report::{
    About, Class, Event, Failure, Finding, Metric, NotAsked, Part, Report, StandsFor, State, Target, excerpt,
};
use crate::time::deadline::Deadline;
use crate::time::words::seconds;

impl Check for CallRouter {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let mut report = context.report();
        let (members, not_asked) = match self.members(context) {
            Ok(placed) => placed,
            Err(mistake) => {
                report.add_finding(Finding::unknown(mistake));
                return Ok(report);
            }
        };
        report.not_asked = not_asked;
        if members.is_empty() {
            let why = if self.list { "nobody was asked: --list" } else { "nothing is left to ask" };
            report.add_finding(Finding::unknown(why));
        } else {
            self.ask(&members, context.deadline, &mut report);
            conclude(&mut report);
        }
        Ok(report)
    }
}

/// A check that is asked.
struct Member {
    planned: Planned,
    question: Question,
}

impl CallRouter {
    /// Who is asked, and who is not and why; an error is a mistake in how somebody would be asked.
    fn members(&self, context: &Context) -> Result<(Vec<Member>, Vec<NotAsked>), String> {
        let longest = context.deadline.timeout() / 2;
        if let Some(pause) = self.again.filter(|pause| *pause > longest) {
            return Err(format!(
                "--again {}: expected at most half of --timeout, {}",
                seconds(pause),
                seconds(longest)
            ));
        }
        // Each check reads its own section: of a pipe the first one would leave nothing to the others.
        if let Some(pipe) = context.ini_files.iter().find(|path| !path.is_file()) {
            return Err(format!("{}: expected a file, which each check can read for itself", pipe.display()));
        }
        let (mut members, mut not_asked) = (Vec::new(), Vec::new());
        for planned in self.plan() {
            match place(&planned, context)? {
                Placed::Asked(words, _) if self.list => not_asked
                    .push(NotAsked { reason: format!("would be asked: {}", words.join(" ")), name: planned.name }),
                Placed::Asked(_, question) => members.push(Member { planned, question }),
                Placed::NotAsked(reason) => not_asked.push(NotAsked { name: planned.name, reason }),
            }
        }
        Ok((members, not_asked))
    }

    fn plan(&self) -> Vec<Planned> {
        plan(Self::OTHERS, &self.site, &Choice { only: &self.only, without: &self.without })
    }

    /// Asks everybody, and those that are not OK once more where that is wanted.
    fn ask(&self, members: &[Member], deadline: Deadline, report: &mut Report) {
        let questions: Vec<_> = members.iter().map(|member| &member.question).collect();
        let Some(pause) = self.again else {
            let reports = ask_all(&questions, deadline);
            return members.iter().zip(reports).for_each(|(member, said)| add(member, said, report));
        };
        // What is asked again gets as much time as it had at first.
        let now = Instant::now();
        let first = Deadline::new(now, deadline.remaining(now).saturating_sub(pause) / 2);
        let mut reports = ask_all(&questions, first);
        let failing: Vec<_> = (0..members.len()).filter(|index| reports[*index].state() != State::Ok).collect();
        if !failing.is_empty() {
            thread::sleep(pause);
            let questions: Vec<_> = failing.iter().map(|index| &members[*index].question).collect();
            for (index, second) in failing.into_iter().zip(ask_all(&questions, deadline)) {
                let first = std::mem::replace(&mut reports[index], second);
                let recovery = recovery(&members[index], &first, &reports[index], report);
                report.findings.extend(recovery);
            }
        }
        members.iter().zip(reports).for_each(|(member, said)| add(member, said, report));
    }
}

/// What becomes of a planned check.
enum Placed {
    /// It is asked: the words that do so, and its question.
    Asked(Vec<String>, Question),
    /// It is not, and why.
    NotAsked(String),
}

/// The question that a planned check puts, with its own section of each ini file that is named for this one; why it cannot be
/// asked from here. An error is what is wrong with how it is to be asked, or with a section that nobody would have needed.
fn place(planned: &Planned, context: &Context) -> Result<Placed, String> {
    let name = planned.check.about.name;
    let files = context.ini_files.iter().filter(|file| has_section(file, name));
    let sections: Vec<_> = files.map(|file| format!("--extra-opts=@{}", file.display())).collect();
    let classes = planned.check.about.classes().collect::<Vec<_>>();
    let states = context.overrides().iter().filter(|given| classes.contains(&given.class));
    let states = states.map(|given| format!("--state={}={}", given.class, given.state.word().to_lowercase()));
    let states: Vec<_> = states.collect();
    let put = |arguments: &[String]| {
        let words = [&[name.to_owned()], sections.as_slice(), arguments, &states].concat();
        let asked = (planned.check.question)(words.iter().map(OsString::from).collect());
        asked.map(|question| Placed::Asked(words, question))
    };
    let mistake = |error: UsageError| match sections.is_empty() {
        true => format!("{}: {}", planned.name, error.of_check(name)),
        false => format!("{}: section [{name}]: {}", planned.name, error.of_check(name)),
    };
    let unasked = match &planned.arguments {
        Ok(arguments) => return put(arguments).map_err(mistake),
        Err(unasked) => unasked,
    };
    if sections.is_empty() {
        return Ok(Placed::NotAsked(unasked.reason.clone()));
    }
    if let Some(beside) = &unasked.beside {
        match put(beside) {
            Err(error) if error.is_missing() => {}
            asked => return asked.map_err(mistake),
        }
    }
    match put(&unasked.as_if) {
        Err(error) if !error.is_missing() => Err(mistake(error)),
        _ => Ok(Placed::NotAsked(unasked.reason.clone())),
    }
}

/// What there is to say of a check that failed at first and is OK now.
fn recovery(member: &Member, first: &Report, now: &Report, all: &Report) -> Option<Finding> {
    let later = now.started.instant.saturating_duration_since(first.started.instant);
    let text = format!(
        "{}: failed at first ({}), answered {} later: transient",
        member.planned.name,
        excerpt(&first.summary(), MAX_SUMMARY),
        seconds(later)
    );
    (now.state() == State::Ok).then(|| all.judge(Failure::new(Class::Transient, text)))
}

/// Adds what a check said, and a finding unless it is OK.
fn add(member: &Member, said: Report, report: &mut Report) {
    let name = &member.planned.name;
    if let Some(failure) = said.failure() {
        let text = format!("{name}: {}", excerpt(&said.summary(), MAX_SUMMARY));
        report.findings.push(Finding { text, causes: Vec::new(), ..failure.into_owned() });
    }
    report
        .events
        .extend(said.events.iter().map(|event| Event { text: format!("{name}: {}", event.text), ..event.clone() }));
    report.trace.extend(said.trace.iter().map(|text| format!("{name}: {text}")));
    let service = member.planned.service;
    let alert = if service.alert.is_empty() { service.title } else { service.alert };
    report.parts.push(Part { name: name.clone(), alert, report: said });
}

/// How many there are and how many of them are not OK.
fn conclude(report: &mut Report) {
    let (all, not_asked) = (report.parts.len(), report.not_asked.len());
    let failing = report.parts.iter().filter(|part| part.report.state() != State::Ok).count();
    let checks = if all == 1 { "check" } else { "checks" };
    report.headline = Some(match failing {
        0 => format!("{all} {checks} OK, {not_asked} not asked"),
        _ => format!("{failing} of {all} {checks}"),
    });
    for (label, count) in [("failing", failing), ("checks", all), ("not_asked", not_asked)] {
        report.add_metric(Metric::count(label, u32::try_from(count).unwrap_or(u32::MAX)));
    }
    if report.findings.is_empty() {
        let names: Vec<_> = report.parts.iter().map(|part| part.name.as_str()).collect();
        report.add_finding(Finding::ok(names.join(", ")));
    }
}

/// Ask every check that can be asked from here, and say of the others why not: the whole health set in one run.
#[derive(Debug, clap::Args)]
pub struct CallRouter {
    #[command(flatten)]
    site: Site,

    /// Ask this check only, such as sip_options; repeatable
    #[arg(long, value_name = "NAME", help_heading = "Checks")]
    only: Vec<String>,

    /// Do not ask this check; repeatable
    #[arg(long, value_name = "NAME", help_heading = "Checks")]
    without: Vec<String>,

    /// Ask what is not OK once more after so many seconds; what is OK then is class transient
    #[arg(long, value_name = "SEC", value_parser = plain::seconds, help_heading = "Checks")]
    again: Option<Duration>,

    /// Say which checks would be asked, how, and why not the others; ask nobody
    #[arg(long, help_heading = "Checks")]
    list: bool,
}

impl Options for CallRouter {
    const ABOUT: &'static About = &About {
        name: "check_um_call_router",
        title: "UM CALL ROUTER",
        stands_for: StandsFor { probe: "", monitor: "every one" },
        // Whatever one of the checks can meet, its state included, is handed on to it.
        classes: &[Class::ALL],
        defaults: &[],
        advice,
    };

    const USAGE: &'static [&'static str] = &["-H HOST [OPTIONS]"];

    const EXAMPLES: [&'static str; 3] = [
        "-H cas1.example.com --domain example.com",
        "-H cas1.example.com --startup-mode Dual --counters prometheus:http://cas1.example.com:9182/metrics -t 30 --again 5",
        "-H cas1.example.com --extra-opts=@/etc/nagios/cas1.ini --list",
    ];

    fn target(&self) -> Target {
        Target { host: self.site.hostname.clone(), ..Target::default() }
    }

    fn contradiction(&self, _: &Secrets) -> Option<String> {
        let all = self.plan();
        let mut named = self.only.iter().chain(&self.without);
        let stray = named.find(|name| !all.iter().any(|planned| planned.is_called(name)))?;
        let expected: Vec<_> = all.iter().map(|planned| planned.name.as_str()).collect();
        Some(format!("--only, --without: '{stray}' is no check: expected one of {}", expected.join(", ")))
    }
}

/// What the administrator should do about it: each check says that of its own.
const fn advice(class: Option<Class>) -> &'static str {
    match class {
        Some(Class::Transient) => {
            "It failed once and was well a moment later. If that happens often, look at the load of the server and at the \
             network between: a gateway that calls in such a moment is not so patient."
        }
        _ => "Look at the table: each check that is not OK says what to do about it.",
    }
}

/// The most of what one check says in the first line, in characters.
const MAX_SUMMARY: usize = 150;
