//! By how much did totals grow over the window? From the reading itself, and what earlier runs read.
//!
//! A source that only knows the present needs the samples of earlier runs. A log needs them when it begins within the
//! window, because it was rotated: what it said before is kept as well.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::history::{Before, History, HistoryError, Known};
use super::rate::{Growth, Totals, growth, series};
use super::state_file::{self, StateError};
use super::{GuessedZone, Reading, Sample, SampleOrigin};
use crate::report::{Class, Failure};
use crate::time::deadline::Deadline;
use crate::time::stage;
use crate::time::words::in_words;

/// Where and how the samples of one target are kept.
#[derive(Clone, Debug)]
pub(crate) struct Keeping<'a> {
    /// The state file, if the operator named one.
    pub file: Option<&'a Path>,
    pub plugin: &'static str,
    /// The target and its counters.
    pub key: String,
    pub window: Duration,
    /// What the samples of this run are of.
    pub of: SampleOrigin,
    /// What was taken for the zone of their times, where nobody says it.
    pub guessed: Option<GuessedZone>,
    pub deadline: Deadline,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past<const N: usize> {
    /// The growth over the window, `None` with one sample only.
    pub growth: Option<Growth<N>>,
    /// The samples that it came from.
    pub samples: Vec<Totals<N>>,
    pub history: Option<Kept>,
    /// Why what a log said could not be kept, which it can do without until it is rotated.
    pub unkept: Option<String>,
    /// Whether the log says the same as in an earlier run, for which its zone was guessed differently.
    pub wanders: bool,
}

impl<const N: usize> Past<N> {
    pub(crate) fn replaced(&self) -> bool {
        self.history.as_ref().is_some_and(|history| history.replaced)
    }

    /// Refuses a log whose rows stand still while its guessed zone wanders with the clock: it would be fresh every hour.
    pub(crate) fn must_stand(&self) -> Result<(), Failure> {
        let text = "the newest row is the same as when another zone made it fresh: the log stands still (--time-zone says \
                    its zone)";
        if self.wanders { Err(Failure::new(Class::Stale, text)) } else { Ok(()) }
    }

    /// Without growth: nothing, if that is because there never was a sample before; else why there is none.
    pub(crate) fn first_sample(&self, window: Duration) -> Result<(), Failure> {
        let window = in_words(window);
        let text = match self.history.as_ref().map(|history| history.before) {
            Some(Before::Nothing) => return Ok(()),
            Some(Before::Incomparable) => {
                "the clock went back and a total is lower than before: nothing to compare this sample with".to_owned()
            }
            Some(Before::Later) => {
                "the clock went back, and what was known of the time to come is forgotten: nothing to compare this \
                 sample with"
                    .to_owned()
            }
            Some(Before::More) => "an earlier sample says more than this one: was it read later, or do two sources \
                                   answer under one name?"
                .to_owned(),
            Some(Before::Same) => "the only sample is that of the run before: nothing to compare it with".to_owned(),
            Some(Before::Samples) => format!(
                "the sample before is older than the window of {window}: check more often, or give a longer --window"
            ),
            None => format!("only one sample within {window}: nothing to compare it with"),
        };
        Err(Failure::new(Class::NoData, text))
    }
}

/// A history that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub file: PathBuf,
    /// What was known of the target before.
    pub before: Before,
    /// Whether the history before was damaged, and replaced.
    pub replaced: bool,
}

/// The totals among the values of each sample, as `chosen` picks them; a sample without one of them is none.
pub(crate) fn totals<const N: usize, const M: usize>(
    reading: &Reading<N>,
    chosen: impl Fn([Option<f64>; N]) -> [Option<f64>; M],
) -> Vec<Totals<M>> {
    let complete = |sample: &Sample<N>| {
        let chosen = chosen(sample.values);
        let is_complete = chosen.iter().all(Option::is_some);
        // Counters of 64 bits, of which a float holds 53: what is lost lies below one call in 2^53.
        let values = chosen.map(|value| value.unwrap_or_default().round() as u64);
        is_complete.then_some(Totals { time: sample.time, values })
    };
    reading.samples.iter().filter_map(complete).collect()
}

