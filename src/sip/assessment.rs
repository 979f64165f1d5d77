//! What is an answer worth, and what is there to say of it? Findings, metrics, diagnostics, phases of each address.

use std::net::SocketAddr;
use std::time::Duration;

use super::judge::{self, Expected};
use super::locate::Unanswered;
use super::probe::{Facts, Outcome};
use super::transport::Transport;
use super::uac::Answer;
use super::uac::repeated::Repeated;
use crate::net::{self, Peer};
use crate::report::{Class, Failure, Finding, Metric, Report, State, Thresholds, Uom};
use crate::time::words::precisely;
use crate::x509::expiry::Expiries;
use crate::x509::judgement::Judgement;

/// By what an outcome is judged, and how it is told from others.
#[derive(Debug)]
pub(crate) struct Assessment {
    pub transport: Transport,
    pub expected: Expected,
    /// For the time to the final response.
    pub thresholds: Thresholds,
    /// For the share of a series that is lost, in per cent, where there is one.
    pub loss: Option<Thresholds>,
    /// How much of its validity each certificate must have left.
    pub expiries: Expiries,
    pub timeout: Duration,
    /// Whether anybody asks for whom the certificate is and who issued it.
    pub is_verified: bool,
    /// Whether there is one outcome only.
    pub is_alone: bool,
    /// Whether the address stands behind the labels of its metrics.
    pub is_labelled: bool,
    /// The addresses that have their metrics by now.
    pub measured: Vec<SocketAddr>,
    /// What stands behind the labels of those metrics.
    pub suffixes: Vec<String>,
}

impl Assessment {
    /// Adds to `report` what came of one address, and says whether that is an answer as expected; of a series that all of it
    /// was sent, and such an answer came.
    pub(crate) fn add(&mut self, outcome: Outcome, report: &mut Report) -> bool {
        let Outcome { facts, result, .. } = outcome;
        let mut is_expected = false;
        for failure in &facts.passed_over {
            report.add_finding(Finding::remark(format!("passed over: {}", failure.summary)));
        }
        if let (Some(repeated), Some(peer)) = (&facts.repeated, &facts.peer) {
            is_expected = self.add_repeated((repeated, peer), &facts, report);
        }
        is_expected &= result.is_ok();
        let before = report.findings.len();
        match (result, &facts.peer) {
            (Ok(_), Some(_)) if facts.repeated.is_some() => {}
            (Ok(answer), Some(peer)) => {
                let time = facts.total.unwrap_or(answer.took);
                self.add_answer(&answer, &facts, report);
                is_expected = self.add_judged(self.expected.judge(&answer, &self.name_of(peer), time), report);
            }
            // A certificate that forbids to go on is said below, with whatever else is wrong with it.
            (Err(Unanswered::Server(failure)), _) if is_about_certificate(&failure, &facts) => {}
            (Err(unanswered), _) => report.add_failure(unanswered.into_failure(report)),
            (Ok(_), None) => {}
        }
        let unanswered = report.findings.get(before).filter(|finding| finding.class.is_some());
        let unanswered = unanswered.map(|finding| finding.state);
        self.add_certificates(&facts, report);
        self.measure(&facts, unanswered, report);
        report.events.extend(facts.events);
        report.add_trace(facts.trace);
        is_expected
    }

