//! Does check_um_ad_ds say the right thing of every kind of controller? The real binary against OpenLDAP with Active
//! Directory's attributes, against scripted peers, and with a nameserver of the tests' own.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

#[path = "../support/mod.rs"]
mod support;

mod names;
#[cfg(not(windows))]
mod samba;

use std::io::{Read, Write};
use std::thread::sleep;
use std::time::Duration;

use call_router::nameserver::{Manner, Nameserver, a, srv};
use support::peer::Peer;
use support::port::{closed_port, free_port};
use support::slapd::{self, HEALTHY, NOT_SYNCHRONIZED, Slapd};
use support::{Outcome, perfdata, plugin, run_command};

const NAME: &str = "check_um_ad_ds";

fn run(arguments: &[&str]) -> Outcome {
    run_command(plugin(NAME).args(arguments))
}

/// Asks one controller, as patiently as a busy machine needs: how fast it is, is a finding of the tests that say so.
fn probe(port: u16, more: &[&str]) -> Outcome {
    run(&[&["-H", "127.0.0.1", "-p", &port.to_string(), "-w", "10", "-c", "20", "-t", "30"], more].concat())
}

#[test]
fn ok_when_the_directory_is_healthy() {
    let Some(slapd) = Slapd::start("127.0.0.1", HEALTHY, "") else { return };
    let ran = run(&["-H", "127.0.0.1", "-p", &slapd.port.to_string(), "-vvv"]);
    ran.assert_begins(0, &format!("UM AD DS OK - 127.0.0.1:{} answers: synchronized, ", slapd.port));
    ran.assert_says("DC=example,DC=com | 'time'=0.").assert_says("s;1;3;0;10");
    assert!(ran.stdout.contains("dnsHostName: dc1.example.com"), "{ran:?}");
}

#[test]
fn critical_when_not_synchronized() {
    let Some(slapd) = Slapd::start("127.0.0.1", NOT_SYNCHRONIZED, "") else { return };
    let ran = probe(slapd.port, &[]);
    ran.assert_begins(
        2,
        &format!("UM AD DS CRITICAL - isSynchronized of 127.0.0.1:{} is FALSE | 'time'=0.", slapd.port),
    );
    assert!(ran.stdout.contains("(status)") && ran.stdout.contains("advice: "), "{ran:?}");
    assert!(!ran.stdout.contains("isGlobalCatalogReady"), "judged on another port: {ran:?}");
}

#[test]
fn critical_when_the_directory_refuses() {
    let Some(slapd) = Slapd::start("127.0.0.1", HEALTHY, "require authc") else { return };
    let ran = probe(slapd.port, &[]);
    ran.assert_begins(2, "UM AD DS CRITICAL - 127.0.0.1:");
    ran.assert_says("result code 53 (unwillingToPerform): authentication required");
    assert!(!ran.first_line().contains('|'), "{ran:?}");
}

#[test]
fn critical_when_the_directory_shows_nothing() {
    let Some(slapd) = Slapd::start("127.0.0.1", HEALTHY, "access to * by * none") else { return };
    probe(slapd.port, &[]).assert_begins(2, "UM AD DS CRITICAL - 127.0.0.1:").assert_says("found no entry");
}

#[test]
fn critical_when_the_directory_is_silent() {
    let Some(slapd) = Slapd::start("127.0.0.1", HEALTHY, "") else { return };
    slapd.fall_silent();
    let ran = probe(slapd.port, &["-t", "0.5"]);
    ran.assert_begins(2, "UM AD DS CRITICAL - waiting for the rootDSE of 127.0.0.1:");
    ran.assert_within(Duration::from_millis(500));
    assert!(ran.stdout.contains("(timeout)"), "{ran:?}");
    probe(slapd.port, &["-t", "0.3:unknown"]).assert_begins(3, "UM AD DS UNKNOWN - waiting");
}

