//! What is a call worth, and what is there to say of it? Findings, metrics, and a first line that says where the call went.

use std::time::Duration;

use super::authorization::Unauthorized;
use super::machine::Until;
use super::machine::outcome::{Release, Verdict};
use super::routing::{Asked, Astray, Routed};
use super::uac::Called;
use crate::exchange::diagnostics::Diagnostics;
use crate::net::Peer;
use crate::report::{Class, Failure, Finding, Metric, Report, Thresholds, Uom, excerpt};
use crate::sip::assessment::{self, Assessment};
use crate::sip::judge;
use crate::sip::link::LinkError;
use crate::sip::locate::Unanswered;
use crate::sip::message::Response;
use crate::sip::probe::Facts;
use crate::sip::transport::Transport;
use crate::sip::uac::{Answer, UacError};
use crate::time::words::{precisely, seconds};

/// By what a call is judged.
#[derive(Debug)]
pub(crate) struct CallAssessment<'a> {
    /// What calls have in common with other questions: final responses, certificates.
    pub common: &'a Assessment,
    pub until: Until,
    pub hold: Duration,
}

/// A call that somebody took up.
struct Reached<'a> {
    called: &'a Called,
    /// Whom it reached.
    peer: &'a Peer,
    /// The way there.
    routed: &'a Routed,
}

