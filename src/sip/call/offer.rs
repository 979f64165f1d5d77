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

/// Why no audio can come of a 2xx with this body, in words that stand behind others; `None` where it may.
pub(crate) fn silence(body: &[u8]) -> Option<&'static str> {
    let mut streams = body.split(|&byte| byte == b'\n').filter_map(|line| line.strip_prefix(b"m="));
    let is_refused = |stream: &[u8]| stream.split(|&byte| byte == b' ').nth(1).is_none_or(|port| port == b"0");
    if body.trim_ascii().is_empty() {
        // RFC 3261 13.3.1.4: a 2xx to an INVITE with an offer has the answer.
        return Some(", without an answer to our offer of audio (SDP)");
    }
    let any = streams.next()?;
    std::iter::once(any).chain(streams).all(is_refused).then_some(", but our offer of audio is refused")
}

#[cfg(test)]
mod tests {
    use super::{offer, silence};

    #[test]
    fn no_audio_comes_of_an_answer_without_a_stream_that_is_taken() {
        assert!(silence(b"").is_some_and(|text| text.contains("without")));
        assert!(silence(b"v=0\r\nm=audio 0 RTP/AVP 0\r\n").is_some_and(|text| text.contains("refused")));
        assert!(silence(b"v=0\nm=audio 0 RTP/AVP 0\nm=video 0 x").is_some() && silence(b"v=0\nm=audio").is_some());
        let taken = offer("192.0.2.7:40000".parse().unwrap(), 7);
        // What is no session description says nothing.
        for body in [taken.as_bytes(), b"v=0\r\nm=video 0 x\r\nm=audio 4000 RTP/AVP 0\r\n", b"--boundary\r\n"] {
            assert_eq!(silence(body), None, "{:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn one_audio_stream_of_either_family() {
        let text = offer("192.0.2.7:40000".parse().unwrap(), 7);
        assert!(text.contains("\r\nc=IN IP4 192.0.2.7\r\n") && text.contains("\r\nm=audio 40000 RTP/AVP 0 8\r\n"));
        let text = offer("[2001:db8::7]:40000".parse().unwrap(), 7);
        assert!(text.starts_with("v=0\r\no=check-um 7 7 IN IP6 2001:db8::7\r\n"), "{text}");
    }
}
