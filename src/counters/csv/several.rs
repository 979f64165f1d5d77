//! What do the files of a directory say together? The newest, older ones as far as the window reaches, and who else writes there.

use std::mem;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::counters::{CounterError, CounterQuery, Nearest, Reading, SampleOrigin};
use crate::net::host::is_same_computer;

/// What was read of some files, the newest first.
#[derive(Debug)]
pub(super) struct Together<const N: usize> {
    reading: Option<Reading<N>>,
    /// When the newest file was written.
    newest: SystemTime,
    now: SystemTime,
    /// What the files are called together.
    place: String,
    window: Duration,
    /// How many counters a sample needs.
    required: usize,
    /// Why a newer file than those that were read is none of them: it has just been begun, or lacks one counter of several.
    begun: Option<CounterError>,
    lacking: Option<CounterError>,
    /// Why a newer file is no log at all.
    foreign: Option<CounterError>,
    /// That a newer file has the counters of other instances only, and when it was written.
    gone: Option<(CounterError, SystemTime)>,
    /// Why a file of another collector or host is none of them.
    others: Option<CounterError>,
    /// The hosts of files that were passed over, each with the time of its newest sample.
    elsewhere: Vec<(String, SystemTime)>,
    /// The host that was asked for.
    asked: Option<String>,
}

impl<const N: usize> Together<N> {
    /// Nothing yet of files called `place`, where the newest one was written then.
    pub(super) fn before(newest: SystemTime, now: SystemTime, place: String, query: &CounterQuery<N>) -> Self {
        Self {
            reading: None,
            newest,
            now,
            place,
            window: query.window,
            required: query.counters.iter().filter(|counter| counter.required).count(),
            begun: None,
            lacking: None,
            foreign: None,
            gone: None,
            others: None,
            elsewhere: Vec::new(),
            asked: query.host.clone(),
        }
    }

    /// Whether a file that was written then has nothing to add: the window is known, and nobody wrote to the file within it.
    pub(super) fn needs_none_of(&self, written: SystemTime) -> bool {
        self.is_whole() && self.newest.duration_since(written).is_ok_and(|age| age > self.window)
    }

    fn is_whole(&self) -> bool {
        self.reading.as_ref().is_some_and(|reading| reading.origin == SampleOrigin::WholeLog && !reading.is_cut_off)
    }

