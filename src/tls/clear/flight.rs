//! What does a server send before anything is encrypted? TLS 1.0 to 1.2: our ClientHello, its ServerHello, its certificates.
//!
//! Up to TLS 1.2 the server's first flight travels in the clear, whatever cipher suite it chose: to read a certificate no
//! cryptography is needed, so it can be read of servers whose suites nobody should speak any more. Sans-IO: bytes in, facts
//! out.

use super::element::{take_u16, take_vector};
use super::signed::{RANDOM, SignedParameters};
use crate::tls::version::{Suite, Version};

/// What the server's first flight says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flight {
    /// The version that the server chose.
    pub version: Option<Version>,
    /// The cipher suite that it chose.
    pub suite: Option<Suite>,
    /// Its certificates in DER, leaf first; empty until they have come.
    pub certificates: Vec<Vec<u8>>,
    /// Whether it asks for a client certificate.
    pub client_certificate_asked: bool,
    /// What it has signed, in TLS 1.2.
    pub signed: Option<SignedParameters>,
}

/// Why there is no flight to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlightError {
    /// The bytes are no TLS records.
    #[error("no TLS record")]
    NotTls,
    /// The server refuses with this alert.
    #[error("alert {0}")]
    Alert(u8),
    /// More than any server needs.
    #[error("the server's first flight is longer than {MAX_FLIGHT} bytes")]
    TooLong,
    /// A message that does not keep to its own length, or that has no place here.
    #[error("{0}")]
    Malformed(&'static str),
}

/// Reads a server's first flight, however its bytes are cut.
#[derive(Clone, Debug, Default)]
pub struct FlightReader {
    records: Vec<u8>,
    messages: Vec<u8>,
    received: usize,
    flight: Flight,
    random: [u8; RANDOM],
    has_list: bool,
    has_key_exchange: bool,
    is_complete: bool,
}

impl FlightReader {
    /// Takes what was received.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FlightError> {
        self.received = self.received.saturating_add(bytes.len());
        if self.received > MAX_FLIGHT {
            return Err(FlightError::TooLong);
        }
        self.records.extend_from_slice(bytes);
        let mut records = std::mem::take(&mut self.records);
        let mut start = 0;
        while let Some(record) = record(records.get(start..).unwrap_or_default())? {
            self.take_record(&record)?;
            start += record.length;
        }
        records.drain(..start);
        self.records = records;
        Ok(())
    }

    /// Whether the server has said all that it says in its first flight.
    pub(crate) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Whether it has shown a list of certificates without one.
    pub(crate) const fn shows_nothing(&self) -> bool {
        self.has_list && self.flight.certificates.is_empty()
    }

    /// The suite with which it has to sign its share of the key exchange, though it has not shown such a signature. Before TLS
    /// 1.2 nobody looks at it.
    pub(crate) fn unsigned(&self) -> Option<Suite> {
        let has_signed = match self.flight.version {
            Some(Version::TLS_1_2) => self.flight.signed.is_some(),
            _ => self.has_key_exchange,
        };
        self.flight.suite.filter(|suite| suite.key_exchange().is_some() && !has_signed)
    }

    /// What it has said so far.
    pub const fn flight(&self) -> &Flight {
        &self.flight
    }

    fn take_record(&mut self, record: &Record<'_>) -> Result<(), FlightError> {
        match (record.kind, record.body) {
            _ if self.is_complete => Ok(()),
            // A warning other than close_notify, such as unrecognized_name, ends nothing.
            (ALERT, [1, description]) if *description != 0 => Ok(()),
            (ALERT, [_, description]) => Err(FlightError::Alert(*description)),
            (HANDSHAKE, body) => {
                self.messages.extend_from_slice(body);
                self.take_messages()
            }
            _ => Err(FlightError::Malformed("a record that has no place in a handshake in the clear")),
        }
    }

    fn take_messages(&mut self) -> Result<(), FlightError> {
        // Taken and put back, not copied: the message may come in a million records of one byte.
        let mut messages = std::mem::take(&mut self.messages);
        let mut start = 0;
        while let Some((kind, body)) = message(messages.get(start..).unwrap_or_default()) {
            start += 4 + body.len();
            self.take_message(kind, body).ok_or(FlightError::Malformed("a handshake message that is cut short"))??;
        }
        messages.drain(..start);
        self.messages = messages;
        Ok(())
    }

    /// `None` when the message is shorter than it says.
    fn take_message(&mut self, kind: u8, body: &[u8]) -> Option<Result<(), FlightError>> {
        let has_begun = self.flight.version.is_some();
        match kind {
            SERVER_HELLO if !has_begun => {
                let (version, rest) = take_u16(body)?;
                let (random, rest) = rest.split_first_chunk::<RANDOM>()?;
                let (_session, rest) = take_vector::<1>(rest)?;
                let (suite, _) = take_u16(rest)?;
                (self.flight.version, self.flight.suite) = (Some(Version(version)), Some(Suite(suite)));
                self.random = *random;
            }
            CERTIFICATE if has_begun && self.flight.certificates.is_empty() => {
                let (mut list, _) = take_vector::<3>(body)?;
                self.has_list = true;
                while !list.is_empty() {
                    let (certificate, rest) = take_vector::<3>(list)?;
                    self.flight.certificates.push(certificate.to_vec());
                    list = rest;
                }
            }
            SERVER_KEY_EXCHANGE if has_begun && self.flight.signed.is_none() => {
                let suite = self.flight.suite.filter(|_| self.flight.version == Some(Version::TLS_1_2));
                let key_exchange = suite.and_then(Suite::key_exchange);
                self.flight.signed = key_exchange.and_then(|by| SignedParameters::read(by, &self.random, body));
                self.has_key_exchange = true;
            }
            CERTIFICATE_REQUEST if has_begun => self.flight.client_certificate_asked = true,
            SERVER_HELLO_DONE if has_begun => self.is_complete = true,
            HELLO_REQUEST => {}
            // Certificate status, session ticket: nothing to learn.
            _ if has_begun => {}
            _ => return Some(Err(FlightError::Malformed("a handshake that does not begin with a ServerHello"))),
        }
        Some(Ok(()))
    }
}

