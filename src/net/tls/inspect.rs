//! Which certificates does a server show, whatever TLS it speaks? Nothing is sent after the handshake.
//!
//! Read in the clear first: it works with any cipher suite, and with servers that demand a client certificate. A server
//! that speaks TLS 1.3 only is asked again over rustls. With a client certificate to show, the handshake comes first.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::error::TlsError;
use super::{Handshake, Served, TlsConnection, TlsSettings, clear};
use crate::clock::unix_seconds;
use crate::failure::{Class, Failure};
use crate::net::{Peer, tcp};
use crate::plugin::Run;
use crate::report::Event;

/// What came of looking.
#[derive(Debug)]
pub struct Shown {
    /// Who was looked at; `None` when there was nobody.
    pub peer: Option<Peer>,
    /// What was seen.
    pub served: Served,
    /// What went wrong on the way.
    pub failure: Option<Failure>,
    /// What happened when.
    pub events: Vec<Event>,
}

impl Shown {
    /// There was nobody to look at.
    pub fn nothing(failure: Failure) -> Self {
        Self { peer: None, served: Served::default(), failure: Some(failure), events: Vec::new() }
    }

    /// What went wrong on the way, and what of the handshake is worth a finding; each class once.
    pub fn failures(&self) -> Vec<Failure> {
        let said = self.failure.as_ref().map(|failure| failure.class);
        let of_handshake = [self.served.obsolescence(), self.served.unmet_demand()].into_iter().flatten();
        let more = of_handshake.filter(|failure| Some(failure.class) != said);
        self.failure.iter().cloned().chain(more).collect()
    }
}

/// Looks at the first of `peers` that connects.
pub async fn shown(peers: &[Peer], settings: &TlsSettings, run: &Run) -> Shown {
    let mut shown =
        Shown { peer: peers.first().cloned(), served: Served::default(), failure: None, events: Vec::new() };
    if let Err(failure) = look(peers, settings, run, &mut shown).await {
        shown.failure = Some(failure);
    }
    shown
}

async fn look(peers: &[Peer], settings: &TlsSettings, run: &Run, shown: &mut Shown) -> Result<(), Failure> {
    let (stream, peer) = connected(peers, run, shown).await?;
    let first = match settings.identity {
        Some(_) => by_handshake(stream, &peer, settings, run, shown).await,
        None => in_the_clear(stream, &peer, settings, run, shown).await,
    };
    let Err(first) = first else {
        return Ok(());
    };
    if !asks_for_another_way(&first) {
        return Err(first.into());
    }

    let (stream, peer) = connected(&[peer], run, shown).await?;
    let second = match settings.identity {
        Some(_) => in_the_clear(stream, &peer, settings, run, shown).await,
        None => by_handshake(stream, &peer, settings, run, shown).await,
    };
    second.map_err(|second| {
        let mut failure = Failure::from(second);
        failure.causes.push(format!("before that: {first}"));
        failure
    })
}

async fn connected(peers: &[Peer], run: &Run, shown: &mut Shown) -> Result<(TcpStream, Peer), Failure> {
    let connected = tcp::connect_first(peers, None, &run.deadline).await?;
    shown.events.push(run.event(format!("connected to {}", connected.peer)));
    shown.peer = Some(connected.peer.clone());
    Ok((connected.stream, connected.peer))
}

async fn in_the_clear(
    stream: TcpStream,
    peer: &Peer,
    settings: &TlsSettings,
    run: &Run,
    shown: &mut Shown,
) -> Result<(), TlsError> {
    let reading = clear::read(stream, peer, settings, &run.deadline, unix_seconds(run.started())).await;
    shown.served = reading.served;
    let outcome = reading.result.as_ref().map_or_else(ToString::to_string, |()| "read the certificates".to_owned());
    shown.events.push(run.event(format!("in the clear: {outcome}")));
    reading.result
}

/// A handshake that fails after the certificates is no failure here, unless it is about the client certificate.
async fn by_handshake(
    stream: TcpStream,
    peer: &Peer,
    settings: &TlsSettings,
    run: &Run,
    shown: &mut Shown,
) -> Result<(), TlsError> {
    let Handshake { served, result } =
        super::connect(stream, peer, settings, &run.deadline, unix_seconds(run.started())).await;
    let has_chain = served.chain.is_some();
    shown.served = served;
    match result {
        Ok(mut connection) => {
            shown.events.push(run.event("TLS handshake complete"));
            let _ = run.deadline.limit(String::new, connection.shutdown()).await;
            if shown.served.client_certificate_shown.is_some()
                && let Some(error) = refusal(&mut connection, run).await
            {
                shown.events.push(run.event(format!("after the handshake: {error}")));
                shown.failure = Some(error.into());
            }
            Ok(())
        }
        Err(error) if has_chain => {
            shown.events.push(run.event(format!("after the certificates: {error}")));
            let is_about_us = matches!(error.class(), Class::ClientCertificateRequired | Class::Authentication);
            shown.failure = is_about_us.then(|| error.into());
            Ok(())
        }
        Err(error) => {
            shown.events.push(run.event(format!("TLS handshake: {error}")));
            Err(error)
        }
    }
}

/// That the server refuses the client certificate: in TLS 1.3 it says so after the handshake, before it closes at the latest.
async fn refusal(connection: &mut TlsConnection, run: &Run) -> Option<TlsError> {
    let patience = run.deadline.remaining(Instant::now()).min(MAX_PATIENCE);
    let said = tokio::time::timeout(patience, connection.read(&mut [0])).await;
    said.ok()?.err().and_then(|error| connection.classify(&error))
}

/// How long a server may take to close what we have closed.
const MAX_PATIENCE: Duration = Duration::from_secs(1);

/// Whether a server that answered so may answer otherwise when asked with other versions and suites.
const fn asks_for_another_way(error: &TlsError) -> bool {
    match error {
        TlsError::NothingInCommon { .. } | TlsError::Alert { .. } | TlsError::Broken { .. } => true,
        TlsError::Closed { before_hello, .. } => *before_hello,
        _ => false,
    }
}
