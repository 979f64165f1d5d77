//! Which signatures can be verified? Those that ring knows and, in pure Rust, those of private authorities that it does not.
//!
//! ring has RSA with PKCS#1 and the usual PSS, P-256 and P-384 with SHA-256 and SHA-384, and Ed25519. Beyond it there are
//! here P-521, brainpoolP256r1 and brainpoolP384r1, ECDSA with any SHA-2, RSASSA-PSS of any salt and under keys of its own,
//! and SHA-224. What is in neither, such as Ed448 and brainpoolP512r1, is [`Check::Unverifiable`] and never wrong.

use ecdsa::elliptic_curve::array::typenum::Unsigned;
use ecdsa::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use ecdsa::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize};
use ecdsa::signature::hazmat::PrehashVerifier;
use ecdsa::{EcdsaCurve, Signature, SignatureSize, VerifyingKey, der};
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, PublicKey};
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use x509_parser::asn1_rs::{Any, FromDer, Oid, oid};
use x509_parser::public_key::RSAPublicKey;
use x509_parser::signature_algorithm::RsaSsaPssParams;

use crate::x509::algorithm::RSASSA_PSS;
use crate::x509::parts::{KeyInfo, Parts, element};

/// Whether a signature fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Good,
    Wrong,
    /// Nobody here knows its algorithm, or not with such a key.
    Unverifiable,
}

/// Whether the holder of `key` has signed a certificate.
pub(crate) fn check(certificate: &Parts<'_>, key: KeyInfo<'_>) -> Check {
    let Parts { signed, algorithm, signature, .. } = *certificate;
    let of_ring = ring().all.iter().find(|known| is_for(**known, key.algorithm, algorithm));
    let valid = match (of_ring, Scheme::of_certificate(algorithm)) {
        (Some(known), _) => known.verify_signature(key.bits, signed, signature).is_ok(),
        (None, Some(scheme)) if scheme.fits(key.algorithm) => scheme.verify(key, signed, signature),
        _ => return Check::Unverifiable,
    };
    match valid {
        true => Check::Good,
        false if is_too_long_for_ring(key) => Check::Unverifiable,
        false => Check::Wrong,
    }
}

/// Whether the holder of `key` has signed `message` in a handshake.
pub(crate) fn check_handshake(scheme: SignatureScheme, key: KeyInfo<'_>, message: &[u8], signature: &[u8]) -> Check {
    let of_ring = ring().mapping.iter().filter(|(known, _)| *known == scheme).flat_map(|(_, known)| known.iter());
    let of_ring = of_ring.copied().find(|known| known.public_key_alg_id().as_ref() == key.algorithm);
    let valid = match (of_ring, Scheme::of_handshake(scheme)) {
        (Some(known), _) => known.verify_signature(key.bits, message, signature).is_ok(),
        (None, Some(scheme)) if scheme.fits(key.algorithm) => scheme.verify(key, message, signature),
        _ => return Check::Unverifiable,
    };
    match valid {
        true => Check::Good,
        false if is_too_long_for_ring(key) => Check::Unverifiable,
        false => Check::Wrong,
    }
}

/// The schemes of handshakes that can be verified, those that most servers use in front.
pub(crate) fn handshake_schemes() -> Vec<SignatureScheme> {
    ring().supported_schemes().into_iter().chain(BEYOND_RING.iter().map(|number| (*number).into())).collect()
}

/// What webpki is to verify with: ring's algorithms, and those beyond it that `signatures` under `keys` take. Both are
/// AlgorithmIdentifiers without their headers.
pub(crate) fn beyond_ring(keys: &[&[u8]], signatures: &[&[u8]]) -> Vec<BeyondRing> {
    let pairs = signatures.iter().flat_map(|signature| keys.iter().map(move |key| (*key, *signature)));
    let lacks = |(key, signature): &(&[u8], &[u8])| !ring().all.iter().any(|known| is_for(*known, key, signature));
    let usable = pairs.filter(lacks).filter_map(|(key, signature)| {
        let scheme = Scheme::of_certificate(signature).filter(|scheme| scheme.fits(key))?;
        Some(BeyondRing { key: identifier(key), signature: identifier(signature), scheme })
    });
    usable.take(MAX_BEYOND_RING).collect()
}

/// ring's own.
pub(crate) fn ring() -> WebPkiSupportedAlgorithms {
    rustls::crypto::ring::default_provider().signature_verification_algorithms
}

/// An algorithm that ring lacks, as webpki asks for it.
#[derive(Debug)]
pub(crate) struct BeyondRing {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    scheme: Scheme,
}

