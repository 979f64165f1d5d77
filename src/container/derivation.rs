//! Which key does a passphrase make? PKCS#5's, PKCS#12's and scrypt's derivations, by their parameters.

use x509_parser::asn1_rs::{Oid, oid};

use super::ber::Element;
use super::decryption_error::{DecryptionError, unknown};
use super::hash::{Hash, Purpose, Salting};

/// How a key comes out of a passphrase.
pub(super) enum Derivation {
    Pbkdf1 { hash: Hash, salt: Vec<u8>, iterations: u32 },
    Pkcs12 { salt: Vec<u8>, iterations: u32 },
    Pbkdf2 { hash: Hash, salt: Vec<u8>, iterations: u32, length: Option<usize> },
    Scrypt { salt: Vec<u8>, parameters: scrypt::Params, work: u64, length: Option<usize> },
}

impl Derivation {
    /// Of an AlgorithmIdentifier with PBKDF2 or scrypt (RFC 7914).
    pub(super) fn of(algorithm: &Element<'_>) -> Result<Self, DecryptionError> {
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
                if memory.is_none_or(|memory| memory > MAX_SCRYPT_MEMORY) {
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

    pub(super) const fn key_length(&self) -> Option<usize> {
        match self {
            Self::Pbkdf2 { length, .. } | Self::Scrypt { length, .. } => *length,
            Self::Pbkdf1 { .. } | Self::Pkcs12 { .. } => None,
        }
    }

    /// How often something is hashed, about, for a key of so many octets.
    pub(super) fn work(&self, length: usize) -> u64 {
        let times = |hash: Hash| length.div_ceil(hash.length()).max(1) as u64;
        match self {
            Self::Pbkdf1 { iterations, .. } => u64::from(*iterations),
            // The vector, too.
            Self::Pkcs12 { iterations, .. } => u64::from(*iterations) * (times(Hash::Sha1) + 1),
            Self::Pbkdf2 { hash, iterations, .. } => u64::from(*iterations) * times(*hash),
            Self::Scrypt { work, .. } => *work,
        }
    }

    pub(super) fn key(&self, passphrase: &[u8], length: usize) -> Result<Vec<u8>, DecryptionError> {
        let salting = |salt, iterations| Salting { salt, iterations };
        Ok(match self {
            Self::Pbkdf1 { hash, salt, iterations } => {
                hash.pbkdf1(passphrase, salting(salt, *iterations)).ok_or(DecryptionError::Malformed)?
            }
            Self::Pkcs12 { salt, iterations } => {
                Hash::Sha1.pkcs12(passphrase, salting(salt, *iterations), Purpose::Encryption(length))
            }
            Self::Pbkdf2 { hash, salt, iterations, .. } => hash.pbkdf2(passphrase, salting(salt, *iterations), length),
            Self::Scrypt { salt, parameters, .. } => {
                let mut key = vec![0; length];
                scrypt::scrypt(passphrase, salt, parameters, &mut key).map_err(|_| DecryptionError::Malformed)?;
                key
            }
        })
    }
}

/// A number of iterations that is worth a try.
pub(super) fn to_iterations(number: u64) -> Result<u32, DecryptionError> {
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

const PBKDF2: Oid<'_> = oid!(1.2.840.113549.1.5.12);
const SCRYPT: Oid<'_> = oid!(1.3.6.1.4.1.11591.4.11);

/// The longest key that parameters may ask for, in octets.
const MAX_KEY: u64 = 64;

/// How often something may be hashed for one file: some seconds.
pub(super) const MAX_WORK: u64 = 5_000_000;

/// What scrypt may take, in bytes; it is what `openssl pkcs8 -scrypt` asks for.
const MAX_SCRYPT_MEMORY: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::super::ber::tests::element;
    use super::*;

    /// An AlgorithmIdentifier with a salt and these numbers.
    fn of(id: &[u8], numbers: &[&[u8]]) -> Result<Derivation, DecryptionError> {
        let numbers = numbers.iter().flat_map(|number| element(2, number)).collect::<Vec<_>>();
        let parameters = element(0x30, &[element(4, b"salt"), numbers].concat());
        Derivation::of(&Element::first(&element(0x30, &[element(6, id), parameters].concat())).unwrap())
    }

    #[test]
    fn of_pkcs12_the_key_takes_work_and_its_vector_as_well() {
        let work = |length| Derivation::Pkcs12 { salt: Vec::new(), iterations: 1_000 }.work(length);
        // SHA-1 gives 20 octets at a time.
        assert_eq!([work(5), work(20), work(24)], [2_000, 2_000, 3_000]);
    }

    #[test]
    fn what_takes_too_long_or_too_much_memory_is_refused_before_it_is_begun() {
        let pbkdf2 = |numbers: &[&[u8]]| of(PBKDF2.as_bytes(), numbers).map(|derivation| derivation.work(32));
        assert_eq!(pbkdf2(&[&[8, 0]]), Ok(2 * 2048));
        assert_eq!(pbkdf2(&[&[8, 0], &[32]]), Ok(2 * 2048));
        assert_eq!(pbkdf2(&[&[0x4c, 0x4b, 0x41]]), Err(DecryptionError::Costly));
        assert_eq!(pbkdf2(&[&[127; 9]]), Err(DecryptionError::Malformed));
        assert_eq!(pbkdf2(&[&[8, 0], &[65]]), Err(DecryptionError::Malformed));
        assert_eq!(pbkdf2(&[&[0]]), Err(DecryptionError::Malformed));

        let scrypt = |numbers: &[&[u8]]| of(SCRYPT.as_bytes(), numbers).map(|derivation| derivation.work(32));
        assert_eq!(scrypt(&[&[0x40, 0], &[8], &[1]]), Ok(16_384 * 8));
        assert_eq!(scrypt(&[&[0, 0x80, 0], &[8], &[1]]), Err(DecryptionError::Costly));
        assert_eq!(scrypt(&[&[127; 8], &[127; 8], &[1]]), Err(DecryptionError::Costly));
        assert_eq!(scrypt(&[&[0x40, 1], &[8], &[1]]), Err(DecryptionError::Costly));
        assert_eq!(scrypt(&[&[0x30, 0], &[8], &[1]]), Err(DecryptionError::Malformed));
        assert_eq!(scrypt(&[&[0], &[8], &[1]]), Err(DecryptionError::Malformed));
        assert_eq!(scrypt(&[&[2], &[8], &[0]]), Err(DecryptionError::Malformed));
    }
}
