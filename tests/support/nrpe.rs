//! What comes out of a plugin that an agent ran? The real NRPE daemon on loopback, with the committed command lines.
#![allow(dead_code, reason = "every integration test uses its share of this")]

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::recorded::{Recorded, open_to_all};
use crate::support::port::free_port;
use crate::support::{Outcome, root, run_command};

/// Debian's check_nrpe.
pub const CHECK_NRPE: &str = "/usr/lib/nagios/plugins/check_nrpe";
const DAEMON: &str = "/usr/sbin/nrpe";

/// The daemon, ended when dropped.
pub struct Nrpe {
    process: Child,
    /// Where it listens.
    pub port: u16,
}

impl Nrpe {
    /// Starts it with `integrations/agents/nrpe.cfg`, of which each of `changes` is another text, and the lines of `more`
    /// after it. `None`, and a note, where it is not installed.
    pub fn start(recorded: &Recorded, changes: &[(&str, String)], more: &str) -> Option<Self> {
        if !installed(&[DAEMON, CHECK_NRPE]) {
            return None;
        }
        let port = free_port();
        let mut snippet = fs::read_to_string(root().join("integrations/agents/nrpe.cfg")).unwrap();
        for (text, other) in changes {
            assert!(snippet.contains(text), "integrations/agents/nrpe.cfg: no {text:?}");
            snippet = snippet.replace(text, other);
        }
        let directory = recorded.path(&format!("nrpe-{port}"));
        fs::create_dir_all(directory.join("nrpe.d")).unwrap();
        fs::write(directory.join("nrpe.d/check_um.cfg"), snippet + more).unwrap();
        let main = include_str!("../fixtures/peers/nrpe.cfg")
            .replace("@DIR@", directory.to_str().unwrap())
            .replace("@PORT@", &port.to_string());
        fs::write(directory.join("nrpe.cfg"), main).unwrap();
        open_to_all(&directory);

        let mut command = Command::new(DAEMON);
        command.arg("-c").arg(directory.join("nrpe.cfg")).arg("-f");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut nrpe = Self { process: command.spawn().unwrap(), port };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(nrpe.process.try_wait().unwrap().is_none(), "nrpe ended at once");
            assert!(started.elapsed() < Duration::from_secs(20), "nrpe does not listen");
            sleep(Duration::from_millis(10));
        }
        Some(nrpe)
    }

    /// Asks for `command` through check_nrpe with more of its options.
    #[track_caller]
    pub fn ask(&self, command: &str, options: &str) -> Outcome {
        let mut check = Command::new(CHECK_NRPE);
        check.args(["-H", "127.0.0.1", "-p", &self.port.to_string(), "-t", "25:UNKNOWN", "-u"]);
        run_command(check.args(options.split_whitespace()).args(["-c", command]))
    }
}

impl Drop for Nrpe {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether all of `programs` are there; says so where they are not, and panics where they have to be.
pub fn installed(programs: &[&str]) -> bool {
    let missing: Vec<_> = programs.iter().filter(|program| !std::path::Path::new(program).exists()).collect();
    if !missing.is_empty() {
        crate::support::skipped(&format!("{missing:?} not installed"));
    }
    missing.is_empty()
}
