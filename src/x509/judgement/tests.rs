//! Is each certificate worth what the table in `judgement.rs` says?

use super::*;
use crate::report::about::OF_A_TEST;
use crate::report::{Policy, Started};
use crate::x509::algorithm::{Key, KeyKind, Signature};
use crate::x509::chain::tests::{Template, ca, certificate, chain, leaf_to_root, three};
use crate::x509::scope::Scope;
use crate::x509::verdict::TrustedPath;

const DAY: i64 = 86_400;

fn expiries(warning: &str, critical: &str) -> Expiries {
    Expiries { warning: warning.parse().ok(), critical: critical.parse().ok() }
}

/// With an anchor that does not end here.
fn trusted() -> Verdict {
    let anchor = certificate(ca("Anchor", (0, 90_000)));
    Verdict::Trusted(Box::new(TrustedPath { intermediates: Vec::new(), anchor }))
}

fn judged(chain: &Chain, days: i64) -> Judgement {
    let (expiries, verdict) = (expiries("30", "14"), trusted());
    let expected = Expectations { expiries: &expiries, name: Some("cas1.example.com"), verdict: &verdict };
    judge(chain, &expected, days * DAY)
}

fn at(certificate: &Certificate, place: usize) -> Judged<'_> {
    Judged { certificate, place: if place == 0 { Place::Leaf } else { Place::Chain(place) } }
}

fn classes(judgement: &Judgement) -> Vec<Class> {
    judgement.failures.iter().map(|failure| failure.class).collect()
}

#[test]
fn nothing_to_say_of_a_good_chain() {
    let judgement = judged(&chain([&certificate(Template::default())]), 10);
    assert_eq!((judgement.failures.len(), judgement.violations.len(), judgement.remarks.len()), (0, 0, 0));
    assert_eq!(judgement.summary, "certificate 'cas1.example.com' expires in 80 days (1970-04-01 00:00 UTC)");
    assert_eq!(judgement.end_if_unmentioned().map(|end| end.text), Some(judgement.summary));
}

#[test]
fn warning_and_critical_by_what_is_left() {
    let chain = chain([&certificate(Template::default())]);
    assert_eq!(judged(&chain, 61).violations[0].0, State::Warning);
    assert_eq!(judged(&chain, 61).end_if_unmentioned(), None);
    let (state, text) = judged(&chain, 80).violations.remove(0);
    assert_eq!(state, State::Critical);
    assert_eq!(text, "certificate 'cas1.example.com' expires in 10 days (1970-04-01 00:00 UTC), less than 14 days");
}

#[test]
fn whoever_reads_of_a_certificate_that_ends_soon_is_told_what_to_do() {
    let mut report = Report::new(&OF_A_TEST, Policy::default(), Started::now());
    judged(&chain([&certificate(Template::default())]), 61).add_to(&mut report, None);
    let [found] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    assert_eq!((found.state, found.class, found.advice), (State::Warning, None, "look"));
}

#[test]
fn expired_and_not_yet_valid_are_classes_of_their_own() {
    let chain = chain([&certificate(Template { days: (10, 90), ..Template::default() })]);
    let judgement = judged(&chain, 93);
    assert_eq!((classes(&judgement), judgement.violations.len()), (vec![Class::Expired], 0));
    assert_eq!(judgement.end_if_unmentioned(), None);
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
    let last = judge(&chain, &expected, 90 * DAY);
    assert!(last.failures.is_empty() && last.summary.contains(" expires in 0 seconds "), "{}", last.summary);
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
        "'anchor_days_left'=89950",
        "'leaf_lifetime_left'=44.444444%",
    ];
    assert_eq!(metrics, expected);
}

