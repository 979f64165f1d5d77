//! What is said to a peer, and what is heard of it? Messages over one channel; one that cannot be read harms none that can.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use super::framing::{Frame, Framer, FramingError, datagram, end_of_head};
use super::head::Head;
use super::message::{self, MessageError, Response};
use crate::net::channel::Channel;
use crate::net::{NetError, Peer};
use crate::report::{Class, Failure, excerpt};
use crate::time::deadline::Deadline;

/// Why what came is no message that could be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// The bytes are no SIP.
    #[error("no SIP answer from {peer}: {source}")]
    Framing {
        /// Who sent them.
        peer: Peer,
        /// What is wrong.
        source: FramingError,
    },
    /// The message is malformed.
    #[error("malformed SIP answer from {peer}: {source}")]
    Message {
        /// Who sent it.
        peer: Peer,
        /// What is wrong.
        source: MessageError,
    },
}

impl From<LinkError> for Failure {
    /// As a failure of class `protocol`.
    fn from(error: LinkError) -> Self {
        Self::new(Class::Protocol, error.to_string())
    }
}

/// A connection, with the messages that were exchanged over it.
#[derive(Debug)]
pub(crate) struct Link<T> {
    pub(super) channel: T,
    /// Who is at its other end.
    pub peer: Peer,
    /// The status of the last provisional response, or of a call's final one, as far as somebody noted it here.
    pub last_provisional: Option<String>,
    framer: Framer,
    strays: u32,
    unread: Unread,
    /// The heads of answers to our request whose bodies did not come as they say.
    cut: Vec<Vec<u8>>,
    /// What there was of the body that is waited for no longer.
    given_up: String,
    /// What of our messages nobody may see, should the peer say it again.
    secrets: Vec<String>,
    trace: Trace,
    /// What one call of `receive` fills; on the heap, because a future that holds it is moved about.
    buffer: Vec<u8>,
}

/// What came and could not be read: the first of its kind, for when nothing better comes.
#[derive(Debug, Default)]
struct Unread {
    /// With the branch of our request.
    ours: Option<Failure>,
    /// From the peer, and of nobody else's branch.
    of_peer: Option<Failure>,
}

impl<T: Channel> Link<T> {
    /// A link on which nothing has been said yet.
    pub(crate) fn over(channel: T, peer: Peer) -> Self {
        Self {
            channel,
            peer,
            last_provisional: None,
            framer: Framer::default(),
            strays: 0,
            unread: Unread::default(),
            cut: Vec::new(),
            given_up: String::new(),
            secrets: Vec::new(),
            trace: Trace::default(),
            buffer: Vec::with_capacity(BUFFER),
        }
    }

    /// Sends `message`; the trace has `shown` instead.
    pub(crate) async fn send(&mut self, message: &str, shown: &str, deadline: &Deadline) -> Result<(), Failure> {
        self.note(">", shown);
        let stage = || format!("sending the request to {}", self.peer);
        let sent = deadline.limit(stage, self.channel.send(message.as_bytes())).await.map_err(NetError::from)?;
        sent.map_err(|error| self.broken(error, "when the request was sent"))
    }

    /// Answers a request: `to` this address, where it did not come from the peer.
    pub(crate) async fn reply(
        &mut self,
        reply: &str,
        to: Option<SocketAddr>,
        deadline: &Deadline,
    ) -> Result<(), Failure> {
        let Some(to) = to else { return self.send(reply, reply, deadline).await };
        self.note(">", reply);
        let stage = || format!("answering {to}");
        let sent = deadline.limit(stage, self.channel.send_to(reply.as_bytes(), to)).await.map_err(NetError::from)?;
        sent.map_err(|error| self.broken(error, "when it was answered"))
    }

