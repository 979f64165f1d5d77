//! One JSON object for Zabbix's dependent items and for programs; described by `report.schema.json` beside this file.

use serde_json::{Map, Value, json};

use super::{MAX_OUTPUT, Presentation};
use crate::clock;
use crate::metric::Metric;
use crate::report::{Finding, Report, excerpt};

/// The version of the layout; it changes when a field is removed or changes its meaning.
const SCHEMA: u32 = 1;

/// The most of one text, in characters.
const MAX_TEXT: usize = 2_000;

/// The most that is kept of each list when the whole would be longer than [`MAX_OUTPUT`].
const SHORT_LIST: usize = 8;

/// One line. Everything but the trace (`-vvv`) is there at any verbosity.
pub fn render(report: &Report, presentation: Presentation) -> String {
    let mut value = object(report, presentation.verbosity);
    let mut out = format!("{value}\n");
    if out.len() > MAX_OUTPUT {
        value["trace"] = json!(["left out: the report would be too long"]);
        out = format!("{value}\n");
    }
    if out.len() > MAX_OUTPUT {
        for list in ["findings", "events"] {
            if let Some(list) = value[list].as_array_mut() {
                list.truncate(SHORT_LIST);
            }
        }
        value["diagnostics"] = json!({});
        out = format!("{value}\n");
    }
    out
}

fn object(report: &Report, verbosity: u8) -> Value {
    let stands_for = &report.about.stands_for;
    let metrics: Map<_, _> = report.metrics.iter().map(|each| (each.label().to_owned(), metric(each))).collect();
    let diagnostics: Map<_, _> =
        report.diagnostics.iter().map(|(name, value)| (name.clone(), json!(excerpt(value, MAX_TEXT)))).collect();
    json!({
        "schema": SCHEMA,
        "check": report.about.name,
        "version": env!("CARGO_PKG_VERSION"),
        "health_set": {
            "name": stands_for.name,
            "probe": (!stands_for.probe.is_empty()).then_some(stands_for.probe),
            "monitor": stands_for.monitor,
        },
        "target": {
            "host": excerpt(&report.target.host, MAX_TEXT),
            "address": report.target.address,
            "port": report.target.port,
            "transport": report.target.transport,
        },
        "started": clock::rfc3339(report.started),
        "duration": (report.duration.as_secs_f64() * 1e6).round() / 1e6,
        "state": report.state().word(),
        "exit_code": report.state().exit_code(),
        "result": report.result(),
        "summary": excerpt(&report.summary(), MAX_TEXT),
        "failure": report.failure().map(finding),
        "authentication": {
            "digest_user": report.authentication.digest_user,
            "client_certificate": report.authentication.client_certificate,
        },
        "findings": report.by_severity().into_iter().map(finding).collect::<Vec<_>>(),
        "metrics": metrics,
        "diagnostics": diagnostics,
        "events": report.events.iter().map(|event| json!({
            "at": event.at.as_secs_f64(),
            "text": excerpt(&event.text, MAX_TEXT),
        })).collect::<Vec<_>>(),
        "trace": if verbosity >= 3 { json!(report.trace) } else { json!([]) },
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "state": finding.state.word(),
        "class": finding.class.map(|class| class.name()),
        "reason": excerpt(&finding.text, MAX_TEXT),
        "causes": finding.causes.iter().map(|cause| excerpt(cause, MAX_TEXT)).collect::<Vec<_>>(),
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