#[test]
fn a_share_of_the_lifetime_is_one_of_the_leafs_for_all() {
    let certificates = three(Template::default(), ca("Issuing CA", (0, 60)), ca("Root CA", (0, 9_000)));
    let expiries = expiries("33%", "");
    let verdict = trusted();
    let expected = Expectations { expiries: &expiries, name: None, verdict: &verdict };
    let judgement = judge(&chain(&certificates), &expected, 50 * DAY);
    assert_eq!(judgement.violations.len(), 1);
    assert!(
        judgement.violations[0].1.ends_with(", less than 33 % of the leaf's lifetime"),
        "{:?}",
        judgement.violations
    );
    let metrics: Vec<_> = judgement.metrics(&expiries).iter().map(ToString::to_string).collect();
    assert_eq!(
        (metrics[0].as_str(), metrics[5].as_str()),
        ("'days_left'=10;29.7:", "'leaf_lifetime_left'=44.444444%;33:")
    );
    // An authority that has ten years, of which a third are left, is as good as a new one.
    let certificates = three(
        Template { days: (8_990, 9_080), ..Template::default() },
        ca("Issuing CA", (0, 9_100)),
        ca("Root CA", (0, 9_200)),
    );
    assert_eq!(judge(&chain(&certificates), &expected, 9_000 * DAY).violations, []);
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
    let fingerprint = format!("its SHA-256 fingerprint is {}", chain.leaf().fingerprint());
    assert_eq!(judgement.failures[0].causes, [fingerprint]);
}

#[test]
fn ten_thousand_names_are_not_recited() {
    let mut leaf = certificate(Template::default());
    leaf.dns_names = (0..10_000).map(|number| format!("{number}.example.com")).collect();
    let (expiries, verdict) = (Expiries::default(), Verdict::NotJudged);
    let expected = Expectations { expiries: &expiries, name: Some("cas1.example.com"), verdict: &verdict };
    let failure = mismatch(&leaf, &expected).unwrap();
    assert!(failure.summary.ends_with("4.example.com and 9995 more"), "{}", failure.summary);
    leaf.dns_names.truncate(MAX_NAMES);
    assert!(mismatch(&leaf, &expected).unwrap().summary.ends_with("3.example.com, 4.example.com"));
}

#[test]
fn weak_when_sha_1_signs_anything_but_an_anchor() {
    let mut certificates = three(Template::default(), ca("Issuing CA", (0, 900)), ca("Root CA", (0, 9_000)));
    for certificate in &mut certificates {
        certificate.signature = Signature { name: Some("SHA-1 with RSA"), is_weak: true };
    }
    let weak: Vec<_> = certificates
        .iter()
        .enumerate()
        .map(|(place, certificate)| weakness(at(certificate, place), &trusted()).is_some())
        .collect();
    assert_eq!(weak, [true, true, false]);
    assert!(weakness(at(&certificates[2], 0), &Verdict::Pinned).is_none());
    assert!(weakness(at(&certificates[2], 0), &Verdict::Untrusted(Distrust::SelfSigned)).is_some());
    let anchor = Judged { certificate: &certificates[1], place: Place::Anchor };
    assert!(weakness(anchor, &trusted()).is_none());
    // Where nobody judges trust, an authority that is shown alone is meant as one.
    assert!(weakness(at(&certificates[2], 0), &Verdict::NotJudged).is_none());
}

#[test]
fn weak_when_the_key_is_short() {
    let mut leaf = certificate(Template::default());
    leaf.key = Key { kind: KeyKind::Rsa, bits: 1024 };
    let failure = weakness(at(&leaf, 0), &Verdict::Pinned).unwrap();
    assert!(failure.summary.ends_with("is weak: its key is RSA 1024, expected at least 2048 bits"));
    leaf.key.bits = 2048;
    assert!(weakness(at(&leaf, 0), &Verdict::Pinned).is_none());
}

#[test]
fn a_chain_out_of_order_is_remarked() {
    let [leaf, intermediate, root] = leaf_to_root();
    let judgement = judged(&chain([&leaf, &root, &intermediate]), 1);
    assert_eq!(judgement.remarks, ["the chain is out of order: certificate 1 did not issue the one before it"]);
}

/// What `chain` is worth that leads over `path` to its last, at a day.
fn judged_on(chain: &Chain, path: &[Certificate], scrutiny: Scrutiny<'_>, day: i64) -> Judgement {
    let (anchor, intermediates) = path.split_last().unwrap();
    let path = TrustedPath { intermediates: intermediates.to_vec(), anchor: anchor.clone() };
    let (expiries, verdict) = (expiries("30", "14"), Verdict::Trusted(Box::new(path)));
    let expected = Expectations { expiries: &expiries, name: None, verdict: &verdict };
    judge_closely(chain, &expected, scrutiny, day * DAY)
}

