//! Does the simulated Call Router fail as it says, and do the plugins see each failure for what it is?

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(dead_code, reason = "the router is shared with the examples")]

#[path = "../examples/call_router/router.rs"]
mod router;
mod support;

use std::time::Duration;

use router::{Behaviour, Router, Settings};
use support::Outcome;

#[test]
fn ok_when_healthy() {
    over_tcp(Behaviour::Healthy, "--require-allow INVITE,UPDATE --require-header Server:MSExchangeUM").assert_text(0);
}

#[test]
fn critical_when_503() {
    over_tcp(Behaviour::Unavailable, "").assert_text(2).assert_says("15501");
}

#[test]
fn critical_when_403() {
    over_tcp(Behaviour::Forbidden, "").assert_text(2).assert_says("15647");
}

#[test]
fn critical_when_redirected() {
    over_tcp(Behaviour::Redirect, "").assert_text(2).assert_says("302 Moved Temporarily");
}

#[test]
fn critical_when_silent() {
    over_tcp(Behaviour::Silent, "-t 0.3").assert_text(2).assert_within(Duration::from_millis(300));
}

#[test]
fn warning_when_slow() {
    over_tcp(Behaviour::Slow, "-w 0.03").assert_text(1).assert_says("warning range 0.03");
}

#[test]
fn critical_when_closing() {
    over_tcp(Behaviour::Closing, "").assert_text(2).assert_says("closed the connection");
}

#[test]
fn critical_when_refused() {
    over_tcp(Behaviour::Refused, "").assert_text(2).assert_says("refused");
}

#[test]
#[cfg(target_os = "linux")]
fn in_maintenance_ok_for_its_own_host_and_critical_for_any_other() {
    let router = start(Behaviour::Maintenance);
    support::run(PLUGIN, &format!("-H 127.0.0.1 -p {}", router.tcp.port())).assert_text(0);
    support::run(PLUGIN, &format!("-H 127.0.0.2 -p {}", router.tcp.port())).assert_text(2).assert_says("refused");
}

const PLUGIN: &str = "check_um_sip_options";

fn over_tcp(behaviour: Behaviour, more: &str) -> Outcome {
    let router = start(behaviour);
    support::run(PLUGIN, &format!("-H 127.0.0.1 -p {} {more}", router.tcp.port()))
}

fn start(behaviour: Behaviour) -> Router {
    Router::start(&Settings { behaviour, delay: Duration::from_millis(50), ..Settings::default() }).unwrap()
}
