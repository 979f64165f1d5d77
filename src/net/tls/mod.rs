//! What does a TLS server show? The handshake over rustls: a connection, or why not, and in both cases all that was seen.
//!
//! The handshake itself refuses no certificate: trust, name and validity are judged afterwards by [`crate::x509`], each as
//! a class of its own, so that an expired certificate is reported as that and with its date. What the handshake does prove
//! is that the server has the key of the leaf.

pub mod backend;
pub mod clear;
pub mod error;
pub mod flight;
pub mod identity;
pub mod inspect;
#[cfg(any(test, windows))]
mod key_blob;
#[cfg(windows)]
mod key_container;
#[cfg(any(feature = "legacy-tls", windows))]
mod legacy;
#[cfg(all(feature = "legacy-tls", not(windows)))]
mod openssl;
#[cfg(any(test, windows))]
mod polled;
#[cfg(windows)]
mod schannel;
pub mod served;
mod tap;
pub mod version;
mod witness;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::{CipherSuite, ClientConfig, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use self::error::TlsError;
use self::identity::ClientIdentity;
pub use self::served::Served;
use self::tap::Tap;
use self::version::{Suite, Version};
use self::witness::{Seen, Witness};
use super::Peer;
use crate::clock::Deadline;
use crate::x509::certificate::Fingerprint;
use crate::x509::trust::{Anchors, Distrust, Verdict};
use crate::x509::{Chain, roots};

/// How TLS is to be spoken, and what makes a certificate trusted.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// The name sent as SNI and expected in the certificate.
    pub name: String,
    /// Whether the operator gave that name for TLS, rather than for connecting.
    pub name_is_explicit: bool,
    /// Who is trusted to issue certificates.
    pub trust: Trust,
    /// Certificates that are trusted by themselves.
    pub pins: Vec<Fingerprint>,
    /// What is shown to a server that asks for a client certificate.
    pub identity: Option<ClientIdentity>,
}

/// Who is trusted to issue certificates.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Whom the system trusts.
    System,
    /// These only.
    Anchors(Arc<Anchors>),
    /// Nobody asks.
    NotJudged,
}

impl TlsSettings {
    /// Whether `chain` is trusted at `now` (Unix time). The system's anchors are loaded here, and only if they decide.
    pub fn verdict(&self, chain: &Chain, now: i64, deadline: &Deadline) -> Verdict {
        match &self.trust {
            _ if chain.leaf().is_pinned(&self.pins) => Verdict::Pinned,
            Trust::NotJudged => Verdict::NotJudged,
            Trust::Anchors(anchors) => anchors.verdict(chain, now),
            Trust::System if !self.pins.is_empty() => Verdict::Untrusted(Distrust::OtherFingerprint),
            Trust::System => roots::verdict(chain, now, deadline),
        }
    }

    /// The name that the leaf must be for. One that is known by its fingerprint may be for any name, unless one is asked for.
    pub fn expected_name(&self, verdict: &Verdict) -> Option<&str> {
        let is_judged = match (verdict, &self.trust) {
            (Verdict::Pinned, _) | (_, Trust::NotJudged) => self.name_is_explicit,
            _ => true,
        };
        is_judged.then_some(self.name.as_str())
    }
}

/// A handshake that was tried.
#[derive(Debug)]
pub struct Handshake {
    /// What the server showed on the way.
    pub served: Served,
    /// The connection, or why there is none.
    pub result: Result<TlsConnection, TlsError>,
}

