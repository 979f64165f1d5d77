//! What is known when the check is over? Findings, metrics and everything an alert must carry.

pub(crate) mod about;
pub(crate) mod asked;
pub(crate) mod class;
pub(crate) mod event;
pub(crate) mod excerpt;
pub(crate) mod failure;
pub(crate) mod finding;
pub(crate) mod inquiry;
pub(crate) mod metric;
pub(crate) mod nearest;
pub(crate) mod policy;
pub(crate) mod quantity;
pub(crate) mod range;
pub(crate) mod state;
pub(crate) mod target;
pub(crate) mod thresholds;
#[cfg(windows)]
pub(crate) mod windows;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

pub use self::about::{About, HEALTH_SET, StandsFor};
pub use self::asked::{Listed, NotAsked};
pub use self::class::Class;
pub use self::event::{Event, Started};
pub(crate) use self::excerpt::excerpt;
pub use self::failure::Failure;
pub use self::finding::Finding;
pub(crate) use self::finding::Overruling;
pub use self::inquiry::{GivenOption, Inquiry};
pub use self::metric::{Metric, Uom};
pub(crate) use self::metric::{label_of, percent};
pub(crate) use self::policy::Override;
pub use self::policy::Policy;
pub use self::quantity::{Quantity, Unit};
pub use self::range::Range;
pub(crate) use self::range::{RangeError, is_plain_number};
pub(crate) use self::state::NotAState;
pub use self::state::State;
pub(crate) use self::target::Authentication;
pub use self::target::Target;
pub use self::thresholds::Thresholds;

/// Everything a renderer needs. Text from peers is kept raw: each renderer cleans it for its own syntax.
#[derive(Clone, Debug)]
pub struct Report {
    /// The plugin.
    pub about: &'static About,
    /// What each failure class is worth.
    policy: Policy,
    /// What to do about a finding of a class.
    advice: fn(Option<Class>) -> &'static str,
    /// When the run began.
    pub started: Started,
    /// How long it took.
    pub duration: Duration,
    /// Whom it asked.
    pub target: Target,
    /// Whether that is a part of Exchange, as far as is known: what the check stands for in the health set is said then.
    pub is_of_exchange: bool,
    /// What tells it from the other runs of its check.
    pub inquiry: Arc<Inquiry>,
    /// Of which servers a source tells that may tell of several, by the names that it gives them; at most a few.
    pub servers: Vec<String>,
    /// With which credentials.
    pub authentication: Authentication,
    /// Facts for the first line that belong to no single finding, such as how many addresses answered.
    pub headline: Option<String>,
    /// Which thresholds leave a given one without an effect.
    pub(crate) overruling: Vec<Overruling>,
    /// What was judged, in the order of judging.
    pub findings: Vec<Finding>,
    /// What makes its answer less certain than it sounds, beside findings that say so: for whoever quotes no more than that.
    pub reservations: Vec<String>,
    /// What was measured, in the order of printing.
    pub metrics: Vec<Metric>,
    /// Name and value of diagnostic facts, such as the status line; names in snake_case.
    pub diagnostics: Vec<(String, String)>,
    /// The phases of the run.
    pub events: Vec<Event>,
    /// The full trace: messages, dumps, raw rows; secrets masked by who adds them.
    pub trace: Vec<String>,
    /// What each check said, in a report of several.
    pub parts: Vec<Part>,
    /// Which checks were not asked, in a report of several.
    pub not_asked: Vec<NotAsked>,
    /// Which checks would be asked, in a report that is only a list of them.
    pub listed: Vec<Listed>,
}

impl Report {
    /// An empty report, which is UNKNOWN until something is found.
    pub fn new(about: &'static About, policy: Policy, started: Started) -> Self {
        Self {
            about,
            policy,
            advice: about.advice,
            started,
            duration: Duration::ZERO,
            target: Target::default(),
            is_of_exchange: true,
            inquiry: Arc::default(),
            servers: Vec::new(),
            authentication: Authentication::default(),
            headline: None,
            overruling: Vec::new(),
            findings: Vec::new(),
            reservations: Vec::new(),
            metrics: Vec::new(),
            diagnostics: Vec::new(),
            events: Vec::new(),
            trace: Vec::new(),
            parts: Vec::new(),
            not_asked: Vec::new(),
            listed: Vec::new(),
        }
    }

