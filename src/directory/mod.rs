//! Does the directory answer? An anonymous search of the rootDSE by LDAPv3 (RFC 4511, RFC 4512 section 5.1).
//!
//! [`locator`] finds the controllers, [`message`] encodes and decodes without a socket, [`judge`] decides what an answer is
//! worth, [`probe`] asks a controller over TCP or TLS, [`assessment`] says what came of it.
//!
//! The codec is ours because every library tried fails a test of it; the BER reader below is asn1-rs, which came with
//! x509-parser. ldap3 0.12 (56 crates more, 338 KB) takes no TLS stream but its own, panics at a message without an
//! operation, overflows its stack on nested sequences, lets a message grow until the deadline (170 MB in a second) and
//! waits for more of another protocol instead of naming it. ldap3_proto 0.9 (13, 134 KB) prints an operation that it
//! does not know on standard output and loses the answer of a result code that it does not know; so does rasn-ldap 0.30
//! (19, 156 KB), which refuses Active Directory's notice of disconnection as well. ldap-parser 0.5 (1, 43 KB, 34 lines
//! fewer here) comes nearest: it encodes nothing, takes an entry for whole though one of its attributes is malformed,
//! which can be a false OK, and loses the code of a refusal whose words are not UTF-8.

pub(crate) mod assessment;
pub mod judge;
pub mod locator;
pub mod message;
pub(crate) mod probe;

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::time::deadline::Expired;
use message::{Attribute, LdapMessage, LdapResult, Malformed, SEARCH_ID};

/// What the directory says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootDse {
    /// Its attributes, in the answer's order.
    pub attributes: Vec<Attribute>,
}

impl RootDse {
    /// The values of an attribute, its name compared in any case, without empty ones.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let is_named = move |attribute: &&Attribute| attribute.name.eq_ignore_ascii_case(name);
        let values = self.attributes.iter().filter(is_named).flat_map(|attribute| &attribute.values);
        values.map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of an attribute that has one.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut values = self.values(name);
        values.next().filter(|_| values.next().is_none())
    }
}

/// Why there is no rootDSE.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LdapError {
    #[error(transparent)]
    Expired(#[from] Expired),
    #[error("the connection broke during the search")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The search ended without an entry: whoever that is, Active Directory shows its rootDSE to everybody.
    #[error("the search of the rootDSE found no entry")]
    NoEntry,
    /// More than the one entry that a search of that base can find, or another one.
    #[error("the search of the rootDSE found other entries: expected one, without a name")]
    OtherEntries,
    #[error("the directory answered with result code {0}")]
    Result(LdapResult),
}

/// Searches the rootDSE over a connection, and takes leave.
pub(crate) async fn root_dse(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<RootDse, LdapError> {
    stream.write_all(&message::search(ATTRIBUTES)).await?;
    stream.flush().await?;

    let mut received = Vec::new();
    let mut entry = None;
    loop {
        match next(stream, &mut received).await? {
            LdapMessage::Entry { id: SEARCH_ID, name, attributes } if name.is_empty() && entry.is_none() => {
                entry = Some(RootDse { attributes });
            }
            LdapMessage::Entry { id: SEARCH_ID, .. } => return Err(LdapError::OtherEntries),
            LdapMessage::Done { id: SEARCH_ID, result } | LdapMessage::Notice(result) if result.code != 0 => {
                return Err(LdapError::Result(result));
            }
            LdapMessage::Done { id: SEARCH_ID, .. } => break,
            // A flood of messages for nobody is worked off without a wait, in which the deadline would be seen.
            _ => tokio::task::consume_budget().await,
        }
    }
    // Courtesy: without it some directories log a lost connection. Nobody answers to it.
    let _ = stream.write_all(&message::unbind()).await;
    let _ = stream.flush().await;
    entry.ok_or(LdapError::NoEntry)
}

/// The next message; what was received behind it is left there.
async fn next(stream: &mut (impl AsyncRead + Unpin), received: &mut Vec<u8>) -> Result<LdapMessage, LdapError> {
    loop {
        if let Some(length) = message::length(received)? {
            let message = message::decode(&received[..length])?;
            received.drain(..length);
            return Ok(message);
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await? {
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            count => received.extend_from_slice(&chunk[..count]),
        }
    }
}

/// What is asked for: only what is judged or shown.
const ATTRIBUTES: &[&str] = &[
    "isSynchronized",
    "isGlobalCatalogReady",
    "defaultNamingContext",
    "rootDomainNamingContext",
    "dnsHostName",
    "currentTime",
    "dsServiceName",
];

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &[u8] = b"\x30\x09\x02\x01\x01\x64\x04\x04\x00\x30\x00";
    const NAMED: &[u8] = b"\x30\x0a\x02\x01\x01\x64\x05\x04\x01x\x30\x00";
    const FOUND: &[u8] = b"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00";
    const REFUSED: &[u8] = b"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x08\x04\x00\x04\x00";

    fn searched(messages: &[&[u8]]) -> Result<RootDse, LdapError> {
        let answer = messages.concat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(root_dse(&mut tokio::io::join(answer.as_slice(), tokio::io::sink())))
    }

    #[test]
    fn a_search_finds_one_entry_without_a_name_and_says_that_it_is_over() {
        assert!(searched(&[ENTRY, FOUND]).is_ok());
        for others in [&[ENTRY, ENTRY, FOUND][..], &[NAMED, FOUND], &[ENTRY, NAMED, FOUND]] {
            assert!(matches!(searched(others), Err(LdapError::OtherEntries)));
        }
        assert!(matches!(searched(&[FOUND]), Err(LdapError::NoEntry)));
        for refused in [&[REFUSED][..], &[ENTRY, REFUSED]] {
            assert!(matches!(searched(refused), Err(LdapError::Result(LdapResult { code: 8, .. }))));
        }
        assert!(matches!(searched(&[ENTRY]), Err(LdapError::Io(_))));
    }
}
