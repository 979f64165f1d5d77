//! What comes after the end was decided, or from where nothing should: later forks, lost messages, other people's challenges.

use super::*;
use crate::sip::call::offer::Unheard;

#[test]
fn a_2xx_that_comes_right_after_a_refusal_or_redirection_is_released() {
    for (status, transport) in [
        (302, Transport::Udp),
        (302, Transport::Tcp),
        (486, Transport::Udp),
        (486, Transport::Tcp),
        (603, Transport::Tls),
    ] {
        let mut scene = Scene::new(Until::Answer, Duration::from_secs(9), transport);
        scene.settle();
        scene.say(Method::Invite, status, "To: <sip:d>;tag=a").settle();
        assert!(matches!(scene.pass(450).settle(), Step::Wait(_)), "{status}");
        scene.say(Method::Invite, 200, "To: <sip:d>;tag=b\r\nContact: <sip:e@192.0.2.8>");
        assert_eq!(scene.sends(), ["ACK", "BYE"], "{status}: nobody wants to hold it");
        scene.say(Method::Bye, 200, "");
        assert!(matches!(scene.call.verdict(), Verdict::Final(response, _) if response.status == status));
        assert_eq!(scene.call.release(), Release::Done(Duration::ZERO));
        assert_eq!(scene.pass(500).settle(), Step::Over);
    }
}

#[test]
fn a_redirection_is_known_as_soon_as_it_is_acknowledged_and_waited_behind_all_the_same() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let mut scene = Scene::new(Until::Answer, Duration::ZERO, transport);
        scene.settle();
        assert!(!scene.call.is_settled());
        scene.say(Method::Invite, 302, "To: <sip:d>;tag=a\r\nContact: <sip:e@192.0.2.8>");
        assert!(!scene.call.is_settled());
        assert_eq!(scene.sends(), ["ACK"]);
        assert!(scene.call.is_settled() && matches!(scene.settle(), Step::Wait(until) if until == scene.now + T1));
        assert_eq!(scene.pass(500).settle(), Step::Over);
    }
}

#[test]
fn a_provisional_response_behind_the_final_one_changes_nothing() {
    for (status, more) in [(486, "To: <sip:d>;tag=a"), (200, HERE)] {
        let mut scene = Scene::new(Until::Answer, Duration::from_secs(9), Transport::Udp);
        scene.settle();
        scene.say(Method::Invite, status, more).settle();
        let is_settled = scene.call.is_settled();
        scene.say(Method::Invite, 180, "To: <sip:d>;tag=a");
        assert_eq!((scene.call.is_settled(), scene.call.ringing()), (is_settled, None), "{status}");
        assert!(scene.sends().is_empty(), "{status}");
        assert!(matches!(scene.call.verdict(), Verdict::Final(response, _) if response.status == status));
        scene.call.abandon();
        assert!(!scene.sends().contains(&"CANCEL"), "{status}");
    }
}

#[test]
fn a_refusal_behind_an_answer_changes_nothing() {
    let mut scene = Scene::new(Until::Answer, Duration::from_secs(9), Transport::Udp);
    scene.settle();
    assert!(!scene.call.is_kept());
    scene.say(Method::Invite, 200, HERE).settle();
    scene.say(Method::Invite, 486, "To: <sip:d>;tag=b");
    assert!(scene.sends().is_empty() && scene.call.is_kept());
    assert!(matches!(scene.call.verdict(), Verdict::Final(response, _) if response.status == 200));
    assert_eq!(scene.pass(9_000).sends(), ["BYE"]);
    assert!(!scene.call.is_kept());
}

#[test]
fn it_rings_with_the_first_18x() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    for (status, ringing) in [(100, None), (199, None), (183, Some(30)), (180, Some(30))] {
        scene.pass(10).say(Method::Invite, status, "To: <sip:d>;tag=a");
        assert_eq!(scene.call.ringing(), ringing.map(Duration::from_millis), "{status}");
    }
}

