//! With which keys and algorithms are certificates signed, and which of them no longer resist forgery?

use std::fmt;

use x509_parser::asn1_rs::{FromDer, Oid, oid};
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::parts::inside;

/// A public key's kind and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub kind: KeyKind,
    /// Its size: of the modulus, of the field.
    pub bits: usize,
}

/// The kinds of public keys that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// For any padding, or for RSASSA-PSS only.
    Rsa,
    /// Elliptic curves over prime fields, by the curve's name where it has one.
    Ec(Option<&'static str>),
    Dsa,
    Ed25519,
    Ed448,
    Other,
}

impl Key {
    pub(super) fn from_info(key: &SubjectPublicKeyInfo<'_>) -> Self {
        let algorithm = &key.algorithm.algorithm;
        let other = || Self { kind: KeyKind::Other, bits: 0 };
        match key.parsed() {
            Ok(PublicKey::RSA(rsa)) => Self { kind: KeyKind::Rsa, bits: significant_bits(rsa.modulus) },
            Ok(PublicKey::EC(point)) => {
                let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
                let curve = curve.and_then(|curve| CURVES.iter().find(|(oid, _, _)| *oid == curve));
                match curve {
                    Some((_, name, bits)) => Self { kind: KeyKind::Ec(Some(name)), bits: *bits },
                    None => Self { kind: KeyKind::Ec(None), bits: point.key_size() },
                }
            }
            // The size is that of the prime p, which stands in front of the parameters (RFC 3279, section 2.3.2).
            Ok(PublicKey::DSA(_)) => {
                let prime = key.algorithm.parameters.as_ref().and_then(|parameters| inside(parameters.data));
                Self { kind: KeyKind::Dsa, bits: prime.map_or(0, significant_bits) }
            }
            Ok(PublicKey::Unknown(_)) if *algorithm == ED25519 => Self { kind: KeyKind::Ed25519, bits: 256 },
            Ok(PublicKey::Unknown(_)) if *algorithm == ED448 => Self { kind: KeyKind::Ed448, bits: 456 },
            Ok(PublicKey::Unknown(bits)) if *algorithm == RSASSA_PSS => match RSAPublicKey::from_der(bits) {
                Ok((_, rsa)) => Self { kind: KeyKind::Rsa, bits: significant_bits(rsa.modulus) },
                Err(_) => other(),
            },
            _ => other(),
        }
    }

    /// The least size that resists today's attacks; 0 where the kind alone says enough.
    pub(crate) const fn least_bits(self) -> usize {
        match self.kind {
            KeyKind::Rsa | KeyKind::Dsa => 2048,
            KeyKind::Ec(_) => 224,
            KeyKind::Ed25519 | KeyKind::Ed448 | KeyKind::Other => 0,
        }
    }

    /// Whether it is too short. A size of 0 is a key that could not be measured.
    pub(crate) const fn is_short(self) -> bool {
        0 < self.bits && self.bits < self.least_bits()
    }
}

impl fmt::Display for Key {
    /// `RSA 2048`, `EC 256`, `EC 256 (brainpoolP256r1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            KeyKind::Rsa => write!(f, "RSA {}", self.bits),
            // Of the usual curves the size says which.
            KeyKind::Ec(Some(curve)) if !curve.starts_with("P-") => write!(f, "EC {} ({curve})", self.bits),
            KeyKind::Ec(_) => write!(f, "EC {}", self.bits),
            KeyKind::Dsa => write!(f, "DSA {}", self.bits),
            KeyKind::Ed25519 => f.write_str("Ed25519"),
            KeyKind::Ed448 => f.write_str("Ed448"),
            KeyKind::Other => f.write_str("a key of another kind"),
        }
    }
}

/// The algorithm of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `None` if nobody here knows it.
    pub name: Option<&'static str>,
    /// Whether its hash no longer resists forgery.
    pub is_weak: bool,
}

