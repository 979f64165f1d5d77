//! Which panels has a dashboard, and in which order?

/// A panel as it is written down here.
pub struct Layout {
    pub title: &'static str,
    pub description: &'static str,
    /// Services with the labels that are shown.
    pub shows: &'static [(&'static str, &'static [&'static str])],
    pub has_thresholds: bool,
    pub is_stacked: bool,
}

const fn panel(
    title: &'static str,
    shows: &'static [(&'static str, &'static [&'static str])],
    description: &'static str,
) -> Layout {
    Layout { title, description, shows, has_thresholds: false, is_stacked: false }
}

const fn judged(layout: Layout) -> Layout {
    Layout { has_thresholds: true, ..layout }
}

const fn stacked(layout: Layout) -> Layout {
    Layout { is_stacked: true, ..layout }
}

/// In the order in which one looks: does it answer, does it take calls, will it tomorrow, why not.
pub const PANELS: &[Layout] = &[
    judged(panel(
        "SIP: time to the final response",
        &[("um-sip-options", &["time"]), ("um-sip-options-tls", &["time"])],
        "Name lookup, connection and answer together.",
    )),
    stacked(panel(
        "SIP over TCP: where the time goes",
        &[("um-sip-options", &["dns", "connect", "response"])],
        "A slow connect is the network, a slow response the server.",
    )),
    stacked(panel(
        "SIP over TLS: where the time goes",
        &[("um-sip-options-tls", &["dns", "connect", "tls", "response"])],
        "Only where the router speaks TLS.",
    )),
    judged(panel(
        "Calls rejected",
        &[("um-reject-rate", &["rejected"])],
        "Share of the inbound calls of the window. No point means that no call came in.",
    )),
    panel(
        "Calls",
        &[("um-reject-rate", &["calls", "rejected_calls"])],
        "In the window that ends with each sample, not since the last one.",
    ),
    judged(panel(
        "Missed-call notifications failed",
        &[("um-missed-call-proxy", &["failed"])],
        "Share of those that could not be proxied to a Mailbox server.",
    )),
    panel(
        "Certificates: days left",
        &[("um-cert-expiry", &["days_left", "leaf_days_left"]), ("um-sip-options-tls", &["certificate_days"])],
        "Of the router's certificate and of the earliest in its chain; below 0 it has expired.",
    ),
    panel(
        "Certificate: lifetime left",
        &[("um-cert-expiry", &["leaf_lifetime_left"])],
        "Of the router's certificate, where a threshold of the check is in per cent.",
    ),
    panel(
        "Events",
        &[("um-events", &["event_1647", "event_1638", "event_1643", "event_1649", "event_1651"])],
        "In the window that ends with each check. 1647 is a rejected call.",
    ),
    panel(
        "Health set: monitors",
        &[("um-health-set", &["unhealthy", "monitors"])],
        "What Managed Availability itself says.",
    ),
    panel(
        "Service and application pool",
        &[("um-service", &["running"]), ("um-app-pool", &["state"])],
        "Service: 1 is running. Pool: 3 is running, 5 is disabled.",
    ),
    panel("Service: uptime", &[("um-service", &["uptime"])], "A fall to zero is a restart."),
    judged(panel(
        "Directory: time to the answer",
        &[("um-ad-ds", &["time"])],
        "A domain controller that the router depends on.",
    )),
    panel(
        "The whole health set in one run",
        &[("um-call-router", &["failing", "checks", "not_asked"])],
        "Only where a host has one service in place of all others.",
    ),
    panel(
        "SIP: code of the final response",
        &[("um-sip-options", &["status"]), ("um-sip-options-tls", &["status"])],
        "What the server answers: 200 is well, 4xx to 6xx are refusals.",
    ),
    panel(
        "SIP: retransmissions",
        &[("um-sip-options", &["retransmissions"]), ("um-sip-options-tls", &["retransmissions"])],
        "Over UDP only can there be any.",
    ),
    panel(
        "Calls: history known",
        &[("um-reject-rate", &["history"])],
        "Less than the window: the rate stands on fewer samples than it should.",
    ),
    panel(
        "SIP servers: time to the final response",
        &[("sip-options-udp", &["time"]), ("sip-options-tcp", &["time"]), ("sip-options-tls", &["time"])],
        "Of servers that are no Call Routers: name lookup, connection and answer together.",
    ),
    stacked(panel(
        "SIP servers over UDP: where the time goes",
        &[("sip-options-udp", &["dns", "connect", "response"])],
        "A slow response is the server, or the network.",
    )),
    stacked(panel(
        "SIP servers over TCP: where the time goes",
        &[("sip-options-tcp", &["dns", "connect", "response"])],
        "A slow connect is the network, a slow response the server.",
    )),
    stacked(panel(
        "SIP servers over TLS: where the time goes",
        &[("sip-options-tls", &["dns", "connect", "tls", "response"])],
        "A slow connect is the network, a slow response the server.",
    )),
    panel(
        "SIP servers: code of the final response",
        &[("sip-options-udp", &["status"]), ("sip-options-tcp", &["status"]), ("sip-options-tls", &["status"])],
        "What the server answers: 200 is well, 4xx to 6xx are refusals.",
    ),
    panel(
        "SIP servers: retransmissions",
        &[
            ("sip-options-udp", &["retransmissions"]),
            ("sip-options-tcp", &["retransmissions"]),
            ("sip-options-tls", &["retransmissions"]),
        ],
        "Over UDP only can there be any.",
    ),
    panel(
        "SIP domains: servers down",
        &[("sip-targets", &["down"])],
        "Of those that the SRV records of a domain name.",
    ),
    panel(
        "SIP servers: days left of certificates",
        &[("sip-certificate", &["days_left", "leaf_days_left"]), ("sip-options-tls", &["certificate_days"])],
        "Of the server's certificate and of the earliest in its chain; below 0 it has expired.",
    ),
    panel(
        "SIP servers: calls",
        &[("sip-call", &["time", "ringing", "target", "release", "connect", "dns"])],
        "A test extension that is called and hung up on.",
    ),
];
