//! Does a chain lead to the anchors that it should, and to no others?

mod choice_tests;

use super::*;
use crate::x509::chain::tests::{Template, ca, certificate, chain, leaf_to_root, three};
use rcgen::{CustomExtension, DistinguishedName, DnType, DnValue, GeneralSubtree, Issuer, KeyPair, NameConstraints};

const DAY: i64 = 86_400;

fn anchors(certificates: &[&Certificate]) -> Anchors {
    Anchors::new(certificates.iter().map(|certificate| CertificateDer::from(certificate.der.clone())).collect())
}

fn verdict(anchors: &Anchors, chain: &Chain, now: i64) -> Verdict {
    anchors.verdict(chain, &SoughtPath::first(now))
}

#[test]
fn trusted_when_the_chain_leads_to_an_anchor_in_whatever_order() {
    let [leaf, intermediate, root] = leaf_to_root();
    let anchors = anchors(&[&root]);
    let path = TrustedPath { intermediates: vec![intermediate.clone()], anchor: root.clone() };
    let trusted = Verdict::Trusted(Box::new(path));
    assert_eq!(verdict(&anchors, &chain([&leaf, &intermediate]), DAY), trusted);
    assert_eq!(verdict(&anchors, &chain([&leaf, &root, &intermediate]), DAY), trusted);
}

#[test]
fn untrusted_when_the_intermediate_is_missing() {
    let [leaf, _, root] = leaf_to_root();
    let verdict = verdict(&anchors(&[&root]), &chain([&leaf]), DAY);
    assert_eq!(verdict, Verdict::Untrusted(Distrust::UnknownIssuer { issuer: "cas1.example.com".to_owned() }));
}

#[test]
fn untrusted_when_self_signed() {
    for is_ca in [false, true] {
        let leaf = certificate(Template { is_ca, ..Template::default() });
        let verdict = verdict(&anchors(&[]), &chain([&leaf]), DAY);
        assert_eq!(verdict, Verdict::Untrusted(Distrust::SelfSigned));
    }
}

#[test]
fn a_self_signed_leaf_among_the_anchors_is_trusted() {
    let leaf = certificate(Template { is_ca: true, ..Template::default() });
    assert_eq!(verdict(&anchors(&[&leaf]), &chain([&leaf]), DAY), Verdict::AnchorItself);
}

#[test]
fn an_expired_chain_is_not_also_untrusted() {
    let [leaf, intermediate, root] = three(Template::default(), ca("Issuing", (10, 50)), ca("Root", (0, 9_000)));
    for now in [0, 1_000 * DAY] {
        assert!(verdict(&anchors(&[&root]), &chain([&leaf, &intermediate]), now).is_trusted());
    }
}

#[test]
fn untrusted_when_the_validities_never_overlapped() {
    let [leaf, intermediate, root] = three(Template::default(), ca("Issuing", (100, 200)), ca("Root", (0, 9_000)));
    let verdict = verdict(&anchors(&[&root]), &chain([&leaf, &intermediate]), DAY);
    assert_eq!(verdict, Verdict::Untrusted(Distrust::NeverValid));
}

#[test]
fn an_expired_stranger_beside_an_expired_chain_does_not_hide_when_it_was_good() {
    let [leaf, intermediate, root] =
        three(Template { days: (500, 900), ..Template::default() }, ca("Issuing", (400, 800)), ca("Root", (0, 9_000)));
    let stranger = certificate(Template { days: (0, 300), ..ca("Cross", (0, 300)) });
    let chain = chain([&leaf, &intermediate, &stranger]);
    assert!(verdict(&anchors(&[&root]), &chain, 850 * DAY).is_trusted());
}

#[test]
fn untrusted_when_a_signature_is_wrong_and_whose_key_it_is_not() {
    let [leaf, intermediate, root] = leaf_to_root();
    let [_, impostor, other_root] = leaf_to_root();
    let words = |anchors: &Anchors, chain: &Chain| match verdict(anchors, chain, DAY) {
        Verdict::Untrusted(reason @ Distrust::BadSignature { .. }) => reason.to_string(),
        other => panic!("{other:?}"),
    };
    let said = words(&anchors(&[&root]), &chain([&leaf, &impostor]));
    assert!(
        said.starts_with("'cas1.example.com' is not signed with the key of the certificate shown with it, 'Issuing'")
    );
    let said = words(&anchors(&[&other_root]), &chain([&leaf, &intermediate]));
    assert!(said.starts_with("'Issuing' is not signed with the key of the trust anchor 'Root'"), "{said}");
}

