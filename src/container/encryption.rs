//! What is behind a passphrase? Encryption as PKCS#5 (RFC 8018) and PKCS#12 (RFC 7292) have it, within a bound of work and memory.

use x509_parser::asn1_rs::{Oid, oid};

use super::ber::Element;
use super::cipher::Cipher;
use super::decryption_error::{DecryptionError, unknown};
use super::derivation::{Derivation, MAX_WORK, to_iterations};
use super::hash::{Hash, Purpose, Salting};
use super::passphrase::Passphrase;

/// Opens what one passphrase protects, and ends when it has worked enough.
pub(crate) struct Decryption<'a> {
    passphrase: Passphrase<'a>,
    work_left: u64,
}

impl<'a> Decryption<'a> {
    pub(crate) const fn new(passphrase: Passphrase<'a>) -> Self {
        Self { passphrase, work_left: MAX_WORK }
    }

    /// Decrypts `encrypted` as `algorithm`, an AlgorithmIdentifier, says; it is what was meant if `is_right`, because one in
    /// 256 wrong passphrases leaves a padding that looks right.
    pub(crate) fn decrypt(
        &mut self,
        algorithm: &Element<'_>,
        encrypted: &[u8],
        is_right: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<u8>, DecryptionError> {
        let scheme = Scheme::of(algorithm)?;
        let ways = if scheme.is_of_pkcs12() { self.passphrase.in_utf_16() } else { self.passphrase.in_bytes() };
        for way in ways {
            self.spend(scheme.work())?;
            let (key, iv) = scheme.key(&way)?;
            if let Some(decrypted) =
                scheme.cipher.decrypt(&key, &iv, encrypted)?.filter(|decrypted| is_right(decrypted))
            {
                return Ok(decrypted);
            }
        }
        Err(DecryptionError::Passphrase)
    }

    /// Whether `mac`, a MacData of PKCS#12, is that of `content`.
    pub(crate) fn has_mac(&mut self, mac_data: &Element<'_>, content: &[u8]) -> Result<bool, DecryptionError> {
        let mut fields = mac_data.sequence()?;
        let mut digest_info = fields.field()?.sequence()?;
        let (algorithm, mac) = (digest_info.field()?, digest_info.field()?.octets()?);
        let salt = fields.field()?.octets()?;
        let iterations = fields.next().transpose()?.map_or(Ok(1), |element| element.number())?;

        let mut algorithm = algorithm.sequence()?;
        let id = algorithm.field()?.oid()?;
        // RFC 9579: the key is derived as for PBES2, and salt and iterations beside it mean nothing.
        if id == PBMAC1 {
            let mut parameters = algorithm.field()?.sequence()?;
            let (derivation, scheme) = (parameters.field()?, parameters.field()?);
            let scheme = scheme.sequence()?.field()?.oid()?;
            let hash = Hash::of_hmac(&scheme).ok_or_else(|| unknown(&scheme))?;
            let derivation = Derivation::of(&derivation)?;
            let length = derivation.key_length().unwrap_or_else(|| hash.length());
            for way in self.passphrase.in_bytes() {
                self.spend(derivation.work(length))?;
                if hash.is_mac(&derivation.key(&way, length)?, content, &mac) {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let hash = Hash::of_digest(&id).ok_or_else(|| unknown(&id))?;
        let iterations = to_iterations(iterations)?;
        let salting = Salting { salt: &salt, iterations };
        for way in self.passphrase.in_utf_16() {
            self.spend(u64::from(iterations))?;
            if hash.is_mac(&hash.pkcs12(&way, salting, Purpose::Mac(hash.length())), content, &mac) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn spend(&mut self, work: u64) -> Result<(), DecryptionError> {
        self.work_left = self.work_left.checked_sub(work).ok_or(DecryptionError::Costly)?;
        Ok(())
    }
}

/// How a key is derived and what is done with it.
struct Scheme {
    derivation: Derivation,
    cipher: Cipher,
    iv: Option<Vec<u8>>,
}

impl Scheme {
    fn of(algorithm: &Element<'_>) -> Result<Self, DecryptionError> {
        let mut fields = algorithm.sequence()?;
        let id = fields.field()?.oid()?;
        let mut parameters = fields.field()?.sequence()?;
        if id == PBES2 {
            let (derivation, cipher) = (parameters.field()?, parameters.field()?);
            let derivation = Derivation::of(&derivation)?;
            let (cipher, iv) = Cipher::of(&cipher, derivation.key_length())?;
            return Ok(Self { derivation, cipher, iv: Some(iv) });
        }
        let (salt, iterations) =
            (parameters.field()?.octets()?.into_owned(), to_iterations(parameters.field()?.number()?)?);
        if let Some(&(_, hash, cipher)) = PBES1.iter().find(|(known, _, _)| *known == id) {
            return Ok(Self { derivation: Derivation::Pbkdf1 { hash, salt, iterations }, cipher, iv: None });
        }
        let (_, cipher) = PKCS12.iter().find(|(known, _)| *known == id).ok_or_else(|| unknown(&id))?;
        Ok(Self { derivation: Derivation::Pkcs12 { salt, iterations }, cipher: *cipher, iv: None })
    }

    const fn is_of_pkcs12(&self) -> bool {
        matches!(self.derivation, Derivation::Pkcs12 { .. })
    }

    fn work(&self) -> u64 {
        self.derivation.work(self.cipher.key_length())
    }

    fn key(&self, passphrase: &[u8]) -> Result<(Vec<u8>, Vec<u8>), DecryptionError> {
        let length = self.cipher.key_length();
        let key = self.derivation.key(passphrase, length)?;
        match (&self.derivation, &self.iv) {
            (_, Some(iv)) => Ok((key, iv.clone())),
            (Derivation::Pkcs12 { salt, iterations }, None) => {
                let salting = Salting { salt, iterations: *iterations };
                let iv = Hash::Sha1.pkcs12(passphrase, salting, Purpose::InitializationVector(DES_BLOCK));
                Ok((key, iv))
            }
            // Key and vector are one behind the other.
            (Derivation::Pbkdf1 { .. }, None) => {
                Ok((key[..DES_BLOCK].to_vec(), key[DES_BLOCK..2 * DES_BLOCK].to_vec()))
            }
            (_, None) => Err(DecryptionError::Malformed),
        }
    }
}

const PBES2: Oid<'_> = oid!(1.2.840.113549.1.5.13);
const PBMAC1: Oid<'_> = oid!(1.2.840.113549.1.5.14);
/// RFC 8018, A.3.
const PBES1: &[(Oid<'_>, Hash, Cipher)] = &[
    (oid!(1.2.840.113549.1.5.3), Hash::Md5, Cipher::Des),
    (oid!(1.2.840.113549.1.5.6), Hash::Md5, Cipher::Rc2 { length: 8, bits: 64 }),
    (oid!(1.2.840.113549.1.5.10), Hash::Sha1, Cipher::Des),
    (oid!(1.2.840.113549.1.5.11), Hash::Sha1, Cipher::Rc2 { length: 8, bits: 64 }),
];

/// RFC 7292, appendix C.
const PKCS12: &[(Oid<'_>, Cipher)] = &[
    (oid!(1.2.840.113549.1.12.1.1), Cipher::Rc4 { length: 16 }),
    (oid!(1.2.840.113549.1.12.1.2), Cipher::Rc4 { length: 5 }),
    (oid!(1.2.840.113549.1.12.1.3), Cipher::DesEde3),
    (oid!(1.2.840.113549.1.12.1.4), Cipher::DesEde2),
    (oid!(1.2.840.113549.1.12.1.5), Cipher::Rc2 { length: 16, bits: 128 }),
    (oid!(1.2.840.113549.1.12.1.6), Cipher::Rc2 { length: 5, bits: 40 }),
];

/// In octets.
const DES_BLOCK: usize = 8;

#[cfg(test)]
mod tests {
    use super::super::ber::tests::element;
    use super::*;

    #[test]
    fn nothing_is_begun_that_takes_more_work_than_is_left() {
        // A key of RC2 and its vector, four rounds for each.
        let (id, _) = &PKCS12[5];
        let parameters = [element(4, b"salt"), element(2, &[4])].concat();
        let algorithm = element(0x30, &[element(6, id.as_bytes()), element(0x30, &parameters)].concat());
        let opened = |work_left| {
            let mut decryption = Decryption { passphrase: Passphrase::new(Some("x")), work_left };
            decryption.decrypt(&Element::first(&algorithm).unwrap(), &[0; DES_BLOCK], |_| false)
        };
        assert_eq!(opened(7), Err(DecryptionError::Costly));
        assert_eq!(opened(8), Err(DecryptionError::Passphrase));
    }
}
