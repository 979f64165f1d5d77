//! When does the certificate that the router serves expire?
//!
//! | state    | when                                                                                       |
//! |----------|--------------------------------------------------------------------------------------------|
//! | OK       | every certificate has at least what `--warning` asks for, and nothing else is wrong        |
//! | WARNING  | one has less; the chain is not trusted, the name is another, a key or signature is weak    |
//! | CRITICAL | one has less than `--critical`, has expired, is not valid yet, is not in the store         |
//! | UNKNOWN  | bad arguments, the name does not resolve, a file or store cannot be read or understood     |

use super::cert_advice;
use super::cert_servers::ServerOptions;
use super::schedule::{DisplayUnit, EXCHANGE, Scheduled, ScheduledService, Vantage, graph, metric};
use crate::container::collection::{self, Item};
use crate::container::store::{self, StoreName, Thumbprint, Wanted};
use crate::net::host;
use crate::options::peer::PeerOptions;
use crate::options::tls::{self, TlsOptions};
use crate::options::{Need, Options, Secrets, When};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Failure, Finding, Override, Report, StandsFor, State, Target};
use crate::time::calendar::unix_seconds;
use crate::tls::assessment::Assessment;
use crate::tls::inspect::{Inspection, Inspector};
use crate::tls::settings::{Offer, TlsSettings};
use crate::trust::anchors::{SoughtPath, verdict_of_file};
use crate::x509::certificate::Fingerprint;
use crate::x509::expiry::{Expiries, Expiry};
use crate::x509::judgement::{self, Expectations, JudgedItem};
use crate::x509::scope::{Scope, Scrutiny};
use clap::builder::NonEmptyStringValueParser;

impl Check for CertExpiry {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let report = match (&self.hostname, &self.store) {
            (Some(hostname), _) => self.check_served(hostname, context).await,
            (None, Some(store)) => self.check_store(store, context),
            (None, None) => self.check_files(context),
        };

        Ok(report.unwrap_or_else(|failure| {
            let mut report = context.report();
            report.add_failure(failure);
            report.metrics = judgement::unknown_metrics(&self.expiries());
            report
        }))
    }
}

impl CertExpiry {
    /// From the wire: what the server shows in its handshake.
    async fn check_served(&self, hostname: &str, context: &Context) -> Result<Report, Failure> {
        let (settings, expiries) = (self.settings(hostname, context)?, self.expiries());
        let now = unix_seconds(context.started.time);
        let inspector = Inspector {
            settings: &settings,
            starttls: self.servers.starttls,
            wants_both: self.servers.wants_both(),
            now,
            deadline: &context.deadline,
        };

        let mut report = context.report();
        let found = self.servers.found(hostname, context, &mut report.events).await;
        let failures = found.failures.iter().map(|(_, failure)| failure.clone());
        let shown = match self.servers.all_addresses {
            _ if found.peers.is_empty() => failures.clone().map(Inspection::nothing).collect(),
            true => inspector.inspect_each(&found.peers).await,
            false => inspector.inspect(&found.peers).await,
        };

        if !found.peers.is_empty() {
            let passed_over = failures.map(|failure| report.judge(failure));
            // One target that has no address is enough to look elsewhere, but not where all are asked.
            let passed_over =
                passed_over.map(|found| if self.servers.all_addresses { found } else { Finding::remark(found.text) });
            report.findings.extend(passed_over.collect::<Vec<_>>());
        }
        report.target = self.servers.target(hostname, &shown);
        report.headline = self.servers.headline(hostname, &found, &shown);
        report.findings.extend(self.servers.left_out(&found));
        let assessment = Assessment { expiries: &expiries, settings: &settings, scrutiny: self.scrutiny(), now };
        assessment.add(shown, &mut report);
        Ok(report)
    }

    fn settings(&self, hostname: &str, context: &Context) -> Result<TlsSettings, Failure> {
        Ok(TlsSettings {
            expected_anchors: self.expect_anchor.clone(),
            is_shortest_path: self.judge == Some(Judged::Path),
            offer: Offer { keys: self.servers.keys(), is_for_reading: true, ..Offer::default() },
            ..self.tls.settings(hostname, &context.secrets)?
        })
    }

