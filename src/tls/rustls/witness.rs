//! What does the server show during the handshake? A verifier that proves possession of the key, records the chain and judges nothing.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use crate::tls::served::Seen;
use crate::tls::version::Version;

/// Sees the handshake. Trust, name and validity are judged afterwards, each as a class of its own: a verifier that said no
/// would leave nothing to report on.
pub(super) struct Witness {
    seen: Mutex<Seen>,
    algorithms: WebPkiSupportedAlgorithms,
    identity: Option<Arc<CertifiedKey>>,
}

impl Witness {
    /// A witness that shows `identity` when asked for a client certificate.
    pub(super) fn new(algorithms: WebPkiSupportedAlgorithms, identity: Option<Arc<CertifiedKey>>) -> Arc<Self> {
        Arc::new(Self { seen: Mutex::default(), algorithms, identity })
    }

    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signed(
        &self,
        version: Version,
        valid: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        let mut seen = self.lock();
        // Until the handshake ends nothing else gives it away.
        seen.served.version = Some(version);
        seen.served.key_is_proved = valid.is_ok();
        valid
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let others = others.iter().map(|certificate| certificate.clone().into_owned());
        self.lock().certificates = std::iter::once(leaf.clone().into_owned()).chain(others).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(Version::TLS_1_2, verify_tls12_signature(message, leaf, signature, &self.algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(Version::TLS_1_3, verify_tls13_signature(message, leaf, signature, &self.algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // The hints name the issuers that the server likes; it may like ours all the same, and says so better than we could.
        self.lock().served.client_certificate_asked = true;
        self.identity.clone()
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}
