//! What is the final response to our OPTIONS? A user agent client over any channel.

use std::io;
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use super::digest::{Challenge, ChallengeError, Credentials, Signed};
use super::framing::{Framer, FramingError, datagram};
use super::message::{MessageError, OptionsRequest, RequestId, Response};
use super::transaction::{ClientTransaction, Received, Step};
use crate::net::channel::Channel;
use crate::net::{NetError, Peer};
use crate::platform::random::{self, NoRandomness};
use crate::report::{Class, Failure, excerpt};
use crate::time::deadline::Deadline;
use crate::time::words::precisely;

/// A final response and how it came.
#[derive(Debug)]
pub struct Answer {
    /// The final response.
    pub response: Response,
    /// From the first request to the final response, a challenge in between included.
    pub took: Duration,
    /// The user that a challenge was answered for.
    pub digest_user: Option<String>,
}

/// Why there is no final response that could be judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UacError {
    /// Nothing at all.
    #[error("no response from {peer} after {requests} {} in {waited}{strays}", plural(*.requests, "request"))]
    Silence {
        /// Who is silent.
        peer: Peer,
        /// How often the request was sent.
        requests: u32,
        /// For how long, in words.
        waited: String,
        /// Messages that were not for us, in words.
        strays: String,
    },
    /// Provisional responses only.
    #[error("only provisional responses from {peer} in {waited}, the last one {last}")]
    OnlyProvisional {
        /// Who keeps us waiting.
        peer: Peer,
        /// The last one's status.
        last: String,
        /// For how long, in words.
        waited: String,
    },
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
    /// The challenge cannot be answered.
    #[error("{peer} asks for credentials, but they cannot be given: {source}")]
    Challenge {
        /// Who asks.
        peer: Peer,
        /// Why not.
        source: ChallengeError,
    },
    /// The credentials are wrong.
    #[error("{peer} rejects the credentials of user '{user}': {status}")]
    Rejected {
        /// Who rejects.
        peer: Peer,
        /// Whose credentials.
        user: String,
        /// The final response.
        status: String,
    },
}

impl UacError {
    const fn class(&self) -> Class {
        match self {
            Self::Silence { .. } | Self::OnlyProvisional { .. } => Class::Timeout,
            Self::Framing { .. } | Self::Message { .. } => Class::Protocol,
            Self::Challenge { .. } | Self::Rejected { .. } => Class::Authentication,
        }
    }
}

impl From<UacError> for Failure {
    fn from(error: UacError) -> Self {
        Self::new(error.class(), error.to_string())
    }
}

/// A user agent client on one connection.
#[derive(Debug)]
pub(crate) struct Uac<T> {
    deadline: Deadline,
    channel: T,
    peer: Peer,
    framer: Framer,
    strays: u32,
    requests: u32,
    retransmissions: u32,
    last_provisional: Option<String>,
    /// The messages as sent and received, credentials masked.
    trace: Vec<String>,
    /// What one call of `receive` fills; on the heap, because a future that holds it is moved about.
    buffer: Vec<u8>,
}

impl<T: Channel> Uac<T> {
    /// A client that has sent nothing to `peer` yet; everything must be over by `deadline`.
    pub(crate) fn over(channel: T, peer: Peer, deadline: Deadline) -> Self {
        Self {
            deadline,
            channel,
            peer,
            framer: Framer::default(),
            strays: 0,
            requests: 0,
            retransmissions: 0,
            last_provisional: None,
            trace: Vec::new(),
            buffer: Vec::with_capacity(BUFFER),
        }
    }

    /// How often a request was sent again.
    pub(crate) const fn retransmissions(&self) -> u32 {
        self.retransmissions
    }

    /// Takes leave of the peer.
    pub(crate) async fn close(&mut self) {
        self.channel.close().await;
    }

    /// The messages as sent and received, credentials masked.
    pub(crate) fn into_trace(self) -> Vec<String> {
        self.trace
    }

    /// Sends OPTIONS and waits for the final response; answers one challenge, and a second one if the nonce was stale.
    pub(crate) async fn options(
        &mut self,
        request: &OptionsRequest,
        credentials: Option<&Credentials>,
    ) -> Result<Answer, Failure> {
        let started = Instant::now();
        let call_id = format!("{}{}", token()?, token()?);
        let mut id = RequestId { branch: branch()?, tag: token()?, call_id, cseq: 1 };
        let mut response = self.transact(request, &id, None).await?;
        let mut digest_user = None;

        while let Some(who) = credentials.filter(|_| matches!(response.status, 401 | 407)) {
            let peer = self.peer.clone();
            let challenge = Challenge::strongest_in(&response.head)
                .map_err(|source| UacError::Challenge { peer: peer.clone(), source })?;
            let is_new = digest_user.is_none() || (challenge.is_stale() && id.cseq == 2);
            if !is_new {
                let (user, status) = (who.username.clone(), response.status_text());
                return Err(UacError::Rejected { peer, user, status }.into());
            }
            // RFC 3261 22.2: the same Call-ID and From, the next CSeq; a new transaction has a new branch.
            id = RequestId { branch: branch()?, cseq: id.cseq + 1, ..id };
            let signed = Signed { method: OptionsRequest::METHOD, uri: &request.uri };
            let answer = challenge.answer(who, signed, &token()?);
            digest_user = Some(who.username.clone());
            response = self.transact(request, &id, Some(answer)).await?;
        }
        Ok(Answer { response, took: started.elapsed(), digest_user })
    }

