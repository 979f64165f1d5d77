//! What do options take that std reads, but does not explain? Ports, counts and addresses.

use std::net::IpAddr;
use std::num::NonZeroU16;
use std::str::FromStr;
use std::time::Duration;

use crate::report::is_plain_number;
use crate::time::words;

/// A port of TCP or UDP.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    number(text, "a port: expected a number from 1 to 65535").map(NonZeroU16::get)
}

/// What fits into one byte.
pub(crate) fn octet(text: &str) -> Result<u8, String> {
    number(text, "a number from 0 to 255: expected one such as 70")
}

pub(crate) fn count(text: &str) -> Result<u64, String> {
    number(text, "a count: expected a whole number such as 10")
}

/// A method of SIP: a token (RFC 3261, section 25.1), without the blanks around it.
pub(crate) fn method(text: &str) -> Result<String, String> {
    let method = text.trim();
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    let is_token = !method.is_empty() && method.chars().all(is_of_token);
    is_token.then(|| method.to_owned()).ok_or_else(|| format!("'{text}' is not a method: expected one such as INVITE"))
}

pub(crate) fn address(text: &str) -> Result<IpAddr, String> {
    read(text, "an address: expected one such as 192.0.2.7 or 2001:db8::7")
}

/// Seconds, fractions allowed, up to a day.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    words::seconds_of(text)
        .ok_or_else(|| format!("'{text}' is not a time: expected seconds up to 86400, such as 3 or 0.5"))
}

/// A whole number, spelled as thresholds are: without a sign or a zero in front, which other tools read as octal.
fn number<T: FromStr>(text: &str, what: &str) -> Result<T, String> {
    if is_plain_number(text) { read(text, what) } else { Err(format!("'{text}' is not {what}")) }
}

fn read<T: FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("'{text}' is not {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_is_read() {
        assert_eq!(port("5061"), Ok(5061));
        assert_eq!(octet("0"), Ok(0));
        assert_eq!(count("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(address("2001:db8::7").unwrap().to_string(), "2001:db8::7");
    }

    #[test]
    fn what_is_not_is_named_with_what_was_expected() {
        assert_eq!(port("0").unwrap_err(), "'0' is not a port: expected a number from 1 to 65535");
        for text in ["", "x", "65536", "-1", "1.5", "+9", "009", " 9", "9 "] {
            assert!(port(text).unwrap_err().starts_with(&format!("'{text}' is not a port: expected ")));
        }
        for text in ["", ".", "-1", "1e3", "1s", "86401", "nan", "+1", "010", "5.", ".5"] {
            assert!(seconds(text).unwrap_err().contains("expected"), "{text}");
        }
        assert!(octet("256").unwrap_err().starts_with("'256' is not a number from 0 to 255: expected "));
        assert_eq!(method(" INVITE "), Ok("INVITE".to_owned()));
        for text in ["", " ", "IN VITE", "INVITE;"] {
            assert!(method(text).unwrap_err().contains("expected"), "{text}");
        }
        assert!(count("ten").unwrap_err().starts_with("'ten' is not a count: expected "));
        assert!(address("cas1").unwrap_err().starts_with("'cas1' is not an address: expected "));
    }
}
