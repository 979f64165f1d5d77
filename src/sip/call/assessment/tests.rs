//! Does the first line say where a call got, and is nothing of it said twice?

use std::time::Instant;

use super::*;
use crate::sip::assessment::tests::{assessment, misnamed, peer, report};
use crate::sip::call::called::Log;
use crate::sip::call::machine::tests::Scene;
use crate::sip::call::message::Method;
use crate::sip::expect::{StatusRules, StatusSet};
use crate::sip::message::tests::response;
use crate::sip::transport::Transport;

/// A call whose INVITE was sent and, where there is one, answered with this status.
fn called(until: Until, status: Option<u16>) -> Called {
    let mut scene = Scene::new(until, Duration::ZERO, Transport::Udp);
    scene.settle();
    if let Some(status) = status {
        scene
            .say(Method::Invite, status, "From: <sip:a>;tag=ours\r\nTo: <sip:101@callee.example>;tag=a\r\nServer: x")
            .settle();
    }
    let (started, log) = (scene.now, Log::default());
    Called { call: scene.call, started, ended: started, media_packets: 0, log, further: Vec::new() }
}

fn attempt(result: Result<Called, Failure>) -> Attempt {
    let facts = Facts { peer: Some(peer()), ..Facts::default() };
    Attempt { name: None, facts, result: result.map_err(Unanswered::Server), withheld: None, astray: None }
}

fn routed(first: Attempt, further: Vec<Attempt>) -> Routed {
    Routed {
        started: Instant::now(),
        first,
        further,
        redirections: 0,
        target: None,
        events: Vec::new(),
        trace: Vec::new(),
    }
}

fn assessed(common: &Assessment, until: Until, routed: Routed) -> Report {
    let mut report = report();
    CallAssessment { common, until, hold: Duration::ZERO }.add(routed, &mut report);
    report
}

fn texts(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.text.as_str()).collect()
}

#[test]
fn what_the_server_says_of_itself_is_told_whatever_it_answers() {
    for (until, status) in [(Until::Answer, 486), (Until::Answer, 302), (Until::Ringing, 180)] {
        let call = attempt(Ok(called(until, Some(status))));
        let report = assessed(&assessment(Transport::Udp), until, routed(call, Vec::new()));
        for (name, value) in [("status_line", format!("SIP/2.0 {status} Said")), ("server", "x".to_owned())] {
            assert!(report.diagnostics.contains(&(name.to_owned(), value)), "{:?}", report.diagnostics);
        }
    }
}

#[test]
fn a_target_that_cannot_be_called_is_named_and_is_the_fault_of_the_redirection_unless_it_is_ours() {
    for (class, expected) in [(Class::Refused, Class::Redirection), (Class::Local, Class::Local)] {
        let target =
            Attempt { name: Some("b.example:5060".to_owned()), ..attempt(Err(Failure::new(class, "no way to it"))) };
        let call = attempt(Ok(called(Until::Answer, Some(302))));
        let report = assessed(&assessment(Transport::Udp), Until::Answer, routed(call, vec![target]));
        let finding = &report.findings[0];
        assert_eq!(finding.text, "redirected to b.example:5060, which cannot be called: no way to it");
        assert_eq!(finding.class, Some(expected));
    }
}

#[test]
fn an_invite_without_an_answer_could_not_be_cancelled_unless_nobody_got_it() {
    for (class, expected) in
        [(Class::Refused, "nothing there"), (Class::Closed, "nothing there; the INVITE could not be cancelled")]
    {
        let mut called = called(Until::Answer, None);
        called.log.failure = Some(Failure::new(class, "nothing there"));
        let report = assessed(&assessment(Transport::Udp), Until::Answer, routed(attempt(Ok(called)), Vec::new()));
        assert_eq!(texts(&report), [expected]);
    }
}

#[test]
fn a_certificate_that_forbids_the_call_is_told_once() {
    let (served, judgement) = misnamed("b.example.com");
    let failure = judgement.failures[0].clone();
    let mut call = attempt(Err(failure.clone()));
    (call.facts.served, call.facts.judgement) = (Some(served), Some(judgement));
    let report = assessed(&assessment(Transport::Tls), Until::Answer, routed(call, Vec::new()));
    assert_eq!(texts(&report).into_iter().filter(|text| text.contains(&failure.summary)).count(), 1);
}