    async fn transact(
        &mut self,
        request: &OptionsRequest,
        id: &RequestId,
        credentials: Option<(&'static str, String)>,
    ) -> Result<Response, Failure> {
        let deadline = self.deadline;
        let given = credentials.as_ref().map(|(name, value)| (*name, value.as_str()));
        let message = request.message(id, given);
        let masked = given.map(|(name, _)| request.message(id, Some((name, "Digest (masked)"))));
        let started = Instant::now();
        let mut transaction = ClientTransaction::new(id.clone(), T::IS_STREAM, started);
        loop {
            let now = Instant::now();
            let step = if deadline.remaining(now).is_zero() { Step::TimedOut } else { transaction.poll(now) };
            match step {
                Step::TimedOut => return Err(self.no_final_response(&transaction, now - started).into()),
                Step::Transmit => {
                    self.requests += 1;
                    self.retransmissions += u32::from(transaction.transmitted() > 1);
                    self.note(">", masked.as_ref().unwrap_or(&message));
                    let stage = || format!("sending the request to {}", self.peer);
                    let sent = deadline.limit(stage, self.channel.send(message.as_bytes())).await;
                    let sent = sent.map_err(NetError::from)?;
                    sent.map_err(|error| self.broken(error, "when the request was sent"))?;
                }
                Step::Wait(until) => {
                    let until = until.min(deadline.instant());
                    let Ok(received) = timeout_at(until.into(), self.receive()).await else { continue };
                    match received?.map(|response| (transaction.receive(&response), response)) {
                        Some((Received::Final, response)) => return Ok(response),
                        Some((Received::Provisional, response)) => self.last_provisional = Some(response.status_text()),
                        Some((Received::Stray, _)) | None => self.strays += 1,
                    }
                }
            }
        }
    }

    /// The next message; `None` for one that is no response.
    async fn receive(&mut self) -> Result<Option<Response>, Failure> {
        let frame = loop {
            let complete = if T::IS_STREAM { self.framer.next_frame() } else { Ok(None) };
            if let Some(frame) = complete.map_err(|source| self.framing(source))? {
                break frame;
            }
            self.buffer.clear();
            let count = self.channel.receive(&mut self.buffer).await;
            let count = count.map_err(|error| self.broken(error, &self.when()))?;
            if !T::IS_STREAM {
                match datagram(&self.buffer).map_err(|source| self.framing(source))? {
                    Some(frame) => break frame,
                    None => continue,
                }
            }
            if count == 0 {
                return Err(self.broken(io::ErrorKind::UnexpectedEof.into(), &self.when()));
            }
            self.framer.push(&self.buffer);
        };
        self.note("<", &String::from_utf8_lossy(&frame.raw_head));
        let peer = || self.peer.clone();
        Response::read(frame).map_err(|source| UacError::Message { peer: peer(), source }.into())
    }

    /// The situation that an end of the connection would come in.
    fn when(&self) -> String {
        match (self.framer.pending(), &self.last_provisional) {
            (0, None) => "without an answer to the request".to_owned(),
            (0, Some(status)) => format!("after {status}, before a final response"),
            (bytes, _) => format!("in the middle of a message, after {bytes} bytes of it"),
        }
    }

    /// What an error of the channel means, `when` it came.
    fn broken(&self, error: io::Error, when: &str) -> Failure {
        let by_channel = self.channel.explain(&error);
        by_channel.unwrap_or_else(|| NetError::from_io(error, &self.peer, "talking to", when).into())
    }

    fn framing(&self, source: FramingError) -> Failure {
        UacError::Framing { peer: self.peer.clone(), source }.into()
    }

    fn no_final_response(&self, transaction: &ClientTransaction, waited: Duration) -> UacError {
        let (peer, waited) = (self.peer.clone(), precisely(waited));
        if let Some(last) = self.last_provisional.clone().filter(|_| transaction.is_proceeding()) {
            return UacError::OnlyProvisional { peer, last, waited };
        }
        let strays = match (self.strays, self.framer.pending()) {
            (0, 0) => String::new(),
            (0, bytes) => format!("; {bytes} bytes of an unfinished message came"),
            (count, _) => format!("; {count} {} that did not belong to it", plural(count, "message")),
        };
        UacError::Silence { peer, requests: self.requests, waited, strays }
    }

    fn note(&mut self, direction: &str, message: &str) {
        if self.trace.len() < MAX_MESSAGES {
            self.trace.push(format!("{direction} {}\n{}", self.peer, excerpt(message, MAX_MESSAGE)));
        }
    }
}

/// A fresh branch; the cookie tells it from one of RFC 2543 (RFC 3261 8.1.1.7).
fn branch() -> Result<String, NoRandomness> {
    Ok(format!("z9hG4bK{}", token()?))
}

/// 64 bits that nobody had before and nobody guesses: a tag has to be random (RFC 3261 19.3), and so has a cnonce.
fn token() -> Result<String, NoRandomness> {
    Ok(format!("{:016x}", random::u64()?))
}

fn plural(count: u32, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// The most of a datagram, and of what is read from a stream at once.
const BUFFER: usize = 64 * 1024;

/// How many messages the trace keeps.
const MAX_MESSAGES: usize = 12;

/// The most that it keeps of one, in characters.
const MAX_MESSAGE: usize = 4 * 1024;

#[cfg(test)]
mod tests;
