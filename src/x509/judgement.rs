//! What is a chain worth at a moment? THE judgement of certificates, the same for every plugin that sees one.
//!
//! | class         | when                                                                                              |
//! |---------------|---------------------------------------------------------------------------------------------------|
//! | expired       | a certificate's validity is over, or that of the trust anchor it leads to                         |
//! | not-yet-valid | a certificate's validity has not begun                                                            |
//! | untrusted     | the chain leads to no trust anchor                                                                |
//! | unverifiable  | a signature of an algorithm, or rules, that nobody here can follow                                |
//! | anchor        | the chain ends at another trust anchor than is expected                                           |
//! | name-mismatch | the leaf is for other names, or by its common name only                                           |
//! | weak          | an RSA or DSA key below 2048 bits, an EC key below 224; SHA-1 or MD5 under anything but an anchor |

use super::certificate::{Certificate, moment};
use super::chain::{Chain, ChainOrder};
use super::expiry::{Expiries, Remaining};
use super::metrics::{earliest, leaf, metrics};
use super::name::{self, Match};
use super::scope::{self, Judged, Place, Scrutiny};
use super::verdict::{Distrust, Verdict};
use crate::net::host;
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
    remaining: Vec<(Place, Remaining)>,
    /// Why the peer may not be who it should be.
    doubt: Option<Failure>,
}

/// Judges all of `chain` at `now` (Unix time).
pub fn judge(chain: &Chain, expected: &Expectations<'_>, now: i64) -> Judgement {
    judge_closely(chain, expected, Scrutiny::default(), now)
}

/// Judges `chain` at `now` (Unix time) as closely as is asked for.
pub(crate) fn judge_closely(chain: &Chain, expected: &Expectations<'_>, scrutiny: Scrutiny<'_>, now: i64) -> Judgement {
    let verdict = expected.verdict;
    let judged = scope::judged(chain, verdict, scrutiny.scope);
    // Per cent count in the leaf's lifetime: a third of that of an authority, or of a root, is years.
    let lifetime = Remaining::at(chain.leaf(), now).lifetime;
    let left_of = |judged: &Judged<'_>| Remaining { lifetime, ..Remaining::at(judged.certificate, now) };
    let remaining: Vec<_> = judged.iter().map(|judged| (judged.place, left_of(judged))).collect();
    let mut failures = Vec::new();
    let mut violations = Vec::new();
    let mut doubt = None;
    for (judged, &(place, left)) in judged.iter().zip(&remaining) {
        let invalid = validity(*judged, now);
        if judged.is_relied_on(verdict) {
            doubt = doubt.or_else(|| invalid.clone());
        }
        failures.extend(invalid);
        if judged.certificate.is_valid_at(now)
            && let Some((state, expiry)) = expected.expiries.violated_by(left)
        {
            let whose = if place == Place::Leaf { "its" } else { "the leaf's" };
            let text = format!("{}, {}", expires(*judged, left), expiry.in_words(whose));
            violations.push((left.seconds, state, text));
        }
        failures.extend(weakness(*judged, verdict));
    }
    violations.sort_by_key(|(left, _, _)| *left);
    let identity: Vec<_> = distrust(chain, verdict).into_iter().chain(mismatch(chain.leaf(), expected)).collect();
    doubt = doubt.or_else(|| identity.first().cloned());
    failures.extend(identity);
    failures.extend(another_anchor(chain, verdict, scrutiny));

    Judgement {
        doubt,
        failures,
        violations: violations.into_iter().map(|(_, state, text)| (state, text)).collect(),
        remarks: remarks(chain, expected),
        summary: summary(&judged, &remaining),
        remaining,
    }
}

impl Judgement {
    /// Why the peer may not be who it should be, as far as anybody asked: to such a one no secret is sent.
    pub(crate) fn why_not_in_order(&self) -> Option<&Failure> {
        self.doubt.as_ref()
    }

    /// What is left of the certificate that ends first.
    pub(crate) fn earliest(&self) -> Option<Remaining> {
        earliest(&self.remaining)
    }

    /// Every metric of the chain; complete, whatever was found.
    pub fn metrics(&self, expiries: &Expiries) -> Vec<Metric> {
        metrics(&self.remaining, expiries)
    }

    /// Adds findings to `report`, said of `target` where there are several: what is wrong, what has too little left, what is
    /// worth saying.
    pub(crate) fn add_to(&self, report: &mut Report, target: Option<&str>) {
        self.add_alerts_to(report, target);
        self.add_remarks_to(report, target);
    }

