//! Does it see the other certificate of a server, whatever the server makes of being asked for it? And of nothing else that it is missing?

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rcgen::{Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, SignatureAlgorithm, SignatureScheme, StreamOwned};

use crate::support::host::{self, Server};
use crate::support::peer::Peer;
use crate::support::port::free_port;
use crate::support::tls::{OpenSsl, answer_hello, fixture, flight, read_record};
use crate::support::{Outcome, perfdata};
use crate::{DAY, Made, Wanted, run};

fn look(port: impl ToString, more: &[&str]) -> Outcome {
    let quiet = ["--no-verify", "--state", "weak=ok", "--state", "obsolete-tls=ok"];
    run(&[&["-H", "127.0.0.1", "-p", &port.to_string()], &quiet[..], more].concat())
}

/// An ECDSA certificate of so many hours.
fn ecdsa(hours: i64) -> Made {
    Made::leaf(&Wanted::new("sip.test.local", -90 * DAY, hours))
}

/// An RSA certificate of so many hours.
fn rsa(hours: i64) -> Made {
    let key = KeyPair::from_pem(&std::fs::read_to_string(fixture("server-rsa-key.pem")).unwrap()).unwrap();
    let leaf = Wanted::new("sip.test.local", -90 * DAY, hours).params(false).self_signed(&key).unwrap();
    let made = Made::holding("leaf.pem", leaf.pem().as_bytes());
    std::fs::copy(fixture("server-rsa-key.pem"), made.file("key.pem")).unwrap();
    made
}

fn openssl(first: &Made, second: &Made, arguments: &str) -> Option<OpenSsl> {
    let [certificate, key] = ["leaf.pem", "key.pem"].map(|name| host::path(second.file(name)));
    let arguments = format!("-dcert {certificate} -dkey {key} {arguments}");
    OpenSsl::serve_files(&first.file("leaf.pem"), &first.file("key.pem"), &arguments)
}

#[test]
fn critical_when_what_has_expired_is_shown_in_tls_1_3_only() {
    for (good, expired, suite, kind) in [
        (rsa(90 * DAY), ecdsa(-2 * DAY), "ECDHE-RSA-AES128-GCM-SHA256", "ECDSA"),
        (ecdsa(90 * DAY), rsa(-2 * DAY), "ECDHE-ECDSA-AES128-GCM-SHA256", "RSA"),
    ] {
        let Some(server) = openssl(&good, &expired, &format!("-cipher {suite}")) else { return };
        let ran = look(&server.port, &[]);
        ran.assert_text(2).assert_says(&format!("{kind}: certificate 'sip.test.local' expired 47 hours ago"));
        assert!(perfdata::value(ran.first_line(), "days_left").unwrap() < 0.0, "{ran:?}");
    }
}

#[test]
fn critical_when_gnutls_shows_what_has_expired_in_tls_1_3_only() {
    for (good, expired, priority, kind) in [
        (ecdsa(90 * DAY), rsa(-2 * DAY), "NORMAL:-ECDHE-RSA:-RSA:-DHE-RSA", "RSA"),
        (rsa(90 * DAY), ecdsa(-2 * DAY), "NORMAL:-ECDHE-ECDSA", "ECDSA"),
    ] {
        let port = free_port();
        let files = [&good, &expired].map(|made| ["leaf.pem", "key.pem"].map(|name| host::path(made.file(name))));
        let [[certificate, key], [other, other_key]] = &files;
        let port_text = port.to_string();
        let arguments = [
            &["--quiet", "--port", &port_text, "--priority", priority][..],
            &["--x509certfile", certificate, "--x509keyfile", key],
            &["--x509certfile", other, "--x509keyfile", other_key],
        ];
        let is_up = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        let Some(_gnutls) = Server::start("gnutls-serv", &arguments.concat(), is_up) else { return };
        look(port, &[]).assert_text(2).assert_says(&format!("{kind}: certificate 'sip.test.local' expired"));
    }
}

#[test]
fn critical_when_what_has_expired_is_shown_beyond_a_version_that_the_server_lacks() {
    let arguments = "-no_tls1_2 -cipher ECDHE-RSA-AES128-SHA:@SECLEVEL=0";
    let Some(server) = openssl(&rsa(90 * DAY), &ecdsa(-2 * DAY), arguments) else { return };
    look(&server.port, &[]).assert_text(2).assert_says("ECDSA: certificate 'sip.test.local' expired 47 hours ago");
}

