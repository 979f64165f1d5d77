//! How well is it? The four plugin states, their exit codes and their order.

use std::fmt;
use std::str::FromStr;

/// A plugin state, ordered by severity: `Ok < Warning < Unknown < Critical`.
///
/// The order decides what a report with several findings is worth, here and nowhere else. UNKNOWN stands above
/// WARNING because not knowing may hide a CRITICAL, and below CRITICAL because that one is already certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// As it should be.
    Ok,
    /// Somebody should look at it during the day.
    Warning,
    /// The question could not be answered.
    Unknown,
    /// It does not work.
    Critical,
}

impl State {
    /// The exit code of the Monitoring Plugins development guidelines: 0, 1, 2 or 3.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// The word that schedulers and people know it by, in upper case.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The text is not a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a state: expected ok, warning, critical or unknown")]
pub struct NotAState(String);

impl FromStr for State {
    type Err = NotAState;

    /// Reads a state's name in any case, or its exit code.
    fn from_str(text: &str) -> Result<Self, NotAState> {
        [Self::Ok, Self::Warning, Self::Unknown, Self::Critical]
            .into_iter()
            .find(|state| text.eq_ignore_ascii_case(state.word()) || text == state.exit_code().to_string())
            .ok_or_else(|| NotAState(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_outranks_unknown_outranks_warning_outranks_ok() {
        let mut states = [State::Critical, State::Ok, State::Unknown, State::Warning];
        states.sort();
        assert_eq!(states, [State::Ok, State::Warning, State::Unknown, State::Critical]);
    }

    #[test]
    fn exit_codes_are_those_of_the_guidelines() {
        let codes = [State::Ok, State::Warning, State::Critical, State::Unknown].map(State::exit_code);
        assert_eq!(codes, [0, 1, 2, 3]);
    }

    #[test]
    fn reads_names_in_any_case_and_exit_codes() {
        assert_eq!("Critical".parse(), Ok(State::Critical));
        assert_eq!("UNKNOWN".parse(), Ok(State::Unknown));
        assert_eq!("1".parse(), Ok(State::Warning));
    }

    #[test]
    fn refuses_what_is_no_state_and_says_what_is() {
        let error = "crit".parse::<State>().unwrap_err().to_string();
        assert_eq!(error, "'crit' is not a state: expected ok, warning, critical or unknown");
        assert!("".parse::<State>().is_err());
        assert!("4".parse::<State>().is_err());
    }
}
