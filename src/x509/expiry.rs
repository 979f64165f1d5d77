//! How much of its validity must a certificate have left? A threshold in days, hours or per cent of the lifetime.

use std::fmt;
use std::str::FromStr;

use super::certificate::Certificate;
use crate::report::{Metric, Range, RangeError, State, Thresholds, Uom};

/// A `--warning` or `--critical` for expiry.
///
/// Here, and only here, people mean *at least*: `30` alerts below 30 days, that is, it is the range `30:`. `36h` counts in
/// hours, `33%` in per cent of the certificate's lifetime. Whatever has a colon, a tilde or an `@` is a guideline range, with or
/// without a unit: `@0:10`, `12:24h`.
#[derive(Clone, Debug, PartialEq)]
pub struct Expiry {
    unit: Unit,
    /// In days, or in per cent.
    range: Range,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Days,
    Hours,
    Lifetime,
}

impl Expiry {
    /// Whether it counts in days, as opposed to hours or per cent.
    pub(crate) fn counts_in_days(&self) -> bool {
        self.unit == Unit::Days
    }

    /// The threshold as the operator wrote it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a warning threshold beside this critical one never shows; of different kinds of units nobody can tell.
    pub(crate) fn hides(&self, warning: &Self) -> bool {
        let is_share = |it: &Self| it.unit == Unit::Lifetime;
        is_share(self) == is_share(warning) && self.range.hides_above(&warning.range, f64::NEG_INFINITY)
    }

    /// The violated threshold in words, as the end of a sentence: `less than 30 days`; per cent are of `whose` lifetime.
    pub(crate) fn in_words(&self, whose: &str) -> String {
        let minimum = self.text.trim_end_matches(['h', '%', ':']);
        let is_minimum = !minimum.is_empty() && minimum.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match (is_minimum, self.unit) {
            (true, Unit::Days) => format!("less than {minimum} days"),
            (true, Unit::Hours) => format!("less than {minimum} hours"),
            (true, Unit::Lifetime) => format!("less than {minimum} % of {whose} lifetime"),
            (false, Unit::Lifetime) => format!("which violates {} (per cent of {whose} lifetime)", self.text),
            (false, Unit::Hours) => format!("which violates {} (hours)", self.text),
            (false, Unit::Days) => format!("which violates {} (days)", self.text),
        }
    }

    /// Whether `remaining` is too little. Nothing is too little of a lifetime that is none.
    fn is_violated_by(&self, remaining: Remaining) -> bool {
        match self.unit {
            Unit::Days | Unit::Hours => self.range.is_violated_by(remaining.days()),
            Unit::Lifetime => remaining.percent().is_some_and(|percent| self.range.is_violated_by(percent)),
        }
    }

    /// The range of days: of per cent, what they are of `lifetime` (in seconds), if there is one.
    fn days(&self, lifetime: Option<i64>) -> Option<Range> {
        match (self.unit, lifetime) {
            (Unit::Days | Unit::Hours, _) => Some(self.range.clone()),
            (Unit::Lifetime, Some(lifetime @ 1..)) => Some(self.range.scaled(lifetime as f64 / 86_400.0 / 100.0)),
            (Unit::Lifetime, _) => None,
        }
    }

    /// The range of per cent, if it counts in them.
    fn percent(&self) -> Option<Range> {
        (self.unit == Unit::Lifetime).then(|| self.range.clone())
    }
}

impl FromStr for Expiry {
    type Err = ExpiryError;

    fn from_str(text: &str) -> Result<Self, ExpiryError> {
        let (bare, unit) = match text.as_bytes().last() {
            Some(b'h') => (&text[..text.len() - 1], Unit::Hours),
            Some(b'%') => (&text[..text.len() - 1], Unit::Lifetime),
            _ => (text, Unit::Days),
        };
        let range = match bare.contains([':', '@', '~']) {
            true => bare.parse(),
            // A range checks what stands before its colon as it would anything else, an empty text included.
            false => format!("{bare}:").parse(),
        };
        let range: Range = range.map_err(|source| ExpiryError { text: text.to_owned(), source })?;
        let range = if unit == Unit::Hours { range.scaled(1.0 / 24.0) } else { range };
        Ok(Self { unit, range, text: text.to_owned() })
    }
}

/// Why a text is no threshold for expiry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is not an expiry threshold: expected days (30), hours (36h), per cent of the lifetime (33%) or a range of them"
)]
pub struct ExpiryError {
    text: String,
    source: RangeError,
}

/// What is left of a certificate at a moment, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remaining {
    /// To the end of its validity, in seconds; negative afterwards.
    pub seconds: i64,
    /// From the begin to the end of a validity, its own or the leaf's, in seconds.
    pub lifetime: i64,
}

