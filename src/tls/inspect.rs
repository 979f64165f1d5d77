//! Which certificates does a server show, whatever TLS it speaks? Nothing is sent after the handshake.
//!
//! Read in the clear first: it works with any cipher suite, and with servers that demand a client certificate. A server
//! that speaks TLS 1.3 only is asked again over rustls. With a client certificate to show, the handshake comes first.

use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::connection::{Handshake, TlsConnection};
use super::error::TlsError;
use super::served::Served;
use super::settings::{Approach, TlsSettings};
use super::{clear, rustls};
use crate::net::channel::Channel;
use crate::net::{Peer, tcp};
use crate::report::{Class, Event, Failure};
use crate::time::deadline::Deadline;

/// What came of looking.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    /// Who was looked at; `None` when there was nobody.
    pub peer: Option<Peer>,
    pub served: Served,
    /// What went wrong on the way.
    pub failure: Option<Failure>,
    pub events: Vec<Event>,
}

impl Inspection {
    /// There was nobody to look at.
    pub(crate) fn nothing(failure: Failure) -> Self {
        Self { failure: Some(failure), ..Self::default() }
    }

    /// What went wrong on the way, and what of the handshake is worth a finding; each class once.
    pub(crate) fn failures(&self) -> Vec<Failure> {
        let said = self.failure.as_ref().map(|failure| failure.class);
        let of_handshake = [self.served.obsolescence(), self.served.unmet_demand()].into_iter().flatten();
        let more = of_handshake.filter(|failure| Some(failure.class) != said);
        self.failure.iter().cloned().chain(more).collect()
    }
}

/// Looks at the first of `peers` that connects. `now` is Unix time, for judging trust.
pub(crate) async fn inspect(peers: &[Peer], settings: &TlsSettings, now: i64, deadline: &Deadline) -> Inspection {
    let shown = Inspection { peer: peers.first().cloned(), ..Inspection::default() };
    let mut look = Look { settings, now, deadline, shown };
    if let Err(failure) = look.at_first(peers).await {
        look.shown.failure = Some(failure);
    }
    look.shown
}

/// One server being looked at.
struct Look<'a> {
    settings: &'a TlsSettings,
    now: i64,
    deadline: &'a Deadline,
    shown: Inspection,
}

impl Look<'_> {
    async fn at_first(&mut self, peers: &[Peer]) -> Result<(), Failure> {
        let connected = self.connect(peers).await?;
        let shows_certificate = self.settings.identity.is_some();
        let Err(first) = self.once(connected, shows_certificate).await else {
            return Ok(());
        };
        if !asks_for_another_way(&first) {
            return Err(first.into());
        }
        let peer = self.shown.peer.clone();
        let connected = self.connect(peer.as_slice()).await?;
        self.once(connected, !shows_certificate).await.map_err(|second| {
            let mut failure = Failure::from(second);
            failure.causes.push(format!("before that: {first}"));
            failure
        })
    }

    async fn connect(&mut self, peers: &[Peer]) -> Result<(TcpStream, Peer), Failure> {
        let connected = tcp::connect_first(peers, None, self.deadline).await?;
        self.tell(format!("connected to {}", connected.peer));
        self.shown.peer = Some(connected.peer.clone());
        Ok((connected.stream, connected.peer))
    }

    async fn once(&mut self, (stream, peer): (TcpStream, Peer), by_handshake: bool) -> Result<(), TlsError> {
        match by_handshake {
            true => self.by_handshake(stream, &peer).await,
            false => self.in_the_clear(stream, &peer).await,
        }
    }

    async fn in_the_clear(&mut self, stream: TcpStream, peer: &Peer) -> Result<(), TlsError> {
        let reading = clear::read(stream, self.approach(peer)).await;
        self.shown.served = reading.served;
        let outcome = reading.result.as_ref().map_or_else(ToString::to_string, |()| "read the certificates".to_owned());
        self.tell(format!("in the clear: {outcome}"));
        reading.result
    }

    /// A handshake that fails after the certificates is no failure here, unless it is about the client certificate.
    async fn by_handshake(&mut self, stream: TcpStream, peer: &Peer) -> Result<(), TlsError> {
        let Handshake { served, result } = rustls::connect(stream, self.approach(peer)).await;
        let has_chain = served.chain.is_some();
        self.shown.served = served;
        match result {
            Ok(mut connection) => {
                self.tell("TLS handshake complete");
                // Closing has a limit of its own, which knows nothing of how little is left.
                let _ = self.deadline.limit(String::new, connection.shut_down()).await;
                if self.shown.served.client_certificate_shown.is_some()
                    && let Some(error) = self.refusal(&mut connection).await
                {
                    self.tell(format!("after the handshake: {error}"));
                    self.shown.failure = Some(error.into());
                }
                let _ = self.deadline.limit(String::new, tcp::drain(&mut connection.stream)).await;
                Ok(())
            }
            Err(error) if has_chain => {
                self.tell(format!("after the certificates: {error}"));
                let is_about_us = matches!(error.class(), Class::ClientCertificateRequired | Class::Authentication);
                self.shown.failure = is_about_us.then(|| error.into());
                Ok(())
            }
            Err(error) => {
                self.tell(format!("TLS handshake: {error}"));
                Err(error)
            }
        }
    }

    /// That the server refuses the client certificate: in TLS 1.3 it says so after the handshake, before it closes at the
    /// latest.
    async fn refusal(&self, connection: &mut TlsConnection) -> Option<TlsError> {
        let patience = self.deadline.remaining(Instant::now()).min(MAX_PATIENCE);
        let said = tokio::time::timeout(patience, connection.receive(&mut Vec::with_capacity(1))).await;
        said.ok()?.err().and_then(|error| connection.classify(&error))
    }

    const fn approach<'b>(&'b self, peer: &'b Peer) -> Approach<'b> {
        Approach { peer, settings: self.settings, deadline: self.deadline, now: self.now }
    }

    fn tell(&mut self, what: impl Into<String>) {
        self.shown.events.push(Event::now(what));
    }
}

/// Whether a server that answered so may answer otherwise when asked with other versions and suites.
const fn asks_for_another_way(error: &TlsError) -> bool {
    match error {
        TlsError::NothingInCommon { .. } | TlsError::Alert { .. } | TlsError::Broken { .. } => true,
        TlsError::Closed { before_hello, .. } => *before_hello,
        _ => false,
    }
}

/// How long a server may take to close what we have closed.
const MAX_PATIENCE: Duration = Duration::from_secs(1);
