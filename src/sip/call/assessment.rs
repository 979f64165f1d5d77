//! What is a call worth, and what is there to say of it? Findings, metrics, and a first line that says where the call went.

use std::net::SocketAddr;
use std::time::Duration;

use super::authorization::Unauthorized;
use super::called::Called;
use super::dialog::Dialog;
use super::machine::Until;
use super::machine::outcome::{Open, Release, Verdict};
use super::offer;
use super::routed::{Asked, Astray, Attempt, Routed};
use crate::exchange::diagnostics::Diagnostics;
use crate::net::Peer;
use crate::report::{Class, Failure, Finding, Report, excerpt};
use crate::sip::address;
use crate::sip::assessment::{self, Assessment};
use crate::sip::judge;
use crate::sip::link::LinkError;
use crate::sip::locate::Unanswered;
use crate::sip::message::Response;
use crate::sip::probe::{Facts, Outcome};
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
    attempt: &'a Attempt,
    /// The way there.
    routed: &'a Routed,
}

impl CallAssessment<'_> {
    /// Adds to `report` what came of the call.
    pub(crate) fn add(&self, routed: Routed, report: &mut Report) {
        self.add_outcome(&routed, report);
        for attempt in routed.attempts() {
            self.add_remains(attempt, report);
        }
        add_passed_over(&routed, report);
        let asked = routed.target.iter().map(|asked| &asked.name);
        let led_to: Vec<_> = routed.further.iter().filter_map(|attempt| attempt.name.as_ref()).chain(asked).collect();
        if !led_to.is_empty() {
            let led_to: Vec<_> = led_to.into_iter().map(String::as_str).collect();
            report.add_diagnostic("redirected_to", excerpt(&led_to.join(", "), 400));
        }
        self.add_certificates(&routed, report);
        self.measure(&routed, report);
        report.events.extend(routed.events);
        report.add_trace(routed.trace);
    }

    /// What came of the last one that was called, which the call's outcome is.
    fn add_outcome(&self, routed: &Routed, report: &mut Report) {
        let attempt = routed.last();
        match (&attempt.result, &attempt.facts.peer) {
            (Ok(called), Some(peer)) => self.add_called(&Reached { called, peer, attempt, routed }, report),
            // A certificate that forbids to go on is said with whatever else is wrong with it.
            (Err(Unanswered::Server(failure)), _) if assessment::is_about_certificate(failure, &attempt.facts) => {}
            (Err(unanswered), _) => {
                let failure = unanswered.clone().into_failure(report);
                report.add_failure(of_target(failure, attempt));
            }
            (Ok(_), None) => {}
        }
        if let Some(astray) = &attempt.astray {
            let class = if let Astray::NoTime(_) = astray { Class::Timeout } else { Class::Redirection };
            report.add_failure(Failure::new(class, astray.to_string()));
        }
    }

    /// What every server on the way showed, and what that is worth; of whoever was passed over because of it, nothing.
    fn add_certificates(&self, routed: &Routed, report: &mut Report) {
        for (index, attempt) in routed.attempts().enumerate() {
            if attempt.called().is_some() || index == routed.further.len() {
                let whose = attempt.name.as_ref().map(|name| whose(name, &attempt.facts));
                self.common.add_certificates_of(&attempt.facts, whose.as_deref(), report);
            }
            let further = attempt.called().into_iter().flat_map(|called| &called.further);
            // Of the same certificate the same is said once.
            for facts in further.filter(|facts| facts.judgement != attempt.facts.judgement) {
                let whose = facts.peer.as_ref().map(ToString::to_string);
                self.common.add_certificates_of(facts, whose.as_deref(), report);
            }
        }
        if let Some(Asked { name, outcome }) = &routed.target {
            self.common.add_certificates_of(&outcome.facts, Some(&whose(name, &outcome.facts)), report);
        }
    }

    fn add_called(&self, reached: &Reached<'_>, report: &mut Report) {
        let Reached { called, peer, attempt, routed } = *reached;
        let released = released(called);
        if let Some(signal) = called.log.signal {
            report
                .add_finding(Finding::unknown(format!("ended by signal {signal} before there was a result{released}")));
        } else {
            match called.call.verdict() {
                Verdict::Ringing(response, took) => {
                    self.add_facts(called, response, report);
                    let (status, name, sender) = (response.status_text(), peer.name(), sent_from(called.log.rang_from));
                    let whose = judge::answers_for(&answer(called, response, took));
                    let took = precisely(called.since(routed.started) + took);
                    match response.check_answers(&called.call.template().tag) {
                        Ok(()) => {
                            let text = format!("{status} from {name} in {took}{sender}{whose}{released}");
                            report.add_finding(Finding::ok(text));
                        }
                        Err(source) => report.add_failure(LinkError::Message { peer: peer.clone(), source }.into()),
                    }
                }
                Verdict::Final(response, took) => {
                    self.add_facts(called, response, report);
                    match self.judge(&answer(called, response, took), reached, report) {
                        Ok(text) => {
                            let kept = self.kept(called).unwrap_or_default();
                            report.add_finding(Finding::ok(text + &kept + &released));
                            let judge = |description: &[u8]| offer::judge(description, peer.address.ip());
                            match taken(called).map(|taken| called.call.answer_to_offer(taken).and_then(judge)) {
                                Some(Err(unheard)) => report.add_failure(Failure::new(
                                    Class::Media,
                                    format!("the call is answered, but {unheard}"),
                                )),
                                Some(Ok(one_way)) => report.findings.extend(one_way.map(Finding::remark)),
                                None => {}
                            }
                        }
                        Err(failure) => report.add_failure(failure),
                    }
                }
                Verdict::Nothing => {
                    let failure = of_target(no_answer(called, peer), attempt);
                    report.add_failure(Failure { summary: failure.summary + &released, ..failure });
                }
            }
        }
        let used = &mut report.authentication.digest_user;
        *used = called.call.digest_user().map(str::to_owned).or_else(|| used.take());
    }

    /// What is left to be said of a call, whatever came of it.
    fn add_remains(&self, attempt: &Attempt, report: &mut Report) {
        let (Some(called), Some(peer)) = (attempt.called(), &attempt.facts.peer) else { return };
        let leads_nowhere =
            |dialog: &Dialog| dialog.problem.clone().or_else(|| dialog.leads_nowhere(peer.address.ip()));
        if let Some(problem) = called.call.dialogs().find_map(leads_nowhere) {
            report.add_failure(Failure::new(Class::Protocol, format!("the call is answered, but {problem}")));
        }
        if let Err(failure) = self.kept(called)
            && called.log.signal.is_none()
        {
            report.add_failure(failure);
        }
        if let Some(open) = unreleased(called) {
            // Of a call without a result, the failure that ended it is the result.
            let ended_by = called.log.failure.as_ref().filter(|_| called.call.verdict() != Verdict::Nothing);
            if let Some(failure) = ended_by.filter(|_| called.log.broken.is_none()) {
                report.add_failure(failure.clone());
            }
            let text = format!("the call at {} may still be open: {open}", peer.name());
            report.add_failure(Failure::new(Class::Release, text));
        }
    }

    fn add_facts(&self, called: &Called, response: &Response, report: &mut Report) {
        for (name, value) in judge::facts(&answer(called, response, Duration::ZERO)) {
            report.add_diagnostic(&name, value);
        }
    }

    /// The first line's text for a final response that is as expected and leads somewhere.
    fn judge(&self, answer: &Answer, reached: &Reached<'_>, report: &Report) -> Result<String, Failure> {
        let Reached { called, peer, attempt, routed } = *reached;
        let (response, time) = (&answer.response, called.since(routed.started) + answer.took);
        let tag = &called.call.template().tag;
        response.check_answers(tag).map_err(|source| LinkError::Message { peer: peer.clone(), source })?;
        if let Some(problem) = called.call.unauthorized() {
            let (peer, status) = (peer.clone(), response.status_text());
            return Err(match problem.clone() {
                Unauthorized::Challenge(source) => UacError::Challenge { peer, source },
                Unauthorized::Rejected(user) => UacError::Rejected { peer, user, status },
            }
            .into());
        }
        let judged = self.common.expected.judge(answer, &peer.name(), time);
        let judged = judged.map_err(|failure| explained(failure, response, attempt.withheld))?;
        match (&routed.target, &attempt.astray) {
            (Some(asked), _) => alive(answer, asked, report),
            // What is wrong with it is a finding of its own.
            (None, Some(_)) => Ok(format!("{} from {} in {}", response.status, peer.name(), precisely(time))),
            (None, None) => Ok(match routed.redirections {
                0 => judged,
                1 => format!("{judged}, after 1 redirection"),
                count => format!("{judged}, after {count} redirections"),
            }),
        }
    }

    /// What happened to a call while it was kept: that it was, or a failure of whoever did not keep it.
    fn kept(&self, called: &Called) -> Result<String, Failure> {
        let is_to_last = !self.hold.is_zero() && taken(called).is_some();
        let Some(lasted) = called.call.lasted(called.ended).filter(|_| is_to_last) else { return Ok(String::new()) };
        let (wanted, after) = (seconds(self.hold), precisely(lasted));
        let silence = if called.media_packets == 0 { ", no audio came" } else { "" };
        if let Some(broken) = &called.log.broken {
            let summary = format!("the call broke after {after} of {wanted}: {}", broken.summary);
            return Err(Failure { summary, ..broken.clone() });
        }
        if called.call.hung_up().is_some() {
            let text = format!("hung up by the other side after {after} of {wanted}{silence}");
            return Err(Failure::new(Class::Closed, text));
        }
        if lasted < self.hold {
            return Err(Failure::new(Class::Timeout, format!("kept for {after} of {wanted} only: no time was left")));
        }
        Ok(format!(", held for {wanted}{silence}"))
    }
}

