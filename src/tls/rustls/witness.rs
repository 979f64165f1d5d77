//! What does the server show during the handshake? A verifier that proves possession of the key, records the chain and judges nothing.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, SignatureScheme};

use crate::tls::possession::{KeyError, check_possession};
use crate::tls::served::Seen;
use crate::tls::settings::{Keys, Offer};
use crate::tls::version::Version;
use crate::trust::signature::{UNVERIFIABLE_SCHEMES, handshake_schemes};

/// Sees the handshake. Trust, name and validity are judged afterwards, each as a class of its own: a verifier that said no
/// would leave nothing to report on.
pub(super) struct Witness {
    seen: Mutex<Seen>,
    offer: Offer,
    identity: Option<Arc<CertifiedKey>>,
}

impl Witness {
    /// A witness that shows `identity` when asked for a client certificate.
    pub(super) fn new(offer: Offer, identity: Option<Arc<CertifiedKey>>) -> Arc<Self> {
        Arc::new(Self { seen: Mutex::default(), offer, identity })
    }

    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signed(&self, version: Version, checked: Result<(), KeyError>) -> Result<HandshakeSignatureValid, Error> {
        let mut seen = self.lock();
        // Until the handshake ends nothing else gives it away.
        seen.served.version = Some(version);
        seen.served.key_is_proved = checked.is_ok();
        checked
            .map(|()| HandshakeSignatureValid::assertion())
            .map_err(|error| Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error)))))
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
        self.signed(Version::TLS_1_2, check_possession(leaf, signature.scheme, message, signature.signature()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // RFC 8446, section 4.4.3: not with PKCS#1.
        if is_pkcs1(signature.scheme) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        self.signed(Version::TLS_1_3, check_possession(leaf, signature.scheme, message, signature.signature()))
    }

    /// These bind the signatures of the whole chain, too (RFC 8446, section 4.2.3: rustls has no list of its own for them).
    /// So PKCS#1 is always among them: in TLS 1.3 no handshake is signed so, and up to TLS 1.2 the suite says whose
    /// certificate is shown.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let more = if self.offer.is_for_reading { UNVERIFIABLE_SCHEMES } else { &[] };
        let all = handshake_schemes().into_iter().chain(more.iter().copied());
        let kind = |scheme: SignatureScheme| {
            if is_pkcs1(scheme) { self.offer.keys } else { Keys::that_sign(scheme.into()) }
        };
        self.offer.of(all, kind)
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

const fn is_pkcs1(scheme: SignatureScheme) -> bool {
    use SignatureScheme as S;

    matches!(scheme, S::RSA_PKCS1_SHA1 | S::RSA_PKCS1_SHA256 | S::RSA_PKCS1_SHA384 | S::RSA_PKCS1_SHA512)
}
