//! Does Icinga 2 run the health set as its committed files say? The real daemon against the simulated router.
//!
//! Where Icinga 2 is not installed its tests say so and pass; with `CHECK_UM_REQUIRE_PEERS=1` they fail.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod api;
mod director;
mod distributed;
#[path = "../support/mail.rs"]
mod mail;
mod node;
mod perfdata;
#[path = "../support/postgresql.rs"]
mod postgresql;
mod router;
mod scenes;
mod scheduler;
mod sip_server;
#[path = "../support/mod.rs"]
mod support;
mod teams;

use std::fs;

use check_um::checks::schedule::{Elsewhere, ScheduledService, Vantage};
use check_um_generate::icinga2::facts::source;
use check_um_generate::register::services;
use node::Scratch;

#[test]
fn accepted_without_a_warning() {
    if !node::is_installed() {
        return;
    }
    let scratch = Scratch::new("master.example.com");
    let everything = "object Host \"cas2.example.com\" {\n  check_command = \"dummy\"\n  zone = \"satellite\"\n  \
        vars.um_call_router = { startup_mode = \"Dual\", agent = \"cas1.example.com\", domain = \"example.com\", \
            call_routing = \"sip:x\" }\n}\n\
        object Host \"cas3.example.com\" {\n  check_command = \"dummy\"\n  zone = \"master\"\n  \
        vars.um_call_router = { whole = true, service_source = \"prometheus:http://cas3/\" }\n}\n\
        object Host \"cas4.example.com\" {\n  check_command = \"dummy\"\n  zone = \"satellite\"\n  \
        vars.um_call_router = { whole = true, agent = \"cas1.example.com\" }\n}\n\
        object Host \"pbx1.example.com\" {\n  check_command = \"dummy\"\n  zone = \"master\"\n  \
        vars.sip_server = { transports = [ \"udp\", \"tcp\", \"tls\" ], domain = \"example.com\", call = \"sip:x\" }\n}\n";
    scratch.configure(&(one_node() + &committed("um-sip-servers.conf") + &committed("um-hosts.conf") + everything));
    scratch.assert_accepted();
}

