//! What does an exporter say of the counters now? A scrape, and the series that stand for them.

mod instance;

use std::time::SystemTime;

use self::instance::{Wanted, Whose};
use super::{Counter, CounterError, CounterQuery, Exposed, Nearest, Reading, Sample};
use crate::exporter::Exporter;
use crate::exporter::collector::{Collector, is_about_collectors};
use crate::exporter::exposition::{ExposedSeries, host_of, is_host, metric_name, series};
use crate::exporter::page::{self, Page, StateSetError, holding, hosts, moment};
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
    let ways = query.counters.each_ref().map(ways);
    let is_asked = |name: &str| ways.iter().flatten().any(|way| way.selector.name == name) || is_about_collectors(name);
    let page = Page::parse(text, is_asked).map_err(|error| {
        let (place, expected) = (place.to_owned(), error.to_string().into());
        CounterError::Format { place, line: 1, expected }
    })?;
    let asked = Asked { page: &page, text, host: query.host.as_deref(), place };
    let mut values = [None; N];
    let (mut host, mut times, mut absent) = (None, Vec::new(), Vec::new());
    for ((value, counter), ways) in values.iter_mut().zip(&query.counters).zip(&ways) {
        match asked.collected(counter, ways)? {
            Some(found) => {
                *value = asked.judged(found.value, counter)?;
                asked.must_be_of_one_host(&mut host, found.host)?;
                times.extend(found.times);
            }
            None if counter.required => absent.push(counter),
            None => {}
        }
    }
    if !absent.is_empty() {
        return Err(asked.absent(&absent));
    }
    let time = moment(times.into_iter(), now).unwrap_or(now);
    let (host, sample) = (host.unwrap_or_default(), Sample { time, values });
    Ok(Reading::of_now(host, sample))
}

/// A metrics page, and of whom it is asked.
struct Asked<'a> {
    page: &'a Page<'a>,
    text: &'a str,
    host: Option<&'a str>,
    place: &'a str,
}

struct Found {
    value: Option<f64>,
    /// In milliseconds since 1970, of the series that have one.
    times: Vec<i64>,
    host: String,
}

/// One way in which a counter may be exposed.
struct Way {
    selector: Selector,
    /// The states of a state set, in the order of their numbers.
    states: Option<&'static [&'static str]>,
    is_given: bool,
}