#[test]
fn a_call_that_is_given_up_answers_no_challenge() {
    let who = Credentials { username: "u".into(), password: "p".into() };
    for is_cancelled in [false, true] {
        let wish = Wish { until: Until::Ringing, hold: Duration::ZERO, credentials: Some(who.clone()) };
        let mut scene = Scene::with(wish, Transport::Udp);
        scene.settle();
        match is_cancelled {
            true => _ = scene.say(Method::Invite, 180, "To: <sip:d>;tag=a").settle(),
            false => scene.call.abandon(),
        }
        scene.say(Method::Invite, 401, "To: <sip:d>;tag=a\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\"");
        assert_eq!(scene.sends(), ["ACK"], "{is_cancelled}");
    }
}

#[test]
fn a_cancel_without_its_answer_goes_again_over_another_line() {
    let mut scene = Scene::new(Until::Ringing, Duration::ZERO, Transport::Tcp);
    scene.settle();
    scene.call.repeat();
    assert!(scene.sends().is_empty(), "nothing waits for an answer but the INVITE");
    scene.say(Method::Invite, 180, "To: <sip:d>;tag=a").settle();
    scene.call.repeat();
    assert_eq!(scene.sends(), ["CANCEL"]);
    scene.say(Method::Cancel, 200, "");
    scene.call.repeat();
    assert!(scene.sends().is_empty(), "it is answered");
    let mut scene = Scene::new(Until::Ringing, Duration::ZERO, Transport::Tcp);
    scene.settle();
    scene.say(Method::Invite, 180, "To: <sip:d>;tag=a").settle();
    scene.say(Method::Invite, 487, "To: <sip:d>;tag=a").settle();
    scene.call.repeat();
    assert!(scene.sends().is_empty(), "the INVITE is over");
}

#[test]
fn only_a_2xx_without_its_body_makes_somebody_believe_in_a_call() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    let CallRequest { branch, .. } = scene.last(Method::Invite);
    for (status, method) in [(486, "INVITE"), (183, "INVITE"), (200, "BYE")] {
        let cut = format!(
            "SIP/2.0 {status} x\r\nVia: x;branch={branch}\r\nCall-ID: the-call\r\nCSeq: 1 {method}\r\n{HERE}\r\n\r\n"
        );
        scene.call.receive_without_body(&response(&cut), scene.now);
        assert!(scene.sends().is_empty(), "{status} {method}");
        assert_eq!((scene.call.last_response(), scene.call.dialogs().count()), (None, 0));
    }
}

#[test]
fn a_2xx_to_an_invite_that_was_never_sent_is_none_of_this_call() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    let never_sent = response(&format!(
        "SIP/2.0 200 OK\r\nVia: x;branch=z9hG4bKnever\r\nCall-ID: the-call\r\nCSeq: 1 INVITE\r\n{HERE}\r\n\r\n"
    ));
    assert!(!scene.call.receive(&never_sent, true, scene.now));
    assert!(scene.sends().is_empty());
    assert_eq!((scene.call.verdict(), scene.call.dialogs().count()), (Verdict::Nothing, 0));
}

#[test]
fn a_cancel_is_sent_again_until_it_is_answered_itself() {
    let mut scene = Scene::new(Until::Ringing, Duration::ZERO, Transport::Udp);
    scene.settle();
    scene.say(Method::Invite, 180, "To: <sip:d>;tag=a");
    assert_eq!(scene.sends(), ["CANCEL"]);
    assert_eq!(scene.settle(), Step::Wait(scene.now + T1));
    let of_another = "SIP/2.0 200 OK\r\nVia: x;branch=z9hG4bKother\r\nCall-ID: the-call\r\nCSeq: 1 CANCEL\r\n\r\n";
    assert!(!scene.call.receive(&response(of_another), true, scene.now));
    assert_eq!(scene.pass(500).sends(), ["CANCEL"]);
    assert_eq!(scene.call.retransmissions(), 1);
    scene.say(Method::Cancel, 200, "");
    assert!(scene.pass(9_000).sends().is_empty());
    scene.say(Method::Cancel, 100, "");
    assert!(scene.pass(9_000).sends().is_empty(), "what was answered stays so");
}

