//! What did the operator ask for? The options that plugins share, and how a command line becomes arguments.

pub mod counters;
pub mod dns;
pub mod duration;
pub mod extra_opts;
pub mod plain;
pub mod secret;
pub mod target;
pub mod tls;
pub mod usage;

use std::str::FromStr;
use std::time::Duration;

use clap::{ArgAction, ArgMatches};

use crate::about::About;
use crate::failure::{Class, Override, Policy};
use crate::render::{Format, Presentation};
use crate::state::State;

/// The arguments of one plugin: its own, with [`Common`] flattened into them.
pub trait Arguments: clap::Parser {
    /// The plugin that they belong to.
    const ABOUT: &'static About;

    /// The options that every plugin has.
    fn common(&self) -> &Common;

    /// What no single option can tell: which of them do not go together, in words that say what is expected.
    fn contradiction(&self, _secrets: &extra_opts::Secrets) -> Option<String> {
        None
    }
}

/// The options that every plugin has.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    // Defaults of options that every run needs are filled in here, not by clap, which takes them through its whole parser;
    // the `false` of a plain flag is such a default, so that flags are options here.
    /// Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth [default: 10]
    #[arg(short = 't', long, value_name = "SEC[:STATE]")]
    timeout: Option<Timeout>,

    /// Give a class of failure another state; repeatable, the last one for a class wins
    #[arg(long = "state", value_name = "CLASS=STATE")]
    pub states: Vec<Override>,

    /// Output format [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,

    /// Print the first line only (text output)
    #[arg(long, num_args = 0, default_missing_value = "true")]
    pub single_line: Option<bool>,

    /// Exit 0 whatever the state, for a scheduler that discards the output of any other code
    #[arg(long, num_args = 0, default_missing_value = "true")]
    pub exit_ok: Option<bool>,

    /// Say more: -v details, -vv phases, -vvv the full trace
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,

    // Taken from the command line before it is parsed (extra_opts); here for the help and the man page.
    /// Read further options from a section of an ini file [default section: the plugin's name]
    #[arg(long, value_name = "[SECTION][@FILE]", num_args = 0..=1, require_equals = true)]
    pub extra_opts: Option<Option<String>>,
}

impl Common {
    /// How long the whole run may take.
    pub fn timeout(&self) -> Duration {
        self.timeout.map_or(DEFAULT_TIMEOUT, |timeout| timeout.duration)
    }

    /// How the report is to be shown.
    pub fn presentation(&self) -> Presentation {
        Presentation {
            format: self.output.unwrap_or_default(),
            verbosity: self.verbose.min(3),
            single_line: self.single_line.is_some(),
        }
    }
}

/// The deadline of a run that was given none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// `-t SEC[:STATE]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeout {
    /// How long the whole run may take, above 0 and at most a day.
    pub duration: Duration,
    /// What its passing is worth, if that was said.
    pub state: Option<State>,
}

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (seconds, state) = match text.split_once(':') {
            Some((seconds, state)) => (seconds, Some(state.parse().map_err(|error| format!("{error}"))?)),
            None => (text, None),
        };
        let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let duration = is_number.then(|| seconds.parse().ok()).flatten().filter(|s| (0.001..=86_400.0).contains(s));
        let duration = duration.ok_or_else(|| {
            format!("'{text}' is not a timeout: expected seconds above 0 and up to 86400, such as 10 or 2.5:unknown")
        })?;
        Ok(Self { duration: Duration::from_secs_f64(duration), state })
    }
}

/// A command line, understood.
#[derive(Debug)]
pub struct Parsed<A> {
    /// The arguments.
    pub arguments: A,
    /// What each failure class is worth.
    pub policy: Policy,
    /// Secrets from an ini section.
    pub secrets: extra_opts::Secrets,
}

