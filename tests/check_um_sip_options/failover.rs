//! Who is asked when somebody does not answer? The next nameserver, the next target, the next address.

use std::net::{Ipv6Addr, UdpSocket};
use std::time::Duration;

use call_router::nameserver::{Asked, Manner, Nameserver, Zone, a, answer, srv};
use simple_dns::rdata::{AAAA, RData};

use crate::run;
use crate::srv::{TCP, dead, of_domain, server};
use crate::support::Outcome;
use crate::support::peer::{Peer, read_request, response};
use crate::support::port::free_port;

const UDP: &str = "_sip._udp.example.com";

/// The types of records by their numbers.
const A_RECORD: u16 = 1;
const AAAA_RECORD: u16 = 28;

fn is_for(query: &[u8], record_type: u16) -> bool {
    query.ends_with(&[record_type.to_be_bytes(), [0, 1]].concat())
}

/// One that says nothing at all about records of these types.
fn silent_about(types: &'static [u16], zone: Zone) -> Nameserver {
    let over_udp = move |asked: &Asked<'_>| {
        if !types.iter().any(|one| is_for(asked.query, *one)) {
            asked.say(&answer(asked.query, Manner::Plain, &zone));
        }
    };
    Nameserver::raw(over_udp, |_, _| {})
}

/// One that answers SERVFAIL where these are asked for.
fn failing_on(record_type: u16, zone: Zone) -> Nameserver {
    let over_udp = move |asked: &Asked<'_>| {
        let manner = if is_for(asked.query, record_type) { Manner::Failing } else { Manner::Plain };
        asked.say(&answer(asked.query, manner, if manner == Manner::Failing { const { &Vec::new() } } else { &zone }));
    };
    Nameserver::raw(over_udp, |_, _| {})
}

/// A server at a port at which nobody listens on another address.
fn udp_server(address: &str) -> Peer {
    Peer::udp_on(&format!("{address}:{}", free_port()), |request| vec![response(request, "SIP/2.0 200 OK", "")])
}

fn over_udp(nameserver: &Nameserver, more: &[&str]) -> Outcome {
    of_domain(nameserver, &[&["--transport", "udp"], more].concat())
}

