//! Is each certificate worth what the table in `judgement.rs` says?

use super::*;
use crate::x509::certificate::Signature;
use crate::x509::chain::tests::{Template, ca, certificate, chain, leaf_to_root, three};

const DAY: i64 = 86_400;

fn expiries(warning: &str, critical: &str) -> Expiries {
    Expiries { warning: warning.parse().ok(), critical: critical.parse().ok() }
}

fn judged(chain: &Chain, days: i64) -> Judgement {
    let expected =
        Expectations { expiries: &expiries("30", "14"), name: Some("cas1.example.com"), verdict: &Verdict::Trusted };
    judge(chain, &expected, days * DAY)
}

fn classes(judgement: &Judgement) -> Vec<Class> {
    judgement.failures.iter().map(|failure| failure.class).collect()
}

#[test]
fn nothing_to_say_of_a_good_chain() {
    let judgement = judged(&chain([&certificate(Template::default())]), 10);
    assert_eq!((judgement.failures.len(), judgement.violations.len(), judgement.remarks.len()), (0, 0, 0));
    assert_eq!(judgement.summary, "certificate 'cas1.example.com' expires in 80 days (1970-04-01 00:00 UTC)");
}

#[test]
fn warning_and_critical_by_what_is_left() {
    let chain = chain([&certificate(Template::default())]);
    assert_eq!(judged(&chain, 61).violations[0].0, State::Warning);
    let (state, text) = judged(&chain, 80).violations.remove(0);
    assert_eq!(state, State::Critical);
    assert_eq!(text, "certificate 'cas1.example.com' expires in 10 days (1970-04-01 00:00 UTC), less than 14 days");
}

#[test]
fn expired_and_not_yet_valid_are_classes_of_their_own() {
    let chain = chain([&certificate(Template { days: (10, 90), ..Template::default() })]);
    let judgement = judged(&chain, 93);
    assert_eq!((classes(&judgement), judgement.violations.len()), (vec![Class::Expired], 0));
    assert_eq!(
        judgement.failures[0].summary,
        "certificate 'cas1.example.com' expired 3.0 days ago (1970-04-01 00:00 UTC)"
    );
    assert_eq!(classes(&judged(&chain, 3)), [Class::NotYetValid]);
}

#[test]
fn the_last_second_of_the_validity_belongs_to_it() {
    let chain = chain([&certificate(Template::default())]);
    let expected = Expectations { expiries: &Expiries::default(), name: None, verdict: &Verdict::NotJudged };
    assert!(judge(&chain, &expected, 90 * DAY).failures.is_empty());
    assert_eq!(classes(&judge(&chain, &expected, 90 * DAY + 1)), [Class::Expired]);
}

#[test]
fn an_intermediate_that_ends_first_is_named() {
    let certificates = three(Template::default(), ca("Issuing CA", (0, 60)), ca("Root CA", (0, 9_000)));
    let judgement = judged(&chain(&certificates), 50);
    assert_eq!(judgement.violations.len(), 1);
    assert!(judgement.violations[0].1.starts_with("chain certificate 1 'Issuing CA' expires in 10 days"));
    let metrics: Vec<_> = judgement.metrics(&expiries("30", "14")).iter().map(ToString::to_string).collect();
    let expected = [
        "'days_left'=10;30:;14:",
        "'leaf_days_left'=40",
        "'chain_1_days_left'=10",
        "'chain_2_days_left'=8950",
        "'leaf_lifetime_left'=44.444445%",
    ];
    assert_eq!(metrics, expected);
}

#[test]
fn a_share_of_the_lifetime_is_judged_for_each_by_its_own() {
    let certificates = three(Template::default(), ca("Issuing CA", (0, 60)), ca("Root CA", (0, 9_000)));
    let expiries = expiries("33%", "");
    let expected = Expectations { expiries: &expiries, name: None, verdict: &Verdict::Trusted };
    let judgement = judge(&chain(&certificates), &expected, 50 * DAY);
    assert_eq!(judgement.violations.len(), 1);
    assert!(judgement.violations[0].1.ends_with(", less than 33 % of its lifetime"), "{:?}", judgement.violations);
}

#[test]
fn untrusted_and_name_mismatch_are_told_apart() {
    let chain = chain([&certificate(Template { names: &["a.example.com", "192.0.2.7"], ..Template::default() })]);
    let verdict = Verdict::Untrusted(Distrust::SelfSigned);
    let expected = Expectations { expiries: &Expiries::default(), name: Some("b.example.com"), verdict: &verdict };
    let judgement = judge(&chain, &expected, DAY);
    assert_eq!(classes(&judgement), [Class::Untrusted, Class::NameMismatch]);
    let text = "the certificate is not for 'b.example.com', but for a.example.com, 192.0.2.7";
    assert_eq!(judgement.failures[1].summary, text);
}

#[test]
fn ten_thousand_names_are_not_recited() {
    let mut leaf = certificate(Template::default());
    leaf.dns_names = (0..10_000).map(|number| format!("{number}.example.com")).collect();
    let failure = mismatch(&leaf, Some("cas1.example.com")).unwrap();
    assert!(failure.summary.ends_with("4.example.com and 9995 more"), "{}", failure.summary);
}

#[test]
fn weak_when_sha_1_signs_anything_but_an_anchor() {
    let mut certificates = three(Template::default(), ca("Issuing CA", (0, 900)), ca("Root CA", (0, 9_000)));
    for certificate in &mut certificates {
        certificate.signature = Signature { name: "SHA-1 with RSA", is_weak: true };
    }
    let weak: Vec<_> = certificates
        .iter()
        .enumerate()
        .map(|(place, certificate)| weakness(certificate, place, &Verdict::Trusted).is_some())
        .collect();
    assert_eq!(weak, [true, true, false]);
    assert!(weakness(&certificates[2], 0, &Verdict::Pinned).is_none());
    assert!(weakness(&certificates[2], 0, &Verdict::Untrusted(Distrust::SelfSigned)).is_some());
}

#[test]
fn weak_when_the_key_is_short() {
    let mut leaf = certificate(Template::default());
    leaf.key = crate::x509::certificate::Key { kind: KeyKind::Rsa, bits: 1024 };
    let failure = weakness(&leaf, 0, &Verdict::Pinned).unwrap();
    assert!(failure.summary.ends_with("is weak: its key is RSA 1024, expected at least 2048 bits"));
    leaf.key.bits = 2048;
    assert!(weakness(&leaf, 0, &Verdict::Pinned).is_none());
}

#[test]
fn a_chain_out_of_order_is_remarked() {
    let [leaf, intermediate, root] = leaf_to_root();
    let judgement = judged(&chain([&leaf, &root, &intermediate]), 1);
    assert_eq!(judgement.remarks, ["the chain is out of order: certificate 1 did not issue the one before it"]);
}
