//! What does Icinga 2 have to know? The check commands, and the rules that give a host its checks.

mod commands;
mod services;

pub use services::GRACE;

use super::File;
use super::plugins::Plugin;

/// The generated files of `integrations/icinga2/`; its README, hosts and zones are written by hand.
pub fn files() -> Vec<File> {
    let file = |name: &str, content| File { path: format!("icinga2/{name}"), content };
    vec![file("um-commands.conf", commands::text()), file("um-services.conf", services::text())]
}

/// What a file says of itself before anything else.
fn header(what: &str) -> String {
    format!(
        "/* {what}\n *\n * Generated from the plugins' own options. Change nothing here: a host or a service sets variables, see\n \
         * README.md. */\n"
    )
}

/// The check command of a plugin, which also begins the names of its variables.
fn command_name(plugin: &str) -> &str {
    plugin.strip_prefix("check_").unwrap_or(plugin)
}

/// A string of Icinga's language.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What the plugin is for, as its help says it.
fn purpose(plugin: &Plugin) -> String {
    format!("{}.", plugin.command.get_about().map(ToString::to_string).unwrap_or_default())
}

#[test]
fn a_text_cannot_leave_its_quotes() {
    assert_eq!(quoted(r#"NAME\TARGET "x""#), r#""NAME\\TARGET \"x\"""#);
}
