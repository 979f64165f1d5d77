//! Is each check planned as the router listens, and is nothing given in vain?

use clap::{Args, Command, FromArgMatches};

use super::super::super::CallRouter;
use super::super::super::registered::AsksOthers;
use super::*;

#[test]
fn this_host_is_none_of_the_same_first_name_in_another_domain() {
    let is_here = |host: &str, names: &[&str]| is_one_of(host, names.iter().map(|name| (*name).to_owned()));
    let names = ["cas1.a.example", "CAS1"];
    assert!(is_here("CAS1.A.EXAMPLE.", &names) && is_here("cas1", &names));
    assert!(!is_here("cas1.b.example", &names) && !is_here("cas2", &names) && !is_here("cas1", &[]));
    // Of a name of more than 15 characters the short one is a part only.
    assert!(is_here("callrouter-berlin-1.a.example", &["callrouter-berlin-1.a.example", "CALLROUTER-BERL"]));
    assert!(is_localhost("LOCALHOST"));
}

#[test]
fn an_address_that_can_be_listened_at_is_this_host() {
    assert!(site("-H 127.0.0.1").is_here() && site("-H localhost").is_here());
    assert!(!site("-H cas1.example.com").is_here());
    assert!(site("-H 127.0.0.1").on_windows().is_empty());
    assert_eq!(site("-H cas1.example.com").on_windows(), ["--hostname", "cas1.example.com"]);
}

#[test]
fn nobody_misses_what_the_router_does_not_speak() {
    for (mode, name, is_missed) in [
        ("TLS", "sip_options", false),
        ("TCP", "sip_options_tls", false),
        ("TCP", "cert_expiry", false),
        ("Dual", "call_routing", true),
        ("Dual", "ad_ds", true),
    ] {
        let all = planned(&site(&format!("-H cas1.example.com --startup-mode {mode}")), &[]);
        let unasked = all.iter().find(|planned| planned.name == name).and_then(|it| it.arguments.as_ref().err());
        assert_eq!(!unasked.unwrap().is_by_choice, is_missed, "{name} in startup mode {mode}");
    }
}

#[test]
fn addresses_of_one_family_are_wanted_of_everybody_who_is_asked_over_the_network() {
    for (given, option) in [("-4", "--ipv4"), ("-6", "--ipv6")] {
        let all = planned(&site(&format!("-H cas1 --domain example.com --startup-mode Dual {given}")), &[]);
        for name in ["sip_options", "sip_options_tls", "cert_expiry", "ad_ds"] {
            let asked = all.iter().find(|planned| planned.name == name).and_then(|it| it.arguments.as_ref().ok());
            assert!(asked.unwrap().iter().any(|word| word == option), "{name} {given}: {asked:?}");
        }
    }
}

#[test]
fn the_name_in_the_certificate_is_given_in_vain_where_nobody_is_asked_who_speaks_tls() {
    for (mode, only, is_idle) in [
        ("TCP", "cert_expiry", true),
        ("Dual", "cert_expiry", false),
        ("Dual", "call_routing", true),
        ("TLS", "call_routing", false),
        ("TLS", "service", true),
    ] {
        let (site, only) = (site(&format!("-H cas1 --call sip:a@example.com --startup-mode {mode}")), only.to_owned());
        let only = std::slice::from_ref(&only);
        let idle = site.idle(&|id| id == "tls_name", &planned(&site, only), &Choice { only, without: &[] });
        assert_eq!(idle.is_some(), is_idle, "--only {only:?} in startup mode {mode}: {idle:?}");
    }
}

#[test]
fn a_source_is_given_in_vain_where_nobody_is_asked_who_reads_it() {
    for (option, reader) in [
        ("call", "call_routing"),
        ("domain", "ad_ds"),
        ("domain_controller", "ad_ds"),
        ("service_source", "service"),
        ("counters", "reject_rate"),
        ("counters", "app_pool"),
        ("health_set_file", "health_set"),
        ("events_file", "events"),
        ("server", "events"),
    ] {
        for (only, is_idle) in [(reader, false), ("sip_options", true)] {
            let (site, only) = (site("-H cas1 --call sip:a@example.com"), [only.to_owned()]);
            let idle = site.idle(&|id| id == option, &planned(&site, &only), &Choice { only: &only, without: &[] });
            assert_eq!(idle.is_some(), is_idle, "--only {only:?} with {option}: {idle:?}");
        }
    }
}

#[test]
fn a_port_that_is_not_the_usual_one_is_idle_where_nobody_is_asked_there() {
    let (tcp, tls) = ("--tcp-port 5070: nobody is asked there", "--tls-port 5071: nobody is asked there");
    for (mode, asked, idle) in [
        ("TCP", &[Vantage::Call][..], &[tls][..]),
        ("Dual", &[Vantage::Call], &[tls]),
        ("TLS", &[Vantage::Call], &[tcp]),
        ("Dual", &[Vantage::Network], &[tls]),
        ("Dual", &[Vantage::Network, Vantage::Tls], &[]),
        ("Dual", &[Vantage::Agent], &[tcp, tls]),
    ] {
        let site = site(&format!("-H cas1 --tcp-port 5070 --tls-port 5071 --startup-mode {mode}"));
        assert_eq!(site.idle_ports(asked.iter().copied()), idle, "{asked:?} in startup mode {mode}");
    }
    assert!(site("-H cas1").idle_ports([Vantage::Agent].into_iter()).is_empty());
}

fn site(line: &str) -> Site {
    let matches = Site::augment_args(Command::new("x")).no_binary_name(true).try_get_matches_from(line.split(' '));
    Site::from_arg_matches(&matches.unwrap()).unwrap()
}

fn planned(site: &Site, only: &[String]) -> Vec<Planned> {
    plan(CallRouter::OTHERS, site, &Choice { only, without: &[] })
}