/// The first line's text for a redirection whose target is alive.
fn alive(redirection: &Answer, asked: &Asked, report: &Report) -> Result<String, Failure> {
    let from = redirection.stranger.map(|stranger| format!(" from {stranger}")).unwrap_or_default();
    let whose = judge::answers_for(redirection);
    let to = format!("{}{from}{whose} to {}", redirection.response.status, asked.name);
    let Outcome { facts, result, .. } = &asked.outcome;
    match result {
        Err(Unanswered::Server(failure)) if assessment::is_about_certificate(failure, facts) => {
            Ok(format!("{to}, which was not asked because of its certificate"))
        }
        Err(unanswered) => {
            let failure = unanswered.clone().into_failure(report);
            let summary = format!("{to}, which does not answer: {}", failure.summary);
            Err(of_redirection(Failure { summary, ..failure }))
        }
        Ok(answer) => {
            let took = precisely(facts.total.unwrap_or(answer.took));
            let (status, sender) = (&answer.response, sent_from(answer.stranger) + &judge::answers_for(answer));
            if matches!(status.status, 408 | 500..700) {
                let summary = format!("{to}, which answers {} in {took}{sender}", status.status_text());
                return Err(Failure::new(Class::Redirection, summary));
            }
            Ok(format!("{to}, which answers in {took}{sender}"))
        }
    }
}

