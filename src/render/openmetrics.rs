//! Series for Prometheus: what its node exporter's textfile collector reads, or a script exporter hands on.
//!
//! OpenMetrics 1.0, restricted to what is the same in Prometheus' older text format, which the textfile collector reads: gauges
//! without units' lines and without timestamps. Sources: openmetrics.io, and prometheus.io, "Exposition formats".

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;

use super::{MAX_OUTPUT, is_hostile};
use crate::report::{Metric, Quantity, Report, State, Unit, Uom, excerpt};
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
    /// As they stand between the braces: `check`, `target`, and of one of several also `of`.
    labels: String,
    value: f64,
}

/// Whatever was measured, of the check itself and of each that it asked. What was not measured is not there.
pub(crate) fn render(report: &Report) -> String {
    let mut families = Families::default();
    families.add_report(report, report.about.name.trim_start_matches("check_um_"));
    for part in &report.parts {
        families.add_report(&part.report, &part.name);
    }
    families.to_text()
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
        let labels = |of: Option<&str>| {
            let own = format!("check=\"{}\",target=\"{}\"", escaped(check), escaped(&report.asked));
            of.map_or_else(|| own.clone(), |of| format!("{own},of=\"{}\"", escaped(of)))
        };
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
    fn to_text(&self) -> String {
        let mut out = String::new();
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

const HELP_SUCCESS: &str = "Whether the check succeeded: 1 for OK and WARNING, else 0.";

const HELP_EXPIRY: &str = "Unix time at which the first of the certificates ends.";

/// What the text ends with.
const END: &str = "# EOF\n";

/// The most of the value of a label, in characters.
const MAX_LABEL: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_value_of_a_label() {
        assert_eq!(escaped("a\"}\\n\n 1\u{1b}ü{"), "a\\\"}\\\\n  1 ü{");
    }
}
