//! To what is a template linked? To a Call Router from one vantage, or to another SIP server that is asked one way.

use check_um::checks::schedule::{ScheduledService, Vantage};
use check_um::door::report::HEALTH_SET;

use crate::register::services;
use crate::sip_server::{self, Asks, Transport};

/// Of which template something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// A Call Router, or what it depends on.
    Router(Vantage),
    /// Any other SIP server, or a domain of them. The certificate goes with OPTIONS over TLS.
    Server(Asks),
}

/// Those for a Call Router, in the order of the templates' names.
pub const ROUTER: [Linked; 6] = [
    Linked::Router(Vantage::Agent),
    Linked::Router(Vantage::Call),
    Linked::Router(Vantage::Directory),
    Linked::Router(Vantage::Network),
    Linked::Router(Vantage::Tls),
    Linked::Router(Vantage::Whole),
];

/// Those for other SIP servers, in the order of the templates' names.
pub const SERVER: [Linked; 5] = [
    Linked::Server(Asks::Targets),
    Linked::Server(Asks::Call),
    Linked::Server(Asks::Options(Transport::Tcp)),
    Linked::Server(Asks::Options(Transport::Tls)),
    Linked::Server(Asks::Options(Transport::Udp)),
];

impl Linked {
    /// The template that a check is in.
    pub fn of(check: &ScheduledService) -> Self {
        match sip_server::asks(check.name) {
            None => Self::Router(check.vantage),
            Some(Asks::Certificate) => Self::Server(Asks::Options(Transport::Tls)),
            Some(asks) => Self::Server(asks),
        }
    }

    /// The checks of the template.
    pub fn checks(self) -> impl Iterator<Item = &'static ScheduledService> {
        services().chain(sip_server::services()).filter(move |check| Self::of(check) == self)
    }

    /// The name of the template.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Router(Vantage::Agent) => "UM Call Router by Zabbix agent",
            Self::Router(Vantage::Call) => "UM Call Router calls by external check",
            Self::Router(Vantage::Directory) => "UM Call Router directory by external check",
            Self::Router(Vantage::Network) => "UM Call Router SIP by external check",
            Self::Router(Vantage::Tls) => "UM Call Router TLS by external check",
            Self::Router(Vantage::Whole) => "UM Call Router whole by external check",
            Self::Server(Asks::Targets) => "SIP domain by check-um",
            Self::Server(Asks::Call) => "SIP server calls by check-um",
            Self::Server(Asks::Options(Transport::Tcp)) => "SIP server TCP by check-um",
            Self::Server(Asks::Options(Transport::Tls) | Asks::Certificate) => "SIP server TLS by check-um",
            Self::Server(Asks::Options(Transport::Udp)) => "SIP server UDP by check-um",
        }
    }

    /// The name of its dashboard.
    pub const fn dashboard(self) -> &'static str {
        match self {
            Self::Router(_) => "UM Call Router",
            Self::Server(_) => "SIP server",
        }
    }

    /// Whether advice is given in the words of Exchange.
    pub const fn is_exchange(self) -> bool {
        matches!(self, Self::Router(_))
    }

    /// What is said of it in a tag.
    pub const fn target(self) -> &'static str {
        if self.is_exchange() { "exchange" } else { "sip" }
    }

    /// The tag by which its problems are found.
    pub const fn tag(self) -> (&'static str, &'static str) {
        match self {
            Self::Router(_) => ("health-set", HEALTH_SET),
            Self::Server(_) => ("sip-server", "availability"),
        }
    }

    /// To whom it is linked, and what it needs.
    pub fn about(self) -> String {
        let (link, needs) = match self {
            Self::Router(Vantage::Agent) => (
                "an Exchange 2013 or 2016 server with the Call Router role",
                "the plugins and check_um_windows.conf on it, and Timeout=15 in its agent's configuration.",
            ),
            Self::Router(Vantage::Call) => (
                "a Call Router of which the server or proxy is a UM IP gateway: it counts the call of anybody else as rejected",
                "the plugins among the external scripts there, Timeout=20 in its configuration, and whom to call in the macro of \
                 --uri.",
            ),
            Self::Router(Vantage::Directory) => ("a domain controller on which a Call Router depends", EXTERNAL),
            Self::Router(Vantage::Network) => ("a Call Router, whose interface says how it is reached", EXTERNAL),
            Self::Router(Vantage::Whole) => (
                "a Call Router in place of the other templates: what can be asked from there in one run, one item, one problem",
                EXTERNAL,
            ),
            Self::Router(Vantage::Tls) => (
                "a Call Router whose startup mode is TLS or Dual, and whose interface has its name in the certificate",
                EXTERNAL,
            ),
            Self::Server(Asks::Targets) => (
                "a host whose interface connects to the DNS name of a SIP domain, of which each server that SRV records name is \
                 asked: one down is a WARNING, more than half of them CRITICAL",
                EXTERNAL,
            ),
            Self::Server(Asks::Call) => (
                "a PBX or trunk with a test extension, which is called and hung up on",
                "the plugins among the external scripts of the server or proxy, Timeout=30 in its configuration, and whom to call \
                 in the macro of --uri.",
            ),
            Self::Server(Asks::Options(Transport::Tls) | Asks::Certificate) => (
                "a PBX, proxy, session border controller or trunk that speaks SIP over TLS, and whose interface has its name in \
                 the certificate",
                EXTERNAL,
            ),
            Self::Server(Asks::Options(Transport::Tcp)) => {
                ("a PBX, proxy, session border controller or trunk that speaks SIP over TCP", EXTERNAL)
            }
            Self::Server(Asks::Options(Transport::Udp)) => {
                ("a PBX, proxy, session border controller or trunk that speaks SIP over UDP", EXTERNAL)
            }
        };
        let part = match self {
            Self::Router(_) => "Part of the health set UM.CallRouter. ",
            Self::Server(_) => "",
        };
        format!("{part}Link it to {link}. It needs {needs}")
    }
}

const EXTERNAL: &str =
    "the plugins among the external scripts of the server or proxy, and Timeout=20 in its configuration.";