#[test]
fn whatever_was_sent_again_is_counted_over_challenges() {
    let who = Credentials { username: "u".into(), password: "p".into() };
    let challenge = "To: <sip:d>;tag=a\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\"";
    let mut scene =
        Scene::with(Wish { until: Until::Answer, hold: Duration::ZERO, credentials: Some(who) }, Transport::Udp);
    scene.settle();
    let again = |scene: &mut Scene, expected: &str, count: u32| {
        assert_eq!(scene.pass(500).sends(), [expected]);
        assert_eq!(scene.call.retransmissions(), count);
    };
    again(&mut scene, "INVITE", 1);
    scene.say(Method::Invite, 401, challenge).settle();
    again(&mut scene, "INVITE", 2);
    scene.say(Method::Invite, 200, HERE).settle();
    again(&mut scene, "BYE", 3);
    scene.say(Method::Bye, 401, challenge).settle();
    again(&mut scene, "BYE", 4);
}

#[test]
fn an_invite_that_nobody_works_on_is_to_be_sent_again_half_a_second_later() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    assert_eq!(scene.settle(), Step::Wait(scene.now + T1));
}

#[test]
fn the_last_response_is_the_final_one_or_else_the_last_that_was_none() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    assert_eq!(scene.call.last_response(), None);
    for status in [100, 183, 486] {
        scene.say(Method::Invite, status, "To: <sip:d>;tag=a").settle();
        assert_eq!(scene.call.last_response().map(|response| response.status), Some(status));
    }
}

#[test]
fn what_a_callee_described_before_it_answered_is_its_answer_to_the_offer_of_the_first_eight_callees() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    let described = |callee: usize, body: &str| {
        format!("To: <sip:d>;tag=t{callee}\r\nContent-Type: application/sdp\r\n\r\nv={body}{callee}")
    };
    for callee in 0..9 {
        scene.say(Method::Invite, 183, &described(callee, "first"));
        scene.say(Method::Invite, 183, &described(callee, "second"));
    }
    for callee in 0..9 {
        let to = format!("To: <sip:d>;tag=t{callee}\r\nContact: <sip:d@192.0.2.9>\r\nContent-Length: 0");
        let accepted = response(&format!("SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n{to}\r\n\r\n"));
        let found = scene.call.answer_to_offer(&accepted).map(|body| String::from_utf8_lossy(body).trim().to_owned());
        let expected = if callee < 8 { Ok(format!("v=first{callee}")) } else { Err(Unheard::NoAnswer) };
        assert_eq!(found, expected, "{callee}");
    }
}

#[test]
fn an_invite_that_is_given_up_is_never_sent_again() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    scene.pass(450).call.abandon();
    for _ in 0..20 {
        assert!(scene.pass(500).sends().is_empty());
        assert!(matches!(scene.settle(), Step::Wait(until) if until > scene.now));
    }
    assert_eq!(scene.call.release(), Release::Open(Open::NotCancelled));
    scene.say(Method::Invite, 200, HERE);
    assert_eq!(scene.sends(), ["ACK", "BYE"], "the answer to the first one");
}

#[test]
fn an_invite_that_has_no_final_response_is_open() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Tcp);
    scene.settle();
    assert_eq!(scene.call.release(), Release::Open(Open::NotCancelled));
    scene.say(Method::Invite, 180, "To: <sip:d>;tag=a").settle();
    assert_eq!(scene.call.release(), Release::Open(Open::CancelUnsent));
    scene.call.abandon();
    scene.settle();
    assert_eq!(scene.call.release(), Release::Open(Open::CancelUnanswered));
}

#[test]
fn callees_beyond_those_that_are_released_are_counted() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    for callee in 0..70 {
        scene.say(Method::Invite, 200, &format!("To: <sip:d>;tag=t{callee}\r\nContact: <sip:e@192.0.2.8>")).settle();
    }
    let byes: Vec<_> = scene.sent.iter().filter(|request| request.method == Method::Bye).cloned().collect();
    assert_eq!(byes.len(), 64);
    byes.iter().for_each(|bye| scene.answer(bye, 200, ""));
    assert_eq!(scene.call.release(), Release::Open(Open::TooMany(6)));
}

