//! Is the service there, not disabled, running, and its component in service?
//!
//! | state    | when                                                                                             |
//! |----------|--------------------------------------------------------------------------------------------------|
//! | OK       | every service is running and not disabled, and nobody requested the component out of service     |
//! | WARNING  | `disabled`, running or not; starting or stopping; the component is inactive (`maintenance`)      |
//! | CRITICAL | `stopped` or paused; `missing`; the service manager does not answer in time, or is `unreachable` |
//! | UNKNOWN  | the host cannot be asked (`dns`, `permission`, `no-data`); not on Windows                        |

use std::time::Duration;

use check_um::about::{About, HealthSet};
use check_um::advice;
use check_um::cli::extra_opts::Secrets;
use check_um::cli::target::host;
use check_um::cli::{self, Common};
use check_um::failure::{Class, Failure};
use check_um::metric::{Metric, Uom};
use check_um::plugin::Run;
use check_um::report::{Finding, Report, Target};
use check_um::service::component::Component;
use check_um::service::judge::{Verdict, describe, judge, uptime};
use check_um::service::{self, Condition, Service};
use check_um::state::State;

fn main() {
    check_um::plugin::run(check)
}

async fn check(args: &Arguments, run: &Run) -> Result<Report, Failure> {
    let services = args.services();
    let answer = service::ask(args.hostname.as_deref(), &services, args.component(), &run.deadline).await;

    let mut report = run.report();
    report.target = args.target();
    match answer {
        Ok(answer) => {
            for (name, service) in services.iter().zip(answer.services) {
                judge_service(name, service, &services, run, &mut report);
            }
            answer.component.into_iter().for_each(|component| judge_component(component, run, &mut report));
        }
        Err(failure) => {
            report.found(run.judged(failure));
            services.iter().for_each(|name| measure(name, &services, None, None, &mut report));
        }
    }
    Ok(report)
}

fn judge_service(name: &str, service: Result<Service, Failure>, all: &[String], run: &Run, report: &mut Report) {
    let (finding, running, uptime) = match service {
        Ok(service) => {
            report.diagnostic(&of_several("service", name, all), describe(&service));
            let running = service.condition == Condition::Running;
            (judged(&service, run), Some(running), uptime(&service, run.started()))
        }
        // Of a service that does not exist it is known that it does not run.
        Err(failure) => {
            let running = (failure.class == Class::Missing).then_some(false);
            (run.judged(failure), running, running.map(|_| Duration::ZERO))
        }
    };
    report.found(finding);
    measure(name, all, running, uptime, report);
}

fn judged(service: &Service, run: &Run) -> Finding {
    match judge(service, run.started()) {
        Verdict::Working(text) => Finding::ok(text),
        Verdict::OnItsWay(text) => {
            Finding { state: State::Warning, advice: advice::service(None), ..Finding::ok(text) }
        }
        Verdict::Failing(failure) => run.judged(failure),
    }
}

fn judge_component(component: Result<Component, Failure>, run: &Run, report: &mut Report) {
    match component {
        Ok(component) => {
            report.diagnostic("component", format!("{}: {}", component.name, component.describe()));
            component.failures().into_iter().for_each(|failure| report.found(run.judged(failure)));
        }
        Err(failure) => report.found(run.judged(failure)),
    }
}

fn measure(name: &str, all: &[String], running: Option<bool>, uptime: Option<Duration>, report: &mut Report) {
    let running = match running {
        Some(running) => Metric::count("running", running.into()),
        None => Metric::unknown("running", Uom::None).min(0.0),
    };
    for metric in [running.max(1.0), Metric::seconds("uptime", uptime)] {
        report.measured(if all.len() > 1 { metric.suffixed(name) } else { metric });
    }
}

/// The name of a fact: with the service's own behind it where there are several.
fn of_several(fact: &str, name: &str, all: &[String]) -> String {
    if all.len() > 1 { format!("{fact}_{}", label(name)) } else { fact.to_owned() }
}

/// The part of a label that a service's name becomes.
fn label(name: &str) -> String {
    Metric::count(name, 0).label().to_owned()
}

impl Arguments {
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
        Some(self.component.as_str()).filter(|name| *name != NO_COMPONENT)
    }

    fn target(&self) -> Target {
        let host = self.hostname.clone().unwrap_or_else(|| "localhost".to_owned());
        Target { host, transport: "rpc", ..Target::default() }
    }
}

/// What `--component` is when none is to be looked at.
const NO_COMPONENT: &str = "none";

static ABOUT: About = About {
    name: "check_um_service",
    title: "UM SERVICE",
    stands_for: HealthSet { name: "UM.CallRouter", probe: "UMCallRouterTestProbe", monitor: "UMCallRouterTestMonitor" },
    classes: &[
        Class::Timeout,
        Class::Unreachable,
        Class::Dns,
        Class::Missing,
        Class::Stopped,
        Class::Disabled,
        Class::Maintenance,
        Class::NoData,
        Class::Unreadable,
        Class::Permission,
    ],
    defaults: &[],
    advice: advice::service,
};

/// Check whether Windows services are there, not disabled and running, and their Exchange component in service.
#[derive(Debug, clap::Parser)]
#[command(name = ABOUT.name, version)]
pub struct Arguments {
    /// Service to look at, by its short name as in sc query; repeatable
    #[arg(long, value_name = "NAME", default_value = "MSExchangeUMCR", value_parser = service_name)]
    service: Vec<String>,

    /// Exchange component whose state is looked up in the registry; none for a server without Exchange
    #[arg(long, value_name = "NAME", default_value = "UMCallRouter", value_parser = component_name)]
    component: String,

    /// Host whose service manager and registry are asked [default: this one]
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host)]
    hostname: Option<String>,

    #[command(flatten)]
    common: Common,
}

impl cli::Arguments for Arguments {
    const ABOUT: &'static About = &ABOUT;

    fn common(&self) -> &Common {
        &self.common
    }

    fn contradiction(&self, _: &Secrets) -> Option<String> {
        let services = self.services();
        let twin = |(index, name): (usize, &String)| services[..index].iter().any(|other| label(other) == label(name));
        if let Some((_, name)) = services.iter().enumerate().find(|(index, name)| twin((*index, name))) {
            return Some(format!(
                "--service: '{name}' and another one would have the same label: expected one of them"
            ));
        }
        (!cfg!(windows)).then(|| service::NEEDS_WINDOWS.to_owned())
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
