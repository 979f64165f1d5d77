//! Do the plugins understand servers that we did not write? Kamailio, SIPp, baresip, Asterisk and OpenSSL's s_server on loopback.
//!
//! A server that is not installed makes its tests say so and pass; with `CHECK_UM_REQUIRE_PEERS=1` they fail.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

#[cfg(target_os = "linux")]
#[path = "peers/asterisk.rs"]
mod asterisk;
mod support;

use std::fmt::Display;
use std::fs;
use std::iter;
use std::net::{TcpStream, UdpSocket};
use std::path::Path;

use support::host::{self, Server};
use support::port::free_port;
use support::tls::OpenSsl;
use support::{Outcome, run};
use tempfile::TempDir;

#[test]
fn kamailio_answers_over_tcp() {
    let Some(kamailio) = Kamailio::start("no") else { return };
    probe(kamailio.port, "--require-header Server:(?i)kamailio").assert_text(0).assert_says("200 Keepalive");
}

#[test]
fn kamailio_answers_over_udp() {
    let Some(kamailio) = Kamailio::start("no") else { return };
    probe(kamailio.port, "--transport udp").assert_text(0).assert_says("200 Keepalive");
}

#[test]
fn kamailio_answers_over_tls() {
    let Some(kamailio) = Kamailio::start("no") else { return };
    let certificate = kamailio.file("cert.pem");
    over_tls(kamailio.tls_port, &format!("--ca-file {certificate}")).assert_text(0).assert_says("200 Keepalive");
    over_tls(kamailio.tls_port, "--no-verify").assert_text(0).assert_says("200 Keepalive");
    over_tls(kamailio.tls_port, "").assert_text(2).assert_says("not trusted");
}

#[test]
fn days_of_the_certificate_of_kamailio() {
    let Some(kamailio) = Kamailio::start("no") else { return };
    let (port, certificate) = (kamailio.tls_port, kamailio.file("cert.pem"));
    let arguments = format!("-H 127.0.0.1 -p {port} --ca-file {certificate} -w 20 -c 10");
    run("check_um_cert_expiry", &arguments).assert_text(0).assert_says("expires in");
}

#[test]
fn kamailio_demands_a_client_certificate() {
    let Some(kamailio) = Kamailio::start("yes") else { return };
    let (certificate, key) = (kamailio.file("cert.pem"), kamailio.file("key.pem"));
    over_tls(kamailio.tls_port, &format!("--ca-file {certificate}")).assert_text(1);
    let client = format!("--ca-file {certificate} --client-certificate {certificate} --client-key {key}");
    over_tls(kamailio.tls_port, &client).assert_text(0).assert_says("200 Keepalive");
}

#[test]
fn openssl_demands_a_client_certificate_in_both_versions() {
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = format!("{version} -Verify 1 -verify_return_error");
        let Some(server) = OpenSsl::serve("server-rsa", &arguments) else { return };
        over_tls(server.port, "--no-verify").assert_text(1);
    }
}

#[test]
fn openssl_offers_only_what_is_obsolete() {
    let Some(server) = OpenSsl::serve("server-rsa", "-tls1_2 -cipher AES128-SHA:@SECLEVEL=0") else { return };
    over_tls(server.port, "--no-verify").assert_text(2);
}

#[test]
fn openssl_speaks_tls_but_no_sip() {
    let Some(server) = OpenSsl::serve("server-rsa", "-www") else { return };
    over_tls(server.port, "--no-verify").assert_text(2);
}

#[test]
fn sipp_answers_over_udp() {
    let Some(sipp) = Sipp::start("u1", "200 OK") else { return };
    probe(sipp.port, "--transport udp --require-allow INVITE,OPTIONS").assert_text(0).assert_says("200 OK");
}

#[test]
fn sipp_answers_over_tcp() {
    let Some(sipp) = Sipp::start("t1", "200 OK") else { return };
    probe(sipp.port, "").assert_text(0).assert_says("200 OK");
}

#[test]
fn sipp_refuses_with_other_status_lines() {
    for (status, arguments, code) in [
        ("503 Service Unavailable", "", 2),
        ("403 Forbidden", "", 2),
        ("404 Not Here", "--expect 2xx,404", 0),
        ("486 Busy Here", "--state status=warning", 1),
    ] {
        let Some(sipp) = Sipp::start("t1", status) else { return };
        probe(sipp.port, arguments).assert_text(code).assert_says(status);
    }
}

