//! How do the numbers look over time? A Grafana dashboard for each way in which Icinga 2 stores perfdata.

use serde_json::{Value, json};

use crate::File;
use crate::health_set::{CHECKS, Check};
use crate::metrics::{Measured, Unit, metrics};

/// The dashboards.
pub fn files() -> Vec<File> {
    [Store::Influx, Store::Graphite]
        .map(|store| File { path: store.path().to_owned(), content: dashboard(store) })
        .into()
}

/// Where Icinga writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    /// InfluxdbWriter, or Influxdb2Writer with a mapping for InfluxQL.
    Influx,
    /// GraphiteWriter.
    Graphite,
}

/// One panel: metrics of one unit.
struct Panel {
    title: &'static str,
    /// What a reader should know.
    description: &'static str,
    /// Checks with the labels that are shown.
    shows: &'static [(&'static str, &'static [&'static str])],
    /// The thresholds of the first one as lines, where the writer stores them.
    has_thresholds: bool,
    /// Parts of a whole, on top of each other.
    is_stacked: bool,
}

const fn panel(
    title: &'static str,
    shows: &'static [(&'static str, &'static [&'static str])],
    description: &'static str,
) -> Panel {
    Panel { title, description, shows, has_thresholds: false, is_stacked: false }
}

const fn judged(panel: Panel) -> Panel {
    Panel { has_thresholds: true, ..panel }
}

const fn stacked(panel: Panel) -> Panel {
    Panel { is_stacked: true, ..panel }
}

/// In the order in which one looks: does it answer, does it take calls, will it tomorrow, why not.
const PANELS: &[Panel] = &[
    judged(panel(
        "SIP: time to the final response",
        &[("um-sip-options", &["time"]), ("um-sip-options-tls", &["time"])],
        "Name lookup, connection and answer together.",
    )),
    stacked(panel(
        "SIP over TCP: where the time goes",
        &[("um-sip-options", &["dns", "connect", "response"])],
        "A slow connect is the network, a slow response the server.",
    )),
    stacked(panel(
        "SIP over TLS: where the time goes",
        &[("um-sip-options-tls", &["dns", "connect", "tls", "response"])],
        "Only where the router speaks TLS.",
    )),
    judged(panel(
        "Calls rejected",
        &[("um-reject-rate", &["rejected"])],
        "Share of the inbound calls of the window. No point means that no call came in.",
    )),
    panel(
        "Calls",
        &[("um-reject-rate", &["calls", "rejected_calls"])],
        "In the window that ends with each sample, not since the last one.",
    ),
    judged(panel(
        "Missed-call notifications failed",
        &[("um-missed-call-proxy", &["failed"])],
        "Share of those that could not be proxied to a Mailbox server.",
    )),
    panel(
        "Certificates: days left",
        &[("um-cert-expiry", &["days_left", "leaf_days_left"]), ("um-sip-options-tls", &["certificate_days"])],
        "Of the router's certificate and of the earliest in its chain; below 0 it has expired.",
    ),
    panel(
        "Certificate: lifetime left",
        &[("um-cert-expiry", &["leaf_lifetime_left"])],
        "Of the router's certificate, where a threshold of the check is in per cent.",
    ),
    panel(
        "Events",
        &[("um-events", &["event_1647", "event_1638", "event_1643", "event_1649", "event_1651"])],
        "In the window that ends with each check. 1647 is a rejected call.",
    ),
    panel(
        "Health set: monitors",
        &[("um-health-set", &["unhealthy", "monitors"])],
        "What Managed Availability itself says.",
    ),
    panel(
        "Service and application pool",
        &[("um-service", &["running"]), ("um-app-pool", &["state"])],
        "Service: 1 is running. Pool: 3 is running, 5 is disabled.",
    ),
    panel("Service: uptime", &[("um-service", &["uptime"])], "A fall to zero is a restart."),
    judged(panel(
        "Directory: time to the answer",
        &[("um-ad-ds", &["time"])],
        "A domain controller that the router depends on.",
    )),
    panel(
        "SIP: retransmissions",
        &[("um-sip-options", &["retransmissions"]), ("um-sip-options-tls", &["retransmissions"])],
        "Over UDP only can there be any.",
    ),
    panel(
        "Calls: history known",
        &[("um-reject-rate", &["history"])],
        "Less than the window: the rate stands on fewer samples than it should.",
    ),
];

