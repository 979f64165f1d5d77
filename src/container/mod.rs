//! In what are certificates kept? PEM, PKCS#7, PKCS#12, Java keystores, files of them, and the stores of Windows.
//!
//! ```text
//! content -> pem, ber -> pkcs7, pkcs12 (passphrase, encryption: derivation and cipher, hash), trusted, java -> bundle::read -> Bundle -> Chain, anchors
//! system's roots -> pem -> roots::roots -> those that may have issued a chain
//! ```

mod ber;
pub mod bundle;
mod cipher;
pub(crate) mod collection;
mod decryption_error;
mod derivation;
mod encryption;
mod hash;
mod java;
mod passphrase;
pub mod pem;
mod pkcs12;
mod pkcs7;
pub mod pkcs8;
pub(crate) mod roots;
pub mod store;
mod trusted;

/// The most of a certificate or key file, in bytes.
pub(crate) const MAX_FILE: u64 = 4 * 1024 * 1024;
