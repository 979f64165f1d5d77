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

    #[test]
    fn a_key_that_openssl_encrypted_as_pkcs5_had_it_first_is_opened() {
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let key = "302e020100300506032b6570042204201f7fd314c92bfeda810c45d67377febd56ff909d650094e43641a1413747b510";
        // PBE-MD5-DES and PBE-SHA1-DES, made for this test.
        for encrypted in [
            "3056301a06092a864886f70d010503300d04081ee54c7b52c486300201640438428be733e43c843e08a0466b0222553af6275b306a61215489a76a1716cb2d6daf0d86e520fee04d0790c009dcbeee424a3754eba92897bb",
            "3056301a06092a864886f70d01050a300d0408938e51c03ff9a24f0201640438e555f9c3540ae392ad1c56ba5142f27574e25c6c5dd1e82e46d1cc49bbe881e5e703ead90c280b0ea586272deebff90410f146189c8ae7cd",
        ] {
            assert_eq!(decrypt(&hex(encrypted), "open sesame"), Ok(hex(key)));
            assert_eq!(decrypt(&hex(encrypted), "shut"), Err(DecryptionError::Passphrase));
        }
    }
}
