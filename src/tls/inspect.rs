//! Which certificates does a server show, whatever TLS it speaks? Nothing is sent after the handshake.
//!
//! Read in the clear first: it works with any cipher suite, and with servers that demand a client certificate. A server
//! that speaks TLS 1.3 only is asked again over rustls. With a client certificate to show, the handshake comes first.
//!
//! A server may have an RSA and an ECDSA certificate, of which a client sees the one that it prefers: whoever wants both
//! asks twice.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::net::TcpStream;

use super::connection::{Handshake, TlsConnection};
use super::error::TlsError;
use super::served::Served;
use super::settings::{Approach, Keys, TlsSettings};
use super::starttls::{self, StartTls};
use super::{clear, rustls};
use crate::net::channel::Channel;
use crate::net::{Peer, tcp};
use crate::report::{Class, Event, Failure};
use crate::time::deadline::Deadline;
use crate::x509::algorithm::KeyKind;

/// What came of looking.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    /// Who was looked at; `None` when there was nobody.
    pub peer: Option<Peer>,
    pub served: Served,
    /// The kind of keys that was asked for; any, where the server has one kind only.
    pub keys: Keys,
    /// What went wrong on the way.
    pub failure: Option<Failure>,
    pub events: Vec<Event>,
    way: Option<Way>,
    /// Whether the server refused what was offered.
    has_no_such_key: bool,
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

/// How servers are looked at.
#[derive(Debug)]
pub(crate) struct Inspector<'a> {
    pub settings: &'a TlsSettings,
    /// What is spoken before TLS.
    pub starttls: Option<StartTls>,
    /// Whether the certificate is asked for that a server has for another kind of key.
    pub wants_both: bool,
    /// Unix time, for judging trust.
    pub now: i64,
    pub deadline: &'a Deadline,
}

impl Inspector<'_> {
    /// Looks at the first of `peers` that connects: once, and once more for the other kind of key where both are wanted and
    /// it has both. Never empty.
    pub(crate) async fn inspect(&self, peers: &[Peer]) -> Vec<Inspection> {
        let mut first = self.look(peers, self.settings, None).await;
        let Some(leaf) = first.served.chain.as_ref().map(|chain| chain.leaf().clone()).filter(|_| self.wants_both)
        else {
            return vec![first];
        };
        let shown = match leaf.key.kind {
            KeyKind::Rsa => Keys::Rsa,
            _ => Keys::Ecdsa,
        };
        let mut settings = self.settings.clone();
        settings.offer.keys = shown.others();
        let mut other = self.look(first.peer.as_slice(), &settings, first.way).await;
        other.keys = settings.offer.keys;
        let events = std::mem::take(&mut other.events);
        first.events.extend(events);
        match &other.served.chain {
            // A server that does not care what it is asked for has one certificate.
            Some(chain) if chain.leaf().der == leaf.der => vec![first],
            Some(_) => {
                first.keys = shown;
                vec![first, other]
            }
            None if other.has_no_such_key => vec![first],
            None => {
                let failure = other.failure.take();
                first.failure = first.failure.or_else(|| {
                    failure.map(|failure| {
                        let kind = settings.offer.keys.word();
                        let summary = format!("cannot ask for a certificate of {kind}: {}", failure.summary);
                        Failure { summary, ..failure }
                    })
                });
                vec![first]
            }
        }
    }

    /// Looks at each of `peers`, all at the same time.
    pub(crate) async fn inspect_each(&self, peers: &[Peer]) -> Vec<Inspection> {
        let looks = peers.iter().map(|peer| self.inspect(std::slice::from_ref(peer)));
        join_all(looks).await.into_iter().flatten().collect()
    }

    /// Looks once, the `way` that is known to work if there is one.
    async fn look(&self, peers: &[Peer], settings: &TlsSettings, way: Option<Way>) -> Inspection {
        let shown = Inspection { peer: peers.first().cloned(), ..Inspection::default() };
        let mut look = Look { settings, starttls: self.starttls, now: self.now, deadline: self.deadline, shown };
        if let Err(failure) = look.at_first(peers, way).await {
            look.shown.failure = Some(failure);
        }
        look.shown
    }
}

/// How certificates are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Clear,
    Handshake,
}

