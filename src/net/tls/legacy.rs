//! What does a server of TLS 1.0 to 1.2 show? The handshake over OpenSSL, with every cipher suite, for servers that have no better one.
//!
//! The same outcome as the modern backend, judged by the same code. What the server says in the clear (version, suite,
//! certificates, demand) is read by our own reader, from the bytes as they came: so all of it is there, too, when the
//! handshake fails.

use std::io;
use std::pin::Pin;
use std::sync::PoisonError;
use std::time::Instant;

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use rustls::AlertDescription as Alert;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::error::TlsError;
use super::flight::{FlightReader, MAX_FLIGHT, fatal_alert};
use super::tap::{Tap, other_protocol};
use super::witness::Seen;
use super::{Handshake, Served, TlsConnection, TlsSettings, clear};
use crate::clock::Deadline;
use crate::net::Peer;

/// Speaks legacy TLS with `peer` over `stream`, up to the end of the handshake. `now` is Unix time, for judging trust.
pub async fn connect(
    stream: TcpStream,
    peer: &Peer,
    settings: &TlsSettings,
    deadline: &Deadline,
    now: i64,
) -> Handshake {
    let tap = Tap::new(stream, MAX_FLIGHT);
    let first = tap.first();
    let mut stream = match session(settings).and_then(|session| SslStream::new(session, tap)) {
        Ok(stream) => stream,
        Err(error) => return Handshake::failed(TlsError::Local { reason: error.to_string() }),
    };
    let started = Instant::now();
    let handshake = Pin::new(&mut stream).connect();
    let connected = deadline.limit(|| format!("the legacy TLS handshake with {peer}"), handshake).await;

    // What follows the handshake is encrypted and of no interest here: the bytes are taken, and no more are needed.
    let first = std::mem::take(&mut *first.lock().unwrap_or_else(PoisonError::into_inner));
    let mut reader = FlightReader::default();
    let is_flight = reader.push(&first).is_ok();
    let flight = reader.flight();
    let seen = Seen {
        chain: flight.certificates.iter().map(|der| der.clone().into()).collect(),
        version: flight.version,
        key_is_proved: matches!(connected, Ok(Ok(()))),
        asked: flight.client_certificate_asked,
    };
    let shown = settings.identity.as_ref().filter(|_| seen.asked).map(|identity| identity.subject.clone());
    let mut served = Served { suite: flight.suite, ..Served::seen(&seen, shown.clone()) };
    let result = match connected {
        Err(expired) => Err(expired.into()),
        Ok(Err(error)) => Err(explain(&error, peer, &seen, &first, is_flight, shown.is_some())),
        Ok(Ok(())) => {
            served.took = Some(started.elapsed());
            Ok(TlsConnection::new(Box::new(stream), peer.clone(), &served))
        }
    };
    Handshake::judged(served, &seen, result, peer, settings, now, deadline)
}

/// A session that takes whatever the server has: the point is to watch it, not to trust it with anything.
fn session(settings: &TlsSettings) -> Result<Ssl, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_security_level(0);
    context.set_min_proto_version(Some(SslVersion::TLS1))?;
    // Beyond 1.2 the certificates are no longer in the clear, and the modern backend speaks it better.
    context.set_max_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_cipher_list("ALL:!aNULL:!eNULL:@SECLEVEL=0")?;
    // SSL_OP_LEGACY_SERVER_CONNECT, which the bindings do not name: RFC 5746 is from 2010, an unpatched Windows Server 2008
    // does not know it.
    context.set_options(SslOptions::from_bits_retain(0x4) | SslOptions::NO_TICKET);
    context.set_verify(SslVerifyMode::NONE);
    if let Some(identity) = &settings.identity {
        let mut chain = identity.chain.iter().map(|der| X509::from_der(der));
        if let Some(leaf) = chain.next().transpose()? {
            context.set_certificate(&leaf)?;
        }
        chain.try_for_each(|issuer| context.add_extra_chain_cert(issuer?))?;
        let key = PKey::private_key_from_der(identity.private_key.secret_der())?;
        context.set_private_key(&key)?;
    }
    let mut session = Ssl::new(&context.build())?;
    if let Ok(ServerName::DnsName(name)) = ServerName::try_from(settings.name.as_str()) {
        session.set_hostname(name.as_ref())?;
    }
    Ok(session)
}

fn explain(
    error: &openssl::ssl::Error,
    peer: &Peer,
    seen: &Seen,
    first: &[u8],
    is_flight: bool,
    shown: bool,
) -> TlsError {
    let peer = peer.clone();
    if let Some(spoken) = other_protocol(first).filter(|_| !is_flight) {
        return TlsError::NotTls { peer, spoken };
    }
    let alert = fatal_alert(first).map(Alert::from);
    let hung_up = match error.io_error() {
        Some(error) => Some(io::Error::from(error.kind())),
        None if matches!(error.code(), ErrorCode::ZERO_RETURN | ErrorCode::SYSCALL) => {
            Some(io::ErrorKind::UnexpectedEof.into())
        }
        None => None,
    };
    match (alert, hung_up) {
        (Some(alert), _) if seen.asked => {
            let how = format!("sent the alert {}", super::error::alert_name(alert));
            TlsError::of_refusal(peer, how, shown)
        }
        (None, Some(_)) if seen.asked => TlsError::of_refusal(peer, "closed the connection".to_owned(), shown),
        (Some(alert), _) => TlsError::of_alert(alert, peer, clear::OFFER),
        (None, Some(error)) => TlsError::of_hang_up(&error, peer, first.is_empty()),
        (None, None) => TlsError::Broken { peer, reason: error.to_string() },
    }
}
