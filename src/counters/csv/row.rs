//! What does a row of a performance log hold? Cells, the time of day, and numbers, of lines cut short as well.

use memchr::memchr;
use time::{Date, Month, PlainDateTime, Time};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    /// What stands between the quotes, or between the delimiters.
    pub text: &'a str,
    /// Whether its end was seen: a line that is being written may be cut inside its last cell.
    pub whole: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Cells<'a> {
    rest: Option<&'a str>,
    delimiter: u8,
    ended: bool,
}

impl<'a> Cells<'a> {
    /// The cells of `line` between `delimiter`s; `ended` says whether the line is known to be all there.
    pub(super) const fn new(line: &'a str, delimiter: u8, ended: bool) -> Self {
        Self { rest: Some(line), delimiter, ended }
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Cell<'a>;

    fn next(&mut self) -> Option<Cell<'a>> {
        let line = self.rest.take()?;
        let delimiter = |byte: &u8| *byte == self.delimiter;
        // Quotes and delimiters are ASCII, so every cut below is between characters.
        let Some(quoted) = line.strip_prefix('"') else {
            let end = line.bytes().position(|byte| delimiter(&byte));
            self.rest = end.map(|end| &line[end + 1..]);
            return Some(Cell { text: &line[..end.unwrap_or(line.len())], whole: end.is_some() || self.ended });
        };
        let Some(close) = closing_quote(quoted) else { return Some(Cell { text: quoted, whole: false }) };
        let behind = &quoted[close + 1..];
        self.rest = behind.bytes().position(|byte| delimiter(&byte)).map(|next| &behind[next + 1..]);
        Some(Cell { text: &quoted[..close], whole: true })
    }
}

/// `MM/DD/YYYY HH:MM:SS[.fraction]` as milliseconds since 1970 on the clock of the log.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once(' ')?;
    let [month, day, year] = three_numbers(date, b'/')?;
    let (time, fraction) = time.trim_start().split_once('.').unwrap_or((time.trim_start(), "0"));
    let [hour, minute, second] = three_numbers(time, b':')?;
    let digits = &fraction.as_bytes()[..fraction.len().min(9)];
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let milliseconds = digits.iter().chain(b"000").take(3).fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));

    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let year = i32::try_from(year).ok().filter(|year| (1970..=9999).contains(year))?;
    let date = Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?;
    let byte = |number: u32| u8::try_from(number).ok();
    let time = Time::from_hms_milli(byte(hour)?, byte(minute)?, byte(second)?, milliseconds).ok()?;
    let moment = PlainDateTime::new(date, time).assume_utc();
    Some(moment.unix_timestamp() * 1_000 + i64::from(moment.millisecond()))
}

/// A counter's value, finite and not below 0; `None` for a missing sample, which is a blank or nothing.
pub(super) fn value(text: &str) -> Option<f64> {
    let text = text.trim();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let parsed = match (text.parse(), text.contains(',')) {
        (Ok(number), _) => Some(number),
        (Err(_), true) if is_grouped(text) => text.replace(',', "").parse().ok(),
        (Err(_), _) => text.replacen(',', ".", 1).parse().ok(),
    };
    parsed.filter(|value: &f64| value.is_finite() && *value >= 0.0)
}

/// Whether commas part a number into thousands, as in `1,000`. A decimal comma with three decimals is nothing that
/// Windows writes: it writes six, or all that there are.
fn is_grouped(text: &str) -> bool {
    let whole = text.split('.').next().unwrap_or(text);
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let is_number = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && is_number(first)
        && groups.all(|group| group.len() == 3 && is_number(group))
}

/// A local time with day and month changed over, in milliseconds; `None` where that is no date.
pub(super) fn day_for_month(local: i64) -> Option<i64> {
    let moment = time::OffsetDateTime::from_unix_timestamp(local.div_euclid(1_000)).ok()?;
    let month = Month::try_from(moment.day()).ok()?;
    let date = Date::from_calendar_date(moment.year(), month, u8::from(moment.month())).ok()?;
    Some(PlainDateTime::new(date, moment.time()).assume_utc().unix_timestamp() * 1_000)
}

