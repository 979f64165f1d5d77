//! Is a call taken back whose answer is none, because its body did not come as its head says?

use crate::callee::{Callee, said, well};
use crate::{call, udp};

/// The answer to a request, with so many bytes of its body and what its head says about that.
fn cut(request: &str, length: &str, bytes: usize) -> Vec<u8> {
    let answer = said(request, "a", "200 OK", "Contact: <sip:101@callee.invalid>\r\n");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let head = head.split("Content-Length: ").next().unwrap();
    format!("{head}Content-Length: {length}\r\n\r\n{}", &body[..bytes.min(body.len())]).into_bytes()
}

#[test]
fn critical_when_the_body_of_an_answer_is_cut_and_the_call_is_released_all_the_same() {
    for (rings, length) in [(false, "999"), (true, "999"), (false, "x")] {
        let script = move |method: &str, request: &str, _: &str| match method {
            "INVITE" if rings => vec![said(request, "a", "180 Ringing", ""), cut(request, length, 30)],
            "INVITE" => vec![cut(request, length, 30)],
            _ => well(method, request),
        };
        let callee = Callee::new(script);
        let ran = udp(callee.port(), "-t 2");
        ran.assert_text(2).assert_says(if length == "x" { "Content-Length 'x'" } else { "ends within the message" });
        ran.assert_says(", released in ");
        let heard = callee.methods();
        let is_answered = |heard: &[String]| heard.ends_with(&["ACK".to_owned(), "BYE".to_owned()]);
        assert!(is_answered(&heard) && !heard.contains(&"CANCEL".to_owned()), "{heard:?}");

        let callee = Callee::tcp(script);
        let ran = call(callee.port(), "-t 2");
        ran.assert_text(2).assert_says(", released in ");
        if !rings {
            ran.assert_says(if length == "x" { "Content-Length 'x'" } else { "only 30 of the 999 bytes came" });
        }
        assert!(is_answered(&callee.methods()), "{:?}", callee.methods());
    }
}

#[test]
fn critical_when_the_connection_ends_within_the_body_of_an_answer_and_the_call_is_released_over_another() {
    for length in ["999", "9999999"] {
        let callee = Callee::tcp(move |method, request, _| match method {
            "INVITE" => vec![cut(request, length, 30), Vec::new()],
            _ => well(method, request),
        });
        call(callee.port(), "-t 4").assert_text(2).assert_says(", released in ");
        callee.assert_heard(&["INVITE", "ACK", "BYE"]);
    }
}

#[test]
fn critical_when_an_answer_over_tcp_has_a_body_of_unknown_length_and_the_call_is_released_once() {
    let callee = Callee::tcp(|method, request, _| match method {
        "INVITE" => {
            let answer = cut(request, "x", 999);
            vec![String::from_utf8_lossy(&answer).replace("Content-Length: x\r\n", "").into_bytes()]
        }
        _ => well(method, request),
    });
    let ran = call(callee.port(), "");
    ran.assert_text(2).assert_says("its body has no Content-Length").assert_says(", released in ");
    assert_eq!(callee.methods(), ["INVITE", "ACK", "BYE"]);
}

#[test]
fn an_answer_that_comes_again_as_a_whole_is_one() {
    let callee = Callee::new(|method, request, _| match method {
        "INVITE" => {
            vec![cut(request, "999", 30), said(request, "a", "200 OK", "Contact: <sip:101@callee.invalid>\r\n")]
        }
        _ => well(method, request),
    });
    udp(callee.port(), "").assert_text(0);
    callee.assert_heard(&["INVITE", "ACK", "BYE"]);
}
