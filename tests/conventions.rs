//! Is every check complete, and does it carry the same name everywhere? Fails and names each place where not.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use call_router::scene::Condition;
use call_router::scenes::{self, SCENES};
use check_um::checks;
use check_um::door::options::explain;
use check_um_generate::register::plugins;
use clap::error::ErrorKind;
use support::root;

/// The most lines of a source file: a reader keeps no more in mind.
const MAX_LINES: usize = 400;

/// Directories that hold no source of ours.
const FOREIGN: &[&str] = &["target", ".git", "corpus", "artifacts"];

#[test]
fn every_check_has_all_its_places() {
    let missing: Vec<_> = known().iter().flat_map(|check| check.missing()).collect();
    assert!(missing.is_empty(), "{} places are missing:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn every_plugin_says_its_own_name() {
    for plugin in plugins() {
        let name = plugin.about.name;
        assert_eq!(plugin.command.get_name(), name, "{name}: the name of its command");
        let title = plugin.about.title;
        assert!(title.starts_with("UM ") && title.to_uppercase() == title, "{name}: the title {title}");
        assert!(!plugin.about.stands_for.monitor.is_empty(), "{name}: no monitor that it stands for");
    }
}

#[test]
fn every_class_of_failure_has_its_advice() {
    for plugin in plugins() {
        for class in plugin.about.classes() {
            let advice = plugin.about.advise(Some(class));
            assert!(!advice.is_empty(), "{}: no advice on {class:?}", plugin.about.name);
        }
    }
}

#[test]
fn every_check_begins_with_its_state_table() {
    for check in known() {
        let place = check.source();
        let source = there(&place);
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
                let said = explain(&error, &plugin.command, &[]).to_string();
                assert!(said.contains("expected"), "{}: {said}", plugin.about.name);
            }
        }
    }
}

