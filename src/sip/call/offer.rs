//! What is offered to talk about, and is it taken? A minimal session description (RFC 4566, RFC 3264): one audio stream, PCMU
//! and PCMA.

use std::net::SocketAddr;

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
    /// The body is something else.
    #[error("its body is no answer to our offer of audio (SDP)")]
    NoDescription,
    /// RFC 3264 6: a stream whose port is zero is refused, and the answer has as many streams as the offer.
    #[error("our offer of audio is refused")]
    Refused,
    /// RFC 3264 6.1: nothing is sent and nothing is listened to.
    #[error("the audio is inactive")]
    Inactive,
    /// RFC 3264 6.1: what is taken is taken of what was offered.
    #[error("with none of the codecs that we offer (PCMU, PCMA)")]
    NoCodec,
}

/// Whether audio can come of a call that was answered with this session description.
pub fn judge(body: &[u8]) -> Result<(), Unheard> {
    if body.trim_ascii().is_empty() {
        return Err(Unheard::NoAnswer);
    }
    let mut lines = body.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).peekable();
    let mut of_session = Vec::new();
    while let Some(line) = lines.next_if(|line| !line.starts_with(b"m=")) {
        of_session.push(line);
    }
    if lines.peek().is_none() && !of_session.iter().any(|line| line.starts_with(b"v=0")) {
        return Err(Unheard::NoDescription);
    }
    let is_inactive = direction(&of_session) == Some(b"inactive");
    let mut worst = Unheard::Refused;
    while let Some(stream) = lines.next() {
        let mut attributes = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with(b"m=")) {
            attributes.push(line);
        }
        let mut words = stream[2..].split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let (kind, port) = (words.next(), words.next());
        if kind != Some(b"audio") || port.is_none_or(|port| port == b"0" || port.starts_with(b"0/")) {
            continue;
        }
        // Behind the protocol, RTP/AVP.
        let has_codec = words.skip(1).any(|format| is_ours(format, &attributes));
        worst = match direction(&attributes).map_or(is_inactive, |direction| direction == b"inactive") {
            true => Unheard::Inactive,
            false if has_codec => return Ok(()),
            false => Unheard::NoCodec,
        };
    }
    Err(worst)
}

/// Which way audio goes, where these lines say so.
fn direction<'a>(lines: &[&'a [u8]]) -> Option<&'a [u8]> {
    let mut attributes = lines.iter().filter_map(|line| line.strip_prefix(b"a="));
    attributes.find(|value| [&b"inactive"[..], b"sendonly", b"recvonly", b"sendrecv"].contains(value))
}

/// Whether a format is PCMU or PCMA: by its number (RFC 3551 6), or by what the stream says of it.
fn is_ours(format: &[u8], attributes: &[&[u8]]) -> bool {
    let named = |line: &&[u8]| {
        let mut words = line.strip_prefix(b"a=rtpmap:")?.splitn(2, |&byte| byte == b' ');
        (words.next() == Some(format)).then(|| words.next().unwrap_or_default().trim_ascii().to_ascii_uppercase())
    };
    let is_named = |name: Vec<u8>| name.starts_with(b"PCMU/8000") || name.starts_with(b"PCMA/8000");
    matches!(format, b"0" | b"8") || attributes.iter().find_map(named).is_some_and(is_named)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Unheard::{Inactive, NoAnswer, NoCodec, NoDescription, Refused};
    use super::{judge, offer};

    #[test]
    fn nobody_is_heard_without_an_answer_that_takes_a_stream_of_ours() {
        for (body, expected) in [
            ("", NoAnswer),
            (" \r\n", NoAnswer),
            ("hello\r\n", NoDescription),
            ("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--", NoDescription),
            ("v=0\r\ns=-\r\n", Refused),
            ("v=0\r\nm=audio 0 RTP/AVP 0\r\n", Refused),
            ("v=0\nm=audio 0 RTP/AVP 0\nm=video 4000 RTP/AVP 0", Refused),
            ("v=0\nm=audio", Refused),
            ("m=", Refused),
            ("v=0\r\nm=image 4000 udptl t38\r\n", Refused),
            ("v=0\r\nm=audio 4000 RTP/AVP 0\r\na=inactive\r\n", Inactive),
            ("v=0\r\na=inactive\r\nm=audio 4000 RTP/AVP 0 8\r\n", Inactive),
            ("v=0\r\nm=audio 4000 RTP/AVP 18 101\r\na=rtpmap:18 G729/8000\r\n", NoCodec),
            ("v=0\r\nm=audio 4000 RTP/AVP\r\n", NoCodec),
            ("v=0\r\nm=audio 4000 RTP/AVP 96\r\na=rtpmap:97 PCMU/8000\r\n", NoCodec),
        ] {
            assert_eq!(judge(body.as_bytes()), Err(expected), "{body:?}");
        }
    }

    #[test]
    fn audio_can_come_of_an_answer_that_takes_a_stream_of_ours() {
        let ours = offer("192.0.2.7:40000".parse().unwrap(), 7);
        for body in [
            ours.as_str(),
            "v=0\r\nm=video 0 x\r\nm=audio 4000/1 RTP/AVP 18 8\r\na=sendonly\r\n",
            "v=0\na=inactive\nm=audio 4000 RTP/AVP 0\na=recvonly",
            "v=0\nm=audio 4000 RTP/AVP 96\na=rtpmap:96 pcma/8000/1\n",
            "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio 4000 RTP/AVP 0\r\n--b--",
        ] {
            assert_eq!(judge(body.as_bytes()), Ok(()), "{body:?}");
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
            let _ = judge(lines.join("\n").as_bytes());
        }
    }
}
