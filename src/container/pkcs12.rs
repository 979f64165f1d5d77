//! Which certificates are in a PKCS#12? RFC 7292 as OpenSSL, GnuTLS, NSS, Java and Windows write it; keys stay where they are.

use x509_parser::asn1_rs::{Oid, Tag, oid};

use super::ber::{Element, Elements, Malformed};
use super::decryption_error::DecryptionError;
use super::encryption::Decryption;
use super::passphrase::Passphrase;

/// What is found in one.
#[derive(Debug, Default)]
pub(super) struct Pkcs12 {
    /// The certificates, as they are stored.
    pub certificates: Vec<Vec<u8>>,
    /// The place of the first one that is said to belong to a key.
    pub leaf: Option<usize>,
    /// Why parts of it cannot be read: the first few reasons.
    pub errors: Vec<DecryptionError>,
}

/// Whether this is the outside of a PKCS#12: a version, whatever it is, and content with a type of PKCS#7; a private key is
/// otherwise much alike.
pub(super) fn is_one(element: &Element<'_>) -> bool {
    let fields = || {
        let mut fields = element.sequence()?;
        Ok::<_, Malformed>((fields.field()?, fields.field()?.sequence()?.field()?))
    };
    fields().is_ok_and(|(version, kind)| version.is(Tag::Integer) && kind.oid().is_ok_and(is_of_pkcs7))
}

fn is_of_pkcs7(content_type: Oid<'_>) -> bool {
    content_type.starts_with(&PKCS7)
}

/// The certificates of `pfx` in the order of the file, `max` at the most, and one more to tell that there are more.
///
/// Those that are not encrypted are read without the passphrase. One that is given must fit the MAC, if that is of a known
/// kind.
pub(super) fn certificates(pfx: &Element<'_>, given: Option<&str>, max: usize) -> Result<Pkcs12, DecryptionError> {
    let passphrase = Passphrase::new(given);
    let mut fields = pfx.sequence()?;
    let (_version, auth_safe) = (fields.field()?, fields.field()?);
    let mac_data = fields.next().transpose()?;

    let mut reading = Reading { decryption: Decryption::new(passphrase), found: Pkcs12::default(), max };
    let content = ContentInfo::of(&auth_safe)?;
    if content.content_type != DATA {
        return Err(DecryptionError::Unknown(content.content_type.to_id_string()));
    }
    let safes = content.content.octets()?;
    match mac_data.map_or(Ok(true), |mac_data| reading.decryption.has_mac(&mac_data, &safes)) {
        Ok(true) | Err(DecryptionError::Unknown(_)) => {}
        Ok(false) if passphrase.is_given() => return Err(DecryptionError::Passphrase),
        Err(DecryptionError::Costly) if passphrase.is_given() => return Err(DecryptionError::Costly),
        Err(DecryptionError::Malformed) => return Err(DecryptionError::Malformed),
        Ok(false) | Err(_) => {}
    }
    for safe in Element::first(&safes)?.sequence()? {
        let read = safe.map_err(Into::into).and_then(|safe| reading.read_safe(&safe));
        reading.note(read);
    }
    Ok(reading.found)
}

struct Reading<'a> {
    decryption: Decryption<'a>,
    found: Pkcs12,
    max: usize,
}

