//! Does Asterisk, which answers nothing that is not fresh and in order, answer us? Over UDP, TCP and TLS 1.2.
//!
//! Debian 12 has none; `.ci/asterisk` unpacks that of Debian testing.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs};

use tempfile::TempDir;

use super::support::host::{self, Server};
use super::support::port::free_port;
use super::support::{self, Outcome, perfdata, run};
use super::{certificate, connects};

#[test]
fn ok_over_every_transport() {
    let Some(asterisk) = Asterisk::start() else { return };
    for transport in Asterisk::TRANSPORTS {
        asterisk
            .ask("check_um_sip_options", "", transport)
            .assert_text(0)
            .assert_says("UM SIP OPTIONS OK - 200 OK from 127.0.0.1:");
        // It knows nobody of that name.
        asterisk.ask("check_um_sip_options", "nobody", transport).assert_text(2).assert_says("404 Not Found");
    }
    let tls = asterisk.ask("check_um_sip_options", "", "tls -v");
    assert!(tls.stdout.contains("\ntls version: TLS 1.2\n"), "{tls:?}");
    asterisk
        .ask("check_um_sip_options", "", "udp --count 4 --interval 0.5 --require-header Server:Asterisk")
        .assert_text(0)
        .assert_says("4 of 4 answered");
}

#[test]
fn credentials_are_accepted_or_rejected() {
    let Some(asterisk) = Asterisk::start() else { return };
    let password = asterisk.directory.path().join("password");
    for (secret, code, says) in [("secret", 0, "200 OK"), ("wrong", 2, "rejects the credentials of user 'alice'")] {
        fs::write(&password, secret).unwrap();
        let given = format!("--from sip:alice@127.0.0.1 --username alice --password-file {}", password.display());
        for transport in Asterisk::TRANSPORTS {
            asterisk
                .ask("check_um_sip_options", "answers", &format!("{transport} {given}"))
                .assert_text(code)
                .assert_says(says);
        }
        asterisk.ask("check_um_call_routing", "answers", &format!("udp {given}")).assert_text(code).assert_says(says);
    }
}

#[test]
fn a_call_is_answered_held_and_released() {
    let Some(asterisk) = Asterisk::start() else { return };
    for transport in Asterisk::TRANSPORTS {
        let ran = asterisk.ask("check_um_call_routing", "answers", &format!("{transport} --hold 1"));
        ran.assert_text(0).assert_says(", held for 1 s, released in ");
        assert!(perfdata::value(ran.first_line(), "rtp_packets") > Some(0.0), "{ran:?}");
    }
}

#[test]
fn a_call_rings_is_refused_or_leads_elsewhere() {
    let Some(asterisk) = Asterisk::start() else { return };
    for (whom, more, code, says) in [
        ("rings", "--until ringing", 0, "180 Ringing"),
        ("busy", "", 2, "486 Busy Here"),
        ("busy", "--expect 486", 0, "486 Busy Here"),
        ("nobody", "", 2, "404 Not Found"),
        ("moved", "", 0, ", which answers in "),
        ("moved", "--redirect follow", 0, ", after 1 redirection"),
    ] {
        for transport in ["udp", "tcp"] {
            asterisk
                .ask("check_um_call_routing", whom, &format!("{transport} {more}"))
                .assert_text(code)
                .assert_says(says);
        }
    }
}

/// Asterisk with one port for UDP and TCP, and one for TLS.
struct Asterisk {
    _server: Server,
    directory: TempDir,
    port: u16,
    tls_port: u16,
}

impl Asterisk {
    const TRANSPORTS: [&str; 3] = ["udp", "tcp", "tls"];

    fn start() -> Option<Self> {
        let Some(home) = home().filter(|home| home.join("asterisk").is_file()) else {
            let why = "Asterisk is not there, which .ci/asterisk unpacks";
            match std::env::var_os("CHECK_UM_WITHOUT_ASTERISK") {
                Some(_) => support::untested(why),
                None => support::skipped(why),
            }
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        certificate(directory.path());
        let (port, tls_port) = (free_port(), free_port());
        let (place, home) = (host::path(&directory), host::path(home));
        let write = |name: &str, text: &str| {
            let text = text
                .replace("@DIR@", &place)
                .replace("@HOME@", &home)
                .replace("@PORT@", &port.to_string())
                .replace("@TLS_PORT@", &tls_port.to_string());
            fs::write(directory.path().join(name), text).unwrap();
        };
        write("asterisk.conf", include_str!("../fixtures/peers/asterisk/asterisk.conf"));
        write("modules.conf", include_str!("../fixtures/peers/asterisk/modules.conf"));
        write("extensions.conf", include_str!("../fixtures/peers/asterisk/extensions.conf"));
        write("pjsip.conf", include_str!("../fixtures/peers/asterisk/pjsip.conf"));
        let (program, settings) = (format!("{home}/asterisk"), format!("{place}/asterisk.conf"));
        // It listens before it knows whom it may be asked for.
        let is_booted = || {
            let mut asked = Command::new(&program);
            asked.args(["-C", &settings, "-rx", "core waitfullybooted"]).stdout(Stdio::null()).stderr(Stdio::null());
            asked.status().is_ok_and(|status| status.success())
        };
        let is_up = || connects(port) && connects(tls_port) && is_booted();
        let server = Server::start(&program, &["-f", "-C", &settings], is_up)?;
        Some(Self { _server: server, directory, port, tls_port })
    }

    /// Asks it for `whom`; `transport` may have more options behind it.
    #[track_caller]
    fn ask(&self, plugin: &str, whom: &str, transport: &str) -> Outcome {
        let place = self.directory.path().join("cert.pem");
        let (port, trust) = match transport.starts_with("tls") {
            true => (self.tls_port, format!("--ca-file {}", place.display())),
            false => (self.port, String::new()),
        };
        let user = if whom.is_empty() { String::new() } else { format!("{whom}@") };
        run(plugin, &format!("-H 127.0.0.1 -p {port} -t 8 -u sip:{user}127.0.0.1 {trust} --transport {transport}"))
    }
}

/// Where `.ci/asterisk` puts it.
fn home() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("check-um/asterisk"))
}
