//! What time is it, written down? RFC 3339, Unix time, and the ticks of Windows.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `2026-11-23T17:00:00.123Z`: RFC 3339 in UTC, to the millisecond.
pub fn rfc3339(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    let milliseconds = time.millisecond();
    time.replace_millisecond(milliseconds).unwrap_or(time).format(&Rfc3339).unwrap_or_else(|_| "U".to_owned())
}

/// Seconds since 1970, negative before; what certificates and samples are judged by.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    OffsetDateTime::from(time).unix_timestamp()
}

/// A time in ticks of 100 ns since 1601, as Windows counts; `None` before 1970 and beyond what a time can be.
pub(crate) fn filetime(ticks: u64) -> Option<SystemTime> {
    let ticks = ticks.checked_sub(TICKS_1970)?;
    let time = Duration::new(ticks / 10_000_000, u32::try_from(ticks % 10_000_000).ok()? * 100);
    SystemTime::UNIX_EPOCH.checked_add(time).filter(|time| *time < SystemTime::UNIX_EPOCH + YEAR_10000)
}

/// Reads a time as RFC 3339 writes it, with any offset and any fraction of a second.
pub fn parse(text: &str) -> Result<SystemTime, String> {
    let expected = || format!("'{text}' is not a time: expected RFC 3339, such as 2026-11-23T17:00:00Z");
    // Earlier than 1970 is a mistake here, and earlier than 1601 no system time at all on Windows.
    let time = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|time| time.unix_timestamp() >= 0);
    time.map(SystemTime::from).ok_or_else(expected)
}

/// 1970 in ticks since 1601.
const TICKS_1970: u64 = 116_444_736_000_000_000;

/// The year 10000, which RFC 3339 cannot write any more, since 1970.
const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_rfc_3339_in_utc() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_453_200_123_456);
        assert_eq!(rfc3339(time), "2026-11-23T17:00:00.123Z");
    }

    #[test]
    fn timestamps_are_read_back_with_any_offset() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_453_200);
        for text in ["2026-11-23T17:00:00Z", "2026-11-23T18:00:00.0000000+01:00"] {
            assert_eq!(parse(text), Ok(time), "{text}");
        }
        for text in ["", "2026-11-23", "2026-11-23T17:00:00", "2026-13-23T17:00:00Z", "0001-01-01T00:00:00Z", "now"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn ticks_of_windows_are_times_between_1970_and_9999() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_453_200_123_456);
        assert_eq!(filetime(TICKS_1970 + 17_954_532_001_234_560), Some(time));
        assert_eq!(filetime(TICKS_1970), Some(SystemTime::UNIX_EPOCH));
        assert_eq!(filetime(TICKS_1970 - 1), None);
        assert_eq!(filetime(TICKS_1970 + YEAR_10000.as_secs() * 10_000_000), None);
        assert_eq!(filetime(u64::MAX), None);
    }

    #[test]
    fn seconds_of_unix_go_on_before_1970() {
        let moment = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!([unix_seconds(moment(0)), unix_seconds(moment(1_795_453_200))], [0, 1_795_453_200]);
        assert_eq!(SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(5)).map(unix_seconds), Some(-5));
    }
}