/// Speaks TLS with `peer` over `stream`, up to the end of the handshake. `now` is Unix time, for judging trust.
pub async fn connect(
    stream: TcpStream,
    peer: &Peer,
    settings: &TlsSettings,
    deadline: &Deadline,
    now: i64,
) -> Handshake {
    let provider = Arc::new(provider());
    let key = settings.identity.as_ref().map(|identity| Arc::clone(&identity.key));
    let witness = Witness::new(provider.signature_verification_algorithms, key);
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map(|config| {
        let verifier = config.dangerous().with_custom_certificate_verifier(Arc::clone(&witness) as _);
        let mut config = verifier.with_client_cert_resolver(Arc::clone(&witness) as _);
        config.resumption = Resumption::disabled();
        config
    });
    let mut config = match config {
        Ok(config) => config,
        Err(error) => return Handshake::failed(TlsError::Local { reason: error.to_string() }),
    };
    let name = server_name(&settings.name, &mut config);

    let started = std::time::Instant::now();
    let tap = Tap::new(stream, tap::ENOUGH);
    let first = tap.first();
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, tap);
    let connected = deadline.limit(|| format!("the TLS handshake with {peer}"), connecting).await;

    let seen = witness.seen();
    let shown = settings.identity.as_ref().filter(|_| seen.asked).map(|identity| identity.subject.clone());
    let mut served = Served::seen(&seen, shown.clone());
    let result = match connected {
        Err(expired) => Err(expired.into()),
        Ok(Err(error)) => {
            let first = first.lock().map(|first| first.clone()).unwrap_or_default();
            served.version = served.version.or_else(|| tap::server_hello_version(&first));
            Err(TlsError::of_handshake(&error, peer, &seen, &first, shown.is_some()))
        }
        Ok(Ok(stream)) => {
            served.took = Some(started.elapsed());
            let connection = stream.get_ref().1;
            served.version = connection.protocol_version().map(|version| Version(version_number(version)));
            served.suite = connection.negotiated_cipher_suite().map(|suite| Suite(suite.suite().into()));
            Ok(TlsConnection::new(Box::new(stream), peer.clone(), &served))
        }
    };
    Handshake::judged(served, &seen, result, peer, settings, now, deadline)
}

/// What rustls offers, the suite in front that every server of TLS 1.3 has (RFC 8446, section 9.1): without SHA-384 a
/// handshake takes 80 thousand instructions less.
fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    let suites = &mut provider.cipher_suites;
    if let Some(place) = suites.iter().position(|suite| suite.suite() == CipherSuite::TLS13_AES_128_GCM_SHA256) {
        suites[..=place].rotate_right(1);
    }
    provider
}

impl Handshake {
    fn failed(error: TlsError) -> Self {
        Self { served: Served::default(), result: Err(error) }
    }

    /// With the chain read and its trust judged.
    fn judged(
        mut served: Served,
        seen: &Seen,
        result: Result<TlsConnection, TlsError>,
        peer: &Peer,
        settings: &TlsSettings,
        now: i64,
        deadline: &Deadline,
    ) -> Self {
        if seen.chain.is_empty() {
            return Self { served, result };
        }
        match Chain::from_ders(seen.chain.iter().map(AsRef::as_ref)) {
            Ok(chain) => {
                served.verdict = settings.verdict(&chain, now, deadline);
                served.chain = Some(chain);
                Self { served, result }
            }
            Err(source) => {
                let result = result.and(Err(TlsError::Chain { peer: peer.clone(), source }));
                Self { served, result }
            }
        }
    }
}

/// A stream of bytes in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// A connection after its handshake, whichever library keeps it.
pub struct TlsConnection {
    stream: Box<dyn Duplex>,
    peer: Peer,
    asked: bool,
    shown: bool,
    has_received: bool,
}

impl TlsConnection {
    fn new(stream: Box<dyn Duplex>, peer: Peer, served: &Served) -> Self {
        let shown = served.client_certificate_shown.is_some();
        Self { stream, peer, asked: served.client_certificate_asked, shown, has_received: false }
    }

    /// What an error of this connection says about the client certificate, if it does: in TLS 1.3 the server's verdict on
    /// it (or on its absence) arrives with the first bytes that are read. An end of the stream counts as
    /// [`io::ErrorKind::UnexpectedEof`].
    pub fn classify(&self, error: &io::Error) -> Option<TlsError> {
        let may_be = self.asked && !self.has_received;
        may_be.then(|| TlsError::of_first_read(error, &self.peer, self.shown)).flatten()
    }
}

impl fmt::Debug for TlsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsConnection({})", self.peer)
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.has_received |= buffer.filled().len() > before;
        polled
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The name to send; for one that DNS does not allow none is sent, and the certificate is judged by it all the same.
fn server_name(name: &str, config: &mut ClientConfig) -> ServerName<'static> {
    let bare = name.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(name);
    ServerName::try_from(bare.to_owned()).unwrap_or_else(|_| {
        config.enable_sni = false;
        ServerName::IpAddress(std::net::IpAddr::from([0; 4]).into())
    })
}

fn version_number(version: ProtocolVersion) -> u16 {
    version.into()
}
