//! Which plugins are there, and what are their options? The register of the checks, for the man pages and the schedulers' files.

use check_um::checks;
use check_um::report::About;

/// One plugin, as its check describes it.
pub struct Plugin {
    /// Its fixed facts.
    pub about: &'static About,
    /// Its command line.
    pub command: clap::Command,
}

/// Every plugin, in the order of the alphabet.
pub fn all() -> Vec<Plugin> {
    checks::ALL.iter().map(|entry| Plugin { about: entry.about, command: (entry.command)() }).collect()
}
