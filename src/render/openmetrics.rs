//! Series for Prometheus: what its node exporter's textfile collector reads, or a script exporter hands on.
//!
//! OpenMetrics 1.0, restricted to what is the same in Prometheus' older text format, which the textfile collector reads: gauges
//! without units' lines and without timestamps. Sources: openmetrics.io, and prometheus.io, "Exposition formats".

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{MAX_OUTPUT, Presentation, is_hostile};
use crate::report::{GivenOption, Metric, Quantity, Report, State, Unit, Uom, excerpt};
use crate::time::calendar::unix_seconds;

/// All series of one name.
#[derive(Debug)]
struct Family {
    name: Cow<'static, str>,
    help: Cow<'static, str>,
    series: Vec<Series>,
}

/// One value, of one check and one target.
#[derive(Debug)]
struct Series {
    /// As they stand between the braces: `check`, `target`, what the options say of the question, and of one of several `of`.
    labels: String,
    value: f64,
}

/// Whatever was measured, of the check itself and of each that it asked. What was not measured is not there.
///
/// With `-v` the first line of the text is a comment in front, for whoever looks at the file: Prometheus' own format has such,
/// OpenMetrics none.
pub(crate) fn render(report: &Report, presentation: Presentation) -> String {
    let mut families = Families::default();
    families.add_report(report, report.about.name.trim_start_matches("check_um_"));
    for part in &report.parts {
        families.add_report(&part.report, &part.name);
    }
    let mut out = String::new();
    if presentation.verbosity > 0 {
        let _ =
            writeln!(out, "# {} {} - {}", report.about.title, report.state().word(), in_one_line(&report.summary()));
    }
    families.add_to(out)
}

#[derive(Debug, Default)]
struct Families {
    /// In the order in which they came up.
    all: Vec<Family>,
    /// Name and labels of every series: none may be there twice.
    known: BTreeSet<(Cow<'static, str>, String)>,
}

impl Families {
    fn add_report(&mut self, report: &Report, check: &str) {
        let own = inquiry(report, check);
        let labels = |of: Option<&str>| of.map_or_else(|| own.clone(), |of| format!("{own},of=\"{}\"", escaped(of)));
        let state = report.state();
        let succeeded = f64::from(u8::from(state <= State::Warning));
        let duration = (report.duration.as_secs_f64() * 1e6).round() / 1e6;
        let all = [
            (STATE, HELP_STATE, Some(f64::from(state.exit_code()))),
            ("probe_success", HELP_SUCCESS, Some(succeeded)),
            ("probe_duration_seconds", "How long the check took.", Some(duration)),
            ("probe_ssl_earliest_cert_expiry", HELP_EXPIRY, earliest_expiry(report)),
        ];
        for (name, help, value) in all {
            value
                .into_iter()
                .for_each(|value| self.add(name.into(), help.into(), Series { labels: labels(None), value }));
        }
        if let Some(class) = report.failure().and_then(|failure| failure.class) {
            let labels = format!("{own},class=\"{class}\"");
            self.add(FAILURE.into(), HELP_FAILURE.into(), Series { labels, value: 1.0 });
        }
        for metric in &report.metrics {
            let Some(value) = metric.value() else { continue };
            let (name, help, number, value) = match Quantity::of(metric.name()) {
                Some((quantity, number)) => {
                    (quantity.name.into(), quantity.help.into(), number, quantity.unit.base(value))
                }
                None => unlisted(metric, value),
            };
            let of = [number, metric.suffix()].into_iter().flatten().collect::<Vec<_>>().join("_");
            let labels = labels((!of.is_empty()).then_some(&of));
            self.add(name, help, Series { labels, value });
        }
    }

    /// Adds a series unless it is there already: whoever is asked twice says the same twice.
    fn add(&mut self, name: Cow<'static, str>, help: Cow<'static, str>, series: Series) {
        if !self.known.insert((name.clone(), series.labels.clone())) {
            return;
        }
        match self.all.iter_mut().find(|family| family.name == name) {
            Some(family) => family.series.push(series),
            None => self.all.push(Family { name, help, series: vec![series] }),
        }
    }

