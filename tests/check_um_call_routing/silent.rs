//! Is a call taken back whose Contact or route leads to somebody who never says a word, as behind a translation of addresses?

use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use crate::callee::{Callee, said, well};
use crate::support::Outcome;
use crate::{call, udp};

/// A callee that answers with these header lines.
fn answering(lines: String) -> impl Fn(&str, &str, &str) -> Vec<Vec<u8>> + Send + Sync {
    move |method, request, _| match method {
        "INVITE" => vec![said(request, "a", "200 OK", &lines)],
        _ => well(method, request),
    }
}

#[test]
fn what_a_contact_or_a_route_does_not_answer_takes_the_way_of_the_invite_as_well() {
    let (datagrams, stream) = (UdpSocket::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    for (silent, ask) in [
        (datagrams.local_addr().unwrap(), udp as fn(String, &str) -> Outcome),
        (stream.local_addr().unwrap(), call as fn(String, &str) -> Outcome),
    ] {
        let contact = format!("Contact: <sip:x@{silent}>\r\n");
        let route = format!("Contact: <sip:x@callee.invalid>\r\nRecord-Route: <sip:{silent};lr>\r\n");
        for (lines, more) in [(&contact, ""), (&route, ""), (&contact, "--hold 0.1"), (&contact, "-t 2 --hold 1.5")] {
            let script = answering(lines.clone());
            let callee = if silent == stream.local_addr().unwrap() { Callee::tcp(script) } else { Callee::new(script) };
            ask(callee.port(), more).assert_text(0).assert_says("released in ");
            callee.assert_heard(&["INVITE", "ACK", "BYE"]);
        }
    }
    let mut buffer = [0; 4096];
    let count = datagrams.recv(&mut buffer).unwrap();
    assert!(buffer[..count].starts_with(b"ACK sip:x@"), "it is asked first");
}

#[test]
fn an_ack_that_is_asked_for_again_takes_the_way_of_the_invite_as_well() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let contact = format!("Contact: <sip:x@{}>\r\n", silent.local_addr().unwrap());
    let callee = UdpSocket::bind("127.0.0.1:0").unwrap();
    callee.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let own = callee.local_addr().unwrap();
    let script = std::thread::spawn(move || {
        let (mut buffer, mut asked) = ([0; 65_536], None);
        for _ in 0..300 {
            if let Ok((count, from)) = callee.recv_from(&mut buffer) {
                let message = String::from_utf8_lossy(&buffer[..count]).into_owned();
                if message.starts_with("ACK ") {
                    // It hangs up, which it can only do before anybody else did.
                    let value =
                        |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
                    let (from_us, to, call) = (value("To: "), value("From: "), value("Call-ID: "));
                    let bye = format!(
                        "BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKb\r\nFrom: {from_us}\r\nTo: {to}\r\n\
                         Call-ID: {call}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
                    );
                    callee.send_to(bye.as_bytes(), from).unwrap();
                    return;
                }
                asked = Some((message, from));
            }
            // As long as it is not acknowledged.
            if let Some((invite, from)) = &asked {
                callee.send_to(&said(invite, "a", "200 OK", &contact), from).unwrap();
            }
        }
    });
    udp(own.port(), "--hold 8").assert_text(2).assert_says("hung up by the other side after ");
    script.join().unwrap();
}

#[test]
fn whoever_answers_at_his_contact_is_not_asked_another_way() {
    let there = Callee::new(|method, request, _| match method {
        "BYE" => vec![said(request, "a", "200 OK", "")],
        _ => Vec::new(),
    });
    let callee = Callee::new(answering(format!("Contact: <sip:x@127.0.0.1:{}>\r\n", there.port())));
    udp(callee.port(), "").assert_text(0).assert_says("released in ");
    callee.assert_heard(&["INVITE"]);
    there.assert_heard(&["ACK", "BYE"]);
}
