//! Is the service there, not disabled, running, and its component in service?
//!
//! | state    | when                                                                                             |
//! |----------|--------------------------------------------------------------------------------------------------|
//! | OK       | every service is running and not disabled, and nobody requested the component out of service     |
//! | WARNING  | `disabled`, running or not; starting or stopping; the component is inactive (`maintenance`)      |
//! | CRITICAL | `stopped` or paused; `missing`; the service manager does not answer in time, or is `unreachable` |
//! | UNKNOWN  | the host cannot be asked (`dns`, `permission`, `no-data`); elsewhere than on Windows without an exporter |

use std::str::FromStr;
use std::time::Duration;

use super::schedule::{DisplayUnit, Elsewhere, Scheduled, ScheduledService, Setting, Words, graph, metric};
use super::shared_advice;
use crate::exporter::url::Url;
use crate::net::host;
use crate::options::exporter::ExporterOptions;
use crate::options::tls::TlsOptions;
use crate::options::{Lack, Need, Options, Secrets, When};
use crate::plugin::{Check, Context};
use crate::report::{About, Class, Failure, Finding, Metric, Report, StandsFor, State, Target, Uom, label_of};
use crate::service::component::Component;
use crate::service::judge::{Fitness, describe, judge, uptime};
use crate::service::{self, Condition, ServiceStatus};

impl Check for Service {
    async fn check(&self, context: &Context) -> Result<Report, Failure> {
        let services = self.services();
        let host = self.hostname.as_deref();
        let answer = match &self.source {
            None => service::ask(host, &services, self.component(), &context.deadline).await,
            Some(ServiceSource(url)) => match self.exporter.exporter(url, &context.secrets) {
                Ok(exporter) => service::exporter::ask(&exporter, &services, host, &context.deadline).await,
                Err(failure) => Err(failure.reclassified(Class::NoData)),
            },
        };

        let mut report = context.report();
        if self.source.is_some() {
            report.advise_by(advice_on_exporter);
        }
        // Of several services each has its name behind the names of its facts.
        let suffixes: Vec<_> = services.iter().map(|name| (services.len() > 1).then_some(name.as_str())).collect();
        match answer {
            Ok(answer) => {
                for (suffix, service) in suffixes.into_iter().zip(answer.services) {
                    add_service(service, suffix, &mut report);
                }
                answer.component.into_iter().for_each(|component| add_component(component, &mut report));
            }
            Err(failure) => {
                report.add_failure(failure);
                suffixes.into_iter().for_each(|suffix| add_metrics(None, None, suffix, &mut report));
            }
        }
        Ok(report)
    }
}

fn add_service(service: Result<ServiceStatus, Failure>, suffix: Option<&str>, report: &mut Report) {
    let (finding, running, uptime) = match service {
        Ok(service) => {
            let fact = suffix.map_or_else(|| "service".to_owned(), |name| format!("service_{}", label_of(name)));
            report.add_diagnostic(&fact, describe(&service));
            let running = u32::from(service.condition == Condition::Running);
            (judged(&service, report), Some(running), uptime(&service, report.started.time))
        }
        // Of a service that does not exist it is known that it does not run.
        Err(failure) => {
            let running = (failure.class == Class::Missing).then_some(0);
            (report.judge(failure), running, running.map(|_| Duration::ZERO))
        }
    };
    report.add_finding(finding);
    add_metrics(running, uptime, suffix, report);
}

fn judged(service: &ServiceStatus, report: &Report) -> Finding {
    match judge(service, report.started.time) {
        Fitness::Working(text) => Finding::ok(text),
        Fitness::OnItsWay(text) => Finding { state: State::Warning, advice: advice(None), ..Finding::ok(text) },
        Fitness::Failing(failure) => report.judge(failure),
    }
}

fn add_component(component: Result<Component, Failure>, report: &mut Report) {
    match component {
        Ok(component) => {
            report.add_diagnostic("component", format!("{}: {}", component.name, component.describe()));
            component.failures().into_iter().for_each(|failure| report.add_failure(failure));
        }
        Err(failure) => report.add_failure(failure),
    }
}

