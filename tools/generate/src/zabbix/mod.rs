//! What does Zabbix import? A template for each place from which the health set is asked, and the agent's files.

pub mod command;
mod drawing;
pub mod facts;
pub mod template;
mod triggers;
pub mod yaml;

use std::io;

use crate::{File, marks};

/// The generated files below `integrations/zabbix/`, and the names of the checks in the README.
pub fn files() -> io::Result<Vec<File>> {
    let file = |name: &str, content| File { path: format!("zabbix/{name}"), content };
    Ok(vec![
        file(TEMPLATE, template::export().to_yaml()),
        file("check_um_linux.conf", command::linux()),
        file("check_um_windows.conf", command::windows()),
        marks::fill("zabbix/README.md", &[("names of the checks", template::names())])?,
    ])
}

/// What the front end imports.
pub const TEMPLATE: &str = "template_check_um.yaml";
