//! Which certificates are in a file? PEM, DER, PKCS#7 and PKCS#12, told apart by their content.

use std::collections::HashSet;

use x509_parser::asn1_rs::Tag;

use super::ber::{Element, Malformed};
use super::encryption::{DecryptionError, MAX_WORK};
use super::pem::{self, Block, PemError};
use super::{pkcs7, pkcs12, trusted};
use crate::x509::certificate::{Certificate, CertificateError};
use crate::x509::chain::Chain;

/// What can be read of a file.
#[derive(Debug)]
pub struct Bundle {
    /// At least one, in the order of the file.
    pub certificates: Vec<BundledCertificate>,
    /// What cannot be read: the first few places.
    pub errors: Vec<BundleError>,
    /// In how many more places.
    pub more_errors: usize,
    /// Whether the order means something: the leaf first.
    has_order: bool,
    /// How many alternative names there are in all.
    names: usize,
}

/// One of its certificates.
#[derive(Debug)]
pub struct BundledCertificate {
    /// What it says.
    pub certificate: Certificate,
    /// Whether the file lets it issue certificates for servers, which only OpenSSL's trusted format may deny.
    pub is_for_servers: bool,
}

/// Why a file, or a part of it, has no certificates to offer. Nothing of its content is shown: the caller may not be allowed
/// to read it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// A certificate in a PKCS#7, PKCS#12 or DER that is none.
    #[error("certificate {number} in this file is {source}")]
    BadCertificate {
        /// Its place among them, from 1.
        number: usize,
        /// What it is instead.
        source: CertificateError,
    },
    /// More than anybody means to have judged.
    #[error("expected at most {MAX_CERTIFICATES} certificates with {MAX_NAMES} alternative names in all")]
    TooMany,
    /// A PKCS#7 that is not well-formed.
    #[error("expected a PKCS#7 with certificates, and well-formed")]
    Pkcs7,
    /// One that is well-formed, but without certificates.
    #[error("expected at least one certificate in this {0}")]
    Without(&'static str),
    /// A PKCS#12 that needs another passphrase.
    #[error("this PKCS#12 cannot be opened: expected its passphrase, from --passphrase-file or --passphrase-env")]
    Passphrase,
    /// A PKCS#12 with an encryption that is not known.
    #[error("this PKCS#12 is encrypted with {0}: expected AES, Camellia, DES, RC2 or RC4 under a passphrase")]
    Encryption(String),
    /// A PKCS#12 that takes too long to open.
    #[error(
        "this PKCS#12 is too costly to open: expected at most {MAX_WORK} iterations in all, and scrypt within 16 MiB"
    )]
    Costly,
    /// A PKCS#12 that is not well-formed.
    #[error("expected a well-formed PKCS#12")]
    Pkcs12,
}

impl From<DecryptionError> for BundleError {
    fn from(error: DecryptionError) -> Self {
        match error {
            DecryptionError::Passphrase => Self::Passphrase,
            DecryptionError::Unknown(id) => Self::Encryption(id),
            DecryptionError::Costly => Self::Costly,
            DecryptionError::Malformed => Self::Pkcs12,
        }
    }
}

/// Reads all certificates of a file. A PKCS#12 is opened with `passphrase`; without one, with none and with the empty one.
///
/// What cannot be read is an error of the file only when there is nothing else in it.
pub fn read(content: &[u8], passphrase: Option<&str>) -> Result<Bundle, BundleError> {
    if content.iter().all(u8::is_ascii_whitespace) {
        return Err(BundleError::Empty);
    }
    let mut bundle = Bundle { certificates: Vec::new(), errors: Vec::new(), more_errors: 0, has_order: true, names: 0 };
    let mut blocks = pem::blocks(content).peekable();
    let without = if blocks.peek().is_some() {
        for block in blocks {
            bundle.read_block(&block)?;
        }
        if bundle.has_order { BundleError::NoCertificate } else { BundleError::Without("PKCS#7") }
    } else if content.first() == Some(&SEQUENCE) {
        bundle.read_binary(content, passphrase)?
    } else {
        BundleError::NotRecognized
    };
    match bundle.certificates.is_empty() {
        false => Ok(bundle),
        true => Err(bundle.errors.into_iter().next().unwrap_or(without)),
    }
}

/// The certificates of a PEM text that it lets issue others for servers, in DER, without a look into them.
pub(crate) fn issuers(content: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    pem::blocks(content).filter_map(Result::ok).filter_map(|block| match block.label {
        TRUSTED => Some(trusted::split(&block.der)).filter(|(_, is_trusted)| *is_trusted).map(|(der, _)| der.to_vec()),
        label if CERTIFICATES.contains(&label) => Some(block.der),
        _ => None,
    })
}

impl Bundle {
    /// Its certificates as a chain, leaf first.
    pub fn chain(self) -> Option<Chain> {
        let mut certificates: Vec<_> = self.certificates.into_iter().map(|bundled| bundled.certificate).collect();
        if self.has_order {
            return Chain::new(certificates);
        }
        // Whoever keeps no order may well keep one twice.
        let mut seen = HashSet::new();
        certificates.retain(|certificate| seen.insert(certificate.fingerprint()));
        Chain::new(certificates).map(Chain::in_order)
    }

