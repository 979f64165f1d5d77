//! How is TLS to be spoken? Whom to trust, which name to expect, which certificate to show, and what this build can do.

use std::sync::Arc;

use rustls::pki_types::ServerName;

use super::identity::ClientIdentity;
use crate::net::Peer;
use crate::time::deadline::Deadline;
use crate::trust::anchors::{Anchors, SoughtPath};
use crate::trust::system;
use crate::x509::Chain;
use crate::x509::algorithm::KeyKind;
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
    /// In DER, a leaf whose key has been proved: in the clear nobody need do it again.
    pub proved_leaf: Option<Vec<u8>>,
    pub offer: Offer,
}

/// What is offered to a server beyond what everybody offers, or less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    pub keys: Keys,
    /// Whether the other kinds are offered as well, behind `keys`.
    pub takes_others: bool,
    /// Whether the certificate is all that is wanted, though nobody here can verify that the server has its key.
    pub is_for_reading: bool,
    /// Whether a handshake offers TLS 1.3 and nothing older, of which all is known.
    pub is_tls_1_3_only: bool,
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

#[cfg(test)]
impl TlsSettings {
    /// With whoever is asked for by `name`, wherever its certificate is from.
    pub(crate) fn of_a_test(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            name_is_explicit: true,
            trust: Trust::NotJudged,
            pins: Vec::new(),
            identity: None,
            expected_anchors: Vec::new(),
            is_shortest_path: false,
            proved_leaf: None,
            offer: Offer::default(),
        }
    }
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

impl Offer {
    /// Of what such `kinds` of keys are good for, that which is to be offered, the wanted in front.
    pub(crate) fn of<T: Copy>(self, all: impl IntoIterator<Item = T>, kind: impl Fn(T) -> Keys) -> Vec<T> {
        let is_wanted = |each: &T| self.keys == Keys::Any || kind(*each) == self.keys;
        let (mut offered, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_wanted);
        if self.takes_others {
            offered.extend(others);
        }
        offered
    }
}

impl Keys {
    /// Those that a key belongs to.
    pub(crate) const fn of(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Rsa => Self::Rsa,
            KeyKind::Ec(_) | KeyKind::Ed25519 | KeyKind::Ed448 => Self::Ecdsa,
            KeyKind::Dsa | KeyKind::Other => Self::Any,
        }
    }

    /// Those that sign with this SignatureScheme, or SignatureAndHashAlgorithm of TLS 1.2: the hash in front, the kind of key
    /// behind it.
    pub(crate) const fn that_sign(scheme: u16) -> Self {
        match (scheme, scheme & 0xff) {
            (0x0804..=0x0806 | 0x0809..=0x080b, _) | (0..=0x06ff, 1) => Self::Rsa,
            (0x0807 | 0x0808 | 0x081a..=0x081c, _) | (0..=0x06ff, 3) => Self::Ecdsa,
            _ => Self::Any,
        }
    }

    /// The ones to ask for when such a key has been shown.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scheme_belongs_to_the_keys_that_sign_with_it() {
        for (keys, schemes) in [
            (Keys::Rsa, &[0x0101, 0x0201, 0x0301, 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806, 0x0809, 0x080b][..]),
            (Keys::Ecdsa, &[0x0203, 0x0303, 0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081a, 0x081c]),
            (Keys::Any, &[0x0202, 0x0402, 0x0708, 0x0905]),
        ] {
            for scheme in schemes {
                assert_eq!(Keys::that_sign(*scheme), keys, "{scheme:04x}");
            }
        }
    }

    #[test]
    fn the_wanted_come_alone_or_in_front() {
        let all = [0x0403, 0x0804, 0x0202, 0x0503, 0x0401];
        let offered = |keys, takes_others| Offer { keys, takes_others, ..Offer::default() }.of(all, Keys::that_sign);
        assert_eq!(offered(Keys::Any, false), all);
        assert_eq!(offered(Keys::Rsa, false), [0x0804, 0x0401]);
        assert_eq!(offered(Keys::Rsa, true), [0x0804, 0x0401, 0x0403, 0x0202, 0x0503]);
        assert_eq!(offered(Keys::Ecdsa, true), [0x0403, 0x0503, 0x0804, 0x0202, 0x0401]);
    }
}
