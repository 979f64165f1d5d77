//! What does each check measure? The labels of its metrics as they are printed, with a title and a unit for a graph.

use crate::health_set::Check;

/// One metric of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Its label in perfdata, JSON and property bag.
    pub label: &'static str,
    /// What a person reads.
    pub title: &'static str,
    /// What it is counted in.
    pub unit: Unit,
}

/// What a metric is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Days: a plain number to the plugins, because perfdata has no such unit.
    Days,
    /// Per cent.
    Percent,
    /// Pieces.
    Count,
    /// A number that stands for a word.
    Code,
}

/// The metrics of a check in the order of their importance. Where a plugin measures something as often as it finds it, such
/// as `chain_1_days_left` of each further certificate, only what is always there is named.
pub fn metrics(check: &Check) -> Vec<Measured> {
    match check.name {
        "um-sip-options" => vec![TIME, RESPONSE, CONNECT, DNS, RETRANSMISSIONS],
        "um-sip-options-tls" => vec![TIME, RESPONSE, TLS, CONNECT, DNS, RETRANSMISSIONS, CERTIFICATE],
        "um-cert-expiry" => vec![
            metric("days_left", "days left of the whole chain", Unit::Days),
            metric("leaf_days_left", "days left of the router's certificate", Unit::Days),
            metric("leaf_lifetime_left", "lifetime left of the router's certificate", Unit::Percent),
        ],
        "um-service" => vec![metric("running", "running", Unit::Code), metric("uptime", "uptime", Unit::Seconds)],
        "um-reject-rate" => vec![
            metric("rejected", "rejected share", Unit::Percent),
            metric("calls", "calls", Unit::Count),
            metric("rejected_calls", "rejected calls", Unit::Count),
            metric("history", "history", Unit::Seconds),
        ],
        "um-missed-call-proxy" => vec![metric("failed", "failed share", Unit::Percent)],
        "um-app-pool" => vec![metric("state", "state of the pool", Unit::Code)],
        "um-health-set" => {
            vec![metric("unhealthy", "unhealthy monitors", Unit::Count), metric("monitors", "monitors", Unit::Count)]
        }
        "um-events" => vec![
            metric("event_1647", "1647: calls rejected", Unit::Count),
            metric("event_1638", "1638: missed-call notifications not proxied", Unit::Count),
            metric("event_1643", "1643: certificate near its expiry", Unit::Count),
            metric("event_1649", "1649: TLS broken off", Unit::Count),
            metric("event_1651", "1651: OPTIONS rejected", Unit::Count),
        ],
        "um-ad-ds" => vec![metric("time", "time to the answer", Unit::Seconds)],
        _ => Vec::new(),
    }
}

const fn metric(label: &'static str, title: &'static str, unit: Unit) -> Measured {
    Measured { label, title, unit }
}

const TIME: Measured = metric("time", "time to the final response", Unit::Seconds);
const DNS: Measured = metric("dns", "name lookup", Unit::Seconds);
const CONNECT: Measured = metric("connect", "connect", Unit::Seconds);
const TLS: Measured = metric("tls", "TLS handshake", Unit::Seconds);
const RESPONSE: Measured = metric("response", "request to response", Unit::Seconds);
const RETRANSMISSIONS: Measured = metric("retransmissions", "retransmissions", Unit::Count);
const CERTIFICATE: Measured = metric("certificate_days", "days left of the certificates", Unit::Days);
