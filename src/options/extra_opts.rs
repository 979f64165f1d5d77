//! Which options does an ini file add? `--extra-opts=[section][@file]`, in the Monitoring Plugins' format.
//!
//! A section's entries stand before the command line's own options, so that those win. The keys `password`, `passphrase` and
//! `bearer-token` are secrets; they exist nowhere but here and never become arguments. A file named `-` is standard input.
//! Stricter than there: a section that is not in the file is an error, not the plugin's own instead.
//!
//! No error shows a word of the file: an agent that runs a plugin for others must not be made to read files to them.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{env, io};

use clap::{Arg, ArgAction, Command};

use super::ini::{self, IniEntry, IniError};
use super::secret::Secrets;
use super::usage::UsageError;
use crate::input::file;
use crate::time::stage;

/// A command line, and the sections that it names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Split {
    /// The arguments, program name first, without `--extra-opts`.
    pub own: Vec<String>,
    /// What each `--extra-opts` says, `[SECTION][@FILE]`.
    pub selectors: Vec<String>,
}

/// What sections add to a command line.
#[derive(Debug, Default)]
pub(super) struct Sections {
    /// Arguments that stand before the command line's own.
    arguments: Vec<SectionArgument>,
    pub secrets: Secrets,
    /// The files that they are in.
    pub files: Vec<PathBuf>,
    /// The first thing that is wrong with them: what else they say is there all the same.
    pub mistake: Option<UsageError>,
}

/// What one entry adds to a command line.
#[derive(Clone, Debug)]
struct SectionArgument {
    key: String,
    argument: String,
    path: Rc<Path>,
    line: usize,
}

impl Sections {
    /// Reads one section. Once something is wrong, all that still counts is how that is to be said.
    fn take_in(&mut self, selector: &str, arguments: &mut Arguments<'_>) -> Result<(), UsageError> {
        let (section, path) =
            selector.split_once('@').map_or((selector, None), |(section, path)| (section, Some(path)));
        let section = if section.is_empty() { arguments.command.get_name() } else { section };
        let path = match path {
            Some("") => return Err(UsageError::NoIniFileNamed),
            Some(path) => PathBuf::from(path),
            None => default_file()?,
        };
        let path: Rc<Path> = path.into();
        let (entries, mut mistake) = section_of(&path, section)?;
        for entry in entries {
            match entry.key.as_str() {
                "password" => self.secrets.password = entry.value,
                "passphrase" => self.secrets.passphrase = entry.value,
                "bearer-token" => self.secrets.bearer_token = entry.value,
                key if mistake.is_some() => {
                    if PRESENTATION.contains(&key) {
                        arguments.push(&entry, &path);
                    }
                }
                // Whoever writes it means options that he would never miss.
                "extra-opts" => {
                    let expected = "no extra-opts, which are on the command line only".to_owned();
                    mistake = Some(UsageError::IniLine { path: path.to_path_buf(), line: entry.line, expected });
                }
                _ => mistake = arguments.add(&entry, &path).err(),
            }
        }
        self.files.push(path.to_path_buf());
        mistake.map_or(Ok(()), Err)
    }

    pub(super) const fn are_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// The command line `own`, program name first, with the arguments of the sections in front.
    pub(super) fn in_front_of(&self, own: &[String]) -> Vec<String> {
        self.without(&[], own)
    }

    /// The key without whose entries `is_fine` holds of the command line, if there is one. Where several have to go, the last of
    /// them: whoever mends that is told of the others.
    pub(super) fn culprit(&self, own: &[String], is_fine: &mut dyn FnMut(&[String]) -> bool) -> Option<String> {
        let keys: BTreeSet<_> = self.arguments.iter().map(|it| it.key.as_str()).collect();
        let keys: Vec<_> = keys.into_iter().collect();
        let alone = (0..keys.len()).map(|place| place..place + 1);
        let mut left_out = alone.chain((2..=keys.len()).map(|count| 0..count));
        let left_out = left_out.find(|places| is_fine(&self.without(&keys[places.clone()], own)))?;
        keys[left_out].last().map(|key| (*key).to_owned())
    }

    /// Has the entries of a key yield.
    pub(super) fn drop(&mut self, key: &str) {
        self.arguments.retain(|it| it.key != key);
    }