impl Signature {
    /// Of a certificate; that of RSASSA-PSS is as good as its hash, which is SHA-1 where nothing else is said.
    pub(super) fn from_identifier(algorithm: &AlgorithmIdentifier<'_>) -> Self {
        let parameters = algorithm.parameters.as_ref().filter(|_| algorithm.algorithm == RSASSA_PSS);
        if parameters
            .and_then(|parameters| RsaSsaPssParams::try_from(parameters).ok())
            .is_some_and(|parameters| *parameters.hash_algorithm_oid() == SHA_1)
        {
            return Self { name: Some("RSASSA-PSS with SHA-1"), is_weak: true };
        }
        let known = SIGNATURES.iter().find(|(oid, _, _)| *oid == algorithm.algorithm);
        known.map_or(Self { name: None, is_weak: false }, |&(_, name, is_weak)| Self { name: Some(name), is_weak })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name.unwrap_or("an unknown algorithm"))
    }
}

/// The size of an unsigned integer in big-endian bytes.
fn significant_bits(bytes: &[u8]) -> usize {
    let leading = bytes.iter().take_while(|&&byte| byte == 0).count();
    bytes.get(leading).map_or(0, |first| (bytes.len() - leading) * 8 - first.leading_zeros() as usize)
}

const ED25519: Oid<'_> = oid!(1.3.101.112);
const ED448: Oid<'_> = oid!(1.3.101.113);
const SHA_1: Oid<'_> = oid!(1.3.14.3.2.26);
pub(crate) const RSASSA_PSS: Oid<'_> = oid!(1.2.840.113549.1.1.10);