    /// The same, with when the chain ends said before what is only worth saying.
    pub(crate) fn add_with_end_to(&self, report: &mut Report, target: Option<&str>) {
        self.add_alerts_to(report, target);
        report.findings.extend(self.end_if_unmentioned().map(|end| end.said_of(target)));
        self.add_remarks_to(report, target);
    }

    fn add_alerts_to(&self, report: &mut Report, target: Option<&str>) {
        for failure in &self.failures {
            report.add_finding(report.judge(failure.clone()).said_of(target));
        }
        for (state, text) in &self.violations {
            let advice = report.advise(Some(Class::Expired));
            report.add_finding(Finding { state: *state, advice, ..Finding::ok(text) }.said_of(target));
        }
    }

    fn add_remarks_to(&self, report: &mut Report, target: Option<&str>) {
        for remark in &self.remarks {
            report.add_finding(Finding::remark(remark).said_of(target));
        }
    }

    /// When the chain ends, unless [`Judgement::add_to`] says so already.
    pub(crate) fn end_if_unmentioned(&self) -> Option<Finding> {
        let is_mentioned =
            !self.violations.is_empty() || self.failures.iter().any(|failure| failure.class == Class::Expired);
        (!is_mentioned).then(|| Finding::ok(&self.summary))
    }
}

/// One of several chains that are not asked for over the network.
#[derive(Debug)]
pub(crate) struct JudgedItem {
    /// Its name in full, such as a path.
    pub name: String,
    /// What names its metrics among those of others.
    pub label: String,
    pub judgement: Option<Judgement>,
}

/// The metrics of several chains: of one alone its own; of more the earliest of all, then each under its label.
pub(crate) fn metrics_of_several(judged: &[JudgedItem], expiries: &Expiries) -> Vec<Metric> {
    match judged {
        [] => metrics(&[], expiries),
        [one] => metrics(one.judgement.as_ref().map_or(&[], |judgement| &judgement.remaining), expiries),
        several => {
            let earliest = |item: &JudgedItem| item.judgement.as_ref().and_then(Judgement::earliest);
            let all = several.iter().filter_map(earliest).min_by_key(|left| left.seconds);
            let each = several
                .iter()
                .take(MAX_LABELLED_METRICS)
                .map(|item| expiries.days("days_left", earliest(item)).suffixed(&item.label).in_full(&item.name));
            std::iter::once(expiries.days("days_left", all)).chain(each).collect()
        }
    }
}

/// The metrics of what several servers show, or one server for several kinds of keys: those of the chain that ends first,
/// then what is left of each under its label.
pub(crate) fn metrics_of_servers(judged: &[(String, Option<Judgement>)], expiries: &Expiries) -> Vec<Metric> {
    let known = judged.iter().filter_map(|(_, judgement)| judgement.as_ref());
    let worst = known.min_by_key(|judgement| judgement.earliest().map(|left| left.seconds));
    let mut all = metrics(worst.map_or(&[], |judgement| &judgement.remaining), expiries);
    if let [_, _, ..] = judged {
        for (label, judgement) in judged {
            let left = |judgement: &Option<Judgement>, all: bool| {
                let judgement = judgement.as_ref()?;
                if all { judgement.earliest() } else { leaf(&judgement.remaining) }
            };
            all.push(expiries.days("days_left", left(judgement, true)).suffixed(label));
            all.push(Expiries::default().days("leaf_days_left", left(judgement, false)).suffixed(label));
        }
    }
    all
}

/// The metrics of a chain of which nothing is known.
pub(crate) fn unknown_metrics(expiries: &Expiries) -> Vec<Metric> {
    metrics(&[], expiries)
}

fn validity(judged: Judged<'_>, now: i64) -> Option<Failure> {
    let certificate = judged.certificate;
    if now > certificate.not_after {
        return Some(Failure::new(Class::Expired, expires(judged, Remaining::at(certificate, now))));
    }
    let ahead = Remaining { seconds: certificate.not_before.saturating_sub(now), lifetime: 0 };
    (ahead.seconds > 0).then(|| {
        let who = judged.designation();
        let text =
            format!("{who} is not valid yet: its validity begins in {ahead} ({})", moment(certificate.not_before));
        Failure::new(Class::NotYetValid, text)
    })
}

