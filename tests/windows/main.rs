//! Do the plugins keep their promises where only Windows has the question? The real binaries, on Windows or under Wine.
//!
//! `.ci/windows prepare` makes the stand-ins of `tests/fixtures/windows`: four services, a library of counters and one of
//! event logs. Where they are not, their tests say so and pass; with `CHECK_UM_REQUIRE_PEERS=1` they fail.

#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(dead_code, reason = "what the tests share is there before all of them are")]

mod counters;
mod events;
mod frame;
mod legacy_tls;
mod service;
mod stores;
#[path = "../support/mod.rs"]
mod support;
mod zabbix;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// The directory of the stand-ins, whose services are installed; `None`, and a note, where there is none.
fn stand_ins() -> Option<PathBuf> {
    let directory = std::env::var_os("CHECK_UM_STAND_INS").map(PathBuf::from);
    if directory.is_none() {
        crate::support::skipped("CHECK_UM_STAND_INS names no directory of stand-ins");
    }
    directory
}

/// A plugin with the stand-in pdh.dll beside it, which answers from lines such as `\MSExchange X\Calls = 7`.
struct WithCounters {
    directory: TempDir,
    plugin: String,
}

impl WithCounters {
    fn new(plugin: &str, lines: &str) -> Option<Self> {
        let library = stand_ins()?.join("pdh.dll");
        let directory = tempfile::tempdir().unwrap();
        fs::copy(library, directory.path().join("pdh.dll")).unwrap();
        let executable = format!("{plugin}.exe");
        fs::copy(support::plugin(&executable).get_program(), directory.path().join(&executable)).unwrap();
        fs::write(directory.path().join("counters.txt"), lines).unwrap();
        Some(Self { directory, plugin: executable })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.directory.path().join(&self.plugin));
        command.env("CHECK_UM_PDH", self.directory.path().join("counters.txt"));
        command
    }
}
