//! What does windows_exporter say of services? Its collector `service`, as one series for each state and start mode.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::status::{Condition, Delay, HostStatus, ServiceStatus, Start};
use crate::exporter::Exporter;
use crate::exporter::collector::Collector;
use crate::exporter::exposition::{ExposedSeries, series};
use crate::report::{Class, Failure};
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
    let page = exporter.scrape(deadline).await.map_err(|error| error.failure(&place))?;
    let page = ServicePage { text: &page, place: &place, host, now: SystemTime::now() };
    Ok(HostStatus { services: page.services(services)?, component: None })
}

/// A metrics page, of whom it is asked, and when.
struct ServicePage<'a> {
    text: &'a str,
    place: &'a str,
    host: Option<&'a str>,
    now: SystemTime,
}

impl<'a> ServicePage<'a> {
    /// Each service, in the order of asking; a failure where the page tells of none at all.
    fn services(&self, names: &[String]) -> Result<Vec<Result<ServiceStatus, Failure>>, Failure> {
        let no_data = |text: String| Failure::new(Class::NoData, text);
        let place = self.place;
        if series(self.text).flatten().next().is_none() {
            return Err(no_data(format!("{place}, line 1: expected series in Prometheus' text format")));
        }
        let collector = Collector::of(STATES[0], "");
        if let Some(how) = collector.and_then(|collector| collector.failure(self.text, self.host)) {
            let text = format!("the collector service of {place} {how}, says the exporter: its log says why");
            return Err(no_data(text));
        }
        let mut hosts: Vec<String> = Vec::new();
        let mut count = 0;
        for series in series(self.text).flatten().filter(|series| STATES.contains(&series.name)) {
            count += usize::from(series.value == 1.0 && series.is_of(self.host));
            let host = series.host();
            if series.is_of(self.host) && hosts.len() < MAX_HOSTS && !hosts.contains(&host.as_ref().to_owned()) {
                hosts.push(host.into_owned());
            }
        }
        match (hosts.as_slice(), self.host) {
            ([], None) => Err(no_data(format!("no {} in {place}: expected its collector service", STATES[0]))),
            ([], Some(host)) => Err(no_data(format!("no {} of {host} in {place}", STATES[0]))),
            ([_], _) => Ok(names.iter().map(|name| self.service(name, count)).collect()),
            (hosts, _) => {
                let hosts = hosts.join(", ");
                Err(no_data(format!(
                    "{place} holds the services of several hosts: choose with --hostname one of {hosts}"
                )))
            }
        }
    }

    /// One service, among `count` that the page tells of.
    fn service(&self, name: &str, count: usize) -> Result<ServiceStatus, Failure> {
        let states: Vec<_> = self.of_service(&STATES, name).collect();
        if states.is_empty() {
            let text = format!("there is no service {name} among the {count} that {} tells of", self.place);
            let filtered =
                "its collector may leave it out: --collector.service.include and --collector.service.exclude";
            return Err(Failure { causes: vec![filtered.to_owned()], ..Failure::new(Class::Missing, text) });
        }
        let modes: Vec<_> = self.of_service(&START_MODES, name).collect();
        self.must_be_of_now(&states, name)?;
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
        let process = self.of_service(&PROCESSES, name).next();
        let since = process.and_then(|series| Duration::try_from_secs_f64(series.value).ok());
        let info = self.of_service(&INFOS, name).next();
        Ok(ServiceStatus {
            name: name.to_owned(),
            display_name: info.and_then(|info| info.label("display_name")).unwrap_or_default().into_owned(),
            start,
            condition,
            process: process.and_then(|series| series.label("process_id")?.parse().ok()),
            since: since.filter(|since| !since.is_zero()).and_then(|since| UNIX_EPOCH.checked_add(since)),
            exit: None,
            notes: Vec::new(),
        })
    }

    /// The series of a service; older exporters write its name in lower case.
    fn of_service(&self, metrics: &'a [&str], name: &'a str) -> impl Iterator<Item = ExposedSeries<'a>> + use<'a> {
        let (host, all) = (self.host, series(self.text).flatten());
        let is_it = move |series: &ExposedSeries<'a>| {
            metrics.contains(&series.name)
                && series.is_of(host)
                && series.label("name").is_some_and(|label| label.eq_ignore_ascii_case(name))
        };
        all.filter(is_it).take(MAX_SERIES)
    }

    /// The value of a label of the one series that is 1, in lower case.
    fn holding(&self, all: &[ExposedSeries<'_>], label: &str, name: &str) -> Result<String, Failure> {
        let value = |series: &ExposedSeries<'_>| series.label(label).unwrap_or_default().to_lowercase();
        let mut seen: Vec<_> = all.iter().map(value).collect();
        seen.sort_unstable();
        let is_twice = seen.windows(2).any(|pair| pair[0] == pair[1]);
        let holding: Vec<_> = all.iter().filter(|series| series.value == 1.0).collect();
        match holding.as_slice() {
            [only] if !is_twice => Ok(value(only)),
            [] if !is_twice => Err(self.unknown(label, name)),
            _ => {
                let series: Vec<_> = all.iter().take(2).map(ToString::to_string).collect();
                let text = format!("{} says several of {name} at once, such as {}", self.place, series.join(" and "));
                Err(Failure::new(Class::NoData, text))
            }
        }
    }

    fn unknown(&self, label: &str, name: &str) -> Failure {
        Failure::new(Class::NoData, format!("{} says no {label} of {name}", self.place))
    }

    /// Refuses what a Prometheus passes on of a time that is over.
    fn must_be_of_now(&self, all: &[ExposedSeries<'_>], name: &str) -> Result<(), Failure> {
        let oldest = all.iter().filter_map(|series| u64::try_from(series.timestamp?).ok()).min();
        let age = oldest.and_then(|time| self.now.duration_since(UNIX_EPOCH + Duration::from_millis(time)).ok());
        match age.filter(|age| *age > MAX_AGE) {
            None => Ok(()),
            Some(age) => {
                let text = format!("what {} says of {name} is {} old, more than 10 min", self.place, roughly(age));
                Err(Failure::new(Class::Stale, text))
            }
        }
    }
}

/// The metrics, each as the exporter names it now and as it did before 2020.
const STATES: [&str; 2] = ["windows_service_state", "wmi_service_state"];
const START_MODES: [&str; 2] = ["windows_service_start_mode", "wmi_service_start_mode"];
const PROCESSES: [&str; 1] = ["windows_service_process"];
const INFOS: [&str; 2] = ["windows_service_info", "wmi_service_info"];

const MAX_HOSTS: usize = 5;

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
        let page = ServicePage { text, place: "http://x/", host, now: now() };
        page.services(&[name.to_owned()]).and_then(|mut services| services.remove(0))
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
    fn missing_among_others_and_no_data_where_there_are_none() {
        let failure = service(PAGE, "MSExchangeUM", None).unwrap_err();
        assert_eq!(failure.class, Class::Missing);
        assert_eq!(failure.summary, "there is no service MSExchangeUM among the 1 that http://x/ tells of");
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
}
