//! What of TLS 1.0 to 1.2 is left to a library of the system? OpenSSL (feature `legacy-tls`), on Windows SChannel.

#[cfg(windows)]
mod client_key;
#[cfg(any(feature = "legacy-tls", windows))]
mod ended;
#[cfg(any(feature = "legacy-tls", windows))]
mod handshake;
#[cfg(any(test, windows))]
mod key_blob;
#[cfg(all(feature = "legacy-tls", not(windows)))]
mod openssl;
#[cfg(any(test, windows))]
mod polled;
#[cfg(windows)]
mod schannel;

#[cfg(any(feature = "legacy-tls", windows))]
pub(super) use self::handshake::connect;
