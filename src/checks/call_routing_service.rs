//! How does a scheduler run `check_um_call_routing`? Only against a host of which somebody said whom to call.

use super::call_routing::CallRouting;
use super::call_routing_advice;
use super::schedule::{DisplayUnit, EXCHANGE, Measured, Scheduled, ScheduledService, Setting, Vantage, graph, metric};
use crate::options::Options;
use crate::report::Class;

impl Scheduled for CallRouting {
    const SERVICES: &'static [ScheduledService] = &[CALL];
    const ON_ANY_SERVER: fn(Option<Class>) -> &'static str = call_routing_advice::on_any_server;
}

const CALL: ScheduledService = ScheduledService {
    name: "um-call-routing",
    title: "UM call routing",
    vantage: Vantage::Call,
    // Each run is a call in the counters of the router.
    interval: 10,
    retry: 2,
    attempts: 3,
    timeout: 10,
    arguments: &[EXCHANGE],
    suggested: &[("--uri", "sip:5000@cas1.example.com"), ("--warning", "2"), ("--critical", "5")],
    settings: &[Setting::Own("--uri")],
    depends_on: Some("um-service"),
    metrics: &[TIME, STATUS, RINGING, TARGET, RELEASE, CONNECT, LOOKUP, REDIRECTIONS, RETRANSMISSIONS, RTP_PACKETS],
    occasional: &["ringing", "target", "release", "rtp_packets"],
    graphs: &[graph("times", &["time", "ringing", "target", "release", "connect", "dns"])],
    ..ScheduledService::usual(CallRouting::ABOUT)
};

const TIME: Measured = metric("time", "time to the final response", DisplayUnit::Seconds);
const RINGING: Measured = metric("ringing", "time to ringing", DisplayUnit::Seconds);
const TARGET: Measured = metric("target", "answer of the redirection's target", DisplayUnit::Seconds);
const RELEASE: Measured = metric("release", "taking the call back", DisplayUnit::Seconds);
const CONNECT: Measured = metric("connect", "connect", DisplayUnit::Seconds);
const LOOKUP: Measured = metric("dns", "name lookup", DisplayUnit::Seconds);
const STATUS: Measured = metric("status", "code of the final response", DisplayUnit::Count);
const REDIRECTIONS: Measured = metric("redirections", "redirections", DisplayUnit::Count);
const RETRANSMISSIONS: Measured = metric("retransmissions", "retransmissions", DisplayUnit::Count);
const RTP_PACKETS: Measured = metric("rtp_packets", "packets of audio received", DisplayUnit::Count);