impl Remaining {
    /// What `certificate` has left at `now` (Unix time).
    pub(crate) const fn at(certificate: &Certificate, now: i64) -> Self {
        Self {
            seconds: certificate.not_after.saturating_sub(now),
            lifetime: certificate.not_after.saturating_sub(certificate.not_before),
        }
    }

    /// In days, rounded as the bounds of ranges are: a certificate with exactly 8 hours left is at the end of `8h` and of
    /// `@0:8h`, which belongs to both.
    pub(crate) fn days(self) -> f64 {
        micro(self.seconds as f64, 86_400)
    }

    /// In per cent of the lifetime, rounded likewise; `None` where there is no lifetime.
    pub(crate) fn percent(self) -> Option<f64> {
        (self.lifetime > 0).then(|| micro(self.seconds as f64 * 100.0, self.lifetime))
    }
}

impl fmt::Display for Remaining {
    /// `12.3 days`, `36 hours`, `5 minutes`; without a sign.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds.unsigned_abs();
        // Cut, not rounded: 13.97 days are not 14.
        match seconds {
            864_000.. => write!(f, "{} days", seconds / 86_400),
            172_800.. => write!(f, "{}.{} days", seconds / 86_400, seconds % 86_400 / 8_640),
            7_200.. => write!(f, "{} hours", seconds / 3_600),
            120.. => write!(f, "{} minutes", seconds / 60),
            _ => write!(f, "{seconds} seconds"),
        }
    }
}

/// Both thresholds for expiry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expiries {
    /// `--warning`.
    pub warning: Option<Expiry>,
    /// `--critical`.
    pub critical: Option<Expiry>,
}

impl Expiries {
    /// The worse of the thresholds that `remaining` violates, and what that is worth.
    pub(crate) fn violated_by(&self, remaining: Remaining) -> Option<(State, &Expiry)> {
        let judged = [(State::Critical, &self.critical), (State::Warning, &self.warning)];
        let mut judged = judged.into_iter().filter_map(|(state, expiry)| Some((state, expiry.as_ref()?)));
        judged.find(|(_, expiry)| expiry.is_violated_by(remaining))
    }

    /// The remaining days as a metric, with its thresholds in days; unknown without a certificate.
    pub(crate) fn days(&self, label: &str, remaining: Option<Remaining>) -> Metric {
        let thresholds = self.thresholds(|expiry| expiry.days(remaining.map(|left| left.lifetime)));
        Metric::optional(label, remaining.map(Remaining::days), Uom::None).judged_by(&thresholds)
    }

    /// The remaining share of the lifetime as a metric, with those thresholds that count in per cent.
    pub(crate) fn lifetime(&self, label: &str, remaining: Option<Remaining>) -> Metric {
        let thresholds = self.thresholds(Expiry::percent);
        Metric::optional(label, remaining.and_then(Remaining::percent), Uom::Percent).judged_by(&thresholds)
    }

    fn thresholds(&self, counted: impl Fn(&Expiry) -> Option<Range>) -> Thresholds {
        Thresholds::new(self.warning.as_ref().and_then(&counted), self.critical.as_ref().and_then(&counted))
    }
}

