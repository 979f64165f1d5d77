//! Is the Call Router healthy, all in all?
//!
//! | state    | when                                                                                              |
//! |----------|---------------------------------------------------------------------------------------------------|
//! | OK       | every check that can be asked from here is OK; one failed at first and was OK when asked again     |
//! | WARNING  | the worst of them is WARNING                                                                      |
//! | CRITICAL | the worst of them is CRITICAL                                                                     |
//! | UNKNOWN  | the worst of them is UNKNOWN; bad arguments, a mistake in any section of an ini file; `--list`;    |
//! |          | a signal ended the run: there is no verdict then, and what was found until then is said           |

mod plan;
mod sections;
mod service;
mod verdict;

use std::ffi::OsString;
use std::future::pending;
use std::time::Duration;

use self::plan::{Choice, Planned, Site, plan};
use super::registered::AsksOthers;
use super::schedule::Vantage;
use crate::options::usage::UsageError;
use crate::options::{Need, Options, Secrets, plain};
use crate::plugin::aside::{Question, ask_all};
use crate::plugin::{Check, Context};
use crate::report::{
    About, Class, Failure, Finding, Listed, Metric, NotAsked, Part, Range, Report, StandsFor, State, Target,
    Thresholds, excerpt,
};
use crate::time::deadline::Deadline;
use crate::time::ending;
use crate::time::words::seconds;

impl Check for CallRouter {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let mut report = context.report();
        let members = match self.members(context, &mut report) {
            Ok(members) => members,
            Err(mistake) => {
                report.add_finding(Finding::unknown(mistake));
                return Ok(report);
            }
        };
        if members.is_empty() {
            let why = if self.list { "nobody was asked: --list" } else { "nothing is left to ask" };
            report.add_finding(Finding::unknown(why));
        } else {
            self.ask(&members, context, &mut report).await;
            if self.site.server().is_none() {
                verdict::judge_servers(&mut report);
            }
            let thresholds = Thresholds::new(self.not_asked_warning.clone(), self.not_asked_critical.clone());
            verdict::conclude(&mut report, &thresholds);
            if let Some(signal) = ending::signal() {
                verdict::leave_open(&mut report, signal);
            }
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
    /// Who is asked; the report says who is not, and why. An error is a mistake in how somebody would be asked.
    fn members(&self, context: &Context, report: &mut Report) -> Result<Vec<Member>, String> {
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
        let all = self.plan();
        let stray = context.ini_files.iter().find_map(|file| sections::misnamed(file, Self::ABOUT.name, &all));
        if let Some(error) = stray {
            return Err(error.to_string());
        }
        let (mut members, mut listed, mut not_asked) = (Vec::new(), Vec::new(), Vec::new());
        for planned in all {
            match place(&planned, context, self.first_time(context))? {
                Placed::Asked(words, _) if self.list => listed.push(Listed { name: planned.name, words }),
                Placed::Asked(_, question) => members.push(Member { planned, question }),
                Placed::NotAsked(reason) => {
                    let unasked = planned.arguments.err();
                    let (is_left_out, is_by_choice) =
                        unasked.map_or((false, false), |unasked| (unasked.is_left_out, unasked.is_by_choice));
                    not_asked.push(NotAsked { name: planned.name, reason, is_left_out, is_missed: !is_by_choice });
                }
            }
        }
        if !self.list {
            self.must_ask_whom_it_names(&members, &not_asked)?;
        }
        must_read_each_for_itself(&members)?;
        let idle = self.site.idle_ports(members.iter().map(|member| member.planned.service.vantage));
        idle.into_iter().for_each(|text| report.add_diagnostic("without_effect", text));
        report.listed = listed;
        report.not_asked = not_asked;
        Ok(members)
    }

    /// Whoever names a check wants it asked: that it is not, is no footnote then.
    fn must_ask_whom_it_names(&self, members: &[Member], not_asked: &[NotAsked]) -> Result<(), String> {
        let all = self.plan();
        for name in &self.only {
            let named: Vec<_> =
                all.iter().filter(|planned| planned.is_called(name)).map(|planned| &planned.name).collect();
            let is_asked = members.iter().any(|member| named.contains(&&member.planned.name));
            if let Some(not) = not_asked.iter().find(|not| named.contains(&&not.name)).filter(|_| !is_asked) {
                return Err(format!("--only {name}: expected what it takes to ask it: {}", not.reason));
            }
        }
        Ok(())
    }

    fn plan(&self) -> Vec<Planned> {
        plan(Self::OTHERS, &self.site, &self.choice())
    }

    fn choice(&self) -> Choice<'_> {
        Choice { only: &self.only, without: &self.without }
    }