#[test]
fn every_option_that_a_check_rewords_is_one_that_it_has() {
    let mut reworded = 0;
    for entry in checks::ALL {
        let source = there(&format!("src/checks/{}.rs", entry.about.name.trim_start_matches("check_um_")));
        let mut command = (entry.command)();
        command.build();
        for list in quoted_behind(&source, "reworded(option, &[", ']') {
            for id in quoted_behind(&list, "(\"", '"') {
                let is_known = command.get_arguments().any(|option| option.get_id() == id.as_str());
                assert!(is_known, "{}: there is no option {id} to be reworded", entry.about.name);
                reworded += 1;
            }
        }
    }
    assert!(reworded > 0, "nothing is reworded any more: what is this test for?");
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
        for named in options_in(&there(&place).replace("\\-", "-")) {
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
        for asked in ["--help --exit-ok", "--exit-ok -V"] {
            support::run(name, asked).assert_exit(3);
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
        let series = support::run(name, "-H cas1.example.com --output openmetrics --bogus");
        series.assert_exit(3).assert_openmetrics("UNKNOWN");
        assert!(series.stdout.contains("target=\"cas1.example.com"), "{series:?}");
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

#[test]
fn constants_stand_below_the_code_that_uses_them() {
    for path in sources().into_iter().filter(|path| path.starts_with(root().join("src")) && !path.ends_with("tests.rs"))
    {
        let source = fs::read_to_string(&path).unwrap();
        let code = source.split("\n#[cfg(test)]\nmod tests").next().unwrap();
        let begins = |line: &str, words: &[&str]| words.iter().any(|word| line.starts_with(word));
        let constant =
            |line: &&str| begins(line, &["const ", "pub(crate) const ", "pub(super) const "]) && !line.contains("fn ");
        let mut below = code.lines().skip_while(|line| !constant(line)).filter(|line| !line.contains("const fn "));
        let item = below
            .find(|line| begins(line, &["fn ", "async fn ", "impl", "struct ", "enum ", "pub(crate) fn ", "pub fn "]));
        assert_eq!(item, None, "{}: stands below a constant", path.display());
    }
}

/// A check by the name that all its places carry, such as `sip_options`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Check(String);

/// Every check that any of its places knows of.
fn known() -> BTreeSet<Check> {
    let mut names: Vec<String> = checks::ALL.iter().map(|entry| entry.about.name.to_owned()).collect();
    let sources = names_in("src/checks", "rs").into_iter();
    let sources = sources.filter(|name| read(&format!("src/checks/{name}.rs")).contains("\nimpl Check for "));
    names.extend(sources.map(|name| format!("check_um_{name}")));
    for (directory, extension) in [("plugins", "rs"), ("man", "1"), ("man/sections", "roff"), ("tests", "rs")] {
        names.extend(names_in(directory, extension));
    }
    names.extend(
        fs::read_dir(root().join("tests")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()),
    );
    names.extend(quoted_behind(&read("Cargo.toml"), "[[bin]]\nname = \"", '"'));
    names.extend(quoted_behind(&read("README.md"), "| [`", '`'));
    names.extend(SCENES.iter().map(|scene| scene.plugin.to_owned()));
    names
        .iter()
        .filter_map(|name| Some(Check(name.strip_prefix("check_um_")?.trim_end_matches(".rs").to_owned())))
        .collect()
}

impl Check {
    fn plugin(&self) -> String {
        format!("check_um_{}", self.0)
    }

    fn source(&self) -> String {
        format!("src/checks/{}.rs", self.0)
    }

    /// The type of its options: `SipOptions`.
    fn options(&self) -> String {
        let words = self.0.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
        words.collect()
    }

    /// The places where it is not, each with what should stand there.
    fn missing(&self) -> Vec<String> {
        let (name, plugin, options) = (&self.0, self.plugin(), self.options());
        let exactly = format!(
            "//! The plugin `{plugin}`.\n\nfn main() {{\n    check_um::run::<check_um::checks::{options}>()\n}}\n"
        );
        let bin = format!("[[bin]]\nname = \"{plugin}\"\npath = \"plugins/{plugin}.rs\"\ntest = false\n");
        let mut missing: Vec<_> = [
            (self.source(), format!("\nimpl Check for {options} {{")),
            (REGISTER.to_owned(), format!("\nmod {name};\n")),
            (REGISTER.to_owned(), format!("\npub use self::{name}::{options};\n")),
            (REGISTER.to_owned(), format!("\n    entry::<{options}>(),\n")),
            ("Cargo.toml".to_owned(), bin),
            (format!("plugins/{plugin}.rs"), exactly),
            (format!("man/sections/{plugin}.roff"), ".SH STATES\n".to_owned()),
            ("README.md".to_owned(), format!("\n| [`{plugin}`](man/{plugin}.1) |")),
        ]
        .into_iter()
        .filter(|(place, part)| !there(place).contains(part.as_str()))
        .map(|(place, part)| format!("{place}: no {}", part.trim().replace('\n', "\n    ")))
        .collect();
        for generated in [format!("man/{plugin}.1"), "integrations/icinga2/um-commands.conf".to_owned()] {
            if !there(&generated).contains(&plugin) {
                missing.push(format!("{generated}: no {plugin}: cargo run -p check-um-generate"));
            }
        }
        let tests = [format!("tests/{plugin}.rs"), format!("tests/{plugin}/main.rs")];
        if tests.iter().all(|place| there(place).is_empty()) {
            missing.push(format!("{}: no test of {plugin}", tests[0]));
        }
        let entry = checks::ALL.iter().find(|entry| entry.about.name == plugin);
        if entry.is_some_and(|entry| entry.services.is_empty()) {
            missing.push(format!("{}: no service in SERVICES", self.source()));
        }
        missing.extend(self.missing_scenes());
        missing
    }

    /// Each state that it has here, and each service as schedulers' tests want to find it.
    fn missing_scenes(&self) -> Vec<String> {
        let plugin = self.plugin();
        let services =
            checks::ALL.iter().find(|entry| entry.about.name == plugin).map_or(&[][..], |entry| entry.services);
        let lacking =
            (0..=3).filter(|state| !SCENES.iter().any(|scene| (scene.plugin, scene.exit) == (&plugin, *state)));
        let mut missing: Vec<_> =
            lacking.map(|state| format!("{TABLE}: no scene in which {plugin} exits {state}")).collect();
        for service in services {
            let lacking = [Condition::Well, Condition::Failing, Condition::Gone].into_iter();
            let lacking = lacking.filter(|condition| scenes::scene_of(service.name, *condition).is_none());
            missing.extend(lacking.map(|condition| format!("{TABLE}: no scene of {}: {condition:?}", service.name)));
        }
        missing
    }
}

/// Where all checks are named.
const REGISTER: &str = "src/checks/mod.rs";
/// Where all scenes are.
const TABLE: &str = "tools/call-router/src/scenes.rs";

/// The text of a place, empty where there is none.
fn there(place: &str) -> String {
    fs::read_to_string(root().join(place)).unwrap_or_default()
}

/// The names of the files of a directory that end so, without the ending.
fn names_in(directory: &str, extension: &str) -> Vec<String> {
    let paths = fs::read_dir(root().join(directory)).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|known| known == extension));
    paths.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Whatever stands between one of these beginnings and the next end.
fn quoted_behind(text: &str, begin: &str, end: char) -> Vec<String> {
    text.split(begin).skip(1).map(|rest| rest.split(end).next().unwrap().to_owned()).collect()
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
