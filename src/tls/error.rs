//! Why is there no TLS connection? The situation in plain words, and what each side offered.

use std::io;

use rustls::{AlertDescription as Alert, CertificateError, Error, InvalidMessage, PeerIncompatible};

use super::possession::KeyError;
use super::served::Served;
use super::settings::HAS_LEGACY;
use super::tap::{has_handshake, other_protocol, server_hello_version};
use super::version::Version;
use crate::net::Peer;
use crate::report::{Class, Failure};
use crate::time::deadline::Expired;
use crate::x509::certificate::CertificateError as Unreadable;
use crate::x509::chain::ChainError;

#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error(transparent)]
    Expired(#[from] Expired),
    #[error("{peer} {how} the connection in the TLS handshake, {}", if *.before_hello { NO_HELLO } else { "after its ServerHello" })]
    Closed {
        peer: Peer,
        /// `closed` or `reset`.
        how: &'static str,
        before_hello: bool,
    },
    #[error("{peer} does not speak TLS on this port: it answers with {spoken}")]
    NotTls { peer: Peer, spoken: &'static str },
    #[error("{peer} demands a client certificate and was shown none: it {how}")]
    ClientCertificateRequired {
        peer: Peer,
        /// How it gave up, such as `sent the alert certificate_required`.
        how: String,
    },
    #[error("{peer} refuses the client certificate: it {how}")]
    ClientCertificateRefused { peer: Peer, how: String },
    #[error("no TLS version and cipher suite in common with {peer}: {theirs}; we offer {ours}")]
    NothingInCommon {
        peer: Peer,
        theirs: String,
        ours: &'static str,
        /// Whether it is the version that it does not speak.
        is_version: bool,
    },
    /// Somebody shows a certificate who has not its key.
    #[error("{peer} does not have the key of the certificate that it shows: {reason}")]
    KeyDisproved { peer: Peer, reason: KeyError },
    /// Somebody shows a certificate and does not sign where its key has to.
    #[error("{peer} does not prove that it has the key of the certificate that it shows: {how}")]
    KeyWithheld {
        peer: Peer,
        /// What it does instead.
        how: String,
    },
    /// The peer's key or certificate cannot be used for a handshake.
    #[error("cannot prove that {peer} has the key of its certificate: {reason}")]
    KeyNotProved { peer: Peer, reason: String },
    #[error("{peer} shows an empty list of certificates in the TLS handshake")]
    NoCertificate { peer: Peer },
    /// More than the modern library takes in one message.
    #[error("{peer} shows certificates of more than 64 KiB in TLS 1.3, which is more than this check reads")]
    TooLarge { peer: Peer },
    #[error("{peer} ended the TLS handshake with the alert {alert}; we offered {ours}")]
    Alert {
        peer: Peer,
        /// Its name in RFC 8446.
        alert: String,
        ours: &'static str,
    },
    #[error("the TLS handshake with {peer} failed: {reason}")]
    Broken { peer: Peer, reason: String },
    /// Of the certificates not all can be read.
    #[error("{peer} serves what cannot be read: {found}")]
    Chain { peer: Peer, found: ChainError, source: Option<Unreadable> },
    #[error("cannot set up TLS: {reason}")]
    Local { reason: String },
}

impl TlsError {
    pub(crate) const fn class(&self) -> Class {
        match self {
            Self::Expired(_) => Class::Timeout,
            Self::Closed { .. } => Class::Closed,
            Self::ClientCertificateRequired { .. } => Class::ClientCertificateRequired,
            Self::ClientCertificateRefused { .. } => Class::Authentication,
            Self::NotTls { .. }
            | Self::NothingInCommon { .. }
            | Self::KeyDisproved { .. }
            | Self::KeyWithheld { .. }
            | Self::KeyNotProved { .. }
            | Self::NoCertificate { .. }
            | Self::TooLarge { .. }
            | Self::Alert { .. }
            | Self::Broken { .. }
            | Self::Chain { .. } => Class::Tls,
            Self::Local { .. } => Class::Local,
        }
    }

    /// Whether an older TLS might succeed: nothing in common, a key too short to prove, or a server that hangs up on the
    /// ClientHello, which is how Windows says that it likes none of the suites.
    pub(crate) const fn may_be_legacy(&self) -> bool {
        match self {
            Self::NothingInCommon { .. } | Self::KeyNotProved { .. } => true,
            Self::Closed { before_hello, .. } => *before_hello,
            _ => false,
        }
    }

    /// The same, of a server that was offered `ours` in more than one hello.
    #[must_use]
    pub(super) fn offered(self, ours: &'static str) -> Self {
        match self {
            Self::NothingInCommon { peer, theirs, is_version, .. } => {
                Self::NothingInCommon { peer, theirs, ours, is_version }
            }
            Self::Alert { peer, alert, .. } => Self::Alert { peer, alert, ours },
            other => other,
        }
    }

    /// The error of a handshake of which the `first` bytes are known.
    pub(super) fn of_handshake(error: &io::Error, peer: &Peer, served: &Served, first: &[u8]) -> Self {
        let peer = peer.clone();
        if let Some(spoken) = other_protocol(first) {
            return Self::NotTls { peer, spoken };
        }
        let refusal = refusal(error);
        if let (true, Some(how)) = (served.client_certificate_asked, &refusal) {
            return Self::of_refusal(peer, how.clone(), served.client_certificate_shown.is_some());
        }
        match rustls_error(error) {
            Some(error) => Self::of_rustls(error, peer, first),
            None => Self::of_hang_up(error, peer, first),
        }
    }

    /// The error of a handshake that the peer ended with `alert`, which is not about our certificate.
    pub(super) fn of_alert(alert: Alert, peer: Peer, ours: &'static str) -> Self {
        let name = alert_name(alert);
        match alert {
            Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity => {
                let (theirs, is_version) =
                    (format!("it answers with the alert {name}"), alert == Alert::ProtocolVersion);
                Self::NothingInCommon { peer, theirs, ours, is_version }
            }
            _ => Self::Alert { peer, alert: name, ours },
        }
    }

    /// The error of a peer whose chain cannot be read in whole.
    pub(super) const fn of_chain(found: ChainError, peer: Peer) -> Self {
        let source = match found {
            ChainError::Unreadable { source, .. } => Some(source),
            ChainError::TooLong => None,
        };
        Self::Chain { peer, found, source }
    }

    /// The error of a peer that has not proved that it has its key.
    pub(super) fn of_key(reason: KeyError, peer: Peer) -> Self {
        match reason {
            KeyError::Wrong | KeyError::Unfit { .. } => Self::KeyDisproved { peer, reason },
            KeyError::Short { .. } | KeyError::Unverifiable { .. } | KeyError::Unreadable => {
                Self::KeyNotProved { peer, reason: reason.to_string() }
            }
        }
    }

    /// The error of a connection that ended during the handshake, after the `first` bytes: a farewell is no ServerHello.
    pub(super) fn of_hang_up(error: &io::Error, peer: Peer, first: &[u8]) -> Self {
        let before_hello = !has_handshake(first);
        let reset = matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe);
        Self::Closed { peer, how: if reset { "reset" } else { "closed" }, before_hello }
    }

    /// The error of a connection that failed after the handshake, where that means the client certificate: in TLS 1.3 the
    /// server's verdict on it comes with the first bytes that are read. `None` if it means something else.
    pub(super) fn of_first_read(error: &io::Error, peer: &Peer, shown: bool) -> Option<Self> {
        let about_certificates = match rustls_error(error) {
            Some(Error::AlertReceived(alert)) => is_about_certificates(*alert),
            // Without any certificate a server that hangs up has said enough; with one it may have had other reasons.
            _ => !shown,
        };
        let how = refusal(error).filter(|_| about_certificates)?;
        Some(Self::of_refusal(peer.clone(), how, shown))
    }

    pub(super) const fn of_refusal(peer: Peer, how: String, shown: bool) -> Self {
        match shown {
            true => Self::ClientCertificateRefused { peer, how },
            false => Self::ClientCertificateRequired { peer, how },
        }
    }

    fn of_version(version: Version, peer: Peer, ours: &'static str) -> Self {
        Self::NothingInCommon { peer, theirs: format!("it chooses {version}"), ours, is_version: true }
    }

    fn of_rustls(error: &Error, peer: Peer, first: &[u8]) -> Self {
        let ours = MODERN_OFFER;
        match error {
            Error::AlertReceived(alert) => Self::of_alert(*alert, peer, ours),
            Error::PeerIncompatible(reason) => {
                let theirs = match (server_hello_version(first), reason) {
                    (Some(version), _) if version < Version::TLS_1_2 => return Self::of_version(version, peer, ours),
                    (_, PeerIncompatible::NoCipherSuitesInCommon) => {
                        "it chooses a suite that was not offered".to_owned()
                    }
                    (_, reason) => format!("it answers what we cannot use ({reason:?})"),
                };
                Self::NothingInCommon { peer, theirs, ours, is_version: false }
            }
            Error::InvalidCertificate(reason) => {
                let ours = match reason {
                    CertificateError::Other(reason) => reason.0.downcast_ref().copied(),
                    _ => None,
                };
                match ours {
                    Some(reason) => Self::of_key(reason, peer),
                    None => Self::KeyNotProved { peer, reason: error.to_string() },
                }
            }
            Error::NoCertificatesPresented => Self::NoCertificate { peer },
            Error::InvalidMessage(
                InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
            ) => Self::TooLarge { peer },
            error => match server_hello_version(first).filter(|version| *version < Version::TLS_1_2) {
                Some(version) => Self::of_version(version, peer, ours),
                None => Self::Broken { peer, reason: error.to_string() },
            },
        }
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        // Nobody has answered anything yet, not even who refused our certificate.
        let mut failure = Self { is_answer: false, ..Self::caused_by(error.class(), &error) };
        if error.may_be_legacy() && !HAS_LEGACY {
            failure.causes.push(LEGACY_HINT.to_owned());
        }
        failure
    }
}