    /// The error of an entry of this key.
    pub(super) fn error_of(&self, key: &str, expected: &str) -> Option<UsageError> {
        let it = self.arguments.iter().find(|it| it.key == key)?;
        Some(UsageError::IniLine { path: it.path.to_path_buf(), line: it.line, expected: expected.to_owned() })
    }

    fn without(&self, keys: &[&str], own: &[String]) -> Vec<String> {
        let (program, own) = own.split_at(own.len().min(1));
        let added = self.arguments.iter().filter(|it| !keys.contains(&it.key.as_str())).map(|it| &it.argument);
        program.iter().chain(added).chain(own).cloned().collect()
    }
}

/// Tells `--extra-opts` from the other arguments. There are no positional ones: a word behind it is its value.
pub(super) fn split(argv: Vec<String>) -> Split {
    let mut split = Split::default();
    let mut arguments = argv.into_iter().peekable();
    while let Some(argument) = arguments.next() {
        if argument == NAME {
            split.selectors.push(arguments.next_if(|next| !next.starts_with('-')).unwrap_or_default());
        } else if let Some(selector) = argument.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('=')) {
            split.selectors.push(selector.to_owned());
        } else {
            split.own.push(argument);
        }
    }
    split
}

/// Reads the sections that `selectors` name. What excludes an option that is `given` on the command line yields to it.
pub(super) fn read(selectors: &[String], command: &Command, given: &[&str]) -> Sections {
    let mut sections = Sections::default();
    let mut arguments = Arguments { command, given, known: HashMap::new(), found: Vec::new() };
    for selector in selectors {
        let taken_in = sections.take_in(selector, &mut arguments);
        sections.mistake = sections.mistake.or(taken_in.err());
    }
    sections.arguments = arguments.in_order();
    sections
}

/// Whether a file has a section of this name, or something else is wrong with it that whoever reads it will say.
pub(crate) fn has_section(path: &Path, section: &str) -> bool {
    let text = file::read(path, MAX_FILE).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    text.map_or(true, |text| ini::entries(&text, section) != Err(IniError::NoSection))
}

/// The sections of a file that meet a condition: the line of each header, from 1, and its name. None where the file cannot be
/// read, which whoever reads it will say.
pub(crate) fn sections_of(path: &Path, mut is_meant: impl FnMut(&str) -> bool) -> Vec<(usize, String)> {
    let Ok(bytes) = file::read(path, MAX_FILE) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    ini::headers(&text).filter(|(_, name)| is_meant(name)).map(|(line, name)| (line, name.to_owned())).collect()
}

/// The line of a key in a section of a file, if it is there.
pub(crate) fn line_of(path: &Path, section: &str, key: &str) -> Option<usize> {
    let bytes = file::read(path, MAX_FILE).ok()?;
    let entries = ini::entries(&String::from_utf8_lossy(&bytes), section).ok()?;
    entries.into_iter().find(|entry| entry.key == key).map(|entry| entry.line)
}

/// The arguments that entries become, each sure to parse: otherwise an error would be about text of the file.
struct Arguments<'a> {
    command: &'a Command,
    /// The ids of the options on the command line.
    given: &'a [&'a str],
    /// What is known of a key, as soon as one entry has had it.
    known: HashMap<String, Known>,
    found: Vec<SectionArgument>,
}

/// An option, as far as an entry is concerned.
struct Known {
    /// A command line of this option alone.
    alone: Command,
    /// Each time counts, not only the last one.
    is_repeatable: bool,
    /// It excludes what stands on the command line.
    yields: bool,
    /// The value that was found good last.
    checked: Option<Option<String>>,
}

