//! Who are we? A client certificate with its key, from PEM.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::container::bundle::{self, BundleError};
use crate::container::pem::{self, PemError};
use crate::container::pkcs8::{self, DecryptionError};
use crate::x509::{Certificate, Chain};

/// A client certificate that can be presented.
#[derive(Clone)]
pub struct ClientIdentity {
    /// The certificate's subject.
    pub subject: String,
    pub(super) key: Arc<CertifiedKey>,
    /// The chain, leaf first, in DER.
    #[cfg_attr(not(any(windows, feature = "legacy-tls")), expect(dead_code, reason = "rustls has its own copy"))]
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// The private key in DER.
    #[cfg_attr(not(any(windows, feature = "legacy-tls")), expect(dead_code, reason = "rustls has its own copy"))]
    pub(super) private_key: Arc<PrivateKeyDer<'static>>,
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientIdentity({}, key masked)", self.subject)
    }
}

/// What is wrong with a certificate or key file. Nothing of the content is shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The PEM is broken.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// There is no certificate, or one that cannot be read.
    #[error(transparent)]
    Certificate(#[from] BundleError),
    /// There is no key.
    #[error(
        "expected a PEM block PRIVATE KEY, ENCRYPTED PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY (openssl pkcs12 -nocerts \
         takes one out of a PKCS#12, for --client-key)"
    )]
    NoKey,
    /// A key of a kind that cannot sign here.
    #[error("line {0}: expected an RSA key of 2048 bits or more, or an EC key on P-256 or P-384, or Ed25519")]
    BadKey(usize),
    /// OpenSSL's traditional encryption, a single round of MD5.
    #[error("line {0}: expected an encrypted key in PKCS#8 (openssl pkcs8 -topk8 converts it)")]
    TraditionalEncryption(usize),
    /// The key is encrypted, and there is no passphrase.
    #[error("line {0}: the key is encrypted: expected --passphrase-file or --passphrase-env too")]
    NoPassphrase(usize),
    /// The passphrase does not fit.
    #[error("line {0}: the key cannot be decrypted: expected its passphrase")]
    NotDecrypted(usize),
    /// The encryption is not known.
    #[error("line {line}: the key is encrypted with {id}: expected AES, Camellia, DES, RC2 or RC4 under a passphrase")]
    Encryption {
        /// The line of its `BEGIN`.
        line: usize,
        /// The algorithm's object identifier.
        id: String,
    },
    /// To derive the key takes too long.
    #[error("line {0}: the key is too costly to decrypt: expected fewer iterations, and scrypt within 16 MiB")]
    Costly(usize),
    /// It is not well-formed.
    #[error("line {0}: expected an encrypted key in PKCS#8, and well-formed")]
    Malformed(usize),
    /// Certificate and key do not belong together.
    #[error("expected the key of the certificate, found another one")]
    KeyMismatch,
}

/// Reads the certificates, leaf first, of a file; what else it holds is skipped, but each of them must be readable.
pub fn certificates(content: &[u8], passphrase: Option<&str>) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let mut bundle = bundle::read(content, passphrase)?;
    match bundle.errors.pop() {
        Some(error) => Err(error.into()),
        None => Ok(bundle.chain().into_iter().flat_map(Chain::into_ders).map(CertificateDer::from).collect()),
    }
}

/// Reads a private key of a PEM text.
pub fn private_key(content: &[u8], passphrase: Option<&str>) -> Result<(PrivateKeyDer<'static>, usize), IdentityError> {
    let mut broken = None;
    let mut blocks = pem::blocks(content).filter_map(|block| block.map_err(|error| broken.get_or_insert(error)).ok());
    let block = blocks.find(|block| block.label.ends_with("PRIVATE KEY"));
    drop(blocks);
    let block = block.ok_or_else(|| broken.map_or(IdentityError::NoKey, Into::into))?;
    let line = block.line;
    if block.has_headers {
        return Err(IdentityError::TraditionalEncryption(line));
    }
    let key = match block.label {
        "ENCRYPTED PRIVATE KEY" => PrivateKeyDer::Pkcs8(decrypted(&block.der, line, passphrase)?.into()),
        "PRIVATE KEY" => PrivateKeyDer::Pkcs8(block.der.into()),
        "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(block.der.into()),
        "EC PRIVATE KEY" => PrivateKeyDer::Sec1(block.der.into()),
        _ => return Err(IdentityError::NoKey),
    };
    Ok((key, line))
}

