//! Which elements are in a BER text? X.690, with lengths that are told at the end only and strings that come in pieces.
//!
//! DER is the part of it that certificates are written in. What wraps them is often not: NSS and `openssl cms -stream` write
//! before they know how long it will be. Headers are asn1-rs' to read; the end of an indefinite length is found here, because
//! asn1-rs takes an empty element with the tag `[0]` for it.

use std::borrow::Cow;

use x509_parser::asn1_rs::{Class, FromBer, Header, Length, Oid, Tag};

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    class: Class,
    tag: Tag,
    is_constructed: bool,
    /// What is in it, without header and end-of-contents.
    pub contents: &'a [u8],
    /// All of it.
    pub whole: &'a [u8],
}

/// The bytes are no BER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl<'a> Element<'a> {
    /// The first element of `bytes`; what follows it is left alone.
    pub(crate) fn first(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (rest, header) = Header::from_ber(bytes).map_err(|_| Malformed)?;
        let (contents, end) = match header.length() {
            Length::Definite(length) => (rest.get(..length).ok_or(Malformed)?, 0),
            Length::Indefinite => (rest.get(..to_end_of_contents(rest)?).ok_or(Malformed)?, END_OF_CONTENTS.len()),
        };
        let length = bytes.len() - rest.len() + contents.len() + end;
        let whole = bytes.get(..length).ok_or(Malformed)?;
        let is_constructed = header.is_constructed();
        Ok(Self { class: header.class(), tag: header.tag(), is_constructed, contents, whole })
    }

    /// Whether it has this tag of ASN.1's own.
    pub(crate) fn is(&self, tag: Tag) -> bool {
        self.class == Class::Universal && self.tag == tag
    }

    /// Whether it has the tag `[number]` of the type that it is in.
    pub(crate) fn is_context(&self, number: u32) -> bool {
        self.class == Class::ContextSpecific && self.tag == Tag(number)
    }

    /// The elements in it.
    pub(crate) const fn elements(&self) -> Elements<'a> {
        Elements { rest: self.contents }
    }

    /// The elements in it, if it is a sequence.
    pub(crate) fn sequence(&self) -> Result<Elements<'a>, Malformed> {
        if self.is(Tag::Sequence) { Ok(self.elements()) } else { Err(Malformed) }
    }

    /// The only element in it, as under an explicit tag.
    pub(crate) fn only(&self) -> Result<Self, Malformed> {
        Self::first(self.contents)
    }

    /// An object identifier.
    pub(crate) fn oid(&self) -> Result<Oid<'a>, Malformed> {
        let is_oid = self.is(Tag::Oid) && !self.contents.is_empty() && self.contents.len() <= MAX_OID;
        if is_oid { Ok(Oid::new(Cow::Borrowed(self.contents))) } else { Err(Malformed) }
    }

    /// A number that is not negative.
    pub(crate) fn number(&self) -> Result<u64, Malformed> {
        let is_number = self.is(Tag::Integer) && !self.contents.is_empty() && self.contents[0] < 0x80;
        let digits = self.contents.iter().skip_while(|&&byte| byte == 0);
        if !is_number || digits.clone().count() > 8 {
            return Err(Malformed);
        }
        Ok(digits.fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// A string of octets.
    pub(crate) fn octets(&self) -> Result<Cow<'a, [u8]>, Malformed> {
        if self.is(Tag::OctetString) { self.octets_of_any_tag() } else { Err(Malformed) }
    }

    /// A string of octets that has an implicit tag in place of its own.
    pub(crate) fn octets_of_any_tag(&self) -> Result<Cow<'a, [u8]>, Malformed> {
        if !self.is_constructed {
            return Ok(Cow::Borrowed(self.contents));
        }
        let mut octets = Vec::with_capacity(self.contents.len());
        self.collect_pieces(&mut octets, MAX_DEPTH_OF_PIECES)?;
        Ok(Cow::Owned(octets))
    }

    fn collect_pieces(&self, octets: &mut Vec<u8>, depth: usize) -> Result<(), Malformed> {
        for piece in self.elements() {
            match piece? {
                piece if !piece.is(Tag::OctetString) || depth == 0 => return Err(Malformed),
                piece if piece.is_constructed => piece.collect_pieces(octets, depth - 1)?,
                piece => octets.extend_from_slice(piece.contents),
            }
        }
        Ok(())
    }
}

/// One element after the other, up to the first that is malformed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// The next one, which must be there.
    pub(crate) fn field(&mut self) -> Result<Element<'a>, Malformed> {
        self.next().unwrap_or(Err(Malformed))
    }

    /// The next one if it is one of those.
    pub(crate) fn field_if(
        &mut self,
        is_meant: impl Fn(&Element<'a>) -> bool,
    ) -> Result<Option<Element<'a>>, Malformed> {
        let mut after = *self;
        match after.next().transpose()?.filter(is_meant) {
            Some(element) => {
                *self = after;
                Ok(Some(element))
            }
            None => Ok(None),
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let element = Element::first(self.rest);
        self.rest = element.map_or(&[], |element| &self.rest[element.whole.len()..]);
        Some(element)
    }
}

/// How far it is to the end-of-contents that belongs to what `bytes` is in.
fn to_end_of_contents(bytes: &[u8]) -> Result<usize, Malformed> {
    let (mut rest, mut depth) = (bytes, 0);
    loop {
        if let Some(after) = rest.strip_prefix(END_OF_CONTENTS) {
            if depth == 0 {
                return Ok(bytes.len() - rest.len());
            }
            (rest, depth) = (after, depth - 1);
            continue;
        }
        let (after, header) = Header::from_ber(rest).map_err(|_| Malformed)?;
        rest = match header.length() {
            Length::Definite(length) => after.get(length..).ok_or(Malformed)?,
            Length::Indefinite if depth < MAX_DEPTH => {
                depth += 1;
                after
            }
            Length::Indefinite => return Err(Malformed),
        };
    }
}