fn weakness(judged: Judged<'_>, verdict: &Verdict) -> Option<Failure> {
    let certificate = judged.certificate;
    let key = certificate.key;
    let mut reasons = Vec::new();
    if key.is_short() {
        reasons.push(format!("its key is {key}, expected at least {} bits", key.least_bits()));
    }
    if certificate.signature.is_weak && !is_anchor(judged, verdict) {
        reasons.push(format!("it is signed with {}", certificate.signature));
    }
    (!reasons.is_empty()).then(|| {
        let text = format!("{} is weak: {}", judged.designation(), reasons.join(" and "));
        Failure::new(Class::Weak, text)
    })
}

/// An anchor is trusted for what it is, not for its signature: a self-issued certificate behind the leaf, or a leaf that was
/// given as trusted.
fn is_anchor(judged: Judged<'_>, verdict: &Verdict) -> bool {
    let (certificate, is_behind) = (judged.certificate, judged.place != Place::Leaf);
    match verdict {
        _ if judged.place == Place::Anchor => true,
        _ if !certificate.is_self_issued() => false,
        Verdict::Pinned | Verdict::AnchorItself => true,
        Verdict::NotJudged => is_behind || certificate.usage.is_ca,
        Verdict::Trusted(_) | Verdict::Untrusted(_) => is_behind,
    }
}

fn distrust(chain: &Chain, verdict: &Verdict) -> Option<Failure> {
    let Verdict::Untrusted(reason) = verdict else {
        return None;
    };
    let leaf = Judged { certificate: chain.leaf(), place: Place::Leaf }.designation();
    if reason.is_undecided() {
        let is_unread = matches!(reason, Distrust::UnreadAnchor { .. });
        let class = if is_unread { Class::Unreadable } else { Class::Unverifiable };
        return Some(Failure::new(class, format!("{leaf} may be trusted or not: {reason}")));
    }
    // That there is nobody to trust is a lack of this host.
    let class = if matches!(reason, Distrust::NoAnchors(_)) { Class::Local } else { Class::Untrusted };
    let mut failure = Failure::new(class, format!("{leaf} is not trusted: {reason}"));
    if *reason == Distrust::SelfSigned || *reason == Distrust::OtherFingerprint {
        failure.causes.push(format!("its SHA-256 fingerprint is {}", chain.leaf().fingerprint()));
    }
    if matches!(reason, Distrust::UnknownIssuer { .. }) {
        failure.causes.extend(match chain.order() {
            ChainOrder::InOrder | ChainOrder::Repeated(_) => Some(format!(
                "the chain is incomplete, or its issuer is not known here: {}",
                excerpt(&chain.last().issuer(), 200)
            )),
            _ if chain.is_heap() => None,
            _ => Some("the chain has a gap: an intermediate certificate is missing".to_owned()),
        });
    }
    Some(failure)
}

/// That the chain does not end where it should.
fn another_anchor(chain: &Chain, verdict: &Verdict, scrutiny: Scrutiny<'_>) -> Option<Failure> {
    let end = match verdict {
        _ if scrutiny.anchors.is_empty() => return None,
        Verdict::NotJudged => return None,
        Verdict::Trusted(path) => Some(&path.anchor),
        Verdict::Pinned | Verdict::AnchorItself => Some(chain.leaf()),
        Verdict::Untrusted(_) => None,
    };
    let Some(end) = end else {
        let text = "the chain leads to no trust anchor, so to none of those expected (--expect-anchor)";
        return Some(Failure::new(Class::Anchor, text));
    };
    (!end.is_pinned(scrutiny.anchors)).then(|| {
        let text = format!("the chain ends at the trust anchor '{}', which is none of those expected", end.name());
        let causes = vec![format!("its SHA-256 fingerprint is {}, not in --expect-anchor", end.fingerprint())];
        Failure { causes, ..Failure::new(Class::Anchor, text) }
    })
}

