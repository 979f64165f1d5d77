//! How long is `1h`? Durations of options that span minutes and hours.

use std::time::Duration;

/// Reads whole seconds, minutes, hours or days: `90`, `90s`, `10m`, `1h`, `1d`; above 0 and up to a year.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((end, 's')) => (&text[..end], 1),
        Some((end, 'm')) => (&text[..end], 60),
        Some((end, 'h')) => (&text[..end], 3_600),
        Some((end, 'd')) => (&text[..end], 86_400),
        _ => (text, 1),
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = is_number.then(|| number.parse::<u64>().ok()?.checked_mul(unit)).flatten();
    let seconds = seconds.filter(|seconds| (1..=MAX_SECONDS).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        format!(
            "'{text}' is not a duration: expected a whole number and a unit, such as 90s, 10m, 1h or 1d, up to 366d"
        )
    })
}

/// The duration in the largest unit that it is a whole number of: `90 s`, `1 h`.
pub fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let whole = units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{seconds} s"), |(unit, name)| format!("{} {name}", seconds / unit))
}

/// Roughly how long it is, in the largest unit that it has at least two of: `119 min`, `2 h`.
pub fn roughly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let unit = units.into_iter().find(|(unit, _)| seconds >= unit * 2);
    unit.map_or_else(|| format!("{seconds} s"), |(unit, name)| format!("{} {name}", seconds / unit))
}

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
        for text in ["", "h", "0", "0h", "-1h", "1.5h", "1 h", "1hh", "367d", "99999999999999999999d", "1é", "1e3"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn in_words() {
        let said = [90, 600, 3_600, 5_400, 86_400].map(|seconds| words(Duration::from_secs(seconds)));
        assert_eq!(said, ["90 s", "10 min", "1 h", "90 min", "1 d"]);
        let roughly = [119, 150, 7_199, 7_200, 200_000].map(|seconds| roughly(Duration::from_secs(seconds)));
        assert_eq!(roughly, ["119 s", "2 min", "119 min", "2 h", "2 d"]);
    }
}
