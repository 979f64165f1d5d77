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
#[derive(Clone)]
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
    let (nrpe, nsclient, snclient) = ("agents/nrpe.cfg", "agents/nsclient.ini", "agents/snclient.ini");
    vec![
        Chain { title: "Nagios, Naemon", limits: vec![plugin("nagios/commands.cfg"), nagios()] },
        through_agent("the same through NRPE", nrpe, vec![limit("nrpe", "command_timeout=", SCRIPT, nrpe)]),
        through_agent(
            "the same through NSClient++",
            nsclient,
            vec![limit("external scripts", "timeout = ", SCRIPT, nsclient)],
        ),
        through_agent(
            "the same through SNClient",
            snclient,
            vec![
                limit("external scripts", "timeout = ", SCRIPT, snclient),
                limit("the agent", "timeout = ", AGENT, snclient),
            ],
        ),
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
        operations_manager(
            "Operations Manager, Windows",
            limit("agent", "<TimeoutSeconds>", 60, "scom/CheckUm.CallRouter.xml"),
        ),
        operations_manager(
            "Operations Manager, Linux",
            Limit {
                in_file: "&lt;p:timeout&gt;",
                ..limit("agent", "<p:timeout>", 60, "scom/CheckUm.CallRouter.Linux.xml")
            },
        ),
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

/// From Nagios to a plugin that an agent runs by the commands in `file`, with that agent's own limits.
fn through_agent(title: &'static str, file: &'static str, agent: Vec<Limit>) -> Chain {
    let call = limit("", "check_nrpe -t ", CALL, "nagios/commands.cfg");
    let call = Limit { in_file: "check_nrpe -H $HOSTADDRESS$ -t ", ..call };
    Chain { title, limits: [vec![plugin(file)], agent, vec![call, nagios()]].concat() }
}

fn nagios() -> Limit {
    Limit { file: None, ..limit("Nagios", "service_check_timeout=", 60, "") }
}

/// From an agent, whose limit stands in the same management pack as the plugin's.
fn operations_manager(title: &'static str, agent: Limit) -> Chain {
    let plugin = Limit { in_file: "<TimeoutSeconds>", file: agent.file, ..plugin("") };
    Chain { title, limits: vec![plugin, agent] }
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
