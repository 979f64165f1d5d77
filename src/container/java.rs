//! Which certificates are in a Java keystore? JKS and JCEKS, which store them in the clear.
//!
//! By hand, because the crate that reads them allocates as many entries as the file claims to have.

use ring::digest;

use super::passphrase::Passphrase;

/// The certificates of a keystore, in DER, as far as they can be found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Keystore<'a> {
    pub certificates: Vec<&'a [u8]>,
    /// The place of the first one whose key is there, too.
    pub leaf: Option<usize>,
    /// Why there may be more.
    pub error: Option<KeystoreError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeystoreError {
    /// It has another passphrase, or was changed.
    Passphrase,
    /// A secret key stands before the rest of it: a Java object, of which nobody else knows the length.
    SecretKey,
    /// It is not well-formed.
    Malformed,
}

/// Whether `content` begins like one.
pub(super) fn is_one(content: &[u8]) -> bool {
    [JKS, JCEKS].iter().any(|magic| content.starts_with(magic))
}

/// The certificates of `content`, `max` at the most, and one more to tell that there are more. A passphrase that is given
/// must fit.
pub(super) fn certificates<'a>(
    content: &'a [u8],
    passphrase: Passphrase<'_>,
    max: usize,
) -> Result<Keystore<'a>, KeystoreError> {
    let (signed, seal) = content.split_last_chunk::<SEAL>().ok_or(KeystoreError::Malformed)?;
    if let Some(secret) = passphrase.in_utf_16_of_java() {
        let sealed = [&secret, SALT, signed].concat();
        if digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &sealed).as_ref() != seal {
            return Err(KeystoreError::Passphrase);
        }
    }
    let mut reading = Reading { rest: signed, is_typed: false, certificates: Vec::new(), leaf: None, max };
    let error = reading.read().err();
    Ok(Keystore { certificates: reading.certificates, leaf: reading.leaf, error })
}

struct Reading<'a> {
    rest: &'a [u8],
    /// Whether each certificate says of which type it is.
    is_typed: bool,
    certificates: Vec<&'a [u8]>,
    leaf: Option<usize>,
    max: usize,
}

impl<'a> Reading<'a> {
    fn read(&mut self) -> Result<(), KeystoreError> {
        let (_magic, version) = (self.number()?, self.number()?);
        self.is_typed = match version {
            1 => false,
            2 => true,
            _ => return Err(KeystoreError::Malformed),
        };
        let entries = self.number()?;
        for _ in 0..entries {
            let kind = self.number()?;
            let _alias = self.text()?;
            let _created = self.bytes(8)?;
            match kind {
                PRIVATE_KEY => {
                    let length = self.number()?;
                    let _key = self.bytes(length)?;
                    let chain = self.number()?;
                    self.leaf = self.leaf.or(Some(self.certificates.len()));
                    for _ in 0..chain {
                        self.certificate()?;
                    }
                }
                TRUSTED_CERTIFICATE => self.certificate()?,
                SECRET_KEY => return Err(KeystoreError::SecretKey),
                _ => return Err(KeystoreError::Malformed),
            }
            if self.certificates.len() > self.max {
                break;
            }
        }
        Ok(())
    }

    fn certificate(&mut self) -> Result<(), KeystoreError> {
        let is_x509 = !self.is_typed || TYPES.contains(&self.text()?);
        let length = self.number()?;
        let der = self.bytes(length)?;
        if is_x509 && self.certificates.len() <= self.max {
            self.certificates.push(der);
        }
        Ok(())
    }

    fn text(&mut self) -> Result<&'a [u8], KeystoreError> {
        let length = u16::from_be_bytes(self.array()?);
        self.bytes(length.into())
    }

    fn number(&mut self) -> Result<u32, KeystoreError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], KeystoreError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(KeystoreError::Malformed)?;
        self.rest = rest;
        Ok(*array)
    }

    fn bytes(&mut self, length: u32) -> Result<&'a [u8], KeystoreError> {
        let length = usize::try_from(length).map_err(|_| KeystoreError::Malformed)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(KeystoreError::Malformed)?;
        self.rest = rest;
        Ok(bytes)
    }
}

const JKS: &[u8] = &[0xfe, 0xed, 0xfe, 0xed];
const JCEKS: &[u8] = &[0xce, 0xce, 0xce, 0xce];

const PRIVATE_KEY: u32 = 1;
const TRUSTED_CERTIFICATE: u32 = 2;
const SECRET_KEY: u32 = 3;

