//! What does windows_exporter say of services? Its collector `service`, as one series for each state and start mode.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::status::{Condition, Delay, HostStatus, ServiceStatus, Start};
use crate::exporter::Exporter;
use crate::exporter::collector::{Collector, is_about_collectors};
use crate::exporter::exposition::ExposedSeries;
use crate::exporter::page::{Page, StateSetError, holding, hosts, moment, named};
use crate::report::{Class, Failure};
use crate::time::age::{Untimely, untimely};
use crate::time::deadline::Deadline;
use crate::time::words::roughly;

/// Asks an exporter about services, of `host` where it knows several.
pub(crate) async fn ask(
    exporter: &Exporter,
    services: &[String],
    host: Option<&str>,
    deadline: &Deadline,
) -> Result<HostStatus, Failure> {
    let place = exporter.url.to_string();
    let text = exporter.scrape(deadline).await.map_err(|error| error.failure(&place))?;
    let services = read(&text, services, Asked { place: &place, host, now: SystemTime::now() })?;
    Ok(HostStatus { services, component: None })
}

/// Where a page comes from, of whom it is asked, and when.
#[derive(Clone, Copy)]
struct Asked<'a> {
    place: &'a str,
    host: Option<&'a str>,
    now: SystemTime,
}

/// Each service, in the order of asking; a failure where the page tells of none at all.
fn read(text: &str, names: &[String], asked: Asked<'_>) -> Result<Vec<Result<ServiceStatus, Failure>>, Failure> {
    let is_asked = |name: &str| METRICS.iter().any(|metrics| metrics.contains(&name)) || is_about_collectors(name);
    let page =
        Page::parse(text, is_asked).map_err(|error| no_data(format!("{}, line 1: expected {error}", asked.place)))?;
    let host = asked.only_host(&page)?;
    let page = ServicePage { asked, page: &page, host: &host };
    let running = page.of(STATES).filter(|series| series.value == 1.0).count();
    Ok(names.iter().map(|name| page.service(name, running)).collect())
}

impl Asked<'_> {
    /// The one host whose services the page tells of, and whose collector did not fail; empty where it does not say it.
    fn only_host(&self, page: &Page<'_>) -> Result<String, Failure> {
        let (place, metric) = (self.place, STATES[0]);
        let states = page.of(STATES).filter(|series| series.is_of(self.host));
        let found = hosts(states.map(ExposedSeries::host));
        let of_whom = found.first().map(String::as_str).filter(|host| !host.is_empty()).or(self.host);
        if let Some(how) = Collector::of(metric, "").and_then(|collector| collector.failure(page, of_whom)) {
            return Err(no_data(format!(
                "the collector service of {place} {how}, says the exporter: its log says why"
            )));
        }
        match (found.len(), self.host) {
            (0, None) => Err(no_data(format!("no {metric} in {place}: expected its collector service"))),
            (0, Some(host)) => Err(no_data(format!("no {metric} of {host} in {place}"))),
            (1, _) => Ok(found.into_iter().next().unwrap_or_default()),
            (_, asked) => {
                let hosts = named(found).join(", ");
                let which = asked.map_or_else(String::new, |asked| format!(" that may be {asked}"));
                Err(no_data(format!(
                    "{place} holds the services of several hosts{which}: choose with --hostname one of {hosts}, as it is written \
                     there (check_um_call_router: --server)"
                )))
            }
        }
    }
}

/// The services of one host on a page.
struct ServicePage<'a> {
    asked: Asked<'a>,
    page: &'a Page<'a>,
    host: &'a str,
}

