//! Why does webpki refuse a name? It is outside the name constraints of an authority, or they are of a kind that webpki does
//! not compare.
//!
//! webpki compares DNS names and addresses. Where constraints are about other kinds (the subject, e-mail, URIs), it refuses
//! whatever has such a name; a subject everybody has. Nothing is trusted here: only the reason is told.

use std::net::IpAddr;

use x509_parser::asn1_rs::{Any, FromDer, Oid, oid};
use x509_parser::certificate::X509Certificate;

use crate::x509::Certificate;
use crate::x509::parts::{element, inside};
use crate::x509::verdict::Distrust;

/// What the refusal means, where `authorities` have issued a certificate for `leaf`.
pub(super) fn refusal<'a>(leaf: &Certificate, authorities: impl Iterator<Item = &'a Certificate>) -> Distrust {
    let mut unfollowed = None;
    for authority in authorities.take(MAX_AUTHORITIES) {
        let Some(subtrees) = subtrees(authority) else { continue };
        if subtrees.forbid(leaf) {
            return Distrust::NameConstraints;
        }
        if subtrees.have_other_kinds() {
            unfollowed = unfollowed.or_else(|| Some(authority.name()));
        }
    }
    match unfollowed {
        Some(subject) => {
            let what = "name constraints about other names than those of hosts (directory, e-mail or URI)";
            Distrust::Unfollowed { subject, what }
        }
        None => Distrust::NameConstraints,
    }
}

/// The names that an authority may certify, or may not: each whether it is excluded, its kind, and its base.
struct Subtrees(Vec<(bool, u32, Vec<u8>)>);

fn subtrees(authority: &Certificate) -> Option<Subtrees> {
    let (_, parsed) = X509Certificate::from_der(&authority.der).ok()?;
    let extension = parsed.extensions().iter().find(|extension| extension.oid == NAME_CONSTRAINTS)?;
    let mut found = Vec::new();
    let mut lists = inside(extension.value)?;
    while let Some((_, after)) = element(lists)
        && found.len() < MAX_BASES
    {
        let (_, list) = Any::from_der(lists).ok()?;
        let mut bases = list.data;
        while let Some((subtree, after)) = element(bases)
            && found.len() < MAX_BASES
        {
            let (_, base) = Any::from_der(inside(subtree)?).ok()?;
            found.push((list.tag().0 == EXCLUDED, base.tag().0, base.data.to_vec()));
            bases = after;
        }
        lists = after;
    }
    Some(Subtrees(found))
}

impl Subtrees {
    fn have_other_kinds(&self) -> bool {
        self.0.iter().any(|(_, kind, _)| ![DNS, ADDRESS].contains(kind))
    }

    /// Whether a name of `certificate` is one that webpki compares, and outside.
    fn forbid(&self, certificate: &Certificate) -> bool {
        let names = certificate.dns_names.iter().map(String::as_str).take(MAX_NAMES);
        let mut of_names = names.map(|name| self.allow(DNS, |base| holds_name(base, name)));
        let addresses = certificate.addresses.iter().take(MAX_NAMES);
        let mut of_addresses = addresses.map(|&address| self.allow(ADDRESS, |base| holds_address(base, address)));
        of_names.any(|is_allowed| !is_allowed) || of_addresses.any(|is_allowed| !is_allowed)
    }

    /// RFC 5280, section 4.2.1.10: within one that is permitted, if any of its kind is, and within none that is excluded.
    fn allow(&self, kind: u32, holds: impl Fn(&[u8]) -> bool) -> bool {
        let of_kind =
            |is_excluded| self.0.iter().filter(move |(excluded, of, _)| *excluded == is_excluded && *of == kind);
        let is_within = |is_excluded| of_kind(is_excluded).any(|(_, _, base)| holds(base));
        !is_within(true) && (of_kind(false).next().is_none() || is_within(false))
    }
}

fn holds_name(base: &[u8], name: &str) -> bool {
    let base = base.strip_prefix(b".").unwrap_or(base);
    let name = name.as_bytes();
    let Some(split) = name.len().checked_sub(base.len()) else { return false };
    let (below, end) = name.split_at(split);
    end.eq_ignore_ascii_case(base) && (base.is_empty() || below.is_empty() || below.ends_with(b"."))
}