#[test]
fn ok_over_tls_when_the_certificate_is_trusted() {
    let directory = tempfile::tempdir().unwrap();
    let Some((slapd, certificate)) = Slapd::start_with_tls(&directory) else { return };
    let ran = probe(slapd.port, &["--tls", "--ca-file", &certificate, "-v"]);
    ran.assert_begins(0, "UM AD DS OK - 127.0.0.1:").assert_says(" answers: synchronized, ");
    assert!(ran.stdout.contains("tls version: TLS 1.3"), "{ran:?}");
    probe(slapd.port, &["--tls", "--no-verify"]).assert_begins(0, "UM AD DS OK - 127.0.0.1:");
}

#[test]
fn critical_over_tls_when_untrusted_or_for_another_name_though_the_directory_answers() {
    let directory = tempfile::tempdir().unwrap();
    let Some((slapd, certificate)) = Slapd::start_with_tls(&directory) else { return };
    let ran = probe(slapd.port, &["--tls"]);
    ran.assert_begins(2, "UM AD DS CRITICAL - 127.0.0.1:").assert_says(" answers: synchronized, ");
    assert!(ran.stdout.contains("(untrusted)"), "{ran:?}");
    let ran = probe(slapd.port, &["--tls", "--ca-file", &certificate, "--tls-name", "dc1.example.com"]);
    ran.assert_begins(2, "UM AD DS CRITICAL - 127.0.0.1:");
    assert!(ran.stdout.contains("(name-mismatch)"), "{ran:?}");
    probe(slapd.port, &["--tls", "--state", "untrusted=warning"]).assert_begins(1, "UM AD DS WARNING - ");
}

#[test]
fn the_client_certificate_shown_to_one_controller_stays_said() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, settings) = slapd::tls(&directory, &["example.com"]);
    let port = free_port().to_string();
    let start = |address: &str, more: &str| {
        Slapd::start_at(&format!("ldaps://{address}:{port}"), HEALTHY, &format!("{settings}{more}"))
    };
    let Some(_demands) = start("127.0.0.1", "TLSVerifyClient allow") else { return };
    let Some(_asks_for_nothing) = start("127.0.0.2", "") else { return };
    let fixture = |name: &str| support::fixture(&format!("x509/{name}"));
    let shown = ["--client-certificate", &fixture("client.pem"), "--client-key", &fixture("client-key.pem")];
    let nameserver = domain(&[(0, 389, "dc1.example.com"), (0, 389, "dc2.example.com")]);
    let ran = of_domain(&nameserver, &[&["--tls", "-p", &port, "--ca-file", &certificate, "-v"], &shown[..]].concat());
    ran.assert_begins(0, "UM AD DS OK - 2 of 2");
    assert!(ran.stdout.contains("authentication: client certificate CN=client.example.com"), "{ran:?}");
}

#[test]
fn tls_when_the_port_speaks_ldap_in_clear() {
    let Some(slapd) = Slapd::start("127.0.0.1", HEALTHY, "") else { return };
    let ran = probe(slapd.port, &["--tls", "--no-verify"]);
    ran.assert_exit(2);
    assert!(ran.stdout.contains("(tls)") || ran.stdout.contains("(closed)"), "{ran:?}");
}

#[test]
fn each_controller_of_a_domain_is_asked_and_the_dead_one_named() {
    let Some(first) = Slapd::start("127.0.0.1", HEALTHY, "") else { return };
    let Some(second) = Slapd::start("127.0.0.2", HEALTHY, "") else { return };
    let dead = free_port();
    let nameserver = domain(&[
        (10, first.port, "dc1.example.com"),
        (0, dead, "dc3.example.com"),
        (10, second.port, "dc2.example.com"),
    ]);
    let ran = of_domain(&nameserver, &[]);
    ran.assert_begins(
        2,
        "UM AD DS CRITICAL - 2 of 3 controllers of example.com are fit for work; connection refused by dc3.example.com:",
    );
    assert_eq!(perfdata::labels(ran.first_line()), ["time_127_0_0_1", "time_127_0_0_2"]);
    assert_eq!(perfdata::value(ran.first_line(), "time_127_0_0_3"), None);
    let ran = of_domain(&nameserver, &["--state", "refused=warning"]);
    ran.assert_begins(1, "UM AD DS WARNING - 2 of 3 controllers of example.com are fit for work");
}

