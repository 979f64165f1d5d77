//! Which controllers does DNS name, are they of that domain, and which names may their certificates be for?

use call_router::nameserver::{Manner, Nameserver, a, srv};

use super::support::port::free_port;
use super::support::slapd::Slapd;
use super::support::{Outcome, perfdata};
use super::{GOOD, controller, domain, of_domain, probe};

/// What is said of a controller of example.com that DNS calls `target`, over TLS with a certificate for `names`.
fn named(names: &[&str], target: &'static str, more: &[&str]) -> Option<Outcome> {
    let directory = tempfile::tempdir().unwrap();
    let (slapd, certificate) = Slapd::start_with_certificate_for(&directory, names)?;
    let zone = vec![("_ldap._tcp.dc._msdcs.example.com", srv(0, 389, target)), (target, a([127, 0, 0, 1]))];
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let port = slapd.port.to_string();
    Some(of_domain(&nameserver, &[&["--tls", "-p", &port, "--ca-file", &certificate], more].concat()))
}

#[test]
fn ok_over_tls_when_the_certificate_is_for_the_domain_whatever_the_target_is_called() {
    for target in ["dc1.example.com", "dc1.elsewhere.test"] {
        let Some(ran) = named(&["Example.com"], target, &[]) else { return };
        ran.assert_begins(0, "UM AD DS OK - 1 of 1 controllers of example.com are fit for work; dc1.");
        assert!(!ran.stdout.contains("its own name"), "{ran:?}");
    }
}

#[test]
fn ok_and_said_over_tls_when_the_certificate_is_for_the_targets_own_name_below_the_domain() {
    let Some(ran) = named(&["dc1.example.com"], "dc1.example.com", &[]) else { return };
    ran.assert_begins(0, "UM AD DS OK - 1 of 1")
        .assert_says(": its certificate is for its own name, not for example.com");
}

#[test]
fn name_mismatch_over_tls_when_dns_names_a_host_elsewhere_though_its_certificate_is_its_own() {
    for (names, target) in [
        (["dc1.elsewhere.test"], "dc1.elsewhere.test"),
        (["dc1.badexample.com"], "dc1.badexample.com"),
        (["dc1.example.com"], "dc2.example.com"),
        (["127.0.0.1"], "dc1.example.com"),
    ] {
        let Some(ran) = named(&names, target, &[]) else { return };
        ran.assert_begins(2, "UM AD DS CRITICAL - 1 of 1").assert_says("the certificate is not for 'example.com'");
        assert!(ran.stdout.contains("(name-mismatch)"), "{ran:?}");
        // The operator's word beats both.
        let Some(ran) = named(&names, target, &["--tls-name", names[0]]) else { return };
        ran.assert_begins(0, "UM AD DS OK - 1 of 1");
        let Some(ran) = named(&["example.com"], "dc1.example.com", &["--tls-name", "dc9.example.com"]) else { return };
        ran.assert_begins(2, "UM AD DS CRITICAL - 1 of 1").assert_says("not for 'dc9.example.com'");
    }
}

#[test]
fn two_names_of_one_address_have_two_labels() {
    let directory = tempfile::tempdir().unwrap();
    let Some((slapd, certificate)) = Slapd::start_with_certificate_for(&directory, &["example.com"]) else { return };
    let controllers = [(0, 389, "dc1.example.com"), (0, 389, "dc4.example.com")];
    let mut zone: Vec<_> = controllers
        .map(|(priority, port, target)| ("_ldap._tcp.dc._msdcs.example.com", srv(priority, port, target)))
        .into();
    zone.extend(controllers.map(|(_, _, target)| (target, a([127, 0, 0, 1]))));
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let port = slapd.port.to_string();
    let ran = of_domain(&nameserver, &["--tls", "-p", &port, "--ca-file", &certificate]);
    ran.assert_text(0);
    let labels = ["time_127_0_0_1".to_owned(), format!("time_127_0_0_1_{port}")];
    assert_eq!(perfdata::labels(ran.first_line()), labels);
}

#[test]
fn the_controllers_of_a_site_are_those_that_dns_names_for_it() {
    let peer = controller("127.0.0.1", GOOD);
    let zone = vec![
        ("_ldap._tcp.Berlin._sites.dc._msdcs.example.com", srv(0, peer.address.port(), "dc1.example.com")),
        ("_ldap._tcp.dc._msdcs.example.com", srv(0, free_port(), "dc2.example.com")),
        ("dc1.example.com", a([127, 0, 0, 1])),
        ("dc2.example.com", a([127, 0, 0, 1])),
    ];
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let ran = of_domain(&nameserver, &["--site", "Berlin"]);
    ran.assert_begins(0, "UM AD DS OK - 1 of 1 controllers of site Berlin of example.com are fit for work; dc1.");
    let ran = of_domain(&nameserver, &["--site", "Bonn"]);
    ran.assert_begins(3, "UM AD DS UNKNOWN - no SRV records for _ldap._tcp.Bonn._sites.dc._msdcs.example.com");
}

#[test]
fn global_catalogs_are_those_of_the_forest() {
    let nameserver = Nameserver::new(Manner::Plain, Vec::new());
    let asked = |more: &[&str]| of_domain(&nameserver, more);
    let said = |name: &str| format!("UM AD DS UNKNOWN - no SRV records for {name}");
    asked(&["-p", "3268"]).assert_begins(3, &said("_ldap._tcp.gc._msdcs.example.com"));
    asked(&["-p", "3269", "--tls", "--forest", "corp.test", "--site", "Bonn"])
        .assert_begins(3, &said("_ldap._tcp.Bonn._sites.gc._msdcs.corp.test"));
    asked(&["--forest", "corp.test"])
        .assert_begins(3, "UM AD DS UNKNOWN - --forest: expected --domain --port 3268 or --port 3269 too");
}

#[test]
fn not_more_controllers_are_asked_than_can_be_reported_and_the_rest_is_said() {
    let peer = controller("127.0.0.1", GOOD);
    let names: Vec<&'static str> =
        (0..40).map(|number| &*Box::leak(format!("dc{number:02}.example.com").into_boxed_str())).collect();
    let mut zone: Vec<_> =
        names.iter().map(|name| ("_ldap._tcp.dc._msdcs.example.com", srv(0, peer.address.port(), name))).collect();
    zone.extend(names.iter().map(|name| (*name, a([127, 0, 0, 1]))));
    let ran = of_domain(&Nameserver::new(Manner::Truncating, zone), &[]);
    ran.assert_begins(
        1,
        "UM AD DS WARNING - 32 of 32 controllers of example.com are fit for work, 8 more were not asked; a run asks no more",
    );
    assert!(ran.stdout.contains("\nadvice: Nobody knows whether the controllers that were not asked"), "{ran:?}");
}

#[test]
fn protocol_when_a_controller_is_of_another_domain() {
    let peer = controller(
        "127.0.0.1",
        &[("isSynchronized", "TRUE"), ("defaultNamingContext", "DC=other,DC=net"), ("dnsHostName", "dc9.other.net")],
    );
    let nameserver = domain(&[(0, peer.address.port(), "dc1.example.com")]);
    let ran = of_domain(&nameserver, &[]);
    ran.assert_begins(2, "UM AD DS CRITICAL - 0 of 1 controllers of example.com are fit for work; dc1.example.com:");
    ran.assert_says(" is of DC=other,DC=net, not of example.com");
    assert!(ran.stdout.contains("(protocol)"), "{ran:?}");
    // Whoever names the controller himself knows what it is.
    probe(peer.address.port(), &[]).assert_begins(0, "UM AD DS OK - 127.0.0.1:");
}
