//! What is in an encrypted private key? EncryptedPrivateKeyInfo of PKCS#8 (RFC 5958), by any encryption that is known.

use x509_parser::asn1_rs::Tag;

use super::ber::Element;
pub use super::decryption_error::DecryptionError;
use super::encryption::Decryption;
use super::passphrase::Passphrase;

/// The PrivateKeyInfo in `encrypted`, in DER.
pub fn decrypt(encrypted: &[u8], passphrase: &str) -> Result<Vec<u8>, DecryptionError> {
    let mut fields = Element::first(encrypted)?.sequence()?;
    let (algorithm, encrypted) = (fields.field()?, fields.field()?.octets()?);
    Decryption::new(Passphrase::new(Some(passphrase))).decrypt(&algorithm, &encrypted, is_private_key)
}

/// Version, algorithm, key.
fn is_private_key(der: &[u8]) -> bool {
    let fields = || {
        let mut fields = Element::first(der)?.sequence()?;
        Ok::<_, super::ber::Malformed>((fields.field()?.number()?, fields.field()?, fields.field()?))
    };
    fields().is_ok_and(|(_, algorithm, key)| algorithm.is(Tag::Sequence) && key.is(Tag::OctetString))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_has_a_version_an_algorithm_and_a_key() {
        assert!(is_private_key(b"\x30\x0b\x02\x01\x00\x30\x02\x05\x00\x04\x02\x30\x00"));
        for other in [
            b"\x30\x0b\x02\x01\x00\x31\x02\x05\x00\x04\x02\x30\x00".as_slice(),
            b"\x30\x0b\x02\x01\x00\x30\x02\x05\x00\x03\x02\x30\x00",
            b"\x30\x07\x02\x01\x00\x30\x02\x05\x00",
            b"",
        ] {
            assert!(!is_private_key(other), "{other:?}");
        }
    }
}
