//! Does the directory that the router depends on answer, and is each controller fit for work?
//!
//! | state    | when                                                                                      |
//! |----------|-------------------------------------------------------------------------------------------|
//! | OK       | every controller answers in time and says that it is synchronized                         |
//! | WARNING  | an answer takes longer than `--warning`                                                   |
//! | CRITICAL | a controller does not answer, is not synchronized or, on 3268 and 3269, not a ready       |
//! |          | global catalog; it lacks an attribute; an answer takes longer than `--critical`           |
//! | UNKNOWN  | bad arguments, a name that does not resolve, a domain without SRV records                 |

use std::process::ExitCode;
use std::time::Duration;

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::dns::DnsArguments;
use check_um::cli::extra_opts::Secrets;
use check_um::cli::{self, Common, target};
use check_um::failure::{Class, Failure};
use check_um::ldap::judge;
use check_um::ldap::probe::{self, Controller, Outcome, Probe};
use check_um::metric::Metric;
use check_um::net::nameserver::Nameservers;
use check_um::net::resolve::Family;
use check_um::plugin::{self, Run};
use check_um::range::Range;
use check_um::report::{Finding, Report, Target};
use check_um::threshold::Thresholds;

fn main() -> ExitCode {
    plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let outcomes = args.ask(run).await;

    let mut report = run.report();
    report.target = args.target(outcomes.as_deref().unwrap_or_default());
    match outcomes {
        Ok(outcomes) => {
            report.headline = args.domain.as_ref().map(|domain| headline(domain, &outcomes));
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
        let mut probe =
            Probe { servers: None, family: self.family(), deadline: run.deadline, policy: run.policy.clone() };
        let mut controllers = match (&self.hostname, &self.domain) {
            (Some(host), _) => vec![Controller { host: host.clone(), port: self.default_port() }],
            (None, domain) => {
                let servers = Nameservers::new(&self.dns.servers).map_err(|error| error.into_failure(&run.policy))?;
                let domain = domain.as_deref().unwrap_or_default();
                let controllers = probe::controllers_of(domain, &servers, &run.deadline).await;
                probe.servers = Some(servers);
                controllers.map_err(|error| error.into_failure(&run.policy))?
            }
        };
        if let Some(port) = self.port {
            controllers.iter_mut().for_each(|controller| controller.port = port);
        }
        Ok(probe.ask_each(controllers).await)
    }

    /// Adds to `report` what came of one controller.
    fn add(&self, report: &mut Report, outcome: &Outcome, run: &Run) {
        for error in &outcome.passed_over {
            report.found(Finding::ok(format!("passed over: {error}")));
        }
        match (&outcome.result, &outcome.peer) {
            (Ok(root_dse), Some(peer)) => {
                let failures = judge::judge(root_dse, peer);
                if failures.is_empty() {
                    report.found(Finding::ok(judge::describe(root_dse, peer)));
                }
                failures.into_iter().for_each(|failure| report.found(run.judged(failure)));
                for attribute in &root_dse.attributes {
                    report.trace.push(format!("{peer} {}: {}", attribute.name, attribute.values.join(", ")));
                }
            }
            (Err(failure), _) => report.found(run.judged(failure.clone())),
            (Ok(_), None) => {}
        }

        let time = self.time(outcome.time, run);
        match (&self.domain, &outcome.peer) {
            (None, _) => report.measured(time),
            (Some(_), Some(peer)) => report.measured(time.suffixed(&peer.address.ip().to_string())),
            // A name without an address has no label that would stay the same.
            (Some(_), None) => {}
        }
    }

    fn time(&self, time: Option<Duration>, run: &Run) -> Metric {
        let thresholds = Thresholds::new(Some(self.warning.clone()), Some(self.critical.clone()));
        Metric::seconds("time", time).judged_by(&thresholds).max(run.deadline.timeout().as_secs_f64())
    }

    const fn default_port(&self) -> u16 {
        389
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
        Target { host, address: peer.map(|peer| peer.address.ip()), port, transport: "tcp" }
    }
}

/// `2 of 3 controllers of example.com are fit for work`.
fn headline(domain: &str, outcomes: &[Outcome]) -> String {
    let is_fit = |outcome: &&Outcome| match (&outcome.result, &outcome.peer) {
        (Ok(root_dse), Some(peer)) => judge::judge(root_dse, peer).is_empty(),
        _ => false,
    };
    let fit = outcomes.iter().filter(is_fit).count();
    format!("{fit} of {} controllers of {domain} are fit for work", outcomes.len())
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

    /// Port to connect to; 3268 and 3269 are the global catalog's [default: 389, or what DNS says]
    #[arg(short, long, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Target")]
    port: Option<u16>,

    /// Use IPv4 addresses only
    #[arg(short = '4', long = "ipv4", conflicts_with = "ipv6", help_heading = "Target")]
    ipv4: bool,

    /// Use IPv6 addresses only
    #[arg(short = '6', long = "ipv6", help_heading = "Target")]
    ipv6: bool,

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
        let pointless = self.domain.is_none() && !self.dns.servers.is_empty();
        pointless.then(|| "--dns-server: expected --domain, whose controllers it is to name".to_owned())
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
        Class::Protocol,
        Class::Status,
        Class::Authentication,
        Class::Permission,
    ],
    defaults: &[],
    advice: advice::ad_ds,
};
