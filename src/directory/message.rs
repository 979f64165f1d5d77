//! What do the bytes of LDAP mean? Requests encoded, answers decoded, every length bounded.

use std::fmt;

use asn1_rs::{Any, Class, FromDer, Header, Tag};

/// An attribute of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name as the directory spells it.
    pub name: String,
    /// Its values; bytes that are no UTF-8 are replaced.
    pub values: Vec<String>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapResult {
    /// The result code of RFC 4511, appendix A; 0 for success.
    pub code: u32,
    /// The directory's own words, if it has any.
    pub diagnostic: Option<String>,
}

impl fmt::Display for LdapResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, result_name(self.code))?;
        self.diagnostic.as_ref().map_or(Ok(()), |text| write!(f, ": {text}"))
    }
}

/// A message from the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LdapMessage {
    /// An entry was found.
    Entry {
        /// The request that it answers.
        id: u32,
        /// Its distinguished name; that of the rootDSE is empty.
        name: String,
        /// What is in the entry.
        attributes: Vec<Attribute>,
    },
    /// A search is over.
    Done {
        /// The request that it answers.
        id: u32,
        /// How it ended.
        result: LdapResult,
    },
    /// The directory hangs up and says why (notice of disconnection).
    Notice(LdapResult),
    /// Something that nobody asked for.
    Other,
}

/// The bytes are no LDAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not even the beginning of a message.
    #[error("what came back is not LDAP: expected an LDAPMessage")]
    NotLdap,
    /// More than any rootDSE.
    #[error("an LDAP message of {0} bytes, more than {MAX_MESSAGE}")]
    TooLong(usize),
    /// A message whose inside does not fit together.
    #[error("a malformed LDAP message: expected {0}")]
    Inside(&'static str),
}

/// The request to search the entry without a name, for `attributes`.
pub(crate) fn search(attributes: &[&str]) -> Vec<u8> {
    let attributes: Vec<_> = attributes.iter().flat_map(|name| element(OCTET_STRING, name.as_bytes())).collect();
    let request = [
        element(OCTET_STRING, b""),       // baseObject: the rootDSE
        element(ENUMERATED, &[0]),        // scope: baseObject
        element(ENUMERATED, &[0]),        // derefAliases: neverDerefAliases
        element(INTEGER, &[0]),           // sizeLimit: none
        element(INTEGER, &[0]),           // timeLimit: none, the deadline is ours
        element(BOOLEAN, &[0]),           // typesOnly: no
        element(PRESENT, b"objectClass"), // filter: (objectClass=*)
        element(SEQUENCE, &attributes),
    ];
    message(1, &element(SEARCH_REQUEST, &request.concat()))
}

/// The request to end the connection.
pub(crate) fn unbind() -> Vec<u8> {
    message(2, &element(UNBIND_REQUEST, b""))
}

/// The length of the message that `bytes` begin with, once all of it is there.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    // Looked at before a length is believed: another protocol's first bytes would ask for gigabytes.
    if bytes.first().is_some_and(|first| *first != SEQUENCE) {
        return Err(Malformed::NotLdap);
    }
    let (content, header) = match Header::from_der(bytes) {
        Ok(header) => header,
        Err(asn1_rs::Err::Incomplete(_)) => return Ok(None),
        Err(_) => return Err(Malformed::NotLdap),
    };
    let length = header.length().definite().map_err(|_| Malformed::NotLdap)?;
    let length = (bytes.len() - content.len()).saturating_add(length);
    if length > MAX_MESSAGE {
        return Err(Malformed::TooLong(length));
    }
    Ok((length <= bytes.len()).then_some(length))
}

