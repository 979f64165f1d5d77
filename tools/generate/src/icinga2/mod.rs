//! What does Icinga 2 have to know? The check commands, and the rules that give a host its checks.

pub mod commands;
mod director;
pub mod facts;
pub mod services;
pub mod sip_server;
mod whole;

pub use services::GRACE;

use std::io;

use crate::register::Plugin;
use crate::{File, marks};

/// The generated files of `integrations/icinga2/`, and the tables of its README; hosts and zones are written by hand.
pub fn files() -> io::Result<Vec<File>> {
    let file = |name: &str, content| File { path: format!("icinga2/{name}"), content };
    Ok(vec![
        file("um-commands.conf", commands::text()),
        file("director-basket.json", director::text()),
        file("um-services.conf", services::text()),
        file("um-sip-servers.conf", sip_server::text()),
        marks::fill(
            "icinga2/README.md",
            &[
                ("facts", facts::table()),
                ("checks", services::table()),
                ("facts of a SIP server", sip_server::facts()),
                ("checks of a SIP server", sip_server::table()),
            ],
        )?,
    ])
}

/// What a file says of itself before anything else.
fn header(what: &str) -> String {
    format!(
        "/* {what}\n *\n * Generated from the plugins' own options. Change nothing here: a host or a service sets variables, see\n \
         * README.md. */\n"
    )
}

/// The check command of a plugin, which also begins the names of its variables.
pub fn command_name(plugin: &str) -> &str {
    plugin.strip_prefix("check_").unwrap_or(plugin)
}

/// A string of Icinga's language.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What the plugin is for, as its help says it.
fn purpose(plugin: &Plugin) -> String {
    format!("{}.", plugin.command.get_about().map(ToString::to_string).unwrap_or_default())
}
