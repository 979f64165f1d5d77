//! Does a chain lead to a trust anchor? Asked of webpki, with the exceptions that self-signed servers need.
//!
//! webpki does not look at the dates of an anchor: a path to one that is valid, and stays so for a while, is preferred, and
//! the judgement sees which one it came to. Names it compares byte by byte: where that finds nobody, an anchor of the same
//! name in another encoding or case is tried under the name as it is written.

use std::cell::RefCell;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, VerifiedPath, anchor_from_trusted_cert};

use super::authority::objection;
use super::distrust::{distrust, is_too_much};
use super::signature::{self, Check};
use crate::time::stage;
use crate::x509::certificate::{Certificate, Fingerprint};
use crate::x509::chain::Chain;
use crate::x509::distinguished_name::is_same_name;
use crate::x509::parts::{KeyInfo, inside, subject};
use crate::x509::verdict::{Distrust, TrustedPath, Verdict};

/// The verdict on the chain of a file, which is judged only by what was given to judge it by.
pub(crate) fn verdict_of_file(
    chain: &Chain,
    anchors: Option<&Anchors>,
    pins: &[Fingerprint],
    sought: &SoughtPath<'_>,
) -> Verdict {
    match anchors {
        _ if chain.leaf().is_pinned(pins) => Verdict::Pinned,
        Some(anchors) => anchors.verdict(chain, sought),
        None if pins.is_empty() => Verdict::NotJudged,
        None => Verdict::Untrusted(Distrust::OtherFingerprint),
    }
}

/// Which of several paths to a trust anchor is looked for. In any case one whose anchor is valid comes first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SoughtPath<'a> {
    /// Unix time.
    pub now: i64,
    /// The anchors that are expected; none if any is as good.
    pub anchors: &'a [Fingerprint],
    /// Whether the shortest is wanted, rather than the first.
    pub is_shortest: bool,
}

impl<'a> SoughtPath<'a> {
    /// The first one at `now`.
    #[cfg(test)]
    pub(crate) const fn first(now: i64) -> Self {
        SoughtPath { now, anchors: &[], is_shortest: false }
    }

    /// What speaks against a path, the worst in front.
    fn flaws(&self, path: &TrustedPath) -> (bool, bool, bool, usize) {
        let is_expected = self.anchors.is_empty() || path.anchor.is_pinned(self.anchors);
        let (has_expired, ends_soon) = (!path.anchor.is_valid_at(self.now), path.anchor.not_after < self.now + SOON);
        (has_expired, !is_expected, ends_soon, path.intermediates.len())
    }

    /// Whether there is no better one than `path`.
    fn is_met_by(&self, path: &TrustedPath) -> bool {
        let (has_expired, is_another, ends_soon, length) = self.flaws(path);
        !has_expired && !is_another && !ends_soon && (!self.is_shortest || length == 0)
    }
}

/// Those who are trusted to issue certificates.
#[derive(Debug)]
pub(crate) struct Anchors {
    certificates: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
    /// Of each anchor, the place of its certificate.
    places: Vec<usize>,
    /// Those whom nobody is to trust, whoever issued them.
    rejected: Vec<CertificateDer<'static>>,
    unread: Option<Unread>,
}

/// What of a file of anchors cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct Unread {
    /// The file, the line and what was expected there.
    pub place: String,
    /// Whether it may be a certificate that the file rejects, rather than one more anchor.
    pub may_reject: bool,
}

