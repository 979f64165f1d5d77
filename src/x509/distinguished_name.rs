//! How does a name in a certificate read, and is another one the same? Distinguished names (RFC 5280, sections 4.1.2.4 and 7.1).

use std::borrow::Cow;

use x509_parser::asn1_rs::{Any, FromDer, Oid, Tag, oid};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::parts::{element, inside};

/// Whether two names in DER are the same as people read them: in whatever encoding, case, and number of blanks. An empty one
/// is nobody's.
///
/// Part by part, up to the first that differs: nearly all of a system's roots differ in their first or second from whom a
/// certificate names.
pub(crate) fn is_same_name(one: &[u8], other: &[u8]) -> bool {
    one == other
        || inside(one).zip(inside(other)).is_some_and(|(one, other)| !one.is_empty() && is_same_list(one, other))
}

/// Relative names, one behind the other.
fn is_same_list(mut one: &[u8], mut other: &[u8]) -> bool {
    while let Some(((first, one_rest), (second, other_rest))) = element(one).zip(element(other)) {
        if first != second && !is_same_part(first, second) {
            return false;
        }
        (one, other) = (one_rest, other_rest);
    }
    one.is_empty() && other.is_empty()
}

/// Two relative names: each a set of attributes, nearly always of one, whose order in DER depends on how they are encoded.
fn is_same_part(one: &[u8], other: &[u8]) -> bool {
    let is_there = |one: Attribute<'_>| attributes(other).any(|other| one.is_same(&other));
    let count = attributes(one).count();
    attributes(one).all(is_there) && count > 0 && count == attributes(other).count()
}

/// An AttributeTypeAndValue.
struct Attribute<'a> {
    /// With its header.
    kind: &'a [u8],
    /// With its header.
    value: &'a [u8],
}

impl Attribute<'_> {
    fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && (self.value == other.value || is_same_text(&self.text(), &other.text()))
    }

    fn text(&self) -> Cow<'_, str> {
        Any::from_der(self.value).map_or_else(|_| Cow::default(), |(_, value)| text(&value))
    }
}

/// Those of a relative name.
fn attributes(part: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    let mut rest = inside(part).unwrap_or_default();
    std::iter::from_fn(move || {
        let (attribute, behind) = element(rest)?;
        rest = behind;
        let (kind, value) = element(inside(attribute)?)?;
        Some(Attribute { kind, value })
    })
}

/// Word for word, in whatever case.
fn is_same_text(one: &str, other: &str) -> bool {
    let folded = |text| str::split_whitespace(text).flat_map(|word| [" ", word]).flat_map(str::chars);
    folded(one).flat_map(char::to_lowercase).eq(folded(other).flat_map(char::to_lowercase))
}

/// The most specific part first, as in RFC 4514, with a blank behind each comma. The name was read before, with its
/// certificate.
pub(super) fn distinguished_name(der: &[u8]) -> String {
    let Ok((_, name)) = X509Name::from_der(der) else {
        return String::new();
    };
    let part = |attribute: &AttributeTypeAndValue<'_>| {
        let value = text(attribute.attr_value());
        let known = ATTRIBUTES.iter().find(|(oid, _)| oid == attribute.attr_type());
        known.map_or_else(|| format!("{}={value}", attribute.attr_type()), |(_, short)| format!("{short}={value}"))
    };
    let parts: Vec<_> = name.iter_rdn().map(|rdn| rdn.iter().map(part).collect::<Vec<_>>().join("+")).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join(", ")
}

/// The text of a name's attribute; what is no valid text is replaced, not refused.
pub(super) fn text<'a>(value: &Any<'a>) -> Cow<'a, str> {
    match value.tag() {
        Tag::BmpString => {
            let units = value.data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        // T.61 in name, Latin-1 in what everybody writes into it.
        Tag::T61String => value.data.iter().map(|&byte| char::from(byte)).collect(),
        _ => String::from_utf8_lossy(value.data),
    }
}

