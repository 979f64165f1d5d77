//! Does the Call Router answer SIP OPTIONS, and how fast?
//!
//! | state    | when                                                                                  |
//! |----------|---------------------------------------------------------------------------------------|
//! | OK       | the final response is one of `--expect`, and everything measured is within its ranges |
//! | WARNING  | a value violates `--warning`, or the share of a series that is lost `--loss-warning`; |
//! |          | a client certificate is demanded and none was given                                   |
//! | CRITICAL | another final response, none before the deadline, a value violates `--critical`, or   |
//! |          | the share of a series that is lost `--loss-critical`                                  |
//! | UNKNOWN  | bad arguments, the name does not resolve, a local file cannot be read                 |
//!
//! Of several, where `--down-warning` or `--down-critical` says how many may be down, their number decides instead.

use std::time::Duration;

use super::sip_advice;
use crate::net::source::Source;
use crate::net::tally::Named;
use crate::options::digest::DigestOptions;
use crate::options::down::{DownOptions, Members};
use crate::options::headers::HeaderOptions;
use crate::options::peer::PeerOptions;
use crate::options::request::RequestOptions;
use crate::options::series::SeriesOptions;
use crate::options::served::ServedOptions;
use crate::options::server::ServerOptions;
use crate::options::status::StatusOptions;
use crate::options::tls::TlsOptions;
use crate::options::{Need, Options, Secrets, plain};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Event, Failure, Range, Report, StandsFor, State, Target, Thresholds};
use crate::sip::assessment::Assessment;
use crate::sip::expect::StatusSet;
use crate::sip::judge::{self, Expected, HeaderPattern};
use crate::sip::locate::Location;
use crate::sip::probe::{self, Asked, Question};
use crate::sip::transport::Transport;
use crate::sip::uac::repeated::Repetition;
use crate::time::calendar::unix_seconds;

impl Check for SipOptions {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let question = self.question(context)?;

        let mut report = context.report();
        let located = self.locate(context, &mut report.events).await;
        let transport = located.as_ref().map_or_else(|_| self.server.transport(), |location| location.transport);
        let asked = match &located {
            Ok(location) if self.all_addresses => probe::ask_each(&question, location).await,
            Ok(location) => Asked::one(probe::ask(&question, location).await),
            Err(failure) => Asked::nobody(failure.clone()),
        };

        let only = if let [only] = asked.outcomes.as_slice() { Some(&only.facts) } else { None };
        report.target = self.server.target(transport, only);
        report.headline = self.headline(&asked);
        let mut answers = asked.outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok());
        let is_exchange = answers.any(|answer| judge::is_of_exchange(&answer.response));
        report.advise_by(self.advice_on(is_exchange));
        report.is_of_exchange = self.peer.is_exchange(is_exchange);
        let mut assessment = self.assessment(context, transport, asked.outcomes.len() == 1);
        report.findings.extend(asked.left_out.finding());
        let mut members = Members::of(self.named(), asked.left_out, report.findings.len());
        for outcome in asked.outcomes {
            let (target, peer) = (outcome.target.clone(), outcome.facts.peer.as_ref().map(|peer| peer.address));
            let before = report.findings.len();
            let answers = assessment.add(outcome, &mut report);
            // What a class is worth alone does not count: who does not answer is down.
            let worst = report.findings.iter().skip(before).map(|finding| finding.state).max();
            if let Some(target) = &target {
                members.add(target, peer, answers.then_some(worst.unwrap_or(State::Ok)));
            }
        }
        self.down.judge(&members, &mut report);
        report.events.sort_by_key(|event| event.at);
        Ok(report)
    }
}

impl SipOptions {
    /// Where to ask: the host itself, or the targets of a domain.
    async fn locate(&self, context: &Context, events: &mut Vec<Event>) -> Result<Location, Failure> {
        let of_tls = self.tls.given().chain(self.served.given());
        let location = self.server.locate(of_tls, &context.deadline, events).await?;
        Ok(if self.server.srv && self.all_addresses { location.sorted() } else { location })
    }

