//! Does NRPE carry what a plugin says? The committed command lines through the real daemon and check_nrpe.
//!
//! Where they are not installed the tests say so and pass; with `CHECK_UM_REQUIRE_PEERS=1` they fail.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(dead_code, reason = "support and routers are shared with other tests")]

#[path = "support/nrpe.rs"]
mod nrpe;
#[path = "support/recorded.rs"]
mod recorded;
#[path = "support/site.rs"]
mod site;
mod support;

use std::time::Duration;

use recorded::{Recorded, Run};
use site::Site;
use support::Outcome;

#[test]
fn ok_with_its_text() {
    let recorded = Recorded::new();
    let Some(site) = Site::healthy(&recorded) else { return };
    assert_same(&site, &recorded, "um-reject-rate", 0);
    assert_same(&site, &recorded, "um-app-pool", 0);
    assert_same(&site, &recorded, "um-health-set", 0);
}

#[test]
fn warning_with_its_text() {
    let recorded = Recorded::new();
    let Some(site) = Site::failing(&recorded) else { return };
    assert_same(&site, &recorded, "um-events", 1);
}

#[test]
fn critical_with_its_text() {
    let recorded = Recorded::new();
    let Some(site) = Site::failing(&recorded) else { return };
    assert_same(&site, &recorded, "um-reject-rate", 2);
    assert_same(&site, &recorded, "um-missed-call-proxy", 2);
    assert_same(&site, &recorded, "um-health-set", 2);
}

#[test]
fn unknown_with_its_text() {
    let recorded = Recorded::new();
    let Some(site) = Site::healthy(&recorded) else { return };
    let answer = site.agent.ask("um-service-nowhere", "");
    assert_is_of(&answer, &recorded.run("check_um_service", "/healthy-plugins/"), 3);
}

#[test]
fn long_output_arrives_whole() {
    let Some((answer, said)) = ask_long("") else { return };
    assert_eq!(answer.stdout.trim_end(), said.trim_end());
    answer.assert_text(2);
}

// Debian's 4.1 cuts version 3 where version 2 has its end.
#[test]
fn older_packets_cut_behind_message_and_perfdata() {
    for options in ["-2", "-3"] {
        let Some((answer, said)) = ask_long(options) else { return };
        assert!(said.starts_with(answer.stdout.trim_end()), "{options}: {answer:?}");
        assert_eq!(answer.first_line(), said.lines().next().unwrap());
        answer.assert_text(2);
    }
}

#[test]
fn the_snippet_bounds_what_the_main_file_allows() {
    let recorded = Recorded::new();
    let changes = [("command_timeout=15", "command_timeout=1".to_owned())];
    let Some(agent) = nrpe::Nrpe::start(&recorded, &changes, "command[hangs]=/bin/sleep 20\n") else { return };
    agent.ask("hangs", "").assert_within(Duration::from_secs(5)).assert_says("timed out after 1 seconds");
}

#[test]
fn unknown_when_the_agent_is_gone() {
    let recorded = Recorded::new();
    let Some(mut agent) = nrpe::Nrpe::start(&recorded, &[], "") else { return };
    agent.port = support::port::free_port();
    assert_eq!(agent.ask("um-app-pool", "").code, Some(3));
}

/// What check_nrpe prints and exits with is what the plugin did.
#[track_caller]
fn assert_same(site: &Site, recorded: &Recorded, check: &str, code: i32) {
    let answer = site.agent.ask(check, "");
    let run = recorded.run(&format!("check_{}", check.replace('-', "_")), &format!("/{}-plugins/", site.name));
    assert_is_of(&answer, &run, code);
}

#[track_caller]
fn assert_is_of(answer: &Outcome, run: &Run, code: i32) {
    assert_eq!((answer.code, run.code), (Some(code), code), "{answer:?}");
    assert_eq!(answer.stdout.trim_end(), run.stdout.trim_end());
    answer.assert_text(code);
}

/// The answer to a question whose text is longer than three packets of version 2, and what the plugin said.
fn ask_long(options: &str) -> Option<(Outcome, String)> {
    let recorded = Recorded::new();
    let site = Site::failing(&recorded)?;
    let answer = site.agent.ask("um-reject-rate-vvv", options);
    let said = recorded.run("check_um_reject_rate", "-vvv").stdout;
    assert!(said.len() > 3 * 1024, "{} bytes are not long", said.len());
    Some((answer, said))
}
