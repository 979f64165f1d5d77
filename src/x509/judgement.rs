//! What is a chain worth at a moment? THE judgement of certificates, the same for every plugin that sees one.
//!
//! | class         | when                                                                                              |
//! |---------------|---------------------------------------------------------------------------------------------------|
//! | expired       | a certificate's validity is over                                                                  |
//! | not-yet-valid | a certificate's validity has not begun                                                            |
//! | untrusted     | the chain leads to no trust anchor                                                                |
//! | name-mismatch | the leaf is for other names                                                                       |
//! | weak          | an RSA or DSA key below 2048 bits, an EC key below 224; SHA-1 or MD5 under anything but an anchor |

use super::certificate::{Certificate, KeyKind, moment};
use super::chain::{Chain, ChainOrder};
use super::expiry::{Expiries, Remaining};
use super::name::{self, Match};
use super::verdict::{Distrust, Verdict};
use crate::report::{Class, Failure, Finding, Metric, Report, State, excerpt};

/// What is expected of a chain.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a> {
    /// How much of its validity each certificate must have left.
    pub expiries: &'a Expiries,
    /// The name that the leaf must be for.
    pub name: Option<&'a str>,
    /// Whether it is trusted.
    pub verdict: &'a Verdict,
}

/// What a chain is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What is wrong with it, by class.
    pub failures: Vec<Failure>,
    /// Certificates that have less left than they should, the shortest first.
    pub violations: Vec<(State, String)>,
    /// What is worth saying and nothing worse.
    pub remarks: Vec<String>,
    /// Which certificate ends first, and when: a sentence for the first line.
    pub summary: String,
    /// What is left of each certificate, the leaf first; never empty.
    remaining: Vec<Remaining>,
}

/// Judges `chain` at `now` (Unix time).
pub fn judge(chain: &Chain, expected: &Expectations<'_>, now: i64) -> Judgement {
    let remaining: Vec<_> = chain.iter().map(|certificate| Remaining::at(certificate, now)).collect();
    let mut failures = Vec::new();
    let mut violations = Vec::new();
    for (place, (certificate, &left)) in chain.iter().zip(&remaining).enumerate() {
        failures.extend(validity(certificate, place, now));
        if certificate.is_valid_at(now)
            && let Some((state, expiry)) = expected.expiries.violated_by(left)
        {
            let text = format!("{}, {}", expires(certificate, place, left), expiry.in_words());
            violations.push((left.seconds, state, text));
        }
        failures.extend(weakness(certificate, place, expected.verdict));
    }
    violations.sort_by_key(|(left, _, _)| *left);
    failures.extend(distrust(chain, expected.verdict));
    failures.extend(mismatch(chain.leaf(), expected.name));

    Judgement {
        failures,
        violations: violations.into_iter().map(|(_, state, text)| (state, text)).collect(),
        remarks: remarks(chain, expected),
        summary: summary(chain, &remaining),
        remaining,
    }
}

impl Judgement {
    /// What is left of the certificate that ends first.
    pub(crate) fn earliest(&self) -> Option<Remaining> {
        self.remaining.iter().copied().min_by_key(|left| left.seconds)
    }

    /// Every metric of the chain; complete, whatever was found.
    pub fn metrics(&self, expiries: &Expiries) -> Vec<Metric> {
        metrics(&self.remaining, expiries)
    }

    /// Adds findings to `report`, said of `target` where there are several: what is wrong, what has too little left, what is
    /// worth saying.
    pub(crate) fn add_to(&self, report: &mut Report, target: Option<&str>) {
        for failure in &self.failures {
            report.add_finding(report.judge(failure.clone()).said_of(target));
        }
        for (state, text) in &self.violations {
            let advice = report.advise(Some(Class::Expired));
            report.add_finding(Finding { state: *state, advice, ..Finding::ok(text) }.said_of(target));
        }
        for remark in &self.remarks {
            report.add_finding(Finding::ok(remark).said_of(target));
        }
    }

