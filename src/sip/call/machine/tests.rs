//! Does the call do what RFC 3261 wants, whatever comes in whatever order? Every message made by hand, time passed in.

use super::outcome::{Open, Release, Verdict};
use super::*;
use crate::sip::call::authorization::Unauthorized;
use crate::sip::framing::datagram;
use crate::sip::message::tests::response;
use crate::sip::transaction::T1;

mod late_tests;
mod order_tests;

/// What the requests of a call to `sip:101@callee.example` have in common.
pub(crate) fn template() -> Template {
    Template {
        uri: "sip:101@callee.example".into(),
        from: "sip:caller.example".into(),
        to: "sip:101@callee.example".into(),
        contact: "sip:192.0.2.1:40000".into(),
        user_agent: "check-um/1".into(),
        max_forwards: 70,
        routes: Vec::new(),
        headers: Vec::new(),
        offer: "v=0\r\n".into(),
        call_id: "the-call".into(),
        tag: "ours".into(),
        cseq: 1,
    }
}

/// A call and the other side of it.
pub(crate) struct Scene {
    pub(crate) call: Call,
    pub(crate) now: Instant,
    sent: Vec<CallRequest>,
}

impl Scene {
    pub(crate) fn new(until: Until, hold: Duration, transport: Transport) -> Self {
        Self::with(Wish { until, hold, credentials: None }, transport)
    }

    fn with(wish: Wish, transport: Transport) -> Self {
        let now = Instant::now();
        Self { call: Call::new(template(), wish, transport, now), now, sent: Vec::new() }
    }

    /// Sends what is to be sent now; what is to be done then.
    pub(crate) fn settle(&mut self) -> Step {
        loop {
            match self.call.poll(self.now) {
                Step::Send(request) => self.sent.push(request),
                step => return step,
            }
        }
    }

    /// What is sent now, by its method.
    fn sends(&mut self) -> Vec<&'static str> {
        let known = self.sent.len();
        self.settle();
        self.sent[known..].iter().map(|request| request.method.word()).collect()
    }

    pub(crate) fn pass(&mut self, milliseconds: u64) -> &mut Self {
        self.now += Duration::from_millis(milliseconds);
        self
    }

    fn last(&self, method: Method) -> CallRequest {
        self.sent.iter().rev().find(|request| request.method == method).unwrap().clone()
    }

    /// The other side answers the last request of this method.
    pub(crate) fn say(&mut self, method: Method, status: u16, more: &str) -> &mut Self {
        let request = self.last(method);
        self.answer(&request, status, more);
        self
    }

    fn answer(&mut self, request: &CallRequest, status: u16, more: &str) {
        let (branch, cseq, method) = (&request.branch, request.cseq, request.method.word());
        let message = format!(
            "SIP/2.0 {status} Said\r\nVia: SIP/2.0/UDP a;branch={branch}\r\nCall-ID: the-call\r\nCSeq: {cseq} {method}\r\n{more}\r\n\r\n"
        );
        assert!(self.call.receive(&response(&message), true, self.now), "{message}");
    }

    /// The other side answers the last request of this method over a line that no credentials are for.
    fn say_untrusted(&mut self, method: Method, status: u16, more: &str) {
        let CallRequest { branch, cseq, .. } = self.last(method);
        let method = method.word();
        let message = format!(
            "SIP/2.0 {status} Said\r\nVia: SIP/2.0/UDP a;branch={branch}\r\nCall-ID: the-call\r\nCSeq: {cseq} {method}\r\n{more}\r\n\r\n"
        );
        assert!(self.call.receive(&response(&message), false, self.now), "{message}");
    }

    /// The callee `tag` sends a request; our answer.
    pub(crate) fn ask(&mut self, method: &str, tag: &str) -> Option<String> {
        let message = format!(
            "{method} sip:x SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=1\r\nFrom: <sip:c>;tag={tag}\r\nTo: <sip:d>;tag=ours\r\n\
             Call-ID: the-call\r\nCSeq: 9 {method}\r\n\r\n"
        );
        self.call.request(&datagram(message.as_bytes()).unwrap().unwrap().head, self.now)
    }
}

