//! Does a call get where it should, and is it alive there?
//!
//! | state    | when                                                                                              |
//! |----------|---------------------------------------------------------------------------------------------------|
//! | OK       | the final response is one of `--expect`, what it redirects to answers, and all is within its ranges |
//! | WARNING  | a value violates `--warning`; the call may not have been taken back                               |
//! | CRITICAL | another final response, none in time, a redirection that leads nowhere, an answer without audio, |
//! |          | `--critical` violated                                                                            |
//! | UNKNOWN  | bad arguments, the name does not resolve, a local file cannot be read, a signal                    |
//!
//! Whatever happens, no call is left behind: see `sip::call`.

use std::time::Duration;

use super::call_routing_advice;
use crate::net::source::Source;
use crate::options::digest::DigestOptions;
use crate::options::headers::HeaderOptions;
use crate::options::peer::PeerOptions;
use crate::options::request::RequestOptions;
use crate::options::served::ServedOptions;
use crate::options::server::ServerOptions;
use crate::options::status::StatusOptions;
use crate::options::tls::TlsOptions;
use crate::options::{Need, Options, Secrets, When, plain, reworded};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Failure, Finding, Range, Report, StandsFor, Target, Thresholds};
use crate::sip::assessment::Assessment;
use crate::sip::call::assessment::CallAssessment;
use crate::sip::call::machine::{Until, Wish};
use crate::sip::call::routed::Attempt;
use crate::sip::call::routing::{self, CallQuestion, Redirect};
use crate::sip::call::uac::release_time;
use crate::sip::expect::StatusSet;
use crate::sip::judge::{self, Expected};
use crate::sip::probe::Question;
use crate::sip::transport::Transport;
use crate::time::calendar::unix_seconds;
use crate::time::words::seconds;

impl Check for CallRouting {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let mut report = context.report();
        let timeout = context.deadline.timeout();
        let longest = timeout - release_time(timeout);
        if self.hold() >= longest {
            let (hold, longest, timeout) = (seconds(self.hold()), seconds(longest), seconds(timeout));
            let text = format!(
                "--hold: expected less than {longest}, when taking the call back begins (of {timeout}, -t), found {hold}"
            );
            report.add_finding(Finding::unknown(text));
            return Ok(report);
        }
        let question = self.question(context)?;

        // Whom to trust may be about the target of a redirection, where one is asked.
        let of_first = self.tls.given().filter(|_| self.redirect == Some(Redirect::Accept));
        let of_tls = self.served.thresholds_given().chain(of_first);
        let located = self.server.locate(of_tls, &context.deadline, &mut report.events).await;
        let transport = located.as_ref().map_or_else(|_| self.server.transport(), |location| location.transport);
        report.target = self.server.target(transport, None);
        let routed = routing::route(&question, &located?).await;

        report.target = self.server.target(transport, Some(&routed.first.facts));
        let said = routed.attempts().filter_map(Attempt::called).filter_map(|called| called.call.last_response());
        let is_exchange = said.into_iter().any(judge::is_of_exchange);
        report.advise_by(self.advice_on(is_exchange));
        report.is_of_exchange = self.peer.is_exchange(is_exchange);
        let common = self.assessment(context, transport)?;
        CallAssessment { common: &common, until: self.until(), hold: self.hold() }.add(routed, &mut report);
        report.events.sort_by_key(|event| event.at);
        Ok(report)
    }
}