#[test]
fn a_response_with_the_tag_of_another_dialog_is_none_of_this_call() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    let CallRequest { branch, .. } = scene.last(Method::Invite);
    let said = |from: &str| {
        response(&format!(
            "SIP/2.0 200 OK\r\nVia: x;branch={branch}\r\nCall-ID: the-call\r\nCSeq: 1 INVITE\r\nFrom: {from}\r\n{HERE}\r\n\r\n"
        ))
    };
    assert!(!scene.call.receive(&said("<sip:other@x>;tag=zzz"), true, scene.now));
    assert!(scene.sends().is_empty());
    assert!(scene.call.receive(&said("<sip:caller.example>;tag=ours"), true, scene.now));
    assert_eq!(scene.sends(), ["ACK", "BYE"]);
}

#[test]
fn a_challenge_to_bye_is_answered_only_where_the_invite_was_challenged_alike() {
    let challenge =
        |realm: &str| format!("To: <sip:d>;tag=a\r\nWWW-Authenticate: Digest realm=\"{realm}\", nonce=\"1\"");
    for (first, realm, is_trusted, is_answered) in [
        (Some("good"), "good", true, true),
        (Some("good"), "good", false, false),
        (Some("good"), "evil", true, false),
        (None, "good", true, false),
    ] {
        let who = Credentials { username: "u".into(), password: "p".into() };
        let wish = Wish { until: Until::Answer, hold: Duration::ZERO, credentials: Some(who) };
        let mut scene = Scene::with(wish, Transport::Udp);
        scene.settle();
        if let Some(realm) = first {
            scene.say(Method::Invite, 401, &challenge(realm)).settle();
        }
        scene.say(Method::Invite, 200, HERE).settle();
        match is_trusted {
            true => _ = scene.say(Method::Bye, 401, &challenge(realm)),
            false => scene.say_untrusted(Method::Bye, 401, &challenge(realm)),
        }
        let expected = if is_answered { &["BYE"][..] } else { &[] };
        assert_eq!(scene.sends(), expected, "{first:?} {realm} {is_trusted}");
        let refused = Release::Open(Open::Refused("401 Said".into()));
        assert_eq!(scene.call.release() == refused, !is_answered);
        if is_answered {
            // Once.
            scene.say(Method::Bye, 401, &challenge(realm));
            assert!(scene.sends().is_empty() && scene.call.release() == refused);
        }
    }
}

#[test]
fn what_was_lost_with_a_line_goes_again_before_the_end_of_the_call_and_after() {
    let mut scene = Scene::new(Until::Answer, Duration::from_secs(3), Transport::Udp);
    scene.settle();
    scene.say(Method::Invite, 200, HERE).settle();
    scene.call.repeat();
    assert!(scene.sends().is_empty(), "nothing waits for an answer");
    scene.call.repeat_to_callees();
    assert_eq!(scene.sends(), ["ACK"]);
    assert_eq!(scene.pass(3_000).sends(), ["BYE"]);
    scene.call.repeat();
    assert_eq!(scene.sends(), ["ACK", "BYE"]);
}

#[test]
fn a_2xx_whose_body_cannot_be_read_is_no_answer_and_its_callee_is_released() {
    for (rings, is_later_read) in [(false, false), (true, false), (false, true)] {
        let mut scene = Scene::new(Until::Answer, Duration::from_secs(9), Transport::Udp);
        scene.settle();
        if rings {
            scene.say(Method::Invite, 180, "To: <sip:d>;tag=a").settle();
        }
        let branch = scene.last(Method::Invite).branch;
        let cut = response(&format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch={branch}\r\nCall-ID: the-call\r\nCSeq: 1 INVITE\r\n{HERE}\r\n\r\n"
        ));
        scene.call.abandon();
        scene.call.receive_without_body(&cut, scene.now);
        assert_eq!(scene.sends(), ["ACK", "BYE"]);
        scene.call.receive_without_body(&cut, scene.now);
        assert_eq!(scene.sends(), ["ACK"]);
        assert_eq!((scene.call.verdict(), scene.call.is_open()), (Verdict::Nothing, true));
        assert_eq!(scene.call.release(), Release::Open(Open::ByeUnanswered));
        if is_later_read {
            scene.say(Method::Invite, 200, HERE);
            assert_eq!(scene.sends(), ["ACK"]);
        }
        scene.pass(5).say(Method::Bye, 200, "");
        assert_eq!(scene.call.release(), Release::Done(Duration::from_millis(5)));
        assert_eq!(scene.pass(500).settle(), Step::Over);
    }
}