    /// When the chain ends, unless [`Judgement::add_to`] says so already.
    pub(crate) fn end_if_unmentioned(&self) -> Option<Finding> {
        let is_mentioned =
            !self.violations.is_empty() || self.failures.iter().any(|failure| failure.class == Class::Expired);
        (!is_mentioned).then(|| Finding::ok(&self.summary))
    }
}

/// The metrics of several chains: of one alone its own; of more the earliest of all, then each under its label.
pub(crate) fn metrics_of_several(judged: &[(String, Option<Judgement>)], expiries: &Expiries) -> Vec<Metric> {
    match judged {
        [] => metrics(&[], expiries),
        [(_, judgement)] => metrics(judgement.as_ref().map_or(&[], |judgement| &judgement.remaining), expiries),
        several => {
            let earliest = |judgement: &Option<Judgement>| judgement.as_ref().and_then(Judgement::earliest);
            let all = several.iter().filter_map(|(_, judgement)| earliest(judgement)).min_by_key(|left| left.seconds);
            let each = several.iter().take(MAX_LABELLED_METRICS);
            let each = each.map(|(label, judgement)| expiries.days("days_left", earliest(judgement)).suffixed(label));
            std::iter::once(expiries.days("days_left", all)).chain(each).collect()
        }
    }
}

/// The metrics of a chain of which nothing is known.
pub(crate) fn unknown_metrics(expiries: &Expiries) -> Vec<Metric> {
    metrics(&[], expiries)
}

fn metrics(remaining: &[Remaining], expiries: &Expiries) -> Vec<Metric> {
    let unjudged = Expiries::default();
    let leaf = remaining.first().copied();
    let earliest = remaining.iter().copied().min_by_key(|left| left.seconds);
    let mut metrics = vec![expiries.days("days_left", earliest), unjudged.days("leaf_days_left", leaf)];
    for (place, &left) in remaining.iter().enumerate().skip(1).take(MAX_CHAIN_METRICS) {
        metrics.push(unjudged.days(&format!("chain_{place}_days_left"), Some(left)));
    }
    metrics.push(expiries.lifetime("leaf_lifetime_left", leaf));
    metrics
}

fn validity(certificate: &Certificate, place: usize, now: i64) -> Option<Failure> {
    if now > certificate.not_after {
        return Some(Failure::new(Class::Expired, expires(certificate, place, Remaining::at(certificate, now))));
    }
    let ahead = Remaining { seconds: certificate.not_before.saturating_sub(now), lifetime: 0 };
    (ahead.seconds > 0).then(|| {
        let who = designation(certificate, place);
        let text =
            format!("{who} is not valid yet: its validity begins in {ahead} ({})", moment(certificate.not_before));
        Failure::new(Class::NotYetValid, text)
    })
}

fn weakness(certificate: &Certificate, place: usize, verdict: &Verdict) -> Option<Failure> {
    let least = match certificate.key.kind {
        KeyKind::Rsa | KeyKind::Dsa => 2048,
        KeyKind::Ec => 224,
        KeyKind::Ed25519 | KeyKind::Other => 0,
    };
    let mut reasons = Vec::new();
    // A size of 0 is a key that could not be measured.
    if (1..least).contains(&certificate.key.bits) {
        reasons.push(format!("its key is {}, expected at least {least} bits", certificate.key));
    }
    if certificate.signature.is_weak && !is_anchor(certificate, place, verdict) {
        reasons.push(format!("it is signed with {}", certificate.signature));
    }
    (!reasons.is_empty()).then(|| {
        let text = format!("{} is weak: {}", designation(certificate, place), reasons.join(" and "));
        Failure::new(Class::Weak, text)
    })
}

/// An anchor is trusted for what it is, not for its signature: a self-issued certificate behind the leaf, or a leaf that was
/// given as trusted.
fn is_anchor(certificate: &Certificate, place: usize, verdict: &Verdict) -> bool {
    match verdict {
        _ if !certificate.is_self_issued() => false,
        Verdict::Pinned | Verdict::AnchorItself => true,
        Verdict::NotJudged => place > 0 || certificate.is_ca,
        Verdict::Trusted | Verdict::Untrusted(_) => place > 0,
    }
}

