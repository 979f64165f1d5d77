//! How does Windows speak old TLS? By its own SChannel, with whatever versions and suites its administrator left it.
//!
//! schannel (already a dependency of rustls-native-certs) brings the calls. It asks for strong cryptography, which means
//! no RC4, no DES and no key below 1024 bits; it lets the system build the certificate's chain, whose verdict is not asked.
//!
//! SChannel uses private keys from its key containers only, in a process of its own: to show a client certificate of a
//! file its key would have to be written there and be removed again, whatever happens. That is not done.

use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use schannel::schannel_cred::{Direction, Protocol, SchannelCred};
use schannel::tls_stream::{self, HandshakeError, MidHandshakeTlsStream, TlsStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::legacy::Ended;
use super::polled::{Polled, polled};
use super::tap::Tap;
use super::{Duplex, TlsSettings};

/// Whether a client certificate can be shown.
pub const SHOWS_IDENTITY: bool = false;

/// The handshake over `tap`, to its end.
pub async fn handshake(tap: Tap, settings: &TlsSettings) -> Result<Box<dyn Duplex>, Ended> {
    let credential = SchannelCred::builder()
        .enabled_protocols(&[Protocol::Tls10, Protocol::Tls11, Protocol::Tls12])
        .acquire(Direction::Outbound)
        .map_err(|error| Ended::Unprepared(error.to_string()))?;
    let mut builder = tls_stream::Builder::new();
    // Trust and name are judged afterwards, each as a class of its own.
    builder.accept_invalid_hostnames(true).verify_callback(|_| Ok(()));
    if let Ok(ServerName::DnsName(name)) = ServerName::try_from(settings.name.as_str()) {
        builder.domain(name.as_ref());
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
                begun = Begun::Halfway(handshake);
                Poll::Pending
            }
            Err(HandshakeError::Failure(error)) => Poll::Ready(Err(ended(error))),
        }
    })
    .await
}

enum Begun {
    Not(Polled<Tap>),
    Halfway(MidHandshakeTlsStream<Polled<Tap>>),
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

/// The connection after its handshake.
struct Secured(TlsStream<Polled<Tap>>);

impl Secured {
    fn poll<T>(
        &mut self,
        context: &Context<'_>,
        call: impl FnOnce(&mut TlsStream<Polled<Tap>>) -> io::Result<T>,
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
