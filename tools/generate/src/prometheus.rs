//! When does Prometheus tell somebody? Alert and recording rules with the rhythm and the thresholds of the health set, what
//! promtool tests them with, and what every series is called.

use std::io;

use check_um::checks::schedule::ScheduledService;
use check_um::checks::{self, RegisteredCheck};
use check_um::door::report::{Quantity, Unit};

use crate::options::options;
use crate::{File, marks};

/// Everything below `prometheus/` but what is written by hand.
pub fn files() -> io::Result<Vec<File>> {
    let file = |name: &str, content: String| File { path: format!("prometheus/{name}"), content };
    let readme = marks::fill("prometheus/README.md", &[("names", names())])?;
    Ok(vec![file("rules.yml", rules()), file("rules_test.yml", tests()), readme])
}

/// A check as the rules see it.
struct Watched {
    check: &'static RegisteredCheck,
    /// The values of the label `check` that its series bear: the plugin's, and what each of its services is called by
    /// check_um_call_router.
    labels: Vec<String>,
}

/// The metric that a check judges by its thresholds, and those that count where nobody says others.
struct Thresholds {
    quantity: &'static Quantity,
    warning: Option<f64>,
    critical: Option<f64>,
}

/// What an alert of a state is worth to whoever is told.
#[derive(Clone, Copy)]
struct Severity {
    state: u8,
    word: &'static str,
    severity: &'static str,
}

