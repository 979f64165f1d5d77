//! Is what came of each address said once, of whom, and with its metrics?

use super::*;
use crate::report::about::OF_A_TEST;
use crate::report::{Policy, Started};
use crate::sip::expect::StatusRules;
use crate::sip::message::tests::response;
use crate::tls::served::Served;
use crate::x509::chain::tests::{Template, certificate, chain};
use crate::x509::judgement::{Expectations, judge};
use crate::x509::verdict::Verdict;

/// The plainest assessment of one server.
pub(crate) fn assessment(transport: Transport) -> Assessment {
    Assessment {
        transport,
        expected: Expected { statuses: StatusRules::default(), headers: Vec::new(), allow: Vec::new() },
        thresholds: Thresholds::default(),
        loss: None,
        expiries: Expiries::default(),
        timeout: Duration::from_secs(10),
        is_verified: true,
        is_alone: true,
        is_labelled: false,
        measured: Vec::new(),
        suffixes: Vec::new(),
    }
}

pub(crate) fn report() -> Report {
    Report::new(&OF_A_TEST, Policy::default(), Started::now())
}

pub(crate) fn peer() -> Peer {
    Peer { host: "192.0.2.7".to_owned(), address: "192.0.2.7:5060".parse().unwrap() }
}

/// What a server showed whose certificate is for another name than this.
pub(crate) fn misnamed(name: &str) -> (Served, Judgement) {
    let chain = chain([&certificate(Template::default())]);
    let expectations = Expectations { expiries: &Expiries::default(), name: Some(name), verdict: &Verdict::NotJudged };
    let judgement = judge(&chain, &expectations, 0);
    assert_eq!(judgement.failures.len(), 1);
    (Served { chain: Some(chain), ..Served::default() }, judgement)
}

fn answer() -> Answer {
    let response = response("SIP/2.0 200 OK\r\nCSeq: 1 OPTIONS\r\nServer: x\r\n\r\n");
    let took = Duration::from_millis(2);
    Answer { response, took, digest_user: None, stranger: None, answers_for: None }
}

fn answered(facts: Facts) -> Outcome {
    Outcome { target: None, facts: Facts { peer: Some(peer()), ..facts }, result: Ok(answer()) }
}

fn nobody() -> Outcome {
    let failure = Failure::new(Class::Dns, "no such name");
    Outcome { target: None, facts: Facts::default(), result: Err(Unanswered::Server(failure)) }
}

/// A series of two that were answered alike, and one that was lost for this reason.
fn series(lost: Failure) -> Facts {
    let mut repeated = Repeated { kinds: vec![(answer(), 2)], lost: Some(lost), ..Repeated::default() };
    for took in [Some(2), Some(2), None] {
        repeated.round_trips.add(took.map(Duration::from_millis));
    }
    Facts { repeated: Some(repeated), ..Facts::default() }
}

fn texts(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.text.as_str()).collect()
}

fn labels(report: &Report) -> Vec<&str> {
    report.metrics.iter().map(Metric::label).collect()
}

#[test]
fn answers_of_one_kind_are_one_finding_and_why_one_was_lost_is_said_unless_it_is_silence() {
    for (class, remarks) in [(Class::Timeout, &[][..]), (Class::Refused, &["lost: no way"])] {
        let mut report = report();
        let facts = series(Failure::new(class, "no way"));
        assert!(assessment(Transport::Udp).add(answered(facts), &mut report));
        let answered = "200 OK from 192.0.2.7:5060, 2 of 3 answered, median 2.0 ms, jitter 0.00 ms";
        assert_eq!(texts(&report), [&[answered], remarks].concat(), "{class}");
    }
}

#[test]
fn who_said_what_is_told_where_there_are_several() {
    for (is_alone, server) in [(true, "x"), (false, "x (192.0.2.7:5060)")] {
        let mut report = report();
        let mut assessment = Assessment { is_alone, ..assessment(Transport::Udp) };
        assert!(assessment.add(answered(Facts::default()), &mut report));
        assert!(report.diagnostics.contains(&("server".to_owned(), server.to_owned())), "{:?}", report.diagnostics);
    }
}

#[test]
fn a_metric_has_the_address_in_its_label_and_among_several_targets_one_without_an_address_has_none() {
    let labelled = |is_alone, outcome| {
        let mut report = report();
        let mut assessment = Assessment { is_alone, is_labelled: true, ..assessment(Transport::Udp) };
        assessment.add(outcome, &mut report);
        report
    };
    assert_eq!(labels(&labelled(false, answered(Facts::default())))[0], "time_192_0_2_7");
    assert_eq!(labels(&labelled(true, nobody()))[0], "time");
    let mut report = report();
    assessment(Transport::Udp).add(answered(Facts::default()), &mut report);
    assert_eq!(labels(&report)[0], "time", "nobody asked for labels");
    assert!(labelled(false, nobody()).metrics.is_empty());
}

#[test]
fn a_certificate_that_nobody_verifies_is_told_once() {
    for (is_verified, expected) in [(true, 0), (false, 1)] {
        let mut report = report();
        let assessment = Assessment { is_verified, ..assessment(Transport::Tls) };
        for _ in 0..2 {
            let (served, judgement) = misnamed("b.example.com");
            let facts = Facts { served: Some(served), judgement: Some(judgement), ..Facts::default() };
            assessment.add_certificates_of(&facts, None, &mut report);
        }
        let told = texts(&report).into_iter().filter(|text| *text == "certificate not verified").count();
        assert_eq!(told, expected);
    }
}