impl Reading<'_> {
    /// What can be read in spite of `error` is read.
    fn note(&mut self, read: Result<(), DecryptionError>) {
        if let Err(error) = read
            && self.found.errors.len() < MAX_ERRORS
        {
            self.found.errors.push(error);
        }
    }

    /// A part of it, encrypted or not.
    fn read_safe(&mut self, safe: &Element<'_>) -> Result<(), DecryptionError> {
        let content = ContentInfo::of(safe)?;
        if content.content_type == DATA {
            return self.read_bags(&content.content.octets()?);
        }
        if content.content_type != ENCRYPTED_DATA {
            return Err(DecryptionError::Unknown(content.content_type.to_id_string()));
        }
        let mut encrypted_data = content.content.sequence()?;
        let (_version, encrypted) = (encrypted_data.field()?, encrypted_data.field()?);
        let mut encrypted = encrypted.sequence()?;
        let (_content_type, algorithm) = (encrypted.field()?, encrypted.field()?);
        let Some(content) = encrypted.next().transpose()? else {
            return Ok(());
        };
        let is_bags = |bytes: &[u8]| Element::first(bytes).is_ok_and(|bags| bags.is(Tag::Sequence));
        let bags = self.decryption.decrypt(&algorithm, &content.octets_of_any_tag()?, is_bags)?;
        self.read_bags(&bags)
    }

    fn read_bags(&mut self, bags: &[u8]) -> Result<(), DecryptionError> {
        // Bags may be in bags; what is not yet read stands on a stack.
        let mut unread = vec![Element::first(bags)?.sequence()?];
        while let Some(bags) = unread.last_mut()
            && self.found.certificates.len() <= self.max
        {
            match bags.next() {
                None => _ = unread.pop(),
                Some(bag) => match Bag::of(bag) {
                    Ok(Bag::Certificate { der, has_key }) => {
                        let found = &mut self.found;
                        found.leaf = found.leaf.or_else(|| has_key.then_some(found.certificates.len()));
                        found.certificates.push(der);
                    }
                    Ok(Bag::Bags(bags)) if unread.len() < MAX_DEPTH => unread.push(bags),
                    Ok(Bag::Other) => {}
                    Ok(Bag::Bags(_)) | Err(Malformed) => self.note(Err(DecryptionError::Malformed)),
                },
            }
        }
        Ok(())
    }
}

/// What can be in a bag.
enum Bag<'a> {
    Certificate {
        der: Vec<u8>,
        /// Whether its attributes name a key of the file (RFC 7292, section 4.2).
        has_key: bool,
    },
    Bags(Elements<'a>),
    /// Keys, revocation lists, secrets, certificates that are not X.509's.
    Other,
}

impl<'a> Bag<'a> {
    fn of(bag: Result<Element<'a>, Malformed>) -> Result<Self, Malformed> {
        let mut fields = bag?.sequence()?;
        let (kind, value) = (fields.field()?.oid()?, fields.field()?);
        if kind == SAFE_CONTENTS_BAG {
            return Ok(Self::Bags(value.only()?.sequence()?));
        }
        if kind != CERTIFICATE_BAG {
            return Ok(Self::Other);
        }
        let mut attributes = fields.next().transpose()?.map(|attributes| attributes.elements());
        let has_key = attributes.iter_mut().flatten().any(|attribute| names_a_key(attribute).unwrap_or(false));
        let mut fields = value.only()?.sequence()?;
        if fields.field()?.oid()? != X509_CERTIFICATE {
            return Ok(Self::Other);
        }
        Ok(Self::Certificate { der: fields.field()?.only()?.octets()?.into_owned(), has_key })
    }
}

fn names_a_key(attribute: Result<Element<'_>, Malformed>) -> Result<bool, Malformed> {
    Ok(attribute?.sequence()?.field()?.oid()? == LOCAL_KEY_ID)
}

/// RFC 5652, 3.
struct ContentInfo<'a> {
    content_type: Oid<'a>,
    content: Element<'a>,
}

impl<'a> ContentInfo<'a> {
    fn of(element: &Element<'a>) -> Result<Self, Malformed> {
        let mut fields = element.sequence()?;
        Ok(Self { content_type: fields.field()?.oid()?, content: fields.field()?.only()? })
    }
}

/// How deep bags may be in bags.
const MAX_DEPTH: usize = 8;

/// The most reasons that are kept.
const MAX_ERRORS: usize = 8;

const PKCS7: Oid<'_> = oid!(1.2.840.113549.1.7);
const DATA: Oid<'_> = oid!(1.2.840.113549.1.7.1);
const ENCRYPTED_DATA: Oid<'_> = oid!(1.2.840.113549.1.7.6);
const CERTIFICATE_BAG: Oid<'_> = oid!(1.2.840.113549.1.12.10.1.3);
const SAFE_CONTENTS_BAG: Oid<'_> = oid!(1.2.840.113549.1.12.10.1.6);
const LOCAL_KEY_ID: Oid<'_> = oid!(1.2.840.113549.1.9.21);
const X509_CERTIFICATE: Oid<'_> = oid!(1.2.840.113549.1.9.22.1);

