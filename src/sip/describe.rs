//! What is there to say of an address that was asked? Findings, metrics, diagnostics, phases.

use std::net::SocketAddr;

use super::judge::{self, Expected};
use super::probe::{Facts, Outcome};
use super::transport::Via;
use crate::metric::{Metric, Uom};
use crate::net::{self, Peer};
use crate::plugin::Run;
use crate::report::{Finding, Report};
use crate::threshold::Thresholds;
use crate::x509::expiry::Expiries;
use crate::x509::judgement::Judgement;

/// By what an outcome is judged, and how it is told from others.
#[derive(Debug)]
pub struct Assessment {
    /// The transport.
    pub via: Via,
    /// What the final response has to be like.
    pub expected: Expected,
    /// For the time to the final response.
    pub thresholds: Thresholds,
    /// How much of its validity each certificate must have left.
    pub expiries: Expiries,
    /// Whether anybody asks for whom the certificate is and who issued it.
    pub is_verified: bool,
    /// Whether there is one outcome only.
    pub is_alone: bool,
    /// Whether the address stands behind the labels of its metrics.
    pub is_labelled: bool,
    /// The addresses that have their metrics by now.
    pub measured: Vec<SocketAddr>,
}

impl Assessment {
    /// Adds to `report` what came of one address.
    pub fn add(&mut self, report: &mut Report, outcome: Outcome, run: &Run) {
        let Outcome { facts, result } = outcome;
        for failure in &facts.passed_over {
            report.found(Finding::ok(format!("passed over: {}", failure.summary)));
        }
        match (&result, &facts.peer) {
            (Ok(answer), Some(peer)) => {
                for (name, value) in judge::describe(answer) {
                    report.diagnostic(&name, self.of(&facts, value));
                }
                let used = &mut report.authentication.digest_user;
                *used = answer.digest_user.clone().or_else(|| used.take());
                let judged = self.expected.judge(answer, peer, facts.total.unwrap_or(answer.took));
                report.found(judged.map_or_else(|failure| run.judged(failure), Finding::ok));
            }
            // A certificate that forbids to go on is said below, with whatever else is wrong with it.
            (Err(failure), _) if facts.judgement.iter().any(|judgement| judgement.failures.contains(failure)) => {}
            (Err(failure), _) => report.found(run.judged(failure.clone())),
            (Ok(_), None) => {}
        }
        self.add_certificates(report, &facts, run);
        self.measure(report, &facts, run);
        report.events.extend(facts.events);
        report.trace.extend(facts.trace);
    }

    /// What the TLS server showed, and what that is worth.
    fn add_certificates(&self, report: &mut Report, facts: &Facts, run: &Run) {
        let Some(served) = &facts.served else { return };
        if run.wants_details {
            for (name, value) in served.diagnostics() {
                report.diagnostic(name, self.of(facts, value));
            }
        }
        let shown = &mut report.authentication.client_certificate;
        *shown = served.client_certificate_shown.clone().or_else(|| shown.take());
        let among = facts.peer.as_ref().filter(|_| !self.is_alone).map(ToString::to_string);
        let obsolete = served.obsolescence().map(|failure| run.judged(failure));
        report.findings.extend(obsolete.map(|finding| among.iter().fold(finding, |finding, peer| finding.of(peer))));
        if let Some(judgement) = &facts.judgement {
            report.diagnostic("certificate_validity", self.of(facts, judgement.summary.clone()));
            among.map_or_else(|| judgement.clone(), |peer| judgement.of(&peer)).describe(report, run);
        }
        let unverified = Finding::ok("certificate not verified");
        if !self.is_verified && !report.findings.contains(&unverified) {
            report.found(unverified);
        }
    }

    /// With who said it behind it, where others may say something else.
    fn of(&self, facts: &Facts, value: String) -> String {
        match &facts.peer {
            Some(peer) if !self.is_alone => format!("{value} ({peer})"),
            _ => value,
        }
    }

    /// The metrics of one address. A target without an address has no label that would stay the same, and an address that
    /// two names lead to is measured once.
    fn measure(&mut self, report: &mut Report, facts: &Facts, run: &Run) {
        let suffix = match facts.peer.as_ref().map(|peer: &Peer| peer.address) {
            _ if !self.is_labelled => None,
            None if self.is_alone => None,
            None => return,
            Some(address) => {
                let Some(suffix) = net::label_suffix(address, &self.measured) else { return };
                self.measured.push(address);
                Some(suffix)
            }
        };
        let suffixed = |metric: Metric| suffix.iter().fold(metric, |metric, suffix| metric.suffixed(suffix));
        for metric in self.phases(facts, run) {
            report.measured(suffixed(metric));
        }
        if self.via == Via::Tls {
            let earliest = facts.judgement.as_ref().and_then(Judgement::earliest);
            report.recorded(suffixed(self.expiries.days("certificate_days", earliest)));
        }
    }

    /// The metric of every phase, whether it was reached or not.
    fn phases(&self, facts: &Facts, run: &Run) -> Vec<Metric> {
        let tls = || facts.served.as_ref().and_then(|served| served.took);
        let retransmissions = Metric::unknown("retransmissions", Uom::None).min(0.0);
        let timeout = run.deadline.timeout().as_secs_f64();
        let mut metrics = vec![
            Metric::seconds("time", facts.total).judged_by(&self.thresholds).max(timeout),
            Metric::seconds("dns", facts.dns),
            Metric::seconds("connect", facts.connect),
        ];
        metrics.extend((self.via == Via::Tls).then(|| Metric::seconds("tls", tls())));
        metrics.push(Metric::seconds("response", facts.response));
        metrics.push(facts.retransmissions.map_or(retransmissions, |count| Metric::count("retransmissions", count)));
        metrics
    }
}
