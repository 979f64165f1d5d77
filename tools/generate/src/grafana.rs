//! How do the numbers look over time? A Grafana dashboard for each way in which Icinga 2 stores perfdata.

mod layout;

use check_um::checks::schedule::{DisplayUnit, Measured, ScheduledService};
use serde_json::{Value, json};

use self::layout::{Layout, PANELS};
use crate::File;
use crate::register::{self, plugin_of};
use crate::sip_server;

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
#[derive(Clone, Debug)]
pub struct Panel {
    /// Above it.
    pub title: String,
    /// What a reader should know.
    description: String,
    /// What is shown.
    pub shows: Vec<(&'static ScheduledService, &'static Measured)>,
    /// The thresholds of the first one as lines, where the writer stores them.
    has_thresholds: bool,
    /// Parts of a whole, on top of each other.
    is_stacked: bool,
}

/// Every check: of Call Routers, and of other SIP servers.
pub fn services() -> impl Iterator<Item = &'static ScheduledService> {
    register::services().chain(sip_server::services())
}

/// Every panel: those below, and behind them one for each metric that is in none of them.
pub fn panels() -> Vec<Panel> {
    let mut panels: Vec<_> = PANELS.iter().map(Layout::panel).collect();
    for check in services() {
        for metric in check.metrics {
            let is_it = |(service, shown): &(&ScheduledService, &Measured)| {
                (service.name, shown.label) == (check.name, metric.label)
            };
            if !panels.iter().any(|panel| panel.shows.iter().any(is_it)) {
                let question = plugin_of(check).command.get_about().map(ToString::to_string).unwrap_or_default();
                panels.push(Panel {
                    title: format!("{}: {}", check.title, metric.title),
                    description: format!("{question}."),
                    shows: vec![(check, metric)],
                    has_thresholds: false,
                    is_stacked: false,
                });
            }
        }
    }
    panels
}

impl Layout {
    fn panel(&self) -> Panel {
        let shown = |(name, labels): &(&'static str, &'static [&'static str])| {
            labels.iter().map(|label| measured(name, label)).collect::<Vec<_>>()
        };
        Panel {
            title: self.title.to_owned(),
            description: self.description.to_owned(),
            shows: self.shows.iter().flat_map(shown).collect(),
            has_thresholds: self.has_thresholds,
            is_stacked: self.is_stacked,
        }
    }
}

/// The service of that name, and its metric of that label.
fn measured(name: &str, label: &str) -> (&'static ScheduledService, &'static Measured) {
    let check = services().find(|check| check.name == name);
    let found = check.and_then(|check| Some((check, check.metrics.iter().find(|metric| metric.label == label)?)));
    found.unwrap_or_else(|| panic!("{name} measures no {label}"))
}

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

    /// Hosts that have a check whose name begins so; of Graphite all that Icinga knows.
    fn hosts(self, prefix: &str) -> String {
        match self {
            Self::Influx => {
                format!("SHOW TAG VALUES WITH KEY = \"hostname\" WHERE \"service\" =~ /^{prefix}-/")
            }
            Self::Graphite => "icinga2.*".to_owned(),
        }
    }

    /// A query for one of the values that belong to a label: `value`, `warn` or `crit`.
    fn query(self, check: &ScheduledService, metric: &Measured, part: &str) -> Value {
        let (service, command) = (check.name, check.plugin.trim_start_matches("check_"));
        let (label, name) = (metric.label, legend(check, metric, part));
        let host = if sip_server::asks(check.name).is_some() { SIP_SERVER } else { ROUTER };
        match self {
            Self::Influx => json!({
                "query": format!(
                    "SELECT last(\"{part}\") FROM \"{command}\" WHERE \"hostname\" =~ /^${host}$/ AND \"service\" = '{service}' \
                     AND \"metric\" = '{label}' AND $timeFilter GROUP BY time($__interval), \"hostname\" fill(none)"
                ),
                "rawQuery": true,
                "resultFormat": "time_series",
                "alias": format!("$tag_hostname: {name}"),
            }),
            Self::Graphite => json!({
                "target": format!(
                    "aliasSub(aliasByNode(icinga2.${host}.services.{service}.{command}.perfdata.{label}.{part}, 1), '$', ': {name}')"
                ),
            }),
        }
    }
}

/// What a line is called behind its host.
fn legend(check: &ScheduledService, metric: &Measured, part: &str) -> String {
    let part = match part {
        "warn" => ", warning",
        "crit" => ", critical",
        _ => "",
    };
    let via = match check.name.rsplit('-').next() {
        Some("tls") => " (TLS)",
        Some("udp") => " (UDP)",
        Some("tcp") => " (TCP)",
        _ => "",
    };
    format!("{}{via}{part}", metric.title)
}

fn dashboard(store: Store) -> String {
    let panels: Vec<_> = panels().iter().enumerate().map(|(index, panel)| draw(store, index, panel)).collect();
    let chosen = |name: &str, label: &str, prefix: &str| {
        json!({
            "name": name, "label": label, "type": "query", "datasource": store.source(),
            "query": store.hosts(prefix), "definition": store.hosts(prefix), "refresh": 2, "sort": 1,
            "multi": true, "includeAll": true, "current": { "text": ["All"], "value": ["$__all"] },
        })
    };
    let variables = [
        json!({ "name": "datasource", "label": "Data source", "type": "datasource", "query": store.kind() }),
        chosen(ROUTER, "Call Router", "um"),
        chosen(SIP_SERVER, "SIP server", "sip"),
    ];
    let dashboard = json!({
        "uid": format!("check-um-{}", store.kind()),
        "title": "UM Call Router and SIP servers",
        "description": "The health set UM.CallRouter and other SIP servers, as the check_um plugins measure them and Icinga 2 stores it.",
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
    for (check, metric) in &panel.shows {
        let is_first = targets.is_empty();
        targets.push(store.query(check, metric, "value"));
        if panel.has_thresholds && is_first {
            targets.extend(["warn", "crit"].map(|part| store.query(check, metric, part)));
        }
    }
    for (target, letter) in targets.iter_mut().zip('A'..) {
        target["refId"] = json!(letter.to_string());
        target["datasource"] = store.source();
    }
    let unit = panel.shows.first().map_or(DisplayUnit::Count, |(_, metric)| metric.unit);
    json!({
        "id": index + 1, "type": "timeseries", "title": panel.title, "description": panel.description,
        "datasource": store.source(),
        "gridPos": { "x": index % PER_ROW * width, "y": index / PER_ROW * height, "w": width, "h": height },
        "targets": targets,
        "fieldConfig": {
            "defaults": {
                "unit": unit_of(unit), "min": if unit == DisplayUnit::Days { Value::Null } else { json!(0) },
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

/// Grafana's name of a unit.
pub const fn unit_of(unit: DisplayUnit) -> &'static str {
    match unit {
        DisplayUnit::Seconds => "s",
        DisplayUnit::Days => "d",
        DisplayUnit::Percent => "percent",
        DisplayUnit::Count => "short",
        DisplayUnit::Code(_) => "none",
    }
}

/// Grafana's grid.
pub const COLUMNS: usize = 24;
const PER_ROW: usize = 3;

/// The variables that hold the hosts that are shown.
const ROUTER: &str = "host";
const SIP_SERVER: &str = "sip_server";
