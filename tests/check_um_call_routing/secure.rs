//! Is every certificate on the way judged, and the call taken back over TLS, too? Scripted callees that speak TLS.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use time::{Duration, OffsetDateTime};

use crate::PLUGIN;
use crate::callee::{Callee, contact, converse, said, well};
use crate::support::peer::Peer;
use crate::support::{Outcome, run};

/// A callee that speaks TLS, the certificate that it shows, in PEM, and the methods that came.
struct Secure {
    peer: Peer,
    certificate: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Secure {
    /// A callee whose certificate for `localhost` has so many days left.
    fn new(days: i64, script: impl Fn(&str, &str, &str) -> Vec<Vec<u8>> + Clone + Send + Sync + 'static) -> Self {
        Self::showing(vec![shown(days)], script)
    }

    /// A callee that shows the first of these on its first connection, and the last one from when they are used up.
    fn showing(
        certificates: Vec<(Arc<ServerConfig>, String)>,
        script: impl Fn(&str, &str, &str) -> Vec<Vec<u8>> + Clone + Send + Sync + 'static,
    ) -> Self {
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&heard);
        let certificate = certificates[0].1.clone();
        let connections = AtomicUsize::new(0);
        let peer = Peer::tcp(move |stream| {
            let at = connections.fetch_add(1, Ordering::SeqCst).min(certificates.len() - 1);
            let config = Arc::clone(&certificates[at].0);
            let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
            let logged = |method: &str, request: &str, invite: &str| {
                Mutex::lock(&log).unwrap().push(method.to_owned());
                script(method, request, invite)
            };
            converse(&mut stream, logged);
            stream.conn.send_close_notify();
            let _ = stream.conn.complete_io(&mut stream.sock);
        });
        Self { peer, certificate, heard }
    }

    /// Sends every call on to `target`.
    fn redirecting(days: i64, target: &Self) -> Self {
        let contact = format!("Contact: <sip:1@localhost:{};transport=tls>\r\n", target.peer.port());
        Self::new(days, move |method, request, _| match method {
            "INVITE" => vec![said(request, "a", "302 Moved", &contact)],
            "OPTIONS" => vec![said(request, "a", "200 OK", "")],
            _ => Vec::new(),
        })
    }

    fn heard(&self) -> Vec<String> {
        Mutex::lock(&self.heard).unwrap().clone()
    }
}

/// A server that shows a new certificate for `localhost` with so many days left, and that in PEM.
fn shown(days: i64) -> (Arc<ServerConfig>, String) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - Duration::days(300), now + Duration::days(days));
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], der).unwrap();
    (Arc::new(config), certificate.pem())
}

/// Answers calls and OPTIONS.
fn answering(method: &str, request: &str, _: &str) -> Vec<Vec<u8>> {
    if method == "OPTIONS" { vec![said(request, "a", "200 OK", "")] } else { well(method, request) }
}

/// Calls the first of them and trusts all.
fn call(servers: &[&Secure], more: &str) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    let trusted = if more.contains("--state untrusted") { &servers[..1] } else { servers };
    std::fs::write(&ca, trusted.iter().map(|server| server.certificate.as_str()).collect::<String>()).unwrap();
    let arguments = format!(
        "-H localhost -4 -p {} --transport tls -u sip:1@localhost --ca-file {} {more}",
        servers[0].peer.port(),
        ca.display()
    );
    run(PLUGIN, &arguments)
}

#[test]
fn critical_when_the_certificate_of_the_target_has_expired_whether_asked_or_called() {
    let target = Secure::new(-2, answering);
    let router = Secure::redirecting(200, &target);
    for how in ["", "--redirect follow"] {
        let ran = call(&[&router, &target], how);
        let port = target.peer.port();
        ran.assert_begins(2, &format!("UM CALL ROUTING CRITICAL - localhost:{port} (127.0.0.1): certificate "));
        ran.assert_says("expired 2.0 days ago").assert_says("'certificate_days'=-2");
    }
}

#[test]
fn the_days_that_the_target_has_left_are_judged_and_so_is_its_trust() {
    let target = Secure::new(3, answering);
    let router = Secure::redirecting(200, &target);
    for how in ["", "--redirect follow"] {
        call(&[&router, &target], how).assert_text(0);
        call(&[&router, &target], &format!("{how} --certificate-warning 14"))
            .assert_text(1)
            .assert_says("less than 14 days");
        let untrusted = call(&[&router, &target], &format!("{how} --state untrusted=warning"));
        untrusted.assert_text(1).assert_says("is not trusted");
    }
}

