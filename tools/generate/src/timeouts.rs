//! Who waits for whom, and how long? The time limits from a plugin out to its scheduler, each above the one inside it.

use crate::icinga2;
use crate::register::services;

/// What an agent allows a plugin.
pub const SCRIPT: u32 = 15;
/// What an agent allows itself, where it has a limit of its own.
pub const AGENT: u32 = 20;
/// What a scheduler's check allows an agent.
pub const CALL: u32 = 25;

/// One way from a scheduler to a plugin, from the inside out.
pub struct Chain {
    /// By which it is known.
    pub title: &'static str,
    /// Whoever waits, in front of whoever waits for him.
    pub limits: Vec<Limit>,
}

/// How long one of them waits.
pub struct Limit {
    /// Who, for a reader; empty where the setting says so.
    pub who: &'static str,
    /// What stands in front of the number, as a reader looks for it.
    pub setting: &'static str,
    /// The same as it is in the file.
    pub in_file: &'static str,
    /// The number.
    pub seconds: u32,
    /// The file below `integrations/` that says so; `None` where it is a program's default.
    pub file: Option<&'static str>,
}

/// Every chain.
pub fn chains() -> Vec<Chain> {
    let nagios = || Limit { file: None, ..limit("Nagios", "service_check_timeout=", 60, "") };
    let check_nrpe = || Limit {
        in_file: "check_nrpe -H $HOSTADDRESS$ -t ",
        ..limit("", "check_nrpe -t ", CALL, "nagios/commands.cfg")
    };
    vec![
        Chain { title: "Nagios, Naemon", limits: vec![plugin("nagios/commands.cfg"), nagios()] },
        Chain {
            title: "the same through NRPE",
            limits: vec![
                plugin("agents/nrpe.cfg"),
                limit("nrpe", "command_timeout=", SCRIPT, "agents/nrpe.cfg"),
                check_nrpe(),
                nagios(),
            ],
        },
        Chain {
            title: "the same through NSClient++",
            limits: vec![
                plugin("agents/nsclient.ini"),
                limit("external scripts", "timeout = ", SCRIPT, "agents/nsclient.ini"),
                check_nrpe(),
                nagios(),
            ],
        },
        Chain {
            title: "the same through SNClient",
            limits: vec![
                plugin("agents/snclient.ini"),
                limit("external scripts", "timeout = ", SCRIPT, "agents/snclient.ini"),
                limit("the agent", "timeout = ", AGENT, "agents/snclient.ini"),
                check_nrpe(),
                nagios(),
            ],
        },
        Chain {
            title: "Zabbix, external check",
            limits: vec![plugin("zabbix/README.md"), limit("server or proxy", "Timeout=", AGENT, "zabbix/README.md")],
        },
        Chain {
            title: "the same through its agent",
            limits: vec![
                plugin("zabbix/README.md"),
                limit("agent", "Timeout=", SCRIPT, "zabbix/check_um_windows.conf"),
                limit("server or proxy", "Timeout=", AGENT, "zabbix/README.md"),
            ],
        },
        Chain {
            title: "Icinga 2, with or without its agent",
            limits: vec![
                limit("plugin", "_timeout = ", longest(), "icinga2/um-services.conf"),
                limit("service", "check_timeout = ", longest() + icinga2::GRACE, "icinga2/um-services.conf"),
            ],
        },
        Chain {
            title: "Operations Manager, Windows",
            limits: vec![
                Limit { in_file: "<TimeoutSeconds>", ..plugin("scom/CheckUm.CallRouter.xml") },
                limit("agent", "<TimeoutSeconds>", 60, "scom/CheckUm.CallRouter.xml"),
            ],
        },
        Chain {
            title: "Operations Manager, Linux",
            limits: vec![
                Limit { in_file: "<TimeoutSeconds>", ..plugin("scom/CheckUm.CallRouter.Linux.xml") },
                Limit {
                    in_file: "&lt;p:timeout&gt;",
                    ..limit("agent", "<p:timeout>", 60, "scom/CheckUm.CallRouter.Linux.xml")
                },
            ],
        },
    ]
}

/// The chains as a table in Markdown.
pub fn table() -> String {
    let mut table = String::from("| way | from the plugin outwards, in seconds |\n|---|---|\n");
    for Chain { title, limits } in chains() {
        let steps: Vec<_> = limits.iter().map(Limit::words).collect();
        table += &format!("| {title} | {} |\n", steps.join(" < "));
    }
    table
}

impl Limit {
    /// The same for a reader.
    pub fn words(&self) -> String {
        format!("{} `{}{}`", self.who, self.setting, self.seconds).trim_start().to_owned()
    }
}

fn limit(who: &'static str, setting: &'static str, seconds: u32, file: &'static str) -> Limit {
    Limit { who, setting, in_file: setting, seconds, file: Some(file) }
}

fn plugin(file: &'static str) -> Limit {
    limit("plugin", "-t ", longest(), file)
}

/// The longest deadline of a check.
fn longest() -> u32 {
    services().map(|check| check.timeout).max().unwrap_or_default()
}
