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

use std::io;

use check_um::checks::schedule::ScheduledService;

use crate::register::{Plugin, plugin_of, services};
use crate::{File, marks};

/// The packs, and the table of monitors in the README.
pub fn files() -> io::Result<Vec<File>> {
    let packs = [windows::pack(), linux::pack()];
    let mut files: Vec<_> =
        packs.map(|(id, content)| File { path: format!("scom/{id}.xml"), content }).into_iter().collect();
    files.push(marks::fill("scom/README.md", &[("monitors", table())])?);
    Ok(files)
}

/// The monitors of the pack for Windows, as their overrides show them.
fn table() -> String {
    let mut table =
        String::from("| monitor | plugin | every | bad runs in a row | by default |\n|---|---|---|---|---|\n");
    for ScheduledService { title, plugin, interval, attempts, vantage, .. } in services() {
        let every = if *interval < 60 { format!("{interval} min") } else { format!("{} h", interval / 60) };
        let default = if monitoring::is_enabled(*vantage) { "on" } else { "off" };
        table += &format!("| {title} | `{plugin}` | {every} | {attempts} | {default} |\n");
    }
    table
}

/// A plugin with the checks that it is run for.
pub struct Watched {
    /// The plugin.
    pub plugin: Plugin,
    /// Its checks.
    pub checks: Vec<&'static ScheduledService>,
    /// What of its command line can be overridden.
    pub parameters: Vec<parameters::Parameter>,
}

/// The plugins of the checks that `is_meant` picks, in the order of the health set.
fn watched(is_meant: impl Fn(&ScheduledService) -> bool) -> Vec<Watched> {
    let mut watched: Vec<Watched> = Vec::new();
    for check in services().filter(|check| is_meant(check)) {
        if let Some(known) = watched.iter_mut().find(|known| known.plugin.about.name == check.plugin) {
            known.checks.push(check);
        } else {
            let mut plugin = plugin_of(check);
            plugin.command.build();
            watched.push(Watched { plugin, checks: vec![check], parameters: Vec::new() });
        }
    }
    for plugin in &mut watched {
        plugin.parameters = parameters::parameters_of(&plugin.plugin.command, &plugin.checks);
    }
    watched
}
