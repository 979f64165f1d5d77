//! How is a SIP server watched that is no Call Router? The same for every scheduler: which questions, how often, how patiently.

use std::sync::LazyLock;

use check_um::checks::schedule::{DisplayUnit, Graph, Measured, ScheduledService, Setting, graph, metric};

use crate::register;

/// A question that is put to a SIP server.
#[derive(Clone, Copy, Debug)]
pub struct SipService {
    /// The scheduler's name for it, in kebab-case.
    pub name: &'static str,
    /// What a person reads.
    pub title: &'static str,
    /// The plugin that it runs.
    pub plugin: &'static str,
    /// How it is asked.
    pub asks: Asks,
    /// Minutes from one run to the next.
    pub interval: u32,
    /// Runs in a row, a minute apart, that must fail before anybody is told.
    pub attempts: u32,
    /// The plugin's own deadline in seconds.
    pub timeout: u32,
}

/// How a SIP server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// OPTIONS over one transport.
    Options(Transport),
    /// A TLS handshake.
    Certificate,
    /// OPTIONS to every server of a domain, of which so many may be down.
    Targets,
    /// A call to a test extension, where one is named.
    Call,
}

/// By which a server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream in clear.
    Tcp,
    /// A stream over TLS.
    Tls,
}

impl Transport {
    /// As `--transport` takes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// The fact that says at which port.
    pub const fn port(self) -> &'static str {
        match self {
            Self::Udp => "udp_port",
            Self::Tcp => "tcp_port",
            Self::Tls => "tls_port",
        }
    }
}

/// Something that is said of a server.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// Its name.
    pub key: &'static str,
    /// What it is, in Markdown.
    pub meaning: &'static str,
}

/// Every question, in the order in which an outage is looked into.
pub const SERVICES: &[SipService] = &[
    options("sip-options-udp", "SIP OPTIONS over UDP", Asks::Options(Transport::Udp)),
    options("sip-options-tcp", "SIP OPTIONS over TCP", Asks::Options(Transport::Tcp)),
    options("sip-options-tls", "SIP OPTIONS over TLS", Asks::Options(Transport::Tls)),
    SipService { timeout: 10, ..options("sip-targets", "SIP servers of the domain", Asks::Targets) },
    SipService {
        plugin: "check_um_cert_expiry",
        interval: 360,
        attempts: 2,
        timeout: 10,
        ..options("sip-certificate", "SIP certificate", Asks::Certificate)
    },
    SipService {
        plugin: "check_um_call_routing",
        interval: 10,
        timeout: 20,
        ..options("sip-call", "SIP call", Asks::Call)
    },
];

/// Everything that may be said.
pub const FACTS: &[Fact] = &[
    Fact {
        key: "transports",
        meaning: "`[ \"udp\", \"tcp\", \"tls\" ]`, or those that it has; `udp` where nothing is said",
    },
    Fact { key: "udp_port", meaning: "where it is not 5060" },
    Fact { key: "tcp_port", meaning: "where it is not 5060" },
    Fact { key: "tls_port", meaning: "where it is not 5061" },
    Fact { key: "tls_name", meaning: "the name in its certificate, where that is not the name of the host object" },
    Fact {
        key: "uri",
        meaning: "whom OPTIONS are addressed to, where the server wants a user: `sip:ping@pbx1.example.com`",
    },
    Fact {
        key: "domain",
        meaning: "the domain whose servers are asked, each by its SRV record; without `transports` nobody else is",
    },
    Fact { key: "down_warning", meaning: "how many of these may be down, a range or `N%`, `0` where nothing is said" },
    Fact { key: "down_critical", meaning: "the same for CRITICAL, `50%` where nothing is said" },
    Fact {
        key: "call",
        meaning: "a test extension that is called over the first transport, and hung up on: `sip:echo@pbx1.example.com`",
    },
    Fact { key: "satellite", meaning: "the endpoint that asks, where the zone of the host does not say so already" },
    Fact { key: "without", meaning: "names of checks that this host is not to have: `[ \"sip-certificate\" ]`" },
];

