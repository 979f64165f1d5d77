//! Does the directory that the router depends on answer, and is each controller fit for work?
//!
//! | state    | when                                                                                      |
//! |----------|-------------------------------------------------------------------------------------------|
//! | OK       | every controller answers in time and says that it is synchronized                         |
//! | WARNING  | an answer takes longer than `--warning`; there are more controllers than a run asks       |
//! | CRITICAL | a controller does not answer, is not synchronized or, on 3268 and 3269, not a ready       |
//! |          | global catalog; it lacks an attribute, or is of another domain than `--domain`; an answer |
//! |          | takes longer than `--critical`                                                            |
//! | UNKNOWN  | bad arguments, a name that does not resolve, a domain without SRV records                 |

use std::time::Duration;

use super::schedule::{DisplayUnit, Scheduled, ScheduledService, Vantage, graph, metric};
use super::shared_advice;
use crate::directory::assessment;
use crate::directory::judge::{GLOBAL_CATALOG, GLOBAL_CATALOG_TLS};
use crate::directory::locator::{Located, Wanted};
use crate::directory::probe::{ControllerOutcome, DirectoryProbe};
use crate::net;
use crate::net::Endpoint;
use crate::net::host;
use crate::net::nameserver::Nameservers;
use crate::net::resolve::Resolver;
use crate::net::tally::LeftOut;
use crate::options::dns::DnsOptions;
use crate::options::target::EndpointOptions;
use crate::options::tls::TlsOptions;
use crate::options::{Need, Options, When, reworded};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Failure, Finding, Metric, Range, Report, StandsFor, Target, Thresholds};
use crate::time::calendar::unix_seconds;

impl Check for AdDs {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let asked = self.ask(context).await;

        let mut report = context.report();
        report.target = self.target_of(asked.as_ref().map_or(&[], |(outcomes, _)| outcomes));
        match asked {
            Ok((outcomes, left_out)) => {
                let wanted = self.wanted();
                report.headline = wanted.map(|wanted| assessment::headline(&wanted, &outcomes, left_out));
                for (outcome, time) in outcomes.iter().zip(self.times(&outcomes, context)) {
                    assessment::add(outcome, wanted.as_ref(), &mut report);
                    time.into_iter().for_each(|time| report.judge_metric(time));
                }
                let finding = LeftOut { targets: left_out, addresses: 0 }.finding();
                report.findings.extend(finding.map(|finding| Finding { advice: ADVICE_ON_LEFT_OUT, ..finding }));
            }
            Err(failure) => {
                report.add_failure(failure);
                report.add_metric(self.time(None, context));
            }
        }
        Ok(report)
    }
}

impl AdDs {
    /// The controllers' outcomes, and how many more there are.
    async fn ask(&self, context: &Context) -> Result<(Vec<ControllerOutcome>, usize), Failure> {
        let mut probe = self.probe(context)?;
        let Located { mut controllers, left_out } = match self.wanted() {
            Some(wanted) => {
                let servers = Nameservers::new(&self.dns.servers)?;
                let located = wanted.locate(&servers, &context.deadline).await;
                probe.resolver = Resolver::Nameservers(servers);
                located?
            }
            None => {
                let host = self.hostname.clone().unwrap_or_default();
                Located { controllers: vec![Endpoint { host, port: self.default_port() }], left_out: 0 }
            }
        };
        // SRV records tell the port for LDAP in clear.
        if let Some(port) = self.endpoint.port.or(self.over_tls.then(|| self.default_port())) {
            controllers.iter_mut().for_each(|controller| controller.port = port);
        }
        Ok((probe.ask_each(&controllers).await, left_out))
    }

