//! How far is the clock of a log from UTC? What the header says, what the operator says, or what fits best.

use std::str::FromStr;

use crate::time::age::CLOCKS_APART;

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

    /// How the clock of a log may come to differ from the zone that its first header cell says: not where that is UTC itself.
    pub(crate) fn summer(cell: &str) -> Summer {
        let has_summer = Self::of_header(cell).is_some_and(|zone| zone.0 != 0 || cell.contains("GMT"));
        // Windows names the time of the year in which the log was begun, in English at least.
        let begun_in = |time: &str| cell.contains(time);
        Summer { may_lag: has_summer && !begun_in("Standard Time"), may_lead: has_summer && !begun_in("Daylight Time") }
    }

    /// The zone, of those that exist, that brings the local time nearest to a time in UTC, and not far beyond it:
    /// nothing is written before it has happened. Milliseconds.
    pub(crate) fn nearest(local: i64, utc: i64) -> Self {
        let ahead = |zone: &Self| zone.to_utc(local).saturating_sub(utc);
        let zones = || OFFSETS.iter().map(|minutes| Self(*minutes));
        let past = zones().filter(|zone| i128::from(ahead(zone)) <= CLOCKS_APART.as_millis() as i128).max_by_key(ahead);
        past.or_else(|| zones().min_by_key(ahead)).unwrap_or(Self(0))
    }

    /// As a number from 0 on: the minutes east of UTC, and a day.
    pub(crate) const fn number(self) -> u64 {
        self.0.saturating_add(1_440).unsigned_abs() as u64
    }

    /// A time in UTC as the local one; milliseconds.
    pub(crate) fn to_local(self, utc: i64) -> i64 {
        utc.saturating_add(i64::from(self.0) * 60_000)
    }

    /// A local time in UTC; milliseconds.
    pub(crate) fn to_utc(self, local: i64) -> i64 {
        local.saturating_sub(i64::from(self.0) * 60_000)
    }
}

/// Whether a log that is running may be an hour off, because summer time began or ended since it was begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summer {
    /// Its rows may seem to be an hour old: begun in summer, it may run in winter.
    pub may_lag: bool,
    /// They may lie ahead by an hour.
    pub may_lead: bool,
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

/// Every offset from UTC that a place on earth has now, summer times included.
const OFFSETS: [i32; 40] = [
    -720, -660, -600, -570, -540, -480, -420, -360, -300, -240, -210, -180, -150, -120, -60, 0, 60, 120, 180, 210, 240,
    270, 300, 330, 345, 360, 390, 420, 480, 525, 540, 570, 600, 630, 660, 720, 765, 780, 825, 840,
];

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
    fn utc_has_no_summer_and_london_has() {
        let summer = |name: &str| {
            let Summer { may_lag, may_lead } = Zone::summer(&format!("(PDH-CSV 4.0) {name}"));
            (may_lag, may_lead)
        };
        assert_eq!([summer("(GMT Standard Time)(0)"), summer("(W. Europe Standard Time)(-60)")], [(false, true); 2]);
        assert_eq!([summer("(GMT Daylight Time)(-60)"), summer("(Eastern Daylight Time)(240)")], [(true, false); 2]);
        assert_eq!(summer("(Paris, Madrid)(-60)"), (true, true));
        for none in ["(Coordinated Universal Time)(0)", "(UTC)(0)", "(RTZ 2 ("] {
            assert_eq!(summer(none), (false, false), "{none}");
        }
    }

    #[test]
    fn a_header_that_was_cut_says_nothing() {
        for cell in ["(PDH-CSV 4.0)", "(PDH-CSV 4.0) (RTZ 2 (", "(PDH-CSV 4.0) (", "(PDH-CSV 4.0) (x)(99999999999)", ""]
        {
            assert_eq!(Zone::of_header(cell), None, "{cell:?}");
        }
    }

    #[test]
    fn the_nearest_zone_is_one_that_exists_and_does_not_lie_ahead() {
        let utc = 1_795_453_200_000;
        let minutes = |minutes: i64| Zone::nearest(utc + minutes * 60_000, utc).0;
        assert_eq!(Zone::nearest(utc + 5 * 3_600_000 + 45 * 60_000 - 40_000, utc), Zone(345));
        assert_eq!(Zone::nearest(utc - 60_000, utc), Zone(0));
        assert_eq!((minutes(5), minutes(6), minutes(59), minutes(65)), (0, 60, 60, 60));
        // Nobody is 15 minutes ahead of UTC.
        assert_eq!((minutes(15), minutes(-15), minutes(-50)), (60, 0, 0));
        assert_eq!(minutes(3 * 1_440), 840);
        assert_eq!(minutes(-3 * 1_440), -720);
        assert!(
            [(i64::MAX, i64::MIN), (i64::MIN, i64::MAX)]
                .iter()
                .all(|(a, b)| Zone::nearest(*a, *b).0.abs() <= MAX_MINUTES)
        );
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
