//! Which certificates does a server of TLS 1.0 to 1.2 serve? Read in the clear, whatever its cipher suites, then hung up in order.
//!
//! The handshake is not finished. Whether the server has the key of its certificate is known all the same where it signs its
//! share of the key exchange, as TLS 1.2 does with ECDHE and DHE: our random is in what it signs.

use std::io;

use rustls::AlertDescription as Alert;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

mod element;
pub mod flight;
mod hello;
pub mod signed;

use self::flight::{Flight, FlightError, FlightReader, close_notify};
use self::hello::client_hello;
use super::connection::Handshake;
use super::error::{TlsError, alert_name};
use super::possession::{KeyError, check_possession};
use super::served::Seen;
use super::settings::Approach;
use super::tap::{ENOUGH, other_protocol};
use super::version::{Suite, Version};
use crate::net::{Peer, tcp};
use crate::platform::random;

/// Reads the first flight of a server over `stream`.
pub(crate) async fn read(mut stream: TcpStream, approach: Approach<'_>) -> Handshake<()> {
    let Approach { peer, settings, deadline, .. } = approach;
    let mut reader = FlightReader::default();
    let mut first = Vec::new();
    let stage = || format!("the first part of the TLS handshake with {peer}");
    let mut client_random = [0; 32];
    // The hello is public and its connection is given up: a random that fails is no reason not to look. It proves nothing.
    let is_fresh = random::fill(&mut client_random).is_ok();
    let hello = client_hello(&client_random, settings.server_name(), settings.offer);
    let exchanged = deadline.limit(stage, exchange(&mut stream, &hello, &mut reader, &mut first)).await;

    let mut seen = Seen::from(reader.flight());
    let is_proved = is_proved(reader.flight(), settings.proved_leaf.as_deref());
    let possession = if is_fresh && !is_proved { possession(reader.flight(), &client_random) } else { None };
    seen.served.key_is_proved = possession == Some(Ok(()));
    let disproof = possession.and_then(Result::err).filter(|reason| reason.disproves());
    let has_certificates = !seen.certificates.is_empty();
    let unsigned = reader.unsigned().filter(|_| has_certificates);
    let result = match (exchanged, disproof, unsigned) {
        (_, Some(reason), _) => Err(TlsError::of_key(reason, peer.clone())),
        (Ok(ended), _, Some(suite)) => Err(withheld(ended, suite, peer)),
        (Err(expired), _, Some(_)) => Err(expired.into()),
        // A server that has shown its certificates, and signed where it has to, has said what was asked, however it goes on.
        _ if has_certificates => Ok(()),
        (Err(expired), ..) => Err(expired.into()),
        (Ok(_), ..) if reader.shows_nothing() => Err(TlsError::NoCertificate { peer: peer.clone() }),
        (Ok(Ok(())), ..) => Err(TlsError::Broken { peer: peer.clone(), reason: NO_CERTIFICATE.to_owned() }),
        (Ok(Err(error)), ..) => Err(explain(error, peer, &first)),
    };
    Handshake::judged(seen, result, approach)
}

/// What ends the exchange before its time.
enum CutShort {
    Io(io::Error),
    Flight(FlightError),
}