fn add_metrics(running: Option<u32>, uptime: Option<Duration>, suffix: Option<&str>, report: &mut Report) {
    let running = Metric::optional("running", running.map(f64::from), Uom::None).min(0.0).max(1.0);
    for metric in [running, Metric::seconds("uptime", uptime)] {
        report.add_metric(if let Some(suffix) = suffix { metric.suffixed(suffix) } else { metric });
    }
}

impl Service {
    /// Each service once: names are compared without regard to case, as the service manager does.
    fn services(&self) -> Vec<String> {
        let mut services: Vec<String> = Vec::new();
        for name in &self.service {
            if !services.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                services.push(name.clone());
            }
        }
        services
    }

    fn component(&self) -> Option<&str> {
        Some(self.component.as_deref().unwrap_or(ROUTER)).filter(|name| *name != NO_COMPONENT)
    }
}

/// Check whether Windows services are there, not disabled and running, and their Exchange component in service.
#[derive(Debug, clap::Args)]
pub struct Service {
    /// Service to look at, by its short name as in sc query; repeatable
    #[arg(long, value_name = "NAME", default_value = "MSExchangeUMCR", value_parser = service_name)]
    service: Vec<String>,

    /// Where services are looked up: prometheus:URL (the collector service of windows_exporter, http or https) [default: the
    /// service manager of Windows]
    #[arg(long, value_name = "SOURCE")]
    source: Option<ServiceSource>,

    /// Exchange component whose state is looked up in the registry, not with --source; none for a server without Exchange
    /// [default: UMCallRouter]
    #[arg(long, value_name = "NAME", value_parser = component_name)]
    component: Option<String>,

    /// Host whose service manager and registry are asked; with --source the one whose services are judged, where the source
    /// knows several [default: this one]
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host::parse)]
    hostname: Option<String>,

    #[command(flatten)]
    exporter: ExporterOptions,
}

/// `--source prometheus:URL`.
#[derive(Clone, Debug)]
struct ServiceSource(Url);

impl FromStr for ServiceSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = text.strip_prefix("prometheus:").ok_or("not a source of services: expected prometheus:URL")?;
        url.parse().map(Self).map_err(|error| format!("prometheus: {error}"))
    }
}

impl Options for Service {
    const ABOUT: &'static About = &About {
        name: "check_um_service",
        title: "UM SERVICE",
        stands_for: StandsFor { probe: "UMCallRouterTestProbe", monitor: "UMCallRouterTestMonitor" },
        classes: &[
            &[Class::Timeout, Class::Unreachable, Class::Dns],
            &[Class::Missing, Class::Stopped, Class::Disabled, Class::Maintenance],
            &[Class::NoData, Class::Unreadable, Class::Permission, Class::Stale],
        ],
        defaults: &[],
        advice,
    };
    const USAGE: &'static [&'static str] = &["[-H HOST] [OPTIONS] (on Windows)", "--source prometheus:URL [OPTIONS]"];
    const EXAMPLES: [&'static str; 3] = [
        "--service MSExchangeUM --service MSExchangeUMCR",
        "-H cas1.example.com --state disabled=ok",
        "--source prometheus:http://cas1.example.com:9182/metrics",
    ];
    const NEEDS: &'static [&'static [Need]] = &[
        TlsOptions::NEEDS,
        ExporterOptions::NEEDS,
        &[
            Need { options: TlsOptions::NAMES, when: When::Begins("--source", "prometheus:https:") },
            Need { options: ExporterOptions::NAMES, when: When::Given("--source") },
            // An exporter has no registry.
            Need {
                options: &["--component"],
                when: When::Any(&[When::Absent("--source"), When::Is("--component", NO_COMPONENT)]),
            },
        ],
    ];

    fn target(&self) -> Target {
        if let Some(ServiceSource(url)) = &self.source {
            let transport = if url.tls { "https" } else { "http" };
            let host = self.hostname.clone().unwrap_or_else(|| url.host.clone());
            let port = self.hostname.is_none().then_some(url.port);
            return Target { host, port, transport, ..Target::default() };
        }
        let host = self.hostname.clone().unwrap_or_else(|| "localhost".to_owned());
        Target { host, transport: "rpc", ..Target::default() }
    }

    fn lacks(&self) -> Option<Lack> {
        let is_lacking = self.source.is_none() && !cfg!(windows);
        is_lacking.then(|| Lack { option: "source", text: service::SERVICES_NEED_WINDOWS.to_owned() })
    }

    fn contradiction(&self, secrets: &Secrets) -> Option<String> {
        let services = self.services();
        let twin =
            |(index, name): (usize, &String)| services[..index].iter().any(|other| label_of(other) == label_of(name));
        if let Some((_, name)) = services.iter().enumerate().find(|(index, name)| twin((*index, name))) {
            return Some(format!(
                "--service: '{name}' and another one would have the same label: expected one of them"
            ));
        }
        self.exporter.contradiction(secrets).filter(|_| self.source.is_some())
    }
}

