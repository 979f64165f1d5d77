//! In what are certificates kept? PEM, PKCS#7, PKCS#12, files of them, and the stores of Windows.
//!
//! ```text
//! content -> pem, ber -> pkcs7, pkcs12 (encryption, hash, passphrase), trusted -> bundle::read -> Bundle -> Chain, anchors
//! ```

mod ber;
pub mod bundle;
pub(crate) mod collection;
mod encryption;
mod hash;
mod passphrase;
pub mod pem;
mod pkcs12;
mod pkcs7;
pub mod pkcs8;
pub mod store;
mod trusted;

/// The most of a certificate or key file, in bytes.
pub(crate) const MAX_FILE: u64 = 4 * 1024 * 1024;
