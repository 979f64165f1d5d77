//! What is known when the check is over? Findings, metrics and everything an alert must carry.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use crate::about::About;
use crate::failure::{Class, Failure};
use crate::metric::Metric;
use crate::state::State;

/// One thing that was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is worth.
    pub state: State,
    /// The class of failure; `None` for what is no failure of a class: a good answer, a violated threshold, bad usage.
    pub class: Option<Class>,
    /// One line: what is wrong (or right), of whom, how much.
    pub text: String,
    /// The cause chain below `text`, outermost first.
    pub causes: Vec<String>,
    /// What to do about it.
    pub advice: &'static str,
}

impl Finding {
    /// Something as it should be.
    pub fn ok(text: impl Into<String>) -> Self {
        Self { state: State::Ok, class: None, text: text.into(), causes: Vec::new(), advice: "" }
    }

    /// Something that is no failure of a class but keeps the question from being answered.
    pub fn unknown(text: impl Into<String>) -> Self {
        Self { state: State::Unknown, ..Self::ok(text) }
    }

    /// The same, said of one of several targets.
    #[must_use]
    pub fn of(mut self, target: &str) -> Self {
        self.text = format!("{target}: {}", self.text);
        self
    }
}

/// Whom the question was put to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The name or address as given; a file's path for a check of files.
    pub host: String,
    /// The address that was talked to, where there was one.
    pub address: Option<IpAddr>,
    /// The port, where there was one.
    pub port: Option<u16>,
    /// `tcp`, `tls`, `udp`, `file` ...
    pub transport: &'static str,
}

/// The credentials that were used, never a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    /// The user name that a digest challenge was answered with.
    pub digest_user: Option<String>,
    /// The subject of the client certificate that was presented.
    pub client_certificate: Option<String>,
}

/// A moment within the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Since the start of the run.
    pub at: Duration,
    /// What happened.
    pub text: String,
}

/// Everything a renderer needs. Text from peers is kept raw: each renderer cleans it for its own syntax.
#[derive(Clone, Debug)]
pub struct Report {
    /// The plugin.
    pub about: &'static About,
    /// When the run began.
    pub started: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// Whom it asked.
    pub target: Target,
    /// With which credentials.
    pub authentication: Authentication,
    /// Facts for the first line that belong to no single finding, such as how many addresses answered.
    pub headline: Option<String>,
    /// What was judged, in the order of judging.
    pub findings: Vec<Finding>,
    /// What was measured, in the order of printing.
    pub metrics: Vec<Metric>,
    /// Name and value of diagnostic facts, such as the status line; names in snake_case.
    pub diagnostics: Vec<(String, String)>,
    /// The phases of the run.
    pub events: Vec<Event>,
    /// The full trace: messages, dumps, raw rows; secrets masked by who adds them.
    pub trace: Vec<String>,
}

impl Report {
    /// An empty report, which is UNKNOWN until something is found.
    pub fn new(about: &'static About, started: SystemTime) -> Self {
        Self {
            about,
            started,
            duration: Duration::ZERO,
            target: Target::default(),
            authentication: Authentication::default(),
            headline: None,
            findings: Vec::new(),
            metrics: Vec::new(),
            diagnostics: Vec::new(),
            events: Vec::new(),
            trace: Vec::new(),
        }
    }

    /// Adds a finding.
    pub fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Adds a metric, and a finding if it violates one of its thresholds.
    pub fn measured(&mut self, metric: Metric) {
        if let Some(violation) = metric.violation() {
            let value = metric.value().unwrap_or_default();
            self.findings.push(Finding {
                state: violation.state,
                class: None,
                text: format!(
                    "{} is {}{}, {} range {}",
                    metric.label(),
                    value,
                    metric.uom().symbol(),
                    if violation.state == State::Critical { "critical" } else { "warning" },
                    violation.range.text()
                ),
                causes: Vec::new(),
                advice: (self.about.advice)(None),
            });
        }
        self.metrics.push(metric);
    }

    /// Adds a metric whose violations are findings of their own already.
    pub fn recorded(&mut self, metric: Metric) {
        self.metrics.push(metric);
    }

