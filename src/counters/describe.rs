//! What does a person want to know of a rate? Where it comes from, and which irregularities it went through.

use std::time::{Duration, SystemTime};

use super::Reading;
use super::past::Past;
use super::rate::Growth;
pub(crate) use crate::report::percent;
use crate::report::{Event, Report};
use crate::time::calendar::rfc3339;
use crate::time::words::{in_words, roughly};

/// Adds the samples that a rate came from to a report: first and last, what was irregular, and all of them to the trace.
pub(crate) fn add_samples<const N: usize, const M: usize>(reading: &Reading<N>, past: &Past<M>, report: &mut Report) {
    let said = |totals: &super::rate::Totals<M>| {
        let values: Vec<_> = totals.values.iter().map(ToString::to_string).collect();
        format!("{} at {}", values.join(" "), rfc3339(totals.time))
    };
    if let Some(growth) = &past.growth {
        report.add_diagnostic("first_sample", said(&growth.first));
        report.add_diagnostic("last_sample", said(&growth.last));
        report.add_diagnostic(
            "samples",
            format!(
                "{} over {}, {} resets, {} 32-bit wraps, {} without a value, {} replaced by later ones, longest gap {}",
                growth.samples,
                roughly(growth.span()),
                growth.resets,
                growth.wraps,
                reading.gaps,
                reading.replaced,
                roughly(growth.longest_gap),
            ),
        );
    }
    if let Some(unkept) = &past.unkept {
        report.add_diagnostic("note", unkept.clone());
    }
    if let Some(history) = &past.history {
        report.add_diagnostic("history_file", history.file.display().to_string());
    }
    report.add_trace(past.samples.iter().map(|totals| format!("sample {}", said(totals))));
}

/// Adds what a source said beside its samples.
pub(crate) fn add_reading<const N: usize>(reading: &Reading<N>, report: &mut Report) {
    report.events.push(Event::now(format!("{} samples read", reading.samples.len())));
    for note in &reading.notes {
        report.add_diagnostic("note", note.clone());
    }
    if !reading.host.is_empty() {
        report.target.host.clone_from(&reading.host);
    }
}

/// What to add to a first line whose window is covered by less than half.
pub(crate) fn coverage(span: Duration, window: Duration) -> String {
    if span.saturating_mul(2) < window {
        format!("; only the last {} of {} are known", roughly(span), in_words(window))
    } else {
        String::new()
    }
}

/// What to add to a first line where the totals end before the `newest` sample.
pub(crate) fn behind<const N: usize>(growth: &Growth<N>, newest: SystemTime) -> String {
    match newest.duration_since(growth.last.time) {
        Ok(behind) if !behind.is_zero() => format!("; calls of the last {} are not known", roughly(behind)),
        _ => String::new(),
    }
}

/// What to add to a first line about the source: what is less certain than it sounds, and moments without a value.
pub(crate) fn reservations<const N: usize>(reading: &Reading<N>) -> String {
    let gaps = match reading.trailing_gaps {
        0 => None,
        1 => Some("the newest row has no value".to_owned()),
        gaps => Some(format!("the {gaps} newest rows have no value")),
    };
    reading.reservations.iter().cloned().chain(gaps).map(|text| format!("; {text}")).collect()
}

/// What to add to a first line about restarts: calls of which nobody knows.
pub(crate) fn unseen<const N: usize>(growth: &Growth<N>) -> String {
    let pause = roughly(growth.unseen);
    match growth.resets {
        0 => String::new(),
        1 => format!("; the service restarted within {pause}, calls of which may be missing"),
        resets => format!("; the service restarted {resets} times within {pause}, calls of which may be missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Sample;
    use crate::counters::rate::{Totals, growth};
    use crate::report::about::OF_A_TEST;
    use crate::report::{Policy, Started};

    #[test]
    fn a_target_goes_by_the_name_that_its_source_gives_it_if_it_gives_one() {
        let named = |host: &str| {
            let mut report = Report::new(&OF_A_TEST, Policy::default(), Started::now());
            report.target.host = "cas1.example.com".to_owned();
            let sample = Sample { time: SystemTime::UNIX_EPOCH, values: [Some(1.0)] };
            add_reading(&Reading::of_now(host.to_owned(), sample), &mut report);
            report.target.host
        };
        assert_eq!([named("CAS1"), named("")], ["CAS1", "cas1.example.com"]);
    }

    #[test]
    fn of_a_window_less_than_half_is_said_to_be_known() {
        let said = |minutes: u64| coverage(Duration::from_secs(60 * minutes), Duration::from_secs(3_600));
        assert_eq!(said(29), "; only the last 29 min of 1 h are known");
        assert_eq!([said(30), said(60)], ["", ""]);
    }

    #[test]
    fn what_makes_an_answer_less_certain_is_added_to_it() {
        let at = |second: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let grown = |totals: &[u64]| {
            let totals = (0..).zip(totals).map(|(minute, total)| Totals { time: at(60 * minute), values: [*total] });
            growth(&totals.collect::<Vec<_>>()).unwrap()
        };
        assert_eq!([behind(&grown(&[1, 2]), at(60)), behind(&grown(&[1, 2]), at(59))], ["", ""]);
        assert_eq!(behind(&grown(&[1, 2]), at(180)), "; calls of the last 2 min are not known");
        assert_eq!(unseen(&grown(&[1, 2])), "");
        let once = "; the service restarted within 1 min, calls of which may be missing";
        assert_eq!(unseen(&grown(&[9, 2])), once);
        let twice = "; the service restarted 2 times within 2 min, calls of which may be missing";
        assert_eq!(unseen(&grown(&[9, 2, 1])), twice);
        let said = |trailing_gaps, text: &[&str]| {
            let sample = Sample { time: at(0), values: [Some(1.0)] };
            let texts = text.iter().map(|text| (*text).to_owned()).collect();
            reservations(&Reading { trailing_gaps, reservations: texts, ..Reading::of_now(String::new(), sample) })
        };
        assert_eq!([said(0, &[]), said(1, &[])], ["", "; the newest row has no value"]);
        assert_eq!(said(2, &["a", "b"]), "; a; b; the 2 newest rows have no value");
    }
}