impl Anchors {
    /// Anchors from DER certificates; those that cannot be anchors only count as themselves.
    pub(crate) fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let anchors = certificates.iter().enumerate().filter_map(|(place, certificate)| {
            let anchor = anchor_from_trusted_cert(certificate).ok()?;
            Some((anchor.to_owned(), place))
        });
        let (anchors, places) = anchors.unzip();
        Self { certificates, anchors, places, rejected: Vec::new(), unread: None }
    }

    /// The same, and certificates that are rejected: neither as themselves nor on the way to an anchor are they trusted.
    #[must_use]
    pub(crate) fn but_not(mut self, rejected: Vec<CertificateDer<'static>>) -> Self {
        self.rejected = rejected;
        self
    }

    /// The same, but for what cannot be read of their file.
    #[must_use]
    pub(crate) fn but_for(mut self, unread: Option<Unread>) -> Self {
        self.unread = unread;
        self
    }

    fn rejects(&self, certificate: &Certificate) -> bool {
        self.rejected.iter().any(|rejected| rejected.as_ref() == certificate.der)
    }

    /// Whether `chain` leads to one of the anchors.
    ///
    /// Now or, if it does not, at the nearest moment at which it did: a certificate that has expired is a finding of its own,
    /// and not also untrusted.
    pub(crate) fn verdict(&self, chain: &Chain, sought: &SoughtPath<'_>) -> Verdict {
        let _stage = stage::enter("looking for a path to a trust anchor");
        let verdict = self.verdict_by_names(chain, sought);
        let unread = self.unread.as_ref().filter(|unread| match &verdict {
            Verdict::Untrusted(Distrust::Rejected { .. }) => false,
            // It may be the leaf itself, which is trusted for what it is, or another anchor of the same name.
            Verdict::Untrusted(_) => true,
            // Or the one that was issued in place of one that has expired.
            Verdict::Trusted(path) => unread.may_reject || path.anchor.not_after < sought.now,
            Verdict::AnchorItself => unread.may_reject,
            Verdict::NotJudged | Verdict::Pinned => false,
        });
        let undecided = unread.map(|unread| Distrust::UnreadAnchor { place: unread.place.clone() });
        undecided.map_or(verdict, Verdict::Untrusted)
    }

    /// By what could be read.
    fn verdict_by_names(&self, chain: &Chain, sought: &SoughtPath<'_>) -> Verdict {
        let verdict = self.verdict_by_bytes(chain, sought);
        if !matches!(verdict, Verdict::Untrusted(Distrust::UnknownIssuer { .. })) {
            return verdict;
        }
        let renamed = self.renamed(chain).map(|anchors| anchors.verdict_by_bytes(chain, sought));
        renamed.filter(Verdict::is_trusted).unwrap_or(verdict)
    }

    /// The anchors that have issued certificates of `chain` which name them in other letters or another encoding, under the
    /// name as it is written there. Whether they have signed them is still webpki's to say.
    fn renamed(&self, chain: &Chain) -> Option<Self> {
        let issuers = distinct(chain.iter().map(Certificate::issuer_der));
        let mut renamed = Self::new(Vec::new()).but_not(self.rejected.clone());
        for (anchor, &place) in self.anchors.iter().zip(&self.places) {
            let certificate = &self.certificates[place];
            let name = subject(certificate).unwrap_or_default();
            let written = issuers.iter().filter(|issuer| **issuer != name && is_same_name(issuer, name));
            for subject in written.filter_map(|issuer| inside(issuer)) {
                renamed.places.push(renamed.certificates.len());
                renamed.certificates.push(certificate.clone());
                renamed.anchors.push(TrustAnchor { subject: subject.to_vec().into(), ..anchor.clone() });
            }
        }
        (!renamed.anchors.is_empty()).then_some(renamed)
    }

    fn verdict_by_bytes(&self, chain: &Chain, sought: &SoughtPath<'_>) -> Verdict {
        let leaf = chain.leaf();
        if self.rejects(leaf) {
            return Verdict::Untrusted(Distrust::Rejected { subject: leaf.name() });
        }
        if self.certificates.iter().any(|anchor| anchor.as_ref() == leaf.der) {
            return Verdict::AnchorItself;
        }
        if self.anchors.is_empty() && !(self.certificates.is_empty() && self.rejected.is_empty()) {
            return Verdict::Untrusted(Distrust::NoUsableAnchors);
        }
        let beyond_ring = self.beyond_ring(chain);
        let algorithms: Vec<&dyn SignatureVerificationAlgorithm> =
            signature::ring().all.iter().copied().chain(beyond_ring.iter().map(|beyond| beyond as _)).collect();
        let search = Search { sought, algorithms };
        let (mut error, mut objection) = (Error::UnknownIssuer, None);
        for moment in moments(chain, sought.now) {
            match self.paths(chain, moment, &search) {
                Ok(paths) => {
                    if let Some(path) = paths.good.into_iter().min_by_key(|path| sought.flaws(path)) {
                        return Verdict::Trusted(Box::new(path));
                    }
                    objection = objection.or(paths.objection);
                }
                Err(reason) => {
                    // What is too much work now is too much at any other moment.
                    let is_too_much = is_too_much(&reason);
                    error = reason;
                    if is_too_much {
                        break;
                    }
                }
            }
        }
        if let Some(objection) = objection {
            return Verdict::Untrusted(objection);
        }
        match distrust(&error, chain, |certificate| self.named_by(certificate)) {
            Distrust::Hidden if let Some((anchors, chain)) = self.without_namesakes(chain) => {
                anchors.verdict_by_bytes(&chain, sought)
            }
            distrust => Verdict::Untrusted(distrust),
        }
    }

    /// What is left without those who are named as an issuer and have signed nothing, if there are any: webpki puts their
    /// signatures, which are no wonder where an authority was renewed with another key, before what is wrong with the others.
    fn without_namesakes(&self, chain: &Chain) -> Option<(Self, Chain)> {
        let has_signed = |issuer: &&Certificate| {
            let issued = chain.iter().filter(|one| one != issuer && one.names_as_issuer(issuer)).take(MAX_DISTINCT);
            let parts = issued.filter_map(|one| one.parts().zip(issuer.parts()));
            parts.into_iter().any(|(parts, issuer)| signature::check(&parts, issuer.key) == Check::Good)
        };
        let others: Vec<_> = reachable(chain).collect();
        let named: Vec<_> = chain.iter().take(MAX_DISTINCT).flat_map(|one| self.named_by(one)).collect();
        let signed: Vec<_> = named.iter().filter(has_signed).collect();
        let kept = others.iter().copied().filter(has_signed).cloned();
        let narrow = Chain::new(std::iter::once(chain.leaf().clone()).chain(kept).collect())?;
        let is_narrower = signed.len() < named.len() || narrow.others().len() < others.len();
        let anchors = signed.into_iter().map(|anchor| anchor.der.clone().into()).collect();
        is_narrower.then(|| (Self::new(anchors).but_not(self.rejected.clone()), narrow))
    }

    /// The anchors that have, by name, issued `certificate`.
    fn named_by(&self, certificate: &Certificate) -> Vec<Certificate> {
        let issuer = certificate.issuer_der();
        let named = self.anchors.iter().zip(&self.places).filter(move |(anchor, _)| issuer.ends_with(&anchor.subject));
        let read = named.filter_map(|(_, place)| Certificate::from_der(self.certificates.get(*place)?).ok());
        read.filter(move |anchor| anchor.subject_der() == issuer).collect()
    }

    /// The paths from the leaf to an anchor that are good at `moment`: one that meets what is sought, else all.
    fn paths(&self, chain: &Chain, moment: i64, search: &Search<'_>) -> Result<Paths, Error> {
        let Search { sought, algorithms } = search;
        let leaf = CertificateDer::from(chain.leaf().der.as_slice());
        let others: Vec<_> = reachable(chain).map(|other| CertificateDer::from(other.der.as_slice())).collect();
        let moment = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(moment).unwrap_or(0)));
        let paths = RefCell::new(Paths::default());
        let take = |path: &VerifiedPath<'_>| {
            let path = self.path(path, chain).ok_or(Error::UnknownIssuer)?;
            let mut paths = paths.borrow_mut();
            let rejected = path.intermediates.iter().chain([&path.anchor]).find(|authority| self.rejects(authority));
            let rejected = rejected.map(|rejected| Distrust::Rejected { subject: rejected.name() });
            if let Some(objection) = rejected.or_else(|| objection(chain.leaf(), &path)) {
                paths.objection = Some(objection);
                return Err(Error::UnknownIssuer);
            }
            let is_best = sought.is_met_by(&path);
            if is_best || paths.good.len() < MAX_PATHS {
                paths.good.push(path);
            }
            // An error is what makes webpki look for another one.
            if is_best { Ok(()) } else { Err(Error::UnknownIssuer) }
        };
        let leaf = EndEntityCert::try_from(&leaf)?;
        let usage = KeyUsage::server_auth();
        let verified =
            leaf.verify_for_usage(algorithms, &self.anchors, &others, moment, usage, None, Some(&take)).map(|_| ());
        let paths = paths.take();
        let is_any = !paths.good.is_empty() || paths.objection.is_some();
        if is_any { Ok(paths) } else { verified.map(|()| paths) }
    }

    fn path(&self, path: &VerifiedPath<'_>, chain: &Chain) -> Option<TrustedPath> {
        let is_it =
            |anchor: &TrustAnchor<'_>| std::ptr::from_ref(anchor).addr() == std::ptr::from_ref(path.anchor()).addr();
        let place = *self.places.get(self.anchors.iter().position(is_it)?)?;
        let shown = |der: &[u8]| chain.others().iter().find(|other| other.der == der).cloned();
        Some(TrustedPath {
            intermediates: path.intermediate_certificates().map(|each| shown(&each.der())).collect::<Option<_>>()?,
            anchor: Certificate::from_der(self.certificates.get(place)?).ok()?,
        })
    }

    /// The algorithms that the chain's signatures need beside ring's.
    fn beyond_ring(&self, chain: &Chain) -> Vec<signature::BeyondRing> {
        let parts: Vec<_> = chain.iter().filter_map(Certificate::parts).collect();
        let signatures = distinct(parts.iter().map(|parts| parts.algorithm));
        let infos = self.anchors.iter().filter_map(|anchor| KeyInfo::of_contents(&anchor.subject_public_key_info));
        let keys = distinct(parts.iter().skip(1).map(|parts| parts.key).chain(infos).map(|key| key.algorithm));
        signature::beyond_ring(&keys, &signatures)
    }
}

