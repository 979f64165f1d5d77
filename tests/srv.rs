//! To which hosts does a SIP domain lead? RFC 3263 against a nameserver of the tests' own.
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::time::{Duration, Instant};

use call_router::nameserver::{Manner, Nameserver, a, naptr, srv};
use check_um::door::net::nameserver::Nameservers;
use check_um::door::net::srv::ServiceError;
use check_um::door::sip::servers::{Domain, Server, locate};
use check_um::door::sip::transport::Transport;
use check_um::door::time::deadline::Deadline;
use simple_dns::rdata::RData;

fn located(zone: Vec<(&'static str, RData<'static>)>, wanted: Option<Transport>) -> Result<Vec<Server>, ServiceError> {
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let nameservers = Nameservers::new(&[nameserver.address]).unwrap();
    let domain = Domain { name: "example.com", wanted, nameservers };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let deadline = Deadline::new(Instant::now(), Duration::from_secs(5));
    runtime.block_on(locate(&domain, &deadline, &mut |_| {}))
}

fn server(transport: Transport, host: &str, port: u16) -> Server {
    Server { transport, host: host.to_owned(), port }
}

#[test]
fn naptr_decides_the_way_and_the_name() {
    let zone = vec![
        ("example.com", naptr(20, "SIP+D2T", "_sip._tcp.example.com")),
        ("example.com", naptr(10, "SIPS+D2T", "_sips._tcp.tls.example.com")),
        ("_sip._tcp.example.com", srv(0, 5060, "tcp.example.com")),
        ("_sips._tcp.tls.example.com", srv(20, 5071, "second.example.com")),
        ("_sips._tcp.tls.example.com", srv(10, 5061, "first.example.com")),
    ];
    let expected =
        [server(Transport::Tls, "first.example.com", 5061), server(Transport::Tls, "second.example.com", 5071)];
    assert_eq!(located(zone.clone(), None).unwrap(), expected);
    let wanted = located(zone, Some(Transport::Tcp)).unwrap();
    assert_eq!(wanted, [server(Transport::Tcp, "tcp.example.com", 5060)], "a transport asked for needs no NAPTR");
}

#[test]
fn without_naptr_the_first_way_with_srv_records() {
    let zone = vec![
        ("_sip._udp.example.com", srv(0, 5060, "udp.example.com")),
        ("_sips._tcp.example.com", srv(0, 5061, "tls.example.com")),
    ];
    assert_eq!(located(zone, None).unwrap(), [server(Transport::Tls, "tls.example.com", 5061)]);
}

#[test]
fn without_srv_the_domain_itself_at_the_default_port() {
    let zone = vec![("example.com", a([192, 0, 2, 7]))];
    assert_eq!(located(zone.clone(), None).unwrap(), [server(Transport::Tcp, "example.com", 5060)]);
    let wanted = located(zone, Some(Transport::Tls)).unwrap();
    assert_eq!(wanted, [server(Transport::Tls, "example.com", 5061)]);
}

#[test]
fn a_root_as_target_says_that_the_service_is_not_offered() {
    let zone = vec![("_sip._tcp.example.com", srv(0, 0, "."))];
    let error = located(zone, Some(Transport::Tcp)).unwrap_err();
    assert!(matches!(&error, ServiceError::NotOffered(name) if name == "_sip._tcp.example.com"), "{error:?}");
}