impl Asked<'_> {
    /// The counter's value in the first way in which it is there, of a collector that does not say itself that it failed.
    fn collected(&self, counter: &Counter, ways: &[Way]) -> Result<Option<Found>, CounterError> {
        let found = self.find(counter, ways);
        let host = match &found {
            Ok(Some(found)) if !found.host.is_empty() => Some(found.host.as_str()),
            Ok(_) | Err(CounterError::NoSuchHost { .. }) => self.host,
            Err(_) => return found,
        };
        self.must_be_collected(counter, ways, host)?;
        found
    }

    fn find(&self, counter: &Counter, ways: &[Way]) -> Result<Option<Found>, CounterError> {
        for way in ways {
            let found = self.find_by(way, counter)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn find_by(&self, way: &Way, counter: &Counter) -> Result<Option<Found>, CounterError> {
        let mut all: Vec<_> = self.of(way).copied().collect();
        let states = way.states_of(&all);
        let wanted = counter.instance.as_deref().map(|instance| way.wanted(instance, counter, self.host));
        if let Some(wanted) = wanted {
            all = self.of_instance(all, wanted, counter)?;
        }
        let label_of = |series: &ExposedSeries<'_>| match wanted {
            Some(wanted) => wanted.host_of(series),
            None => series.host_unless(&|label| way.selector.says(label)).into_owned(),
        };
        let known = page::named(hosts(all.iter().map(|series| label_of(series).into())));
        let is_of = |host: &str| self.host.is_none_or(|asked| host.is_empty() || is_host(host, asked));
        all.retain(|series| is_of(&label_of(series)));
        let Some(first) = all.first() else {
            return match self.host {
                Some(asked) if !known.is_empty() => {
                    Err(CounterError::NoSuchHost { host: asked.to_owned(), place: self.place.to_owned(), hosts: known })
                }
                _ => Ok(None),
            };
        };
        let host = label_of(first);
        if all.iter().any(|series| label_of(series) != host) {
            return Err(self.several_hosts(page::named(hosts(all.iter().map(|series| label_of(series).into())))));
        }
        let times = all.iter().filter_map(|series| series.timestamp).collect();
        let value = match states {
            Some(states) => self.state(&all, states, counter)?,
            None if all.len() > 1 => return Err(self.several(&all, counter)),
            None => Some(first.value),
        };
        Ok(Some(Found { value, times, host }))
    }

    /// The series that a way means, of any instance and host.
    fn of<'a>(&'a self, way: &'a Way) -> impl Iterator<Item = &'a ExposedSeries<'a>> {
        self.page.of_metric(&way.selector.name).filter(|series| way.selector.fits(series))
    }

    /// Of series those of the counter's instance: those that name it, or all where none names any.
    fn of_instance<'a>(
        &self,
        all: Vec<ExposedSeries<'a>>,
        wanted: Wanted<'_>,
        counter: &Counter,
    ) -> Result<Vec<ExposedSeries<'a>>, CounterError> {
        let judged: Vec<_> = all.into_iter().map(|series| (wanted.whose(&series), series)).collect();
        let of = |wanted: Whose| -> Vec<_> {
            judged.iter().filter(|(whose, _)| *whose == wanted).map(|(_, series)| *series).collect()
        };
        let (its, unclear) = (of(Whose::Its), of(Whose::Unclear));
        if let (true, Some(series)) = (its.is_empty(), unclear.first()) {
            let (place, series) = (self.place.to_owned(), series.to_string());
            return Err(CounterError::Unclear { counter: Box::new(counter.clone()), place, series });
        }
        let is_named = judged.iter().any(|(whose, _)| matches!(whose, Whose::Its | Whose::Others));
        Ok(if is_named { its } else { of(Whose::Unsaid) })
    }

    /// Keeps the host of the counters so far: those of two have nothing to do with each other.
    fn must_be_of_one_host(&self, known: &mut Option<String>, found: String) -> Result<(), CounterError> {
        match known {
            None => *known = Some(found),
            // Who asks for a host takes what does not say of which it is for that one's.
            Some(_) if self.host.is_some() && found.is_empty() => {}
            Some(first) if self.host.is_some() && first.is_empty() => *first = found,
            Some(first) if host_of(first).eq_ignore_ascii_case(host_of(&found)) => {}
            Some(first) => {
                return Err(self.several_hosts(page::named(vec![first.clone(), found])));
            }
        }
        Ok(())
    }

    /// The number of the one state whose series is 1.
    fn state(
        &self,
        all: &[ExposedSeries<'_>],
        states: &[&str],
        counter: &Counter,
    ) -> Result<Option<f64>, CounterError> {
        match holding(all, STATE) {
            Ok(state) => {
                let known = (1_u8..).zip(states).find(|(_, known)| known.eq_ignore_ascii_case(&state));
                Ok(known.map(|(number, _)| f64::from(number)))
            }
            Err(StateSetError::NoState) => Ok(None),
            Err(StateSetError::Twice) => Err(self.several(all, counter)),
            Err(StateSetError::Several) => {
                Err(CounterError::SeveralStates { counter: Box::new(counter.clone()), place: self.place.to_owned() })
            }
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

    /// Refuses what a collector left, of a host, that says itself that it failed.
    fn must_be_collected(&self, counter: &Counter, ways: &[Way], host: Option<&str>) -> Result<(), CounterError> {
        let is_there = |way: &&Way| self.page.of_metric(&way.selector.name).next().is_some();
        let collectors: Vec<_> = match ways.iter().find(is_there) {
            Some(way) => Collector::of(&way.selector.name, counter.object).into_iter().collect(),
            // Where it is not there at all, any of those that it could come from may say why.
            None => {
                let named = ways.iter().filter_map(|way| Collector::of(&way.selector.name, counter.object));
                named.chain([Collector::of_counters(counter.object)]).collect()
            }
        };
        let failed = |collector: Collector<'_>| Some((collector.name, collector.failure(self.page, host)?));
        match collectors.into_iter().filter(|_| counter.required).find_map(failed) {
            None => Ok(()),
            Some((collector, how)) => {
                let (collector, place) = (collector.to_owned(), self.place.to_owned());
                Err(CounterError::CollectorFailed { collector, place, how })
            }
        }
    }

    fn several_hosts(&self, hosts: Vec<String>) -> CounterError {
        let (place, asked) = (self.place.to_owned(), self.host.map(str::to_owned));
        CounterError::SeveralHosts { place, hosts, asked }
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
        nearest.other_instances =
            counters[0].instance.is_some() && ways(counters[0]).iter().any(|way| self.of(way).next().is_some());
        CounterError::Absent { counters: wanted, place: self.place.to_owned(), nearest }
    }
}

impl Way {
    fn new(name: &str, states: Option<&'static [&'static str]>, is_given: bool) -> Self {
        Self { selector: name.parse().unwrap_or_else(|_| Selector::of(name)), states, is_given }
    }

    /// What is known of an instance of the counter, on the host that was asked for.
    fn wanted<'a>(&'a self, instance: &'a str, counter: &Counter, host: Option<&'a str>) -> Wanted<'a> {
        let is_own = self.is_given && self.selector.name != metric_name(counter.object, counter.name);
        Wanted { instance, selector: &self.selector, is_own, host }
    }

    /// The states that its series may say: a metric whose label `state` is one of them is a state set, whoever named it.
    fn states_of(&self, all: &[ExposedSeries<'_>]) -> Option<&'static [&'static str]> {
        let says = |series: &ExposedSeries<'_>, states: &[&str]| {
            series.label(STATE).is_some_and(|label| states.iter().any(|state| state.eq_ignore_ascii_case(&label)))
        };
        self.states.filter(|states| !self.is_given || all.iter().any(|series| says(series, states)))
    }
}

/// The ways in which a counter may be exposed, the likelier first: as the operator says, or as windows_exporter does.
fn ways(counter: &Counter) -> Vec<Way> {
    let (metric, states) = match counter.exposed {
        Exposed::Value => (None, None),
        Exposed::StateSet { metric, states } => (Some(metric), Some(states)),
    };
    if let Some(given) = &counter.given {
        return vec![Way::new(given, states, true)];
    }
    let set = metric.map(|metric| Way::new(metric, states, false));
    set.into_iter().chain([Way::new(&metric_name(counter.object, counter.name), None, false)]).collect()
}

fn given_or_name(counter: &Counter) -> String {
    counter.given.clone().unwrap_or_else(|| metric_name(counter.object, counter.name))
}

/// The label that says the state in a state set.
const STATE: &str = "state";

/// How many series an error shows.
const SHOWN: usize = 3;

#[cfg(test)]
mod tests;