    fn scrutiny(&self) -> Scrutiny<'_> {
        let scope = match self.judge {
            _ if self.leaf_only => Scope::Leaf,
            Some(Judged::Path) => Scope::Path,
            Some(Judged::Served) | None => Scope::Shown,
        };
        Scrutiny { scope, anchors: &self.expect_anchor }
    }

    /// From files: each is a chain of its own.
    fn check_files(&self, context: &Context) -> Result<Report, Failure> {
        let passphrase = self.tls.passphrase(&context.secrets).read()?;
        let files = collection::read(&self.file, passphrase.as_deref());

        let mut report = context.report();
        self.add_items(files, passphrase.as_deref(), &mut report)?;
        Ok(report)
    }

    /// From a store of Windows: each certificate by itself.
    fn check_store(&self, store: &StoreName, context: &Context) -> Result<Report, Failure> {
        let wanted = Wanted { thumbprints: self.thumbprint.clone(), subjects: self.subject.clone() };
        let (certificates, failures) = store::choose(&store::read(store)?, &wanted, store);

        let mut report = context.report();
        for failure in failures {
            report.add_failure(failure);
        }
        if let [certificate] = certificates.as_slice() {
            report.add_diagnostic("certificate", certificate.name.clone());
        }
        let passphrase = self.tls.passphrase(&context.secrets).read()?;
        self.add_items(certificates.into_iter(), passphrase.as_deref(), &mut report)?;
        Ok(report)
    }

    /// Trust and name of what was not served are judged only if that is asked for.
    fn add_items(
        &self,
        items: impl ExactSizeIterator<Item = Item>,
        passphrase: Option<&str>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let anchors = self.tls.ca_file.as_deref().map(|path| tls::anchors(path, passphrase)).transpose()?;
        let (expiries, now, is_alone) = (self.expiries(), unix_seconds(report.started.time), items.len() == 1);
        let is_shortest = self.judge == Some(Judged::Path);
        let sought = SoughtPath { now, anchors: &self.expect_anchor, is_shortest };
        let mut judged = Vec::new();
        for item in items {
            let judgement = item.chain.map(|chain| {
                let verdict = verdict_of_file(&chain, anchors.as_deref(), &self.tls.fingerprint, &sought);
                let expected =
                    Expectations { expiries: &expiries, name: self.tls.tls_name.as_deref(), verdict: &verdict };
                report.add_trace(chain.iter().map(|certificate| format!("{}\n{certificate}", item.name)));
                judgement::judge_closely(&chain, &expected, self.scrutiny(), now)
            });
            match &judgement {
                Ok(judgement) => {
                    let target = (!is_alone).then_some(item.name.as_str());
                    judgement.add_with_end_to(report, target);
                }
                Err(failure) => report.add_failure(failure.clone()),
            }
            if let Some(failure) = item.unread {
                report.add_failure(failure);
            }
            judged.push(JudgedItem { name: item.name, label: item.label, judgement: judgement.ok() });
        }
        report.metrics = judgement::metrics_of_several(&judged, &expiries);
        Ok(())
    }

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
#[derive(Debug, clap::Args)]
#[command(mut_arg("peer", |peer| peer.help(PEER)))]
pub struct CertExpiry {
    /// Name or address of the host to ask
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host::parse, help_heading = "Target")]
    #[arg(required_unless_present_any = ["file", "store"])]
    hostname: Option<String>,

    #[command(flatten)]
    servers: ServerOptions,

    /// File with certificates to judge instead: PEM, DER, PKCS#7, PKCS#12 or JKS; repeatable, `*`, `?` and `[...]` match names
    #[arg(long, value_name = "FILE", conflicts_with = "hostname", help_heading = "Target")]
    file: Vec<String>,

    /// Certificate store of Windows to judge instead, such as LocalMachine\My or CurrentUser\My
    #[arg(long, value_name = "LOCATION\\NAME", conflicts_with_all = ["hostname", "file"], help_heading = "Target")]
    store: Option<StoreName>,

    /// Judge only the certificate of the store with this SHA-1 thumbprint, as Windows shows it; repeatable
    #[arg(long, value_name = "SHA1", help_heading = "Target")]
    thumbprint: Vec<Thumbprint>,

    /// Judge only certificates of the store whose subject or DNS names contain this text, in any case; repeatable
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new(), help_heading = "Target")]
    subject: Vec<String>,

    #[command(flatten)]
    peer: PeerOptions,

    #[command(flatten)]
    tls: TlsOptions,

    /// Judge dates, keys and signatures of the leaf only, and of nobody behind it
    #[arg(long, conflicts_with = "judge", help_heading = "Expectations")]
    leaf_only: bool,

    /// Which certificates to judge: all that are served, or those of the shortest path to a trust anchor [default: served]
    #[arg(long, value_enum, value_name = "WHICH", help_heading = "Expectations")]
    judge: Option<Judged>,

    /// SHA-256 of a trust anchor that the chain should end at, 64 hexadecimal digits with or without colons; repeatable
    #[arg(long, value_name = "SHA256", help_heading = "Expectations")]
    expect_anchor: Vec<Fingerprint>,

    /// WARNING when less is left: days (30), hours (36h), per cent of the lifetime (33%) or a range of days [default: 30]
    #[arg(short, long, value_name = "EXPIRY", allow_hyphen_values = true, help_heading = "Thresholds")]
    warning: Option<Expiry>,

    /// CRITICAL when less is left, likewise; a default stands only beside a threshold in days [default: 14]
    #[arg(short, long, value_name = "EXPIRY", allow_hyphen_values = true, help_heading = "Thresholds")]
    critical: Option<Expiry>,
}

