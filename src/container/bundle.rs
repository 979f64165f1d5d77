//! Which certificates are in a file? PEM, DER, PKCS#7 and PKCS#12, told apart by their content.

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as Pkcs12Error;
use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};

use super::pem::{self, PemError};
use crate::x509::certificate::{Certificate, CertificateError};
use crate::x509::chain::{Chain, ChainError};

/// Why a file has no certificates to offer. Nothing of its content is shown: the caller may not be allowed to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// There is nothing in it.
    #[error("the file is empty, expected a certificate")]
    Empty,
    /// It is none of the formats.
    #[error("line 1: expected a certificate in PEM, DER, PKCS#7 or PKCS#12 (the content is withheld)")]
    NotRecognized,
    /// Its PEM is broken.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// It is PEM, but without a certificate.
    #[error("line 1: expected at least one PEM block CERTIFICATE or PKCS7")]
    NoCertificate,
    /// A PEM block that is no certificate.
    #[error("line {line}: this PEM block is {source}")]
    BadBlock {
        /// The line of its `BEGIN`.
        line: usize,
        /// What it is instead.
        source: CertificateError,
    },
    /// A chain that cannot be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A PKCS#7 that is not well-formed, or without certificates.
    #[error("expected certificates in this PKCS#7, found none that can be read")]
    Pkcs7,
    /// A PKCS#12 that needs another passphrase.
    #[error("this PKCS#12 cannot be opened: expected its passphrase, from --passphrase-file or --passphrase-env")]
    Passphrase,
    /// A PKCS#12 with an encryption that is not known, or too costly.
    #[error("this PKCS#12 uses an encryption or a number of iterations that is not supported")]
    Encryption,
    /// A PKCS#12 that is not well-formed.
    #[error("expected a well-formed PKCS#12")]
    Pkcs12,
}

/// The certificates of a file, leaf first. A PKCS#12 is opened with `passphrase`; without one, with the empty one.
pub fn chain(content: &[u8], passphrase: Option<&str>) -> Result<Chain, BundleError> {
    if content.iter().all(u8::is_ascii_whitespace) {
        return Err(BundleError::Empty);
    }
    let blocks = pem::blocks(content)?;
    if !blocks.is_empty() {
        return of_blocks(&blocks);
    }
    match content.first() {
        Some(0x30) => of_der(content, passphrase),
        _ => Err(BundleError::NotRecognized),
    }
}

/// The certificates of a PKCS#12 in DER, decrypted.
pub fn pkcs12(content: &[u8], passphrase: &str) -> Result<Vec<Vec<u8>>, BundleError> {
    let archive = Pkcs12Archive::from_pkcs12(content, passphrase).map_err(|error| match error {
        Pkcs12Error::MacError(_) | Pkcs12Error::UnpadError | Pkcs12Error::Pkcs5Error(_) => BundleError::Passphrase,
        Pkcs12Error::UnsupportedEncryptionScheme
        | Pkcs12Error::UnsupportedMacAlgorithm
        | Pkcs12Error::InvalidParameters => BundleError::Encryption,
        _ => BundleError::Pkcs12,
    })?;
    Ok(archive.certs.iter().map(|bag| bag.cert.as_der().to_vec()).collect())
}

/// The certificates of a PKCS#7 (RFC 5652 SignedData) in DER, in the order of the file, which means nothing. `None` when it
/// is not well-formed or has none.
pub fn pkcs7(content: &[u8]) -> Option<Vec<Vec<u8>>> {
    let content_info = element(content, Tag::Sequence)?;
    let (rest, _content_type) = Any::from_der(content_info.data).ok()?;
    let (_, content) = Any::from_der(rest).ok()?;
    let signed_data = element(content.data, Tag::Sequence)?;

    // version, digestAlgorithms and encapContentInfo stand before certificates [0].
    let mut rest = signed_data.data;
    loop {
        let (after, field) = Any::from_der(rest).ok()?;
        if field.class() == Class::ContextSpecific && field.tag() == Tag(0) {
            let certificates = elements(field.data);
            return (!certificates.is_empty()).then_some(certificates);
        }
        rest = after;
    }
}