    /// How long everybody may take at first: what is asked again gets as much time as it had then.
    fn first_time(&self, context: &Context) -> Duration {
        let all = context.deadline.timeout();
        self.again.map_or(all, |pause| all.saturating_sub(pause) / 2)
    }

    /// Asks everybody, and those that are not OK once more where that is wanted.
    async fn ask(&self, members: &[Member], context: &Context, report: &mut Report) {
        // Whoever asks for the end is to hear what is known by then; if it is asked for already, the watchdog is about to end it.
        let Some(_held_off) = ending::hold_off() else { return pending().await };
        let questions: Vec<_> = members.iter().map(|member| &member.question).collect();
        let first = Deadline::new(context.started.instant, self.first_time(context));
        let mut reports = ask_all(&questions, first);
        let failing: Vec<_> =
            (0..members.len()).filter(|index| may_recover(&members[*index], &reports[*index])).collect();
        if let Some(pause) = self.again.filter(|_| !failing.is_empty()) {
            let is_over = tokio::time::timeout(pause, ending::asked()).await.is_ok();
            let questions: Vec<_> = failing.iter().map(|index| &members[*index].question).collect();
            let seconds = if is_over { Vec::new() } else { ask_all(&questions, context.deadline) };
            let signal = ending::signal();
            for (index, second) in failing.into_iter().zip(seconds) {
                if !counts(&second, signal) {
                    continue;
                }
                let first = std::mem::replace(&mut reports[index], second);
                if reports[index].state() == State::Ok {
                    let recovery = recovery(&members[index].planned.name, &first, &reports[index]);
                    report.add_failure(recovery);
                }
            }
            let text = signal.map(|signal| format!("ended by signal {signal} before all were asked once more"));
            text.into_iter().for_each(|text| report.add_finding(Finding::unknown(text)));
        }
        for (member, mut said) in members.iter().zip(reports) {
            match self.site.server() {
                Some(server) => verdict::advise_on_name(&mut said, server),
                None => verdict::refuse_several_servers(&mut said),
            }
            add(member, said, report);
        }
    }
}

/// Whether to ask once more may help: it is not OK, no fault of a source or of this host is there that a second question would
/// hide, and not all that is wrong is what a moment later is the same.
fn may_recover(member: &Member, said: &Report) -> bool {
    let is_hidden = |finding: &Finding| finding.class.is_some_and(|class| !class.may_pass());
    if member.question.stream().is_some() || said.findings.iter().any(is_hidden) {
        return false;
    }
    // What took too long may be quick the next time; a call is not made for that.
    let is_call = member.planned.service.vantage == Vantage::Call;
    let may_pass = |metric: &Metric| PASSING.contains(&metric.name()) && !is_call;
    let is_counted = said.metrics.iter().any(|metric| metric.violation().is_some() && !may_pass(metric));
    let is_lasting = |finding: &Finding| finding.class.map_or(is_counted, Class::is_of_a_certificate);
    said.by_severity().iter().any(|finding| finding.state != State::Ok && !is_lasting(finding))
}

/// Whether what somebody said the second time counts: what was known of him is worth more than that a signal kept him from being
/// heard to the end.
fn counts(second: &Report, signal: Option<&str>) -> bool {
    signal.is_none() || second.state() == State::Ok
}

/// Of a pipe the first one who reads it would leave nothing to the others.
fn must_read_each_for_itself(members: &[Member]) -> Result<(), String> {
    for (index, member) in members.iter().enumerate() {
        let Some(stream) = member.question.stream() else { continue };
        if let Some(other) = members[..index].iter().find(|other| other.question.stream() == Some(stream)) {
            let (first, second) = (&other.planned.name, &member.planned.name);
            return Err(format!("{stream}: expected a file, which {first} and {second} can read each for itself"));
        }
    }
    Ok(())
}

/// What becomes of a planned check.
enum Placed {
    /// It is asked: the words that do so, and its question.
    Asked(Vec<String>, Question),
    /// It is not, and why.
    NotAsked(String),
}

