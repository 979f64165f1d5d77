//! Is a signature good, wrong, or one that nobody here can tell?

use rcgen::{KeyPair, PKCS_ED25519};

use super::*;
use crate::x509::Certificate;
use crate::x509::chain::tests::{Template, leaf_to_root};

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], length.as_slice(), content].concat()
}

/// An RSA key whose modulus has so many bytes.
fn rsa_key_of(bytes: usize) -> Vec<u8> {
    let modulus = der(2, &[&[0], vec![0xff; bytes].as_slice()].concat());
    der(0x30, &[modulus.as_slice(), b"\x02\x03\x01\x00\x01"].concat())
}

#[test]
fn a_key_that_is_too_long_for_ring_does_not_make_a_signature_wrong() {
    let [leaf, ..] = leaf_to_root();
    for (bytes, expected) in [(256, Check::Wrong), (1024, Check::Wrong), (1025, Check::Unverifiable)] {
        let key = rsa_key_of(bytes);
        let key = KeyInfo { algorithm: alg_id::RSA_ENCRYPTION.as_ref(), bits: &key };
        let signature = vec![7; bytes];
        assert_eq!(check_handshake(SignatureScheme::RSA_PSS_SHA256, key, b"said", &signature), expected, "{bytes}");
        let algorithm = alg_id::RSA_PKCS1_SHA256.as_ref();
        let parts = Parts { algorithm, signature: &signature, ..leaf.parts().unwrap() };
        assert_eq!(check(&parts, key), expected, "{bytes}");
    }
}

#[test]
fn a_key_of_more_than_8192_bits_is_too_long_and_one_of_as_many_is_not() {
    for (bytes, is_too_long) in [(1024, false), (1025, true)] {
        let key = rsa_key_of(bytes);
        let info = |algorithm| KeyInfo { algorithm, bits: &key };
        assert_eq!(is_too_long_for_ring(info(alg_id::RSA_ENCRYPTION.as_ref())), is_too_long, "{bytes}");
        assert!(!is_too_long_for_ring(info(alg_id::ECDSA_P256.as_ref())));
    }
}

#[test]
fn every_scheme_that_is_offered_beyond_ring_is_known() {
    let pss = |hash, salt| Scheme::Pss { hash, salt };
    let known = [
        (0x0603, Scheme::Ecdsa(Hash::Sha512)),
        (0x0809, pss(Hash::Sha256, 32)),
        (0x080a, pss(Hash::Sha384, 48)),
        (0x080b, pss(Hash::Sha512, 64)),
        (0x081a, Scheme::Ecdsa(Hash::Sha256)),
        (0x081b, Scheme::Ecdsa(Hash::Sha384)),
    ];
    assert_eq!(known.map(|(number, _)| number), BEYOND_RING);
    for (number, scheme) in known {
        assert_eq!(Scheme::of_handshake(number.into()), Some(scheme), "{number:#06x}");
    }
}

#[test]
fn a_signature_is_good_of_what_was_signed_with_the_key_and_of_nothing_else() {
    let [leaf, issuing, root] = leaf_to_root();
    let parts = leaf.parts().unwrap();
    let [issuer, stranger] = [&issuing, &root].map(|certificate| certificate.parts().unwrap().key);
    let fits = |key, message, signature| Scheme::Ecdsa(Hash::Sha256).verify(key, message, signature);
    assert!(fits(issuer, parts.signed, parts.signature));
    assert!(!fits(stranger, parts.signed, parts.signature));
    assert!(!fits(issuer, b"something else", parts.signature));
    assert!(!fits(issuer, parts.signed, b""));
}

#[test]
fn what_ring_verifies_is_verified() {
    let signed = || {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        Certificate::from_der(Template::default().params().self_signed(&key).unwrap().der()).unwrap()
    };
    let (own, other) = (signed(), signed());
    let (parts, other) = (own.parts().unwrap(), other.parts().unwrap());
    assert_eq!((check(&parts, parts.key), check(&parts, other.key)), (Check::Good, Check::Wrong));
    assert!(beyond_ring(&[parts.key.algorithm], &[parts.algorithm]).is_empty());
}

/// A key for PSS alone may name the one hash and the least salt (RFC 4055, section 3.3).
#[test]
fn a_key_that_is_for_one_hash_and_salt_has_made_no_signature_with_less() {
    let oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
    let sha256 = b"\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00";
    let mask = [b"\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08".as_slice(), sha256].concat();
    let parameters = [&b"\xa0\x0f"[..], sha256, b"\xa1\x1c", &mask, b"\xa2\x03\x02\x01\x20"].concat();
    let restricted = [&oid[..], &[0x30, u8::try_from(parameters.len()).unwrap()], &parameters].concat();
    for (hash, salt, fits) in [
        (Hash::Sha256, 32, true),
        (Hash::Sha256, 33, true),
        (Hash::Sha256, 31, false),
        (Hash::Sha384, 32, false),
        (Hash::Sha384, 48, false),
    ] {
        let scheme = Scheme::Pss { hash, salt };
        assert_eq!(scheme.fits(&restricted), fits, "{scheme:?}");
        assert!(scheme.fits(oid), "{scheme:?}");
        assert!(scheme.fits(alg_id::RSA_ENCRYPTION.as_ref()), "{scheme:?}");
        assert!(!scheme.fits(alg_id::ECDSA_P256.as_ref()), "{scheme:?}");
    }
}
