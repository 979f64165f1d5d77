//! Are all challenges of a path answered, and nobody shown an answer? Proxies, servers, realms, echoes.

use super::tests::*;
use super::*;

fn headers<'a>(request: &'a str, name: &str) -> Vec<&'a str> {
    request.lines().filter_map(|line| line.strip_prefix(name)).collect()
}

#[test]
fn the_proxy_and_the_server_behind_it_are_both_answered() {
    let ran = run::<true>(vec![Act::Say(PROXY), Act::Say(CHALLENGE), Act::Say(OK)], 5_000, credentials());
    assert_eq!(ran.result.unwrap().response.status, 200);
    let [_, second, third] = ran.uac.link.channel.sent.as_slice() else { panic!("three requests") };
    assert_eq!((headers(second, "Authorization: ").len(), headers(second, "Proxy-Authorization: ").len()), (0, 1));
    let ([server], [proxy]) = (&headers(third, "Authorization: ")[..], &headers(third, "Proxy-Authorization: ")[..])
    else {
        panic!("one answer for each: {third}")
    };
    assert!(server.contains("realm=\"r\"") && server.contains("nc=00000001"), "{server}");
    assert!(proxy.contains("realm=\"p\"") && proxy.contains("nc=00000002"), "{proxy}");
}

#[test]
fn all_challenges_of_one_response_are_answered_at_once() {
    let ran = run::<true>(vec![Act::Say(BOTH), Act::Say(OK)], 5_000, credentials());
    assert_eq!(ran.result.unwrap().digest_user.as_deref(), Some("alice"));
    let [_, second] = ran.uac.link.channel.sent.as_slice() else { panic!("two requests") };
    assert_eq!((headers(second, "Authorization: ").len(), headers(second, "Proxy-Authorization: ").len()), (2, 1));
}

#[test]
fn authentication_when_the_proxy_accepts_and_the_server_does_not() {
    let acts = vec![Act::Say(PROXY), Act::Say(CHALLENGE), Act::Say(CHALLENGE)];
    let failure = run::<true>(acts, 5_000, credentials()).result.unwrap_err();
    assert_eq!(failure.class, Class::Authentication);
    assert!(failure.summary.ends_with("rejects the credentials of user 'alice': 401 Unauthorized"), "{failure:?}");
}

#[test]
fn authentication_when_the_realms_never_end() {
    let realm = |n: u32| Act::Say(CHALLENGE.replace("realm=\"r\"", &format!("realm=\"r{n}\"")).leak());
    let ran = run::<true>((0..50).map(realm).collect(), 5_000, credentials());
    assert_eq!(ran.result.unwrap_err().class, Class::Authentication);
    assert_eq!(ran.uac.link.channel.sent.len(), 5);
}

#[test]
fn authentication_when_a_challenge_holds_control_characters() {
    for bad in ["a\rVia: x", "a\u{1}b", "a\u{7f}", "a\0"] {
        for parameter in ["realm=\"r\"", "nonce=\"n\""] {
            let (name, _) = parameter.split_once('=').unwrap();
            let challenge = CHALLENGE.replace(parameter, &format!("{name}=\"{bad}\"")).leak();
            let ran = run::<true>(vec![Act::Say(challenge), Act::Say(OK)], 5_000, credentials());
            assert_eq!(ran.result.unwrap_err().class, Class::Authentication, "{name} {bad:?}");
            assert_eq!(ran.uac.link.channel.sent.len(), 1, "{name} {bad:?} was answered");
        }
    }
}

#[test]
fn a_digest_that_the_peer_says_again_is_in_no_output() {
    let echo = "SIP/2.0 403 {authorization}\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\nCSeq: {cseq}\r\n\
                X-Got: {authorization}\r\nServer: {AUTHORIZATION}\r\nl: 0\r\n\r\n";
    let noise = "what is {authorization}?";
    for acts in [vec![Act::Say(CHALLENGE), Act::Say(echo)], vec![Act::Say(CHALLENGE), Act::Say(noise), Act::Say(echo)]]
    {
        let ran = run::<false>(acts, 5_000, credentials());
        let request = ran.uac.link.channel.sent.last().unwrap().clone();
        let digest = response_in(line(&request, "Authorization: ")).unwrap().to_owned();
        let said = format!("{:?} {}", ran.result.unwrap().response, ran.uac.into_trace().join("\n")).to_lowercase();
        assert!(said.contains("digest username=") && !said.contains(&digest), "{said}");
    }
}

#[test]
fn a_digest_that_is_said_again_in_two_pieces_is_in_no_output_either() {
    let folded = |request: &str| {
        let digest = response_in(line(request, "Authorization: ")).unwrap().to_owned();
        let (one, two) = digest.split_at(16);
        let copied = ["Via", "From", "To", "Call-ID", "CSeq"]
            .map(|name| format!("{name}: {}\r\n", line(request, &format!("{name}: "))));
        format!("SIP/2.0 200 OK\r\n{}X-Echo: {one}\r\n {two}\r\nl: 0\r\n\r\n", copied.concat()).into_bytes()
    };
    let ran = run::<true>(vec![Act::Say(CHALLENGE), Act::Send(Box::new(folded))], 5_000, credentials());
    let request = ran.uac.link.channel.sent.last().unwrap().clone();
    let digest = response_in(line(&request, "Authorization: ")).unwrap().to_owned();
    let said = format!("{:?} {}", ran.result.unwrap().response, ran.uac.into_trace().join("\n"));
    assert!(said.contains("X-Echo") && !said.contains(&digest[..16]) && !said.contains(&digest[16..]), "{said}");
}

const PROXY: &str = "SIP/2.0 407 Proxy Authentication Required\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\n\
                     CSeq: {cseq}\r\nProxy-Authenticate: Digest realm=\"p\", nonce=\"np\", qop=\"auth\"\r\nl: 0\r\n\r\n";
const BOTH: &str = "SIP/2.0 401 Unauthorized\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\ni: {call-id}\r\nCSeq: {cseq}\r\n\
                    WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\nWWW-Authenticate: Digest realm=\"s\", nonce=\"o\"\r\n\
                    Proxy-Authenticate: Digest realm=\"p\", nonce=\"np\"\r\nl: 0\r\n\r\n";
