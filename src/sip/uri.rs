//! Can a text from the command line stand in a request? URIs, name-addrs and header values that cannot break out of their line.
//!
//! Only what would break the message is refused; whether the server knows an address is the server's question.

use std::net::Ipv6Addr;

use super::head;
use crate::input::list;

/// Why a text cannot stand there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UriError {
    /// No URI of a scheme that OPTIONS can be about.
    #[error("'{0}' is not a SIP URI: expected something like sip:cas1.example.com or sips:user@example.com")]
    Scheme(String),
    #[error("'{0}' is not a SIP URI: blanks, quotes, angle brackets and control characters cannot stand in one")]
    Character(String),
    #[error("'{0}' is not a SIP URI: expected an IPv6 address in its brackets, without a zone")]
    Reference(String),
    /// A name-addr that is not closed, or has something behind it that is no parameter.
    #[error("'{0}' is not an address: expected a SIP URI, or a name and the URI in angle brackets")]
    NameAddr(String),
    #[error("'{0}' has a tag: expected an address without one, which the request or its answer gives")]
    Tag(String),
    /// No header line of one's own.
    #[error(
        "'{0}' cannot be a header line: expected 'Name: value' in one line of printable text, such as 'Subject: check'"
    )]
    HeaderLine(String),
    /// A header that the request writes itself: its name, and what to do instead.
    #[error("{name} is a header that the request has by itself, or must not have: expected {instead}")]
    OwnHeader { name: &'static str, instead: &'static str },
    /// Through a strict router (RFC 2543) a request would need another Request-URI.
    #[error("'{0}' is not a route: expected the SIP URI of a proxy with ;lr, such as sip:proxy.example.com;lr")]
    Route(String),
    #[error("'{0}' cannot be a header value: expected one line of printable text")]
    Header(String),
}

/// A bare `sip:`, `sips:` or `tel:` URI, for the request line.
pub(crate) fn bare(text: &str) -> Result<String, UriError> {
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
    // RFC 3261 25.1, `IPv6reference`: a zone means something on this host only, and servers refuse what has one.
    let host = rest.and_then(|rest| rest.rsplit_once('@').map_or(Some(rest), |(_, host)| Some(host)));
    let reference = host.and_then(|host| host.strip_prefix('['));
    let is_reference =
        |inside: &str| inside.split_once(']').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok());
    if reference.is_some_and(|inside| !is_reference(inside)) {
        return Err(UriError::Reference(text.to_owned()));
    }
    Ok(text.to_owned())
}

/// A URI, alone or as a name-addr (`"Name" <sip:user@host>`): one value, whatever stands in its quotes.
pub(crate) fn address(text: &str) -> Result<String, UriError> {
    let malformed = || UriError::NameAddr(text.to_owned());
    let Some(bracket) = list::bracket(text) else {
        return if text.contains('<') { Err(malformed()) } else { bare(text) };
    };
    let (name, rest) = (text[..bracket].trim(), &text[bracket + 1..]);
    let (uri, parameters) = rest.split_once('>').ok_or_else(malformed)?;
    let parameters = parameters.trim();
    bare(uri)?;
    // RFC 3261 25.1: `display-name`; letters that it has no place for are in use.
    let is_word = |c: char| c == ' ' || !c.is_ascii() || u8::try_from(c).is_ok_and(head::is_token_byte);
    let is_name = list::is_quoted_string(name) || name.chars().all(is_word);
    let is_one = parameters.is_empty() || (parameters.starts_with(';') && are_parameters(parameters));
    if text.contains(char::is_control) || !is_name || !is_one {
        return Err(malformed());
    }
    Ok(text.to_owned())
}

/// The same without a tag: that of From is the request's own, and To gets one from whoever answers.
pub(crate) fn untagged_address(text: &str) -> Result<String, UriError> {
    let address = address(text)?;
    let behind = list::bracket(text).map_or("", |bracket| &text[bracket..]);
    let has_tag = list::parameters(behind).any(|(name, _)| name.eq_ignore_ascii_case("tag"));
    if has_tag { Err(UriError::Tag(text.to_owned())) } else { Ok(address) }
}

/// Whether each piece behind a semicolon is a parameter: nothing that ends this value and begins another one.
fn are_parameters(text: &str) -> bool {
    let is_clean = |value: &str| list::is_quoted_string(value) || !value.contains(['<', '>', ',', '"', ';']);
    list::split_outside_quotes(text, ';').all(|piece| match piece.split_once('=') {
        Some((name, value)) => is_clean(name) && is_clean(value.trim_start()),
        None => is_clean(piece),
    })
}

/// A header value of printable text.
pub(crate) fn header_text(text: &str) -> Result<String, UriError> {
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err(UriError::Header(text.to_owned()));
    }
    Ok(text.trim().to_owned())
}

/// A header line `Name: value` of a header that the request does not write itself.
pub(crate) fn header_line(text: &str) -> Result<String, UriError> {
    let bad = || UriError::HeaderLine(text.to_owned());
    let (name, value) = text.split_once(':').ok_or_else(bad)?;
    let (name, value) = (name.trim(), header_text(value).map_err(|_| bad())?);
    if name.is_empty() || !name.bytes().all(head::is_token_byte) {
        return Err(bad());
    }
    match OWN_HEADERS.iter().find(|(own, _)| own.eq_ignore_ascii_case(head::long_name(name))) {
        Some((name, instead)) => Err(UriError::OwnHeader { name, instead }),
        None => Ok(format!("{name}: {value}")),
    }
}

