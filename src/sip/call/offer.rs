//! What is offered to talk about? A minimal session description (RFC 4566, RFC 3264): one audio stream, PCMU and PCMA.

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

#[cfg(test)]
mod tests {
    use super::offer;

    #[test]
    fn one_audio_stream_of_either_family() {
        let text = offer("192.0.2.7:40000".parse().unwrap(), 7);
        assert!(text.contains("\r\nc=IN IP4 192.0.2.7\r\n") && text.contains("\r\nm=audio 40000 RTP/AVP 0 8\r\n"));
        let text = offer("[2001:db8::7]:40000".parse().unwrap(), 7);
        assert!(text.starts_with("v=0\r\no=check-um 7 7 IN IP6 2001:db8::7\r\n"), "{text}");
    }
}
