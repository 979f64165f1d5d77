//! What is the final response to our OPTIONS? A user agent client over any channel.

pub(crate) mod repeated;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use super::address;
use super::challenged::Challenged;
use super::digest::{Challenge, ChallengeError, Credentials, Signed};
use super::link::{Link, LinkError};
use super::message::{OptionsRequest, RequestId, Response};
use super::transaction::{ClientTransaction, Received, Step};
use crate::net::Peer;
use crate::net::channel::Channel;
use crate::platform::random::{self, NoRandomness};
use crate::report::{Class, Failure};
use crate::time::deadline::Deadline;
use crate::time::words::precisely;

/// A final response and how it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The final response.
    pub response: Response,
    /// From the first request to the final response, a challenge in between included.
    pub took: Duration,
    /// The user that a challenge was answered for.
    pub digest_user: Option<String>,
    /// Who sent the response, where that is not whom the request went to.
    pub stranger: Option<SocketAddr>,
    /// Whose answer it is by its To, where that is not who was asked for (RFC 3261 8.2.6.2).
    pub answers_for: Option<String>,
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
    /// When the next request of a series is due, and the present one is lost; over UDP it is not repeated until then.
    due: Option<Instant>,
    link: Link<T>,
    requests: u32,
    retransmissions: u32,
    /// The branches of a series that were given up without an answer.
    given_up: Vec<String>,
    /// How many of those were answered all the same, too late.
    late: u32,
}

impl<T: Channel> Uac<T> {
    /// A client that has sent nothing to `peer` yet; everything must be over by `deadline`.
    pub(crate) fn over(channel: T, peer: Peer, deadline: Deadline) -> Self {
        let link = Link::over(channel, peer);
        Self { deadline, due: None, link, requests: 0, retransmissions: 0, given_up: Vec::new(), late: 0 }
    }

    /// How often a request was sent again.
    pub(crate) const fn retransmissions(&self) -> u32 {
        self.retransmissions
    }

    /// Begins another question of a series, to be answered until the next one is `due`.
    fn begin_again(&mut self, due: Instant) {
        self.due = Some(due);
        self.requests = 0;
        self.link.forget();
    }

    /// Takes leave of the peer.
    pub(crate) async fn close(&mut self) {
        self.link.close().await;
    }

    /// The messages as sent and received, credentials masked.
    pub(crate) fn into_trace(self) -> Vec<String> {
        self.link.into_trace()
    }

    /// Sends OPTIONS and waits for the final response; answers each challenge once, and again if its nonce was stale.
    pub(crate) async fn options(
        &mut self,
        request: &OptionsRequest,
        credentials: Option<&Credentials>,
    ) -> Result<Answer, Failure> {
        let started = Instant::now();
        let call_id = format!("{}{}", token()?, token()?);
        let mut id = RequestId { branch: branch()?, tag: token()?, call_id, cseq: 1 };
        let mut response = self.transact(request, &id, &[]).await?;
        let mut challenged = Challenged::default();

        while let Some(who) = credentials.filter(|_| matches!(response.status, 401 | 407)) {
            let peer = self.link.peer.clone();
            let challenges = Challenge::all_in(&response.head)
                .map_err(|source| UacError::Challenge { peer: peer.clone(), source })?;
            if !challenged.by(challenges) {
                let (user, status) = (who.username.clone(), response.status_text());
                return Err(UacError::Rejected { peer, user, status }.into());
            }
            // RFC 3261 22.2: the same Call-ID and From, the next CSeq; a new transaction has a new branch.
            id = RequestId { branch: branch()?, cseq: id.cseq + 1, ..id };
            let signed = Signed { method: OptionsRequest::METHOD, uri: &request.uri };
            let cnonce = token()?;
            let answers = challenged.answers(who, signed, &cnonce);
            response = self.transact(request, &id, &answers).await?;
        }
        let digest_user = credentials.filter(|_| challenged.is_answered()).map(|who| who.username.clone());
        let answers_for = address::other_than(response.head.value("To").unwrap_or_default(), &request.to);
        Ok(Answer { response, took: started.elapsed(), digest_user, stranger: self.link.stranger(), answers_for })
    }