/// A failure to reach somebody; whom a redirection named is said.
fn of_target(failure: Failure, attempt: &Attempt) -> Failure {
    match &attempt.name {
        None => failure,
        Some(name) => {
            let summary = format!("redirected to {name}, which cannot be called: {}", failure.summary);
            of_redirection(Failure { summary, ..failure })
        }
    }
}

/// A failure to reach whom a redirection named: the redirection's, unless it is this side that lacks something to ask with.
fn of_redirection(failure: Failure) -> Failure {
    match failure.class {
        Class::Dns | Class::Local | Class::Permission | Class::ClientCertificateRequired => failure,
        class => Failure { class: Class::Redirection, as_well: Some(class), ..failure },
    }
}

/// Behind the result, who was tried before: where there are several, only the first of them by name.
fn add_passed_over(routed: &Routed, report: &mut Report) {
    let attempts = routed.attempts();
    let mut passed: Vec<_> =
        attempts.flat_map(|attempt| &attempt.facts.passed_over).map(|failure| failure.summary.clone()).collect();
    for attempt in routed.passed_over() {
        let of_peer = || attempt.facts.peer.as_ref().map(Peer::name);
        let name = attempt.name.clone().or_else(of_peer).unwrap_or_default();
        passed.push(match (&attempt.result, &attempt.facts.peer, &attempt.astray) {
            (_, _, Some(astray)) => format!("{name}: {astray}"),
            (Ok(called), Some(peer), None) => match called.call.verdict() {
                Verdict::Final(response, _) => format!("{} from {name}", response.status_text()),
                _ => no_answer(called, peer).summary + &released(called),
            },
            (Ok(_), None, None) => name,
            (Err(unanswered), _, None) => unanswered.clone().into_failure(report).summary,
        });
    }
    match passed.as_slice() {
        [] => return,
        [only] => report.add_finding(Finding::remark(format!("passed over: {only}"))),
        [first, ..] => {
            report.add_finding(Finding::remark(format!("passed over: {} targets, the first: {first}", passed.len())))
        }
    }
    report.add_diagnostic("passed_over", excerpt(&passed.join("; "), 1_000));
}