impl<'a> ServicePage<'a> {
    /// One service, among `count` that the page tells of.
    fn service(&self, name: &str, count: usize) -> Result<ServiceStatus, Failure> {
        let place = self.asked.place;
        let [states, modes, processes, infos] = METRICS.map(|metrics| self.of_service(metrics, name));
        if states.is_empty() {
            let text = format!("there is no service {name} among the {count} that {place} tells of");
            let filtered =
                "its collector may leave it out: --collector.service.include and --collector.service.exclude";
            return Err(Failure { causes: vec![filtered.to_owned()], ..Failure::new(Class::Missing, text) });
        }
        self.must_be_of_now([&states, &modes, &processes].into_iter().flatten(), name)?;
        let condition = match self.holding(&states, "state", name)?.as_str() {
            "stopped" => Condition::Stopped,
            "start pending" => Condition::StartPending,
            "stop pending" => Condition::StopPending,
            "running" => Condition::Running,
            "continue pending" => Condition::ContinuePending,
            "pause pending" => Condition::PausePending,
            "paused" => Condition::Paused,
            _ => return Err(self.unknown("state", name)),
        };
        let start = if modes.is_empty() { String::new() } else { self.holding(&modes, "start_mode", name)? };
        let start = match start.as_str() {
            "boot" => Start::Boot,
            "system" => Start::System,
            "auto" => Start::Automatic(Delay::Unknown),
            "manual" => Start::Manual,
            "disabled" => Start::Disabled,
            _ => Start::Unknown,
        };
        let process = processes.first();
        let since = process.and_then(|series| Duration::try_from_secs_f64(series.value).ok());
        Ok(ServiceStatus {
            name: name.to_owned(),
            display_name: infos.first().and_then(|info| info.label("display_name")).unwrap_or_default().into_owned(),
            start,
            condition,
            process: process.and_then(|series| series.label("process_id")?.parse().ok()),
            since: since.filter(|since| !since.is_zero()).and_then(|since| UNIX_EPOCH.checked_add(since)),
            exit: None,
            notes: Vec::new(),
        })
    }

    /// The series of the host; those that do not say their host are of the one there is.
    fn of(&self, metrics: &'a [&str]) -> impl Iterator<Item = &'a ExposedSeries<'a>> {
        let host = Some(self.host).filter(|host| !host.is_empty());
        self.page.of(metrics).filter(move |series| series.is_of(host))
    }

    /// The series of a service; older exporters write its name in lower case.
    fn of_service(&self, metrics: &'a [&str], name: &str) -> Vec<ExposedSeries<'a>> {
        let is_it =
            |series: &&ExposedSeries<'_>| series.label("name").is_some_and(|label| label.eq_ignore_ascii_case(name));
        self.of(metrics).filter(is_it).take(MAX_SERIES).copied().collect()
    }

    /// The value of a label of the one series that is 1, in lower case.
    fn holding(&self, all: &[ExposedSeries<'_>], label: &str, name: &str) -> Result<String, Failure> {
        holding(all, label).map_err(|error| match error {
            StateSetError::NoState => self.unknown(label, name),
            StateSetError::Several | StateSetError::Twice => {
                let series: Vec<_> = all.iter().take(2).map(ToString::to_string).collect();
                let (place, series) = (self.asked.place, series.join(" and "));
                no_data(format!("{place} says several of {name} at once, such as {series}"))
            }
        })
    }

    fn unknown(&self, label: &str, name: &str) -> Failure {
        no_data(format!("{} says no {label} of {name}", self.asked.place))
    }

    /// Refuses what a Prometheus passes on of a time that is over, or of one to come.
    fn must_be_of_now<'b>(&self, all: impl Iterator<Item = &'b ExposedSeries<'b>>, name: &str) -> Result<(), Failure> {
        let Asked { place, now, .. } = self.asked;
        let time = moment(all.filter_map(|series| series.timestamp), now);
        let text = match time.and_then(|time| untimely(time, now, MAX_AGE)) {
            None => return Ok(()),
            Some(Untimely::Stale(age)) => {
                format!("what {place} says of {name} is {} old, more than 10 min", roughly(age))
            }
            Some(Untimely::Ahead(ahead)) => {
                format!("what {place} says of {name} is {} ahead of the clock: expected at most 5 min", roughly(ahead))
            }
        };
        Err(Failure::new(Class::Stale, text))
    }
}

fn no_data(text: String) -> Failure {
    Failure::new(Class::NoData, text)
}

/// The metrics of states, start modes, processes and names, each as the exporter names it now and as it did before 2020.
const METRICS: [&[&str]; 4] = [
    STATES,
    &["windows_service_start_mode", "wmi_service_start_mode"],
    &["windows_service_process"],
    &["windows_service_info", "wmi_service_info"],
];
const STATES: &[&str] = &["windows_service_state", "wmi_service_state"];

/// The most series of one service that are looked at: eight states.
const MAX_SERIES: usize = 64;

const MAX_AGE: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::judge::{Fitness, judge};

