//! Does a message of DNS say what it means, and is nothing else taken for an answer?

use super::*;
use proptest::prelude::*;
use simple_dns::rdata::{A, CNAME, NAPTR, RData, SRV};
use simple_dns::{CLASS, Name, Packet, RCODE, ResourceRecord};

/// QR and TC, in the third byte.
const RESPONSE: u8 = 0x80;
const TRUNCATED: u8 = 0x02;

fn question(name: &str, record_type: RecordType) -> DnsQuestion {
    DnsQuestion::new(7, name, record_type).unwrap()
}

/// The answer of a nameserver that copies the question.
fn answer(question: &DnsQuestion, rcode: RCODE, records: &[(&'static str, RData<'static>)]) -> Vec<u8> {
    let query = question.encode().unwrap();
    let mut packet = Packet::parse(&query).unwrap().into_reply();
    *packet.rcode_mut() = rcode;
    let record = |(name, data): &(&'static str, _)| {
        ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 60, RData::clone(data))
    };
    packet.answers.extend(records.iter().map(record));
    packet.build_bytes_vec_compressed().unwrap()
}

fn srv(target: &'static str) -> RData<'static> {
    RData::SRV(SRV { priority: 10, weight: 5, port: 389, target: Name::new(target).unwrap() })
}

#[test]
fn a_query_on_the_wire() {
    let bytes = question("_sip._tcp.Example.com.", RecordType::Srv).encode().unwrap();
    let expected = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x04_sip\x04_tcp\x07example\x03com\0\0\x21\0\x01";
    assert_eq!(bytes, expected);
}

#[test]
fn srv_records_with_compressed_names() {
    let question = question("_ldap._tcp.example.com", RecordType::Srv);
    let bytes = answer(
        &question,
        RCODE::NoError,
        &[("_LDAP._tcp.example.com", srv("DC1.example.com")), ("_ldap._tcp.example.com", srv("."))],
    );
    let Ok(DnsAnswer::Records(records)) = question.read(&bytes) else { panic!() };
    let record = |target: &str| DnsRecord::Srv(Srv { priority: 10, weight: 5, port: 389, target: target.to_owned() });
    assert_eq!(records, [record("dc1.example.com"), record("")]);
}

#[test]
fn naptr_records() {
    let question = question("example.com", RecordType::Naptr);
    let text = |text: &'static [u8]| simple_dns::CharacterString::new(text).unwrap();
    let naptr = NAPTR {
        order: 1,
        preference: 2,
        flags: text(b"S"),
        services: text(b"SIP+D2T"),
        regexp: text(b""),
        replacement: Name::new("_sip._tcp.example.com").unwrap(),
    };
    let bytes = answer(&question, RCODE::NoError, &[("example.com", RData::NAPTR(naptr))]);
    let Ok(DnsAnswer::Records(records)) = question.read(&bytes) else { panic!() };
    let [DnsRecord::Naptr(naptr)] = records.as_slice() else { panic!() };
    assert_eq!((naptr.flags.as_str(), naptr.services.as_str()), ("S", "SIP+D2T"));
    assert_eq!(naptr.replacement, "_sip._tcp.example.com");
}

#[test]
fn aliases_are_followed_and_circles_end() {
    let question = question("a.example", RecordType::A);
    let alias = |to: &'static str| RData::CNAME(CNAME(Name::new(to).unwrap()));
    let address = RData::A(A { address: 0xc000_0207 });
    let bytes = answer(
        &question,
        RCODE::NoError,
        &[("c.example", address), ("b.example", alias("c.example")), ("a.example", alias("b.example"))],
    );
    let expected = vec![DnsRecord::Address("192.0.2.7".parse().unwrap())];
    assert_eq!(question.read(&bytes), Ok(DnsAnswer::Records(expected)));
    let circle = [("a.example", alias("b.example")), ("b.example", alias("a.example"))];
    assert_eq!(question.read(&answer(&question, RCODE::NoError, &circle)), Ok(DnsAnswer::Records(Vec::new())));
}

#[test]
fn a_name_that_has_records_beside_its_alias_is_answered_by_them() {
    let question = question("example.com", RecordType::A);
    let address = |last| RData::A(A { address: u32::from_be_bytes([192, 0, 2, last]) });
    let alias = RData::CNAME(CNAME(Name::new("other.example.com").unwrap()));
    let records = [("example.com", alias), ("example.com", address(7)), ("other.example.com", address(8))];
    let found = |records: &[_]| match question.read(&answer(&question, RCODE::NoError, records)) {
        Ok(DnsAnswer::Records(records)) => records,
        other => panic!("{other:?}"),
    };
    assert_eq!(found(&records), [DnsRecord::Address([192, 0, 2, 7].into())]);
    assert_eq!(found(&[records[0].clone(), records[2].clone()]), [DnsRecord::Address([192, 0, 2, 8].into())]);
}

#[test]
fn a_name_that_does_not_exist_has_no_records() {
    let question = question("a.example", RecordType::A);
    assert_eq!(question.read(&answer(&question, RCODE::NameError, &[])), Ok(DnsAnswer::Records(Vec::new())));
}

#[test]
fn a_server_failure_is_no_answer() {
    let question = question("a.example", RecordType::A);
    let error = question.read(&answer(&question, RCODE::ServerFailure, &[])).unwrap_err();
    assert!(error.to_string().contains("SERVFAIL"));
}

#[test]
fn a_header_alone_with_an_error_is_a_refusal() {
    let question = question("a.example", RecordType::A);
    let header = |rcode: u8| [0, 7, RESPONSE, rcode, 0, 0, 0, 0, 0, 0, 0, 0];
    for (rcode, word) in [(1, "FORMERR"), (2, "SERVFAIL"), (4, "NOTIMP"), (5, "REFUSED"), (9, "an error")] {
        let error = question.read(&header(rcode)).unwrap_err();
        assert!(matches!(error, DnsMessageError::Refused(text) if text.contains(word)), "{error}");
    }
    for rcode in [0, 3] {
        assert_eq!(question.read(&header(rcode)), Err(DnsMessageError::Malformed));
    }
}

#[test]
fn strays_are_told_from_answers() {
    let question = question("a.example", RecordType::A);
    let mut other_id = answer(&question, RCODE::NoError, &[]);
    other_id[1] = 8;
    let other_name = answer(&self::question("b.example", RecordType::A), RCODE::NoError, &[]);
    let other_type = answer(&self::question("a.example", RecordType::Aaaa), RCODE::NoError, &[]);
    let query = question.encode().unwrap();
    for stray in [&other_id, &other_name, &other_type, &query, &Vec::new()] {
        assert_eq!(question.read(stray), Err(DnsMessageError::Stray));
    }
}

#[test]
fn a_cut_message_is_truncated_even_if_it_is_not_whole() {
    let question = question("a.example", RecordType::A);
    let mut bytes = answer(&question, RCODE::NoError, &[("a.example", RData::A(A { address: 1 }))]);
    bytes[2] |= TRUNCATED;
    let mut of_another_question = bytes.clone();
    of_another_question[13] ^= 1;
    bytes.truncate(20);
    assert_eq!(question.read(&bytes), Ok(DnsAnswer::Truncated));
    assert_eq!(question.read(&of_another_question), Err(DnsMessageError::Stray));
}

#[test]
fn a_pointer_to_itself_is_malformed() {
    let question = question("a.example", RecordType::A);
    let mut bytes = question.encode().unwrap();
    bytes[2] |= RESPONSE;
    bytes[12..14].copy_from_slice(&[0xc0, 12]);
    assert_eq!(question.read(&bytes), Err(DnsMessageError::Malformed));
}

#[test]
fn names_that_cannot_be_asked_for() {
    for name in ["", ".", "a..example", ".a.example", "a.example..", &"a".repeat(64), &"a.".repeat(200)] {
        assert!(DnsQuestion::new(1, name, RecordType::A).is_err(), "{name}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), flips in proptest::collection::vec((0_usize..200, any::<u8>()), 0..8)) {
        let question = question("_ldap._tcp.example.com", RecordType::Srv);
        let _ = question.read(&bytes);
        if bytes.len() > 3 {
            bytes[..3].copy_from_slice(&[0, 7, RESPONSE]);
            let _ = question.read(&bytes);
        }
        let records = [("_ldap._tcp.example.com", srv("dc1.example.com")), ("_ldap._tcp.example.com", srv("dc2.example.com"))];
        let mut nearly = answer(&question, RCODE::NoError, &records);
        for (at, value) in flips {
            let length = nearly.len();
            nearly[at % length] = value;
        }
        let _ = question.read(&nearly);
    }
}