impl Arguments<'_> {
    fn add(&mut self, entry: &IniEntry, path: &Rc<Path>) -> Result<(), UsageError> {
        let wrong = || {
            let expected = format!("an option of {} with a value that it takes", self.command.get_name());
            UsageError::IniLine { path: path.to_path_buf(), line: entry.line, expected }
        };
        if !self.known.contains_key(&entry.key) {
            let known = self.known(&entry.key).ok_or_else(wrong)?;
            self.known.insert(entry.key.clone(), known);
        }
        let known = self.known.get_mut(&entry.key).ok_or_else(wrong)?;
        if known.checked.as_ref() != Some(&entry.value) {
            let bare = IniEntry { key: "option".to_owned(), ..entry.clone() };
            known.alone.try_get_matches_from_mut(["", &bare.argument()]).map_err(|_| wrong())?;
            known.checked = Some(entry.value.clone());
        }
        if !known.yields {
            self.push(entry, path);
        }
        Ok(())
    }

    fn push(&mut self, entry: &IniEntry, path: &Rc<Path>) {
        let (key, argument) = (entry.key.clone(), entry.argument());
        self.found.push(SectionArgument { key, argument, path: path.clone(), line: entry.line });
    }

    fn known(&self, key: &str) -> Option<Known> {
        let mut letters = key.chars();
        let short = letters.next().filter(|_| letters.next().is_none());
        let is_meant = |option: &&Arg| match short {
            Some(_) => option.get_short() == short,
            None => option.get_long() == Some(key),
        };
        let option = self.command.get_arguments().find(is_meant)?;
        let yields = self.command.get_arguments().filter(|other| self.given.contains(&other.get_id().as_str()));
        let yields = yields.into_iter().any(|other| exclude_each_other(self.command, option, other));
        let is_repeatable = matches!(option.get_action(), ArgAction::Append | ArgAction::Count);
        Some(Known { alone: alone(option), is_repeatable, yields, checked: None })
    }

    /// Each argument that counts: of an option that takes one value, the last one.
    fn in_order(self) -> Vec<SectionArgument> {
        let mut later = BTreeSet::new();
        let counts = |key: &String| self.known.get(key).is_some_and(|known| known.is_repeatable);
        let last = self.found.iter().rev().filter(|it| counts(&it.key) || later.insert(&it.key));
        let mut arguments: Vec<_> = last.cloned().collect();
        arguments.reverse();
        arguments
    }
}

/// A command line that knows this option only, as `--option`, without what binds it to others.
fn alone(option: &Arg) -> Command {
    let mut bare =
        Arg::new("option").action(option.get_action().clone()).value_parser(option.get_value_parser().clone());
    bare = bare.allow_hyphen_values(option.is_allow_hyphen_values_set()).require_equals(option.is_require_equals_set());
    bare = option.get_num_args().map_or(bare.clone(), |count| bare.num_args(count));
    bare = option.get_value_delimiter().map_or(bare.clone(), |delimiter| bare.value_delimiter(delimiter));
    Command::new("")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .arg(bare.long("option"))
}

/// Whether only one of them may be given: as one says of the other, or as both are of a group.
fn exclude_each_other(command: &Command, one: &Arg, other: &Arg) -> bool {
    let says = |one: &Arg, other: &Arg| command.get_arg_conflicts_with(one).contains(&other);
    let mut groups = command.get_groups().filter(|group| !(*group).clone().is_multiple());
    let are_in_a_group = groups.any(|group| [one, other].iter().all(|it| group.get_args().any(|id| id == it.get_id())));
    one.get_id() != other.get_id() && (says(one, other) || says(other, one) || are_in_a_group)
}

/// The entries of a section, and what is wrong with a line of it: then those above that line.
fn section_of(path: &Path, section: &str) -> Result<(Vec<IniEntry>, Option<UsageError>), UsageError> {
    let _stage = stage::enter_file(format!("reading {} (--extra-opts)", path.display()));
    let unreadable = |reason: String| UsageError::Unreadable { path: path.to_owned(), reason };
    let bytes = match path.to_str() {
        Some("-") => file::bounded(io::stdin().lock(), path, MAX_FILE),
        _ => file::read(path, MAX_FILE),
    };
    let bytes = bytes.map_err(|error| unreadable(error.reason()))?;
    let line =
        |line, expected: &str| UsageError::IniLine { path: path.to_owned(), line, expected: expected.to_owned() };
    let text = String::from_utf8_lossy(&bytes);
    let (number, mistake) = match ini::entries(&text, section) {
        Ok(entries) => return Ok((entries, None)),
        Err(IniError::NoSection) => {
            return Err(UsageError::NoSection { path: path.to_owned(), section: section.to_owned() });
        }
        Err(IniError::BadLine(number)) => (number, line(number, "'key = value' or a comment")),
        Err(IniError::BadHeader(number)) => (number, line(number, "[section], and nothing but a comment behind it")),
    };
    let above: Vec<_> = text.lines().take(number - 1).collect();
    Ok((ini::entries(&above.join("\n"), section).unwrap_or_default(), Some(mistake)))
}

