//! Are certificates found in every kind of file, and is what is broken named?

use super::*;
use crate::x509::chain::tests::{Template, certificate};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/x509/", $name)).as_slice()
    };
}

fn names(content: &[u8], passphrase: Option<&str>) -> Result<Vec<String>, BundleError> {
    let bundle = read(content, passphrase)?;
    assert_eq!(bundle.unread(), None);
    Ok(bundle.chain().unwrap().iter().map(Certificate::name).collect())
}

const CHAIN: [&str; 3] = ["cas1.example.com", "Example Issuing CA", "Example Root CA"];

#[test]
fn reads_a_pem_bundle_with_its_key() {
    assert_eq!(names(fixture!("bundle.pem"), None).unwrap(), CHAIN);
}

#[test]
fn reads_der() {
    assert_eq!(names(fixture!("leaf-rsa-2048.der"), None).unwrap(), ["cas1.example.com"]);
}

#[test]
fn reads_pkcs7_in_der_and_pem_and_puts_it_in_order() {
    assert_eq!(names(fixture!("chain.p7b"), None).unwrap(), CHAIN);
    assert_eq!(names(fixture!("chain-pem.p7b"), None).unwrap(), CHAIN);
}

#[test]
fn opens_pkcs12_modern_and_legacy() {
    for content in [fixture!("modern.p12"), fixture!("legacy.p12")] {
        assert_eq!(names(content, Some("open sesame")).unwrap(), CHAIN);
        assert_eq!(names(content, Some("shut")), Err(BundleError::Passphrase("PKCS#12")));
        assert_eq!(names(content, None), Err(BundleError::Passphrase("PKCS#12")));
    }
}

#[test]
fn reads_keystores_of_java() {
    for passphrase in [None, Some("open sesame")] {
        assert_eq!(names(fixture!("java.jks"), passphrase).unwrap(), ["client.example.com", "sip.test.local"]);
        assert_eq!(names(fixture!("java.jceks"), passphrase).unwrap(), CHAIN);
    }
    assert_eq!(names(fixture!("java.jks"), Some("shut")), Err(BundleError::Passphrase("Java keystore")));
    assert_eq!(names(fixture!("java-hmac-sha1.pfx"), Some("open sesame")).unwrap(), CHAIN);
}

#[test]
fn the_certificate_whose_key_is_there_too_is_the_leaf() {
    let root = CHAIN[2];
    for content in
        [fixture!("modern.p12"), fixture!("legacy.p12"), fixture!("java-hmac-sha1.pfx"), fixture!("java.jceks")]
    {
        let mut bundle = read(content, Some("open sesame")).unwrap();
        let leaf = bundle.leaf.unwrap();
        assert_eq!(bundle.certificates[leaf].certificate.name(), CHAIN[0]);
        bundle.leaf = bundle.certificates.iter().position(|one| one.certificate.name() == root);
        assert_eq!(bundle.chain().unwrap().leaf().name(), root);
    }
    assert_eq!(read(fixture!("chain.p7b"), None).unwrap().leaf, None);
}

#[test]
fn says_what_was_expected_and_quotes_nothing() {
    assert_eq!(names(b"", None), Err(BundleError::Empty));
    assert_eq!(names(b" \r\n", None), Err(BundleError::Empty));
    for content in [b"root:$6$secret:19000::".as_slice(), &[0x30], &[0x30, 0x82, 0xff, 0xff, 0], &[0x30, 2, 5, 0]] {
        let error = names(content, Some("x")).unwrap_err();
        assert_eq!(error, BundleError::NotRecognized, "{content:?}");
        assert!(!error.to_string().contains("secret"));
    }
    assert_eq!(names(fixture!("client-key.pem"), None), Err(BundleError::NoCertificate));
    // A private key in DER is no PKCS#12, which begins alike.
    let key = pem::blocks(fixture!("client-key.pem")).next().unwrap().unwrap().der;
    assert_eq!(names(&key, None), Err(BundleError::NotRecognized));
    let junk = b"\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
    let expected = BundleError::BadBlock { line: 2, source: CertificateError::NotACertificate };
    assert_eq!(names(junk, None), Err(expected.clone()));
    assert_eq!(expected.to_string(), "line 2: this PEM block is not an X.509 certificate in DER");
}

