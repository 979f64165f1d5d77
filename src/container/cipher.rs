//! What does a key open? The ciphers that PKCS#5 and PKCS#12 encrypt with.

use aes::{Aes128, Aes192, Aes256};
use aes_gcm::aead::{AeadInOut, Nonce};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use camellia::{Camellia128, Camellia192, Camellia256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit};
use des::{Des, TdesEde2, TdesEde3};
use rc2::Rc2;
use rc4::{Rc4, StreamCipher};
use x509_parser::asn1_rs::{Oid, oid};

use super::ber::Element;
use super::decryption_error::{DecryptionError, unknown};

/// A cipher and how it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    Aes128Gcm,
    Aes256Gcm,
    Camellia128,
    Camellia192,
    Camellia256,
    Des,
    DesEde2,
    DesEde3,
    /// With the length of its key in octets and what of it counts in bits.
    Rc2 {
        length: usize,
        bits: usize,
    },
    Rc4 {
        length: usize,
    },
}

impl Cipher {
    /// Of an AlgorithmIdentifier of PBES2, with its initialization vector.
    pub(super) fn of(algorithm: &Element<'_>, key_length: Option<usize>) -> Result<(Self, Vec<u8>), DecryptionError> {
        let mut fields = algorithm.sequence()?;
        let id = fields.field()?.oid()?;
        let parameters = fields.field()?;
        if id == RC2_CBC {
            let mut parameters = parameters.sequence()?;
            let version = parameters.field_if(|element| element.number().is_ok())?;
            let bits = match version.map(|version| version.number()).transpose()? {
                // RFC 8018, B.2.3.
                Some(160) => 40,
                Some(120) => 64,
                Some(58) => 128,
                None => 32,
                Some(_) => return Err(unknown(&id)),
            };
            let length = key_length.unwrap_or(bits / 8);
            return Ok((Self::Rc2 { length, bits }, parameters.field()?.octets()?.into_owned()));
        }
        if let Some(&(_, cipher)) = GCMS.iter().find(|(known, _)| *known == id) {
            return Ok((cipher, parameters.sequence()?.field()?.octets()?.into_owned()));
        }
        let (_, cipher) = CBCS.iter().find(|(known, _)| *known == id).ok_or_else(|| unknown(&id))?;
        if key_length.is_some_and(|length| length != cipher.key_length()) {
            return Err(DecryptionError::Malformed);
        }
        Ok((*cipher, parameters.octets()?.into_owned()))
    }

    /// In octets.
    pub(super) const fn key_length(self) -> usize {
        match self {
            Self::Des => 8,
            Self::Aes128 | Self::Aes128Gcm | Self::Camellia128 | Self::DesEde2 => 16,
            Self::Aes192 | Self::Camellia192 | Self::DesEde3 => 24,
            Self::Aes256 | Self::Aes256Gcm | Self::Camellia256 => 32,
            Self::Rc2 { length, .. } | Self::Rc4 { length } => length,
        }
    }

    /// `None` under another key.
    pub(super) fn decrypt(self, key: &[u8], iv: &[u8], encrypted: &[u8]) -> Result<Option<Vec<u8>>, DecryptionError> {
        match self {
            Self::Aes128 => chained::<Aes128>(key, iv, encrypted),
            Self::Aes192 => chained::<Aes192>(key, iv, encrypted),
            Self::Aes256 => chained::<Aes256>(key, iv, encrypted),
            Self::Aes128Gcm => sealed::<Aes128Gcm>(key, iv, encrypted),
            Self::Aes256Gcm => sealed::<Aes256Gcm>(key, iv, encrypted),
            Self::Camellia128 => chained::<Camellia128>(key, iv, encrypted),
            Self::Camellia192 => chained::<Camellia192>(key, iv, encrypted),
            Self::Camellia256 => chained::<Camellia256>(key, iv, encrypted),
            Self::Des => chained::<Des>(key, iv, encrypted),
            Self::DesEde2 => chained::<TdesEde2>(key, iv, encrypted),
            Self::DesEde3 => chained::<TdesEde3>(key, iv, encrypted),
            Self::Rc2 { bits, .. } => match key.len() {
                1..=128 => chained_by(Rc2::new_with_eff_key_len(key, bits), iv, encrypted),
                _ => Err(DecryptionError::Malformed),
            },
            Self::Rc4 { .. } => {
                let mut cipher = Rc4::new_from_slice(key).map_err(|_| DecryptionError::Malformed)?;
                let mut decrypted = encrypted.to_vec();
                cipher.apply_keystream(&mut decrypted);
                Ok(Some(decrypted))
            }
        }
    }
}