/// Two roots of one name, as after a renewal with another key, must not hide what is wrong with the chain of either.
#[test]
fn what_is_wrong_is_named_where_another_authority_has_the_same_name() {
    let (keys, other_key) = ([(); 3].map(|()| KeyPair::generate().unwrap()), KeyPair::generate().unwrap());
    let mut constrained = ca("Issuing", (0, 900)).params();
    let permitted = vec![GeneralSubtree::DnsName("allowed.example".to_owned())];
    constrained.name_constraints = Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: vec![] });
    let root = ca("Root", (0, 9_000)).params();
    let read = |made: rcgen::Certificate| Certificate::from_der(made.der()).unwrap();
    let (first, second) = (read(root.self_signed(&keys[2]).unwrap()), read(root.self_signed(&other_key).unwrap()));
    let intermediate = read(constrained.signed_by(&keys[1], &Issuer::from_params(&root, &keys[2])).unwrap());
    let issuer = Issuer::from_params(&constrained, &keys[1]);
    let leaf = read(Template::default().params().signed_by(&keys[0], &issuer).unwrap());
    let another = read(ca("Issuing", (0, 900)).params().self_signed(&other_key).unwrap());
    for (given, shown) in [
        (vec![&first], vec![&leaf, &intermediate]),
        (vec![&second, &first], vec![&leaf, &intermediate]),
        (vec![&first, &second], vec![&leaf, &intermediate]),
        (vec![&first, &second], vec![&leaf, &another, &intermediate]),
    ] {
        let said = verdict(&anchors(&given), &chain(shown), DAY);
        assert_eq!(said, Verdict::Untrusted(Distrust::NameConstraints));
    }
}

#[test]
fn untrusted_when_an_anchor_has_a_critical_extension_that_nobody_knows() {
    let key = [(); 2].map(|()| KeyPair::generate().unwrap());
    let mut root = ca("Root", (0, 9_000)).params();
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    for is_critical in [false, true] {
        extension.set_criticality(is_critical);
        root.custom_extensions = vec![extension.clone()];
        let anchor = Certificate::from_der(root.self_signed(&key[0]).unwrap().der()).unwrap();
        let leaf = Template::default().params().signed_by(&key[1], &Issuer::from_params(&root, &key[0])).unwrap();
        let leaf = Certificate::from_der(leaf.der()).unwrap();
        let said = verdict(&anchors(&[&anchor]), &chain([&leaf]), DAY);
        let refusal = Distrust::CriticalExtension { subject: "Root".to_owned(), extension: "1.2.3.4".to_owned() };
        match is_critical {
            true => assert_eq!(said, Verdict::Untrusted(refusal)),
            false => assert!(said.is_trusted(), "{said:?}"),
        }
    }
}

#[test]
fn the_path_to_a_valid_anchor_comes_before_the_one_to_an_expired_one() {
    let [leaf, intermediate, root] = three(Template::default(), ca("Issuing", (0, 900)), ca("Root", (0, 9_000)));
    let [_, _, expired] = three(Template::default(), ca("Issuing", (0, 900)), ca("Old Root", (0, 10)));
    let anchors = anchors(&[&expired, &root]);
    let Verdict::Trusted(path) = verdict(&anchors, &chain([&leaf, &intermediate, &expired]), 20 * DAY) else {
        panic!()
    };
    assert_eq!(path.anchor, root);
}

#[test]
fn an_expired_anchor_is_the_end_of_the_path_where_there_is_no_other() {
    let [leaf, intermediate, root] = three(Template::default(), ca("Issuing", (0, 900)), ca("Root", (0, 10)));
    let Verdict::Trusted(path) = verdict(&anchors(&[&root]), &chain([&leaf, &intermediate]), 20 * DAY) else {
        panic!()
    };
    assert_eq!(path.anchor.not_after, 10 * DAY);
}

