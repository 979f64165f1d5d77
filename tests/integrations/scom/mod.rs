//! What does System Center Operations Manager import? Two unsealed management packs, and the checks that they run.

mod discovery;
mod knowledge;
mod linux;
mod modules;
mod monitoring;
mod names;
mod pack;
mod parameters;
mod types;
mod views;
mod windows;
mod xml;

use crate::File;
use crate::health_set::{CHECKS, Check};
use crate::plugins::{self, Plugin};

/// The packs.
pub fn files() -> Vec<File> {
    [windows::pack(), linux::pack()]
        .map(|(id, content)| File { path: format!("scom/{id}.xml"), content })
        .into_iter()
        .collect()
}

/// A plugin with the checks that it is run for.
pub struct Watched {
    /// The plugin.
    pub plugin: Plugin,
    /// Its checks.
    pub checks: Vec<Check>,
    /// What of its command line can be overridden.
    pub parameters: Vec<parameters::Parameter>,
}

/// The plugins of the checks that `is_meant` picks, in the order of the health set.
fn watched(is_meant: impl Fn(&Check) -> bool) -> Vec<Watched> {
    let mut watched: Vec<Watched> = Vec::new();
    for check in CHECKS.iter().filter(|check| is_meant(check)) {
        if let Some(known) = watched.iter_mut().find(|known| known.plugin.about.name == check.plugin) {
            known.checks.push(*check);
        } else {
            let mut plugin = plugins::all().into_iter().find(|plugin| plugin.about.name == check.plugin).unwrap();
            plugin.command.build();
            watched.push(Watched { plugin, checks: vec![*check], parameters: Vec::new() });
        }
    }
    for plugin in &mut watched {
        plugin.parameters = parameters::of(&plugin.plugin.command, &plugin.checks);
    }
    watched
}