#[test]
fn the_worst_controller_of_a_domain_decides() {
    let Some(first) = Slapd::start("127.0.0.1", HEALTHY, "") else { return };
    let Some(second) = Slapd::start("127.0.0.2", NOT_SYNCHRONIZED, "") else { return };
    let nameserver = domain(&[(0, first.port, "dc1.example.com"), (0, second.port, "dc2.example.com")]);
    let ran = of_domain(&nameserver, &[]);
    ran.assert_begins(
        2,
        "UM AD DS CRITICAL - 1 of 2 controllers of example.com are fit for work; isSynchronized of dc2.",
    );
    of_domain(&nameserver, &["--output", "json"]).assert_json("CRITICAL");
    of_domain(&nameserver, &["--output", "scom"]).assert_scom("CRITICAL");
}

/// The SRV records of example.com, and the addresses of dc1 to dc3.
fn domain(controllers: &[(u16, u16, &'static str)]) -> Nameserver {
    domain_with(Manner::Plain, controllers)
}

fn domain_with(manner: Manner, controllers: &[(u16, u16, &'static str)]) -> Nameserver {
    let service = "_ldap._tcp.dc._msdcs.example.com";
    let mut zone: Vec<_> =
        controllers.iter().map(|(priority, port, target)| (service, srv(*priority, *port, target))).collect();
    zone.extend([
        ("dc1.example.com", a([127, 0, 0, 1])),
        ("dc2.example.com", a([127, 0, 0, 2])),
        ("dc3.example.com", a([127, 0, 0, 3])),
    ]);
    Nameserver::new(manner, zone)
}

fn of_domain(nameserver: &Nameserver, more: &[&str]) -> Outcome {
    run(&[&["--domain", "example.com", "--dns-server", &nameserver.address.to_string()], more].concat())
}

/// A controller that answers with these attributes; every length is below 128.
fn controller(address: &str, attributes: &'static [(&'static str, &'static str)]) -> Peer {
    Peer::tcp_on(&format!("{address}:0"), move |mut stream| {
        let mut request = [0; 1024];
        if stream.read(&mut request).is_err() {
            return;
        }
        let attributes: Vec<u8> = attributes
            .iter()
            .flat_map(|(name, value)| {
                element(0x30, &[element(4, name.as_bytes()), element(0x31, &element(4, value.as_bytes()))].concat())
            })
            .collect();
        let entry = element(0x64, &[element(4, b""), element(0x30, &attributes)].concat());
        let done = element(0x65, b"\x0a\x01\x00\x04\x00\x04\x00");
        for operation in [entry, done] {
            // In two parts, as networks deliver things.
            let message = element(0x30, &[b"\x02\x01\x01".as_slice(), &operation].concat());
            let (head, tail) = message.split_at(message.len() / 2);
            let _ = stream.write_all(head).and_then(|()| stream.flush());
            sleep(Duration::from_millis(5));
            let _ = stream.write_all(tail);
        }
        let _ = stream.read(&mut request);
    })
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    [if length < 128 { vec![tag, length] } else { vec![tag, 0x81, length] }, content.to_vec()].concat()
}

const GOOD: &[(&str, &str)] =
    &[("isSynchronized", "TRUE"), ("isGlobalCatalogReady", "FALSE"), ("defaultNamingContext", "DC=example,DC=com")];

#[test]
fn ok_however_the_answer_is_cut() {
    let peer = controller("127.0.0.1", GOOD);
    probe(peer.address.port(), &[]).assert_begins(0, "UM AD DS OK - 127.0.0.1:");
}

#[test]
fn warning_when_the_answer_is_slow() {
    let peer = controller("127.0.0.1", GOOD);
    let ran = probe(peer.address.port(), &["-w", "0.001", "-c", "5"]);
    ran.assert_begins(1, "UM AD DS WARNING - took ").assert_says("ms, more than 0.001 s; 127.0.0.1:");
}

#[test]
fn protocol_when_an_attribute_is_absent() {
    let peer = controller("127.0.0.1", &[("isSynchronized", "TRUE")]);
    let ran = probe(peer.address.port(), &[]);
    ran.assert_begins(2, "UM AD DS CRITICAL - 127.0.0.1:").assert_says(" answers without defaultNamingContext: ");
    assert!(ran.stdout.contains("(protocol)"), "{ran:?}");
}

#[test]
fn protocol_when_an_answer_says_two_things() {
    let twice = controller(
        "127.0.0.1",
        &[("isSynchronized", "TRUE"), ("isSynchronized", "FALSE"), ("defaultNamingContext", "DC=x")],
    );
    let ran = probe(twice.address.port(), &[]);
    ran.assert_begins(2, "UM AD DS CRITICAL - isSynchronized of 127.0.0.1:").assert_says("has several values");
    assert!(ran.stdout.contains("(protocol)"), "{ran:?}");
    let entries = |names: &'static [&'static [u8]]| {
        Peer::tcp(move |mut stream| {
            let _ = stream.read(&mut [0; 1024]);
            for name in names {
                let value = |text: &[u8]| element(0x30, &[element(4, b"isSynchronized"), element(0x31, text)].concat());
                let attributes = element(0x30, &value(&element(4, b"TRUE")));
                let entry = element(0x64, &[element(4, name), attributes].concat());
                let _ = stream.write_all(&element(0x30, &[b"\x02\x01\x01".as_slice(), &entry].concat()));
            }
            let _ = stream.read(&mut [0; 1024]);
        })
    };
    const CASES: &[&[&[u8]]] = &[&[b"", b""], &[b"CN=evil,DC=x"]];
    for names in CASES {
        let peer = entries(names);
        let ran = probe(peer.address.port(), &[]);
        ran.assert_begins(2, "UM AD DS CRITICAL - 127.0.0.1:").assert_says("found other entries: expected one");
        assert!(ran.stdout.contains("(protocol)"), "{ran:?}");
    }
}

#[test]
fn protocol_when_something_else_answers() {
    let sends = |bytes: &'static [u8]| {
        Peer::tcp(move |mut stream| {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(bytes);
            let _ = stream.read(&mut [0; 1024]);
        })
    };
    for bytes in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(),
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"0\x03\x02\x01\x01",
        b"0\x84\x7f\xff\xff\xff",
    ] {
        let peer = sends(bytes);
        let ran = probe(peer.address.port(), &["-vvv"]);
        ran.assert_begins(2, "UM AD DS CRITICAL - 127.0.0.1:");
        assert!(ran.stdout.contains("(protocol)"), "{ran:?}");
    }
}

#[test]
fn closed_when_the_peer_hangs_up_and_refused_when_nobody_listens() {
    let peer = Peer::tcp(drop);
    let ran = probe(peer.address.port(), &[]);
    ran.assert_begins(2, "UM AD DS CRITICAL - 127.0.0.1:");
    assert!(ran.stdout.contains("(closed)"), "{ran:?}");
    run(&["-H", "127.0.0.1", "-p", &closed_port()])
        .assert_begins(2, "UM AD DS CRITICAL - connection refused by 127.0.0.1:");
}

#[test]
fn a_flood_of_entries_ends_with_the_deadline() {
    let peer = Peer::tcp(|mut stream| {
        let entry = element(0x30, &[b"\x02\x01\x07".as_slice(), &element(0x64, b"\x04\x00\x30\x00")].concat());
        while stream.write_all(&entry.repeat(100)).is_ok() {}
    });
    probe(peer.address.port(), &["-t", "0.5"])
        .assert_begins(2, "UM AD DS CRITICAL - waiting")
        .assert_within(Duration::from_millis(500));
}

#[test]
fn srv_over_tcp_when_the_answer_is_too_long_and_past_strays() {
    let peer = controller("127.0.0.1", GOOD);
    for manner in [Manner::Truncating, Manner::Chatty] {
        let nameserver = domain_with(manner, &[(0, peer.address.port(), "DC1.Example.com")]);
        let ran = of_domain(&nameserver, &[]);
        ran.assert_begins(0, "UM AD DS OK - 1 of 1 controllers of example.com are fit for work; dc1.example.com:");
    }
}

#[test]
fn dns_when_the_domain_has_no_controllers() {
    let ran = of_domain(&Nameserver::new(Manner::Plain, Vec::new()), &[]);
    ran.assert_begins(3, "UM AD DS UNKNOWN - no SRV records for _ldap._tcp.dc._msdcs.example.com");
    assert!(!ran.first_line().contains('|'), "{ran:?}");
    assert!(ran.stdout.contains("(dns)"), "{ran:?}");
}

#[test]
fn dns_when_the_nameserver_fails_or_is_silent() {
    let failing = Nameserver::new(Manner::Failing, Vec::new());
    let ran = of_domain(&failing, &[]);
    ran.assert_begins(3, "UM AD DS UNKNOWN - cannot look up SRV of '_ldap._tcp.dc._msdcs.example.com' at 127.0.0.1:");
    assert!(ran.stdout.contains("SERVFAIL"), "{ran:?}");
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let ran = run(&["--domain", "example.com", "--dns-server", &address, "-t", "0.5"]);
    ran.assert_begins(3, "UM AD DS UNKNOWN - looking up SRV of").assert_within(Duration::from_millis(500));
}

#[test]
fn dns_when_the_nameserver_is_absent() {
    let absent = format!("127.0.0.1:{}", closed_port());
    let ran = run(&["--domain", "example.com", "--dns-server", &absent]);
    ran.assert_begins(3, "UM AD DS UNKNOWN - cannot look up SRV");
    assert!(ran.stdout.contains("refused"), "{ran:?}");
}

#[test]
fn a_second_nameserver_answers_for_a_dead_first_one() {
    let peer = controller("127.0.0.1", GOOD);
    let nameserver = domain(&[(0, peer.address.port(), "dc1.example.com")]);
    let dead = format!("127.0.0.1:{}", closed_port());
    let arguments = ["--domain", "example.com", "--dns-server", &dead, "--dns-server", &nameserver.address.to_string()];
    run(&arguments).assert_begins(0, "UM AD DS OK - 1 of 1");
}

#[test]
fn dns_when_a_controller_has_no_address() {
    let peer = controller("127.0.0.1", GOOD);
    let nameserver = domain(&[(0, peer.address.port(), "dc1.example.com"), (0, 389, "gone.example.com")]);
    let ran = of_domain(&nameserver, &[]);
    ran.assert_begins(
        3,
        "UM AD DS UNKNOWN - 1 of 2 controllers of example.com are fit for work; 'gone.example.com' has no address",
    );
    assert_eq!(perfdata::labels(ran.first_line()), ["time_127_0_0_1"]);
}

#[test]
fn unknown_on_bad_arguments() {
    for arguments in [
        &[][..],
        &["-H", "127.0.0.1", "--domain", "example.com"],
        &["-H", "127.0.0.1", "--dns-server", "127.0.0.1"],
        &["--domain", "example.com", "--dns-server", "dns.example.com"],
        &["-H", "127.0.0.1", "--no-verify"],
        &["-H", "127.0.0.1", "--site", "Berlin"],
        &["-H", "127.0.0.1", "-p", "3268", "--forest", "example.com"],
        &["--domain", "example.com", "--site", "a.b"],
        &["-H", "127.0.0.1", "-p", "0"],
        &["-H", "a b"],
    ] {
        run(arguments).assert_begins(3, "UM AD DS UNKNOWN - ");
    }
}

#[test]
fn who_demands_a_client_certificate_is_told_from_who_hangs_up() {
    let directory = tempfile::tempdir().unwrap();
    let settings = slapd::tls(&directory, &["127.0.0.1"]).1 + "TLSVerifyClient demand\n";
    let url = format!("ldaps://127.0.0.1:{}", free_port());
    let Some(slapd) = Slapd::start_at(&url, HEALTHY, &settings) else { return };
    probe(slapd.port, &["--tls", "--no-verify"]).assert_says("demands a client certificate and was shown none");
}
