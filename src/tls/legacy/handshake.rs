//! What does a server of TLS 1.0 to 1.2 show? The handshake by a library that still speaks it, for servers that have no better one.
//!
//! The same outcome as the modern backend, judged by the same code. What the server says in the clear (version, suite,
//! certificates, demand) is read by our own reader, from the bytes as they came: so all of it is there, too, when the
//! handshake fails. The library is OpenSSL (feature `legacy-tls`), on Windows the system's own SChannel.

use std::io;
use std::sync::PoisonError;
use std::time::Instant;

use rustls::AlertDescription as Alert;
use tokio::net::TcpStream;

use super::ended::Ended;
#[cfg(not(windows))]
use super::openssl as library;
#[cfg(windows)]
use super::schannel as library;
use crate::net::Peer;
use crate::time::stage;
use crate::tls::clear;
use crate::tls::clear::flight::{FlightReader, MAX_FLIGHT, fatal_alert};
use crate::tls::connection::{Handshake, TlsConnection};
use crate::tls::error::{TlsError, alert_name};
use crate::tls::served::{Seen, Served};
use crate::tls::settings::Approach;
use crate::tls::tap::{Tap, has_handshake, other_protocol};

/// Speaks legacy TLS over `stream`, up to the end of the handshake.
pub(crate) async fn connect(stream: TcpStream, approach: Approach<'_>) -> Handshake {
    let Approach { peer, settings, deadline, .. } = approach;
    let tap = Tap::new(stream, MAX_FLIGHT);
    let first = tap.first();
    let started = Instant::now();
    let stage = format!("the legacy TLS handshake with {peer}");
    // SChannel may look for certificates in the network while it has our only thread.
    let waiting = stage::enter(stage.clone());
    let connected = deadline.limit(|| stage, library::handshake(tap, settings)).await;
    drop(waiting);

    // What follows the handshake is encrypted and of no interest here: the bytes are taken, and no more are needed.
    let first = std::mem::take(&mut *first.lock().unwrap_or_else(PoisonError::into_inner));
    let mut reader = FlightReader::default();
    let is_flight = reader.push(&first).is_ok();
    let mut seen = Seen::from(reader.flight());
    let served = &mut seen.served;
    served.key_is_proved = matches!(connected, Ok(Ok(_)));
    let identity = settings.identity.as_ref().filter(|_| served.client_certificate_asked);
    let withheld = identity.and_then(library::withheld);
    let shown = identity.filter(|_| withheld.is_none());
    served.client_certificate_shown = shown.map(|identity| identity.subject.clone());
    let result = match connected {
        // SChannel waits for the rest of whatever looks to it like a long record.
        Err(expired) => Err(not_tls(&first, is_flight, peer).unwrap_or_else(|| expired.into())),
        Ok(Err(ended)) => {
            let refusal = Refusal { served, withheld };
            Err(not_tls(&first, is_flight, peer).unwrap_or_else(|| explain(ended, peer.clone(), refusal, &first)))
        }
        Ok(Ok(stream)) => {
            served.took = Some(started.elapsed());
            Ok(TlsConnection::new(stream, peer.clone(), served))
        }
    };
    Handshake::judged(seen, result, approach)
}

/// What there is to know about a client certificate when a handshake fails.
struct Refusal<'a> {
    served: &'a Served,
    /// Why the library cannot show the one that there is.
    withheld: Option<&'static str>,
}

impl Refusal<'_> {
    fn explain(&self, peer: Peer, how: String) -> TlsError {
        let how = match self.withheld {
            Some(why) => format!("{how}; {why}"),
            None => how,
        };
        TlsError::of_refusal(peer, how, self.served.client_certificate_shown.is_some())
    }
}

fn explain(ended: Ended, peer: Peer, refusal: Refusal<'_>, first: &[u8]) -> TlsError {
    match (fatal_alert(first).map(Alert::from), ended) {
        (_, Ended::Unprepared(reason)) => TlsError::Local { reason },
        (Some(alert), _) if refusal.served.client_certificate_asked => {
            refusal.explain(peer, format!("sent the alert {}", alert_name(alert)))
        }
        (None, Ended::HungUp(_)) if refusal.served.client_certificate_asked => {
            refusal.explain(peer, "closed the connection".to_owned())
        }
        (Some(alert), _) => TlsError::of_alert(alert, peer, clear::OFFER),
        (None, Ended::HungUp(error)) => TlsError::of_hang_up(&error, peer, first),
        // Each library has its own words for a peer that says farewell to the hello.
        (None, Ended::Broken(_)) if !first.is_empty() && !has_handshake(first) => {
            TlsError::of_hang_up(&io::ErrorKind::UnexpectedEof.into(), peer, first)
        }
        (None, Ended::Broken(reason)) => TlsError::Broken { peer, reason },
    }
}

/// What to say of a peer whose first bytes are no TLS.
fn not_tls(first: &[u8], is_flight: bool, peer: &Peer) -> Option<TlsError> {
    let spoken = other_protocol(first).filter(|_| !is_flight)?;
    Some(TlsError::NotTls { peer: peer.clone(), spoken })
}
