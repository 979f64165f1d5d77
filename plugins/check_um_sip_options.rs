//! Does the Call Router answer SIP OPTIONS, and how fast?
//!
//! | state    | when                                                                                  |
//! |----------|---------------------------------------------------------------------------------------|
//! | OK       | the final response is one of `--expect`, and everything measured is within its ranges |
//! | WARNING  | a value violates `--warning`; a client certificate is demanded and none was given     |
//! | CRITICAL | another final response, none before the deadline, a value violates `--critical`       |
//! | UNKNOWN  | bad arguments, the name does not resolve, a local file cannot be read                 |

use std::net::IpAddr;
use std::path::PathBuf;

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::dns::DnsArguments;
use check_um::cli::extra_opts::Secrets;
use check_um::cli::secret::Source;
use check_um::cli::target::TargetArguments;
use check_um::cli::tls::TlsArguments;
use check_um::cli::{self, Common, plain};
use check_um::failure::{Class, Failure};
use check_um::net::nameserver::Nameservers;
use check_um::net::resolve::Family;
use check_um::net::srv::ServiceError;
use check_um::net::tls::backend::Backend;
use check_um::plugin::Run;
use check_um::range::Range;
use check_um::report::{Event, Report, Target};
use check_um::sip::describe::Assessment;
use check_um::sip::digest::Credentials;
use check_um::sip::expect::StatusSet;
use check_um::sip::judge::{Expected, HeaderPattern};
use check_um::sip::locate::Location;
use check_um::sip::probe::{self, Asked, Outcome, Question};
use check_um::sip::transport::Via;
use check_um::sip::uri::{Address, HeaderText, Uri};
use check_um::threshold::Thresholds;
use check_um::x509::expiry::{Expiries, Expiry};

fn main() {
    check_um::plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let question = args.question(run)?;

    let mut report = run.report();
    let located = args.locate(run, &mut report.events).await;
    let via = located.as_ref().map_or_else(|_| args.via(), |location| location.via);
    let asked = match &located {
        Ok(location) if args.all_addresses.is_some() => probe::ask_each(&question, location, run).await,
        Ok(location) => Asked { outcomes: vec![probe::ask(&question, location, run).await], left_out: 0 },
        Err(failure) => Asked { outcomes: vec![Outcome::unasked(failure.clone())], left_out: 0 },
    };

    report.target = args.target(via, &asked.outcomes);
    report.headline = args.headline(&asked);
    let mut assessment = args.assessment(via, asked.outcomes.len() == 1);
    asked.outcomes.into_iter().for_each(|outcome| assessment.add(&mut report, outcome, run));
    report.events.sort_by_key(|event| event.at);
    Ok(report)
}

impl Arguments {
    /// Where to ask: the host itself, or the targets of a domain.
    async fn locate(&self, run: &Run, events: &mut Vec<Event>) -> Result<Location, Failure> {
        let (host, family) = (&self.target.hostname, self.family());
        if self.srv.is_none() {
            return Ok(Location::of_host(host, self.port(), self.via(), family));
        }
        let failed = |error: ServiceError| error.into_failure(&run.policy);
        let servers = Nameservers::new(&self.dns.servers).map_err(|error| failed(error.into()))?;
        let located = Location::of_domain(host, self.transport, servers, family, run, events).await;
        located.map(|location| if self.all_addresses.is_some() { location.sorted() } else { location }).map_err(failed)
    }

    /// How many answer, where several are asked, and how many there are beside them.
    fn headline(&self, asked: &Asked) -> Option<String> {
        let all = asked.outcomes.len();
        let (domain, what) = (&self.target.hostname, if self.srv.is_some() { "targets" } else { "addresses" });
        let answering = asked.outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
        let more = match asked.left_out {
            0 => String::new(),
            more => format!(", {more} more were not asked"),
        };
        (all > 1 || asked.left_out > 0).then(|| format!("{answering} of {all} {what} of {domain} answer{more}"))
    }

    fn assessment(&self, via: Via, is_alone: bool) -> Assessment {
        Assessment {
            via,
            expected: Expected {
                statuses: self.expect.clone().unwrap_or_default(),
                headers: self.require_header.clone(),
                allow: self.require_allow.clone(),
            },
            thresholds: Thresholds::new(self.warning.clone(), self.critical.clone()),
            expiries: self.expiries(),
            is_verified: self.tls.no_verify.is_none(),
            is_alone,
            is_labelled: self.all_addresses.is_some(),
            measured: Vec::new(),
        }
    }

