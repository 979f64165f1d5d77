//! Why does something stay encrypted?

use x509_parser::asn1_rs::Oid;

use super::ber::Malformed;

/// Why something stays encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecryptionError {
    /// It needs another passphrase.
    Passphrase,
    /// Its algorithm is not known: the object identifier.
    Unknown(String),
    /// Its derivation of a key takes too long, or too much memory.
    Costly,
    /// It is not well-formed.
    Malformed,
}

impl From<Malformed> for DecryptionError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// An algorithm that nobody here knows.
pub(super) fn unknown(id: &Oid<'_>) -> DecryptionError {
    DecryptionError::Unknown(id.to_id_string())
}
