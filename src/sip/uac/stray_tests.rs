//! Does anything that is not our answer, however malformed, keep the client from the one that is?

use super::tests::*;
use super::*;

#[test]
fn ok_past_every_malformed_message_that_is_not_for_us() {
    for stray in FOREIGN {
        let acts = || vec![Act::Say(stray), Act::Say(OK)];
        assert_eq!(run::<false>(acts(), 5_000, None).result.unwrap().response.status, 200, "a datagram: {stray}");
        assert_eq!(run::<true>(acts(), 5_000, None).result.unwrap().response.status, 200, "on a stream: {stray}");
    }
}

#[test]
fn ok_past_every_datagram_that_is_no_message() {
    for stray in UNREADABLE {
        let acts = vec![Act::Say(stray), Act::Say(TRYING), Act::Say(stray), Act::Say(OK)];
        assert_eq!(run::<false>(acts, 5_000, None).result.unwrap().response.status, 200, "{stray:?}");
    }
}

#[test]
fn protocol_at_the_deadline_when_only_what_is_no_message_came() {
    each(&UNREADABLE, |stray| {
        let ran = run::<false>(vec![Act::Say(stray), Act::Say(stray)], IN_TIME, None);
        let failure = ran.result.unwrap_err();
        assert_eq!((failure.class, failure.as_well), (Class::Protocol, Some(Class::Timeout)), "{stray:?}");
        assert!(failure.summary.contains(" SIP answer from 192.0.2.7:5060: "), "{}", failure.summary);
    });
}

#[test]
fn what_had_our_branch_is_named_before_noise_and_before_provisionals() {
    let acts = vec![Act::Say("jaK"), Act::Say(TRYING), Act::Say(UNREADABLE[8])];
    let failure = run::<false>(acts, IN_TIME, None).result.unwrap_err();
    assert!(failure.summary.ends_with("the datagram ends within the message"), "{}", failure.summary);
    let failure = run::<false>(vec![Act::Say("jaK"), Act::Say(TRYING)], IN_TIME, None).result.unwrap_err();
    assert!(failure.summary.starts_with("only provisional responses"), "{}", failure.summary);
}

#[test]
fn timeout_when_only_messages_of_others_came() {
    each(&FOREIGN, |stray| {
        let class = if stray.contains("Via") { Class::Timeout } else { Class::Protocol };
        assert_eq!(run::<false>(vec![Act::Say(stray)], IN_TIME, None).result.unwrap_err().class, class, "{stray}");
        assert_eq!(run::<true>(vec![Act::Say(stray)], IN_TIME, None).result.unwrap_err().class, class, "{stray}");
    });
}

#[test]
fn protocol_at_once_when_a_stream_has_lost_its_boundaries_or_our_own_answer_is_malformed() {
    let ours = "SIP/2.0 200 OK\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\nCSeq: {cseq}\r\nl: 0\r\n\r\n";
    for (from, to) in [("200", "700"), ("SIP/2.0 ", "SIP/7.0 "), ("{cseq}", "x"), ("l: 0", "l: x")] {
        let malformed: &'static str = ours.replace(from, to).leak();
        let failure = run::<true>(vec![Act::Say(malformed), Act::Say(OK)], 20_000, None).result.unwrap_err();
        assert_eq!((failure.class, failure.as_well), (Class::Protocol, None), "{malformed}");
    }
    let failure = run::<true>(vec![Act::Say("jaK\r\n"), Act::Say(OK)], 20_000, None).result.unwrap_err();
    assert_eq!(failure.class, Class::Protocol);
}

#[test]
fn protocol_when_a_final_response_lacks_from_or_to() {
    for (missing, name) in [("FROM: {from}\r\n", "From"), ("TO: {to};tag=1\r\n", "To")] {
        let without: &'static str = OK.replace(missing, "").leak();
        for result in [
            run::<true>(vec![Act::Say(without)], 20_000, None).result,
            run::<false>(vec![Act::Say(without)], IN_TIME, None).result,
        ] {
            let failure = result.unwrap_err();
            assert_eq!(failure.class, Class::Protocol);
            let expected = format!(
                "malformed SIP answer from 192.0.2.7:5060: the response has no {name}, expected one header of that name"
            );
            assert_eq!(failure.summary, expected);
        }
        // As with whatever else cannot be used of a datagram, a better one may come.
        let better = run::<false>(vec![Act::Say(without), Act::Say(OK)], 20_000, None).result;
        assert_eq!(better.unwrap().response.status, 200);
    }
}

