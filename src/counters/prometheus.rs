//! What does an exporter say of the counters now? A scrape, and the series that stand for them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::error::MAX_HOSTS;
use super::{Counter, CounterError, CounterQuery, Exposed, Nearest, Reading, Sample, SampleOrigin};
use crate::exporter::Exporter;
use crate::exporter::collector::Collector;
use crate::exporter::exposition::{ExposedSeries, is_host, metric_name, series};
use crate::exporter::selector::Selector;

/// The sample of this moment.
pub(crate) async fn read<const N: usize>(
    exporter: &Exporter,
    query: &CounterQuery<N>,
) -> Result<Reading<N>, CounterError> {
    let place = exporter.url.to_string();
    let page = exporter.scrape(&query.deadline).await;
    let page = page.map_err(|error| CounterError::Http { place: place.clone(), error })?;
    // Taken when the answer is there: the clock of two runs at once then has the order of what they read.
    let now = SystemTime::now();
    let mut reading = reading(&page, query, &place, now)?;
    if reading.host.is_empty() {
        reading.host.clone_from(query.host.as_ref().unwrap_or(&exporter.url.host));
    }
    Ok(reading)
}

/// What an exposition says of the counters at `now`, unless its series have times of their own.
pub fn reading<const N: usize>(
    text: &str,
    query: &CounterQuery<N>,
    place: &str,
    now: SystemTime,
) -> Result<Reading<N>, CounterError> {
    if series(text).flatten().next().is_none() {
        let (place, expected) = (place.to_owned(), "series in Prometheus' text format".into());
        return Err(CounterError::Format { place, line: 1, expected });
    }
    let page = Page { text, host: query.host.as_deref(), place };
    let mut values = [None; N];
    let (mut host, mut time, mut absent) = (String::new(), None, Vec::new());
    for (value, counter) in values.iter_mut().zip(&query.counters) {
        page.must_be_collected(counter)?;
        match page.find(counter)? {
            Some(found) => {
                *value = page.judged(found.value, counter)?;
                host = found.host;
                // Of several times the oldest counts: a reading is no younger than any part of it.
                time = [time, found.timestamp].into_iter().flatten().min();
            }
            None if counter.required => absent.push(counter),
            None => {}
        }
    }
    if !absent.is_empty() {
        return Err(page.absent(&absent));
    }
    let of_its_own = time.and_then(|time| Some(UNIX_EPOCH + Duration::from_millis(u64::try_from(time).ok()?)));
    let time = of_its_own.filter(|time| *time < now + FAR_AHEAD).unwrap_or(now);
    let samples = vec![Sample { time, values }];
    let (gaps, trailing_gaps, replaced, notes) = (0, 0, 0, Vec::new());
    let origin = SampleOrigin::Present;
    Ok(Reading { host, samples, as_of: Some(time), gaps, trailing_gaps, replaced, notes, origin })
}

/// A metrics page, and of whom it is asked.
struct Page<'a> {
    text: &'a str,
    host: Option<&'a str>,
    place: &'a str,
}

struct Found {
    value: Option<f64>,
    timestamp: Option<i64>,
    host: String,
}

