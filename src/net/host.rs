//! What is a host? A name, or an address with or without the brackets that a port would need.

use std::net::{IpAddr, Ipv6Addr};

use idna::punycode;

use crate::report::excerpt;

/// A host that somebody gives: what [`of_uri`] takes, but for what resolvers make an address of that nobody means, as 10.1.0.5 of
/// 10.1.5.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let host = of_uri(text)?;
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    if is_number(last) && address(&host).is_none() {
        return wrong(text, "an IPv4 address is four numbers from 0 to 255; ");
    }
    Ok(host)
}

/// A host name or address: nothing that could not be looked up, and nothing that could break out of a URI. A port or a
/// scheme is no part of it, and is told where it belongs. A name in another script becomes what DNS, TLS and SIP know it by:
/// its A-labels (RFC 5890).
pub(crate) fn of_uri(text: &str) -> Result<String, String> {
    // What another script writes is looked at label by label.
    let is_plausible = |c: char| !c.is_ascii() || is_of_labels(c) || matches!(c, '.' | ':' | '[' | ']' | '%');
    let wrong = |what| wrong(text, what);
    let scheme = ["sip:", "sips:", "ldap:", "ldaps:", "http:", "https:"].into_iter();
    let has_scheme = scheme.clone().any(|it| text.get(..it.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(it)));
    if has_scheme && text.parse::<Ipv6Addr>().is_err() {
        return wrong("the scheme of a URI stands before it, and a port goes to --port; ");
    }
    let behind_bracket = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(_, behind)| behind);
    let one_colon = text.split_once(':').filter(|(_, port)| !text.starts_with('[') && !port.contains(':'));
    if one_colon.is_some() || behind_bracket.is_some_and(|behind| behind.starts_with(':')) {
        return wrong("a port goes to --port; ");
    }
    if text.is_empty() || text.len() > 255 || !text.chars().all(is_plausible) || text.starts_with('-') {
        return wrong("");
    }
    // What has several colons or brackets must be an address; a zone is the system's to judge.
    let (bare, zone) = bare(text).split_once('%').unwrap_or((bare(text), "-"));
    if text.contains([':', '[', ']', '%']) && (bare.parse::<IpAddr>().is_err() || zone.is_empty()) {
        return wrong("its colons, brackets or zone are not those of an IPv6 address; ");
    }
    if text.is_ascii() {
        return Ok(text.to_owned());
    }
    let labels = text.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).map(a_label).collect::<Option<Vec<_>>>();
    match labels.map(|labels| labels.join(".")) {
        Some(host) if host.len() < 255 => Ok(host),
        _ => wrong("of this name the A-labels must be given, such as xn--mnchen-3ya; "),
    }
}

/// What DNS knows a label by: in small letters, and in Punycode where it is of another script (RFC 5890, RFC 3492). `None` for
/// one that is too long, or that has a character which stands for others (an accent behind its letter, a letter of double
/// width): the tables that tell of which are 150 KB in every plugin.
fn a_label(label: &str) -> Option<String> {
    let is_wide = |c: char| ('\u{ff00}'..='\u{ffef}').contains(&c);
    let small = label.chars().flat_map(char::to_lowercase).collect::<String>();
    if !small.chars().all(is_of_labels) || small.chars().any(is_wide) {
        return None;
    }
    let ascii = if small.is_ascii() { small } else { format!("xn--{}", punycode::encode_str(&small)?) };
    (ascii.len() < 64).then_some(ascii)
}

fn wrong(text: &str, what: &str) -> Result<String, String> {
    let expected = "expected a name such as cas1.example.com or an address such as 192.0.2.7";
    Err(format!("'{}' is not a host: {what}{expected}", excerpt(text, 300)))
}

/// Whether a resolver takes a label for a number, as no top-level domain is one.
fn is_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    let is = |digits: &str, base| digits.chars().all(|c| c.is_digit(base));
    !label.is_empty() && hexadecimal.map_or_else(|| is(label, 10), |digits| is(digits, 16))
}

fn is_of_labels(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}

/// The host without brackets around an address.
pub(crate) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The address that the host is; `None` for a name, and for an address with a zone, which only the system understands.
pub(crate) fn address(host: &str) -> Option<IpAddr> {
    bare(host).parse().ok()
}

/// The address that the host is, its zone left out, which means something on this host only (RFC 6874); `None` for a name.
pub(crate) fn without_zone(host: &str) -> Option<IpAddr> {
    let Some((address, zone)) = bare(host).split_once('%') else { return address(host) };
    address.parse().ok().map(IpAddr::V6).filter(|_| !zone.is_empty())
}

