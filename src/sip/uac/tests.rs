//! Does the client understand every way in which a peer can answer? Over a scripted channel.

use std::collections::VecDeque;
use std::io;
use std::thread;

use super::*;
use crate::sip::message::tests::request;

/// An answer made of the last request.
type MakeAnswer = dyn Fn(&str) -> Vec<u8>;

/// What the peer does next.
pub(super) enum Act {
    /// Sends this, with `{branch}` and the other identities of the last request put in.
    Say(&'static str),
    /// Sends what this makes of the last request.
    Send(Box<MakeAnswer>),
    /// Hangs up.
    Close,
    /// Resets the connection.
    Reset,
}

pub(super) struct Script<const STREAM: bool> {
    acts: VecDeque<Act>,
    pub(super) sent: Vec<String>,
    /// Whether leave was taken.
    is_closed: bool,
}

impl<const STREAM: bool> Channel for Script<STREAM> {
    const IS_STREAM: bool = STREAM;

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sent.push(String::from_utf8(bytes.to_vec()).unwrap());
        Ok(())
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self.acts.pop_front() {
            Some(Act::Say(text)) => {
                let request = self.sent.last().unwrap();
                let via = line(request, "Via: ");
                let authorization =
                    request.lines().find_map(|line| line.strip_prefix("Authorization: ")).unwrap_or_default();
                let said = text
                    .replace("{via}", via)
                    .replace("{branch}", via.split(';').find(|part| part.starts_with("branch=")).unwrap())
                    .replace("{authorization}", authorization)
                    .replace("{AUTHORIZATION}", &authorization.to_uppercase())
                    .replace("{from}", line(request, "From: "))
                    .replace("{to}", line(request, "To: "))
                    .replace("{call-id}", line(request, "Call-ID: "))
                    .replace("{cseq}", line(request, "CSeq: "));
                buffer.extend_from_slice(said.as_bytes());
                Ok(said.len())
            }
            Some(Act::Send(said)) => {
                let said = said(self.sent.last().unwrap());
                buffer.extend_from_slice(&said);
                Ok(said.len())
            }
            Some(Act::Close) => Ok(0),
            Some(Act::Reset) => Err(io::ErrorKind::ConnectionReset.into()),
            None => std::future::pending().await,
        }
    }

    async fn close(&mut self) {
        self.is_closed = true;
    }
}

pub(super) fn line<'a>(message: &'a str, name: &str) -> &'a str {
    message.lines().find_map(|line| line.strip_prefix(name)).unwrap()
}

pub(super) struct Ran<const STREAM: bool> {
    pub(super) result: Result<Answer, Failure>,
    pub(super) uac: Uac<Script<STREAM>>,
}

pub(super) fn run<const STREAM: bool>(
    acts: Vec<Act>,
    milliseconds: u64,
    credentials: Option<Credentials>,
) -> Ran<STREAM> {
    let mut uac = client(acts, milliseconds);
    let result = runtime().block_on(uac.options(&request(), credentials.as_ref()));
    Ran { result, uac }
}

/// A client of a peer that does this, with so many milliseconds until its deadline.
pub(super) fn client<const STREAM: bool>(acts: Vec<Act>, milliseconds: u64) -> Uac<Script<STREAM>> {
    let deadline = Deadline::new(Instant::now(), Duration::from_millis(milliseconds));
    let peer = Peer { host: "192.0.2.7".to_owned(), address: "192.0.2.7:5060".parse().unwrap() };
    Uac::over(Script::<STREAM> { acts: acts.into(), sent: Vec::new(), is_closed: false }, peer, deadline)
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Judges all cases at once: each of them waits for its deadline.
pub(super) fn each<T: Copy + Send + 'static>(cases: &[T], judge: fn(T)) {
    let judging: Vec<_> = cases.iter().copied().map(|case| thread::spawn(move || judge(case))).collect();
    judging.into_iter().for_each(|judged| judged.join().unwrap());
}

/// A deadline in milliseconds, long enough for what is there to be read on a busy machine.
pub(super) const IN_TIME: u64 = 1_000;

fn answered(acts: Vec<Act>) -> Answer {
    run::<true>(acts, 5_000, None).result.unwrap()
}

fn failed(acts: Vec<Act>, milliseconds: u64) -> Failure {
    run::<true>(acts, milliseconds, None).result.unwrap_err()
}

