//! Which certificates are in a file? PEM, DER, PKCS#7, PKCS#12 and Java keystores, told apart by their content.

use std::collections::HashSet;

use x509_parser::asn1_rs::Tag;

use super::ber::{Element, Malformed};
use super::decryption_error::DecryptionError;
use super::derivation::MAX_WORK;
use super::java::{self, KeystoreError};
use super::passphrase::Passphrase;
use super::pem::{self, Block, PemError};
use super::{pkcs7, pkcs12, trusted};
use crate::x509::certificate::{Certificate, CertificateError};
use crate::x509::chain::Chain;

/// What can be read of a file.
#[derive(Debug, Default)]
pub struct Bundle {
    /// At least one, in the order of the file.
    pub certificates: Vec<BundledCertificate>,
    /// What cannot be read: the first few places.
    pub errors: Vec<BundleError>,
    /// In how many more places.
    pub more_errors: usize,
    /// Whether the order means something: the leaf first.
    has_order: bool,
    /// The place of the first one whose key is there, too, where the order means nothing.
    leaf: Option<usize>,
    /// How many alternative names there are in all.
    names: usize,
}

/// One of its certificates.
#[derive(Debug)]
pub struct BundledCertificate {
    /// What it says.
    pub certificate: Certificate,
    /// Whether the file trusts it for servers, which only OpenSSL's trusted format may deny.
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
    /// It is PEM, and DER behind it.
    #[error("line {0}: expected nothing but PEM, found DER (openssl x509 -inform DER converts a certificate)")]
    DerInPem(usize),
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
    /// A container that needs another passphrase.
    #[error("this {0} cannot be opened: expected its passphrase, from --passphrase-file or --passphrase-env")]
    Passphrase(&'static str),
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
    /// A Java keystore with a secret key, of which only Java knows the length.
    #[error(
        "behind its secret key this Java keystore cannot be read: expected none (keytool -importkeystore makes a PKCS#12)"
    )]
    SecretKey,
    /// A Java keystore that is not well-formed.
    #[error("expected a well-formed Java keystore")]
    Keystore,
}

impl From<DecryptionError> for BundleError {
    fn from(error: DecryptionError) -> Self {
        match error {
            DecryptionError::Passphrase => Self::Passphrase("PKCS#12"),
            DecryptionError::Unknown(id) => Self::Encryption(id),
            DecryptionError::Costly => Self::Costly,
            DecryptionError::Malformed => Self::Pkcs12,
        }
    }
}

impl From<KeystoreError> for BundleError {
    fn from(error: KeystoreError) -> Self {
        match error {
            KeystoreError::Passphrase => Self::Passphrase("Java keystore"),
            KeystoreError::SecretKey => Self::SecretKey,
            KeystoreError::Malformed => Self::Keystore,
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
    let mut bundle = Bundle { has_order: true, ..Bundle::default() };
    let mut blocks = pem::blocks(content).peekable();
    let without = if blocks.peek().is_some() {
        for block in blocks {
            bundle.read_block(&block)?;
        }
        if let Some(line) = pem::der_line(content) {
            bundle.note(BundleError::DerInPem(line));
        }
        if bundle.has_order { BundleError::NoCertificate } else { BundleError::Without("PKCS#7") }
    } else if content.first() == Some(&SEQUENCE) {
        bundle.read_binary(content, passphrase)?
    } else if java::is_one(content) {
        bundle.read_keystore(content, passphrase)?;
        BundleError::Without("Java keystore")
    } else {
        BundleError::NotRecognized
    };
    match bundle.certificates.is_empty() {
        false => Ok(bundle),
        true => Err(bundle.errors.into_iter().next().unwrap_or(without)),
    }
}

/// Whether a PEM text may say of a certificate that it is not for servers.
pub(crate) fn may_reject(content: &[u8]) -> bool {
    content.windows(TRUSTED.len()).any(|part| part == TRUSTED.as_bytes())
}

impl Bundle {
    /// Its certificates as a chain, leaf first.
    pub fn chain(self) -> Option<Chain> {
        let mut certificates: Vec<_> = self.certificates.into_iter().map(|bundled| bundled.certificate).collect();
        if self.has_order {
            return Chain::new(certificates);
        }
        let leaf = self.leaf.filter(|leaf| *leaf < certificates.len());
        certificates.rotate_left(leaf.unwrap_or(0));
        // Whoever keeps no order may well keep one twice.
        let mut seen = HashSet::new();
        certificates.retain(|certificate| seen.insert(certificate.fingerprint()));
        Chain::new(certificates).map(|chain| chain.in_order(leaf.is_some()))
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
            self.take_each(&found.certificates, found.leaf)?;
            found.errors.into_iter().for_each(|error| self.note(error.into()));
            return Ok(BundleError::Without("PKCS#12"));
        }
        self.read_der(content)?;
        Ok(BundleError::NotRecognized)
    }

    fn read_keystore(&mut self, content: &[u8], passphrase: Option<&str>) -> Result<(), BundleError> {
        let found = java::certificates(content, Passphrase::new(passphrase), MAX_CERTIFICATES)?;
        self.has_order = false;
        self.take_each(&found.certificates, found.leaf)?;
        if let Some(error) = found.error {
            self.note(error.into());
        }
        Ok(())
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

    /// Those of a container, of which the one at the place `leaf` has its key there.
    fn take_each(&mut self, ders: &[impl AsRef<[u8]>], leaf: Option<usize>) -> Result<(), BundleError> {
        for (place, der) in ders.iter().enumerate() {
            let taken = self.certificates.len();
            self.take_next(der.as_ref())?;
            if leaf == Some(place) && self.certificates.len() > taken {
                self.leaf = Some(taken);
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

pub(super) const CERTIFICATES: &[&str] = &["CERTIFICATE", "X509 CERTIFICATE", TRUSTED];

/// OpenSSL's own format, with settings behind the certificate.
pub(super) const TRUSTED: &str = "TRUSTED CERTIFICATE";

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
mod tests;