/// `--judge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Judged {
    /// All that are served.
    Served,
    /// Those of the shortest path to a trust anchor.
    Path,
}

impl Options for CertExpiry {
    const ABOUT: &'static About = &About {
        name: "check_um_cert_expiry",
        title: "UM CERT EXPIRY",
        stands_for: StandsFor { probe: "", monitor: "UMCallRouterCertificateNearExpiryMonitor" },
        classes: &[
            Class::OF_CONNECTIONS,
            Class::OF_TLS,
            &[
                Class::Anchor,
                Class::Authentication,
                Class::Missing,
                Class::NoData,
                Class::Unreadable,
                Class::Permission,
            ],
        ],
        defaults: &[
            Override { class: Class::ClientCertificateRequired, state: State::Ok },
            Override { class: Class::Untrusted, state: State::Warning },
            Override { class: Class::NameMismatch, state: State::Warning },
        ],
        advice: cert_advice::on_exchange,
    };
    const USAGE: &'static [&'static str] =
        &["-H HOST [OPTIONS]", "--file FILE [OPTIONS]", "--store LOCATION\\NAME [OPTIONS] (on Windows)"];
    const EXAMPLES: [&'static str; 3] = [
        "-H cas1.example.com --ca-file /etc/ssl/example-ca.pem",
        "-H sbc.example.com -w 33% -c 10%",
        "--file /etc/ssl/certs/cas1.pem -w 30 -c 14",
    ];
    const NEEDS: &'static [&'static [Need]] = &[&[
        Need {
            options: &[
                "--port",
                "--starttls",
                "--srv",
                "--all-addresses",
                "--keys",
                "--no-verify",
                "--client-certificate",
            ],
            when: When::Given("--hostname"),
        },
        Need { options: &["--dns-server"], when: When::Given("--srv") },
        Need {
            options: &["--judge", "--expect-anchor"],
            when: When::All(&[
                When::Any(&[When::Given("--hostname"), When::Given("--ca-file")]),
                When::Absent("--no-verify"),
            ]),
        },
        Need { options: &["--client-key"], when: When::Given("--client-certificate") },
        Need {
            options: &["--passphrase-file", "--passphrase-env"],
            when: When::Any(&[When::Given("--client-certificate"), When::Given("--file"), When::Given("--ca-file")]),
        },
        Need { options: &["--thumbprint", "--subject"], when: When::Given("--store") },
    ]];
    const DEFAULT_THRESHOLDS: &'static [(&'static str, &'static str)] = &[("--critical", DEFAULT_CRITICAL)];

    fn target(&self) -> Target {
        let of = |host: String, transport| Target { host, transport, ..Target::default() };
        match (&self.hostname, &self.store) {
            (Some(hostname), _) => self.servers.target(hostname, &[]),
            (None, Some(store)) => of(store.to_string(), "store"),
            (None, None) => of(self.file.join(", "), "file"),
        }
    }

    /// Nothing in TLS says whose certificate it is. A store of Windows is looked at on an Exchange server.
    fn advice(&self) -> fn(Option<Class>) -> &'static str {
        match (self.is_of_exchange(), self.servers.starttls) {
            (true, None) => cert_advice::on_exchange,
            (true, Some(_)) => cert_advice::on_exchange_by_starttls,
            (false, None) if self.hostname.is_none() => cert_advice::on_files,
            (false, None) => cert_advice::on_any_server,
            (false, Some(_)) => cert_advice::on_any_server_by_starttls,
        }
    }

    fn is_of_exchange(&self) -> bool {
        self.peer.is_exchange(self.store.is_some())
    }

    fn contradiction(&self, _: &Secrets) -> Option<String> {
        match &self.hostname {
            _ if self.store.is_some() && !cfg!(windows) => Some(store::NEEDS_WINDOWS.to_owned()),
            Some(host) => self.servers.contradiction(host),
            None => None,
        }
    }
}