/// Where the quote is that no other one follows: a doubled one stands for itself.
fn closing_quote(quoted: &str) -> Option<usize> {
    let bytes = quoted.as_bytes();
    let mut at = 0;
    loop {
        at += memchr(b'"', bytes.get(at..)?)?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// Three numbers between two `separator`s, each of at most nine digits.
fn three_numbers(text: &str, separator: u8) -> Option<[u32; 3]> {
    let mut numbers = [0; 3];
    let (mut place, mut digits) = (0, 0);
    for byte in text.bytes() {
        if byte.is_ascii_digit() && digits < 9 {
            numbers[place] = numbers[place] * 10 + u32::from(byte - b'0');
            digits += 1;
        } else if byte == separator && digits > 0 && place < 2 {
            (place, digits) = (place + 1, 0);
        } else {
            return None;
        }
    }
    (place == 2 && digits > 0).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(line: &str) -> Vec<(&str, bool)> {
        Cells::new(line, b',', true).map(|cell| (cell.text, cell.whole)).collect()
    }

    #[test]
    fn quoted_cells_may_hold_commas_and_be_empty() {
        assert_eq!(
            cells(r#""(PDH-CSV 4.0) (Paris, Madrid)(-60)","","a ""b""""#),
            [("(PDH-CSV 4.0) (Paris, Madrid)(-60)", true), ("", true), (r#"a ""b"""#, true)]
        );
    }

    #[test]
    fn a_cell_that_is_cut_is_not_whole() {
        assert_eq!(cells(r#""01/02/2026","12"#), [("01/02/2026", true), ("12", false)]);
        let unquoted: Vec<_> = Cells::new("a,12", b',', false).map(|cell| cell.whole).collect();
        assert_eq!(unquoted, [true, false]);
    }

    #[test]
    fn a_time_has_three_decimals_six_or_none() {
        assert_eq!(timestamp("11/23/2026 17:00:00.123"), Some(1_795_453_200_123));
        assert_eq!(timestamp("11/23/2026 17:00:00.123456"), Some(1_795_453_200_123));
        assert_eq!(timestamp("11/23/2026 17:00:00"), Some(1_795_453_200_000));
    }

    #[test]
    fn day_and_month_change_over_where_that_is_a_date() {
        let local = |text| timestamp(text).unwrap();
        assert_eq!(day_for_month(local("11/05/2026 17:00:00")), Some(local("05/11/2026 17:00:00")));
        assert_eq!(day_for_month(local("11/23/2026 17:00:00")), None);
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            " ",
            "13/01/2026 00:00:00",
            "02/30/2026 00:00:00",
            "01/01/2026 24:00:00",
            "01/01/0001 00:00:00",
            "01/01/2026",
            "1/1/2026 -1:00:00",
            "01/01/2026 00:00:00.x",
            "1//2026 00:00:00",
            "/1/2026 00:00:00",
            "1/1/ 00:00:00",
            "01/01/2026 00::00",
            "01/01/2026 00:00:",
            "01/01/2026 00:00:00.",
            "01/01/2026 00:00:00.00x",
            "01/01/2026 00:00",
            "01/01/2026 00:00:00:00",
            "01-01-2026 00:00:00",
            "9999999999/01/2026 00:00:00",
        ] {
            assert_eq!(timestamp(text), None, "{text:?} was taken for a time");
        }
    }

    #[test]
    fn a_blank_is_no_value_and_not_zero() {
        assert_eq!([value(" "), value(""), value("0")], [None, None, Some(0.0)]);
        assert_eq!(value(" 6.9494827586206889356e-005"), Some(6.949_482_758_620_689e-5));
        assert_eq!(value("12,5"), Some(12.5));
        assert_eq!(
            [value("1,000"), value("1,234,567.5"), value("1,000000")],
            [Some(1e3), Some(1_234_567.5), Some(1.0)]
        );
        assert_eq!([value("0,125"), value("1,2,3"), value("1234,567")], [Some(0.125), None, Some(1_234.567)]);
        assert_eq!(value("18446744073709551615"), Some(18_446_744_073_709_551_615.0));
        assert_eq!([value("-1"), value("nan"), value("inf"), value("1e999"), value("12x")], [None; 5]);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,60}", ended: bool) {
            let _ = (timestamp(&text), value(&text), Cells::new(&text, b',', ended).count());
        }
    }
}
