//! By how much did totals grow over the window? From the reading itself, or, when it is of one moment, with a history.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::rate::{Growth, Totals, growth, series};
use super::state_file::{self, StateError};
use super::{Reading, Sample};
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
    pub deadline: Deadline,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past<const N: usize> {
    /// The growth over the window, `None` with one sample only.
    pub growth: Option<Growth<N>>,
    /// The samples that it came from.
    pub samples: Vec<Totals<N>>,
    pub history: Option<Kept>,
}

impl<const N: usize> Past<N> {
    pub(crate) fn replaced(&self) -> bool {
        self.history.as_ref().is_some_and(|history| history.replaced)
    }

    /// Without growth: nothing, if that is because there never was a sample before; else why there is none.
    pub(crate) fn first_sample(&self, window: Duration) -> Result<(), Failure> {
        let window = in_words(window);
        let text = match &self.history {
            Some(history) if history.first => return Ok(()),
            Some(_) => format!(
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
    /// Whether this was the first sample of the target.
    pub first: bool,
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

/// The growth over the window. Of a single sample the rest is taken from the state file, and the sample added there.
pub(crate) async fn past<const N: usize>(samples: Vec<Totals<N>>, keeping: Keeping<'_>) -> Result<Past<N>, StateError> {
    let [sample] = samples.as_slice() else {
        let samples = series(samples, keeping.window);
        return Ok(Past { growth: growth(&samples), samples, history: None });
    };
    // The length of the window belongs to the key: a check over an hour must not forget what one over a day needs.
    let key = format!("{} over {} s", keeping.key, keeping.window.as_secs());
    let file = match keeping.file {
        Some(file) => file.to_owned(),
        None => state_file::default_path(keeping.plugin, &key)?,
    };
    let _stage = stage::enter(format!("keeping the history {}", file.display()));
    let record = |history: &mut super::history::History| history.record(&key, *sample, keeping.window);
    let updated = state_file::update(&file, &keeping.deadline, record).await?;
    let samples = series(updated.value.samples, keeping.window);
    let history = Kept { file, first: updated.value.first, replaced: updated.replaced };
    Ok(Past { growth: growth(&samples), samples, history: Some(history) })
}