/// Whose certificate it is, of several servers.
fn whose(name: &str, facts: &Facts) -> String {
    facts.peer.as_ref().map_or_else(|| name.to_owned(), ToString::to_string)
}

/// Who answered, where that was not the one that was asked.
fn sent_from(stranger: Option<SocketAddr>) -> String {
    stranger.map(|stranger| format!(", sent from {stranger}")).unwrap_or_default()
}

fn answer(called: &Called, response: &Response, took: Duration) -> Answer {
    let digest_user = called.call.digest_user().map(str::to_owned);
    let answers_for = address::other_than(response.head.value("To").unwrap_or_default(), &called.call.template().to);
    Answer { response: response.clone(), took, digest_user, stranger: called.log.stranger, answers_for }
}

/// A refusal with what is known of its reason beyond its own words.
fn explained(failure: Failure, response: &Response, withheld: Option<&str>) -> Failure {
    let summary = match (response.status, withheld) {
        (401 | 407, Some(withheld)) => {
            format!("{} wants credentials, {withheld}", failure.summary.split(": ").next().unwrap_or_default())
        }
        // Exchange refuses so whoever is no UM IP gateway of its organization, unless its diagnostics name another reason.
        (403, _) if is_of_stranger(response) => format!("{}; the caller is no UM IP gateway", failure.summary),
        _ => return failure,
    };
    Failure { summary, ..failure }
}

/// Whether diagnostics are there, and none of them has a meaning of its own.
fn is_of_stranger(response: &Response) -> bool {
    let diagnostics = Diagnostics::among(response.head.pairs());
    !diagnostics.is_empty() && !diagnostics.iter().any(|(_, each)| each.names_its_reason())
}

fn no_answer(called: &Called, peer: &Peer) -> Failure {
    if let Some(failure) = called.log.unreadable.as_ref().or(called.log.failure.as_ref()) {
        return failure.clone();
    }
    let (peer, waited) = (peer.clone(), precisely(called.ended - called.started));
    match called.call.last_provisional() {
        Some(last) => UacError::OnlyProvisional { peer, last: last.status_text(), waited }.into(),
        None => {
            let (requests, strays) = (called.log.invites, called.log.beside.clone());
            UacError::Silence { peer, requests, waited, strays }.into()
        }
    }
}

/// The 2xx that the call was answered with; not that of a callee who answered behind another final response.
pub(super) fn taken(called: &Called) -> Option<&Response> {
    match called.call.verdict() {
        Verdict::Final(response, _) if matches!(response.status, 200..300) => Some(response),
        _ => None,
    }
}

/// Whether it was taken back, in words that stand behind others.
fn released(called: &Called) -> String {
    match called.call.release() {
        Release::Done(took) if called.call.is_cancelled() => format!(", cancelled in {}", precisely(took)),
        Release::Done(took) => format!(", released in {}", precisely(took)),
        // Whoever refused the INVITE by ICMP did not get it.
        Release::Open(Open::NotCancelled) if !is_refused(called) => "; the INVITE could not be cancelled".to_owned(),
        _ => String::new(),
    }
}

/// Why it may not be taken back, where somebody knows of the call.
fn unreleased(called: &Called) -> Option<Open> {
    match called.call.release() {
        Release::NotNeeded | Release::Done(_) | Release::Open(Open::NotCancelled) => None,
        Release::Open(open) => Some(open),
    }
}

fn is_refused(called: &Called) -> bool {
    called.log.failure.as_ref().is_some_and(|failure| failure.class == Class::Refused)
}

#[cfg(test)]
mod tests;