    async fn transact(
        &mut self,
        request: &OptionsRequest,
        id: &RequestId,
        credentials: &[(&'static str, String)],
    ) -> Result<Response, Failure> {
        let deadline = self.deadline;
        let message = request.message(id, credentials);
        let masked: Vec<_> = credentials.iter().map(|(name, _)| (*name, "Digest (masked)".to_owned())).collect();
        let shown = if masked.is_empty() { message.clone() } else { request.message(id, &masked) };
        credentials.iter().filter_map(|(_, value)| response_in(value)).for_each(|digest| self.link.conceal(digest));
        let started = Instant::now();
        let mut transaction = ClientTransaction::new(id.clone(), T::IS_STREAM || self.due.is_some(), started);
        let end = self.due.map_or(deadline.instant(), |due| due.min(deadline.instant()));
        loop {
            let now = Instant::now();
            let step = if now >= end { Step::TimedOut } else { transaction.poll(now) };
            match step {
                Step::TimedOut => {
                    self.given_up.extend(self.due.map(|_| id.branch.clone()));
                    return Err(self.no_final_response(&transaction, now - started));
                }
                Step::Transmit => {
                    self.requests += 1;
                    self.retransmissions += u32::from(transaction.transmitted() > 1);
                    self.link.send(&message, &shown, &deadline).await?;
                }
                Step::Wait(until) => {
                    let until = until.min(end);
                    let Ok(heard) = timeout_at(until.into(), self.link.receive(&id.branch)).await else { continue };
                    let Some(response) = heard? else { continue };
                    match transaction.receive(&response) {
                        Received::Final => match response.check_answers(&id.tag) {
                            Ok(()) => return Ok(response),
                            Err(source) => {
                                let failure = LinkError::Message { peer: self.link.peer.clone(), source }.into();
                                self.link.misread(failure)?;
                            }
                        },
                        Received::Provisional => self.link.last_provisional = Some(response.status_text()),
                        Received::Stray => self.pass_over(&response),
                    }
                }
            }
        }
    }

    /// Counts a response that does not answer the present request: as late where it answers one that was given up.
    fn pass_over(&mut self, response: &Response) {
        let is_its = |branch: &String| Some(branch.as_str()) == response.branch() && !response.is_provisional();
        match self.given_up.iter().position(is_its) {
            // An answer that is sent again is one.
            Some(place) => {
                self.given_up.swap_remove(place);
                self.late += 1;
            }
            None => _ = self.link.stray(),
        }
    }

    fn no_final_response(&mut self, transaction: &ClientTransaction, waited: Duration) -> Failure {
        let is_proceeding = transaction.is_proceeding();
        if let Some(failure) = self.link.unreadable(is_proceeding) {
            return failure;
        }
        let (peer, waited) = (self.link.peer.clone(), precisely(waited));
        if let Some(last) = self.link.last_provisional.clone().filter(|_| is_proceeding) {
            return UacError::OnlyProvisional { peer, last, waited }.into();
        }
        // Whoever has accepted a connection is there; over UDP nobody knows.
        let advice = (!T::IS_STREAM).then_some(ADVICE_ON_SILENCE);
        let silence = UacError::Silence { peer, requests: self.requests, waited, strays: self.link.beside() };
        Failure { advice, ..silence.into() }
    }
}

/// The part of an answer to a challenge that somebody could guess the password by.
pub(super) fn response_in(credentials: &str) -> Option<&str> {
    credentials.split("response=\"").nth(1)?.split('"').next()
}

/// A fresh branch; the cookie tells it from one of RFC 2543 (RFC 3261 8.1.1.7).
fn branch() -> Result<String, NoRandomness> {
    Ok(format!("z9hG4bK{}", token()?))
}

/// 64 bits that nobody had before and nobody guesses: a tag has to be random (RFC 3261 19.3), and so has a cnonce.
pub(super) fn token() -> Result<String, NoRandomness> {
    Ok(format!("{:016x}", random::u64()?))
}

fn plural(count: u32, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

const ADVICE_ON_SILENCE: &str = "Nothing came back, and over UDP nothing tells a host that is down from a firewall that drops, a \
                                 service that hangs, or one that does not answer this host (access lists, trunks, fail2ban). Is \
                                 the host up, and does the server's log say that the request arrived?";

#[cfg(test)]
mod digest_tests;
#[cfg(test)]
mod stray_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod torture_tests;
