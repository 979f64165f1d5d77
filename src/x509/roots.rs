//! Which trust anchors does this system have? Read only when a chain is there to be judged by them.

use rustls::pki_types::CertificateDer;

use super::chain::Chain;
use super::trust::{Anchors, Distrust, Verdict};

/// Whether `chain` leads to one of the system's trust anchors.
pub fn verdict(chain: &Chain, now: i64) -> Verdict {
    let loaded = rustls_native_certs::load_native_certs();
    if loaded.certs.is_empty() {
        let reason = loaded.errors.first().map_or_else(|| "this system has none".to_owned(), ToString::to_string);
        return Verdict::Untrusted(Distrust::NoAnchors(reason));
    }
    let certificates: Vec<CertificateDer<'static>> = loaded.certs;
    Anchors::new(certificates).verdict(chain, now)
}
