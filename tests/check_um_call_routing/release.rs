//! Is a call taken back whatever happens? Crossing answers, forks, hold, ends of connections.

use std::io::Write;
use std::net::UdpSocket;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::callee::{Callee, contact, converse, method, said, well};
use crate::support::peer::{Peer, read_request};
use crate::support::port::closed_port;
use crate::{call, udp};

#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let callee = Callee::new(|method, request, invite| match method {
        "INVITE" => vec![said(request, "a", "180 Ringing", "")],
        "CANCEL" => vec![
            said(invite, "a", "200 OK", "Contact: <sip:a@callee.invalid>\r\n"),
            said(request, "a", "481 Call/Transaction Does Not Exist", ""),
        ],
        _ => well(method, request),
    });
    udp(callee.port(), "--until ringing").assert_text(0).assert_says("180 Ringing").assert_says("cancelled in");
    callee.assert_heard(&["INVITE", "CANCEL", "ACK", "BYE"]);
}

#[test]
fn a_200_that_comes_again_is_acknowledged_again() {
    let callee = Callee::new(|method, request, invite| match method {
        "INVITE" => vec![said(request, "a", "200 OK", "Contact: <sip:a@callee.invalid>\r\n")],
        // As if the ACK was lost.
        "BYE" => {
            vec![said(invite, "a", "200 OK", "Contact: <sip:a@callee.invalid>\r\n"), said(request, "a", "200 OK", "")]
        }
        _ => Vec::new(),
    });
    udp(callee.port(), "").assert_text(0);
    assert_eq!(callee.methods(), ["INVITE", "ACK", "BYE", "ACK"]);
}

#[test]
fn each_of_two_that_answer_is_released() {
    let callee = Callee::new(|method, request, invite| match method {
        "INVITE" => vec![said(request, "a", "200 OK", "Contact: <sip:a@callee.invalid>\r\n")],
        // The other one answers when the first is released already.
        "BYE" if request.contains(";tag=a\r\n") => {
            vec![said(request, "a", "200 OK", ""), said(invite, "b", "200 OK", "Contact: <sip:b@callee.invalid>\r\n")]
        }
        _ => well(method, request),
    });
    udp(callee.port(), "").assert_text(0);
    assert_eq!(callee.methods(), ["INVITE", "ACK", "BYE", "ACK", "BYE"]);
}

#[test]
fn warning_when_bye_is_not_answered_or_refused() {
    let callee = Callee::new(|method, request, _| if method == "BYE" { Vec::new() } else { well(method, request) });
    let ran = udp(callee.port(), "-t 1.2");
    ran.assert_text(1).assert_says("may still be open: no answer to BYE").assert_says("200 OK from ");
    assert!(callee.methods().iter().filter(|method| *method == "BYE").count() > 1, "{:?}", callee.methods());
    udp(callee.port(), "-t 1.2 --state release=ok").assert_text(0);

    let callee = Callee::new(|method, request, _| match method {
        "BYE" => vec![said(request, "a", "500 Server Error", "")],
        _ => well(method, request),
    });
    udp(callee.port(), "").assert_text(1).assert_says("BYE was refused with 500 Server Error");
}

#[test]
fn kept_for_as_long_as_asked_and_released_before_a_deadline_that_comes_first() {
    let callee = Callee::new(|method, request, _| well(method, request));
    udp(callee.port(), "--hold 0.7").assert_text(0).assert_says("held for 0.7 s, no audio came, released in");
    // From the INVITE on, which comes before anything is held: a loaded callee may hear the ACK late.
    let lasted = callee.first("BYE").unwrap().0 - callee.first("INVITE").unwrap().0;
    assert!(lasted >= Duration::from_millis(700), "{lasted:?}");

    // Longer than there is time before taking back begins: nobody is called.
    for (hold, timeout) in [("0.95", "1"), ("1.6", "2"), ("9", "10")] {
        let callee = Callee::new(|method, request, _| well(method, request));
        udp(callee.port(), &format!("--hold {hold} -t {timeout}"))
            .assert_text(3)
            .assert_says("--hold: expected less than ");
        callee.assert_heard(&[]);
    }
}

