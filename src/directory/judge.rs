//! Is the controller fit for work? What it says of itself, judged.

use super::message::LdapResult;
use super::{LdapError, RootDse};
use crate::net::{NetError, Peer};
use crate::report::{Class, Failure};

/// Everything that is wrong with a controller's answer; empty if nothing is.
///
/// `isGlobalCatalogReady` is judged on a global catalog's ports only: any other controller says FALSE with good reason.
pub fn judge(root_dse: &RootDse, peer: &Peer) -> Vec<Failure> {
    let must_be_true: &[&str] = match peer.address.port() {
        GLOBAL_CATALOG | GLOBAL_CATALOG_TLS => &["isSynchronized", "isGlobalCatalogReady"],
        _ => &["isSynchronized"],
    };
    let attributes = must_be_true.iter().chain(&["defaultNamingContext"]).copied();
    let absent: Vec<_> = attributes.filter(|name| root_dse.value(name).is_none()).collect();

    let mut failures = Vec::new();
    for name in must_be_true {
        let problem = match root_dse.value(name) {
            Some(value) if value.eq_ignore_ascii_case("TRUE") => continue,
            None => continue,
            Some(value) if value.eq_ignore_ascii_case("FALSE") => (Class::Status, "FALSE"),
            Some(_) => (Class::Protocol, "neither TRUE nor FALSE"),
        };
        failures.push(Failure::new(problem.0, format!("{name} of {peer} is {}", problem.1)));
    }
    if !absent.is_empty() {
        let text = format!("{peer} answers without {}: not an Active Directory controller?", absent.join(", "));
        failures.push(Failure::new(Class::Protocol, text));
    }
    failures
}

/// `dc1.example.com:389 answers: synchronized, DC=example,DC=com`.
pub fn describe(root_dse: &RootDse, peer: &Peer) -> String {
    let is_true = |name: &str| root_dse.value(name).is_some_and(|value| value.eq_ignore_ascii_case("TRUE"));
    let mut facts = Vec::new();
    if is_true("isSynchronized") {
        facts.push("synchronized");
    }
    if is_true("isGlobalCatalogReady") {
        facts.push("global catalog ready");
    }
    facts.extend(root_dse.value("defaultNamingContext"));
    format!("{} answers: {}", peer.name(), facts.join(", "))
}

/// What it means that a search failed.
pub(crate) fn failure(error: LdapError, peer: &Peer) -> Failure {
    let class = match error {
        LdapError::Expired(error) => return NetError::from(error).into(),
        LdapError::Io(error) => {
            return NetError::from_io(error, peer, "searching", "instead of answering the search").into();
        }
        LdapError::Malformed(_) | LdapError::NoEntry => Class::Protocol,
        // authMethodNotSupported, strongerAuthRequired, confidentialityRequired, and the three about credentials.
        LdapError::Result(LdapResult { code: 7 | 8 | 13 | 48..=50, .. }) => Class::Authentication,
        LdapError::Result(_) => Class::Status,
    };
    Failure::new(class, format!("{peer}: {error}"))
}

/// The ports of a global catalog.
pub(crate) const GLOBAL_CATALOG: u16 = 3268;
pub(crate) const GLOBAL_CATALOG_TLS: u16 = 3269;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::message::Attribute;

    fn judged(port: u16, attributes: &[(&str, &str)]) -> Vec<(Class, String)> {
        let attributes = attributes
            .iter()
            .map(|(name, value)| Attribute { name: (*name).to_owned(), values: vec![(*value).to_owned()] })
            .collect();
        let peer = Peer { host: "192.0.2.7".to_owned(), address: ([192, 0, 2, 7], port).into() };
        let failures = judge(&RootDse { attributes }, &peer);
        failures.into_iter().map(|failure| (failure.class, failure.summary)).collect()
    }

    const CONTEXT: (&str, &str) = ("defaultNamingContext", "DC=example,DC=com");

    #[test]
    fn ok_when_synchronized() {
        assert_eq!(judged(389, &[("ISSYNCHRONIZED", "true"), CONTEXT]), []);
    }

    #[test]
    fn status_when_not_synchronized() {
        let expected = (Class::Status, "isSynchronized of 192.0.2.7:389 is FALSE".to_owned());
        assert_eq!(judged(389, &[("isSynchronized", "FALSE"), CONTEXT]), [expected]);
    }

    #[test]
    fn the_global_catalog_is_judged_on_its_own_ports_only() {
        let attributes = [("isSynchronized", "TRUE"), ("isGlobalCatalogReady", "FALSE"), CONTEXT];
        assert_eq!(judged(389, &attributes), []);
        assert_eq!(judged(636, &attributes), []);
        for port in [3268, 3269] {
            assert_eq!(judged(port, &attributes)[0].0, Class::Status);
        }
    }

    #[test]
    fn protocol_when_attributes_are_absent_and_each_is_named() {
        let failures = judged(3268, &[]);
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].0, Class::Protocol);
        assert!(failures[0].1.contains("isSynchronized, isGlobalCatalogReady, defaultNamingContext"), "{failures:?}");
    }

    #[test]
    fn protocol_when_a_truth_value_is_none() {
        assert_eq!(judged(389, &[("isSynchronized", "perhaps"), CONTEXT])[0].0, Class::Protocol);
    }
}
