//! What does the simulated Call Router make of a call? Of a known gateway, of a stranger, and with its Mailbox server dead.

use call_router::router::{Behaviour, Router, Settings};

use crate::call;
use crate::support::run;

fn start(behaviour: Behaviour) -> Router {
    Router::start(&Settings { behaviour, ..Settings::default() }).unwrap()
}

#[test]
fn ok_when_a_known_gateway_is_sent_to_a_mailbox_server() {
    let router = start(Behaviour::Healthy);
    let ran = call(router.tcp.port(), "");
    ran.assert_begins(0, "UM CALL ROUTING OK - 302 to 127.0.0.1:").assert_says(", which answers in ");
    assert_eq!(router.calls.counted(), (1, 0));
}

#[test]
fn ok_when_followed_to_the_worker() {
    let router = start(Behaviour::Healthy);
    let ran = call(router.tcp.port(), "--redirect follow");
    ran.assert_begins(0, "UM CALL ROUTING OK - 200 OK from 127.0.0.1:")
        .assert_says("after 2 redirections, released in");
}

#[test]
fn critical_when_a_stranger_calls_and_it_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("calls.csv");
    let settings = Settings { behaviour: Behaviour::Stranger, call_log: Some(log.clone()), ..Settings::default() };
    let router = Router::start(&settings).unwrap();
    call(router.tcp.port(), "").assert_text(2).assert_says("the caller is no UM IP gateway");
    assert_eq!(router.calls.counted(), (1, 1));
    let counters = format!("--counters csv:{} --minimum-calls 1", log.display());
    run("check_um_reject_rate", &counters).assert_text(2).assert_says("100");
}

#[test]
fn advice_speaks_of_exchange_where_the_router_says_that_it_is_one_or_the_operator_does() {
    let router = start(Behaviour::Stranger);
    call(router.tcp.port(), "").assert_text(2);
    let says = |more: &str| call(router.tcp.port(), more).stdout.contains("New-UMIPGateway");
    assert!(says("") && says("--peer exchange") && !says("--peer generic"));
    let nobody = crate::support::port::closed_port();
    for word in ["MSExchangeUMCR", "\nstands for: probe UMCallRouterTestProbe"] {
        let says = |more: &str| call(&nobody, &format!("-v {more}")).stdout.contains(word);
        assert!(!says("") && says("--peer exchange") && !says("--peer generic"), "{word}");
    }
}

#[test]
fn a_reason_that_the_router_names_is_not_said_to_be_another() {
    let ran = call(start(Behaviour::Forbidden).tcp.port(), "");
    ran.assert_text(2).assert_says("15647 (no access to Active Directory)");
    assert!(!ran.stdout.contains("no UM IP gateway"), "{ran:?}");
}

#[test]
fn critical_when_the_mailbox_server_is_dead_or_silent() {
    let dead = start(Behaviour::MailboxDead);
    call(dead.tcp.port(), "").assert_text(2).assert_says("which does not answer: connection refused");
    let silent = start(Behaviour::MailboxSilent);
    call(silent.tcp.port(), "-t 0.5").assert_text(2).assert_says("which does not answer: no response");
}

#[test]
fn ok_over_tls_and_what_is_wrong_with_a_certificate_is_said() {
    let router = start(Behaviour::Healthy);
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, &router.certificates.ca).unwrap();
    let (port, ca) = (router.tls.port(), ca.display());
    call(port, &format!("--transport tls --ca-file {ca}")).assert_text(0).assert_says("302 to 127.0.0.1:");
    let followed = call(port, &format!("--transport tls --ca-file {ca} --redirect follow"));
    followed.assert_text(0).assert_says("after 2 redirections");
    call(port, &format!("--transport tls --ca-file {ca} --tls-name other.example")).assert_text(2);
    call(port, "--transport tls --no-verify").assert_text(0).assert_says("certificate not verified");
    assert_eq!(router.calls.counted(), (3, 0), "nobody calls a server whose certificate is not in order");
}