/// The alert that ends a connection in order.
pub(crate) fn close_notify(version: Version) -> Vec<u8> {
    let [major, minor] = version.0.to_be_bytes();
    vec![ALERT, major, minor, 0, 2, 1, 0]
}

/// The alert that ends a handshake while it is still in the clear, wherever in `bytes` it stands.
pub fn fatal_alert(mut bytes: &[u8]) -> Option<u8> {
    while let Ok(Some(record)) = record(bytes) {
        match (record.kind, record.body) {
            (ALERT, [FATAL, description]) => return Some(*description),
            (CHANGE_CIPHER_SPEC, _) => return None,
            _ => bytes = bytes.get(record.length..)?,
        }
    }
    None
}

struct Record<'a> {
    kind: u8,
    body: &'a [u8],
    /// With its header.
    length: usize,
}

/// RFC 8446 5.1: content type 20 to 24, then a version whose major part is 3.
pub(crate) const fn may_be_record(begin: &[u8]) -> bool {
    matches!(begin, [] | [20..=24] | [20..=24, 3, ..])
}

/// The first record; `None` until all of it is there.
fn record(bytes: &[u8]) -> Result<Option<Record<'_>>, FlightError> {
    if !may_be_record(bytes) {
        return Err(FlightError::NotTls);
    }
    let Some((header, rest)) = bytes.split_at_checked(5) else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    if length > MAX_RECORD {
        return Err(FlightError::Malformed("a TLS record that is longer than the standard allows"));
    }
    Ok(rest.get(..length).map(|body| Record { kind: header[0], body, length: 5 + length }))
}

/// The first handshake message: its kind and its body, behind a header of 4 bytes. `None` until all of it is there.
fn message(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    take_vector::<3>(rest).map(|(body, _)| (kind, body))
}

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
pub(in crate::tls) const HANDSHAKE: u8 = 22;

const FATAL: u8 = 2;

const HELLO_REQUEST: u8 = 0;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;

/// RFC 5246 6.2.3: the largest encrypted record; what is in the clear is shorter.
const MAX_RECORD: usize = (1 << 14) + 2048;

