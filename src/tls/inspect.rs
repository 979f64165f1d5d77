//! Which certificates does a server show, whatever TLS it speaks? Nothing is sent after the handshake.
//!
//! Read in the clear first: it works with any cipher suite, and with servers that demand a client certificate. A server
//! that speaks TLS 1.3 only is asked again over rustls. With a client certificate to show, the handshake comes first.
//!
//! A server may have an RSA and an ECDSA certificate, of which a client sees the one that it prefers: whoever wants both
//! asks again, for the other kind and nothing else, in both ways, because it may be shown in TLS 1.3 only. What refuses
//! that may still have one, whose issuer's signature was not among those offered (RFC 8446, section 4.2.3): so it is asked
//! a last time, for the other kind in front of what it has shown. One that shows the same again has nothing else.

use std::mem::discriminant;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::net::TcpStream;

use super::connection::{Handshake, TlsConnection};
use super::error::TlsError;
use super::served::Served;
use super::settings::{Approach, Keys, Offer, TlsSettings, Trust};
use super::starttls::{self, StartTls};
use super::{clear, rustls};
use crate::net::channel::Channel;
use crate::net::source::Source;
use crate::net::{Peer, tcp};
use crate::report::{Class, Event, Failure};
use crate::time::deadline::Deadline;
use crate::x509::algorithm::KeyKind;
use crate::x509::{Certificate, Chain};

/// What came of looking.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    /// Who was looked at; `None` when there was nobody.
    pub peer: Option<Peer>,
    pub served: Served,
    /// The kind of the leaf's key, where certificates of two kinds were shown.
    pub kind: Option<KeyKind>,
    /// What went wrong on the way.
    pub failures: Vec<Failure>,
    pub events: Vec<Event>,
}

impl Inspection {
    /// There was nobody to look at.
    pub(crate) fn nothing(failure: Failure) -> Self {
        Self { failures: vec![failure], ..Self::default() }
    }

    /// What went wrong on the way, and what of the handshake is worth a finding of a class that is not among that.
    pub(crate) fn failures(&self) -> Vec<Failure> {
        let of_handshake = [self.served.obsolescence(), self.served.unmet_demand()].into_iter().flatten();
        let more = of_handshake.filter(|failure| self.failures.iter().all(|said| said.class != failure.class));
        self.failures.iter().cloned().chain(more).collect()
    }

    /// Takes over what another look has found out that was shown the same.
    fn learn(&mut self, same: Self) {
        self.served.key_is_proved |= same.served.key_is_proved;
        let said: Vec<_> = self.failures().into_iter().map(|failure| failure.class).collect();
        self.failures.extend(same.failures.into_iter().filter(|failure| !said.contains(&failure.class)));
    }

    fn leaf(&self) -> Option<&Certificate> {
        self.served.chain.as_ref().map(Chain::leaf)
    }

