//! Are the schedulers' files those of the plugins as they are? Generated from the same option definitions, committed, compared.
//!
//! `UPDATE_INTEGRATIONS=1 cargo test --test integrations` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(dead_code, reason = "of a plugin's source only its options are used here")]

mod agents;
mod grafana;
mod health_set;
mod icinga2;
mod metrics;
mod nagios;
mod options;
#[path = "../support/plugins.rs"]
mod plugins;
mod scom;
#[path = "../support/mod.rs"]
mod support;
mod timeouts;
mod zabbix;

use std::fs;

/// A file below `integrations/`.
#[derive(Clone, Debug)]
pub struct File {
    /// Its place below `integrations/`.
    pub path: String,
    /// All of it.
    pub content: String,
}

/// Every generated file.
fn files() -> Vec<File> {
    let zabbix = zabbix::files().map(|(name, content)| File { path: format!("zabbix/{name}"), content });
    [icinga2::files(), nagios::files(), agents::files(), zabbix.into(), scom::files(), grafana::files()].concat()
}

#[test]
fn every_file_is_what_the_options_say() {
    let is_update = std::env::var_os("UPDATE_INTEGRATIONS").is_some();
    for File { path, content } in files() {
        let path = support::root().join("integrations").join(path);
        if is_update {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &content).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        let command = "UPDATE_INTEGRATIONS=1 cargo test --test integrations";
        assert!(committed == content, "{} is out of date: {command}", path.display());
    }
}

#[test]
fn every_plugin_is_part_of_the_health_set() {
    let mut watched: Vec<_> = health_set::CHECKS.iter().map(|check| check.plugin.to_owned()).collect();
    watched.sort();
    watched.dedup();
    assert_eq!(watched, support::plugins(), "tests/integrations/health_set.rs and plugins/ differ");
}

#[test]
fn every_argument_of_the_health_set_is_an_option_of_its_plugin() {
    for check in health_set::CHECKS {
        let mut plugin = plugins::all().into_iter().find(|plugin| plugin.about.name == check.plugin).unwrap();
        plugin.command.build();
        for (option, _) in check.arguments {
            let known = plugin.command.get_arguments().any(|known| known.get_long() == option.strip_prefix("--"));
            assert!(known, "{}: {} has no {option}", check.name, check.plugin);
        }
    }
}
