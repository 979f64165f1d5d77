//! How does a command line become options? Parsed by clap, with ini sections in front, and refused where it contradicts
//! itself.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::given::{GivenOption, given};
use super::needs::unmet;
use super::reversed::overruled;
use super::usage::{UsageError, explain};
use super::{CommonOptions, Options, Secrets, extra_opts};
use crate::report::{About, Class, Override, Overruling, Policy};
use crate::time::words::seconds;

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
}

/// Parses `argv` (program name first) as options of `command`, which is [`bare_command`]'s, with the sections that
/// `--extra-opts` names in front of it; `limit` is the longest that the run may take, whatever they say.
pub(crate) fn parse<O: Options>(
    command: &mut Command,
    argv: Vec<OsString>,
    limit: Option<Duration>,
) -> Result<Parsed<O>, UsageError> {
    let not_text = |_| UsageError::CommandLine("an argument is not valid UTF-8: expected text".to_owned());
    let argv: Vec<_> = argv.into_iter().map(OsString::into_string).collect::<Result<_, _>>().map_err(not_text)?;
    let split = extra_opts::split(argv);
    let own = given(command, split.own.get(1..).unwrap_or_default());
    let own_ids: Vec<_> = own.iter().map(|option| option.id.as_str()).collect();
    let mut sections = extra_opts::read(&split.selectors, command, &own_ids)?;

    let (options, matches, overruled) = loop {
        let mut matches = match understood::<O>(command, &sections.in_front_of(&split.own)) {
            Ok(matches) => matches,
            // Options of a section that exclude each other: its line is named.
            Err(UsageError::CommandLine(text)) => {
                let is_mistake = |error| matches!(error, Err(UsageError::CommandLine(_)));
                let key = sections.culprit(&split.own, |argv| !is_mistake(understood::<O>(command, argv)));
                let error = key.and_then(|key| sections.error_of(&key, &format!("what goes with the others ({text})")));
                return Err(error.unwrap_or(UsageError::CommandLine(text)));
            }
            Err(error) => return Err(error),
        };
        let ambiguous = TARGETS.iter().find_map(|id| two_values(id, &own));
        if let Some(text) = ambiguous.or_else(|| unmet(O::NEEDS, command, &own_ids, &matches)) {
            return Err(UsageError::CommandLine(text));
        }
        let overruled = overruled(command, &matches, &own_ids, O::DEFAULT_THRESHOLDS);
        let overruled = overruled.map_err(UsageError::CommandLine)?;
        let options = O::from_arg_matches_mut(&mut matches).map_err(|error| explain(&error, command, O::USAGE))?;
        if let Some(text) = options.idle(&|id| own_ids.contains(&id)) {
            return Err(UsageError::CommandLine(text));
        }
        let Some(contradiction) = options.contradiction(&sections.secrets) else { break (options, matches, overruled) };
        // What a section says yields to the command line; where it contradicts itself its line is named, and not its text.
        let is_fine = |argv: &[String]| is_consistent::<O>(command, argv, &sections.secrets);
        let Some(key) = sections.culprit(&split.own, is_fine) else {
            return Err(UsageError::CommandLine(contradiction));
        };
        let is_own = |option: &Arg| own_ids.contains(&option.get_id().as_str());
        let is_named =
            |option: &Arg| option.get_long().is_some_and(|long| contradiction.contains(&format!("--{long}")));
        if !command.get_arguments().any(|option| is_own(option) && is_named(option)) {
            let error = sections.error_of(&key, "an option with a value that goes with the others and with this host");
            return Err(error.unwrap_or(UsageError::CommandLine(contradiction)));
        }
        sections.drop(&key);
    };
    if let Some(lack) = options.lacks() {
        return Err(match sections.error_of(lack.option, &format!("what this host has ({})", lack.text)) {
            _ if own_ids.contains(&lack.option) => UsageError::CommandLine(lack.text),
            Some(error) => error,
            None => UsageError::Missing(lack.text),
        });
    }
    let common = CommonOptions::from_arg_matches(&matches).map_err(|error| explain(&error, command, O::USAGE))?;
    let timeout = limit.map_or(common.timeout(), |limit| common.given_timeout().map_or(limit, |own| own.min(limit)));
    if let Some((_, options)) = options.least_time().filter(|(least, _)| *least > timeout) {
        let deadline =
            if limit.is_some() { format!("the deadline of {}", seconds(timeout)) } else { "the deadline".to_owned() };
        let text = format!("{options} is more than {deadline}: expected a longer one (-t), or less of it");
        let of_section = |option: &str| sections.error_of(option.strip_prefix("--")?, &format!("less ({text})"));
        let is_own = |option: &str| own_ids.iter().any(|id| option.strip_prefix("--") == Some(id));
        let mut words = options.split(' ');
        let error = if options.split(' ').any(is_own) { None } else { words.find_map(of_section) };
        return Err(error.unwrap_or(UsageError::CommandLine(text)));
    }
    let of_sections = common.states.len().saturating_sub(own.iter().filter(|option| option.id == "states").count());
    let policy = policy(O::ABOUT, &common, &matches, of_sections)?;
    Ok(Parsed { options, common, policy, secrets: sections.secrets, ini_files: sections.files, overruled })
}

