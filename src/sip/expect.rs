//! What is a final response worth? `--status 503=warning`, then `--expect 200,480-489,2xx`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::report::{NotAState, State};

/// What the operator says of final responses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusRules {
    /// The first one that holds decides.
    pub rules: Vec<StatusRule>,
    /// What is as it should be where no rule holds.
    pub expected: StatusSet,
}

impl StatusRules {
    /// What the final response `status` is worth by itself; `None` if nothing is said of it: then it is a failure of class
    /// `status`.
    pub(crate) fn state(&self, status: u16) -> Option<State> {
        let ruled = self.rules.iter().find(|rule| rule.statuses.contains(status)).map(|rule| rule.state);
        ruled.or_else(|| self.expected.contains(status).then_some(State::Ok))
    }
}

/// One `--status CODES=STATE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRule {
    statuses: StatusSet,
    state: State,
}

/// What is wrong with one `CODES=STATE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusRuleError {
    /// Nothing that ends the codes.
    #[error("'{0}' is not CODES=STATE: expected something like 503=warning or 480-489,6xx=ok")]
    NoState(String),
    /// The codes.
    #[error(transparent)]
    Statuses(#[from] NotAStatusSet),
    /// The state.
    #[error(transparent)]
    State(#[from] NotAState),
}

impl FromStr for StatusRule {
    type Err = StatusRuleError;

    fn from_str(text: &str) -> Result<Self, StatusRuleError> {
        let (statuses, state) = text.rsplit_once('=').ok_or_else(|| StatusRuleError::NoState(text.to_owned()))?;
        Ok(Self { statuses: statuses.parse()?, state: state.parse()? })
    }
}

/// A set of status codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSet {
    ranges: Vec<RangeInclusive<u16>>,
    text: String,
}

impl StatusSet {
    /// What a call may end with: an answer, or a redirection.
    pub(crate) fn of_calls() -> Self {
        Self { ranges: vec![200..=299, 300..=399], text: "2xx,3xx".to_owned() }
    }

    /// Whether `status` is in it.
    pub(crate) fn contains(&self, status: u16) -> bool {
        self.ranges.iter().any(|range| range.contains(&status))
    }
}

impl Default for StatusSet {
    /// 200 alone.
    fn default() -> Self {
        Self { ranges: vec![200..=200], text: "200".to_owned() }
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A part of the list that is none of the three forms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no set of final responses: expected codes (200), ranges (480-489) or classes (2xx), 200 to 699, separated by commas"
)]
pub struct NotAStatusSet(String);

impl FromStr for StatusSet {
    type Err = NotAStatusSet;

    fn from_str(text: &str) -> Result<Self, NotAStatusSet> {
        let ranges = text.split(',').map(|part| range(part.trim()).ok_or_else(|| NotAStatusSet(part.to_owned())));
        Ok(Self { ranges: ranges.collect::<Result<_, _>>()?, text: text.to_owned() })
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let class = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"));
    if let Some(class) = class.filter(|class| class.len() == 1) {
        let class: u16 = class.parse().ok().filter(|class| (2..=6).contains(class))?;
        return Some(class * 100..=class * 100 + 99);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (code(first)?, code(last)?);
    (first <= last).then_some(first..=last)
}

/// A final response's code. A provisional one is never the end of a transaction, so expecting it can only be a mistake.
fn code(text: &str) -> Option<u16> {
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|code| (200..700).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ranges_and_classes() {
        let set: StatusSet = "200, 480-489,5xx".parse().unwrap();
        for status in [200, 480, 485, 489, 500, 599] {
            assert!(set.contains(status), "{status}");
        }
        for status in [201, 479, 490, 600, 100] {
            assert!(!set.contains(status), "{status}");
        }
    }

    #[test]
    fn the_first_rule_that_holds_decides_and_then_what_is_expected() {
        let rules = ["503=warning", "4xx=ok", "404,500-599=unknown"].map(|text| text.parse().unwrap());
        let rules = StatusRules { rules: rules.to_vec(), expected: "2xx,503".parse().unwrap() };
        for (status, state) in [
            (503, Some(State::Warning)),
            (404, Some(State::Ok)),
            (500, Some(State::Unknown)),
            (202, Some(State::Ok)),
            (302, None),
        ] {
            assert_eq!(rules.state(status), state, "{status}");
        }
    }

    #[test]
    fn a_rule_has_codes_and_a_state_and_says_what_was_expected() {
        for text in ["", "503", "=ok", "503=", "503=fine", "1xx=ok", "503=warning=ok", "503:ok"] {
            let error = text.parse::<StatusRule>().unwrap_err();
            assert!(error.to_string().contains("expected"), "{text:?}: {error}");
        }
    }

    #[test]
    fn refuses_what_is_no_set() {
        for text in [
            "",
            "2xx,",
            "20",
            "1xx",
            "7xx",
            "180",
            "700",
            "489-480",
            "abc",
            "2x",
            "200-",
            "+20",
            "22xx",
            "0200",
            "0200-0299",
            "200-0299",
            "02xx",
            "2000",
        ] {
            assert!(text.parse::<StatusSet>().is_err(), "{text:?}");
        }
    }
}
