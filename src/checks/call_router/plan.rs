//! Which checks can be asked from where this one stands, with which arguments, and why not the others?

mod idle;

use std::net::UdpSocket;

use super::super::health_set::HealthSet;
use super::super::registered::RegisteredCheck;
use super::super::schedule::{Elsewhere, ScheduledService, Vantage};
use crate::net::host;
use crate::options::{Need, Options, When, plain};

/// Which router it is, and where its answers come from.
#[derive(Debug, clap::Args)]
pub(super) struct Site {
    /// Name or address of the Call Router
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host::parse, help_heading = "Target")]
    pub(super) hostname: String,

    /// Name by which counters, exports and logs know the server; what they tell of others is passed over [default: the host,
    /// where that is a name]
    #[arg(long, value_name = "NAME", value_parser = host::parse, help_heading = "Target")]
    server: Option<String>,

    /// Use IPv4 addresses only
    #[arg(short = '4', long = "ipv4", conflicts_with = "ipv6", help_heading = "Target")]
    ipv4: bool,

    /// Use IPv6 addresses only
    #[arg(short = '6', long = "ipv6", help_heading = "Target")]
    ipv6: bool,

    /// How the router listens: in clear, over TLS, or both
    #[arg(
        long,
        value_enum,
        value_name = "MODE",
        ignore_case = true,
        default_value_t,
        hide_possible_values = true,
        help_heading = "Target"
    )]
    startup_mode: StartupMode,

    /// Port of SIP in clear
    #[arg(long, value_name = "PORT", value_parser = plain::port, default_value = "5060", help_heading = "Target")]
    tcp_port: u16,

    /// Port of SIP over TLS
    #[arg(long, value_name = "PORT", value_parser = plain::port, default_value = "5061", help_heading = "Target")]
    tls_port: u16,

    /// Name that its certificate must have, where that is not the host
    #[arg(long, value_name = "NAME", help_heading = "Target")]
    tls_name: Option<String>,

    /// Whom to call, which only a UM IP gateway may: the router counts a stranger's call as rejected
    #[arg(long, value_name = "URI", help_heading = "Sources")]
    call: Option<String>,

    /// Domain whose controllers are asked
    #[arg(long, value_name = "DOMAIN", value_parser = host::parse, help_heading = "Sources")]
    domain: Option<String>,

    /// One controller that is asked in place of all of a domain
    #[arg(long, value_name = "HOST", value_parser = host::parse, conflicts_with = "domain", help_heading = "Sources")]
    domain_controller: Option<String>,

    /// Where counters are read, as check_um_reject_rate takes it [default: on Windows pdh, elsewhere they are not read]
    #[arg(long, value_name = "SOURCE", help_heading = "Sources")]
    counters: Option<String>,

    /// Where the service is looked up, as check_um_service takes it [default: on Windows its service manager, elsewhere nowhere]
    #[arg(long, value_name = "SOURCE", help_heading = "Sources")]
    service_source: Option<String>,

    /// Export of Get-ServerHealth, as check_um_health_set takes it [default: on Windows the log, elsewhere none]
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    health_set_file: Option<String>,

    /// How old that file may be, as check_um_health_set takes it [default: what it takes by itself]
    #[arg(long, value_name = "DURATION", help_heading = "Sources")]
    health_set_max_age: Option<String>,

    /// Export of the event log, as check_um_events takes it [default: on Windows the log, elsewhere none]
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    events_file: Option<String>,

    /// How old that file may be, as check_um_events takes it [default: what it takes by itself]
    #[arg(long, value_name = "DURATION", help_heading = "Sources")]
    events_max_age: Option<String>,
}

/// How a Call Router listens, as Set-UMCallRouterSettings names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum StartupMode {
    /// In clear only.
    #[default]
    #[value(name = "TCP")]
    Tcp,
    /// Over TLS only.
    #[value(name = "TLS")]
    Tls,
    /// Both.
    #[value(name = "Dual")]
    Dual,
}

/// Which checks are wanted, by their names.
pub(super) struct Choice<'a> {
    pub only: &'a [String],
    pub without: &'a [String],
}

/// One check, once for each way in which the health set asks it.
pub(super) struct Planned {
    pub check: &'static RegisteredCheck,
    pub service: &'static ScheduledService,
    /// What is put before its metrics, such as `sip_options_tls`.
    pub name: String,
    /// Its command line without the program's name.
    pub arguments: Result<Vec<String>, Unasked>,
}

/// A check that is not asked, or not by what is said here.
pub(super) struct Unasked {
    /// Why not.
    pub reason: String,
    /// Whether somebody left it out, whatever could be asked.
    pub is_left_out: bool,
    /// Whether nobody misses it: it was left out, or the router does not speak what it asks by.
    pub is_by_choice: bool,
    /// Where a section of its own may say where its answer comes from: the arguments beside which it does.
    pub beside: Option<Vec<String>>,
    /// What would ask it, with a stand-in for what is missing: a section of its own must go with that.
    pub as_if: Vec<String>,
    /// The same, where the section is for an exporter.
    pub as_if_of_exporter: Option<Vec<String>>,
}