/// One server being looked at.
struct Look<'a> {
    settings: &'a TlsSettings,
    starttls: Option<StartTls>,
    now: i64,
    deadline: &'a Deadline,
    shown: Inspection,
}

impl Look<'_> {
    async fn at_first(&mut self, peers: &[Peer], way: Option<Way>) -> Result<(), Failure> {
        let connected = self.connect(peers).await?;
        let usual = if self.settings.identity.is_some() { Way::Handshake } else { Way::Clear };
        let first_way = way.unwrap_or(usual);
        let Err(first) = self.once(connected, first_way).await else {
            return Ok(());
        };
        self.shown.has_no_such_key = is_for_lack_of_keys(&first);
        if way.is_some() || !asks_for_another_way(&first) {
            return Err(first.into());
        }
        let peer = self.shown.peer.clone();
        let connected = self.connect(peer.as_slice()).await?;
        let other_way = if first_way == Way::Clear { Way::Handshake } else { Way::Clear };
        self.once(connected, other_way).await.map_err(|second| {
            self.shown.has_no_such_key = is_for_lack_of_keys(&second);
            let mut failure = Failure::from(second.offered(BOTH_OFFERS));
            failure.causes.push(format!("before that: {first}"));
            failure
        })
    }

    async fn connect(&mut self, peers: &[Peer]) -> Result<(TcpStream, Peer), Failure> {
        let connected = tcp::connect_first(peers, None, self.deadline).await?;
        let (mut stream, peer) = (connected.stream, connected.peer);
        self.tell(format!("connected to {peer}"));
        self.shown.peer = Some(peer.clone());
        if let Some(protocol) = self.starttls {
            starttls::prepare(&mut stream, protocol, &peer, self.deadline).await?;
            self.tell("the server has consented to TLS");
        }
        Ok((stream, peer))
    }

    async fn once(&mut self, (stream, peer): (TcpStream, Peer), way: Way) -> Result<(), TlsError> {
        self.shown.way = Some(way);
        match way {
            Way::Handshake => self.by_handshake(stream, &peer).await,
            Way::Clear => self.in_the_clear(stream, &peer).await,
        }
    }

    async fn in_the_clear(&mut self, stream: TcpStream, peer: &Peer) -> Result<(), TlsError> {
        let reading = clear::read(stream, self.approach(peer)).await;
        self.shown.served = reading.served;
        let outcome = reading.result.as_ref().map_or_else(ToString::to_string, |()| "read the certificates".to_owned());
        self.tell(format!("in the clear: {outcome}"));
        reading.result
    }

    /// A handshake that fails after the certificates is no failure here, unless it says that they are somebody else's, or is
    /// about the client certificate.
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
                self.shown.failure = counts_after_certificates(&error).then(|| error.into());
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

/// Whether a server that answered so may have nothing to show for the keys that it was asked for. Windows hangs up then.
const fn is_for_lack_of_keys(error: &TlsError) -> bool {
    match error {
        TlsError::NothingInCommon { .. } | TlsError::Alert { .. } => true,
        TlsError::Closed { before_hello, .. } => *before_hello,
        _ => false,
    }
}

/// Whether it matters, where nothing but certificates was wanted and they are there.
const fn counts_after_certificates(error: &TlsError) -> bool {
    let is_about_us = matches!(error.class(), Class::ClientCertificateRequired | Class::Authentication);
    is_about_us || matches!(error, TlsError::KeyDisproved { .. })
}

/// Whether a server that answered so may answer otherwise when asked with other versions and suites.
const fn asks_for_another_way(error: &TlsError) -> bool {
    match error {
        TlsError::NothingInCommon { .. } | TlsError::Alert { .. } | TlsError::Broken { .. } => true,
        TlsError::Closed { before_hello, .. } => *before_hello,
        _ => false,
    }
}

/// What a server was offered that was asked in both ways.
const BOTH_OFFERS: &str = "TLS 1.0 to 1.2 with every suite that has a certificate and, in a hello of its own, TLS 1.3 and 1.2 \
                           with AES-GCM or ChaCha20-Poly1305";

/// How long a server may take to close what we have closed.
const MAX_PATIENCE: Duration = Duration::from_secs(1);
