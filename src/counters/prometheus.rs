//! What does an exporter say of the counters now? A scrape, and the series that stand for them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::error::MAX_HOSTS;
use super::{Counter, CounterError, CounterQuery, Exposed, Nearest, Reading, Sample};
use crate::exporter::exposition::{ExposedSeries, metric_name, series};
use crate::exporter::http;
use crate::exporter::url::Url;
use crate::net::host::bare;
use crate::tls::settings::TlsSettings;

/// The metrics page of an exporter.
#[derive(Clone, Debug)]
pub struct Exporter {
    /// Its address.
    pub url: Url,
    /// How TLS is to be spoken with it.
    pub tls: TlsSettings,
}

impl Exporter {
    /// The sample of this moment.
    pub(crate) async fn read<const N: usize>(&self, query: &CounterQuery<N>) -> Result<Reading<N>, CounterError> {
        let place = self.url.to_string();
        let body = http::get(&self.url, &self.tls, &query.deadline).await;
        let body = body.map_err(|error| CounterError::Http { place: place.clone(), error })?;
        // Taken when the answer is there: the clock of two runs at once then has the order of what they read.
        let now = SystemTime::now();
        let mut reading = reading(&String::from_utf8_lossy(&body), query, &place, now)?;
        if reading.host.is_empty() {
            reading.host.clone_from(query.host.as_ref().unwrap_or(&self.url.host));
        }
        Ok(reading)
    }
}

/// What an exposition says of the counters at `now`, unless its series have times of their own.
pub fn reading<const N: usize>(
    text: &str,
    query: &CounterQuery<N>,
    place: &str,
    now: SystemTime,
) -> Result<Reading<N>, CounterError> {
    if series(text).flatten().next().is_none() {
        return Err(CounterError::Format {
            place: place.to_owned(),
            line: 1,
            expected: "series in Prometheus' text format",
        });
    }
    let mut values = [None; N];
    let mut host = String::new();
    let mut time = None;
    for (value, counter) in values.iter_mut().zip(&query.counters) {
        let Some(found) = find(text, counter, query, place)? else {
            if counter.required {
                return Err(absent(text, counter, place));
            }
            continue;
        };
        *value = found.value.filter(|value| value.is_finite() && *value >= 0.0);
        if value.is_none() && counter.required {
            return Err(CounterError::NoState { counter: Box::new(counter.clone()), place: place.to_owned() });
        }
        host = found.host;
        // Of several times the oldest counts: a reading is no younger than any part of it.
        time = [time, found.timestamp].into_iter().flatten().min();
    }
    let of_its_own = time.and_then(|time| Some(UNIX_EPOCH + Duration::from_millis(u64::try_from(time).ok()?)));
    let time = of_its_own.filter(|time| *time < now + FAR_AHEAD).unwrap_or(now);
    let samples = vec![Sample { time, values }];
    Ok(Reading { host, samples, as_of: Some(time), gaps: 0, trailing_gaps: 0, replaced: 0, notes: Vec::new() })
}

struct Found {
    value: Option<f64>,
    timestamp: Option<i64>,
    host: String,
}

/// The series of a counter: one, or one for each state.
fn find<const N: usize>(
    text: &str,
    counter: &Counter,
    query: &CounterQuery<N>,
    place: &str,
) -> Result<Option<Found>, CounterError> {
    let name = name_of(counter);
    let all = series(text).flatten().filter(|series| series.name == name);
    let mut found: Option<Found> = None;
    let mut hosts: Vec<String> = Vec::new();
    for series in all {
        let host = series.label("instance").unwrap_or_default();
        if !is_of_instance(&series, counter) {
            continue;
        }
        if !hosts.iter().any(|known| *known == host) && hosts.len() < MAX_HOSTS {
            hosts.push(host.clone().into_owned());
        }
        let asked = query.host.as_deref().is_none_or(|asked| host.is_empty() || is_host(&host, asked));
        if !asked {
            continue;
        }
        let found =
            found.get_or_insert(Found { value: None, timestamp: series.timestamp, host: host.clone().into_owned() });
        if found.host != host {
            return Err(CounterError::SeveralHosts { place: place.to_owned(), hosts });
        }
        found.value = found.value.or_else(|| value(&series, counter));
    }
    match (&found, &query.host) {
        (None, Some(asked)) if !hosts.is_empty() => {
            Err(CounterError::NoSuchHost { host: asked.clone(), place: place.to_owned(), hosts })
        }
        _ => Ok(found),
    }
}

/// Whether a series of a state set is of the counter's instance; a name that the operator gave is of no set.
fn is_of_instance(series: &ExposedSeries<'_>, counter: &Counter) -> bool {
    match (counter.exposed, &counter.given, &counter.instance) {
        (Exposed::StateSet { instance, .. }, None, Some(wanted)) => {
            series.label(instance).is_some_and(|label| label.eq_ignore_ascii_case(wanted))
        }
        _ => true,
    }
}