/// The question that a planned check puts, with its own section of each ini file that is named for this one; why it cannot be
/// asked from here. It may take so long at first. An error is what is wrong with how it is to be asked, or with a section that
/// nobody would have needed.
fn place(planned: &Planned, context: &Context, first: Duration) -> Result<Placed, String> {
    let name = planned.check.about.name;
    let sections = sections::options_of(planned.check, &context.ini_files);
    let classes = planned.check.about.classes().collect::<Vec<_>>();
    let states = context.overrides().iter().filter(|given| classes.contains(&given.class));
    let states = states.map(|given| format!("--state={}={}", given.class, given.state.word().to_lowercase()));
    let states: Vec<_> = states.collect();
    let put = |arguments: &[String]| {
        let words = [&[name.to_owned()], sections.as_slice(), arguments, &states].concat();
        let asked = (planned.check.question)(words.iter().map(OsString::from).collect(), Some(first));
        asked.map(|question| Placed::Asked(words, question))
    };
    let mistake = |error: UsageError| {
        let files: Vec<_> = sections.iter().filter_map(|option| Some(option.split_once('@')?.1)).collect();
        let of_files = if error.is_about_a_file() { String::new() } else { format!(" of {}", files.join(", ")) };
        let whose = if files.is_empty() { String::new() } else { format!("section [{name}]{of_files}: ") };
        format!("{}: {whose}{}", planned.name, error.of_check(name))
    };
    let unasked = match &planned.arguments {
        Ok(arguments) => {
            let stray = sections::of_another_port(planned, &context.ini_files);
            return stray.map_or_else(|| put(arguments), Err).map_err(mistake);
        }
        Err(unasked) => unasked,
    };
    if sections.is_empty() {
        return Ok(Placed::NotAsked(unasked.reason.clone()));
    }
    if let Some(beside) = &unasked.beside {
        match put(beside) {
            Err(error) if error.is_missing() => {}
            Ok(_) if unasked.is_left_out => return Ok(Placed::NotAsked(unasked.reason.clone())),
            asked => return asked.map_err(mistake),
        }
    }
    let of_exporter =
        unasked.as_if_of_exporter.as_ref().filter(|_| sections::is_for_an_exporter(name, &context.ini_files));
    match put(of_exporter.unwrap_or(&unasked.as_if)) {
        // What is wrong with no line of a file is the stand-in, which the section has no use for.
        Err(error) if error.is_about_a_file() => Err(mistake(error)),
        _ => Ok(Placed::NotAsked(unasked.reason.clone())),
    }
}

/// That a check failed at first and is OK now.
fn recovery(name: &str, first: &Report, now: &Report) -> Failure {
    let later = seconds(now.started.instant.saturating_duration_since(first.started.instant));
    let summary = excerpt(&first.summary(), MAX_SAID);
    Failure::new(Class::Transient, format!("{name}: failed at first ({summary}), answered {later} later: transient"))
}

/// Adds what a check said.
fn add(member: &Member, said: Report, report: &mut Report) {
    let service = member.planned.service;
    let alert = if service.alert.is_empty() { service.title } else { service.alert };
    report.parts.push(Part { name: member.planned.name.clone(), alert, report: said });
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

    /// WARNING when the number of checks that nothing here says whom to ask is outside this range; those that --only, --without or
    /// the startup mode leave out do not count
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    not_asked_warning: Option<Range>,

    /// CRITICAL when that number is outside this range
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    not_asked_critical: Option<Range>,

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

    const NEEDS: &'static [&'static [Need]] = &[Site::NEEDS];

    fn target(&self) -> Target {
        Target { host: self.site.hostname.clone(), ..Target::default() }
    }

    fn idle(&self, given: &dyn Fn(&str) -> bool) -> Option<String> {
        self.site.idle(given, &self.plan(), &self.choice())
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

/// What a second question may find better than the first one did; days, shares and counts are the same a moment later.
const PASSING: [&str; 3] = ["time", "loss", "down"];

/// The most of what one check says in the first line, in characters.
const MAX_SAID: usize = 150;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::about::OF_A_TEST;
    use crate::report::{Policy, Started};

    #[test]
    fn whoever_was_not_heard_to_the_end_leaves_what_he_said_at_first() {
        for (state, of_all, of_a_cut) in [
            (State::Ok, true, true),
            (State::Warning, true, false),
            (State::Critical, true, false),
            (State::Unknown, true, false),
        ] {
            let mut said = Report::new(&OF_A_TEST, Policy::default(), Started::now());
            said.add_finding(Finding { state, ..Finding::ok("said") });
            assert_eq!((counts(&said, None), counts(&said, Some("SIGTERM"))), (of_all, of_a_cut), "{state}");
        }
    }
}
