//! What is offered to talk about, and is it taken? A minimal session description (RFC 4566, RFC 3264): one audio stream, PCMU
//! and PCMA.

use std::net::{IpAddr, SocketAddr};

use crate::input::list;
use crate::sip::head::Head;

/// The description of a session whose audio arrives at `media`; `id` tells it from others of this host.
pub(crate) fn offer(media: SocketAddr, id: u32) -> String {
    let (version, address, port) = (if media.is_ipv4() { 4 } else { 6 }, media.ip(), media.port());
    format!(
        "v=0\r\n\
         o=check-um {id} {id} IN IP{version} {address}\r\n\
         s=-\r\n\
         c=IN IP{version} {address}\r\n\
         t=0 0\r\n\
         m=audio {port} RTP/AVP 0 8\r\n\
         a=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:8 PCMA/8000\r\n\
         a=sendrecv\r\n"
    )
}

/// Why nobody would hear anything in an answered call, in words that stand behind `but`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// RFC 3261 13.2.1: of an INVITE with an offer, the 2xx has the answer.
    #[error("without an answer to our offer of audio (SDP)")]
    NoAnswer,
    /// The body is something else, or is not said to be one (RFC 3261 7.4.1).
    #[error("its body is no answer to our offer of audio, expected a session description (application/sdp)")]
    NoDescription,
    /// RFC 3261 20.12: only what Accept-Encoding allows, and we allow nothing.
    #[error("its answer to our offer of audio has a Content-Encoding, expected none")]
    Encoded,
    /// RFC 3264 6: a stream whose port is zero is refused, and the answer has the streams of the offer in their order.
    #[error("our offer of audio is refused")]
    Refused,
    /// RFC 3264 6: the stream is of the transport that was offered.
    #[error("the audio is to go another way than by what we offer, expected RTP/AVP")]
    OtherTransport,
    /// Neither zero nor a port.
    #[error("there is no port for the audio, expected 1 to 65535")]
    NoPort,
    /// RFC 4566 5.7: a line `c=` of the stream, or of the session.
    #[error("there is no address for the audio, expected a line such as c=IN IP4 192.0.2.7")]
    NoAddress,
    /// RFC 3264 8.4 and RFC 6157 5.1: the address of a call on hold, where nobody is.
    #[error(
        "the address for the audio is nobody's, expected that of a host (0.0.0.0, :: and .invalid put a call on hold)"
    )]
    Nobody,
    /// RFC 3264 6.1: nothing is sent and nothing is listened to.
    #[error("the audio is inactive")]
    Inactive,
    /// RFC 3264 6.1: what is taken is taken of what was offered.
    #[error("with none of the codecs that we offer (PCMU, PCMA)")]
    NoCodec,
}

/// The session description that a message with this head and body has, as it is or as a part (RFC 5621).
pub fn description<'a>(head: &Head, body: &'a [u8]) -> Result<&'a [u8], Unheard> {
    if body.trim_ascii().is_empty() {
        return Err(Unheard::NoAnswer);
    }
    let kind = head.value("Content-Type").unwrap_or_default();
    let is_of_parts = kind.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/"));
    match list::parameters(kind).find(|(name, _)| name.eq_ignore_ascii_case("boundary")) {
        Some((_, Some(boundary))) if is_of_parts => {
            let mut parts = parts(body, &format!("--{}", list::unquoted(boundary))).into_iter();
            parts.find(|(head, _)| is_description(head) == Ok(())).map(|(_, part)| part).ok_or(Unheard::NoDescription)
        }
        _ => is_description(head).map(|()| body),
    }
}

/// Whether what has this head is one that stands for a session (RFC 3261 20.11).
fn is_description(head: &Head) -> Result<(), Unheard> {
    let is = |name, wanted: &str| {
        let first =
            |value: &str| list::split(value, ';').next().is_some_and(|first| first.eq_ignore_ascii_case(wanted));
        head.values(name).all(first)
    };
    if !is("Content-Encoding", "identity") {
        return Err(Unheard::Encoded);
    }
    let is_one = is("Content-Type", "application/sdp") && head.value("Content-Type").is_some();
    if is_one && is("Content-Disposition", "session") { Ok(()) } else { Err(Unheard::NoDescription) }
}

/// The parts between lines that begin with `delimiter`, each with its head (RFC 2046 5.1.1).
fn parts<'a>(body: &'a [u8], delimiter: &str) -> Vec<(Head, &'a [u8])> {
    let mut parts = Vec::new();
    let (mut at, mut lines_of_head, mut begin) = (0, None, None);
    for line in body.split_inclusive(|&byte| byte == b'\n').chain([delimiter.as_bytes()]) {
        let next = at + line.len();
        if line.starts_with(delimiter.as_bytes()) {
            if let (Some(lines), Some(begin)) = (lines_of_head.take(), begin.take()) {
                let head: Vec<u8> = [&b"\r\n"[..], &body[lines]].concat();
                parts.push((Head::parse(&head), &body[begin..at]));
            }
            lines_of_head = Some(next..next);
            begin = None;
        } else if let (Some(lines), None) = (&mut lines_of_head, begin) {
            lines.end = next;
            begin = line.trim_ascii().is_empty().then_some(next);
        }
        at = next;
    }
    parts
}