    /// Gives other advice than the plugin's own on what is found from now on: what fits the peer.
    pub fn advise_by(&mut self, advice: fn(Option<Class>) -> &'static str) {
        self.advice = advice;
    }

    /// What to do about a finding of a class, or, for `None`, about a violated threshold.
    pub fn advise(&self, class: Option<Class>) -> &'static str {
        self.about.advise_by(self.advice, class)
    }

    /// Adds a finding.
    pub fn add_finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Has `add` add findings that are no answer here, such as those on the certificate of whom something else is asked.
    pub(crate) fn beside_the_answer(&mut self, add: impl FnOnce(&mut Self)) {
        let before = self.findings.len();
        add(self);
        self.findings.iter_mut().skip(before).for_each(|finding| finding.is_answer = false);
    }

    /// Adds a reservation, unless it is empty; semicolon and blank in front of it, by which it follows an answer, are dropped.
    pub(crate) fn reserve(&mut self, text: &str) {
        let text = text.trim_start_matches("; ");
        self.reservations.extend((!text.is_empty()).then(|| text.to_owned()));
    }

    /// Adds what a failure is worth.
    pub fn add_failure(&mut self, failure: Failure) {
        let finding = self.judge(failure);
        self.findings.push(finding);
    }

    /// What a failure is worth in this run.
    pub fn judge(&self, failure: Failure) -> Finding {
        let class = self.policy.class(&failure);
        Finding {
            state: failure.given.unwrap_or(self.policy.state(class)),
            class: Some(class),
            text: failure.summary,
            causes: failure.causes,
            advice: failure.advice.unwrap_or_else(|| self.advise(Some(class))),
            is_answer: failure.is_answer,
            judged_by: "",
            is_of_a_part: false,
        }
    }

    /// The failure that is worth most in this run; among equals, the first.
    pub fn worst<'a>(&self, failures: &'a [Failure]) -> Option<&'a Failure> {
        failures
            .iter()
            .rev()
            .max_by_key(|failure| failure.given.unwrap_or(self.policy.state(self.policy.class(failure))))
    }

    /// Adds a metric, and a finding if it violates one of its thresholds.
    pub fn judge_metric(&mut self, metric: Metric) {
        if let Some(violation) = metric.violation() {
            let text = metric.said(&violation);
            let advice = self.advise(None);
            self.findings.push(Finding { state: violation.state, advice, ..Finding::ok(text) });
        }
        self.metrics.push(metric);
    }

    /// Adds a metric whose violations are findings of their own already, or none.
    pub fn add_metric(&mut self, metric: Metric) {
        self.metrics.push(metric);
    }

    /// Adds a diagnostic fact. A name is there once: what is said of several targets is one value. Peers name some, so that
    /// it becomes what a name may be: at most 100 small letters, digits and underscores.
    pub fn add_diagnostic(&mut self, name: &str, value: impl Into<String>) {
        let name = label_of(&name.chars().take(100).collect::<String>());
        match self.diagnostics.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = format!("{known}; {}", value.into()),
            None => self.diagnostics.push((name, value.into())),
        }
    }

    /// How long after the start of the run something happened.
    pub fn since_start(&self, event: &Event) -> Duration {
        event.at.saturating_duration_since(self.started.instant)
    }

    /// Adds to the full trace, as much of it as could ever be printed.
    pub fn add_trace(&mut self, texts: impl IntoIterator<Item = String>) {
        let room = MAX_TRACE.saturating_sub(self.trace.len());
        self.trace.extend(texts.into_iter().take(room));
    }

    /// The worst finding's state. Nothing judged is UNKNOWN.
    pub fn state(&self) -> State {
        let is_judged = |finding: &&Finding| finding.is_answer || finding.class.is_some() || finding.state != State::Ok;
        self.findings.iter().filter(is_judged).map(|finding| self.worth(finding)).max().unwrap_or(State::Unknown)
    }

    /// The findings, the worst first; among equals, in the order of judging.
    pub fn by_severity(&self) -> Vec<Cow<'_, Finding>> {
        let mut findings: Vec<_> = self.findings.iter().map(|finding| self.weighed(finding)).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.state));
        findings
    }

    /// What a finding is worth among the others: where nobody has answered, whatever stands in place of the answer is no OK,
    /// whoever said so. A check that asks nobody any more must not look like one that is content.
    fn worth(&self, finding: &Finding) -> State {
        let is_answered = || self.findings.iter().any(|finding| finding.is_answer);
        if finding.state == State::Ok && finding.class.is_some() && !is_answered() {
            return LEAST_WITHOUT_ANSWER;
        }
        finding.state
    }

    /// The finding with what it is worth among the others, and why, where that is not what it was given.
    fn weighed<'a>(&self, finding: &'a Finding) -> Cow<'a, Finding> {
        let state = self.worth(finding);
        if state == finding.state {
            return Cow::Borrowed(finding);
        }
        let text = format!("{} (never OK: there is no answer)", finding.text);
        Cow::Owned(Finding { state, text, ..finding.clone() })
    }

    /// One line: the headline, then the findings, the worst first. The first one that a threshold decided against a given one
    /// names that.
    pub fn summary(&self) -> String {
        let mut unsaid: Vec<_> = self.overruling.iter().collect();
        let mut said = |finding: &Finding| match unsaid.iter().position(|overruling| finding.is_decided_by(overruling))
        {
            Some(place) => format!("{} ({})", finding.text, unsaid.remove(place).by),
            None => finding.text.clone(),
        };
        let found = self.by_severity();
        let found = found.iter().map(|finding| said(finding)).collect::<Vec<_>>().join("; ");
        // Of several checks the headline counts those that are named behind it; otherwise it is a fact beside others.
        let separator = if self.parts.is_empty() { "; " } else { ": " };
        let parts: Vec<_> = self.headline.clone().into_iter().chain([found]).filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { "nothing was judged".to_owned() } else { parts.join(separator) }
    }

    /// The finding that decided the state, unless that is OK.
    pub fn failure(&self) -> Option<Cow<'_, Finding>> {
        self.by_severity().into_iter().next().filter(|finding| finding.state != State::Ok)
    }

    /// All that was measured: what this report says itself, and what its parts do, each with its name in front.
    pub(crate) fn measured(&self) -> impl Iterator<Item = Cow<'_, Metric>> {
        let of_part = |part: &Part| {
            let metrics = part.report.metrics.iter();
            metrics.map(|metric| Cow::Owned(metric.clone().prefixed(&part.name))).collect::<Vec<_>>()
        };
        self.metrics.iter().map(Cow::Borrowed).chain(self.parts.iter().flat_map(of_part))
    }

    /// `Succeeded` for OK and WARNING, else `Failed`: the result of a probe as Managed Availability words it.
    pub fn result(&self) -> &'static str {
        if self.state() <= State::Warning { "Succeeded" } else { "Failed" }
    }
}