/// A service's short name, as `CreateService` takes it: no slash, at most 256 characters.
fn service_name(text: &str) -> Result<String, String> {
    let is_name = !text.trim().is_empty() && text.chars().count() <= 256 && !text.contains(['/', '\\']);
    if is_name && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!("'{text}' is not a service: expected a short name such as MSExchangeUMCR"))
}

/// A component's name: a single key of the registry.
fn component_name(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(text.to_owned());
    }
    Err(format!("'{text}' is not a component: expected a name as in Get-ServerComponentState, or none"))
}

impl Scheduled for Service {
    const SERVICES: &'static [ScheduledService] = &[ScheduledService {
        name: "um-service",
        title: "UM Call Router service",
        elsewhere: Elsewhere::Exporter,
        interval: 2,
        retry: 1,
        attempts: 2,
        timeout: 5,
        settings: &[Setting::Shared("--service")],
        metrics: &[
            metric(
                "running",
                "running",
                DisplayUnit::Code(Words { title: "running", first: 0, words: &["not running", "running"] }),
            ),
            metric("uptime", "uptime", DisplayUnit::Seconds),
        ],
        graphs: &[graph("uptime", &["uptime"])],
        ..ScheduledService::usual(Self::ABOUT)
    }];
}

/// What the administrator should do about it.
const fn advice(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "The service is on its way from one state to another. If it stays there: the System log, source Service Control \
             Manager, events 7009, 7011 and 7022; its process in Get-Process Microsoft.Exchange.UM.CallRouter; then \
             Restart-Service MSExchangeUMCR -Force."
        }
        Some(Class::Stopped) => {
            "Start it: Start-Service MSExchangeUMCR. If it does not stay: the System log, source Service Control Manager, \
             events 7000, 7009, 7031 and 7034; the Application log, source 'MSExchange Unified Messaging'. It needs Active \
             Directory (check_um_ad_ds). Set-Service MSExchangeUMCR -StartupType Automatic, if it is manual."
        }
        Some(Class::Disabled) => {
            "Where UM is used: Set-Service MSExchangeUMCR -StartupType Automatic, then Start-Service MSExchangeUMCR. Where it \
             is not, and after a security mitigation that switches UM off, disabled is right: --state disabled=ok."
        }
        Some(Class::Missing) => {
            "Check --service against Get-Service MSExchange*. MSExchangeUMCR belongs to the Client Access role of Exchange \
             2013 and the Mailbox role of 2016, MSExchangeUM to the Mailbox role; Exchange 2019 has neither. If it should be \
             there, repair the role with the setup of the installed cumulative update."
        }
        Some(Class::Maintenance) => {
            "Get-ServerComponentState -Identity SERVER shows what is out of service. Every requester must take back its own \
             request: Set-ServerComponentState -Identity SERVER -Component UMCallRouter -State Active -Requester \
             Maintenance, and the same for ServerWideOffline where the whole server is meant. HealthApi is Managed \
             Availability itself: Get-ServerHealth -Identity SERVER -HealthSet UM.CallRouter says why."
        }
        Some(Class::Permission) => {
            "From another host the service manager and the registry answer members of Administrators only, unless their \
             security descriptors were changed (sc sdset scmanager; the key SecurePipeServers\\winreg). Run the check on the \
             server itself, or with an account that has the right."
        }
        Some(Class::Timeout | Class::Unreachable | Class::Dns) => {
            "The host's service manager, or the exporter of --source, does not answer. From here: Test-NetConnection HOST -Port 445, and -Port 135. The \
             firewall rule is Remote Service Management, the service RpcSs. Without -H this host is asked."
        }
        Some(Class::Stale) => {
            "The exporter, or the Prometheus that passes on what it said, no longer gets an answer from the host: look at up \
             and scrape_duration_seconds of that target."
        }
        Some(Class::Unreadable) => {
            "Somebody wrote to the registry by hand. Set-ServerComponentState -Identity SERVER -Component UMCallRouter -State \
             Active -Requester with the name that the reason gives writes it anew."
        }
        Some(_) => {
            "The reason names the call that failed and what Windows says of it. For the registry of another host its service \
             RemoteRegistry must run; --component none leaves the registry out. An exporter needs its collector service \
             (--collectors.enabled), whose include and exclude must let the service through."
        }
    }
}