#[test]
fn der_in_a_file_of_pem_is_named_wherever_it_is() {
    let (pem, der) = (fixture!("client.pem"), fixture!("leaf-rsa-2048.der"));
    let lines = pem.iter().filter(|byte| **byte == b'\n').count();
    let behind = [pem, der].concat();
    assert_eq!(read(&behind, None).unwrap().errors, [BundleError::DerInPem(lines + 1)]);
    let between = [pem, b"subject=CN = x\n\n", fixture!("modern.p12"), b"\n", pem].concat();
    let bundle = read(&between, None).unwrap();
    assert_eq!((bundle.certificates.len(), bundle.errors), (2, vec![BundleError::DerInPem(lines + 3)]));
    let text = [b"0 s:CN = x\n".as_slice(), pem, b"0\n0 \xc3\xa4\n"].concat();
    assert_eq!(read(&text, None).unwrap().unread(), None);
}

#[test]
fn nothing_cut_short_panics() {
    for content in
        [fixture!("chain.p7b"), fixture!("legacy.p12"), fixture!("leaf-rsa-2048.der"), fixture!("bundle.pem")]
    {
        for end in (0..content.len()).step_by(37) {
            assert!(read(&content[..end], Some("open sesame")).is_err() || content.starts_with(b"---"));
        }
    }
}

#[test]
fn what_openssl_trusts_but_not_for_servers_is_told_from_the_rest() {
    let der = fixture!("leaf-rsa-2048.der");
    // Rejected for id-kp-serverAuth.
    let settings: &[u8] = &[0x30, 12, 0xa0, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
    let is_for_servers = |label: &str, der: &[u8]| {
        let base64 = data_encoding::BASE64.encode(der);
        let text = format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
        read(text.as_bytes(), None).unwrap().certificates.remove(0).is_for_servers
    };
    assert!(is_for_servers("CERTIFICATE", der) && is_for_servers(TRUSTED, der));
    assert!(!is_for_servers(TRUSTED, &[der, settings].concat()));
}

#[test]
fn what_cannot_be_read_is_counted_and_the_first_of_it_named() {
    let (good, bad) = (fixture!("leaf-rsa-2048.der"), [0x30, 3, 2, 1, 5]);
    let unread = |parts: &[&[u8]]| {
        let bundle = read(&parts.concat(), None).unwrap();
        (bundle.certificates.len(), bundle.unread())
    };
    let named = |number: usize| format!("certificate {number} in this file is not an X.509 certificate in DER");
    assert_eq!(unread(&[good, good]), (2, None));
    assert_eq!(unread(&[good, &bad, good, &bad]), (2, Some([2, 4].map(named).join("; "))));
    assert_eq!(unread(&[good, &bad.repeat(3)]), (1, Some([2, 3, 4].map(named).join("; "))));
    assert_eq!(unread(&[good, &bad.repeat(10)]), (1, Some(format!("{}; and 7 more", [2, 3, 4].map(named).join("; ")))));
}

#[test]
fn as_many_names_are_read_as_anybody_means_and_no_more() {
    let dns: Vec<_> = (0..900).map(|number| format!("n{number}.example.com")).collect();
    let addresses: Vec<_> = (0..100).map(|number| format!("192.0.2.{number}")).collect();
    let names: Vec<_> = dns.iter().chain(&addresses).map(String::as_str).collect();
    let der = certificate(Template { names: &names, ..Template::default() }).der;
    let read = |count: usize| read(&der.repeat(count), None).map(|bundle| bundle.certificates.len());
    assert_eq!(read(MAX_NAMES / names.len()), Ok(MAX_NAMES / names.len()));
    assert_eq!(read(MAX_NAMES / names.len() + 1), Err(BundleError::TooMany));
}

#[test]
fn no_other_certificate_takes_the_place_of_a_leaf_that_cannot_be_read() {
    let certificate = |der: &[u8]| {
        let length = u32::try_from(der.len()).unwrap().to_be_bytes();
        [&[0, 5], b"X.509".as_slice(), &length, der].concat()
    };
    let leaf = |first: &[u8]| {
        let chain = [certificate(first), certificate(fixture!("leaf-rsa-2048.der"))].concat();
        let key = [&[0, 0, 0, 1, 0, 1, b'x'], [0; 12].as_slice(), &[0, 0, 0, 2]].concat();
        let begin = [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1];
        let bundle = read(&[begin.as_slice(), &key, &chain, &[0; 20]].concat(), None).unwrap();
        (bundle.leaf, bundle.certificates.len())
    };
    assert_eq!([leaf(fixture!("leaf-rsa-2048.der")), leaf(b"junk")], [(Some(0), 2), (None, 1)]);
}

#[test]
fn only_openssl_s_trusted_format_may_reject() {
    assert!(may_reject(b"x\n-----BEGIN TRUSTED CERTIFICATE-----\n"));
    assert!(!may_reject(fixture!("bundle.pem")) && !may_reject(b""));
}
