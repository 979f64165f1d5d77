//! Is the controller fit for work? What it says of itself, judged.

use super::locator::Wanted;
use super::message::LdapResult;
use super::{LdapError, RootDse};
use crate::net::{NetError, Peer, host};
use crate::report::{Class, Failure, excerpt};

/// Everything that is wrong with a controller's answer; empty if nothing is.
///
/// `isGlobalCatalogReady` is judged on a global catalog's ports only: any other controller says FALSE with good reason. One
/// that was found by DNS must be of what was `wanted`: the address of a controller that is gone may be somebody else's now.
pub fn judge(root_dse: &RootDse, peer: &Peer, wanted: Option<&Wanted<'_>>) -> Vec<Failure> {
    let must_be_true: &[&str] = match peer.address.port() {
        GLOBAL_CATALOG | GLOBAL_CATALOG_TLS => &["isSynchronized", "isGlobalCatalogReady"],
        _ => &["isSynchronized"],
    };
    let mut attributes = [must_be_true, &["defaultNamingContext"]].concat();
    attributes.extend(wanted.map(Wanted::naming_context).filter(|name| *name != "defaultNamingContext"));
    let (absent, there): (Vec<_>, Vec<_>) =
        attributes.into_iter().partition(|name| root_dse.values(name).next().is_none());

    let mut failures = Vec::new();
    for name in there.into_iter().filter(|name| root_dse.value(name).is_none()) {
        let text = format!("{name} of {peer} has several values: expected one");
        failures.push(Failure::new(Class::Protocol, text));
    }
    if let Some(wanted) = wanted
        && let Some(context) = root_dse.value(wanted.naming_context())
        && !wanted.is_domain(context)
    {
        let text = format!("{peer} is of {}, not of {}", excerpt(context, 200), wanted.domain);
        failures.push(Failure::new(Class::Protocol, text));
    }
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

/// `dc1.example.com:389 answers: synchronized, DC=example,DC=com`; of one that DNS named also that it calls itself otherwise.
pub fn describe(root_dse: &RootDse, peer: &Peer, wanted: Option<&Wanted<'_>>) -> String {
    let is_true = |name: &str| root_dse.value(name).is_some_and(|value| value.eq_ignore_ascii_case("TRUE"));
    let mut facts = Vec::new();
    if is_true("isSynchronized") {
        facts.push("synchronized");
    }
    if is_true("isGlobalCatalogReady") {
        facts.push("global catalog ready");
    }
    facts.extend(root_dse.value("defaultNamingContext"));
    let own = root_dse.value("dnsHostName").filter(|own| wanted.is_some() && !host::is_same_computer(&peer.host, own));
    let own = own.map_or_else(String::new, |own| format!(", but calls itself {}", excerpt(own, 100)));
    format!("{} answers: {}{own}", peer.name(), facts.join(", "))
}

/// What it means that a search failed.
pub(crate) fn failure(error: LdapError, peer: &Peer) -> Failure {
    let class = match error {
        LdapError::Expired(error) => return NetError::from(error).into(),
        LdapError::Io(error) => {
            return NetError::from_io(error, peer, "searching", "instead of answering the search").into();
        }
        LdapError::Malformed(_) | LdapError::NoEntry | LdapError::OtherEntries => Class::Protocol,
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
        judged_as(None, port, attributes)
    }

    fn judged_as(wanted: Option<&Wanted<'_>>, port: u16, attributes: &[(&str, &str)]) -> Vec<(Class, String)> {
        let attributes = attributes
            .iter()
            .map(|(name, value)| Attribute { name: (*name).to_owned(), values: vec![(*value).to_owned()] })
            .collect();
        let peer = Peer { host: "192.0.2.7".to_owned(), address: ([192, 0, 2, 7], port).into() };
        let failures = judge(&RootDse { attributes }, &peer, wanted);
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
    fn protocol_when_it_is_of_another_domain_or_forest() {
        let wanted = |domain, are_catalogs| Wanted { domain, site: None, are_catalogs };
        let synchronized = ("isSynchronized", "TRUE");
        assert_eq!(judged_as(Some(&wanted("example.com", false)), 389, &[synchronized, CONTEXT]), []);
        let failures = judged_as(Some(&wanted("example.net", false)), 389, &[synchronized, CONTEXT]);
        let text = "192.0.2.7:389 is of DC=example,DC=com, not of example.net".to_owned();
        assert_eq!(failures, [(Class::Protocol, text)]);

        let root = ("rootDomainNamingContext", "DC=corp,DC=test");
        let catalog = [synchronized, ("isGlobalCatalogReady", "TRUE"), CONTEXT, root];
        assert_eq!(judged_as(Some(&wanted("corp.test", true)), 3268, &catalog), []);
        assert!(judged_as(Some(&wanted("example.com", true)), 3268, &catalog)[0].1.contains("not of example.com"));
        let failures = judged_as(Some(&wanted("corp.test", true)), 3268, &catalog[..3]);
        assert!(failures[0].1.contains("answers without rootDomainNamingContext"), "{failures:?}");
    }

    #[test]
    fn protocol_when_an_attribute_has_several_values_or_an_empty_one() {
        for (first, second) in [("TRUE", "FALSE"), ("FALSE", "TRUE"), ("TRUE", "TRUE")] {
            let failures = judged(389, &[("isSynchronized", first), ("issynchronized", second), CONTEXT]);
            let text = "isSynchronized of 192.0.2.7:389 has several values: expected one".to_owned();
            assert_eq!(failures, [(Class::Protocol, text)]);
        }
        let failures = judged(389, &[("isSynchronized", "TRUE"), ("defaultNamingContext", "")]);
        assert!(failures[0].1.contains("answers without defaultNamingContext"), "{failures:?}");
    }

    #[test]
    fn the_name_that_a_controller_gives_itself_is_said_where_dns_named_another() {
        let named = |own: &str| RootDse {
            attributes: vec![Attribute { name: "dnsHostName".to_owned(), values: vec![own.to_owned()] }],
        };
        let peer = Peer { host: "dc1.example.com".to_owned(), address: ([192, 0, 2, 7], 389).into() };
        let wanted = Wanted { domain: "example.com", site: None, are_catalogs: false };
        let said = |own: &str| describe(&named(own), &peer, Some(&wanted));
        assert!(said("dc2.example.com").ends_with(", but calls itself dc2.example.com"), "{}", said("dc2.example.com"));
        assert!(!said("DC1.example.com").contains("calls itself"));
        assert!(!describe(&named("dc2.example.com"), &peer, None).contains("calls itself"), "-H may be an alias");
    }

    #[test]
    fn protocol_when_a_truth_value_is_none() {
        assert_eq!(judged(389, &[("isSynchronized", "perhaps"), CONTEXT])[0].0, Class::Protocol);
    }
}