    /// Whether its certificate ends before another one does.
    fn ends_before(&self, other: &Certificate) -> bool {
        self.leaf().is_some_and(|own| own.not_after < other.not_after)
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
    /// Looks at the first of `peers` that connects: once, and again for the other kind of key where both are wanted. Never
    /// empty.
    pub(crate) async fn inspect(&self, peers: &[Peer]) -> Vec<Inspection> {
        let mut first = self.look(peers, self.settings, &self.ways()).await;
        let Some(leaf) = first.shown.leaf().cloned().filter(|_| self.wants_both) else {
            return vec![first.shown];
        };
        let wanted = Keys::of(leaf.key.kind).others();
        let other = self.other(&mut first, &leaf, wanted).await;
        let mut first = first.shown;
        match other {
            Ok(Some(other)) => {
                let kind = other.leaf().map(|other| other.key.kind);
                // Two of one kind, as those of a farm may be, have no names of their own: that which ends first says enough.
                if kind.map(|kind| discriminant(&kind)) == Some(discriminant(&leaf.key.kind)) {
                    return vec![if other.ends_before(&leaf) {
                        Inspection { events: first.events, ..other }
                    } else {
                        first
                    }];
                }
                first.kind = Some(leaf.key.kind);
                vec![first, Inspection { kind, ..other }]
            }
            Ok(None) => vec![first],
            Err(failure) => {
                let summary = format!("cannot ask for a certificate of {}: {}", wanted.word(), failure.summary);
                first.failures.push(Failure { summary, ..failure });
                vec![first]
            }
        }
    }

    /// Looks at each of `peers`, all at the same time.
    pub(crate) async fn inspect_each(&self, peers: &[Peer]) -> Vec<Inspection> {
        let looks = peers.iter().map(|peer| self.inspect(std::slice::from_ref(peer)));
        join_all(looks).await.into_iter().flatten().collect()
    }

    /// The certificate that the server of `first`, which has shown `leaf`, has for keys that are `wanted`; `None` where it has
    /// nothing but the one that it has shown.
    async fn other(&self, first: &mut Looked, leaf: &Certificate, wanted: Keys) -> Result<Option<Inspection>, Failure> {
        // A server that shows something in the clear is asked there for what is older than TLS 1.3.
        let is_clear = first.way == Some(Way::Clear);
        let first = &mut first.shown;
        let mut ways = &self.ways()[..];
        for takes_others in [false, true] {
            let mut settings = self.settings.clone();
            let is_tls_1_3_only = is_clear && !takes_others;
            settings.offer = Offer { keys: wanted, takes_others, is_tls_1_3_only, ..settings.offer };
            // Most see the same again, whose trust and key are judged already.
            settings.trust = Trust::NotJudged;
            settings.proved_leaf = first.served.key_is_proved.then(|| leaf.der.clone());
            let mut look = self.look(first.peer.as_slice(), &settings, ways).await;
            first.events.append(&mut look.shown.events);
            // In the clear there is always something to show, in TLS 1.3 there may be something else, if it is spoken.
            let is_older = is_tls_1_3_only && look.lack == Lack::Version;
            ways = if is_older { &[Way::Clear] } else { &[Way::Handshake, Way::Clear] };
            match &look.shown.served.chain {
                Some(chain) if chain.leaf().der != leaf.der => {
                    look.shown.served.verdict = self.settings.verdict(chain, self.now, self.deadline);
                    return Ok(Some(look.shown));
                }
                None if takes_others || look.lack == Lack::Other => {
                    let failure = look.shown.failures.pop();
                    return Err(failure.unwrap_or_else(|| Failure::new(Class::Tls, "no certificate was shown")));
                }
                Some(_) => first.learn(look.shown),
                None => {}
            }
        }
        Ok(None)
    }

    /// How to look: as usual, then the other way.
    const fn ways(&self) -> [Way; 2] {
        if self.settings.identity.is_some() { [Way::Handshake, Way::Clear] } else { [Way::Clear, Way::Handshake] }
    }

    /// Looks once, in as many of these `ways` as it takes.
    async fn look(&self, peers: &[Peer], settings: &TlsSettings, ways: &[Way]) -> Looked {
        let shown = Inspection { peer: peers.first().cloned(), ..Inspection::default() };
        let (starttls, now, deadline) = (self.starttls, self.now, self.deadline);
        let mut look = Look { settings, starttls, now, deadline, shown };
        match look.in_these(ways, peers).await {
            Ok(way) => Looked { shown: look.shown, way: Some(way), lack: Lack::Other },
            Err(Refusal { failure, lack }) => {
                look.shown.failures.push(failure);
                Looked { shown: look.shown, way: None, lack }
            }
        }
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

/// What came of one look.
struct Looked {
    shown: Inspection,
    /// In which way something was shown.
    way: Option<Way>,
    /// What it was for lack of that nothing was.
    lack: Lack,
}

/// What a server lacks that shows nothing, as far as its answers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// Something for the keys that it was asked for.
    Keys,
    /// The same, but in the last way it says that it does not speak the version.
    Version,
    /// Nobody knows what.
    Other,
}

impl Lack {
    /// Of a server that answered so in each way.
    fn of<'a>(answers: impl IntoIterator<Item = &'a TlsError>) -> Self {
        let mut lack = Self::Other;
        for error in answers {
            lack = match error {
                TlsError::NothingInCommon { is_version: true, .. } => Self::Version,
                error if is_for_lack_of_keys(error) => Self::Keys,
                _ => return Self::Other,
            };
        }
        lack
    }
}

/// Why a look came to nothing.
struct Refusal {
    failure: Failure,
    lack: Lack,
}

impl From<Failure> for Refusal {
    /// Of one that did not come to TLS.
    fn from(failure: Failure) -> Self {
        Self { failure, lack: Lack::Other }
    }
}

impl Look<'_> {
    /// The way in which something was shown.
    async fn in_these(&mut self, ways: &[Way], peers: &[Peer]) -> Result<Way, Refusal> {
        let mut connected = self.connect(peers).await?;
        let mut before: Option<TlsError> = None;
        for (place, way) in ways.iter().enumerate() {
            let Err(error) = self.once(connected, *way).await else { return Ok(*way) };
            if place + 1 == ways.len() || !asks_for_another_way(&error) {
                let lack = Lack::of(before.iter().chain([&error]));
                let failure = match before {
                    None => error.into(),
                    Some(before) => {
                        let is_newest = self.settings.offer.is_tls_1_3_only;
                        let offers = if is_newest { CLEAR_AND_NEWEST_OFFERS } else { BOTH_OFFERS };
                        let mut failure = Failure::from(error.offered(offers));
                        failure.causes.push(format!("before that: {before}"));
                        failure
                    }
                };
                return Err(Refusal { failure, lack });
            }
            before = Some(error);
            let peer = self.shown.peer.clone();
            connected = self.connect(peer.as_slice()).await?;
        }
        Err(Failure::new(Class::Tls, "no certificate was shown").into())
    }

