//! Is any answer to our offer of audio judged as what it is? Descriptions made by hand, and any at all.

use proptest::prelude::*;

use super::Unheard::{
    Encoded, Group, Inactive, NoAddress, NoAnswer, NoCodec, NoDescription, NoLength, NoPort, Nobody, OtherFamily,
    OtherTransport, Own, Refused,
};
use super::{Unheard, description, offer};
use crate::sip::head::Head;

/// A description with this line `c=` and what follows it.
fn described(address: &str, stream: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n{address}\r\nt=0 0\r\n{stream}\r\n")
}

/// What it is worth of a server that is no loopback's.
fn judge(description: &[u8]) -> Result<Option<&'static str>, Unheard> {
    super::judge(description, "192.0.2.1".parse().unwrap())
}

const THERE: &str = "c=IN IP4 192.0.2.9";

#[test]
fn nobody_is_heard_without_an_answer_that_takes_a_stream_of_ours() {
    for (body, expected) in [
        ("hello\r\n", NoDescription),
        ("hello\r\nm=audio 4000 RTP/AVP 0\r\n", NoDescription),
        ("m=", NoDescription),
        ("v=1\r\nc=IN IP4 192.0.2.9\r\nm=audio 4000 RTP/AVP 0\r\n", NoDescription),
        ("v=0\r\ns=-\r\n", Refused),
        ("v=0\nm=audio", Refused),
    ] {
        assert_eq!(judge(body.as_bytes()), Err(expected), "{body:?}");
    }
    for (stream, expected) in [
        ("m=audio 0 RTP/AVP 0", Refused),
        ("m=audio 00 RTP/AVP 0", Refused),
        ("m=audio 0/1 RTP/AVP 0", Refused),
        ("m=audio 0 RTP/AVP 0\nm=video 4000 RTP/AVP 0", Refused),
        ("m=audio 0 RTP/AVP 0\r\nm=audio 4000 RTP/AVP 0", Refused),
        ("m=video 0 x\r\nm=audio 4000 RTP/AVP 8", Refused),
        ("m=image 4000 udptl t38", Refused),
        ("m=audio 65536 RTP/AVP 0", NoPort),
        ("m=audio 99999 RTP/AVP 0", NoPort),
        ("m=audio x RTP/AVP 0", NoPort),
        ("m=audio +4000 RTP/AVP 0", NoPort),
        ("m=audio /1 RTP/AVP 0", NoPort),
        ("m=audio 4000 RTP/SAVP 0", OtherTransport),
        ("m=audio 4000 RTP/AVPF 0", OtherTransport),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 0", OtherTransport),
        ("m=audio 4000 TCP 0", OtherTransport),
        ("m=audio 4000", OtherTransport),
        ("m=audio 4000 RTP/AVP 0\r\na=inactive ", Inactive),
        ("a=inactive\r\nm=audio 4000 RTP/AVP 0 8", Inactive),
        ("m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:18 G729/8000", NoCodec),
        ("m=audio 4000 RTP/AVP", NoCodec),
        ("m=audio 4000 RTP/AVP\r\na=rtpmap:RTP/AVP PCMU/8000", NoCodec),
        ("m=audio 4000 RTP/AVP 96\r\na=rtpmap:97 PCMU/8000", NoCodec),
        ("m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 G729/8000", NoCodec),
        ("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMU/80000", NoCodec),
        ("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMA/8000/2", NoCodec),
    ] {
        assert_eq!(judge(described(THERE, stream).as_bytes()), Err(expected), "{stream:?}");
    }
}

#[test]
fn nobody_is_heard_at_an_address_that_is_none_or_nobodys() {
    for (address, expected) in [
        ("", NoAddress),
        ("c=", NoAddress),
        ("c=IN IP4", NoAddress),
        ("c=IN IP4 192.0.2.9 x", NoAddress),
        ("c=IN IP6 192.0.2.9", OtherFamily),
        ("c=IN IP4 2001:db8::1", OtherFamily),
        ("c=IN IP4 [2001:db8::1]", NoAddress),
        ("c=ATM NSAP 47", NoAddress),
        ("c=IN IP4 192.0.2.9/127", NoAddress),
        ("c=IN IP4 224.2.1.1/127", Group),
        ("c=IN IP4 224.2.1.1/127/3", Group),
        ("c=IN IP6 ff15::101", Group),
        ("c=IN IP4 0", NoAddress),
        ("c=IN IP4 192.0.2.300", NoAddress),
        ("c=IN IP4 0.0.0.0", Nobody),
        ("c=IN IP6 ::", Nobody),
        ("c=IN IP6 0:0:0:0:0:0:0:0", Nobody),
        ("c=IN IP6 ::ffff:0.0.0.0", Nobody),
        ("c=IN IP4 anonymous.INVALID.", Nobody),
        ("c=IN IP4 0.0.0.5", Nobody),
        ("c=IN IP4 255.255.255.255", Nobody),
        ("c=IN IP4 127.0.0.1", Own),
        ("c=IN IP4 127.0.1.1", Own),
        ("c=IN IP6 ::1", Own),
        ("c=IN IP6 ::ffff:127.0.0.1", Own),
        ("c=IN IP4 LocalHost.", Own),
    ] {
        assert_eq!(judge(described(address, "m=audio 4000 RTP/AVP 0").as_bytes()), Err(expected), "{address:?}");
        // That of the stream counts before that of the session.
        let both = described(THERE, &format!("m=audio 4000 RTP/AVP 0\r\n{address}"));
        let expected = if address.is_empty() { Ok(None) } else { Err(expected) };
        assert_eq!(judge(both.as_bytes()), expected, "{both:?}");
    }
    for address in ["c=IN IP4 media.example.com", "c=IN IP6 2001:db8::1", THERE] {
        assert_eq!(judge(described(address, "m=audio 4000 RTP/AVP 0").as_bytes()), Ok(None), "{address}");
        let of_stream = described("c=IN IP4 0.0.0.0", &format!("m=audio 4000 RTP/AVP 0\r\n{address}"));
        assert_eq!(judge(of_stream.as_bytes()), Ok(None), "{address}");
    }
}

