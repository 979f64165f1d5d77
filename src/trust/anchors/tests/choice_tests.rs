//! Which of several paths is taken, and which moment, anchor and signature does for one?

use ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose};
use sha2::{Digest, Sha512};

use super::*;

fn read(made: &rcgen::Certificate) -> Certificate {
    Certificate::from_der(made.der()).unwrap()
}

/// What says so under `key`, as `issuer` has signed it with the key `by`.
fn issued(params: &CertificateParams, key: &KeyPair, issuer: &CertificateParams, by: &KeyPair) -> Certificate {
    read(&params.signed_by(key, &Issuer::from_params(issuer, by)).unwrap())
}

fn keys<const N: usize>() -> [KeyPair; N] {
    [(); N].map(|()| KeyPair::generate().unwrap())
}

#[test]
fn an_anchor_that_stays_valid_comes_before_one_of_the_same_key_that_does_not() {
    let [root_key, key] = keys();
    let root = |days| read(&ca("Root", days).params().self_signed(&root_key).unwrap());
    let leaf = issued(&Template::default().params(), &key, &ca("Root", (0, 9_000)).params(), &root_key);
    let valid = root((0, 9_000));
    for other in [root((0, 10)), root((30, 9_000)), root((0, 100))] {
        for given in [[&other, &valid], [&valid, &other]] {
            let Verdict::Trusted(path) = verdict(&anchors(&given), &chain([&leaf]), 20 * DAY) else { panic!() };
            assert_eq!(path.anchor, valid);
        }
    }
}

#[test]
fn the_shortest_path_is_found_in_front_of_a_longer_one_and_behind_it() {
    let [key, issuing_key, middle_key, root_key] = keys();
    let [issuing, middle, root] =
        [("Issuing", 900), ("Middle", 900), ("Root", 9_000)].map(|(name, days)| ca(name, (0, days)).params());
    let leaf = issued(&Template::default().params(), &key, &issuing, &issuing_key);
    let long = issued(&issuing, &issuing_key, &middle, &middle_key);
    let short = issued(&issuing, &issuing_key, &root, &root_key);
    let middle = issued(&middle, &middle_key, &root, &root_key);
    let anchors = anchors(&[&read(&root.self_signed(&root_key).unwrap())]);
    let sought = SoughtPath { is_shortest: true, ..SoughtPath::first(DAY) };
    for others in [[&long, &middle, &short], [&short, &long, &middle]] {
        let served = chain([&leaf].into_iter().chain(others));
        let Verdict::Trusted(path) = anchors.verdict(&served, &sought) else { panic!() };
        assert_eq!(path.intermediates, std::slice::from_ref(&short));
    }
    // Where nobody wants that, the first one does.
    let Verdict::Trusted(path) = verdict(&anchors, &chain([&leaf, &long, &middle, &short]), DAY) else { panic!() };
    assert_eq!(path.intermediates, [long, middle]);
}

#[test]
fn each_moment_at_which_a_chain_may_have_been_good_is_tried_once() {
    let served = chain(&leaf_to_root());
    assert_eq!(moments(&served, 0), [0]);
    assert_eq!(moments(&served, -DAY), [-DAY, 0]);
    assert_eq!(moments(&served, 90 * DAY), [90 * DAY]);
    assert_eq!(moments(&served, 900 * DAY + 1), [900 * DAY + 1, 900 * DAY, 90 * DAY]);
}

#[test]
fn up_to_the_last_second_of_an_anchor_no_other_one_is_missed() {
    let [leaf, issuing, root] = three(Template::default(), ca("Issuing", (0, 900)), ca("Root", (0, 10)));
    let unread = Unread { place: "x.pem: line 1".to_owned(), may_reject: false };
    let anchors = anchors(&[&root]).but_for(Some(unread));
    let is_trusted = |now| verdict(&anchors, &chain([&leaf, &issuing]), now).is_trusted();
    assert!(is_trusted(10 * DAY) && !is_trusted(10 * DAY + 1));
}

#[test]
fn untrusted_when_an_anchor_is_for_anything_but_servers() {
    let [root_key, key] = keys();
    for (purpose, expected) in [
        (ExtendedKeyUsagePurpose::ServerAuth, None),
        (ExtendedKeyUsagePurpose::ClientAuth, Some(Verdict::Untrusted(Distrust::Purpose))),
    ] {
        let mut root = ca("Root", (0, 9_000)).params();
        root.extended_key_usages = vec![purpose];
        let leaf = issued(&Template::default().params(), &key, &root, &root_key);
        let said = verdict(&anchors(&[&read(&root.self_signed(&root_key).unwrap())]), &chain([&leaf]), DAY);
        assert_eq!(Some(&said).filter(|said| !said.is_trusted()), expected.as_ref());
    }
}

#[test]
fn untrusted_when_an_anchor_is_no_authority() {
    let [root_key, key] = keys();
    for is_ca in [false, true] {
        let root = Template { is_ca, ..ca("Root", (0, 9_000)) }.params();
        let leaf = issued(&Template::default().params(), &key, &root, &root_key);
        let said = verdict(&anchors(&[&read(&root.self_signed(&root_key).unwrap())]), &chain([&leaf]), DAY);
        let untrusted = Verdict::Untrusted(Distrust::NotAnAuthority);
        assert_eq!((said.is_trusted(), said == untrusted), (is_ca, !is_ca), "{said:?}");
    }
}

#[test]
fn a_signature_that_ring_does_not_verify_is_verified_beside_it() {
    let [root_key, key] = keys();
    let root = ca("Root", (0, 9_000)).params();
    let leaf = issued(&Template::default().params(), &key, &root, &root_key);
    let root = read(&root.self_signed(&root_key).unwrap());
    let anchors = anchors(&[&root]);
    let is_trusted = |by| verdict(&anchors, &chain([&with_sha_512(&leaf, by)]), DAY).is_trusted();
    assert!(is_trusted(&root_key) && !is_trusted(&key));
    let checked = |by| signature::check(&with_sha_512(&leaf, by).parts().unwrap(), root.parts().unwrap().key);
    assert_eq!((checked(&root_key), checked(&key)), (Check::Good, Check::Wrong));
}

/// The same certificate, signed with SHA-512 and this key of P-256.
fn with_sha_512(certificate: &Certificate, by: &KeyPair) -> Certificate {
    let [sha_256, sha_512] = [2, 4].map(|hash| [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, hash]);
    let mut signed = certificate.parts().unwrap().signed.to_vec();
    let place = signed.windows(sha_256.len()).position(|window| window == sha_256).unwrap();
    signed[place..place + sha_512.len()].copy_from_slice(&sha_512);
    let pkcs_8 = by.serialize_der();
    // ECPrivateKey (RFC 5915): version 1, then the number.
    let number = pkcs_8.windows(5).position(|window| window == [2, 1, 1, 4, 32]).unwrap() + 5;
    let key = SigningKey::from_slice(&pkcs_8[number..number + 32]).unwrap();
    let signature: Signature = key.sign_prehash(&Sha512::digest(&signed)).unwrap();
    let signature = signature.to_der();
    let (bits, length) = (signature.as_bytes(), u8::try_from(signature.as_bytes().len() + 1).unwrap());
    let contents = [signed.as_slice(), &[0x30, 10], &sha_512, &[3, length, 0], bits].concat();
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    Certificate::from_der(&[[0x30, 0x82].as_slice(), &length, &contents].concat()).unwrap()
}
