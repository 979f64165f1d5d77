//! Who is asked, and what becomes of options that would have no effect?

use super::{PLUGIN, Site, support};
use call_router::router::Behaviour;

#[test]
fn unknown_when_a_check_that_is_named_cannot_be_asked() {
    let site = Site::of(Behaviour::Healthy);
    for (arguments, words) in [
        ("--only cert_expiry", "--only cert_expiry: expected what it takes to ask it: in startup mode TCP the router"),
        ("--only check_um_ad_ds", "--only check_um_ad_ds: expected what it takes to ask it: needs --domain"),
        ("--only call_routing", "--only call_routing: expected what it takes to ask it: needs --call"),
        ("--only sip_options_tls --without sip_options_tls", "it: left out by --without"),
        ("--only sip_options --startup-mode tls", "in startup mode TLS the router does not listen in clear"),
    ] {
        let outcome = site.run(&format!("--only sip_options {arguments}"));
        outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - --only ").assert_says(words);
        assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
        site.run(&format!("{arguments} --list")).assert_begins(3, "UM CALL ROUTER UNKNOWN - nobody was asked: --list");
    }
}

#[test]
fn unknown_when_an_option_has_no_effect_beside_the_others() {
    for (arguments, words) in [
        ("--tls-name foo", "--tls-name: expected --startup-mode TLS or Dual too"),
        ("--domain example.com --without ad_ds", "--domain: expected one of ad_ds to be asked"),
        ("--call sip:x@y --without call_routing", "--call: expected one of call_routing to be asked"),
        ("--counters csv:x --only sip_options", "--counters: expected one of reject_rate, missed_call_proxy, app_pool"),
        ("--health-set-file x --without health_set", "--health-set-file: expected one of health_set to be asked"),
        ("--events-file x --only sip_options", "--events-file: expected one of events to be asked"),
        ("--server CAS1 --only sip_options", "--server: expected one of service, "),
        ("--startup-mode Dual --tls-name foo --only sip_options", "--tls-name: expected one of sip_options_tls, cert_"),
    ] {
        let outcome = support::run(PLUGIN, &format!("-H 192.0.2.7 {arguments}"));
        outcome.assert_begins(3, &format!("UM CALL ROUTER UNKNOWN - {words}"));
    }
}

#[test]
fn a_port_at_which_nobody_is_asked_is_said_to_whoever_wants_to_know_more() {
    let site = Site::of(Behaviour::Healthy);
    let said = format!("\nwithout effect: --tls-port {}: nobody is asked there\n", site.router.tls.port());
    for (arguments, is_said) in [("-v", true), ("", false), ("-v --startup-mode dual", false)] {
        let outcome = site.run(&format!("--without cert_expiry {arguments}"));
        assert_eq!(outcome.stdout.contains(&said), is_said, "{arguments}: {outcome:?}");
    }
}

#[test]
fn what_a_section_says_is_not_refused_for_having_no_effect() {
    let site = Site::of(Behaviour::Healthy);
    let ini = site.ini("domain = example.com\ntls-name = cas1.example.com\nserver = CAS1\ncounters = csv:x\n");
    site.run(&format!("{ini} --only sip_options")).assert_begins(0, "UM CALL ROUTER OK - 1 check OK, ");
}

#[test]
fn one_of_several_ways_goes_by_a_name_of_its_own() {
    let asked = |arguments: &str| -> Vec<String> {
        let said = support::run(PLUGIN, &format!("-H 192.0.2.7 --startup-mode Dual --list {arguments}"));
        let asked = said.stdout.lines().filter_map(|line| line.strip_prefix("would be asked: "));
        let asked = asked.filter(|line| line.starts_with("sip_options"));
        asked.map(|line| line.split(':').next().unwrap().to_owned()).collect()
    };
    assert_eq!(asked("--only sip_options"), ["sip_options"]);
    assert_eq!(asked("--only sip_options_tls"), ["sip_options_tls"]);
    assert_eq!(asked("--without sip_options"), ["sip_options_tls"]);
    assert_eq!(asked("--without sip_options_tls"), ["sip_options"]);
    assert_eq!(asked("--only check_um_sip_options"), ["sip_options", "sip_options_tls"]);
    assert!(asked("--without check_um_sip_options").is_empty());
}

#[test]
fn a_call_goes_where_the_router_listens() {
    let listed = |arguments: &str| {
        let arguments = format!("-H 192.0.2.7 --call sip:5000@192.0.2.7 --only call_routing --list {arguments}");
        let said = support::run(PLUGIN, &arguments).stdout;
        said.lines().find(|line| line.starts_with("would be asked: call_routing: ")).unwrap().to_owned()
    };
    for mode in ["TCP", "Dual"] {
        let line = listed(&format!("--startup-mode {mode} --tcp-port 5066"));
        assert!(line.contains("--port 5066 --transport tcp --uri sip:5000@192.0.2.7"), "{line}");
    }
    let line = listed("--startup-mode TLS --tls-port 5067 --tls-name cas1");
    assert!(line.contains("--port 5067 --transport tls --tls-name cas1 --uri sip:5000@192.0.2.7"), "{line}");
}
