//! What does a plugin make of a system call that fails? A sample of what `.ci/proof faults` plays: some faults of one way
//! for each kind of source.
//!
//! | Only on Linux | Because                                      |
//! |---------------|----------------------------------------------|
//! | all of it     | calls are made to fail by ptrace, on x86-64  |

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::process::Command;

#[test]
fn no_call_that_fails_breaks_a_promise() {
    // Whoever waits for an answer that does not come waits until the deadline: fewer of those.
    sample("13", &["options-tcp", "options-udp", "certificate-file", "counters-log", "health-json", "directory"]);
    sample("41", &["call-tcp"]);
}

/// Plays one of every `stride` faults of the ways.
#[track_caller]
fn sample(stride: &str, ways: &[&str]) {
    let mut play = Command::new(support::example("faults"));
    let played = play.args(["--stride", stride, "--workers", "4"]).args(ways).output().unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{said}{}", String::from_utf8_lossy(&played.stderr));
    assert_eq!(said.matches(" 0 broken").count(), ways.len(), "{said}");
}