// The parser's own registry of names is a map that takes longer to fill than a certificate takes to read.
const ATTRIBUTES: &[(Oid<'_>, &str)] = &[
    (oid!(2.5.4.3), "CN"),
    (oid!(2.5.4.10), "O"),
    (oid!(2.5.4.11), "OU"),
    (oid!(2.5.4.6), "C"),
    (oid!(2.5.4.7), "L"),
    (oid!(2.5.4.8), "ST"),
    (oid!(0.9.2342.19200300.100.1.25), "DC"),
    (oid!(1.2.840.113549.1.9.1), "emailAddress"),
    (oid!(2.5.4.5), "serialNumber"),
    (oid!(2.5.4.97), "organizationIdentifier"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(contents.len()).unwrap()], contents].concat()
    }

    const CN: u8 = 3;
    const O: u8 = 10;
    const PRINTABLE: u8 = 19;
    const T61: u8 = 20;
    const UTF8: u8 = 12;
    const BMP: u8 = 30;

    /// Of parts of attributes, each with its type, the tag of its text, and that.
    fn name(parts: &[&[(u8, u8, &str)]]) -> Vec<u8> {
        let attribute = |(kind, tag, text): &(u8, u8, &str)| {
            let bytes = match *tag {
                BMP => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                T61 => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
                _ => text.as_bytes().to_vec(),
            };
            der(0x30, &[vec![6, 3, 0x55, 4, *kind], der(*tag, &bytes)].concat())
        };
        let part = |part: &&[_]| der(0x31, &part.iter().flat_map(attribute).collect::<Vec<_>>());
        der(0x30, &parts.iter().flat_map(part).collect::<Vec<_>>())
    }

    #[test]
    fn the_same_name_in_another_encoding_case_and_number_of_blanks() {
        let plain = name(&[&[(O, PRINTABLE, "Example Corp")], &[(CN, UTF8, "Root \u{dc}x")]]);
        for other in [
            name(&[&[(O, UTF8, "Example Corp")], &[(CN, T61, "Root \u{dc}x")]]),
            name(&[&[(O, BMP, "EXAMPLE  corp ")], &[(CN, BMP, "root \u{fc}X")]]),
            name(&[&[(O, T61, " Example Corp")], &[(CN, UTF8, "ROOT\t\u{fc}x")]]),
        ] {
            assert!(is_same_name(&plain, &other) && is_same_name(&other, &plain), "{}", distinguished_name(&other));
        }
        let (one, other) = ((CN, UTF8, "a"), (O, PRINTABLE, "b"));
        assert!(is_same_name(&name(&[&[one, other]]), &name(&[&[other, (CN, BMP, "A")]])));
    }

    #[test]
    fn another_name_is_another_one() {
        let plain = name(&[&[(O, PRINTABLE, "Example")], &[(CN, UTF8, "Root")]]);
        for other in [
            name(&[]),
            name(&[&[(O, PRINTABLE, "Example")]]),
            name(&[&[(CN, UTF8, "Root")], &[(O, PRINTABLE, "Example")]]),
            name(&[&[(O, PRINTABLE, "Example"), (CN, UTF8, "Root")]]),
            name(&[&[(O, PRINTABLE, "Example")], &[(O, UTF8, "Root")]]),
            name(&[&[(O, PRINTABLE, "Example")], &[(CN, UTF8, "Root")], &[(CN, UTF8, "Root")]]),
            name(&[&[(O, PRINTABLE, "Exam ple")], &[(CN, UTF8, "Root")]]),
            name(&[&[(O, PRINTABLE, "Example")], &[(CN, UTF8, "Roots")]]),
        ] {
            assert!(!is_same_name(&plain, &other) && !is_same_name(&other, &plain), "{}", distinguished_name(&other));
        }
        assert!(!is_same_name(&name(&[]), &[0x30, 0x81, 0]));
        // Parts without any attribute are no reason to take one for the other.
        let [empty, broken] = [&[0x31, 0][..], &[0x31, 2, 5, 0]].map(|part| der(0x30, part));
        assert!(is_same_name(&empty, &empty) && !is_same_name(&empty, &broken));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(one: Vec<u8>, place: proptest::sample::Index, value: u8) {
            let plain = name(&[&[(O, PRINTABLE, "Example")], &[(CN, BMP, "Root")]]);
            let mut changed = plain.clone();
            let place = place.index(changed.len());
            changed[place] = value;
            let _ = (is_same_name(&one, &plain), is_same_name(&changed, &plain), distinguished_name(&changed));
        }
    }
}