impl Unasked {
    fn because(reason: &str, as_if: Vec<String>) -> Self {
        let reason = reason.to_owned();
        Self { reason, is_left_out: false, is_by_choice: false, beside: None, as_if, as_if_of_exporter: None }
    }
}

/// All of these checks, in their order.
pub(super) fn plan(others: &'static [RegisteredCheck], site: &Site, choice: &Choice<'_>) -> Vec<Planned> {
    let services = others.iter().flat_map(|check| check.services.iter().map(move |service| (check, service)));
    let planned = services.map(|(check, service)| {
        let mut planned = Planned { check, service, name: name_of(service), arguments: Ok(Vec::new()) };
        let arguments = site.arguments(check, service);
        planned.arguments = match choice.left_out(&planned) {
            Some(reason) => {
                let unasked = arguments.map_or_else(|unasked| unasked, |as_if| Unasked::because("", as_if));
                Err(Unasked { reason, is_left_out: true, is_by_choice: true, ..unasked })
            }
            None => arguments,
        };
        planned
    });
    planned.collect()
}

impl Planned {
    /// Whether it goes by this name: its own, or the plugin's, with or without `check_um_`. Where a plugin is asked in several
    /// ways, what is the name of one of them means no other.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let plugin = self.check.about.name;
        let is_of_a_way = self.check.services.iter().any(|service| name_of(service) == name);
        name == self.name || name == plugin || (!is_of_a_way && plugin.strip_prefix(PREFIX) == Some(name))
    }

    /// Whether it reads what may tell of several servers.
    fn reads_a_source(&self) -> bool {
        self.service.vantage == Vantage::Agent
    }
}

/// What goes before the metrics of a check that is asked so.
pub(super) fn name_of(service: &ScheduledService) -> String {
    service.name.trim_start_matches("um-").replace('-', "_")
}

impl Choice<'_> {
    /// Why a check is not wanted, if it is not.
    fn left_out(&self, planned: &Planned) -> Option<String> {
        let is_named = |names: &[String]| names.iter().any(|name| planned.is_called(name));
        if is_named(self.without) {
            return Some("left out by --without".to_owned());
        }
        (!self.only.is_empty() && !is_named(self.only)).then(|| "not named by --only".to_owned())
    }
}