/// One whole message.
pub fn decode(bytes: &[u8]) -> Result<LdapMessage, Malformed> {
    let mut message = Reader { rest: bytes }.expect(Tag::Sequence, "an LDAPMessage")?;
    let id = message.number(Tag::Integer, "a message identifier")?;
    let operation = message.next("an operation")?;
    let mut inside = Reader { rest: operation.data };
    match (operation.class(), operation.tag().0) {
        (Class::Application, 4) => {
            let name = inside.text("an entry's name")?;
            Ok(LdapMessage::Entry { id, name, attributes: inside.attributes()? })
        }
        (Class::Application, 5) => Ok(LdapMessage::Done { id, result: inside.outcome()? }),
        (Class::Application, 24) if id == 0 => Ok(LdapMessage::Notice(inside.outcome()?)),
        (Class::Application, _) => Ok(LdapMessage::Other),
        _ => Err(Malformed::Inside("an operation")),
    }
}

/// The name of a result code in RFC 4511, appendix A.
const fn result_name(code: u32) -> &'static str {
    match code {
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        13 => "confidentialityRequired",
        32 => "noSuchObject",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        80 => "other",
        _ => "no code of RFC 4511",
    }
}

/// What is left of a constructed element. RFC 4511, section 5.1, allows definite lengths only, so the DER reader of
/// asn1-rs fits; it takes lengths with leading zeros, which Active Directory writes.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn next(&mut self, expected: &'static str) -> Result<Any<'a>, Malformed> {
        let (rest, element) = Any::from_der(self.rest).map_err(|_| Malformed::Inside(expected))?;
        self.rest = rest;
        Ok(element)
    }

    fn expect(&mut self, tag: Tag, expected: &'static str) -> Result<Self, Malformed> {
        let element = self.next(expected)?;
        let fits = element.class() == Class::Universal && element.tag() == tag;
        fits.then_some(Self { rest: element.data }).ok_or(Malformed::Inside(expected))
    }

    fn number(&mut self, tag: Tag, expected: &'static str) -> Result<u32, Malformed> {
        let content = self.expect(tag, expected)?.rest;
        let negative = content.first().is_none_or(|first| *first >= 0x80);
        if negative || content.len() > 5 {
            return Err(Malformed::Inside(expected));
        }
        let number = content.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        u32::try_from(number).map_err(|_| Malformed::Inside(expected))
    }

    fn text(&mut self, expected: &'static str) -> Result<String, Malformed> {
        let content = self.expect(Tag::OctetString, expected)?.rest;
        Ok(String::from_utf8_lossy(content).into_owned())
    }

    fn attributes(&mut self) -> Result<Vec<Attribute>, Malformed> {
        let mut list = self.expect(Tag::Sequence, "a list of attributes")?;
        let mut attributes = Vec::new();
        while !list.rest.is_empty() {
            let mut attribute = list.expect(Tag::Sequence, "an attribute")?;
            let name = attribute.text("an attribute's name")?;
            let mut set = attribute.expect(Tag::Set, "a set of values")?;
            let mut values = Vec::new();
            while !set.rest.is_empty() {
                values.push(set.text("a value")?);
            }
            attributes.push(Attribute { name, values });
        }
        Ok(attributes)
    }

    fn outcome(&mut self) -> Result<LdapResult, Malformed> {
        let code = self.number(Tag::Enumerated, "a result code")?;
        self.text("a matched name")?;
        let diagnostic = self.text("a diagnostic message")?;
        Ok(LdapResult { code, diagnostic: Some(diagnostic).filter(|text| !text.is_empty()) })
    }
}

/// A message whose identifier is below 128.
fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[element(INTEGER, &[id]), operation.to_vec()].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
    match length {
        [0, 0, 0, short @ 0..0x80] => [&[tag, short], content].concat(),
        _ => [&[tag, 0x84], length.as_slice(), content].concat(),
    }
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const SEQUENCE: u8 = 0x30;
const UNBIND_REQUEST: u8 = 0x42;
const SEARCH_REQUEST: u8 = 0x63;
const PRESENT: u8 = 0x87;

/// The message identifier of the search.
pub(crate) const SEARCH_ID: u32 = 1;