#[test]
fn protocol_when_an_answer_is_in_the_dialog_of_somebody_else() {
    let tag_of_others: &'static str = OK.replace("{from}", "<sip:check@192.0.2.1>;tag=0").leak();
    let unclosed: &'static str = OK.replace("{from}", "\"a\" <sip:x@y").leak();
    for other in [tag_of_others, unclosed, OK.replace("{from}", "x").leak()] {
        let failure = run::<true>(vec![Act::Say(other), Act::Say(OK)], 20_000, None).result.unwrap_err();
        assert_eq!((failure.class, failure.as_well), (Class::Protocol, None), "{other}");
        assert!(failure.summary.contains("expected the tag of the request in it"), "{failure:?}");
        assert_eq!(run::<false>(vec![Act::Say(other)], IN_TIME, None).result.unwrap_err().class, Class::Protocol);
        let better = run::<false>(vec![Act::Say(other), Act::Say(OK)], 20_000, None).result;
        assert_eq!(better.unwrap().response.status, 200);
    }
}

#[test]
fn a_quoted_parameter_neither_hides_our_branch_nor_forges_it() {
    let loss: &'static str = OK.replace("{via}", "SIP/2.0/UDP a;oc-algo=\"loss,A\";{branch}").leak();
    assert_eq!(run::<true>(vec![Act::Say(loss)], 5_000, None).result.unwrap().response.status, 200);
    let forged: &'static str = OK.replace("{via}", "SIP/2.0/UDP a;x=\";{branch};\";branch=other").leak();
    assert_eq!(run::<true>(vec![Act::Say(forged)], IN_TIME, None).result.unwrap_err().class, Class::Timeout);
}

#[test]
fn ok_past_a_message_of_others_with_a_body_that_is_too_long() {
    let of = |via: &'static str| {
        let head = format!("SIP/2.0 503 No\r\nVia: {via}\r\ni: {{call-id}}\r\nCSeq: {{cseq}}\r\nl: 2000000\r\n\r\n");
        let head: &'static str = head.leak();
        let body = || Act::Send(Box::new(|_: &str| vec![b'x'; 50_000]));
        std::iter::once(Act::Say(head)).chain((0..40).map(move |_| body())).chain([Act::Say(OK)]).collect()
    };
    let answer = run::<true>(of("SIP/2.0/TCP x;branch=z9hG4bKold"), 20_000, None).result.unwrap();
    assert_eq!(answer.response.status, 200);
    let failure = run::<true>(of("{via}"), 20_000, None).result.unwrap_err();
    assert_eq!(failure.class, Class::Protocol);
    assert!(failure.summary.contains("a body of 2000000 bytes"), "{failure:?}");
}

#[test]
fn timeout_when_the_body_stays_away_says_what_has_come() {
    let short: &'static str = OK.replace("Content-Length: 0\r\n", "Content-Length: 5\r\n").leak();
    let failure = run::<true>(vec![Act::Say(short)], IN_TIME, None).result.unwrap_err();
    assert_eq!(failure.class, Class::Timeout);
    let said = "; of a message 'SIP/2.0 200 OK' only 0 of the 5 bytes came that its body should have";
    assert!(failure.summary.ends_with(said), "{failure:?}");
}

/// What is not for us, and can be told from an answer only by somebody who reads on.
const FOREIGN: [&str; 9] = [
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKold\r\nCSeq: 9292394834772304023312 OPTIONS\r\nl: 0\r\n\r\n",
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKold\r\nl: 0\r\n\r\n",
    "SIP/2.0 700 Huh\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKold\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n",
    "SIP/7.0 200 OK\r\nVia: SIP/7.0/UDP x;branch=z9hG4bKold\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n",
    "OPTIONS sip:us SIP/7.0\r\nVia: SIP/7.0/UDP x;branch=z9hG4bKold\r\nl: 0\r\n\r\n",
    "SIP/2.0 200 OK\r\nCSeq: x\r\nl: 0\r\n\r\n",
    "SIP/2.0 503 No\r\nVia: {via}, SIP/2.0/UDP x;branch=z9hG4bKold\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\nCSeq: {cseq}\r\nl: 0\r\n\r\n",
    "SIP/2.0 503 No\r\nVia: {via}\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKold\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\nCSeq: {cseq}\r\nl: 0\r\n\r\n",
    "SIP/2.0 503 No\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\nCSeq: 1 options\r\nl: 0\r\n\r\n",
];

/// Datagrams that are no message.
const UNREADABLE: [&str; 10] = [
    "\0\0\0\0",
    "jaK",
    "\0\u{1}\0\u{8}!\u{12}$Babcdefghijkl",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;bra",
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKold\r\nl: 9\r\n\r\nx",
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKold\r\nl: -1\r\n\r\n",
    "SIP/2.0 200 OK\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\nCSe",
    "SIP/2.0 200 OK\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\nCSeq: {cseq}\r\nl: 5\r\n\r\nx",
    "SIP/2.0 700 OK\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\nCSeq: {cseq}\r\nl: 0\r\n\r\n",
];
