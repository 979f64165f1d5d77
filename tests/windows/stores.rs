//! Are the certificates of a Windows store found and judged? Certificates of the test's own, in stores of the current user.

#![allow(unsafe_code, reason = "the certificates get into the stores through C functions only")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::ptr;
use std::slice;
use std::thread;

use check_um::door::container::store::Thumbprint;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use time::{Duration, OffsetDateTime};
use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_STORE_ADD_REPLACE_EXISTING, CERT_STORE_PROV_SYSTEM_W, CERT_SYSTEM_STORE_CURRENT_USER,
    CertAddEncodedCertificateToStore, CertCloseStore, CertDeleteCertificateFromStore, CertEnumCertificatesInStore,
    CertOpenStore, CertUnregisterSystemStore, HCERTSTORE, X509_ASN_ENCODING,
};

use crate::support::tls::flight;
use crate::support::{Outcome, perfdata, plugin, run_command};

const NAME: &str = "check_um_cert_expiry";

/// A certificate in a store of the current user, gone when dropped.
struct Stored {
    store: String,
    thumbprint: Thumbprint,
}

impl Stored {
    fn in_store(store: &str, der: &[u8]) -> Self {
        let length = u32::try_from(der.len()).unwrap();
        // SAFETY: the store is open; the bytes outlive the call, which copies them. No context is asked back: Wine writes
        // a store only when nothing of it is in use any more.
        let added = with(store, |store| unsafe {
            let (kind, replace) = (X509_ASN_ENCODING, CERT_STORE_ADD_REPLACE_EXISTING);
            CertAddEncodedCertificateToStore(store, kind, der.as_ptr(), length, replace, ptr::null_mut())
        });
        assert_ne!(added, 0, "{}", std::io::Error::last_os_error());
        Self { store: store.to_owned(), thumbprint: Thumbprint::of_der(der) }
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        // SAFETY: the store is open; the context before is freed by the enumeration, the last one by its deletion.
        with(&self.store, |store| unsafe {
            let mut context: *const CERT_CONTEXT = ptr::null();
            loop {
                context = CertEnumCertificatesInStore(store, context);
                let Some(found) = context.as_ref() else { return };
                let der = slice::from_raw_parts(found.pbCertEncoded, found.cbCertEncoded as usize);
                if Thumbprint::of_der(der) == self.thumbprint {
                    CertDeleteCertificateFromStore(context);
                    return;
                }
            }
        });
    }
}

/// What `work` makes of a store of the current user, which is made if it is not there, and written at the end.
fn with<T>(store: &str, work: impl FnOnce(HCERTSTORE) -> T) -> T {
    let name: Vec<u16> = store.encode_utf16().chain([0]).collect();
    let (provider, place) = (CERT_STORE_PROV_SYSTEM_W, CERT_SYSTEM_STORE_CURRENT_USER);
    // SAFETY: the name ends with NUL and outlives the call; the store is closed once.
    unsafe {
        let store = CertOpenStore(provider, 0, 0, place, name.as_ptr().cast());
        assert!(!store.is_null(), "{}", std::io::Error::last_os_error());
        let made = work(store);
        CertCloseStore(store, 0);
        made
    }
}

/// A store of the current user that is no other test's, gone when dropped.
struct OwnStore(String);

impl OwnStore {
    fn named(name: &str) -> Self {
        Self(format!("CheckUm{name}{}", never_before()))
    }

    fn path(&self) -> String {
        format!("CurrentUser\\{}", self.0)
    }
}

impl Drop for OwnStore {
    fn drop(&mut self) {
        let name: Vec<u16> = self.0.encode_utf16().chain([0]).collect();
        // SAFETY: the name ends with NUL and outlives the call.
        unsafe { CertUnregisterSystemStore(name.as_ptr().cast(), CERT_SYSTEM_STORE_CURRENT_USER) };
    }
}

/// Wine gives a process the number of one before, and keeps what was deleted from a store.
fn never_before() -> u128 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos()
}

fn params(name: &str, days: i64) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["sip.example.com".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = OffsetDateTime::now_utc() - Duration::days(400);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(days) + Duration::hours(1);
    params
}