    fn advice_on(&self, is_exchange: bool) -> fn(Option<Class>) -> &'static str {
        if self.peer.is_exchange(is_exchange) { sip_advice::on_exchange } else { sip_advice::on_any_server }
    }

    /// How many answer, where several are asked, and how many there are beside them.
    fn headline(&self, asked: &Asked) -> Option<String> {
        asked.tally().text(&self.named(), "answer")
    }

    fn named(&self) -> Named<'_> {
        let name = &self.server.hostname;
        if self.server.srv { Named::Domain(name) } else { Named::Host(name) }
    }

    fn assessment(&self, context: &Context, transport: Transport, is_alone: bool) -> Assessment {
        Assessment {
            transport,
            expected: self.expected(),
            thresholds: Thresholds::new(self.warning.clone(), self.critical.clone()),
            loss: self.series.loss_thresholds(),
            expiries: self.served.expiries(),
            timeout: context.deadline.timeout(),
            is_verified: !self.tls.no_verify,
            is_alone,
            is_labelled: self.all_addresses,
            measured: Vec::new(),
            suffixes: Vec::new(),
        }
    }

    fn expected(&self) -> Expected {
        Expected {
            statuses: self.status.rules(StatusSet::default()),
            headers: self.require_header.clone(),
            allow: self.require_allow.clone(),
        }
    }

    fn question(&self, context: &Context) -> Result<Question, Failure> {
        let (server, request) = (&self.server, &self.request);
        Ok(Question {
            source: Source { address: server.source_address, port: self.source_port },
            uri: request.uri.clone().or_else(|| server.domain_uri()),
            from: request.from.clone(),
            to: request.to.clone(),
            contact: request.contact.clone(),
            user_agent: request.user_agent(),
            max_forwards: request.max_forwards(),
            routes: self.headers.routes.clone(),
            headers: self.headers.headers.clone(),
            repetition: self.series.pace().map(|pace| Repetition { pace, expected: self.expected(), patience: None }),
            credentials: self.digest.credentials(&context.secrets)?,
            tls: server.may_be_tls().then(|| self.tls.settings(&server.hostname, &context.secrets)).transpose()?,
            tls_backend: self.served.backend()?,
            expiries: self.served.expiries(),
            asks_untrusted: !context.is_critical(Class::Untrusted),
            asks_unverifiable: !context.is_critical(Class::Unverifiable),
            asks_misnamed: !context.is_critical(Class::NameMismatch),
            now: unix_seconds(context.started.time),
            deadline: context.deadline,
        })
    }
}

/// Send SIP OPTIONS to a Call Router, or any SIP server, and judge the answer.
#[derive(Debug, clap::Args)]
pub struct SipOptions {
    #[command(flatten)]
    server: ServerOptions,

    /// Probe every address behind the name, and with --srv of every target; the worst decides, each has its own metrics
    #[arg(long, help_heading = "Target")]
    all_addresses: bool,

    /// Local port to send from, 1 to 65535; not for several addresses at the same time
    #[arg(long, value_name = "PORT", value_parser = plain::port, help_heading = "Target")]
    source_port: Option<u16>,

    #[command(flatten)]
    peer: PeerOptions,

    #[command(flatten)]
    request: RequestOptions,

    #[command(flatten)]
    headers: HeaderOptions,

    #[command(flatten)]
    series: SeriesOptions,

    #[command(flatten)]
    digest: DigestOptions,

    #[command(flatten)]
    status: StatusOptions,

    /// A header that the final response must have, with a value that the regular expression matches; repeatable
    #[arg(long, value_name = "'NAME: REGEX'", help_heading = "Expectations")]
    require_header: Vec<HeaderPattern>,

    /// Methods that the Allow headers must list, separated by commas
    #[arg(long, value_name = "METHODS", value_delimiter = ',', value_parser = plain::method, help_heading = "Expectations")]
    require_allow: Vec<String>,

