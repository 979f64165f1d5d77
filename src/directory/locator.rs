//! Which controllers does DNS name? The service records that a client of Active Directory looks for, and the names that a
//! certificate of theirs may be for.
//!
//! The names are those of MS-ADTS, section 6.3.2.3: all controllers of a domain or of one of its sites, or the global
//! catalogs of a forest.

use crate::net::host;
use crate::net::nameserver::Nameservers;
use crate::net::srv::{self, ServiceError};
use crate::net::{self, Endpoint};
use crate::time::deadline::Deadline;

/// Which controllers are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The domain, or of global catalogs the forest.
    pub domain: &'a str,
    /// Only those that serve this site.
    pub site: Option<&'a str>,
    /// Whether only global catalogs are wanted.
    pub are_catalogs: bool,
}

/// The controllers that DNS names, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// At most [`net::MAX_ASKED`].
    pub controllers: Vec<Endpoint>,
    /// How many more there are.
    pub left_out: usize,
}

impl Wanted<'_> {
    /// The name of the service records.
    pub(crate) fn service(&self) -> String {
        let kind = if self.are_catalogs { "gc" } else { "dc" };
        let site = self.site.map_or_else(String::new, |site| format!("{site}._sites."));
        format!("_ldap._tcp.{site}{kind}._msdcs.{}", without_final_dot(self.domain))
    }

    /// What they are called: `controllers of example.com`.
    pub(crate) fn describe(&self) -> String {
        let kind = if self.are_catalogs { "global catalogs" } else { "controllers" };
        let site = self.site.map_or_else(String::new, |site| format!("site {site} of "));
        format!("{kind} of {site}{}", self.domain)
    }

    /// The attribute that says which domain a controller is of; of a global catalog that of its forest.
    pub(crate) const fn naming_context(&self) -> &'static str {
        if self.are_catalogs { "rootDomainNamingContext" } else { "defaultNamingContext" }
    }

    /// Whether a naming context, such as `DC=example,DC=com`, is that of the domain.
    pub(crate) fn is_domain(&self, naming_context: &str) -> bool {
        let label = |component: &str| {
            let (attribute, value) = component.split_once('=')?;
            attribute.trim().eq_ignore_ascii_case("DC").then(|| value.trim().to_owned())
        };
        let labels: Option<Vec<_>> = naming_context.split(',').map(label).collect();
        // As the domain was given: a name in another script is its A-labels.
        let domain = labels.and_then(|labels| host::parse(&labels.join(".")).ok());
        domain.is_some_and(|domain| domain.eq_ignore_ascii_case(without_final_dot(self.domain)))
    }

    pub(crate) async fn locate(&self, servers: &Nameservers, deadline: &Deadline) -> Result<Located, ServiceError> {
        let hosts = srv::hosts(servers, &self.service(), deadline).await?;
        Ok(bounded(hosts.into_iter().map(|srv| Endpoint { host: srv.target, port: srv.port }).collect()))
    }
}

/// Whether `host` is a name below `domain`, in any case.
///
/// DNS is not to be believed: a target elsewhere could show a certificate that its owner got for it by right.
pub(crate) fn is_below(host: &str, domain: &str) -> bool {
    let [host, domain] = [host, domain].map(|name| without_final_dot(name).to_ascii_lowercase());
    !domain.is_empty() && host.strip_suffix(&domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// Each once, and not more than can be reported.
fn bounded(mut controllers: Vec<Endpoint>) -> Located {
    // Every one is asked, so the order of RFC 2782 would only shuffle the output.
    controllers.sort_unstable_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
    controllers.dedup();
    let left_out = controllers.len().saturating_sub(net::MAX_ASKED);
    controllers.truncate(net::MAX_ASKED);
    Located { controllers, left_out }
}

fn without_final_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_names_domain_or_forest_and_site() {
        let wanted = |are_catalogs, site| Wanted { domain: "example.com", site, are_catalogs };
        assert_eq!(wanted(false, None).service(), "_ldap._tcp.dc._msdcs.example.com");
        assert_eq!(wanted(false, Some("Berlin")).service(), "_ldap._tcp.Berlin._sites.dc._msdcs.example.com");
        assert_eq!(wanted(true, None).service(), "_ldap._tcp.gc._msdcs.example.com");
        assert_eq!(wanted(true, Some("Berlin")).service(), "_ldap._tcp.Berlin._sites.gc._msdcs.example.com");
        assert_eq!(wanted(true, Some("Berlin")).describe(), "global catalogs of site Berlin of example.com");
    }

    #[test]
    fn a_naming_context_is_that_of_the_domain_in_any_case_and_in_any_script() {
        let is = |domain, context: &str| Wanted { domain, site: None, are_catalogs: false }.is_domain(context);
        assert!(is("Example.com.", "dc=EXAMPLE, DC=com") && is("xn--mnchen-3ya.example", "DC=münchen,DC=example"));
        for other in ["DC=other,DC=net", "DC=com", "DC=a,DC=example,DC=com", "CN=example,DC=com", "example.com", ""] {
            assert!(!is("example.com", other), "{other}");
        }
    }

    #[test]
    fn only_a_name_below_the_domain_is_a_controllers_own() {
        for (host, domain) in [("dc1.example.com", "Example.com."), ("DC1.child.example.com.", "example.com")] {
            assert!(is_below(host, domain), "{host} {domain}");
        }
        for (host, domain) in [
            ("dc1.example.org", "example.com"),
            ("example.com", "example.com"),
            (".example.com", "example.com"),
            ("dc1.badexample.com", "example.com"),
            ("dc1.example.com.evil.org", "example.com"),
            ("dc1.com", ""),
            ("192.0.2.7", "example.com"),
        ] {
            assert!(!is_below(host, domain), "{host} {domain}");
        }
    }

    #[test]
    fn each_is_asked_once_and_not_more_than_can_be_reported() {
        let controller = |number: usize| Endpoint { host: format!("dc{number:03}.example.com"), port: 389 };
        let located = bounded([(0..100).map(controller).collect::<Vec<_>>(), vec![controller(0)]].concat());
        assert_eq!((located.controllers.len(), located.left_out), (net::MAX_ASKED, 100 - net::MAX_ASKED));
        assert_eq!(located.controllers[1], controller(1));
    }
}
