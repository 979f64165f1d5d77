//! Where does a message end? Cuts a byte stream into SIP messages by Content-Length, and one datagram into one message.

use super::head::{Head, decode, is_token_byte};
use crate::report::excerpt;

/// One message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The cleaned-up head.
    pub head: Head,
    /// The head's bytes, for the trace.
    pub raw_head: Vec<u8>,
    /// The body; empty where it is too long to be kept.
    pub body: Vec<u8>,
    /// How long the body is that is not kept.
    pub unkept: Option<u64>,
}

/// What keeps bytes from being SIP messages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// The first line is no SIP start line.
    #[error("the peer does not speak SIP{}: it sent '{first}'", .hint)]
    NotSip {
        /// The beginning of what came, decoded.
        first: String,
        /// What it looks like instead, in words that fit behind "SIP", or nothing.
        hint: &'static str,
    },
    /// No blank line within the limit.
    #[error("the message head is larger than {MAX_HEAD} bytes")]
    HeadTooLarge,
    /// The announced body is larger than the limit.
    #[error("the message announces a body of {0} bytes, more than {MAX_BODY}")]
    BodyTooLarge(u64),
    /// Content-Length is no number, or there are two that differ.
    #[error("the message has the Content-Length '{0}', expected one number")]
    ContentLength(String),
    /// A datagram that ends before its message does.
    #[error("the datagram ends within the message")]
    Cut,
}

/// Collects bytes and gives complete messages, in order.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Up to here there is no end of a head, so that a dripping peer costs linear work.
    scanned: usize,
    /// A head whose body is still to come.
    body_of: Option<(Head, Vec<u8>, usize)>,
    /// How much of a body that nobody keeps is still to come.
    skipping: u64,
    /// Whether nobody knows where the body of the response before ends.
    is_adrift: bool,
    /// Whether something else than a message was found there: then it is the next status line only that begins one.
    is_seeking: bool,
}

impl Framer {
    /// Adds what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// How many bytes of an incomplete message are there; keep-alives do not count.
    pub(crate) fn pending(&self) -> usize {
        let head = self.body_of.as_ref().map_or(0, |(_, raw, _)| raw.len());
        head + self.buffer.iter().skip_while(|byte| matches!(byte, b'\r' | b'\n')).count()
    }

    /// The message of which the head is there and the body is not: its first line, and how much of how long a body there is.
    pub(crate) fn unfinished(&self) -> Option<(&str, usize, usize)> {
        self.body_of.as_ref().map(|(head, _, length)| (head.start_line.as_str(), self.buffer.len(), *length))
    }

    /// Waits no longer for the body of a message whose head `is_such`; that head. What follows is read from the next status line on.
    pub(crate) fn give_up_body(&mut self, is_such: impl Fn(&Head) -> bool) -> Option<Vec<u8>> {
        let (_, raw, _) = self.body_of.take_if(|(head, ..)| is_such(head))?;
        self.is_adrift = true;
        Some(raw)
    }

    /// The next complete message, if there is one; of one whose body is too long to be kept, the head. After an error the
    /// stream has no message boundaries any more.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FramingError> {
        let there = usize::try_from(self.skipping).unwrap_or(usize::MAX).min(self.buffer.len());
        self.buffer.drain(..there);
        self.skipping -= there as u64;
        if self.skipping > 0 {
            return Ok(None);
        }
        let (head, raw_head, length) = match self.body_of.take() {
            Some(waiting) => waiting,
            None => match self.next_head()? {
                Some((head, raw_head, length)) if length > MAX_BODY as u64 => {
                    self.skipping = length;
                    return Ok(Some(Frame { head, raw_head, body: Vec::new(), unkept: Some(length) }));
                }
                Some((head, raw_head, length)) => (head, raw_head, length as usize),
                None => return Ok(None),
            },
        };
        if self.buffer.len() < length {
            self.body_of = Some((head, raw_head, length));
            return Ok(None);
        }
        let body = self.buffer.drain(..length).collect();
        Ok(Some(Frame { head, raw_head, body, unkept: None }))
    }

    fn next_head(&mut self) -> Result<Option<(Head, Vec<u8>, u64)>, FramingError> {
        // RFC 3261 7.5: CRLFs before the start line are ignored; RFC 5626 makes them keep-alives.
        let blank = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            self.buffer.drain(..blank);
            self.scanned = 0;
        }
        if !self.is_seeking {
            match check_start(&self.buffer) {
                Err(_) if self.is_adrift => self.is_seeking = true,
                checked => checked?,
            }
        }
        if self.is_seeking {
            let next = self.buffer.windows(STATUS_LINE.len()).position(|window| window == STATUS_LINE);
            self.buffer.drain(..next.unwrap_or(self.buffer.len().saturating_sub(STATUS_LINE.len() - 1)));
            self.scanned = 0;
            self.is_seeking = next.is_none();
            if self.is_seeking {
                return Ok(None);
            }
        }
        let Some(end) = end_of_head(&self.buffer, self.scanned) else {
            self.scanned = self.buffer.len().saturating_sub(3);
            return if self.buffer.len() > MAX_HEAD { Err(FramingError::HeadTooLarge) } else { Ok(None) };
        };
        if end > MAX_HEAD {
            return Err(FramingError::HeadTooLarge);
        }
        let raw: Vec<u8> = self.buffer.drain(..end).collect();
        self.scanned = 0;
        let head = Head::parse(&raw);
        // RFC 3261 18.3: on a stream a missing Content-Length is an error; a peer that leaves it out mostly has no body to send.
        match content_length(&head) {
            Ok(length) => {
                self.is_adrift = length.is_none() && raw.starts_with(STATUS_LINE);
                Ok(Some((head, raw, length.unwrap_or(0))))
            }
            Err(error) => {
                self.body_of = Some((head, raw, 0));
                Err(error)
            }
        }
    }
}

