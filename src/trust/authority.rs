//! May each certificate of a path do what it does there? What webpki does not ask, and OpenSSL, NSS and Windows do.
//!
//! webpki takes an anchor for what it is: its basic constraints, key usage and extended key usage are not looked at. Of
//! intermediates it does not look at the key usage, nor of the leaf.

use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_parser::x509::X509Version;

use crate::x509::Certificate;
use crate::x509::verdict::{Distrust, TrustedPath};

/// Why the path from `leaf` does not do, though all its signatures are good.
pub(super) fn objection(leaf: &Certificate, path: &TrustedPath) -> Option<Distrust> {
    if Rights::of(leaf).key_usage.is_some_and(|usage| !is_for_tls(&usage)) {
        return Some(Distrust::KeyUsage);
    }
    let intermediates = path.intermediates.iter().map(Rights::of);
    if intermediates
        .chain([Rights::of(&path.anchor)])
        .any(|rights| rights.key_usage.is_some_and(|usage| !usage.key_cert_sign()))
    {
        return Some(Distrust::NotAnAuthority);
    }
    let anchor = Rights::of(&path.anchor);
    // RFC 5280, section 6.1.4 (l): a certificate that its own authority has issued does not count.
    let counted = path.intermediates.iter().filter(|each| !each.is_self_issued()).count();
    match anchor {
        Rights { is_authority: false, .. } => Some(Distrust::NotAnAuthority),
        Rights { path_length: Some(length), .. } if counted > length => Some(Distrust::PathLength),
        Rights { is_for_servers: false, .. } => Some(Distrust::Purpose),
        _ => None,
    }
}

/// Whether a critical extension of `certificate` is about policies, which OpenSSL passes over unless it is told to follow
/// them, and webpki does not know.
pub(super) fn has_critical_policies(certificate: &Certificate) -> bool {
    let parsed = X509Certificate::from_der(&certificate.der).ok();
    parsed.is_some_and(|(_, parsed)| {
        let mut critical = parsed.extensions().iter().filter(|extension| extension.critical);
        critical.any(|extension| POLICIES.contains(&extension.oid.to_id_string().as_str()))
    })
}

/// What a certificate says that its key is for.
struct Rights {
    /// Whether it may issue others; one of version 1 does not say.
    is_authority: bool,
    /// How many intermediates may follow, if it says so.
    path_length: Option<usize>,
    key_usage: Option<KeyUsage>,
    is_for_servers: bool,
}

impl Rights {
    fn of(certificate: &Certificate) -> Self {
        let mut rights = Self { is_authority: true, path_length: None, key_usage: None, is_for_servers: true };
        let Ok((_, parsed)) = X509Certificate::from_der(&certificate.der) else {
            return rights;
        };
        rights.is_authority = parsed.version() != X509Version::V3;
        for extension in parsed.extensions() {
            match extension.oid.to_id_string().as_str() {
                "2.5.29.19" => {
                    let found = BasicConstraints::from_der(extension.value).ok();
                    rights.is_authority = found.as_ref().is_some_and(|(_, found)| found.ca);
                    let length = found.and_then(|(_, found)| found.path_len_constraint);
                    rights.path_length = length.and_then(|length| usize::try_from(length).ok());
                }
                "2.5.29.15" => rights.key_usage = KeyUsage::from_der(extension.value).ok().map(|(_, usage)| usage),
                "2.5.29.37" => {
                    let found = ExtendedKeyUsage::from_der(extension.value);
                    rights.is_for_servers = found.is_ok_and(|(_, found)| found.server_auth);
                }
                _ => {}
            }
        }
        rights
    }
}

/// RFC 5246, section 7.4.2: whatever the key exchange, one of these.
fn is_for_tls(usage: &KeyUsage) -> bool {
    usage.digital_signature() || usage.key_encipherment() || usage.key_agreement()
}

/// Certificate policies, their mappings and constraints, and the ban of any policy (RFC 5280, section 4.2.1).
const POLICIES: &[&str] = &["2.5.29.32", "2.5.29.33", "2.5.29.36", "2.5.29.54"];
