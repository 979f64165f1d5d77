//! Which router is watched? The simulated one as a process, which can be ended and come back changed on the same ports.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use super::support;
use super::support::port::free_port;

/// A simulated Call Router on loopback.
pub struct CallRouter {
    child: Child,
    certificates: PathBuf,
    /// Where it listens for TCP.
    pub tcp_port: u16,
    /// Where it listens for TLS.
    pub tls_port: u16,
}

impl CallRouter {
    /// One on free ports, which leaves `ca.pem` in `certificates`.
    pub fn start(behaves: &str, certificates: PathBuf) -> Self {
        let (child, tcp_port, tls_port) = spawn(&certificates, behaves, free_port(), free_port());
        Self { child, certificates, tcp_port, tls_port }
    }

    /// Ends it and starts one that behaves otherwise.
    pub fn become_one_that(&mut self, behaves: &str) {
        self.end();
        (self.child, _, _) = spawn(&self.certificates, behaves, self.tcp_port, self.tls_port);
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for CallRouter {
    fn drop(&mut self) {
        self.end();
    }
}

fn spawn(certificates: &Path, behaves: &str, tcp_port: u16, tls_port: u16) -> (Child, u16, u16) {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| support::example("call_router"));
    let mut command = Command::new(&*PROGRAM);
    command.args(["--behave", behaves, "--tcp-port", &tcp_port.to_string(), "--tls-port", &tls_port.to_string()]);
    let mut child = command.arg("--write-certificates").arg(certificates).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut port = || -> u16 { lines.next().unwrap().unwrap().rsplit(':').next().unwrap().parse().unwrap() };
    let (tcp_port, tls_port) = (port(), port());
    (child, tcp_port, tls_port)
}
