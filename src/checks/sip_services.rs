//! How does a scheduler run `check_um_sip_options`? Once in clear, and once over TLS where the router speaks it.

use super::schedule::{DisplayUnit, EXCHANGE, Measured, Scheduled, ScheduledService, Vantage, graph, metric};
use super::sip_advice;
use super::sip_options::SipOptions;
use crate::options::Options;
use crate::report::Class;

impl Scheduled for SipOptions {
    const SERVICES: &'static [ScheduledService] = &[CLEAR, TLS];
    const ON_ANY_SERVER: fn(Option<Class>) -> &'static str = sip_advice::on_any_server;
}

const CLEAR: ScheduledService = ScheduledService {
    name: "um-sip-options",
    title: "UM SIP OPTIONS",
    alert: "Sip Options to UM Call Router Service have failed",
    vantage: Vantage::Network,
    interval: 2,
    retry: 2,
    attempts: 4,
    timeout: 5,
    arguments: &[EXCHANGE],
    suggested: &[("--warning", "1"), ("--critical", "3")],
    depends_on: Some("um-service"),
    metrics: &[TIME, RESPONSE, CONNECT, LOOKUP, RETRANSMISSIONS, STATUS],
    graphs: &[graph("times", &["time", "response", "connect", "dns"])],
    ..ScheduledService::usual(SipOptions::ABOUT)
};

const TLS: ScheduledService = ScheduledService {
    name: "um-sip-options-tls",
    title: "UM SIP OPTIONS over TLS",
    alert: "Sip Options to UM Call Router Service have failed, over TLS",
    vantage: Vantage::Tls,
    // Without a client certificate each run leaves an event 1649 on the server: not more often than needed.
    interval: 10,
    arguments: &[EXCHANGE, ("--transport", "tls")],
    metrics: &[TIME, RESPONSE, HANDSHAKE, CONNECT, LOOKUP, RETRANSMISSIONS, STATUS, CERTIFICATE],
    graphs: &[graph("times", &["time", "response", "tls", "connect", "dns"])],
    ..CLEAR
};

const TIME: Measured = metric("time", "time to the final response", DisplayUnit::Seconds);
const LOOKUP: Measured = metric("dns", "name lookup", DisplayUnit::Seconds);
const CONNECT: Measured = metric("connect", "connect", DisplayUnit::Seconds);
const HANDSHAKE: Measured = metric("tls", "TLS handshake", DisplayUnit::Seconds);
const RESPONSE: Measured = metric("response", "request to response", DisplayUnit::Seconds);
const RETRANSMISSIONS: Measured = metric("retransmissions", "retransmissions", DisplayUnit::Count);
const STATUS: Measured = metric("status", "code of the final response", DisplayUnit::Count);
const CERTIFICATE: Measured = metric("certificate_days", "days left of the certificates", DisplayUnit::Days);
