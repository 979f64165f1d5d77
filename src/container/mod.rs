//! In what are certificates kept? PEM, PKCS#7, PKCS#12, files of them, and the stores of Windows.

pub mod bundle;
pub mod collection;
pub mod pem;
pub mod store;