impl CallAssessment<'_> {
    /// Adds to `report` what came of the call.
    pub(crate) fn add(&self, routed: Routed, report: &mut Report) {
        for failure in routed.first.passed_over.iter().chain(&routed.passed_over) {
            report.add_finding(Finding::remark(format!("passed over: {}", failure.summary)));
        }
        let peer = routed.last.peer.clone().or_else(|| routed.first.peer.clone());
        let last = if routed.last.served.is_some() { &routed.last } else { &routed.first };
        match (&routed.result, peer) {
            (Ok(called), Some(peer)) => self.add_called(&Reached { called, peer: &peer, routed: &routed }, report),
            (Err(Unanswered::Server(failure)), _) if assessment::is_about_certificate(failure, last) => {}
            (Err(Unanswered::Server(failure)), _) => report.add_failure(self.astray(failure.clone(), &routed)),
            (Err(Unanswered::Targets { name, failures, left_out }), _) => {
                let (name, failures) = (name.clone(), failures.clone());
                let unanswered = Unanswered::Targets { name, failures, left_out: *left_out };
                report.add_failure(unanswered.into_failure(report));
            }
            (Ok(_), None) => {}
        }
        if let Some(astray) = &routed.astray {
            report.add_failure(Failure::new(Class::Redirection, astray.to_string()));
        }
        if !routed.redirections.is_empty() {
            report.add_diagnostic("redirected_to", excerpt(&routed.redirections.join(", "), 400));
        }
        self.common.add_certificates(&routed.first, report);
        if routed.last.served.is_some() {
            self.common.add_certificates(&routed.last, report);
        }
        self.measure(&routed, report);
        report.events.extend(routed.events);
        report.add_trace(routed.trace);
    }

    /// A failure to reach whom a redirection named.
    fn astray(&self, failure: Failure, routed: &Routed) -> Failure {
        match routed.redirections.last() {
            None => failure,
            Some(target) => {
                let summary = format!("redirected to {target}, which cannot be called: {}", failure.summary);
                Failure { class: Class::Redirection, as_well: Some(failure.class), summary, ..failure }
            }
        }
    }

    fn add_called(&self, reached: &Reached<'_>, report: &mut Report) {
        let Reached { called, peer, routed } = *reached;
        let released = released(called);
        if let Some(signal) = called.signal {
            report
                .add_finding(Finding::unknown(format!("ended by signal {signal} before there was a result{released}")));
        } else {
            match called.call.verdict() {
                Verdict::Ringing(response, took) => {
                    self.add_facts(called, response, report);
                    let (status, name) = (response.status_text(), peer.name());
                    let text = format!("{status} from {name} in {}{released}", precisely(routed.before + took));
                    report.add_finding(Finding::ok(text));
                }
                Verdict::Final(response, took) => {
                    self.add_facts(called, response, report);
                    let time = routed.before + took;
                    match self.judge(&answer(called, response, took), peer, (routed, time)) {
                        Ok(text) => report.add_finding(Finding::ok(text + &self.kept(called) + &released)),
                        Err(failure) => report.add_failure(failure),
                    }
                }
                Verdict::Nothing => {
                    let failure = self.astray(no_answer(called, peer), routed);
                    report.add_failure(Failure { summary: failure.summary + &released, ..failure });
                }
            }
        }
        if let Some(problem) = called.call.dialogs().find_map(|dialog| dialog.problem.as_ref()) {
            report.add_failure(Failure::new(Class::Protocol, format!("the call is answered, but {problem}")));
        }
        if let Some(text) = unreleased(called) {
            report.add_failure(Failure::new(
                Class::Release,
                format!("the call at {} may still be open: {text}", peer.name()),
            ));
        }
        let used = &mut report.authentication.digest_user;
        *used = called.call.digest_user().map(str::to_owned).or_else(|| used.take());
    }

    fn add_facts(&self, called: &Called, response: &Response, report: &mut Report) {
        for (name, value) in judge::facts(&answer(called, response, Duration::ZERO)) {
            report.add_diagnostic(&name, value);
        }
    }

    /// The first line's text for a final response that is as expected and leads somewhere.
    fn judge(&self, answer: &Answer, peer: &Peer, (routed, time): (&Routed, Duration)) -> Result<String, Failure> {
        let response = &answer.response;
        let peer_again = || peer.clone();
        response.check_complete().map_err(|source| LinkError::Message { peer: peer_again(), source })?;
        if let Ok(Called { call, .. }) = &routed.result
            && let Some(problem) = call.unauthorized()
        {
            let (peer, status) = (peer.clone(), response.status_text());
            return Err(match problem.clone() {
                Unauthorized::Challenge(source) => UacError::Challenge { peer, source },
                Unauthorized::Rejected(user) => UacError::Rejected { peer, user, status },
            }
            .into());
        }
        let judged = self.common.expected.judge(answer, &peer.name(), time);
        let judged = judged.map_err(|failure| explained(failure, response, routed.withheld))?;
        let came = || format!("{} from {} in {}", response.status, peer.name(), precisely(time));
        match (&routed.target, &routed.astray) {
            (Some(asked), _) => self.alive(response, asked),
            // What is wrong with it is a finding of its own.
            (None, Some(Astray::Contact(_) | Astray::Circle(_) | Astray::TooMany { .. })) => Ok(came()),
            (None, None) => Ok(match routed.redirections.len() {
                0 => judged,
                1 => format!("{judged}, after 1 redirection"),
                count => format!("{judged}, after {count} redirections"),
            }),
        }
    }

    /// The first line's text for a redirection whose target is alive.
    fn alive(&self, redirection: &Response, asked: &Asked) -> Result<String, Failure> {
        let to = format!("{} to {}", redirection.status, asked.name);
        match &asked.result {
            Err(failure) => {
                let summary = format!("{to}, which does not answer: {}", failure.summary);
                Err(Failure { causes: failure.causes.clone(), ..Failure::new(Class::Redirection, summary) })
            }
            Ok((answer, took)) if matches!(answer.status, 408 | 500..700) => {
                let summary = format!("{to}, which answers {} in {}", answer.status_text(), precisely(*took));
                Err(Failure::new(Class::Redirection, summary))
            }
            Ok((_, took)) => Ok(format!("{to}, which answers in {}", precisely(*took))),
        }
    }

    /// What happened to a call while it was kept.
    fn kept(&self, called: &Called) -> String {
        if self.hold.is_zero() || called.call.dialogs().next().is_none() {
            return String::new();
        }
        let silence = if called.media_packets == 0 { ", no audio came" } else { "" };
        match called.call.hung_up() {
            Some(after) => format!(", hung up by the other side after {}{silence}", precisely(after)),
            None => format!(", held for {}{silence}", seconds(called.call.held())),
        }
    }

    fn measure(&self, routed: &Routed, report: &mut Report) {
        let called = routed.result.as_ref().ok();
        let since_start = |took: Duration| routed.before + took;
        let (time, status) = match called.map(|called| called.call.verdict()) {
            Some(Verdict::Final(response, took)) => (Some(since_start(took)), Some(response.status)),
            Some(Verdict::Ringing(response, _)) => (None, Some(response.status)),
            _ => (None, None),
        };
        let ringing = called.and_then(|called| called.call.ringing()).map(since_start);
        let (judged, unjudged) = (&self.common.thresholds, &Thresholds::default());
        let (of_time, of_ringing) = match self.until {
            Until::Answer => (judged, unjudged),
            Until::Ringing => (unjudged, judged),
        };
        let longest = self.common.timeout.as_secs_f64();
        report.judge_metric(Metric::seconds("time", time).judged_by(of_time).max(longest));
        report.judge_metric(Metric::seconds("ringing", ringing).judged_by(of_ringing).max(longest));
        let Facts { dns, connect, served, judgement, .. } = &routed.first;
        report.add_metric(Metric::seconds("dns", *dns));
        report.add_metric(Metric::seconds("connect", *connect));
        if self.common.transport == Transport::Tls {
            report.add_metric(Metric::seconds("tls", served.as_ref().and_then(|served| served.took)));
        }
        let redirections = u32::try_from(routed.redirections.len()).unwrap_or(u32::MAX);
        report.add_metric(Metric::count("redirections", redirections));
        let target = routed.target.as_ref().and_then(|asked| asked.result.as_ref().ok()).map(|(_, took)| *took);
        report.add_metric(Metric::seconds("target", target));
        let release = called.map(|called| called.call.release());
        let release = if let Some(Release::Done(took)) = release { Some(took) } else { None };
        report.add_metric(Metric::seconds("release", release));
        report.add_metric(Metric::count("retransmissions", routed.retransmissions));
        report.add_metric(Metric::optional("status", status.map(f64::from), Uom::None));
        let is_answered = called.filter(|called| called.call.dialogs().next().is_some());
        let packets = is_answered.map(|called| f64::from(called.media_packets));
        report.add_metric(Metric::optional("rtp_packets", packets, Uom::None).min(0.0));
        if self.common.transport == Transport::Tls {
            let earliest = judgement.as_ref().and_then(crate::x509::judgement::Judgement::earliest);
            report.add_metric(self.common.expiries.days("certificate_days", earliest));
        }
    }
}

