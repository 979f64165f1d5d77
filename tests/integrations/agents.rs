//! What does an agent need to know to run the health set? Fixed command lines for NRPE, NSClient++ and SNClient.

use std::fs;

use crate::health_set::{CHECKS, Check, Vantage};
use crate::timeouts::{self, AGENT, SCRIPT};
use crate::{File, support};

/// Everything generated below `agents/`: its README only between two marks.
pub fn files() -> Vec<File> {
    let file = |name: &str, content: String| File { path: format!("agents/{name}"), content };
    let readme = fs::read_to_string(support::root().join("integrations/agents/README.md")).unwrap_or_default();
    vec![
        file("nrpe.cfg", nrpe()),
        file("nsclient.ini", NSCLIENT.replace("{timeout}", &SCRIPT.to_string()) + &windows_commands()),
        file("snclient.ini", snclient() + &windows_commands()),
        file("README.md", between_marks(&readme, &timeouts::table())),
    ]
}

/// For a host beside the routers: what is asked over the network as it is, what only the server knows from an exporter
/// or a file that the server sends.
fn nrpe() -> String {
    let mut text = NRPE.replace("{timeout}", &SCRIPT.to_string());
    for check in CHECKS {
        let Some(source) = unix_source(check) else { continue };
        let words = [words(check), source.to_owned()].concat();
        text += &format!("command[{}]=/usr/lib/nagios/plugins/{}{words}\n", check.name, check.plugin);
    }
    text
}

/// Whom a check on another host asks; `None` if the question can only be put on the server itself.
fn unix_source(check: &Check) -> Option<&'static str> {
    match (check.vantage, check.name) {
        (Vantage::Network | Vantage::Tls, _) => Some(" -H cas1.example.com"),
        (Vantage::Directory, _) => Some(" --domain example.com"),
        (Vantage::Agent, "um-health-set") => Some(" --file /var/lib/check-um/health-set.json"),
        (Vantage::Agent, "um-events") => Some(" --file /var/lib/check-um/events.xml"),
        (Vantage::Agent, "um-service") => None,
        (Vantage::Agent, _) => Some(" --counters prometheus:http://cas1.example.com:9182/metrics"),
    }
}

fn snclient() -> String {
    SNCLIENT.replace("{timeout}", &SCRIPT.to_string()).replace("{agent}", &AGENT.to_string())
}

/// The commands of the server's own agent. An ini file knows no escape: neither `;` nor `%` nor `$` may be in one.
fn windows_commands() -> String {
    let own = CHECKS.iter().filter(|check| check.vantage == Vantage::Agent);
    let command = |check: &Check| {
        format!("{} = \"C:\\Program Files\\check-um\\{}.exe\"{}\n", check.name, check.plugin, words(check))
    };
    own.map(command).collect()
}

/// The options of the table, each with a blank in front.
fn words(check: &Check) -> String {
    let arguments = check.arguments.iter().map(|(option, value)| format!(" {option} {value}"));
    format!(" -t {}", check.timeout) + &arguments.collect::<String>()
}

