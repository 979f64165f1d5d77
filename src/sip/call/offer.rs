//! What is offered to talk about, and is it taken? A minimal session description (RFC 4566, RFC 3264): one audio stream, PCMU
//! and PCMA.

use std::net::{IpAddr, SocketAddr};

use crate::input::list;
use crate::sip::address;
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
    /// RFC 3261 20.14: over a stream nobody knows where such a body ends.
    #[error("its body has no Content-Length, expected one (RFC 3261, 20.14)")]
    NoLength,
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
    /// The loopback, named by a server that is elsewhere.
    #[error("the address for the audio is the loopback, where everybody reaches himself, expected that of a host")]
    Own,
    /// RFC 4566 5.7: an address is of the family that stands before it.
    #[error(
        "the address for the audio is of another family than its line c= says, expected one of IP4 or IP6 as it says"
    )]
    OtherFamily,
    /// RFC 4566 5.7: a group.
    #[error("the address for the audio is that of a group (multicast), expected that of a host")]
    Group,
    /// RFC 3264 6.1: nothing is sent and nothing is listened to.
    #[error("the audio is inactive")]
    Inactive,
    /// RFC 3264 6.1: what is taken is taken of what was offered.
    #[error("with none of the codecs that we offer (PCMU, PCMA)")]
    NoCodec,
}

/// The session description that a message with this head and body has, as it is or as a part (RFC 5621).
pub fn description<'a>(head: &Head, body: &'a [u8]) -> Result<&'a [u8], Unheard> {
    let kind = head.value("Content-Type").unwrap_or_default();
    match body.trim_ascii() {
        b"" if !kind.is_empty() && head.value("Content-Length").is_none() => return Err(Unheard::NoLength),
        b"" => return Err(Unheard::NoAnswer),
        _ => {}
    }
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

/// Whether audio goes both ways of a call that was answered with this session description by whoever is at the address `said_by`;
/// where it goes one way only, that in words.
pub fn judge(description: &[u8], said_by: IpAddr) -> Result<Option<&'static str>, Unheard> {
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
    let address = both.iter().find_map(|lines| lines.iter().find_map(|line| line.strip_prefix(b"c=")));
    check_address(address, said_by)?;
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

/// Fails unless the value of a line `c=` names somebody that audio can be sent to (RFC 4566 5.7), by the rule for a Contact.
fn check_address(value: Option<&[u8]>, said_by: IpAddr) -> Result<(), Unheard> {
    let text = value.and_then(|value| std::str::from_utf8(value).ok()).ok_or(Unheard::NoAddress)?;
    let mut words = text.split_ascii_whitespace();
    let (Some("IN"), Some(family @ ("IP4" | "IP6")), Some(host), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Unheard::NoAddress);
    };
    // That of a group may have its scope and a count behind it.
    match host.split('/').next().unwrap_or_default().parse::<IpAddr>() {
        Ok(address) if address.is_ipv4() != (family == "IP4") => Err(Unheard::OtherFamily),
        Ok(address) if address.to_canonical().is_multicast() => Err(Unheard::Group),
        Ok(_) if host.contains('/') => Err(Unheard::NoAddress),
        Ok(address) if address::is_nobodys(address) => Err(Unheard::Nobody),
        _ if address::is_own(host, said_by) => Err(Unheard::Own),
        Ok(_) => Ok(()),
        // What is of digits and dots and no address, such as 127.1, is no name either.
        Err(_) if !host.bytes().all(is_of_name) || !host.contains(|c: char| c.is_ascii_alphabetic()) => {
            Err(Unheard::NoAddress)
        }
        // A name is looked up by whoever sends.
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
mod tests;