/// Shows, as Java does, the certificate whose key signs with the first scheme of the client that one of them signs with, if the
/// client takes its issuer's signature as well.
#[derive(Debug)]
struct Particular(Vec<(Arc<CertifiedKey>, SignatureScheme)>);

impl ResolvesServerCert for Particular {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        let has_suite = |key: &CertifiedKey| {
            let kind = if key.key.algorithm() == SignatureAlgorithm::RSA { "_RSA_" } else { "_ECDSA_" };
            let mut names = hello.cipher_suites().iter().filter_map(|suite| suite.as_str());
            names.any(|name| name.starts_with("TLS13_") || name.contains(kind))
        };
        // What signs in TLS 1.3 says it for 1.2, too.
        let chosen = schemes.iter().filter(|scheme| !is_pkcs1(**scheme)).find_map(|scheme| {
            let signs = |key: &CertifiedKey| key.key.choose_scheme(&[*scheme]).is_some();
            self.0.iter().find(|(key, issuer)| signs(key) && has_suite(key) && schemes.contains(issuer))
        });
        // With a key that the client does not take, rustls refuses as others do.
        chosen.or(self.0.first()).map(|(key, _)| Arc::clone(key))
    }
}

fn is_pkcs1(scheme: SignatureScheme) -> bool {
    matches!(u16::from(scheme), 0x0201 | 0x0401 | 0x0501 | 0x0601)
}

/// A certificate of a key, issued by a key of the other kind; and how that signs.
fn crossed(is_rsa: bool, hours: i64) -> (Arc<CertifiedKey>, SignatureScheme) {
    let rsa_key = || KeyPair::from_pem(&std::fs::read_to_string(fixture("server-rsa-key.pem")).unwrap()).unwrap();
    let rsa_key = || KeyPair::from_pem_and_sign_algo(&rsa_key().serialize_pem(), &PKCS_RSA_SHA256).unwrap();
    let ec_key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let (key, issuer_key) = if is_rsa { (rsa_key(), ec_key()) } else { (ec_key(), rsa_key()) };
    let issuer = Wanted::new("Root CA", -90 * DAY, 900 * DAY).params(true);
    let leaf = Wanted::new("sip.test.local", -90 * DAY, hours).params(false);
    let leaf = leaf.signed_by(&key, &Issuer::from_params(&issuer, &issuer_key)).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let certified = CertifiedKey::new(vec![leaf.der().clone()], ring::sign::any_supported_type(&key).unwrap());
    let scheme = if is_rsa { SignatureScheme::ECDSA_NISTP256_SHA256 } else { SignatureScheme::RSA_PKCS1_SHA256 };
    (Arc::new(certified), scheme)
}

#[test]
fn critical_when_what_has_expired_has_an_issuer_of_the_other_kind_of_keys() {
    for (is_rsa_expired, kind) in [(false, "ECDSA"), (true, "RSA")] {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            // The good one in front: it is shown to whoever takes it.
            let keys = vec![crossed(!is_rsa_expired, 90 * DAY), crossed(is_rsa_expired, -2 * DAY)];
            let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
            let config = config.with_protocol_versions(&[version]).unwrap().with_no_client_auth();
            let config = Arc::new(config.with_cert_resolver(Arc::new(Particular(keys))));
            let server = Peer::tcp(move |stream| {
                let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
                let _ = stream.read_to_end(&mut Vec::new());
            });
            let ran = look(server.port(), &[]);
            ran.assert_text(2).assert_says(&format!("{kind}: certificate 'sip.test.local' expired"));
        }
    }
}

/// Leads the first connection to `port`, and answers the hello of any other with `bytes`.
fn only_once(port: &str, bytes: &'static [u8]) -> Peer {
    let (address, count) = (format!("127.0.0.1:{port}"), AtomicUsize::new(0));
    Peer::tcp(move |mut stream| {
        if count.fetch_add(1, Ordering::SeqCst) > 0 {
            return answer_hello(&mut stream, bytes);
        }
        let server = TcpStream::connect(&address).unwrap();
        let copy = |mut from: TcpStream, mut to: TcpStream| {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        };
        let (back, forth) = (server.try_clone().unwrap(), stream.try_clone().unwrap());
        let answering = thread::spawn(move || copy(back, forth));
        copy(stream, server);
        answering.join().unwrap();
    })
}