    /// Keeps `secret` out of everything that is heard from now on.
    pub(crate) fn conceal(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// The next message, if it is a response; whatever else came is counted as a stray.
    ///
    /// Over UDP what cannot be read is waited past (RFC 3261 18.3), and so is on a stream a malformed message that has not
    /// the `branch` of our request. A stream that has lost its message boundaries is an error, and so is its end.
    pub(crate) async fn receive(&mut self, branch: &str) -> Result<Option<Response>, Failure> {
        let Some(frame) = self.next(branch).await? else { return Ok(None) };
        let is_ours = message::branch(&frame.head) == Some(branch);
        let may_be_ours = is_ours || frame.head.value("Via").is_none();
        match Response::read(frame) {
            Ok(Some(response)) => Ok(Some(response)),
            Err(source) if may_be_ours => {
                let failure = LinkError::Message { peer: self.peer.clone(), source }.into();
                if is_ours {
                    return self.misread(failure).map(|()| None);
                }
                Ok(self.unread(failure, false))
            }
            Ok(None) | Err(_) => Ok(self.stray()),
        }
    }

    /// The next message, a response or a request; `None` for a datagram that cannot be read.
    pub(crate) async fn next(&mut self, branch: &str) -> Result<Option<Frame>, Failure> {
        let next = if T::IS_STREAM { self.next_of_stream().await } else { self.next_datagram(branch).await };
        let Some(mut frame) = next? else { return Ok(None) };
        if mask(&self.secrets, &mut frame.raw_head) {
            frame.head = Head::parse(&frame.raw_head);
        }
        self.note("<", &String::from_utf8_lossy(&frame.raw_head));
        // Of anybody else's message the body is passed over, however long it is.
        match frame.unkept {
            Some(length) if message::branch(&frame.head) == Some(branch) => {
                self.cut.push(frame.raw_head);
                Err(self.framing(FramingError::BodyTooLarge(length)))
            }
            _ => Ok(Some(frame)),
        }
    }

    /// What is to be done about an answer to our request that says nothing: over UDP it is remembered, and the wait goes on for
    /// a better one (RFC 3261 18.3); on a stream nothing was lost, and nothing better will come.
    pub(crate) fn misread(&mut self, failure: Failure) -> Result<(), Failure> {
        if T::IS_STREAM {
            return Err(failure);
        }
        self.unread(failure, true);
        Ok(())
    }

    /// The 2xx to our request with this `branch` whose bodies did not come as their heads say; none is waited for any longer.
    pub(crate) fn without_body(&mut self, branch: &str) -> Vec<Response> {
        let is_ours = |head: &Head| message::branch(head) == Some(branch) && head.start_line.starts_with("SIP/2.0 2");
        let beside = self.beside();
        if let Some(head) = self.framer.give_up_body(is_ours) {
            self.cut.push(head);
            self.given_up = beside;
        }
        let responses = self.cut.drain(..).filter_map(|mut raw_head| {
            mask(&self.secrets, &mut raw_head);
            let head = Head::parse(&raw_head);
            Response::read(Frame { head, raw_head, body: Vec::new(), unkept: None }).ok().flatten()
        });
        responses.collect()
    }

    /// Counts a message that is not for us.
    pub(crate) const fn stray(&mut self) -> Option<Response> {
        self.strays = self.strays.saturating_add(1);
        None
    }

    /// Forgets what was heard of a question that is over.
    pub(crate) fn forget(&mut self) {
        self.last_provisional = None;
        self.unread = Unread::default();
    }

    /// Who sent what was heard last, where that is not the peer.
    pub(crate) fn stranger(&self) -> Option<SocketAddr> {
        self.channel.stranger()
    }

    /// What came instead of an answer, where that could not be read: with the branch of our request, or, unless the peer
    /// `is_proceeding`, whatever it sent.
    pub(crate) fn unreadable(&mut self, is_proceeding: bool) -> Option<Failure> {
        let Unread { ours, of_peer } = std::mem::take(&mut self.unread);
        ours.or(of_peer.filter(|_| !is_proceeding))
    }

    /// What came beside an answer, in words that stand behind others.
    pub(crate) fn beside(&self) -> String {
        if let Some((line, there, length)) = self.framer.unfinished() {
            let line = excerpt(line, 80);
            return format!(
                "; of a message '{line}' only {there} of the {length} bytes came that its body should have"
            );
        }
        match (self.strays, self.framer.pending()) {
            _ if !self.given_up.is_empty() => self.given_up.clone(),
            (0, 0) => String::new(),
            (0, bytes) => format!("; {bytes} bytes of an unfinished message came"),
            (1, _) => "; 1 message that did not belong to it".to_owned(),
            (count, _) => format!("; {count} messages that did not belong to it"),
        }
    }

    /// Takes leave of the peer.
    pub(crate) async fn close(&mut self) {
        self.channel.close().await;
    }

    /// The messages as sent and received, credentials masked.
    pub(crate) fn into_trace(self) -> Vec<String> {
        self.trace.into_messages()
    }

    async fn next_of_stream(&mut self) -> Result<Option<Frame>, Failure> {
        loop {
            if let Some(frame) = self.framer.next_frame().map_err(|source| self.framing(source))? {
                return Ok(Some(frame));
            }
            self.buffer.clear();
            let count = self.channel.receive(&mut self.buffer).await;
            let count = count.map_err(|error| self.broken(error, &self.when()))?;
            if count == 0 {
                return Err(self.broken(io::ErrorKind::UnexpectedEof.into(), &self.when()));
            }
            self.framer.push(&self.buffer);
        }
    }

    /// The message of the next datagram that is more than a keep-alive; `None` if it cannot be read.
    async fn next_datagram(&mut self, branch: &str) -> Result<Option<Frame>, Failure> {
        loop {
            self.buffer.clear();
            let received = self.channel.receive(&mut self.buffer).await;
            received.map_err(|error| self.broken(error, &self.when()))?;
            match datagram(&self.buffer) {
                Ok(None) => {}
                Ok(Some(frame)) => return Ok(Some(frame)),
                Err(source) => {
                    let mut bytes = std::mem::take(&mut self.buffer);
                    mask(&self.secrets, &mut bytes);
                    self.note("<", &String::from_utf8_lossy(&bytes));
                    let is_ours = message::branch(&Head::parse(&bytes)) == Some(branch);
                    let end = end_of_head(&bytes, 0).filter(|_| is_ours && self.cut.len() < MAX_CUT);
                    self.cut.extend(end.map(|end| bytes[..end].to_vec()));
                    self.buffer = bytes;
                    let failure = self.framing(source);
                    self.unread(failure, is_ours);
                    return Ok(None);
                }
            }
        }
    }

    /// Remembers what could not be read.
    fn unread(&mut self, failure: Failure, is_ours: bool) -> Option<Response> {
        // Whoever said what a timeout is worth means this, too: there may have been an answer.
        let failure = Failure { as_well: Some(Class::Timeout), ..failure };
        if is_ours {
            self.unread.ours.get_or_insert(failure);
        } else if self.channel.stranger().is_none() {
            self.unread.of_peer.get_or_insert(failure);
        }
        self.stray()
    }

    /// The situation that an end of the connection would come in.
    fn when(&self) -> String {
        match (self.framer.pending(), &self.last_provisional) {
            (0, None) => "without an answer to the request".to_owned(),
            (0, Some(status)) if status.starts_with('1') => format!("after {status}, before a final response"),
            // A call goes on after its final response.
            (0, Some(status)) => format!("after {status}"),
            (bytes, _) => format!("in the middle of a message, after {bytes} bytes of it"),
        }
    }

    /// What an error of the channel means, `when` it came.
    fn broken(&self, error: io::Error, when: &str) -> Failure {
        let by_channel = self.channel.explain(&error);
        by_channel.unwrap_or_else(|| NetError::from_io(error, &self.peer, "talking to", when).into())
    }

    fn framing(&self, source: FramingError) -> Failure {
        let source = match source {
            FramingError::NotSip { first, hint } => {
                let mut first = first.into_bytes();
                mask(&self.secrets, &mut first);
                FramingError::NotSip { first: String::from_utf8_lossy(&first).into_owned(), hint }
            }
            source => source,
        };
        LinkError::Framing { peer: self.peer.clone(), source }.into()
    }

    fn note(&mut self, direction: &str, message: &str) {
        self.trace.push(format!("{direction} {}\n{}", self.peer, excerpt(message, MAX_MESSAGE)));
    }
}

/// The first messages and the last ones: a call that rings for long has its end there, too.
#[derive(Debug, Default)]
struct Trace {
    first: Vec<String>,
    last: VecDeque<String>,
    left_out: u32,
}

impl Trace {
    fn push(&mut self, message: String) {
        if self.first.len() < FIRST_MESSAGES {
            return self.first.push(message);
        }
        if self.last.len() >= LAST_MESSAGES {
            self.last.pop_front();
            self.left_out = self.left_out.saturating_add(1);
        }
        self.last.push_back(message);
    }

