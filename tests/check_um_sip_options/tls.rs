//! What over TLS? Certificates, client certificates, credentials, and peers that speak something else.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use call_router::router::{Behaviour, Router, Settings, TlsVersions};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, GeneralSubtree, IsCa, Issuer, KeyPair,
    NameConstraints, SanType,
};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::probe;
use crate::support::peer::{Peer, read_request, response};
use crate::support::{Outcome, perfdata};

/// A simulated router, and the files that a check needs to speak TLS with it.
struct Lab {
    router: Router,
    directory: TempDir,
}

impl Lab {
    fn new(behaviour: Behaviour, tls_versions: TlsVersions) -> Self {
        let router = Router::start(&Settings { behaviour, tls_versions, ..Settings::default() }).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let lab = Self { router, directory };
        let certificates = &lab.router.certificates;
        for (name, content) in
            [("ca.pem", &certificates.ca), ("client.pem", &certificates.client), ("key.pem", &certificates.client_key)]
        {
            std::fs::write(lab.path(name), content).unwrap();
        }
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A probe over TLS that trusts the router's authority; `@` in an argument stands for the directory of the files.
    fn probe(&self, more: &[&str]) -> Outcome {
        self.probe_untrusting(&[&["--ca-file", "@/ca.pem"], more].concat())
    }

    fn probe_untrusting(&self, more: &[&str]) -> Outcome {
        let directory = self.directory.path().to_str().unwrap();
        let more: Vec<_> = more.iter().map(|argument| argument.replace("@/", &format!("{directory}/"))).collect();
        let arguments: Vec<_> = ["--transport", "tls"].into_iter().chain(more.iter().map(String::as_str)).collect();
        probe(&self.router.tls.port().to_string(), &arguments)
    }
}

fn healthy() -> Lab {
    Lab::new(Behaviour::Healthy, TlsVersions::Both)
}

#[test]
fn a_series_goes_through_one_handshake() {
    let ran = healthy().probe(&["--count", "3", "--interval", "0.5"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from 127.0.0.1:").assert_says(", 3 of 3 answered, median ");
    let labels = perfdata::labels(ran.first_line());
    let of_tls = ["dns", "connect", "tls", "status", "certificate_days"];
    assert_eq!(labels, [&["time", "time_max", "jitter", "loss"], &of_tls[..]].concat());
}

#[test]
fn ok_with_tls_and_certificate_days_among_the_metrics() {
    let ran = healthy().probe(&["-v"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from 127.0.0.1:");
    let labels = perfdata::labels(ran.first_line());
    assert_eq!(labels, ["time", "dns", "connect", "tls", "response", "retransmissions", "status", "certificate_days"]);
    assert!(ran.stdout.contains("\ntls version: TLS 1.3\n"), "{}", ran.stdout);
}

#[test]
fn ok_with_tls_1_2() {
    let ran = Lab::new(Behaviour::Healthy, TlsVersions::Tls12).probe(&["-v"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - ");
    assert!(ran.stdout.contains("\ntls version: TLS 1.2\n"), "{}", ran.stdout);
}

#[test]
fn critical_when_untrusted_and_no_request_is_sent() {
    let ran = healthy().probe_untrusting(&["-vvv"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - certificate 'localhost' is not trusted: ");
    assert!(ran.stdout.contains("(untrusted)") && !ran.stdout.contains("OPTIONS sip:"), "{}", ran.stdout);
}

#[test]
fn a_lowered_trust_finding_lets_the_probe_go_on_and_stays_visible() {
    let ran = healthy().probe_untrusting(&["--state", "untrusted=ok"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
    ran.assert_says("is not trusted");
    let silent = Lab::new(Behaviour::Silent, TlsVersions::Both);
    silent
        .probe_untrusting(&["--state", "untrusted=ok", "-t", "2"])
        .assert_begins(2, "UM SIP OPTIONS CRITICAL - no resp");
    // What is said of the certificate is no answer to the question.
    let nothing = silent.probe_untrusting(&["--state", "untrusted=ok", "-t", "2:ok"]);
    nothing.assert_text(1).assert_says("no response from ").assert_says("(never OK: there is no answer)");
}

#[test]
fn no_verify_is_visible() {
    healthy().probe_untrusting(&["--no-verify"]).assert_text(0).assert_says("; certificate not verified |");
}

#[test]
fn critical_when_the_name_is_another() {
    let lab = healthy();
    lab.probe(&["--tls-name", "other.example.com"])
        .assert_begins(2, "UM SIP OPTIONS CRITICAL - the certificate is not for 'other.example.com', but for ");
    lab.probe(&["--tls-name", "localhost"]).assert_text(0);
}

#[test]
fn a_pinned_certificate_is_trusted_by_itself() {
    let lab = healthy();
    let shown = lab.probe(&["-v"]).stdout;
    let pin = shown.lines().find_map(|line| line.strip_prefix("fingerprint sha256: ")).unwrap().to_owned();
    lab.probe_untrusting(&["--fingerprint", &pin]).assert_begins(0, "UM SIP OPTIONS OK - ");
    let other = "00".repeat(32);
    lab.probe_untrusting(&["--fingerprint", &other]).assert_begins(2, "UM SIP OPTIONS CRITICAL - certificate ");
}

#[test]
fn the_certificate_is_judged_in_the_same_handshake() {
    let lab = Lab::new(Behaviour::CertificateNearExpiry, TlsVersions::Both);
    lab.probe(&[]).assert_text(0);
    lab.probe(&["--certificate-warning", "30"])
        .assert_text(1)
        .assert_says("expires in ")
        .assert_says("less than 30 days");
    lab.probe(&["--certificate-critical", "200h"]).assert_text(2).assert_says("less than 200 hours");
    let ran = lab.probe(&["--certificate-warning", "30", "--certificate-critical", "14"]);
    ran.assert_text(2).assert_says(";30:;14:");
}

#[test]
fn critical_when_the_certificate_has_expired_though_the_router_answers() {
    let ran = Lab::new(Behaviour::CertificateExpired, TlsVersions::Both).probe(&[]);
    ran.assert_text(2).assert_says("expired").assert_says("200 OK from");
    assert!(ran.stdout.contains("(expired)") && !ran.stdout.contains("(untrusted)"), "{}", ran.stdout);
}

#[test]
fn warning_when_a_client_certificate_is_demanded_in_tls_1_2_and_1_3() {
    for versions in [TlsVersions::Tls12, TlsVersions::Tls13] {
        let lab = Lab::new(Behaviour::ClientCertificateRequired, versions);
        let ran = lab.probe(&[]);
        ran.assert_text(1).assert_says("client certificate");
        assert!(ran.stdout.contains("(client-certificate-required)"), "{versions:?}: {}", ran.stdout);
        lab.probe(&["--state", "client-certificate-required=critical"]).assert_text(2);
        let mutual = lab.probe(&["--client-certificate", "@/client.pem", "--client-key", "@/key.pem", "-v"]);
        mutual.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
        assert!(mutual.stdout.contains("\nauthentication: client certificate CN="), "{}", mutual.stdout);
    }
}

#[test]
fn critical_when_the_client_certificate_is_refused() {
    for versions in [TlsVersions::Tls12, TlsVersions::Tls13] {
        let (lab, stranger) = (Lab::new(Behaviour::ClientCertificateRequired, versions), healthy());
        let certificate = stranger.path("client.pem");
        let key = stranger.path("key.pem");
        let ran =
            lab.probe(&["--client-certificate", certificate.to_str().unwrap(), "--client-key", key.to_str().unwrap()]);
        ran.assert_text(2);
        assert!(ran.stdout.contains("(authentication)"), "{versions:?}: {}", ran.stdout);
    }
}

#[test]
fn critical_when_the_port_speaks_no_tls() {
    let http = Peer::tcp(|mut stream| {
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let ran = probe(&http.port(), &["--transport", "tls"]);
    ran.assert_text(2).assert_says("HTTP");
    assert!(ran.stdout.contains("(tls)"), "{}", ran.stdout);
    let silent = Peer::tcp(|stream| {
        std::thread::sleep(Duration::from_millis(50));
        drop(stream);
    });
    assert!(probe(&silent.port(), &["--transport", "tls"]).assert_text(2).stdout.contains("(closed)"));
}

#[test]
fn critical_when_the_tcp_port_speaks_tls() {
    let ran = probe(&healthy().router.tls.port().to_string(), &["-t", "2"]);
    ran.assert_text(2);
}

#[test]
fn credentials_go_to_nobody_whose_certificate_is_not_in_order() {
    let peer = challenging(&self_signed("127.0.0.1").0);
    let directory = tempfile::tempdir().unwrap();
    let password = directory.path().join("password");
    std::fs::write(&password, "geheim\n").unwrap();
    let arguments = ["--transport", "tls", "--username", "alice", "--password-file", password.to_str().unwrap()];
    let lowered = probe(&peer.port(), &[&arguments, ["--state", "untrusted=ok"].as_slice()].concat());
    lowered.assert_text(2).assert_says("which nobody gets whose certificate is not in order");
    assert!(lowered.stdout.contains("(authentication)"));
    probe(&peer.port(), &[&arguments, ["--no-verify"].as_slice()].concat()).assert_text(0).assert_says("200 OK from");
}

/// Name constraints of an authority do not bind a common name, so that it vouches for nobody.
#[test]
fn credentials_go_to_nobody_for_a_common_name_under_name_constraints() {
    let keys = [(); 3].map(|()| KeyPair::generate().unwrap());
    let named = |name: &str, is_ca| {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = if is_ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::NoCa };
        params
    };
    let (root, mut issuing) = (named("Root", true), named("Issuing", true));
    let permitted_subtrees = vec![GeneralSubtree::DnsName("allowed.example".to_owned())];
    issuing.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    let anchor = root.self_signed(&keys[0]).unwrap();
    let intermediate = issuing.signed_by(&keys[1], &Issuer::from_params(&root, &keys[0])).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let [anchors, password] = ["ca.pem", "password"].map(|name| directory.path().join(name).display().to_string());
    std::fs::write(&anchors, anchor.pem()).unwrap();
    std::fs::write(&password, "geheim\n").unwrap();
    for (alternative, code) in [
        (None, 2),
        (Some(SanType::Rfc822Name("a@b.example".try_into().unwrap())), 2),
        (Some(SanType::DnsName("cas1.other.example".try_into().unwrap())), 2),
        (Some(SanType::DnsName("cas1.allowed.example".try_into().unwrap())), 0),
    ] {
        let mut leaf = named("cas1.other.example", false);
        leaf.subject_alt_names = alternative.into_iter().collect();
        let leaf = leaf.signed_by(&keys[2], &Issuer::from_params(&issuing, &keys[1])).unwrap();
        let chain = vec![leaf.der().clone(), intermediate.der().clone()];
        let peer = challenging(&serving(chain, &keys[2]));
        let name = if code == 0 { "cas1.allowed.example" } else { "cas1.other.example" };
        let arguments = ["--transport", "tls", "--ca-file", &anchors, "--tls-name", name, "--username", "alice"];
        let arguments = [&arguments[..], &["--password-file", &password]].concat();
        assert_eq!(probe(&peer.port(), &arguments).code, Some(code));
        for class in ["name-mismatch=ok", "untrusted=ok"] {
            let lowered = probe(&peer.port(), &[&arguments[..], &["--state", class]].concat());
            assert_eq!(lowered.code, Some(code), "{lowered:?}");
        }
    }
}

#[test]
fn unreadable_when_an_anchor_cannot_be_read_that_may_decide() {
    let lab = healthy();
    let read = |name| std::fs::read_to_string(lab.path(name)).unwrap();
    let broken = read("client.pem").replace(" CERTIFICATE-----", " TRUSTED CERTIFICATE----- x");
    for (anchors, code) in
        [(read("ca.pem") + &read("client.pem"), 0), (read("ca.pem") + &broken, 3), (broken + &read("client.pem"), 3)]
    {
        std::fs::write(lab.path("some.pem"), anchors).unwrap();
        let ran = lab.probe_untrusting(&["--ca-file", "@/some.pem"]);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert_eq!(ran.stdout.contains("may be trusted or not: a trust anchor cannot be read: "), code == 3, "{ran:?}");
    }
}

#[test]
fn a_probe_that_is_given_up_is_closed_as_tls_wants_it() {
    let (config, certificate) = self_signed("other.example.com");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, certificate).unwrap();
    let (tell, told) = mpsc::channel();
    let peer = Peer::tcp(move |stream| {
        let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        // What is still unread when the other side gives up would make it reset the connection.
        let _ = tls.write_all(&[b'\r'; 60_000]);
        let mut rest = Vec::new();
        let _ = tell.send(tls.read_to_end(&mut rest).map_err(|error| error.kind()));
    });
    for arguments in [&["--transport", "tls"][..], &["--transport", "tls", "--ca-file", file.to_str().unwrap()]] {
        probe(&peer.port(), arguments).assert_begins(2, "UM SIP OPTIONS CRITICAL - ");
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(Ok(0)), "{arguments:?}");
    }
}

/// A server's side of TLS with a self-signed certificate for `name`, and that certificate in PEM.
pub fn self_signed(name: &str) -> (Arc<ServerConfig>, String) {
    let own = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    (serving(vec![own.cert.der().clone()], &own.signing_key), own.cert.pem())
}

/// A server's side of TLS with a chain, and the key of its leaf.
fn serving(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key.serialize_der().try_into().unwrap())
        .unwrap();
    Arc::new(config)
}

/// A TLS peer that wants credentials, and takes any.
fn challenging(config: &Arc<ServerConfig>) -> Peer {
    let config = Arc::clone(config);
    Peer::tcp(move |stream| {
        let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        while let Some(request) = read_request(&mut tls) {
            let challenge = "WWW-Authenticate: Digest realm=\"um\", nonce=\"n1\"\r\n";
            let answer = match request.contains("\r\nAuthorization: Digest ") {
                true => response(&request, "SIP/2.0 200 OK", ""),
                false => response(&request, "SIP/2.0 401 Unauthorized", challenge),
            };
            let _ = tls.write_all(&answer);
        }
    })
}