impl Scheduled for CertExpiry {
    const SERVICES: &'static [ScheduledService] = &[ScheduledService {
        name: "um-cert-expiry",
        title: "UM certificate",
        alert: "The UM Call Router certificate is nearing its expiration date",
        vantage: Vantage::Tls,
        interval: 6 * 60,
        retry: 30,
        attempts: 2,
        arguments: &[EXCHANGE],
        suggested: &[("--warning", "30"), ("--critical", "14")],
        metrics: &[
            metric("days_left", "days left of the whole chain", DisplayUnit::Days),
            metric("leaf_days_left", "days left of the router's certificate", DisplayUnit::Days),
            metric("leaf_lifetime_left", "lifetime left of the router's certificate", DisplayUnit::Percent),
        ],
        graphs: &[graph("days left", &["days_left", "leaf_days_left"])],
        ..ScheduledService::usual(Self::ABOUT)
    }];
    const ON_ANY_SERVER: fn(Option<Class>) -> &'static str = cert_advice::on_any_server;
}

const DEFAULT_WARNING: &str = "30";
const DEFAULT_CRITICAL: &str = "14";

const PEER: &str = "Whose certificate it is, which decides on the words of the advice; auto: Exchange's from a store of \
                    Windows, else anybody's [default: auto]";

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::time::SystemTime;

    use super::*;
    use crate::plugin::understood;

    #[test]
    fn the_shortest_path_is_wanted_by_whoever_judges_the_path_and_by_nobody_else() {
        let anchors = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/x509/server.pem");
        for (more, is_shortest) in [(&[][..], false), (&["--judge", "served"], false), (&["--judge", "path"], true)] {
            let argv = [&["x", "-H", "sbc.example.com", "--ca-file", anchors], more].concat();
            let argv = argv.into_iter().map(OsString::from).collect();
            let (context, check) = understood::<CertExpiry>(argv, SystemTime::now()).unwrap();
            let settings = check.settings("sbc.example.com", &context).unwrap();
            assert_eq!(settings.is_shortest_path, is_shortest, "{more:?}");
        }
    }

    #[test]
    fn a_path_to_the_anchors_that_are_expected_is_looked_for() {
        let fingerprint = "ab".repeat(32);
        let argv = ["x", "-H", "sbc.example.com", "--expect-anchor", &fingerprint].map(OsString::from).to_vec();
        let (context, check) = understood::<CertExpiry>(argv, SystemTime::now()).unwrap();
        assert_eq!(check.settings("sbc.example.com", &context).unwrap().expected_anchors.len(), 1);
    }
}
