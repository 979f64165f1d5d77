//! Can a text from the command line stand in a request? URIs, name-addrs and header values that cannot break out of their line.

use std::str::FromStr;

/// A `sip:` or `sips:` URI, alone or as a name-addr (`"Name" <sip:user@host>`).
///
/// Only what would break the message is refused; whether the server knows the address is the server's question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(String);

/// A bare `sip:`, `sips:` or `tel:` URI, for the request line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uri(String);

/// A header value of printable text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderText(String);

/// Why a text cannot stand there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UriError {
    /// No URI of a scheme that OPTIONS can be about.
    #[error("'{0}' is not a SIP URI: expected something like sip:cas1.example.com or sips:user@example.com")]
    Scheme(String),
    /// Blanks, control characters or angle brackets.
    #[error("'{0}' is not a SIP URI: blanks, quotes, angle brackets and control characters cannot stand in one")]
    Character(String),
    /// A name-addr that is not closed, or has something behind it that is no parameter.
    #[error("'{0}' is not an address: expected a SIP URI, or a name and the URI in angle brackets")]
    NameAddr(String),
    /// A header value with a line break or another control character.
    #[error("'{0}' cannot be a header value: expected one line of printable text")]
    Header(String),
}

impl Uri {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let rest = ["sip:", "sips:", "tel:"].iter().find_map(|scheme| {
            text.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)).map(|_| &text[scheme.len()..])
        });
        if rest.is_none_or(str::is_empty) {
            return Err(UriError::Scheme(text.to_owned()));
        }
        let is_bad = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"');
        if text.contains(is_bad) {
            return Err(UriError::Character(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Address {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Address {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let Some((name, rest)) = text.split_once('<') else {
            return text.parse::<Uri>().map(|uri| Self(uri.0));
        };
        let malformed = || UriError::NameAddr(text.to_owned());
        let (uri, parameters) = rest.split_once('>').ok_or_else(malformed)?;
        uri.parse::<Uri>()?;
        let parameters_begin = parameters.is_empty() || parameters.starts_with(';');
        let is_clean = !text.contains(char::is_control) && !parameters.contains(['<', '>']);
        if !parameters_begin || !is_clean || name.matches('"').count() % 2 != 0 {
            return Err(malformed());
        }
        Ok(Self(text.to_owned()))
    }
}

impl HeaderText {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HeaderText {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        if text.trim().is_empty() || text.contains(char::is_control) {
            return Err(UriError::Header(text.to_owned()));
        }
        Ok(Self(text.trim().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_and_name_addrs() {
        for text in ["sip:cas1.example.com", "SIPS:a@[2001:db8::1]:5061;transport=tls", "tel:+15550100"] {
            assert_eq!(text.parse::<Uri>().unwrap().as_str(), text);
        }
        for text in ["sip:a@b", "<sip:a@b>", "\"A B\" <sip:a@b;x=y>;tag=1", "A <sip:a@b>"] {
            assert_eq!(text.parse::<Address>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn nothing_that_breaks_out_of_its_line() {
        for text in ["", "sip:", "http://a", "a@b", "sip:a b", "sip:a\r\nX: y", "<sip:a>", "sip:a\"b", "sip:ä\u{7f}"] {
            assert!(text.parse::<Uri>().is_err(), "{text:?}");
        }
        for text in ["<sip:a", "<sip:a>x", "\"A <sip:a>", "A\n<sip:a>", "<sip:a><sip:b>", "<>", "<sip:a>;x=\n"] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
        assert!("a\r\nVia: b".parse::<HeaderText>().is_err());
        assert!(" ".parse::<HeaderText>().is_err());
    }
}