    fn question(&self, run: &Run) -> Result<Question, Failure> {
        let password = self.password(&run.secrets).read()?;
        let credentials = self
            .username
            .as_ref()
            .zip(password)
            .map(|(user, password)| Credentials { username: user.as_str().to_owned(), password });
        let address = |address: &Option<Address>| address.as_ref().map(|address| address.as_str().to_owned());
        Ok(Question {
            source: self.source_address,
            uri: self.uri.as_ref().map(|uri| uri.as_str().to_owned()).or_else(|| self.domain_uri()),
            from: address(&self.from),
            to: address(&self.to),
            contact: address(&self.contact),
            user_agent: self.user_agent.as_ref().map_or(USER_AGENT, HeaderText::as_str).to_owned(),
            max_forwards: self.max_forwards.unwrap_or(DEFAULT_MAX_FORWARDS),
            credentials,
            tls: self.may_be_tls().then(|| self.tls.settings(&self.target.hostname, &run.secrets)).transpose()?,
            tls_backend: self.tls_backend.unwrap_or(Backend::Auto),
            expiries: self.expiries(),
        })
    }

    fn expiries(&self) -> Expiries {
        Expiries { warning: self.certificate_warning.clone(), critical: self.certificate_critical.clone() }
    }

    /// The family asked for; with a source address, its own.
    fn family(&self) -> Family {
        match (self.target.endpoint.family(), self.source_address) {
            (Family::Any, Some(IpAddr::V4(_))) => Family::V4,
            (Family::Any, Some(IpAddr::V6(_))) => Family::V6,
            (family, _) => family,
        }
    }

    /// A domain is asked for by its name alone: a port would say that SRV records do not count (RFC 3263, section 4.2).
    fn domain_uri(&self) -> Option<String> {
        let parameter = self.transport.map(Via::uri_parameter).unwrap_or_default();
        self.srv.map(|_| format!("sip:{}{parameter}", self.target.hostname))
    }

    fn target(&self, via: Via, outcomes: &[Outcome]) -> Target {
        let peer = match outcomes {
            [Outcome { facts, .. }] => facts.peer.as_ref(),
            _ => None,
        };
        let port = if self.srv.is_some() { peer.map(|peer| peer.address.port()) } else { Some(self.port()) };
        let address = peer.map(|peer| peer.address.ip());
        Target { host: self.target.hostname.clone(), address, port, transport: via.word() }
    }

    fn port(&self) -> u16 {
        self.target.endpoint.port.unwrap_or(self.via().default_port())
    }

    fn may_be_tls(&self) -> bool {
        self.via() == Via::Tls || self.srv.is_some() && self.transport.is_none()
    }

