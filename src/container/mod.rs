//! In what are certificates kept? PEM, PKCS#7, PKCS#12, files of them, and the stores of Windows.

pub mod bundle;
pub(crate) mod collection;
pub mod pem;
pub mod store;

/// The most of a certificate or key file, in bytes.
pub(crate) const MAX_FILE: u64 = 4 * 1024 * 1024;
