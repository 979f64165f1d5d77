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

/// A server's process; it ends with the test.
struct Server {
    child: Child,
    _directory: TempDir,
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
        command.current_dir(&directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let started = Instant::now();
        while !is_up() {
            assert!(child.try_wait().unwrap().is_none(), "{command:?} ended at once");
            assert!(started.elapsed() < Duration::from_secs(20), "{command:?} does not come up");
            thread::sleep(Duration::from_millis(20));
        }
        Some(Self { child, _directory: directory })
    }
}

/// Kamailio with one port for UDP and TCP.
struct Kamailio {
    _server: Server,
    port: u16,
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
        Some(Self { _server: server, port })
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