#[test]
fn days_of_certificates_are_measured_over_tls_and_wherever_a_certificate_was_shown() {
    for (transport, shows_certificate, expected) in
        [(Transport::Udp, false, false), (Transport::Udp, true, true), (Transport::Tls, false, true)]
    {
        let mut called = called(Until::Answer, Some(486));
        if shows_certificate {
            let judgement = Some(misnamed("b.example.com").1);
            called.further.push(Facts { judgement, ..Facts::default() });
        }
        let report = assessed(&assessment(transport), Until::Answer, routed(attempt(Ok(called)), Vec::new()));
        let is_measured = report.metrics.iter().any(|metric| metric.label() == "certificate_days");
        assert_eq!(is_measured, expected, "{transport:?} {shows_certificate}");
    }
}

/// A call that was answered with a session description, and is to be held for nine seconds.
fn held() -> Scene {
    let mut scene = Scene::new(Until::Answer, Duration::from_secs(9), Transport::Udp);
    scene.settle();
    let description = "v=0\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0";
    let head = "From: <sip:a>;tag=ours\r\nTo: <sip:101@callee.example>;tag=a\r\nContact: <sip:d@192.0.2.9>\r\nContent-Type: application/sdp";
    scene.say(Method::Invite, 200, &format!("{head}\r\n\r\n{description}")).settle();
    scene
}

/// What is known of a call at this moment that began five seconds after the search for the server.
fn known(scene: Scene, began: Instant, log: Log) -> Routed {
    let called =
        Called { call: scene.call, started: began, ended: scene.now, media_packets: 0, log, further: Vec::new() };
    Routed { started: began - Duration::from_secs(5), ..routed(attempt(Ok(called)), Vec::new()) }
}

/// The findings on a call that may end with an answer or a redirection, and is to be held for nine seconds.
fn told(until: Until, routed: Routed) -> Vec<(Option<Class>, String)> {
    let common = redirectable();
    let mut report = report();
    CallAssessment { common: &common, until, hold: Duration::from_secs(9) }.add(routed, &mut report);
    report.findings.into_iter().map(|finding| (finding.class, finding.text)).collect()
}

fn redirectable() -> Assessment {
    let mut common = assessment(Transport::Udp);
    common.expected.statuses = StatusRules { rules: Vec::new(), expected: StatusSet::of_calls() };
    common
}