fn value(series: &ExposedSeries<'_>, counter: &Counter) -> Option<f64> {
    match (counter.exposed, &counter.given) {
        (Exposed::StateSet { states, .. }, None) => {
            let label = (series.value == 1.0).then(|| series.label("state")).flatten()?;
            let number = (1_u8..).zip(states).find(|(_, state)| state.eq_ignore_ascii_case(&label))?.0;
            Some(f64::from(number))
        }
        _ => Some(series.value),
    }
}

/// Whether an `instance` label, which is a host and mostly a port, names the host asked for.
fn is_host(label: &str, asked: &str) -> bool {
    let host = label.rsplit_once(':').map_or(label, |(host, _)| host);
    [label, host, bare(host)].iter().any(|name| name.eq_ignore_ascii_case(asked))
}

/// The metric that a counter is exposed as.
fn name_of(counter: &Counter) -> String {
    match (&counter.given, counter.exposed) {
        (Some(given), _) => given.clone(),
        (None, Exposed::StateSet { metric, .. }) => metric.to_owned(),
        (None, Exposed::Value) => metric_name(counter.object, counter.name),
    }
}

/// The error of a counter without a series, with the names there are in the words of the exporter.
fn absent(text: &str, counter: &Counter, place: &str) -> CounterError {
    let name = name_of(counter);
    let mut other_instances = false;
    let mut names = Vec::new();
    for series in series(text).flatten() {
        other_instances |= counter.instance.is_some() && series.name == name;
        if names.last() != Some(&series.name) {
            names.push(series.name);
        }
    }
    let wanted =
        if counter.instance.is_some() { counter.clone() } else { Counter { given: Some(name), ..counter.clone() } };
    let mut nearest = Nearest::to(&wanted, names.into_iter());
    nearest.other_instances = other_instances;
    CounterError::Absent { counter: Box::new(wanted), place: place.to_owned(), nearest }
}

/// A time so far ahead is no time.
const FAR_AHEAD: Duration = Duration::from_secs(100 * 365 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::role::{Role, app_pool};
    use crate::time::deadline::Deadline;

    fn query<const N: usize>(counters: [Counter; N], host: Option<&str>) -> CounterQuery<N> {
        let deadline = Deadline::new(std::time::Instant::now(), Duration::from_secs(10));
        CounterQuery { counters, host: host.map(str::to_owned), window: Duration::from_secs(3_600), deadline }
    }

    fn read<const N: usize>(
        text: &str,
        counters: [Counter; N],
        host: Option<&str>,
    ) -> Result<Reading<N>, CounterError> {
        reading(text, &query(counters, host), "http://x/", SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
    }

    const POOLS: &str = concat!(
        "windows_iis_current_application_pool_state{app=\"DefaultAppPool\",state=\"Running\"} 1\n",
        "windows_iis_current_application_pool_state{app=\"MSExchangeServicesAppPool\",state=\"Running\"} 0\n",
        "windows_iis_current_application_pool_state{app=\"MSExchangeServicesAppPool\",state=\"Shutdown Pending\"} 1\n",
    );

    #[test]
    fn the_state_of_a_pool_is_the_number_of_its_series_that_is_1() {
        assert_eq!(read(POOLS, app_pool("msexchangeservicesapppool"), None).unwrap().newest().values, [Some(6.0)]);
    }

    #[test]
    fn a_pool_that_is_not_there_is_absent_among_others() {
        let error = read(POOLS, app_pool("OtherPool"), None).unwrap_err();
        assert!(matches!(&error, CounterError::Absent { nearest, .. } if nearest.other_instances), "{error}");
    }

    #[test]
    fn no_state_when_every_series_is_0() {
        let zero = POOLS.replace("} 1", "} 0");
        assert!(matches!(read(&zero, app_pool("DefaultAppPool"), None), Err(CounterError::NoState { .. })));
    }

    #[test]
    fn a_federated_series_belongs_to_its_host() {
        let [received, rejected, _] = Role::CallRouter.counters(true).map(|counter| name_of(&counter));
        let text = ["cas1:9182", "cas2:9182"]
            .map(|host| {
                format!("{received}{{instance=\"{host}\"}} 100 1699999999000\n{rejected}{{instance=\"{host}\"}} 7\n")
            })
            .concat();
        let counters = || Role::CallRouter.counters(true);
        assert!(matches!(read(&text, counters(), None), Err(CounterError::SeveralHosts { .. })));
        assert!(matches!(read(&text, counters(), Some("cas3")), Err(CounterError::NoSuchHost { .. })));
        let reading = read(&text, counters(), Some("cas2")).unwrap();
        assert_eq!(reading.newest().values, [Some(100.0), Some(7.0), None]);
        assert_eq!(reading.newest().time, SystemTime::UNIX_EPOCH + Duration::from_secs(1_699_999_999));
    }

    #[test]
    fn a_page_that_is_no_exposition_is_not_quoted() {
        let error = read("<html><body>secret</body></html>", Role::CallRouter.counters(true), None).unwrap_err();
        assert_eq!(error.to_string(), "http://x/, line 1: expected series in Prometheus' text format");
    }
}