    /// Adds what the next older file says, which was written then; `false` where no file that is older still has a say.
    pub(super) fn add(
        &mut self,
        said: Result<Reading<N>, CounterError>,
        written: SystemTime,
    ) -> Result<bool, CounterError> {
        let is_whole = self.is_whole();
        match (said, self.reading.as_mut()) {
            (Ok(first), None) => {
                // What the newest says of the other instances it says of this one, too, unless another collector still writes.
                match self.gone.take() {
                    Some((error, newest)) if !is_still_written(&first, newest, written) => return Err(error),
                    _ => self.reading = Some(first),
                }
            }
            (Ok(other), Some(newer)) if !other.host.eq_ignore_ascii_case(&newer.host) => {
                self.elsewhere.extend(other.samples.last().map(|last| (other.host, last.time)));
            }
            (Ok(other), Some(newer)) if is_of_a_clock_set_back(newer, &other, self.now) => {
                return Err(CounterError::ClockSetBack { place: mem::take(&mut self.place) });
            }
            (Ok(_), Some(_)) if is_whole => {}
            (Ok(older), Some(newer)) => prepend(older, newer, self.window),
            (Err(error @ CounterError::SeveralHosts { .. }), Some(_)) => return Err(error),
            (Err(_), Some(_)) if is_whole => {}
            // The newest one has just been begun: what there is to know stands in the one before.
            (Err(error @ CounterError::NoRows { .. }), None) => {
                self.begun.get_or_insert(error);
            }
            (Err(error @ CounterError::Absent { nearest: Nearest { other_instances: true, .. }, .. }), None) => {
                self.gone.get_or_insert((error, written));
            }
            // No other collector would leave out one of them.
            (Err(CounterError::Absent { counters, place, nearest }), None) if counters.len() < self.required => {
                self.lacking.get_or_insert(CounterError::Absent { counters, place, nearest });
            }
            (Err(error @ CounterError::NoHeader { .. }), None) => {
                self.foreign.get_or_insert(error);
            }
            // Of another collector, or of another host, in the same directory.
            (Err(error @ (CounterError::Absent { .. } | CounterError::NoSuchHost { .. })), _) => {
                self.others.get_or_insert(error);
            }
            (Err(error), None) => return Err(self.reason().unwrap_or(error)),
            (Err(error), Some(newer)) => {
                newer.notes.push(format!("an older log was not read: {error}"));
                newer.reservations.push("an older log was not read".to_owned());
                newer.is_cut_off = true;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What all of them say.
    pub(super) fn finish(mut self) -> Result<Reading<N>, CounterError> {
        let place = mem::take(&mut self.place);
        let Some(mut reading) = self.reading.take() else {
            let none = || CounterError::NoRows { place, host: String::new() };
            return Err(self.reason().or(self.others).unwrap_or_else(none));
        };
        let first = reading.samples.first().map_or(UNIX_EPOCH, |first| first.time);
        // A renamed host begins anew: its older name is over before.
        let is_another = |(host, last): &&(String, SystemTime)| {
            let are_named = !host.is_empty() && !reading.host.is_empty();
            *last >= first && are_named && !is_same_computer(host, &reading.host)
        };
        if let Some((other, _)) = self.elsewhere.iter().find(is_another) {
            let hosts = vec![reading.host, other.clone()];
            return Err(CounterError::SeveralHosts { place, hosts, asked: self.asked });
        }
        if !self.elsewhere.is_empty() {
            reading.origin = SampleOrigin::WholeLog;
        }
        let newer = [
            (self.begun, "a newer log holds no row yet"),
            (self.lacking, "a newer log lacks one of the counters"),
            (self.foreign, "a newer file is no performance log"),
        ];
        for (error, reservation) in newer.into_iter().filter_map(|(error, text)| Some((error?, text))) {
            reading.notes.push(error.to_string());
            reading.reservations.push(reservation.to_owned());
        }
        Ok(reading)
    }

    /// Why there is nothing, by what the newest files are.
    fn reason(&mut self) -> Option<CounterError> {
        self.gone.take().map(|(error, _)| error).or(self.begun.take()).or(self.lacking.take()).or(self.foreign.take())
    }
}

/// Puts the samples of an older file in front of those of a newer one, as far as the window reaches.
fn prepend<const N: usize>(older: Reading<N>, newer: &mut Reading<N>, window: Duration) {
    let Some((first, last)) = newer.samples.first().zip(newer.samples.last()) else { return };
    let (first, start) = (first.time, last.time.checked_sub(window).unwrap_or(UNIX_EPOCH));
    let counts = |sample: &crate::counters::Sample<N>| sample.time < first && sample.time >= start;
    newer.samples.splice(0..0, older.samples.into_iter().filter(counts));
    newer.gaps += older.gaps;
    newer.origin = older.origin;
}

/// Whether the newest file is of before the clock was set back: it ends ahead of the clock, and another, which does not, within
/// its time.
fn is_of_a_clock_set_back<const N: usize>(newest: &Reading<N>, other: &Reading<N>, now: SystemTime) -> bool {
    let is_ahead = |time: SystemTime| time.duration_since(now).is_ok_and(|ahead| ahead > FILES_APART);
    let [first, .., last] = newest.samples.as_slice() else { return false };
    let end = other.samples.last().map(|sample| sample.time);
    is_ahead(last.time) && end.is_some_and(|end| end >= first.time && !is_ahead(end))
}

/// Whether what a file says is still being written to it: it is no more than two of its samples older than the newest file.
fn is_still_written<const N: usize>(said: &Reading<N>, newest: SystemTime, written: SystemTime) -> bool {
    let [.., before, last] = said.samples.as_slice() else { return false };
    let pause = last.time.duration_since(before.time).unwrap_or_default();
    newest.duration_since(written).unwrap_or_default() <= pause.saturating_mul(2)
}

/// How far ahead of the clock the log that is running may end, where another log of its host is not.
const FILES_APART: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::super::tests::query;
    use super::*;
    use crate::counters::Sample;
    use std::io::ErrorKind;

    /// So many seconds before the newest file was written.
    fn ago(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000 - seconds)
    }

    /// The files of one hour.
    fn together() -> Together<3> {
        Together::before(ago(0), ago(0), "logs".to_owned(), &query())
    }

    /// What a log says that has samples of these ages, in seconds.
    fn said(origin: SampleOrigin, ages: &[u64]) -> Result<Reading<3>, CounterError> {
        let sample = |age: &u64| Sample { time: ago(*age), values: [Some(100.0), Some(1.0), None] };
        let samples = ages.iter().map(sample).collect();
        Ok(Reading { samples, origin, ..Reading::of_now("CAS1".to_owned(), sample(&0)) })
    }

    #[test]
    fn a_file_that_was_written_before_the_window_is_needed_until_all_of_that_is_known() {
        let mut whole = together();
        assert!(!whole.needs_none_of(ago(86_400)));
        assert!(whole.add(said(SampleOrigin::WholeLog, &[3_660, 0]), ago(0)).unwrap());
        let needs_none_of = [1, 3_600, 3_601, 86_400].map(|age| whole.needs_none_of(ago(age)));
        assert_eq!(needs_none_of, [false, false, true, true]);
        let mut young = together();
        assert!(young.add(said(SampleOrigin::YoungLog, &[60, 0]), ago(0)).unwrap());
        assert!(!young.needs_none_of(ago(86_400)));
    }

    #[test]
    fn an_older_file_that_cannot_be_read_is_no_matter_where_the_window_is_known() {
        let read = |origin| {
            let mut together = together();
            together.add(said(origin, &[3_660, 0]), ago(0)).unwrap();
            let error = ErrorKind::PermissionDenied.into();
            let goes_on = together.add(Err(CounterError::Io { place: "old.csv".to_owned(), error }), ago(60)).unwrap();
            let reading = together.finish().unwrap();
            (goes_on, reading.is_cut_off, reading.reservations.len())
        };
        assert_eq!(read(SampleOrigin::WholeLog), (true, false, 0));
        assert_eq!(read(SampleOrigin::YoungLog), (false, true, 1));
    }

    #[test]
    fn of_an_older_file_only_samples_of_the_window_count_that_are_older_than_the_newer_file() {
        let mut together = together();
        let with_gaps = |gaps, said: Result<Reading<3>, _>| said.map(|reading| Reading { gaps, ..reading });
        together.add(with_gaps(2, said(SampleOrigin::YoungLog, &[1_800, 0])), ago(0)).unwrap();
        let older = said(SampleOrigin::WholeLog, &[3_601, 3_600, 1_860, 1_800, 1_740]);
        together.add(with_gaps(3, older), ago(1_740)).unwrap();
        let reading = together.finish().unwrap();
        assert_eq!((reading.gaps, reading.origin), (5, SampleOrigin::WholeLog));
        let ages = reading.samples.iter().map(|sample| ago(0).duration_since(sample.time).unwrap().as_secs());
        assert_eq!(ages.collect::<Vec<_>>(), [3_600, 1_860, 1_800, 0]);
    }

    #[test]
    fn another_host_within_the_time_of_the_newest_log_must_be_chosen_and_a_name_of_before_need_not() {
        let read = |host: &str, ages: &[u64]| {
            let mut together = together();
            together.add(said(SampleOrigin::YoungLog, &[600, 0]), ago(0)).unwrap();
            let other = said(SampleOrigin::YoungLog, ages).map(|other| Reading { host: host.to_owned(), ..other });
            together.add(other, ago(300)).unwrap();
            together.finish().map(|reading| (reading.samples.len(), reading.origin))
        };
        assert!(matches!(read("CAS2", &[900, 300]), Err(CounterError::SeveralHosts { .. })));
        assert!(matches!(read("CAS2", &[900, 600]), Err(CounterError::SeveralHosts { .. })));
        assert_eq!(read("CAS2", &[900, 601]).unwrap(), (2, SampleOrigin::WholeLog));
        for same in ["cas1.example.com", ""] {
            assert_eq!(read(same, &[900, 300]).unwrap(), (2, SampleOrigin::WholeLog), "{same}");
        }
        assert_eq!(read("cas1", &[900, 601]).unwrap(), (4, SampleOrigin::YoungLog));
    }

    #[test]
    fn the_clock_was_set_back_when_the_newest_log_ends_ahead_and_another_within_its_time() {
        let is_set_back = |ahead: u64, end: u64| {
            let mut together = Together { now: ago(ahead), ..together() };
            together.add(said(SampleOrigin::YoungLog, &[600, 300, 0]), ago(0)).unwrap();
            let added = together.add(said(SampleOrigin::YoungLog, &[900, end]), ago(end));
            matches!(added, Err(CounterError::ClockSetBack { .. }))
        };
        assert_eq!([is_set_back(61, 300), is_set_back(61, 600)], [true; 2]);
        // As far ahead as clocks are apart, one behind the other, and both ahead.
        assert_eq!([is_set_back(60, 300), is_set_back(61, 601), is_set_back(61, 0)], [false; 3]);
    }

    /// A log without so many of the counters, which may be there of other instances.
    fn absent(count: usize, other_instances: bool) -> Result<Reading<3>, CounterError> {
        let mut nearest = Nearest::unlisted(String::new());
        nearest.other_instances = other_instances;
        Err(CounterError::Absent { counters: query().counters[..count].to_vec(), place: "new.csv".to_owned(), nearest })
    }

    #[test]
    fn a_newer_log_that_lacks_one_counter_is_said_and_one_of_another_collector_is_not() {
        let reservations = |count| {
            let mut together = together();
            together.add(absent(count, false), ago(0)).unwrap();
            together.add(said(SampleOrigin::WholeLog, &[3_660, 60]), ago(60)).unwrap();
            together.finish().unwrap().reservations
        };
        assert_eq!(reservations(1), ["a newer log lacks one of the counters"]);
        assert_eq!(reservations(2), Vec::<String>::new());
        for count in [1, 2] {
            let mut together = together();
            together.add(absent(count, false), ago(0)).unwrap();
            assert!(matches!(together.finish(), Err(CounterError::Absent { .. })), "{count}");
        }
    }

    #[test]
    fn an_instance_that_is_gone_is_known_from_another_log_only_while_that_is_written() {
        let is_known = |written| {
            let mut together = together();
            together.add(absent(2, true), ago(0)).unwrap();
            together.add(said(SampleOrigin::WholeLog, &[180, 120]), ago(written)).is_ok()
        };
        // It has a sample a minute.
        assert_eq!([is_known(60), is_known(120), is_known(121)], [true, true, false]);
    }

    #[test]
    fn an_older_file_has_no_say_where_the_window_is_known() {
        let mut together = together();
        together.add(said(SampleOrigin::WholeLog, &[3_660, 0]), ago(0)).unwrap();
        let older = said(SampleOrigin::YoungLog, &[3_720, 3_690]).map(|older| Reading { gaps: 3, ..older });
        assert!(together.add(older, ago(3_600)).unwrap());
        let reading = together.finish().unwrap();
        assert_eq!((reading.samples.len(), reading.gaps, reading.origin), (2, 0, SampleOrigin::WholeLog));
    }
}
