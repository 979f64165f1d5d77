//! Which options have an effect only beside others? A table beside the options says what each of them needs.
//!
//! A check lists the tables of its groups and its own in `Options::NEEDS`. Whoever gives such an option on the command line
//! without what it needs is told so before anything is read or sent: an option that is silently passed over is a false OK to
//! come. What comes from an ini section is never refused, so that one section can serve several services. The tables are
//! data, so that the schedulers' files are made from them, too.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

/// Options that have an effect only where something else is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Their long names with the dashes, such as `--ca-file`.
    pub options: &'static [&'static str],
    /// What they need.
    pub when: When,
}

/// A condition on a command line; options are named by their long names with the dashes.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// The option is given.
    Given(&'static str),
    /// The option is not given.
    Absent(&'static str),
    /// The option has this value, given or by default.
    Is(&'static str, &'static str),
    /// The option has a value that begins so, given or by default.
    Begins(&'static str, &'static str),
    /// Each of them.
    All(&'static [Self]),
    /// At least one of them.
    Any(&'static [Self]),
}

impl When {
    /// Whether it holds on a command line of `command`.
    pub fn holds(&self, command: &Command, matches: &ArgMatches) -> bool {
        let value = |option: &str| id(command, option).and_then(|id| last_value(matches, id)).unwrap_or_default();
        let given = |option: &str| id(command, option).is_some_and(|id| is_given(matches, id));
        match self {
            Self::Given(option) => given(option),
            Self::Absent(option) => !given(option),
            Self::Is(option, expected) => value(option) == *expected,
            Self::Begins(option, beginning) => value(option).starts_with(beginning),
            Self::All(parts) => parts.iter().all(|part| part.holds(command, matches)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(command, matches)),
        }
    }

    /// What it asks for, as an operator would write it: `--transport tls or --srv without --transport`, `no --until`.
    pub fn words(&self) -> String {
        match self {
            Self::Given(option) => (*option).to_owned(),
            Self::Absent(option) => format!("no {option}"),
            Self::Is(option, value) => format!("{option} {value}"),
            Self::Begins(option, beginning) => format!("{option} {beginning}..."),
            // What must be there comes first, and reads on.
            Self::All(parts) => {
                let (absent, present): (Vec<_>, Vec<_>) =
                    parts.iter().partition(|part| matches!(part, Self::Absent(_)));
                let without = absent.iter().map(|part| match part {
                    Self::Absent(option) if !present.is_empty() => format!("without {option}"),
                    part => part.words(),
                });
                present.iter().map(|part| part.words()).chain(without).collect::<Vec<_>>().join(" ")
            }
            Self::Any(parts) => parts.iter().map(Self::words).collect::<Vec<_>>().join(" or "),
        }
    }

    /// Every option that it speaks of.
    pub fn options(&self) -> Vec<&'static str> {
        match self {
            Self::Given(option) | Self::Absent(option) | Self::Is(option, _) | Self::Begins(option, _) => vec![option],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::options).collect(),
        }
    }
}

/// What is wrong with the options that were `given` on the command line itself, by their ids, beside all of `matches`.
pub(super) fn unmet(needs: &[&[Need]], command: &Command, given: &[&str], matches: &ArgMatches) -> Option<String> {
    let given = command.get_arguments().filter(|option| given.contains(&option.get_id().as_str()));
    let given: Vec<_> = given.filter_map(Arg::get_long).collect();
    for need in needs.iter().copied().flatten() {
        let is_given = |option: &&&str| option.strip_prefix("--").is_some_and(|long| given.contains(&long));
        let idle: Vec<_> = need.options.iter().filter(is_given).copied().collect();
        if !idle.is_empty() && !need.when.holds(command, matches) {
            let words = need.when.words();
            let too = if words.starts_with("no ") { "" } else { " too" };
            return Some(format!("{}: expected {words}{too}, or it has no effect", idle.join(", ")));
        }
    }
    None
}

/// Whether an option was given, as opposed to having its default.
pub(super) fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id).is_some_and(|source| source != ValueSource::DefaultValue)
}

/// The id of an option that is called `--LONG`.
fn id<'a>(command: &'a Command, option: &str) -> Option<&'a str> {
    let long = option.trim_start_matches('-');
    command.get_arguments().find(|known| known.get_long() == Some(long)).map(|known: &Arg| known.get_id().as_str())
}

fn last_value(matches: &ArgMatches, id: &str) -> Option<String> {
    let mut values = matches.try_get_raw(id).ok().flatten()?;
    values.next_back().map(|value| value.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::new("x").args([
            Arg::new("transport").long("transport").default_value("tcp"),
            Arg::new("srv").long("srv").action(clap::ArgAction::SetTrue),
            Arg::new("anchors").long("ca-file"),
            Arg::new("counters").long("counters"),
        ])
    }

    fn unmet_in(line: &str, when: When) -> Option<String> {
        let matches = command().try_get_matches_from(line.split(' ')).unwrap();
        let given: Vec<_> = matches.ids().map(clap::Id::as_str).filter(|id| is_given(&matches, id)).collect();
        unmet(&[&[Need { options: &["--ca-file", "--counters"], when }]], &command(), &given, &matches)
    }

    const OVER_TLS: When =
        When::Any(&[When::Is("--transport", "tls"), When::All(&[When::Given("--srv"), When::Absent("--transport")])]);

    #[test]
    fn an_option_without_what_it_needs_is_named_and_told() {
        assert_eq!(
            unmet_in("x --ca-file f", OVER_TLS).unwrap(),
            "--ca-file: expected --transport tls or --srv without --transport too, or it has no effect"
        );
        assert_eq!(
            unmet_in("x --ca-file f --srv", When::Any(&[When::Absent("--srv"), When::Is("--transport", "tls")]))
                .unwrap(),
            "--ca-file: expected no --srv or --transport tls, or it has no effect"
        );
        assert!(unmet_in("x --ca-file f --srv --transport tcp", OVER_TLS).is_some());
        assert!(unmet_in("x --ca-file f --counters csv:f", When::Begins("--counters", "prometheus:")).is_some());
    }

    #[test]
    fn nothing_is_wrong_where_it_has_what_it_needs_or_is_not_given() {
        for line in ["x", "x --srv", "x --ca-file f --transport tls", "x --ca-file f --srv"] {
            assert_eq!(unmet_in(line, OVER_TLS), None, "{line}");
        }
        assert_eq!(unmet_in("x --ca-file f", When::Is("--transport", "tcp")), None);
        assert_eq!(unmet_in("x --counters prometheus:x", When::Begins("--counters", "prometheus:")), None);
    }

    #[test]
    fn a_condition_speaks_of_every_option_in_it() {
        assert_eq!(OVER_TLS.options(), ["--transport", "--srv", "--transport"]);
        assert_eq!(When::Begins("--counters", "prometheus:").options(), ["--counters"]);
    }

    #[test]
    fn what_must_be_there_is_said_before_what_must_not() {
        const ABSENT: When = When::All(&[When::Absent("--srv"), When::Absent("--counters")]);
        assert_eq!(ABSENT.words(), "no --srv no --counters");
    }
}
