//! May each certificate of a path do what it does there? What webpki does not ask, and OpenSSL, NSS and Windows do.
//!
//! webpki takes an anchor for what it is: its basic constraints, key usage, extended key usage and critical extensions are not
//! looked at. Of intermediates it does not look at the key usage, nor of the leaf.

use x509_parser::asn1_rs::{FromDer, Oid, oid};
use x509_parser::certificate::X509Certificate;

use crate::x509::Certificate;
use crate::x509::verdict::{Distrust, TrustedPath};

/// Why the path from `leaf` does not do, though all its signatures are good.
pub(super) fn objection(leaf: &Certificate, path: &TrustedPath) -> Option<Distrust> {
    let authorities = || path.intermediates.iter().chain([&path.anchor]);
    let unreadable = |certificate: &Certificate| {
        let extension = certificate.usage.unreadable?;
        Some(Distrust::UnreadableExtension { subject: certificate.name(), extension })
    };
    if let Some(unreadable) = std::iter::once(leaf).chain(authorities()).find_map(unreadable) {
        return Some(unreadable);
    }
    if !leaf.usage.is_key_for_tls() {
        return Some(Distrust::KeyUsage);
    }
    if !authorities().all(|authority| authority.usage.is_key_for_certificates()) {
        return Some(Distrust::NotAnAuthority);
    }
    if let Some(unknown @ Distrust::CriticalExtension { .. }) = critical_extension(&path.anchor) {
        return Some(unknown);
    }
    let anchor = path.anchor.usage;
    // RFC 5280, section 6.1.4 (l): a certificate that its own authority has issued does not count.
    let counted = path.intermediates.iter().filter(|each| !each.is_self_issued()).count();
    match anchor.path_length {
        // One of version 1 does not say.
        _ if anchor.is_version_3 && !anchor.is_ca => Some(Distrust::NotAnAuthority),
        Some(length) if counted > length => Some(Distrust::PathLength),
        _ => (!anchor.is_for_servers || !leaf.usage.is_netscape_server).then_some(Distrust::Purpose),
    }
}

/// What webpki refuses in `certificate`, if it is no anchor, as a critical extension that it does not know.
pub(super) fn critical_extension(certificate: &Certificate) -> Option<Distrust> {
    let (_, parsed) = X509Certificate::from_der(&certificate.der).ok()?;
    let mut critical =
        parsed.extensions().iter().filter(|extension| extension.critical).map(|extension| &extension.oid);
    let unknown = critical.find(|oid| !OF_WEBPKI.contains(oid))?;
    let subject = certificate.name();
    Some(match OF_OPENSSL.iter().find(|(oid, _)| oid == unknown) {
        Some((_, what)) => Distrust::Unfollowed { subject, what },
        None => Distrust::CriticalExtension { subject, extension: unknown.to_id_string() },
    })
}

/// The extensions that webpki knows, of which it lets any be critical.
const OF_WEBPKI: &[Oid<'_>] = &[
    oid!(2.5.29.15),
    oid!(2.5.29.17),
    oid!(2.5.29.19),
    oid!(2.5.29.30),
    oid!(2.5.29.31),
    oid!(2.5.29.37),
    oid!(1.3.6.1.4.1.11129.2.4.2),
];

/// Those that OpenSSL knows beside them, and passes over unless it is told to follow them (RFC 5280, section 4.2.1).
const OF_OPENSSL: &[(Oid<'_>, &str)] = &[
    (oid!(2.5.29.32), POLICIES),
    (oid!(2.5.29.33), POLICIES),
    (oid!(2.5.29.36), POLICIES),
    (oid!(2.5.29.54), POLICIES),
    (oid!(2.16.840.1.113730.1.1), "critical rules about its Netscape certificate type"),
];

const POLICIES: &str = "critical rules about certificate policies";