/// The same where an exporter was asked.
fn advice_on_exporter(class: Option<Class>) -> &'static str {
    match class {
        Some(class @ (Class::Timeout | Class::Unreachable | Class::Dns | Class::NoData | Class::Stale)) => {
            shared_advice::on_exporters(class)
        }
        class => advice(class),
    }
}

/// The component that is looked at unless another one is named.
const ROUTER: &str = "UMCallRouter";

/// What `--component` is when none is to be looked at.
const NO_COMPONENT: &str = "none";

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;
    use crate::report::{Policy, Started};
    use crate::service::status::Start;

    #[test]
    fn a_component_out_of_service_is_maintenance_and_one_that_cannot_be_looked_up_is_said() {
        let found = |component| {
            let mut report = Report::new(Service::ABOUT, Policy::default(), Started::now());
            add_component(component, &mut report);
            let classes: Vec<_> = report.findings.iter().filter_map(|finding| finding.class).collect();
            (classes, report.diagnostics.len())
        };
        let mut inactive = Component::new(ROUTER);
        inactive.add(ROUTER, "Maintenance", Some("1:Inactive:635084052000000000"));
        assert_eq!(found(Ok(inactive)), (vec![Class::Maintenance], 1));
        assert_eq!(found(Ok(Component::new(ROUTER))), (vec![], 1));
        assert_eq!(found(Err(Failure::new(Class::Permission, "access denied"))), (vec![Class::Permission], 0));
    }

    #[test]
    fn the_component_is_the_router_unless_another_one_or_none_is_named() {
        for (line, component) in [
            ("x", Some("UMCallRouter")),
            ("x --component HubTransport", Some("HubTransport")),
            ("x --component none", None),
        ] {
            let matches = Service::augment_args(Command::new("x")).try_get_matches_from(line.split(' ')).unwrap();
            assert_eq!(Service::from_arg_matches(&matches).unwrap().component(), component, "{line}");
        }
    }

    #[test]
    fn of_a_service_on_its_way_it_is_told_what_to_do() {
        let service = ServiceStatus {
            name: "MSExchangeUMCR".to_owned(),
            display_name: String::new(),
            start: Start::Manual,
            condition: Condition::StartPending,
            process: None,
            since: None,
            exit: None,
            notes: Vec::new(),
        };
        let found = judged(&service, &Report::new(Service::ABOUT, Policy::default(), Started::now()));
        assert_eq!((found.state, found.advice), (State::Warning, advice(None)));
    }
}
