//! What does a metrics page say of the metrics that are asked for? Parsed once, and what the series of one thing come to.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::exposition::{ExposedSeries, name_of, parse, samples};
use crate::time::age::CLOCKS_APART;

/// The series of a page that somebody asks for.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    series: Vec<ExposedSeries<'a>>,
}

/// Why a text is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PageError {
    #[error("series in Prometheus' text format")]
    NoExposition,
    #[error("at most {MAX_SERIES} series of the metrics asked for")]
    TooMany,
}

/// Why a set of series, of which the one that holds has the value 1, says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StateSetError {
    /// None of them is 1.
    NoState,
    /// Two states are 1.
    Several,
    /// One state is there twice.
    Twice,
}

impl<'a> Page<'a> {
    /// The series of the metrics that are `wanted`.
    pub(crate) fn parse(text: &'a str, wanted: impl Fn(&str) -> bool) -> Result<Self, PageError> {
        let (mut series, mut is_exposition) = (Vec::new(), false);
        for line in samples(text) {
            let is_wanted = name_of(line).is_some_and(&wanted);
            if !is_wanted && is_exposition {
                continue;
            }
            let Some(parsed) = parse(line) else { continue };
            is_exposition = true;
            if is_wanted {
                series.push(parsed);
            }
            if series.len() > MAX_SERIES {
                return Err(PageError::TooMany);
            }
        }
        is_exposition.then_some(Self { series }).ok_or(PageError::NoExposition)
    }

    /// The series of a metric, in the order of the page.
    pub(crate) fn of_metric<'p>(&'p self, metric: &'p str) -> impl Iterator<Item = &'p ExposedSeries<'a>> {
        self.series.iter().filter(move |series| series.name == metric)
    }

    /// The series of some metrics, in the order of the page.
    pub(crate) fn of<'p>(&'p self, metrics: &'p [&str]) -> impl Iterator<Item = &'p ExposedSeries<'a>> {
        self.series.iter().filter(move |series| metrics.contains(&series.name))
    }
}

/// The value of a label of the one series that is 1, in lower case.
pub(crate) fn holding(all: &[ExposedSeries<'_>], label: &str) -> Result<String, StateSetError> {
    let value = |series: &ExposedSeries<'_>| series.label(label).unwrap_or_default().to_lowercase();
    let mut seen = HashSet::new();
    if !all.iter().all(|series| seen.insert(value(series))) {
        return Err(StateSetError::Twice);
    }
    let mut holding = all.iter().filter(|series| series.value == 1.0);
    match (holding.next(), holding.next()) {
        (Some(only), None) => Ok(value(only)),
        (Some(_), Some(_)) => Err(StateSetError::Several),
        (None, _) => Err(StateSetError::NoState),
    }
}

/// The hosts that series are of, each once, as many as an error names; empty for those that do not say it.
pub(crate) fn hosts<'a>(labels: impl Iterator<Item = Cow<'a, str>>) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for host in labels {
        if !hosts.iter().any(|known| *known == host) {
            hosts.push(host.into_owned());
        }
        if hosts.len() == MAX_HOSTS {
            break;
        }
    }
    hosts
}

/// The hosts as an error names them.
pub(crate) fn named(hosts: Vec<String>) -> Vec<String> {
    hosts.into_iter().filter(|host| !host.is_empty()).collect()
}

/// The moment that series are of, by their own times in milliseconds since 1970; `None` where they have none.
///
/// The oldest counts, because a reading is no younger than any part of it; but the newest where that lies further ahead than
/// two clocks may differ.
pub(crate) fn moment(times: impl Iterator<Item = i64>, now: SystemTime) -> Option<SystemTime> {
    // What lies before 1970 is as old as a time can be.
    let time = |time: i64| UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(time).unwrap_or_default()));
    let far_ahead = now + FAR_AHEAD;
    let times = times.map(|own| time(own).map_or(far_ahead, |time| time.min(far_ahead)));
    let (oldest, newest) = times.fold((None::<SystemTime>, None::<SystemTime>), |(oldest, newest), time| {
        (Some(oldest.map_or(time, |oldest| oldest.min(time))), Some(newest.map_or(time, |newest| newest.max(time))))
    });
    newest.filter(|newest| *newest > now + CLOCKS_APART).or(oldest)
}

/// The most series of all metrics that are asked for: each of eight states of 300 services, of a hundred hosts.
const MAX_SERIES: usize = 262_144;

/// How many hosts an error names.
const MAX_HOSTS: usize = 5;

/// A time so far ahead is no time.
const FAR_AHEAD: Duration = Duration::from_secs(100 * 365 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_what_is_asked_for_and_is_one_by_any_series() {
        let text = "# x\nrubbish\na 1\nb{c=\"d\"} 2\na{c=\"e\"} 3\n";
        let page = Page::parse(text, |name| name == "a").unwrap();
        assert_eq!(page.of(&["a"]).map(|series| series.value).collect::<Vec<_>>(), [1.0, 3.0]);
        assert_eq!(page.of(&["b"]).count(), 0);
        assert_eq!(Page::parse("up 1\n", |name| name == "a").unwrap().series, []);
        assert_eq!(Page::parse("<html>", |_| true).unwrap_err(), PageError::NoExposition);
        let many = "a 1\n".repeat(MAX_SERIES + 1);
        assert_eq!(Page::parse(&many, |name| name == "a").unwrap_err(), PageError::TooMany);
        assert!(Page::parse(&many, |name| name == "b").is_ok());
        assert_eq!(Page::parse(&many[4..], |name| name == "a").unwrap().series.len(), MAX_SERIES);
    }

    #[test]
    fn one_state_holds_or_none() {
        let said = |text: &str| {
            let page = Page::parse(text, |_| true).unwrap();
            holding(&page.series, "of")
        };
        assert_eq!(said("s{of=\"A\"} 0\ns{of=\"B\"} 1\n").as_deref(), Ok("b"));
        assert_eq!(said("s{of=\"a\"} 0\ns{of=\"b\"} 0\n"), Err(StateSetError::NoState));
        assert_eq!(said("s{of=\"a\"} 1\ns{of=\"b\"} 1\n"), Err(StateSetError::Several));
        assert_eq!(said("s{of=\"a\"} 1\ns{of=\"A\"} 0\n"), Err(StateSetError::Twice));
    }

    #[test]
    fn the_oldest_part_counts_unless_another_lies_far_ahead() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let ago = |times: &[i64]| {
            let moment = moment(times.iter().map(|seconds| (1_700_000_000 - seconds) * 1_000), now)?;
            Some(
                now.duration_since(moment)
                    .map_or_else(|ahead| -(ahead.duration().as_secs() as i64), |age| age.as_secs() as i64),
            )
        };
        assert_eq!([ago(&[]), ago(&[5]), ago(&[5, 90, 7])], [None, Some(5), Some(90)]);
        assert_eq!([ago(&[5, -864_000]), ago(&[864_000, -2]), ago(&[-2])], [Some(-864_000), Some(864_000), Some(-2)]);
        let apart = CLOCKS_APART.as_secs() as i64;
        assert_eq!([ago(&[5, -apart]), ago(&[5, -apart - 1])], [Some(5), Some(-apart - 1)]);
        assert_eq!(moment([-1_000].into_iter(), now), Some(UNIX_EPOCH));
        assert_eq!(moment([i64::MAX].into_iter(), now), Some(now + FAR_AHEAD));
    }
}
