//! Which series does an operator mean? `name{label="value"}`, as Prometheus selects.

use std::str::FromStr;

use regex_lite::Regex;

use super::exposition::ExposedSeries;

/// A metric by its name, and what its labels must be.
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    pub name: String,
    matchers: Vec<Matcher>,
}

/// What one label must be, or must not.
#[derive(Clone, Debug)]
struct Matcher {
    label: String,
    wanted: Wanted,
    is_not: bool,
}

#[derive(Clone, Debug)]
enum Wanted {
    Value(String),
    /// Of the whole value.
    Pattern(Regex),
}

/// The text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a metric, or one with labels such as NAME{{site=\"a\",state!=\"b\",app=~\"c.*\"}}")]
pub(crate) struct NotASelector;

impl Selector {
    /// Of every series of a metric.
    pub(crate) fn of(name: impl Into<String>) -> Self {
        Self { name: name.into(), matchers: Vec::new() }
    }

    /// Whether it says what a label must be.
    pub(crate) fn says(&self, label: &str) -> bool {
        self.matchers.iter().any(|matcher| matcher.label == label && !matcher.is_not)
    }

    pub(crate) fn fits(&self, series: &ExposedSeries<'_>) -> bool {
        series.name == self.name && self.matchers.iter().all(|matcher| matcher.fits(series))
    }
}

impl Matcher {
    /// A label that is not there is empty.
    fn fits(&self, series: &ExposedSeries<'_>) -> bool {
        let value = series.label(&self.label).unwrap_or_default();
        let fits = match &self.wanted {
            Wanted::Value(wanted) => *wanted == value,
            Wanted::Pattern(pattern) => pattern.is_match(&value),
        };
        fits != self.is_not
    }
}

impl FromStr for Selector {
    type Err = NotASelector;

    fn from_str(text: &str) -> Result<Self, NotASelector> {
        let (name, labels) = match text.split_once('{') {
            Some((name, labels)) => (name, labels.trim_end().strip_suffix('}').ok_or(NotASelector)?),
            None => (text, ""),
        };
        let is_name = |name: &str, more: char| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == more)
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == more)
        };
        let mut matchers = Vec::new();
        let mut rest = labels.trim();
        while !rest.is_empty() {
            let end = rest.find(['=', '!']).ok_or(NotASelector)?;
            let (label, behind) = (rest[..end].trim(), &rest[end..]);
            let (is_not, is_pattern) = OPERATORS
                .iter()
                .find(|(sign, ..)| behind.starts_with(sign))
                .map_or(Err(NotASelector), |(_, is_not, is_pattern)| Ok((*is_not, *is_pattern)))?;
            let quoted = behind.trim_start_matches(['=', '!', '~', ' ']).strip_prefix('"').ok_or(NotASelector)?;
            let (value, behind) = value(quoted).filter(|_| is_name(label, '_')).ok_or(NotASelector)?;
            let wanted = if is_pattern {
                Wanted::Pattern(Regex::new(&format!("^(?:{value})$")).map_err(|_| NotASelector)?)
            } else {
                Wanted::Value(value)
            };
            matchers.push(Matcher { label: label.to_owned(), wanted, is_not });
            rest = behind.trim_start();
            if !rest.is_empty() {
                rest = rest.strip_prefix(',').ok_or(NotASelector)?.trim_start();
            }
        }
        let name = name.trim();
        is_name(name, ':').then(|| Self { name: name.to_owned(), matchers }).ok_or(NotASelector)
    }
}

/// A value up to its closing quote, without its escapes, and what stands behind.
fn value(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                // Of a pattern: what is escaped there stays so.
                escaped @ ('"' | '\\') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    None
}

/// The signs, the longer ones first: whether they deny, and whether they take a pattern.
const OPERATORS: [(&str, bool, bool); 4] =
    [("=~", false, true), ("!~", true, true), ("!=", true, false), ("=", false, false)];

#[cfg(test)]
mod tests {
    use super::super::exposition::series;
    use super::*;
    use proptest::prelude::*;

    fn fits(selector: &str, line: &str) -> bool {
        selector.parse::<Selector>().unwrap().fits(&series(line).next().unwrap().unwrap())
    }

    #[test]
    fn a_selector_is_a_name_and_what_labels_must_be() {
        let line = r#"calls{site="a",state="received \"x\""} 7"#;
        for selector in [
            "calls",
            r#"calls{_absent="",}"#,
            r#"calls{}"#,
            r#"calls{site="a"}"#,
            r#" calls { site = "a" , state != "rejected", } "#,
            r#"calls{site=~"a|b",state!~"rej.*"}"#,
            r#"calls{state="received \"x\""}"#,
            r#"calls{absent=""}"#,
        ] {
            assert!(fits(selector, line), "{selector}");
        }
        for selector in
            ["call", r#"calls{site="b"}"#, r#"calls{site!="a"}"#, r#"calls{site=~"A"}"#, r#"calls{absent="x"}"#]
        {
            assert!(!fits(selector, line), "{selector}");
        }
    }

    #[test]
    fn a_selector_says_of_a_label_what_it_must_be_and_not_what_it_must_not() {
        let selector: Selector = r#"calls{site="a",app=~"b.*",state!="c",host!~"d.*"}"#.parse().unwrap();
        let says = ["site", "app", "state", "host", "other"].map(|label| selector.says(label));
        assert_eq!(says, [true, true, false, false, false]);
    }

    #[test]
    fn a_metric_may_begin_with_a_colon_and_a_label_may_not() {
        for name in ["_x", ":x", "x:y", "x_1"] {
            assert!(fits(name, &format!("{name} 1")), "{name}");
        }
        assert!(r#"x{:a="b"}"#.parse::<Selector>().is_err());
    }

    #[test]
    fn refuses_what_is_no_selector() {
        for text in [
            "",
            "9x",
            r"\Object\Counter",
            "a b",
            "a{",
            "a{b}",
            "a{b=c}",
            r#"a{b="c}"#,
            r#"a{b="c"d="e"}"#,
            r#"a{b=~"("}"#,
        ] {
            assert!(text.parse::<Selector>().is_err(), "{text:?} was taken for a selector");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z{}=~!\",\\\\ ä]{0,40}") {
            let _ = text.parse::<Selector>();
        }
    }
}
