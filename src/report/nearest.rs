//! What was probably meant? The nearest of the names that there are.

/// The one of `names` that is most like `text`, if it is like it at all. A text that is too long for a name is like none.
pub(crate) fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if text.len() > MAX_NAME {
        return None;
    }
    let text = text.to_lowercase();
    let scored = names.into_iter().filter(|name| name.len() <= MAX_NAME);
    let scored = scored.map(|name| (strsim::jaro_winkler(&text, &name.to_lowercase()), name));
    scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// `; did you mean NAME?`, or nothing.
pub(crate) fn hint<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(text, names).map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

/// The most that is compared, in bytes: the time grows with the product of the lengths.
const MAX_NAME: usize = 256;

/// From which similarity on (Jaro and Winkler's, 0 to 1) one name may be meant for another.
const ALIKE: f64 = 0.8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_or_none() {
        let names = ["timeout", "refused", "unreachable", "untrusted"];
        assert_eq!(nearest("timeuot", names), Some("timeout"));
        assert_eq!(nearest("UNREACHEABLE", names), Some("unreachable"));
        assert_eq!(nearest("bogus", names), None);
        assert_eq!(nearest(&"timeout".repeat(1_000_000), names), None);
        assert_eq!(hint("refuse", names), "; did you mean refused?");
        assert_eq!(hint("", names), "");
    }

    #[test]
    fn a_text_as_long_as_a_name_may_be_is_compared_and_a_longer_one_is_not() {
        let name = "a".repeat(MAX_NAME);
        assert_eq!(nearest(&name, [name.as_str()]), Some(name.as_str()));
        assert_eq!(nearest(&"a".repeat(MAX_NAME + 1), [name.as_str()]), None);
        assert_eq!(nearest(&"a".repeat(MAX_NAME + 2), [name.as_str()]), None);
        assert_eq!(nearest(&name, [format!("{name}a").as_str()]), None);
    }
}
