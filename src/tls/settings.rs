//! How is TLS to be spoken? Whom to trust, which name to expect, which certificate to show, and what this build can do.

use std::sync::Arc;

use super::identity::ClientIdentity;
use crate::net::Peer;
use crate::time::deadline::Deadline;
use crate::trust::anchors::Anchors;
use crate::trust::system;
use crate::x509::Chain;
use crate::x509::certificate::Fingerprint;
use crate::x509::verdict::{Distrust, Verdict};

/// How TLS is to be spoken, and what makes a certificate trusted.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// The name sent as SNI and expected in the certificate.
    pub name: String,
    /// Whether the operator gave that name for TLS, rather than for connecting.
    pub name_is_explicit: bool,
    pub trust: Trust,
    /// Certificates that are trusted by themselves.
    pub pins: Vec<Fingerprint>,
    /// What is shown to a server that asks for a client certificate.
    pub identity: Option<ClientIdentity>,
}

/// Who is trusted to issue certificates.
#[derive(Clone, Debug)]
pub enum Trust {
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
            Trust::Anchors(anchors) => anchors.verdict(chain, now),
            Trust::System if !self.pins.is_empty() => Verdict::Untrusted(Distrust::OtherFingerprint),
            Trust::System => system::verdict(chain, now, deadline),
        }
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