    async fn connect(&mut self, peers: &[Peer]) -> Result<(TcpStream, Peer), Failure> {
        let connected = tcp::connect_first(peers, Source::default(), self.deadline).await?;
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

    /// A handshake that fails after the certificates is no failure here, unless it says that they are somebody else's or not
    /// to be read, or is about the client certificate.
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
                    self.shown.failures.push(error.into());
                }
                let _ = self.deadline.limit(String::new, tcp::drain(&mut connection.stream)).await;
                Ok(())
            }
            Err(error) if has_chain => {
                self.tell(format!("after the certificates: {error}"));
                if counts_after_certificates(&error) {
                    self.shown.failures.push(error.into());
                } else if !self.shown.served.key_is_proved && !matches!(error, TlsError::KeyNotProved { .. }) {
                    // In every suite of rustls the server signs: whoever has no key may well keep silent.
                    let withheld = TlsError::KeyWithheld { peer: peer.clone(), how: error.to_string() };
                    self.shown.failures.push(withheld.into());
                }
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

/// Whether a server that answered so may have nothing to show for the keys that it was asked for. Windows hangs up then. Any
/// other answer is about something else: `internal_error` says whoever cannot use the certificate that it has.
fn is_for_lack_of_keys(error: &TlsError) -> bool {
    match error {
        TlsError::NothingInCommon { .. } => true,
        TlsError::Closed { before_hello, .. } => *before_hello,
        TlsError::Alert { alert, .. } => alert == "illegal_parameter",
        _ => false,
    }
}

/// Whether it matters, where nothing but certificates was wanted and they are there.
const fn counts_after_certificates(error: &TlsError) -> bool {
    let is_about_us = matches!(error.class(), Class::ClientCertificateRequired | Class::Authentication);
    is_about_us || matches!(error, TlsError::KeyDisproved { .. } | TlsError::Chain { .. })
}

/// Whether a server that answered so may answer otherwise when asked with other versions and suites; what is too large for
/// rustls is not for the reader in the clear.
const fn asks_for_another_way(error: &TlsError) -> bool {
    match error {
        TlsError::NothingInCommon { .. }
        | TlsError::Alert { .. }
        | TlsError::Broken { .. }
        | TlsError::TooLarge { .. } => true,
        TlsError::Closed { before_hello, .. } => *before_hello,
        _ => false,
    }
}

/// What a server was offered that was asked in both ways.
const BOTH_OFFERS: &str = "TLS 1.0 to 1.2 with every suite that has a certificate and, in a hello of its own, TLS 1.3 and 1.2 \
                           with AES-GCM or ChaCha20-Poly1305 over X25519, P-256 or P-384";

/// The same, where all that is older was offered in the clear.
const CLEAR_AND_NEWEST_OFFERS: &str =
    "TLS 1.0 to 1.2 with every suite for such keys and, in a hello of its own, TLS 1.3";

/// How long a server may take to close what we have closed.
const MAX_PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