/// The most bytes of a flight: ten thousand names fit into the certificate.
pub(crate) const MAX_FLIGHT: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::clear::hello::vector;
    use proptest::prelude::*;

    fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
        [vec![kind], vector::<3>(body)].concat()
    }

    fn in_record(messages: &[u8]) -> Vec<u8> {
        [vec![HANDSHAKE, 3, 1], vector::<2>(messages)].concat()
    }

    fn server_hello() -> Vec<u8> {
        handshake(SERVER_HELLO, &[&[3, 1], [7; 32].as_slice(), &[0], &[0, 0x2f], &[0]].concat())
    }

    fn certificate(ders: &[&[u8]]) -> Vec<u8> {
        let list: Vec<u8> = ders.iter().flat_map(|der| vector::<3>(der)).collect();
        handshake(CERTIFICATE, &vector::<3>(&list))
    }

    fn read(chunks: &[&[u8]]) -> Result<FlightReader, FlightError> {
        let mut reader = FlightReader::default();
        chunks.iter().try_for_each(|chunk| reader.push(chunk)).map(|()| reader)
    }

    fn whole() -> Vec<u8> {
        let messages = [
            server_hello(),
            certificate(&[b"leaf", b"issuer"]),
            handshake(CERTIFICATE_REQUEST, &[0; 4]),
            handshake(SERVER_HELLO_DONE, &[]),
        ];
        // One record for the first message, one for the half of the second, one for all that follows.
        let rest = messages[1..].concat();
        [in_record(&messages[0]), in_record(&rest[..9]), in_record(&rest[9..])].concat()
    }

    #[test]
    fn reads_version_suite_chain_and_demand() {
        let bytes = whole();
        let reader = read(&[&bytes]).unwrap();
        let expected = Flight {
            version: Some(Version(0x0301)),
            suite: Some(Suite(0x2f)),
            certificates: vec![b"leaf".to_vec(), b"issuer".to_vec()],
            client_certificate_asked: true,
            signed: None,
        };
        assert_eq!((reader.flight(), reader.is_complete()), (&expected, true));
    }

    #[test]
    fn what_is_signed_is_kept_in_tls_1_2_with_a_key_exchange_that_signs() {
        let signed = |version: u8, suite: [u8; 2]| {
            let hello = handshake(SERVER_HELLO, &[&[3, version], [7; 32].as_slice(), &[0], &suite, &[0]].concat());
            let key_exchange = handshake(SERVER_KEY_EXCHANGE, &[3, 0, 23, 1, 4, 4, 1, 0, 1, 9]);
            let messages = [hello, certificate(&[b"leaf"]), key_exchange].concat();
            read(&[&in_record(&messages)]).unwrap().flight().signed.clone()
        };
        assert!(signed(3, [0xc0, 0x2f]).is_some());
        assert_eq!(signed(2, [0xc0, 0x13]), None);
        assert_eq!(signed(3, [0, 0x2f]), None);
    }

    #[test]
    fn an_alert_is_an_answer_and_a_warning_is_none() {
        assert_eq!(read(&[&[ALERT, 3, 1, 0, 2, 2, 70]]).unwrap_err(), FlightError::Alert(70));
        assert_eq!(read(&[&[ALERT, 3, 1, 0, 2, 1, 0]]).unwrap_err(), FlightError::Alert(0));
        let bytes = [[ALERT, 3, 1, 0, 2, 1, 112].as_slice(), &whole()].concat();
        assert!(read(&[&bytes]).unwrap().is_complete());
    }

    #[test]
    fn a_fatal_alert_is_found_behind_the_flight_and_not_behind_encryption() {
        let alert = [ALERT, 3, 1, 0, 2, FATAL, 40];
        assert_eq!(fatal_alert(&[whole().as_slice(), &alert].concat()), Some(40));
        assert_eq!(fatal_alert(&[[CHANGE_CIPHER_SPEC, 3, 1, 0, 1, 1].as_slice(), &alert].concat()), None);
        assert_eq!(fatal_alert(&whole()), None);
    }

    #[test]
    fn what_is_no_tls_is_seen_at_the_first_bytes() {
        assert_eq!(read(&[b"H"]).unwrap_err(), FlightError::NotTls);
        assert_eq!(read(&[&[22, 9]]).unwrap_err(), FlightError::NotTls);
        assert_eq!(
            read(&[&[23, 3, 3, 0, 1, 0]]).map(|_| ()).unwrap_err().to_string(),
            "a record that has no place in a handshake in the clear"
        );
    }

    #[test]
    fn an_endless_flight_is_ended() {
        let filler = in_record(&handshake(22, &[0; 16_000]));
        let mut reader = read(&[&in_record(&server_hello())]).unwrap();
        let ended = (0..100).find_map(|_| reader.push(&filler).err());
        assert_eq!(ended, Some(FlightError::TooLong));
    }

    #[test]
    fn a_message_that_lies_about_its_length_is_refused() {
        let bytes = [in_record(&server_hello()), in_record(&handshake(CERTIFICATE, &[0, 0, 9, 0, 0, 1, 7]))].concat();
        assert!(matches!(read(&[&bytes]).unwrap_err(), FlightError::Malformed(_)));
        assert!(matches!(read(&[&in_record(&certificate(&[]))]).unwrap_err(), FlightError::Malformed(_)));
    }

    proptest! {
        #[test]
        fn the_cut_changes_nothing(cuts in prop::collection::vec(1_usize..40, 0..30)) {
            let bytes = whole();
            let mut rest = bytes.as_slice();
            let mut chunks = Vec::new();
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                chunks.push(head);
                rest = tail;
            }
            chunks.push(rest);
            let (cut, uncut) = (read(&chunks).unwrap(), read(&[&bytes]).unwrap());
            prop_assert_eq!(cut.flight(), uncut.flight());
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), place in any::<prop::sample::Index>(), value: u8) {
            let _ = read(&[&bytes]);
            let mut changed = whole();
            let place = place.index(changed.len());
            changed[place] = value;
            let _ = read(&[&changed]);
        }
    }

    #[test]
    fn what_follows_the_whole_flight_is_not_looked_at() {
        let encrypted = [CHANGE_CIPHER_SPEC, 3, 1, 0, 1, 1];
        let alert = [ALERT, 3, 1, 0, 2, FATAL, 40];
        for more in [encrypted.as_slice(), &alert] {
            assert!(read(&[&whole(), more]).unwrap().is_complete());
        }
    }

    #[test]
    fn no_message_counts_in_front_of_the_server_hello() {
        for kind in [CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE, 4] {
            let error = read(&[&in_record(&handshake(kind, &[0; 4]))]).unwrap_err();
            assert_eq!(error.to_string(), "a handshake that does not begin with a ServerHello", "{kind}");
        }
    }
}
