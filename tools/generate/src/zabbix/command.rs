//! How does Zabbix start a plugin? The keys of its items, and the agent's file behind those that an agent answers.

use check_um::checks::schedule::{Elsewhere, ScheduledService, Vantage};

use super::facts::{contextual, fixed, parameters};
use crate::register::services;

/// The key of the item that holds a check's whole report.
pub fn key(check: &ScheduledService) -> String {
    match check.vantage {
        Vantage::Agent => agent_key(check),
        Vantage::Network | Vantage::Tls | Vantage::Call | Vantage::Directory | Vantage::Whole => {
            format!("{}[{}]", check.plugin, quoted(argv(check)))
        }
    }
}

/// The key by which an agent runs a check.
pub fn agent_key(check: &ScheduledService) -> String {
    format!("{}[{}]", agent_name(check), quoted(values(check)))
}

/// The arguments of a plugin: macros in the place of what an administrator decides.
pub fn argv(check: &ScheduledService) -> Vec<String> {
    let mut argv: Vec<_> = ["--output", "json"].map(str::to_owned).into();
    if check.vantage != Vantage::Agent {
        argv.extend(["--hostname", "{HOST.CONN}"].map(str::to_owned));
    }
    // A flag has no value.
    let words = fixed(check).into_iter().flat_map(|(option, value)| [option, value]).filter(|word| !word.is_empty());
    argv.extend(words.map(str::to_owned));
    for parameter in parameters(check) {
        argv.extend([parameter.option.to_owned(), parameter.macro_name]);
    }
    argv.extend(["--timeout".to_owned(), contextual("TIMEOUT", check), contextual("OPTION", check)]);
    argv
}

/// What an agent's key is given, in the order in which the agent's file takes it.
pub fn values(check: &ScheduledService) -> Vec<String> {
    let host = (check.vantage != Vantage::Agent).then(|| "{HOST.CONN}".to_owned());
    let own = parameters(check).into_iter().map(|parameter| parameter.macro_name);
    host.into_iter().chain(own).chain([contextual("TIMEOUT", check), contextual("OPTION", check)]).collect()
}

/// The agent's name of a check: of all that it may be asked, the words of one system cannot be taken for the other's.
pub fn agent_name(check: &ScheduledService) -> String {
    format!("check_{}", check.name.replace('-', "_"))
}

/// What an agent may be asked: no call, because it refuses the `@` of whom to call.
pub fn asked_by_agents() -> impl Iterator<Item = &'static ScheduledService> {
    services().filter(|check| check.vantage != Vantage::Call)
}

/// The agent's file for a host that runs Windows.
pub fn windows() -> String {
    let lines = asked_by_agents().map(|check| line(check, "\"C:\\Program Files\\check-um\\", ".exe\""));
    format!("{}{}", HEAD.replace("@PLACE@", WINDOWS), lines.collect::<String>())
}

/// The agent's file for a host that runs Linux.
pub fn linux() -> String {
    // A file must not be older than what brings it may be late.
    let behind = |check: &ScheduledService| match check.elsewhere {
        Elsewhere::Export { max_age, .. } => format!(" --max-age {max_age}"),
        _ => String::new(),
    };
    let lines = asked_by_agents().map(|check| line(check, "/usr/lib/nagios/plugins/", &behind(check)));
    format!("{}{}", HEAD.replace("@PLACE@", LINUX), lines.collect::<String>())
}

/// One user parameter, and above it what its key is given.
fn line(check: &ScheduledService, before: &str, behind: &str) -> String {
    let is_remote = check.vantage != Vantage::Agent;
    let parameters = parameters(check);
    let mut options: Vec<_> = is_remote.then_some("--hostname").into_iter().collect();
    options.extend(parameters.iter().map(|parameter| parameter.option));
    options.push("--timeout");
    let names: Vec<_> =
        options.iter().map(|option| option.trim_start_matches('-')).chain(["one more option"]).collect();

    let mut words: Vec<_> = fixed(check).into_iter().map(|(option, value)| format!("{option} {value}")).collect();
    words.extend(options.iter().zip(1..).map(|(option, n)| format!("{option} \"${n}\"")));
    words.push(format!("\"${}\"", options.len() + 1));
    let (name, plugin) = (agent_name(check), check.plugin);
    format!(
        "\n# {}: {name}[{}]\nUserParameter={name}[*],{before}{plugin}{behind} --output json {}\n",
        check.title,
        names.join(","),
        words.join(" ")
    )
}

/// Every parameter in quotes: a macro's value may hold a comma or a bracket.
fn quoted(parameters: Vec<String>) -> String {
    let quoted: Vec<_> = parameters.iter().map(|parameter| format!("\"{}\"", parameter.replace('"', "\\\""))).collect();
    quoted.join(",")
}

const WINDOWS: &str = "\
# On the Exchange server: C:\\Program Files\\Zabbix Agent\\zabbix_agentd.d\\check_um.conf, or wherever its Include points.";

const LINUX: &str = "\
# On a host that asks for others: /etc/zabbix/zabbix_agentd.d/check_um.conf. Counters then come from an exporter
# (counters: prometheus:http://cas1.example.com:9182/metrics) or a log (csv:/var/lib/check-um/counters.csv), events and
# the health set from a file (one more option: --file=/var/lib/check-um/events.xml), the service from an exporter (one more
# option: --source=prometheus:http://cas1.example.com:9182/metrics). README.md says how.";

const HEAD: &str = "\
# The checks of the health set UM.CallRouter as user parameters: each answers with the plugin's report as JSON.
@PLACE@
#
# UnsafeUserParameters stays off: the agent then refuses every character that a shell could take for more than itself, and
# each parameter stands in quotes. Every parameter must be given. The last one is one more option of the plugin in one
# word, such as --extra-opts=um; --output=json changes nothing. An agent's Timeout must be above the plugin's: set
#   Timeout=15
# there, and above it in zabbix_server.conf or zabbix_proxy.conf.
#
# Generated: cargo run -p check-um-generate
";
