//! Do the dashboards show everything that is measured, each thing once and where it can be read?

use std::collections::BTreeSet;

use check_um_generate::File;
use check_um_generate::grafana::{COLUMNS, files, panels, services, unit_of};
use check_um_generate::sip_server;
use serde_json::Value;

use super::committed;

#[test]
fn every_metric_has_a_panel_and_no_panel_another() {
    let panels = panels();
    let mut shown: Vec<_> =
        panels.iter().flat_map(|panel| &panel.shows).map(|(check, metric)| (check.name, metric.label)).collect();
    let mut all: Vec<_> =
        services().flat_map(|check| check.metrics.iter().map(|metric| (check.name, metric.label))).collect();
    shown.sort_unstable();
    all.sort_unstable();
    assert_eq!(shown, all);
}

#[test]
fn every_panel_has_one_unit() {
    for panel in panels() {
        let units: Vec<_> = panel.shows.iter().map(|(_, metric)| unit_of(metric.unit)).collect();
        assert!(!units.is_empty() && units.iter().all(|unit| *unit == units[0]), "{}: {units:?}", panel.title);
    }
}

#[test]
fn no_panel_lies_on_another() {
    for File { path, content } in files() {
        let dashboard: Value = serde_json::from_str(&content).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        let mut taken = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for panel in panels {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{path}: an id twice: {}", panel["id"]);
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
            assert!(x + w <= COLUMNS as u64, "{path}: {}", panel["title"]);
            for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(taken.insert(cell), "{path}: {} lies on another", panel["title"]);
            }
            let targets = panel["targets"].as_array().unwrap();
            let letters: BTreeSet<_> = targets.iter().map(|one| one["refId"].as_str()).collect();
            assert_eq!(letters.len(), targets.len(), "{path}: {}", panel["title"]);
        }
    }
}

#[test]
fn every_query_names_what_icinga_has() {
    let has = |file: &str, text: &str| {
        assert!(committed(&format!("icinga2/{file}")).contains(text), "{file} has no {text}");
    };
    for (check, _) in panels().into_iter().flat_map(|panel| panel.shows) {
        let file = if sip_server::asks(check.name).is_some() { "um-sip-servers.conf" } else { "um-services.conf" };
        has(file, &format!("apply Service \"{}\"", check.name));
        has("um-commands.conf", &format!("object CheckCommand \"{}\"", check.plugin.trim_start_matches("check_")));
    }
}

#[test]
fn call_routers_and_sip_servers_are_chosen_apart() {
    for File { path, content } in files() {
        let dashboard: Value = serde_json::from_str(&content).unwrap();
        let variables: BTreeSet<_> = dashboard["templating"]["list"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(variables, BTreeSet::from(["datasource", "host", "sip_server"]), "{path}");
        let (mut of_routers, mut of_servers) = (0, 0);
        for target in dashboard["panels"].as_array().unwrap().iter().flat_map(|it| it["targets"].as_array().unwrap()) {
            let query = target["query"].as_str().or(target["target"].as_str()).unwrap();
            let is_of_server = query.contains("$sip_server");
            assert_ne!(is_of_server, query.contains("$host"), "{path}: {query}");
            assert_eq!(is_of_server, query.contains("'sip-") || query.contains(".services.sip-"), "{path}: {query}");
            *(if is_of_server { &mut of_servers } else { &mut of_routers }) += 1;
        }
        assert!(of_routers > 10 && of_servers > 10, "{path}: {of_routers}, {of_servers}");
    }
}
