//! What is wrong with the command line? One line that names the bad part and what was expected instead.

use std::error::Error as _;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::report::Class;
use crate::report::nearest::nearest;

/// Why there are no arguments. Help and version are among them: they too end without a check, and exit 3.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    #[error("{0}")]
    Asked(String),
    #[error("{0} (see --help)")]
    CommandLine(String),
    /// Nothing says whom to ask, or where the answer comes from: what is said may be right, but there is no question yet.
    #[error("{0} (see --help)")]
    Missing(String),
    /// `--state` names a class that exists, but that this plugin cannot meet.
    #[error("--state: this check cannot meet '{class}': expected one of {expected} (see --help)")]
    ForeignClass { class: Class, expected: String },
    #[error("--extra-opts: no ini file in any of its default places, such as {0}")]
    NoIniFile(&'static str),
    #[error("--extra-opts: expected [SECTION][@FILE], and a name behind the @ (see --help)")]
    NoIniFileNamed,
    #[error("{path}: {reason}", path = .path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// A line of an ini file. Its text is withheld: the caller may not be allowed to read the file.
    #[error("{path}, line {line}: expected {expected} (its text is withheld)", path = .path.display())]
    IniLine {
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        expected: String,
    },
    #[error("{path}: no section [{section}]", path = .path.display())]
    NoSection { path: PathBuf, section: String },
}

impl UsageError {
    /// The same, said of another check than the one that was called: whose help tells more.
    pub(crate) fn of_check(&self, name: &str) -> String {
        self.to_string().replace("(see --help)", &format!("(see {name} --help)"))
    }

    /// Whether it names an ini file.
    pub(crate) const fn is_about_a_file(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::IniLine { .. } | Self::NoSection { .. })
    }

    /// Whether nothing is wrong with what is said, but something is still to be said.
    pub(crate) const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }
}

/// Clap's error about a line of `command` in one line of ours; `usage` are the ways to call the plugin.
pub fn explain<'a>(error: &clap::Error, command: &'a clap::Command, usage: &[&str]) -> UsageError {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    // Behind a `=` there may be a secret that somebody tried to pass the wrong way.
    let option = text(ContextKind::InvalidArg);
    let option = option.split(['=', ' ']).next().unwrap_or_default();

    UsageError::CommandLine(match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::DisplayVersion => {
            return UsageError::Asked(error.to_string());
        }
        ErrorKind::ValueValidation => {
            format!("{option}: {}", error.source().map_or_else(String::new, ToString::to_string))
        }
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue).is_empty() => {
            format!("{option}: a value is missing{}", expected(&text(ContextKind::ValidValue)))
        }
        ErrorKind::InvalidValue => {
            let value = text(ContextKind::InvalidValue);
            format!("{option}: '{value}' is not a value for it{}", expected(&text(ContextKind::ValidValue)))
        }
        ErrorKind::UnknownArgument if option.starts_with('-') => {
            let long = |option: &'a clap::Arg| option.get_long();
            let meant = nearest(option.trim_start_matches('-'), command.get_arguments().filter_map(long));
            let hint = meant.map_or_else(String::new, |meant| format!("; did you mean --{meant}?"));
            format!("unknown option {option}: expected one of its options{hint}")
        }
        ErrorKind::UnknownArgument => {
            let word = text(ContextKind::InvalidArg);
            format!("stray word '{word}': expected options only, and quotes around a value that holds blanks")
        }
        ErrorKind::MissingRequiredArgument => {
            let ways: Vec<_> = usage.iter().map(|way| way.split(" [").next().unwrap_or_default()).collect();
            let ways = match ways.split_last() {
                Some((last, [_, ..])) => format!("{} or {last}", ways[..ways.len() - 1].join(", ")),
                _ => ways.join(""),
            };
            return UsageError::Missing(format!("an option is missing: expected {ways}"));
        }
        ErrorKind::ArgumentConflict => {
            format!("{option} and {} exclude each other: expected one of them", text(ContextKind::PriorArg))
        }
        ErrorKind::TooManyValues => format!("{option}: expected no value"),
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    })
}

fn expected(values: &str) -> String {
    if values.is_empty() { String::new() } else { format!(": expected one of {values}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::CommonOptions;
    use clap::{Args, Command};

    #[test]
    fn a_value_that_is_missing_is_told_from_one_that_is_wrong() {
        let said = |line: &str| {
            let mut command = CommonOptions::augment_args(Command::new("x"));
            let error = command.try_get_matches_from_mut(line.split(' ')).unwrap_err();
            explain(&error, &command, &[]).to_string()
        };
        let expected = "expected one of text, json, scom, openmetrics (see --help)";
        assert_eq!(said("x --output"), format!("--output: a value is missing: {expected}"));
        assert_eq!(said("x --output yaml"), format!("--output: 'yaml' is not a value for it: {expected}"));
        assert_eq!(said("x --state"), "--state: a value is missing (see --help)");
        assert_eq!(said("x --single-line=yes"), "--single-line: expected no value (see --help)");
    }
}