#[test]
fn an_anchor_that_ends_soon_is_the_end_only_where_there_is_no_other() {
    let [leaf, intermediate, root] = three(Template::default(), ca("Issuing", (0, 900)), ca("Root", (0, 100)));
    let both = anchors(&[&root, &intermediate]);
    let end = |anchors: &Anchors| match verdict(anchors, &chain([&leaf, &intermediate]), 60 * DAY) {
        Verdict::Trusted(path) => path.anchor,
        other => panic!("{other:?}"),
    };
    assert_eq!(end(&both), intermediate);
    assert_eq!(end(&anchors(&[&root])), root);
}

#[test]
fn an_anchor_ends_soon_from_its_ninetieth_day_before_the_last_on() {
    let [leaf, intermediate, root] = three(Template::default(), ca("Issuing", (0, 100)), ca("Root", (0, 9_000)));
    let both = anchors(&[&root, &intermediate]);
    for (now, expected) in [(10 * DAY, &intermediate), (10 * DAY + 1, &root)] {
        let Verdict::Trusted(path) = verdict(&both, &chain([&leaf, &intermediate]), now) else { panic!() };
        assert_eq!(path.anchor, *expected, "{now}");
    }
}

#[test]
fn a_file_is_judged_by_what_is_given_to_judge_it_by() {
    let [leaf, intermediate, root] = leaf_to_root();
    let judged = |anchors: Option<&Anchors>, pins: &[Fingerprint]| {
        verdict_of_file(&chain([&leaf, &intermediate]), anchors, pins, &SoughtPath::first(DAY))
    };
    let (its_own, another) = ([leaf.fingerprint()], [intermediate.fingerprint()]);
    assert_eq!(judged(None, &[]), Verdict::NotJudged);
    assert_eq!(judged(None, &its_own), Verdict::Pinned);
    assert_eq!(judged(None, &another), Verdict::Untrusted(Distrust::OtherFingerprint));
    assert!(matches!(judged(Some(&anchors(&[&root])), &another), Verdict::Trusted(_)));
}

#[test]
fn of_what_is_alike_one_is_enough_and_of_what_is_not_there_is_an_end() {
    let [a, b] = [b"a".as_slice(), b"b"];
    assert_eq!(distinct([a, b, a, b].into_iter()), [a, b]);
    let many: Vec<_> = (0..=u8::MAX).map(|byte| [byte]).collect();
    assert_eq!(distinct(many.iter().map(<[u8; 1]>::as_slice)).len(), MAX_DISTINCT);
}

#[test]
fn an_anchor_of_the_same_name_in_another_encoding_or_case_is_one_if_it_has_signed() {
    let written = |text: DnValue| {
        let mut params = ca("", (0, 9_000)).params();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, text);
        params
    };
    let key = KeyPair::generate().unwrap();
    let root = written(DnValue::Utf8String("Example Root".to_owned())).self_signed(&key).unwrap();
    let root = Certificate::from_der(root.der()).unwrap();
    for (text, is_trusted) in [("Example Root", true), ("EXAMPLE  root", true), ("Example Boot", false)] {
        let issuer = written(DnValue::PrintableString(text.try_into().unwrap()));
        let issued = |by: &KeyPair| {
            let leaf = Template::default().params();
            let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &Issuer::from_params(&issuer, by)).unwrap();
            chain([&Certificate::from_der(leaf.der()).unwrap()])
        };
        assert_eq!(verdict(&anchors(&[&root]), &issued(&key), DAY).is_trusted(), is_trusted, "{text}");
        assert!(!verdict(&anchors(&[&root]), &issued(&KeyPair::generate().unwrap()), DAY).is_trusted());
    }
}

#[test]
fn the_shortest_path_and_the_expected_anchor_are_found_where_they_are_wanted() {
    let [leaf, intermediate, root] = leaf_to_root();
    let both = anchors(&[&root, &intermediate]);
    let found = |sought: &SoughtPath<'_>| match both.verdict(&chain([&leaf, &intermediate, &root]), sought) {
        Verdict::Trusted(path) => path.anchor,
        other => panic!("{other:?}"),
    };
    assert_eq!(found(&SoughtPath { is_shortest: true, ..SoughtPath::first(DAY) }), intermediate);
    let anchors = [root.fingerprint()];
    assert_eq!(found(&SoughtPath { anchors: &anchors, ..SoughtPath::first(DAY) }), root);
}