#[test]
fn critical_when_a_call_cannot_be_kept_for_as_long_as_asked_and_released_all_the_same() {
    let callee = Callee::new(|method, request, _| {
        if method == "INVITE" {
            std::thread::sleep(Duration::from_millis(50));
        }
        well(method, request)
    });
    let ran = udp(callee.port(), "--hold 0.79 -t 1");
    ran.assert_text(2).assert_says("of 0.79 s only: no time was left").assert_within(Duration::from_secs(1));
    udp(callee.port(), "--hold 0.79 -t 1:warning").assert_text(1);
    assert!(callee.first("BYE").is_some(), "{ran:?}");
}

#[test]
fn audio_that_comes_is_counted() {
    let callee = Callee::new(|method, request, _| {
        if method == "INVITE" {
            let port = request.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap();
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            for _ in 0..3 {
                socket.send_to(&[0x80; 172], format!("127.0.0.1:{port}")).unwrap();
            }
        }
        well(method, request)
    });
    let ran = udp(callee.port(), "--hold 0.3");
    ran.assert_text(0).assert_says("'rtp_packets'=3");
    assert!(!ran.first_line().contains("no audio"), "{ran:?}");
}

#[test]
fn the_end_of_the_connection_takes_the_call_back_over_another_one() {
    for is_answered in [false, true] {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        let peer = Peer::tcp(move |mut stream| {
            while let Some(request) = read_request(&mut stream) {
                let method = method(&request).to_owned();
                let length: usize =
                    request.split("Content-Length: ").nth(1).unwrap().lines().next().unwrap().trim().parse().unwrap();
                std::io::Read::read_exact(&mut stream, &mut vec![0; length]).unwrap();
                log.lock().unwrap().push(method.clone());
                let answers = match method.as_str() {
                    "INVITE" if is_answered => {
                        vec![said(&request, "a", "200 OK", "Contact: <sip:a@callee.invalid>\r\n")]
                    }
                    "INVITE" => vec![said(&request, "a", "180 Ringing", "")],
                    "BYE" | "CANCEL" => vec![said(&request, "a", "200 OK", "")],
                    _ => Vec::new(),
                };
                answers.iter().for_each(|answer| stream.write_all(answer).unwrap());
                // Only after its ACK is a call that was answered one.
                if method == "ACK" || method == "INVITE" && !is_answered {
                    break;
                }
            }
        });
        let ran = call(peer.port(), "--hold 8 -t 10");
        let heard = heard.lock().unwrap().clone();
        if is_answered {
            assert_eq!(heard, ["INVITE", "ACK", "BYE"], "{ran:?}");
            ran.assert_text(2).assert_says("the call broke after ").assert_says(" of 8 s: 127.0.0.1:");
        } else {
            ran.assert_text(2).assert_says("closed the connection after 180 Ringing");
            assert_eq!(heard, ["INVITE", "CANCEL"], "{ran:?}");
        }
    }
}

