//! What has to run for a test, and how does it end? Programs of others, started, waited for and ended.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A program that runs until it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it; what it says is in its own log.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child: silent.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")) }
    }
}

impl Drop for Process {
    /// Asks it to end, so that it ends its own children.
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(10) {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer; panics with the last refusal when it takes too long.
#[track_caller]
pub fn until<T>(seconds: u64, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let started = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(refusal) => assert!(started.elapsed() < Duration::from_secs(seconds), "after {seconds} s: {refusal}"),
        }
        sleep(Duration::from_millis(50));
    }
}

/// Whether all these files are there; says so if not, and panics where they have to be.
pub fn are_installed(package: &str, files: &[&Path]) -> bool {
    let is_there = files.iter().all(|file| file.exists());
    if !is_there {
        crate::support::skipped(&format!("{package} is not installed"));
    }
    is_there
}

/// Waits until a program listens; panics when it ends or takes too long.
#[track_caller]
pub fn wait_for(process: &mut Process, port: u16) {
    until(30, || {
        assert!(process.child.try_wait().unwrap().is_none(), "{process:?} has ended");
        TcpStream::connect(("127.0.0.1", port)).map_err(|error| format!("{process:?}: {error}"))
    });
}