/// `part / whole` rounded to six decimals, to which a second matters; `whole` is above 0.
fn micro(part: f64, whole: i64) -> f64 {
    (part / whole as f64 * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn state(warning: &str, remaining: Remaining) -> State {
        let expiries = Expiries { warning: warning.parse().ok(), critical: None };
        let metrics = [expiries.days("days", Some(remaining)), expiries.lifetime("lifetime", Some(remaining))];
        let shown = metrics.iter().filter_map(Metric::violation).map(|violation| violation.state).max();
        let judged = expiries.violated_by(remaining).map(|(state, _)| state);
        assert_eq!(judged, shown, "the judgement is not what the perfdata says");
        judged.unwrap_or(State::Ok)
    }

    fn left(seconds: i64) -> Remaining {
        Remaining { seconds, lifetime: 90 * DAY }
    }

    #[test]
    fn a_bare_number_means_at_least_so_many_days() {
        assert_eq!(state("30", left(30 * DAY)), State::Ok);
        assert_eq!(state("30", left(30 * DAY - 1)), State::Warning);
        assert_eq!(state("30:", left(30 * DAY - 1)), State::Warning);
        assert_eq!(state("30", left(-1)), State::Warning);
    }

    #[test]
    fn hours_count_to_the_second() {
        for quarters in 1..=1_600 {
            let (hours, end) = (quarters as f64 / 4.0, quarters * 900);
            assert_eq!(state(&format!("{hours}h"), left(end)), State::Ok, "{hours}h");
            assert_eq!(state(&format!("{hours}h"), left(end - 1)), State::Warning, "{hours}h");
            // Both ends belong to what is between them.
            let between =
                [(end - 1, State::Ok), (end, State::Warning), (2 * end, State::Warning), (2 * end + 1, State::Ok)];
            for (seconds, expected) in between {
                let threshold = format!("@{hours}:{}h", 2.0 * hours);
                assert_eq!(state(&threshold, left(seconds)), expected, "{threshold} with {seconds} s");
            }
        }
    }

    #[test]
    fn per_cent_counts_in_the_lifetime_of_the_certificate() {
        assert_eq!(state("33%", left(30 * DAY)), State::Ok);
        assert_eq!(state("33%", left(29 * DAY)), State::Warning);
        // 33 % of these are 100.32 seconds: perfdata in days must not say otherwise of 100.
        assert_eq!(state("33%", Remaining { seconds: 100, lifetime: 304 }), State::Warning);
        assert_eq!(state("33%", Remaining { seconds: 101, lifetime: 304 }), State::Ok);
        for seconds in [29 * DAY, 0, -1] {
            assert_eq!(state("33%", Remaining { seconds, lifetime: 0 }), State::Ok, "{seconds} s of no lifetime");
        }
    }

    #[test]
    fn everything_else_is_a_guideline_range() {
        assert_eq!(state("@0:10", left(5 * DAY)), State::Warning);
        assert_eq!(state("@0:10", left(-1)), State::Ok);
        assert_eq!(state("@0:12h", left(11 * 3_600)), State::Warning);
        assert_eq!(state("30:90", left(91 * DAY)), State::Warning);
    }

    #[test]
    fn refuses_what_is_no_threshold() {
        for text in ["", "h", "%", "30d", "thirty", "1e3", "nan", "h30", "30 h", "30hh", "@", ":", "20:10", "+5", "%%"]
        {
            assert!(text.parse::<Expiry>().is_err(), "{text:?} was taken for a threshold");
        }
        let error = "30d".parse::<Expiry>().unwrap_err().to_string();
        assert!(error.contains("'30d'") && error.contains("36h") && error.contains("33%"), "{error}");
    }

    #[test]
    fn perfdata_of_hours_is_in_days() {
        let expiries = Expiries { warning: "48h".parse().ok(), critical: "10%".parse().ok() };
        assert_eq!(expiries.days("days_left", Some(left(DAY * 3))).to_string(), "'days_left'=3;2:;9:");
        assert_eq!(
            expiries.lifetime("leaf_lifetime_left", Some(left(DAY * 9))).to_string(),
            "'leaf_lifetime_left'=10%;;10:"
        );
        assert_eq!(
            expiries.days("days_left", None).thresholds().warning().map(ToString::to_string).as_deref(),
            Some("2:")
        );
    }

    #[test]
    fn a_range_of_hours_is_one_of_days_to_six_decimals() {
        let days = |text: &str| {
            let expiries = Expiries { warning: Some(text.parse().unwrap()), critical: None };
            expiries.days("days_left", Some(left(DAY))).thresholds().warning().map(ToString::to_string)
        };
        for (text, expected) in [
            ("1h", "0.041667:"),
            ("10h", "0.416667:"),
            ("@12:36h", "@0.5:1.5"),
            ("~:24h", "~:1"),
            ("-12:24h", "-0.5:1"),
        ] {
            assert_eq!(days(text).as_deref(), Some(expected), "{text}");
        }
        // Where there is no room for six decimals.
        let most = format!("1{}h", "0".repeat(308));
        assert!(days(&most).unwrap().starts_with("41666666666666"), "{:?}", days(&most));
        assert_eq!(state(&most, left(DAY)), State::Warning);
    }

    #[test]
    fn remaining_time_in_words_is_never_rounded_up() {
        assert_eq!(left(14 * DAY - 1).to_string(), "13 days");
        assert_eq!(left(3 * DAY - 1).to_string(), "2.9 days");
        assert_eq!(left(DAY).to_string(), "24 hours");
        assert_eq!(left(-300).to_string(), "5 minutes");
        assert!(Remaining { seconds: i64::MIN, lifetime: i64::MAX }.days().is_finite());
    }

    #[test]
    fn thresholds_in_words() {
        let in_words = |text: &str| text.parse::<Expiry>().unwrap().in_words("its");
        assert_eq!(in_words("30"), "less than 30 days");
        assert_eq!(in_words("33%"), "less than 33 % of its lifetime");
        assert_eq!(in_words("@0:10"), "which violates @0:10 (days)");
    }

    #[test]
    fn a_warning_that_never_shows_is_known_where_both_count_in_the_same() {
        for (critical, warning, is_hidden) in [
            ("14", "7", true),
            ("14", "30", false),
            ("36h", "1", true),
            ("33%", "10%", true),
            ("10%", "33%", false),
            ("33%", "10", false),
            ("14", "7%", false),
        ] {
            let [critical, warning] = [critical, warning].map(|text| text.parse::<Expiry>().unwrap());
            assert_eq!(critical.hides(&warning), is_hidden, "{critical:?} beside {warning:?}");
        }
    }
}
