//! How is TLS to be spoken? Whom to trust, which name to expect, which certificate to show, and what this build can do.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::pki_types::ServerName;

use super::identity::ClientIdentity;
use crate::net::Peer;
use crate::time::deadline::Deadline;
use crate::trust::anchors::{Anchors, SoughtPath};
use crate::trust::system;
use crate::x509::Chain;
use crate::x509::certificate::Fingerprint;
use crate::x509::verdict::{Distrust, Verdict};

/// How TLS is to be spoken, and what makes a certificate trusted.
#[derive(Clone, Debug)]
pub(crate) struct TlsSettings {
    /// The name sent as SNI and expected in the certificate.
    pub name: String,
    /// Whether the operator gave that name for TLS, rather than for connecting.
    pub name_is_explicit: bool,
    pub trust: Trust,
    /// Certificates that are trusted by themselves.
    pub pins: Vec<Fingerprint>,
    /// What is shown to a server that asks for a client certificate.
    pub identity: Option<ClientIdentity>,
    /// The anchors that a chain is expected to end at; none if any will do.
    pub expected_anchors: Vec<Fingerprint>,
    /// Whether of several paths to an anchor the shortest is wanted.
    pub is_shortest_path: bool,
    pub offer: Offer,
}

/// What is offered to a server beyond what everybody offers, or less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    pub keys: Keys,
    /// Whether the certificate is all that is wanted, though nobody here can verify that the server has its key.
    pub is_for_reading: bool,
}

/// The kinds of keys that a server is asked to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keys {
    #[default]
    Any,
    Rsa,
    /// EC and Edwards curves, which share their cipher suites.
    Ecdsa,
}

/// Who is trusted to issue certificates.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// Whom the system trusts.
    System,
    /// These only.
    Anchors(Arc<Anchors>),
    /// Nobody asks.
    NotJudged,
}

impl TlsSettings {
    /// Whether `chain` is trusted at `now` (Unix time). The system's anchors are loaded here, and only if they decide.
    pub(crate) fn verdict(&self, chain: &Chain, now: i64, deadline: &Deadline) -> Verdict {
        match &self.trust {
            _ if chain.leaf().is_pinned(&self.pins) => Verdict::Pinned,
            Trust::NotJudged => Verdict::NotJudged,
            Trust::Anchors(anchors) => anchors.verdict(chain, &self.sought(now)),
            Trust::System if !self.pins.is_empty() => Verdict::Untrusted(Distrust::OtherFingerprint),
            Trust::System => system::verdict(chain, &self.sought(now), deadline),
        }
    }

    fn sought(&self, now: i64) -> SoughtPath<'_> {
        SoughtPath { now, anchors: &self.expected_anchors, is_shortest: self.is_shortest_path }
    }

    /// The name for SNI: a DNS name without a dot at its end (RFC 6066, section 3); `None` for an address.
    pub(crate) fn server_name(&self) -> Option<&str> {
        let name = self.name.strip_suffix('.').unwrap_or(&self.name);
        matches!(ServerName::try_from(name), Ok(ServerName::DnsName(_))).then_some(name)
    }

    /// The name that the leaf must be for. One that is known by its fingerprint may be for any name, unless one is asked for.
    pub(crate) fn expected_name(&self, verdict: &Verdict) -> Option<&str> {
        let is_judged = match (verdict, &self.trust) {
            (Verdict::Pinned, _) | (_, Trust::NotJudged) => self.name_is_explicit,
            _ => true,
        };
        is_judged.then_some(self.name.as_str())
    }
}

impl Keys {
    /// Whether such a key signs a handshake with `scheme`.
    pub(crate) fn sign_with(self, scheme: SignatureScheme) -> bool {
        let is_rsa = matches!(u16::from(scheme), 0x0201 | 0x0401 | 0x0501 | 0x0601 | 0x0804..=0x0806 | 0x0809..=0x080b);
        match self {
            Self::Any => true,
            Self::Rsa => is_rsa,
            Self::Ecdsa => !is_rsa,
        }
    }

    /// The ones that are left when such a key has been shown.
    pub(crate) const fn others(self) -> Self {
        match self {
            Self::Rsa => Self::Ecdsa,
            Self::Any | Self::Ecdsa => Self::Rsa,
        }
    }

    /// In words.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Rsa => "RSA",
            Self::Ecdsa => "ECDSA",
        }
    }
}

/// One server that is to be spoken to over TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Approach<'a> {
    pub peer: &'a Peer,
    pub settings: &'a TlsSettings,
    pub deadline: &'a Deadline,
    /// Unix time, for judging trust.
    pub now: i64,
}

pub(crate) const HAS_LEGACY: bool = cfg!(any(feature = "legacy-tls", windows));
