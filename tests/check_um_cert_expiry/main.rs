//! Does check_um_cert_expiry find the dates on every kind of server and in every kind of file? The real binary, real peers.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

#[path = "../support/mod.rs"]
mod support;

mod advice;
mod bundles;
#[cfg(not(windows))]
mod chains;
mod containers;
mod files;
mod kinds;
mod possession;
mod second_look;
mod starttls;
mod wire;

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use support::tls::OpenSsl;
use support::{Outcome, host, plugin, run_command};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

const NAME: &str = "check_um_cert_expiry";

fn run(arguments: &[&str]) -> Outcome {
    run_command(plugin(NAME).args(arguments))
}

/// A certificate to be made: its name, and the hours from now at which its validity begins and ends.
struct Wanted {
    name: &'static str,
    hours: (i64, i64),
    alternatives: usize,
}

impl Wanted {
    const fn new(name: &'static str, from: i64, to: i64) -> Self {
        Self { name, hours: (from, to), alternatives: 1 }
    }

    fn params(&self, is_ca: bool) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, self.name);
        // A minute is added so that the hours are still left when they are looked at.
        let at = |hours: i64| OffsetDateTime::now_utc() + Duration::hours(hours) + Duration::minutes(1);
        (params.not_before, params.not_after) = (at(self.hours.0), at(self.hours.1));
        if is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            return params;
        }
        let names = (0..self.alternatives).map(|number| format!("{number}.example.com"));
        params.subject_alt_names = names.map(|name| SanType::DnsName(name.try_into().unwrap())).collect();
        params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
        params
    }
}

/// Certificates on disk for as long as this lives.
struct Made {
    directory: TempDir,
}

impl Made {
    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    fn holding(name: &str, content: &[u8]) -> Self {
        let made = Self { directory: tempfile::tempdir().unwrap() };
        std::fs::write(made.file(name), content).unwrap();
        made
    }

    /// `leaf.pem`, `issuing.pem`, `root.pem`, `key.pem`.
    fn chain(leaf: &Wanted, intermediate: &Wanted, root: &Wanted) -> Self {
        let keys = [(); 3].map(|()| KeyPair::generate().unwrap());
        let (leaf, intermediate, root) = (leaf.params(false), intermediate.params(true), root.params(true));
        let root_pem = root.self_signed(&keys[2]).unwrap().pem();
        let root_issuer = Issuer::from_params(&root, &keys[2]);
        let intermediate_pem = intermediate.signed_by(&keys[1], &root_issuer).unwrap().pem();
        let leaf_pem = leaf.signed_by(&keys[0], &Issuer::from_params(&intermediate, &keys[1])).unwrap().pem();
        let made = Self::holding("root.pem", root_pem.as_bytes());
        std::fs::write(made.file("leaf.pem"), leaf_pem).unwrap();
        std::fs::write(made.file("issuing.pem"), intermediate_pem).unwrap();
        std::fs::write(made.file("key.pem"), keys[0].serialize_pem()).unwrap();
        made
    }

    /// A server of the chain.
    fn serve(&self, arguments: &str) -> Option<OpenSsl> {
        let chain = host::path(self.file("issuing.pem"));
        OpenSsl::serve_files(&self.file("leaf.pem"), &self.file("key.pem"), &format!("-cert_chain {chain} {arguments}"))
    }

    /// `leaf.pem`, self-signed, `leaf.der`, and `key.pem`.
    fn leaf(leaf: &Wanted) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf.params(false).self_signed(&key).unwrap();
        let made = Self::holding("leaf.pem", certificate.pem().as_bytes());
        std::fs::write(made.file("key.pem"), key.serialize_pem()).unwrap();
        std::fs::write(made.file("leaf.der"), certificate.der()).unwrap();
        made
    }
}

const DAY: i64 = 24;