    /// What came of a series of one `peer`: each kind of answer, and how many there were of how many requests. Says whether one
    /// of them is as expected.
    fn add_repeated(&self, (repeated, peer): (&Repeated, &Peer), facts: &Facts, report: &mut Report) -> bool {
        let Repeated { round_trips, kinds, lost, .. } = repeated;
        let Some(median) = round_trips.median() else { return false };
        let (sent, answered) = (round_trips.sent(), round_trips.answered());
        let jitter = round_trips.jitter().map(|jitter| format!(", jitter {}", precisely(jitter))).unwrap_or_default();
        let unsent = match round_trips.unsent() {
            0 => String::new(),
            unsent => format!(", {unsent} more not sent"),
        };
        let all = format!("{answered} of {sent} answered{unsent}, median {}{jitter}", precisely(median));
        let mut is_expected = false;
        for (answer, count) in kinds {
            let how = if kinds.len() == 1 { format!(", {all}") } else { format!(" to {count} of {sent} requests") };
            self.add_answer(answer, facts, report);
            is_expected |= self.add_judged(self.expected.judge_said(answer, &self.name_of(peer), &how), report);
        }
        if kinds.len() > 1 {
            report.add_finding(Finding::remark(format!("{}: {all}", self.name_of(peer))));
        }
        report.findings.extend(repeated.late_in_words().map(Finding::remark));
        if let Some(lost) = lost.as_ref().filter(|lost| lost.class != Class::Timeout) {
            report.add_finding(Finding::remark(format!("lost: {}", lost.summary)));
        }
        is_expected
    }

    /// The facts of one answer.
    fn add_answer(&self, answer: &Answer, facts: &Facts, report: &mut Report) {
        for (name, value) in judge::facts(answer) {
            report.add_diagnostic(&name, self.attributed(facts, value));
        }
        let used = &mut report.authentication.digest_user;
        *used = answer.digest_user.clone().or_else(|| used.take());
    }

    fn add_judged(&self, judged: Result<String, Failure>, report: &mut Report) -> bool {
        let is_expected = judged.is_ok();
        match judged {
            Ok(text) => report.add_finding(Finding::ok(text)),
            Err(failure) => report.add_failure(failure),
        }
        is_expected
    }

    /// What the TLS server showed, and what that is worth.
    fn add_certificates(&self, facts: &Facts, report: &mut Report) {
        let among = facts.peer.as_ref().filter(|_| !self.is_alone).map(ToString::to_string);
        self.add_certificates_of(facts, among.as_deref(), report);
    }

    /// The same of a server that is named where there are several.
    pub(super) fn add_certificates_of(&self, facts: &Facts, among: Option<&str>, report: &mut Report) {
        let Some(served) = &facts.served else { return };
        let attributed = |value: String| among.map(|among| format!("{value} ({among})")).unwrap_or(value);
        for (name, value) in served.diagnostics() {
            report.add_diagnostic(name, attributed(value));
        }
        let shown = &mut report.authentication.client_certificate;
        *shown = served.client_certificate_shown.clone().or_else(|| shown.take());
        if let Some(failure) = served.obsolescence() {
            report.add_finding(report.judge(failure).said_of(among));
        }
        if let Some(judgement) = &facts.judgement {
            report.add_diagnostic("certificate_validity", attributed(judgement.summary.clone()));
            let before = report.findings.len();
            report.beside_the_answer(|report| judgement.add_to(report, among));
            // By --certificate-warning and --certificate-critical.
            let added = report.findings.iter_mut().skip(before).filter(|finding| finding.class.is_none());
            added.for_each(|violation| violation.judged_by = CERTIFICATE);
        }
        let unverified = Finding::remark("certificate not verified");
        if !self.is_verified && !report.findings.contains(&unverified) {
            report.add_finding(unverified);
        }
    }

    /// Who is spoken of in a first line: with the address where there are several.
    fn name_of(&self, peer: &Peer) -> String {
        if self.is_alone { peer.name() } else { peer.to_string() }
    }

    /// With who said it behind it, where others may say something else.
    fn attributed(&self, facts: &Facts, value: String) -> String {
        match &facts.peer {
            Some(peer) if !self.is_alone => format!("{value} ({peer})"),
            _ => value,
        }
    }