/// Object identifier, name, and size of the field.
const CURVES: &[(Oid<'_>, &str, usize)] = &[
    (oid!(1.2.840.10045.3.1.7), "P-256", 256),
    (oid!(1.3.132.0.34), "P-384", 384),
    (oid!(1.3.132.0.35), "P-521", 521),
    (oid!(1.3.132.0.33), "P-224", 224),
    (oid!(1.2.840.10045.3.1.1), "P-192", 192),
    (oid!(1.3.132.0.10), "secp256k1", 256),
    (oid!(1.3.36.3.3.2.8.1.1.7), "brainpoolP256r1", 256),
    (oid!(1.3.36.3.3.2.8.1.1.11), "brainpoolP384r1", 384),
    (oid!(1.3.36.3.3.2.8.1.1.13), "brainpoolP512r1", 512),
];

/// Object identifier, name, and whether the hash is too weak.
const SIGNATURES: &[(Oid<'_>, &str, bool)] = &[
    (oid!(1.2.840.113549.1.1.11), "SHA-256 with RSA", false),
    (oid!(1.2.840.113549.1.1.12), "SHA-384 with RSA", false),
    (oid!(1.2.840.113549.1.1.13), "SHA-512 with RSA", false),
    (oid!(1.2.840.113549.1.1.14), "SHA-224 with RSA", false),
    (oid!(1.2.840.113549.1.1.15), "SHA-512/224 with RSA", false),
    (oid!(1.2.840.113549.1.1.16), "SHA-512/256 with RSA", false),
    (RSASSA_PSS, "RSASSA-PSS", false),
    (oid!(1.2.840.10045.4.3.1), "SHA-224 with ECDSA", false),
    (oid!(1.2.840.10045.4.3.2), "SHA-256 with ECDSA", false),
    (oid!(1.2.840.10045.4.3.3), "SHA-384 with ECDSA", false),
    (oid!(1.2.840.10045.4.3.4), "SHA-512 with ECDSA", false),
    (oid!(2.16.840.1.101.3.4.3.1), "SHA-224 with DSA", false),
    (oid!(2.16.840.1.101.3.4.3.2), "SHA-256 with DSA", false),
    (oid!(2.16.840.1.101.3.4.3.9), "SHA3-224 with ECDSA", false),
    (oid!(2.16.840.1.101.3.4.3.10), "SHA3-256 with ECDSA", false),
    (oid!(2.16.840.1.101.3.4.3.11), "SHA3-384 with ECDSA", false),
    (oid!(2.16.840.1.101.3.4.3.12), "SHA3-512 with ECDSA", false),
    (oid!(2.16.840.1.101.3.4.3.13), "SHA3-224 with RSA", false),
    (oid!(2.16.840.1.101.3.4.3.14), "SHA3-256 with RSA", false),
    (oid!(2.16.840.1.101.3.4.3.15), "SHA3-384 with RSA", false),
    (oid!(2.16.840.1.101.3.4.3.16), "SHA3-512 with RSA", false),
    (oid!(2.16.840.1.101.3.4.3.17), "ML-DSA-44", false),
    (oid!(2.16.840.1.101.3.4.3.18), "ML-DSA-65", false),
    (oid!(2.16.840.1.101.3.4.3.19), "ML-DSA-87", false),
    (oid!(1.2.156.10197.1.501), "SM3 with SM2", false),
    (ED25519, "Ed25519", false),
    (ED448, "Ed448", false),
    (oid!(1.2.840.113549.1.1.5), "SHA-1 with RSA", true),
    (oid!(1.3.14.3.2.29), "SHA-1 with RSA", true),
    (oid!(1.2.840.10045.4.1), "SHA-1 with ECDSA", true),
    (oid!(1.2.840.10040.4.3), "SHA-1 with DSA", true),
    (oid!(1.3.36.3.3.1.2), "RIPEMD-160 with RSA", false),
    (oid!(1.2.840.113549.1.1.4), "MD5 with RSA", true),
    (oid!(1.2.840.113549.1.1.3), "MD4 with RSA", true),
    (oid!(1.2.840.113549.1.1.2), "MD2 with RSA", true),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let contents = parts.concat();
        let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], length.as_slice(), &contents].concat()
    }

    #[test]
    fn a_key_on_an_edwards_curve_is_known_by_its_algorithm() {
        for (arc, bytes, key) in [
            (112, 32, Key { kind: KeyKind::Ed25519, bits: 256 }),
            (113, 57, Key { kind: KeyKind::Ed448, bits: 456 }),
            (114, 32, Key { kind: KeyKind::Other, bits: 0 }),
        ] {
            let algorithm = element(0x30, &[&[6, 3, 0x2b, 0x65, arc]]);
            let info = element(0x30, &[&algorithm, &element(3, &[&[0], vec![7; bytes].as_slice()])]);
            let (_, info) = SubjectPublicKeyInfo::from_der(&info).unwrap();
            assert_eq!(Key::from_info(&info), key);
        }
    }

    #[test]
    fn a_dsa_key_is_as_long_as_its_prime() {
        let sign = |first: u8| if first < 0x80 { [].as_slice() } else { &[0] };
        let number = |first: u8, bytes: usize| element(2, &[sign(first), &[first], vec![0xff; bytes - 1].as_slice()]);
        for (prime, public, bits) in [(0x80, 0x01, 2048), (0xff, 0xff, 2048), (0x40, 0x40, 2047)] {
            let parameters = element(0x30, &[&number(prime, 256), &number(0xff, 256), &number(0x7f, 256)]);
            let algorithm = element(0x30, &[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1], &parameters]);
            let info = element(0x30, &[&algorithm, &element(3, &[&[0], &number(public, 256)])]);
            let (_, info) = SubjectPublicKeyInfo::from_der(&info).unwrap();
            assert_eq!(Key::from_info(&info), Key { kind: KeyKind::Dsa, bits });
        }
        let algorithm = element(0x30, &[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1]]);
        let inherited = element(0x30, &[&algorithm, &element(3, &[&[0], &number(0x7f, 256)])]);
        let (_, inherited) = SubjectPublicKeyInfo::from_der(&inherited).unwrap();
        assert!(!Key::from_info(&inherited).is_short());
    }

    #[test]
    fn a_key_for_rsassa_pss_only_is_one_of_rsa() {
        let algorithm = element(0x30, &[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10]]);
        let number = element(2, &[&[0], vec![0xff; 256].as_slice()]);
        let rsa = element(0x30, &[&number, &[2, 3, 1, 0, 1]]);
        for (key, expected) in
            [(rsa.as_slice(), Key { kind: KeyKind::Rsa, bits: 2048 }), (b"none", Key { kind: KeyKind::Other, bits: 0 })]
        {
            let info = element(0x30, &[&algorithm, &element(3, &[&[0], key])]);
            let (_, info) = SubjectPublicKeyInfo::from_der(&info).unwrap();
            assert_eq!(Key::from_info(&info), expected);
        }
        // One for another use only, RSAES-OAEP, whatever it looks like.
        let algorithm = element(0x30, &[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 7]]);
        let info = element(0x30, &[&algorithm, &element(3, &[&[0], &rsa])]);
        let (_, info) = SubjectPublicKeyInfo::from_der(&info).unwrap();
        assert_eq!(Key::from_info(&info), Key { kind: KeyKind::Other, bits: 0 });
    }
}
