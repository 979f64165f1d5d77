//! What is read of a flight, however it is cut, and what ends it?

use super::*;
use crate::tls::clear::hello::vector;
use proptest::prelude::*;

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [vec![kind], vector::<3>(body)].concat()
}

fn in_record(messages: &[u8]) -> Vec<u8> {
    [vec![HANDSHAKE, 3, 1], vector::<2>(messages)].concat()
}

fn server_hello() -> Vec<u8> {
    handshake(SERVER_HELLO, &[&[3, 1], [7; 32].as_slice(), &[0], &[0, 0x2f], &[0]].concat())
}

fn certificate(ders: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = ders.iter().flat_map(|der| vector::<3>(der)).collect();
    handshake(CERTIFICATE, &vector::<3>(&list))
}

fn read(chunks: &[&[u8]]) -> Result<FlightReader, FlightError> {
    let mut reader = FlightReader::default();
    chunks.iter().try_for_each(|chunk| reader.push(chunk)).map(|()| reader)
}

fn whole() -> Vec<u8> {
    let messages = [
        server_hello(),
        certificate(&[b"leaf", b"issuer"]),
        handshake(CERTIFICATE_REQUEST, &[0; 4]),
        handshake(SERVER_HELLO_DONE, &[]),
    ];
    // One record for the first message, one for the half of the second, one for all that follows.
    let rest = messages[1..].concat();
    [in_record(&messages[0]), in_record(&rest[..9]), in_record(&rest[9..])].concat()
}

#[test]
fn reads_version_suite_chain_and_demand() {
    let bytes = whole();
    let reader = read(&[&bytes]).unwrap();
    let expected = Flight {
        version: Some(Version(0x0301)),
        suite: Some(Suite(0x2f)),
        certificates: vec![b"leaf".to_vec(), b"issuer".to_vec()],
        client_certificate_asked: true,
        signed: None,
    };
    assert_eq!((reader.flight(), reader.is_complete()), (&expected, true));
}

#[test]
fn what_is_signed_is_kept_in_tls_1_2_with_a_key_exchange_that_signs() {
    let signed = |version: u8, suite: [u8; 2]| {
        let hello = handshake(SERVER_HELLO, &[&[3, version], [7; 32].as_slice(), &[0], &suite, &[0]].concat());
        let key_exchange = handshake(SERVER_KEY_EXCHANGE, &[3, 0, 23, 1, 4, 4, 1, 0, 1, 9]);
        let messages = [hello, certificate(&[b"leaf"]), key_exchange].concat();
        read(&[&in_record(&messages)]).unwrap().flight().signed.clone()
    };
    assert!(signed(3, [0xc0, 0x2f]).is_some());
    assert_eq!(signed(2, [0xc0, 0x13]), None);
    assert_eq!(signed(3, [0, 0x2f]), None);
}

#[test]
fn an_alert_is_an_answer_and_a_warning_is_none() {
    assert_eq!(read(&[&[ALERT, 3, 1, 0, 2, 2, 70]]).unwrap_err(), FlightError::Alert(70));
    assert_eq!(read(&[&[ALERT, 3, 1, 0, 2, 1, 0]]).unwrap_err(), FlightError::Alert(0));
    let bytes = [[ALERT, 3, 1, 0, 2, 1, 112].as_slice(), &whole()].concat();
    assert!(read(&[&bytes]).unwrap().is_complete());
}

#[test]
fn a_fatal_alert_is_found_behind_the_flight_and_not_behind_encryption() {
    let alert = [ALERT, 3, 1, 0, 2, FATAL, 40];
    assert_eq!(fatal_alert(&[whole().as_slice(), &alert].concat()), Some(40));
    assert_eq!(fatal_alert(&[[CHANGE_CIPHER_SPEC, 3, 1, 0, 1, 1].as_slice(), &alert].concat()), None);
    assert_eq!(fatal_alert(&whole()), None);
}