#[test]
fn a_call_that_is_kept_says_how_long_it_lasted_and_who_ended_it() {
    let gone = || Failure::new(Class::Closed, "the connection is gone");
    let release = |scene: &mut Scene| _ = scene.say(Method::Bye, 200, "");
    type End = fn(&mut Scene);
    type Case<'a> = (u64, End, Option<Failure>, &'a [(Option<Class>, &'a str)]);
    let cases: [Case<'_>; 4] = [
        (
            9_000,
            |_| (),
            None,
            &[(None, "200 Said from 192.0.2.7:5060 in 5 s, held for 9 s, no audio came, released in 0.00 ms")],
        ),
        (
            3_000,
            |scene| scene.call.abandon(),
            None,
            &[
                (None, "200 Said from 192.0.2.7:5060 in 5 s, released in 0.00 ms"),
                (Some(Class::Timeout), "kept for 3 s of 9 s only: no time was left"),
            ],
        ),
        (
            3_000,
            |scene| scene.call.abandon(),
            Some(gone()),
            &[
                (None, "200 Said from 192.0.2.7:5060 in 5 s, released in 0.00 ms"),
                (Some(Class::Closed), "the call broke after 3 s of 9 s: the connection is gone"),
            ],
        ),
        (
            2_000,
            |scene| _ = scene.ask("BYE", "a"),
            None,
            &[
                (None, "200 Said from 192.0.2.7:5060 in 5 s"),
                (Some(Class::Closed), "hung up by the other side after 2 s of 9 s, no audio came"),
            ],
        ),
    ];
    for (milliseconds, end, broken, expected) in cases {
        let mut scene = held();
        let began = scene.now;
        end(scene.pass(milliseconds));
        scene.settle();
        if scene.call.hung_up().is_none() {
            release(&mut scene);
        }
        let found = told(Until::Answer, known(scene, began, Log { broken, ..Log::default() }));
        let found: Vec<_> = found.iter().map(|(class, text)| (*class, text.as_str())).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_call_that_may_still_be_open_is_told_beside_its_answer_and_what_ended_it() {
    let mut scene = held();
    let began = scene.now;
    scene.pass(9_000).settle();
    let log = Log { failure: Some(Failure::new(Class::Closed, "the connection is gone")), ..Log::default() };
    let found = told(Until::Answer, known(scene, began, log));
    let classes: Vec<_> = found.iter().map(|(class, _)| *class).collect();
    assert_eq!(classes, [None, Some(Class::Closed), Some(Class::Release)]);
    assert_eq!(found[2].1, "the call at 192.0.2.7:5060 may still be open: no answer to BYE");
}

#[test]
fn a_call_that_rings_says_who_said_so_and_how_it_was_taken_back() {
    let of = |log: Log| {
        let mut scene = Scene::new(Until::Ringing, Duration::ZERO, Transport::Udp);
        let began = scene.now;
        scene.settle();
        scene
            .pass(10)
            .say(Method::Invite, 180, "From: <sip:a>;tag=ours\r\nTo: <sip:101@callee.example>;tag=a")
            .settle();
        scene.pass(20).say(Method::Invite, 487, "To: <sip:101@callee.example>;tag=a").settle();
        told(Until::Ringing, known(scene, began, log))
    };
    let said = "180 Said from 192.0.2.7:5060 in 5.01 s, sent from 192.0.2.8:5060, cancelled in 20 ms";
    let rang_from = Some("192.0.2.8:5060".parse().unwrap());
    assert_eq!(of(Log { rang_from, ..Log::default() }), [(None, said.to_owned())]);
    let said = "ended by signal SIGTERM before there was a result, cancelled in 20 ms";
    assert_eq!(of(Log { signal: Some("SIGTERM"), ..Log::default() }), [(None, said.to_owned())]);
}

#[test]
fn of_a_redirection_its_target_decides() {
    let answered = |status: u16| {
        let response = response(&format!("SIP/2.0 {status} Said\r\nCSeq: 1 OPTIONS\r\n\r\n"));
        let took = Duration::from_millis(2);
        Ok(Answer { response, took, digest_user: None, stranger: None, answers_for: None })
    };
    let (served, judgement) = misnamed("b.example.com");
    let misnamed = judgement.failures[0].clone();
    let of = |result: Result<Answer, Failure>| {
        let facts = match &result {
            Err(failure) if *failure == misnamed => {
                Facts { served: Some(served.clone()), judgement: Some(judgement.clone()), ..Facts::default() }
            }
            _ => Facts::default(),
        };
        let outcome = Outcome { target: None, facts, result: result.map_err(Unanswered::Server) };
        let call = attempt(Ok(called(Until::Answer, Some(302))));
        let target = Some(Asked { name: "b.example:5060".to_owned(), outcome });
        let routed = Routed { target, ..routed(call, Vec::new()) };
        told(Until::Answer, routed).remove(0)
    };
    let redirected = Some(Class::Redirection);
    for (result, class, said) in [
        (answered(200), None, "which answers in 2.0 ms"),
        (answered(404), None, "which answers in 2.0 ms"),
        (answered(503), redirected, "which answers 503 Said in 2.0 ms"),
        (Err(Failure::new(Class::Timeout, "silence")), redirected, "which does not answer: silence"),
        (Err(Failure::new(Class::Dns, "no name")), Some(Class::Dns), "which does not answer: no name"),
        (Err(misnamed.clone()), None, "which was not asked because of its certificate"),
    ] {
        assert_eq!(of(result), (class, format!("302 to b.example:5060, {said}")));
    }
}

#[test]
fn whoever_was_tried_before_is_named_behind_the_result() {
    let busy = || attempt(Ok(called(Until::Answer, Some(486))));
    let unreached = || attempt(Err(Failure::new(Class::Refused, "refused by b")));
    let astray = || Attempt {
        name: Some("c.example:5060".to_owned()),
        astray: Some(Astray::Circle("a -> a".to_owned())),
        ..attempt(Ok(called(Until::Answer, Some(302))))
    };
    let redirected = || attempt(Ok(called(Until::Answer, Some(302))));
    for (first, further, expected) in [
        (redirected(), vec![busy()], None),
        (busy(), vec![busy()], Some("passed over: 486 Said from 192.0.2.7:5060")),
        (unreached(), vec![busy()], Some("passed over: refused by b")),
        (
            astray(),
            vec![unreached(), busy()],
            Some("passed over: 2 targets, the first: c.example:5060: the redirections go in a circle: a -> a"),
        ),
    ] {
        let found = told(Until::Answer, routed(first, further));
        let passed = found.iter().map(|(_, text)| text.as_str()).find(|text| text.starts_with("passed over"));
        assert_eq!(passed, expected);
    }
}

#[test]
fn a_refusal_says_why_no_credentials_were_given_and_who_is_no_gateway() {
    for (status, lines, withheld, ending) in [
        (401, "", Some("which nobody gets"), " wants credentials, which nobody gets"),
        (401, "", None, ": the server wants credentials (--username)"),
        (403, "", Some("which nobody gets"), ": expected 2xx,3xx"),
        (403, "ms-diagnostics-public: 15638;reason=\"no\"", None, "; the caller is no UM IP gateway"),
        (403, "ms-diagnostics-public: 15500;reason=\"many\"", None, "\"many\""),
        (486, "ms-diagnostics-public: 15638;reason=\"no\"", None, "\"no\""),
    ] {
        let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
        let began = scene.now;
        scene.settle();
        let head = format!("From: <sip:a>;tag=ours\r\nTo: <sip:101@callee.example>;tag=a\r\n{lines}");
        scene.say(Method::Invite, status, head.trim_end()).settle();
        let mut routed = known(scene, began, Log::default());
        routed.first.withheld = withheld;
        let (_, text) = told(Until::Answer, routed).remove(0);
        assert!(text.starts_with(&format!("{status} Said from 192.0.2.7:5060 in 5 s")), "{text}");
        assert!(text.ends_with(ending), "{text}");
    }
}

#[test]
fn what_is_measured_of_a_call_is_in_its_metrics() {
    let mut scene = held();
    let began = scene.now;
    scene.pass(9_000).settle();
    scene.pass(250).say(Method::Bye, 200, "");
    let mut routed = known(scene, began, Log::default());
    routed.redirections = 1;
    let mut report = report();
    let common = assessment(Transport::Udp);
    CallAssessment { common: &common, until: Until::Answer, hold: Duration::from_secs(9) }.add(routed, &mut report);
    let metrics: Vec<_> = report.metrics.iter().map(ToString::to_string).collect();
    for expected in ["'time'=5s;", "'redirections'=1;", "'release'=0.25s;", "'status'=200", "'rtp_packets'=0;"] {
        assert!(metrics.iter().any(|metric| metric.starts_with(expected)), "{expected}: {metrics:?}");
    }
    assert_eq!((report.metrics[1].label(), metrics[1].as_str()), ("ringing", ""), "it never rang");
}

#[test]
fn of_a_call_that_rings_there_is_a_status_and_no_time_until_an_answer() {
    let call = attempt(Ok(called(Until::Ringing, Some(180))));
    let report = assessed(&assessment(Transport::Udp), Until::Ringing, routed(call, Vec::new()));
    let said = |label: &str| report.metrics.iter().find(|metric| metric.label() == label).unwrap().to_string();
    assert_eq!((said("status").as_str(), said("time").as_str()), ("'status'=180", ""));
}

#[test]
fn where_a_call_was_led_to_is_told() {
    let common = redirectable();
    let led_to = |further| {
        let first = attempt(Ok(called(Until::Answer, Some(302))));
        let report = assessed(&common, Until::Answer, routed(first, further));
        report.diagnostics.into_iter().find(|(name, _)| name == "redirected_to").map(|(_, value)| value)
    };
    let target = |name: &str| Attempt { name: Some(name.to_owned()), ..attempt(Ok(called(Until::Answer, Some(486)))) };
    assert_eq!(led_to(Vec::new()), None);
    let both = vec![target("b.example:5060"), target("c.example:5060")];
    assert_eq!(led_to(both).as_deref(), Some("b.example:5060, c.example:5060"));
}
