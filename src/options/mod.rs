//! What did the operator ask for? The options that plugins share, and how a command line becomes arguments.

pub(crate) mod command_line;
pub(crate) mod counters;
pub(crate) mod digest;
pub(crate) mod dns;
pub(crate) mod down;
pub(crate) mod exporter;
pub(crate) mod extra_opts;
mod given;
pub(crate) mod headers;
pub(crate) mod ini;
mod line;
pub(crate) mod log;
mod needs;
pub(crate) mod peer;
pub(crate) mod plain;
pub(crate) mod request;
mod reversed;
pub(crate) mod secret;
pub(crate) mod series;
pub(crate) mod served;
pub(crate) mod server;
pub(crate) mod status;
pub(crate) mod target;
pub(crate) mod tls;
pub(crate) mod usage;

use std::ffi::OsString;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, ArgAction, Command};

use self::given::given;
pub use self::needs::{Need, When};
pub(crate) use self::secret::Secrets;
use crate::input::Input;
use crate::render::{Format, Presentation};
use crate::report::{About, Class, GivenOption, Inquiry, NotAState, Override, Policy, State, Target};
use crate::time::words;

/// The options of one check beside the common ones.
pub trait Options: clap::Args {
    /// The plugin that they belong to.
    const ABOUT: &'static About;

    /// How it is called, each way with what that cannot do without in front, such as `-H HOST [OPTIONS]`.
    const USAGE: &'static [&'static str];

    /// Three command lines to begin with, without the plugin's name.
    const EXAMPLES: [&'static str; 3];

    /// Which options have an effect only beside others: the tables of its groups, and its own.
    const NEEDS: &'static [&'static [Need]] = &[];

    /// Thresholds that count where they are not given and that its command line does not know of, such as
    /// `("--critical", "14")`.
    const DEFAULT_THRESHOLDS: &'static [(&'static str, &'static str)] = &[];

    /// Whom the question is put to, as far as the options say it: the same in every run with them.
    fn target(&self) -> Target;

    /// What to do about a finding, with what the options say of the peer.
    fn advice(&self) -> fn(Option<Class>) -> &'static str {
        Self::ABOUT.advice
    }

    /// Whether, by what the options say, whoever is asked is a part of Exchange, which the health set is about.
    fn is_of_exchange(&self) -> bool {
        true
    }

    /// How long a run takes at least, and which options make it so: the deadline may not be shorter.
    fn least_time(&self) -> Option<(Duration, &'static str)> {
        None
    }

    /// What its answer is read from, if that is a file or standard input.
    fn reads(&self) -> Option<&Input> {
        None
    }

    /// Where its answer could come from, if nothing says that and this host by itself has no such source.
    fn lacks(&self) -> Option<Lack> {
        None
    }

    /// Which of the options that are given on the command line itself (by their ids) cannot have an effect beside the others,
    /// where no table of needs can tell.
    fn idle(&self, _given: &dyn Fn(&str) -> bool) -> Option<String> {
        None
    }

    /// What no single option can tell: which of them do not go together, in words that say what is expected.
    fn contradiction(&self, _secrets: &Secrets) -> Option<String> {
        None
    }
}

/// A source that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The long name, without its dashes, of the option that says where the answer comes from.
    pub option: &'static str,
    /// What is wrong without it, and what is expected.
    pub text: String,
}

/// The options that every plugin has.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct CommonOptions {
    /// Deadline of the whole run in seconds, fractions allowed, and the state that its passing is worth, as --state
    /// timeout=STATE [default: 10]
    #[arg(short = 't', long, value_name = "SEC[:STATE]")]
    timeout: Option<Timeout>,

    /// Give a class of failure another state; repeatable, the last one for a class wins; a run without any answer is
    /// never OK, but at least WARNING
    #[arg(long = "state", value_name = "CLASS=STATE")]
    pub states: Vec<Override>,

    /// Output format [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,

    /// Print the first line only (text output)
    #[arg(long)]
    pub single_line: bool,

    /// Exit 0 whatever the state, for a scheduler that discards the output of any other code
    #[arg(long)]
    pub exit_ok: bool,

    /// Say more: -v details, -vv phases, -vvv the full trace
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,

    // Taken from the command line before it is parsed (extra_opts); here for the help and the man page.
    /// Read further options from a section of an ini file [default section: the plugin's name]
    #[arg(long, value_name = "[SECTION][@FILE]", num_args = 0..=1, require_equals = true)]
    pub extra_opts: Option<Option<String>>,
}