#[test]
fn every_connection_of_a_call_is_judged_by_its_certificate() {
    // BYE is for whom the Contact names, with another certificate.
    let way = Secure::new(3, answering);
    let contact = format!("Contact: <sip:x@localhost:{};transport=tls>\r\n", way.peer.port());
    let callee = Secure::new(200, move |method: &str, request: &str, _: &str| match method {
        "INVITE" => vec![said(request, "a", "200 OK", &contact)],
        _ => well(method, request),
    });
    let port = way.peer.port();
    let whose = format!("localhost:{port} (127.0.0.1): certificate ");
    let ran = call(&[&callee], "");
    ran.assert_text(2).assert_says(&whose).assert_says("is not trusted").assert_says("released in ");
    assert!(ran.stdout.contains("(untrusted)"), "{ran:?}");
    assert_eq!((way.heard(), callee.heard()), (vec![], ["INVITE", "ACK", "BYE"].map(str::to_owned).to_vec()));

    let ran = call(&[&callee], "--state untrusted=warning");
    ran.assert_text(1).assert_says(&whose).assert_says("is not trusted");
    let is_of_way =
        |ran: &Outcome| ["'certificate_days'=2.9", "'certificate_days'=3"].iter().any(|left| ran.stdout.contains(left));
    assert!(is_of_way(&ran), "{ran:?}");
    assert_eq!(way.heard(), ["ACK", "BYE"]);

    let both = |more: &str| call(&[&callee, &way], more);
    let ran = both("");
    assert!(is_of_way(ran.assert_text(0)), "{ran:?}");
    both("--certificate-warning 14").assert_text(1).assert_says(&whose).assert_says("less than 14 days");
}

#[test]
fn a_new_connection_that_shows_another_certificate_is_judged_by_it() {
    let script = |method: &str, request: &str, _: &str| match method {
        "INVITE" => vec![said(request, "a", "180 Ringing", ""), Vec::new()],
        "CANCEL" => vec![said(request, "a", "200 OK", ""), terminated(request, "")],
        _ => Vec::new(),
    };
    let callee = Secure::showing(vec![shown(200), shown(100)], script);
    let ran = call(&[&callee], "-t 8");
    ran.assert_text(2).assert_says("is not trusted");
    assert!(ran.stdout.contains("may still be open: no CANCEL could be sent (release)"), "{ran:?}");
    assert_eq!(callee.heard(), ["INVITE"]);
    let callee = Secure::showing(vec![shown(200), shown(100)], script);
    let ran = call(&[&callee], "-t 8 --state untrusted=warning");
    ran.assert_text(2).assert_says("cancelled in ").assert_says("is not trusted");
    assert_eq!(callee.heard(), ["INVITE", "CANCEL", "ACK"]);
}

#[test]
fn critical_when_the_certificate_in_the_middle_has_expired() {
    let last = Secure::new(200, answering);
    let middle = Secure::redirecting(-1, &last);
    let router = Secure::redirecting(200, &middle);
    let ran = call(&[&router, &middle, &last], "--redirect follow");
    ran.assert_text(2).assert_says("expired 24 hours ago").assert_says("after 2 redirections");
    assert_eq!(last.heard(), ["INVITE", "ACK", "BYE"]);
}

#[test]
fn a_first_uri_that_nobody_can_be_sent_to_hides_no_certificate() {
    let last = Secure::new(200, answering);
    let router = Secure::redirecting(29, &last);
    for uri in ["tel:+15550100", "sip:101@my_pbx"] {
        let ran = call(&[&router, &last], &format!("--redirect follow --certificate-critical 60 -u {uri}"));
        ran.assert_text(2).assert_says("less than 60 days").assert_says("'tls'=");
    }
}

#[test]
fn a_call_that_rings_is_cancelled_over_a_new_connection_with_the_same_name() {
    let ringing = |method: &str, request: &str, invite: &str| match method {
        "INVITE" => vec![said(request, "a", "180 Ringing", ""), Vec::new()],
        // The INVITE was heard on the connection before this one: of its 487 only the transaction counts.
        "CANCEL" => vec![said(request, "a", "200 OK", ""), terminated(request, invite)],
        _ => Vec::new(),
    };
    let callee = Secure::new(200, ringing);
    call(&[&callee], "-t 8").assert_text(2).assert_says("closed the connection").assert_says("cancelled in ");
    assert_eq!(callee.heard(), ["INVITE", "CANCEL", "ACK"]);

    let broken = |method: &str, request: &str, _: &str| match method {
        "INVITE" => vec![said(request, "a", "200 OK", &contact(request))],
        "ACK" => vec![Vec::new()],
        _ => well(method, request),
    };
    let callee = Secure::new(200, broken);
    let ran = call(&[&callee], "--hold 6");
    ran.assert_text(2).assert_says("the call broke after ").assert_says(" of 6 s: ").assert_says("released in ");
    assert_eq!(callee.heard(), ["INVITE", "ACK", "BYE"]);
}

