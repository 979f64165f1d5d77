//! Would anybody hear anything in an answered call? Session descriptions that take the audio, refuse it, or are none.

use crate::callee::{Callee, SESSION, contact, describing, said, well, with_body};
use crate::udp;

/// A callee that answers with this session description, and says that it rings with that one.
fn describing_itself(early: &'static str, session: &'static str) -> Callee {
    Callee::new(move |method, request, _| match method {
        "INVITE" => vec![
            describing(&said(request, "a", "183 Session Progress", ""), early),
            describing(&said(request, "a", "200 OK", &contact(request)), session),
        ],
        _ => well(method, request),
    })
}

#[test]
fn critical_when_nobody_would_hear_anything_in_an_answered_call_unless_the_operator_says_otherwise() {
    for (session, part) in [
        ("", "without an answer to our offer of audio"),
        ("hello", "its body is no answer to our offer"),
        ("v=0\r\nm=audio 0 RTP/AVP 0\r\n", "our offer of audio is refused"),
        ("v=0\r\nm=audio 4000 RTP/AVP 0\r\na=inactive\r\n", "the audio is inactive"),
        ("v=0\r\nm=audio 4000 RTP/AVP 18\r\n", "with none of the codecs that we offer"),
    ] {
        let callee = describing_itself("", session);
        let ran = udp(callee.port(), "");
        ran.assert_begins(2, "UM CALL ROUTING CRITICAL - the call is answered, but ").assert_says(part);
        ran.assert_says("; 200 OK from 127.0.0.1:").assert_says("released in");
        assert!(ran.stdout.contains("(media)"), "{ran:?}");
        callee.assert_heard(&["INVITE", "ACK", "BYE"]);
    }
    let callee = describing_itself("", "");
    // Neither a code that is expected nor a call that is kept makes it one in which somebody is heard.
    for more in ["--expect 200", "--status 200=ok", "--hold 0.2"] {
        udp(callee.port(), more).assert_text(2).assert_says("without an answer");
    }
    udp(callee.port(), "--state media=ok").assert_text(0).assert_says("200 OK from").assert_says("without an answer");
    udp(callee.port(), "--state media=warning").assert_text(1);
    udp(callee.port(), "--expect 486").assert_text(2).assert_says("200 OK");
    // It rang, and that was wanted.
    udp(callee.port(), "--until ringing").assert_text(0);
}

#[test]
fn critical_when_the_answer_is_on_hold_encrypted_or_not_said_to_be_a_description() {
    let sdp = "Content-Type: application/sdp\r\n";
    let of = |from: &str, to: &str| SESSION.replacen(from, to, 1);
    for (kind, session, part) in [
        (sdp, of("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"), "the address for the audio is nobody's"),
        (sdp, of("c=IN IP4 127.0.0.1", "c=IN IP6 ::"), "the address for the audio is nobody's"),
        (sdp, of("c=IN IP4 127.0.0.1", "c=IN IP4 224.2.1.1/127"), "that of a group (multicast)"),
        (sdp, of("c=IN IP4 127.0.0.1\r\n", ""), "there is no address for the audio"),
        (sdp, of("RTP/AVP", "RTP/SAVP"), "expected RTP/AVP"),
        (sdp, of("4000", "99999"), "there is no port for the audio"),
        (sdp, of("m=audio 4000", "m=audio 0 RTP/AVP 0\r\nm=audio 4000"), "our offer of audio is refused"),
        ("Content-Type: text/plain\r\n", SESSION.to_owned(), "expected a session description"),
        ("", SESSION.to_owned(), "expected a session description"),
        ("c: application/sdp\r\ne: gzip\r\n", SESSION.to_owned(), "has a Content-Encoding"),
    ] {
        let callee = Callee::new(move |method, request, _| match method {
            "INVITE" => vec![with_body(&said(request, "a", "200 OK", &contact(request)), kind, &session)],
            _ => well(method, request),
        });
        let ran = udp(callee.port(), "");
        ran.assert_begins(2, "UM CALL ROUTING CRITICAL - the call is answered, but ").assert_says(part);
        assert!(ran.stdout.contains("(media)"), "{ran:?}");
        callee.assert_heard(&["INVITE", "ACK", "BYE"]);
    }
}

#[test]
fn audio_that_goes_one_way_only_is_said() {
    for (line, part) in [("a=sendonly\r\n", "to the caller"), ("a=recvonly\r\n", "from the caller")] {
        let of_stream = format!("{SESSION}{line}");
        let of_session = SESSION.replacen("t=0 0\r\n", &format!("t=0 0\r\n{line}"), 1);
        for session in [of_stream, of_session] {
            let callee = Callee::new(move |method, request, _| match method {
                "INVITE" => vec![describing(&said(request, "a", "200 OK", &contact(request)), &session)],
                _ => well(method, request),
            });
            udp(callee.port(), "").assert_text(0).assert_says(&format!("the audio goes one way only, {part}"));
        }
    }
}

#[test]
fn what_was_described_while_it_rang_holds_for_an_answer_without() {
    let session = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\n";
    udp(describing_itself(session, "").port(), "").assert_text(0);
    udp(describing_itself("", session).port(), "").assert_text(0);
    udp(describing_itself("v=0\r\nm=audio 0 RTP/AVP 8\r\n", "").port(), "").assert_text(2).assert_says("is refused");
    udp(describing_itself(session, "v=0\r\nm=audio 0 RTP/AVP 8\r\n").port(), "").assert_text(2);
    let other = Callee::new(move |method, request, _| match method {
        "INVITE" => vec![
            describing(&said(request, "other", "183 Session Progress", ""), session),
            describing(&said(request, "a", "200 OK", &contact(request)), ""),
        ],
        _ => well(method, request),
    });
    udp(other.port(), "").assert_text(2).assert_says("without an answer");
}
