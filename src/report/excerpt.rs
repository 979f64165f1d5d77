//! How much of a text is shown, where somebody else decides how long it is?

/// At most `max` characters of a text, with `...` where something was left out.
pub(crate) fn excerpt(text: &str, max: usize) -> String {
    // No text has more characters than bytes.
    let end = (text.len() > max).then(|| text.char_indices().nth(max)).flatten();
    match end {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_cuts_between_characters() {
        assert_eq!(excerpt("äöü", 2), "äö...");
        assert_eq!(excerpt("äöü", 3), "äöü");
    }
}
