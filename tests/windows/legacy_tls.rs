//! Does SChannel speak with servers that have nothing but old TLS? OpenSSL's on the host, started by `.ci/windows`.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::peer::Peer;
use crate::support::tls::fixture;
use crate::support::{Outcome, perfdata, plugin, run_command, start};

/// The servers that `.ci/windows` starts, in its order.
#[derive(Clone, Copy)]
enum Server {
    Tls10,
    Tls11,
    Tls12Cbc,
    /// It demands the certificate of [`CLIENT`], as the next one does.
    DemandingTls10,
    DemandingTls12Cbc,
}

/// A probe of `server`; `None`, and a note, where there is none.
fn probe(server: Server, more: &[&str]) -> Option<Outcome> {
    let Ok(ports) = std::env::var("CHECK_UM_OLD_TLS") else {
        crate::support::skipped("CHECK_UM_OLD_TLS names no servers with old TLS");
        return None;
    };
    let port = ports.split(' ').nth(server as usize).unwrap();
    Some(probe_port(port, more))
}

fn probe_port(port: &str, more: &[&str]) -> Outcome {
    let arguments = ["-H", "127.0.0.1", "-p", port, "--transport", "tls", "-v"];
    run_command(plugin("check_um_sip_options.exe").args([&arguments, more].concat()))
}

fn trusting(more: &[&str], server: Server) -> Option<Outcome> {
    probe(server, &[&["--ca-file", &fixture("server-rsa.pem")], more].concat())
}

#[test]
fn ok_with_old_versions_and_suites() {
    for (server, version) in [(Server::Tls10, "TLS 1.0"), (Server::Tls11, "TLS 1.1"), (Server::Tls12Cbc, "TLS 1.2")] {
        let Some(ran) = trusting(&[], server) else { return };
        ran.assert_begins(0, "UM SIP OPTIONS OK - ").assert_says("200 OK from 127.0.0.1:");
        for line in [&format!("tls version: {version}"), "key possession: proved", "client certificate: not demanded"] {
            assert!(ran.stdout.contains(&format!("\n{line}\n")), "{line}: {ran:?}");
        }
        assert!(ran.stdout.contains("\ntls legacy because: no TLS version and cipher suite in common"), "{ran:?}");
        assert!(perfdata::value(ran.first_line(), "certificate_days").unwrap() > 30_000.0);
        assert!(perfdata::value(ran.first_line(), "tls").is_some());
    }
}

#[test]
fn the_suite_and_an_obsolete_version_are_said() {
    let Some(ran) = trusting(&[], Server::Tls12Cbc) else { return };
    assert!(ran.stdout.contains("\ntls cipher suite: TLS_RSA_WITH_AES_128_CBC_SHA\n"), "{ran:?}");
    let Some(ran) = trusting(&["--state", "obsolete-tls=warning"], Server::Tls10) else { return };
    ran.assert_text(1).assert_says("the server chose TLS 1.0, which RFC 8996 deprecates");
}

#[test]
fn trust_and_name_are_judged_by_us_and_not_by_the_system() {
    let Some(ran) = probe(Server::Tls10, &["--ca-file", &fixture("client.pem")]) else { return };
    ran.assert_text(2).assert_says("not trusted: it is self-signed");
    let Some(ran) = trusting(&["--tls-name", "other.example.com"], Server::Tls10) else { return };
    ran.assert_text(2).assert_says("the certificate is not for 'other.example.com'");
}

#[test]
fn ok_when_the_demanded_client_certificate_is_shown() {
    for (server, version) in DEMANDING {
        let Some(ran) = showing(CLIENT, &[], server) else { return };
        ran.assert_begins(0, "UM SIP OPTIONS OK - ").assert_says("200 OK from 127.0.0.1:");
        for line in [
            &format!("tls version: {version}"),
            "authentication: client certificate CN=client.example.com",
            "client certificate: demanded and presented",
        ] {
            assert!(ran.stdout.contains(&format!("\n{line}\n")), "{line}: {ran:?}");
        }
    }
}

#[test]
fn ok_with_an_encrypted_key_and_its_passphrase() {
    let passphrase = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(passphrase.path(), "open sesame\n").unwrap();
    let more = ["--passphrase-file", passphrase.path().to_str().unwrap()];
    let encrypted = ("client-rsa", "client-rsa-key-encrypted");
    let Some(ran) = showing(encrypted, &more, Server::DemandingTls12Cbc) else { return };
    ran.assert_begins(0, "UM SIP OPTIONS OK - ");
    assert!(ran.stdout.contains("\nauthentication: client certificate CN=client.example.com\n"), "{ran:?}");
}

#[test]
fn ok_with_a_client_certificate_that_nobody_demands() {
    let Some(ran) = showing(CLIENT, &[], Server::Tls10) else { return };
    ran.assert_begins(0, "UM SIP OPTIONS OK - ");
    assert!(ran.stdout.contains("\nauthentication: none\n"), "{ran:?}");
}

#[test]
fn warning_when_a_client_certificate_is_demanded_and_there_is_none() {
    for (server, _) in DEMANDING {
        let Some(ran) = trusting(&[], server) else { return };
        ran.assert_text(1).assert_says("demands a client certificate and was shown none");
        assert!(ran.stdout.contains("\nauthentication: none\n"), "{ran:?}");
    }
}

