//! What stands on one command line, what do sections of ini files add to it, and where do the two contradict each other?
//!
//! All that parsing does for any check, whatever the type of its options: what stands on the command line itself wins, and
//! whatever a section says wrong is named by its line.

use std::ffi::OsString;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command, FromArgMatches};

use super::extra_opts::Sections;
use super::given::given;
use super::needs::{Need, unmet};
use super::reversed::overruled;
use super::usage::{UsageError, explain};
use super::{CommonOptions, Lack, Secrets, extra_opts};
use crate::report::{About, Class, GivenOption, Override, Overruling, Policy};
use crate::time::words::seconds;

/// What there is to know of a check's options beside clap's table of them.
pub(super) struct Kind {
    pub about: &'static About,
    pub usage: &'static [&'static str],
    pub needs: &'static [&'static [Need]],
    pub default_thresholds: &'static [(&'static str, &'static str)],
    /// The command with all that its help says.
    pub described: fn() -> Command,
    /// Whether a command line is one, and does not contradict itself.
    pub is_consistent: fn(&mut Command, &[String], &Secrets) -> bool,
}

/// A command line on its way to options.
pub(super) struct CommandLine<'a> {
    command: &'a mut Command,
    kind: Kind,
    /// What stands on it, program name first, without `--extra-opts`.
    own: Vec<String>,
    /// The same as options.
    given: Vec<GivenOption>,
    pub sections: Sections,
}

impl<'a> CommandLine<'a> {
    /// Reads the sections that `argv` names; what is wrong with them is left to whoever understands the line.
    pub(super) fn of(command: &'a mut Command, kind: Kind, argv: Vec<OsString>) -> Result<Self, UsageError> {
        let not_text = |_| UsageError::CommandLine("an argument is not valid UTF-8: expected text".to_owned());
        let argv: Vec<_> = argv.into_iter().map(OsString::into_string).collect::<Result<_, _>>().map_err(not_text)?;
        let split = extra_opts::split(argv);
        let given = given(command, split.own.get(1..).unwrap_or_default());
        let sections = extra_opts::read(&split.selectors, command, &ids(&given));
        Ok(Self { command, kind, own: split.own, given, sections })
    }

    /// Whether the option with this id stands on the command line itself.
    pub(super) fn has(&self, id: &str) -> bool {
        self.given.iter().any(|option| option.id == id)
    }

    /// All of it as options, what sections add in front.
    pub(super) fn all_given(self) -> Vec<GivenOption> {
        if self.sections.are_empty() {
            return self.given;
        }
        given(self.command, self.sections.in_front_of(&self.own).get(1..).unwrap_or_default())
    }

    /// All of it as clap has it.
    pub(super) fn matches(&mut self) -> Result<ArgMatches, UsageError> {
        match understood(self.command, &self.kind, &self.sections.in_front_of(&self.own)) {
            // Options of a section that exclude each other: its line is named.
            Err(UsageError::CommandLine(text)) => {
                let is_mistake = |error| matches!(error, Err(UsageError::CommandLine(_)));
                let (command, kind) = (&mut *self.command, &self.kind);
                let key = self.sections.culprit(&self.own, &mut |argv| !is_mistake(understood(command, kind, argv)));
                let expected = format!("what goes with the others ({text})");
                let error = key.and_then(|key| self.sections.error_of(&key, &expected));
                Err(error.unwrap_or(UsageError::CommandLine(text)))
            }
            matches => matches,
        }
    }

    /// The thresholds that leave a given one without an effect; an error where an option as a whole has none. None where that
    /// is because of a section, which has yielded: then there are other matches.
    pub(super) fn overruled(&mut self, matches: &ArgMatches) -> Result<Option<Vec<Overruling>>, UsageError> {
        let own_ids = ids(&self.given);
        if let Some(text) = TARGETS.iter().find_map(|id| two_values(id, &self.given)) {
            return Err(UsageError::CommandLine(text));
        }
        let (command, needs) = (&mut *self.command, self.kind.needs);
        if let Some(text) = unmet(needs, command, &own_ids, matches) {
            let key = self.sections.culprit(&self.own, &mut |argv| {
                let matches = command.try_get_matches_from_mut(argv);
                matches.is_ok_and(|matches| unmet(needs, command, &own_ids, &matches).is_none())
            });
            self.sections.drop(&key.ok_or(UsageError::CommandLine(text))?);
            return Ok(None);
        }
        let overruled = overruled(command, matches, &own_ids, self.kind.default_thresholds);
        overruled.map(Some).map_err(UsageError::CommandLine)
    }

