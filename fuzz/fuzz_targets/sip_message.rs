//! Is any datagram read, decoded and judged without a panic?
#![no_main]

use std::time::Duration;

use check_um::door::exchange::diagnostics::Diagnostics;
use check_um::door::sip::digest::{Challenge, Credentials, Signed};
use check_um::door::sip::expect::StatusRules;
use check_um::door::sip::framing::datagram;
use check_um::door::sip::judge::Expected;
use check_um::door::sip::message::Response;
use check_um::door::sip::uac::Answer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(Some(frame)) = datagram(bytes) else { return };
    for (_, diagnostics) in Diagnostics::among(frame.head.pairs()) {
        let _ = diagnostics.text();
    }
    if let Ok(challenge) = Challenge::strongest_in(&frame.head) {
        let who = Credentials { username: "a".to_owned(), password: "b".to_owned() };
        let (_, value) = challenge.answer(&who, Signed { method: "OPTIONS", uri: "sip:a" }, "c");
        assert!(!value.contains(['\r', '\n']));
    }
    let Ok(Some(response)) = Response::read(frame) else { return };
    assert!((100..700).contains(&response.status));
    let answer = Answer { response, took: Duration::ZERO, digest_user: None, stranger: None, answers_for: None };
    let expected = Expected {
        statuses: StatusRules { rules: vec!["4xx=warning".parse().unwrap()], expected: "2xx".parse().unwrap() },
        headers: vec!["Server: ^RTCC/[0-9.]+$".parse().unwrap()],
        allow: vec!["INVITE".to_owned()],
    };
    let _ = expected.judge(&answer, "192.0.2.7:5060", Duration::ZERO);
});
