//! To which servers does a domain lead, and what of each? `--srv` against a nameserver of the tests' own.

use std::io::Write;
use std::net::UdpSocket;
use std::time::Duration;

use call_router::nameserver::{Manner, Nameserver, Zone, a, naptr, srv};
use rustls::{ServerConnection, StreamOwned};

use crate::run;

use crate::support::peer::{Peer, read_request, response};
use crate::support::port::free_port;
use crate::support::{Outcome, format, perfdata};
use crate::tls::self_signed;

pub const TCP: &str = "_sip._tcp.example.com";

pub fn of_domain(nameserver: &Nameserver, more: &[&str]) -> Outcome {
    run(&[&["-H", "example.com", "--srv", "--dns-server", &nameserver.address.to_string()], more].concat())
}

fn nameserver(services: Zone) -> Nameserver {
    let addresses = [
        ("sip1.example.com", a([127, 0, 0, 1])),
        ("sip2.example.com", a([127, 0, 0, 2])),
        ("sip3.example.com", a([127, 0, 0, 3])),
    ];
    Nameserver::new(Manner::Plain, services.into_iter().chain(addresses).collect())
}

/// A server that answers 200 if it is asked for the domain. At its port nobody listens on another address.
pub fn server(address: &str) -> Peer {
    Peer::tcp_on(&format!("{address}:{}", free_port()), |mut stream| {
        while let Some(request) = read_request(&mut stream) {
            let is_for_domain = request.starts_with("OPTIONS sip:example.com SIP/2.0\r\n")
                || request.starts_with("OPTIONS sip:example.com;transport=tcp SIP/2.0\r\n");
            let status = if is_for_domain { "SIP/2.0 200 OK" } else { "SIP/2.0 404 Not Found" };
            let _ = stream.write_all(&response(&request, status, ""));
        }
    })
}

pub fn dead() -> u16 {
    free_port()
}

