//! How is a duration said, and how is one read? The one place for `1h`, `90 s` and `3.1 ms`.

use std::time::Duration;

/// Reads whole seconds, minutes, hours or days: `90`, `90s`, `10m`, `1h`, `1d`; above 0 and up to a year.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((end, 's')) => (&text[..end], 1),
        Some((end, 'm')) => (&text[..end], 60),
        Some((end, 'h')) => (&text[..end], 3_600),
        Some((end, 'd')) => (&text[..end], 86_400),
        _ => (text, 1),
    };
    let seconds = is_plain(number).then(|| number.parse::<u64>().ok()?.checked_mul(unit)).flatten();
    let seconds = seconds.filter(|seconds| (1..=MAX_SECONDS).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        format!(
            "'{text}' is not a duration: expected a whole number and a unit, such as 90s, 10m, 1h or 1d, up to 366d"
        )
    })
}

/// Reads seconds, fractions allowed, up to a day: `3`, `0.5`; `None` for anything else.
pub(crate) fn seconds_of(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds = Some(text).filter(|_| is_plain(whole) && is_digits(fraction))?.parse().ok()?;
    (0.0..=86_400.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// Digits without a zero in front, which other tools read as octal.
fn is_plain(number: &str) -> bool {
    is_digits(number) && (number == "0" || !number.starts_with('0'))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The duration in the largest unit that it is a whole number of: `90 s`, `1 h`.
pub(crate) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let whole = UNITS.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{seconds} s"), |(unit, name)| format!("{} {name}", seconds / unit))
}

/// Roughly how long it is: rounded to the largest unit that it has at least two of, said as [`in_words`] says it: `2 min`,
/// `1 h`, `25 h`.
pub(crate) fn roughly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let unit = UNITS.into_iter().map(|(unit, _)| unit).find(|unit| seconds >= unit * 2).unwrap_or(1);
    in_words(Duration::from_secs((seconds + unit / 2) / unit * unit))
}

/// A measured duration, as precise as a person wants it: `3.1 ms`, `812 ms`, `10 s`, `1.5 s`.
pub(crate) fn precisely(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1e3;
    match milliseconds {
        ..0.1 => format!("{milliseconds:.2} ms"),
        ..10.0 => format!("{milliseconds:.1} ms"),
        ..999.5 => format!("{milliseconds:.0} ms"),
        _ => seconds(duration),
    }
}

/// A duration in seconds with at most two decimals and none that are zero: `10 s`, `0.25 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let text = format!("{:.2}", duration.as_secs_f64());
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

const UNITS: [(u64, &str); 3] = [(86_400, "d"), (3_600, "h"), (60, "min")];

const MAX_SECONDS: u64 = 366 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_none() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("10m", 600), ("1h", 3_600), ("2d", 172_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in [
            "",
            "h",
            "0",
            "0h",
            "-1h",
            "1.5h",
            "1 h",
            "1hh",
            "367d",
            "99999999999999999999d",
            "1é",
            "1e3",
            "010m",
            "+1h",
        ] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn whole_units_and_rough_ones() {
        let said = [90, 600, 3_600, 5_400, 86_400].map(|seconds| in_words(Duration::from_secs(seconds)));
        assert_eq!(said, ["90 s", "10 min", "1 h", "90 min", "1 d"]);
        let roughly =
            [119, 150, 3_600, 7_199, 7_200, 90_061, 200_000].map(|seconds| roughly(Duration::from_secs(seconds)));
        assert_eq!(roughly, ["119 s", "3 min", "1 h", "2 h", "2 h", "25 h", "2 d"]);
    }

    #[test]
    fn a_measured_time_as_a_person_says_it() {
        assert_eq!(precisely(Duration::from_micros(3_149)), "3.1 ms");
        assert_eq!(precisely(Duration::from_micros(42)), "0.04 ms");
        assert_eq!(precisely(Duration::from_millis(812)), "812 ms");
        assert_eq!(precisely(Duration::from_millis(1_500)), "1.5 s");
        assert_eq!(seconds(Duration::from_secs(10)), "10 s");
    }
}