#[test]
fn answered_and_released() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    assert_eq!(scene.sends(), ["INVITE"]);
    scene.pass(10).say(Method::Invite, 180, "To: <sip:d>;tag=a").pass(10).say(Method::Invite, 200, HERE);
    assert_eq!(scene.sends(), ["ACK", "BYE"]);
    let (ack, bye) = (scene.last(Method::Ack), scene.last(Method::Bye));
    assert_eq!((ack.uri.as_str(), ack.cseq, ack.to.as_str()), ("sip:d@192.0.2.9:5070", 1, "<sip:d>;tag=a"));
    assert_eq!((bye.uri.as_str(), bye.cseq), ("sip:d@192.0.2.9:5070", 2));
    assert!(ack.branch != bye.branch && ack.branch != scene.sent[0].branch);
    scene.pass(5).say(Method::Bye, 200, "");
    assert!(matches!(scene.settle(), Step::Wait(until) if until == scene.now + T1), "another callee may answer");
    assert_eq!(scene.pass(500).settle(), Step::Over);
    assert!(
        matches!(scene.call.verdict(), Verdict::Final(response, took) if response.status == 200 && took.as_millis() == 20)
    );
    assert_eq!(scene.call.release(), Release::Done(Duration::from_millis(5)));
    assert_eq!(scene.call.ringing(), Some(Duration::from_millis(10)));
}

#[test]
fn kept_for_as_long_as_it_is_to_be_held() {
    let mut scene = Scene::new(Until::Answer, Duration::from_secs(3), Transport::Tcp);
    scene.settle();
    scene.say(Method::Invite, 200, HERE);
    assert_eq!(scene.sends(), ["ACK"]);
    assert!(scene.pass(2_999).sends().is_empty());
    assert_eq!(scene.pass(1).sends(), ["BYE"]);
}

#[test]
fn the_callee_hangs_up_first() {
    let mut scene = Scene::new(Until::Answer, Duration::from_secs(3), Transport::Udp);
    scene.settle();
    scene.say(Method::Invite, 200, HERE).settle();
    assert!(scene.ask("INVITE", "a").unwrap().starts_with("SIP/2.0 488 "));
    assert!(scene.ask("OPTIONS", "a").unwrap().starts_with("SIP/2.0 200 "));
    assert!(scene.ask("REFER", "a").unwrap().starts_with("SIP/2.0 405 "));
    assert_eq!(scene.ask("ACK", "a"), None);
    assert!(scene.ask("BYE", "stranger").unwrap().starts_with("SIP/2.0 481 "));
    assert!(scene.pass(200).ask("BYE", "a").unwrap().starts_with("SIP/2.0 200 "));
    assert_eq!(scene.call.hung_up(), Some(Duration::from_millis(200)));
    assert!(scene.sends().is_empty());
    assert_eq!(scene.pass(500).settle(), Step::Over);
}

#[test]
fn a_callee_who_hangs_up_behind_us_has_not_hung_up_first() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    scene.say(Method::Invite, 200, HERE);
    assert_eq!(scene.sends(), ["ACK", "BYE"]);
    assert!(scene.pass(10).ask("BYE", "a").unwrap().starts_with("SIP/2.0 200 "));
    assert_eq!(scene.call.hung_up(), None);
}

#[test]
fn every_2xx_is_acknowledged_as_often_as_it_comes() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    scene.say(Method::Invite, 200, HERE).settle();
    scene.say(Method::Invite, 200, HERE);
    assert_eq!(scene.sends(), ["ACK"]);
    scene.say(Method::Invite, 200, "To: <sip:d>;tag=b\r\nContact: <sip:e@192.0.2.8>");
    assert_eq!(scene.sends(), ["ACK", "BYE"]);
    assert_eq!(scene.last(Method::Bye).to, "<sip:d>;tag=b");
}