#[cfg(test)]
mod tests {
    use super::super::ber::tests::element;
    use super::super::derivation::MAX_WORK;
    use super::*;

    fn sequence(fields: &[Vec<u8>]) -> Vec<u8> {
        element(0x30, &fields.concat())
    }

    /// Under the explicit tag `[0]`.
    fn tagged(contents: &[u8]) -> Vec<u8> {
        element(0xa0, contents)
    }

    fn identifier(id: &Oid<'_>) -> Vec<u8> {
        element(6, id.as_bytes())
    }

    fn certificate_bag(der: &[u8]) -> Vec<u8> {
        bag_with(der, &[])
    }

    /// The bag of a certificate, with these attributes.
    fn bag_with(der: &[u8], attributes: &[Oid<'_>]) -> Vec<u8> {
        let certificate = sequence(&[identifier(&X509_CERTIFICATE), tagged(&element(4, der))]);
        let attributes = attributes.iter().map(|id| sequence(&[identifier(id), element(0x31, &element(4, &[1]))]));
        let attributes = element(0x31, &attributes.collect::<Vec<_>>().concat());
        sequence(&[identifier(&CERTIFICATE_BAG), tagged(&certificate), attributes])
    }

    fn bag_of(bags: &[Vec<u8>]) -> Vec<u8> {
        sequence(&[identifier(&SAFE_CONTENTS_BAG), tagged(&sequence(bags))])
    }

    /// What is read of a PKCS#12 with one bag that is not encrypted, and a MAC of so many iterations that nobody knows.
    fn read(bag: Vec<u8>, iterations: u64, passphrase: Option<&str>) -> Result<Pkcs12, DecryptionError> {
        let data = |content: &[u8]| sequence(&[identifier(&DATA), tagged(&element(4, content))]);
        let safes = sequence(&[data(&sequence(&[bag]))]);
        let digest = sequence(&[sequence(&[identifier(&oid!(1.3.14.3.2.26))]), element(4, &[0; 20])]);
        let mac = sequence(&[digest, element(4, b"salt"), element(2, &iterations.to_be_bytes())]);
        let pfx = sequence(&[element(2, &[3]), data(&safes), mac]);
        certificates(&Element::first(&pfx).unwrap(), passphrase, 10)
    }

    #[test]
    fn without_a_passphrase_no_mac_keeps_anybody_from_what_is_not_encrypted() {
        for (iterations, refused) in [(1, DecryptionError::Passphrase), (MAX_WORK + 1, DecryptionError::Costly)] {
            let read = |passphrase| read(certificate_bag(b"der"), iterations, passphrase);
            assert_eq!(read(None).unwrap().certificates, [b"der"]);
            assert_eq!(read(Some("x")).unwrap_err(), refused);
        }
    }

    #[test]
    fn bags_are_looked_for_in_bags_down_to_some_depth() {
        let found = |depth: usize| {
            let bag = (0..depth).fold(certificate_bag(b"der"), |bag, _| bag_of(&[bag]));
            let found = read(bag, 1, None).unwrap();
            (found.certificates.len(), found.errors)
        };
        assert_eq!([found(0), found(1), found(MAX_DEPTH - 1)], [(); 3].map(|()| (1, Vec::new())));
        assert_eq!(found(MAX_DEPTH), (0, vec![DecryptionError::Malformed]));
    }

    #[test]
    fn the_leaf_is_the_first_certificate_that_names_its_key() {
        let friendly_name = oid!(1.2.840.113549.1.9.20);
        let bags = [
            bag_with(b"named", std::slice::from_ref(&friendly_name)),
            bag_with(b"with key", &[friendly_name, LOCAL_KEY_ID]),
            bag_with(b"with another", &[LOCAL_KEY_ID]),
        ];
        assert_eq!(read(bag_of(&bags), 1, None).unwrap().leaf, Some(1));
        assert_eq!(read(bag_of(&bags[..1]), 1, None).unwrap().leaf, None);
    }

    #[test]
    fn of_what_is_malformed_the_first_few_reasons_are_kept() {
        let bags = vec![element(2, &[1]); 2 * MAX_ERRORS];
        assert_eq!(read(bag_of(&bags), 1, None).unwrap().errors, vec![DecryptionError::Malformed; MAX_ERRORS]);
    }
}
