//! Why does a chain lead to no trust anchor? webpki's error in words, and which signature it is about.

use webpki::Error;
use x509_parser::asn1_rs::{FromDer, Oid};

use super::authority::has_critical_policies;
use super::signature::{self, Check};
use crate::x509::algorithm::Signature;
use crate::x509::certificate::Certificate;
use crate::x509::chain::{Chain, ChainOrder};
use crate::x509::verdict::Distrust;

/// What webpki's last `error` means for `chain`; `anchors` are those that have, by name, issued a certificate.
pub(super) fn distrust(error: &Error, chain: &Chain, anchors: impl Fn(&Certificate) -> Vec<Certificate>) -> Distrust {
    use Error as E;

    let leaf = chain.leaf();
    match error {
        E::CertExpired { .. } | E::CertNotValidYet { .. } => Distrust::NeverValid,
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => Distrust::Purpose,
        E::UnknownIssuer | E::CaUsedAsEndEntity | E::UnsupportedCertVersion if leaf.is_self_issued() => {
            Distrust::SelfSigned
        }
        E::CaUsedAsEndEntity | E::UnsupportedCertVersion => Distrust::NotALeaf,
        E::NameConstraintViolation => Distrust::NameConstraints,
        E::PathLenConstraintViolated => Distrust::PathLength,
        E::EndEntityUsedAsCa => Distrust::NotAnAuthority,
        E::MaximumPathDepthExceeded => Distrust::TooDeep,
        E::UnsupportedCriticalExtension if chain.iter().any(has_critical_policies) => Distrust::Policies,
        error => broken_link(chain, anchors).unwrap_or_else(|| match error {
            E::UnknownIssuer => {
                let last = if chain.order() == ChainOrder::InOrder { chain.last() } else { leaf };
                Distrust::UnknownIssuer { issuer: last.name() }
            }
            error => Distrust::Rule(in_words(error)),
        }),
    }
}

/// The first signature from the leaf on that keeps the chain from being trusted; `None` if all that are there are good.
fn broken_link(chain: &Chain, anchors: impl Fn(&Certificate) -> Vec<Certificate>) -> Option<Distrust> {
    let mut certificate = chain.leaf();
    let mut checks = 0..MAX_CHECKS;
    for _ in 0..MAX_CHECKS {
        let shown = chain.others().iter().filter(|other| *other != certificate && certificate.names_as_issuer(other));
        let mut next = None;
        let mut broken = None;
        for issuer in shown {
            match link(certificate, issuer, "certificate shown with it,", &mut checks) {
                None => next = next.or(Some(issuer)),
                Some(distrust) => broken = broken.or(Some(distrust)),
            }
        }
        for anchor in anchors(certificate) {
            match link(certificate, &anchor, "trust anchor", &mut checks) {
                None => return None,
                Some(distrust) => broken = Some(distrust),
            }
        }
        match next {
            Some(issuer) => certificate = issuer,
            None => return broken,
        }
    }
    None
}

/// What is wrong with the signature of `certificate`, if `issuer` should have made it.
fn link(
    certificate: &Certificate,
    issuer: &Certificate,
    whose: &'static str,
    checks: &mut std::ops::Range<usize>,
) -> Option<Distrust> {
    checks.next()?;
    let (parts, key) = (certificate.parts()?, issuer.parts()?.key);
    let (subject, signature) = (certificate.name(), certificate.signature);
    if signature.is_weak {
        return Some(Distrust::WeakSignature { subject, signature });
    }
    if issuer.key.is_short() {
        return Some(Distrust::ShortKey { issuer: issuer.name(), key: issuer.key });
    }
    match signature::check(&parts, key) {
        Check::Good => None,
        Check::Wrong => Some(Distrust::BadSignature { subject, issuer: issuer.name(), whose }),
        Check::Unverifiable => {
            Some(Distrust::Unverifiable { subject, signature: named(signature, parts.algorithm), key: issuer.key })
        }
    }
}

/// The name of an algorithm; of one without, its object identifier.
fn named(signature: Signature, algorithm: &[u8]) -> String {
    match (signature.name, Oid::from_der(algorithm)) {
        (None, Ok((_, oid))) => format!("the algorithm {oid}"),
        _ => signature.to_string(),
    }
}

/// `InvalidSerialNumber` as `invalid serial number`.
fn in_words(error: &Error) -> String {
    let name = format!("{error:?}");
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// As many signatures are checked to say what is wrong: a stranger may show a thousand certificates of one name.
const MAX_CHECKS: usize = 16;