/// One check's report within that of several.
#[derive(Clone, Debug)]
pub struct Part {
    /// What its metrics and properties begin with, such as `sip_options`.
    pub name: String,
    /// The alert of the health set that it stands for, as Exchange words it; where there is none, what a person calls it.
    pub alert: &'static str,
    /// What it says itself.
    pub report: Report,
}

/// What a failure is worth at least in a report without an answer.
const LEAST_WITHOUT_ANSWER: State = State::Warning;

/// More entries than the 64 KiB of an output hold.
const MAX_TRACE: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::about::OF_A_TEST;
    use super::*;

    fn report() -> Report {
        Report::new(&OF_A_TEST, Policy::default(), Started::now())
    }

    #[test]
    fn unknown_when_nothing_was_judged_or_there_are_remarks_only() {
        assert_eq!(report().state(), State::Unknown);
        assert_eq!(report_of_ok(&[]).state(), State::Unknown);
        assert_eq!(report().summary(), "nothing was judged");
    }

    #[test]
    fn the_worst_finding_leads_the_first_line() {
        let mut report = report();
        report.add_finding(Finding::ok("answer"));
        report.add_finding(Finding { state: State::Warning, ..Finding::ok("slow") });
        report.add_finding(Finding { state: State::Critical, ..Finding::ok("rejected") });
        report.add_finding(Finding { state: State::Unknown, ..Finding::ok("lost") });
        assert_eq!(report.state(), State::Critical);
        assert_eq!(report.summary(), "rejected; lost; slow; answer");
        assert_eq!(report.failure().unwrap().text, "rejected");
    }

    /// A report of failures of which each class is said to be OK, beside a remark.
    fn report_of_ok(classes: &[Class]) -> Report {
        let policy = classes.iter().map(|class| Override { class: *class, state: State::Ok }).collect();
        let mut report = Report::new(&OF_A_TEST, Policy::new(policy), Started::now());
        report.add_finding(Finding::remark("passed over: cas0"));
        for class in classes {
            report.add_failure(Failure::new(*class, class.name()));
        }
        report
    }

    #[test]
    fn warning_when_a_class_is_said_to_be_ok_and_nobody_has_answered() {
        for class in Class::ALL.iter().copied().filter(|class| !class.is_answer()) {
            let report = report_of_ok(&[class, Class::Timeout]);
            assert_eq!(report.state(), State::Warning, "{class}");
            assert_eq!(report.failure().unwrap().class, Some(class));
            let said = format!("{class} (never OK: there is no answer); timeout (never OK: there is no answer); ");
            assert!(report.summary().starts_with(&said) && report.summary().ends_with("; passed over: cas0"));
        }
    }

    #[test]
    fn ok_when_a_class_is_said_to_be_ok_and_somebody_has_answered() {
        let mut report = report_of_ok(&[Class::Refused]);
        report.add_finding(Finding::ok("200 OK"));
        assert_eq!((report.state(), report.failure()), (State::Ok, None));
        assert_eq!(report.summary(), "passed over: cas0; refused; 200 OK");
        for class in Class::ALL.iter().copied().filter(|class| class.is_answer()) {
            assert_eq!(report_of_ok(&[class, Class::Refused]).state(), State::Ok, "{class}");
        }
    }

    #[test]
    fn warning_when_a_metric_violates_its_warning_range() {
        let mut report = report();
        let thresholds = Thresholds::new(Some("0.5".parse().unwrap()), Some("1".parse().unwrap()));
        report.add_finding(Finding::ok("answer"));
        report.judge_metric(Metric::optional("time", Some(0.812), Uom::Seconds).judged_by(&thresholds));
        assert_eq!(report.state(), State::Warning);
        assert_eq!(report.summary(), "took 812 ms, more than 0.5 s; answer");
        assert_eq!(report.result(), "Succeeded");
    }

    #[test]
    fn a_default_that_overrules_what_was_given_is_named_where_it_decides() {
        let overruling = vec![Overruling { name: String::new(), by: "by default, --critical 14".to_owned() }];
        let mut report = Report { overruling, ..report() };
        report.add_failure(Failure::new(Class::Tls, "no handshake"));
        report.add_finding(Finding { state: State::Warning, ..Finding::ok("slow") });
        assert_eq!(report.summary(), "no handshake; slow");
        report.add_finding(Finding { state: State::Critical, ..Finding::ok("9 days left") });
        assert_eq!(report.summary(), "no handshake; 9 days left (by default, --critical 14); slow");
    }

    #[test]
    fn a_diagnostic_name_is_there_once() {
        let mut report = report();
        for value in ["a", "b"] {
            report.add_diagnostic("server", value);
        }
        assert_eq!(report.diagnostics, [("server".to_owned(), "a; b".to_owned())]);
    }
}