/// An address and its mask.
fn holds_address(base: &[u8], address: IpAddr) -> bool {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let (network, mask) = base.split_at(base.len() / 2);
    let mut bits = octets.iter().zip(network).zip(mask);
    base.len() == 2 * octets.len() && bits.all(|((octet, network), mask)| octet & mask == network & mask)
}

/// The tags of their kinds in a GeneralName, and of the list of what is excluded.
const DNS: u32 = 2;
const ADDRESS: u32 = 7;
const EXCLUDED: u32 = 1;

/// Only a stranger shows more, each of which is compared with each.
const MAX_AUTHORITIES: usize = 16;
const MAX_BASES: usize = 1_000;
const MAX_NAMES: usize = 100;

const NAME_CONSTRAINTS: Oid<'_> = oid!(2.5.29.30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::chain::tests::{Template, ca, certificate};
    use rcgen::{CidrSubnet, DistinguishedName, DnType, GeneralSubtree, KeyPair, NameConstraints};

    fn authority(permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>) -> Certificate {
        let mut params = ca("Issuing", (0, 900)).params();
        params.name_constraints = Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: excluded });
        Certificate::from_der(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der()).unwrap()
    }

    fn refused(permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>) -> Distrust {
        let names = &["cas1.example.com", "192.0.2.7"];
        let leaf = certificate(Template { names, ..Template::default() });
        refusal(&leaf, [&authority(permitted, excluded)].into_iter())
    }

    fn dns(base: &str) -> GeneralSubtree {
        GeneralSubtree::DnsName(base.to_owned())
    }

    fn network(octets: [u8; 4], length: u8) -> GeneralSubtree {
        GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(octets, length))
    }

    fn directory() -> GeneralSubtree {
        let mut name = DistinguishedName::new();
        name.push(DnType::OrganizationName, "Example");
        GeneralSubtree::DirectoryName(name)
    }

    #[test]
    fn unfollowed_when_no_name_that_is_compared_is_outside() {
        for (permitted, excluded) in [
            (vec![directory()], vec![]),
            (vec![], vec![directory()]),
            (vec![directory(), dns("example.com"), network([192, 0, 2, 0], 24)], vec![dns("other.example")]),
            (vec![GeneralSubtree::Rfc822Name("example.com".to_owned()), dns("CAS1.example.com")], vec![]),
            (vec![directory(), dns(".example.com"), dns("other.example")], vec![network([10, 0, 0, 0], 8)]),
        ] {
            let reason = refused(permitted, excluded);
            assert!(matches!(&reason, Distrust::Unfollowed { subject, .. } if subject == "Issuing"), "{reason:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_change_of_one_byte_panics(place: proptest::sample::Index, value: u8) {
            let leaf = certificate(Template::default());
            let mut authority = authority(vec![directory(), dns("example.com"), network([10, 0, 0, 0], 8)], vec![]);
            let place = place.index(authority.der.len());
            authority.der[place] = value;
            let _ = refusal(&leaf, [&authority].into_iter());
        }
    }

    #[test]
    fn forbidden_when_a_name_that_is_compared_is_outside() {
        for (permitted, excluded) in [
            (vec![dns("other.example")], vec![]),
            (vec![directory(), dns("other.example")], vec![]),
            (vec![directory(), dns("ample.com")], vec![]),
            (vec![directory()], vec![dns("example.com")]),
            (vec![directory()], vec![dns("")]),
            (vec![directory(), network([10, 0, 0, 0], 8)], vec![]),
            (vec![directory()], vec![network([192, 0, 2, 0], 24)]),
        ] {
            assert_eq!(refused(permitted, excluded), Distrust::NameConstraints);
        }
    }

    #[test]
    fn of_the_bases_of_a_stranger_a_thousand_are_compared() {
        for (before, is_compared) in [(MAX_BASES - 1, true), (MAX_BASES, false)] {
            // The first one is permitted.
            let excluded = [vec![dns("other.example"); before - 1], vec![dns("example.com")]].concat();
            let reason = refused(vec![directory()], excluded);
            assert_eq!(reason == Distrust::NameConstraints, is_compared, "{before}: {reason:?}");
        }
    }
}