/// The command line as clap has it; what nobody but a person reads is written for a person only.
fn understood<O: Options>(command: &mut Command, argv: &[String]) -> Result<ArgMatches, UsageError> {
    let parsed = command.try_get_matches_from_mut(argv).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp => self::command::<O>().try_get_matches_from(argv).err().unwrap_or(error),
        _ => error,
    });
    parsed.map_err(|error| explain(&error, command, O::USAGE))
}

/// Whether a command line is one, and does not contradict itself.
fn is_consistent<O: Options>(command: &mut Command, argv: &[String], secrets: &Secrets) -> bool {
    let options = command.try_get_matches_from_mut(argv).and_then(|mut matches| O::from_arg_matches_mut(&mut matches));
    options.is_ok_and(|options| options.contradiction(secrets).is_none())
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

/// What is wrong where an option that says whom to ask has two values.
fn two_values(id: &str, own: &[GivenOption]) -> Option<String> {
    let mut values = own.iter().filter(|option| option.id == id).filter_map(|option| option.value.as_ref());
    let first = values.next()?;
    let other = values.find(|value| !value.eq_ignore_ascii_case(first))?;
    Some(format!("--{id}: '{first}' and '{other}' are two: expected one, for a run asks one"))
}

/// The policy: the plugin's defaults, then `--state` and the STATE of `-t` in the order in which they were given. The first
/// `of_sections` stand in ini sections, which may serve other checks as well.
fn policy(
    about: &About,
    common: &CommonOptions,
    matches: &ArgMatches,
    of_sections: usize,
) -> Result<Policy, UsageError> {
    if let Some(foreign) =
        common.states.iter().skip(of_sections).find(|given| !about.classes().any(|class| class == given.class))
    {
        let expected: Vec<_> = about.classes().map(Class::name).collect();
        return Err(UsageError::ForeignClass { class: foreign.class, expected: expected.join(", ") });
    }
    let mut given = common.states.clone();
    let timeout =
        common.timeout.and_then(|timeout| timeout.state).map(|state| Override { class: Class::Timeout, state });
    if let Some((at, timeout)) = matches.index_of("timeout").zip(timeout) {
        let before = matches.indices_of("states").into_iter().flatten().filter(|index| *index < at);
        given.insert(before.count(), timeout);
    }
    Ok(Policy::new(about.defaults.iter().copied().chain(given).collect()))
}

/// The options that say whom to ask.
const TARGETS: &[&str] = &["hostname", "domain"];

/// How long a line of the help is.
const LINE: usize = 100;