    /// Which controllers DNS is asked for, if it is.
    fn wanted(&self) -> Option<Wanted<'_>> {
        let domain = self.domain.as_deref()?;
        let are_catalogs = self.asks_catalogs();
        let forest = self.forest.as_deref().filter(|_| are_catalogs);
        Some(Wanted { domain: forest.unwrap_or(domain), site: self.site.as_deref(), are_catalogs })
    }

    /// Whether the port is that of a global catalog.
    const fn asks_catalogs(&self) -> bool {
        matches!(self.endpoint.port, Some(GLOBAL_CATALOG | GLOBAL_CATALOG_TLS))
    }

    fn probe(&self, context: &Context) -> Result<DirectoryProbe, Failure> {
        let host = self.hostname.as_deref().unwrap_or_default();
        let tls = self.over_tls.then(|| self.tls.settings(host, &context.secrets)).transpose()?;
        Ok(DirectoryProbe {
            resolver: Resolver::System,
            family: self.endpoint.family(),
            tls,
            domains: [&self.domain, &self.forest].into_iter().flatten().cloned().collect(),
            now: unix_seconds(context.started.time),
            deadline: context.deadline,
        })
    }

    /// The metric of each controller; of several, each has its address in its label.
    fn times(&self, outcomes: &[ControllerOutcome], context: &Context) -> Vec<Option<Metric>> {
        let mut suffixes = Vec::new();
        let metric = |outcome: &ControllerOutcome| {
            let time = self.time(outcome.time, context);
            if self.domain.is_none() {
                return Some(time);
            }
            // A name without an address has no label that would stay the same; two names may have one address.
            let peer = outcome.peer.as_ref()?;
            let suffix = net::label_suffix(peer.address, &mut suffixes)?;
            Some(time.suffixed(&suffix).said_of(peer.to_string()))
        };
        outcomes.iter().map(metric).collect()
    }

    fn time(&self, time: Option<Duration>, context: &Context) -> Metric {
        let thresholds = Thresholds::new(Some(self.warning.clone()), Some(self.critical.clone()));
        Metric::seconds("time", time).judged_by(&thresholds).max(context.deadline.timeout().as_secs_f64())
    }

    const fn default_port(&self) -> u16 {
        if self.over_tls { 636 } else { 389 }
    }

    fn target_of(&self, outcomes: &[ControllerOutcome]) -> Target {
        let host = self.hostname.as_ref().or(self.domain.as_ref()).cloned().unwrap_or_default();
        let peer = match outcomes {
            [outcome] => outcome.peer.as_ref(),
            _ => None,
        };
        let of_host = self.hostname.as_ref().map(|_| self.default_port());
        let port = peer.map(|peer| peer.address.port()).or(self.endpoint.port).or(of_host);
        let transport = if self.over_tls { "tls" } else { "tcp" };
        Target { host, address: peer.map(|peer| peer.address.ip()), port, transport }
    }
}

/// Read the rootDSE of a domain controller, or of every controller of a domain, and judge it.
#[derive(Debug, clap::Args)]
#[command(mut_args(|option| reworded(option, &[("port", PORT_HELP), ("tls_name", TLS_NAME_HELP)])))]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["hostname", "domain"]))]
pub struct AdDs {
    /// Name or address of a controller to ask
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host::parse, help_heading = "Target")]
    hostname: Option<String>,

    /// Domain whose controllers to ask, all those that DNS names (SRV _ldap._tcp.dc._msdcs.DOMAIN, on ports 3268 and 3269
    /// _ldap._tcp.gc._msdcs.FOREST); the worst decides
    #[arg(long, value_name = "DOMAIN", value_parser = host::parse, help_heading = "Target")]
    domain: Option<String>,

    /// With --domain, only the controllers that DNS names for this site
    #[arg(long, value_name = "SITE", value_parser = site, help_heading = "Target")]
    site: Option<String>,

    /// With --domain and port 3268 or 3269, the forest whose global catalogs to ask [default: the domain]
    #[arg(long, value_name = "DOMAIN", value_parser = host::parse, help_heading = "Target")]
    forest: Option<String>,

    #[command(flatten)]
    endpoint: EndpointOptions,

    /// Speak TLS from the start (LDAPS); the default port is then 636
    #[arg(long = "tls", help_heading = "TLS")]
    over_tls: bool,

    #[command(flatten)]
    tls: TlsOptions,

    #[command(flatten)]
    dns: DnsOptions,

    /// WARNING when the answer takes longer, in seconds; a range
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    #[arg(default_value = "1")]
    warning: Range,

    /// CRITICAL when the answer takes longer, in seconds; a range
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    #[arg(default_value = "3")]
    critical: Range,
}

/// A site's name is one label of DNS.
fn site(text: &str) -> Result<String, String> {
    let is_label = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if !text.is_empty() && text.len() <= 63 && text.chars().all(is_label) {
        return Ok(text.to_owned());
    }
    Err(format!("'{text}' is not a site: expected one name without dots, such as Default-First-Site-Name"))
}

impl Options for AdDs {
    const ABOUT: &'static About = &About {
        name: "check_um_ad_ds",
        title: "UM AD DS",
        stands_for: StandsFor { probe: "", monitor: "the dependency on Active Directory" },
        classes: &[
            Class::OF_CONNECTIONS,
            Class::OF_TLS,
            &[Class::Protocol, Class::Status, Class::Authentication, Class::Unreadable, Class::Permission],
        ],
        defaults: &[],
        advice,
    };
    const USAGE: &'static [&'static str] = &["-H HOST [OPTIONS]", "--domain DOMAIN [OPTIONS]"];
    const EXAMPLES: [&'static str; 3] = [
        "-H dc1.example.com -w 0.2 -c 1",
        "-H dc1.example.com --tls --ca-file enterprise-ca.pem",
        "--domain example.com --state refused=warning",
    ];
    const NEEDS: &'static [&'static [Need]] = &[
        TlsOptions::NEEDS,
        &[
            Need { options: TlsOptions::NAMES, when: When::Given("--tls") },
            Need { options: &["--dns-server", "--site"], when: When::Given("--domain") },
            Need { options: &["--forest"], when: When::All(&[When::Given("--domain"), CATALOGS]) },
        ],
    ];

    fn target(&self) -> Target {
        self.target_of(&[])
    }
}

