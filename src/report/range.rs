//! Is a value inside the range that an operator wrote? The guideline's `[@][start:][end]`.

use std::fmt;
use std::str::FromStr;

use nagios_range::{CheckType, NagiosRange};

/// A threshold range `[@][start:][end]`: its end points belong to it, and a value alerts outside of it
/// (with `@`: inside of it).
///
/// An empty start is 0, `~` is minus infinity, an empty end is plus infinity. Stricter than [`nagios_range`], which
/// also takes `nan`, `inf`, `1e400`, `+5` and `-5` (a range that nothing is inside of): what a typing error turned
/// into is refused when the plugin starts, not found out by a missing alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    range: NagiosRange,
    text: String,
}

impl Range {
    /// Whether `value` raises the alert. A value that is not a number always does.
    pub fn is_violated_by(&self, value: f64) -> bool {
        value.is_nan() || self.range.check(value)
    }

    /// How `value`, which violates it, stands to its end points, each as `word` has it: `more than 1 s`.
    pub(crate) fn relation(&self, value: f64, word: impl Fn(f64) -> String) -> String {
        let (kind, start, end) = self.range.into_inner();
        match (kind, start.is_finite(), end.is_finite()) {
            (CheckType::Inside, true, true) => format!("between {} and {}", word(start), word(end)),
            (CheckType::Inside, true, false) => format!("not less than {}", word(start)),
            (CheckType::Inside, ..) => format!("not more than {}", word(end)),
            (CheckType::Outside, ..) if value < start => format!("less than {}", word(start)),
            (CheckType::Outside, ..) => format!("more than {}", word(end)),
        }
    }

    /// The range as the operator wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a warning range beside this critical one never shows, because the two are reversed: this one lies within it, and
    /// is narrower at an end that both have (with `@`: wider). Equal ranges are not reversed. Of a value that is never negative,
    /// so that no end below 0 counts.
    pub fn hides(&self, warning: &Self) -> bool {
        self.hides_above(warning, 0.0)
    }

    /// The same of a value that is never below `least`.
    pub(crate) fn hides_above(&self, warning: &Self, least: f64) -> bool {
        let (kind, start, end) = self.range.into_inner();
        let (other, low, high) = warning.range.into_inner();
        let (start, low) = (start.max(least), low.max(least));
        match (kind, other) {
            (CheckType::Outside, CheckType::Outside) => {
                let narrower = start > low && low.is_finite() || end < high && high.is_finite();
                low <= start && end <= high && narrower
            }
            (CheckType::Inside, CheckType::Inside) => start <= low && high <= end && (start < low || high < end),
            _ => false,
        }
    }

    /// The same range with both end points multiplied by `factor`, which must be finite and above 0.
    ///
    /// For a threshold given in another unit than its metric's, such as hours against days. Both are rounded to six decimals,
    /// as is what they are compared with: nobody reads 0.4166666666666667.
    pub fn scaled(&self, factor: f64) -> Self {
        let (kind, start, end) = self.range.into_inner();
        let scaled = |bound: f64| {
            let scaled = bound * factor;
            let rounded = (scaled * 1e6).round() / 1e6;
            if rounded.is_finite() { rounded } else { scaled }
        };
        let range = NagiosRange::new(kind, scaled(start), scaled(end)).unwrap_or(self.range);
        Self { range, text: self.text.clone() }
    }
}

impl fmt::Display for Range {
    /// Prints what [`FromStr`] reads back as an equal range; a pure upper bound as a plain number, the one form that
    /// every reader of perfdata understands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, start, end) = self.range.into_inner();
        if kind == CheckType::Outside && start == 0.0 && end.is_finite() {
            return write!(f, "{}", end + 0.0);
        }
        if kind == CheckType::Inside {
            f.write_str("@")?;
        }
        if start.is_infinite() {
            f.write_str("~:")?;
        } else {
            write!(f, "{}:", start + 0.0)?;
        }
        if end.is_infinite() { Ok(()) } else { write!(f, "{}", end + 0.0) }
    }
}