#[test]
fn expired_when_the_anchor_is_that_nobody_showed() {
    let [leaf, issuing, root] = three(Template::default(), ca("Issuing CA", (0, 900)), ca("Root CA", (0, 20)));
    let path = [issuing.clone(), root.clone()];
    let judgement = judged_on(&chain([&leaf, &issuing]), &path, Scrutiny::default(), 30);
    assert_eq!(classes(&judgement), [Class::Expired]);
    assert!(judgement.failures[0].summary.starts_with("trust anchor 'Root CA' expired 10 days ago"));
    assert!(judgement.why_not_in_order().is_some());
    let shown = judged_on(&chain([&leaf, &issuing, &root]), &path, Scrutiny::default(), 30);
    assert_eq!(classes(&shown), [Class::Expired]);
    let days = |judgement: &Judgement| judgement.metrics(&expiries("30", "14"))[0].to_string();
    assert_eq!(days(&judgement), "'days_left'=-10;30:;14:");
    let leaf_only = Scrutiny { scope: Scope::Leaf, ..Scrutiny::default() };
    assert!(judged_on(&chain([&leaf, &issuing]), &path, leaf_only, 30).failures.is_empty());
}

#[test]
fn critical_when_the_anchor_ends_soon_that_nobody_showed() {
    let [leaf, issuing, root] = three(Template::default(), ca("Issuing CA", (0, 900)), ca("Root CA", (0, 20)));
    let path = [issuing.clone(), root.clone()];
    for (judgement, label) in [
        (judged_on(&chain([&leaf, &issuing]), &path, Scrutiny::default(), 10), "anchor_days_left"),
        (judged_on(&chain([&leaf, &issuing, &root]), &path, Scrutiny::default(), 10), "chain_2_days_left"),
    ] {
        assert_eq!(judgement.violations[0].0, State::Critical);
        assert!(judgement.violations[0].1.contains("'Root CA' expires in 10 days"), "{:?}", judgement.violations);
        let metrics: Vec<_> = judgement.metrics(&expiries("30", "14")).iter().map(ToString::to_string).collect();
        assert_eq!(
            (metrics[0].as_str(), metrics[3].as_str()),
            ("'days_left'=10;30:;14:", format!("'{label}'=10").as_str())
        );
    }
}

#[test]
fn a_superfluous_certificate_that_has_expired_says_nothing_of_who_the_peer_is() {
    let [leaf, issuing, root] = leaf_to_root();
    let cross = certificate(ca("Cross CA", (0, 5)));
    let judgement = judged_on(&chain([&leaf, &issuing, &cross]), &[issuing.clone(), root], Scrutiny::default(), 10);
    assert_eq!((classes(&judgement), judgement.why_not_in_order()), (vec![Class::Expired], None));
    let [leaf, issuing, root] = three(Template::default(), ca("Issuing CA", (0, 5)), ca("Root", (0, 900)));
    let judgement = judged_on(&chain([&leaf, &issuing]), &[issuing, root], Scrutiny::default(), 10);
    assert_eq!(judgement.why_not_in_order().unwrap().class, Class::Expired);
}

#[test]
fn a_chain_that_ends_early_is_incomplete_and_one_that_lacks_a_link_has_a_gap() {
    let [leaf, issuing, root] = leaf_to_root();
    let expiries = Expiries::default();
    let verdict = Verdict::Untrusted(Distrust::UnknownIssuer { issuer: "CN=Anybody".to_owned() });
    let causes = |chain: &Chain| {
        let expected = Expectations { expiries: &expiries, name: None, verdict: &verdict };
        judge(chain, &expected, DAY).failures.remove(0).causes.join("; ")
    };
    for early in [chain([&leaf]), chain([&leaf, &issuing]), chain([&leaf, &leaf])] {
        let causes = causes(&early);
        assert!(causes.contains("the chain is incomplete, or its issuer is not known here: "), "{causes}");
    }
    let gap = "the chain has a gap: an intermediate certificate is missing";
    assert_eq!(causes(&chain([&leaf, &root])), gap);
    assert_eq!(causes(&chain([&leaf, &root]).in_order(false)), "");
}

