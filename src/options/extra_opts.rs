//! Which options does an ini file add? `--extra-opts=[section][@file]`, in the Monitoring Plugins' format.
//!
//! A section's `key = value` lines stand before the command line's own options, so that those win: `key` alone is an
//! option without a value, a key of one letter a short option, `#` and `;` begin a comment. The keys `password` and
//! `passphrase` are secrets; they exist nowhere but here and never become arguments.
//!
//! No error shows a word of the file: an agent that runs a plugin for others must not be made to read files to them.

use std::env;
use std::path::{Path, PathBuf};

use super::secret::Secrets;
use super::usage::UsageError;
use super::{Options, command};
use crate::input::file;

/// A command line with its sections in place.
#[derive(Debug)]
pub(crate) struct Expanded {
    /// The arguments, program name first, without `--extra-opts`.
    pub argv: Vec<String>,
    pub secrets: Secrets,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IniEntry {
    /// Its line, from 1.
    pub line: usize,
    /// The key, without leading dashes.
    pub key: String,
    /// What stands behind the `=`, `None` without one.
    pub value: Option<String>,
}

impl IniEntry {
    fn argument(&self) -> String {
        let dashes = if self.key.chars().count() == 1 { "-" } else { "--" };
        match &self.value {
            // A short option takes its value glued to it, so that a value may begin with a dash.
            Some(value) if dashes == "-" => format!("-{}{value}", self.key),
            Some(value) => format!("--{}={value}", self.key),
            None => format!("{dashes}{}", self.key),
        }
    }
}

/// What an ini text can be wrong about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IniError {
    /// A line of the section that is neither a comment nor an entry; its number, from 1.
    BadLine(usize),
    /// The section does not exist.
    NoSection,
}

/// Replaces each `--extra-opts` of `argv` by the options of its section.
pub(crate) fn expand<A: Options>(argv: Vec<String>) -> Result<Expanded, UsageError> {
    let mut secrets = Secrets::default();
    if !argv.iter().any(|argument| is_extra_opts(argument)) {
        return Ok(Expanded { argv, secrets });
    }

    let mut from_files = Vec::new();
    let mut own = Vec::new();
    for argument in argv {
        if !is_extra_opts(&argument) {
            own.push(argument);
            continue;
        }
        let selector = argument.split_once('=').map_or("", |(_, selector)| selector);
        let (section, path) =
            selector.split_once('@').map_or((selector, None), |(section, path)| (section, Some(path)));
        let section = if section.is_empty() { A::ABOUT.name } else { section };
        let path = path.map_or_else(default_file, |path| Ok(PathBuf::from(path)))?;
        for entry in read(&path, section)? {
            match entry.key.as_str() {
                "password" => secrets.password = entry.value,
                "passphrase" => secrets.passphrase = entry.value,
                _ => from_files.push(checked::<A>(&path, &entry)?),
            }
        }
    }
    let behind_program = own.len().min(1);
    own.splice(behind_program..behind_program, from_files);
    Ok(Expanded { argv: own, secrets })
}

/// The entries of one section of an ini text, in their order. A section that is there twice is read as one.
pub fn entries(text: &str, section: &str) -> Result<Vec<IniEntry>, IniError> {
    let mut found = false;
    let mut inside = false;
    let mut entries = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            inside = name.strip_suffix(']').is_some_and(|name| name.trim() == section);
            found |= inside;
            continue;
        }
        if inside {
            entries.push(entry(number, line).ok_or(IniError::BadLine(number))?);
        }
    }
    if found { Ok(entries) } else { Err(IniError::NoSection) }
}

fn entry(line: usize, text: &str) -> Option<IniEntry> {
    let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value.trim())));
    let key = key.trim().trim_start_matches('-');
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let value = value.filter(|value| !value.is_empty()).map(unquoted);
    is_name.then(|| IniEntry { line, key: key.to_owned(), value })
}

/// Without the quotes that some people put around a value.
fn unquoted(value: &str) -> String {
    let inner = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    inner.unwrap_or(value).to_owned()
}

fn is_extra_opts(argument: &str) -> bool {
    argument == "--extra-opts" || argument.starts_with("--extra-opts=")
}

fn read(path: &Path, section: &str) -> Result<Vec<IniEntry>, UsageError> {
    let unreadable = |reason: String| UsageError::Unreadable { path: path.to_owned(), reason };
    let bytes = file::read(path, MAX_FILE).map_err(|error| unreadable(error.reason()))?;
    entries(&String::from_utf8_lossy(&bytes), section).map_err(|error| match error {
        IniError::NoSection => UsageError::NoSection { path: path.to_owned(), section: section.to_owned() },
        IniError::BadLine(line) => {
            UsageError::IniLine { path: path.to_owned(), line, expected: "'key = value' or a comment".to_owned() }
        }
    })
}

/// The entry as an argument, once it is sure to parse: otherwise the error would be about text of the file.
fn checked<A: Options>(path: &Path, entry: &IniEntry) -> Result<String, UsageError> {
    let argument = entry.argument();
    let parsed = command::<A>().try_get_matches_from([A::ABOUT.name, &argument]);
    match parsed.map_err(|error| error.kind()) {
        Ok(_) | Err(clap::error::ErrorKind::MissingRequiredArgument) => Ok(argument),
        Err(_) => {
            let expected = format!("an option of {} with a value that it takes", A::ABOUT.name);
            Err(UsageError::IniLine { path: path.to_owned(), line: entry.line, expected })
        }
    }
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

/// The names of an ini file in a directory.
const DEFAULT_NAMES: &[&str] = &["monitoring-plugins.ini", "plugins.ini", "nagios-plugins.ini"];

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str, section: &str) -> Vec<String> {
        entries(text, section).unwrap().iter().map(IniEntry::argument).collect()
    }

    #[test]
    fn entries_become_options() {
        let text = "[other]\nhostname=no\n[check]\n# comment\nhostname = cas1.example.com\np=5061\nsingle-line\n; more\n--verbose\n";
        assert_eq!(arguments(text, "check"), ["--hostname=cas1.example.com", "-p5061", "--single-line", "--verbose"]);
    }

    #[test]
    fn values_keep_what_stands_behind_the_first_equals_sign() {
        assert_eq!(
            arguments("[s]\nstate = timeout=ok\nfrom=\"sip:a@b\"\nwarning=", "s"),
            ["--state=timeout=ok", "--from=sip:a@b", "--warning"]
        );
    }

    #[test]
    fn a_bad_line_is_named_only_inside_the_section() {
        assert_eq!(entries("root:x:0\n[s]\nok=1\nnot an entry\n", "s"), Err(IniError::BadLine(4)));
        assert_eq!(entries("root:x:0\n", "s"), Err(IniError::NoSection));
        assert!(entries("root:x:0\n[s]\n", "s").unwrap().is_empty());
    }
}
