//! Which database does a peer keep its data in? PostgreSQL on a free port, in a directory of its own, gone when dropped.
#![allow(dead_code, reason = "every integration test uses its share of this")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::port::free_port;

/// PostgreSQL, which refuses to be root.
pub struct Database {
    directory: PathBuf,
    /// Where it listens on loopback; the owner needs no password.
    pub port: u16,
    owner: &'static str,
}

impl Database {
    /// An empty one of that owner, in a directory that is made for it below one that everybody may enter.
    pub fn start(directory: &Path, owner: &'static str) -> Self {
        fs::create_dir(directory).unwrap();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(directory));
        }
        let database = Self { directory: directory.to_owned(), port: free_port(), owner };
        let made = ["-A", "trust", "-U", owner, "-E", "UTF8", "--locale=C", "--no-sync"];
        run(database.command("initdb").args(["-D", "data"]).args(made));
        // What is lost in a crash is lost anyway.
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off",
            database.port,
            directory.display()
        );
        run(database.command("pg_ctl").args(["-D", "data", "-w", "-l", "log", "-o", &options, "start"]));
        database
    }

    /// Has `psql` run with these arguments; gives what it says.
    pub fn sql(&self, database: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(postgresql().join("psql"));
        command.args(["-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", self.owner, "-p"]);
        run(command.arg(self.port.to_string()).arg(database).args(arguments))
    }

    /// One of its programs as the user that it runs as, in its directory.
    fn command(&self, program: &str) -> Command {
        let program = postgresql().join(program);
        let mut command = if is_root() { Command::new("runuser") } else { Command::new(&program) };
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(program);
        }
        command.current_dir(&self.directory);
        command
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl").args(["-D", "data", "-m", "immediate", "-w", "stop"]).output();
    }
}

/// The programs of the newest PostgreSQL.
pub fn postgresql() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    versions.max().unwrap_or_default().join("bin")
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a program to its end and gives what it said; panics if it failed.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