#[test]
fn answers_of_two_kinds_are_two_findings_and_one_as_expected_is_enough() {
    let refusal = response("SIP/2.0 503 No\r\nCSeq: 1 OPTIONS\r\n\r\n");
    let mut facts = series(Failure::new(Class::Timeout, "silent"));
    facts.repeated.as_mut().unwrap().kinds.insert(0, (Answer { response: refusal, ..answer() }, 1));
    let mut report = report();
    assert!(assessment(Transport::Udp).add(answered(facts), &mut report));
    let expected = [
        "503 No from 192.0.2.7:5060 to 1 of 3 requests: expected 200",
        "200 OK from 192.0.2.7:5060 to 2 of 3 requests",
        "192.0.2.7:5060: 2 of 3 answered, median 2.0 ms, jitter 0.00 ms",
    ];
    assert_eq!(texts(&report), expected);
}

#[test]
fn nothing_is_as_expected_of_a_refusal_nor_of_a_series_that_broke_off() {
    let mut refused = answered(Facts::default());
    refused.result.as_mut().unwrap().response.status = 503;
    let mut broken = answered(series(Failure::new(Class::Timeout, "silent")));
    broken.result = Err(Unanswered::Server(Failure::new(Class::Closed, "closed the connection")));
    for (outcome, class) in [(refused, Class::Status), (broken, Class::Closed), (nobody(), Class::Dns)] {
        let mut report = report();
        assert!(!assessment(Transport::Tcp).add(outcome, &mut report), "{class}");
        let classes: Vec<_> = report.findings.iter().filter_map(|finding| finding.class).collect();
        assert_eq!(classes, [class]);
    }
}

#[test]
fn a_certificate_that_forbids_to_go_on_is_told_once_and_any_other_failure_beside_it() {
    for (own, expected) in [(true, 1), (false, 2)] {
        let (served, judgement) = misnamed("b.example.com");
        let other = Failure::new(Class::Closed, "closed the connection");
        let failure = if own { judgement.failures[0].clone() } else { other };
        let facts = Facts { served: Some(served), judgement: Some(judgement), ..Facts::default() };
        let mut report = report();
        let outcome = Outcome { result: Err(Unanswered::Server(failure)), ..answered(facts) };
        assessment(Transport::Tls).add(outcome, &mut report);
        assert_eq!(report.findings.iter().filter(|finding| finding.class.is_some()).count(), expected);
        assert!(report.diagnostics.iter().any(|(name, _)| name == "certificate_validity"));
    }
}

#[test]
fn only_what_was_asked_for_is_measured() {
    let one = ["time", "dns", "connect", "response", "retransmissions", "status"];
    let over_tls = ["time", "dns", "connect", "tls", "response", "retransmissions", "status", "certificate_days"];
    let of_series = ["time", "time_max", "jitter", "loss", "dns", "connect", "status"];
    for (transport, loss, expected) in [
        (Transport::Tcp, None, &one[..]),
        (Transport::Tls, None, &over_tls),
        (Transport::Udp, Some(Thresholds::default()), &of_series),
    ] {
        let mut report = report();
        Assessment { loss, ..assessment(transport) }.add(answered(Facts::default()), &mut report);
        assert_eq!(labels(&report), expected, "{transport:?}");
    }
}

#[test]
fn what_a_violation_went_into_has_its_own_advice() {
    let above = |limit: &str| Thresholds::new(None, Some(limit.parse().unwrap()));
    let time =
        |dns| Facts { dns: Some(Duration::from_secs(dns)), total: Some(Duration::from_secs(9)), ..Facts::default() };
    for (facts, expected) in [(time(8), ADVICE_ON_SLOW_LOOK_UP), (time(1), "look")] {
        let mut report = report();
        let mut assessment = Assessment { thresholds: above("5"), ..assessment(Transport::Udp) };
        assessment.add(answered(facts), &mut report);
        let violation = report.findings.iter().find(|finding| finding.state == State::Critical).unwrap();
        assert_eq!((violation.advice, violation.judged_by), (expected, ""));
    }
    let mut report = report();
    let mut assessment = Assessment { loss: Some(above("10")), ..assessment(Transport::Udp) };
    assessment.add(answered(series(Failure::new(Class::Timeout, "silent"))), &mut report);
    let violation = report.findings.iter().find(|finding| finding.state == State::Critical).unwrap();
    assert_eq!((violation.advice, violation.judged_by), (ADVICE_ON_LOSS, LOSS));
}

#[test]
fn how_much_is_lost_is_said_unless_why_it_is_is_worth_as_much() {
    let all_lost = || {
        let mut repeated = Repeated::default();
        repeated.round_trips.add(None);
        Facts { repeated: Some(repeated), ..Facts::default() }
    };
    for (worth, expected) in [("timeout=critical", 1), ("timeout=warning", 2)] {
        let mut report = Report::new(&OF_A_TEST, Policy::new(vec![worth.parse().unwrap()]), Started::now());
        let loss = Some(Thresholds::new(None, Some("10".parse().unwrap())));
        let failure = Failure::new(Class::Timeout, "none of 1 requests was answered");
        let outcome = Outcome { result: Err(Unanswered::Server(failure)), ..answered(all_lost()) };
        Assessment { loss, ..assessment(Transport::Udp) }.add(outcome, &mut report);
        assert_eq!(report.findings.len(), expected, "{worth}: {:?}", texts(&report));
    }
}