async fn exchange(
    stream: &mut TcpStream,
    hello: &[u8],
    reader: &mut FlightReader,
    first: &mut Vec<u8>,
) -> Result<(), CutShort> {
    stream.write_all(hello).await.map_err(CutShort::Io)?;

    let mut buffer = Vec::with_capacity(8 * 1024);
    while !reader.is_complete() {
        buffer.clear();
        if stream.read_buf(&mut buffer).await.map_err(CutShort::Io)? == 0 {
            return Err(CutShort::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        if first.len() < ENOUGH {
            first.extend_from_slice(&buffer[..buffer.len().min(ENOUGH)]);
        }
        reader.push(&buffer).map_err(CutShort::Flight)?;
    }
    let version = reader.flight().version.unwrap_or(Version::TLS_1_2);
    let _ = stream.write_all(&close_notify(version)).await;
    let _ = stream.shutdown().await;
    tcp::drain(stream).await;
    Ok(())
}

/// Whether the leaf that is shown is the one whose key has been proved before.
fn is_proved(flight: &Flight, proved_leaf: Option<&[u8]>) -> bool {
    flight.certificates.first().is_some_and(|leaf| proved_leaf == Some(leaf.as_slice()))
}

/// Whether what the server has signed is signed with the leaf's key; `None` where it has signed nothing.
fn possession(flight: &Flight, client_random: &[u8; 32]) -> Option<Result<(), KeyError>> {
    let (leaf, signed) = flight.certificates.first().zip(flight.signed.as_ref())?;
    let message = [client_random.as_slice(), &signed.content].concat();
    Some(check_possession(leaf, signed.scheme.into(), &message, &signed.signature))
}

/// The error of a server that has not signed where `suite` has it sign: whoever has no key may well keep silent.
fn withheld(ended: Result<(), CutShort>, suite: Suite, peer: &Peer) -> TlsError {
    let instead = match ended {
        Ok(()) => "sends nothing that is signed".to_owned(),
        Err(CutShort::Io(_)) => "ends the connection".to_owned(),
        Err(CutShort::Flight(FlightError::Alert(number))) => format!("sends the alert {}", alert_name(number.into())),
        Err(CutShort::Flight(error)) => format!("sends what cannot be read ({error})"),
    };
    let how = format!("with {suite} it has to sign its share of the key exchange, and {instead}");
    TlsError::KeyWithheld { peer: peer.clone(), how }
}

fn explain(cut: CutShort, peer: &Peer, first: &[u8]) -> TlsError {
    let peer = peer.clone();
    match cut {
        CutShort::Io(error) => TlsError::of_hang_up(&error, peer, first),
        CutShort::Flight(FlightError::NotTls) => {
            TlsError::NotTls { peer, spoken: other_protocol(first).unwrap_or("something that is no TLS") }
        }
        CutShort::Flight(FlightError::Alert(number)) => TlsError::of_alert(Alert::from(number), peer, OFFER),
        CutShort::Flight(error) => TlsError::Broken { peer, reason: error.to_string() },
    }
}

const NO_CERTIFICATE: &str = "the server chose a cipher suite without a certificate";

/// What is offered to the server.
pub(crate) const OFFER: &str = "TLS 1.2, 1.1 and 1.0 with every suite that has a certificate";

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::hello::vector;
    use super::*;
    use crate::report::Class;
    use crate::time::deadline::Deadline;
    use crate::tls::settings::TlsSettings;
    use crate::x509::chain::tests::{Template, certificate};

    #[test]
    fn what_was_proved_of_one_certificate_is_not_proved_of_another() {
        let flight =
            |leaf: &[u8]| Flight { certificates: vec![leaf.to_vec(), b"issuer".to_vec()], ..Flight::default() };
        let proved = Some(b"leaf".as_slice());
        assert!(is_proved(&flight(b"leaf"), proved));
        assert!(!is_proved(&flight(b"another leaf"), proved) && !is_proved(&flight(b"leaf"), None));
        assert!(!is_proved(&Flight::default(), proved) && !is_proved(&Flight::default(), None));
    }

    #[test]
    fn who_has_proved_to_have_a_key_need_not_do_so_again() {
        let leaf = certificate(Template::default()).der;
        let message = |kind: u8, body: &[u8]| [vec![kind], vector::<3>(body)].concat();
        // Of TLS 1.2, with a key exchange over P-256 that somebody else has signed.
        let hello = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat();
        let share = [3, 0, 23, 1, 4, 4, 3, 0, 1, 9];
        let shown = vector::<3>(&vector::<3>(&leaf));
        let flight = [message(2, &hello), message(11, &shown), message(12, &share), message(14, &[])].concat();
        let flight = [vec![flight::HANDSHAKE, 3, 3], vector::<2>(&flight)].concat();
        for (proved_leaf, expected) in [(Some(leaf), Ok(())), (None, Err(Class::Tls))] {
            let settings = TlsSettings { proved_leaf, ..TlsSettings::of_a_test("cas1.example.com") };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let handshake = runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let stream = TcpStream::connect(address).await.unwrap();
                let (mut server, _) = listener.accept().await.unwrap();
                server.write_all(&flight).await.unwrap();
                let peer = Peer { host: "127.0.0.1".to_owned(), address };
                let deadline = Deadline::new(Instant::now(), Duration::from_secs(60));
                read(stream, Approach { peer: &peer, settings: &settings, deadline: &deadline, now: 0 }).await
            });
            assert_eq!(handshake.result.map_err(|error| error.class()), expected);
        }
    }
}
