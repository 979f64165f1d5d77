//! What is a host? A name, or an address with or without the brackets that a port would need.

use std::net::IpAddr;

/// A host name or address: nothing that could not be looked up, and nothing that could break out of a URI.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let is_plausible = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '%');
    if !text.is_empty() && text.len() <= 255 && text.chars().all(is_plausible) && !text.starts_with('-') {
        return Ok(text.to_owned());
    }
    Err(format!("'{text}' is not a host: expected a name such as cas1.example.com or an address such as 192.0.2.7"))
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
        for text in ["", "-p", "a b", "a/b", "sip:a@b", "a\n", &"x".repeat(256)] {
            assert!(parse(text).is_err(), "{text:?}");
        }
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