    fn contradiction_about_srv(&self) -> Option<String> {
        let host = self.target.hostname.trim_matches(['[', ']']);
        let text = match (self.srv.is_some(), self.target.endpoint.port) {
            (true, Some(_)) => {
                "--srv: expected no --port, which RFC 3263 takes for the wish not to look up SRV records"
            }
            (true, None) if host.parse::<IpAddr>().is_ok() => {
                "--srv: expected a domain in --hostname, found an address, which has no SRV records"
            }
            (false, _) if !self.dns.servers.is_empty() => "--dns-server: expected --srv, whose records it is to give",
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn via(&self) -> Via {
        self.transport.unwrap_or(Via::Tcp)
    }

    fn password<'a>(&'a self, secrets: &'a Secrets) -> Source<'a> {
        Source {
            what: "password",
            file: self.password_file.as_ref(),
            env: self.password_env.as_ref(),
            ini: secrets.password.as_ref(),
        }
    }
}

/// Send SIP OPTIONS to a Call Router, or any SIP server, and judge the answer.
#[derive(Debug, clap::Parser)]
#[command(name = "check_um_sip_options", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: TargetArguments,

    /// How the request travels; the default port is 5060, with tls 5061 [default: tcp; with --srv what the domain prefers]
    #[arg(long, value_enum, value_name = "TRANSPORT", help_heading = "Target")]
    transport: Option<Via>,

    /// Take the host for a domain and ask the servers that DNS names for it, by NAPTR, SRV and address records (RFC 3263)
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = "Target")]
    srv: Option<bool>,

    #[command(flatten)]
    dns: DnsArguments,

    /// Probe every address behind the name, and with --srv of every target; the worst decides, each has its own metrics
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = "Target")]
    all_addresses: Option<bool>,

    /// Local address to send from
    #[arg(long, value_name = "ADDRESS", value_parser = plain::address, help_heading = "Target")]
    source_address: Option<IpAddr>,

    /// Request-URI [default: sip:HOST:PORT, with the transport as a parameter unless it is udp; with --srv sip:DOMAIN]
    #[arg(short, long, value_name = "URI", help_heading = "Request")]
    uri: Option<Uri>,

    /// From address [default: sip:check-um@ the local address]
    #[arg(long, value_name = "ADDRESS", help_heading = "Request")]
    from: Option<Address>,

    /// To address [default: the Request-URI]
    #[arg(long, value_name = "ADDRESS", help_heading = "Request")]
    to: Option<Address>,

    /// Contact address; Teams wants this host's own FQDN in it [default: the local address and port]
    #[arg(long, value_name = "ADDRESS", help_heading = "Request")]
    contact: Option<Address>,

    /// User-Agent header [default: check-um/VERSION]
    #[arg(long, value_name = "TEXT", help_heading = "Request")]
    user_agent: Option<HeaderText>,

    /// Max-Forwards header, 0 to 255 [default: 70]
    #[arg(long, value_name = "N", value_parser = plain::octet, help_heading = "Request")]
    max_forwards: Option<u8>,

    /// User name for digest authentication (MD5, SHA-256, SHA-512-256)
    #[arg(long, value_name = "USER", help_heading = "Authentication")]
    username: Option<HeaderText>,

    /// File whose first line is the password
    #[arg(long, value_name = "FILE", help_heading = "Authentication")]
    password_file: Option<PathBuf>,

    /// Environment variable that holds the password
    #[arg(long, value_name = "NAME", conflicts_with = "password_file", help_heading = "Authentication")]
    password_env: Option<String>,

    /// Final responses that are as they should be: codes (200), ranges (480-489), classes (2xx), separated by commas
    /// [default: 200]
    #[arg(long, value_name = "LIST", help_heading = "Expectations")]
    expect: Option<StatusSet>,

    /// A header that the final response must have, with a value that the regular expression matches; repeatable
    #[arg(long, value_name = "'NAME: REGEX'", help_heading = "Expectations")]
    require_header: Vec<HeaderPattern>,

    /// Methods that the Allow headers must list, separated by commas
    #[arg(long, value_name = "METHODS", value_delimiter = ',', help_heading = "Expectations")]
    require_allow: Vec<String>,

    /// WARNING when the time to the final response, in seconds, is outside this range
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    warning: Option<Range>,

    /// CRITICAL when the time to the final response, in seconds, is outside this range
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    critical: Option<Range>,

    #[command(flatten)]
    tls: TlsArguments,

    /// Which TLS: modern (1.2 and 1.3), legacy (1.0 to 1.2, every suite; not in every build), or auto: legacy where modern fails
    /// [default: auto]
    #[arg(long, value_enum, value_name = "BACKEND", help_heading = "TLS")]
    tls_backend: Option<Backend>,

    /// WARNING when a served certificate has less left than this: N days, Nh hours, N% of its lifetime
    #[arg(long, value_name = "LEFT", allow_hyphen_values = true, help_heading = "Thresholds")]
    certificate_warning: Option<Expiry>,

    /// CRITICAL when a served certificate has less left than this
    #[arg(long, value_name = "LEFT", allow_hyphen_values = true, help_heading = "Thresholds")]
    certificate_critical: Option<Expiry>,

    #[command(flatten)]
    common: Common,
}

impl cli::Arguments for Arguments {
    const ABOUT: &'static About = &ABOUT;

    fn common(&self) -> &Common {
        &self.common
    }

    fn contradiction(&self, secrets: &Secrets) -> Option<String> {
        let has_password = self.password(secrets).is_given();
        if let Some(contradiction) = self.contradiction_about_srv() {
            return Some(contradiction);
        }
        match &self.username {
            Some(_) if !has_password => Some(
                "--username: expected its password too, from --password-file, --password-env or an ini section"
                    .to_owned(),
            ),
            None if has_password => Some("a password is given: expected --username too".to_owned()),
            _ => None,
        }
    }
}

const USER_AGENT: &str = concat!("check-um/", env!("CARGO_PKG_VERSION"));

/// RFC 3261 8.1.1.6 recommends it.
const DEFAULT_MAX_FORWARDS: u8 = 70;

static ABOUT: About = About {
    name: "check_um_sip_options",
    title: "UM SIP OPTIONS",
    stands_for: HealthSet { name: "UM.CallRouter", probe: "UMCallRouterTestProbe", monitor: "UMCallRouterTestMonitor" },
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
    advice: advice::sip_options,
};
