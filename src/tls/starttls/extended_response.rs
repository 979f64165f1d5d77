//! What does a directory answer to StartTLS? Its ExtendedResponse (RFC 4511, section 4.12).

use x509_parser::asn1_rs::{Any, Class as TagClass, FromBer, Tag};

/// The result code of an ExtendedResponse and the length of its message; `None` until all of it is there. The error is what
/// was found instead.
pub(super) fn extended_response(received: &[u8]) -> Result<Option<(u32, usize)>, &'static str> {
    let Some(length) = message_length(received)? else { return Ok(None) };
    if length > MAX_ANSWER {
        return Err(TOO_LONG);
    }
    let Some(message) = received.get(..length) else { return Ok(None) };
    let result = || {
        let (_, message) = Any::from_ber(message).ok()?;
        let (rest, _id) = Any::from_ber(message.data).ok()?;
        let (_, response) = Any::from_ber(rest).ok()?;
        let is_response = response.class() == TagClass::Application && response.tag() == Tag(24);
        let (_, code) = Any::from_ber(response.data).ok().filter(|_| is_response)?;
        (code.tag() == Tag::Enumerated && code.data.len() <= 4)
            .then(|| code.data.iter().fold(0, |code, byte| code << 8 | u32::from(*byte)))
    };
    Ok(Some((result().ok_or("its answer is no LDAP ExtendedResponse")?, length)))
}

/// The length of an LDAPMessage with its header; `None` until that is there.
fn message_length(received: &[u8]) -> Result<Option<usize>, &'static str> {
    match received {
        [] | [0x30] => Ok(None),
        [0x30, short @ 0..=0x7f, ..] => Ok(Some(2 + usize::from(*short))),
        [0x30, long @ 0x81..=0x84, rest @ ..] => {
            let count = usize::from(long & 0x7f);
            let bytes = rest.get(..count);
            Ok(bytes.map(|bytes| {
                let length = bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
                length.saturating_add(2 + count)
            }))
        }
        _ => Err("its answer is no LDAP message"),
    }
}

/// The most of one message, or line in other protocols, in bytes.
pub(super) const MAX_ANSWER: usize = 16 * 1024;
pub(super) const TOO_LONG: &str = "its answer is longer than 16 KiB";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_response_is_read_when_all_of_it_is_there() {
        let success = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
        for end in 0..success.len() {
            assert!(extended_response(&success[..end]).unwrap().is_none(), "{end}");
        }
        assert_eq!(extended_response(success).unwrap(), Some((0, success.len())));
        let refused = b"\x30\x84\x00\x00\x00\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00rest";
        assert_eq!(extended_response(refused).unwrap(), Some((52, refused.len() - 4)));
        let refused = b"\x30\x0d\x02\x01\x01\x78\x08\x0a\x02\x10\x01\x04\x00\x04\x00";
        assert_eq!(extended_response(refused).unwrap(), Some((4_097, refused.len())));
    }

    #[test]
    fn the_longest_answer_is_waited_for_and_a_longer_one_is_not() {
        let announced = |length: usize| {
            let length = u32::try_from(length - 6).unwrap().to_be_bytes();
            extended_response(&[[0x30, 0x84].as_slice(), &length].concat())
        };
        assert_eq!(announced(MAX_ANSWER), Ok(None));
        assert_eq!(announced(MAX_ANSWER + 1), Err(TOO_LONG));
    }

    #[test]
    fn what_is_no_extended_response_is_refused() {
        let (another_tag, too_long) = (
            b"\x30\x0c\x02\x01\x01\x78\x07\x02\x01\x00\x04\x00\x04\x00",
            b"\x30\x10\x02\x01\x01\x78\x0b\x0a\x05\x01\x00\x00\x00\x00\x04\x00\x04\x00",
        );
        for bytes in [
            another_tag.as_slice(),
            too_long,
            b"* OK ready\r\n".as_slice(),
            b"\x30\x03\x02\x01\x01",
            b"\x30\x80",
            // The answer to a bind, and what has the right number in another class.
            b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
            b"\x30\x0c\x02\x01\x01\xb8\x07\x0a\x01\x00\x04\x00\x04\x00",
            b"\x30\x05\x02\x01\x01\x61\x00",
        ] {
            assert!(extended_response(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = extended_response(&bytes);
        }
    }
}