impl Site {
    pub(super) const NEEDS: &'static [Need] = &[
        Need { options: &["--health-set-max-age"], when: When::Given("--health-set-file") },
        Need { options: &["--events-max-age"], when: When::Given("--events-file") },
    ];

    /// The arguments that put the question of a check to whom it is to be put here.
    fn arguments(&self, check: &RegisteredCheck, service: &ScheduledService) -> Result<Vec<String>, Unasked> {
        let own: Vec<_> = service.arguments.iter().flat_map(|(option, value)| [*option, *value]).collect();
        let whole = |target: Vec<String>| [target, words(&own)].concat();
        Ok(whole(match service.vantage {
            Vantage::Network => {
                let target = [self.at_port(self.tcp_port), words(&["--transport", "tcp"])].concat();
                if self.startup_mode == StartupMode::Tls {
                    let reason = "in startup mode TLS the router does not listen in clear: --startup-mode TCP or Dual";
                    return Err(Unasked { is_by_choice: true, ..Unasked::because(reason, whole(target)) });
                }
                target
            }
            Vantage::Tls => {
                let target = [self.at_port(self.tls_port), self.tls_name()].concat();
                if self.startup_mode == StartupMode::Tcp {
                    let reason = "in startup mode TCP the router speaks no TLS: --startup-mode TLS or Dual";
                    return Err(Unasked { is_by_choice: true, ..Unasked::because(reason, whole(target)) });
                }
                target
            }
            Vantage::Call => {
                // Always said: what a section says of another transport is for a run of the plugin by itself.
                let target = match self.startup_mode {
                    StartupMode::Tls => {
                        [self.at_port(self.tls_port), words(&["--transport", "tls"]), self.tls_name()].concat()
                    }
                    StartupMode::Tcp | StartupMode::Dual => {
                        [self.at_port(self.tcp_port), words(&["--transport", "tcp"])].concat()
                    }
                };
                let call = |uri: &str| whole([target, words(&["--uri", uri])].concat());
                match &self.call {
                    Some(uri) => return Ok(call(uri)),
                    None => {
                        let reason = "needs --call, whom to call: from a UM IP gateway only";
                        return Err(Unasked::because(reason, call(NOBODY)));
                    }
                }
            }
            Vantage::Directory => match (&self.domain, &self.domain_controller) {
                (Some(domain), _) => [words(&["--domain", domain]), self.family()].concat(),
                (None, Some(controller)) => [words(&["--hostname", controller]), self.family()].concat(),
                (None, None) => {
                    let as_if = whole([words(&["--domain", NOWHERE]), self.family()].concat());
                    let beside = Some(whole(self.family()));
                    let reason = "needs --domain, whose controllers it asks, or --domain-controller";
                    return Err(Unasked { beside, ..Unasked::because(reason, as_if) });
                }
            },
            Vantage::Agent => self.source(check, service)?,
            Vantage::Whole => return Err(Unasked::because("it asks all of these itself", Vec::new())),
        }))
    }

    fn tls_name(&self) -> Vec<String> {
        self.tls_name.iter().flat_map(|name| ["--tls-name", name]).map(str::to_owned).collect()
    }

    /// Where the router listens. Always said: what a section says of another port is for a run of the plugin by itself.
    fn at_port(&self, port: u16) -> Vec<String> {
        [words(&["--hostname", &self.hostname, "--port", &port.to_string()]), self.family()].concat()
    }

    fn source(&self, check: &RegisteredCheck, service: &ScheduledService) -> Result<Vec<String>, Unasked> {
        let (option, given, max_age, needs, stand_in) = match service.elsewhere {
            Elsewhere::Counters => ("--counters", &self.counters, &None, "needs --counters, or Windows", "csv:-"),
            Elsewhere::Exporter => {
                ("--source", &self.service_source, &None, "needs --service-source, or Windows", EXPORTER)
            }
            Elsewhere::Export { .. } if check.about.name == HealthSet::ABOUT.name => {
                ("--file", &self.health_set_file, &self.health_set_max_age, "needs --health-set-file, or Windows", "-")
            }
            Elsewhere::Export { .. } => {
                ("--file", &self.events_file, &self.events_max_age, "needs --events-file, or Windows", "-")
            }
            Elsewhere::Same => ("", &None, &None, "needs a section of its own that names a source", ""),
        };
        let of = |source: &[&str]| [words(source), self.of_server()].concat();
        match given {
            Some(source) => {
                let max_age = max_age.iter().flat_map(|max_age| ["--max-age", max_age]);
                Ok(of(&[option, source].into_iter().chain(max_age).collect::<Vec<_>>()))
            }
            None if cfg!(windows) => Ok(self.on_windows()),
            None => {
                let of_exporter = (service.elsewhere == Elsewhere::Counters).then(|| of(&[option, EXPORTER]));
                let because = Unasked::because(needs, of(&[option, stand_in]));
                Err(Unasked { beside: Some(self.of_server()), as_if_of_exporter: of_exporter, ..because })
            }
        }
    }

    /// The name that a source of several servers knows this one by, as far as that is known.
    pub(super) fn server(&self) -> Option<&str> {
        let is_name = host::without_zone(&self.hostname).is_none() && !is_localhost(&self.hostname);
        self.server.as_deref().or(is_name.then_some(&self.hostname))
    }

    fn of_server(&self) -> Vec<String> {
        self.server().map_or_else(Vec::new, |server| words(&["--hostname", server]))
    }

    /// What names the server to a check that asks Windows: nothing, if this is it.
    fn on_windows(&self) -> Vec<String> {
        if self.is_here() { Vec::new() } else { words(&["--hostname", &self.hostname]) }
    }

    fn is_here(&self) -> bool {
        match host::without_zone(&self.hostname) {
            // Nobody can listen at an address that is another's.
            Some(address) => UdpSocket::bind((address, 0)).is_ok(),
            None => is_localhost(&self.hostname) || is_one_of(&self.hostname, own_names()),
        }
    }

    fn family(&self) -> Vec<String> {
        let given = [(self.ipv4, "--ipv4"), (self.ipv6, "--ipv6")].into_iter().filter(|(given, _)| *given);
        given.map(|(_, option)| option.to_owned()).collect()
    }
}

/// Whether a host is the computer of these names: the whole one, or where that cannot be had the short one.
fn is_one_of(host: &str, names: impl IntoIterator<Item = String>) -> bool {
    names.into_iter().next().is_some_and(|name| host::is_same_computer(host, &name))
}

#[cfg(windows)]
fn own_names() -> impl Iterator<Item = String> {
    use crate::platform::windows::{WindowsHost, computer};

    let of_dns = computer::dns_name().ok().filter(|name| !name.is_empty());
    of_dns.into_iter().chain(WindowsHost::own_name())
}

/// Only on Windows is anything asked of this host.
#[cfg(not(windows))]
fn own_names() -> impl Iterator<Item = String> {
    std::iter::empty()
}

fn is_localhost(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What the name of every plugin begins with.
pub(super) const PREFIX: &str = "check_um_";

/// Whom a call would be for, if one were made.
const NOBODY: &str = "sip:nobody@example.com";

/// Whose controllers would be asked.
const NOWHERE: &str = "example.com";

/// Which exporter would be asked.
const EXPORTER: &str = "prometheus:http://127.0.0.1/metrics";

#[cfg(test)]
mod tests;