/// A self-signed certificate that ends in so many days.
fn der(name: &str, days: i64) -> Vec<u8> {
    params(name, days).self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn run(arguments: &[&str]) -> Outcome {
    run_command(plugin(NAME).args(arguments))
}

#[test]
fn ok_when_found_by_thumbprint_in_the_users_own_store() {
    let stored = Stored::in_store("My", &der("check-um-by-thumbprint", 90));
    let thumbprint = stored.thumbprint.to_string();
    let pasted = format!("\u{200e}{}", thumbprint.to_lowercase().chars().map(|c| format!("{c} ")).collect::<String>());
    for (store, thumbprint) in [("CurrentUser\\My", &thumbprint), ("cert:\\currentuser\\my", &pasted)] {
        let ran = run(&["--store", store, "--thumbprint", thumbprint, "-v"]);
        ran.assert_begins(0, "UM CERT EXPIRY OK - certificate 'check-um-by-thumbprint' expires in 90 d");
        assert_eq!(perfdata::value(ran.first_line(), "days_left").unwrap().floor(), 90.0);
        assert!(ran.stdout.contains(&format!("certificate: thumbprint {}", stored.thumbprint)), "{}", ran.stdout);
    }
}

#[test]
fn missing_when_no_certificate_has_the_thumbprint() {
    let store = OwnStore::named("Wrong");
    let _stored = Stored::in_store(&store.0, &der("another", 90));
    let wrong = "0".repeat(40);
    let ran = run(&["--store", &store.path(), "--thumbprint", &wrong]);
    ran.assert_begins(
        2,
        &format!("UM CERT EXPIRY CRITICAL - {} has no certificate with the thumbprint {wrong}", store.path()),
    );
    assert!(ran.stdout.contains("(missing)"), "{}", ran.stdout);
    assert_eq!(perfdata::value(ran.first_line(), "days_left"), None);
    run(&["--store", &store.path(), "--thumbprint", &wrong, "--output", "json"]).assert_json("CRITICAL");
}

#[test]
fn by_subject_the_expired_one_is_found_too() {
    let store = OwnStore::named("Expired");
    let _old = Stored::in_store(&store.0, &der("cas1", -3));
    let _new = Stored::in_store(&store.0, &der("CAS1", 200));
    let _other = Stored::in_store(&store.0, &der("cas2", -10));
    let ran = run(&["--store", &store.path(), "--subject", "cas1"]);
    ran.assert_text(2).assert_says("certificate 'cas1' expired 2.9 days ago");
    assert!(!ran.stdout.contains("cas2"), "{}", ran.stdout);
    assert_eq!(perfdata::value(ran.first_line(), "days_left_cas1").unwrap().floor(), 200.0);
    assert_eq!(perfdata::value(ran.first_line(), "days_left_cas1_2").unwrap().floor(), -3.0);
}

#[test]
fn without_a_wish_every_certificate_is_judged() {
    let store = OwnStore::named("All");
    let _first = Stored::in_store(&store.0, &der("far", 300));
    let _second = Stored::in_store(&store.0, &der("near", 20));
    let ran = run(&["--store", &store.path()]);
    ran.assert_text(1).assert_says("certificate 'near' expires in 20 d").assert_says("'days_left_far'=");
}

#[test]
fn unknown_when_the_store_is_empty_or_there_is_none() {
    let store = OwnStore::named("Empty");
    let ran = run(&["--store", &store.path()]);
    ran.assert_begins(3, &format!("UM CERT EXPIRY UNKNOWN - cannot open the certificate store {}: ", store.path()));
    assert!(ran.stdout.contains("(CertOpenStore)") && ran.stdout.contains("(unreadable)"), "{}", ran.stdout);
    with(&store.0, |_| {});
    let ran = run(&["--store", &store.path()]);
    ran.assert_begins(3, &format!("UM CERT EXPIRY UNKNOWN - {} holds no certificate", store.path()));
    assert!(ran.stdout.contains("(no-data)"), "{}", ran.stdout);
}

#[test]
fn trusted_when_windows_trusts_the_root_of_the_chain() {
    // A real Windows asks its user before it trusts a root.
    if !std::path::Path::new("C:\\windows\\system32\\winecfg.exe").exists() {
        crate::support::untested("the user of a real Windows is not asked to trust a root");
        return;
    }
    let [root_key, leaf_key] = [(); 2].map(|()| KeyPair::generate().unwrap());
    let mut root = params(&format!("Check UM Root {}", never_before()), 900);
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
    let issuer = Issuer::from_params(&root, &root_key);
    let leaf_der = params("sip", 90).signed_by(&leaf_key, &issuer).unwrap().der().to_vec();
    let looked = || {
        let port = serving(flight(slice::from_ref(&leaf_der), true));
        let mut command = plugin(NAME);
        // Anchors that the environment names would be asked instead.
        command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        // The server shows its only certificate once.
        let asked = ["-H", "127.0.0.1", "-p", &port, "--tls-name", "sip.example.com", "--keys", "ecdsa"];
        run_command(command.args(asked))
    };

    looked().assert_text(1).assert_says("no trust anchor has issued 'sip'");
    let _trusted = Stored::in_store("Root", &root_der);
    looked().assert_text(0).assert_says("certificate 'sip' expires in 90 d");
}

/// The port of a server that says these bytes to whoever greets it.
fn serving(bytes: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(&bytes);
        let _ = stream.read(&mut [0; 1024]);
    });
    port
}