fn distrust(chain: &Chain, verdict: &Verdict) -> Option<Failure> {
    let Verdict::Untrusted(reason) = verdict else {
        return None;
    };
    // That there is nobody to trust is a lack of this host.
    let class = if matches!(reason, Distrust::NoAnchors(_)) { Class::Local } else { Class::Untrusted };
    let mut failure = Failure::new(class, format!("{} is not trusted: {reason}", designation(chain.leaf(), 0)));
    if *reason == Distrust::SelfSigned || *reason == Distrust::OtherFingerprint {
        failure.causes.push(format!("its SHA-256 fingerprint is {}", chain.leaf().fingerprint()));
    }
    if matches!(reason, Distrust::UnknownIssuer { .. }) {
        failure.causes.push(match chain.order() {
            ChainOrder::InOrder => {
                format!(
                    "the chain is incomplete, or its issuer is not known here: {}",
                    excerpt(&chain.last().issuer(), 200)
                )
            }
            _ => "the chain has a gap: an intermediate certificate is missing".to_owned(),
        });
    }
    Some(failure)
}

fn mismatch(leaf: &Certificate, expected: Option<&str>) -> Option<Failure> {
    let expected = expected.filter(|expected| name::matched(leaf, expected) == Match::No)?;
    let addresses = leaf.addresses.iter().map(ToString::to_string);
    let names: Vec<_> = leaf.dns_names.iter().map(|name| excerpt(name, 64)).take(MAX_NAMES).chain(addresses).collect();
    let shown = names.iter().take(MAX_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    let total = leaf.dns_names.len() + leaf.addresses.len();
    let more = if total > MAX_NAMES { format!(" and {} more", total - MAX_NAMES) } else { String::new() };
    let names = if total == 0 { format!("'{}' only", leaf.name()) } else { format!("{shown}{more}") };
    Some(Failure::new(Class::NameMismatch, format!("the certificate is not for '{expected}', but for {names}")))
}

fn remarks(chain: &Chain, expected: &Expectations<'_>) -> Vec<String> {
    let order = match chain.order() {
        ChainOrder::InOrder => None,
        ChainOrder::OutOfOrder(place) => {
            Some(format!("the chain is out of order: certificate {} did not issue the one before it", place + 1))
        }
        ChainOrder::Gap(place) => {
            Some(format!("the chain has a gap: nobody in it issued certificate {place} (the leaf is certificate 0)"))
        }
    };
    let by_common_name = expected.name.filter(|name| name::matched(chain.leaf(), name) == Match::CommonName);
    let by_common_name = by_common_name.map(|name| {
        format!("'{name}' is the common name only: without a subject alternative name modern clients refuse it")
    });
    order.into_iter().chain(by_common_name).collect()
}

fn summary(chain: &Chain, remaining: &[Remaining]) -> String {
    let earliest = chain.iter().zip(remaining).enumerate().min_by_key(|(_, (_, left))| left.seconds);
    earliest.map(|(place, (certificate, left))| expires(certificate, place, *left)).unwrap_or_default()
}

fn expires(certificate: &Certificate, place: usize, left: Remaining) -> String {
    let tense = if left.seconds < 0 { format!("expired {left} ago") } else { format!("expires in {left}") };
    format!("{} {tense} ({})", designation(certificate, place), moment(certificate.not_after))
}

/// `certificate 'cas1.example.com'`, and behind the leaf its place: `chain certificate 1 'Example Issuing CA'`.
fn designation(certificate: &Certificate, place: usize) -> String {
    match place {
        0 => format!("certificate '{}'", certificate.name()),
        _ => format!("chain certificate {place} '{}'", certificate.name()),
    }
}

/// Longer chains exist in bundles only, where one metric for the earliest says it all.
const MAX_CHAIN_METRICS: usize = 10;

/// More files than this are known by the earliest of them only: the first line must not grow without bounds.
const MAX_LABELLED_METRICS: usize = 50;

/// How many of a certificate's names a first line can hold.
const MAX_NAMES: usize = 5;

#[cfg(test)]
mod tests;