    /// At most [`MAX_OUTPUT`] bytes of whole lines, and whole families as long as they fit.
    fn add_to(&self, mut out: String) -> String {
        for Family { name, help, series } in &self.all {
            let mut head = format!("# HELP {name} {help}\n# TYPE {name} gauge\n");
            for Series { labels, value } in series {
                let mut line = std::mem::take(&mut head);
                let _ = writeln!(line, "{name}{{{labels}}} {}", value + 0.0);
                if out.len() + line.len() + END.len() > MAX_OUTPUT {
                    return out + END;
                }
                out.push_str(&line);
            }
        }
        out + END
    }
}

/// The labels that all series of a report have: the check, whom it asks, and each option that makes it another question than
/// the same check puts to the same host elsewhere.
fn inquiry(report: &Report, check: &str) -> String {
    let mut labels = format!("check=\"{}\",target=\"{}\"", escaped(check), escaped(&report.inquiry.endpoint));
    let mut options = BTreeMap::<&str, String>::new();
    for GivenOption { id, value, is_repeatable } in report.inquiry.options.iter().filter(|option| tells(&option.id)) {
        let value = value.as_deref().unwrap_or("true");
        let known = options.entry(id).or_default();
        *known = if *is_repeatable && !known.is_empty() { format!("{known},{value}") } else { value.to_owned() };
    }
    for (name, value) in options {
        let _ = write!(labels, ",{name}=\"{}\"", escaped(&value));
    }
    labels
}

/// Whether an option tells its run from others: not how the answer is judged and shown, nor by which secret it is got.
fn tells(id: &str) -> bool {
    let is_threshold = id.ends_with("warning") || id.ends_with("critical");
    let is_secret = ["pass", "bearer"].iter().any(|beginning| id.starts_with(beginning));
    !is_threshold && !is_secret && !TELL_NOTHING.contains(&id)
}

/// The name of what the table of quantities does not know, made from its label as it stands in perfdata.
fn unlisted(metric: &Metric, value: f64) -> (Cow<'static, str>, Cow<'static, str>, Option<&'static str>, f64) {
    let (unit, value) = match metric.uom() {
        Uom::None => ("", value),
        Uom::Seconds => ("_seconds", value),
        Uom::Percent => ("_ratio", value / 100.0),
    };
    let label = metric.name();
    (format!("check_um_{label}{unit}").into(), format!("{label}, as perfdata has it.").into(), None, value)
}

/// Unix time at which the first of the certificates ends that were seen: days are counted from the start of the run.
fn earliest_expiry(report: &Report) -> Option<f64> {
    let left = report.metrics.iter().filter_map(|metric| {
        let quantity = Quantity::of(metric.name()).map(|(quantity, _)| quantity)?;
        metric.value().filter(|_| quantity.unit == Unit::Days).map(|days| quantity.unit.base(days))
    });
    let earliest = left.min_by(f64::total_cmp)?;
    Some(unix_seconds(report.started.time) as f64 + earliest.floor())
}

/// What a comment may be: what acts on a terminal, or ends it, as a blank.
fn in_one_line(text: &str) -> String {
    excerpt(text, MAX_COMMENT).chars().map(|c| if is_hostile(c) { ' ' } else { c }).collect()
}

/// The value of a label: anything, with three characters escaped, and what acts on a terminal as a blank.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in excerpt(text, MAX_LABEL).chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            _ if is_hostile(c) => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

const STATE: &str = "check_um_state";

const HELP_STATE: &str = "State of the check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.";

const FAILURE: &str = "check_um_failure";

const HELP_FAILURE: &str =
    "Why the check is not OK: 1 with the class of its worst failure, where it is one of a class.";

const HELP_SUCCESS: &str = "Whether the check succeeded: 1 for OK and WARNING, else 0.";

const HELP_EXPIRY: &str = "Unix time at which the first of the certificates ends.";

/// What the text ends with.
const END: &str = "# EOF\n";

/// The options beside thresholds and secrets that make no label: those in `target`, of every plugin, and of this host's files.
const TELL_NOTHING: &[&str] = &[
    "hostname",
    "port",
    "timeout",
    "states",
    "output",
    "single_line",
    "exit_ok",
    "verbose",
    "extra_opts",
    "headers",
    "client_key",
    "state_file",
    "peer",
    "list",
];

/// The most of a comment, in characters.
const MAX_COMMENT: usize = 2_000;

/// The most of the value of a label, in characters.
const MAX_LABEL: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::about::OF_A_TEST;
    use crate::report::{Finding, Policy, Started};

    #[test]
    fn what_no_table_knows_is_named_by_its_label_and_in_the_base_of_its_unit() {
        for (uom, name, value) in [
            (Uom::None, "check_um_calls", 25.0),
            (Uom::Seconds, "check_um_calls_seconds", 25.0),
            (Uom::Percent, "check_um_calls_ratio", 0.25),
        ] {
            let found = unlisted(&Metric::unknown("calls", uom), 25.0);
            assert_eq!(found, (name.into(), "calls, as perfdata has it.".into(), None, value));
        }
    }

    #[test]
    fn nothing_leaves_the_value_of_a_label() {
        assert_eq!(escaped("a\"}\\n\n 1\u{1b}ü{"), "a\\\"}\\\\n  1 ü{");
    }

    #[test]
    fn the_first_certificate_ends_so_many_days_after_the_start_of_the_run() {
        let mut report = Report::new(&OF_A_TEST, Policy::default(), Started::now());
        assert_eq!(earliest_expiry(&report), None);
        report.metrics.push(Metric::optional("days_left", Some(10.0), Uom::None));
        report.metrics.push(Metric::optional("leaf_days_left", Some(3.5), Uom::None));
        let started = unix_seconds(report.started.time) as f64;
        assert_eq!(earliest_expiry(&report), Some(started + 3.5 * 86_400.0));
    }

    #[test]
    fn no_series_is_left_out_for_which_there_is_room() {
        let mut report = Report::new(&OF_A_TEST, Policy::default(), Started::now());
        report.metrics = (1_000..1_700).map(|number| Metric::count(&format!("calls_{number}"), 1)).collect();
        let presentation = Presentation { verbosity: 1, ..Presentation::default() };
        let first = render(&report, presentation);
        let next = first.lines().filter(|line| line.contains("calls_1000")).map(|line| line.len() + 1).sum();
        for said in 1..=next {
            report.findings = vec![Finding::ok("x".repeat(said))];
            let text = render(&report, presentation);
            assert!(text.len() <= MAX_OUTPUT && text.len() + next > MAX_OUTPUT, "{said}: {}", text.len());
            assert!(text.ends_with(&format!("\n{END}")), "{said}");
        }
    }
}