#[test]
fn warning_when_the_demanded_client_certificate_has_no_rsa_key() {
    for (server, _) in DEMANDING {
        let Some(ran) = showing(("client", "client-key"), &[], server) else { return };
        ran.assert_text(1).assert_says("demands a client certificate and was shown none");
        ran.assert_says("; legacy TLS on Windows shows certificates with RSA keys only");
        assert!(ran.stdout.contains("\nauthentication: none\n"), "{ran:?}");
    }
}

#[test]
fn critical_when_the_client_certificate_is_refused() {
    // Wine shows nothing to a server that names other issuers, so this one calls itself as the server wants it.
    for (server, _) in DEMANDING {
        let Some(ran) = showing(("client-rsa-forged", "server-rsa-key"), &[], server) else { return };
        ran.assert_text(2).assert_says("refuses the client certificate: it sent the alert unknown_ca");
    }
}

#[test]
fn no_key_is_left_after_a_deadline_in_the_handshake() {
    let _alone = alone();
    expire(&silent().port());
}

#[test]
fn the_key_that_a_killed_run_leaves_is_removed_by_the_next_one() {
    let _alone = alone();
    let silent = silent();
    let (port, [certificate, key]) = (silent.port(), files(CLIENT));
    let arguments = ["-H", "127.0.0.1", "-p", &port, "--transport", "tls", "-t", "30"];
    let identity = ["--client-certificate", &certificate, "--client-key", &key];
    let mut killed = plugin("check_um_sip_options.exe");
    let mut killed = start(killed.args([&arguments, LEGACY, &identity].concat()).stdout(Stdio::null()));
    let started = Instant::now();
    while !has_key_container() {
        assert!(started.elapsed() < Duration::from_secs(20), "there is no key container");
        sleep(Duration::from_millis(50));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(has_key_container());
    expire(&port);
}

#[test]
fn critical_when_silent_or_hanging_up_or_speaking_something_else() {
    let legacy = [LEGACY, &["-t", "1"]].concat();
    let silent = silent();
    let ran = probe_port(&silent.port(), &legacy);
    // Not how long it took to the last millisecond: Wine's own start is part of that.
    ran.assert_text(2).assert_says("the legacy TLS handshake with 127.0.0.1:").assert_says("did not finish within 1 s");
    let closing = Peer::tcp(|mut stream| drop(stream.read(&mut [0; 512])));
    let ran = probe_port(&closing.port(), &legacy);
    assert!(ran.assert_text(2).stdout.contains("(closed)"), "{ran:?}");
    let http = Peer::tcp(|mut stream| {
        let _ = stream.read(&mut [0; 512]);
        let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = stream.read(&mut [0; 512]);
    });
    let ran = probe_port(&http.port(), &legacy);
    ran.assert_text(2).assert_says("does not speak TLS on this port: it answers with HTTP without TLS");
}

/// A run that shows a client certificate of the fixtures, and leaves no key behind.
fn showing(client: (&str, &str), more: &[&str], server: Server) -> Option<Outcome> {
    let _alone = alone();
    let [certificate, key] = files(client);
    let identity = ["--client-certificate", &certificate, "--client-key", &key];
    let ran = trusting(&[&identity, more].concat(), server);
    assert!(!has_key_container());
    ran
}

/// A run with a client certificate that comes to its deadline in the handshake.
fn expire(port: &str) {
    let [certificate, key] = files(CLIENT);
    let identity = ["--client-certificate", &certificate, "--client-key", &key];
    let ran = probe_port(port, &[LEGACY, &["-t", "1"], &identity].concat());
    ran.assert_text(2).assert_says("did not finish within 1 s");
    assert!(!has_key_container());
}

fn files((certificate, key): (&str, &str)) -> [String; 2] {
    [certificate, key].map(|name| fixture(&format!("{name}.pem")))
}

/// Held by whoever makes key containers, and looks for them.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether there is a key container of the plugin. Wine has them in its registry, Windows among the user's files.
fn has_key_container() -> bool {
    let listed = Command::new("reg").args(["query", r"HKCU\Software\Wine\Crypto\RSA"]).output().unwrap();
    let files = glob::glob(&format!(r"{}\Microsoft\Crypto\RSA\*\*", std::env::var("APPDATA").unwrap())).unwrap();
    let files = files.filter_map(|path| std::fs::read(path.ok()?).ok());
    files.chain([listed.stdout]).any(|content| String::from_utf8_lossy(&content).contains("check-um client key "))
}

fn silent() -> Peer {
    Peer::tcp(|mut stream| while stream.read(&mut [0; 512]).is_ok_and(|count| count > 0) {})
}

/// A certificate and its key, RSA.
const CLIENT: (&str, &str) = ("client-rsa", "client-rsa-key");

const DEMANDING: [(Server, &str); 2] = [(Server::DemandingTls10, "TLS 1.0"), (Server::DemandingTls12Cbc, "TLS 1.2")];

const LEGACY: &[&str] = &["--tls-backend", "legacy", "--no-verify"];