pub(super) const OK: &str = "SIP/2.0 200 OK\r\nVIA: {via}\r\nFROM: {from}\r\nTO: {to};tag=1\r\nCALL-ID: {call-id}\r\nCSEQ: {cseq}\r\n\
                  Content-Length: 0\r\n\r\n";
pub(super) const TRYING: &str =
    "SIP/2.0 100 Trying\r\nVia: {via}\r\nCall-ID: {call-id}\r\nCSeq: {cseq}\r\nl: 0\r\n\r\n";
const STRAY: &str =
    "SIP/2.0 503 Old\r\nVia: SIP/2.0/TCP x;branch=z9hG4bKold\r\nCall-ID: {call-id}\r\nCSeq: {cseq}\r\nl: 0\r\n\r\n";
pub(super) const CHALLENGE: &str = "SIP/2.0 401 Unauthorized\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\nCall-ID: {call-id}\r\nCSeq: {cseq}\r\n\
                         WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\nl: 0\r\n\r\n";
const STALE: &str = "SIP/2.0 401 Unauthorized\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\nCall-ID: {call-id}\r\nCSeq: {cseq}\r\n\
                     WWW-Authenticate: Digest realm=\"r\", nonce=\"m\", qop=\"auth\", stale=true\r\nl: 0\r\n\r\n";

pub(super) fn credentials() -> Option<Credentials> {
    Some(Credentials { username: "alice".to_owned(), password: "secret".to_owned() })
}

#[test]
fn only_over_udp_silence_may_mean_that_nothing_arrived() {
    let by_datagrams = run::<false>(Vec::new(), 100, None).result.unwrap_err();
    let over_a_connection = run::<true>(Vec::new(), 100, None).result.unwrap_err();
    assert_eq!((by_datagrams.class, over_a_connection.class), (Class::Timeout, Class::Timeout));
    assert_eq!((by_datagrams.advice, over_a_connection.advice), (Some(ADVICE_ON_SILENCE), None));
}

#[test]
fn the_final_response_is_the_answer() {
    assert_eq!(answered(vec![Act::Say(OK)]).response.status, 200);
}

#[test]
fn leave_is_taken_of_the_peer() {
    let mut ran = run::<true>(vec![Act::Say(OK)], 5_000, None);
    assert!(!ran.uac.link.channel.is_closed);
    runtime().block_on(ran.uac.close());
    assert!(ran.uac.link.channel.is_closed);
}

#[test]
fn strays_and_provisionals_are_waited_out() {
    assert_eq!(answered(vec![Act::Say(STRAY), Act::Say(TRYING), Act::Say(STRAY), Act::Say(OK)]).response.status, 200);
}

#[test]
fn a_request_of_the_peer_is_ignored() {
    let request = "OPTIONS sip:us SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\r\nl: 0\r\n\r\n";
    assert_eq!(answered(vec![Act::Say(request), Act::Say(OK)]).response.status, 200);
}

#[test]
fn timeout_when_silent() {
    let failure = failed(vec![], 30);
    assert_eq!(failure.class, Class::Timeout);
    assert!(failure.summary.starts_with("no response from 192.0.2.7:5060 after 1 request in "), "{}", failure.summary);
}

#[test]
fn timeout_when_only_provisional() {
    let failure = failed(vec![Act::Say(TRYING)], IN_TIME);
    assert_eq!(failure.class, Class::Timeout);
    assert!(failure.summary.contains("the last one 100 Trying"), "{}", failure.summary);
}

#[test]
fn timeout_when_only_strays_and_they_are_counted() {
    let failure = failed(vec![Act::Say(STRAY), Act::Say(STRAY)], IN_TIME);
    assert!(failure.summary.ends_with("; 2 messages that did not belong to it"), "{}", failure.summary);
}

#[test]
fn timeout_when_the_head_never_ends() {
    let failure = failed(vec![Act::Say("SIP/2.0 200 OK\r\nVia:")], IN_TIME);
    assert!(failure.summary.ends_with("; 20 bytes of an unfinished message came"), "{}", failure.summary);
}

#[test]
fn closed_says_in_which_situation() {
    let before = failed(vec![Act::Close], 5_000);
    assert_eq!(before.class, Class::Closed);
    assert_eq!(before.summary, "192.0.2.7:5060 closed the connection without an answer to the request");
    let cut = failed(vec![Act::Say("SIP/2.0 200 OK\r\nVia:"), Act::Close], 5_000);
    assert!(cut.summary.ends_with("in the middle of a message, after 20 bytes of it"), "{}", cut.summary);
    let reset = failed(vec![Act::Say(TRYING), Act::Reset], 5_000);
    assert!(
        reset.summary.ends_with("reset the connection after 100 Trying, before a final response"),
        "{}",
        reset.summary
    );
}