    /// Adds a diagnostic fact. A name is there once: what is said of several targets is one value.
    pub fn diagnostic(&mut self, name: &str, value: impl Into<String>) {
        match self.diagnostics.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = format!("{known}; {}", value.into()),
            None => self.diagnostics.push((name.to_owned(), value.into())),
        }
    }

    /// The worst finding's state. Nothing judged is UNKNOWN.
    pub fn state(&self) -> State {
        self.findings.iter().map(|finding| finding.state).max().unwrap_or(State::Unknown)
    }

    /// The findings, the worst first; among equals, in the order of judging.
    pub fn by_severity(&self) -> Vec<&Finding> {
        let mut findings: Vec<_> = self.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.state));
        findings
    }

    /// One line: the headline, then the findings, the worst first.
    pub fn summary(&self) -> String {
        let findings = self.by_severity().into_iter().map(|finding| finding.text.as_str());
        let parts: Vec<_> = self.headline.as_deref().into_iter().chain(findings).collect();
        if parts.is_empty() { "nothing was judged".to_owned() } else { parts.join("; ") }
    }

    /// The finding that decided the state, unless that is OK.
    pub fn failure(&self) -> Option<&Finding> {
        self.by_severity().into_iter().next().filter(|finding| finding.state != State::Ok)
    }

    /// `Succeeded` for OK and WARNING, else `Failed`: the result of a probe as Managed Availability words it.
    pub fn result(&self) -> &'static str {
        if self.state() <= State::Warning { "Succeeded" } else { "Failed" }
    }
}

/// At most `max` characters of a text, with `...` where something was left out.
pub fn excerpt(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// What a failure is worth as a finding of `about`, under `policy`.
pub fn judged(about: &About, policy: &crate::failure::Policy, failure: Failure) -> Finding {
    Finding {
        state: policy.state(failure.class),
        class: Some(failure.class),
        text: failure.summary,
        causes: failure.causes,
        advice: (about.advice)(Some(failure.class)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::about::HealthSet;
    use crate::metric::Uom;
    use crate::threshold::Thresholds;

    static ABOUT: About = About {
        name: "check_um_test",
        title: "UM TEST",
        stands_for: HealthSet { name: "UM.CallRouter", probe: "", monitor: "" },
        classes: &[],
        defaults: &[],
        advice: |_| "look",
    };

    fn report() -> Report {
        Report::new(&ABOUT, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn unknown_when_nothing_was_judged() {
        assert_eq!(report().state(), State::Unknown);
        assert_eq!(report().summary(), "nothing was judged");
    }

    #[test]
    fn the_worst_finding_leads_the_first_line() {
        let mut report = report();
        report.found(Finding::ok("answer"));
        report.found(Finding { state: State::Warning, ..Finding::ok("slow") });
        report.found(Finding { state: State::Critical, ..Finding::ok("rejected") });
        report.found(Finding { state: State::Unknown, ..Finding::ok("lost") });
        assert_eq!(report.state(), State::Critical);
        assert_eq!(report.summary(), "rejected; lost; slow; answer");
        assert_eq!(report.failure().unwrap().text, "rejected");
    }

    #[test]
    fn warning_when_a_metric_violates_its_warning_range() {
        let mut report = report();
        let thresholds = Thresholds::new(Some("0.5".parse().unwrap()), Some("1".parse().unwrap()));
        report.found(Finding::ok("answer"));
        report.measured(Metric::number("time", 0.812, Uom::Seconds).unwrap().judged_by(&thresholds));
        assert_eq!(report.state(), State::Warning);
        assert_eq!(report.summary(), "time is 0.812s, warning range 0.5; answer");
        assert_eq!(report.result(), "Succeeded");
    }

    #[test]
    fn a_diagnostic_name_is_there_once() {
        let mut report = report();
        for value in ["a", "b"] {
            report.diagnostic("server", value);
        }
        assert_eq!(report.diagnostics, [("server".to_owned(), "a; b".to_owned())]);
    }

    #[test]
    fn an_excerpt_cuts_between_characters() {
        assert_eq!(excerpt("äöü", 2), "äö...");
        assert_eq!(excerpt("äöü", 3), "äöü");
    }
}