#[test]
fn a_gap_is_remarked_only_where_the_order_means_something_and_no_anchor_is_reached() {
    let [leaf, issuing, root] = leaf_to_root();
    let cross = certificate(ca("Cross CA", (0, 900)));
    let expiries = Expiries::default();
    let remarks = |chain: &Chain, verdict: &Verdict| {
        judge(chain, &Expectations { expiries: &expiries, name: None, verdict }, DAY).remarks
    };
    let gap =
        |place| format!("the chain has a gap: nobody in it issued certificate {place} (the leaf is certificate 0)");
    assert_eq!(remarks(&chain([&leaf, &root]), &Verdict::NotJudged), [gap(0)]);
    let path = TrustedPath { intermediates: vec![issuing.clone()], anchor: root };
    let trusted = Verdict::Trusted(Box::new(path));
    assert_eq!(remarks(&chain([&leaf, &issuing, &cross]), &trusted), [""; 0]);
    let file = || Chain::new(vec![leaf.clone(), issuing.clone(), cross.clone()]).unwrap();
    assert_eq!(remarks(&file(), &Verdict::NotJudged), [""; 0]);
    let untrusted = Verdict::Untrusted(Distrust::SelfSigned);
    assert_eq!(remarks(&file(), &untrusted), [gap(1)]);
    let taken = "in a file that keeps no order 'cas1.example.com' is taken for the leaf";
    assert_eq!(remarks(&file().in_order(false), &untrusted), [taken]);
    let beside = "1 certificate beside the path to the trust anchor is not judged for trust";
    assert_eq!(remarks(&file(), &trusted), [beside]);
    assert_eq!(remarks(&file().in_order(false), &trusted), [beside]);
    assert_eq!(remarks(&file().in_order(false), &Verdict::NotJudged), [""; 0]);
}

#[test]
fn a_superfluous_certificate_counts_where_all_are_judged_and_not_on_the_path() {
    let [leaf, issuing, root] = leaf_to_root();
    let cross = certificate(ca("Cross CA", (0, 5)));
    let (chain, path) = (chain([&leaf, &issuing, &cross]), [issuing.clone(), root.clone()]);
    assert_eq!(classes(&judged_on(&chain, &path, Scrutiny::default(), 10)), [Class::Expired]);
    let judgement = judged_on(&chain, &path, Scrutiny { scope: Scope::Path, ..Scrutiny::default() }, 10);
    assert_eq!((judgement.failures.len(), judgement.remaining.len()), (0, 3));
    let late = judged_on(&chain, &path, Scrutiny { scope: Scope::Path, ..Scrutiny::default() }, 8_980);
    assert!(late.violations.iter().any(|(_, text)| text.starts_with("trust anchor 'Root' expires in 20 days")));
}

#[test]
fn anchor_when_the_chain_ends_elsewhere() {
    let [leaf, issuing, root] = leaf_to_root();
    let (chain, path) = (chain([&leaf, &issuing]), [issuing.clone(), root.clone()]);
    let (expected, other) = ([root.fingerprint()], [leaf.fingerprint()]);
    let good = Scrutiny { anchors: &expected, ..Scrutiny::default() };
    assert!(judged_on(&chain, &path, good, 1).failures.is_empty());
    let bad = Scrutiny { anchors: &other, ..Scrutiny::default() };
    let judgement = judged_on(&chain, &path, bad, 1);
    assert_eq!(classes(&judgement), [Class::Anchor]);
    assert_eq!(
        judgement.failures[0].summary,
        "the chain ends at the trust anchor 'Root', which is none of those expected"
    );
    let verdict = Verdict::Untrusted(Distrust::SelfSigned);
    let expected = Expectations { expiries: &Expiries::default(), name: None, verdict: &verdict };
    assert_eq!(classes(&judge_closely(&chain, &expected, bad, DAY)), [Class::Untrusted, Class::Anchor]);
}

