//! Does the directory that the router depends on answer, and is each controller fit for work?
//!
//! | state    | when                                                                                      |
//! |----------|-------------------------------------------------------------------------------------------|
//! | OK       | every controller answers in time and says that it is synchronized                         |
//! | WARNING  | an answer takes longer than `--warning`                                                   |
//! | CRITICAL | a controller does not answer, is not synchronized or, on 3268 and 3269, not a ready       |
//! |          | global catalog; it lacks an attribute; an answer takes longer than `--critical`           |
//! | UNKNOWN  | bad arguments, a name that does not resolve, a domain without SRV records                 |

use std::time::Duration;

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::dns::DnsArguments;
use check_um::cli::extra_opts::Secrets;
use check_um::cli::tls::TlsArguments;
use check_um::cli::{self, Common, plain, target};
use check_um::clock::unix_seconds;
use check_um::failure::{Class, Failure};
use check_um::ldap::describe;
use check_um::ldap::probe::{self, Controller, Outcome, Probe};
use check_um::metric::Metric;
use check_um::net::nameserver::Nameservers;
use check_um::net::resolve::{Family, Resolver};
use check_um::plugin::Run;
use check_um::range::Range;
use check_um::report::{Report, Target};
use check_um::threshold::Thresholds;

fn main() {
    check_um::plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let outcomes = args.ask(run).await;

    let mut report = run.report();
    report.target = args.target(outcomes.as_deref().unwrap_or_default());
    match outcomes {
        Ok(outcomes) => {
            report.headline = args.domain.as_ref().map(|domain| describe::headline(domain, &outcomes));
            outcomes.iter().for_each(|outcome| args.add(&mut report, outcome, run));
        }
        Err(failure) => {
            report.found(run.judged(failure));
            report.measured(args.time(None, run));
        }
    }
    Ok(report)
}

impl Arguments {
    async fn ask(&self, run: &Run) -> Result<Vec<Outcome>, Failure> {
        let mut probe = self.probe(run)?;
        let mut controllers = match (&self.hostname, &self.domain) {
            (Some(host), _) => vec![Controller { host: host.clone(), port: self.default_port() }],
            (None, domain) => {
                let servers = Nameservers::new(&self.dns.servers).map_err(|error| error.into_failure(&run.policy))?;
                let domain = domain.as_deref().unwrap_or_default();
                let controllers = probe::controllers_of(domain, &servers, &run.deadline).await;
                probe.resolver = Resolver::Nameservers(servers);
                controllers.map_err(|error| error.into_failure(&run.policy))?
            }
        };
        // SRV records tell the port for LDAP in clear.
        if let Some(port) = self.port.or(self.over_tls.then(|| self.default_port())) {
            controllers.iter_mut().for_each(|controller| controller.port = port);
        }
        Ok(probe.ask_each(&controllers).await)
    }

    fn probe(&self, run: &Run) -> Result<Probe, Failure> {
        let host = self.hostname.as_deref().unwrap_or_default();
        let tls = self.over_tls.then(|| self.tls.settings(host, &run.secrets)).transpose()?;
        Ok(Probe {
            resolver: Resolver::System,
            family: self.family(),
            tls,
            now: unix_seconds(run.started()),
            deadline: run.deadline,
            policy: run.policy.clone(),
        })
    }

    /// Adds to `report` what came of one controller.
    fn add(&self, report: &mut Report, outcome: &Outcome, run: &Run) {
        describe::outcome(report, outcome, run);
        let time = self.time(outcome.time, run);
        if self.domain.is_none() {
            return report.measured(time);
        }
        // A name without an address has no label that would stay the same; two names may have one address.
        let suffixes = outcome.peer.iter().flat_map(|peer| [peer.address.ip().to_string(), peer.address.to_string()]);
        let is_new = |metric: &Metric| report.metrics.iter().all(|other| other.label() != metric.label());
        if let Some(metric) = suffixes.map(|suffix| time.clone().suffixed(&suffix)).find(is_new) {
            report.measured(metric);
        }
    }

    fn time(&self, time: Option<Duration>, run: &Run) -> Metric {
        let thresholds = Thresholds::new(Some(self.warning.clone()), Some(self.critical.clone()));
        Metric::seconds("time", time).judged_by(&thresholds).max(run.deadline.timeout().as_secs_f64())
    }