fn answer(called: &Called, response: &Response, took: Duration) -> Answer {
    let digest_user = called.call.digest_user().map(str::to_owned);
    Answer { response: response.clone(), took, digest_user, stranger: called.stranger }
}

/// A refusal with what is known of its reason beyond its own words.
fn explained(failure: Failure, response: &Response, withheld: Option<&str>) -> Failure {
    let summary = match (response.status, withheld) {
        (401 | 407, Some(withheld)) => {
            format!("{} wants credentials, {withheld}", failure.summary.split(": ").next().unwrap_or_default())
        }
        // Exchange refuses so whoever is no UM IP gateway of its organization, and names no other reason for it.
        (403, _) if !Diagnostics::among(response.head.pairs()).is_empty() => {
            format!("{}; the caller is no UM IP gateway", failure.summary)
        }
        _ => return failure,
    };
    Failure { summary, ..failure }
}

fn no_answer(called: &Called, peer: &Peer) -> Failure {
    if let Some(failure) = called.unreadable.as_ref().or(called.failure.as_ref()) {
        return failure.clone();
    }
    let (peer, waited) = (peer.clone(), precisely(called.waited));
    match called.call.last_provisional() {
        Some(last) => UacError::OnlyProvisional { peer, last: last.status_text(), waited }.into(),
        None => {
            let (requests, strays) = (called.invites, called.beside.clone());
            UacError::Silence { peer, requests, waited, strays }.into()
        }
    }
}

/// That it was taken back, in words that stand behind others.
fn released(called: &Called) -> String {
    match called.call.release() {
        Release::Done(took) if called.call.is_cancelled() => format!(", cancelled in {}", precisely(took)),
        Release::Done(took) => format!(", released in {}", precisely(took)),
        _ => String::new(),
    }
}

/// Why it may not be taken back.
fn unreleased(called: &Called) -> Option<String> {
    match called.call.release() {
        Release::NotNeeded | Release::Done(_) => None,
        Release::Refused(status) => Some(format!("BYE was refused with {status}")),
        Release::Unanswered if called.call.dialogs().next().is_some() => Some("no answer to BYE".to_owned()),
        Release::Unanswered => Some("no final response after CANCEL".to_owned()),
    }
}
