//! Is every plugin complete, and does it carry the same name everywhere? Fails and names the place where not.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use check_um::options::usage;
use check_um_generate::register::plugins;
use clap::error::ErrorKind;
use support::root;

/// The most lines of a source file: a reader keeps no more in mind.
const MAX_LINES: usize = 400;

/// Directories that hold no source of ours.
const FOREIGN: &[&str] = &["target", ".git", "corpus", "artifacts"];

#[test]
fn every_plugin_has_its_five_places() {
    let (manifest, readme) = (read("Cargo.toml"), read("README.md"));
    let icinga = read("integrations/icinga2/um-commands.conf");
    for name in support::plugins() {
        let bin = format!("[[bin]]\nname = \"{name}\"\npath = \"plugins/{name}.rs\"\n");
        assert!(manifest.contains(&bin), "Cargo.toml: no [[bin]] for plugins/{name}.rs");
        let tests = [format!("tests/{name}.rs"), format!("tests/{name}/main.rs")];
        assert!(tests.iter().any(|place| root().join(place).is_file()), "{} is missing", tests[0]);
        for place in [format!("man/{name}.1"), format!("man/sections/{name}.roff")] {
            assert!(root().join(&place).is_file(), "{place} is missing");
        }
        let row = format!("| [`{name}`](man/{name}.1) |");
        assert!(readme.contains(&row), "README.md: no row that begins with {row}");
        let command = format!("command = [ PluginDir + \"/{name}\"");
        assert!(icinga.contains(&command), "integrations/icinga2/um-commands.conf: no {command}");
    }
}

#[test]
fn every_place_has_its_plugin() {
    let known = support::plugins();
    for (directory, extension) in [("man", "1"), ("man/sections", "roff")] {
        for path in
            files(&root().join(directory)).iter().filter(|path| path.extension().is_some_and(|e| e == extension))
        {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(known.contains(&name.as_str()), "{}: no plugins/{name}.rs", path.display());
        }
    }
    let started = files(&root().join("plugins"));
    let mut started: Vec<_> = started.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
    started.sort_unstable();
    assert_eq!(started, known, "src/checks/mod.rs and plugins/ differ");
}

#[test]
fn every_plugin_says_its_own_name() {
    for plugin in plugins() {
        let name = plugin.about.name;
        assert_eq!(plugin.command.get_name(), name, "{name}: the name of its command");
        let title = plugin.about.title;
        assert!(title.starts_with("UM ") && title.to_uppercase() == title, "{name}: the title {title}");
    }
}

#[test]
fn every_plugin_begins_with_its_state_table() {
    for name in support::plugins() {
        let place = check_of(name);
        let source = read(&place);
        let head: String = source.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
        for state in ["OK", "WARNING", "CRITICAL", "UNKNOWN"] {
            assert!(head.contains(&format!("//! | {state}")), "{place}: no {state} in the state table above");
        }
    }
}

#[test]
fn every_refused_value_is_told_what_was_expected() {
    for mut plugin in plugins() {
        plugin.command.build();
        for name in plugin.command.get_arguments().filter_map(|option| option.get_long()) {
            let parsed = plugin.command.clone().try_get_matches_from([plugin.about.name, &format!("--{name}=%%")]);
            let Err(error) = parsed else { continue };
            if error.kind() == ErrorKind::ValueValidation {
                let said = usage::explain(&error).to_string();
                assert!(said.contains("expected"), "{}: {said}", plugin.about.name);
            }
        }
    }
}

#[test]
fn every_option_has_a_sentence_and_a_known_place() {
    for mut plugin in plugins() {
        plugin.command.build();
        for option in plugin.command.get_arguments() {
            let name = option.get_id();
            assert!(!option.is_positional(), "{}: {name} is positional", plugin.about.name);
            let help = option.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.len() > 2, "{}: --{name} has no help", plugin.about.name);
            assert!(
                !help.ends_with('.') && !help.contains('\n'),
                "{}: --{name}: one sentence, no full stop",
                plugin.about.name
            );
        }
    }
}

#[test]
fn the_hand_written_sections_name_real_options_only() {
    for mut plugin in plugins() {
        plugin.command.build();
        let place = format!("man/sections/{}.roff", plugin.about.name);
        let known: Vec<_> = plugin.command.get_arguments().filter_map(|option| option.get_long()).collect();
        for named in options_in(&read(&place).replace("\\-", "-")) {
            assert!(known.contains(&named.as_str()), "{place}: there is no --{named}");
        }
    }
}

#[test]
fn what_is_no_check_exits_3_with_one_report() {
    // Without a word of whom to ask, some plugins ask Windows about itself.
    let nothing = if cfg!(windows) { None } else { Some("") };
    let others = ["--help", "-h", "--version", "-V", "--bogus", "stray", "-t", "-t 0", "-H", "--output yaml"];
    for name in support::plugins() {
        for arguments in nothing.into_iter().chain(others) {
            let outcome = support::run(name, arguments);
            outcome.assert_exit(3);
            let is_text = arguments.starts_with("--help") || matches!(arguments, "-h" | "-V" | "--version");
            if !is_text {
                outcome.assert_text(3);
                assert_eq!(outcome.stdout.lines().count(), 1, "{name} {arguments}: {outcome:?}");
            }
        }
        support::run(name, "--version").assert_says(&format!("{name} {}", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_usage_error_comes_in_the_format_asked_for() {
    for name in support::plugins() {
        let json = support::run(name, "--output json --bogus");
        json.assert_exit(3).assert_json("UNKNOWN");
        let scom = support::run(name, "--bogus --output=scom");
        scom.assert_exit(3).assert_scom("UNKNOWN");
    }
}

#[test]
fn no_source_file_is_longer_than_a_reader_bears() {
    for path in sources() {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{}: {lines} lines, at most {MAX_LINES}", path.display());
    }
}

#[test]
fn every_source_file_begins_with_the_question_it_answers() {
    for path in sources() {
        let source = fs::read_to_string(&path).unwrap();
        assert!(source.starts_with("//! "), "{}: its first line is not `//! `", path.display());
    }
}

/// The check of a plugin.
fn check_of(name: &str) -> String {
    format!("src/checks/{}.rs", name.trim_start_matches("check_um_"))
}

fn read(place: &str) -> String {
    fs::read_to_string(root().join(place)).unwrap_or_else(|error| panic!("{place}: {error}"))
}

/// Every Rust file of the package.
fn sources() -> Vec<PathBuf> {
    let mut sources = files(root());
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    assert!(sources.len() > 20, "where are the sources?");
    sources
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        match path.is_dir() {
            true if FOREIGN.contains(&name) => {}
            true => files.extend(self::files(&path)),
            false => files.push(path),
        }
    }
    files
}

/// The long options that a text names.
fn options_in(text: &str) -> Vec<String> {
    let after_dashes = text.split("--").skip(1);
    let names = after_dashes.map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect());
    names.filter(|name: &String| !name.is_empty()).collect()
}