/// Whether audio goes both ways of a call that was answered with this session description; where it goes one way only, that
/// in words.
pub fn judge(description: &[u8]) -> Result<Option<&'static str>, Unheard> {
    let mut lines = description.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut lines = lines.by_ref().skip_while(|line| line.is_empty()).peekable();
    if lines.peek() != Some(&&b"v=0"[..]) {
        return Err(Unheard::NoDescription);
    }
    let is_of_session = |line: &&[u8]| !line.starts_with(b"m=");
    let session: Vec<_> = std::iter::from_fn(|| lines.next_if(is_of_session)).collect();
    // The first stream answers the only one that was offered.
    let mut stream = lines.next().unwrap_or_default().split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let attributes: Vec<_> = std::iter::from_fn(|| lines.next_if(is_of_session)).collect();
    let (kind, port, protocol) = (stream.next(), stream.next().map(port), stream.next());
    match port {
        _ if kind != Some(b"m=audio") => return Err(Unheard::Refused),
        None | Some(Some(0)) => return Err(Unheard::Refused),
        Some(None) => return Err(Unheard::NoPort),
        Some(Some(_)) => {}
    }
    if !protocol.is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"RTP/AVP")) {
        return Err(Unheard::OtherTransport);
    }
    let both = [attributes.as_slice(), session.as_slice()];
    let way = both.iter().find_map(|lines| direction(lines));
    if way == Some(b"inactive") {
        return Err(Unheard::Inactive);
    }
    if !stream.any(|format| is_ours(format, &attributes)) {
        return Err(Unheard::NoCodec);
    }
    check_address(both.iter().find_map(|lines| lines.iter().find_map(|line| line.strip_prefix(b"c="))))?;
    match way {
        Some(b"sendonly") => Ok(Some("the audio goes one way only, to the caller (a=sendonly)")),
        Some(b"recvonly") => Ok(Some("the audio goes one way only, from the caller (a=recvonly)")),
        _ => Ok(None),
    }
}

/// The port that `PORT` or `PORT/COUNT` of a stream says; `None` where that is none.
fn port(text: &[u8]) -> Option<u16> {
    let digits = text.split(|&byte| byte == b'/').next()?;
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|_| is_number)
}

/// Fails unless the value of a line `c=` names somebody that audio can be sent to (RFC 4566 5.7).
fn check_address(value: Option<&[u8]>) -> Result<(), Unheard> {
    let text = value.and_then(|value| std::str::from_utf8(value).ok()).ok_or(Unheard::NoAddress)?;
    let mut words = text.split_ascii_whitespace();
    let (Some("IN"), Some(family @ ("IP4" | "IP6")), Some(host), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Unheard::NoAddress);
    };
    match host.parse::<IpAddr>() {
        Ok(address) if address.is_ipv4() != (family == "IP4") => Err(Unheard::NoAddress),
        Ok(address) if address.to_canonical().is_unspecified() => Err(Unheard::Nobody),
        // A group is none to talk to, and a name is looked up by whoever sends.
        Ok(address) if address.is_multicast() => Err(Unheard::NoAddress),
        Ok(_) => Ok(()),
        // What is of digits and dots and no address, such as 127.1, is no name either.
        Err(_) if !host.bytes().all(is_of_name) || !host.contains(|c: char| c.is_ascii_alphabetic()) => {
            Err(Unheard::NoAddress)
        }
        Err(_) if host.trim_end_matches('.').to_ascii_lowercase().ends_with(".invalid") => Err(Unheard::Nobody),
        Err(_) => Ok(()),
    }
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// Which way audio goes, where these lines say so.
fn direction<'a>(lines: &[&'a [u8]]) -> Option<&'a [u8]> {
    let mut attributes = lines.iter().filter_map(|line| line.strip_prefix(b"a="));
    attributes.find(|value| [&b"inactive"[..], b"sendonly", b"recvonly", b"sendrecv"].contains(value))
}

/// Whether a format is PCMU or PCMA: by what the stream says of it, or else by its number (RFC 3551 6).
fn is_ours(format: &[u8], attributes: &[&[u8]]) -> bool {
    let named = |line: &&[u8]| {
        let mut words = line.strip_prefix(b"a=rtpmap:")?.splitn(2, |&byte| byte == b' ');
        (words.next() == Some(format)).then(|| words.next().unwrap_or_default().trim_ascii().to_ascii_uppercase())
    };
    match attributes.iter().find_map(named) {
        Some(name) => {
            let name = name.strip_suffix(b"/1").unwrap_or(&name);
            name == b"PCMU/8000" || name == b"PCMA/8000"
        }
        None => matches!(format, b"0" | b"8"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Unheard::{
        Encoded, Inactive, NoAddress, NoAnswer, NoCodec, NoDescription, NoPort, Nobody, OtherTransport, Refused,
    };
    use super::{description, judge, offer};
    use crate::sip::head::Head;

    /// A description with this line `c=` and what follows it.
    fn described(address: &str, stream: &str) -> String {
        format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n{address}\r\nt=0 0\r\n{stream}\r\n")
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
            ("c=IN IP6 192.0.2.9", NoAddress),
            ("c=IN IP4 2001:db8::1", NoAddress),
            ("c=IN IP4 [2001:db8::1]", NoAddress),
            ("c=ATM NSAP 47", NoAddress),
            ("c=IN IP4 224.2.1.1/127", NoAddress),
            ("c=IN IP6 ff15::101", NoAddress),
            ("c=IN IP4 0", NoAddress),
            ("c=IN IP4 192.0.2.300", NoAddress),
            ("c=IN IP4 0.0.0.0", Nobody),
            ("c=IN IP6 ::", Nobody),
            ("c=IN IP6 0:0:0:0:0:0:0:0", Nobody),
            ("c=IN IP6 ::ffff:0.0.0.0", Nobody),
            ("c=IN IP4 anonymous.INVALID.", Nobody),
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
        assert_eq!(found("c: application/sdp", " \r\n"), Err(NoAnswer));
        for lines in [
            "c: Application/SDP ; charset=utf-8",
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
}