impl CallRouting {
    fn advice_on(&self, is_exchange: bool) -> fn(Option<Class>) -> &'static str {
        if self.peer.is_exchange(is_exchange) {
            call_routing_advice::on_exchange
        } else {
            call_routing_advice::on_any_server
        }
    }

    fn question(&self, context: &Context) -> Result<CallQuestion, Failure> {
        let (server, request) = (&self.server, &self.request);
        let question = Question {
            source: Source { address: server.source_address, port: None },
            uri: request.uri.clone().or_else(|| server.domain_uri()),
            from: request.from.clone(),
            to: request.to.clone(),
            contact: request.contact.clone(),
            user_agent: request.user_agent(),
            max_forwards: request.max_forwards(),
            // Those are for the call.
            routes: Vec::new(),
            headers: Vec::new(),
            repetition: None,
            credentials: self.digest.credentials(&context.secrets)?,
            // A redirection may lead from any transport to TLS.
            tls: Some(self.tls.settings(&server.hostname, &context.secrets)?),
            tls_backend: self.served.backend()?,
            expiries: self.served.expiries(),
            asks_untrusted: !context.is_critical(Class::Untrusted),
            asks_unverifiable: !context.is_critical(Class::Unverifiable),
            asks_misnamed: !context.is_critical(Class::NameMismatch),
            now: unix_seconds(context.started.time),
            deadline: context.deadline,
        };
        Ok(CallQuestion {
            question,
            family: server.family(),
            wish: Wish { until: self.until(), hold: self.hold(), credentials: None },
            redirect: self.redirect.unwrap_or_default(),
            max_redirects: self.max_redirects.unwrap_or(DEFAULT_MAX_REDIRECTS),
            headers: self.headers.headers.clone(),
            routes: self.headers.routes.clone(),
            nameservers: server.nameservers()?,
        })
    }

    fn assessment(&self, context: &Context, transport: Transport) -> Result<Assessment, Failure> {
        Ok(Assessment {
            transport,
            expected: Expected {
                statuses: self.status.rules(StatusSet::of_calls()),
                headers: Vec::new(),
                allow: Vec::new(),
            },
            thresholds: Thresholds::new(self.warning.clone(), self.critical.clone()),
            loss: None,
            expiries: self.served.expiries(),
            timeout: context.deadline.timeout(),
            is_verified: !self.tls.no_verify,
            is_alone: true,
            is_labelled: false,
            measured: Vec::new(),
            suffixes: Vec::new(),
        })
    }

    fn until(&self) -> Until {
        self.until.unwrap_or_default()
    }

    fn hold(&self) -> Duration {
        self.hold.unwrap_or_default()
    }
}

/// Make a call through a Call Router, or any SIP server, see where it gets, and take it back.
#[derive(Debug, clap::Args)]
#[command(mut_args(|option| reworded(option, &[("uri", URI_HELP), ("expect", EXPECT_HELP)])))]
pub struct CallRouting {
    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    request: RequestOptions,

    #[command(flatten)]
    headers: HeaderOptions,

    #[command(flatten)]
    digest: DigestOptions,

    /// What a redirection is to be: ask (is the preferred Contact alive?), follow (call there), accept (it is the answer)
    /// [default: ask]
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Call", hide_possible_values = true)]
    redirect: Option<Redirect>,

    /// How many redirections are followed, 0 to 255 [default: 5]
    #[arg(long, value_name = "N", value_parser = plain::octet, help_heading = "Call")]
    max_redirects: Option<u8>,

    /// What is enough: answer (a final response), ringing (a 18x; then the call is cancelled, and the ranges judge how long it
    /// took to ring) [default: answer]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Call", hide_possible_values = true)]
    until: Option<Until>,

    /// Keep an answered call for so many seconds, fractions allowed [default: 0]
    #[arg(long, value_name = "SEC", value_parser = plain::seconds, help_heading = "Call")]
    hold: Option<Duration>,

    #[command(flatten)]
    status: StatusOptions,

    /// WARNING when the time to the final response, or with --until ringing to ringing, in seconds, is outside this range
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    warning: Option<Range>,

    /// CRITICAL when that time is outside this range
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    critical: Option<Range>,

    #[command(flatten)]
    tls: TlsOptions,

    #[command(flatten)]
    served: ServedOptions,

    #[command(flatten)]
    peer: PeerOptions,
}

