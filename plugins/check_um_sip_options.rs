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
use std::process::ExitCode;
use std::time::{Duration, Instant};

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::extra_opts::Secrets;
use check_um::cli::secret::Source;
use check_um::cli::target::TargetArguments;
use check_um::cli::tls::TlsArguments;
use check_um::cli::{self, Common};
use check_um::failure::{Class, Failure};
use check_um::metric::{Metric, Uom};
use check_um::net::resolve::{Family, resolve};
use check_um::net::tls::backend::Backend;
use check_um::plugin::{self, Run};
use check_um::range::Range;
use check_um::report::{Finding, Report, Target};
use check_um::sip::digest::Credentials;
use check_um::sip::expect::StatusSet;
use check_um::sip::judge::{self, Expected, HeaderPattern};
use check_um::sip::probe::{self, Facts, Outcome, Question, Via};
use check_um::sip::uri::{Address, HeaderText, Uri};
use check_um::threshold::Thresholds;
use check_um::x509::expiry::{Expiries, Expiry};
use check_um::x509::judgement::Judgement;

fn main() -> ExitCode {
    plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let question = args.question(run)?;
    let port = args.target.port.unwrap_or(args.via().default_port());

    let started = Instant::now();
    let resolved = resolve(&args.target.hostname, port, args.family(), &run.deadline, &run.policy).await;
    let dns = resolved.is_ok().then(|| started.elapsed());
    let outcomes = match resolved {
        Ok(peers) if args.all_addresses => probe::ask_each(&question, &peers, run).await,
        Ok(peers) => vec![probe::ask(&question, &peers, run).await],
        Err(failure) => vec![Outcome::unasked(failure)],
    };

    let mut report = run.report();
    report.target = args.target(port, &outcomes);
    if outcomes.len() > 1 {
        let answering = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
        report.headline =
            Some(format!("{answering} of {} addresses of {} answer", outcomes.len(), args.target.hostname));
    }
    for outcome in outcomes {
        args.add(&mut report, outcome, dns, run);
    }
    Ok(report)
}

impl Arguments {
    /// Adds to `report` what came of one address: findings, metrics, diagnostics, phases.
    fn add(&self, report: &mut Report, outcome: Outcome, dns: Option<Duration>, run: &Run) {
        let Outcome { facts, result } = outcome;
        for error in &facts.passed_over {
            report.found(Finding::ok(format!("passed over: {error}")));
        }
        let time = facts.total.zip(dns).map(|(total, dns)| total + dns);
        match (&result, &facts.peer) {
            (Ok(answer), Some(peer)) => {
                judge::describe(answer, report);
                report.authentication.digest_user.clone_from(&answer.digest_user);
                let judged = self.expected().judge(answer, peer, time.unwrap_or(answer.took));
                report.found(judged.map_or_else(|failure| run.judged(failure), Finding::ok));
            }
            // A certificate that forbids to go on is said below, with whatever else is wrong with it.
            (Err(failure), _) if facts.judgement.iter().any(|judgement| judgement.failures.contains(failure)) => {}
            (Err(failure), _) => report.found(run.judged(failure.clone())),
            (Ok(_), None) => {}
        }
        self.add_certificates(report, &facts, run);

        let suffix = facts.peer.as_ref().filter(|_| self.all_addresses).map(|peer| peer.address.ip().to_string());
        let suffixed = |metric: Metric| match &suffix {
            Some(suffix) => metric.suffixed(suffix),
            None => metric,
        };
        for metric in self.phases(&facts, dns, time, run) {
            report.measured(suffixed(metric));
        }
        if self.via() == Via::Tls {
            let earliest = facts.judgement.as_ref().and_then(Judgement::earliest);
            report.recorded(suffixed(self.expiries().days("certificate_days", earliest)));
        }
        report.events.extend(facts.events);
        report.trace.extend(facts.trace);
    }