    /// The metrics of one address. A target without an address has no label that would stay the same, and an address that
    /// two names lead to is measured once. Where the series broke off or nobody answered it, that is worth the state `unanswered`.
    fn measure(&mut self, facts: &Facts, unanswered: Option<State>, report: &mut Report) {
        let suffix = match facts.peer.as_ref().map(|peer: &Peer| peer.address) {
            _ if !self.is_labelled => None,
            None if self.is_alone => None,
            None => return,
            Some(address) => {
                if self.measured.contains(&address) {
                    return;
                }
                self.measured.push(address);
                let Some(suffix) = net::label_suffix(address, &mut self.suffixes) else { return };
                Some(suffix)
            }
        };
        let suffixed = |metric: Metric| suffix.iter().fold(metric, |metric, suffix| metric.suffixed(suffix));
        let among = facts.peer.as_ref().filter(|_| !self.is_alone);
        for metric in self.phases(facts) {
            let is_loss = metric.label() == LOSS;
            let metric = among.into_iter().fold(metric, |metric, peer| metric.said_of(peer.to_string()));
            let judged = report.findings.len();
            // How much is lost says no more than why it is, unless it is worth more: a class may be lowered, and says nothing of
            // how many there are.
            let is_said = metric.violation().is_some_and(|violation| unanswered >= Some(violation.state));
            if is_loss && is_said {
                report.add_metric(suffixed(metric))
            } else {
                report.judge_metric(suffixed(metric))
            }
            // Of the times only one has thresholds: whose it was says what it went into.
            match report.findings.get_mut(judged) {
                Some(violation) if is_loss => (violation.advice, violation.judged_by) = (ADVICE_ON_LOSS, LOSS),
                Some(violation) if facts.is_mostly_look_up() => violation.advice = ADVICE_ON_SLOW_LOOK_UP,
                _ => {}
            }
        }
        if self.transport == Transport::Tls {
            let earliest = facts.judgement.as_ref().and_then(Judgement::earliest);
            report.add_metric(suffixed(self.expiries.days("certificate_days", earliest)));
        }
    }

    /// The metric of every phase, whether it was reached or not; of a series, what its round trips say.
    fn phases(&self, facts: &Facts) -> Vec<Metric> {
        let time = |time| Metric::seconds("time", time).judged_by(&self.thresholds).max(self.timeout.as_secs_f64());
        let mut metrics = Vec::new();
        if let Some(loss) = &self.loss {
            let round_trips = facts.repeated.as_ref().map(|repeated| repeated.round_trips.clone()).unwrap_or_default();
            metrics.push(time(round_trips.median()));
            metrics.push(Metric::seconds("time_max", round_trips.longest()));
            metrics.push(Metric::seconds("jitter", round_trips.jitter()));
            metrics.push(Metric::percent(LOSS, round_trips.loss()).judged_by(loss));
        } else {
            metrics.push(time(facts.total));
        }
        metrics.push(Metric::seconds("dns", facts.dns));
        metrics.push(Metric::seconds("connect", facts.connect));
        let tls = || facts.served.as_ref().and_then(|served| served.took);
        metrics.extend((self.transport == Transport::Tls).then(|| Metric::seconds("tls", tls())));
        if self.loss.is_none() {
            metrics.push(Metric::seconds("response", facts.response));
            let retransmissions = facts.retransmissions.map(f64::from);
            metrics.push(Metric::optional("retransmissions", retransmissions, Uom::None).min(0.0));
        }
        metrics.push(Metric::optional("status", facts.status.map(f64::from), Uom::None));
        metrics
    }
}

/// Whether `failure` is among what is wrong with the certificates.
pub(super) fn is_about_certificate(failure: &Failure, facts: &Facts) -> bool {
    facts.judgement.iter().any(|judgement| judgement.failures.contains(failure))
}

/// The metric, and the name in front of its thresholds' options.
const LOSS: &str = "loss";

const CERTIFICATE: &str = "certificate";

const ADVICE_ON_LOSS: &str = "Requests or their answers get lost, or take longer than --interval. Compare with a ping of the same \
                              size, look for a line that is full or has errors on the way, and at the load of the server: one \
                              that is busy drops datagrams, too.";

const ADVICE_ON_SLOW_LOOK_UP: &str = "Most of that time went into looking up the name, not into the server's answer (see dns and \
                                      response). Check the nameservers of the host that runs this check: a dead one in front of \
                                      others is waited for, each time.";

#[cfg(test)]
pub(crate) mod tests;
