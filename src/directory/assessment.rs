//! What is there to say of a controller? Its answer, its certificates, and what is wrong with them.

use super::judge;
use super::locator::Wanted;
use super::probe::{Answer, ControllerOutcome, TlsFacts};
use crate::net::Peer;
use crate::report::{Finding, Report};

/// `2 of 3 controllers of example.com are fit for work`.
pub(crate) fn headline(wanted: &Wanted<'_>, outcomes: &[ControllerOutcome], left_out: usize) -> String {
    let is_fit = |outcome: &&ControllerOutcome| {
        outcome
            .result
            .as_ref()
            .is_ok_and(|answer| judge::judge(&answer.root_dse, &answer.peer, Some(wanted)).is_empty())
    };
    let fit = outcomes.iter().filter(is_fit).count();
    let more = match left_out {
        0 => String::new(),
        left_out => format!(", {left_out} more were not asked"),
    };
    format!("{fit} of {} {} are fit for work{more}", outcomes.len(), wanted.describe())
}

/// Adds to `report` what came of asking one controller, one of those `wanted` where DNS named it, but for the metrics.
pub(crate) fn add(outcome: &ControllerOutcome, wanted: Option<&Wanted<'_>>, report: &mut Report) {
    for error in &outcome.passed_over {
        report.add_finding(Finding::remark(format!("passed over: {error}")));
    }
    match &outcome.result {
        Ok(Answer { peer, root_dse }) => {
            let failures = judge::judge(root_dse, peer, wanted);
            if failures.is_empty() {
                report.add_finding(Finding::ok(judge::describe(root_dse, peer, wanted)));
            }
            failures.into_iter().for_each(|failure| report.add_failure(failure));
            for attribute in &root_dse.attributes {
                report.add_trace([format!("{peer} {}: {}", attribute.name, attribute.values.join(", "))]);
            }
        }
        Err(failure) => report.add_failure(failure.clone()),
    }
    if let (Some(shown), Some(peer)) = (&outcome.shown, &outcome.peer) {
        add_tls(shown, peer, report);
    }
}

fn add_tls(shown: &TlsFacts, peer: &Peer, report: &mut Report) {
    let peer = peer.name();
    if let Some(certificates) = &shown.certificates {
        report.beside_the_answer(|report| certificates.add_to(report, Some(&peer)));
    }
    if let Some(failure) = shown.served.obsolescence() {
        report.add_finding(report.judge(failure).said_of(Some(&peer)));
    }
    // What one was shown stays said, though another asked for nothing.
    if let Some(subject) = &shown.served.client_certificate_shown {
        report.authentication.client_certificate = Some(subject.clone());
    }
    for (name, value) in shown.served.diagnostics() {
        report.add_diagnostic(name, format!("{value} ({peer})"));
    }
}
