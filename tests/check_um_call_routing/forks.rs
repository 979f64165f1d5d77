//! Is a callee released who answers behind the answer of the whole? Forks whose 200 crosses a refusal or a redirection.

use std::net::UdpSocket;
use std::sync::{Arc, Mutex};

use crate::callee::{Callee, contact, said, well};
use crate::{call, udp};

/// Answers OPTIONS, and calls like `well`.
fn alive(method: &str, request: &str) -> Vec<Vec<u8>> {
    if method == "OPTIONS" { vec![said(request, "b", "200 OK", "")] } else { well(method, request) }
}

/// Says `status` with a Contact at `port`; a fork takes the call when that is acknowledged.
fn forking(status: &'static str, port: String) -> impl Fn(&str, &str, &str) -> Vec<Vec<u8>> + Send + Sync {
    move |method, request, invite| match method {
        "INVITE" => vec![said(request, "a", status, &format!("Contact: <sip:x@127.0.0.1:{port}>\r\n"))],
        "ACK" if !request.contains(";tag=z") => vec![said(invite, "z", "200 OK", &contact(""))],
        _ => well(method, request),
    }
}

#[test]
fn a_fork_that_answers_behind_a_redirection_or_refusal_is_released_over_udp_and_tcp() {
    for (status, more) in [
        ("302 Moved", "--redirect ask"),
        ("302 Moved", "--redirect follow"),
        ("302 Moved", "--redirect accept"),
        ("302 Moved", "--redirect follow --hold 0.2"),
        ("486 Busy Here", "--expect 486 --hold 0.2"),
    ] {
        let target = Callee::tcp(|method, request, _| alive(method, request));
        let callee = Callee::tcp(forking(status, target.port()));
        let ran = call(callee.port(), more);
        ran.assert_text(0);
        callee.assert_heard(&["INVITE", "ACK", "BYE"]);

        let target = Callee::new(|method, request, _| alive(method, request));
        let callee = Callee::new(forking(status, target.port()));
        udp(callee.port(), more).assert_text(0);
        callee.assert_heard(&["INVITE", "ACK", "BYE"]);
    }
}

#[test]
fn the_target_is_called_while_who_may_answer_behind_the_redirection_is_waited_for() {
    let redirected = Arc::new(Mutex::new(String::new()));
    let (seen, elsewhere) = (Arc::clone(&redirected), UdpSocket::bind("127.0.0.1:0").unwrap());
    let target = Callee::new(move |method, request, _| {
        if method == "INVITE" {
            // Only now a fork behind the first server takes the call.
            let first = seen.lock().unwrap().clone();
            let via = first.lines().find_map(|line| line.strip_prefix("Via: SIP/2.0/UDP ")).unwrap();
            let own = format!("Contact: <sip:z@127.0.0.1:{}>\r\n", uri_port(request));
            elsewhere.send_to(&said(&first, "z", "200 OK", &own), via.split(';').next().unwrap()).unwrap();
        }
        well(method, request)
    });
    let to = format!("Contact: <sip:x@127.0.0.1:{}>\r\n", target.port());
    let callee = Callee::new(move |method, request, _| {
        if method == "INVITE" {
            request.clone_into(&mut redirected.lock().unwrap());
            return vec![said(request, "a", "302 Moved", &to)];
        }
        well(method, request)
    });
    udp(callee.port(), "--redirect follow").assert_text(0).assert_says("after 1 redirection");
    callee.assert_heard(&["INVITE", "ACK"]);
    let byes = target.methods().iter().filter(|method| *method == "BYE").count();
    assert_eq!(byes, 2, "the target and the fork, whose Contact is there, too: {:?}", target.methods());
}

/// The port of the Request-URI.
fn uri_port(request: &str) -> &str {
    request.split(' ').nth(1).and_then(|uri| uri.rsplit(':').next()).unwrap_or_default()
}

#[test]
fn warning_when_a_fork_does_not_answer_bye_and_the_target_is_called_all_the_same() {
    let mute = |answers: Vec<Vec<u8>>, method: &str| if method == "BYE" { Vec::new() } else { answers };
    for how in ["ask", "follow"] {
        let target = Callee::tcp(|method, request, _| alive(method, request));
        let script = forking("302 Moved", target.port());
        let callee = Callee::tcp(move |method, request, invite| mute(script(method, request, invite), method));
        let ran = call(callee.port(), &format!("--redirect {how} -t 1.5"));
        ran.assert_text(1).assert_says("may still be open: no answer to BYE");
        target.assert_heard(if how == "ask" { &["OPTIONS"] } else { &["INVITE", "ACK", "BYE"] });

        let target = Callee::new(|method, request, _| alive(method, request));
        let script = forking("302 Moved", target.port());
        let callee = Callee::new(move |method, request, invite| mute(script(method, request, invite), method));
        let ran = udp(callee.port(), &format!("--redirect {how} -t 1.5"));
        ran.assert_text(1).assert_says("may still be open: no answer to BYE");
        target.assert_heard(if how == "ask" { &["OPTIONS"] } else { &["INVITE", "ACK", "BYE"] });
    }
}