    /// WARNING when the time to the final response, in seconds, is outside this range; with --count the median
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    warning: Option<Range>,

    /// CRITICAL when the time to the final response, in seconds, is outside this range; with --count the median
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    critical: Option<Range>,

    #[command(flatten)]
    down: DownOptions,

    #[command(flatten)]
    tls: TlsOptions,

    #[command(flatten)]
    served: ServedOptions,
}

impl Options for SipOptions {
    const ABOUT: &'static About = &About {
        name: "check_um_sip_options",
        title: "UM SIP OPTIONS",
        stands_for: StandsFor { probe: "UMCallRouterTestProbe", monitor: "UMCallRouterTestMonitor" },
        classes: &[
            Class::OF_CONNECTIONS,
            Class::OF_TLS,
            &[Class::Protocol, Class::Status, Class::Authentication, Class::Unreadable, Class::Permission],
        ],
        defaults: &[],
        advice: sip_advice::on_exchange,
    };
    const USAGE: &'static [&'static str] = &["-H HOST [OPTIONS]", "-H DOMAIN --srv [OPTIONS]"];
    const EXAMPLES: [&'static str; 3] = [
        "-H cas1.example.com -w 1 -c 3 -t 5",
        "-H cas1.example.com --transport tls --ca-file /etc/ssl/example-ca.pem --certificate-warning 30",
        "-H example.com --srv --all-addresses --state refused=warning",
    ];
    const NEEDS: &'static [&'static [Need]] = &[
        TlsOptions::NEEDS,
        DigestOptions::NEEDS,
        ServerOptions::NEEDS,
        SeriesOptions::NEEDS,
        DownOptions::NEEDS,
        &[
            Need { options: TlsOptions::NAMES, when: ServerOptions::OVER_TLS },
            Need { options: ServedOptions::NAMES, when: ServerOptions::OVER_TLS },
        ],
    ];

    const DEFAULT_THRESHOLDS: &'static [(&'static str, &'static str)] = SeriesOptions::DEFAULT_THRESHOLDS;

    fn target(&self) -> Target {
        self.server.target(self.server.transport(), None)
    }

    fn advice(&self) -> fn(Option<Class>) -> &'static str {
        self.advice_on(false)
    }

    fn is_of_exchange(&self) -> bool {
        self.peer.is_exchange(false)
    }

    fn least_time(&self) -> Option<(Duration, &'static str)> {
        Some((self.series.pace()?.whole(), "--count times --interval"))
    }

    fn contradiction(&self, secrets: &Secrets) -> Option<String> {
        let several = (self.source_port.is_some() && self.all_addresses).then_some(ONE_PORT);
        several
            .or_else(|| self.server.contradiction())
            .or_else(|| self.digest.contradiction(secrets))
            .map(str::to_owned)
    }
}

const ONE_PORT: &str = "--source-port: expected no --all-addresses, for one port cannot ask several at the same time";

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::plugin::understood;

    #[test]
    fn who_shows_a_bad_certificate_is_asked_all_the_same_where_that_is_not_critical() {
        for (bad, expected) in [
            ("untrusted", [true, false, false]),
            ("unverifiable", [false, true, false]),
            ("name-mismatch", [false, false, true]),
        ] {
            let states = ["untrusted", "unverifiable", "name-mismatch"].into_iter().map(|class| {
                let state = if class == bad { "warning" } else { "critical" };
                format!("--state={class}={state}")
            });
            let line = ["x", "-H", "cas1.example.com", "--transport", "tls"].map(str::to_owned).into_iter();
            let argv = line.chain(states).map(Into::into).collect();
            let (context, check) = understood::<SipOptions>(argv, SystemTime::UNIX_EPOCH).unwrap();
            let asked = check.question(&context).unwrap();
            assert_eq!([asked.asks_untrusted, asked.asks_unverifiable, asked.asks_misnamed], expected, "{bad}");
        }
    }
}
