//! Does Icinga 2 run the health set as its committed files say? The real daemon against the simulated router.
//!
//! Where Icinga 2 is not installed its tests say so and pass; with `CHECK_UM_REQUIRE_PEERS=1` they fail.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(clippy::print_stdout, reason = "a test that cannot ask its question says so")]

mod api;
mod distributed;
mod node;
mod perfdata;
mod router;
mod scenes;
mod scheduler;
#[path = "../support/mod.rs"]
mod support;

use std::fs;

use node::Scratch;

#[test]
fn accepted_without_a_warning() {
    if !node::is_installed() {
        return;
    }
    let scratch = Scratch::new("master.example.com");
    let everything = "object Host \"cas2.example.com\" {\n  check_command = \"dummy\"\n  zone = \"satellite\"\n  \
        vars.um_call_router = { agent = \"cas1.example.com\", domain = \"example.com\" }\n}\n";
    scratch.configure(&(one_node() + &committed("hosts.conf") + everything));
    scratch.assert_accepted();
}

#[test]
fn a_host_has_the_checks_it_asks_for_and_no_other() {
    if !node::is_installed() {
        return;
    }
    const NETWORK: &[&str] = &["um-sip-options"];
    const TLS: &[&str] = &["um-cert-expiry", "um-sip-options-tls"];
    const COUNTERS: &[&str] = &["um-app-pool", "um-missed-call-proxy", "um-reject-rate"];
    const ROLL_UP: &[&str] = &["UM.CallRouter"];
    let hosts: &[(&str, &str, &[&[&str]])] = &[
        ("silent", "", &[]),
        ("no", "vars.um_call_router = false", &[]),
        ("default", "vars.um_call_router = true", &[ROLL_UP, NETWORK]),
        ("empty", "vars.um_call_router = { }", &[ROLL_UP, NETWORK]),
        ("tcp", "vars.um_call_router.startup_mode = \"TCP\"", &[ROLL_UP, NETWORK]),
        ("tls", "vars.um_call_router.startup_mode = \"TLS\"", &[ROLL_UP, TLS]),
        ("dual", "vars.um_call_router.startup_mode = \"dual\"", &[ROLL_UP, NETWORK, TLS]),
        ("counted", "vars.um_call_router.counters = \"csv:x\"", &[ROLL_UP, NETWORK, COUNTERS]),
        (
            "exported",
            "vars.um_call_router = { health_set_file = \"x\", events_file = \"x\" }",
            &[ROLL_UP, NETWORK, &["um-events", "um-health-set"]],
        ),
        ("domain", "vars.um_call_router.domain = \"example.com\"", &[ROLL_UP, NETWORK, &["um-ad-ds"]]),
        ("controller", "vars.um_call_router.domain_controller = \"dc1\"", &[ROLL_UP, NETWORK, &["um-ad-ds"]]),
        (
            "cas1.example.com",
            "vars.um_call_router = { agent = true, without = [ \"um-app-pool\" ] }",
            &[
                ROLL_UP,
                NETWORK,
                &["um-agent", "um-service", "um-reject-rate", "um-missed-call-proxy", "um-health-set", "um-events"],
            ],
        ),
        ("remote", "vars.um_call_router.satellite = \"satellite.example.com\"", &[ROLL_UP, NETWORK]),
    ];
    let scratch = Scratch::new("master.example.com");
    let objects = hosts.iter().map(|(name, says, _)| {
        // An agent is below the zone of its host.
        let zone = if says.contains("agent") { "satellite" } else { "master" };
        format!("object Host \"{name}\" {{\n  check_command = \"dummy\"\n  zone = \"{zone}\"\n  {says}\n}}\n")
    });
    scratch.configure(&(one_node() + &objects.collect::<String>()));
    assert!(scratch.validate().status.success());

    let mut expected: Vec<_> = hosts
        .iter()
        .flat_map(|(host, _, sets)| sets.concat().into_iter().map(move |check| format!("{host}!{check}")))
        .collect();
    expected.sort();
    let services = scratch.objects("Service");
    let names: Vec<_> = services.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, expected);

    let endpoint = |name: &str| {
        let (_, text) = services.iter().find(|(service, _)| service == name).unwrap();
        text.lines()
            .find_map(|line| line.trim().strip_prefix("* command_endpoint = "))
            .unwrap()
            .trim_matches('"')
            .to_owned()
    };
    assert_eq!(endpoint("cas1.example.com!um-service"), "cas1.example.com");
    assert_eq!(endpoint("cas1.example.com!um-sip-options"), "");
    assert_eq!(endpoint("remote!um-sip-options"), "satellite.example.com");
    assert_eq!(endpoint("counted!um-reject-rate"), "");

    let names = |kind: &str| scratch.objects(kind).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let dependent = [
        "um-events!um-agent",
        "um-health-set!um-agent",
        "um-missed-call-proxy!um-agent",
        "um-missed-call-proxy!um-service",
        "um-reject-rate!um-agent",
        "um-reject-rate!um-service",
        "um-service!um-agent",
        "um-sip-options!um-service",
    ];
    assert_eq!(names("Dependency"), dependent.map(|names| format!("cas1.example.com!{names}")));
}

#[test]
fn refused_when_a_fact_is_misspelt() {
    if !node::is_installed() {
        return;
    }
    for (says, complaint) in [
        ("vars.um_call_router.startup_mod = \"TLS\"", "there is no vars.um_call_router.startup_mod"),
        ("vars.um_call_router.startup_mode = \"SSL\"", "startup_mode is 'SSL': expected TCP, TLS or Dual"),
    ] {
        let scratch = Scratch::new("master.example.com");
        let host = format!("object Host \"cas1\" {{\n  check_command = \"dummy\"\n  {says}\n}}\n");
        scratch.configure(&(one_node() + &host));
        let said = scratch.validate();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(!said.status.success() && text.contains(complaint), "{text}");
    }
}

/// A file of `integrations/icinga2/`.
fn committed(name: &str) -> String {
    fs::read_to_string(support::root().join("integrations/icinga2").join(name)).unwrap()
}

/// The commands and services, and the zones of the master.
fn one_node() -> String {
    [committed("um-commands.conf"), committed("um-services.conf"), committed("two-nodes/master/zones.conf")].concat()
}