impl ClientIdentity {
    /// From a chain, leaf first, and the key of its leaf with the line it was found at.
    pub(crate) fn new(
        chain: Vec<CertificateDer<'static>>,
        (key, line): (PrivateKeyDer<'static>, usize),
    ) -> Result<Self, IdentityError> {
        let leaf = chain.first().ok_or(BundleError::NoCertificate)?;
        let bad = |source| BundleError::BadCertificate { number: 1, source };
        let subject = Certificate::from_der(leaf).map_err(bad)?.subject();
        let private_key = Arc::new(key.clone_key());
        let certified = CertifiedKey::from_der(chain.clone(), key, &ring::default_provider());
        let key = certified.map(Arc::new).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => IdentityError::KeyMismatch,
            _ => IdentityError::BadKey(line),
        })?;
        Ok(Self { subject, key, chain, private_key })
    }
}

fn decrypted(encrypted: &[u8], line: usize, passphrase: Option<&str>) -> Result<Vec<u8>, IdentityError> {
    let passphrase = passphrase.ok_or(IdentityError::NoPassphrase(line))?;
    pkcs8::decrypt(encrypted, passphrase).map_err(|error| match error {
        DecryptionError::Passphrase => IdentityError::NotDecrypted(line),
        DecryptionError::Unknown(id) => IdentityError::Encryption { line, id },
        DecryptionError::Costly => IdentityError::Costly(line),
        DecryptionError::Malformed => IdentityError::Malformed(line),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &[u8] = include_bytes!("../../tests/fixtures/x509/client.pem");
    const KEY: &[u8] = include_bytes!("../../tests/fixtures/x509/client-key.pem");
    const ENCRYPTED: &[u8] = include_bytes!("../../tests/fixtures/x509/client-key-encrypted.pem");
    const OTHER: &[u8] = include_bytes!("../../tests/fixtures/x509/other-key.pem");

    fn identity(certificate: &[u8], key: &[u8], passphrase: Option<&str>) -> Result<ClientIdentity, IdentityError> {
        ClientIdentity::new(certificates(certificate, None)?, private_key(key, passphrase)?)
    }

    #[test]
    fn a_certificate_with_its_key() {
        assert_eq!(identity(CERTIFICATE, KEY, None).unwrap().subject, "CN=client.example.com");
        assert_eq!(identity(CERTIFICATE, ENCRYPTED, Some("open sesame")).unwrap().subject, "CN=client.example.com");
    }

    #[test]
    fn an_encrypted_key_needs_the_right_passphrase() {
        assert_eq!(identity(CERTIFICATE, ENCRYPTED, None).unwrap_err(), IdentityError::NoPassphrase(1));
        assert_eq!(identity(CERTIFICATE, ENCRYPTED, Some("shut")).unwrap_err(), IdentityError::NotDecrypted(1));
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        assert_eq!(identity(CERTIFICATE, OTHER, None).unwrap_err(), IdentityError::KeyMismatch);
    }

    #[test]
    fn errors_name_what_is_missing_and_quote_nothing() {
        let error = identity(b"root:x:0:0", KEY, None).unwrap_err();
        assert_eq!(error, IdentityError::Certificate(BundleError::NotRecognized));
        assert!(!error.to_string().contains("root"));
        assert_eq!(identity(CERTIFICATE, b"root:x:0:0", None).unwrap_err(), IdentityError::NoKey);
        let traditional =
            b"\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(private_key(traditional, Some("x")).unwrap_err(), IdentityError::TraditionalEncryption(2));
    }

    #[test]
    fn a_key_is_read_as_what_its_label_says() {
        let read = |label: &str| {
            let text = format!("\n-----BEGIN {label}-----\nAQID\n-----END {label}-----\n");
            private_key(text.as_bytes(), None)
        };
        assert!(matches!(read("PRIVATE KEY"), Ok((PrivateKeyDer::Pkcs8(_), 2))));
        assert!(matches!(read("RSA PRIVATE KEY"), Ok((PrivateKeyDer::Pkcs1(_), 2))));
        assert!(matches!(read("EC PRIVATE KEY"), Ok((PrivateKeyDer::Sec1(_), 2))));
        assert_eq!(read("DSA PRIVATE KEY").unwrap_err(), IdentityError::NoKey);
    }

    #[test]
    fn debugging_shows_no_key() {
        let shown = format!("{:?}", identity(CERTIFICATE, KEY, None).unwrap());
        assert_eq!(shown, "ClientIdentity(CN=client.example.com, key masked)");
    }
}