#[test]
fn a_host_has_the_checks_it_asks_for_and_no_other() {
    if !node::is_installed() {
        return;
    }
    let network = names(|check| check.vantage == Vantage::Network);
    let tls = names(|check| check.vantage == Vantage::Tls);
    let directory = names(|check| check.vantage == Vantage::Directory);
    let call = names(|check| check.vantage == Vantage::Call);
    let agents = names(|check| check.vantage == Vantage::Agent && check.name != "um-app-pool");
    let whole = names(|check| check.vantage == Vantage::Whole);
    let counters = names(|check| check.elsewhere == Elsewhere::Counters);
    let exporter = names(|check| check.elsewhere == Elsewhere::Exporter);
    let exports = names(|check| matches!(check.elsewhere, Elsewhere::Export { .. }));
    let files = services().filter_map(source).filter(|(option, _)| *option == "file");
    let files: Vec<_> = files.map(|(_, key)| format!("{key} = \"x\"")).collect();
    let roll_up = vec!["UM.CallRouter"];
    let hosts: &[(&str, &str, &[&[&str]])] = &[
        ("silent", "", &[]),
        ("no", "vars.um_call_router = false", &[]),
        ("default", "vars.um_call_router = true", &[&roll_up, &network]),
        ("empty", "vars.um_call_router = { }", &[&roll_up, &network]),
        ("tcp", "vars.um_call_router.startup_mode = \"TCP\"", &[&roll_up, &network]),
        ("tls", "vars.um_call_router.startup_mode = \"TLS\"", &[&roll_up, &tls]),
        ("dual", "vars.um_call_router.startup_mode = \"dual\"", &[&roll_up, &network, &tls]),
        ("counted", "vars.um_call_router.counters = \"csv:x\"", &[&roll_up, &network, &counters]),
        ("exported", &format!("vars.um_call_router = {{ {} }}", files.join(", ")), &[&roll_up, &network, &exports]),
        ("called", "vars.um_call_router.call_routing = \"sip:x\"", &[&roll_up, &network, &call]),
        ("domain", "vars.um_call_router.domain = \"example.com\"", &[&roll_up, &network, &directory]),
        ("controller", "vars.um_call_router.domain_controller = \"dc1\"", &[&roll_up, &network, &directory]),
        (
            "cas1.example.com",
            "vars.um_call_router = { agent = true, without = [ \"um-app-pool\" ] }",
            &[&roll_up, &network, &["um-agent"], &agents],
        ),
        (
            "whole",
            "vars.um_call_router = { whole = true, startup_mode = \"Dual\", domain = \"example.com\" }",
            &[&whole],
        ),
        (
            "apart",
            "vars.um_call_router = { whole = true, domain = \"example.com\", without = [ \"um-ad-ds\" ] }",
            &[&whole],
        ),
        (
            "cas2.example.com",
            "vars.um_call_router = { whole = true, agent = \"cas1.example.com\" }",
            &[&["um-agent"], &whole, &["um-call-router-server"]],
        ),
        (
            "served",
            "vars.um_call_router.service_source = \"prometheus:http://cas1/\"",
            &[&roll_up, &network, &exporter],
        ),
        ("remote", "vars.um_call_router.satellite = \"satellite.example.com\"", &[&roll_up, &network]),
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
    let found = scratch.objects("Service");
    let names: Vec<_> = found.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, expected);

    let endpoint = |name: &str| {
        let (_, text) = found.iter().find(|(service, _)| service == name).unwrap();
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
    assert_eq!(endpoint("whole!um-call-router"), "");
    // What the network is to show is asked over it, what the server knows on the server.
    assert_eq!(endpoint("cas2.example.com!um-call-router"), "");
    assert_eq!(endpoint("cas2.example.com!um-call-router-server"), "cas1.example.com");
    let of_server = "[ \"service\", \"reject_rate\", \"missed_call_proxy\", \"app_pool\", \"health_set\", \"events\" ]";
    for (service, says) in [
        ("cas2.example.com!um-call-router", format!("* um_call_router_without = {of_server}")),
        ("cas2.example.com!um-call-router-server", format!("* um_call_router_only = {of_server}")),
        ("whole!um-call-router", "* um_call_router_without = [ ]".to_owned()),
    ] {
        let (_, text) = found.iter().find(|(name, _)| name == service).unwrap();
        assert!(text.contains(&says), "no {says} in {text}");
    }
    // An option without an effect would be refused.
    let (_, apart) = found.iter().find(|(name, _)| name == "apart!um-call-router").unwrap();
    assert!(
        apart.contains("um_call_router_without = [ \"ad_ds\" ]") && !apart.contains("um_call_router_domain"),
        "{apart}"
    );

    let found: Vec<_> = scratch.objects("Dependency").into_iter().map(|(name, _)| name).collect();
    let on_agent = agents.iter().map(|check| format!("cas1.example.com!{check}!um-agent"));
    let on_others = services().filter(|check| agents.contains(&check.name) || network.contains(&check.name));
    let on_others =
        on_others.filter_map(|check| Some(format!("cas1.example.com!{}!{}", check.name, check.depends_on?)));
    let of_whole = ["cas2.example.com!um-call-router-server!um-agent".to_owned()];
    let of_served = network.iter().map(|check| format!("served!{check}!um-service"));
    let mut dependent: Vec<_> = on_agent.chain(on_others).chain(of_whole).chain(of_served).collect();
    dependent.sort();
    assert_eq!(found, dependent);
}

#[test]
fn refused_when_a_fact_is_misspelt() {
    if !node::is_installed() {
        return;
    }
    for (says, complaint) in [
        ("vars.um_call_router.startup_mod = \"TLS\"", "there is no vars.um_call_router.startup_mod"),
        ("vars.um_call_router.without = [ \"um-event\" ]", "vars.um_call_router.without: there is no check um-event"),
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

/// The names of these checks.
fn names(is_meant: impl Fn(&ScheduledService) -> bool) -> Vec<&'static str> {
    services().filter(|check| is_meant(check)).map(|check| check.name).collect()
}

/// A file of `integrations/icinga2/`.
fn committed(name: &str) -> String {
    fs::read_to_string(support::root().join("integrations/icinga2").join(name)).unwrap()
}

/// The commands and services, and the zones of the master.
fn one_node() -> String {
    [committed("um-commands.conf"), committed("um-services.conf"), committed("two-nodes/master/zones.conf")].concat()
}