/// The questions as the health set's services are, for what is made of both: each measures what the health set's own question
/// of its kind does.
pub fn services() -> impl Iterator<Item = &'static ScheduledService> {
    static SCHEDULED: LazyLock<Vec<ScheduledService>> = LazyLock::new(|| SERVICES.iter().map(scheduled).collect());
    SCHEDULED.iter()
}

/// How the question of that name is asked; `None` for a question of the health set.
pub fn asks(name: &str) -> Option<Asks> {
    SERVICES.iter().find(|service| service.name == name).map(|service| service.asks)
}

/// The service of the health set that asks the same of a Call Router.
pub const fn like(asks: Asks) -> &'static str {
    match asks {
        Asks::Options(Transport::Udp | Transport::Tcp) | Asks::Targets => "um-sip-options",
        Asks::Options(Transport::Tls) => "um-sip-options-tls",
        Asks::Certificate => "um-cert-expiry",
        Asks::Call => "um-call-routing",
    }
}

fn scheduled(service: &SipService) -> ScheduledService {
    let SipService { name, title, plugin, asks, interval, attempts, timeout } = *service;
    let arguments = match asks {
        Asks::Options(Transport::Udp) | Asks::Call => OVER_UDP,
        Asks::Options(Transport::Tcp) => OVER_TCP,
        Asks::Options(Transport::Tls) => OVER_TLS,
        Asks::Certificate => ANY,
        Asks::Targets => DOMAIN,
    };
    let like = register::services().find(|known| known.name == like(asks)).copied();
    let like = like.unwrap_or_else(|| panic!("{name}: the health set asks nothing like it"));
    let own = ScheduledService { name, title, plugin, interval, attempts, timeout, arguments, ..like };
    let own = ScheduledService { alert: "", retry: 1, depends_on: None, ..own };
    match asks {
        Asks::Options(_) => own,
        Asks::Certificate => ScheduledService { metrics: CERTIFICATE, ..own },
        Asks::Targets => ScheduledService {
            suggested: &[],
            settings: &[Setting::Own("--down-warning"), Setting::Own("--down-critical")],
            metrics: DOWN,
            graphs: DOWN_GRAPH,
            ..own
        },
        Asks::Call => ScheduledService {
            suggested: &[("--uri", "sip:echo@pbx1.example.com"), ("--warning", "2"), ("--critical", "5")],
            settings: &[Setting::Own("--uri"), Setting::Own("--transport")],
            ..own
        },
    }
}

/// Options with their values; a flag has none.
type Arguments = &'static [(&'static str, &'static str)];

/// Whatever is asked: advice is that on any server.
const ANY: Arguments = &[("--peer", "generic")];
const OVER_UDP: Arguments = &[("--peer", "generic"), ("--transport", "udp")];
const OVER_TCP: Arguments = &[("--peer", "generic"), ("--transport", "tcp")];
const OVER_TLS: Arguments = &[("--peer", "generic"), ("--transport", "tls")];
const DOMAIN: Arguments = &[
    ("--peer", "generic"),
    ("--srv", ""),
    ("--all-addresses", ""),
    ("--down-warning", "0"),
    ("--down-critical", "50%"),
];

const DOWN: &[Measured] = &[metric("down", "targets down", DisplayUnit::Count)];
const DOWN_GRAPH: &[Graph] = &[graph("targets down", &["down"])];
const CERTIFICATE: &[Measured] = &[
    metric("days_left", "days left of the whole chain", DisplayUnit::Days),
    metric("leaf_days_left", "days left of the server's certificate", DisplayUnit::Days),
    metric("leaf_lifetime_left", "lifetime left of the server's certificate", DisplayUnit::Percent),
];

const fn options(name: &'static str, title: &'static str, asks: Asks) -> SipService {
    SipService { name, title, plugin: "check_um_sip_options", asks, interval: 1, attempts: 3, timeout: 5 }
}
