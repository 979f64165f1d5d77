//! Is a certificate for the name that we asked for? RFC 6125's rules: alternative names before the common name, wildcards in one place only.

use super::certificate::Certificate;
use crate::net::host;

/// How a certificate matches a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// By one of its subject alternative names.
    AlternativeName,
    /// By its common name; it has no alternative names at all, of whatever kind. Modern clients refuse this.
    CommonName,
    No,
}

/// How `certificate` matches `expected`, a DNS name or an address.
pub(crate) fn matched(certificate: &Certificate, expected: &str) -> Match {
    let has_alternatives =
        certificate.has_other_names || !certificate.dns_names.is_empty() || !certificate.addresses.is_empty();
    let by_common_name = |matches: bool| if matches && !has_alternatives { Match::CommonName } else { Match::No };
    let common_name = certificate.common_name.as_deref();

    if let Some(address) = host::without_zone(expected) {
        // RFC 6125 1.7.2: an address is never matched by a DNS name, though it may look like one.
        return match certificate.addresses.contains(&address) {
            true => Match::AlternativeName,
            false => by_common_name(common_name.and_then(|name| name.parse().ok()) == Some(address)),
        };
    }
    match certificate.dns_names.iter().any(|presented| dns_matches(presented, expected)) {
        true => Match::AlternativeName,
        false => by_common_name(common_name.is_some_and(|presented| dns_matches(presented, expected))),
    }
}

/// RFC 6125 6.4: labels are compared without case; `*` stands for the whole left-most label and for nothing else, and not
/// right above a top-level domain.
fn dns_matches(presented: &str, expected: &str) -> bool {
    let (presented, expected) = (without_final_dot(presented), without_final_dot(expected));
    if presented.is_empty() {
        return false;
    }
    match presented.strip_prefix("*.") {
        Some(parent) => expected.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && parent.contains('.') && !parent.contains('*') && parent.eq_ignore_ascii_case(rest)
        }),
        None => !presented.contains('*') && presented.eq_ignore_ascii_case(expected),
    }
}

fn without_final_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::chain::tests::{Template, certificate};

    fn matches(names: &[&str], expected: &str) -> Match {
        matched(&certificate(Template { names, common_name: "cn.example.com", ..Template::default() }), expected)
    }

    #[test]
    fn names_are_compared_without_case_and_final_dot() {
        assert_eq!(matches(&["CAS1.example.com"], "cas1.EXAMPLE.com."), Match::AlternativeName);
        assert_eq!(matches(&["cas1.example.com"], "cas2.example.com"), Match::No);
        assert_eq!(matches(&["cas1.example.com"], "cas1.example.com.evil.example"), Match::No);
    }

    #[test]
    fn a_wildcard_is_one_whole_label() {
        assert_eq!(matches(&["*.example.com"], "cas1.example.com"), Match::AlternativeName);
        for expected in ["example.com", "a.cas1.example.com", ".example.com"] {
            assert_eq!(matches(&["*.example.com"], expected), Match::No, "{expected}");
        }
        for name in ["*", "*.com", "c*.example.com", "*1.example.com", "a.*.com", "*.*.com"] {
            assert_eq!(matches(&[name], "cas1.example.com"), Match::No, "{name}");
        }
        assert_eq!(matches(&["*.com"], "example.com"), Match::No);
    }

    #[test]
    fn addresses_match_addresses_only() {
        assert_eq!(matches(&["192.0.2.7", "2001:db8::7"], "192.0.2.7"), Match::AlternativeName);
        assert_eq!(matches(&["192.0.2.7", "2001:db8::7"], "[2001:DB8:0::7]"), Match::AlternativeName);
        assert_eq!(matches(&["*.0.2.7"], "192.0.2.7"), Match::No);
        assert_eq!(matches(&["cas1.example.com"], "192.0.2.7"), Match::No);
    }

    #[test]
    fn a_common_name_may_be_an_address() {
        let own = certificate(Template { names: &[], common_name: "192.0.2.7", ..Template::default() });
        assert_eq!(matched(&own, "192.0.2.7"), Match::CommonName);
        assert_eq!(matched(&own, "192.0.2.8"), Match::No);
        assert_eq!(matches(&[], "192.0.2.7"), Match::No);
    }

    #[test]
    fn the_common_name_counts_only_without_alternative_names() {
        assert_eq!(matches(&[], "cn.example.com"), Match::CommonName);
        assert_eq!(matches(&["cas1.example.com"], "cn.example.com"), Match::No);
        assert_eq!(matches(&["192.0.2.7"], "cn.example.com"), Match::No);
        let mut with_a_uri = certificate(Template { names: &[], common_name: "cn.example.com", ..Template::default() });
        with_a_uri.has_other_names = true;
        assert_eq!(matched(&with_a_uri, "cn.example.com"), Match::No);
    }
}