impl Store {
    const fn path(self) -> &'static str {
        match self {
            Self::Influx => "grafana/influxdb.json",
            Self::Graphite => "grafana/graphite.json",
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Influx => "influxdb",
            Self::Graphite => "graphite",
        }
    }

    fn source(self) -> Value {
        json!({ "type": self.kind(), "uid": "${datasource}" })
    }

    /// Hosts that have a check of the health set.
    const fn hosts(self) -> &'static str {
        match self {
            Self::Influx => "SHOW TAG VALUES WITH KEY = \"hostname\" WHERE \"service\" =~ /^um-/",
            Self::Graphite => "icinga2.*",
        }
    }

    /// A query for one of the values that belong to a label: `value`, `warn` or `crit`.
    fn query(self, check: &Check, label: &str, part: &str) -> Value {
        let (service, command) = (check.name, check.plugin.trim_start_matches("check_"));
        let name = legend(check, label, part);
        match self {
            Self::Influx => json!({
                "query": format!(
                    "SELECT last(\"{part}\") FROM \"{command}\" WHERE \"hostname\" =~ /^$host$/ AND \"service\" = '{service}' \
                     AND \"metric\" = '{label}' AND $timeFilter GROUP BY time($__interval), \"hostname\" fill(none)"
                ),
                "rawQuery": true,
                "resultFormat": "time_series",
                "alias": format!("$tag_hostname: {name}"),
            }),
            Self::Graphite => json!({
                "target": format!(
                    "aliasSub(aliasByNode(icinga2.$host.services.{service}.{command}.perfdata.{label}.{part}, 1), '$', ': {name}')"
                ),
            }),
        }
    }
}

/// What a line is called behind its host.
fn legend(check: &Check, label: &str, part: &str) -> String {
    let measured = measured(check, label).map_or(label, |measured| measured.title);
    let part = match part {
        "warn" => ", warning",
        "crit" => ", critical",
        _ => "",
    };
    let via = if check.name.ends_with("-tls") { " (TLS)" } else { "" };
    format!("{measured}{via}{part}")
}

fn dashboard(store: Store) -> String {
    let panels: Vec<_> = PANELS.iter().enumerate().map(|(index, panel)| draw(store, index, panel)).collect();
    let variables = [
        json!({ "name": "datasource", "label": "Data source", "type": "datasource", "query": store.kind() }),
        json!({
            "name": "host", "label": "Call Router", "type": "query", "datasource": store.source(),
            "query": store.hosts(), "definition": store.hosts(), "refresh": 2, "sort": 1,
            "multi": true, "includeAll": true, "current": { "text": ["All"], "value": ["$__all"] },
        }),
    ];
    let dashboard = json!({
        "uid": format!("check-um-{}", store.kind()),
        "title": "UM Call Router",
        "description": "The health set UM.CallRouter, as the check_um plugins measure it and Icinga 2 stores it.",
        "tags": ["check-um", "exchange", "sip"],
        "schemaVersion": 38, "version": 1, "editable": true, "graphTooltip": 1, "refresh": "1m", "timezone": "browser",
        "time": { "from": "now-24h", "to": "now" },
        "templating": { "list": variables },
        "annotations": { "list": [] }, "links": [],
        "panels": panels,
    });
    serde_json::to_string_pretty(&dashboard).unwrap_or_default() + "\n"
}

fn draw(store: Store, index: usize, panel: &Panel) -> Value {
    let (width, height) = (COLUMNS / PER_ROW, 8);
    let mut targets = Vec::new();
    for (check, label) in shown(panel) {
        let is_first = targets.is_empty();
        targets.push(store.query(check, label, "value"));
        if panel.has_thresholds && is_first {
            targets.extend(["warn", "crit"].map(|part| store.query(check, label, part)));
        }
    }
    for (target, letter) in targets.iter_mut().zip('A'..) {
        target["refId"] = json!(letter.to_string());
        target["datasource"] = store.source();
    }
    let unit =
        shown(panel).next().and_then(|(check, label)| measured(check, label)).map_or(Unit::Count, |one| one.unit);
    json!({
        "id": index + 1, "type": "timeseries", "title": panel.title, "description": panel.description,
        "datasource": store.source(),
        "gridPos": { "x": index % PER_ROW * width, "y": index / PER_ROW * height, "w": width, "h": height },
        "targets": targets,
        "fieldConfig": {
            "defaults": {
                "unit": unit_of(unit), "min": if unit == Unit::Days { Value::Null } else { json!(0) },
                "custom": {
                    "drawStyle": "line", "lineWidth": 1, "fillOpacity": if panel.is_stacked { 30 } else { 5 },
                    "spanNulls": true, "showPoints": "auto",
                    "stacking": { "mode": if panel.is_stacked { "normal" } else { "none" }, "group": "A" },
                },
            },
            "overrides": [line_of("warning", "orange"), line_of("critical", "red")],
        },
        "options": {
            "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
            "tooltip": { "mode": "multi", "sort": "desc" },
        },
    })
}

