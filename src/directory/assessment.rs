//! What is there to say of a controller? Its answer, its certificates, and what is wrong with them.

use super::judge;
use super::probe::{ControllerOutcome, TlsFacts};
use crate::net::Peer;
use crate::report::{Finding, Report};

/// `2 of 3 controllers of example.com are fit for work`.
pub(crate) fn headline(domain: &str, outcomes: &[ControllerOutcome]) -> String {
    let is_fit = |outcome: &&ControllerOutcome| match (&outcome.result, &outcome.peer) {
        (Ok(root_dse), Some(peer)) => judge::judge(root_dse, peer).is_empty(),
        _ => false,
    };
    let fit = outcomes.iter().filter(is_fit).count();
    format!("{fit} of {} controllers of {domain} are fit for work", outcomes.len())
}

/// Adds to `report` what came of asking one controller, but for the metrics.
pub(crate) fn add(outcome: &ControllerOutcome, report: &mut Report) {
    for error in &outcome.passed_over {
        report.add_finding(Finding::ok(format!("passed over: {error}")));
    }
    match (&outcome.result, &outcome.peer) {
        (Ok(root_dse), Some(peer)) => {
            let failures = judge::judge(root_dse, peer);
            if failures.is_empty() {
                report.add_finding(Finding::ok(judge::describe(root_dse, peer)));
            }
            failures.into_iter().for_each(|failure| report.add_failure(failure));
            for attribute in &root_dse.attributes {
                report.add_trace([format!("{peer} {}: {}", attribute.name, attribute.values.join(", "))]);
            }
        }
        (Err(failure), _) => report.add_failure(failure.clone()),
        (Ok(_), None) => {}
    }
    if let (Some(shown), Some(peer)) = (&outcome.shown, &outcome.peer) {
        add_tls(shown, peer, report);
    }
}

fn add_tls(shown: &TlsFacts, peer: &Peer, report: &mut Report) {
    let peer = peer.name();
    if let Some(certificates) = &shown.certificates {
        certificates.add_to(report, Some(&peer));
    }
    if let Some(failure) = shown.served.obsolescence() {
        report.add_finding(report.judge(failure).said_of(Some(&peer)));
    }
    report.authentication.client_certificate.clone_from(&shown.served.client_certificate_shown);
    for (name, value) in shown.served.diagnostics() {
        report.add_diagnostic(name, format!("{value} ({peer})"));
    }
}
