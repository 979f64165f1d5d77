//! Which trust anchors does this system have for a chain? Read only when there is a chain to be judged.
//!
//! Only the roots that could have issued a certificate of the chain are decoded in whole and parsed: a system has about 150, of
//! which each takes longer than all the rest of a check. Windows keeps no file of them and has only a few until it is asked for others: there
//! it names the one for a chain.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
#[cfg(windows)]
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use rustls::pki_types::CertificateDer;

use super::anchors::{Anchors, SoughtPath, Unread};
use crate::container::bundle;
use crate::container::roots::{self, Root};
use crate::input::file;
use crate::time::deadline::Deadline;
use crate::time::stage;
use crate::x509::distinguished_name::is_same_name;
use crate::x509::verdict::{Distrust, Verdict};
use crate::x509::{Certificate, Chain};

/// Whether `chain` leads to one of the system's trust anchors, which may take until `deadline`.
pub(crate) fn verdict(chain: &Chain, sought: &SoughtPath<'_>, deadline: &Deadline) -> Verdict {
    let _stage = stage::enter_file("reading the system's trust anchors");
    if let Some(verdict) = of_windows(chain, sought, deadline) {
        return verdict;
    }
    let is_final = |verdict: &Verdict| {
        // With a directory named as well, whom the bundle does not know may be in there.
        let is_known = verdict.is_trusted() || matches!(verdict, Verdict::Untrusted(Distrust::Rejected { .. }));
        is_known || env::var_os("SSL_CERT_DIR").is_none()
    };
    match bundle().map(|bundle| bundle.verdict(chain, sought)).filter(is_final) {
        Some(verdict) => verdict,
        None => match of_platform() {
            Ok(anchors) => Anchors::new(anchors).verdict(chain, sought),
            Err(reason) => Verdict::Untrusted(Distrust::NoAnchors(reason)),
        },
    }
}

/// By the one root that Windows trusts for the chain, unless the operator names others as for OpenSSL.
#[cfg(windows)]
fn of_windows(chain: &Chain, sought: &SoughtPath<'_>, deadline: &Deadline) -> Option<Verdict> {
    if env::var_os("SSL_CERT_FILE").is_some() || env::var_os("SSL_CERT_DIR").is_some() {
        return None;
    }
    // Half of what is left, so that there is a verdict before the end; a root that takes longer will not come.
    let patience = (deadline.remaining(Instant::now()) / 2).min(MAX_PATIENCE);
    Some(match super::windows::trusted_root(chain, patience) {
        Ok(root) => Anchors::new(root.into_iter().collect()).verdict(chain, sought),
        Err(error) => Verdict::Untrusted(Distrust::NoAnchors(format!("{error}: {}", error.error))),
    })
}

#[cfg(not(windows))]
const fn of_windows(_: &Chain, _: &SoughtPath<'_>, _: &Deadline) -> Option<Verdict> {
    None
}

/// Those of `roots` whose subject is one of `issuers`: byte for byte, or as people read names.
fn possible<'a>(roots: &'a [Root], issuers: &[&[u8]]) -> impl Iterator<Item = &'a Root> {
    let read = &issuers[..issuers.len().min(MAX_READ_NAMES)];
    roots.iter().filter(move |root| {
        let subject = root.subject.as_slice();
        issuers.contains(&subject) || read.iter().any(|issuer| is_same_name(issuer, subject))
    })
}

/// What is in the file of all roots.
struct Bundle {
    roots: Vec<Root>,
    /// Those that the file does not trust for servers.
    rejected: Vec<Root>,
    /// What cannot be read.
    unread: Option<Unread>,
}

impl Bundle {
    /// By the roots that could have issued a certificate of `chain`, and those of it that are rejected.
    fn verdict(&self, chain: &Chain, sought: &SoughtPath<'_>) -> Verdict {
        let issuers: Vec<_> = chain.iter().map(Certificate::issuer_der).collect();
        let roots = possible(&self.roots, &issuers).filter_map(Root::der).map(CertificateDer::from).collect();
        let is_shown = |der: &Vec<u8>| chain.iter().any(|shown| shown.der == *der);
        let rejected = self.rejected.iter().filter_map(Root::der).filter(is_shown);
        let anchors = Anchors::new(roots).but_not(rejected.map(CertificateDer::from).collect());
        anchors.but_for(self.unread.clone()).verdict(chain, sought)
    }
}

