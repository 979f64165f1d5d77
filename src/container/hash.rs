//! Which hash is meant, and which key does it derive? Digests by their object identifiers, and what PKCS#5 and PKCS#12 make of
//! a passphrase with them.

use std::num::NonZeroU32;

use ::hmac::digest::block_api::BlockSizeUser;
use ::hmac::digest::{Digest, FixedOutputReset};
use ::hmac::{Hmac, KeyInit, Mac};
use md_5_of_digest_0_11::Md5;
use pkcs12::kdf::{self, Pkcs12KeyType};
use ring::{hmac, pbkdf2};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use x509_parser::asn1_rs::{Oid, oid};

/// The hashes that encryption by a passphrase is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512_224,
    Sha512_256,
}

/// What keeps a passphrase from being guessed at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Salting<'a> {
    pub salt: &'a [u8],
    pub iterations: u32,
}

/// What a key of PKCS#12 is for (RFC 7292, B.3), with its length in octets.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Encryption(usize),
    InitializationVector(usize),
    Mac(usize),
}

/// `$body` with the type `$digest` of the hash, or, where only some are named, `$other` for those that are not.
macro_rules! with {
    ($hash:expr, $digest:ident => $body:expr) => {
        with!($hash, $digest => $body; Md5 Sha1 Sha224 Sha256 Sha384 Sha512 Sha512_224 Sha512_256)
    };
    ($hash:expr, $digest:ident => $body:expr; $($name:ident)+ $(, $kind:pat => $other:expr)*) => {
        match $hash {
            $(Hash::$name => {
                type $digest = $name;
                $body
            })+
            $($kind => $other,)*
        }
    };
}

impl Hash {
    /// By the identifier of the digest itself.
    pub(super) fn of_digest(id: &Oid<'_>) -> Option<Self> {
        DIGESTS.iter().find(|(known, _)| known == id).map(|&(_, hash)| hash)
    }

    /// By the identifier of HMAC with it.
    pub(super) fn of_hmac(id: &Oid<'_>) -> Option<Self> {
        HMACS.iter().find(|(known, _)| known == id).map(|&(_, hash)| hash)
    }

    /// The length of its output, in octets.
    pub(super) fn length(self) -> usize {
        with!(self, D => <D as Digest>::output_size())
    }

    /// Whether `mac` is the HMAC of `content` under `key`. By ring where it has the hash, for its code is there anyway.
    pub(super) fn is_mac(self, key: &[u8], content: &[u8], mac: &[u8]) -> bool {
        let is_of = |algorithm| hmac::verify(&hmac::Key::new(algorithm, key), content, mac).is_ok();
        with!(self, D => Hmac::<D>::new_from_slice(key).is_ok_and(|hmac| hmac.chain_update(content).verify_slice(mac).is_ok());
            Md5 Sha224 Sha512_224 Sha512_256,
            Self::Sha1 => is_of(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            Self::Sha256 => is_of(hmac::HMAC_SHA256),
            Self::Sha384 => is_of(hmac::HMAC_SHA384),
            Self::Sha512 => is_of(hmac::HMAC_SHA512))
    }

    /// PBKDF1 (RFC 8018, 5.1), which knows no other hash than these: all of its output.
    pub(super) fn pbkdf1(self, passphrase: &[u8], salting: Salting<'_>) -> Option<Vec<u8>> {
        match self {
            Self::Md5 => Some(pbkdf1::<Md5>(passphrase, salting)),
            Self::Sha1 => Some(pbkdf1::<Sha1>(passphrase, salting)),
            _ => None,
        }
    }

    /// PBKDF2 (RFC 8018, 5.2) with HMAC, by ring as above: a key of `length` octets.
    pub(super) fn pbkdf2(self, passphrase: &[u8], salting: Salting<'_>, length: usize) -> Vec<u8> {
        let Salting { salt, iterations } = salting;
        let mut key = vec![0; length];
        let times = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
        let mut derive = |algorithm| pbkdf2::derive(algorithm, times, salt, passphrase, &mut key);
        with!(self, D => ::pbkdf2::pbkdf2_hmac::<D>(passphrase, salt, iterations, &mut key);
            Md5 Sha224 Sha512_224 Sha512_256,
            Self::Sha1 => derive(pbkdf2::PBKDF2_HMAC_SHA1),
            Self::Sha256 => derive(pbkdf2::PBKDF2_HMAC_SHA256),
            Self::Sha384 => derive(pbkdf2::PBKDF2_HMAC_SHA384),
            Self::Sha512 => derive(pbkdf2::PBKDF2_HMAC_SHA512));
        key
    }

    /// The derivation of PKCS#12 (RFC 7292, B.2).
    pub(super) fn pkcs12(self, passphrase: &[u8], salting: Salting<'_>, purpose: Purpose) -> Vec<u8> {
        let iterations = i32::try_from(salting.iterations).unwrap_or(i32::MAX);
        let (kind, length) = match purpose {
            Purpose::Encryption(length) => (Pkcs12KeyType::EncryptionKey, length),
            Purpose::InitializationVector(length) => (Pkcs12KeyType::Iv, length),
            Purpose::Mac(length) => (Pkcs12KeyType::Mac, length),
        };
        with!(self, D => kdf::derive_key::<D>(passphrase, salting.salt, kind, iterations, length))
    }
}

fn pbkdf1<D: Digest + FixedOutputReset + BlockSizeUser>(passphrase: &[u8], salting: Salting<'_>) -> Vec<u8> {
    let first = D::new().chain_update(passphrase).chain_update(salting.salt).finalize();
    (1..salting.iterations).fold(first, |before, _| D::digest(before)).to_vec()
}

const DIGESTS: &[(Oid<'_>, Hash)] = &[
    (oid!(1.2.840.113549.2.5), Hash::Md5),
    (oid!(1.3.14.3.2.26), Hash::Sha1),
    (oid!(2.16.840.1.101.3.4.2.4), Hash::Sha224),
    (oid!(2.16.840.1.101.3.4.2.1), Hash::Sha256),
    (oid!(2.16.840.1.101.3.4.2.2), Hash::Sha384),
    (oid!(2.16.840.1.101.3.4.2.3), Hash::Sha512),
    (oid!(2.16.840.1.101.3.4.2.5), Hash::Sha512_224),
    (oid!(2.16.840.1.101.3.4.2.6), Hash::Sha512_256),
];

const HMACS: &[(Oid<'_>, Hash)] = &[
    (oid!(1.2.840.113549.2.6), Hash::Md5),
    (oid!(1.3.6.1.5.5.8.1.1), Hash::Md5),
    (oid!(1.2.840.113549.2.7), Hash::Sha1),
    (oid!(1.3.6.1.5.5.8.1.2), Hash::Sha1),
    (oid!(1.2.840.113549.2.8), Hash::Sha224),
    (oid!(1.2.840.113549.2.9), Hash::Sha256),
    (oid!(1.2.840.113549.2.10), Hash::Sha384),
    (oid!(1.2.840.113549.2.11), Hash::Sha512),
    (oid!(1.2.840.113549.2.12), Hash::Sha512_224),
    (oid!(1.2.840.113549.2.13), Hash::Sha512_256),
];