fn default_file() -> Result<PathBuf, UsageError> {
    if let Some(path) = env::var_os("MP_CONFIG_FILE") {
        return Ok(path.into());
    }
    let directories = env::var_os("NAGIOS_CONFIG_PATH").unwrap_or_default();
    let named = env::split_paths(&directories).flat_map(|directory| named_in(&directory));
    let mut candidates = named.filter(|path| path.is_absolute()).chain(platform::default_files());
    candidates.find(|path| path.is_file()).ok_or(UsageError::NoIniFile(platform::EXAMPLE))
}

fn named_in(directory: &Path) -> Vec<PathBuf> {
    DEFAULT_NAMES.iter().map(|name| directory.join(name)).collect()
}

#[cfg(unix)]
mod platform {
    use std::path::PathBuf;

    /// Where an ini file is looked for when `--extra-opts` names none: the Monitoring Plugins' own places, in their order.
    pub(super) fn default_files() -> impl Iterator<Item = PathBuf> {
        FILES.iter().map(PathBuf::from)
    }

    pub(super) const EXAMPLE: &str = FILES[2];

    const FILES: &[&str] = &[
        "/usr/local/etc/monitoring-plugins/monitoring-plugins.ini",
        "/usr/local/etc/monitoring-plugins.ini",
        "/etc/monitoring-plugins/monitoring-plugins.ini",
        "/etc/monitoring-plugins.ini",
        "/etc/nagios/plugins.ini",
        "/usr/local/nagios/etc/plugins.ini",
        "/usr/local/etc/nagios/plugins.ini",
        "/etc/opt/nagios/plugins.ini",
        "/etc/nagios-plugins.ini",
        "/usr/local/etc/nagios-plugins.ini",
        "/etc/opt/nagios-plugins.ini",
    ];
}

#[cfg(windows)]
mod platform {
    use std::env;
    use std::path::PathBuf;

    use super::named_in;

    /// The Monitoring Plugins have no places there. Beside the plugin: who may write there could replace that as well.
    pub(super) fn default_files() -> impl Iterator<Item = PathBuf> {
        let plugin = env::current_exe().ok();
        plugin.as_deref().and_then(|plugin| plugin.parent()).map(named_in).unwrap_or_default().into_iter()
    }

    pub(super) const EXAMPLE: &str = "plugins.ini beside the plugin";
}

/// The most of an ini file, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

const NAME: &str = "--extra-opts";

/// The keys that say how whatever is wrong with the others is shown.
const PRESENTATION: &[&str] = &["output", "single-line", "exit-ok"];

/// The names of an ini file in a directory.
const DEFAULT_NAMES: &[&str] = &["monitoring-plugins.ini", "plugins.ini", "nagios-plugins.ini"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_behind_the_option_is_its_value() {
        let split = |line: &str| split(line.split(' ').map(str::to_owned).collect());
        let selectors = |line: &str| split(line).selectors;
        assert_eq!(selectors("x --extra-opts"), [""]);
        assert_eq!(selectors("x --extra-opts=s@f --extra-opts @g -H a"), ["s@f", "@g"]);
        assert_eq!(split("x --extra-opts -H a --extra-opts-not").own, ["x", "-H", "a", "--extra-opts-not"]);
    }

    #[test]
    fn a_directory_may_hold_its_ini_file_under_three_names() {
        let names = ["etc/monitoring-plugins.ini", "etc/plugins.ini", "etc/nagios-plugins.ini"];
        assert_eq!(named_in(Path::new("etc")), names.map(PathBuf::from));
    }

    #[test]
    fn the_file_that_nobody_named_is_one_that_is_there() {
        match default_file() {
            // Whoever runs this may have named one.
            Ok(path) => assert!(path.is_file() || env::var_os("MP_CONFIG_FILE").is_some(), "{}", path.display()),
            Err(error) => assert!(matches!(error, UsageError::NoIniFile(_)), "{error}"),
        }
    }
}