/// Why a text is not a range. Every variant holds the whole text as given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// Nothing before and nothing after the colon.
    #[error("'{0}' is not a range: expected [@][start:][end], such as 10, 5:10, ~:10 or @5:10")]
    Empty(String),
    /// An end point that is not a plain decimal number.
    #[error("'{text}' is not a range: '{part}' is not a plain number such as 10 or 0.5; expected [@][start:][end]")]
    NotANumber { text: String, part: String },
    /// The start lies above the end, so no value would be inside.
    #[error("'{0}' is not a range: its start is greater than its end; expected start <= end")]
    Reversed(String),
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let bounds = text.strip_prefix('@').unwrap_or(text);
        let (start, end) = bounds.split_once(':').unwrap_or(("", bounds));
        if start.is_empty() && end.is_empty() {
            return Err(RangeError::Empty(text.to_owned()));
        }

        let start_is_bad = !(start.is_empty() || start == "~" || is_plain_number(start));
        let end_is_bad = !(end.is_empty() || is_plain_number(end));
        if start_is_bad || end_is_bad {
            let part = if start_is_bad { start } else { end };
            return Err(RangeError::NotANumber { text: text.to_owned(), part: part.to_owned() });
        }

        // Every end point is a finite number by now, so an order of start and end is all that can be wrong; a bare
        // negative end is such a case, because its start is 0.
        let reversed = |_| RangeError::Reversed(text.to_owned());
        let (kind, start, end) = NagiosRange::from(text).map_err(reversed)?.into_inner();
        let range = NagiosRange::new(kind, start, end).map_err(reversed)?;
        Ok(Self { range, text: text.to_owned() })
    }
}

