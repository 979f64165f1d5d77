//! What is behind a passphrase? Encryption as PKCS#5 (RFC 8018) and PKCS#12 (RFC 7292) have it, within a bound of work and memory.

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

use super::ber::{Element, Malformed};
use super::hash::{Hash, Purpose};
use super::passphrase::Passphrase;

/// Why something stays encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecryptionError {
    /// It needs another passphrase.
    Passphrase,
    /// Its algorithm is not known: the object identifier.
    Unknown(String),
    /// Its derivation of a key takes too long, or too much memory.
    Costly,
    /// It is not well-formed.
    Malformed,
}

impl From<Malformed> for DecryptionError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

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
        for way in self.passphrase.in_utf_16() {
            self.spend(u64::from(iterations))?;
            if hash.is_mac(&hash.pkcs12(&way, (&salt, iterations), Purpose::Mac, hash.length()), content, &mac) {
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

/// How a key comes out of a passphrase.
enum Derivation {
    Pbkdf1 { hash: Hash, salt: Vec<u8>, iterations: u32 },
    Pkcs12 { salt: Vec<u8>, iterations: u32 },
    Pbkdf2 { hash: Hash, salt: Vec<u8>, iterations: u32, length: Option<usize> },
    Scrypt { salt: Vec<u8>, parameters: scrypt::Params, work: u64, length: Option<usize> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cipher {
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
                let iv = Hash::Sha1.pkcs12(passphrase, (salt, *iterations), Purpose::InitializationVector, DES_BLOCK);
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

impl Derivation {
    /// Of an AlgorithmIdentifier with PBKDF2 or scrypt (RFC 7914).
    fn of(algorithm: &Element<'_>) -> Result<Self, DecryptionError> {
        let mut fields = algorithm.sequence()?;
        let id = fields.field()?.oid()?;
        if id != PBKDF2 && id != SCRYPT {
            return Err(unknown(&id));
        }
        let mut parameters = fields.field()?.sequence()?;
        let salt = parameters.field()?.octets()?.into_owned();
        let mut numbers = Vec::new();
        while let Some(number) = parameters.field_if(|element| element.number().is_ok())? {
            numbers.push(number.number()?);
        }
        match (id == PBKDF2, numbers.as_slice()) {
            (true, [iterations, length @ ..]) => {
                let hash = match parameters.next().transpose()? {
                    Some(prf) => {
                        let id = prf.sequence()?.field()?.oid()?;
                        Hash::of_hmac(&id).ok_or_else(|| unknown(&id))?
                    }
                    None => Hash::Sha1,
                };
                Ok(Self::Pbkdf2 { hash, salt, iterations: to_iterations(*iterations)?, length: to_length(length)? })
            }
            (false, &[cost, block_size, parallelization, ref length @ ..]) => {
                let memory = cost.checked_mul(block_size).and_then(|product| product.checked_mul(128));
                if !memory.is_some_and(|memory| memory <= MAX_SCRYPT_MEMORY) {
                    return Err(DecryptionError::Costly);
                }
                let small = |number: u64| u32::try_from(number).map_err(|_| DecryptionError::Costly);
                let log_cost =
                    cost.checked_ilog2().filter(|log| 1 << log == cost).and_then(|log| u8::try_from(log).ok());
                let log_cost = log_cost.ok_or(DecryptionError::Malformed)?;
                let parameters = scrypt::Params::new(log_cost, small(block_size)?, small(parallelization)?);
                let parameters = parameters.map_err(|_| DecryptionError::Malformed)?;
                let work = cost.saturating_mul(block_size).saturating_mul(parallelization);
                Ok(Self::Scrypt { salt, parameters, work, length: to_length(length)? })
            }
            _ => Err(DecryptionError::Malformed),
        }
    }

    const fn key_length(&self) -> Option<usize> {
        match self {
            Self::Pbkdf2 { length, .. } | Self::Scrypt { length, .. } => *length,
            Self::Pbkdf1 { .. } | Self::Pkcs12 { .. } => None,
        }
    }

    /// How often something is hashed, about, for a key of so many octets.
    fn work(&self, length: usize) -> u64 {
        let times = |hash: Hash| length.div_ceil(hash.length()).max(1) as u64;
        match self {
            Self::Pbkdf1 { iterations, .. } => u64::from(*iterations),
            // The vector, too.
            Self::Pkcs12 { iterations, .. } => u64::from(*iterations) * (times(Hash::Sha1) + 1),
            Self::Pbkdf2 { hash, iterations, .. } => u64::from(*iterations) * times(*hash),
            Self::Scrypt { work, .. } => *work,
        }
    }

    fn key(&self, passphrase: &[u8], length: usize) -> Result<Vec<u8>, DecryptionError> {
        Ok(match self {
            Self::Pbkdf1 { hash, salt, iterations } => hash.pbkdf1(passphrase, salt, *iterations),
            Self::Pkcs12 { salt, iterations } => {
                Hash::Sha1.pkcs12(passphrase, (salt, *iterations), Purpose::Encryption, length)
            }
            Self::Pbkdf2 { hash, salt, iterations, .. } => hash.pbkdf2(passphrase, salt, *iterations, length),
            Self::Scrypt { salt, parameters, .. } => {
                let mut key = vec![0; length];
                scrypt::scrypt(passphrase, salt, parameters, &mut key).map_err(|_| DecryptionError::Malformed)?;
                key
            }
        })
    }
}

impl Cipher {
    /// Of an AlgorithmIdentifier of PBES2, with its initialization vector.
    fn of(algorithm: &Element<'_>, key_length: Option<usize>) -> Result<(Self, Vec<u8>), DecryptionError> {
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
    const fn key_length(self) -> usize {
        match self {
            Self::Des => 8,
            Self::Aes128 | Self::Aes128Gcm | Self::Camellia128 | Self::DesEde2 => 16,
            Self::Aes192 | Self::Camellia192 | Self::DesEde3 => 24,
            Self::Aes256 | Self::Aes256Gcm | Self::Camellia256 => 32,
            Self::Rc2 { length, .. } | Self::Rc4 { length } => length,
        }
    }

    /// `None` under another key.
    fn decrypt(self, key: &[u8], iv: &[u8], encrypted: &[u8]) -> Result<Option<Vec<u8>>, DecryptionError> {
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

fn unknown(id: &Oid<'_>) -> DecryptionError {
    DecryptionError::Unknown(id.to_id_string())
}

fn to_iterations(number: u64) -> Result<u32, DecryptionError> {
    match u32::try_from(number) {
        Ok(0) => Err(DecryptionError::Malformed),
        Ok(iterations) if number <= MAX_WORK => Ok(iterations),
        _ => Err(DecryptionError::Costly),
    }
}

/// The length of a key that parameters may name, in octets.
fn to_length(numbers: &[u64]) -> Result<Option<usize>, DecryptionError> {
    match numbers {
        [] => Ok(None),
        &[length @ 1..=MAX_KEY] => Ok(usize::try_from(length).ok()),
        _ => Err(DecryptionError::Malformed),
    }
}

const PBES2: Oid<'_> = oid!(1.2.840.113549.1.5.13);
const PBMAC1: Oid<'_> = oid!(1.2.840.113549.1.5.14);
const PBKDF2: Oid<'_> = oid!(1.2.840.113549.1.5.12);
const SCRYPT: Oid<'_> = oid!(1.3.6.1.4.1.11591.4.11);
const RC2_CBC: Oid<'_> = oid!(1.2.840.113549.3.2);

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

/// In octets.
const DES_BLOCK: usize = 8;

/// The longest key that parameters may ask for, in octets.
const MAX_KEY: u64 = 64;

/// How often something may be hashed for one file: some seconds.
pub(super) const MAX_WORK: u64 = 5_000_000;

/// What scrypt may take, in bytes; it is what `openssl pkcs8 -scrypt` asks for.
const MAX_SCRYPT_MEMORY: u64 = 16 << 20;