/// Parses `argv` (program name first), with the sections that `--extra-opts` names in front of it.
pub fn parse<A: Arguments>(argv: Vec<String>) -> Result<Parsed<A>, usage::UsageError> {
    let expanded = extra_opts::expand::<A>(argv)?;
    let mut command = command::<A>();
    let mut matches = command.try_get_matches_from_mut(expanded.argv).map_err(|error| usage::explain(&error))?;
    let order = StateOrder::of(&matches);
    let arguments = A::from_arg_matches_mut(&mut matches).map_err(|error| usage::explain(&error))?;
    if let Some(contradiction) = arguments.contradiction(&expanded.secrets) {
        return Err(usage::UsageError::CommandLine(contradiction));
    }
    let policy = policy(A::ABOUT, arguments.common(), order)?;
    Ok(Parsed { arguments, policy, secrets: expanded.secrets })
}

/// The plugin's command: of a repeated single-valued option the last one wins.
pub fn command<A: Arguments>() -> clap::Command {
    A::command().args_override_self(true)
}

/// The presentation that a command line asks for, as far as can be told without understanding the rest of it: a usage
/// error is printed in the format that was asked for.
pub fn presentation_of(argv: &[String]) -> (Presentation, bool) {
    let mut presentation = Presentation::default();
    let mut exit_ok = false;
    for (index, argument) in argv.iter().enumerate().skip(1) {
        let (name, value) = argument.split_once('=').unzip();
        let value = value.or_else(|| argv.get(index + 1).map(String::as_str));
        match name.unwrap_or(argument) {
            "--output" => {
                let named = value.and_then(|value| <Format as clap::ValueEnum>::from_str(value, false).ok());
                presentation.format = named.unwrap_or(presentation.format);
            }
            "--single-line" => presentation.single_line = true,
            "--exit-ok" => exit_ok = true,
            _ => {}
        }
    }
    (presentation, exit_ok)
}

/// Where on the command line `-t` and each `--state` stand.
struct StateOrder {
    timeout: Option<usize>,
    states: Vec<usize>,
}

impl StateOrder {
    fn of(matches: &ArgMatches) -> Self {
        let states = matches.indices_of("states").into_iter().flatten().collect();
        Self { timeout: matches.index_of("timeout"), states }
    }
}

/// The policy: the plugin's defaults, then `--state` and the STATE of `-t` in the order in which they were given.
fn policy(about: &About, common: &Common, order: StateOrder) -> Result<Policy, usage::UsageError> {
    if let Some(foreign) = common.states.iter().find(|given| !about.classes.contains(&given.class)) {
        let expected: Vec<_> = about.classes.iter().map(|class| class.name()).collect();
        return Err(usage::UsageError::ForeignClass { class: foreign.class, expected: expected.join(", ") });
    }
    let states = order.states.into_iter().zip(common.states.iter().copied());
    let timeout =
        common.timeout.and_then(|timeout| timeout.state).map(|state| Override { class: Class::Timeout, state });
    let mut given: Vec<_> = order.timeout.zip(timeout).into_iter().chain(states).collect();
    given.sort_by_key(|(index, _)| *index);
    Ok(Policy::new(about.defaults.iter().copied().chain(given.into_iter().map(|(_, state)| state)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_seconds_and_perhaps_a_state() {
        let timeout: Timeout = "2.5:unknown".parse().unwrap();
        assert_eq!(timeout, Timeout { duration: Duration::from_millis(2_500), state: Some(State::Unknown) });
        assert_eq!("10".parse::<Timeout>().unwrap().state, None);
    }

    #[test]
    fn refuses_what_is_no_timeout() {
        for text in ["0", "-1", "", ":ok", "1e3", "nan", "inf", "10s", "86401", "1:2:3", "10:", "0.0001", "1.2.3"] {
            assert!(text.parse::<Timeout>().is_err(), "{text:?} was taken for a timeout");
        }
    }

    #[test]
    fn the_format_is_known_before_the_rest_is_understood() {
        let argv = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(presentation_of(&argv("x --bogus --output json")).0.format, Format::Json);
        assert_eq!(presentation_of(&argv("x --output=scom --exit-ok")).0.format, Format::Scom);
        assert!(presentation_of(&argv("x --output=scom --exit-ok")).1);
        assert_eq!(presentation_of(&argv("x --output")).0.format, Format::Text);
    }
}