#[test]
fn a_refusal_is_acknowledged_by_its_own_transaction() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    scene.say(Method::Invite, 486, "To: <sip:d>;tag=a");
    assert_eq!(scene.sends(), ["ACK"]);
    let (invite, ack) = (scene.last(Method::Invite), scene.last(Method::Ack));
    assert_eq!((ack.branch, ack.cseq, ack.uri), (invite.branch, invite.cseq, invite.uri));
    assert_eq!(ack.to, "<sip:d>;tag=a");
    scene.say(Method::Invite, 486, "To: <sip:d>;tag=a");
    assert_eq!(scene.sends(), ["ACK"]);
    assert!(matches!(scene.settle(), Step::Wait(until) if until == scene.now + T1), "another callee may answer");
    assert_eq!((scene.pass(500).settle(), scene.call.release()), (Step::Over, Release::NotNeeded));
}

#[test]
fn cancelled_only_after_a_provisional_response() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    scene.call.abandon();
    assert!(scene.pass(100).sends().is_empty());
    scene.say(Method::Invite, 100, "");
    assert_eq!(scene.sends(), ["CANCEL"]);
    let (invite, cancel) = (scene.last(Method::Invite), scene.last(Method::Cancel));
    assert_eq!((cancel.branch, cancel.cseq, cancel.to), (invite.branch, invite.cseq, invite.to));
    assert_eq!(scene.pass(500).sends(), ["CANCEL"], "Timer E");
    scene.say(Method::Cancel, 200, "").pass(10).say(Method::Invite, 487, "To: <sip:d>;tag=a");
    assert_eq!(scene.sends(), ["ACK"]);
    assert_eq!(scene.call.verdict(), Verdict::Nothing);
    assert_eq!(scene.call.release(), Release::Done(Duration::from_millis(510)));
    assert_eq!(scene.pass(500).settle(), Step::Over);
}

#[test]
fn a_cancel_that_is_refused() {
    let mut scene = Scene::new(Until::Ringing, Duration::ZERO, Transport::Udp);
    scene.settle();
    scene.say(Method::Invite, 180, "").settle();
    scene.say(Method::Cancel, 481, "").settle();
    assert_eq!(scene.call.release(), Release::Open(Open::CancelRefused("481 Said".into())));
    scene.say(Method::Invite, 487, "To: <sip:d>;tag=a").settle();
    assert_eq!(scene.call.release(), Release::Done(Duration::ZERO), "it was cancelled all the same");
}

#[test]
fn a_200_that_crosses_the_cancel_is_released() {
    let mut scene = Scene::new(Until::Ringing, Duration::from_secs(9), Transport::Tcp);
    scene.settle();
    scene.say(Method::Invite, 183, "To: <sip:d>;tag=a");
    assert_eq!(scene.sends(), ["CANCEL"]);
    scene.say(Method::Invite, 200, HERE);
    assert_eq!(scene.sends(), ["ACK", "BYE"]);
    scene.say(Method::Cancel, 481, "").say(Method::Bye, 200, "");
    assert!(matches!(scene.call.verdict(), Verdict::Ringing(response, _) if response.status == 183));
    assert_eq!(scene.call.release(), Release::Done(Duration::ZERO));
}

#[test]
fn a_bye_that_nobody_answers_and_one_that_is_refused() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    scene.say(Method::Invite, 200, HERE).settle();
    assert_eq!(scene.pass(500).sends(), ["BYE"]);
    assert_eq!(scene.call.release(), Release::Open(Open::ByeUnanswered));
    scene.say(Method::Bye, 100, "").say(Method::Bye, 503, "");
    assert_eq!(scene.call.release(), Release::Open(Open::Refused("503 Said".into())));

    let released = |status| {
        let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
        scene.settle();
        scene.say(Method::Invite, 200, HERE).settle();
        scene.say(Method::Bye, status, "");
        assert_eq!(scene.pass(500).settle(), Step::Over);
        scene.call.release()
    };
    assert_eq!(released(408), Release::Open(Open::ByeLost("408 Said".into())), "a proxy's word for it");
    assert_eq!(released(481), Release::Done(Duration::ZERO));

    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Tcp);
    scene.settle();
    scene.say(Method::Invite, 200, HERE).settle();
    scene.pass(32_000);
    assert_eq!((scene.settle(), scene.call.release()), (Step::Over, Release::Open(Open::ByeUnanswered)));
}