/// One way in which a counter may be exposed.
struct Way {
    selector: Selector,
    /// Of a state set: the label that names the instance, and the states in the order of their numbers.
    states: Option<(&'static str, &'static [&'static str])>,
}

impl Page<'_> {
    /// The counter's value, in the first way in which it is there.
    fn find(&self, counter: &Counter) -> Result<Option<Found>, CounterError> {
        for way in ways(counter) {
            let found = self.find_by(&way, counter)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn find_by(&self, way: &Way, counter: &Counter) -> Result<Option<Found>, CounterError> {
        let fits = |series: &ExposedSeries<'_>| way.selector.fits(series) && is_of_instance(series, way, counter);
        let mut all: Vec<_> = series(self.text).flatten().filter(fits).take(MAX_SERIES).collect();
        if let (None, Some(instance)) = (way.states, &counter.instance) {
            all = of_instance(all, instance, self.host);
        }
        let host_of = |series: &ExposedSeries<'_>| match &counter.instance {
            Some(instance) if way.states.is_none() && series.host().eq_ignore_ascii_case(instance) => String::new(),
            _ => series.host().into_owned(),
        };
        let mut hosts: Vec<String> = Vec::new();
        for host in all.iter().map(&host_of) {
            if !hosts.contains(&host) && hosts.len() < MAX_HOSTS {
                hosts.push(host);
            }
        }
        let is_of = |host: &str| self.host.is_none_or(|asked| host.is_empty() || is_host(host, asked));
        all.retain(|series| is_of(&host_of(series)));
        let Some(first) = all.first() else {
            return match self.host {
                Some(asked) if !hosts.is_empty() => {
                    Err(CounterError::NoSuchHost { host: asked.to_owned(), place: self.place.to_owned(), hosts })
                }
                _ => Ok(None),
            };
        };
        let host = host_of(first);
        if all.iter().any(|series| host_of(series) != host) {
            return Err(CounterError::SeveralHosts { place: self.place.to_owned(), hosts });
        }
        let timestamp = all.iter().filter_map(|series| series.timestamp).min();
        let value = match way.states {
            Some((_, states)) => self.state(&all, states, counter)?,
            None if all.len() > 1 => return Err(self.several(&all, counter)),
            None => Some(first.value),
        };
        Ok(Some(Found { value, timestamp, host }))
    }

    /// The number of the one state whose series is 1.
    fn state(
        &self,
        all: &[ExposedSeries<'_>],
        states: &[&str],
        counter: &Counter,
    ) -> Result<Option<f64>, CounterError> {
        let state_of = |series: &ExposedSeries<'_>| series.label("state").unwrap_or_default().to_lowercase();
        let mut seen: Vec<String> = all.iter().map(state_of).collect();
        seen.sort_unstable();
        if seen.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(self.several(all, counter));
        }
        let mut holding = all.iter().filter(|series| series.value == 1.0);
        match (holding.next(), holding.next()) {
            (Some(_), Some(_)) => {
                Err(CounterError::SeveralStates { counter: Box::new(counter.clone()), place: self.place.to_owned() })
            }
            (Some(series), None) => {
                let state = state_of(series);
                let known = (1_u8..).zip(states).find(|(_, known)| known.eq_ignore_ascii_case(&state));
                Ok(known.map(|(number, _)| f64::from(number)))
            }
            _ => Ok(None),
        }
    }

    /// A value that can be counted with; a required one must be.
    fn judged(&self, value: Option<f64>, counter: &Counter) -> Result<Option<f64>, CounterError> {
        let (place, named) = (self.place.to_owned(), || Box::new(counter.clone()));
        match value {
            Some(value) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
            _ if !counter.required => Ok(None),
            Some(value) => Err(CounterError::NotANumber { counter: named(), place, value }),
            None => Err(CounterError::NoState { counter: named(), place }),
        }
    }

    /// Refuses what a collector left that says itself that it failed.
    fn must_be_collected(&self, counter: &Counter) -> Result<(), CounterError> {
        let ways = ways(counter);
        let is_there = |way: &&Way| series(self.text).flatten().any(|series| series.name == way.selector.name);
        let collectors: Vec<_> = match ways.iter().find(is_there) {
            Some(way) => Collector::of(&way.selector.name, counter.object).into_iter().collect(),
            // Where it is not there at all, any of those that it could come from may say why.
            None => {
                let named = ways.iter().filter_map(|way| Collector::of(&way.selector.name, counter.object));
                named.chain([Collector::of_counters(counter.object)]).collect()
            }
        };
        let failed = |collector: Collector<'_>| Some((collector.name, collector.failure(self.text, self.host)?));
        match collectors.into_iter().filter(|_| counter.required).find_map(failed) {
            None => Ok(()),
            Some((collector, how)) => {
                let (collector, place) = (collector.to_owned(), self.place.to_owned());
                Err(CounterError::CollectorFailed { collector, place, how })
            }
        }
    }

    fn several(&self, all: &[ExposedSeries<'_>], counter: &Counter) -> CounterError {
        let series = all.iter().take(SHOWN).map(ToString::to_string).collect();
        CounterError::SeveralSeries { counter: Box::new(counter.clone()), place: self.place.to_owned(), series }
    }

    /// The error of counters without a series, with the names there are in the words of the exporter.
    fn absent(&self, counters: &[&Counter]) -> CounterError {
        let exposed = |counter: &&Counter| match &counter.instance {
            Some(_) => (*counter).clone(),
            None => Counter { given: Some(given_or_name(counter)), ..(*counter).clone() },
        };
        let mut names = Vec::new();
        for series in series(self.text).flatten() {
            if names.last() != Some(&series.name) {
                names.push(series.name);
            }
        }
        let wanted: Vec<_> = counters.iter().map(exposed).collect();
        let mut nearest = Nearest::to(&wanted[0], names.into_iter());
        nearest.other_instances = counters[0].instance.is_some()
            && ways(counters[0]).iter().any(|way| series(self.text).flatten().any(|series| way.selector.fits(&series)));
        CounterError::Absent { counters: wanted, place: self.place.to_owned(), nearest }
    }
}

/// The ways in which a counter may be exposed, the likelier first: as the operator says, or as windows_exporter does.
fn ways(counter: &Counter) -> Vec<Way> {
    let value = |name: &str| Way { selector: name.parse().unwrap_or_else(|_| Selector::of(name)), states: None };
    match (&counter.given, counter.exposed) {
        (Some(given), _) => vec![value(given)],
        (None, Exposed::Value) => vec![value(&given_or_name(counter))],
        (None, Exposed::StateSet { metric, instance, states }) => {
            let set = Way { selector: Selector::of(metric), states: Some((instance, states)) };
            vec![set, value(&metric_name(counter.object, counter.name))]
        }
    }
}

fn given_or_name(counter: &Counter) -> String {
    counter.given.clone().unwrap_or_else(|| metric_name(counter.object, counter.name))
}

/// Whether a series of a state set is of the counter's instance.
fn is_of_instance(series: &ExposedSeries<'_>, way: &Way, counter: &Counter) -> bool {
    match (way.states, &counter.instance) {
        (Some((label, _)), Some(wanted)) => series.label(label).is_some_and(|name| name.eq_ignore_ascii_case(wanted)),
        _ => true,
    }
}

/// Of series with a value each those of an instance: windows_exporter names it in the label `instance`, or in one that its
/// configuration names. A metric that says nothing of instances is of the one that the operator means.
fn of_instance<'a>(all: Vec<ExposedSeries<'a>>, instance: &str, host: Option<&str>) -> Vec<ExposedSeries<'a>> {
    let names_it = |series: &ExposedSeries<'_>| series.labels().any(|(_, value)| value.eq_ignore_ascii_case(instance));
    if all.iter().any(names_it) {
        return all.into_iter().filter(names_it).collect();
    }
    let is_a_host = |label: &str| {
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        label.is_empty() || label.rsplit_once(':').is_some_and(|(_, port)| is_port(port))
    };
    let may_be = |series: &ExposedSeries<'_>| {
        let label = series.host();
        is_a_host(&label) || host.is_some_and(|asked| is_host(&label, asked))
    };
    all.into_iter().filter(may_be).collect()
}

/// A time so far ahead is no time.
const FAR_AHEAD: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The most series of one counter that are looked at: a state set has seven.
const MAX_SERIES: usize = 256;

/// How many series an error shows.
const SHOWN: usize = 3;

#[cfg(test)]
mod tests;