    /// The metric of every phase, whether it was reached or not.
    fn phases(&self, facts: &Facts, dns: Option<Duration>, time: Option<Duration>, run: &Run) -> Vec<Metric> {
        let tls = || facts.served.as_ref().and_then(|served| served.took);
        let retransmissions = Metric::unknown("retransmissions", Uom::None).min(0.0);
        let timeout = run.deadline.timeout().as_secs_f64();
        let mut metrics = vec![
            Metric::seconds("time", time)
                .judged_by(&Thresholds::new(self.warning.clone(), self.critical.clone()))
                .max(timeout),
            Metric::seconds("dns", dns),
            Metric::seconds("connect", facts.connect),
        ];
        metrics.extend((self.via() == Via::Tls).then(|| Metric::seconds("tls", tls())));
        metrics.push(Metric::seconds("response", facts.response));
        metrics.push(facts.retransmissions.map_or(retransmissions, |count| Metric::count("retransmissions", count)));
        metrics
    }

    /// Adds what the TLS server showed, and what that is worth.
    fn add_certificates(&self, report: &mut Report, facts: &Facts, run: &Run) {
        let Some(served) = &facts.served else { return };
        for (name, value) in served.diagnostics() {
            report.diagnostic(name, value);
        }
        report.authentication.client_certificate.clone_from(&served.client_certificate_shown);
        report.findings.extend(served.obsolescence().map(|failure| run.judged(failure)));
        if let Some(judgement) = &facts.judgement {
            judgement.describe(report, run);
            report.diagnostic("certificate_validity", &judgement.summary);
        }
        if self.tls.no_verify {
            report.found(Finding::ok("certificate not verified"));
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
            via: self.via(),
            source: self.source_address,
            uri: self.uri.as_ref().map(|uri| uri.as_str().to_owned()),
            from: address(&self.from),
            to: address(&self.to),
            contact: address(&self.contact),
            user_agent: self.user_agent.as_ref().map_or(USER_AGENT, HeaderText::as_str).to_owned(),
            max_forwards: self.max_forwards.unwrap_or(DEFAULT_MAX_FORWARDS),
            credentials,
            tls: (self.via() == Via::Tls)
                .then(|| self.tls.settings(&self.target.hostname, &run.secrets))
                .transpose()?,
            tls_backend: self.tls_backend.unwrap_or(Backend::Auto),
            expiries: self.expiries(),
        })
    }

    fn expiries(&self) -> Expiries {
        Expiries { warning: self.certificate_warning.clone(), critical: self.certificate_critical.clone() }
    }

    fn expected(&self) -> Expected {
        Expected {
            statuses: self.expect.clone().unwrap_or_default(),
            headers: self.require_header.clone(),
            allow: self.require_allow.clone(),
        }
    }

    /// The family asked for; with a source address, its own.
    fn family(&self) -> Family {
        match (self.target.family(), self.source_address) {
            (Family::Any, Some(IpAddr::V4(_))) => Family::V4,
            (Family::Any, Some(IpAddr::V6(_))) => Family::V6,
            (family, _) => family,
        }
    }

    fn target(&self, port: u16, outcomes: &[Outcome]) -> Target {
        let [Outcome { facts, .. }] = outcomes else {
            return Target {
                host: self.target.hostname.clone(),
                address: None,
                port: Some(port),
                transport: self.via().word(),
            };
        };
        let address = facts.peer.as_ref().map(|peer| peer.address.ip());
        Target { host: self.target.hostname.clone(), address, port: Some(port), transport: self.via().word() }
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

    /// How the request travels; the default port is 5060, with tls 5061 [default: tcp]
    #[arg(long, value_enum, value_name = "TRANSPORT", help_heading = "Target")]
    transport: Option<Via>,

    /// Probe every address behind the name; the worst decides, each has its own metrics
    #[arg(long, help_heading = "Target")]
    all_addresses: bool,

    /// Local address to send from
    #[arg(long, value_name = "ADDRESS", help_heading = "Target")]
    source_address: Option<IpAddr>,

    /// Request-URI [default: sip:HOST:PORT, with the transport as a parameter unless it is udp]
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
    #[arg(long, value_name = "N", help_heading = "Request")]
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