#[test]
fn the_common_name_counts_only_where_no_authority_vouches_for_the_certificate() {
    let leaf = certificate(Template { names: &[], ..Template::default() });
    for (verdict, is_good) in
        [(Verdict::Pinned, true), (Verdict::AnchorItself, true), (trusted(), false), (Verdict::NotJudged, false)]
    {
        let expiries = Expiries::default();
        let expected = Expectations { expiries: &expiries, name: Some("cas1.example.com"), verdict: &verdict };
        let judgement = judge(&chain([&leaf]), &expected, DAY);
        let causes: String = judgement.failures.iter().flat_map(|failure| failure.causes.clone()).collect();
        assert_eq!(
            causes.ends_with(" where the certificate itself is given, with --ca-file or --fingerprint"),
            !is_good
        );
        assert_eq!(judgement.remarks.len(), usize::from(is_good), "{verdict:?}");
    }
}

#[test]
fn names_of_other_kinds_are_not_passed_over() {
    let mut leaf = certificate(Template { names: &[], ..Template::default() });
    leaf.has_other_names = true;
    let expiries = Expiries::default();
    let expected = Expectations { expiries: &expiries, name: Some("cas1.example.com"), verdict: &Verdict::Pinned };
    let failure = mismatch(&leaf, &expected).unwrap();
    assert!(failure.summary.ends_with("but for names of other kinds only (e-mail, URI, directory)"), "{failure:?}");
}

#[test]
fn unverifiable_is_a_class_of_its_own() {
    let leaf = certificate(Template::default());
    let verdict = Verdict::Untrusted(Distrust::Unverifiable {
        subject: "cas1.example.com".to_owned(),
        signature: "Ed448".to_owned(),
        key: Key { kind: KeyKind::Ed448, bits: 456 },
    });
    let expected = Expectations { expiries: &Expiries::default(), name: None, verdict: &verdict };
    let judgement = judge(&chain([&leaf]), &expected, DAY);
    assert_eq!(classes(&judgement), [Class::Unverifiable]);
    assert!(judgement.why_not_in_order().is_some());
}

#[test]
fn an_address_in_a_dns_name_is_told_from_an_address() {
    let mut leaf = certificate(Template::default());
    leaf.dns_names = vec!["8.8.8.8".to_owned()];
    let (expiries, verdict) = (Expiries::default(), Verdict::NotJudged);
    let expected = Expectations { expiries: &expiries, name: Some("8.8.8.8"), verdict: &verdict };
    let said = mismatch(&leaf, &expected).unwrap().summary;
    assert_eq!(said, "the certificate is not for '8.8.8.8', but for 8.8.8.8 (as a DNS name, not as an address)");
}

#[test]
fn a_certificate_that_is_shown_twice_is_no_gap() {
    let [leaf, _, _] = leaf_to_root();
    assert_eq!(judged(&chain([&leaf, &leaf]), 1).remarks, ["certificate 1 of the chain has been shown before"]);
}

#[test]
fn a_certificate_without_names_is_for_its_subject_only() {
    let leaf = certificate(Template { names: &[], ..Template::default() });
    let expected = Expectations { expiries: &Expiries::default(), name: Some("cas2"), verdict: &Verdict::Pinned };
    let said = mismatch(&leaf, &expected).unwrap().summary;
    assert_eq!(said, "the certificate is not for 'cas2', but for 'cas1.example.com' only");
}

#[test]
fn all_of_a_file_that_are_beside_the_path_are_counted() {
    let [leaf, issuing, root] = leaf_to_root();
    let others = [1, 2].map(|_| certificate(ca("Cross CA", (0, 900))));
    let verdict = Verdict::Trusted(Box::new(TrustedPath { intermediates: vec![issuing.clone()], anchor: root }));
    let said = |others: &[Certificate]| {
        let chain = Chain::new([&[leaf.clone(), issuing.clone()], others].concat()).unwrap();
        beside(&chain, &verdict)
    };
    assert_eq!(said(&[]), None);
    let two = "2 certificates beside the path to the trust anchor are not judged for trust";
    assert_eq!(said(&others).as_deref(), Some(two));
}
