//! What did a TLS server show of itself? Version, suite, certificates, and what it asked for.

use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::clear::flight::Flight;
use super::version::{Suite, Version};
use crate::report::{Class, Failure};
use crate::x509::Chain;
use crate::x509::verdict::Verdict;

/// What a TLS server showed, whether or not the handshake came to its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    pub version: Option<Version>,
    pub suite: Option<Suite>,
    pub chain: Option<Chain>,
    pub verdict: Verdict,
    /// Whether it has proved that it has the leaf's key.
    pub key_is_proved: bool,
    pub client_certificate_asked: bool,
    /// The subject of the client certificate that it was shown.
    pub client_certificate_shown: Option<String>,
    /// How long the handshake took, if it came to its end.
    pub took: Option<Duration>,
    /// Why the modern backend gave way to the legacy one, if it did.
    pub fell_back: Option<String>,
}

/// What was seen of a handshake, whoever led it, before its certificates are read.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// As served, the leaf first.
    pub certificates: Vec<CertificateDer<'static>>,
    pub served: Served,
}

impl From<&Flight> for Seen {
    fn from(flight: &Flight) -> Self {
        let served = Served {
            version: flight.version,
            suite: flight.suite,
            client_certificate_asked: flight.client_certificate_asked,
            ..Served::default()
        };
        Self { certificates: flight.certificates.iter().map(|der| der.clone().into()).collect(), served }
    }
}

impl Served {
    /// The finding that an obsolete version is.
    pub(crate) fn obsolescence(&self) -> Option<Failure> {
        self.version.and_then(Version::obsolescence)
    }

    /// The finding that a client certificate is which was asked for in vain.
    pub(crate) fn unmet_demand(&self) -> Option<Failure> {
        (self.client_certificate_asked && self.client_certificate_shown.is_none()).then(|| {
            let text = "the server asks for a client certificate and was shown none";
            Failure::new(Class::ClientCertificateRequired, text)
        })
    }

    /// Facts for `-v`: names in snake_case and values.
    pub(crate) fn diagnostics(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        facts.extend(self.version.map(|version| ("tls_version", version.to_string())));
        facts.extend(self.suite.map(|suite| ("tls_cipher_suite", suite.to_string())));
        facts.extend(self.fell_back.as_ref().map(|reason| ("tls_legacy_because", reason.clone())));
        if self.version.is_some() || self.chain.is_some() {
            let asked = match (self.client_certificate_asked, &self.client_certificate_shown) {
                (false, _) => "not demanded",
                (true, None) => "demanded, none presented",
                (true, Some(_)) => "demanded and presented",
            };
            facts.push(("client_certificate", asked.to_owned()));
        }
        if let Some(chain) = &self.chain {
            let proved = if self.key_is_proved { "proved" } else { "not proved" };
            facts.push(("key_possession", proved.to_owned()));
            facts.push(("certificate", format!("{} from {}", chain.leaf().subject(), chain.leaf().issuer())));
            facts.push(("fingerprint_sha256", chain.leaf().fingerprint().to_string()));
            facts.push(("chain_length", chain.iter().count().to_string()));
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::chain::tests::{Template, certificate, chain};

    #[test]
    fn whether_a_client_certificate_is_demanded_is_said_as_soon_as_anything_is_known() {
        let said = |served: Served| {
            served.diagnostics().into_iter().find(|(name, _)| *name == "client_certificate").map(|(_, said)| said)
        };
        let (version, shown) = (Some(Version::TLS_1_2), Some(chain([&certificate(Template::default())])));
        assert_eq!(said(Served::default()), None);
        for served in [Served { version, ..Served::default() }, Served { chain: shown, ..Served::default() }] {
            assert_eq!(said(served.clone()).as_deref(), Some("not demanded"));
            let asked = Served { client_certificate_asked: true, ..served };
            assert_eq!(said(asked).as_deref(), Some("demanded, none presented"));
        }
    }
}
