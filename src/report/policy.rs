//! What is a failure worth in this run? The one place where a class becomes a state.

use std::str::FromStr;

use super::class::Class;
use super::failure::Failure;
use super::nearest::nearest;
use super::state::{NotAState, State};

/// What is wrong with one `CLASS=STATE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    #[error("'{0}' is not CLASS=STATE: expected something like timeout=unknown")]
    NoState(String),
    #[error("'{name}' is not a failure class: {hint}expected one of {expected}")]
    NoSuchClass {
        name: String,
        expected: String,
        /// What was probably meant.
        hint: String,
    },
    #[error(transparent)]
    NotAState(#[from] NotAState),
}

/// One `--state CLASS=STATE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    pub class: Class,
    pub state: State,
}

impl FromStr for Override {
    type Err = OverrideError;

    fn from_str(text: &str) -> Result<Self, OverrideError> {
        let (name, state) = text.split_once('=').ok_or_else(|| OverrideError::NoState(text.to_owned()))?;
        let class = Class::ALL.iter().find(|class| class.name() == name).ok_or_else(|| OverrideError::NoSuchClass {
            name: name.to_owned(),
            expected: Class::ALL.iter().map(|class| class.name()).collect::<Vec<_>>().join(", "),
            hint: nearest(name, Class::ALL.iter().map(|class| class.name()))
                .map_or_else(String::new, |class| format!("did you mean {class}? ")),
        })?;
        Ok(Self { class: *class, state: state.parse()? })
    }
}

/// What each class is worth in this run: the defaults, what the plugin makes of them, then what the operator does; the
/// last word on a class wins.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    overrides: Vec<Override>,
}

impl Policy {
    /// A policy of overrides in rising order of precedence.
    pub const fn new(overrides: Vec<Override>) -> Self {
        Self { overrides }
    }

    /// All of them.
    pub(crate) fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// What a failure of `class` is worth.
    pub fn state(&self, class: Class) -> State {
        self.given(class).unwrap_or(class.default_state())
    }

    /// The class that `failure` counts as: the one that it is, unless the operator spoke of the one that it is as well.
    pub fn class(&self, failure: &Failure) -> Class {
        failure.as_well.filter(|class| self.given(*class).is_some()).unwrap_or(failure.class)
    }

    fn given(&self, class: Class) -> Option<State> {
        self.overrides.iter().rev().find(|given| given.class == class).map(|given| given.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_override_of_a_class_wins() {
        let overrides = ["timeout=warning", "dns=critical", "timeout=ok"].map(|text| text.parse().unwrap());
        let policy = Policy::new(overrides.to_vec());
        assert_eq!(policy.state(Class::Timeout), State::Ok);
        assert_eq!(policy.state(Class::Dns), State::Critical);
        assert_eq!(policy.state(Class::Refused), State::Critical);
    }

    #[test]
    fn a_failure_of_two_classes_counts_as_the_one_that_the_operator_spoke_of() {
        let failure = Failure { as_well: Some(Class::Timeout), ..Failure::new(Class::Dns, "looking up") };
        assert_eq!(Policy::default().class(&failure), Class::Dns);
        let policy = Policy::new(vec!["timeout=warning".parse().unwrap()]);
        assert_eq!(policy.class(&failure), Class::Timeout);
        assert_eq!(policy.class(&Failure::new(Class::Dns, "looking up")), Class::Dns);
    }

    #[test]
    fn an_unknown_class_is_answered_with_those_there_are() {
        let error = "timeuot=ok".parse::<Override>().unwrap_err().to_string();
        assert!(
            error.starts_with(
                "'timeuot' is not a failure class: did you mean timeout? expected one of timeout, refused,"
            ),
            "{error}"
        );
        assert!("timeout".parse::<Override>().is_err());
        assert!("timeout=bad".parse::<Override>().is_err());
    }
}