#[test]
fn untrusted_when_the_leaf_or_an_authority_on_the_way_is_rejected() {
    let [leaf, intermediate, root] = leaf_to_root();
    let served = chain([&leaf, &intermediate]);
    let rejecting = |trusted: &[&Certificate], rejected: &Certificate| {
        anchors(trusted).but_not(vec![CertificateDer::from(rejected.der.clone())])
    };
    for (trusted, rejected) in
        [(vec![&root], &leaf), (vec![&root, &leaf], &leaf), (vec![], &leaf), (vec![&root], &intermediate)]
    {
        let verdict = verdict(&rejecting(&trusted, rejected), &served, DAY);
        assert_eq!(verdict, Verdict::Untrusted(Distrust::Rejected { subject: rejected.name() }));
    }
    assert!(!verdict(&rejecting(&[&leaf], &root), &chain([&leaf, &intermediate]), DAY).is_trusted());
    assert_eq!(verdict(&rejecting(&[], &root), &served, DAY), Verdict::Untrusted(Distrust::NoUsableAnchors));
}

#[test]
fn undecided_whatever_is_wrong_where_an_anchor_cannot_be_read() {
    let unread = || Some(Unread { place: "x.pem: line 1".to_owned(), may_reject: false });
    let undecided = Verdict::Untrusted(Distrust::UnreadAnchor { place: "x.pem: line 1".to_owned() });
    let [leaf, intermediate, root] = leaf_to_root();
    let [_, impostor, renewed] = leaf_to_root();
    let own = certificate(Template::default());
    let [young, issuing, old] = three(Template::default(), ca("Issuing", (0, 900)), ca("Root", (0, 10)));
    for (trusted, served, now) in [
        (&root, chain([&own]), DAY),
        (&root, chain([&leaf]), DAY),
        // The one that can be read is of the same name, and has not signed it.
        (&renewed, chain([&leaf, &intermediate]), DAY),
        (&root, chain([&leaf, &impostor]), DAY),
        // The one that can be read has been renewed since.
        (&old, chain([&young, &issuing]), 20 * DAY),
    ] {
        assert_ne!(verdict(&anchors(&[trusted]), &served, now), undecided);
        assert_eq!(verdict(&anchors(&[trusted]).but_for(unread()), &served, now), undecided);
    }
    let decided = anchors(&[&root]).but_for(unread());
    assert!(verdict(&decided, &chain([&leaf, &intermediate]), DAY).is_trusted());
    let rejecting = decided.but_not(vec![CertificateDer::from(leaf.der.clone())]);
    let rejected = Verdict::Untrusted(Distrust::Rejected { subject: leaf.name() });
    assert_eq!(verdict(&rejecting, &chain([&leaf, &intermediate]), DAY), rejected);
}

/// Every one of them may have issued every other, and none leads to an anchor.
#[test]
fn too_many_paths_end_the_search_at_once_and_are_called_that() {
    let keys = [(); 40].map(|()| KeyPair::generate().unwrap());
    let authority = ca("Issuing", (0, 900)).params();
    let mut served = vec![];
    for (key, days) in keys.iter().zip(0..) {
        let mut params = ca("Issuing", (0, 900)).params();
        params.not_after += time::Duration::days(days);
        let der = params.signed_by(key, &Issuer::from_params(&authority, &keys[0])).unwrap();
        served.push(Certificate::from_der(der.der()).unwrap());
    }
    let leaf = Template::default().params();
    let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &Issuer::from_params(&authority, &keys[0])).unwrap();
    served.insert(0, Certificate::from_der(leaf.der()).unwrap());
    let [_, _, root] = leaf_to_root();
    let verdict = verdict(&anchors(&[&root]), &chain(&served), DAY);
    assert_eq!(verdict, Verdict::Untrusted(Distrust::TooManyPaths));
}

#[test]
fn of_a_thousand_certificates_those_on_the_way_are_looked_at() {
    let [leaf, intermediate, root] = leaf_to_root();
    let [_, stranger, _] = leaf_to_root();
    let others = std::iter::repeat_n(&stranger, 900);
    let served = chain([&leaf, &intermediate].into_iter().chain(others.clone()).chain([&root]));
    assert_eq!(reachable(&served).collect::<Vec<_>>(), [&intermediate, &stranger, &root]);
    assert!(verdict(&anchors(&[&root]), &served, DAY).is_trusted());
}
