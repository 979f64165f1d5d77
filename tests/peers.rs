//! Do the plugins understand servers that we did not write? Kamailio, SIPp and OpenSSL's s_server on loopback.
//!
//! A server that is not installed makes its tests say so and pass; with `CHECK_UM_REQUIRE_PEERS=1` they fail.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(clippy::print_stdout, reason = "a test that cannot ask its question says so")]

mod support;

use std::fs;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::Outcome;
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
    over_tls(kamailio.tls_port, "--no-verify").assert_text(0);
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
        let Some(server) = OpenSsl::start(&[version, "-Verify", "1", "-verify_return_error"]) else { return };
        over_tls(server.port, "--no-verify").assert_text(1);
    }
}

#[test]
fn openssl_offers_only_what_is_obsolete() {
    let Some(server) = OpenSsl::start(&["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"]) else { return };
    over_tls(server.port, "--no-verify").assert_text(2);
}

#[test]
fn openssl_speaks_tls_but_no_sip() {
    let Some(server) = OpenSsl::start(&["-www"]) else { return };
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

/// A certificate of its own for localhost, as `cert.pem` and `key.pem`.
fn certificate(directory: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    fs::write(directory.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}

#[track_caller]
fn probe(port: u16, more: &str) -> Outcome {
    support::run("check_um_sip_options", &format!("-H 127.0.0.1 -p {port} -t 5 {more}"))
}

#[track_caller]
fn over_tls(port: u16, more: &str) -> Outcome {
    probe(port, &format!("--transport tls {more}"))
}

/// A server's process; it ends with the test.
struct Server {
    child: Child,
    directory: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Kamailio's main process ends its workers when it is asked to, not when it is killed.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && asked.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts `command` in the scratch `directory`; `None` if it is not installed.
    fn start(command: &mut Command, directory: TempDir, is_up: impl Fn() -> bool) -> Option<Self> {
        // OpenSSL hangs up when its input ends: the pipe stays open as long as the child's handle.
        command.current_dir(&directory).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let started = Instant::now();
        while !is_up() {
            assert!(child.try_wait().unwrap().is_none(), "{command:?} ended at once");
            assert!(started.elapsed() < Duration::from_secs(20), "{command:?} does not come up");
            thread::sleep(Duration::from_millis(20));
        }
        Some(Self { child, directory })
    }
}

/// Kamailio with one port for UDP and TCP.
struct Kamailio {
    server: Server,
    port: u16,
    tls_port: u16,
}

impl Kamailio {
    fn start(mutual: &str) -> Option<Self> {
        let modules = [
            "/usr/lib/x86_64-linux-gnu/kamailio/modules",
            "/usr/lib/aarch64-linux-gnu/kamailio/modules",
            "/usr/lib64/kamailio/modules",
        ];
        let Some(modules) =
            installed("kamailio").then(|| modules.iter().find(|path| Path::new(path).is_dir())).flatten()
        else {
            return missing("kamailio");
        };
        let directory = tempfile::tempdir().unwrap();
        certificate(directory.path());
        let (port, tls_port) = (free_port(), free_port());
        let fill = |text: &str| {
            text.replace("@DIR@", directory.path().to_str().unwrap())
                .replace("@PORT@", &port.to_string())
                .replace("@TLS_PORT@", &tls_port.to_string())
                .replace("@MODULES@", modules)
                .replace("@MUTUAL@", mutual)
        };
        let configuration = directory.path().join("kamailio.cfg");
        fs::write(&configuration, fill(include_str!("fixtures/peers/kamailio.cfg"))).unwrap();
        fs::write(directory.path().join("tls.cfg"), fill(include_str!("fixtures/peers/tls.cfg"))).unwrap();
        let mut command = Command::new("kamailio");
        // -DD keeps the main process ours, so that it can be ended.
        command.args(["-DD", "-m", "64", "-M", "8", "-Y"]).arg(directory.path()).arg("-f").arg(&configuration);
        let server = Server::start(&mut command, directory, || connects(port) && connects(tls_port))?;
        Some(Self { server, port, tls_port })
    }

    /// A file of its directory.
    fn file(&self, name: &str) -> String {
        self.server.directory.path().join(name).to_str().unwrap().to_owned()
    }
}

/// SIPp with one scenario.
struct Sipp {
    _server: Server,
    port: u16,
}

impl Sipp {
    fn start(transport: &str, status: &str) -> Option<Self> {
        if !installed("sipp") {
            return missing("sipp");
        }
        let directory = tempfile::tempdir().unwrap();
        let scenario = directory.path().join("scenario.xml");
        fs::write(&scenario, include_str!("fixtures/peers/sipp.xml").replace("@STATUS@", status)).unwrap();
        let port = free_port();
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(&scenario);
        command.args(["-i", "127.0.0.1", "-p", &port.to_string(), "-t", transport, "-nostdin"]);
        let is_up = || match transport {
            "t1" => connects(port),
            _ => UdpSocket::bind(("127.0.0.1", port)).is_err(),
        };
        let server = Server::start(&mut command, directory, is_up)?;
        Some(Self { _server: server, port })
    }
}

/// OpenSSL's server, which can do what the others refuse.
struct OpenSsl {
    _server: Server,
    port: u16,
}

impl OpenSsl {
    fn start(options: &[&str]) -> Option<Self> {
        if !installed("openssl") {
            return missing("openssl");
        }
        let directory = tempfile::tempdir().unwrap();
        // An RSA key, because the suites of old take no other.
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"])
            .args(["-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            .current_dir(&directory)
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let port = free_port();
        let mut command = Command::new("openssl");
        command.args(["s_server", "-quiet", "-accept", &port.to_string(), "-cert", "cert.pem", "-key", "key.pem"]);
        let server = Server::start(command.args(options), directory, || connects(port))?;
        Some(Self { _server: server, port })
    }
}

fn installed(program: &str) -> bool {
    Command::new(program).arg("-v").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Says that a server is not there; panics where it has to be.
fn missing<T>(program: &str) -> Option<T> {
    assert!(std::env::var_os("CHECK_UM_REQUIRE_PEERS").is_none(), "{program} is not installed");
    println!("{program} is not installed: nothing was tested against it");
    None
}

/// A port that nobody uses, for UDP and TCP alike.
fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn connects(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