    fn into_messages(self) -> Vec<String> {
        let left_out = (self.left_out > 0).then(|| format!("({} messages are left out here)", self.left_out));
        self.first.into_iter().chain(left_out).chain(self.last).collect()
    }
}

/// Overwrites each of `secrets` in `bytes`, in capitals or not and folded or not, and says whether there was one.
fn mask(secrets: &[String], bytes: &mut [u8]) -> bool {
    let mut is_found = false;
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        for at in 0..bytes.len() {
            let places = places_of(secret.as_bytes(), bytes, at);
            is_found |= places.is_some();
            places.into_iter().flatten().for_each(|place| bytes[place] = b'*');
        }
    }
    is_found
}

/// Where the bytes of `secret` stand from `at` on, if they do. White space between them does not count: a header line may
/// be folded anywhere.
fn places_of(secret: &[u8], bytes: &[u8], at: usize) -> Option<Vec<usize>> {
    let begins = bytes.get(at).is_some_and(|byte| byte.eq_ignore_ascii_case(&secret[0]));
    let mut rest = bytes.iter().enumerate().skip(at).filter(|(_, byte)| !byte.is_ascii_whitespace());
    let mut next = |expected: &u8| rest.next().filter(|(_, byte)| byte.eq_ignore_ascii_case(expected));
    begins.then(|| secret.iter().map(|byte| next(byte).map(|(place, _)| place)).collect()).flatten()
}

/// The most of a datagram, and of what is read from a stream at once.
const BUFFER: usize = 64 * 1024;

/// How many answers without their bodies are kept.
const MAX_CUT: usize = 16;

/// How many messages the trace keeps of the beginning.
const FIRST_MESSAGES: usize = 6;

/// How many of the end.
const LAST_MESSAGES: usize = 18;

/// The most that it keeps of one, in characters.
const MAX_MESSAGE: usize = 4 * 1024;

#[cfg(test)]
mod tests;