/// `HandshakeFailure` as RFC 8446 spells it: `handshake_failure`.
pub(super) fn alert_name(alert: Alert) -> String {
    let camel = format!("{alert:?}").replace("CA", "Ca").replace("Unrecognised", "Unrecognized");
    let mut name = String::new();
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// How a server says no, in words, if it says it with an alert or by hanging up.
fn refusal(error: &io::Error) -> Option<String> {
    use io::ErrorKind as Kind;

    match rustls_error(error) {
        Some(Error::AlertReceived(alert)) => Some(format!("sent the alert {}", alert_name(*alert))),
        Some(_) => None,
        None => match error.kind() {
            Kind::UnexpectedEof => Some("closed the connection".to_owned()),
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
                Some("reset the connection".to_owned())
            }
            _ => None,
        },
    }
}

fn rustls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

const fn is_about_certificates(alert: Alert) -> bool {
    matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
            | Alert::HandshakeFailure
    )
}

const NO_HELLO: &str = "in answer to our ClientHello, as Windows does without a version and suite in common";

const LEGACY_HINT: &str = "this build speaks TLS 1.2 and 1.3 only; a build with the feature legacy-tls (in its source: cargo \
                           install --path . --features legacy-tls) speaks TLS 1.0 and CBC suites too";

const MODERN_OFFER: &str = "TLS 1.3 and 1.2, ECDHE with AES-GCM or ChaCha20-Poly1305 over X25519, P-256 or P-384";

#[cfg(test)]
mod tests;
