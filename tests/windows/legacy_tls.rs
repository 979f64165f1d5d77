//! Does SChannel speak with servers that have nothing but old TLS? OpenSSL's on the host, started by `.ci/windows`.

use std::io::Read;

use crate::support::peer::Peer;
use crate::support::tls::fixture;
use crate::support::{Outcome, perfdata, plugin, run_command};

/// The servers that `.ci/windows` starts, in its order.
#[derive(Clone, Copy)]
enum Server {
    Tls10,
    Tls11,
    Tls12Cbc,
    /// TLS 1.0, and it demands a client certificate.
    Demanding,
}

/// A probe of `server`; `None`, and a note, where there is none.
fn probe(server: Server, more: &[&str]) -> Option<Outcome> {
    let Ok(ports) = std::env::var("CHECK_UM_OLD_TLS") else {
        assert!(std::env::var_os("CHECK_UM_REQUIRE_PEERS").is_none(), "CHECK_UM_OLD_TLS is not set");
        println!("CHECK_UM_OLD_TLS is not set: no server with old TLS was asked");
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
fn warning_when_a_client_certificate_is_demanded_which_is_not_shown_even_if_there_is_one() {
    let Some(ran) = trusting(&[], Server::Demanding) else { return };
    ran.assert_text(1).assert_says("demands a client certificate and was shown none");
    let (certificate, key) = (fixture("client.pem"), fixture("client-key.pem"));
    let identity = ["--client-certificate", &certificate, "--client-key", &key];
    let Some(ran) = trusting(&identity, Server::Demanding) else { return };
    ran.assert_text(1).assert_says("demands a client certificate and was shown none");
    assert!(ran.stdout.contains("legacy TLS on Windows cannot show the one that was given"), "{ran:?}");
    assert!(ran.stdout.contains("\nauthentication: none\n"), "{ran:?}");
}

#[test]
fn critical_when_silent_or_hanging_up_or_speaking_something_else() {
    let legacy = ["--tls-backend", "legacy", "--no-verify", "-t", "1"];
    let silent = Peer::tcp(|mut stream| while stream.read(&mut [0; 512]).is_ok_and(|count| count > 0) {});
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