/// The message in a datagram. Without Content-Length the body goes to its end; what stands behind it is ignored.
pub fn datagram(bytes: &[u8]) -> Result<Option<Frame>, FramingError> {
    let start = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = &bytes[start..];
    if bytes.is_empty() {
        return Ok(None);
    }
    check_start(bytes)?;
    let end = end_of_head(bytes, 0).ok_or(FramingError::Cut)?;
    let (raw_head, rest) = bytes.split_at(end);
    let head = Head::parse(raw_head);
    let length = content_length(&head)?.map_or(Ok(rest.len()), usize::try_from).map_err(|_| FramingError::Cut)?;
    let body = rest.get(..length).ok_or(FramingError::Cut)?.to_vec();
    Ok(Some(Frame { head, raw_head: raw_head.to_vec(), body, unkept: None }))
}

/// The offset behind the blank line, looking from `from` on.
pub(super) fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(offset) = bytes.get(at..)?.iter().position(|byte| *byte == b'\n') {
        at += offset + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}

fn content_length(head: &Head) -> Result<Option<u64>, FramingError> {
    let mut length = None;
    for value in head.values("Content-Length") {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| value.parse::<u64>().unwrap_or(u64::MAX));
        match number {
            Some(number) if length.is_none_or(|earlier| earlier == number) => length = Some(number),
            _ => return Err(FramingError::ContentLength(excerpt(value, 40))),
        }
    }
    Ok(length)
}

/// Fails as soon as `bytes` cannot be the beginning of a SIP message any more, long before a head's end would be missed.
fn check_start(bytes: &[u8]) -> Result<(), FramingError> {
    let line_end = bytes.iter().position(|byte| *byte == b'\n');
    let line = &bytes[..line_end.unwrap_or(bytes.len())];

    // Either `SIP/2.0 code reason` or `METHOD uri SIP/2.0`; messages of another version end as those of 2.0 do, and what
    // they are worth is for their reader to say.
    let is_status_line = match line.iter().position(|byte| *byte == b' ') {
        Some(blank) => is_version(&line[..blank]),
        None => line_end.is_none() && may_become_version(line),
    };
    let method = line.iter().take_while(|byte| is_token_byte(**byte)).count();
    let is_request = match line_end {
        Some(_) => {
            let version = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next();
            method > 0 && line.get(method) == Some(&b' ') && version.is_some_and(is_version)
        }
        None => method == line.len() || (method > 0 && line[method] == b' '),
    };
    let is_text = line.iter().all(|byte| *byte >= b' ' || matches!(byte, b'\t' | b'\r'));
    let has_size = line.len() <= MAX_HEAD;
    // A reason phrase may hold anything; a renderer cleans it.
    if (is_status_line || (is_request && is_text)) && has_size {
        return Ok(());
    }
    if is_text && !has_size {
        return Err(FramingError::HeadTooLarge);
    }
    Err(FramingError::NotSip { first: excerpt(&decode(&line[..line.len().min(60)]), 60), hint: hint(bytes) })
}

/// `SIP/` and two numbers (RFC 3261 25.1: `SIP-Version`).
fn is_version(word: &[u8]) -> bool {
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let mut numbers = word.get(4..).unwrap_or_default().split(|byte| *byte == b'.');
    let both = [numbers.next(), numbers.next()].into_iter().all(|part| part.is_some_and(is_number));
    may_become_version(word) && both && numbers.next().is_none()
}

/// Whether `word` begins as a version does, and is not longer than one.
fn may_become_version(word: &[u8]) -> bool {
    let (name, numbers) = word.split_at(word.len().min(4));
    name.eq_ignore_ascii_case(&b"SIP/"[..name.len()])
        && numbers.len() <= 7
        && numbers.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// What other protocols begin with.
const fn hint(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'H', b'T', b'T', b'P', b'/', ..] => " but HTTP",
        // RFC 8446 5.1: an alert or a handshake record, and the major version that every TLS has.
        [0x15 | 0x16, 3, ..] => " but TLS (try --transport tls)",
        [b'S', b'S', b'H', b'-', ..] => " but SSH",
        _ => "",
    }
}

/// How a response begins.
const STATUS_LINE: &[u8] = b"SIP/2.0 ";

/// The most of a message head, in bytes.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// The most of a message body, in bytes.
const MAX_BODY: usize = 1024 * 1024;

#[cfg(test)]
mod tests;