/// What Java calls the type of a certificate.
const TYPES: &[&[u8]] = &[b"X.509", b"X509"];

/// The length of the digest at the end, in bytes.
const SEAL: usize = 20;

/// What stands between passphrase and content where the digest is made.
const SALT: &[u8] = b"Mighty Aphrodite";

#[cfg(test)]
mod tests {
    use super::*;

    const KEYSTORE: &[u8] = include_bytes!("../../tests/fixtures/x509/java.jks");

    #[test]
    fn the_passphrase_must_fit_if_there_is_one() {
        let read = |given| certificates(KEYSTORE, Passphrase::new(given), 100).map(|found| found.certificates.len());
        assert_eq!(read(None), Ok(2));
        assert_eq!(read(Some("open sesame")), Ok(2));
        assert_eq!(read(Some("shut")), Err(KeystoreError::Passphrase));
    }

    #[test]
    fn what_was_found_before_the_end_is_kept() {
        for end in 0..KEYSTORE.len() {
            if let Ok(found) = certificates(&KEYSTORE[..end], Passphrase::new(None), 100) {
                assert!(found.error == Some(KeystoreError::Malformed) || found.certificates.len() == 2);
            }
        }
    }

    #[test]
    fn a_file_that_claims_more_than_it_has_takes_no_memory() {
        let mut keystore = KEYSTORE.to_vec();
        keystore[8..12].copy_from_slice(&[0xff; 4]);
        let found = certificates(&keystore, Passphrase::new(None), 100).unwrap();
        assert_eq!((found.certificates.len(), found.error), (2, Some(KeystoreError::Malformed)));
    }

    #[test]
    fn certificates_of_other_types_and_more_than_anybody_wants_are_passed_over() {
        let certificate =
            |kind: &[u8], der: u8| [&[0, u8::try_from(kind.len()).unwrap()], kind, &[0, 0, 0, 1], &[der]].concat();
        let chain =
            [certificate(b"X.509", 1), certificate(b"PGP", 2), certificate(b"X509", 3), certificate(b"X.509", 4)];
        let key = [PRIVATE_KEY.to_be_bytes().as_slice(), &[0, 1, b'x'], &[0; 8], &[0; 4], &[0, 0, 0, 4]].concat();
        let keystore = [JKS, &[0, 0, 0, 2], &[0, 0, 0, 1], &key, &chain.concat(), &[0; SEAL]].concat();
        let found = |max| certificates(&keystore, Passphrase::new(None), max).unwrap().certificates.concat();
        assert_eq!(found(100), [1, 3, 4]);
        // One more, to tell that there are more.
        assert_eq!(found(1), [1, 3]);
    }

    #[test]
    fn in_the_first_version_every_certificate_is_one_of_x_509_and_one_too_many_ends_it() {
        let entry = |der: u8| [[0, 0, 0, 2].as_slice(), &[0, 1, b'x'], &[0; 8], &[0, 0, 0, 1], &[der]].concat();
        let entries = [1, 2, 3].map(entry).concat();
        let keystore = |version| [JKS, &[0, 0, 0, version], &[0, 0, 0, 3], &entries, &[0; SEAL]].concat();
        let found = |max| certificates(&keystore(1), Passphrase::new(None), max).unwrap().certificates.concat();
        assert_eq!([found(3), found(1)], [vec![1, 2, 3], vec![1, 2]]);
        let (unknown, passphrase) = (keystore(3), Passphrase::new(None));
        assert_eq!(certificates(&unknown, passphrase, 3).unwrap().error, Some(KeystoreError::Malformed));
    }

    #[test]
    fn a_secret_key_hides_what_is_behind_it() {
        let entry = [[0, 0, 0, 3].as_slice(), &[0, 1, b'x'], &[0; 8], &[0xac, 0xed], &[0; SEAL]].concat();
        let keystore = [JCEKS, &[0, 0, 0, 2], &[0, 0, 0, 1], &entry].concat();
        let found = certificates(&keystore, Passphrase::new(None), 100).unwrap();
        assert_eq!(found.error, Some(KeystoreError::SecretKey));
    }

    proptest::proptest! {
        #[test]
        fn no_change_panics(place: proptest::sample::Index, value: u8) {
            let mut keystore = KEYSTORE.to_vec();
            let place = place.index(keystore.len());
            keystore[place] = value;
            let _ = certificates(&keystore, Passphrase::new(None), 1);
        }
    }
}