impl Scheduled for AdDs {
    const SERVICES: &'static [ScheduledService] = &[ScheduledService {
        name: "um-ad-ds",
        title: "UM directory",
        vantage: Vantage::Directory,
        interval: 5,
        retry: 1,
        attempts: 3,
        metrics: &[metric("time", "time to the answer", DisplayUnit::Seconds)],
        graphs: &[graph("time", &["time"])],
        ..ScheduledService::usual(Self::ABOUT)
    }];
}

/// What the administrator should do about it.
const fn advice(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "The directory answers slowly, and the router looks up every call in it. On the controller: CPU, disk and the \
             counters of NTDS (LDAP Searches/sec, LDAP Client Sessions). On the Exchange server: which controller does it \
             use (Get-ExchangeServer -Status: CurrentDomainControllers), and is that one near (nltest /dsgetsite)?"
        }
        Some(Class::Status) => {
            "The controller runs and does not do its work. On it: dcdiag /q, repadmin /replsummary, repadmin /showrepl. Not \
             synchronized: its first replication after promotion or restore has not ended. Not a ready global catalog: the \
             partial partitions are still being replicated (event 1119 in Directory Service says when they are there)."
        }
        Some(Class::Timeout | Class::Closed) => {
            "The host is there, its directory service does not answer. On the controller: Get-Service NTDS, the log Directory \
             Service, dcdiag /q."
        }
        Some(Class::Refused) => {
            "No directory service listens on that port. On the controller: Get-Service NTDS. 3268 and 3269 are there on a \
             global catalog only, 636 and 3269 with a certificate only."
        }
        Some(Class::Unreachable) => {
            "There is no way from here to that controller. Check routing, VPN and firewall, and whether the host is up. A \
             controller that is gone for good must also go from DNS: ntdsutil, metadata cleanup."
        }
        Some(Class::Dns) => {
            "Look it up by hand: nslookup -type=SRV _ldap._tcp.dc._msdcs.DOMAIN. Controllers register these names \
             themselves: nltest /dsregdns, or Restart-Service Netlogon, on the controller."
        }
        Some(Class::Protocol) => {
            "Something answers there, but not as Active Directory does, or not as a controller of that domain. Check -H, -p \
             and --tls; the reason names what is missing. If the controller is of another domain, the records in DNS are of \
             one that is gone: ntdsutil, metadata cleanup."
        }
        Some(Class::Authentication) => {
            "The directory does not let an anonymous client read its rootDSE, which Active Directory always does: is it one?"
        }
        Some(Class::Tls | Class::ClientCertificateRequired) => {
            "TCP works, TLS does not. A controller offers LDAPS only with a certificate for Server Authentication in its \
             store. The reason says what each side offered."
        }
        Some(Class::Untrusted | Class::Unverifiable | Class::NameMismatch) => {
            "The controller shows a certificate that this check has no reason to trust, or one for another name: --ca-file \
             with the enterprise CA's certificate, --tls-name with the name in it. With --domain it must be for the domain \
             or for the controller's own name below it: DNS alone is no reason to believe a host elsewhere."
        }
        Some(Class::Expired | Class::NotYetValid | Class::Weak | Class::ObsoleteTls) => {
            "Renew the controller's certificate (certlm.msc, or autoenrollment: certutil -pulse); NTDS takes it up by itself."
        }
        Some(class @ Class::Permission) => shared_advice::on_connection(class),
        Some(_) => "Check path, content and rights of the file that the reason names.",
    }
}

const ADVICE_ON_LEFT_OUT: &str = "Nobody knows whether the controllers that were not asked are well. Ask those of each site by a \
                                  service of its own (--site), or single ones (-H).";

const PORT_HELP: &str =
    "Port to connect to; 3268 and 3269 are the global catalog's [default: 389, with --tls 636, or what DNS says]";
const TLS_NAME_HELP: &str = "Name to send and to expect in the certificate [default: the host; with --domain the domain, or a \
                             controller's own name below it]";

/// The ports on which global catalogs are asked.
const CATALOGS: When = When::Any(&[When::Is("--port", "3268"), When::Is("--port", "3269")]);
