//! What does Zabbix import? A template for each place from which the health set is asked, and the agent's files.

pub mod command;
mod drawing;
pub mod facts;
pub mod template;
mod triggers;
pub mod yaml;

/// The generated files below `integrations/zabbix/`, with what is in them; the README there is written by hand.
pub fn files() -> [(&'static str, String); 3] {
    [
        (TEMPLATE, template::export().to_yaml()),
        ("check_um_linux.conf", command::linux()),
        ("check_um_windows.conf", command::windows()),
    ]
}

/// What the front end imports.
pub const TEMPLATE: &str = "template_check_um.yaml";