#[test]
fn a_dead_nameserver_is_waited_for_once_in_a_run() {
    let sip = server("127.0.0.1");
    let zone = vec![(TCP, srv(0, sip.address.port(), "sip1.example.com")), ("sip1.example.com", a([127, 0, 0, 1]))];
    let (dead, alive) = (Nameserver::raw(|_| {}, |_, _| {}), Nameserver::new(Manner::Plain, zone));
    let [first, second] = [&dead, &alive].map(|nameserver| nameserver.address.to_string());
    let ran = run(&["-H", "example.com", "--srv", "--dns-server", &first, "--dns-server", &second]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from sip1.example.com:");
    // NAPTR, SRV, A and AAAA.
    assert_eq!((dead.asked(), alive.asked()), (1, 4), "{ran:?}");
}

#[test]
fn what_is_the_matter_with_one_kind_of_addresses_does_not_hide_the_other() {
    let v6 = Peer::tcp_on("[::1]:0", |mut stream| {
        while let Some(request) = read_request(&mut stream) {
            let _ = std::io::Write::write_all(&mut stream, &response(&request, "SIP/2.0 200 OK", ""));
        }
    });
    let loopback = RData::AAAA(AAAA { address: Ipv6Addr::LOCALHOST.into() });
    let zone = vec![(TCP, srv(0, v6.address.port(), "sip1.example.com")), ("sip1.example.com", loopback)];
    let nameserver = failing_on(A_RECORD, zone.clone());
    of_domain(&nameserver, &[]).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from sip1.example.com:");
    of_domain(&nameserver, &["-4"]).assert_text(3).assert_says("cannot look up A of 'sip1.example.com'");
    of_domain(&silent_about(&[A_RECORD], zone), &[]).assert_text(0);

    let v4 = server("127.0.0.1");
    let zone = vec![(TCP, srv(0, v4.address.port(), "sip1.example.com")), ("sip1.example.com", a([127, 0, 0, 1]))];
    of_domain(&failing_on(AAAA_RECORD, zone.clone()), &[]).assert_text(0);
    of_domain(&silent_about(&[AAAA_RECORD], zone), &[]).assert_text(0);
}

#[test]
fn ok_over_udp_from_the_next_target_where_the_first_refuses() {
    let alive = udp_server("127.0.0.2");
    let port = alive.address.port();
    let zone = vec![
        (UDP, srv(1, port, "sip1.example.com")),
        (UDP, srv(2, port, "sip2.example.com")),
        ("sip1.example.com", a([127, 0, 0, 3])),
        ("sip2.example.com", a([127, 0, 0, 2])),
    ];
    let ran = over_udp(&Nameserver::new(Manner::Plain, zone), &[]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - passed over: connection refused by sip1.example.com:");
    ran.assert_says("200 OK from sip2.example.com:");
}

#[test]
fn ok_over_udp_from_the_next_address_where_the_first_refuses_or_is_silent() {
    let alive = udp_server("127.0.0.2");
    let port = alive.address.port();
    let zone = vec![
        (UDP, srv(1, port, "sip1.example.com")),
        ("sip1.example.com", a([127, 0, 0, 1])),
        ("sip1.example.com", a([127, 0, 0, 2])),
    ];
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let ran = over_udp(&nameserver, &[]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - passed over: connection refused by sip1.example.com:");
    ran.assert_says("(127.0.0.1)").assert_says("200 OK from sip1.example.com:");

    let silent = UdpSocket::bind(("127.0.0.1", port)).unwrap();
    let ran = over_udp(&nameserver, &["-t", "3"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - passed over: no response from sip1.example.com:");
    ran.assert_says("200 OK from sip1.example.com:").assert_within(Duration::from_secs(3));
    // Where every address is asked, each counts.
    drop(silent);
    over_udp(&nameserver, &["--all-addresses"]).assert_text(2).assert_says("1 of 2 addresses of the only target of ");
}

#[test]
fn refused_over_udp_when_every_address_refuses() {
    let dead = dead();
    let zone = vec![
        (UDP, srv(1, dead, "sip1.example.com")),
        ("sip1.example.com", a([127, 0, 0, 1])),
        ("sip1.example.com", a([127, 0, 0, 2])),
    ];
    let ran = over_udp(&Nameserver::new(Manner::Plain, zone), &[]);
    let said =
        format!("UM SIP OPTIONS CRITICAL - none of the 2 addresses of sip1.example.com:{dead} answers: connection ");
    ran.assert_begins(2, &said);
    assert!(ran.stdout.contains("(refused)"), "{ran:?}");
}

#[test]
fn refused_over_tcp_by_several_addresses_says_the_name_once() {
    let dead = dead();
    let zone = vec![
        (TCP, srv(1, dead, "sip1.example.com")),
        ("sip1.example.com", a([127, 0, 0, 1])),
        ("sip1.example.com", a([127, 0, 0, 2])),
    ];
    let ran = of_domain(&Nameserver::new(Manner::Plain, zone), &[]);
    ran.assert_begins(
        2,
        &format!(
            "UM SIP OPTIONS CRITICAL - none of the 2 addresses of sip1.example.com:{dead} connects: refused by 127.0.0.1, \
             refused by 127.0.0.2"
        ),
    );
}

#[test]
fn the_state_of_a_timeout_holds_for_several_targets_as_for_one() {
    let mut zone = vec![(TCP, srv(0, 5060, "sip1.example.com"))];
    for expected in ["looking up ", "none of the 2 targets of example.com: looking up "] {
        let nameserver = silent_about(&[A_RECORD, AAAA_RECORD], zone.clone());
        let ran = of_domain(&nameserver, &["--transport", "tcp", "-t", "0.5:warning"]);
        ran.assert_begins(1, &format!("UM SIP OPTIONS WARNING - {expected}"));
        assert!(ran.stdout.contains("(timeout)"), "{ran:?}");
        assert!(ran.stdout.contains("advice: Nobody was asked but nameservers"), "{ran:?}");
        of_domain(&nameserver, &["--transport", "tcp", "-t", "0.5"]).assert_text(3);
        zone.push((TCP, srv(1, 5060, "sip2.example.com")));
    }
}

#[test]
fn a_nameserver_that_refuses_is_said_to_and_advised_on() {
    let refusing = Nameserver::raw(
        |asked| {
            let mut refusal = asked.query.to_vec();
            refusal[2..4].copy_from_slice(&[0x81, 0x85]);
            asked.say(&refusal);
        },
        |_, _| {},
    );
    let ran = of_domain(&refusing, &["--transport", "tcp"]);
    ran.assert_text(3).assert_says("it refuses to answer us (REFUSED)");
    assert!(ran.stdout.contains("advice: The nameserver answers, and refuses or fails"), "{ran:?}");

    // RFC 8906: some say with a header alone that they do not understand.
    let alone = Nameserver::raw(
        |asked| {
            let header = [&asked.query[..2], &[0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
            asked.say(&header);
        },
        |_, _| {},
    );
    let ran = of_domain(&alone, &["--transport", "tcp"]);
    ran.assert_text(3).assert_says("it does not understand the question (FORMERR)");
    assert_eq!(alone.asked(), 1, "{ran:?}");

    let not_offered = Nameserver::new(Manner::Plain, vec![(TCP, srv(0, 0, "."))]);
    let ran = of_domain(&not_offered, &["--transport", "tcp"]);
    assert!(ran.stdout.contains("advice: The domain says in DNS that it has no such service"), "{ran:?}");
}

#[test]
fn dns_when_a_record_gives_a_port_where_nobody_can_listen() {
    let zone = vec![(TCP, srv(0, 0, "sip1.example.com")), ("sip1.example.com", a([127, 0, 0, 1]))];
    let ran = of_domain(&Nameserver::new(Manner::Plain, zone), &[]);
    ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - the SRV record that names sip1.example.com gives port 0, ");
    assert!(ran.stdout.contains("(dns)"), "{ran:?}");
}

/// Two targets, of which the first one is to be tried first: `one` and `two` are their addresses.
fn two_targets(service: &'static str, port: u16, [one, two]: [[u8; 4]; 2]) -> Nameserver {
    Nameserver::new(
        Manner::Plain,
        vec![
            (service, srv(1, port, "sip1.example.com")),
            (service, srv(2, port, "sip2.example.com")),
            ("sip1.example.com", a(one)),
            ("sip2.example.com", a(two)),
        ],
    )
}

#[test]
fn a_silent_target_leaves_the_next_one_time_for_a_series() {
    let alive = udp_server("127.0.0.2");
    let port = alive.address.port();
    let silent = UdpSocket::bind(("127.0.0.1", port)).unwrap();
    let nameserver = two_targets(UDP, port, [[127, 0, 0, 1], [127, 0, 0, 2]]);
    let ran = over_udp(&nameserver, &["--count", "6", "--interval", "0.5", "-t", "4.5"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - passed over: ");
    ran.assert_says("no response from sip1.example.com:").assert_says("6 of 6 answered");
    // The same of two addresses of one host.
    let zone = vec![
        (UDP, srv(1, port, "sip1.example.com")),
        ("sip1.example.com", a([127, 0, 0, 1])),
        ("sip1.example.com", a([127, 0, 0, 2])),
    ];
    let ran = over_udp(&Nameserver::new(Manner::Plain, zone), &["--count", "6", "--interval", "0.5", "-t", "4.5"]);
    ran.assert_text(0).assert_says("6 of 6 answered");
    drop(silent);
}

#[test]
fn a_target_that_answers_is_not_said_to_be_none_when_the_time_is_up() {
    let alive = udp_server("127.0.0.2");
    let port = alive.address.port();
    let _silent = UdpSocket::bind(("127.0.0.1", port)).unwrap();
    let nameserver = two_targets(UDP, port, [[127, 0, 0, 1], [127, 0, 0, 2]]);
    let ran = over_udp(&nameserver, &["--count", "4", "--interval", "0.5", "-t", "2"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - the deadline passed when ");
    ran.assert_says(" of 4 requests were sent; ").assert_says("200 OK from sip2.example.com:").assert_says(" not sent");
    assert!(!ran.stdout.contains("none of the "), "{ran:?}");
}

/// A listener that answers no request to connect any more, because nobody accepts those that it has.
#[cfg(target_os = "linux")]
fn overrun(address: &str) -> (tokio::net::TcpListener, Vec<std::net::TcpStream>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(address.parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let local = listener.local_addr().unwrap();
    let connect = || std::net::TcpStream::connect_timeout(&local, Duration::from_millis(200)).ok();
    let waiting = std::iter::from_fn(connect).take(100).collect();
    (listener, waiting)
}

#[cfg(target_os = "linux")]
#[test]
fn a_target_that_does_not_let_anybody_connect_leaves_the_next_one_time_for_a_series() {
    let alive = server("127.0.0.2");
    let port = alive.address.port();
    let _overrun = overrun(&format!("127.0.0.1:{port}"));
    let series = ["--transport", "tcp", "--count", "6", "--interval", "0.5", "-t", "4.5"];
    let ran = of_domain(&two_targets(TCP, port, [[127, 0, 0, 1], [127, 0, 0, 2]]), &series);
    ran.assert_begins(0, "UM SIP OPTIONS OK - passed over: ").assert_says("6 of 6 answered");
    let zone = vec![
        (TCP, srv(1, port, "sip1.example.com")),
        ("sip1.example.com", a([127, 0, 0, 1])),
        ("sip1.example.com", a([127, 0, 0, 2])),
    ];
    of_domain(&Nameserver::new(Manner::Plain, zone), &series).assert_text(0).assert_says("6 of 6 answered");
}
