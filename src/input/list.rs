//! Where does one part of a header value end? Separators inside of quotes and of angle brackets do not count.

/// The parts of `text` between `separator`, trimmed. What stands in a quoted string or between angle brackets is never cut
/// (RFC 3261 25.1); a quote or bracket that is not closed holds the rest.
pub(crate) fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut state = State::Plain;
    let ends = move |c| {
        let ends = state == State::Plain && c == separator;
        state = state.after(c);
        ends
    };
    text.split(ends).map(str::trim)
}

/// The same where angle brackets mean nothing.
pub(crate) fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut state = State::Plain;
    let ends = move |c| {
        let ends = state == State::Plain && c == separator;
        state = if state == State::Plain && c == '<' { state } else { state.after(c) };
        ends
    };
    text.split(ends).map(str::trim)
}

/// Where the first angle bracket outside of quotes opens.
pub(crate) fn bracket(text: &str) -> Option<usize> {
    let mut state = State::Plain;
    let opens = |c: char| {
        state = state.after(c);
        state == State::Bracketed
    };
    text.find(opens)
}

/// Whether the text is one quoted string and nothing else (RFC 3261 25.1).
pub(crate) fn is_quoted_string(text: &str) -> bool {
    let mut state = State::Plain;
    let ends = |(_, c): &(usize, char)| {
        state = state.after(*c);
        state == State::Plain
    };
    text.starts_with('"') && text.char_indices().find(ends).is_some_and(|(at, _)| at + 1 == text.len())
}

/// The text of a quoted string with its escapes undone, up to its closing quote, or to the end where there is none; a text
/// without quotes as it is.
pub(crate) fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else { return text.to_owned() };
    let mut value = String::new();
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => break,
            '\\' => value.extend(characters.next()),
            _ => value.push(c),
        }
    }
    value
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
    fn brackets_do_not_count_where_only_quotes_do() {
        let found: Vec<_> = split_outside_quotes("1;a=b<c;d=\"e;f\\\";g\" ;h", ';').collect();
        assert_eq!(found, ["1", "a=b<c", "d=\"e;f\\\";g\"", "h"]);
    }

    #[test]
    fn a_bracket_in_quotes_opens_nothing() {
        for (text, at) in [("<a>", Some(0)), ("\"<\\\"<\" <a", Some(7)), ("\"a\\\" <b>", None), ("a", None)] {
            assert_eq!(bracket(text), at, "{text}");
        }
    }

    #[test]
    fn a_quoted_string_is_whole_and_its_escapes_are_undone() {
        for (text, is_one, value) in [
            ("\"\"", true, ""),
            ("\"a\\\"b\\\\\"", true, "a\"b\\"),
            ("\"a\\\"", false, "a\""),
            ("\"a\" b", false, "a"),
            ("\"a\"\"b\"", false, "a"),
            ("a\"b\"", false, "a\"b\""),
            ("\"\\", false, ""),
        ] {
            assert_eq!((is_quoted_string(text), unquoted(text).as_str()), (is_one, value), "{text}");
        }
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