fn of_blocks(blocks: &[pem::Block]) -> Result<Chain, BundleError> {
    let mut ders: Vec<Vec<u8>> = Vec::new();
    let mut keeps_order = true;
    for block in blocks {
        if block.is_certificate() {
            let bad = |source| BundleError::BadBlock { line: block.line, source };
            // OpenSSL's trusted format has its settings behind the certificate.
            let der = if block.label.starts_with("TRUSTED") { first_element(&block.der) } else { &block.der };
            Certificate::from_der(der).map_err(bad)?;
            ders.push(der.to_vec());
        } else if ["PKCS7", "PKCS #7 SIGNED DATA", "CMS"].contains(&block.label.as_str()) {
            ders.extend(pkcs7(&block.der).ok_or(BundleError::Pkcs7)?);
            keeps_order = false;
        }
    }
    if ders.is_empty() {
        return Err(BundleError::NoCertificate);
    }
    let chain = Chain::from_ders(ders.iter().map(Vec::as_slice))?;
    Ok(if keeps_order { chain } else { chain.in_order() })
}

fn of_der(content: &[u8], passphrase: Option<&str>) -> Result<Chain, BundleError> {
    if let Ok(certificate) = Certificate::from_der(content) {
        return Ok(Chain::single(certificate));
    }
    let ders = match first_inside(content).map(|inner| inner.tag()) {
        Some(Tag::Oid) => pkcs7(content).ok_or(BundleError::Pkcs7)?,
        Some(Tag::Integer) => pkcs12(content, passphrase.unwrap_or_default())?,
        _ => return Err(BundleError::NotRecognized),
    };
    match Chain::from_ders(ders.iter().map(Vec::as_slice)) {
        Ok(chain) => Ok(chain.in_order()),
        Err(ChainError::Empty) => Err(BundleError::NoCertificate),
        Err(error) => Err(error.into()),
    }
}

fn element(bytes: &[u8], tag: Tag) -> Option<Any<'_>> {
    Any::from_der(bytes).ok().map(|(_, any)| any).filter(|any| any.tag() == tag)
}

/// Each element of a sequence with its header. Those with a tag of their own are attribute certificates and the like.
fn elements(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut elements = Vec::new();
    while let Ok((rest, any)) = Any::from_der(bytes) {
        if any.tag() == Tag::Sequence {
            elements.push(bytes[..bytes.len() - rest.len()].to_vec());
        }
        bytes = rest;
    }
    elements
}

/// The first element of `bytes` with its header, without what follows.
fn first_element(bytes: &[u8]) -> &[u8] {
    Any::from_der(bytes).map_or(bytes, |(rest, _)| &bytes[..bytes.len() - rest.len()])
}

fn first_inside(bytes: &[u8]) -> Option<Any<'_>> {
    Any::from_der(element(bytes, Tag::Sequence)?.data).ok().map(|(_, any)| any)
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/x509/", $name)).as_slice()
        };
    }

    fn names(content: &[u8], passphrase: Option<&str>) -> Result<Vec<String>, BundleError> {
        chain(content, passphrase).map(|chain| chain.iter().map(Certificate::name).collect())
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
            assert_eq!(names(content, Some("shut")), Err(BundleError::Passphrase));
            assert_eq!(names(content, None), Err(BundleError::Passphrase));
        }
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
        let junk = b"\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        let expected = BundleError::BadBlock { line: 2, source: CertificateError::NotACertificate };
        assert_eq!(names(junk, None), Err(expected));
        assert_eq!(expected.to_string(), "line 2: this PEM block is not an X.509 certificate in DER");
    }

    #[test]
    fn nothing_cut_short_panics() {
        for content in
            [fixture!("chain.p7b"), fixture!("legacy.p12"), fixture!("leaf-rsa-2048.der"), fixture!("bundle.pem")]
        {
            for end in (0..content.len()).step_by(37) {
                assert!(chain(&content[..end], Some("open sesame")).is_err() || content.starts_with(b"---"));
            }
        }
    }
}