/// `-?digits[.digits]` without a leading zero (which other tools read as octal), and finite.
pub(crate) fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());

    all_digits(whole)
        && all_digits(fraction)
        && (whole == "0" || !whole.starts_with('0'))
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(text: &str) -> Range {
        text.parse().unwrap()
    }

    #[test]
    fn a_violation_in_words() {
        for (text, value, expected) in [
            ("1", 1.5, "more than 1"),
            ("1", -0.5, "less than 0"),
            ("5:10", 4.0, "less than 5"),
            ("5:", 4.0, "less than 5"),
            ("~:10", 11.0, "more than 10"),
            ("@5:10", 5.0, "between 5 and 10"),
            ("@5:", 5.0, "not less than 5"),
            ("@~:10", 5.0, "not more than 10"),
        ] {
            assert!(range(text).is_violated_by(value), "{text}");
            assert_eq!(range(text).relation(value, |bound| bound.to_string()), expected, "{text}");
        }
    }

    #[test]
    fn end_points_are_inside() {
        assert!(!range("10").is_violated_by(0.0));
        assert!(!range("10").is_violated_by(10.0));
        assert!(range("10").is_violated_by(10.000_001));
        assert!(range("10").is_violated_by(-0.1));
    }

    #[test]
    fn reversed_when_a_warning_never_shows() {
        let pairs = [("3", "1"), ("10:", "20:"), ("0:20", "5:10"), ("@5:6", "@0:10"), ("@5:10", "@0:10"), ("5", "0:4")];
        for (warning, critical) in
            pairs.into_iter().chain([("10", "~:5"), ("-1:5", "3"), ("~:10", "5"), ("@0:6", "@~:10")])
        {
            assert!(range(critical).hides(&range(warning)), "-w {warning} -c {critical}");
        }
        // What may be negative, such as the days that a certificate has left.
        assert!(range("0:").hides_above(&range("-5:"), f64::NEG_INFINITY));
        assert!(!range("~:5").hides_above(&range("10"), f64::NEG_INFINITY));
        for (warning, critical) in [
            ("1", "3"),
            ("3", "3"),
            ("20:", "10:"),
            ("~:", "5"),
            ("0:", "5"),
            ("5:20", "0:10"),
            ("@5:6", "100"),
            ("@0:10", "@5:6"),
            ("~:5", "10"),
        ] {
            assert!(!range(critical).hides(&range(warning)), "-w {warning} -c {critical}");
        }
    }

    #[test]
    fn every_form_of_the_guideline() {
        assert!(range("10:").is_violated_by(9.9));
        assert!(!range("10:").is_violated_by(1e300));
        assert!(!range(":5").is_violated_by(0.0));
        assert!(range(":5").is_violated_by(5.1));
        assert!(!range("~:10").is_violated_by(-1e300));
        assert!(range("~:10").is_violated_by(11.0));
        assert!(range("@10:20").is_violated_by(10.0));
        assert!(!range("@10:20").is_violated_by(20.1));
        assert!(!range("-1:5").is_violated_by(-1.0));
        assert!(!range("~:").is_violated_by(f64::MIN));
    }

    #[test]
    fn a_value_that_is_not_a_number_alerts() {
        assert!(range("~:").is_violated_by(f64::NAN));
        assert!(range("@1:2").is_violated_by(f64::NAN));
    }

    #[test]
    fn refuses_what_is_not_a_range() {
        let refused = [
            "", "@", ":", "@:", "nan", "inf", "-inf", "infinity", "1e3", "1E3", "0x10", "010", "+5", "5.", ".5",
            "10abc", " 10", "10 ", "20:10", "-5", "5:~", "~", "@~", "1:2:3", "--1", "1,5", "-", "~~:1", "10:nan",
            "nan:10", "٣",
        ];
        for text in refused {
            assert!(text.parse::<Range>().is_err(), "{text:?} was taken for a range");
        }
        assert!("9".repeat(400).parse::<Range>().is_err());
    }

    #[test]
    fn an_error_names_the_bad_part_and_what_is_expected() {
        let error = "10:20abc".parse::<Range>().unwrap_err().to_string();
        assert!(
            error.contains("'10:20abc'") && error.contains("'20abc'") && error.contains("[@][start:][end]"),
            "{error}"
        );
        let error = "20:10".parse::<Range>().unwrap_err().to_string();
        assert!(error.contains("'20:10'") && error.contains("start <= end"), "{error}");
    }

    #[test]
    fn a_pure_upper_bound_prints_as_a_plain_number() {
        for text in ["0.5", ":0.5", "0:0.5"] {
            assert_eq!(range(text).to_string(), "0.5");
            assert_eq!(range(text).text(), text);
        }
        assert_eq!(range("10:").to_string(), "10:");
        assert_eq!(range("@0:10").to_string(), "@0:10");
        assert_eq!(range("~:10").to_string(), "~:10");
    }

    #[test]
    fn no_end_point_prints_as_minus_zero() {
        for (text, printed) in
            [("-0", "0"), ("-0:5", "5"), ("@-0:5", "@0:5"), ("~:-0", "~:0"), ("-0:", "0:"), ("-5:-0", "-5:0")]
        {
            assert_eq!(range(text).to_string(), printed, "{text}");
        }
    }

    proptest! {
        #[test]
        fn print_parse_equal(inside: bool, start in proptest::option::of(-1e9..1e9), width in proptest::option::of(0.0..1e9)) {
            let low = start.unwrap_or(f64::NEG_INFINITY);
            let high = width.map_or(f64::INFINITY, |width| start.unwrap_or(0.0) + width);
            let kind = if inside { CheckType::Inside } else { CheckType::Outside };
            let made = Range { range: NagiosRange::new(kind, low, high).unwrap(), text: String::new() };
            let read: Range = made.to_string().parse().unwrap();
            prop_assert_eq!(read.range, made.range);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<Range>();
        }
    }
}
