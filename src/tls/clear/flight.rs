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
mod tests;
