//! How does a command line become options? Parsed by clap, with ini sections in front, and refused where it contradicts
//! itself.

use std::ffi::OsString;
use std::fmt::Write;
use std::iter;
use std::mem;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Command};

use super::line::{CommandLine, Kind};
use super::usage::UsageError;
use super::{CommonOptions, Options, Secrets};
use crate::report::{GivenOption, Overruling, Policy, Target};

/// A command line, understood.
#[derive(Debug)]
pub(crate) struct Parsed<O> {
    /// Those of the check.
    pub options: O,
    /// Those that every plugin has.
    pub common: CommonOptions,
    pub policy: Policy,
    pub secrets: Secrets,
    /// The ini files that `--extra-opts` names.
    pub ini_files: Vec<PathBuf>,
    /// The thresholds that leave a given one without an effect.
    pub overruled: Vec<Overruling>,
    /// Each option that was given, those of sections in front.
    pub given: Vec<GivenOption>,
}

/// A command line that is none: what is wrong with it, and what it says all the same.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub error: UsageError,
    /// Each option, as far as that can be told without understanding the rest; of a section in which something is wrong, how
    /// that is to be shown.
    pub given: Vec<GivenOption>,
}

/// Parses `argv` (program name first) as options of `command`, which is [`bare_command`]'s, with the sections that
/// `--extra-opts` names in front of it; `limit` is the longest that the run may take, whatever they say.
pub(crate) fn parse<O: Options>(
    command: &mut Command,
    argv: Vec<OsString>,
    limit: Option<Duration>,
) -> Result<Parsed<O>, Mistake> {
    match CommandLine::of(command, kind::<O>(), argv) {
        Err(error) => Err(Mistake { error, given: Vec::new() }),
        Ok(mut line) => {
            let understood = understand(&mut line, limit);
            let given = line.all_given();
            match understood {
                Ok(parsed) => Ok(Parsed { given, ..parsed }),
                Err(error) => Err(Mistake { error, given }),
            }
        }
    }
}

fn understand<O: Options>(line: &mut CommandLine<'_>, limit: Option<Duration>) -> Result<Parsed<O>, UsageError> {
    if let Some(mistake) = line.sections.mistake.take() {
        return Err(mistake);
    }
    let (options, matches, overruled) = loop {
        let mut matches = line.matches()?;
        let Some(overruled) = line.overruled(&matches)? else { continue };
        let options = O::from_arg_matches_mut(&mut matches).map_err(|error| line.explain(&error))?;
        if let Some(text) = options.idle(&|id| line.has(id)) {
            return Err(UsageError::CommandLine(text));
        }
        match options.contradiction(&line.sections.secrets) {
            Some(contradiction) => line.settle(contradiction)?,
            None => break (options, matches, overruled),
        }
    };
    if let Some(lack) = options.lacks() {
        return Err(line.error_of_lack(lack));
    }
    let common = line.common(&matches)?;
    if let Some(least) = options.least_time() {
        line.must_fit(least, &common, limit)?;
    }
    let policy = line.policy(&common, &matches)?;
    let (secrets, ini_files) = (mem::take(&mut line.sections.secrets), mem::take(&mut line.sections.files));
    Ok(Parsed { options, common, policy, secrets, ini_files, overruled, given: Vec::new() })
}

/// Whom a command line was to ask in which something else is wrong, as far as it says that: what tells it is in order.
pub(crate) fn whom<O: Options>(command: &mut Command, given: &[GivenOption]) -> Option<Target> {
    let argument = |option: &GivenOption| {
        let name = option.id.replace('_', "-");
        option.value.as_ref().map_or_else(|| format!("--{name}"), |value| format!("--{name}={value}"))
    };
    let of_whom = given.iter().filter(|option| WHOM.contains(&option.id.as_str())).map(argument);
    let mut matches = command.try_get_matches_from_mut(iter::once(String::new()).chain(of_whom)).ok()?;
    O::from_arg_matches_mut(&mut matches).ok().map(|options| options.target())
}

fn kind<O: Options>() -> Kind {
    Kind {
        about: O::ABOUT,
        usage: O::USAGE,
        needs: O::NEEDS,
        default_thresholds: O::DEFAULT_THRESHOLDS,
        described: command::<O>,
        is_consistent: |command, argv, secrets| {
            let matches = command.try_get_matches_from_mut(argv);
            let options = matches.and_then(|mut matches| O::from_arg_matches_mut(&mut matches));
            options.is_ok_and(|options| options.contradiction(secrets).is_none())
        },
    }
}

/// The plugin's command with all that its help says.
pub(crate) fn command<O: Options>() -> Command {
    bare_command::<O>().override_usage(usage::<O>()).after_help(conclusion::<O>())
}

/// The plugin's options: of a repeated single-valued one the last wins.
pub(crate) fn bare_command<O: Options>() -> Command {
    let own = O::augment_args(Command::new(O::ABOUT.name).version(env!("CARGO_PKG_VERSION")));
    // The common options come last and bring a description of their own.
    let about = own.get_about().cloned().unwrap_or_default();
    CommonOptions::augment_args(own).about(about).args_override_self(true)
}

/// Each way to call it, on a line of its own.
fn usage<O: Options>() -> String {
    let lines: Vec<_> = O::USAGE.iter().map(|way| format!("{} {way}", O::ABOUT.name)).collect();
    lines.join("\n       ")
}

/// What `--help` ends with.
fn conclusion<O: Options>() -> String {
    let mut text = String::from(
        "Exit codes:\n  0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (bad arguments, --help and --version, too)\n\n\
         Classes of failure and what they are worth, unless --state says otherwise:",
    );
    let policy = Policy::new(O::ABOUT.defaults.to_vec());
    let mut room = 0;
    for class in O::ABOUT.classes() {
        let entry = format!("{class}={}", policy.state(class).word().to_lowercase());
        if room < entry.len() + 1 {
            text.push_str("\n ");
            room = LINE;
        }
        let _ = write!(text, " {entry}");
        room -= entry.len() + 1;
    }
    text.push_str("\n\nExamples:");
    for example in O::EXAMPLES {
        let _ = write!(text, "\n  {} {example}", O::ABOUT.name);
    }
    text
}

/// The ids of the options that say whom to ask, one way or another.
const WHOM: &[&str] = &[
    "hostname",
    "domain",
    "port",
    "transport",
    "srv",
    "starttls",
    "tls",
    "counters",
    "source",
    "file",
    "store",
    "method",
];

/// How long a line of the help is.
const LINE: usize = 100;
