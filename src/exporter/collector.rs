//! Did the part of windows_exporter do its work that a metric comes from? What it says of its own collectors.

use super::exposition::{ExposedSeries, series};

/// Where a metric of windows_exporter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Collector<'a> {
    pub name: &'static str,
    /// The object of performance counters, each of which is collected by itself.
    pub object: Option<&'a str>,
}

impl<'a> Collector<'a> {
    /// By the name that windows_exporter gives to a metric; `object` is that of a performance counter.
    pub(crate) fn of(metric: &str, object: &'a str) -> Option<Self> {
        let (_, name) = COLLECTORS.iter().find(|(prefix, _)| metric.starts_with(prefix))?;
        Some(Self { name, object: Some(object).filter(|_| *name == COUNTERS) })
    }

    /// That of the performance counters of an object.
    pub(crate) const fn of_counters(object: &'a str) -> Self {
        Self { name: COUNTERS, object: Some(object) }
    }

    /// How it failed, of the host that was asked for, if the page says so.
    pub(crate) fn failure(self, page: &str, host: Option<&str>) -> Option<&'static str> {
        let said = |metric: &str, name: &str| {
            let is_it = |series: &ExposedSeries<'_>| {
                let label = series.label("collector").unwrap_or_default();
                series.name == metric && label.eq_ignore_ascii_case(name) && series.is_of(host)
            };
            series(page).flatten().find(is_it).map(|series| series.value)
        };
        if let Some(value) = self.object.and_then(|object| said(OBJECT_SUCCESS, object)) {
            return (value == 0.0).then_some(FAILED);
        }
        if TIMEOUTS.iter().any(|metric| said(metric, self.name) == Some(1.0)) {
            return Some("did not finish in time");
        }
        SUCCESSES.iter().any(|metric| said(metric, self.name) == Some(0.0)).then_some(FAILED)
    }
}

const FAILED: &str = "failed";

const COUNTERS: &str = "performancecounter";

/// What the names of a collector's metrics begin with; `wmi_` before 2020.
const COLLECTORS: [(&str, &str); 5] = [
    ("windows_performancecounter_", COUNTERS),
    ("windows_iis_", "iis"),
    ("windows_service_", "service"),
    ("wmi_iis_", "iis"),
    ("wmi_service_", "service"),
];

const SUCCESSES: [&str; 2] = ["windows_exporter_collector_success", "wmi_exporter_collector_success"];

const TIMEOUTS: [&str; 2] = ["windows_exporter_collector_timeout", "wmi_exporter_collector_timeout"];

const OBJECT_SUCCESS: &str = "windows_performancecounter_collector_success";

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(metric: &str, page: &str) -> Option<&'static str> {
        Collector::of(metric, "Memory").and_then(|collector| collector.failure(page, None))
    }

    #[test]
    fn a_collector_failed_or_was_too_slow_when_it_says_so() {
        let page = "windows_exporter_collector_success{collector=\"iis\"} 0\n\
                    windows_exporter_collector_success{collector=\"service\"} 0\n\
                    windows_exporter_collector_timeout{collector=\"service\"} 1\n";
        assert_eq!(failure("windows_iis_x", page), Some("failed"));
        assert_eq!(failure("windows_service_state", page), Some("did not finish in time"));
        assert_eq!([failure("windows_performancecounter_x", page), failure("my_iis", page)], [None; 2]);
        assert_eq!(failure("windows_iis_x", &page.replace("} 0", "} 1")), None);
    }

    #[test]
    fn of_performance_counters_each_object_counts_for_itself() {
        let all = "windows_exporter_collector_success{collector=\"performancecounter\"} 0\n";
        let object =
            |value: u8| format!("{all}windows_performancecounter_collector_success{{collector=\"memory\"}} {value}\n");
        let failure = |page: &str| failure("windows_performancecounter_memory_x", page);
        assert_eq!([failure(all), failure(&object(0)), failure(&object(1))], [Some("failed"), Some("failed"), None]);
    }
}
