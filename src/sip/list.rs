//! Where does one part of a header value end? Separators inside of quotes and of angle brackets do not count.

/// The parts of `text` between `separator`, trimmed. What stands in a quoted string or between angle brackets is never cut
/// (RFC 3261 25.1); a quote or bracket that is not closed holds the rest.
pub(crate) fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_open = State::Plain;
    text.split(move |c| {
        let ends = is_open == State::Plain && c == separator;
        is_open = is_open.after(c);
        ends
    })
    .map(str::trim)
}

/// The parameters behind the first part of `text`: names, and values where there are any.
pub(crate) fn parameters(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    split(text, ';').skip(1).map(|parameter| match parameter.split_once('=') {
        Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
        None => (parameter, None),
    })
}

/// With each piece of linear white space outside of quotes as one blank, whatever it was made of (RFC 3261 25.1: `SWS`).
pub(crate) fn with_single_blanks(text: &str) -> String {
    if !text.contains("  ") && !text.contains('\t') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut state = State::Plain;
    for c in text.chars() {
        let is_blank = matches!(c, ' ' | '\t') && !state.is_quoted();
        if !is_blank {
            plain.push(c);
        } else if !plain.ends_with(' ') {
            plain.push(' ');
        }
        state = state.after(c);
    }
    plain
}

/// Where in a value a character stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Plain,
    Quoted,
    /// Behind a backslash in a quoted string.
    Escaped,
    Bracketed,
}

impl State {
    const fn after(self, c: char) -> Self {
        match (self, c) {
            (Self::Plain, '"') | (Self::Escaped, _) => Self::Quoted,
            (Self::Plain, '<') => Self::Bracketed,
            (Self::Quoted, '\\') => Self::Escaped,
            (Self::Quoted, '"') | (Self::Bracketed, '>') => Self::Plain,
            (state, _) => state,
        }
    }

    const fn is_quoted(self) -> bool {
        matches!(self, Self::Quoted | Self::Escaped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_in_quotes_and_brackets_do_not_count() {
        let text = "a;x=\"b,\\\"c\" , \"d,e\" <sip:f,g>,, h";
        assert_eq!(split(text, ',').collect::<Vec<_>>(), ["a;x=\"b,\\\"c\"", "\"d,e\" <sip:f,g>", "", "h"]);
        assert_eq!(split("a,\"b,c", ',').collect::<Vec<_>>(), ["a", "\"b,c"]);
    }

    #[test]
    fn parameters_have_values_or_none() {
        let found: Vec<_> = parameters("SIP/2.0/UDP a ;rport; x = \";y=1;\" ;branch=z").collect();
        assert_eq!(found, [("rport", None), ("x", Some("\";y=1;\"")), ("branch", Some("z"))]);
    }

    #[test]
    fn white_space_is_one_blank_but_in_quotes() {
        assert_eq!(with_single_blanks("1\t \tOPTIONS"), "1 OPTIONS");
        assert_eq!(with_single_blanks("a  \"b \t c\\\"  d\"\t<e>"), "a \"b \t c\\\"  d\" <e>");
    }
}
