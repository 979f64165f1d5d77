//! Where in a certificate is what it is found by and verified with? Its DER taken apart, without a look at what the parts mean.

use x509_parser::asn1_rs::{Any, FromDer, Header, Tag};

/// The parts of a certificate (RFC 5280, section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// What is signed: the TBSCertificate with its header.
    pub signed: &'a [u8],
    /// The signature's AlgorithmIdentifier, without its header.
    pub algorithm: &'a [u8],
    pub signature: &'a [u8],
    /// The validity, with its header.
    pub validity: &'a [u8],
    /// The subject's name, with its header.
    pub subject: &'a [u8],
    pub key: KeyInfo<'a>,
}

/// A SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyInfo<'a> {
    /// Its AlgorithmIdentifier, without its header.
    pub algorithm: &'a [u8],
    /// The key itself.
    pub bits: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Of a certificate in DER; what follows it is not looked at.
    pub(crate) fn of_der(der: &'a [u8]) -> Option<Self> {
        let (signed, rest) = element(inside(der)?)?;
        let (algorithm, rest) = element(rest)?;
        let (signature, _) = element(rest)?;
        let (validity, fields) = element(from_validity(inside(signed)?)?)?;
        let (subject, fields) = element(fields)?;
        let (key, _) = element(fields)?;
        Some(Self {
            signed,
            algorithm: inside(algorithm)?,
            signature: bits(signature)?,
            validity,
            subject,
            key: KeyInfo::of_contents(inside(key)?)?,
        })
    }
}

/// The subject's name of a certificate in DER, or of what it begins with, with its header. What stands behind it is not looked
/// at.
pub(crate) fn subject(der: &[u8]) -> Option<&[u8]> {
    let within = |bytes| Header::from_der(bytes).ok().map(|(contents, _)| contents);
    let (_validity, fields) = element(from_validity(within(within(der)?)?)?)?;
    element(fields).map(|(subject, _)| subject)
}

/// Of the fields of a TBSCertificate, those from its validity on.
fn from_validity(mut fields: &[u8]) -> Option<&[u8]> {
    // The version [0] may be absent.
    if Any::from_der(fields).ok()?.1.tag() != Tag::Integer {
        (_, fields) = element(fields)?;
    }
    let (_serial_number, fields) = element(fields)?;
    let (_signature, fields) = element(fields)?;
    let (_issuer, fields) = element(fields)?;
    Some(fields)
}

impl<'a> KeyInfo<'a> {
    /// Of a SubjectPublicKeyInfo without its header.
    pub(crate) fn of_contents(contents: &'a [u8]) -> Option<Self> {
        let (algorithm, rest) = element(contents)?;
        Some(Self { algorithm: inside(algorithm)?, bits: bits(element(rest)?.0)? })
    }
}

/// The first element of `bytes` with its header, and what follows.
pub(crate) fn element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, _) = Any::from_der(bytes).ok()?;
    bytes.split_at_checked(bytes.len() - rest.len())
}

/// What the first element of `bytes` holds.
pub(crate) fn inside(bytes: &[u8]) -> Option<&[u8]> {
    Any::from_der(bytes).ok().map(|(_, any)| any.data)
}

/// The bytes of a BIT STRING, of which none is incomplete.
fn bits(element: &[u8]) -> Option<&[u8]> {
    inside(element)?.split_first().filter(|(unused, _)| **unused == 0).map(|(_, bits)| bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::chain::tests::leaf_to_root;

    #[test]
    fn the_parts_of_a_certificate() {
        for certificate in leaf_to_root() {
            let parts = Parts::of_der(&certificate.der).unwrap();
            assert_eq!(parts.signed[0], 0x30);
            // SHA-256 with ECDSA; an EC key on P-256, uncompressed.
            assert_eq!(parts.algorithm, [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]);
            assert_eq!((parts.subject, subject(&certificate.der)), (certificate.subject_der(), Some(parts.subject)));
            assert_eq!((parts.key.bits.len(), parts.key.bits[0]), (65, 4));
            assert_eq!(parts.signature[0], 0x30);
            for end in 0..certificate.der.len() {
                let _ = Parts::of_der(&certificate.der[..end]);
                let cut = subject(&certificate.der[..end]);
                assert!(cut.is_none_or(|cut| cut == parts.subject), "{end}");
            }
        }
    }
}