#[test]
fn timer_b_ends_what_nobody_answers_and_nothing_what_rings() {
    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    assert_eq!((scene.sends(), scene.pass(500).sends()), (vec!["INVITE"], vec!["INVITE"]));
    assert_eq!(scene.pass(31_500).settle(), Step::Over);
    assert_eq!((scene.call.verdict(), scene.call.retransmissions()), (Verdict::Nothing, 1));

    let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
    scene.settle();
    scene.say(Method::Invite, 180, "");
    assert!(matches!(scene.pass(100_000).settle(), Step::Wait(_)));
}

#[test]
fn a_challenge_of_a_proxy_and_one_of_the_callee() {
    let who = Credentials { username: "u".into(), password: "p".into() };
    let wish = Wish { until: Until::Answer, hold: Duration::ZERO, credentials: Some(who) };
    let mut scene = Scene::with(wish, Transport::Udp);
    scene.settle();
    let challenge = "Digest realm=\"r\", nonce=\"1\"";
    scene.say(Method::Invite, 407, &format!("To: <sip:d>;tag=p\r\nProxy-Authenticate: {challenge}"));
    let first = scene.sent[0].clone();
    assert_eq!(scene.sends(), ["ACK", "INVITE"]);
    assert_ne!(scene.last(Method::Invite).branch, first.branch);
    scene.answer(&first, 407, "To: <sip:d>;tag=p");
    assert_eq!(scene.sends(), ["ACK"], "the 407 came again");
    scene.say(Method::Invite, 401, &format!("To: <sip:d>;tag=a\r\nWWW-Authenticate: {challenge}"));
    assert_eq!(scene.sends(), ["ACK", "INVITE"]);
    let invite = scene.last(Method::Invite);
    let names: Vec<_> = invite.credentials.iter().map(|(name, _)| *name).collect();
    assert_eq!((names, invite.cseq), (vec!["Proxy-Authorization", "Authorization"], 3));
    scene.say(Method::Invite, 200, HERE);
    assert_eq!(scene.sends(), ["ACK", "BYE"]);
    scene.say(Method::Bye, 407, &format!("Proxy-Authenticate: {challenge}"));
    assert_eq!(scene.sends(), ["BYE"]);
    assert_eq!((scene.last(Method::Bye).cseq, scene.last(Method::Bye).credentials.len()), (5, 1));
    scene.say(Method::Bye, 407, "");
    assert_eq!(scene.call.release(), Release::Open(Open::Refused("407 Said".into())));
    assert_eq!(scene.call.digest_user(), Some("u"));
}

#[test]
fn credentials_that_are_rejected_and_a_challenge_that_is_none() {
    let who = Credentials { username: "u".into(), password: "p".into() };
    for (challenge, expected) in [
        ("WWW-Authenticate: Digest realm=\"r\", nonce=\"1\"", Unauthorized::Rejected("u".into())),
        ("X: y", Unauthorized::Challenge(crate::sip::digest::ChallengeError::Absent)),
    ] {
        let wish = Wish { until: Until::Answer, hold: Duration::ZERO, credentials: Some(who.clone()) };
        let mut scene = Scene::with(wish, Transport::Tcp);
        for _ in 0..2 {
            scene.settle();
            let is_open = scene.call.is_open();
            if is_open {
                scene.say(Method::Invite, 401, challenge);
            }
        }
        assert_eq!((scene.pass(500).settle(), scene.call.unauthorized()), (Step::Over, Some(&expected)));
        assert!(matches!(scene.call.verdict(), Verdict::Final(response, _) if response.status == 401));
    }
}

const HERE: &str = "To: <sip:d>;tag=a\r\nContact: <sip:d@192.0.2.9:5070>";
