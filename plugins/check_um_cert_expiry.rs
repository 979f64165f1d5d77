//! When does the certificate that the router serves expire?
//!
//! | state    | when                                                                                       |
//! |----------|--------------------------------------------------------------------------------------------|
//! | OK       | every certificate has at least what `--warning` asks for, and nothing else is wrong        |
//! | WARNING  | one has less; the chain is not trusted, the name is another, a key or signature is weak    |
//! | CRITICAL | one has less than `--critical`, has expired, is not valid yet, is not in the store         |
//! | UNKNOWN  | bad arguments, the name does not resolve, a file or store cannot be read or understood     |

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::extra_opts::Secrets;
use check_um::cli::target::{EndpointArguments, host};
use check_um::cli::tls::TlsArguments;
use check_um::cli::{self, Common};
use check_um::clock::unix_seconds;
use check_um::failure::{Class, Failure, Override};
use check_um::net::resolve::resolve;
use check_um::net::tls::inspect::{self, Shown};
use check_um::net::tls::{Served, TlsSettings};
use check_um::plugin::Run;
use check_um::report::{Report, Target};
use check_um::state::State;
use check_um::x509::collection::{self, Item};
use check_um::x509::expiry::{Expiries, Expiry};
use check_um::x509::judgement::{self, Expectations, Judgement};
use check_um::x509::store::{self, StoreName, Thumbprint, Wanted};
use check_um::x509::{Chain, trust};
use clap::builder::NonEmptyStringValueParser;

fn main() {
    check_um::plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let report = match (&args.hostname, &args.store) {
        (Some(hostname), _) => check_served(args, hostname, run).await,
        (None, Some(store)) => check_store(args, store, run),
        (None, None) => check_files(args, run),
    };

    Ok(report.unwrap_or_else(|failure| {
        let mut report = run.report();
        report.found(run.judged(failure));
        report.metrics = judgement::unknown_metrics(&args.expiries());
        report
    }))
}

/// From the wire: what the server shows in its handshake.
async fn check_served(args: &Arguments, hostname: &str, run: &Run) -> Result<Report, Failure> {
    let (settings, expiries) = (args.tls.settings(hostname, &run.secrets)?, args.expiries());
    let port = args.endpoint.port.unwrap_or(DEFAULT_PORT);
    let resolved = resolve(hostname, port, args.endpoint.family(), &run.deadline, &run.policy).await;

    let shown = match resolved {
        Ok(peers) => inspect::shown(&peers, &settings, run).await,
        Err(failure) => Shown::nothing(failure),
    };

    let mut report = run.report();
    report.target = Target {
        host: hostname.to_owned(),
        address: shown.peer.as_ref().map(|peer| peer.address.ip()),
        port: Some(port),
        transport: "tls",
    };
    report.authentication.client_certificate.clone_from(&shown.served.client_certificate_shown);
    if run.wants_details {
        shown.served.diagnostics().into_iter().for_each(|(name, fact)| report.diagnostic(name, fact));
    }
    for failure in shown.failures() {
        report.found(run.judged(failure));
    }
    report.metrics = match judge_served(&shown.served, &settings, &expiries, run) {
        Some(judgement) => {
            judgement.describe(&mut report, run);
            report.findings.extend(judgement.unsaid_end());
            judgement.metrics(&expiries)
        }
        None => judgement::unknown_metrics(&expiries),
    };
    report.events.extend(shown.events);
    if run.wants_trace {
        report.trace.extend(shown.served.chain.iter().flat_map(Chain::iter).map(ToString::to_string));
    }
    Ok(report)
}

fn judge_served(served: &Served, settings: &TlsSettings, expiries: &Expiries, run: &Run) -> Option<Judgement> {
    let expected = Expectations { expiries, name: settings.expected_name(&served.verdict), verdict: &served.verdict };
    served.chain.as_ref().map(|chain| judgement::judge(chain, &expected, unix_seconds(run.started())))
}

/// From files: each is a chain of its own.
fn check_files(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let passphrase = args.tls.passphrase(&run.secrets).read()?;
    let files = collection::read(&args.file, passphrase.as_deref());

    let mut report = run.report();
    report.target = Target { host: args.file.join(", "), address: None, port: None, transport: "file" };
    judge_items(files, args, run, &mut report)?;
    Ok(report)
}

/// From a store of Windows: each certificate by itself.
fn check_store(args: &Arguments, store: &StoreName, run: &Run) -> Result<Report, Failure> {
    let wanted = Wanted { thumbprints: args.thumbprint.clone(), subjects: args.subject.clone() };
    let (certificates, failures) = store::choose(&store::read(store)?, &wanted, store);

    let mut report = run.report();
    report.target = Target { host: store.to_string(), address: None, port: None, transport: "store" };
    for failure in failures {
        report.found(run.judged(failure));
    }
    if let [certificate] = certificates.as_slice() {
        report.diagnostic("certificate", certificate.name.clone());
    }
    judge_items(certificates, args, run, &mut report)?;
    Ok(report)
}

