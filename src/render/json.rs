//! One JSON object for Zabbix's dependent items and for programs; described by `report.schema.json` beside this file.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::{MAX_OUTPUT, Presentation, is_hostile};
use crate::report::{Finding, HEALTH_SET, Listed, Metric, NotAsked, Part, Report, excerpt};
use crate::time::calendar::rfc3339;

/// One line. Everything but the trace (`-vvv`) is there at any verbosity.
pub(crate) fn render(report: &Report, presentation: Presentation) -> String {
    let mut out = String::new();
    let traces = report.parts.iter().map(|part| &part.report).chain([report]).flat_map(|report| &report.trace);
    let has_short_trace = traces.map(String::len).sum::<usize>() <= MAX_OUTPUT;
    // What cannot fit is not even tried: it may be megabytes.
    for extent in EXTENTS.iter().filter(|extent| has_short_trace || !extent.trace) {
        let extent = extent.shared_by(report.parts.len());
        out = format!("{}\n", escaped(&object(report, presentation.verbosity, &extent).to_string()));
        if out.len() <= MAX_OUTPUT {
            break;
        }
    }
    out
}

/// The text of JSON with what could move a terminal's cursor or reorder a line written as `\\uXXXX`: nothing is lost, and
/// nothing acts on whoever looks at it. Such characters stand within strings only.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hostile(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn object(report: &Report, verbosity: u8, extent: &Extent) -> Value {
    let Extent { text: max, list, metrics, .. } = *extent;
    let finding = |each: Cow<'_, Finding>| finding(&each, extent);
    let trace = match verbosity {
        3.. if extent.trace => json!(report.trace),
        3.. => json!(["left out: the report would be too long"]),
        _ => json!([]),
    };
    let stands_for = &report.about.stands_for;
    let (mut measured, mut diagnostics) = (Map::new(), Map::new());
    measured.extend(report.metrics.iter().take(metrics).map(|each| (each.label().to_owned(), metric(each))));
    let said = report.diagnostics.iter().take(list);
    diagnostics.extend(said.map(|(name, value)| (name.clone(), json!(excerpt(value, max)))));
    let mut object = json!({
        "schema": SCHEMA,
        "check": report.about.name,
        "version": env!("CARGO_PKG_VERSION"),
        "health_set": {
            "name": HEALTH_SET,
            "probe": (!stands_for.probe.is_empty()).then_some(stands_for.probe),
            "monitor": stands_for.monitor,
        },
        "target": {
            "host": excerpt(&report.target.host, max),
            "address": report.target.address,
            "port": report.target.port,
            "transport": report.target.transport,
        },
        "started": rfc3339(report.started.time),
        "duration": (report.duration.as_secs_f64() * 1e6).round() / 1e6,
        "state": report.state().word(),
        "exit_code": report.state().exit_code(),
        "result": report.result(),
        "summary": excerpt(&report.summary(), max),
        "failure": report.failure().map(finding),
        "authentication": {
            "digest_user": report.authentication.digest_user.as_ref().map(|user| excerpt(user, max)),
            "client_certificate": report.authentication.client_certificate.as_ref().map(|subject| excerpt(subject, max)),
        },
        "findings": report.by_severity().into_iter().take(list).map(finding).collect::<Vec<_>>(),
        "metrics": measured,
        "diagnostics": diagnostics,
        "events": report.events.iter().take(list).map(|event| json!({
            "at": report.since_start(event).as_secs_f64(),
            "text": excerpt(&event.text, max),
        })).collect::<Vec<_>>(),
        "trace": trace,
    });
    if !report.listed.is_empty() {
        let words = |listed: &Listed| listed.words.iter().map(|word| excerpt(word, max)).collect::<Vec<_>>();
        let listed = report.listed.iter().map(|listed| json!({ "name": listed.name, "words": words(listed) }));
        object["would_be_asked"] = listed.collect();
    }
    if !report.parts.is_empty() || !report.not_asked.is_empty() {
        let part = |part: &Part| {
            let mut said = self::object(&part.report, verbosity, extent);
            said["name"] = json!(part.name);
            said["alert"] = json!(part.alert);
            said
        };
        let not_asked = |not: &NotAsked| json!({ "name": not.name, "reason": excerpt(&not.reason, max) });
        object["checks"] = report.parts.iter().map(part).collect();
        object["not_asked"] = report.not_asked.iter().map(not_asked).collect();
    }
    object
}