    const fn default_port(&self) -> u16 {
        if self.over_tls { 636 } else { 389 }
    }

    const fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        }
    }

    fn target(&self, outcomes: &[Outcome]) -> Target {
        let host = self.hostname.as_ref().or(self.domain.as_ref()).cloned().unwrap_or_default();
        let peer = match outcomes {
            [outcome] => outcome.peer.as_ref(),
            _ => None,
        };
        let port = peer.map(|peer| peer.address.port()).or(self.port);
        let transport = if self.over_tls { "tls" } else { "tcp" };
        Target { host, address: peer.map(|peer| peer.address.ip()), port, transport }
    }
}

/// Read the rootDSE of a domain controller, or of every controller of a domain, and judge it.
#[derive(Debug, clap::Parser)]
#[command(name = "check_um_ad_ds", version, disable_help_subcommand = true)]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["hostname", "domain"]))]
pub(crate) struct Arguments {
    /// Name or address of a controller to ask
    #[arg(short = 'H', long, value_name = "HOST", value_parser = target::host, help_heading = "Target")]
    hostname: Option<String>,

    /// Domain whose controllers to ask, all those that DNS names (SRV _ldap._tcp.dc._msdcs.DOMAIN); the worst decides
    #[arg(long, value_name = "DOMAIN", value_parser = target::host, help_heading = "Target")]
    domain: Option<String>,

    /// Port to connect to; 3268 and 3269 are the global catalog's [default: 389, with --tls 636, or what DNS says]
    #[arg(short, long, value_parser = plain::port, help_heading = "Target")]
    port: Option<u16>,

    /// Use IPv4 addresses only
    #[arg(short = '4', long = "ipv4", conflicts_with = "ipv6", help_heading = "Target")]
    ipv4: bool,

    /// Use IPv6 addresses only
    #[arg(short = '6', long = "ipv6", help_heading = "Target")]
    ipv6: bool,

    /// Speak TLS from the start (LDAPS); the default port is then 636
    #[arg(long = "tls", help_heading = "TLS")]
    over_tls: bool,

    #[command(flatten)]
    tls: TlsArguments,

    #[command(flatten)]
    dns: DnsArguments,

    /// WARNING when the answer takes longer, in seconds; a range
    #[arg(
        short,
        long,
        value_name = "RANGE",
        default_value = "1",
        allow_hyphen_values = true,
        help_heading = "Thresholds"
    )]
    warning: Range,

    /// CRITICAL when the answer takes longer, in seconds; a range
    #[arg(
        short,
        long,
        value_name = "RANGE",
        default_value = "3",
        allow_hyphen_values = true,
        help_heading = "Thresholds"
    )]
    critical: Range,

    #[command(flatten)]
    common: Common,
}

impl cli::Arguments for Arguments {
    const ABOUT: &'static About = &ABOUT;

    fn common(&self) -> &Common {
        &self.common
    }

    fn contradiction(&self, _: &Secrets) -> Option<String> {
        if self.domain.is_none() && !self.dns.servers.is_empty() {
            return Some("--dns-server: expected --domain, whose controllers it is to name".to_owned());
        }
        let is_about_tls = self.tls.tls_name.is_some()
            || self.tls.ca_file.is_some()
            || self.tls.no_verify.is_some()
            || !self.tls.fingerprint.is_empty()
            || self.tls.client_certificate.is_some();
        (is_about_tls && !self.over_tls).then(|| "an option about TLS is given: expected --tls too".to_owned())
    }
}

static ABOUT: About = About {
    name: "check_um_ad_ds",
    title: "UM AD DS",
    stands_for: HealthSet { name: "UM.CallRouter", probe: "", monitor: "the dependency on Active Directory" },
    classes: &[
        Class::Timeout,
        Class::Refused,
        Class::Unreachable,
        Class::Closed,
        Class::Dns,
        Class::Tls,
        Class::ClientCertificateRequired,
        Class::Untrusted,
        Class::NameMismatch,
        Class::Weak,
        Class::ObsoleteTls,
        Class::Expired,
        Class::NotYetValid,
        Class::Protocol,
        Class::Status,
        Class::Authentication,
        Class::Unreadable,
        Class::Permission,
    ],
    defaults: &[],
    advice: advice::ad_ds,
};