    /// What cannot be read, in one sentence; `None` if everything can be.
    pub fn unread(&self) -> Option<String> {
        let said: Vec<_> = self.errors.iter().map(ToString::to_string).collect();
        match self.more_errors {
            _ if said.is_empty() => None,
            0 => Some(said.join("; ")),
            more => Some(format!("{}; and {more} more", said.join("; "))),
        }
    }

    fn read_block(&mut self, block: &Result<Block<'_>, PemError>) -> Result<(), BundleError> {
        let block = match block {
            Ok(block) => block,
            Err(error) => {
                self.note((*error).into());
                return Ok(());
            }
        };
        let line = block.line;
        if !CERTIFICATES.contains(&block.label) && !PKCS7.contains(&block.label) {
            return Ok(());
        }
        // Whatever the label says: Windows and Java have written a PKCS#7 into CERTIFICATE.
        if let Some(element) = Element::first(&block.der).ok().filter(pkcs7::is_one) {
            return self.read_pkcs7(&element);
        }
        let (der, is_for_servers) =
            if block.label == TRUSTED { trusted::split(&block.der) } else { (block.der.as_slice(), true) };
        self.take(der, is_for_servers, |source| BundleError::BadBlock { line, source })
    }

    /// Any other file; the error is for the case that there is nothing in it.
    fn read_binary(&mut self, content: &[u8], passphrase: Option<&str>) -> Result<BundleError, BundleError> {
        let first = Element::first(content).map_err(|_| BundleError::NotRecognized)?;
        if pkcs7::is_one(&first) {
            self.read_pkcs7(&first)?;
            return Ok(BundleError::Without("PKCS#7"));
        }
        if pkcs12::is_one(&first) {
            let found = pkcs12::certificates(&first, passphrase, MAX_CERTIFICATES)?;
            self.has_order = false;
            for der in found.certificates {
                self.take_next(&der)?;
            }
            found.errors.into_iter().for_each(|error| self.note(error.into()));
            return Ok(BundleError::Without("PKCS#12"));
        }
        self.read_der(content)?;
        Ok(BundleError::NotRecognized)
    }

    /// One certificate, or one behind the other.
    fn read_der(&mut self, content: &[u8]) -> Result<(), BundleError> {
        let mut rest = content;
        while !rest.iter().all(u8::is_ascii_whitespace) {
            let element = Element::first(rest).ok().filter(|element| element.is(Tag::Sequence));
            let der = element.map_or(rest, |element| element.whole);
            // What is nothing like one at the very beginning is another kind of file.
            if rest.len() == content.len() && Certificate::from_der(der) == Err(CertificateError::NotACertificate) {
                return Err(BundleError::NotRecognized);
            }
            self.take_next(der)?;
            rest = &rest[der.len()..];
        }
        Ok(())
    }

    fn read_pkcs7(&mut self, element: &Element<'_>) -> Result<(), BundleError> {
        self.has_order = false;
        let Ok(certificates) = pkcs7::certificates(element) else {
            self.note(BundleError::Pkcs7);
            return Ok(());
        };
        for der in certificates {
            match der {
                Ok(der) => self.take_next(der)?,
                Err(Malformed) => self.note(BundleError::Pkcs7),
            }
        }
        Ok(())
    }

    fn take_next(&mut self, der: &[u8]) -> Result<(), BundleError> {
        let number = self.certificates.len() + self.errors.len() + self.more_errors + 1;
        self.take(der, true, |source| BundleError::BadCertificate { number, source })
    }

    fn take(
        &mut self,
        der: &[u8],
        is_for_servers: bool,
        bad: impl FnOnce(CertificateError) -> BundleError,
    ) -> Result<(), BundleError> {
        let certificate = match Certificate::from_der(der) {
            Ok(certificate) => certificate,
            Err(source) => {
                self.note(bad(source));
                return Ok(());
            }
        };
        self.names += certificate.dns_names.len() + certificate.addresses.len();
        if self.certificates.len() == MAX_CERTIFICATES || self.names > MAX_NAMES {
            return Err(BundleError::TooMany);
        }
        self.certificates.push(BundledCertificate { certificate, is_for_servers });
        Ok(())
    }

    fn note(&mut self, error: BundleError) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        } else {
            self.more_errors += 1;
        }
    }
}

const CERTIFICATES: &[&str] = &["CERTIFICATE", "X509 CERTIFICATE", TRUSTED];

/// OpenSSL's own format, with settings behind the certificate.
const TRUSTED: &str = "TRUSTED CERTIFICATE";

const PKCS7: &[&str] = &["PKCS7", "PKCS #7 SIGNED DATA", "CMS"];

/// How a DER or BER sequence begins.
const SEQUENCE: u8 = 0x30;

/// The most certificates of one file.
const MAX_CERTIFICATES: usize = 10_000;

/// The most alternative names of one file: each takes many times the memory that it takes in the file.
const MAX_NAMES: usize = 100_000;

/// The most places that are named.
const MAX_ERRORS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/x509/", $name)).as_slice()
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
        assert_eq!(names(junk, None), Err(expected.clone()));
        assert_eq!(expected.to_string(), "line 2: this PEM block is not an X.509 certificate in DER");
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
}
