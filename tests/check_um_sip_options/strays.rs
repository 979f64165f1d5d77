//! Does anything that is not the answer keep the check from the one that is? Strays, cuts, strangers, over real sockets.

use std::io::Write;
use std::net::UdpSocket;
use std::thread;

use crate::support::peer::{Peer, read_request, response};
use crate::support::port::closed_port;
use crate::{answers, probe};

const OVER_UDP: [&str; 2] = ["--transport", "udp"];

fn ok(request: &str) -> Vec<u8> {
    response(request, "SIP/2.0 200 OK", "")
}

/// What nobody has to be able to read, and nobody has to fail for.
fn strays(request: &str) -> Vec<Vec<u8>> {
    let foreign = |from: &str, to: &str| {
        let theirs = request.replace("z9hG4bK", "z9hG4bKx");
        String::from_utf8(response(&theirs, "SIP/2.0 503 No", "")).unwrap().replace(from, to).into_bytes()
    };
    vec![
        foreign("CSeq: 1", "CSeq: 9292394834772304023312"),
        foreign("CSeq: 1 OPTIONS\r\n", ""),
        foreign("503", "700"),
        foreign("SIP/2.0 503", "SIP/7.0 503"),
        b"OPTIONS sip:us SIP/7.0\r\nl: 0\r\n\r\n".to_vec(),
    ]
}

#[test]
fn ok_past_strays_on_a_stream() {
    let peer = Peer::answering(|request| [strays(request).concat(), ok(request)].concat());
    probe(&peer.port(), &[]).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
}

#[test]
fn ok_past_strays_and_noise_over_udp() {
    let peer = Peer::udp(|request| {
        let mut all = strays(request);
        let whole = ok(request);
        all.extend([b"\0\0\0\0".to_vec(), b"jaK".to_vec(), whole[..whole.len() / 2].to_vec()]);
        all.push(b"\x01\x01\0\x08\x21\x12\xa4\x42abcdefghijkl\0\x01\0\x04".to_vec());
        all.push(whole);
        all
    });
    probe(&peer.port(), &OVER_UDP).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
}

#[test]
fn ok_when_the_answer_is_cut_once_and_whole_on_the_retransmission() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let peer = Peer::udp(move |request| {
        let mut answer = ok(request);
        if count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            answer.truncate(answer.len() - 30);
        }
        vec![answer]
    });
    let ran = probe(&peer.port(), &OVER_UDP);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ").assert_says("'retransmissions'=1;");
}

#[test]
fn critical_when_the_answer_is_cut_each_time() {
    let peer = Peer::udp(|request| vec![ok(request)[..150].to_vec()]);
    let ran = probe(&peer.port(), &["--transport", "udp", "-t", "0.7"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no SIP answer from ")
        .assert_says("the datagram ends within the message");
    probe(&peer.port(), &["--transport", "udp", "-t", "0.7:unknown"]).assert_text(3);
}

#[test]
fn an_answer_from_another_port_counts_and_is_said() {
    assert_counted_and_said(&[("127.0.0.1", "127.0.0.1"), ("[::1]", "[::1]")]);
}

#[test]
fn an_answer_from_another_address_counts_and_is_said() {
    assert_counted_and_said(&[("127.0.0.1", "127.0.0.2")]);
}

/// Who is asked, and where the answer comes from.
fn assert_counted_and_said(hosts: &[(&str, &str)]) {
    for (host, answers_from) in hosts {
        let asked = UdpSocket::bind(format!("{host}:0")).unwrap();
        let other = UdpSocket::bind(format!("{answers_from}:0")).unwrap();
        let (port, from) = (asked.local_addr().unwrap().port().to_string(), other.local_addr().unwrap());
        let answering = thread::spawn(move || {
            let mut buffer = [0; 4096];
            let (count, client) = asked.recv_from(&mut buffer).unwrap();
            let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
            other.send_to(&ok(&request), client).unwrap();
        });
        let ran = crate::run(&["-H", host, "-p", &port, "--transport", "udp", "-v"]);
        answering.join().unwrap();
        ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ").assert_says(&format!(", sent from {from}"));
    }
}

#[test]
fn critical_when_udp_is_refused() {
    let ran = probe(&closed_port(), &OVER_UDP);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - connection refused by 127.0.0.1:");
}

#[test]
fn a_method_in_small_letters_and_a_second_via_are_no_answer() {
    for (from, to) in
        [("CSeq: 1 OPTIONS", "CSeq: 1 options"), ("From: ", "Via: SIP/2.0/TCP x;branch=z9hG4bKy\r\nFrom: ")]
    {
        let peer =
            Peer::answering(move |request| String::from_utf8(ok(request)).unwrap().replace(from, to).into_bytes());
        let ran = probe(&peer.port(), &["-t", "0.5"]);
        ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no response from ")
            .assert_says("1 message that did not belong");
    }
}

#[test]
fn critical_without_from_or_to() {
    for name in ["From", "To"] {
        let peer = Peer::answering(move |request| {
            String::from_utf8(ok(request)).unwrap().replace(&format!("\r\n{name}: "), "\r\nX: ").into_bytes()
        });
        let ran = probe(&peer.port(), &[]);
        ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - malformed SIP answer from ")
            .assert_says(&format!("has no {name}"));
    }
}

#[test]
fn ok_as_the_grammar_allows_to_write_it() {
    let peer = Peer::tcp(|mut stream| {
        let Some(request) = read_request(&mut stream) else { return };
        let text = String::from_utf8(ok(&request)).unwrap();
        let text = text
            .replace("CSeq: 1 OPTIONS", "CSeq:\r\n 0001\t \r\n\tOPTIONS\t")
            .replace("Call-ID: ", "Call-ID:\r\n ")
            .replace("Content-Length: 0", "Content-Length:\r\n 0\r\nServer:\r\n x\r\ns:\r\n\ty\r\nx: 1800")
            .replace("/TCP ", " / TCP\t ")
            .replace(";branch=", ";oc-algo=\"loss,A;\" ; Branch =\r\n\t");
        let _ = stream.write_all(text.as_bytes());
        let _ = read_request(&mut stream);
    });
    let headers = ["Server: ^x$", "Subject: ^y$", "s: ^y$", "Session-Expires: 1800", "X: 1800"];
    for header in headers {
        probe(&peer.port(), &["--require-header", header]).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
    }
    let missing = probe(&answers("SIP/2.0 200 OK", "").port(), &["--require-header", "r: ."]);
    missing.assert_text(2).assert_says("there is no Refer-To header");
}