/// A proxy that a request goes through, as a value of Route: one that leaves the Request-URI alone (`;lr`, RFC 3261 16.12).
pub(crate) fn loose_route(text: &str) -> Result<String, UriError> {
    let bad = || UriError::Route(text.to_owned());
    let address = address(text).map_err(|_| bad())?;
    let route = if list::bracket(&address).is_some() { address } else { format!("<{address}>") };
    let inside = list::bracket(&route).and_then(|at| route[at + 1..].split_once('>')).map_or("", |(uri, _)| uri);
    let is_sip = ["sip:", "sips:"]
        .iter()
        .any(|scheme| inside.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let (uri, _headers) = inside.split_once('?').unwrap_or((inside, ""));
    let is_loose = list::parameters(uri).any(|(name, _)| name.eq_ignore_ascii_case("lr"));
    if is_sip && is_loose { Ok(route) } else { Err(bad()) }
}

/// What every request of ours has, or must not have, and how to have it otherwise.
const OWN_HEADERS: &[(&str, &str)] = &[
    ("Via", NONE),
    ("Max-Forwards", "--max-forwards"),
    ("Route", "--route"),
    ("From", "--from"),
    ("To", "--to"),
    ("Call-ID", NONE),
    ("CSeq", NONE),
    ("Contact", "--contact"),
    ("User-Agent", "--user-agent"),
    ("Allow", NONE),
    ("Accept", NONE),
    ("Authorization", "--username"),
    ("Proxy-Authorization", "--username"),
    ("Content-Type", NONE),
    ("Content-Length", NONE),
    ("Content-Encoding", NONE),
];

const NONE: &str = "another one";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_of_a_uri_has_no_zone() {
        for text in ["sip:[fe80::1%eth0]", "sip:a@[fe80::1%25eth0]:5060", "sips:[192.0.2.7]", "sip:[::1", "sip:a@[]"] {
            assert_eq!(bare(text), Err(UriError::Reference(text.to_owned())));
        }
        for text in ["sip:[fe80::1]", "sip:a[b]@c", "sip:a@[::1]:5060;lr"] {
            assert_eq!(bare(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn uris_and_name_addrs() {
        for text in ["sip:cas1.example.com", "SIPS:a@[2001:db8::1]:5061;transport=tls", "tel:+15550100"] {
            assert_eq!(bare(text).unwrap(), text);
        }
        for text in [
            "sip:a@b",
            "<sip:a@b>",
            "\"A B\" <sip:a@b;x=y>;tag=1",
            "A <sip:a@b>",
            "\"a\\\" b, <c>\" <sip:a>;x=\",;\"",
            "M\u{fc}ller B. <sip:a>",
        ] {
            assert_eq!(address(text).unwrap(), text);
        }
    }

    #[test]
    fn an_address_of_from_or_to_has_no_tag_of_its_own() {
        for text in ["sip:a@b;tag=x", "<sip:a@b;tag=x>", "\"a;tag=x\" <sip:a@b>;x=\";tag=y\"", "<sip:a>;tagged=1"] {
            assert_eq!(untagged_address(text).unwrap(), text);
        }
        for text in ["<sip:a@b>;tag=x", "\"a\" <sip:a@b> ; x ; TAG = x", "<sip:a@b>;tag"] {
            assert!(untagged_address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_route_is_a_sip_uri_of_a_loose_router() {
        for (text, route) in [
            ("sip:p1.example.com;lr", "<sip:p1.example.com;lr>"),
            ("SIPS:p1:5061;transport=tls;LR=on", "<SIPS:p1:5061;transport=tls;LR=on>"),
            ("\"P; 1\" <sip:p1;lr>;x=1", "\"P; 1\" <sip:p1;lr>;x=1"),
        ] {
            assert_eq!(loose_route(text).unwrap(), route);
        }
        for text in [
            "",
            "sip:p1",
            "<sip:p1>;lr",
            "tel:+1;lr",
            "sip:p1;lr, <sip:p2;lr>",
            "sip:a?x=;lr",
            "<sip:p1;lr",
            "sip:p1;lrx",
        ] {
            assert_eq!(loose_route(text), Err(UriError::Route(text.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn nothing_that_breaks_out_of_its_line() {
        for text in ["", "sip:", "http://a", "a@b", "sip:a b", "sip:a\r\nX: y", "<sip:a>", "sip:a\"b", "sip:ä\u{7f}"] {
            assert!(bare(text).is_err(), "{text:?}");
        }
        for text in ["<sip:a", "<sip:a>x", "\"A <sip:a>", "A\n<sip:a>", "<sip:a><sip:b>", "<>", "<sip:a>;x=\n"] {
            assert!(address(text).is_err(), "{text:?}");
        }
        // An escaped quote closes nothing, and a comma makes two values of one.
        for text in [
            "\"a\\\" <sip:x>",
            "a,b <sip:x>",
            "\"a\", \"b\" <sip:x>",
            "<sip:a>;x=1,<sip:b>",
            "<sip:a>;x=\"1",
            "<sip:a>, sip:b",
            "a\"b\" <sip:x>",
            "<sip:a>;x=\"1\",y",
        ] {
            assert_eq!(address(text), Err(UriError::NameAddr(text.to_owned())), "{text:?}");
        }
        assert!(header_text("a\r\nVia: b").is_err());
        assert!(header_text(" ").is_err());
        for (text, instead) in
            [("f: <sip:a>", "--from"), ("MAX-FORWARDS: 1", "--max-forwards"), ("v: x", "another one")]
        {
            let error = header_line(text).unwrap_err().to_string();
            assert!(error.ends_with(&format!("expected {instead}")), "{error}");
        }
        assert_eq!(header_line("Subject : a b ").unwrap(), "Subject: a b");
        for text in ["", "Subject", "a b: c", ": c", "v: x", "call-id: x", "X: ", "X: a\r\nVia: b", "X\r\nVia: b"] {
            assert!(header_line(text).is_err(), "{text:?}");
        }
    }
}