fn watched() -> impl Iterator<Item = Watched> {
    checks::ALL.iter().map(|check| {
        let mut labels = vec![check.about.name.trim_start_matches("check_um_").to_owned()];
        for service in check.services {
            let label = service.name.trim_start_matches("um-").replace('-', "_");
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        Watched { check, labels }
    })
}

impl Watched {
    fn selector(&self) -> String {
        match self.labels.as_slice() {
            [only] => format!("check=\"{only}\""),
            several => format!("check=~\"{}\"", several.join("|")),
        }
    }

    fn service(&self) -> &'static ScheduledService {
        &self.check.services[0]
    }

    /// `CheckUmSipOptions`.
    fn alert(&self) -> String {
        let words = self.check.about.name.split('_');
        words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
    }

    /// Minutes for which a state must hold: as long as a scheduler takes for its attempts.
    fn hold(&self) -> u32 {
        let service = self.service();
        service.attempts.saturating_sub(1) * service.retry
    }

    fn expression(&self, severity: Severity) -> String {
        format!("check_um_state{{{}}} == {}", self.selector(), severity.state)
    }

    fn annotations(&self, severity: Severity, check: &str, target: &str) -> [(&'static str, String); 2] {
        let service = self.service();
        let alert = if service.alert.is_empty() { service.title } else { service.alert };
        let says = format!(
            "{alert}. Its class is in check_um_failure, the reason in the journal of its timer and in front of its file; \
             what to do about it is what {} says with the same options and -v.",
            self.check.about.name
        );
        [("summary", format!("{check} of {target} is {}", severity.word)), ("description", says)]
    }

    fn thresholds(&self) -> Option<Thresholds> {
        let service = self.service();
        let known = options((self.check.command)());
        let value = |name: &str| {
            let default = known.iter().find(|option| option.dashed() == name).and_then(|option| option.default.clone());
            let suggested = service.suggested.iter().find(|(option, _)| *option == name);
            default.or_else(|| suggested.map(|(_, value)| (*value).to_owned()))
        };
        let quantity = Quantity::of(service.metrics.first()?.label)?.0;
        let number = |text: String| {
            let number: f64 = text.parse().unwrap_or_else(|_| panic!("{}: {text} is no plain bound", service.name));
            quantity.unit.base(number)
        };
        let (warning, critical) = (value("--warning").map(number), value("--critical").map(number));
        (warning.is_some() || critical.is_some()).then_some(Thresholds { quantity, warning, critical })
    }
}

impl Thresholds {
    /// 0, 1 or 2 for each series.
    fn expression(&self, selector: &str) -> String {
        let relation = if self.quantity.unit == Unit::Days { "<" } else { ">" };
        let beyond = |bound: f64| format!("({}{{{selector}}} {relation} bool {bound})", self.quantity.name);
        match (self.warning, self.critical) {
            (Some(warning), Some(critical)) => format!("{} + {}", beyond(warning), beyond(critical)),
            (Some(bound), None) => beyond(bound),
            (None, bound) => format!("2 * {}", beyond(bound.unwrap_or_default())),
        }
    }

    /// A value that is fine, one that is worth a WARNING, one that is CRITICAL, as far as there are any.
    fn samples(&self) -> Vec<(f64, u8)> {
        let all = [self.warning.map(|bound| (bound, 1)), self.critical.map(|bound| (bound, 2))];
        let bounds: Vec<_> = all.into_iter().flatten().collect();
        let is_least = self.quantity.unit == Unit::Days;
        let beyond = |bound: f64| if is_least { bound - 1.0 } else { bound * 1.01 };
        let fine = bounds.first().map(|(bound, _)| (if is_least { bound + 1.0 } else { bound * 0.99 }, 0));
        fine.into_iter().chain(bounds.iter().map(|(bound, state)| (beyond(*bound), *state))).collect()
    }
}

fn rules() -> String {
    let mut text = String::from(HEAD);
    text += "  - name: check-um-recorded\n    rules:\n";
    text += &rule(("record", WORST), WORST_EXPRESSION, "");
    // One rule: of several with one name promtool says that they might contradict each other.
    let judged = watched().filter_map(|one| Some(one.thresholds()?.expression(&one.selector())));
    text += &rule(("record", JUDGED), &judged.collect::<Vec<_>>().join(" or "), "");
    text += "\n  - name: check-um\n    rules:\n";
    for one in watched() {
        for severity in SEVERITIES {
            let annotations = one.annotations(severity, "{{ $labels.check }}", "{{ $labels.target }}");
            let more = alert(one.hold(), severity.severity, &annotations);
            text += &rule(("alert", &one.alert()), &one.expression(severity), &more);
        }
    }
    for (name, expression, says) in OF_THE_COLLECTOR {
        text += &rule(("alert", name), expression, &alert(5, "warning", &[("summary", (*says).to_owned())]));
    }
    text += THRESHOLDS_HEAD;
    for severity in SEVERITIES.into_iter().filter(|severity| severity.state != 3) {
        let expression = format!("{JUDGED} == {} unless ignoring (of) check_um_state > 0", severity.state);
        let more = alert(10, severity.severity, &[("summary", beyond("{{ $labels.check }}", "{{ $labels.target }}"))]);
        text += &rule(("alert", "CheckUmThreshold"), &expression, &more);
    }
    text
}

fn beyond(check: &str, target: &str) -> String {
    format!("What {check} measures of {target} is beyond the threshold of the health set")
}

fn rule((kind, name): (&str, &str), expression: &str, more: &str) -> String {
    let expression = expression.replace(" or ", "\n          or ");
    format!("      - {kind}: {name}\n        expr: |-\n          {expression}\n{more}")
}

fn alert(hold: u32, severity: &str, annotations: &[(&str, String)]) -> String {
    let said: String =
        annotations.iter().map(|(name, text)| format!("          {name}: '{}'\n", quoted(text))).collect();
    format!("        for: {hold}m\n        labels:\n          severity: {severity}\n        annotations:\n{said}")
}

/// Text between single quotes of YAML.
fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

/// What promtool tests the rules with: each alert comes when its state has held, and goes with it; each threshold is met.
fn tests() -> String {
    let mut text = String::from(TESTS_HEAD);
    for one in watched() {
        for severity in SEVERITIES {
            text += &test_of_state(&one, severity);
        }
        if let Some(thresholds) = one.thresholds() {
            text += &test_of_thresholds(&one, &thresholds);
        }
    }
    text += TESTS_OF_THE_REST;
    text
}

fn test_of_state(one: &Watched, Severity { state, severity, .. }: Severity) -> String {
    let (check, hold, alert) = (&one.labels[0], one.hold(), one.alert());
    let severity_of = SEVERITIES.into_iter().find(|known| known.state == state).unwrap_or(SEVERITIES[0]);
    let annotations: String = one
        .annotations(severity_of, check, TARGET)
        .iter()
        .map(|(name, text)| format!("              {name}: '{}'\n", quoted(text)))
        .collect();
    // It begins in minute 5 and ends in minute 60.
    let mut text = format!(
        "\n  - interval: 1m\n    input_series:\n      - series: 'check_um_state{{check=\"{check}\",target=\"{TARGET}\",\
         instance=\"poller\"}}'\n        values: '0x4 {state}x54 0x10'\n    alert_rule_test:\n"
    );
    for (minute, is_told) in [(5 + hold.max(1) - 1, hold == 0), (5 + hold, true), (65, false)] {
        text += &format!("      - eval_time: {minute}m\n        alertname: {alert}\n");
        if is_told {
            text += &format!(
                "        exp_alerts:\n          - exp_labels: {{check: {check}, target: '{TARGET}', instance: poller, \
                 severity: {severity}}}\n            exp_annotations:\n{annotations}"
            );
        }
    }
    text
}

fn test_of_thresholds(one: &Watched, thresholds: &Thresholds) -> String {
    let check = &one.labels[0];
    let series = format!("{{check=\"{check}\",target=\"{TARGET}\",instance=\"poller\"}}");
    let samples = thresholds.samples();
    let values: Vec<_> = samples.iter().map(|(value, _)| value.to_string()).collect();
    let mut text = format!(
        "\n  - interval: 1m\n    input_series:\n      - series: '{}{series}'\n        values: '{}'\n    promql_expr_test:\n",
        thresholds.quantity.name,
        values.join(" ")
    );
    for (minute, (_, state)) in samples.iter().enumerate() {
        text += &format!(
            "      - expr: '{JUDGED}'\n        eval_time: {minute}m\n        exp_samples:\n          - labels: \
             '{JUDGED}{series}'\n            value: {state}\n"
        );
    }
    text
}

/// The series of every metric, as a table in Markdown.
fn names() -> String {
    let mut table = String::from("| series | in perfdata | what it says |\n|---|---|---|\n");
    for Quantity { label, name, unit, help } in Quantity::all() {
        let unit = match unit {
            Unit::Seconds => " (s)",
            Unit::Days => " (days)",
            Unit::Percent => " (%)",
            Unit::Number => "",
        };
        table += &format!("| `{name}` | `{label}`{unit} | {help} |\n");
    }
    table
}

const SEVERITIES: [Severity; 3] = [
    Severity { state: 2, word: "CRITICAL", severity: "critical" },
    Severity { state: 1, word: "WARNING", severity: "warning" },
    Severity { state: 3, word: "UNKNOWN", severity: "unknown" },
];

/// The worst state of what is known of a target.
const WORST: &str = "target:check_um_state:worst";

const WORST_EXPRESSION: &str = "max by (instance, target) (check_um_state == 2) or max by (instance, target) (check_um_state == 3) \
                                or max by (instance, target) (check_um_state)";

/// The state that a measured value has by the thresholds of the health set.
const JUDGED: &str = "check_target:check_um_state:by_threshold";

/// Who watches the collector: a file that nobody writes any more looks well for ever.
const OF_THE_COLLECTOR: &[(&str, &str, &str)] = &[
    (
        "CheckUmStale",
        "time() - node_textfile_mtime_seconds{file=~\"(.*/)?check_um_[^/]*[.]prom\"} > 900",
        "{{ $labels.file }} has not been written for three runs: does its timer run?",
    ),
    (
        "CheckUmUnread",
        "node_textfile_scrape_error > 0",
        "The textfile collector of {{ $labels.instance }} cannot read one of its files: its log says which",
    ),
];

const HEAD: &str = "\
# When is somebody told? For Prometheus, rule_files. Generated: rhythm and thresholds are those of the health set, as every
# scheduler has them. To have others, leave a group out and write it anew: a rule cannot be changed from outside.
groups:
";

const THRESHOLDS_HEAD: &str = "
  # For checks that are run without -w and -c: silent where the check itself is not content. Whoever gives a check thresholds
  # of his own that are wider than these leaves this group out.
  - name: check-um-thresholds
    rules:
";

const TESTS_HEAD: &str = "\
# Does each rule say what it should? promtool test rules rules_test.yml
rule_files:
  - rules.yml
evaluation_interval: 1m
tests:";

const TARGET: &str = "cas1.example.com:5060";

const TESTS_OF_THE_REST: &str = include_str!("prometheus/rest_of_tests.yml");