/// A threshold is a dashed line in the colour of its state.
fn line_of(state: &str, color: &str) -> Value {
    json!({
        "matcher": { "id": "byRegexp", "options": format!(", {state}$") },
        "properties": [
            { "id": "color", "value": { "mode": "fixed", "fixedColor": color } },
            { "id": "custom.lineStyle", "value": { "fill": "dash", "dash": [8, 8] } },
            { "id": "custom.fillOpacity", "value": 0 },
        ],
    })
}

fn shown(panel: &Panel) -> impl Iterator<Item = (&'static Check, &'static str)> {
    let checks = panel
        .shows
        .iter()
        .filter_map(|(name, labels)| Some((CHECKS.iter().find(|check| check.name == *name)?, *labels)));
    checks.flat_map(|(check, labels)| labels.iter().map(move |label| (check, *label)))
}

fn measured(check: &Check, label: &str) -> Option<Measured> {
    metrics(check).into_iter().find(|measured| measured.label == label)
}

const fn unit_of(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "s",
        Unit::Days => "d",
        Unit::Percent => "percent",
        Unit::Count => "short",
        Unit::Code => "none",
    }
}

/// Grafana's grid.
const COLUMNS: usize = 24;
const PER_ROW: usize = 3;

#[test]
fn every_metric_has_a_panel_and_no_panel_another() {
    let mut shown: Vec<_> = PANELS.iter().flat_map(shown).map(|(check, label)| (check.name, label)).collect();
    let of_check = |check: &'static Check| metrics(check).into_iter().map(|measured| (check.name, measured.label));
    let mut all: Vec<_> = CHECKS.iter().flat_map(of_check).collect();
    shown.sort_unstable();
    all.sort_unstable();
    assert_eq!(shown, all);
}

#[test]
fn every_panel_has_one_unit() {
    for panel in PANELS {
        let units: Vec<_> = shown(panel).map(|(check, label)| measured(check, label).unwrap().unit).collect();
        assert!(!units.is_empty() && units.iter().all(|unit| *unit == units[0]), "{}: {units:?}", panel.title);
    }
}

#[test]
fn no_panel_lies_on_another() {
    for File { path, content } in files() {
        let dashboard: Value = serde_json::from_str(&content).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        let mut taken = std::collections::BTreeSet::new();
        let mut ids = std::collections::BTreeSet::new();
        for panel in panels {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{path}: an id twice: {}", panel["id"]);
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
            assert!(x + w <= COLUMNS as u64, "{path}: {}", panel["title"]);
            for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(taken.insert(cell), "{path}: {} lies on another", panel["title"]);
            }
            let targets = panel["targets"].as_array().unwrap();
            let letters: std::collections::BTreeSet<_> = targets.iter().map(|one| one["refId"].as_str()).collect();
            assert_eq!(letters.len(), targets.len(), "{path}: {}", panel["title"]);
        }
    }
}

#[test]
fn every_query_names_what_icinga_has() {
    let has = |file: &str, text: &str| {
        let path = crate::support::root().join("integrations/icinga2").join(file);
        assert!(std::fs::read_to_string(path).unwrap().contains(text), "{file} has no {text}");
    };
    for (check, _) in PANELS.iter().flat_map(shown) {
        has("um-services.conf", &format!("apply Service \"{}\"", check.name));
        has("um-commands.conf", &format!("object CheckCommand \"{}\"", check.plugin.trim_start_matches("check_")));
    }
}
