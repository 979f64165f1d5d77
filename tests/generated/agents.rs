//! Does a plugin take every command line that the agents' files hold?

use check_um::checks::schedule::{ScheduledService, Vantage};
use check_um_generate::register::{plugins, services};
use check_um_generate::{File, agents};

use super::committed;

#[test]
fn every_command_of_a_windows_agent_is_one_of_its_plugin() {
    let is_agents = |check: &&ScheduledService| check.vantage == Vantage::Agent;
    let names: Vec<_> = services().filter(is_agents).map(|check| check.name).collect();
    for file in ini_files() {
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
    let nrpe = committed("agents/nrpe.cfg");
    // A call is for somebody to allow: its line is a comment.
    let lines = nrpe.lines().map(|line| line.strip_prefix('#').unwrap_or(line));
    let commands = lines.filter_map(|line| line.strip_prefix("command[")?.split_once("]="));
    let parsed = commands.map(|(name, command)| {
        assert!(!command.contains([';', '$', '"', '\'']), "{name}: {command}");
        parse(&split(command));
        name
    });
    assert_eq!(parsed.count(), services().count());
}

#[test]
fn no_windows_agent_takes_arguments() {
    for file in ini_files() {
        for section in ["/settings/NRPE/server", "/settings/external scripts"] {
            let forbids = (section.to_owned(), "allow arguments".to_owned(), "false".to_owned());
            assert!(entries(&file.content).contains(&forbids), "{}: {section}", file.path);
        }
    }
}

/// The files of the agents on Windows.
fn ini_files() -> impl Iterator<Item = File> {
    agents::files().unwrap().into_iter().filter(|file| file.path.ends_with(".ini"))
}

/// Panics unless the first word is a plugin and it understands the others.
fn parse(words: &[String]) {
    let program = words[0].rsplit(['\\', '/']).next().unwrap_or_default().trim_end_matches(".exe");
    let plugin = plugins().into_iter().find(|plugin| plugin.about.name == program);
    let plugin = plugin.unwrap_or_else(|| panic!("{words:?} runs no plugin"));
    plugin.command.try_get_matches_from(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
}

/// The words of a command as NSClient++ and SNClient take it apart: at blanks, unless they stand in double quotes.
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
