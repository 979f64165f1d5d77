//! What can be measured of a call? Every metric, from whichever attempt it is of.

use std::time::Duration;

use super::assessment::{CallAssessment, taken};
use super::machine::Until;
use super::machine::outcome::{Release, Verdict};
use super::routed::{Attempt, Routed};
use crate::report::{Metric, Report, Thresholds, Uom};
use crate::sip::probe::Facts;
use crate::sip::transport::Transport;
use crate::x509::judgement::Judgement;

impl CallAssessment<'_> {
    /// Adds to `report` what was measured.
    pub(super) fn measure(&self, routed: &Routed, report: &mut Report) {
        let called = routed.last().called();
        let since_start = |took: Duration| called.map_or(Duration::ZERO, |called| called.since(routed.started)) + took;
        let (time, status) = match called.map(|called| called.call.verdict()) {
            Some(Verdict::Final(response, took)) => (Some(since_start(took)), Some(response.status)),
            Some(Verdict::Ringing(response, _)) => (None, Some(response.status)),
            _ => (None, None),
        };
        let ringing = called.and_then(|called| called.call.ringing()).map(since_start);
        let (judged, unjudged) = (&self.common.thresholds, &Thresholds::default());
        let (of_time, of_ringing) = match (self.until, ringing) {
            (Until::Ringing, Some(_)) => (unjudged, judged),
            // An answer that comes without ringing ends the wait for it, too.
            (Until::Ringing, None) => (judged, judged),
            (Until::Answer, _) => (judged, unjudged),
        };
        let longest = self.common.timeout.as_secs_f64();
        report.judge_metric(Metric::seconds("time", time).judged_by(of_time).max(longest));
        report.judge_metric(Metric::seconds("ringing", ringing).judged_by(of_ringing).max(longest));
        let Facts { dns, connect, served, .. } = &routed.first.facts;
        report.add_metric(Metric::seconds("dns", *dns));
        report.add_metric(Metric::seconds("connect", *connect));
        if self.common.transport == Transport::Tls {
            report.add_metric(Metric::seconds("tls", served.as_ref().and_then(|served| served.took)));
        }
        report.add_metric(Metric::count("redirections", routed.redirections));
        let target = routed.target.as_ref().filter(|asked| asked.outcome.result.is_ok());
        let target = target.and_then(|asked| asked.outcome.facts.total);
        report.add_metric(Metric::seconds("target", target));
        let release = called.map(|called| called.call.release());
        let release = if let Some(Release::Done(took)) = release { Some(took) } else { None };
        report.add_metric(Metric::seconds("release", release));
        let calls = routed.attempts().filter_map(Attempt::called);
        let retransmissions = calls.map(|called| called.call.retransmissions()).sum();
        report.add_metric(Metric::count("retransmissions", retransmissions));
        report.add_metric(Metric::optional("status", status.map(f64::from), Uom::None));
        // Of a call that is taken back at once none can have come.
        let is_kept = called.filter(|called| !self.hold.is_zero() && taken(called).is_some());
        let packets = is_kept.map(|called| f64::from(called.media_packets));
        report.add_metric(Metric::optional("rtp_packets", packets, Uom::None).min(0.0));
        let asked = routed.target.iter().map(|asked| &asked.outcome.facts);
        let further = routed.attempts().filter_map(Attempt::called).flat_map(|called| &called.further);
        let judgements = routed.attempts().map(|attempt| &attempt.facts).chain(further).chain(asked);
        let judgements: Vec<_> = judgements.filter_map(|facts| facts.judgement.as_ref()).collect();
        if self.common.transport == Transport::Tls || !judgements.is_empty() {
            let earliest = judgements.into_iter().filter_map(Judgement::earliest).min_by_key(|left| left.seconds);
            report.add_metric(self.common.expiries.days("certificate_days", earliest));
        }
    }
}