#[test]
fn what_is_no_tls_is_seen_at_the_first_bytes() {
    assert_eq!(read(&[b"H"]).unwrap_err(), FlightError::NotTls);
    assert_eq!(read(&[&[22, 9]]).unwrap_err(), FlightError::NotTls);
    assert_eq!(
        read(&[&[23, 3, 3, 0, 1, 0]]).map(|_| ()).unwrap_err().to_string(),
        "a record that has no place in a handshake in the clear"
    );
}

#[test]
fn an_endless_flight_is_ended() {
    let filler = in_record(&handshake(22, &[0; 16_000]));
    let mut reader = read(&[&in_record(&server_hello())]).unwrap();
    let ended = (0..100).find_map(|_| reader.push(&filler).err());
    assert_eq!(ended, Some(FlightError::TooLong));
}

#[test]
fn a_message_that_lies_about_its_length_is_refused() {
    let bytes = [in_record(&server_hello()), in_record(&handshake(CERTIFICATE, &[0, 0, 9, 0, 0, 1, 7]))].concat();
    assert!(matches!(read(&[&bytes]).unwrap_err(), FlightError::Malformed(_)));
    assert!(matches!(read(&[&in_record(&certificate(&[]))]).unwrap_err(), FlightError::Malformed(_)));
}

proptest! {
    #[test]
    fn the_cut_changes_nothing(cuts in prop::collection::vec(1_usize..40, 0..30)) {
        let bytes = whole();
        let mut rest = bytes.as_slice();
        let mut chunks = Vec::new();
        for cut in cuts {
            let (head, tail) = rest.split_at(cut.min(rest.len()));
            chunks.push(head);
            rest = tail;
        }
        chunks.push(rest);
        let (cut, uncut) = (read(&chunks).unwrap(), read(&[&bytes]).unwrap());
        prop_assert_eq!(cut.flight(), uncut.flight());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), place in any::<prop::sample::Index>(), value: u8) {
        let _ = read(&[&bytes]);
        let mut changed = whole();
        let place = place.index(changed.len());
        changed[place] = value;
        let _ = read(&[&changed]);
    }
}

#[test]
fn what_follows_the_whole_flight_is_not_looked_at() {
    let encrypted = [CHANGE_CIPHER_SPEC, 3, 1, 0, 1, 1];
    let alert = [ALERT, 3, 1, 0, 2, FATAL, 40];
    for more in [encrypted.as_slice(), &alert] {
        assert!(read(&[&whole(), more]).unwrap().is_complete());
    }
}

#[test]
fn no_message_counts_in_front_of_the_server_hello() {
    for kind in [CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE, 4] {
        let error = read(&[&in_record(&handshake(kind, &[0; 4]))]).unwrap_err();
        assert_eq!(error.to_string(), "a handshake that does not begin with a ServerHello", "{kind}");
    }
}

#[test]
fn a_server_that_wants_a_hello_may_say_so_in_front_of_its_own() {
    let request = in_record(&handshake(HELLO_REQUEST, &[]));
    assert!(read(&[&request, &whole()]).unwrap().is_complete());
}

#[test]
fn the_longest_flight_is_read_and_a_longer_one_is_not() {
    let filler = |length: usize| in_record(&handshake(22, &vec![0; length - 9]));
    let hello = in_record(&server_hello());
    let size = MAX_FLIGHT / 64;
    let mut flight = [hello.clone(), filler(size).repeat(63), filler(size - hello.len())].concat();
    assert_eq!(flight.len(), MAX_FLIGHT);
    assert!(read(&[&flight]).is_ok());
    flight.push(HANDSHAKE);
    assert_eq!(read(&[&flight]).unwrap_err(), FlightError::TooLong);
}

#[test]
fn the_longest_record_is_waited_for_and_a_longer_one_is_not() {
    for (length, is_waited_for) in [(MAX_RECORD, true), (MAX_RECORD + 1, false), (0xffff, false)] {
        let length = u16::try_from(length).unwrap().to_be_bytes();
        let header = [[HANDSHAKE, 3, 1].as_slice(), &length].concat();
        assert_eq!(read(&[&header]).is_ok(), is_waited_for, "{length:?}");
    }
}
