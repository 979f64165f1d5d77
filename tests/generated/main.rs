//! Are the schedulers' files those of the checks as they are, and do they hold together? Generated anew and compared.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod agents;
mod command_lines;
// Shells of the host, which Wine starts and does not wait for.
#[cfg(unix)]
mod completions;
mod grafana;
mod icinga2;
mod options;
#[path = "../support/mod.rs"]
mod support;
mod timeouts;
mod yaml;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use check_um::checks;
use check_um::checks::schedule::{Elsewhere, Vantage};
use check_um_generate::register::{plugin_of, services};

#[test]
fn every_file_is_what_the_register_says() {
    let files = check_um_generate::files().unwrap();
    let stale: Vec<_> = files.iter().filter(|file| !file.is_up_to_date()).map(|file| file.path.as_str()).collect();
    assert!(files.len() > 20, "{} files only", files.len());
    assert!(stale.is_empty(), "out of date: cargo run -p check-um-generate writes {}", stale.join(", "));
}

#[test]
fn every_check_is_part_of_the_health_set_under_its_own_name() {
    for entry in checks::ALL {
        let name = entry.about.name;
        assert!(!entry.services.is_empty(), "{name}: no scheduler runs it");
        for service in entry.services {
            assert_eq!(service.plugin, name, "{}: another plugin", service.name);
        }
    }
    let names: BTreeSet<_> = services().map(|service| service.name).collect();
    assert_eq!(names.len(), services().count(), "a name twice among {names:?}");
    for service in services() {
        assert!(
            service.depends_on.is_none_or(|on| names.contains(on)),
            "{}: no {:?}",
            service.name,
            service.depends_on
        );
    }
}

#[test]
fn what_is_known_of_the_health_set_stays_true() {
    let known = [
        ("um-call-router", Vantage::Whole, None),
        ("um-sip-options", Vantage::Network, Some("um-service")),
        ("um-sip-options-tls", Vantage::Tls, Some("um-service")),
        ("um-call-routing", Vantage::Call, Some("um-service")),
        ("um-cert-expiry", Vantage::Tls, None),
        ("um-service", Vantage::Agent, None),
        ("um-reject-rate", Vantage::Agent, Some("um-service")),
        ("um-missed-call-proxy", Vantage::Agent, Some("um-service")),
        ("um-app-pool", Vantage::Agent, None),
        ("um-health-set", Vantage::Agent, None),
        ("um-events", Vantage::Agent, None),
        ("um-ad-ds", Vantage::Directory, None),
    ];
    for (name, vantage, depends_on) in known {
        let service = services().find(|service| service.name == name).unwrap();
        assert_eq!((service.vantage, service.depends_on), (vantage, depends_on), "{name}");
        let counted = ["um-reject-rate", "um-missed-call-proxy", "um-app-pool"].contains(&name);
        assert_eq!(service.elsewhere == Elsewhere::Counters, counted, "{name}");
        let exported = ["um-health-set", "um-events"].contains(&name);
        assert_eq!(matches!(service.elsewhere, Elsewhere::Export { .. }), exported, "{name}");
        assert_eq!(service.elsewhere == Elsewhere::Exporter, name == "um-service", "{name}");
    }
}

#[test]
fn every_argument_of_the_health_set_is_an_option_of_its_plugin() {
    for service in services() {
        let mut plugin = plugin_of(service);
        plugin.command.build();
        for (option, _) in service.arguments.iter().chain(service.suggested) {
            let known = plugin.command.get_arguments().any(|known| known.get_long() == option.strip_prefix("--"));
            assert!(known, "{}: {} has no {option}", service.name, service.plugin);
        }
    }
}

#[test]
fn every_graph_draws_what_is_measured() {
    for service in services() {
        for label in service.graphs.iter().flat_map(|graph| graph.labels) {
            let is_measured = service.metrics.iter().any(|metric| metric.label == *label);
            assert!(is_measured, "{}: a graph of {label}", service.name);
        }
    }
}

/// A file below `integrations/`.
fn committed(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