/// Whether two names are of one computer, in any case: a name without a domain stands for that computer in any domain. An
/// address has no domain, and is that address only.
pub(crate) fn is_same_computer(asked: &str, named: &str) -> bool {
    let addresses = [asked, named].map(without_zone);
    if addresses.iter().any(Option::is_some) {
        return addresses[0] == addresses[1];
    }
    let [asked, named] = [asked, named].map(|name| name.strip_suffix('.').unwrap_or(name));
    let label = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let is_short = !asked.contains('.') || !named.contains('.');
    asked.eq_ignore_ascii_case(named) || (is_short && label(asked).eq_ignore_ascii_case(&label(named)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_hosts_and_options_are_not() {
        for text in
            ["cas1.example.com", "192.0.2.7", "2001:db8::7", "[2001:db8::7]", "fe80::1%eth0", "_sip._tcp.example"]
        {
            assert!(parse(text).is_ok(), "{text}");
        }
        assert!(parse(&"x".repeat(255)).is_ok());
        for text in ["", "-p", "a b", "a/b", "sip:a@b", "a\n", &"x".repeat(256)] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_port_or_a_scheme_is_told_where_it_belongs() {
        for text in [
            "cas1:5060",
            "192.0.2.7:5061",
            "[2001:db8::7]:5060",
            "[::1]:",
            "cas1:",
            "sip:cas1",
            "SIPS:cas1:5061",
            "sip:192.0.2.7",
            "sip:[::1]",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("--port") && error.contains("expected"), "{error}");
        }
        for text in ["1:2:3", "[cas1]", "[::1", "::1]", "cas1%eth0", "fe80::1%", "[::1]x"] {
            assert!(parse(text).unwrap_err().contains("IPv6"), "{text}");
        }
        for text in ["::1", "[::1]", "[192.0.2.7]", "::ffff:192.0.2.7", "[fe80::1%eth0]", "fe80::1%25", "::"] {
            assert_eq!(parse(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn an_address_with_a_number_missing_is_none() {
        for text in [
            "10.1.5",
            "10.1",
            "2130706433",
            "0177.0.0.1",
            "0x7f.1",
            "0x7f000001",
            "192.0.2.256",
            "10.1.5.",
            "192.0.2.7.1",
        ] {
            assert!(parse(text).unwrap_err().contains("four numbers from 0 to 255; expected"), "{text}");
        }
        for text in ["10.1.0.5", "1.example", "pbx1", "0x7f.example", "x1.7a", "[::1]"] {
            assert_eq!(parse(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_computer_goes_by_its_name_with_or_without_its_domain() {
        for (asked, named) in [("CAS1", "cas1.example.com"), ("cas1.example.com.", "CAS1"), ("cas1.a.b", "CAS1.A.B")] {
            assert!(is_same_computer(asked, named), "{asked} {named}");
        }
        for (asked, named) in [("cas1", "cas10"), ("cas1.a.b", "cas1.c.d"), ("192.0.2.7", "cas1"), ("cas", "cas1.cas")]
        {
            assert!(!is_same_computer(asked, named), "{asked} {named}");
        }
    }

    #[test]
    fn an_address_is_no_name_of_a_domain() {
        assert!(is_same_computer("2001:db8::7", "[2001:DB8:0::7]") && is_same_computer("192.0.2.7", "192.0.2.7"));
        for (asked, named) in [("192", "192.0.2.7"), ("192.0.2.7", "192"), ("192.0.2.7", "192.0.2.8")] {
            assert!(!is_same_computer(asked, named), "{asked} {named}");
        }
    }

    #[test]
    fn a_name_in_another_script_becomes_its_a_labels() {
        for (text, host) in [
            ("münchen.example", "xn--mnchen-3ya.example"),
            ("MÜNCHEN.example.", "xn--mnchen-3ya.example."),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
            ("Straße.ΣΊΣΥΦΟΣ.example", "xn--strae-oqa.xn--kxa6akbbkh.example"),
            ("почта.рф", "xn--80a1acny.xn--p1ai"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(host));
        }
        for text in
            ["a／b.example", "cas1：5060", "ｃａｓ１", "\u{200b}", "m\u{fc}/x", &"ü".repeat(100), "mu\u{308}nchen"]
        {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse("mu\u{308}nchen.example").unwrap_err().contains("A-labels must be given"));
        // Its first label has seven letters in DNS.
        let of = |labels: [usize; 4]| parse(&format!("\u{fc}.{}", labels.map(|length| "a".repeat(length)).join(".")));
        assert_eq!(of([63, 63, 63, 54]).map(|host| host.len()), Ok(254));
        assert!(of([63, 63, 63, 55]).is_err() && of([64, 1, 1, 1]).is_err());
    }

    #[test]
    fn an_address_with_or_without_brackets_and_no_name() {
        assert_eq!(bare("[2001:db8::7]"), "2001:db8::7");
        assert_eq!(bare("cas1.example.com"), "cas1.example.com");
        assert_eq!(address("[2001:db8::7]"), address("2001:db8::7"));
        assert_eq!(address("192.0.2.7"), Some(IpAddr::from([192, 0, 2, 7])));
        for text in ["cas1.example.com", "fe80::1%eth0", "[2001:db8::7", ""] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn a_zone_belongs_to_no_name_and_to_an_address_of_ipv6_only() {
        for text in ["fe80::1%eth0", "[fe80::1%12]", "fe80::1"] {
            assert_eq!(without_zone(text), "fe80::1".parse().ok(), "{text}");
        }
        for text in ["cas1.example.com", "fe80::1%", "192.0.2.7%eth0", "a%b", "%eth0"] {
            assert_eq!(without_zone(text), None, "{text}");
        }
        assert_eq!(without_zone("192.0.2.7"), address("192.0.2.7"));
    }
}
