//! What does Zabbix import? A template for each place from which the health set is asked, others for SIP servers that are no Call
//! Routers, and the agent's files.

pub mod command;
mod drawing;
pub mod facts;
pub mod linked;
mod media;
pub mod template;
pub mod triggers;
pub mod yaml;

use std::io;

use crate::{File, marks};

/// The generated files below `integrations/zabbix/`, and the names of the checks in the README.
pub fn files() -> io::Result<Vec<File>> {
    let file = |name: &str, content| File { path: format!("zabbix/{name}"), content };
    Ok(vec![
        file(TEMPLATE, template::export(&linked::ROUTER).to_yaml()),
        file(SIP_TEMPLATE, template::export(&linked::SERVER).to_yaml()),
        file(MEDIA, media::export().to_yaml()),
        file("check_um_linux.conf", command::linux()),
        file("check_um_windows.conf", command::windows()),
        marks::fill(
            "zabbix/README.md",
            &[
                ("names of the checks", template::names()),
                ("names of the checks of SIP servers", template::sip_names()),
            ],
        )?,
    ])
}

/// What the front end imports for Call Routers.
pub const TEMPLATE: &str = "template_check_um.yaml";

/// What it imports for other SIP servers.
pub const SIP_TEMPLATE: &str = "template_sip_server.yaml";

/// What it imports to mail of problems.
pub const MEDIA: &str = "media_check_um.yaml";