fn mismatch(leaf: &Certificate, expected: &Expectations<'_>) -> Option<Failure> {
    let name = expected.name?;
    match name::matched(leaf, name) {
        Match::AlternativeName => return None,
        Match::CommonName if counts_by_common_name(expected.verdict) => return None,
        Match::CommonName => {
            let text = format!(
                "the certificate is not for '{name}': that is its common name only, \
                 to which an authority's name constraints do not apply"
            );
            let cause = "the common name counts where the certificate itself is given, with --ca-file or --fingerprint";
            return Some(Failure { causes: vec![cause.to_owned()], ..Failure::new(Class::NameMismatch, text) });
        }
        Match::No => {}
    }
    let addresses = leaf.addresses.iter().map(ToString::to_string);
    let names: Vec<_> = leaf.dns_names.iter().map(|name| dns_name(name)).take(MAX_NAMES).chain(addresses).collect();
    let shown = names.iter().take(MAX_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    let total = leaf.dns_names.len() + leaf.addresses.len();
    let more = if total > MAX_NAMES { format!(" and {} more", total - MAX_NAMES) } else { String::new() };
    let names = match total {
        0 if leaf.has_other_names => "names of other kinds only (e-mail, URI, directory)".to_owned(),
        0 => format!("'{}' only", leaf.name()),
        _ => format!("{shown}{more}"),
    };
    Some(Failure::new(Class::NameMismatch, format!("the certificate is not for '{name}', but for {names}")))
}

/// Whether the common name is as good as an alternative one: no authority vouches for the certificate, whose limits it could
/// be outside of.
const fn counts_by_common_name(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Pinned | Verdict::AnchorItself)
}

/// A DNS name that looks like an address matches none.
fn dns_name(name: &str) -> String {
    let shown = excerpt(name, 64);
    if host::address(name).is_some() { format!("{shown} (as a DNS name, not as an address)") } else { shown }
}

fn remarks(chain: &Chain, expected: &Expectations<'_>) -> Vec<String> {
    let order = match chain.order() {
        _ if chain.is_heap() => None,
        // Whoever has come to an anchor missed nobody on the way; where nobody asked for one the way may have ended before.
        ChainOrder::Gap(_) if expected.verdict.is_trusted() => None,
        ChainOrder::Gap(1..) if *expected.verdict == Verdict::NotJudged => None,
        ChainOrder::InOrder => None,
        ChainOrder::OutOfOrder(place) => {
            Some(format!("the chain is out of order: certificate {} did not issue the one before it", place + 1))
        }
        ChainOrder::Repeated(place) => Some(format!("certificate {place} of the chain has been shown before")),
        ChainOrder::Gap(place) => {
            Some(format!("the chain has a gap: nobody in it issued certificate {place} (the leaf is certificate 0)"))
        }
    };
    let by_common_name = expected.name.filter(|_| counts_by_common_name(expected.verdict));
    let by_common_name = by_common_name.filter(|name| name::matched(chain.leaf(), name) == Match::CommonName);
    let by_common_name = by_common_name.map(|name| {
        format!("'{name}' is the common name only: without a subject alternative name modern clients refuse it")
    });
    order.into_iter().chain(by_common_name).chain(beside(chain, expected.verdict)).collect()
}

/// How many of a file are not on the way to the anchor: another leaf, say, of which the verdict says nothing. Where there is no
/// way, whose it is that was looked for.
fn beside(chain: &Chain, verdict: &Verdict) -> Option<String> {
    if chain.is_heap() && matches!(verdict, Verdict::Untrusted(_)) && !chain.others().is_empty() {
        return Some(format!("in a file that keeps no order '{}' is taken for the leaf", chain.leaf().name()));
    }
    let others = chain.others().iter().enumerate();
    let others = others.map(|(place, certificate)| Judged { certificate, place: Place::Chain(place + 1) });
    let count = others.filter(|other| !other.is_relied_on(verdict)).count();
    let (s, are) = if count == 1 { ("", "is") } else { ("s", "are") };
    (count > 0 && verdict.is_trusted() && !chain.is_served())
        .then(|| format!("{count} certificate{s} beside the path to the trust anchor {are} not judged for trust"))
}

fn summary(judged: &[Judged<'_>], remaining: &[(Place, Remaining)]) -> String {
    let earliest = judged.iter().zip(remaining).min_by_key(|(_, (_, left))| left.seconds);
    earliest.map(|(judged, (_, left))| expires(*judged, *left)).unwrap_or_default()
}

fn expires(judged: Judged<'_>, left: Remaining) -> String {
    let tense = if left.seconds < 0 { format!("expired {left} ago") } else { format!("expires in {left}") };
    format!("{} {tense} ({})", judged.designation(), moment(judged.certificate.not_after))
}

/// More files than this are known by the earliest of them only: the first line must not grow without bounds.
const MAX_LABELLED_METRICS: usize = 50;

/// How many of a certificate's names a first line can hold.
const MAX_NAMES: usize = 5;

#[cfg(test)]
mod tests;
