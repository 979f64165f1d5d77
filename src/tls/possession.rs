//! Has a server the key of the certificate that it shows? What it signed in the handshake tells: proved, disproved, or not to be said.

use rustls::SignatureScheme;

use super::settings::Keys;
use crate::trust::signature::{Check, check_handshake};
use crate::x509::Certificate;
use crate::x509::algorithm::Key;
use crate::x509::parts::Parts;

/// Why a server has not proved that it has the key of its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    /// Somebody else has signed, or nobody.
    #[error("its signature is wrong")]
    Wrong,
    /// No such key signs so.
    #[error("it signs with the scheme 0x{scheme:04x}, which is not for a key of {key}")]
    Unfit { scheme: u16, key: Key },
    #[error("its key is {key}, expected at least {} bits", .key.least_bits())]
    Short { key: Key },
    #[error("it signs with the scheme 0x{scheme:04x}, which this check cannot verify under a key of {key}")]
    Unverifiable { scheme: u16, key: Key },
    #[error("its certificate cannot be read")]
    Unreadable,
}

impl KeyError {
    /// Whether it was somebody else.
    pub(super) const fn disproves(self) -> bool {
        matches!(self, Self::Wrong | Self::Unfit { .. })
    }
}

/// Whether the holder of the leaf's key has signed `message`, whatever else is wrong with the leaf.
pub(super) fn check_possession(
    leaf: &[u8],
    scheme: SignatureScheme,
    message: &[u8],
    signature: &[u8],
) -> Result<(), KeyError> {
    let parts = Parts::of_der(leaf).ok_or(KeyError::Unreadable)?;
    let check = check_handshake(scheme, parts.key, message, signature);
    if check == Check::Good {
        return Ok(());
    }
    let key = Certificate::from_der(leaf).map_err(|_| KeyError::Unreadable)?.key;
    let (scheme, kind) = (scheme.into(), Keys::of(key.kind));
    Err(match check {
        Check::Unverifiable if kind != Keys::Any && kind != Keys::that_sign(scheme) => KeyError::Unfit { scheme, key },
        _ if key.is_short() => KeyError::Short { key },
        Check::Unverifiable => KeyError::Unverifiable { scheme, key },
        _ => KeyError::Wrong,
    })
}
