//! How far is the clock of a log from UTC? What the header says, what the operator says, or what fits best.

use std::str::FromStr;

/// The offset of a clock from UTC, in minutes east.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zone(i32);

impl Zone {
    /// A zone `minutes` east of UTC, at most 14 hours either way.
    pub(super) fn east(minutes: i32) -> Option<Self> {
        (-MAX_MINUTES..=MAX_MINUTES).contains(&minutes).then_some(Self(minutes))
    }

    /// What the first header cell says: the number in its last parentheses, minutes **west** of UTC. Only of a cell
    /// that ends with it: on a Windows that is not English the cell is cut at the first letter beyond ASCII.
    pub(crate) fn of_header(cell: &str) -> Option<Self> {
        let inner = cell.trim_end().strip_suffix(')')?;
        let west: i32 = inner.rsplit_once('(')?.1.trim().parse().ok()?;
        Self::east(west.checked_neg()?)
    }

    /// The zone, in steps of a quarter of an hour, that brings the local time nearest to a time in UTC; milliseconds.
    pub(crate) fn nearest(local: i64, utc: i64) -> Self {
        let quarters = (local.saturating_sub(utc) as f64 / QUARTER).round();
        Self((quarters * 15.0).clamp(f64::from(-MAX_MINUTES), f64::from(MAX_MINUTES)) as i32)
    }

    /// A local time in UTC; milliseconds.
    pub(crate) fn to_utc(self, local: i64) -> i64 {
        local.saturating_sub(i64::from(self.0) * 60_000)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an offset from UTC: expected UTC, or one such as +01:00 or -05:30 (east is +)")]
pub(crate) struct ZoneError(String);

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        let refused = || ZoneError(text.to_owned());
        if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("z") {
            return Ok(Self(0));
        }
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err(refused()),
        };
        let (hours, minutes) = rest.split_once(':').ok_or_else(refused)?;
        let two_digits = |text: &str| -> Option<i32> {
            (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
        };
        let (hours, minutes) = two_digits(hours).zip(two_digits(minutes)).ok_or_else(refused)?;
        (minutes < 60).then(|| Self::east(sign * (hours * 60 + minutes))).flatten().ok_or_else(refused)
    }
}

const MAX_MINUTES: i32 = 14 * 60;

/// Of an hour, in milliseconds.
const QUARTER: f64 = 900_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_minutes_west() {
        assert_eq!(Zone::of_header("(PDH-CSV 4.0) (Eastern Daylight Time)(240)"), Zone::east(-240));
        assert_eq!(Zone::of_header("(PDH-CSV 4.0) (China Standard Time)(-480)"), Zone::east(480));
        assert_eq!(Zone::of_header("(PDH-CSV 4.0) (Paris, Madrid)(-60)"), Zone::east(60));
        assert_eq!(Zone::of_header("(PDH-CSV 4.0) ()(-540)"), Zone::east(540));
        assert_eq!(Zone::of_header("(PDH-CSV 4.0) (W. Europe (DST))(-120)"), Zone::east(120));
    }

    #[test]
    fn a_header_that_was_cut_says_nothing() {
        for cell in ["(PDH-CSV 4.0)", "(PDH-CSV 4.0) (RTZ 2 (", "(PDH-CSV 4.0) (", "(PDH-CSV 4.0) (x)(99999999999)", ""]
        {
            assert_eq!(Zone::of_header(cell), None, "{cell:?}");
        }
    }

    #[test]
    fn the_nearest_zone_is_found_in_quarters_of_an_hour() {
        let utc = 1_795_453_200_000;
        assert_eq!(Zone::nearest(utc + 5 * 3_600_000 + 45 * 60_000 - 40_000, utc), Zone(345));
        assert_eq!(Zone::nearest(utc - 60_000, utc), Zone(0));
        assert_eq!(Zone::nearest(i64::MAX, i64::MIN), Zone(MAX_MINUTES));
    }

    #[test]
    fn an_operator_says_east_as_plus() {
        assert_eq!("+01:00".parse(), Ok(Zone(60)));
        assert_eq!("-05:30".parse(), Ok(Zone(-330)));
        assert_eq!("UTC".parse(), Ok(Zone(0)));
        for text in ["", "1", "+1:00", "+01:60", "+15:00", "CET", "+0100", "-é:00"] {
            assert!(text.parse::<Zone>().is_err(), "{text:?} was taken for a zone");
        }
    }
}