/// The 487 to the INVITE that this CANCEL is of.
fn terminated(cancel: &str, _: &str) -> Vec<u8> {
    said(&cancel.replace(" CANCEL\r\n", " INVITE\r\n"), "a", "487 Request Terminated", "")
}

/// Asks for credentials once.
fn challenging(method: &str, request: &str, contact: &str) -> Vec<Vec<u8>> {
    let challenge = "WWW-Authenticate: Digest realm=\"good\", nonce=\"n\"\r\n";
    match method {
        "INVITE" if !request.contains("\r\nAuthorization: ") => vec![said(request, "a", "401 Unauthorized", challenge)],
        "INVITE" => vec![said(request, "a", "200 OK", contact)],
        _ => well(method, request),
    }
}

#[test]
fn what_answers_a_challenge_goes_to_nobody_whom_a_contact_names() {
    for realm in ["good", "evil"] {
        let other = Callee::new(move |method, request, _| match method {
            "BYE" => {
                let challenge = format!("WWW-Authenticate: Digest realm=\"{realm}\", nonce=\"chosen\"\r\n");
                vec![said(request, "a", "401 Unauthorized", &challenge)]
            }
            _ => Vec::new(),
        });
        let contact = format!("Contact: <sip:x@127.0.0.1:{};transport=udp>\r\n", other.port());
        let callee =
            Secure::new(200, move |method: &str, request: &str, _: &str| challenging(method, request, &contact));
        let directory = password();
        let ran = call(&[&callee], &format!("--username bob --password-file {}", directory.path().join("p").display()));
        ran.assert_text(1).assert_says("BYE was refused with 401");
        for method in ["ACK", "BYE"] {
            let (_, request) = other.first(method).unwrap();
            assert!(!request.contains("Digest"), "{request}");
        }
        other.assert_heard(&["ACK", "BYE"]);
    }
}

#[test]
fn the_server_that_was_asked_for_gets_what_answers_its_challenge_by_another_of_its_names_too() {
    let own = Arc::new(Mutex::new(String::new()));
    let port = Arc::clone(&own);
    let script = move |method: &str, request: &str, _: &str| match method {
        "BYE" if !request.contains("\r\nAuthorization: ") => {
            let challenge = "WWW-Authenticate: Digest realm=\"good\", nonce=\"m\"\r\n";
            vec![said(request, "a", "401 Unauthorized", challenge)]
        }
        _ => {
            let contact = format!("Contact: <sip:x@localhost:{}>\r\n", Mutex::lock(&port).unwrap());
            challenging(method, request, &contact)
        }
    };
    let directory = password();
    let who = format!("-4 --username bob --password-file {}", directory.path().join("p").display());
    let callee = Callee::new(script.clone());
    callee.port().clone_into(&mut Mutex::lock(&own).unwrap());
    crate::udp(callee.port(), &who).assert_text(0).assert_says("released in");
    callee.assert_heard(&["INVITE", "ACK", "INVITE", "ACK", "BYE"]);
    let callee = Callee::tcp(script);
    callee.port().clone_into(&mut Mutex::lock(&own).unwrap());
    crate::call(callee.port(), &who).assert_text(0).assert_says("released in");
    callee.assert_heard(&["INVITE", "ACK", "INVITE", "ACK", "BYE"]);
}

#[test]
fn no_later_connection_shows_what_answered_a_challenge() {
    let echo = Arc::new(Mutex::new(String::new()));
    let callee = Secure::new(200, move |method: &str, request: &str, _: &str| {
        if let Some((_, rest)) = request.split_once("response=\"") {
            *Mutex::lock(&echo).unwrap() = rest.split('"').next().unwrap().to_owned();
        }
        let echoed = format!("X-Echo: {}\r\n", Mutex::lock(&echo).unwrap());
        match method {
            "INVITE" if request.contains("\r\nAuthorization: ") => {
                vec![said(request, "a", "180 Ringing", &echoed), Vec::new()]
            }
            "CANCEL" => vec![said(request, "a", "200 OK", &echoed), terminated(request, "")],
            _ => challenging(method, request, ""),
        }
    });
    let directory = password();
    let ran =
        call(&[&callee], &format!("-t 8 -vvv --username bob --password-file {}", directory.path().join("p").display()));
    ran.assert_text(2);
    let echoes: Vec<_> = ran.stdout.lines().filter_map(|line| line.trim().strip_prefix("X-Echo: ")).collect();
    assert!(echoes.len() == 2 && echoes.iter().all(|echo| echo.bytes().all(|byte| byte == b'*')), "{ran:?}");
}

fn password() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("p"), "s3cret\n").unwrap();
    directory
}