#[test]
fn critical_when_one_of_three_targets_is_dead_and_it_is_named() {
    let (first, second, dead) = (server("127.0.0.1"), server("127.0.0.2"), dead());
    let nameserver = nameserver(vec![
        (TCP, srv(0, first.address.port(), "sip1.example.com")),
        (TCP, srv(0, second.address.port(), "sip2.example.com")),
        (TCP, srv(10, dead, "sip3.example.com")),
    ]);
    let ran = of_domain(&nameserver, &["--all-addresses"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 2 of 3 targets of example.com answer; ");
    ran.assert_says(&format!("connection refused by sip3.example.com:{dead} (127.0.0.3)"));
    ran.assert_says(&format!("200 OK from sip1.example.com:{} (127.0.0.1) in ", first.address.port()));
    for (label, is_known) in [("time_127_0_0_1", true), ("time_127_0_0_2", true), ("time_127_0_0_3", false)] {
        assert_eq!(perfdata::value(ran.first_line(), label).is_some(), is_known, "{label}: {ran:?}");
    }
    assert_eq!(perfdata::labels(ran.first_line()).len(), 2 * 6 + 1, "{ran:?}");
    of_domain(&nameserver, &["--all-addresses", "--state", "refused=warning"])
        .assert_begins(1, "UM SIP OPTIONS WARNING - 2 of 3 targets of example.com answer; ");
    of_domain(&nameserver, &["--all-addresses", "--output", "json"]).assert_json("CRITICAL");
    of_domain(&nameserver, &["--all-addresses", "--output", "scom"]).assert_scom("CRITICAL");
}

#[test]
fn ok_from_the_next_target_and_those_before_it_are_named() {
    let (alive, dead) = (server("127.0.0.2"), dead());
    let nameserver = nameserver(vec![
        (TCP, srv(0, dead, "sip1.example.com")),
        (TCP, srv(5, dead, "gone.example.com")),
        (TCP, srv(10, alive.address.port(), "sip2.example.com")),
        (TCP, srv(20, dead, "sip3.example.com")),
    ]);
    let ran = of_domain(&nameserver, &["--transport", "tcp"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - ");
    ran.assert_says(&format!("passed over: connection refused by sip1.example.com:{dead} (127.0.0.1)"));
    ran.assert_says("passed over: 'gone.example.com' has no address");
    ran.assert_says(&format!("200 OK from sip2.example.com:{} in ", alive.address.port()));
    assert!(!ran.stdout.contains("sip3"), "{ran:?}");
    let labels = ["time", "dns", "connect", "response", "retransmissions", "status"];
    assert_eq!(perfdata::labels(ran.first_line()), labels);
}

#[test]
fn critical_when_no_target_connects_whatever_else_is_wrong_with_one() {
    let dead = dead();
    let nameserver = nameserver(vec![
        (TCP, srv(0, dead, "gone.example.com")),
        (TCP, srv(5, dead, "sip1.example.com")),
        (TCP, srv(9, dead, "sip2.example.com")),
    ]);
    let ran = of_domain(&nameserver, &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - none of the 3 targets of example.com: 'gone.example.com' has no ");
    assert!(ran.stdout.contains("(refused)"), "{ran:?}");
    let ran = of_domain(&nameserver, &["--state", "refused=ok"]);
    ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - none of the 3 targets of example.com: ");
}

#[test]
fn naptr_leads_to_tls_and_the_certificate_must_be_for_the_domain() {
    let service = "_sips._tcp.tls.example.com";
    for (name, state, text) in [
        ("example.com", 0, "UM SIP OPTIONS OK - 200 OK from sip1.example.com:"),
        // RFC 5922, section 7.4: whoever can forge an SRV record must not be able to choose the name as well.
        ("sip1.example.com", 2, "UM SIP OPTIONS CRITICAL - the certificate is not for 'example.com', but for "),
    ] {
        let (config, pem) = self_signed(name);
        let server = Peer::tcp(move |stream| {
            let mut tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
            while let Some(request) = read_request(&mut tls) {
                let is_for_domain = request.starts_with("OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/TLS ");
                let status = if is_for_domain { "SIP/2.0 200 OK" } else { "SIP/2.0 404 Not Found" };
                let _ = tls.write_all(&response(&request, status, ""));
            }
        });
        let port = server.address.port();
        let nameserver = nameserver(vec![
            ("example.com", naptr(20, "SIP+D2T", TCP)),
            ("example.com", naptr(10, "SIPS+D2T", service)),
            (TCP, srv(0, dead(), "sip3.example.com")),
            (service, srv(0, port, "sip1.example.com")),
        ]);
        let directory = tempfile::tempdir().unwrap();
        let ca = directory.path().join("ca.pem");
        std::fs::write(&ca, pem).unwrap();
        let ran = of_domain(&nameserver, &["--ca-file", ca.to_str().unwrap(), "-vv"]);
        ran.assert_begins(state, text);
        assert!(perfdata::labels(ran.first_line()).contains(&"certificate_days".to_owned()), "{ran:?}");
        for step in [
            "NAPTR of example.com: SIPS+D2T _sips._tcp.tls.example.com, SIP+D2T _sip._tcp.example.com".to_owned(),
            format!("SRV of {service}: 0 10 {port} sip1.example.com"),
            "addresses of sip1.example.com: 127.0.0.1".to_owned(),
            format!("connected to sip1.example.com:{port} (127.0.0.1)"),
        ] {
            assert!(ran.stdout.contains(&format!(" ms {step}\n")), "{step}: {ran:?}");
        }
    }
}

#[test]
fn a_transport_that_is_given_needs_no_naptr() {
    let peer = Peer::udp(|request| vec![response(request, "SIP/2.0 200 OK", "")]);
    let nameserver = nameserver(vec![
        ("example.com", naptr(10, "SIP+D2T", TCP)),
        (TCP, srv(0, dead(), "sip3.example.com")),
        ("_sip._udp.example.com", srv(0, peer.address.port(), "sip1.example.com")),
    ]);
    let ran = of_domain(&nameserver, &["--transport", "udp", "-vvv"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from sip1.example.com:");
    assert!(!ran.stdout.contains("NAPTR") && ran.stdout.contains("OPTIONS sip:example.com SIP/2.0"), "{ran:?}");
    of_domain(&nameserver, &["--transport", "tcp"])
        .assert_begins(2, "UM SIP OPTIONS CRITICAL - connection refused by ");
}

#[test]
fn without_records_the_domain_itself_is_asked_at_the_default_port() {
    let nameserver = Nameserver::new(Manner::Plain, vec![("example.com", a([127, 83, 0, 5]))]);
    for (transport, port) in [(&["tcp"][..], 5060), (&["tls", "--no-verify"], 5061)] {
        let ran = of_domain(&nameserver, &[&["-t", "2", "-vv", "--transport"], transport].concat());
        ran.assert_says(&format!("example.com:{port}"));
        assert!(ran.stdout.contains(" itself is the host, at port "), "{ran:?}");
    }
}

#[test]
fn dns_when_the_domain_offers_no_sip_or_has_no_address() {
    let ran = of_domain(&nameserver(vec![(TCP, srv(0, 0, "."))]), &["--transport", "tcp"]);
    ran.assert_begins(
        3,
        "UM SIP OPTIONS UNKNOWN - the SRV record of _sip._tcp.example.com says that the service is not ",
    );
    assert!(ran.stdout.contains("(dns)") && !ran.stdout.contains("'time'="), "{ran:?}");
    let ran = of_domain(&nameserver(Vec::new()), &["--all-addresses"]);
    ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - 'example.com' has no address");
    assert!(ran.stdout.contains("(dns)") && !ran.stdout.contains("'time'="), "{ran:?}");
}

#[test]
fn dns_when_one_of_the_targets_has_no_address_though_the_other_answers() {
    let alive = server("127.0.0.1");
    let nameserver = nameserver(vec![
        (TCP, srv(0, alive.address.port(), "sip1.example.com")),
        (TCP, srv(0, 5060, "gone.example.com")),
    ]);
    let ran = of_domain(&nameserver, &["--all-addresses"]);
    ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - 1 of 2 targets of example.com answer; 'gone.example.com' has no ");
    ran.assert_says(" 200 OK from sip1.example.com:");
    let labels = perfdata::labels(ran.first_line());
    assert!(labels.len() == 6 && labels.iter().all(|label| label.ends_with("_127_0_0_1")), "{ran:?}");
}

#[test]
fn targets_are_counted_as_targets_and_addresses_as_addresses() {
    let first = server("127.0.0.1");
    let port = first.address.port();
    let second = Peer::tcp_on(&format!("127.0.0.2:{port}"), |mut stream| {
        while let Some(request) = read_request(&mut stream) {
            let _ = stream.write_all(&response(&request, "SIP/2.0 200 OK", ""));
        }
    });
    let mut zone = vec![
        (TCP, srv(0, port, "pair.example.com")),
        ("pair.example.com", a([127, 0, 0, 1])),
        ("pair.example.com", a([127, 0, 0, 2])),
    ];
    let ran = of_domain(&Nameserver::new(Manner::Plain, zone.clone()), &["--all-addresses"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 2 of 2 addresses of the only target of example.com answer; ");
    zone.push((TCP, srv(0, port, "gone.example.com")));
    let ran = of_domain(&Nameserver::new(Manner::Plain, zone.clone()), &["--all-addresses"]);
    ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - 1 of 2 targets of example.com answer (2 of 2 addresses); ");
    assert_eq!(perfdata::labels(ran.first_line()).len(), 2 * 6, "{ran:?}");
    drop(second);
}

/// Whoever forges or loses one record must not turn a check of TLS into one without.
#[test]
fn tls_when_options_of_tls_are_given_and_the_domain_leads_elsewhere() {
    let server = server("127.0.0.1");
    let pin = "0".repeat(64);
    let zones: [Zone; 2] = [
        vec![(TCP, srv(0, server.address.port(), "sip1.example.com"))],
        // The way that the domain prefers has no record any more.
        vec![
            ("example.com", naptr(10, "SIPS+D2T", "_sips._tcp.example.com")),
            ("example.com", naptr(20, "SIP+D2T", TCP)),
            (TCP, srv(0, server.address.port(), "sip1.example.com")),
        ],
    ];
    for zone in zones {
        let nameserver = nameserver(zone);
        of_domain(&nameserver, &[]).assert_text(0);
        for options in [
            &["--fingerprint", pin.as_str()][..],
            &["--no-verify"],
            &["--tls-name", "sip.example.com"],
            &["--certificate-critical", "1000"],
            &["--tls-backend", "modern"],
        ] {
            let ran = of_domain(&nameserver, &[options, &["-vvv"]].concat());
            ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - example.com leads to tcp, where ");
            ran.assert_says(options[0]);
            assert!(ran.stdout.contains("(tls)") && ran.stdout.contains("--transport tls"), "{ran:?}");
            assert!(!ran.stdout.contains("connected to"), "somebody was asked: {ran:?}");
        }
    }
    let only_udp = nameserver(vec![("_sip._udp.example.com", srv(0, dead(), "sip1.example.com"))]);
    of_domain(&only_udp, &["--no-verify"]).assert_begins(2, "UM SIP OPTIONS CRITICAL - example.com leads to udp, ");
}

#[test]
fn dns_when_the_nameserver_fails_or_is_silent() {
    let failing = Nameserver::new(Manner::Failing, Vec::new());
    let ran = of_domain(&failing, &["-vv"]);
    ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - cannot look up SRV of '_sip._tcp.example.com' at 127.0.0.1:");
    assert!(ran.stdout.contains("(dns)") && ran.stdout.contains("SERVFAIL"), "{ran:?}");

    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    for (more, code, class) in [(&[][..], 3, "(dns)"), (&["--state", "timeout=critical"], 2, "(timeout)")] {
        let ran = run(&[&["-H", "example.com", "--srv", "--dns-server", &address, "-t", "0.4"], more].concat());
        ran.assert_text(code).assert_says("looking up SRV of '_sip._tcp.example.com' did not finish within 0.4 s");
        ran.assert_within(Duration::from_millis(400));
        assert!(ran.stdout.contains(class), "{ran:?}");
    }
}

#[test]
fn ok_past_strays_over_tcp_and_of_a_nameserver_that_does_not_know_naptr() {
    let server = server("127.0.0.1");
    let zone = vec![(TCP, srv(0, server.address.port(), "SIP1.Example.com")), ("sip1.example.com", a([127, 0, 0, 1]))];
    for manner in [Manner::Truncating, Manner::Chatty, Manner::Ignorant, Manner::Filtered] {
        let ran = of_domain(&Nameserver::new(manner, zone.clone()), &[]);
        ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from sip1.example.com:");
    }
}

#[test]
fn two_ports_at_one_address_have_labels_of_their_own() {
    let (first, second) = (server("127.0.0.1"), server("127.0.0.1"));
    let mut ports = [first.address.port(), second.address.port()];
    ports.sort_unstable();
    let nameserver = nameserver(vec![
        (TCP, srv(0, ports[1], "sip1.example.com")),
        (TCP, srv(9, ports[0], "sip1.example.com")),
        (TCP, srv(9, ports[0], "other.example.com")),
        ("other.example.com", a([127, 0, 0, 1])),
    ]);
    let ran = of_domain(&nameserver, &["--all-addresses"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 3 of 3 targets of example.com answer; ");
    let labels = perfdata::labels(ran.first_line());
    let times: Vec<_> = labels.iter().filter(|label| label.starts_with("time")).collect();
    assert_eq!(times, [&"time_127_0_0_1".to_owned(), &format!("time_127_0_0_1_{}", ports[1])], "{ran:?}");
}

#[test]
fn hostile_names_harm_no_format() {
    let dead = dead();
    let hostile = "a|b'c\"\n=<\u{202e}\u{1b}[31m.example.com";
    let nameserver = Nameserver::new(
        Manner::Plain,
        vec![
            ("example.com", naptr(10, "SIP+D2T", "_sip|\n._tcp.'\".example.com")),
            ("_sip|\n._tcp.'\".example.com", srv(0, dead, hostile)),
            ("_sip|\n._tcp.'\".example.com", srv(0, dead, "unknown|\u{1b}.example.com")),
            (hostile, a([127, 0, 0, 3])),
        ],
    );
    for more in [&["-vvv"][..], &["-vvv", "--all-addresses"]] {
        let text = of_domain(&nameserver, more);
        text.assert_begins(2, "UM SIP OPTIONS CRITICAL - ").assert_says("a/b'c\" =< ");
        assert!(!text.stdout.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        assert_eq!(text.stdout.matches('|').count(), 1, "{text:?}");
        of_domain(&nameserver, &[more, &["--output", "json"]].concat()).assert_json("CRITICAL");
        of_domain(&nameserver, &[more, &["--output", "scom"]].concat()).assert_scom("CRITICAL");
    }
}

#[test]
fn as_many_as_a_report_has_room_for_are_asked_and_the_rest_is_counted() {
    let dead = dead();
    let many = |service: &'static str| (0..100).map(move |index| (service, a([127, 0, 1, index + 1])));
    let names: Vec<&'static str> = (0..100).map(|index| format!("sip{index}.example.com").leak() as &str).collect();
    let one_target = [("_sips._tcp.example.com", srv(0, dead, "sip.example.com"))];
    let addresses = Nameserver::new(Manner::Plain, one_target.into_iter().chain(many("sip.example.com")).collect());
    let targets =
        names.iter().flat_map(|name| [("_sips._tcp.example.com", srv(0, dead, name)), (name, a([127, 0, 0, 9]))]);
    let targets = Nameserver::new(Manner::Truncating, targets.collect());

    let thresholds =
        ["-w", "0.123456", "-c", "0.1234567", "--certificate-warning", "30", "--certificate-critical", "14"];
    let common = [&["--transport", "tls", "--all-addresses", "-vvv"], thresholds.as_slice()].concat();
    let of_one = "0 of 32 addresses of the only target of example.com answer, 68 more addresses were not asked; ";
    let of_many = "0 of 32 targets of example.com answer, 68 more targets were not asked; ";
    for (nameserver, labels, said) in [(&addresses, 32, of_one), (&targets, 1, of_many)] {
        let text = of_domain(nameserver, &common);
        text.assert_text(2).assert_says(said);
        assert!(text.stdout.contains("\nreason: a run asks no more than 32\n"), "{text:?}");
        assert_eq!(perfdata::labels(text.first_line()).len(), labels, "{text:?}");
        let json = of_domain(nameserver, &[&common, ["--output", "json"].as_slice()].concat());
        json.assert_json("CRITICAL").assert_exit(2);
        // What was not measured is left out of the text, and has its thresholds all the same.
        let metrics = &format::assert_json(&json.stdout)["metrics"];
        assert_eq!(metrics.as_object().unwrap().len(), labels * 8, "{metrics}");
        let scom = of_domain(nameserver, &[&common, ["--output", "scom"].as_slice()].concat());
        scom.assert_scom("CRITICAL").assert_exit(2);
    }
    let ran = of_domain(&targets, &["--transport", "tls"]);
    ran.assert_text(2).assert_says("none of the first 32 of 100 targets of example.com: connection refused by ");
}

#[test]
fn unknown_when_the_options_contradict_rfc_3263() {
    for (arguments, expected) in [
        (&["-H", "example.com", "--srv", "-p", "5060"][..], "--srv: expected no --port"),
        (&["-H", "192.0.2.7", "--srv"], "--srv: expected a domain in --hostname, found an address"),
        (&["-H", "[2001:db8::7]", "--srv"], "--srv: expected a domain in --hostname, found an address"),
        (&["-H", "example.com", "--dns-server", "192.0.2.53"], "--dns-server: expected --srv"),
        (&["-H", "example.com", "--srv", "--dns-server", "dns.example.com"], "is not a nameserver"),
    ] {
        run(arguments).assert_begins(3, "UM SIP OPTIONS UNKNOWN - ").assert_says(expected);
    }
    run(&["-H", &format!("{}.example.com", "a".repeat(64)), "--srv", "--dns-server", "127.0.0.1:9"])
        .assert_begins(3, "UM SIP OPTIONS UNKNOWN - ")
        .assert_says("is not a domain name");
}

#[test]
fn warning_when_all_that_are_asked_are_well_and_others_were_not_asked() {
    let first = server("127.0.1.1");
    let port = first.address.port();
    let others: Vec<_> = (2..=33).map(|last| Peer::tcp_on(&format!("127.0.1.{last}:{port}"), answer_ok)).collect();
    let mut zone: Zone = (1..=33).map(|last| ("sip.example.com", a([127, 0, 1, last]))).collect();
    zone.push((TCP, srv(0, port, "sip.example.com")));
    let nameserver = Nameserver::new(Manner::Truncating, zone);
    let ran = of_domain(&nameserver, &["--all-addresses"]);
    ran.assert_begins(
        1,
        "UM SIP OPTIONS WARNING - 32 of 32 addresses of the only target of example.com answer, 1 more address was not \
         asked; a run asks no more than 32; 200 OK from ",
    );
    assert!(ran.stdout.contains("advice: Nobody knows whether "), "{ran:?}");
    // Where one is enough nobody is missed.
    of_domain(&nameserver, &[]).assert_text(0);
    drop(others);
}

fn answer_ok(mut stream: std::net::TcpStream) {
    while let Some(request) = read_request(&mut stream) {
        let _ = stream.write_all(&response(&request, "SIP/2.0 200 OK", ""));
    }
}