impl SignatureVerificationAlgorithm for BeyondRing {
    fn verify_signature(&self, bits: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = KeyInfo { algorithm: self.key.as_ref(), bits };
        if self.scheme.verify(key, message, signature) { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

/// How something was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Ecdsa(Hash),
    Pkcs1(Hash),
    /// With the same hash for the mask, which is what everybody writes.
    Pss {
        hash: Hash,
        salt: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Scheme {
    /// By the AlgorithmIdentifier of a certificate's signature.
    fn of_certificate(algorithm: &[u8]) -> Option<Self> {
        let (oid, parameters) = identified(algorithm)?;
        if let Some((_, hash)) = ECDSA.iter().find(|(known, _)| *known == oid) {
            return parameters.is_empty().then_some(Self::Ecdsa(*hash));
        }
        match oid {
            oid if oid == SHA224_WITH_RSA => matches!(parameters, [] | NULL).then_some(Self::Pkcs1(Hash::Sha224)),
            oid if oid == RSASSA_PSS => Self::of_pss(parameters),
            _ => None,
        }
    }

    /// By RSASSA-PSS-params (RFC 4055), of which SHA-1 is the default.
    fn of_pss(parameters: &[u8]) -> Option<Self> {
        let (rest, any) = Any::from_der(parameters).ok()?;
        let parameters = RsaSsaPssParams::try_from(any).ok().filter(|_| rest.is_empty())?;
        let hash = Hash::of_oid(parameters.hash_algorithm_oid())?;
        let mask = parameters.mask_gen_algorithm().ok()?;
        let is_usual = mask.mgf == MGF1 && Hash::of_oid(&mask.hash) == Some(hash) && parameters.trailer_field() == 1;
        let salt = usize::try_from(parameters.salt_length()).ok().filter(|_| is_usual)?;
        Some(Self::Pss { hash, salt })
    }

    /// By its number in TLS, of those that ring lacks.
    fn of_handshake(scheme: SignatureScheme) -> Option<Self> {
        let pss = |hash: Hash| Self::Pss { hash, salt: hash.bytes() };
        Some(match u16::from(scheme) {
            0x0403 | 0x081a => Self::Ecdsa(Hash::Sha256),
            0x0503 | 0x081b => Self::Ecdsa(Hash::Sha384),
            0x0603 => Self::Ecdsa(Hash::Sha512),
            0x0809 => pss(Hash::Sha256),
            0x080a => pss(Hash::Sha384),
            0x080b => pss(Hash::Sha512),
            _ => return None,
        })
    }

    /// Whether a key of this AlgorithmIdentifier can have made such a signature.
    fn fits(self, key: &[u8]) -> bool {
        match self {
            Self::Ecdsa(_) => Curve::of(key).is_some(),
            Self::Pkcs1(_) => key == alg_id::RSA_ENCRYPTION.as_ref(),
            Self::Pss { hash, salt } => {
                key == alg_id::RSA_ENCRYPTION.as_ref()
                    || identified(key).is_some_and(|(oid, restriction)| {
                        oid == RSASSA_PSS
                            && match Self::of_pss(restriction) {
                                // RFC 4055, section 3.3: the key's salt is the least.
                                Some(Self::Pss { hash: only, salt: least }) => only == hash && least <= salt,
                                _ => restriction.is_empty(),
                            }
                    })
            }
        }
    }

    fn verify(self, key: KeyInfo<'_>, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ecdsa(hash) => Curve::of(key.algorithm).is_some_and(|curve| {
                let hashed = hash.of(message);
                match curve {
                    Curve::P256 => ecdsa_fits::<p256::NistP256>(key.bits, &hashed, signature),
                    Curve::P384 => ecdsa_fits::<p384::NistP384>(key.bits, &hashed, signature),
                    Curve::P521 => ecdsa_fits::<p521::NistP521>(key.bits, &hashed, signature),
                    Curve::Brainpool256 => ecdsa_fits::<bp256::BrainpoolP256r1>(key.bits, &hashed, signature),
                    Curve::Brainpool384 => ecdsa_fits::<bp384::BrainpoolP384r1>(key.bits, &hashed, signature),
                }
            }),
            Self::Pkcs1(hash) => rsa_key(key.bits).is_some_and(|key| {
                let scheme = match hash {
                    Hash::Sha224 => Pkcs1v15Sign::new::<Sha224>(),
                    Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
                    Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
                    Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
                };
                key.verify(scheme, &hash.of(message), signature).is_ok()
            }),
            Self::Pss { hash, salt } => rsa_key(key.bits).is_some_and(|key| {
                let hashed = hash.of(message);
                let verified = match hash {
                    Hash::Sha224 => key.verify(Pss::<Sha224>::new_with_salt(salt), &hashed, signature),
                    Hash::Sha256 => key.verify(Pss::<Sha256>::new_with_salt(salt), &hashed, signature),
                    Hash::Sha384 => key.verify(Pss::<Sha384>::new_with_salt(salt), &hashed, signature),
                    Hash::Sha512 => key.verify(Pss::<Sha512>::new_with_salt(salt), &hashed, signature),
                };
                verified.is_ok()
            }),
        }
    }
}

impl Hash {
    fn of_oid(oid: &Oid<'_>) -> Option<Self> {
        HASHES.iter().find(|(known, _)| known == oid).map(|(_, hash)| *hash)
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha224 => Sha224::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

#[derive(Clone, Copy)]
enum Curve {
    P256,
    P384,
    P521,
    Brainpool256,
    Brainpool384,
}

impl Curve {
    fn of(key: &[u8]) -> Option<Self> {
        let known = [
            (alg_id::ECDSA_P256, Self::P256),
            (alg_id::ECDSA_P384, Self::P384),
            (alg_id::ECDSA_P521, Self::P521),
            (BRAINPOOL_256, Self::Brainpool256),
            (BRAINPOOL_384, Self::Brainpool384),
        ];
        known.into_iter().find(|(algorithm, _)| algorithm.as_ref() == key).map(|(_, curve)| curve)
    }
}

fn ecdsa_fits<C>(key: &[u8], hashed: &[u8], signature: &[u8]) -> bool
where
    C: EcdsaCurve + CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
    SignatureSize<C>: ecdsa::elliptic_curve::array::ArraySize,
    der::MaxSize<C>: ecdsa::elliptic_curve::array::ArraySize,
    <FieldBytesSize<C> as std::ops::Add>::Output:
        std::ops::Add<der::MaxOverhead> + ecdsa::elliptic_curve::array::ArraySize,
{
    let key = VerifyingKey::<C>::from_sec1_bytes(key);
    let signature = Signature::<C>::from_der(signature);
    // A hash below half the size of the field is refused, though it is a number as any other.
    let missing = <FieldBytesSize<C> as Unsigned>::USIZE.saturating_sub(hashed.len());
    let hashed = [vec![0; missing].as_slice(), hashed].concat();
    key.ok().zip(signature.ok()).is_some_and(|(key, signature)| key.verify_prehash(&hashed, &signature).is_ok())
}

fn rsa_key(bits: &[u8]) -> Option<PublicKey> {
    let (_, key) = RSAPublicKey::from_der(bits).ok()?;
    let number = BoxedUint::from_be_slice_vartime;
    PublicKey::new_with_size_limits(number(key.modulus), number(key.exponent), RSA_BITS).ok()
}

/// ring says of an RSA key of more than 8192 bits that its signature is wrong.
fn is_too_long_for_ring(key: KeyInfo<'_>) -> bool {
    let is_rsa = key.algorithm == alg_id::RSA_ENCRYPTION.as_ref();
    is_rsa && RSAPublicKey::from_der(key.bits).is_ok_and(|(_, key)| key.modulus.len() > 8192 / 8 + 1)
}

/// What an AlgorithmIdentifier begins with, and its parameters.
fn identified(algorithm: &[u8]) -> Option<(Oid<'_>, &[u8])> {
    let (oid, parameters) = element(algorithm)?;
    Some((Oid::from_der(oid).ok()?.1, parameters))
}

fn is_for(known: &dyn SignatureVerificationAlgorithm, key: &[u8], signature: &[u8]) -> bool {
    known.public_key_alg_id().as_ref() == key && known.signature_alg_id().as_ref() == signature
}

/// webpki wants what lives for ever. These are few and short, and so is the process.
fn identifier(algorithm: &[u8]) -> AlgorithmIdentifier {
    AlgorithmIdentifier::from_slice(Box::leak(algorithm.to_vec().into_boxed_slice()))
}

/// The schemes that cannot be verified: for whoever wants to see a certificate, whether or not its key is proved.
pub(crate) const UNVERIFIABLE_SCHEMES: &[SignatureScheme] = &[SignatureScheme::ED448, SignatureScheme::Unknown(0x081c)];

/// A chain has a handful; a stranger may show a thousand certificates with as many parameters.
const MAX_BEYOND_RING: usize = 32;

/// From what is no longer weak to what a stranger may make us calculate with.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=16_384;

/// ecdsa_secp521r1_sha512, rsa_pss_pss_*, ecdsa_brainpoolP256r1tls13_sha256 and the one of P384r1 (RFC 8446, RFC 8734).
const BEYOND_RING: &[u16] = &[0x0603, 0x0809, 0x080a, 0x080b, 0x081a, 0x081b];

/// id-ecPublicKey with the curves of RFC 5639.
const BRAINPOOL_256: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(
    b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x07",
);
const BRAINPOOL_384: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(
    b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0b",
);

const NULL: &[u8] = &[5, 0];
const SHA224_WITH_RSA: Oid<'_> = oid!(1.2.840.113549.1.1.14);
const MGF1: Oid<'_> = oid!(1.2.840.113549.1.1.8);

const ECDSA: &[(Oid<'_>, Hash)] = &[
    (oid!(1.2.840.10045.4.3.1), Hash::Sha224),
    (oid!(1.2.840.10045.4.3.2), Hash::Sha256),
    (oid!(1.2.840.10045.4.3.3), Hash::Sha384),
    (oid!(1.2.840.10045.4.3.4), Hash::Sha512),
];

const HASHES: &[(Oid<'_>, Hash)] = &[
    (oid!(2.16.840.1.101.3.4.2.4), Hash::Sha224),
    (oid!(2.16.840.1.101.3.4.2.1), Hash::Sha256),
    (oid!(2.16.840.1.101.3.4.2.2), Hash::Sha384),
    (oid!(2.16.840.1.101.3.4.2.3), Hash::Sha512),
];

#[cfg(test)]
mod tests;
