//! What does a person want to know of a rate? Where it comes from, and which irregularities it went through.

use std::time::Duration;

use super::past::Past;
use super::{Query, Reading, Sample};
use crate::cli::duration::words;
use crate::clock::rfc3339;
use crate::report::Report;

/// Adds the samples that a rate came from to a report: first and last, what was irregular, and all of them to the trace.
pub fn describe<const N: usize, const M: usize>(reading: &Reading<N>, past: &Past<M>, report: &mut Report) {
    let said = |totals: &super::rate::Totals<M>| {
        let values: Vec<_> = totals.values.iter().map(ToString::to_string).collect();
        format!("{} at {}", values.join(" "), rfc3339(totals.time))
    };
    if let Some(growth) = &past.growth {
        report.diagnostic("first_sample", said(&growth.first));
        report.diagnostic("last_sample", said(&growth.last));
        let irregular =
            [(growth.resets, "resets"), (growth.wraps, "32-bit wraps")].map(|(n, name)| format!("{n} {name}"));
        report.diagnostic(
            "samples",
            format!(
                "{} over {}, {}, {} without a value, {} replaced by later ones, longest gap {}",
                growth.samples,
                roughly(growth.span()),
                irregular.join(", "),
                reading.gaps,
                reading.replaced,
                roughly(growth.longest_gap),
            ),
        );
    }
    if let Some(history) = &past.history {
        report.diagnostic("history_file", history.file.display().to_string());
    }
    report.trace.extend(past.samples.iter().map(|totals| format!("sample {}", said(totals))));
}

/// Adds the newest sample of a reading under the names of its counters.
pub fn newest<const N: usize>(counters: &Query<N>, sample: &Sample<N>, report: &mut Report) {
    for (counter, value) in counters.counters.iter().zip(sample.values) {
        let value = value.map_or_else(|| "no value".to_owned(), |value| value.to_string());
        report.diagnostic(counter.key, format!("{value} at {}", rfc3339(sample.time)));
    }
}

/// What to add to a first line whose window is covered by less than half.
pub fn coverage(span: Duration, window: Duration) -> String {
    if span.saturating_mul(2) < window {
        format!("; only the last {} of {} are known", roughly(span), words(window))
    } else {
        String::new()
    }
}

/// A measured time for people: whole minutes above two minutes, whole hours above two days.
pub fn roughly(time: Duration) -> String {
    let unit = match time.as_secs() {
        ..120 => 1,
        120..172_800 => 60,
        _ => 3_600,
    };
    words(Duration::from_secs((time.as_secs() + unit / 2) / unit * unit))
}

/// Per cent for people: at most one decimal.
pub fn percent(value: f64) -> String {
    format!("{value:.1}").trim_end_matches(".0").to_owned() + " %"
}
