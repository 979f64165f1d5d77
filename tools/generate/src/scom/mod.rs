//! What does System Center Operations Manager import? Unsealed management packs, and the checks that they run.

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
use crate::{File, marks, sip_server};

/// The packs, and the tables of monitors in the README.
pub fn files() -> io::Result<Vec<File>> {
    let packs = [windows::pack()].into_iter().chain(linux::packs());
    let mut files: Vec<_> = packs.map(|(id, content)| File { path: format!("scom/{id}.xml"), content }).collect();
    let tables = [("monitors", table(services())), ("monitors of SIP servers", table(sip_server::services()))];
    files.push(marks::fill("scom/README.md", &tables)?);
    Ok(files)
}

/// The monitors of these checks, as their overrides show them.
fn table(checks: impl Iterator<Item = &'static ScheduledService>) -> String {
    let mut table =
        String::from("| monitor | plugin | every | bad runs in a row | by default |\n|---|---|---|---|---|\n");
    for check in checks {
        let ScheduledService { title, plugin, interval, attempts, .. } = check;
        let every = if *interval < 60 { format!("{interval} min") } else { format!("{} h", interval / 60) };
        let default = if monitoring::is_enabled(check) { "on" } else { "off" };
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

/// The plugins of these checks, in their order.
fn watched(checks: impl Iterator<Item = &'static ScheduledService>) -> Vec<Watched> {
    let mut watched: Vec<Watched> = Vec::new();
    for check in checks {
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
