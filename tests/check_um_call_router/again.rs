//! Who is asked once more: only whoever may have something else to say?

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Site;
use super::support::peer::{Peer, read_request, response};
use super::support::{self, Outcome};
use call_router::router::Behaviour;

/// A peer that refuses every request, and how often it was asked.
fn refusing() -> (Peer, Arc<AtomicUsize>) {
    let asked = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&asked);
    let peer = Peer::tcp(move |mut stream| {
        while let Some(request) = read_request(&mut stream) {
            if request.starts_with("INVITE") || request.starts_with("OPTIONS") {
                count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(&response(&request, "SIP/2.0 486 Busy Here", ""));
            }
        }
    });
    (peer, asked)
}

fn run_at(peer: &Peer, arguments: &str) -> Outcome {
    support::run(super::PLUGIN, &format!("-H 127.0.0.1 --tcp-port {} {arguments}", peer.port()))
}

#[test]
fn a_call_that_took_too_long_is_not_made_again() {
    let site = Site::of(Behaviour::Refused);
    let ini = site.ini("[check_um_call_routing]\nexpect = 486\ncritical = 0.0000001\n");
    let call = format!("{ini} --call sip:5000@127.0.0.1 --only call_routing -t 8 --again 0.1");
    let (peer, asked) = refusing();
    run_at(&peer, &call).assert_begins(2, "UM CALL ROUTER CRITICAL - 1 of 1 check: call_routing: took ");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // One that fails is.
    let (peer, asked) = refusing();
    run_at(&peer, "--call sip:5000@127.0.0.1 --only call_routing -t 8 --again 0.1").assert_text(2);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn an_answer_that_took_too_long_may_be_quicker() {
    let site = Site::of(Behaviour::Refused);
    let ini = site.ini("[check_um_sip_options]\nexpect = 486\ncritical = 0.0000001\n");
    let (peer, asked) = refusing();
    run_at(&peer, &format!("{ini} --only sip_options -t 8 --again 0.1"))
        .assert_begins(2, "UM CALL ROUTER CRITICAL - 1 of 1 check: sip_options: took ");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn a_certificate_is_the_same_a_moment_later() {
    for behaviour in [Behaviour::Healthy, Behaviour::CertificateNearExpiry, Behaviour::CertificateExpired] {
        let site = Site::of(behaviour);
        let connections = Arc::<AtomicUsize>::default();
        let (count, router) = (Arc::clone(&connections), site.router.tls);
        let way = Peer::tcp(move |stream| {
            count.fetch_add(1, Ordering::SeqCst);
            pass_on(&stream, &TcpStream::connect(router).unwrap());
        });
        // Not the system's anchors, which Wine reads for seconds.
        let ini = site.ini("[check_um_cert_expiry]\nca-file = tests/fixtures/x509/client-rsa.pem\n");
        let arguments =
            format!("{ini} -H 127.0.0.1 --startup-mode TLS --tls-port {} --only cert_expiry -t 8", way.port());
        let first = support::run(super::PLUGIN, &arguments);
        assert_ne!(first.code, Some(0), "{first:?}");
        let once = connections.swap(0, Ordering::SeqCst);
        let second = support::run(super::PLUGIN, &format!("{arguments} --again 0.1"));
        assert_eq!(second.code, first.code, "{second:?}");
        assert_eq!(connections.load(Ordering::SeqCst), once, "{behaviour:?}: {second:?}");
    }
}

/// Both ways, until one side ends.
fn pass_on(one: &TcpStream, other: &TcpStream) {
    let copy = |mut from: &TcpStream, mut to: &TcpStream| {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    };
    thread::scope(|scope| {
        scope.spawn(|| copy(one, other));
        copy(other, one);
    });
}