#[test]
fn protocol_when_not_sip() {
    let failure = failed(vec![Act::Say("HTTP/1.1 400 Bad Request\r\n\r\n")], 5_000);
    assert_eq!(failure.class, Class::Protocol);
    assert!(failure.summary.contains("does not speak SIP but HTTP"), "{}", failure.summary);
}

#[test]
fn protocol_when_the_status_code_would_wrap() {
    let failure = failed(vec![Act::Say("SIP/2.0 4294967496 OK\r\nVia: {via}\r\nCSeq: {cseq}\r\nl: 0\r\n\r\n")], 5_000);
    assert_eq!(failure.class, Class::Protocol);
}

#[test]
fn udp_retransmits_and_counts() {
    let ran = run::<false>(vec![], 1_200, None);
    assert_eq!(ran.result.unwrap_err().class, Class::Timeout);
    assert_eq!((ran.uac.requests, ran.uac.retransmissions()), (2, 1));
    assert_eq!(ran.uac.link.channel.sent[0], ran.uac.link.channel.sent[1]);
}

#[test]
fn a_datagram_is_one_message() {
    let ran = run::<false>(vec![Act::Say("\r\n\r\n"), Act::Say(OK)], 5_000, None);
    assert_eq!(ran.result.unwrap().response.status, 200);
}

#[test]
fn a_challenge_is_answered_in_a_new_transaction() {
    let ran = run::<true>(vec![Act::Say(CHALLENGE), Act::Say(OK)], 5_000, credentials());
    let answer = ran.result.unwrap();
    assert_eq!((answer.response.status, answer.digest_user.as_deref()), (200, Some("alice")));
    let [first, second] = ran.uac.link.channel.sent.as_slice() else { panic!("two requests") };
    assert_eq!(line(first, "Call-ID: "), line(second, "Call-ID: "));
    assert_ne!(line(first, "Via: "), line(second, "Via: "));
    assert_eq!(line(second, "CSeq: "), "2 OPTIONS");
    assert!(line(second, "Authorization: ").starts_with("Digest username=\"alice\", realm=\"r\", nonce=\"n\""));
    assert_eq!(ran.uac.retransmissions(), 0);
}

#[test]
fn a_stale_nonce_gets_one_more_answer() {
    let ran = run::<true>(vec![Act::Say(CHALLENGE), Act::Say(STALE), Act::Say(OK)], 5_000, credentials());
    assert_eq!(ran.result.unwrap().response.status, 200);
    assert!(ran.uac.link.channel.sent[2].contains("nonce=\"m\""));
}

#[test]
fn authentication_when_the_credentials_are_rejected() {
    for acts in [
        vec![Act::Say(CHALLENGE), Act::Say(CHALLENGE)],
        vec![Act::Say(CHALLENGE), Act::Say(STALE), Act::Say(STALE), Act::Say(OK)],
    ] {
        let failure = run::<true>(acts, 5_000, credentials()).result.unwrap_err();
        assert_eq!(failure.class, Class::Authentication);
        assert!(failure.summary.contains("rejects the credentials of user 'alice'"), "{}", failure.summary);
    }
}

#[test]
fn without_credentials_a_challenge_is_the_final_response() {
    assert_eq!(answered(vec![Act::Say(CHALLENGE)]).response.status, 401);
}

#[test]
fn the_trace_masks_the_credentials() {
    let ran = run::<true>(vec![Act::Say(CHALLENGE), Act::Say(OK)], 5_000, credentials());
    let trace = ran.uac.into_trace().join("\n");
    assert!(trace.contains("Authorization: Digest (masked)") && trace.contains("SIP/2.0 401 Unauthorized"));
    assert!(!trace.contains("response=") && !trace.contains("secret"));
}

#[test]
fn identities_are_fresh_for_each_request() {
    let runs = [run::<true>(vec![Act::Say(OK)], 5_000, None), run::<true>(vec![Act::Say(OK)], 5_000, None)];
    let [first, second] = runs.map(|ran| ran.uac.link.channel.sent[0].clone());
    for name in ["Via: ", "From: ", "Call-ID: "] {
        assert_ne!(line(&first, name), line(&second, name), "{name}");
    }
}