    /// As the exporter's own test of a whole page has it.
    const PAGE: &str = concat!(
        "# TYPE windows_exporter_collector_success gauge\n",
        "windows_exporter_collector_success{collector=\"service\"} 1\n",
        "windows_service_info{display_name=\"Call Router\",name=\"MSExchangeUMCR\",path_name=\"C:\\\\x.exe\",run_as=\"LocalSystem\"} 1\n",
        "windows_service_process{name=\"MSExchangeUMCR\",process_id=\"1234\"} 1.7e+09\n",
        "windows_service_start_mode{name=\"MSExchangeUMCR\",start_mode=\"auto\"} 1\n",
        "windows_service_start_mode{name=\"MSExchangeUMCR\",start_mode=\"disabled\"} 0\n",
        "windows_service_state{name=\"MSExchangeUMCR\",state=\"paused\"} 0\n",
        "windows_service_state{name=\"MSExchangeUMCR\",state=\"running\"} 1\n",
        "windows_service_state{name=\"MSExchangeUMCR\",state=\"stopped\"} 0\n",
    );

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_003_600)
    }

    fn service(text: &str, name: &str, host: Option<&str>) -> Result<ServiceStatus, Failure> {
        let asked = Asked { place: "http://x/", host, now: now() };
        read(text, &[name.to_owned()], asked).and_then(|mut services| services.remove(0))
    }

    fn said(text: &str) -> (Option<Class>, String) {
        match service(text, "MSExchangeUMCR", None).map(|status| judge(&status, now())) {
            Ok(Fitness::Working(text) | Fitness::OnItsWay(text)) => (None, text),
            Ok(Fitness::Failing(failure)) | Err(failure) => (Some(failure.class), failure.summary),
        }
    }

    /// The page with another state holding.
    fn in_state(state: &str) -> String {
        let page = PAGE.replace("state=\"running\"} 1", "state=\"running\"} 0");
        page.replace(&format!("state=\"{state}\"}} 0"), &format!("state=\"{state}\"}} 1"))
    }

    #[test]
    fn a_service_is_read_with_its_process_and_its_start() {
        let status = service(PAGE, "msexchangeumcr", None).unwrap();
        assert_eq!(
            (status.process, status.since),
            (Some(1_234), Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)))
        );
        assert_eq!((status.display_name.as_str(), status.exit), ("Call Router", None));
        assert_eq!(said(PAGE), (None, "MSExchangeUMCR is running (automatic, up 60 min)".replace("60 min", "1 h")));
        let old = PAGE.replace("windows_", "wmi_").replace("MSExchangeUMCR", "msexchangeumcr");
        assert_eq!(said(&old).0, None);
    }

    #[test]
    fn each_state_and_start_mode_has_its_verdict() {
        assert_eq!(
            said(&in_state("stopped")),
            (Some(Class::Stopped), "MSExchangeUMCR is stopped (automatic)".to_owned())
        );
        assert_eq!(said(&in_state("paused")).0, Some(Class::Stopped));
        let disabled = PAGE.replace("\"auto\"} 1", "\"auto\"} 0").replace("\"disabled\"} 0", "\"disabled\"} 1");
        assert_eq!(said(&disabled).0, Some(Class::Disabled));
        let pending = PAGE.replace("state=\"running\"", "state=\"start pending\"");
        assert_eq!(said(&pending), (None, "MSExchangeUMCR is starting (automatic)".to_owned()));
        assert_eq!(said(&PAGE.replace("start_mode", "x")).0, Some(Class::NoData));
    }

    #[test]
    fn every_state_and_start_mode_is_known_by_its_name() {
        let status = |page: &str| service(page, "MSExchangeUMCR", None).unwrap();
        for (name, condition) in [
            ("stopped", Condition::Stopped),
            ("start pending", Condition::StartPending),
            ("stop pending", Condition::StopPending),
            ("running", Condition::Running),
            ("continue pending", Condition::ContinuePending),
            ("pause pending", Condition::PausePending),
            ("paused", Condition::Paused),
        ] {
            let page = PAGE.replace("state=\"running\"} 1", "state=\"running\"} 0");
            let page = page.lines().filter(|line| !line.contains(&format!("state=\"{name}\"}}"))).collect::<Vec<_>>();
            let page =
                page.join("\n") + &format!("\nwindows_service_state{{name=\"MSExchangeUMCR\",state=\"{name}\"}} 1\n");
            assert_eq!(status(&page).condition, condition, "{name}");
        }
        for (name, start) in [
            ("boot", Start::Boot),
            ("system", Start::System),
            ("auto", Start::Automatic(Delay::Unknown)),
            ("manual", Start::Manual),
            ("disabled2", Start::Unknown),
        ] {
            assert_eq!(status(&PAGE.replace("\"auto\"", &format!("\"{name}\""))).start, start, "{name}");
        }
    }

    #[test]
    fn missing_among_others_and_no_data_where_there_are_none() {
        let failure = service(PAGE, "MSExchangeUM", None).unwrap_err();
        assert_eq!(failure.class, Class::Missing);
        assert_eq!(failure.summary, "there is no service MSExchangeUM among the 1 that http://x/ tells of");
        assert!(failure.causes[0].contains("--collector.service.include"), "{:?}", failure.causes);
        for (page, words) in [
            ("", "expected series"),
            ("up 1\n", "expected its collector service"),
            (
                &PAGE.replace("success{collector=\"service\"} 1", "success{collector=\"service\"} 0"),
                "service of http://x/ failed",
            ),
            (&in_state("none"), "says no state of MSExchangeUMCR"),
            (&PAGE.replace("} 0\n", "} 1\n"), "several of MSExchangeUMCR at once"),
            (&(PAGE.to_owned() + PAGE), "several of MSExchangeUMCR at once"),
        ] {
            let (class, text) = said(page);
            assert!(class == Some(Class::NoData) && text.contains(words), "{text}");
        }
    }

    #[test]
    fn of_several_hosts_one_must_be_chosen_and_what_is_old_is_stale() {
        let host = |host: &str, page: &str| page.replace("name=", &format!("instance=\"{host}:9182\",name="));
        let both = host("cas1", PAGE) + &host("cas2", &in_state("stopped"));
        assert!(said(&both).1.contains("choose with --hostname one of cas1:9182, cas2:9182"));
        assert_eq!(service(&both, "MSExchangeUMCR", Some("cas2")).unwrap().condition, Condition::Stopped);
        assert_eq!(service(&both, "MSExchangeUMCR", Some("cas3")).unwrap_err().class, Class::NoData);
        let old = PAGE.replace("} 1\n", "} 1 1700000000000\n");
        assert_eq!(
            said(&old),
            (Some(Class::Stale), "what http://x/ says of MSExchangeUMCR is 1 h old, more than 10 min".to_owned())
        );
    }

    #[test]
    fn stale_when_any_part_is_old_or_of_a_time_to_come() {
        // An hour ago, ten days ahead, and before 1970.
        for (time, said) in [("1700000000000", "1 h old"), ("1700867600000", "ahead of the clock"), ("-5", "d old")] {
            for part in ["state=\"running\"} 1", "start_mode=\"auto\"} 1", "process_id=\"1234\"} 1.7e+09"] {
                let (class, text) = self::said(&PAGE.replace(part, &format!("{part} {time}")));
                assert!(class == Some(Class::Stale) && text.contains(said), "{part} {time}: {text}");
            }
        }
        assert_eq!(self::said(&PAGE.replace("} 1\n", "} 1 1700003540000\n")).0, None);
    }

    #[test]
    fn the_parts_of_a_service_are_of_one_host_and_so_is_its_collector() {
        let of = |host: &str, page: &str| page.replace("{", &format!("{{instance=\"{host}:9182\","));
        let (states, others): (Vec<_>, Vec<_>) = PAGE.lines().partition(|line| line.contains("_state"));
        let text = of("cas1", &(states.join("\n") + "\n")) + &of("cas2", &(others.join("\n") + "\n"));
        let federated = text.replace("{instance=", "{instance=\"prom:9090\",exported_instance=");
        for text in [&text, &federated] {
            let status = service(text, "MSExchangeUMCR", None).unwrap();
            assert_eq!((status.start, status.process), (Start::Unknown, None));
        }
        let success = "windows_exporter_collector_success{collector=\"service\"} 1\n";
        let failed = of("cas2", success) + &of("cas1", &success.replace("} 1", "} 0"));
        assert!(said(&(failed.clone() + &of("cas1", &PAGE.replace(success, "")))).1.contains("collector service"));
        assert_eq!(said(&(failed + &of("cas2", &PAGE.replace(success, "")))).0, None);
        assert!(said(&(PAGE.to_owned() + &success.replace("} 1", "} 0"))).1.contains("collector service"));
    }
}
