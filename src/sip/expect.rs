//! Which final responses are as they should be? `--expect 200,480-489,2xx`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A set of status codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSet {
    ranges: Vec<RangeInclusive<u16>>,
    text: String,
}

impl StatusSet {
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
    fn refuses_what_is_no_set() {
        for text in ["", "2xx,", "20", "1xx", "7xx", "180", "700", "489-480", "abc", "2x", "200-", "+20", "22xx"] {
            assert!(text.parse::<StatusSet>().is_err(), "{text:?}");
        }
    }
}
