//! Which TLS library speaks? The modern one, the legacy one, or the legacy one where the modern one has nothing in common with the server.

use std::time::Instant;

use tokio::net::TcpStream;

use super::connection::Handshake;
use super::error::TlsError;
use super::rustls;
use super::settings::{Approach, HAS_LEGACY};
use crate::net::source::Source;
use crate::net::{NetError, tcp};

/// `--tls-backend`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Backend {
    /// Modern, then legacy where there is nothing in common and this build has it.
    #[default]
    Auto,
    /// TLS 1.2 and 1.3 with modern cipher suites.
    Modern,
    /// TLS 1.0 to 1.2 with every cipher suite, if this build has it.
    Legacy,
}

/// Speaks TLS as `backend` says. A second connection, from `source`, is made where the first one was of no use.
pub(crate) async fn connect(backend: Backend, stream: TcpStream, source: Source, approach: Approach<'_>) -> Handshake {
    if backend == Backend::Legacy {
        return legacy(stream, approach).await;
    }
    let modern = rustls::connect(stream, approach).await;
    let error = match &modern.result {
        Err(error) if backend == Backend::Auto && HAS_LEGACY && error.may_be_legacy() => error.to_string(),
        _ => return modern,
    };
    // A server that takes no second connection has shown what it has to show.
    let Approach { peer, deadline, .. } = approach;
    let stream = match tcp::connect(peer, source, deadline, deadline.remaining(Instant::now())).await {
        Ok(stream) => stream,
        // The first connection has the port still: that is nothing of the server's.
        Err(error @ NetError::SourcePort { .. }) => {
            let reason = format!("a second connection, for legacy TLS, is not to be had: {error}");
            return Handshake { result: Err(TlsError::Local { reason }), ..modern };
        }
        Err(_) => return modern,
    };
    let mut handshake = legacy(stream, approach).await;
    handshake.served.fell_back = Some(error);
    handshake
}

#[cfg(any(feature = "legacy-tls", windows))]
async fn legacy(stream: TcpStream, approach: Approach<'_>) -> Handshake {
    super::legacy::connect(stream, approach).await
}

#[cfg(not(any(feature = "legacy-tls", windows)))]
async fn legacy(_: TcpStream, _: Approach<'_>) -> Handshake {
    Handshake::failed(TlsError::Local { reason: WITHOUT_LEGACY.to_owned() })
}

/// Why the legacy backend cannot be had.
pub(crate) const WITHOUT_LEGACY: &str = "this build has no legacy TLS: expected one with the feature legacy-tls (cargo install \
                                         --path . --features legacy-tls, in its source)";