/// The most of one message, in bytes: a rootDSE has about 3,000.
const MAX_MESSAGE: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEARCH_ENTRY: u8 = 0x64;
    const SEARCH_DONE: u8 = 0x65;
    const EXTENDED_RESPONSE: u8 = 0x78;
    const SET: u8 = 0x31;

    fn done(tag: u8, code: u8, diagnostic: &[u8]) -> Vec<u8> {
        let fields = [element(ENUMERATED, &[code]), element(OCTET_STRING, b""), element(OCTET_STRING, diagnostic)];
        element(tag, &fields.concat())
    }

    fn entry(attributes: &[(&str, &str)]) -> Vec<u8> {
        let attributes: Vec<_> = attributes
            .iter()
            .flat_map(|(name, value)| {
                let values = element(SET, &element(OCTET_STRING, value.as_bytes()));
                element(SEQUENCE, &[element(OCTET_STRING, name.as_bytes()), values].concat())
            })
            .collect();
        element(SEARCH_ENTRY, &[element(OCTET_STRING, b""), element(SEQUENCE, &attributes)].concat())
    }

    #[test]
    fn a_search_as_other_clients_encode_it() {
        let expected = b"\x30\x29\x02\x01\x01\x63\x24\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\
            \x01\x01\x00\x87\x0bobjectClass\x30\x04\x04\x02cn";
        assert_eq!(search(&["cn"]), expected);
        assert_eq!(unbind(), b"\x30\x05\x02\x01\x02\x42\x00");
        assert_eq!(length(&search(&["x"; 200])), Ok(Some(search(&["x"; 200]).len())));
    }

    #[test]
    fn an_entry_with_its_attributes() {
        let bytes = message(1, &entry(&[("isSynchronized", "TRUE"), ("name", "\u{fc}")]));
        let LdapMessage::Entry { id: 1, name, attributes } = decode(&bytes).unwrap() else { panic!() };
        assert_eq!(name, "");
        assert_eq!(attributes[0], Attribute { name: "isSynchronized".to_owned(), values: vec!["TRUE".to_owned()] });
        assert_eq!(attributes[1].values, ["ü"]);
    }

    #[test]
    fn lengths_with_leading_zeros_as_active_directory_writes_them() {
        let inside = [element(INTEGER, &[1]), done(SEARCH_DONE, 0, b"")].concat();
        let bytes = [&[SEQUENCE, 0x84, 0, 0, 0, u8::try_from(inside.len()).unwrap()], inside.as_slice()].concat();
        assert_eq!(length(&bytes), Ok(Some(bytes.len())));
        assert_eq!(decode(&bytes), Ok(LdapMessage::Done { id: 1, result: LdapResult { code: 0, diagnostic: None } }));
    }

    #[test]
    fn a_number_has_as_many_bytes_as_it_takes() {
        let numbered =
            |number: &[u8]| decode(&element(SEQUENCE, &[element(INTEGER, number), done(SEARCH_DONE, 0, b"")].concat()));
        for (number, id) in [(&[1, 0x2c][..], 300), (&[0, 0xff, 0xff, 0xff, 0xff], u32::MAX)] {
            assert!(matches!(numbered(number), Ok(LdapMessage::Done { id: found, .. }) if found == id), "{number:?}");
        }
        for number in [&[][..], &[0x80], &[1, 0, 0, 0, 0], &[0, 0, 0, 0, 0, 1]] {
            assert!(numbered(number).is_err(), "{number:?}");
        }
    }

    #[test]
    fn a_refusal_with_its_words_and_a_notice_of_disconnection() {
        let refused = LdapResult { code: 8, diagnostic: Some("bind first".to_owned()) };
        let bytes = message(1, &done(SEARCH_DONE, 8, b"bind first"));
        assert_eq!(decode(&bytes), Ok(LdapMessage::Done { id: 1, result: refused.clone() }));
        assert_eq!(decode(&message(0, &done(EXTENDED_RESPONSE, 8, b"bind first"))), Ok(LdapMessage::Notice(refused)));
        assert_eq!(decode(&message(7, &element(0x73, b""))), Ok(LdapMessage::Other));
        // A notice is nobody's answer.
        assert_eq!(decode(&message(7, &done(EXTENDED_RESPONSE, 8, b""))), Ok(LdapMessage::Other));
    }

    #[test]
    fn a_refusal_keeps_its_code_whatever_its_number_and_the_bytes_of_its_words() {
        for code in [8, 9, 118] {
            let result = LdapResult { code: u32::from(code), diagnostic: Some("Gr\u{fffd}\u{fffd}e".to_owned()) };
            let bytes = message(1, &done(SEARCH_DONE, code, b"Gr\xf6\xdfe"));
            assert_eq!(decode(&bytes), Ok(LdapMessage::Done { id: 1, result }));
        }
    }

    #[test]
    fn a_notice_as_active_directory_writes_it_with_its_name_behind_the_response() {
        let fields =
            [element(INTEGER, &[0]), done(EXTENDED_RESPONSE, 52, b""), element(0x8a, b"1.3.6.1.4.1.1466.20036")];
        let notice = LdapMessage::Notice(LdapResult { code: 52, diagnostic: None });
        assert_eq!(decode(&element(SEQUENCE, &fields.concat())), Ok(notice));
    }

    #[test]
    fn one_attribute_that_does_not_fit_spoils_the_entry() {
        let good = element(SEQUENCE, &[element(OCTET_STRING, b"a"), element(SET, b"")].concat());
        let bad = element(SEQUENCE, &element(INTEGER, &[1]));
        let list = element(SEQUENCE, &[good, bad].concat());
        let bytes = message(1, &element(SEARCH_ENTRY, &[element(OCTET_STRING, b""), list].concat()));
        assert_eq!(decode(&bytes), Err(Malformed::Inside("an attribute's name")));
    }

    #[test]
    fn a_message_of_nothing_but_nested_sequences_is_malformed() {
        let depth = MAX_MESSAGE / 6;
        let nested = (1..=depth).flat_map(|level| {
            let length = u32::try_from((depth - level) * 6).unwrap().to_be_bytes();
            [[SEQUENCE, 0x84].as_slice(), &length].concat()
        });
        let bytes: Vec<u8> = nested.collect();
        assert_eq!(length(&bytes), Ok(Some(bytes.len())));
        assert_eq!(decode(&bytes), Err(Malformed::Inside("a message identifier")));
    }

    #[test]
    fn another_protocol_is_told_by_its_first_byte() {
        assert_eq!(length(b"HTTP/1.1 400 Bad Request"), Err(Malformed::NotLdap));
        assert_eq!(length(b"0\x80\x00\x00"), Err(Malformed::NotLdap));
        assert_eq!(length(b"0\x84\x7f\xff\xff\xff"), Err(Malformed::TooLong(0x7fff_ffff + 6)));
        assert_eq!(length(b"0\x88\xff\xff\xff\xff\xff\xff\xff\xff"), Err(Malformed::TooLong(usize::MAX)));
    }

    #[test]
    fn a_message_is_awaited_until_all_of_it_is_there() {
        let bytes = message(1, &done(SEARCH_DONE, 0, b""));
        for end in 0..bytes.len() {
            assert_eq!(length(&bytes[..end]), Ok(None), "{end}");
        }
        assert_eq!(length(&[bytes.as_slice(), b"more"].concat()), Ok(Some(bytes.len())));
    }

    #[test]
    fn a_message_of_the_most_bytes_is_awaited_and_one_more_is_refused() {
        let of = |all: usize| [&[SEQUENCE, 0x84], u32::try_from(all - 6).unwrap().to_be_bytes().as_slice()].concat();
        assert_eq!(length(&of(MAX_MESSAGE)), Ok(None));
        assert_eq!(length(&of(MAX_MESSAGE + 1)), Err(Malformed::TooLong(MAX_MESSAGE + 1)));
    }

    #[test]
    fn every_cut_inside_is_malformed() {
        let whole = message(1, &entry(&[("a", "b")]));
        for end in 0..whole.len() {
            assert!(decode(&whole[..end]).is_err(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), flip in 0_usize..60, value: u8) {
            let _ = (length(&bytes), decode(&bytes));
            let mut nearly = message(1, &entry(&[("isSynchronized", "TRUE"), ("a", "b")]));
            nearly[flip.min(40)] = value;
            let _ = (length(&nearly), decode(&nearly));
        }
    }
}
