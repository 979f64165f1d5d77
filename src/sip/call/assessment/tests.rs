//! Does the first line say where a call got, and is nothing of it said twice?

use std::time::Instant;

use super::*;
use crate::sip::assessment::tests::{assessment, misnamed, peer, report};
use crate::sip::call::called::Log;
use crate::sip::call::machine::tests::Scene;
use crate::sip::call::message::Method;
use crate::sip::transport::Transport;

/// A call whose INVITE was sent and, where there is one, answered with this status.
fn called(until: Until, status: Option<u16>) -> Called {
    let mut scene = Scene::new(until, Duration::ZERO, Transport::Udp);
    scene.settle();
    if let Some(status) = status {
        scene.say(Method::Invite, status, "From: <sip:a>;tag=ours\r\nTo: <sip:d>;tag=a\r\nServer: x").settle();
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
