//! Does check_um_sip_options say the right thing of every kind of peer? The real binary against loopback peers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panic")]

#[cfg(target_os = "linux")]
mod acknowledgements;
mod answers;
mod down;
mod failover;
mod hostile;
mod legacy;
mod nameserver;
mod request;
mod series;
mod srv;
mod strays;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod usage;

use support::peer::{Peer, response};
use support::{Outcome, plugin, run_command};

fn run(arguments: &[&str]) -> Outcome {
    run_command(plugin("check_um_sip_options").args(arguments))
}

fn probe(port: &str, more: &[&str]) -> Outcome {
    let mut arguments = vec!["-H", "127.0.0.1", "-p", port];
    arguments.extend(more);
    run(&arguments)
}

/// A healthy answer with this status line and these header lines.
fn answers(status_line: &'static str, more: &'static str) -> Peer {
    Peer::answering(move |request| response(request, status_line, more))
}

/// The peer sends these bytes for any request and keeps the connection open.
fn sends(bytes: impl Into<Vec<u8>>) -> Peer {
    let bytes = bytes.into();
    Peer::answering(move |_| bytes.clone())
}