/// By what paths are looked for.
struct Search<'a> {
    sought: &'a SoughtPath<'a>,
    algorithms: Vec<&'a dyn SignatureVerificationAlgorithm>,
}

/// The paths to an anchor on which all signatures are good.
#[derive(Default)]
struct Paths {
    good: Vec<TrustedPath>,
    /// What speaks against another one.
    objection: Option<Distrust>,
}

/// Those of `chain` that may be on a way from its leaf, by name: a stranger may show a thousand, each of which webpki reads
/// again for each.
fn reachable(chain: &Chain) -> impl Iterator<Item = &Certificate> {
    let mut reached = vec![chain.leaf()];
    let mut place = 0;
    while let Some(certificate) = reached.get(place).copied() {
        let issuers = chain.others().iter().filter(|other| other.subject_der() == certificate.issuer_der());
        for issuer in issuers {
            if reached.len() <= MAX_INTERMEDIATES && !reached.contains(&issuer) {
                reached.push(issuer);
            }
        }
        place += 1;
    }
    reached.into_iter().skip(1)
}

/// Each once, as far as anybody needs so many.
fn distinct<'a>(all: impl Iterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    let mut distinct = Vec::new();
    for each in all {
        if distinct.len() < MAX_DISTINCT && !distinct.contains(&each) {
            distinct.push(each);
        }
    }
    distinct
}

/// The moments at which a chain may have been good: `now`, then when one of its certificates ended or began, the nearest
/// first. What was good at any time was good at one of these.
fn moments(chain: &Chain, now: i64) -> Vec<i64> {
    let ends = chain.iter().map(|certificate| certificate.not_after).filter(|end| *end < now);
    let begins = chain.iter().map(|certificate| certificate.not_before).filter(|begin| *begin > now);
    let mut others: Vec<_> = ends.chain(begins).collect();
    others.sort_unstable_by_key(|moment| moment.abs_diff(now));
    others.dedup();
    std::iter::once(now).chain(others.into_iter().take(MAX_MOMENTS)).collect()
}

/// Only a stranger shows more, each of which costs what a verification costs.
const MAX_MOMENTS: usize = 8;
const MAX_PATHS: usize = 32;
const MAX_INTERMEDIATES: usize = 32;

/// When an anchor ends soon another one is looked for, in seconds: by then nobody should be surprised.
const SOON: i64 = 90 * 86_400;

const MAX_DISTINCT: usize = 32;

#[cfg(test)]
mod tests;