/// The growth over the window, of these samples and, where they do not reach back as far, of those in the state file, to
/// which they are added. Without any the state file alone tells.
pub(crate) async fn past<const N: usize>(samples: Vec<Totals<N>>, keeping: Keeping<'_>) -> Result<Past<N>, StateError> {
    let (is_whole, speaks_for_itself) = (keeping.of == SampleOrigin::WholeLog, samples.len() > 1);
    // Of a log that holds the whole window, too, one sample is all that there is.
    let needs_none = is_whole && samples.len() == 1 || keeping.of == SampleOrigin::Stream && speaks_for_itself;
    if needs_none && keeping.guessed.is_none() {
        return Ok(of_their_own(samples, &keeping));
    }
    // Nobody waits for others until the deadline: there may be something to say without. Where no sample is needed, all that
    // is kept is the zone that was taken for the log's.
    let samples_to_keep = if needs_none { &[][..] } else { &samples };
    let kept = keep(samples_to_keep, &keeping, keeping.deadline.share(Instant::now(), 2)).await;
    match kept {
        Ok(past) if needs_none || is_whole && speaks_for_itself => {
            Ok(Past { wanders: past.wanders, ..of_their_own(samples, &keeping) })
        }
        Ok(past) => Ok(past),
        // A file that the operator named must be ours.
        Err(error) if speaks_for_itself && (keeping.file.is_none() || !error.is_about_ownership()) => {
            let unkept = Some(format!("what the log says is not kept for the time after its rotation: {error}"));
            Ok(Past { unkept, ..of_their_own(samples, &keeping) })
        }
        Err(error) => Err(error),
    }
}

/// Refuses the same, of a check for which only the newest row counts: all that is kept is the zone that was taken for it.
pub(crate) async fn must_stand(keeping: &Keeping<'_>) -> Result<(), Failure> {
    if keeping.guessed.is_none() {
        return Ok(());
    }
    let past: Past<1> = keep(&[], keeping, keeping.deadline.share(Instant::now(), 2)).await?;
    past.must_stand()
}

/// Whether no call came in, of the first total, in a window of which enough is known to say so: half of it, up to its end at
/// the `newest` sample, which need not have the totals.
pub(crate) fn is_still<const N: usize>(growth: &Growth<N>, newest: SystemTime, window: Duration) -> bool {
    let is_known = growth.last.time >= newest && growth.span().saturating_mul(2) >= window;
    growth.by.first() == Some(&0) && growth.resets == 0 && is_known
}

/// The growth over samples that need no others.
fn of_their_own<const N: usize>(samples: Vec<Totals<N>>, keeping: &Keeping<'_>) -> Past<N> {
    let samples = series(samples, keeping.window);
    Past { growth: growth(&samples), samples, ..Past::default() }
}

async fn keep<const N: usize>(
    samples: &[Totals<N>],
    keeping: &Keeping<'_>,
    deadline: Deadline,
) -> Result<Past<N>, StateError> {
    let file = match keeping.file {
        Some(file) => file.to_owned(),
        None => {
            state_file::default_path(keeping.plugin, &format!("{} over {} s", keeping.key, keeping.window.as_secs()))?
        }
    };
    let _stage = stage::enter_file(format!("keeping the history {}", file.display()));
    let record = |history: &mut History| {
        let wanders = keeping.guessed.map_or(Ok(false), |guessed| wanders(history, &keeping.key, guessed))?;
        Ok((history.record(&keeping.key, samples, keeping.window)?, wanders))
    };
    let updated = state_file::update(&file, &deadline, record).await?;
    let (Known { before, samples }, wanders) = updated.value;
    let samples = series(samples, keeping.window);
    let history = Kept { file, before, replaced: updated.replaced };
    Ok(Past { growth: growth(&samples), samples, history: Some(history), unkept: None, wanders })
}