#[test]
fn baresip_answers_over_every_transport() {
    let Some(baresip) = Baresip::start() else { return };
    let port = baresip.port;
    for (port, arguments) in [(port, "--transport udp"), (port, ""), (port + 1, "--transport tls --no-verify")] {
        let ran = probe(port, &format!("-u sip:alice@127.0.0.1 {arguments}"));
        ran.assert_text(0).assert_says("200 OK from 127.0.0.1:");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn kamailio_answers_at_a_link_local_address() {
    use std::process::Command;

    let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let may = Command::new("unshare").args(["-n", "true"]).status().is_ok_and(|status| status.success());
    if !(may && is_there("kamailio") && is_there("ip")) {
        return support::skipped("kamailio, ip or the right to a network namespace is not there");
    }
    let directory = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/peers/link_local.sh");
    let mut asked = Command::new("unshare");
    asked.args(["-n", "bash"]).arg(script).arg(env!("CARGO_BIN_EXE_check_um_sip_options")).arg(directory.path());
    let ran = asked.arg(modules()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let lines = |part: &str| said.lines().filter(|line| line.contains(part)).count();
    assert_eq!(
        lines("UM SIP OPTIONS OK - 200 Link-local from [fe80::"),
        2,
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    // The zone is for people on this host; on the wire there are brackets and no zone.
    let sent: Vec<_> =
        said.lines().filter(|line| line.starts_with("  OPTIONS ") || line.starts_with("  Via: ")).collect();
    assert!(sent.len() >= 4 && sent.iter().all(|line| line.contains("[fe80::") && !line.contains('%')), "{sent:?}");
}

/// A certificate of its own for localhost, as `cert.pem` and `key.pem`.
fn certificate(directory: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    fs::write(directory.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}

#[track_caller]
fn probe(port: impl Display, more: &str) -> Outcome {
    run("check_um_sip_options", &format!("-H 127.0.0.1 -p {port} -t 5 {more}"))
}

#[track_caller]
fn over_tls(port: impl Display, more: &str) -> Outcome {
    probe(port, &format!("--transport tls {more}"))
}

/// Kamailio with one port for UDP and TCP.
struct Kamailio {
    _server: Server,
    directory: TempDir,
    port: u16,
    tls_port: u16,
}

impl Kamailio {
    fn start(mutual: &str) -> Option<Self> {
        let modules = modules();
        let directory = tempfile::tempdir().unwrap();
        certificate(directory.path());
        let (port, tls_port) = (free_port(), free_port());
        let place = host::path(&directory);
        let write = |name: &str, text: &str| {
            let text = text
                .replace("@DIR@", &place)
                .replace("@PORT@", &port.to_string())
                .replace("@TLS_PORT@", &tls_port.to_string())
                .replace("@MODULES@", modules)
                .replace("@MUTUAL@", mutual);
            fs::write(directory.path().join(name), text).unwrap();
        };
        write("kamailio.cfg", include_str!("fixtures/peers/kamailio.cfg"));
        write("tls.cfg", include_str!("fixtures/peers/tls.cfg"));
        // -DD keeps the main process in its group, with which it is ended.
        let arguments = ["-DD", "-m", "64", "-M", "8", "-Y", &place, "-f", &format!("{place}/kamailio.cfg")];
        let server = Server::start("kamailio", &arguments, || connects(port) && connects(tls_port))?;
        Some(Self { _server: server, directory, port, tls_port })
    }

    /// A file of its directory.
    fn file(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }
}

/// Where Kamailio's modules are.
fn modules() -> &'static str {
    let places = [
        "/usr/lib/x86_64-linux-gnu/kamailio/modules",
        "/usr/lib/aarch64-linux-gnu/kamailio/modules",
        "/usr/lib64/kamailio/modules",
    ];
    places.into_iter().find(|path| Path::new(path).is_dir()).unwrap_or_default()
}

/// baresip with one account; TLS is on the next port.
struct Baresip {
    _server: Server,
    _directory: TempDir,
    port: u16,
}

impl Baresip {
    fn start() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        certificate(directory.path());
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        write("both.pem", &[read("cert.pem"), read("key.pem")].concat());
        // Both ports have to be given away to nobody else.
        let place = host::path(&directory);
        let port =
            iter::from_fn(|| Some((free_port(), free_port()))).find(|(first, next)| first + 1 == *next).unwrap().0;
        write(
            "config",
            &format!(
                "poll_method epoll\nsip_listen 127.0.0.1:{port}\nsip_certificate {place}/both.pem\n\
                 module_path /usr/lib/baresip/modules\nmodule_app account.so\n"
            ),
        );
        write("accounts", "<sip:alice@127.0.0.1>;regint=0;answermode=auto\n");
        write("contacts", "\n");
        let server = Server::start("baresip", &["-f", &place], || connects(port) && connects(port + 1))?;
        Some(Self { _server: server, _directory: directory, port })
    }
}

/// SIPp with one scenario.
struct Sipp {
    _server: Server,
    _directory: TempDir,
    port: u16,
}

impl Sipp {
    fn start(transport: &str, status: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let scenario = directory.path().join("scenario.xml");
        fs::write(&scenario, include_str!("fixtures/peers/sipp.xml").replace("@STATUS@", status)).unwrap();
        let port = free_port();
        let is_up = || match transport {
            "t1" => connects(port),
            _ => UdpSocket::bind(("127.0.0.1", port)).is_err(),
        };
        let (scenario, own_port) = (host::path(scenario), port.to_string());
        let arguments = ["-sf", &scenario, "-i", "127.0.0.1", "-p", &own_port, "-t", transport, "-nostdin"];
        let server = Server::start("sipp", &arguments, is_up)?;
        Some(Self { _server: server, _directory: directory, port })
    }
}

fn connects(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
