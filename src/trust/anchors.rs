//! Does a chain lead to a trust anchor? Asked of rustls-webpki, with the two exceptions that self-signed servers need.

use std::time::Duration;

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use crate::x509::certificate::Fingerprint;
use crate::x509::chain::{Chain, ChainOrder};
use crate::x509::verdict::{Distrust, Verdict};

/// The verdict on the chain of a file, which is judged only by what was given to judge it by.
pub(crate) fn verdict_of_file(chain: &Chain, anchors: Option<&Anchors>, pins: &[Fingerprint], now: i64) -> Verdict {
    match anchors {
        _ if chain.leaf().is_pinned(pins) => Verdict::Pinned,
        Some(anchors) => anchors.verdict(chain, now),
        None if pins.is_empty() => Verdict::NotJudged,
        None => Verdict::Untrusted(Distrust::OtherFingerprint),
    }
}

/// Those who are trusted to issue certificates.
#[derive(Debug)]
pub struct Anchors {
    store: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
}

impl Anchors {
    /// Anchors from DER certificates; those that cannot be anchors only count as themselves.
    pub(crate) fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let mut store = RootCertStore::empty();
        for certificate in &certificates {
            let _ = store.add(certificate.clone());
        }
        Self { store, certificates }
    }

    /// Whether `chain` leads to one of the anchors.
    ///
    /// `now` (Unix time) is moved into the chain's validity: a certificate that has expired is a finding of its own, and not
    /// also untrusted.
    pub(crate) fn verdict(&self, chain: &Chain, now: i64) -> Verdict {
        let leaf = chain.leaf();
        if self.certificates.iter().any(|anchor| anchor.as_ref() == leaf.der) {
            return Verdict::AnchorItself;
        }
        match self.verify(chain, moment_within(chain, now)) {
            Ok(()) => Verdict::Trusted,
            Err(error) => Verdict::Untrusted(distrust(&error, chain)),
        }
    }

    fn verify(&self, chain: &Chain, moment: i64) -> Result<(), Error> {
        let leaf = CertificateDer::from(chain.leaf().der.as_slice());
        let others: Vec<_> = chain.others().iter().map(|other| CertificateDer::from(other.der.as_slice())).collect();
        let moment = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(moment).unwrap_or(0)));
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        let leaf = ParsedCertificate::try_from(&leaf)?;
        verify_server_cert_signed_by_trust_anchor(&leaf, &self.store, &others, moment, algorithms.all)
    }
}

/// `now`, or the nearest moment at which all certificates are valid; without one, the nearest at which the leaf is.
fn moment_within(chain: &Chain, now: i64) -> i64 {
    let leaf = chain.leaf();
    let from = chain.iter().map(|certificate| certificate.not_before).fold(leaf.not_before, i64::max);
    let to = chain.iter().map(|certificate| certificate.not_after).fold(leaf.not_after, i64::min);
    let (from, to) = if from <= to { (from, to) } else { (leaf.not_before, leaf.not_after) };
    now.min(to).max(from)
}

fn distrust(error: &Error, chain: &Chain) -> Distrust {
    use CertificateError as E;

    let Error::InvalidCertificate(error) = error else {
        return Distrust::Rule(error.to_string());
    };
    match error {
        E::UnknownIssuer if chain.leaf().is_self_issued() => Distrust::SelfSigned,
        E::UnknownIssuer => {
            let last = if chain.order() == ChainOrder::InOrder { chain.last() } else { chain.leaf() };
            Distrust::UnknownIssuer { issuer: last.name() }
        }
        E::BadSignature => Distrust::BadSignature,
        E::UnsupportedSignatureAlgorithmContext { .. } | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            Distrust::Algorithm
        }
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => Distrust::Purpose,
        E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. } => Distrust::NeverValid,
        E::Other(_) if chain.leaf().is_self_issued() => Distrust::SelfSigned,
        E::Other(_) if chain.leaf().is_ca => Distrust::NotALeaf,
        other => Distrust::Rule(Error::InvalidCertificate(other.clone()).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::Certificate;
    use crate::x509::chain::tests::{Template, ca, certificate, chain, leaf_to_root, three};

    const DAY: i64 = 86_400;

    fn anchors(certificates: &[&Certificate]) -> Anchors {
        Anchors::new(certificates.iter().map(|certificate| CertificateDer::from(certificate.der.clone())).collect())
    }

    #[test]
    fn trusted_when_the_chain_leads_to_an_anchor_in_whatever_order() {
        let [leaf, intermediate, root] = leaf_to_root();
        let anchors = anchors(&[&root]);
        assert_eq!(anchors.verdict(&chain([&leaf, &intermediate]), DAY), Verdict::Trusted);
        assert_eq!(anchors.verdict(&chain([&leaf, &root, &intermediate]), DAY), Verdict::Trusted);
    }

    #[test]
    fn untrusted_when_the_intermediate_is_missing() {
        let [leaf, _, root] = leaf_to_root();
        let verdict = anchors(&[&root]).verdict(&chain([&leaf]), DAY);
        assert_eq!(verdict, Verdict::Untrusted(Distrust::UnknownIssuer { issuer: "cas1.example.com".to_owned() }));
    }

    #[test]
    fn untrusted_when_self_signed() {
        for is_ca in [false, true] {
            let leaf = certificate(Template { is_ca, ..Template::default() });
            assert_eq!(anchors(&[]).verdict(&chain([&leaf]), DAY), Verdict::Untrusted(Distrust::SelfSigned));
        }
    }

    #[test]
    fn a_self_signed_leaf_among_the_anchors_is_trusted() {
        let leaf = certificate(Template { is_ca: true, ..Template::default() });
        assert_eq!(anchors(&[&leaf]).verdict(&chain([&leaf]), DAY), Verdict::AnchorItself);
    }

    #[test]
    fn an_expired_chain_is_not_also_untrusted() {
        let [leaf, intermediate, root] = three(Template::default(), ca("Issuing", (10, 50)), ca("Root", (0, 9_000)));
        for now in [0, 1_000 * DAY] {
            assert_eq!(anchors(&[&root]).verdict(&chain([&leaf, &intermediate]), now), Verdict::Trusted);
        }
    }

    #[test]
    fn untrusted_when_the_validities_never_overlapped() {
        let [leaf, intermediate, root] = three(Template::default(), ca("Issuing", (100, 200)), ca("Root", (0, 9_000)));
        let verdict = anchors(&[&root]).verdict(&chain([&leaf, &intermediate]), DAY);
        assert_eq!(verdict, Verdict::Untrusted(Distrust::NeverValid));
    }

    #[test]
    fn untrusted_when_a_signature_is_wrong() {
        let [leaf, _, root] = leaf_to_root();
        let [_, impostor, _] = leaf_to_root();
        let verdict = anchors(&[&root]).verdict(&chain([&leaf, &impostor]), DAY);
        assert_eq!(verdict, Verdict::Untrusted(Distrust::BadSignature));
    }
}
