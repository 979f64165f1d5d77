//! Why does a chain lead to no trust anchor? webpki's error in words, and which signature it is about.

use webpki::Error;
use x509_parser::asn1_rs::{FromDer, Oid};

use super::authority::critical_extension;
use super::constraints;
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
        E::NameConstraintViolation => {
            let anchors: Vec<_> = chain.iter().take(MAX_CHECKS).flat_map(anchors).collect();
            constraints::refusal(leaf, chain.others().iter().chain(&anchors))
        }
        E::PathLenConstraintViolated => Distrust::PathLength,
        E::EndEntityUsedAsCa => Distrust::NotAnAuthority,
        E::MaximumPathDepthExceeded => Distrust::TooDeep,
        error => broken_link(chain, anchors).unwrap_or_else(|| unlinked(error, chain)),
    }
}

/// Whether webpki gave up, as it does on a stranger's chain that would keep it busy.
pub(super) const fn is_too_much(error: &Error) -> bool {
    matches!(
        error,
        Error::MaximumPathBuildCallsExceeded
            | Error::MaximumSignatureChecksExceeded
            | Error::MaximumNameConstraintComparisonsExceeded
    )
}

/// What `error` means where no signature is the reason.
fn unlinked(error: &Error, chain: &Chain) -> Distrust {
    use Error as E;

    let leaf = chain.leaf();
    let long = chain.iter().find(|certificate| certificate.der.len() > MAX_OF_WEBPKI);
    match (error, long) {
        (E::UnknownIssuer, _) => {
            let last = if chain.order() == ChainOrder::InOrder { chain.last() } else { leaf };
            Distrust::UnknownIssuer { issuer: last.name() }
        }
        (E::UnsupportedCriticalExtension, _) => chain
            .iter()
            .find_map(critical_extension)
            .unwrap_or(Distrust::Rule("a critical extension that is not known")),
        (E::BadDer | E::TrailingData(_), Some(long)) => Distrust::TooLong { subject: long.name() },
        (error, _) if is_too_much(error) => Distrust::TooManyPaths,
        (E::BadDerTime | E::InvalidCertValidity, _) => Distrust::Rule("a validity that is none"),
        (E::InvalidSerialNumber, _) => Distrust::Rule("a serial number that is none"),
        (E::SignatureAlgorithmMismatch, _) => {
            Distrust::Rule("a signature algorithm that is named twice, and differently")
        }
        (E::MalformedDnsIdentifier, _) => Distrust::Rule("a host's name that is malformed"),
        (E::MalformedNameConstraint | E::InvalidNetworkMaskConstraint, _) => {
            Distrust::Rule("name constraints that are malformed")
        }
        (E::MalformedExtensions | E::ExtensionValueInvalid, _) => Distrust::Rule("an extension that is malformed"),
        (E::InvalidSignatureForPublicKey, _) => Distrust::Hidden,
        _ => Distrust::Rule("a certificate that is not well-formed DER"),
    }
}

/// The first signature from the leaf on that keeps the chain from being trusted; `None` if all that are there are good.
fn broken_link(chain: &Chain, anchors: impl Fn(&Certificate) -> Vec<Certificate>) -> Option<Distrust> {
    let mut certificate = chain.leaf();
    let mut checks = 0..MAX_CHECKS;
    let mut otherwise = None;
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
                None => return otherwise,
                Some(distrust) => broken = Some(distrust),
            }
        }
        match next {
            Some(issuer) => {
                if certificate.issuer_der() != issuer.subject_der() {
                    let (subject, issuer) = (certificate.name(), issuer.name());
                    otherwise = Some(Distrust::WrittenOtherwise { subject, issuer });
                }
                certificate = issuer;
            }
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

/// webpki reads lengths of two bytes.
const MAX_OF_WEBPKI: usize = 0xffff;

/// As many signatures are checked to say what is wrong: a stranger may show a thousand certificates of one name.
const MAX_CHECKS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::chain::tests::{Template, certificate, chain, leaf_to_root};

    #[test]
    fn what_webpki_refuses_is_named() {
        let chain = chain([&certificate(Template::default())]);
        for (error, rule) in [
            (Error::InvalidSerialNumber, "a serial number that is none"),
            (Error::SignatureAlgorithmMismatch, "a signature algorithm that is named twice, and differently"),
            (Error::BadDerTime, "a validity that is none"),
            (Error::InvalidCertValidity, "a validity that is none"),
            (Error::MalformedDnsIdentifier, "a host's name that is malformed"),
            (Error::MalformedNameConstraint, "name constraints that are malformed"),
            (Error::InvalidNetworkMaskConstraint, "name constraints that are malformed"),
            (Error::MalformedExtensions, "an extension that is malformed"),
            (Error::ExtensionValueInvalid, "an extension that is malformed"),
            (Error::BadDer, "a certificate that is not well-formed DER"),
        ] {
            assert_eq!(unlinked(&error, &chain), Distrust::Rule(rule), "{error:?}");
        }
    }

    #[test]
    fn nobody_knows_the_issuer_of_the_last_one_or_where_there_is_no_order_of_the_leaf() {
        let [leaf, issuing, root] = leaf_to_root();
        for (shown, issuer) in [([&leaf, &issuing], "Issuing"), ([&leaf, &root], "cas1.example.com")] {
            let unknown = Distrust::UnknownIssuer { issuer: issuer.to_owned() };
            assert_eq!(unlinked(&Error::UnknownIssuer, &chain(shown)), unknown);
        }
    }

    #[test]
    fn only_who_is_named_as_the_issuer_should_have_signed() {
        let ([leaf, issuing, root], [_, impostor, _]) = (leaf_to_root(), leaf_to_root());
        let broken = |shown: [&Certificate; 2]| broken_link(&chain(shown), |_| Vec::new());
        assert_eq!((broken([&leaf, &issuing]), broken([&leaf, &root])), (None, None));
        assert!(matches!(broken([&leaf, &impostor]), Some(Distrust::BadSignature { .. })));
    }

    #[test]
    fn a_certificate_that_is_longer_than_webpki_reads_is_told_from_one_that_is_broken() {
        let mut leaf = certificate(Template::default());
        for (length, expected) in [
            (0xffff, Distrust::Rule("a certificate that is not well-formed DER")),
            (0x1_0000, Distrust::TooLong { subject: "cas1.example.com".to_owned() }),
        ] {
            leaf.der.resize(length, 0);
            assert_eq!(unlinked(&Error::BadDer, &Chain::single(leaf.clone())), expected, "{length}");
        }
    }

    #[test]
    fn an_algorithm_without_a_name_goes_by_its_number() {
        let (known, unknown) =
            (Signature { name: Some("Ed448"), is_weak: false }, Signature { name: None, is_weak: false });
        let number = [6, 3, 0x2a, 3, 4];
        assert_eq!(named(known, &number), "Ed448");
        assert_eq!(named(unknown, &number), "the algorithm 1.2.3.4");
        assert_eq!(named(unknown, b"none"), "an unknown algorithm");
    }
}
