//! Does it see whether a server has the key of the certificate that it shows? Servers that have it, and others.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use call_router::nameserver::{Manner, Nameserver, a, srv};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, SignatureAlgorithm, SignatureScheme, StreamOwned,
    SupportedProtocolVersion,
};

use crate::support::peer::Peer;
use crate::support::port::free_port;
use crate::support::tls::{OpenSsl, answer_hello, fixture, flight, read_record};
use crate::support::{Outcome, perfdata};
use crate::{DAY, Made, Wanted, run};

const TLS_1_2: &SupportedProtocolVersion = &TLS12;
const TLS_1_3: &SupportedProtocolVersion = &TLS13;

const UNPROVED: &str = "possession of its key not proved";

/// Always this certificate with this key.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A server that shows a certificate and signs with a key, whether or not the two belong together; with `demands`, it wants a
/// certificate of the client, of whomever.
fn server(certificate: &Path, key: &Path, version: &'static SupportedProtocolVersion, demands: bool) -> Peer {
    let key = ring::sign::any_supported_type(&PrivateKeyDer::from_pem_file(key).unwrap()).unwrap();
    server_that_signs(certificate, key, version, demands)
}

fn server_that_signs(
    certificate: &Path,
    key: Arc<dyn SigningKey>,
    version: &'static SupportedProtocolVersion,
    demands: bool,
) -> Peer {
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&[version]).unwrap();
    let config = if demands {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(fixture("client.pem")).unwrap()).unwrap();
        config.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap(),
        )
    } else {
        config.with_no_client_auth()
    };
    let config = Arc::new(config.with_cert_resolver(Arc::new(Always(Arc::new(CertifiedKey::new(chain, key))))));
    Peer::tcp(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

/// Of an EC key and of an RSA one.
fn certificates() -> [(&'static str, Made); 2] {
    let made = Made::leaf(&Wanted::new("sip.test.local", -DAY, 90 * DAY));
    let rsa = Made::holding("leaf.pem", &std::fs::read(fixture("server-rsa.pem")).unwrap());
    std::fs::copy(fixture("server-rsa-key.pem"), rsa.file("key.pem")).unwrap();
    [("EC", made), ("RSA", rsa)]
}

fn look(peer: &Peer, more: &[&str]) -> Outcome {
    run(&[&["-H", "127.0.0.1", "-p", &peer.port()], more].concat())
}

#[test]
fn critical_and_dated_when_somebody_else_has_signed() {
    let shows = |more: &[&str], version, demands| {
        for (kind, made) in certificates() {
            let other = if kind == "EC" { "client-key.pem" } else { "client-rsa-key.pem" };
            let impostor = server(&made.file("leaf.pem"), Path::new(&fixture(other)), version, demands);
            let trust = ["--ca-file", &made.path("leaf.pem"), "--tls-name", "127.0.0.1", "--state", "name-mismatch=ok"];
            let ran = look(&impostor, &[&trust, more].concat());
            ran.assert_text(2)
                .assert_says("does not have the key of the certificate that it shows: its signature is wrong");
            assert!(perfdata::value(ran.first_line(), "days_left").unwrap() > 80.0, "{kind}: {ran:?}");
        }
    };
    let (certificate, key) = (fixture("client.pem"), fixture("client-key.pem"));
    let identity = ["--client-certificate", &certificate, "--client-key", &key];
    for version in [TLS_1_2, TLS_1_3] {
        shows(&[], version, false);
        shows(&identity, version, false);
        shows(&identity, version, true);
    }
}

#[test]
fn critical_when_somebody_else_has_signed_in_tls_1_3_only() {
    let certificate = fixture("server-rsa.pem");
    let der = CertificateDer::from_pem_file(&certificate).unwrap().to_vec();
    let impostor = server(Path::new(&certificate), Path::new(&fixture("client-rsa-key.pem")), TLS_1_3, false);
    let peer = Peer::tcp(move |mut stream| {
        let mut hello = [0; 1024];
        let length = stream.peek(&mut hello).unwrap();
        // TLS_AES_128_GCM_SHA256.
        if !hello[..length].windows(2).any(|pair| pair == [0x13, 0x01]) {
            // By RSA, so that nothing is signed.
            return answer_hello(&mut stream, &flight(std::slice::from_ref(&der), true));
        }
        let forth = TcpStream::connect(impostor.address).unwrap();
        let (mut from, mut to) = (forth.try_clone().unwrap(), stream.try_clone().unwrap());
        let answering = thread::spawn(move || drop(io::copy(&mut from, &mut to)));
        let _ = io::copy(&mut stream, &mut &forth);
        let _ = forth.shutdown(Shutdown::Write);
        answering.join().unwrap();
    });
    let ran = look(&peer, &["--no-verify"]);
    ran.assert_text(2).assert_says("does not have the key of the certificate that it shows");
    assert!(perfdata::value(ran.first_line(), "days_left").unwrap() > 80.0, "{ran:?}");
}

/// Hands on to an honest server what a client sends, and back what that answers, up to the record that is signed; then sends
/// `instead`.
fn impostor(honest: &OpenSsl, instead: &[&[u8]]) -> Peer {
    let (address, instead) = (format!("127.0.0.1:{}", honest.port), instead.concat());
    Peer::tcp(move |mut stream| {
        let mut honest = TcpStream::connect(&address).unwrap();
        honest.write_all(&read_record(&mut stream)).unwrap();
        loop {
            let record = read_record(&mut honest);
            if record[0] == 22 && record[5] == SERVER_KEY_EXCHANGE {
                break;
            }
            let _ = stream.write_all(&record);
        }
        let _ = stream.write_all(&instead);
    })
}

const SERVER_KEY_EXCHANGE: u8 = 12;

#[test]
fn critical_and_dated_when_nobody_signs_where_the_server_has_to() {
    const DONE: &[u8] = &[22, 3, 3, 0, 4, 14, 0, 0, 0];
    const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 80];
    const CUT: &[u8] = &[22, 3, 3, 0, 6, SERVER_KEY_EXCHANGE, 0, 0, 2, 3, 0];
    // By ecdsa_secp256r1_sha256, under the RSA key.
    const OTHER_KIND: &[u8] =
        &[22, 3, 3, 0, 18, SERVER_KEY_EXCHANGE, 0, 0, 14, 3, 0, 23, 1, 4, 4, 3, 0, 5, 1, 2, 3, 4, 5];
    const ECDHE: &str = "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256";
    const DHE: &str = "-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256";
    for (arguments, instead, said) in [
        (ECDHE, &[DONE][..], "and sends nothing that is signed"),
        (DHE, &[DONE], "and sends nothing that is signed"),
        (ECDHE, &[ALERT], "and sends the alert internal_error"),
        (DHE, &[], "and ends the connection"),
        (ECDHE, &[CUT, DONE], "and sends nothing that is signed"),
        (ECDHE, &[OTHER_KIND, DONE], "it signs with the scheme 0x0403, which is not for a key of RSA"),
        ("-tls1_1 -cipher ECDHE-RSA-AES128-SHA:@SECLEVEL=0", &[DONE], "and sends nothing that is signed"),
    ] {
        let Some(honest) = OpenSsl::serve("server-rsa", arguments) else { return };
        let peer = impostor(&honest, instead);
        let ran = look(&peer, &["--no-verify", "--keys", "rsa"]);
        ran.assert_text(2).assert_says(said).assert_says("the key of the certificate that it shows");
        assert!(perfdata::value(ran.first_line(), "days_left").unwrap() > 80.0, "{arguments}: {ran:?}");
    }
}

/// Signs by PKCS#1, whatever the client has offered.
#[derive(Debug)]
struct Outdated(Arc<dyn SigningKey>);

impl SigningKey for Outdated {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

#[test]
fn critical_and_dated_when_the_server_signs_in_tls_1_3_as_nobody_may() {
    let key = PrivateKeyDer::from_pem_file(fixture("server-rsa-key.pem")).unwrap();
    let key = Arc::new(Outdated(ring::sign::any_supported_type(&key).unwrap()));
    let peer = server_that_signs(Path::new(&fixture("server-rsa.pem")), key, TLS_1_3, false);
    let ran = look(&peer, &["--no-verify"]);
    ran.assert_text(2).assert_says("does not prove that it has the key of the certificate that it shows");
    assert!(perfdata::value(ran.first_line(), "days_left").unwrap() > 80.0, "{ran:?}");
}

#[test]
fn proved_when_the_server_has_signed() {
    for version in [TLS_1_2, TLS_1_3] {
        for (kind, made) in certificates() {
            let server = server(&made.file("leaf.pem"), &made.file("key.pem"), version, false);
            let ran = look(&server, &["-v", "--no-verify"]);
            ran.assert_text(0);
            assert!(ran.stdout.contains("\nkey possession: proved\n"), "{kind}: {ran:?}");
            assert!(!ran.stdout.contains(UNPROVED), "{kind}: {ran:?}");
        }
    }
}

#[test]
fn not_proved_and_no_impostor_when_nothing_was_signed_or_nobody_here_can_verify_it() {
    for arguments in [
        "-tls1_2 -cipher AES128-SHA256",
        "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0 -sigalgs RSA+SHA1",
        "-tls1_1 -cipher ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
    ] {
        let Some(server) = OpenSsl::serve("server-rsa", arguments) else { return };
        let ran = run(&["-H", "127.0.0.1", "-p", &server.port, "--no-verify", "--state", "obsolete-tls=ok"]);
        assert_eq!(ran.code, Some(0), "{arguments}: {ran:?}");
        assert!(ran.stdout.contains(UNPROVED), "{arguments}: {ran:?}");
    }
}

#[test]
fn proved_by_every_way_to_exchange_keys_that_signs() {
    for arguments in [
        "-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256",
        "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256 -groups P-521",
        "-tls1_2 -cipher ECDHE-RSA-AES128-SHA256 -sigalgs rsa_pss_rsae_sha512",
        "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256 -sigalgs RSA+SHA384",
    ] {
        let Some(server) = OpenSsl::serve("server-rsa", arguments) else { return };
        let ran = run(&["-H", "127.0.0.1", "-p", &server.port, "--no-verify", "-v"]);
        assert_eq!(ran.code, Some(0), "{arguments}: {ran:?}");
        assert!(ran.stdout.contains("\nkey possession: proved\n"), "{arguments}: {ran:?}");
    }
}

#[test]
fn of_several_servers_those_are_named_whose_key_is_not_proved() {
    let made = Made::leaf(&Wanted::new("sip.test.local", -DAY, 90 * DAY));
    let proved = server(&made.file("leaf.pem"), &made.file("key.pem"), TLS_1_3, false);
    let der = std::fs::read(fixture("leaf-rsa-2048.der")).unwrap();
    // Ends later, so that its dates are not on the first line.
    let unproved = Peer::tcp_on(&format!("127.0.0.2:{}", free_port()), move |mut stream| {
        answer_hello(&mut stream, &flight(std::slice::from_ref(&der), true));
    });
    let nameserver = Nameserver::new(
        Manner::Plain,
        vec![
            ("_sips._tcp.example.com", srv(0, proved.address.port(), "one.example.com")),
            ("_sips._tcp.example.com", srv(0, unproved.address.port(), "two.example.com")),
            ("one.example.com", a([127, 0, 0, 1])),
            ("two.example.com", a([127, 0, 0, 2])),
        ],
    );
    let address = nameserver.address.to_string();
    let ran = run(&["-H", "example.com", "--srv", "--all-addresses", "--dns-server", &address, "--no-verify"]);
    let named = format!("possession of the key not proved: two.example.com:{}", unproved.address.port());
    ran.assert_text(0).assert_says(&named).assert_says("expires in 90 days");
}