const END_OF_CONTENTS: &[u8] = &[0, 0];

/// How deep indefinite lengths may be nested.
const MAX_DEPTH: usize = 50;

/// How deep the pieces of a string may be nested.
const MAX_DEPTH_OF_PIECES: usize = 8;

/// The longest object identifier, in octets.
const MAX_OID: usize = 32;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An element with so much in it, in DER.
    pub(in crate::container) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(contents.len()).unwrap().to_be_bytes();
        match (high, low) {
            (0, 0..0x80) => [&[tag, low], contents].concat(),
            (0, _) => [&[tag, 0x81, low], contents].concat(),
            _ => [&[tag, 0x82, high, low], contents].concat(),
        }
    }

    #[test]
    fn an_indefinite_length_ends_with_its_own_end_of_contents() {
        let bytes = [0x30, 0x80, 0xa0, 0, 0x30, 0x80, 4, 2, 0, 0, 0, 0, 2, 1, 7, 0, 0, 0xff];
        let element = Element::first(&bytes).unwrap();
        assert_eq!((element.contents, element.whole.len()), (&bytes[2..15], 17));
        let lengths: Vec<_> = element.elements().map(|element| element.unwrap().whole.len()).collect();
        assert_eq!(lengths, [2, 8, 3]);
    }

    #[test]
    fn a_string_may_come_in_pieces_of_pieces() {
        let bytes = [0x24, 0x80, 4, 1, 1, 0x24, 0x80, 4, 2, 2, 3, 4, 0, 0, 0, 4, 1, 4, 0, 0];
        assert_eq!(Element::first(&bytes).unwrap().octets().unwrap().as_ref(), [1, 2, 3, 4]);
        let primitive = Element::first(&[4, 1, 9]).unwrap().octets().unwrap();
        assert!(matches!(primitive, Cow::Borrowed([9])));
        assert_eq!(Element::first(&[0x24, 3, 2, 1, 9]).unwrap().octets(), Err(Malformed));
    }

    #[test]
    fn pieces_of_pieces_are_followed_down_to_some_depth() {
        let nested = |depth: usize| (0..depth).fold(element(4, &[7]), |piece, _| element(0x24, &piece));
        let octets = |bytes: &[u8]| Element::first(bytes).unwrap().octets().map(Cow::into_owned);
        assert_eq!(octets(&nested(MAX_DEPTH_OF_PIECES)), Ok(vec![7]));
        assert_eq!(octets(&nested(MAX_DEPTH_OF_PIECES + 1)), Err(Malformed));
    }

    #[test]
    fn indefinite_lengths_may_be_nested_down_to_some_depth() {
        let nested =
            |depth: usize| (0..depth).fold(Vec::new(), |inner, _| [&[0x30, 0x80], inner.as_slice(), &[0, 0]].concat());
        // The outermost one is not in any.
        assert!(Element::first(&nested(MAX_DEPTH + 1)).is_ok());
        assert_eq!(Element::first(&nested(MAX_DEPTH + 2)), Err(Malformed));
    }

    #[test]
    fn a_tag_of_one_class_is_not_that_of_another() {
        let element = |bytes: &'static [u8]| Element::first(bytes).unwrap();
        assert!(element(&[0xa2, 0]).is_context(2) && !element(&[0xa2, 0]).is_context(3));
        assert!(element(&[2, 1, 0]).is(Tag::Integer) && !element(&[2, 1, 0]).is_context(2));
        assert!(!element(&[0x82, 1, 0]).is(Tag::Integer));
    }

    #[test]
    fn an_object_identifier_has_some_octets_and_not_many() {
        let oid = |tag, length: usize| Element::first(&element(tag, &vec![1; length])).unwrap().oid().is_ok();
        assert_eq!([oid(6, 1), oid(6, MAX_OID), oid(4, 1)], [true, true, false]);
        assert_eq!([oid(6, 0), oid(6, MAX_OID + 1)], [false; 2]);
    }

    #[test]
    fn what_has_no_end_is_malformed() {
        let endless = [0x30, 0x80].repeat(1_000_000);
        for bytes in [&[][..], &[0x30], &[0x30, 2, 5], &[0x30, 0x80, 0], &[4, 0x80, 0, 0], &endless] {
            assert_eq!(Element::first(bytes), Err(Malformed));
        }
        assert_eq!(Element { contents: &[2, 5, 0], ..Element::first(&[0x30, 0]).unwrap() }.elements().count(), 1);
    }

    #[test]
    fn numbers_are_not_negative_and_have_64_bits() {
        let number = |bytes: &[u8]| Element::first(bytes).unwrap().number();
        assert_eq!(number(&[2, 3, 0, 0x80, 1]), Ok(0x8001));
        assert_eq!(number(&[2, 9, 0, 255, 255, 255, 255, 255, 255, 255, 255]), Ok(u64::MAX));
        for bytes in [&[2, 0][..], &[2, 1, 0x80], &[4, 1, 1], &[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(number(bytes), Err(Malformed));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_and_an_element_is_where_it_was_found(bytes: Vec<u8>) {
            if let Ok(element) = Element::first(&bytes) {
                proptest::prop_assert!(bytes.starts_with(element.whole));
                let _ = (element.octets_of_any_tag(), element.number(), element.oid());
                proptest::prop_assert!(element.elements().count() <= element.contents.len());
            }
        }
    }
}