#[test]
fn critical_when_the_server_dies_while_a_call_is_taken_back() {
    let calls = Mutex::new(0);
    let peer = Peer::tcp(move |stream| {
        let count = {
            let mut calls = calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        converse(stream, |method, request, _| match method {
            "INVITE" => vec![said(request, "a", "180 Ringing", ""), Vec::new()],
            // Nobody on the second connection knows of the call.
            _ if count > 1 => vec![Vec::new()],
            _ => Vec::new(),
        });
    });
    let ran = call(peer.port(), "--until ringing -t 2");
    // Closed, or reset where the CANCEL came first and nobody read it.
    ran.assert_text(2)
        .assert_says("the connection after 180 Ringing, before a final response")
        .assert_says("may still be open: no final response after CANCEL");
    assert!(ran.stdout.contains("(closed)"), "{ran:?}");
}

#[test]
fn what_icmp_refuses_of_a_contact_takes_the_way_of_the_invite() {
    let contact = format!("Contact: <sip:a@127.0.0.1:{}>\r\n", closed_port());
    let callee = Callee::new(move |method, request, _| match method {
        "INVITE" => vec![said(request, "a", "200 OK", &contact)],
        _ => well(method, request),
    });
    udp(callee.port(), "").assert_text(0).assert_says("released in");
    callee.assert_heard(&["INVITE", "ACK", "BYE"]);
    let callee_kept = callee;
    let before = callee_kept.methods().len();
    udp(callee_kept.port(), "--hold 0.3").assert_text(0).assert_says("held for 0.3 s");
    let mut heard = callee_kept.methods().split_off(before);
    heard.dedup();
    assert_eq!(heard, ["INVITE", "ACK", "BYE"]);
}

#[test]
fn a_callee_that_is_reached_beside_its_proxy_is_answered_where_it_is() {
    let callee = UdpSocket::bind("127.0.0.1:0").unwrap();
    callee.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let own = callee.local_addr().unwrap();
    let (answers, answered) = std::sync::mpsc::channel();
    let proxy = Callee::new(move |method, request, invite| match method {
        "INVITE" => vec![said(request, "a", "200 OK", "Contact: <sip:a@callee.invalid>\r\n")],
        "ACK" => {
            let value = |name: &str| invite.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
            let to = value("Via: ").split(' ').nth(1).unwrap().split(';').next().unwrap().to_owned();
            let bye = format!(
                "BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKb\r\nFrom: {};tag=a\r\nTo: {}\r\nCall-ID: {}\r\n\
                 CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
                value("To: "),
                value("From: "),
                value("Call-ID: ")
            );
            callee.send_to(bye.as_bytes(), to).unwrap();
            let mut buffer = [0; 4096];
            let count = callee.recv(&mut buffer).unwrap_or_default();
            answers.send(String::from_utf8_lossy(&buffer[..count]).into_owned()).unwrap();
            Vec::new()
        }
        _ => well(method, request),
    });
    udp(proxy.port(), "--hold 5").assert_text(2).assert_says("hung up by the other side");
    let answer = answered.recv().unwrap();
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n") && answer.contains("\r\nCSeq: 1 BYE\r\n"), "{answer}");
}

#[test]
fn a_2xx_right_behind_a_refusal_or_redirection_is_acknowledged_and_ended() {
    for (status, more) in [("302 Moved", "--redirect accept"), ("486 Busy Here", "--expect 486")] {
        let callee = Callee::new(move |method, request, _| match method {
            "INVITE" => {
                vec![
                    said(request, "a", status, "Contact: <sip:x@127.0.0.1:1>\r\n"),
                    said(request, "b", "200 OK", &contact("")),
                ]
            }
            _ => well(method, request),
        });
        udp(callee.port(), more).assert_text(0).assert_says(", released in ");
        callee.assert_heard(&["INVITE", "ACK", "BYE"]);
    }
}

#[test]
fn an_invite_that_is_given_up_is_not_sent_again_and_that_it_may_ring_is_said() {
    let callee = Callee::new(|_, _, _| Vec::new());
    let ran = udp(callee.port(), "-t 1.8");
    ran.assert_text(2).assert_says("after 2 requests").assert_says("; the INVITE could not be cancelled");
}

#[test]
fn the_other_side_may_hang_up() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let callee = std::thread::spawn(move || {
        let (mut buffer, mut replied) = ([0; 65_536], String::new());
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        while replied.is_empty() {
            let (count, from) = socket.recv_from(&mut buffer).unwrap();
            let message = String::from_utf8_lossy(&buffer[..count]).into_owned();
            if message.starts_with("INVITE") {
                let answer = said(&message, "a", "200 OK", "Contact: <sip:a@callee.invalid>\r\n");
                socket.send_to(&answer, from).unwrap();
            } else if message.starts_with("ACK") {
                let value = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
                let bye = format!(
                    "BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKb\r\nFrom: {}\r\nTo: {}\r\n\
                     Call-ID: {}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
                    value("To: "),
                    value("From: "),
                    value("Call-ID: ")
                );
                socket.send_to(bye.as_bytes(), from).unwrap();
            } else {
                replied = message;
            }
        }
        replied
    });
    let ran = udp(port, "--hold 5");
    ran.assert_text(2).assert_says("hung up by the other side after ").assert_says(" of 5 s");
    assert!(ran.stdout.contains("(closed)") && !ran.first_line().contains("released in"), "{ran:?}");
    assert!(ran.elapsed < Duration::from_secs(4), "{ran:?}");
    let replied = callee.join().unwrap();
    assert!(replied.starts_with("SIP/2.0 200 OK\r\n") && replied.contains("\r\nCSeq: 1 BYE\r\n"), "{replied}");
}
