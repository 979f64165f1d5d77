//! What does a TLS server show? A connection, or why not, and in both cases all that was seen.
//!
//! A handshake refuses no certificate: trust, name and validity are judged afterwards by [`crate::x509`], each as a class
//! of its own, so that an expired certificate is reported as that and with its date. What a handshake does prove is that
//! the server has the key of the leaf. [`mod@rustls`] speaks modern TLS, [`legacy`] what came before it, [`clear`] reads the
//! certificates without a key; [`backend`] and [`inspect`] choose among them.

pub(crate) mod assessment;
pub(crate) mod backend;
pub mod clear;
pub(crate) mod connection;
pub(crate) mod error;
pub mod identity;
pub(crate) mod inspect;
mod legacy;
mod possession;
pub(crate) mod rustls;
pub(crate) mod served;
pub(crate) mod settings;
pub mod starttls;
mod tap;
pub(crate) mod version;
