//! How does a command line become options? Parsed by clap, with ini sections in front, and refused where it contradicts
//! itself.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write;

use clap::error::ErrorKind;
use clap::{ArgAction, ArgMatches, Args, FromArgMatches};

use super::needs::{is_given, unmet};
use super::reversed::{Overruled, overruled};
use super::usage::{UsageError, explain};
use super::{CommonOptions, Options, Secrets, extra_opts};
use crate::report::{About, Class, Override, Policy};

/// A command line, understood.
#[derive(Debug)]
pub(crate) struct Parsed<O> {
    /// Those of the check.
    pub options: O,
    /// Those that every plugin has.
    pub common: CommonOptions,
    pub policy: Policy,
    pub secrets: Secrets,
    /// The default threshold that makes a given one meaningless.
    pub overruled: Option<Overruled>,
}

/// Parses `argv` (program name first), with the sections that `--extra-opts` names in front of it.
pub(crate) fn parse<O: Options>(argv: Vec<OsString>) -> Result<Parsed<O>, UsageError> {
    let not_text = |_| UsageError::CommandLine("an argument is not valid UTF-8: expected text".to_owned());
    let argv: Vec<_> = argv.into_iter().map(OsString::into_string).collect::<Result<_, _>>().map_err(not_text)?;
    let mut command = bare_command::<O>();
    command.build();
    let split = extra_opts::split(argv);
    let own = own::<O>(&split);
    let given_there = own.as_ref().map(given).unwrap_or_default();
    let sections = extra_opts::read(&split.selectors, &command, &given_there)?;

    let mut argv = split.own;
    let behind_program = argv.len().min(1);
    argv.splice(behind_program..behind_program, sections.argv);
    let parsed = command.try_get_matches_from_mut(&argv).map_err(|error| match error.kind() {
        // What nobody but a person reads is written for a person only.
        ErrorKind::DisplayHelp => self::command::<O>().try_get_matches_from(&argv).err().unwrap_or(error),
        _ => error,
    });
    let mut matches = parsed.map_err(|error| explain(&error, &command, O::USAGE))?;

    let ambiguous = own.as_ref().and_then(|own| TARGETS.iter().find_map(|(id, _)| two_values(id, own)));
    let given = if own.is_some() { given_there } else { given(&matches) };
    if let Some(text) = ambiguous.or_else(|| unmet(O::NEEDS, &command, &given, &matches)) {
        return Err(UsageError::CommandLine(text));
    }
    let overruled = overruled(&command, &matches, O::DEFAULT_THRESHOLDS).map_err(UsageError::CommandLine)?;
    let options = O::from_arg_matches_mut(&mut matches).map_err(|error| explain(&error, &command, O::USAGE))?;
    let common = CommonOptions::from_arg_matches(&matches).map_err(|error| explain(&error, &command, O::USAGE))?;
    if let Some(contradiction) = options.contradiction(&sections.secrets) {
        return Err(UsageError::CommandLine(contradiction));
    }
    let policy = policy(O::ABOUT, &common, &matches)?;
    Ok(Parsed { options, common, policy, secrets: sections.secrets, overruled })
}

/// The plugin's command with all that its help says.
pub(crate) fn command<O: Options>() -> clap::Command {
    bare_command::<O>().override_usage(usage::<O>()).after_help(conclusion::<O>())
}

/// The plugin's options: of a repeated single-valued one the last wins.
fn bare_command<O: Options>() -> clap::Command {
    let own = O::augment_args(clap::Command::new(O::ABOUT.name).version(env!("CARGO_PKG_VERSION")));
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

/// What stands on the command line itself, every value of whom to ask included: read by itself only where the whole of it
/// cannot tell.
fn own<O: Options>(split: &extra_opts::Split) -> Option<ArgMatches> {
    // In a bundle of short options, such as `-4H`, it may stand anywhere.
    let is_in_bundle =
        |argument: &str| !argument.starts_with("--") && argument.starts_with('-') && argument.contains('H');
    let names_target =
        |argument: &&String| is_in_bundle(argument) || TARGETS.iter().any(|(_, name)| argument.starts_with(name));
    if split.selectors.is_empty() && split.own.iter().filter(names_target).count() < 2 {
        return None;
    }
    let every_value = |option: clap::Arg| match TARGETS.iter().any(|(id, _)| option.get_id() == id) {
        true => option.action(ArgAction::Append),
        false => option,
    };
    // An error is told of the whole; what is required may stand in a section.
    bare_command::<O>().mut_args(every_value).ignore_errors(true).try_get_matches_from(&split.own).ok()
}

fn given(matches: &ArgMatches) -> BTreeSet<String> {
    matches.ids().map(clap::Id::as_str).filter(|id| is_given(matches, id)).map(str::to_owned).collect()
}

fn two_values(id: &str, matches: &ArgMatches) -> Option<String> {
    let mut values = matches.try_get_raw(id).ok().flatten()?.map(|value| value.to_string_lossy());
    let first = values.next()?;
    let other = values.find(|value| !value.eq_ignore_ascii_case(&first))?;
    Some(format!("--{id}: '{first}' and '{other}' are two: expected one, for a run asks one"))
}

/// The policy: the plugin's defaults, then `--state` and the STATE of `-t` in the order in which they were given.
fn policy(about: &About, common: &CommonOptions, matches: &ArgMatches) -> Result<Policy, UsageError> {
    if let Some(foreign) = common.states.iter().find(|given| !about.classes().any(|class| class == given.class)) {
        let expected: Vec<_> = about.classes().map(Class::name).collect();
        return Err(UsageError::ForeignClass { class: foreign.class, expected: expected.join(", ") });
    }
    let states = matches.indices_of("states").into_iter().flatten().zip(common.states.iter().copied());
    let timeout =
        common.timeout.and_then(|timeout| timeout.state).map(|state| Override { class: Class::Timeout, state });
    let mut given: Vec<_> = matches.index_of("timeout").zip(timeout).into_iter().chain(states).collect();
    given.sort_by_key(|(index, _)| *index);
    Ok(Policy::new(about.defaults.iter().copied().chain(given.into_iter().map(|(_, state)| state)).collect()))
}

/// The options that say whom to ask: their ids and their long names; the first one has the letter H, too.
const TARGETS: &[(&str, &str)] = &[("hostname", "--hostname"), ("domain", "--domain")];

/// How long a line of the help is.
const LINE: usize = 100;
