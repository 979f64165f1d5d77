//! What may a host say of its Call Router, and which options do these facts fill in?

use std::borrow::Cow;

use check_um::checks::schedule::{Elsewhere, ScheduledService, Vantage};

use super::command_name;
use crate::register::services;

/// Something that a host may say of its router, in `vars.um_call_router`.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its name there.
    pub key: Cow<'static, str>,
    /// What it is, for whoever reads the file.
    pub meaning: Cow<'static, str>,
    /// The same for whoever reads the README.
    explained: &'static str,
}

/// Everything that a host may say.
pub fn all() -> Vec<Fact> {
    let exports = services().filter_map(|check| match check.elsewhere {
        Elsewhere::Export { holds, .. } => {
            let meaning = Cow::Owned(holds.replace('`', ""));
            Some(Fact { key: Cow::Owned(source(check)?.1), meaning, explained: holds })
        }
        _ => None,
    });
    FACTS.iter().cloned().chain(exports).chain(CHOICES.iter().cloned()).collect()
}

/// The facts as the README shows them.
pub fn table() -> String {
    let rows = all().into_iter().map(|fact| format!("| `{}` | {} |\n", fact.key, fact.explained));
    String::from("| fact | meaning |\n|---|---|\n") + &rows.collect::<String>()
}

/// The option by which a check reads what somebody else brought from the server, and the fact that says where it lies.
pub fn source(check: &ScheduledService) -> Option<(&'static str, String)> {
    match check.elsewhere {
        Elsewhere::Counters => Some(("counters", "counters".to_owned())),
        Elsewhere::Export { .. } => {
            let name = command_name(check.plugin);
            Some(("file", format!("{}_file", name.strip_prefix("um_").unwrap_or(name))))
        }
        Elsewhere::Exporter => Some(("source", "service_source".to_owned())),
        Elsewhere::Same => None,
    }
}

/// Options that a host's own facts fill in, and the facts.
pub const fn filled_in(check: &ScheduledService) -> &'static [(&'static str, &'static str)] {
    match check.vantage {
        Vantage::Network => &[("port", "tcp_port")],
        Vantage::Tls => &[("port", "tls_port")],
        Vantage::Call => &[("uri", "call_routing"), ("port", "tcp_port")],
        Vantage::Directory => &[("domain", "domain"), ("hostname", "domain_controller")],
        // Which of them have an effect depends on the side from which it asks.
        Vantage::Whole | Vantage::Agent => &[],
    }
}

const fn fact(key: &'static str, meaning: &'static str, explained: &'static str) -> Fact {
    Fact { key: Cow::Borrowed(key), meaning: Cow::Borrowed(meaning), explained }
}

/// All but where exports lie, which the checks say themselves.
const FACTS: &[Fact] = &[
    fact(
        "startup_mode",
        "TCP (the default), TLS or Dual, as Get-UMCallRouterSettings prints UMStartupMode",
        "`TCP` (default), `TLS` or `Dual`: what `Get-UMCallRouterSettings` prints as UMStartupMode",
    ),
    fact("tcp_port", "where it is not 5060", "where it is not 5060"),
    fact("tls_port", "where it is not 5061", "where it is not 5061"),
    fact(
        "tls_name",
        "the name in its certificate, where that is not the name of the host",
        "the name in its certificate, where that is not the name of the host object",
    ),
    fact(
        "agent",
        "true where the Icinga agent on it has an endpoint of the host's name, else the endpoint's name",
        "`true`: the Icinga agent on it has an endpoint of the host's name; or the endpoint's name",
    ),
    fact(
        "satellite",
        "the endpoint that asks over the network, where that is not the zone of the host",
        "the endpoint that asks over the network, where the zone of the host does not say so already",
    ),
    fact(
        "domain",
        "the Active Directory domain whose controllers it depends on",
        "the Active Directory domain whose controllers the router depends on",
    ),
    fact(
        "domain_controller",
        "one controller, where not all of a domain are to be asked",
        "one controller, where not all of the domain are to be asked",
    ),
    fact(
        "call_routing",
        "whom to call through it, such as sip:5000@cas1.example.com; a stranger's call counts as rejected",
        "whom to call, such as `sip:5000@cas1.example.com`: only where the host that asks is a UM IP gateway, because the \
         router counts a stranger's call as rejected",
    ),
    fact(
        "counters",
        "where its counters are read, such as prometheus:http://cas1.example.com:9182/metrics",
        "where the counters are read: `prometheus:http://cas1.example.com:9182/metrics`, `csv:FILE`",
    ),
    fact(
        "service_source",
        "where its services are looked up, such as prometheus:http://cas1.example.com:9182/metrics",
        "where its services are looked up: `prometheus:http://cas1.example.com:9182/metrics`",
    ),
];

/// The last ones.
const CHOICES: &[Fact] = &[
    fact(
        "without",
        "the names of checks that it is not to have",
        "names of checks that this host is not to have: `[ \"um-events\" ]`",
    ),
    fact(
        "whole",
        "true: one service, um-call-router, in place of all that ask over the network; with an agent a second one, \
         um-call-router-server, in place of all that it runs",
        "`true`: one service, `um-call-router`, in place of all that ask over the network; with an agent a second one, \
         `um-call-router-server`, in place of all that it runs",
    ),
];