/// `text` with `table` in the place of what stands between the marks.
fn between_marks(text: &str, table: &str) -> String {
    let parts = text.split_once(BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = parts.unwrap_or((text, ""));
    format!("{head}{BEGIN}\n{table}{END}{tail}")
}

const BEGIN: &str = "<!-- begin: tests/integrations/timeouts.rs -->";
const END: &str = "<!-- end -->";

const NRPE: &str = "\
# The health set UM.CallRouter on a host beside the Call Router that runs NRPE: /etc/nagios/nrpe.d/check_um.cfg.
# Put your router in the place of cas1.example.com, and leave out what you do not want to be asked from here.
#
# Nothing is taken from the caller: these lines work where NRPE is built without command arguments, as Debian's is.
# Whether the service runs is known on the Windows server only: nsclient.ini, snclient.ini. The counters come from
# windows_exporter, the two files from the server; README.md says how.

command_timeout={timeout}

";

const NSCLIENT: &str = r"; The health set UM.CallRouter on the Exchange server, run by NSClient++: add this to its nsclient.ini.
;
; Nothing is taken from the caller: arguments stay forbidden in both places. Options are for this file to say, behind the
; command; a command must have no semicolon in it, and a path with blanks needs double quotes.

[/modules]
CheckExternalScripts = enabled
NRPEServer = enabled

[/settings/default]
; Your monitoring host.
allowed hosts = 192.0.2.5

[/settings/NRPE/server]
allow arguments = false

[/settings/external scripts]
allow arguments = false
timeout = {timeout}

[/settings/external scripts/scripts]
";

const SNCLIENT: &str = r"; The health set UM.CallRouter on the Exchange server, run by SNClient: save this as snclient_local_check_um.ini beside
; its snclient.ini, which includes it.
;
; Nothing is taken from the caller: arguments stay forbidden in both places. Options are for this file to say, behind the
; command; a command must have no semicolon in it, and a path with blanks needs double quotes.

[/modules]
CheckExternalScripts = enabled
NRPEServer = enabled

[/settings/default]
; Your monitoring host.
allowed hosts = 192.0.2.5
; Above that of the scripts, or the connection is gone before they have ended.
timeout = {agent}

[/settings/NRPE/server]
allow arguments = false

[/settings/external scripts]
allow arguments = false
timeout = {timeout}

[/settings/external scripts/scripts]
";

/// The words of a command as NSClient++ and SNClient take it apart: at blanks, unless they stand in double quotes.
#[cfg(test)]
fn split(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in command.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    assert!(!is_quoted, "a quote without its other: {command}");
    words
}

/// Section, key and value of every line that is one.
#[cfg(test)]
fn entries(ini: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut entries = Vec::new();
    for line in ini.lines().filter(|line| !line.is_empty() && !line.starts_with(';')) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(name) => section = name.to_owned(),
            None => {
                let (key, value) =
                    line.split_once(" = ").unwrap_or_else(|| panic!("neither section nor entry: {line}"));
                entries.push((section.clone(), key.to_owned(), value.to_owned()));
            }
        }
    }
    entries
}

#[test]
fn every_command_of_a_windows_agent_is_one_of_its_plugin() {
    let is_agents = |check: &&Check| check.vantage == Vantage::Agent;
    let names: Vec<_> = CHECKS.iter().filter(is_agents).map(|check| check.name).collect();
    for file in files().into_iter().filter(|file| file.path.ends_with(".ini")) {
        let commands = entries(&file.content);
        let scripts = commands.iter().filter(|(section, ..)| section == "/settings/external scripts/scripts");
        let scripts: Vec<_> = scripts.map(|(_, name, command)| (name.as_str(), command)).collect();
        assert_eq!(scripts.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names, "{}", file.path);
        for (name, command) in scripts {
            assert!(!command.contains([';', '%', '$', '\'']), "{}: {name}: {command}", file.path);
            parse(&split(command));
        }
    }
}

#[test]
fn every_command_of_nrpe_is_one_of_its_plugin() {
    let nrpe = nrpe();
    let commands = nrpe.lines().filter_map(|line| line.strip_prefix("command[")?.split_once("]="));
    let parsed = commands.map(|(name, command)| {
        assert!(!command.contains([';', '$', '"', '\'']), "{name}: {command}");
        parse(&split(command));
        name
    });
    // All but the service's.
    assert_eq!(parsed.count(), CHECKS.len() - 1);
}

#[test]
fn no_windows_agent_takes_arguments() {
    for file in files().into_iter().filter(|file| file.path.ends_with(".ini")) {
        for section in ["/settings/NRPE/server", "/settings/external scripts"] {
            let forbids = (section.to_owned(), "allow arguments".to_owned(), "false".to_owned());
            assert!(entries(&file.content).contains(&forbids), "{}: {section}", file.path);
        }
    }
}

/// Panics unless the first word is a plugin and it understands the others.
#[cfg(test)]
fn parse(words: &[String]) {
    let program = words[0].rsplit(['\\', '/']).next().unwrap_or_default().trim_end_matches(".exe");
    let plugin = crate::plugins::all().into_iter().find(|plugin| plugin.about.name == program);
    let plugin = plugin.unwrap_or_else(|| panic!("{words:?} runs no plugin"));
    plugin.command.try_get_matches_from(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
}
