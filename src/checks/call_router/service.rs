//! How does a scheduler run `check_um_call_router`? As one service in place of all the others, where a site wants that.

use super::super::schedule::{DisplayUnit, Measured, Scheduled, ScheduledService, Setting, Vantage, graph, metric};
use super::CallRouter;
use crate::options::Options;

impl Scheduled for CallRouter {
    const SERVICES: &'static [ScheduledService] = &[WHOLE];
}

const WHOLE: ScheduledService = ScheduledService {
    name: "um-call-router",
    title: "UM Call Router",
    vantage: Vantage::Whole,
    // Where the router speaks TLS each run is five connections, without a client certificate as many events 1649: not more often
    // than SIP over TLS is asked by itself.
    interval: 10,
    retry: 2,
    attempts: 3,
    timeout: 10,
    settings: &[Setting::Own("--startup-mode"), Setting::Own("--tcp-port"), Setting::Own("--tls-port")],
    metrics: &[FAILING, CHECKS, NOT_ASKED],
    graphs: &[graph("checks", &["failing", "checks"])],
    ..ScheduledService::usual(CallRouter::ABOUT)
};

const FAILING: Measured = metric("failing", "checks that are not OK", DisplayUnit::Count);
const CHECKS: Measured = metric("checks", "checks asked", DisplayUnit::Count);
const NOT_ASKED: Measured = metric("not_asked", "checks not asked", DisplayUnit::Count);