impl CommonOptions {
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout.map_or(DEFAULT_TIMEOUT, |timeout| timeout.duration)
    }

    /// The timeout, if one was named.
    pub(crate) fn given_timeout(&self) -> Option<Duration> {
        self.timeout.map(|timeout| timeout.duration)
    }

    pub(crate) fn presented(&self) -> Presented {
        let (format, verbosity) = (self.output.unwrap_or_default(), self.verbose.min(3));
        let presentation = Presentation { format, verbosity, single_line: self.single_line, ..Presentation::default() };
        Presented { presentation, exit_ok: self.exit_ok }
    }
}

/// `-t SEC[:STATE]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timeout {
    /// How long the whole run may take, above 0 and at most a day.
    pub duration: Duration,
    /// What its passing is worth, if that was said.
    pub state: Option<State>,
}

/// Why a text is not a timeout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TimeoutError {
    #[error("'{0}' is not a timeout: expected seconds above 0 and up to 86400, such as 10 or 2.5:unknown")]
    Seconds(String),
    #[error(transparent)]
    State(#[from] NotAState),
}

impl FromStr for Timeout {
    type Err = TimeoutError;

    fn from_str(text: &str) -> Result<Self, TimeoutError> {
        let (seconds, state) = match text.split_once(':') {
            Some((seconds, state)) => (seconds, Some(state.parse()?)),
            None => (text, None),
        };
        let duration = words::seconds_of(seconds).filter(|duration| *duration >= SHORTEST_TIMEOUT);
        let duration = duration.ok_or_else(|| TimeoutError::Seconds(text.to_owned()))?;
        Ok(Self { duration, state })
    }
}

/// An option of a group, in the check's own words if it has some for it: ids, each with its help.
pub(crate) fn reworded(option: Arg, words: &[(&str, &'static str)]) -> Arg {
    match words.iter().find(|(id, _)| option.get_id() == id) {
        Some((_, help)) => option.help(*help),
        None => option,
    }
}

/// How the output of a run is to look, and whether its exit code is to tell the state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Presented {
    pub presentation: Presentation,
    pub exit_ok: bool,
}

/// What a command line asks for, as far as can be told without understanding the rest of it: a usage error is printed in
/// the format that was asked for, and an ini file is read under the deadline.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub presented: Presented,
    timeout: Option<Timeout>,
    states: Vec<Override>,
    target: Target,
    /// The port as it was given, which may be none.
    port: Option<String>,
    given: Vec<GivenOption>,
}

impl Asked {
    /// Of `argv` (program name first), as options of `command`.
    pub(crate) fn of(command: &Command, argv: &[OsString]) -> Self {
        let arguments: Vec<_> = argv.iter().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
        Self::by(given(command, &arguments))
    }

