//! Did the part of windows_exporter do its work that a metric comes from? What it says of its own collectors.

use super::exposition::ExposedSeries;
use super::page::Page;

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

    /// How it failed, of the host that is asked about, if the page says so. Where it says both, it failed.
    pub(crate) fn failure(self, page: &Page<'_>, host: Option<&str>) -> Option<&'static str> {
        let said = |metrics: &'static [&'static str], name: &'a str| {
            let is_it = move |series: &&ExposedSeries<'_>| {
                series.label("collector").is_some_and(|label| label.eq_ignore_ascii_case(name)) && series.is_of(host)
            };
            page.of(metrics).filter(is_it).map(|series| series.value)
        };
        // Each object of performance counters counts for itself.
        let of_object = self.object.map(|object| said(&METRICS[OBJECT..], object).collect::<Vec<_>>());
        if let Some(values) = of_object.filter(|values| !values.is_empty()) {
            return values.iter().any(|value| *value != 1.0).then_some(FAILED);
        }
        if said(&METRICS[TIMEOUTS..OBJECT], self.name).any(|value| value == 1.0) {
            return Some("did not finish in time");
        }
        said(&METRICS[..TIMEOUTS], self.name).any(|value| value != 1.0).then_some(FAILED)
    }
}

/// Whether a metric is about collectors, and must be kept of a page for [`Collector::failure`].
pub(crate) fn is_about_collectors(metric: &str) -> bool {
    METRICS.contains(&metric)
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

/// What collectors say of themselves: whether they succeeded, whether they were too slow, and whether an object did.
const METRICS: [&str; 5] = [
    "windows_exporter_collector_success",
    "wmi_exporter_collector_success",
    "windows_exporter_collector_timeout",
    "wmi_exporter_collector_timeout",
    "windows_performancecounter_collector_success",
];

/// Where in them those on time begin, and those on objects.
const TIMEOUTS: usize = 2;
const OBJECT: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(metric: &str, page: &str) -> Option<&'static str> {
        let page = Page::parse(page, is_about_collectors).unwrap();
        Collector::of(metric, "Memory").and_then(|collector| collector.failure(&page, None))
    }

    #[test]
    fn of_a_page_what_collectors_say_of_themselves_is_kept_and_nothing_else() {
        for metric in METRICS {
            assert!(is_about_collectors(metric), "{metric}");
        }
        for metric in ["windows_exporter_collector_duration_seconds", "windows_iis_x", "up", ""] {
            assert!(!is_about_collectors(metric), "{metric}");
        }
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

    #[test]
    fn of_several_hosts_each_counts_for_itself_and_of_one_the_worse_series() {
        let said = |instance: &str, value: u8| {
            format!("windows_exporter_collector_success{{collector=\"iis\",instance=\"{instance}\"}} {value}\n")
        };
        let text = said("cas2:9182", 1) + &said("cas1:9182", 0);
        let failure = |text: &str, host| {
            let page = Page::parse(text, is_about_collectors).unwrap();
            Collector::of("windows_iis_x", "").and_then(|collector| collector.failure(&page, host))
        };
        assert_eq!([failure(&text, Some("cas1:9182")), failure(&text, None)], [Some("failed"); 2]);
        assert_eq!(failure(&text, Some("cas2:9182")), None);
        assert_eq!(failure(&(said("cas1:9182", 1) + &said("cas1:9182", 0)), Some("cas1")), Some("failed"));
    }
}