#[test]
fn on_this_very_host_the_loopback_is_a_way_to_hear_somebody() {
    for address in ["c=IN IP4 127.0.0.1", "c=IN IP4 localhost", "c=IN IP6 ::1"] {
        let described = described(address, "m=audio 4000 RTP/AVP 0");
        for said_by in ["127.0.0.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(super::judge(described.as_bytes(), said_by.parse().unwrap()), Ok(None), "{address}");
        }
    }
}

#[test]
fn audio_can_come_of_an_answer_that_takes_a_stream_of_ours() {
    let ours = offer("192.0.2.7:40000".parse().unwrap(), 7);
    assert_eq!(judge(ours.as_bytes()), Ok(None));
    for (stream, way) in [
        ("m=audio 4000/1 RTP/AVP 18 8\r\na=sendonly", Some("to the caller")),
        ("a=inactive\nm=audio 4000 rtp/avp 0\na=recvonly", Some("from the caller")),
        ("a=sendonly\nm=audio 4000 RTP/AVP 0", Some("to the caller")),
        ("m=audio 4000 RTP/AVP 96\na=rtpmap:96 pcma/8000/1\n", None),
        ("m=audio 65535 RTP/AVP 8\na=rtpmap:8 PCMA/8000\nm=audio 0 RTP/AVP 0\na=inactive", None),
    ] {
        let said = judge(described(THERE, stream).as_bytes()).unwrap();
        assert_eq!(said.map(|said| said.contains(way.unwrap())), way.map(|_| true), "{stream:?} {said:?}");
    }
}

#[test]
fn only_what_is_said_to_be_a_session_description_is_one() {
    let found = |lines: &str, body: &'static str| {
        description(&Head::parse(format!("SIP/2.0 200 OK\r\n{lines}").as_bytes()), body.as_bytes())
    };
    assert_eq!(found("c: application/sdp\r\nl: 3", " \r\n"), Err(NoAnswer));
    assert_eq!(found("c: application/sdp", ""), Err(NoLength));
    assert_eq!(found("Content-Type:", ""), Err(NoAnswer));
    for lines in [
        "c: Application/SDP ; charset=utf-8",
        "Content-Type: application/sdp;boundary=b",
        "Content-Type: application/sdp\r\ne: identity\r\nContent-Disposition: Session;handling=optional",
    ] {
        assert_eq!(found(lines, "v=0"), Ok(&b"v=0"[..]), "{lines}");
    }
    for lines in [
        "",
        "Content-Type:",
        "Content-Type: text/plain",
        "Content-Type: application/sdpx",
        "Content-Type: application/sdp\r\nContent-Type: text/plain",
        "Content-Type: multipart/mixed",
        "Content-Type: application/sdp\r\nContent-Disposition: early-session",
    ] {
        assert_eq!(found(lines, "v=0"), Err(NoDescription), "{lines}");
    }
    assert_eq!(found("Content-Type: application/sdp\r\nContent-Encoding: gzip", "v=0"), Err(Encoded));
    for (body, expected) in [
        ("--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--", Ok(&b"v=0\r\n"[..])),
        ("x\n--b\nc: text/plain\n\nv=1\n--b\nc: application/sdp\n\nv=0\n--b--\nend", Ok(b"v=0\n")),
        ("--b\r\nContent-Type: application/sdp\r\n\r\nv=0", Ok(b"v=0")),
        ("--b\r\nContent-Type: text/plain\r\n\r\nv=0\r\n--b--", Err(NoDescription)),
        ("--b\r\n\r\nv=0\r\n--b--", Err(NoDescription)),
        ("--c\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--c--", Err(NoDescription)),
        ("v=0", Err(NoDescription)),
    ] {
        assert_eq!(found("Content-Type: multipart/mixed;boundary=\"b\"", body), expected, "{body:?}");
    }
}

#[test]
fn one_audio_stream_of_either_family() {
    let text = offer("192.0.2.7:40000".parse().unwrap(), 7);
    assert!(text.contains("\r\nc=IN IP4 192.0.2.7\r\n") && text.contains("\r\nm=audio 40000 RTP/AVP 0 8\r\n"));
    let text = offer("[2001:db8::7]:40000".parse().unwrap(), 7);
    assert!(text.starts_with("v=0\r\no=check-um 7 7 IN IP6 2001:db8::7\r\n"), "{text}");
}

proptest! {
    #[test]
    fn any_body_is_judged(body in prop::collection::vec(any::<u8>(), 0..200), lines in prop::collection::vec("(m=|a=)?[a-z0-9 :/=]{0,12}", 0..8)) {
        let _ = judge(&body);
        let lines = lines.join("\n");
        let _ = judge(format!("v=0\n{lines}").as_bytes());
        let head = Head::parse(b"x\nContent-Type: multipart/mixed;boundary=a");
        let _ = description(&head, &body);
        let _ = description(&head, lines.replace("m=", "--a").as_bytes());
    }
}
