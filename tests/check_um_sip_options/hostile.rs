//! What of peers that do not play by the rules? Silence, floods, noise, hang-ups.

use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

use crate::support::peer::{Peer, read_request, response};
use crate::support::port::closed_port;
use crate::{answers, probe, sends};

#[test]
fn critical_when_silent_at_the_deadline() {
    let peer = sends("");
    let ran = probe(&peer.port(), &["-t", "0.5"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no response from 127.0.0.1:");
    ran.assert_until(Duration::from_millis(500));
}

#[test]
fn udp_silence_counts_its_requests() {
    let peer = Peer::udp(|_| Vec::new());
    let ran = probe(&peer.port(), &["--transport", "udp", "-t", "0.8"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no response from ");
    assert!(ran.first_line().contains("after 2 requests") && ran.first_line().contains("'retransmissions'=1;"));
}

#[test]
fn critical_when_refused() {
    probe(&closed_port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - connection refused by 127.0.0.1:");
    probe(&closed_port(), &["--state", "refused=ok"]).assert_begins(1, "UM SIP OPTIONS WARNING - connection refused");
}

#[test]
fn critical_when_reset() {
    // Closing with input unread makes the system send a reset.
    let peer = Peer::tcp(|stream| drop(stream.peek(&mut [0])));
    let ran = probe(&peer.port(), &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 127.0.0.1:");
    assert!(ran.first_line().contains("reset the connection without an answer to the request"), "{}", ran.stdout);
}

#[test]
fn critical_when_closed_before_the_request() {
    let peer = Peer::tcp(drop);
    probe(&peer.port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - 127.0.0.1:");
}

#[test]
fn critical_when_closed_after_the_request() {
    let peer = Peer::tcp(|mut stream| drop(read_request(&mut stream)));
    let ran = probe(&peer.port(), &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 127.0.0.1:");
    assert!(ran.first_line().contains("closed the connection without an answer to the request"), "{}", ran.stdout);
}

#[test]
fn critical_when_the_head_is_cut() {
    let peer = Peer::tcp(|mut stream| {
        let _ = read_request(&mut stream);
        let _ = stream.write_all(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP");
    });
    let ran = probe(&peer.port(), &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - ");
    assert!(ran.first_line().contains("in the middle of a message, after 32 bytes of it"), "{}", ran.stdout);
}

#[test]
fn critical_when_http_is_spoken() {
    let peer = sends("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let ran = probe(&peer.port(), &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no SIP answer from ");
    assert!(ran.first_line().contains("but HTTP"));
}

#[test]
fn critical_when_binary_noise_comes() {
    let noise: Vec<u8> = (0..=255).cycle().skip(128).take(4096).collect();
    probe(&sends(noise.clone()).port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - no SIP answer from ");
    let peer = Peer::udp(move |_| vec![noise.clone()]);
    // Noise is waited past: an answer could still come.
    let ran = probe(&peer.port(), &["--transport", "udp", "-t", "0.8"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no SIP answer from ").assert_until(Duration::from_millis(800));
}

#[test]
fn critical_when_the_status_code_would_wrap_to_200() {
    let peer = answers("SIP/2.0 4294967496 OK", "");
    probe(&peer.port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - malformed SIP answer from ");
}

#[test]
fn critical_when_the_answer_drips() {
    let peer = Peer::tcp(|mut stream| {
        let Some(request) = read_request(&mut stream) else { return };
        for byte in response(&request, "SIP/2.0 200 OK", "") {
            if stream.write_all(&[byte]).is_err() {
                break;
            }
            sleep(Duration::from_millis(50));
        }
    });
    let ran = probe(&peer.port(), &["-t", "1"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no response from ");
    assert!(ran.first_line().contains("bytes of an unfinished message came"), "{}", ran.stdout);
    ran.assert_until(Duration::from_millis(1000));
}

#[test]
fn critical_when_the_head_is_endless() {
    let peer = Peer::answering(|request| {
        let mut head = response(request, "SIP/2.0 200 OK", "");
        head.truncate(head.len() - 2);
        head.extend(b"X: ".iter().chain([b'x'; 1024].iter()).copied().cycle().take(300 * 1024));
        head
    });
    let ran = probe(&peer.port(), &["-t", "3"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no SIP answer from ");
    assert!(ran.first_line().contains("head is larger than 65536 bytes"), "{}", ran.stdout);
}

#[test]
fn critical_when_only_provisional_responses_come() {
    let peer = Peer::tcp(|mut stream| {
        let Some(request) = read_request(&mut stream) else { return };
        while stream.write_all(&response(&request, "SIP/2.0 100 Trying", "")).is_ok() {}
    });
    let ran = probe(&peer.port(), &["-t", "0.7"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - only provisional responses from ");
    ran.assert_until(Duration::from_millis(700));
}

#[test]
fn ok_after_provisionals_strays_and_keep_alives_in_one_segment() {
    let peer = Peer::answering(|request| {
        let stray = response(&request.replace("z9hG4bK", "z9hG4bKx"), "SIP/2.0 503 Stray", "");
        let other_call = response(&request.replace("Call-ID: ", "Call-ID: x"), "SIP/2.0 503 Stray", "");
        let other_cseq = response(&request.replace("CSeq: 1", "CSeq: 2"), "SIP/2.0 503 Stray", "");
        let trying = response(request, "SIP/2.0 100 Trying", "");
        let ok = response(request, "SIP/2.0 200 OK", "");
        [b"\r\n\r\n".to_vec(), stray, other_call, trying, b"\r\n\r\n".to_vec(), other_cseq, ok].concat()
    });
    probe(&peer.port(), &[]).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
}

#[test]
fn a_hostile_reason_phrase_harms_no_format() {
    let peer = answers("SIP/2.0 503 a|b 'c' \"d\" \x1b[31m <&> 'time'=9s;;; \u{202e}x", "Server: </DataItem>|\x07\r\n");
    let text = probe(&peer.port(), &["-vvv"]);
    text.assert_begins(2, "UM SIP OPTIONS CRITICAL - 503 a/b 'c' \"d\"  [31m <&> ");
    assert!(!text.stdout.contains(['\x1b', '\x07', '\u{202e}']));
    assert_eq!(text.stdout.matches('|').count(), 1);
    probe(&peer.port(), &["--output", "json", "-vvv"]).assert_json("CRITICAL");
    probe(&peer.port(), &["--output", "scom", "-vvv"]).assert_scom("CRITICAL");
}