/// Remembers what was guessed; whether it was another zone the last time that the log ended with the same row.
fn wanders(history: &mut History, key: &str, guessed: GuessedZone) -> Result<bool, HistoryError> {
    let guess = Totals { time: guessed.newest, values: [guessed.minutes] };
    // The first guess for a row is the one that was made when the row was new.
    let known = history.record(&format!("zone of {key}"), &[guess], MEMORY_OF_ZONES)?;
    Ok(known.samples.iter().find(|known| known.time == guess.time).is_some_and(|first| first.values != guess.values))
}

/// Longer than any zone can make an old row seem new.
const MEMORY_OF_ZONES: Duration = Duration::from_secs(2 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_stream_and_a_single_row_that_stand_still_wander_as_well() {
        let directory = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let newest = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let totals = |ago| Totals { time: newest - Duration::from_secs(ago), values: [100 - ago] };
        for (of, samples) in [
            (SampleOrigin::Stream, vec![totals(60), totals(0)]),
            (SampleOrigin::WholeLog, vec![totals(60), totals(0)]),
            (SampleOrigin::WholeLog, vec![totals(0)]),
        ] {
            let file = directory.path().join(format!("{of:?} {}", samples.len()));
            let wanders = |minutes: Option<u64>| {
                let keeping = Keeping {
                    file: Some(&file),
                    plugin: "x",
                    key: "k".to_owned(),
                    window: Duration::from_secs(3_600),
                    of,
                    guessed: minutes.map(|minutes| GuessedZone { newest, minutes }),
                    deadline: Deadline::new(Instant::now(), Duration::from_secs(60)),
                };
                let past = runtime.block_on(past(samples.clone(), keeping)).unwrap();
                assert_eq!((past.samples.len(), past.history), (samples.len(), None), "they speak for themselves");
                past.wanders
            };
            assert_eq!([wanders(None), wanders(Some(1_500)), wanders(Some(1_440))], [false, false, true], "{of:?}");
        }
    }

    #[test]
    fn a_zone_wanders_when_the_row_it_was_guessed_for_stands_still() {
        let mut history = History::default();
        let mut guessed = |row: u64, minutes| {
            let newest = UNIX_EPOCH + Duration::from_secs(1_700_000_000 + row);
            wanders(&mut history, "k", GuessedZone { newest, minutes }).unwrap()
        };
        assert_eq!([guessed(0, 1_500), guessed(300, 1_500), guessed(300, 1_500)], [false; 3]);
        // An hour later, and an hour later again, each twice.
        assert_eq!([guessed(300, 1_440), guessed(300, 1_440), guessed(300, 1_380), guessed(300, 1_380)], [true; 4]);
        // It runs again; and summer ends.
        assert_eq!(
            [guessed(7_200, 1_500), guessed(7_500, 1_500), guessed(3_960, 1_440), guessed(4_260, 1_440)],
            [false; 4]
        );
    }

    #[test]
    fn still_is_a_window_without_a_call_of_which_half_is_known_up_to_its_end() {
        let moment = |second| UNIX_EPOCH + Duration::from_secs(1_700_000_000 + second);
        let is_still = |first: u64, last: (u64, u64), newest: u64| {
            let totals = |second, total| Totals { time: moment(second), values: [total, 0] };
            let growth = growth(&[totals(0, first), totals(last.0, last.1)]).unwrap();
            is_still(&growth, moment(newest), Duration::from_secs(3_600))
        };
        assert!(is_still(7, (1_800, 7), 1_800));
        for (what, last, newest) in [
            ("less than half", (1_799, 7), 1_799),
            ("a call", (1_800, 8), 1_800),
            ("a restart", (1_800, 0), 1_800),
            ("a newer row without totals", (1_800, 7), 1_860),
        ] {
            assert!(!is_still(7, last, newest), "{what}");
        }
    }

    #[test]
    fn one_sample_says_why_there_is_no_other_unless_it_is_the_first() {
        let of = |before: Option<Before>| {
            let kept = |before| Kept { file: PathBuf::from("x"), before, replaced: false };
            let past = Past::<1> { history: before.map(kept), ..Past::default() };
            assert!(past.must_stand().is_ok() && !past.replaced());
            past.first_sample(Duration::from_secs(3_600)).map_err(|failure| (failure.class, failure.summary))
        };
        assert_eq!(of(Some(Before::Nothing)), Ok(()));
        let said = |text: &str| Err((Class::NoData, text.to_owned()));
        assert_eq!(of(None), said("only one sample within 1 h: nothing to compare it with"));
        assert_eq!(
            of(Some(Before::Same)),
            said("the only sample is that of the run before: nothing to compare it with")
        );
        let wandering = Past::<1> { wanders: true, ..Past::default() };
        assert_eq!(wandering.must_stand().unwrap_err().class, Class::Stale);
    }

    /// What is known of one call a minute in those minutes, after what `file` keeps of earlier runs.
    fn known(file: &Path, of: SampleOrigin, minutes: &[u64]) -> Result<Past<1>, StateError> {
        let totals = |minute: &u64| Totals {
            time: UNIX_EPOCH + Duration::from_secs(1_700_000_000 + 60 * minute),
            values: [*minute],
        };
        let keeping = Keeping {
            file: Some(file),
            plugin: "x",
            key: "k".to_owned(),
            window: Duration::from_secs(3_600),
            of,
            guessed: None,
            deadline: Deadline::new(Instant::now(), Duration::from_secs(60)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(past(minutes.iter().map(totals).collect(), keeping))
    }

    #[test]
    fn a_log_that_begins_within_the_window_goes_on_from_what_earlier_runs_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("history");
        let minutes = |of, minutes: &[u64]| {
            let samples = known(&file, of, minutes).unwrap().samples;
            samples.into_iter().map(|sample| sample.values[0]).collect::<Vec<_>>()
        };
        assert_eq!(minutes(SampleOrigin::YoungLog, &[0, 1]), [0, 1]);
        assert_eq!(minutes(SampleOrigin::YoungLog, &[10, 11]), [0, 1, 10, 11]);
        assert_eq!(minutes(SampleOrigin::WholeLog, &[20, 21]), [20, 21], "they are the whole window");
        assert_eq!(minutes(SampleOrigin::Present, &[30]), [0, 1, 10, 11, 20, 21, 30]);
        assert_eq!(minutes(SampleOrigin::Stream, &[40, 41]), [40, 41], "nobody reads them again");
        assert_eq!(minutes(SampleOrigin::Stream, &[50]), [0, 1, 10, 11, 20, 21, 30, 50]);
    }

    #[test]
    fn a_log_says_what_it_says_where_it_cannot_be_kept_unless_the_place_is_somebody_else_s() {
        let directory = tempfile::tempdir().unwrap();
        let nowhere = directory.path().join("absent").join("history");
        for of in [SampleOrigin::WholeLog, SampleOrigin::YoungLog] {
            let past = known(&nowhere, of, &[0, 5]).unwrap();
            assert!(past.unkept.is_some_and(|said| said.starts_with("what the log says is not kept")), "{of:?}");
            assert_eq!(past.growth.map(|growth| growth.by), Some([5]));
        }
        assert!(known(&nowhere, SampleOrigin::Present, &[0]).is_err());
        let foreign = directory.path().join("mine.ini");
        std::fs::write(&foreign, "[section]").unwrap();
        for (of, minutes) in
            [(SampleOrigin::WholeLog, &[0, 5][..]), (SampleOrigin::YoungLog, &[0, 5]), (SampleOrigin::Present, &[0])]
        {
            assert!(matches!(known(&foreign, of, minutes), Err(StateError::Foreign { .. })), "{of:?}");
        }
    }
}