    /// Has the section yield that contradicts the command line; where sections contradict themselves, the line of one is named
    /// and not its text.
    pub(super) fn settle(&mut self, contradiction: String) -> Result<(), UsageError> {
        let (command, is_consistent) = (&mut *self.command, self.kind.is_consistent);
        let mut is_fine = |argv: &[String]| is_consistent(command, argv, &self.sections.secrets);
        let Some(key) = self.sections.culprit(&self.own, &mut is_fine) else {
            return Err(UsageError::CommandLine(contradiction));
        };
        let is_named =
            |option: &Arg| option.get_long().is_some_and(|long| contradiction.contains(&format!("--{long}")));
        if !self.command.get_arguments().any(|option| self.has(option.get_id().as_str()) && is_named(option)) {
            let expected = "an option with a value that goes with the others and with this host";
            let error = self.sections.error_of(&key, expected);
            return Err(error.unwrap_or(UsageError::CommandLine(contradiction)));
        }
        self.sections.drop(&key);
        Ok(())
    }

    /// What is wrong where nothing says where the answer comes from.
    pub(super) fn error_of_lack(&self, lack: Lack) -> UsageError {
        match self.sections.error_of(lack.option, &format!("what this host has ({})", lack.text)) {
            _ if self.has(lack.option) => UsageError::CommandLine(lack.text),
            Some(error) => error,
            None => UsageError::Missing(lack.text),
        }
    }

    /// The options that every plugin has.
    pub(super) fn common(&self, matches: &ArgMatches) -> Result<CommonOptions, UsageError> {
        CommonOptions::from_arg_matches(matches).map_err(|error| self.explain(&error))
    }

    /// An error where a run takes longer at `least` than it may, because of `options`; `limit` is the longest that whoever asks
    /// lets it take, whatever they say.
    pub(super) fn must_fit(
        &self,
        (least, options): (Duration, &str),
        common: &CommonOptions,
        limit: Option<Duration>,
    ) -> Result<(), UsageError> {
        let timeout =
            limit.map_or(common.timeout(), |limit| common.given_timeout().map_or(limit, |own| own.min(limit)));
        if least <= timeout {
            return Ok(());
        }
        let deadline =
            if limit.is_some() { format!("the deadline of {}", seconds(timeout)) } else { "the deadline".to_owned() };
        let text = format!("{options} is more than {deadline}: expected a longer one (-t), or less of it");
        let mut ids = options.split(' ').filter_map(|option| option.strip_prefix("--"));
        let is_own = ids.clone().any(|id| self.has(id));
        let expected = format!("less ({text})");
        let error = if is_own { None } else { ids.find_map(|id| self.sections.error_of(id, &expected)) };
        Err(error.unwrap_or(UsageError::CommandLine(text)))
    }

    /// What failures are worth: the plugin's defaults, then `--state` and the STATE of `-t` in the order in which they were
    /// given, those of ini sections first, which may serve other checks as well.
    pub(super) fn policy(&self, common: &CommonOptions, matches: &ArgMatches) -> Result<Policy, UsageError> {
        let about = self.kind.about;
        let own = self.given.iter().filter(|option| option.id == "states").count();
        let of_sections = common.states.len().saturating_sub(own);
        let is_met = |given: &Override| about.classes().any(|class| class == given.class);
        if let Some(foreign) = common.states.iter().skip(of_sections).find(|given| !is_met(given)) {
            let expected: Vec<_> = about.classes().map(Class::name).collect();
            return Err(UsageError::ForeignClass { class: foreign.class, expected: expected.join(", ") });
        }
        let mut given = common.states.clone();
        let timeout = common.timeout.and_then(|timeout| timeout.state);
        if let Some((at, state)) = matches.index_of("timeout").zip(timeout) {
            let before = matches.indices_of("states").into_iter().flatten().filter(|index| *index < at);
            given.insert(before.count(), Override { class: Class::Timeout, state });
        }
        Ok(Policy::new(about.defaults.iter().copied().chain(given).collect()))
    }

    /// What clap found wrong.
    pub(super) fn explain(&self, error: &clap::Error) -> UsageError {
        explain(error, self.command, self.kind.usage)
    }
}

/// The command line as clap has it; what nobody but a person reads is written for a person only.
fn understood(command: &mut Command, kind: &Kind, argv: &[String]) -> Result<ArgMatches, UsageError> {
    let parsed = command.try_get_matches_from_mut(argv).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp => (kind.described)().try_get_matches_from(argv).err().unwrap_or(error),
        _ => error,
    });
    parsed.map_err(|error| explain(&error, command, kind.usage))
}

fn ids(given: &[GivenOption]) -> Vec<&str> {
    given.iter().map(|option| option.id.as_str()).collect()
}

/// What is wrong where an option that says whom to ask has two values.
fn two_values(id: &str, own: &[GivenOption]) -> Option<String> {
    let mut values = own.iter().filter(|option| option.id == id).filter_map(|option| option.value.as_ref());
    let first = values.next()?;
    let other = values.find(|value| !value.eq_ignore_ascii_case(first))?;
    Some(format!("--{id}: '{first}' and '{other}' are two: expected one, for a run asks one"))
}

/// The options that say whom to ask.
const TARGETS: &[&str] = &["hostname", "domain"];
