//! What does a TLS server show to rustls? TLS 1.2 and 1.3 with modern cipher suites.

pub(crate) mod witness;

use std::sync::Arc;
use std::time::Instant;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use rustls::{ALL_VERSIONS, CipherSuite, ClientConfig, SupportedCipherSuite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use self::witness::Witness;
use super::connection::{Handshake, TlsConnection};
use super::error::TlsError;
use super::settings::{Approach, Keys, Offer, TlsSettings};
use super::tap::{self, Tap};
use super::version::{Suite, Version};

/// Speaks TLS over `stream`, up to the end of the handshake.
pub(crate) async fn connect(stream: TcpStream, approach: Approach<'_>) -> Handshake {
    let Approach { peer, settings, deadline, .. } = approach;
    let provider = Arc::new(provider(settings.offer));
    let key = settings.identity.as_ref().map(|identity| Arc::clone(&identity.key));
    let witness = Witness::new(settings.offer, key);
    let versions: &[_] = if settings.offer.is_tls_1_3_only { &[&TLS13] } else { ALL_VERSIONS };
    let config = match ClientConfig::builder_with_provider(provider).with_protocol_versions(versions) {
        Ok(config) => config.dangerous().with_custom_certificate_verifier(Arc::clone(&witness) as _),
        Err(error) => return Handshake::failed(TlsError::Local { reason: error.to_string() }),
    };
    let mut config = config.with_client_cert_resolver(Arc::clone(&witness) as _);
    config.resumption = Resumption::disabled();
    let name = server_name(settings, &mut config);

    let started = Instant::now();
    let tap = Tap::new(stream, tap::ENOUGH);
    let first = tap.first();
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, tap);
    let connected = deadline.limit(|| format!("the TLS handshake with {peer}"), connecting).await;

    let mut seen = witness.seen();
    let served = &mut seen.served;
    let shown = settings.identity.as_ref().filter(|_| served.client_certificate_asked);
    served.client_certificate_shown = shown.map(|identity| identity.subject.clone());
    let result = match connected {
        Err(expired) => Err(expired.into()),
        Ok(Err(error)) => {
            let first = first.lock().map(|first| first.clone()).unwrap_or_default();
            served.version = served.version.or_else(|| tap::server_hello_version(&first));
            Err(TlsError::of_handshake(&error, peer, served, &first))
        }
        Ok(Ok(stream)) => {
            served.took = Some(started.elapsed());
            let connection = stream.get_ref().1;
            served.version = connection.protocol_version().map(|version| Version(version.into()));
            served.suite = connection.negotiated_cipher_suite().map(|suite| Suite(suite.suite().into()));
            Ok(TlsConnection::new(Box::new(stream), peer.clone(), served))
        }
    };
    Handshake::judged(seen, result, approach)
}

/// What rustls offers, the suite in front that every server of TLS 1.3 has (RFC 8446, section 9.1).
fn provider(offer: Offer) -> CryptoProvider {
    let mut provider = ring::default_provider();
    let suites = std::mem::take(&mut provider.cipher_suites);
    let (mut modern, older): (Vec<_>, Vec<_>) = suites.into_iter().partition(|suite| suite.tls13().is_some());
    if let Some(place) = modern.iter().position(|suite| suite.suite() == CipherSuite::TLS13_AES_128_GCM_SHA256) {
        modern[..=place].rotate_right(1);
    }
    let shown_by = |suite: SupportedCipherSuite| match suite {
        SupportedCipherSuite::Tls12(suite) => {
            suite.sign.first().map_or(Keys::Any, |scheme| Keys::that_sign((*scheme).into()))
        }
        SupportedCipherSuite::Tls13(_) => Keys::Any,
    };
    provider.cipher_suites = modern;
    if !offer.is_tls_1_3_only {
        provider.cipher_suites.extend(offer.of(older, shown_by));
    }
    provider
}

/// The name to send; for one that DNS does not allow none is sent, and the certificate is judged by it all the same.
fn server_name(settings: &TlsSettings, config: &mut ClientConfig) -> ServerName<'static> {
    let name = settings.server_name().and_then(|name| ServerName::try_from(name.to_owned()).ok());
    name.unwrap_or_else(|| {
        config.enable_sni = false;
        ServerName::IpAddress(std::net::IpAddr::from([0; 4]).into())
    })
}