#[test]
fn critical_when_the_server_says_anything_but_that_it_has_no_such_certificate() {
    let Some(server) = OpenSsl::serve("server", "-tls1_2") else { return };
    for (answer, said) in [
        (&[21, 3, 3, 0, 2, 2, 80][..], "cannot ask for a certificate of RSA: "),
        (&[21, 3, 3, 0, 2, 2, 112], "the alert unrecognized_name"),
        (&[21, 3, 3, 0, 2, 2, 49], "the alert access_denied"),
        (&[21, 3, 3, 0, 2, 2, 90], "the alert user_canceled"),
        // Not even for what it has just shown.
        (&[21, 3, 3, 0, 2, 2, 40], "the alert handshake_failure"),
        (&[], "closed the connection in the TLS handshake"),
    ] {
        let ran = look(only_once(&server.port, answer).port(), &[]);
        ran.assert_text(2).assert_says("cannot ask for a certificate of RSA: ").assert_says(said);
        assert!(perfdata::value(ran.first_line(), "days_left").unwrap() > 30_000.0, "{ran:?}");
        look(only_once(&server.port, answer).port(), &["--keys", "ecdsa"]).assert_text(0);
    }
}

#[test]
fn critical_when_the_look_for_the_other_kind_does_not_come_to_tls() {
    let (der, count) = (std::fs::read(fixture("leaf-rsa-2048.der")).unwrap(), AtomicUsize::new(0));
    let peer = Peer::tcp(move |mut stream| {
        if count.fetch_add(1, Ordering::SeqCst) == 1 {
            return drop(stream.write_all(b"421 too many connections\r\n"));
        }
        for line in ["220 a\r\n", "250 b\r\n", "220 go\r\n"] {
            stream.write_all(line.as_bytes()).unwrap();
            let mut heard = [0];
            while !line.contains("go") && stream.read_exact(&mut heard).is_ok() && heard != *b"\n" {}
        }
        answer_hello(&mut stream, &flight(std::slice::from_ref(&der), true));
    });
    let ran = look(peer.port(), &["--starttls", "smtp"]);
    ran.assert_text(2).assert_says("cannot ask for a certificate of ECDSA: ").assert_says("421 too many connections");
}

#[test]
fn ok_when_the_server_hangs_up_on_every_hello_without_its_own_kind_of_keys() {
    let der = std::fs::read(fixture("leaf-rsa-2048.der")).unwrap();
    let peer = Peer::tcp(move |mut stream| {
        let hello = read_record(&mut stream);
        // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, which every hello has that has suites of RSA.
        if hello.windows(2).any(|pair| pair == [0xc0, 0x2f]) {
            let _ = stream.write_all(&flight(std::slice::from_ref(&der), true));
        }
    });
    look(peer.port(), &[]).assert_text(0);
}

#[test]
fn a_failure_of_the_second_look_is_said_beside_one_of_the_first() {
    let arguments = format!("-tls1_2 -Verify 1 -verify_return_error -CAfile {}", host::path(fixture("server.pem")));
    let Some(server) = OpenSsl::serve("server", &arguments) else { return };
    let (certificate, key) = (fixture("client.pem"), fixture("client-key.pem"));
    let identity = ["--client-certificate", &certificate, "--client-key", &key];
    let ran = look(only_once(&server.port, &[21, 3, 3, 0, 2, 2, 80]).port(), &identity);
    ran.assert_text(2).assert_says("refuses the client certificate").assert_says("cannot ask for a certificate of RSA");
}

#[test]
fn each_kind_has_its_own_name() {
    let directory = tempfile::tempdir().unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| directory.path().join(name));
    let (certificate_path, key_path) = (host::path(&certificate), host::path(&key));
    let new = ["req", "-x509", "-nodes", "-days", "90", "-subj", "/CN=sip.test.local", "-newkey", "ed25519"];
    host::run("openssl", &[&new[..], &["-keyout", &key_path, "-out", &certificate_path]].concat());
    let arguments = format!("-dcert {certificate_path} -dkey {key_path}");
    let Some(server) = OpenSsl::serve_files(
        Path::new(&fixture("server-rsa.pem")),
        Path::new(&fixture("server-rsa-key.pem")),
        &arguments,
    ) else {
        return;
    };
    let ran = look(&server.port, &[]);
    ran.assert_text(0);
    assert!(perfdata::value(ran.first_line(), "days_left_ed25519").is_some(), "{ran:?}");
}
