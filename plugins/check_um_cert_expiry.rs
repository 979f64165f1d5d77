//! When does the certificate that the router serves expire?
//!
//! | state    | when                                                                                       |
//! |----------|--------------------------------------------------------------------------------------------|
//! | OK       | every certificate has at least what `--warning` asks for, and nothing else is wrong        |
//! | WARNING  | one has less; the chain is not trusted, the name is another, a key or signature is weak    |
//! | CRITICAL | one has less than `--critical`, has expired, is not valid yet; none could be had           |
//! | UNKNOWN  | bad arguments, the name does not resolve, a file cannot be read, decrypted or understood   |

use std::process::ExitCode;

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::target::TargetArguments;
use check_um::cli::tls::TlsArguments;
use check_um::cli::{self, Common};
use check_um::clock::unix_seconds;
use check_um::failure::{Class, Failure, Override};
use check_um::net::resolve::resolve;
use check_um::net::tls::inspect::{self, Shown};
use check_um::net::tls::{Served, TlsSettings};
use check_um::plugin::{self, Run};
use check_um::report::{Report, Target};
use check_um::state::State;
use check_um::x509::expiry::{Expiries, Expiry};
use check_um::x509::judgement::{self, Expectations, Judgement};
use check_um::x509::{Chain, collection, trust};

fn main() -> ExitCode {
    plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let report = match &args.target {
        Some(target) => check_served(args, target, run).await,
        None => check_files(args, run),
    };

    Ok(report.unwrap_or_else(|failure| {
        let mut report = run.report();
        report.found(run.judged(failure));
        report.metrics = judgement::unknown_metrics(&args.expiries());
        report
    }))
}

/// From the wire: what the server shows in its handshake.
async fn check_served(args: &Arguments, target: &TargetArguments, run: &Run) -> Result<Report, Failure> {
    let settings = args.tls.settings(&target.hostname, &run.secrets)?;
    let port = target.port.unwrap_or(DEFAULT_PORT);
    let resolved = resolve(&target.hostname, port, target.family(), &run.deadline, &run.policy).await;

    let shown = match resolved {
        Ok(peers) => inspect::shown(&peers, &settings, run).await,
        Err(failure) => Shown::nothing(failure),
    };

    let mut report = run.report();
    report.target = Target {
        host: target.hostname.clone(),
        address: shown.peer.as_ref().map(|peer| peer.address.ip()),
        port: Some(port),
        transport: "tls",
    };
    report.authentication.client_certificate.clone_from(&shown.served.client_certificate_shown);
    for (name, fact) in shown.served.diagnostics() {
        report.diagnostic(name, fact);
    }
    for failure in shown.failures() {
        report.found(run.judged(failure));
    }
    report.metrics = match judge_served(&shown.served, &settings, &args.expiries(), run) {
        Some(judgement) => {
            judgement.describe(&mut report, run);
            report.findings.extend(judgement.unsaid_end());
            judgement.metrics(&args.expiries())
        }
        None => judgement::unknown_metrics(&args.expiries()),
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

/// From files: each is a chain of its own. Trust and name are judged only if that is asked for.
fn check_files(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let anchors = args.tls.ca_file.as_deref().map(cli::tls::anchors).transpose()?;
    let passphrase = args.tls.passphrase(&run.secrets).read()?;
    let files = collection::read(&args.file, passphrase.as_deref());
    let (expiries, now, is_alone) = (args.expiries(), unix_seconds(run.started()), files.len() == 1);

    let mut report = run.report();
    report.target = Target { host: args.file.join(", "), address: None, port: None, transport: "file" };
    let mut judged = Vec::new();
    for file in files {
        let judgement = file.chain.map(|chain| {
            let verdict = trust::verdict_of_file(&chain, anchors.as_deref(), &args.tls.fingerprint, now);
            let expected = Expectations { expiries: &expiries, name: args.tls.tls_name.as_deref(), verdict: &verdict };
            if run.wants_trace {
                report.trace.extend(chain.iter().map(|certificate| format!("{}\n{certificate}", file.name)));
            }
            judgement::judge(&chain, &expected, now)
        });
        match &judgement {
            Ok(judgement) => {
                let judgement = if is_alone { judgement.clone() } else { judgement.of(&file.name) };
                judgement.describe(&mut report, run);
                report.findings.extend(judgement.unsaid_end());
            }
            Err(failure) => report.found(run.judged(failure.clone())),
        }
        judged.push((file.label, judgement.ok()));
    }
    report.metrics = judgement::metrics_of_several(&judged, &expiries);
    Ok(report)
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

/// Judge how long certificates are still valid: those that a TLS server shows, or those in files.
#[derive(Debug, clap::Parser)]
#[command(name = "check_um_cert_expiry", version, disable_help_subcommand = true)]
#[command(mut_arg("hostname", |arg| arg.required(false).required_unless_present("file")))]
pub struct Arguments {
    #[command(flatten)]
    target: Option<TargetArguments>,

    /// File with certificates to judge instead: PEM, DER, PKCS#7 or PKCS#12; repeatable, `*`, `?` and `[...]` match names
    #[arg(long, value_name = "FILE", conflicts_with = "hostname", help_heading = "Target")]
    file: Vec<String>,

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