impl Options for CallRouting {
    const ABOUT: &'static About = &About {
        name: "check_um_call_routing",
        title: "UM CALL ROUTING",
        stands_for: StandsFor { probe: "UMCallRouterTestProbe", monitor: "UMCallRouterTestMonitor" },
        classes: &[
            Class::OF_CONNECTIONS,
            Class::OF_TLS,
            &[
                Class::Protocol,
                Class::Status,
                Class::Redirection,
                Class::Media,
                Class::Release,
                Class::Authentication,
                Class::Unreadable,
                Class::Permission,
            ],
        ],
        defaults: &[],
        advice: call_routing_advice::on_exchange,
    };
    const USAGE: &'static [&'static str] = &["-H HOST -u URI [OPTIONS]", "-H DOMAIN --srv -u URI [OPTIONS]"];
    const EXAMPLES: [&'static str; 3] = [
        "-H cas1.example.com -u sip:5000@cas1.example.com -w 1 -c 3",
        "-H pbx.example.com --transport udp -u sip:100@pbx.example.com --until ringing -w 2 -c 5",
        "-H cas1.example.com -u sip:5000@cas1.example.com --redirect follow --hold 2 -t 15",
    ];
    const NEEDS: &'static [&'static [Need]] = &[
        TlsOptions::NEEDS,
        DigestOptions::NEEDS,
        ServerOptions::NEEDS,
        &[
            // All but the name, which the target of a redirection has of its own, may be about that target.
            Need { options: TlsOptions::NAMES.split_at(1).1, when: MAY_MEET_TLS },
            Need { options: ServedOptions::NAMES, when: MAY_MEET_TLS },
            Need { options: &["--tls-name"], when: ServerOptions::OVER_TLS },
            Need { options: &["--max-redirects"], when: When::Is("--redirect", "follow") },
            Need { options: &["--hold"], when: When::Any(&[When::Absent("--until"), When::Is("--until", "answer")]) },
        ],
    ];

    fn target(&self) -> Target {
        self.server.target(self.server.transport(), None)
    }

    fn advice(&self) -> fn(Option<Class>) -> &'static str {
        self.advice_on(false)
    }

    fn is_of_exchange(&self) -> bool {
        self.peer.is_exchange(false)
    }

    fn contradiction(&self, secrets: &Secrets) -> Option<String> {
        let contradiction = self.server.contradiction().or_else(|| self.digest.contradiction(secrets));
        contradiction.or(self.request.uri.is_none().then_some(NOBODY)).map(str::to_owned)
    }
}

const MAY_MEET_TLS: When = When::Any(&[
    ServerOptions::OVER_TLS,
    When::Absent("--redirect"),
    When::Is("--redirect", "ask"),
    When::Is("--redirect", "follow"),
]);

/// Nobody is called by accident: of a Call Router that is one more call that it rejects.
const NOBODY: &str = "--uri: expected whom to call, such as sip:5000@cas1.example.com, found none";

const URI_HELP: &str = "Whom to call; always to be given";

const EXPECT_HELP: &str = "Final responses that are as they should be: codes (200), ranges (480-489), classes (2xx), separated \
                           by commas [default: 2xx,3xx]";

/// RFC 3261 names no number; a Call Router redirects once, the UM service behind it once more.
const DEFAULT_MAX_REDIRECTS: u8 = 5;

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::time::SystemTime;

    use super::*;
    use crate::plugin::{report_at, understood};

    #[test]
    fn whose_certificate_is_in_doubt_is_called_unless_that_alone_is_critical() {
        let asks = |states: [&str; 3]| {
            let states = ["untrusted", "unverifiable", "name-mismatch"].iter().zip(states);
            let states: String = states.map(|(class, state)| format!(" --state {class}={state}")).collect();
            let line = format!("x -H sbc.example.com --transport tls --uri sip:a@example.com{states}");
            let argv = line.split(' ').map(OsString::from).collect();
            let (context, check) = understood::<CallRouting>(argv, SystemTime::now()).unwrap();
            let question = check.question(&context).unwrap().question;
            [question.asks_untrusted, question.asks_unverifiable, question.asks_misnamed]
        };
        assert_eq!(asks(["warning", "critical", "critical"]), [true, false, false]);
        assert_eq!(asks(["critical", "warning", "critical"]), [false, true, false]);
        assert_eq!(asks(["critical", "critical", "warning"]), [false, false, true]);
    }

    #[test]
    fn whose_certificate_nobody_verifies_is_known() {
        let is_verified = |more: &str| {
            let line = format!("x -H sbc.example.com --transport tls --uri sip:a@example.com{more}");
            let argv = line.split(' ').map(OsString::from).collect();
            let (context, check) = understood::<CallRouting>(argv, SystemTime::now()).unwrap();
            check.assessment(&context, Transport::Tls).unwrap().is_verified
        };
        assert_eq!(["", " --no-verify"].map(is_verified), [true, false]);
    }

    #[test]
    fn a_call_that_cannot_be_taken_back_in_time_is_not_made() {
        let line = "x -H 127.0.0.1 -p 9 --uri sip:a@example.com -t 10 --hold 10";
        let argv = line.split(' ').map(OsString::from).collect();
        let report = report_at::<CallRouting>(argv, SystemTime::now()).unwrap();
        let said = report.summary();
        assert!(said.starts_with("--hold: expected less than 9 s, when taking the call back begins"), "{said}");
    }
}