fn chained<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    encrypted: &[u8],
) -> Result<Option<Vec<u8>>, DecryptionError> {
    chained_by(C::new_from_slice(key).map_err(|_| DecryptionError::Malformed)?, iv, encrypted)
}

fn chained_by<C: BlockCipherDecrypt>(
    cipher: C,
    iv: &[u8],
    encrypted: &[u8],
) -> Result<Option<Vec<u8>>, DecryptionError> {
    let decryptor = Decryptor::inner_iv_slice_init(cipher, iv).map_err(|_| DecryptionError::Malformed)?;
    let mut decrypted = encrypted.to_vec();
    let length = decryptor.decrypt_padded::<Pkcs7>(&mut decrypted).ok().map(<[u8]>::len);
    Ok(length.map(|length| {
        decrypted.truncate(length);
        decrypted
    }))
}

fn sealed<C: AeadInOut + KeyInit>(
    key: &[u8],
    nonce: &[u8],
    encrypted: &[u8],
) -> Result<Option<Vec<u8>>, DecryptionError> {
    let cipher = C::new_from_slice(key).map_err(|_| DecryptionError::Malformed)?;
    let nonce = <&Nonce<C>>::try_from(nonce).map_err(|_| DecryptionError::Malformed)?;
    let mut decrypted = encrypted.to_vec();
    Ok(cipher.decrypt_in_place(nonce, &[], &mut decrypted).ok().map(|()| decrypted))
}

const RC2_CBC: Oid<'_> = oid!(1.2.840.113549.3.2);

const CBCS: &[(Oid<'_>, Cipher)] = &[
    (oid!(2.16.840.1.101.3.4.1.2), Cipher::Aes128),
    (oid!(2.16.840.1.101.3.4.1.22), Cipher::Aes192),
    (oid!(2.16.840.1.101.3.4.1.42), Cipher::Aes256),
    (oid!(1.2.392.200011.61.1.1.1.2), Cipher::Camellia128),
    (oid!(1.2.392.200011.61.1.1.1.3), Cipher::Camellia192),
    (oid!(1.2.392.200011.61.1.1.1.4), Cipher::Camellia256),
    (oid!(1.3.14.3.2.7), Cipher::Des),
    (oid!(1.2.840.113549.3.7), Cipher::DesEde3),
];

/// RFC 5084.
const GCMS: &[(Oid<'_>, Cipher)] =
    &[(oid!(2.16.840.1.101.3.4.1.6), Cipher::Aes128Gcm), (oid!(2.16.840.1.101.3.4.1.46), Cipher::Aes256Gcm)];

#[cfg(test)]
mod tests {
    use super::super::ber::tests::element;
    use super::*;
    use data_encoding::HEXLOWER;

    #[test]
    fn a_key_of_rc2_is_as_long_as_its_version_says_where_its_derivation_does_not() {
        let length = |version: &[u8], key_length| {
            let parameters = [version, element(4, &[7; 8]).as_slice()].concat();
            let algorithm = [element(6, RC2_CBC.as_bytes()), element(0x30, &parameters)].concat();
            let (cipher, vector) =
                Cipher::of(&Element::first(&element(0x30, &algorithm)).unwrap(), key_length).unwrap();
            assert_eq!(vector, [7; 8]);
            cipher.key_length()
        };
        for (version, octets) in [(160, 5), (120, 8), (58, 16)] {
            let version = element(2, &[0, version]);
            assert_eq!([length(&version, None), length(&version, Some(24))], [octets, 24], "{version:?}");
        }
        assert_eq!(length(&[], None), 4);
    }

    #[test]
    fn what_is_sealed_opens_under_its_own_key_only() {
        // Test cases 2 and 14 of the specification of GCM: zeros, under a key and a nonce of zeros.
        for (cipher, sealed) in [
            (Cipher::Aes128Gcm, "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"),
            (Cipher::Aes256Gcm, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
        ] {
            let sealed = HEXLOWER.decode(sealed.as_bytes()).unwrap();
            let opened = |key: u8, sealed: &[u8]| cipher.decrypt(&vec![key; cipher.key_length()], &[0; 12], sealed);
            assert_eq!(opened(0, &sealed), Ok(Some(vec![0; 16])));
            assert_eq!(opened(1, &sealed), Ok(None));
            assert_eq!(opened(0, &sealed[1..]), Ok(None));
            assert_eq!(cipher.decrypt(&[0; 3], &[0; 12], &sealed), Err(DecryptionError::Malformed));
        }
    }
}
