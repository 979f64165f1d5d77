//! How does Windows speak old TLS? By its own SChannel, with whatever versions and suites its administrator left it.
//!
//! schannel (already a dependency of rustls-native-certs) brings the calls. It asks for strong cryptography, which means
//! no RC4, no DES and no key below 1024 bits; it lets the system build the certificate's chain, whose verdict is not asked.
//!
//! A client certificate is shown with such intermediates as SChannel finds in the system's stores: those of the file
//! cannot be handed to it.

use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::pki_types::CertificateDer;
use schannel::schannel_cred::{Direction, Protocol, SchannelCred};
use schannel::tls_stream::{self, HandshakeError, MidHandshakeTlsStream, TlsStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::client_key::ClientKey;
use super::ended::Ended;
use super::key_blob::private_key_blob;
use super::polled::{Polled, polled};
use crate::platform::windows::CallError;
use crate::tls::connection::Duplex;
use crate::tls::identity::ClientIdentity;
use crate::tls::settings::TlsSettings;
use crate::tls::tap::Tap;

/// Why a client certificate cannot be shown, if it cannot: its key has to go into a key container of CryptoAPI.
pub(super) fn withheld(identity: &ClientIdentity) -> Option<&'static str> {
    let has_blob = private_key_blob(&identity.private_key).is_some();
    (!has_blob).then_some("legacy TLS on Windows shows certificates with RSA keys only")
}

/// The handshake over `tap`, to its end.
pub(super) async fn handshake(tap: Tap<TcpStream>, settings: &TlsSettings) -> Result<Box<dyn Duplex>, Ended> {
    let identity = settings.identity.as_ref();
    let blob = identity.and_then(|identity| private_key_blob(&identity.private_key));
    let key = blob.map(|blob| ClientKey::import(&blob)).transpose();
    // It stays until the handshake is over, however it ends.
    let key = key.map_err(|error| unprepared("no key container for the client certificate", &error))?;
    let shown = identity.and_then(|identity| identity.chain.first()).zip(key.as_ref());
    let credential = credential(shown).map_err(|error| unprepared("no credential", &error))?;
    let mut builder = tls_stream::Builder::new();
    // Trust and name are judged afterwards, each as a class of its own.
    builder.accept_invalid_hostnames(true).verify_callback(|_| Ok(()));
    if let Some(name) = settings.server_name() {
        builder.domain(name);
    }

    let mut begun = Begun::Not(Polled::new(tap));
    poll_fn(|context| {
        let tried = match std::mem::replace(&mut begun, Begun::Over) {
            Begun::Not(mut stream) => {
                stream.wakes(context);
                builder.connect(credential.clone(), stream)
            }
            Begun::Halfway(mut handshake) => {
                handshake.get_mut().wakes(context);
                handshake.handshake()
            }
            Begun::Over => Err(HandshakeError::Failure(ErrorKind::NotConnected.into())),
        };
        match tried {
            Ok(stream) => Poll::Ready(Ok(Box::new(Secured(stream)) as Box<dyn Duplex>)),
            Err(HandshakeError::Interrupted(handshake)) => {
                begun = Begun::Halfway(Box::new(handshake));
                Poll::Pending
            }
            Err(HandshakeError::Failure(error)) => Poll::Ready(Err(ended(error))),
        }
    })
    .await
}

/// With the certificate that is shown, and its key.
fn credential(shown: Option<(&CertificateDer<'_>, &ClientKey)>) -> Result<SchannelCred, CallError> {
    let mut builder = SchannelCred::builder();
    builder.enabled_protocols(&[Protocol::Tls10, Protocol::Tls11, Protocol::Tls12]);
    if let Some((leaf, key)) = shown {
        builder.cert(key.certificate(leaf)?);
    }
    let acquired = builder.acquire(Direction::Outbound);
    acquired.map_err(|error| CallError { call: "AcquireCredentialsHandle", error })
}

fn unprepared(lacking: &str, error: &CallError) -> Ended {
    Ended::Unprepared(format!("{lacking}: {} ({})", error.error, error.call))
}

enum Begun {
    Not(Polled<Tap<TcpStream>>),
    Halfway(Box<MidHandshakeTlsStream<Polled<Tap<TcpStream>>>>),
    Over,
}

fn ended(error: io::Error) -> Ended {
    use ErrorKind as Kind;

    match error.kind() {
        Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            Ended::HungUp(error)
        }
        _ => Ended::Broken(error.to_string()),
    }
}

struct Secured(TlsStream<Polled<Tap<TcpStream>>>);

impl Secured {
    fn poll<T>(
        &mut self,
        context: &Context<'_>,
        call: impl FnOnce(&mut TlsStream<Polled<Tap<TcpStream>>>) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        self.0.get_mut().wakes(context);
        polled(call(&mut self.0))
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll(context, |stream| {
            let count = stream.read(buffer.initialize_unfilled())?;
            buffer.advance(count);
            Ok(())
        })
    }
}

impl AsyncWrite for Secured {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(context, |stream| stream.write(bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(context, Write::flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(context, TlsStream::shutdown)
    }
}
