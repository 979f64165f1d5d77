//! Does each plugin understand the command lines of the schedulers' files? Parsed as the plugin does, with macros filled in.

use check_um::checks;
use check_um_generate::register::services;
use check_um_generate::sip_server;
use check_um_generate::zabbix::{command, facts};

use super::committed;

#[test]
fn every_command_of_nagios_is_understood() {
    let text = committed("nagios/commands.cfg");
    let lines: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("command_line")).collect();
    let direct = lines.iter().filter_map(|line| line.trim().strip_prefix("$USER1$/check_um_"));
    let mut asked = 0;
    for line in direct {
        let words = line.split_whitespace().filter(|word| *word != "$ARG1$" && !word.starts_with("$_HOST"));
        // What a host says in its own variable, without which there is no question.
        let whom = match line.split(' ').next() {
            Some("ad_ds") => "-H dc1.example.com",
            Some("sip_options") if line.contains(" --srv ") => "-H example.com",
            Some("call_routing") => "-u sip:5000@cas1.example.com",
            _ => "",
        };
        understood(&format!(
            "check_um_{} {whom}",
            words.collect::<Vec<_>>().join(" ").replace("$HOSTADDRESS$", "192.0.2.7")
        ));
        asked += 1;
    }
    assert!(asked >= 4, "{asked} plugins that Nagios asks itself");
}

#[test]
fn every_command_of_an_agent_is_understood() {
    let mut asked = 0;
    for file in ["agents/nrpe.cfg", "agents/nsclient.ini", "agents/snclient.ini"] {
        for line in committed(file).lines().filter(|line| !line.starts_with(['#', ';'])) {
            let Some(start) = line.find("check_um_").filter(|_| line.contains('=')) else { continue };
            understood(&line[start..].replace(".exe", "").replace(['"', '\''], ""));
            asked += 1;
        }
    }
    assert!(asked >= 10, "{asked} commands");
}

#[test]
fn every_item_of_zabbix_is_understood() {
    for check in services().chain(sip_server::services()) {
        let parameters = facts::parameters(check);
        // The interface of a domain has its name.
        let host = if check.arguments.contains(&("--srv", "")) { "example.com" } else { "192.0.2.7" };
        let mut words = vec![check.plugin.to_owned()];
        for word in command::argv(check) {
            let parameter = parameters.iter().find(|parameter| parameter.macro_name == word);
            match word.as_str() {
                "{HOST.CONN}" => words.push(host.to_owned()),
                _ if word.starts_with("{$UM.OPTION") => {}
                _ if word.starts_with("{$UM.TIMEOUT") => words.push("5".to_owned()),
                _ => words.push(parameter.map_or(word.clone(), |parameter| parameter.default.clone())),
            }
        }
        understood(&words.join(" "));
    }
}

/// Panics unless the plugin takes the line; that only Windows has an answer is no fault of it.
#[track_caller]
fn understood(line: &str) {
    let words: Vec<_> = line.split_whitespace().collect();
    let entry = checks::ALL.iter().find(|entry| entry.about.name == words[0]);
    let entry = entry.unwrap_or_else(|| panic!("{line}: no plugin {}", words[0]));
    let error = entry.parse(words.iter().map(Into::into).collect()).err().filter(|error| !error.contains("Windows"));
    assert_eq!(error, None, "{line}");
}