fn finding(finding: &Finding, extent: &Extent) -> Value {
    let Extent { text: max, list, .. } = *extent;
    json!({
        "state": finding.state.word(),
        "class": finding.class.map(|class| class.name()),
        "reason": excerpt(&finding.text, max),
        "causes": finding.causes.iter().take(list).map(|cause| excerpt(cause, max)).collect::<Vec<_>>(),
        "advice": (!finding.advice.is_empty()).then_some(finding.advice),
    })
}

fn metric(metric: &Metric) -> Value {
    let thresholds = metric.thresholds();
    let (min, max) = metric.bounds();
    json!({
        "value": metric.value(),
        "uom": metric.uom().symbol(),
        "warning": thresholds.warning().map(ToString::to_string),
        "critical": thresholds.critical().map(ToString::to_string),
        "min": min,
        "max": max,
    })
}

/// How much is shown of what peers and long runs can make long.
struct Extent {
    /// The most of one text, in characters.
    text: usize,
    /// The most of one list, in entries.
    list: usize,
    /// The most metrics: a check of files may have ten thousand.
    metrics: usize,
    /// Whether the trace fits at all.
    trace: bool,
}

impl Extent {
    /// What each of so many reports in one may show.
    fn shared_by(&self, parts: usize) -> Self {
        let share = |count: usize| if count == usize::MAX { count } else { count.div_ceil(parts.max(1)) };
        Self { list: share(self.list), metrics: share(self.metrics), ..*self }
    }
}

/// In falling order: the first under which the object keeps to [`MAX_OUTPUT`] counts.
const EXTENTS: &[Extent] = &[
    Extent { text: 2_000, list: usize::MAX, metrics: usize::MAX, trace: true },
    Extent { text: 2_000, list: usize::MAX, metrics: usize::MAX, trace: false },
    Extent { text: 500, list: 8, metrics: usize::MAX, trace: false },
    Extent { text: 100, list: 4, metrics: 200, trace: false },
    Extent { text: 100, list: 4, metrics: 0, trace: false },
    // Fits whatever is in the report, and in those of all checks.
    Extent { text: 40, list: 1, metrics: 0, trace: false },
];

/// The version of the layout; it changes when a field is removed or changes its meaning.
const SCHEMA: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::about::OF_A_TEST;
    use crate::report::{Policy, Started};

    #[test]
    fn nothing_acts_on_a_terminal_and_nothing_is_lost() {
        let text = "a\u{7f}\u{85}\u{9b}2J\u{202e}b\u{2066}\u{200f}\u{feff}\u{2028}\u{1b}c\u{61c}ä😀";
        let out = escaped(&json!({ text: text }).to_string());
        assert!(!out.chars().any(is_hostile), "{out}");
        assert!(out.contains("\\u009b") && out.contains("\\u202e") && out.contains("ä😀"), "{out}");
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap()[text], text);
    }

    #[test]
    fn what_was_asked_and_what_was_not_is_told_of_several_checks() {
        let report = || Report::new(&OF_A_TEST, Policy::default(), Started::now());
        let told = |report: &Report| {
            let object = object(report, 0, &EXTENTS[0]);
            ["checks", "not_asked"].map(|name| object[name].as_array().map(Vec::len))
        };
        assert_eq!(told(&report()), [None; 2]);
        let mut asked = report();
        asked.parts = vec![Part { name: "ad_ds".to_owned(), alert: "the directory", report: report() }];
        assert_eq!(told(&asked), [Some(1), Some(0)]);
        let mut not_asked = report();
        let reason = "left out".to_owned();
        not_asked.not_asked = vec![NotAsked { name: "ad_ds".to_owned(), reason, is_left_out: true, is_missed: false }];
        assert_eq!(told(&not_asked), [Some(0), Some(1)]);
    }

    #[test]
    fn each_of_several_reports_has_its_share_of_lists_and_metrics_and_all_of_a_text() {
        let shared = |extent: &Extent| {
            let shared = extent.shared_by(3);
            (shared.text, shared.list, shared.metrics, shared.trace)
        };
        assert_eq!(shared(&EXTENTS[0]), (2_000, usize::MAX, usize::MAX, true));
        assert_eq!(shared(&EXTENTS[3]), (100, 2, 67, false));
    }
}