/// Trust and name of what was not served are judged only if that is asked for.
fn judge_items(items: Vec<Item>, args: &Arguments, run: &Run, report: &mut Report) -> Result<(), Failure> {
    let anchors = args.tls.ca_file.as_deref().map(cli::tls::anchors).transpose()?;
    let (expiries, now, is_alone) = (args.expiries(), unix_seconds(run.started()), items.len() == 1);
    let mut judged = Vec::new();
    for item in items {
        let judgement = item.chain.map(|chain| {
            let verdict = trust::verdict_of_file(&chain, anchors.as_deref(), &args.tls.fingerprint, now);
            let expected = Expectations { expiries: &expiries, name: args.tls.tls_name.as_deref(), verdict: &verdict };
            if run.wants_trace {
                report.trace.extend(chain.iter().map(|certificate| format!("{}\n{certificate}", item.name)));
            }
            judgement::judge(&chain, &expected, now)
        });
        match &judgement {
            Ok(judgement) => {
                let judgement = if is_alone { judgement.clone() } else { judgement.of(&item.name) };
                judgement.describe(report, run);
                report.findings.extend(judgement.unsaid_end());
            }
            Err(failure) => report.found(run.judged(failure.clone())),
        }
        judged.push((item.label, judgement.ok()));
    }
    report.metrics = judgement::metrics_of_several(&judged, &expiries);
    Ok(())
}

impl Arguments {
    /// The thresholds; the default of one only beside another in days.
    fn expiries(&self) -> Expiries {
        let beside = |given: &Option<Expiry>| given.as_ref().is_none_or(Expiry::counts_in_days);
        let default = |days: &str, other| days.parse().ok().filter(|_| beside(other));
        Expiries {
            warning: self.warning.clone().or_else(|| default(DEFAULT_WARNING, &self.critical)),
            critical: self.critical.clone().or_else(|| default(DEFAULT_CRITICAL, &self.warning)),
        }
    }
}

/// Judge how long certificates are still valid: those that a TLS server shows, those in files or in a store of Windows.
#[derive(Debug, clap::Parser)]
#[command(name = "check_um_cert_expiry", version, disable_help_subcommand = true)]
pub struct Arguments {
    /// Name or address of the host to ask
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host, help_heading = "Target")]
    #[arg(required_unless_present_any = ["file", "store"])]
    hostname: Option<String>,

    #[command(flatten)]
    endpoint: EndpointArguments,

    /// File with certificates to judge instead: PEM, DER, PKCS#7 or PKCS#12; repeatable, `*`, `?` and `[...]` match names
    #[arg(long, value_name = "FILE", conflicts_with = "hostname", help_heading = "Target")]
    file: Vec<String>,

    /// Certificate store of Windows to judge instead, such as LocalMachine\\My or CurrentUser\\My
    #[arg(long, value_name = "LOCATION\\NAME", conflicts_with_all = ["hostname", "file"], help_heading = "Target")]
    store: Option<StoreName>,

    /// Judge only the certificate of the store with this SHA-1 thumbprint, as Windows shows it; repeatable
    #[arg(long, value_name = "SHA1", help_heading = "Target")]
    thumbprint: Vec<Thumbprint>,

    /// Judge only certificates of the store whose subject or DNS names contain this text, in any case; repeatable
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new(), help_heading = "Target")]
    subject: Vec<String>,

    #[command(flatten)]
    tls: TlsArguments,

    /// WARNING when less is left: days (30), hours (36h), per cent of the lifetime (33%) or a range of days [default: 30]
    #[arg(short, long, value_name = "EXPIRY", allow_hyphen_values = true, help_heading = "Thresholds")]
    warning: Option<Expiry>,

    /// CRITICAL when less is left, likewise; a default stands only beside a threshold in days [default: 14]
    #[arg(short, long, value_name = "EXPIRY", allow_hyphen_values = true, help_heading = "Thresholds")]
    critical: Option<Expiry>,

    #[command(flatten)]
    common: Common,
}

impl cli::Arguments for Arguments {
    const ABOUT: &'static About = &ABOUT;

    fn common(&self) -> &Common {
        &self.common
    }

    fn contradiction(&self, _: &Secrets) -> Option<String> {
        // Not by `requires`, which is silent where another option excludes what is required.
        if self.hostname.is_none() && self.endpoint.is_given() {
            return Some("--port, --ipv4 and --ipv6: expected --hostname too".to_owned());
        }
        let is_choice = !self.thumbprint.is_empty() || !self.subject.is_empty();
        match self.store {
            None if is_choice => Some("--thumbprint and --subject: expected --store too".to_owned()),
            Some(_) if !cfg!(windows) => Some(store::NEEDS_WINDOWS.to_owned()),
            _ => None,
        }
    }
}

const DEFAULT_PORT: u16 = 5061;
const DEFAULT_WARNING: &str = "30";
const DEFAULT_CRITICAL: &str = "14";

static ABOUT: About = About {
    name: "check_um_cert_expiry",
    title: "UM CERT EXPIRY",
    stands_for: HealthSet { name: "UM.CallRouter", probe: "", monitor: "UMCallRouterCertificateNearExpiryMonitor" },
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
        Class::Authentication,
        Class::Missing,
        Class::NoData,
        Class::Unreadable,
        Class::Permission,
    ],
    defaults: &[
        Override { class: Class::ClientCertificateRequired, state: State::Ok },
        Override { class: Class::Untrusted, state: State::Warning },
        Override { class: Class::NameMismatch, state: State::Warning },
    ],
    advice: advice::cert_expiry,
};
