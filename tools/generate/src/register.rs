//! Which checks are there, and how are they run? The register of the library, as the generated files need it.

use check_um::checks::schedule::ScheduledService;
use check_um::checks::{self, RegisteredCheck};
use check_um::door::options::Need;
use check_um::door::report::{About, Class};
use clap::Command;

/// A plugin with its command line.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// Its fixed facts.
    pub about: &'static About,
    /// Its command line.
    pub command: Command,
    /// Each way to call it.
    pub usage: &'static [&'static str],
    /// Which of its options need others.
    pub needs: &'static [&'static [Need]],
    /// What to do about a finding where a SIP server is asked that is no Call Router.
    on_any_server: fn(Option<Class>) -> &'static str,
}

impl Plugin {
    /// What to do about a finding of a class, or, for `None`, about a violated threshold: in Exchange's words, or in those of any
    /// SIP server.
    pub fn advise(&self, is_exchange: bool, class: Option<Class>) -> &'static str {
        self.about.advise_by(if is_exchange { self.about.advice } else { self.on_any_server }, class)
    }
}

/// Every plugin, in the order of the alphabet.
pub fn plugins() -> Vec<Plugin> {
    let mut plugins: Vec<_> = checks::ALL.iter().map(plugin).collect();
    plugins.sort_by_key(|plugin| plugin.about.name);
    plugins
}

/// The plugin that a service runs.
pub fn plugin_of(service: &ScheduledService) -> Plugin {
    let entry = checks::ALL.iter().find(|entry| entry.about.name == service.plugin);
    entry.map_or_else(|| panic!("{}: no check {}", service.name, service.plugin), plugin)
}

/// Every service, in the order of the health set.
pub fn services() -> impl Iterator<Item = &'static ScheduledService> {
    checks::ALL.iter().flat_map(|entry| entry.services)
}

/// The version of all plugins.
pub fn version() -> String {
    let command = checks::ALL.first().map(|entry| (entry.command)());
    command.and_then(|command| command.get_version().map(str::to_owned)).unwrap_or_default()
}

fn plugin(entry: &RegisteredCheck) -> Plugin {
    let RegisteredCheck { about, usage, needs, on_any_server, .. } = *entry;
    Plugin { about, command: (entry.command)(), usage, needs, on_any_server }
}
