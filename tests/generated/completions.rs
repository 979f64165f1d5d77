//! Does each shell propose every option and every choice, and read the script as it was meant? Asked of the shells.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

use check_um_generate::completions::{Shell, path};
use check_um_generate::register::{Plugin, plugins};
use clap::Arg;

use crate::support::{root, skipped};

#[test]
fn bash_proposes_every_option_and_choice() {
    for plugin in every_plugin() {
        let name = plugin.about.name;
        // As it is typed where no plugin is in the search path.
        let typed = format!("/usr/lib/nagios/plugins/{name}");
        let script = script(name, Shell::Bash);
        let propose = |words: &[&str]| {
            let (before, cursor) = (words[..words.len() - 1].join(" "), words.len() - 1);
            let current = words[cursor];
            let asked = format!(
                "source '{}'; COMP_WORDS=({before} '{current}'); COMP_CWORD={cursor}; _{name} {typed} '{current}' {}
                printf '%s\\n' \"${{COMPREPLY[@]}}\"",
                script.display(),
                words[cursor - 1]
            );
            shell("bash", &asked)
        };
        let Some(options) = propose(&[&typed, "--"]) else { return };
        assert_eq!(options, long_options(&plugin), "{name}");
        for (option, choices) in choices(&plugin) {
            assert_eq!(propose(&[&typed, &option, ""]).unwrap(), choices, "{name} {option}");
        }
    }
}

#[test]
fn fish_proposes_every_option_and_choice() {
    for plugin in every_plugin() {
        let name = plugin.about.name;
        let script = script(name, Shell::Fish);
        let propose = |line: &str| {
            let lines = shell("fish", &format!("source '{}'; complete -C '{name} {line}'", script.display()))?;
            Some(lines.iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>())
        };
        let Some(mut options) = propose("--") else { return };
        // It offers a name with a value once more with an equals sign.
        options.retain(|option| !option.ends_with('='));
        assert_eq!(sorted(options), sorted(long_options(&plugin)), "{name}");
        for (option, choices) in choices(&plugin) {
            assert_eq!(sorted(propose(&format!("{option} ")).unwrap()), sorted(choices), "{name} {option}");
        }
        assert!(propose("").unwrap().is_empty(), "{name}: the files of the directory are offered");
    }
}

#[test]
fn zsh_reads_every_option_and_choice_as_it_was_meant() {
    for plugin in every_plugin() {
        let name = plugin.about.name;
        let script = script(name, Shell::Zsh);
        // What the script hands to zsh's own function, one specification in a record.
        let asked = format!(
            "_arguments() {{ printf '%s\\036' \"$@\"; }}; compdef() {{ :; }}; source '{}'; _{name}",
            script.display()
        );
        let Some(lines) = shell("zsh", &asked) else { return };
        let records = lines.join("\n");
        let specifications: Vec<_> = records.split('\u{1e}').filter_map(Specification::read).collect();
        for option in long_options(&plugin) {
            let one = specifications.iter().find(|one| one.option == option);
            let one = one.unwrap_or_else(|| panic!("{name}: no {option} in {records}"));
            let wanted = choices(&plugin).into_iter().find(|(named, _)| *named == option);
            match wanted {
                Some((_, choices)) => assert_eq!(one.choices(), choices, "{name} {option}"),
                None => assert!(["", "_files", "_hosts"].contains(&one.action.as_str()), "{name}: {one:?}"),
            }
        }
        assert!(!records.contains("\u{1e}REGEX"), "{name}: a specification in two pieces: {records}");
    }
}

/// An option as zsh's `_arguments` takes it: `--name=[help]:message:action`.
#[derive(Debug)]
struct Specification {
    option: String,
    action: String,
}

impl Specification {
    /// `None` of what is no long option.
    fn read(text: &str) -> Option<Self> {
        // What it excludes stands before it, in parentheses.
        let text = text.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(text, |(_, rest)| rest);
        let (option, rest) = text.trim_start_matches('*').split_once('[')?;
        let option = option.trim_end_matches(['=', '+']).to_owned();
        let after = unescaped(rest, ']').map_or("", |end| &rest[end + 1..]);
        let mut fields = after.trim_start_matches(':').splitn(2, ':');
        let (_message, action) = (fields.next(), fields.next().unwrap_or_default().to_owned());
        option.starts_with("--").then_some(Self { option, action })
    }

    /// The values of `((value\:"what it is" ...))`.
    fn choices(&self) -> Vec<String> {
        let inside = self.action.trim_start_matches("((").trim_end_matches("))");
        inside.lines().map(|line| line.split("\\:").next().unwrap().to_owned()).collect()
    }
}

/// Where `end` stands first without a backslash before it.
fn unescaped(text: &str, end: char) -> Option<usize> {
    let mut before = ' ';
    text.char_indices().find_map(|(index, letter)| {
        let is_end = letter == end && before != '\\';
        before = letter;
        is_end.then_some(index)
    })
}

/// The lines that the shell prints, `None` where it is not there.
fn shell(name: &str, asked: &str) -> Option<Vec<String>> {
    let mut command = Command::new(name);
    if name == "zsh" {
        command.arg("-f");
    }
    // fish writes what it knows of its user there.
    let home = tempfile::tempdir().unwrap();
    let output = command.args(["-c", asked]).env("HOME", home.path()).output();
    if output.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        skipped(&format!("{name} is not installed"));
        return None;
    }
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    Some(said.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect())
}

fn script(plugin: &str, shell: Shell) -> PathBuf {
    root().join(path(plugin, shell))
}

fn every_plugin() -> Vec<Plugin> {
    let mut plugins = plugins();
    plugins.iter_mut().for_each(|plugin| plugin.command.build());
    plugins
}

fn long_options(plugin: &Plugin) -> Vec<String> {
    visible(plugin).filter_map(|option| Some(format!("--{}", option.get_long()?))).collect()
}

/// The options that have choices, with them.
fn choices(plugin: &Plugin) -> Vec<(String, Vec<String>)> {
    let named = |option: &Arg| {
        let values = option.get_possible_values();
        let names: Vec<_> = values.iter().map(|value| value.get_name().to_owned()).collect();
        let has_choices = option.get_action().takes_values() && !names.is_empty();
        has_choices.then_some((format!("--{}", option.get_long()?), names))
    };
    visible(plugin).filter_map(named).collect()
}

fn visible(plugin: &Plugin) -> impl Iterator<Item = &Arg> {
    plugin.command.get_arguments().filter(|option| !option.is_hide_set())
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort();
    words
}