/// Every root of the system; read once for all addresses of a name, and again if there was nothing to read.
fn bundle() -> Option<&'static Bundle> {
    static BUNDLE: OnceCell<Bundle> = OnceCell::new();
    let read = || -> Option<_> {
        let path = bundle_path()?;
        let content = file::read(&path, MAX_BUNDLE).ok()?;
        let mut unread = None;
        let roots = roots::roots(&content).filter_map(|root| {
            root.map_err(|error| {
                unread.get_or_insert_with(|| Unread {
                    place: format!("{}: {error}", path.display()),
                    may_reject: bundle::may_reject(&content),
                });
            })
            .ok()
        });
        let (roots, rejected): (Vec<_>, Vec<_>) = roots.partition(|root| root.is_for_servers);
        (!roots.is_empty()).then_some(Bundle { roots, rejected, unread })
    };
    BUNDLE.get_or_try_init(|| read().ok_or(())).ok()
}

fn bundle_path() -> Option<PathBuf> {
    bundle_beside(env::var_os("SSL_CERT_FILE"), env::var_os("SSL_CERT_DIR").is_some())
}

/// The file that holds all roots: the one that the operator names, as for OpenSSL, else the first of those that systems have. Where
/// a directory is named alone there is none.
fn bundle_beside(named: Option<OsString>, has_directory: bool) -> Option<PathBuf> {
    match named {
        Some(path) => Some(path.into()),
        None if has_directory => None,
        None => BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file()),
    }
}

/// Everything that the platform trusts.
fn of_platform() -> Result<Vec<CertificateDer<'static>>, String> {
    let loaded = rustls_native_certs::load_native_certs();
    match loaded.certs.is_empty() {
        false => Ok(loaded.certs),
        true => Err(loaded.errors.first().map_or_else(|| "this system has none".to_owned(), ToString::to_string)),
    }
}

/// Only a stranger shows more.
const MAX_READ_NAMES: usize = 16;

const MAX_BUNDLE: u64 = 4 * 1024 * 1024;

/// Where Linux distributions and BSDs keep all their roots in one file.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// How long Windows may take to fetch a root from its maker.
#[cfg(windows)]
const MAX_PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::chain::tests::{Template, ca, chain, leaf_to_root, three};

    /// What a file has of these.
    fn held(certificates: &[&Certificate]) -> Vec<Root> {
        let text = |certificate: &&Certificate| {
            let base64 = data_encoding::BASE64.encode(&certificate.der);
            format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
        };
        let text: String = certificates.iter().map(text).collect();
        roots::roots(text.as_bytes()).map(Result::unwrap).collect()
    }

    #[test]
    fn untrusted_when_the_system_rejects_the_one_certificate_that_is_shown() {
        let [leaf, issuing, other] = leaf_to_root();
        for (rejected, expected) in [(&leaf, Some("cas1.example.com")), (&other, None)] {
            let bundle = Bundle { roots: held(&[&issuing]), rejected: held(&[rejected]), unread: None };
            let said = bundle.verdict(&chain([&leaf]), &SoughtPath::first(0));
            let subject = match &said {
                Verdict::Untrusted(Distrust::Rejected { subject }) => Some(subject.as_str()),
                _ => None,
            };
            assert_eq!((subject, said.is_trusted()), (expected, expected.is_none()), "{said:?}");
        }
    }

    #[test]
    fn only_the_roots_that_could_have_issued_the_chain_are_taken() {
        let [leaf, intermediate, root] = leaf_to_root();
        let issuers = [leaf.issuer_der(), intermediate.issuer_der()];
        let roots = held(&[&root, &intermediate]);
        let found = |issuers: &[&[u8]]| possible(&roots, issuers).filter_map(Root::der).collect::<Vec<_>>();
        assert_eq!(found(&issuers), [root.der.clone(), intermediate.der.clone()]);
        assert_eq!(found(&issuers[..1]), std::slice::from_ref(&intermediate.der));
        assert_eq!(found(&[]), [b""; 0]);
        let [written_otherwise, ..] = three(Template::default(), ca("ISSUING", (0, 900)), ca("Root", (0, 900)));
        assert_eq!(found(&[written_otherwise.issuer_der()]), [intermediate.der]);
    }

    #[test]
    fn untrusted_when_the_system_knows_no_issuer() {
        let [leaf, intermediate, _] = leaf_to_root();
        let deadline = Deadline::new(std::time::Instant::now(), std::time::Duration::from_secs(10));
        assert!(matches!(
            verdict(&chain([&leaf, &intermediate]), &SoughtPath::first(0), &deadline),
            Verdict::Untrusted(_)
        ));
    }

    #[test]
    fn the_roots_are_those_of_the_system_unless_the_operator_names_others() {
        let named = || Some(OsString::from("roots.pem"));
        assert_eq!(bundle_beside(named(), false), Some("roots.pem".into()));
        assert_eq!(bundle_beside(named(), true), Some("roots.pem".into()));
        assert_eq!(bundle_beside(None, true), None);
        let of_system = BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file());
        assert_eq!(bundle_beside(None, false), of_system);
    }

    #[test]
    fn a_system_without_roots_says_so() {
        assert!(of_platform().map_or(true, |roots| !roots.is_empty()));
    }
}
