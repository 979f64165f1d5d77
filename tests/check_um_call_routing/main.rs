//! Does check_um_call_routing say where a call gets, and is none left behind? The real binary against loopback callees.
//!
//! | Only on Unix | Because                                                                                 |
//! |--------------|-----------------------------------------------------------------------------------------|
//! | `servers`    | the servers are programs of a Unix host, which Wine can start and not wait for          |
//! | `signals`    | Windows has none; there a console asks a plugin to stop: see `tests/console.rs`         |

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panic")]

mod callee;
mod forks;
mod media;
mod nowhere;
mod redirections;
mod release;
mod router;
mod secure;
#[cfg(unix)]
mod servers;
#[cfg(unix)]
mod signals;
mod silent;
#[path = "../support/mod.rs"]
mod support;
mod unread;
mod verdicts;

use support::{Outcome, plugin, run_command};

const PLUGIN: &str = "check_um_call_routing";

fn call(port: impl std::fmt::Display, more: &str) -> Outcome {
    let arguments = format!("-H 127.0.0.1 -p {port} -u sip:101@127.0.0.1 {more}");
    run_command(plugin(PLUGIN).args(arguments.split_whitespace()))
}

/// Over UDP.
fn udp(port: impl std::fmt::Display, more: &str) -> Outcome {
    call(port, &format!("--transport udp {more}"))
}