    /// Of options that were given.
    pub(crate) fn by(given: Vec<GivenOption>) -> Self {
        let mut asked = Self::default();
        for option in &given {
            let value = option.value.as_deref();
            match option.id.as_str() {
                "output" => {
                    let named = value.and_then(|value| <Format as clap::ValueEnum>::from_str(value, false).ok());
                    asked.presented.presentation.format = named.unwrap_or(asked.presented.presentation.format);
                }
                "hostname" | "domain" => asked.target.host = value.unwrap_or_default().to_owned(),
                "port" => {
                    asked.target.port = value.and_then(|value| value.parse().ok());
                    asked.port.clone_from(&option.value);
                }
                "verbose" => asked.presented.presentation.verbosity = 1,
                "single_line" => asked.presented.presentation.single_line = true,
                "exit_ok" => asked.presented.exit_ok = true,
                "timeout" => asked.timeout = value.and_then(|value| value.parse().ok()).or(asked.timeout),
                "states" => asked.states.extend(value.and_then(|value| value.parse::<Override>().ok())),
                _ => {}
            }
        }
        // Of what was never asked there are no details; but a comment is where series have their first line.
        let presentation = &mut asked.presented.presentation;
        presentation.verbosity = presentation.verbosity.min(u8::from(presentation.format == Format::OpenMetrics));
        let of_timeout = asked.timeout.and_then(|timeout| timeout.state);
        asked.states.extend(of_timeout.map(|state| Override { class: Class::Timeout, state }));
        Self { given, ..asked }
    }

    /// Whom the question was to be put to, and what tells the run from others: as a good command line with such options would
    /// have it, if there is one, and otherwise as far as it can be told.
    pub(crate) fn whom(&self, of_options: impl FnOnce(&[GivenOption]) -> Option<Target>) -> (Target, Arc<Inquiry>) {
        let known = of_options(&self.given);
        let endpoint = known.as_ref().map_or_else(|| self.target.with_port(self.port.as_deref()), Target::endpoint);
        (known.unwrap_or_else(|| self.target.clone()), Arc::new(Inquiry { endpoint, options: self.given.clone() }))
    }

    /// The deadline, unless an ini section says another.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout.map_or(DEFAULT_TIMEOUT, |timeout| timeout.duration)
    }

    /// What failures are worth, unless an ini section says otherwise.
    pub(crate) fn policy(&self) -> Policy {
        Policy::new(self.states.clone())
    }
}

const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Args;

    #[test]
    fn a_timeout_is_seconds_and_perhaps_a_state() {
        let timeout: Timeout = "2.5:unknown".parse().unwrap();
        assert_eq!(timeout, Timeout { duration: Duration::from_millis(2_500), state: Some(State::Unknown) });
        assert_eq!("10".parse::<Timeout>().unwrap().state, None);
    }

    #[test]
    fn refuses_what_is_no_timeout() {
        for text in [
            "0", "-1", "", ":ok", "1e3", "nan", "inf", "10s", "86401", "1:2:3", "10:", "0.0001", "1.2.3", "010", "+1",
            "1.",
        ] {
            assert!(text.parse::<Timeout>().is_err(), "{text:?} was taken for a timeout");
        }
    }

    /// What a line asks for of a check that has no options of its own.
    fn asked(line: &str) -> Asked {
        let command = CommonOptions::augment_args(Command::new("x"));
        Asked::of(&command, &line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_format_is_known_before_the_rest_is_understood() {
        let format = |line| asked(line).presented.presentation.format;
        assert_eq!(format("x --bogus --output json"), Format::Json);
        assert_eq!(format("x --output=scom --exit-ok"), Format::Scom);
        assert!(asked("x --output=scom --exit-ok").presented.exit_ok);
        assert_eq!(format("x --output"), Format::Text);
        let is_one_line = |line| asked(line).presented.presentation.single_line;
        assert_eq!(["x --bogus --single-line", "x --bogus"].map(is_one_line), [true, false]);
    }

    #[test]
    fn the_deadline_is_known_before_the_rest_is_understood() {
        for line in
            ["x --bogus -t 2.5", "x -t2.5:ok", "x -vt2.5", "x --timeout=2.5", "x -t 9 --timeout 2.5", "x -t=2.5 -t x"]
        {
            assert_eq!(asked(line).timeout(), Duration::from_millis(2_500), "{line}");
        }
        assert_eq!(asked("x -t").timeout(), DEFAULT_TIMEOUT);
        assert_eq!(asked("x -t 2:ok").policy().state(Class::Timeout), State::Ok);
        assert_eq!(asked("x --state local=critical").policy().state(Class::Local), State::Critical);
    }
}
