//! What was measured? One value with its label, unit, thresholds and bounds: one entry of the perfdata.

use std::fmt;
use std::time::Duration;

use super::thresholds::{Thresholds, Violation};
use crate::time::words::precisely;

/// The unit of measurement of a [`Metric`], as perfdata knows them. There is no unit for days: readers take `d` for a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uom {
    /// No unit: a number of things, or days.
    None,
    /// `s`, seconds.
    Seconds,
    /// `%`, per cent.
    Percent,
}

impl Uom {
    /// What stands behind the number.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Seconds => "s",
            Self::Percent => "%",
        }
    }

    /// Every digit of a value, for a person: `1.508311 s`.
    fn in_full(self, value: f64) -> String {
        let blank = if self == Self::None { "" } else { " " };
        format!("{}{blank}{}", value + 0.0, self.symbol())
    }
}

/// A measured value; unknown is a value of its own, and what infinite and not-a-number become.
///
/// It holds its thresholds, so that the state and the printed perfdata come from the same object.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    label: String,
    /// What was measured, whatever tells its label from others.
    name: String,
    value: Option<f64>,
    uom: Uom,
    thresholds: Thresholds,
    min: Option<f64>,
    max: Option<f64>,
    /// Of whom it was measured, where there are several.
    of: Option<String>,
    /// What stands behind its label for that, or the whole name of it.
    suffix: Option<String>,
}

impl Metric {
    /// A duration in seconds, rounded to the microsecond; `None` is unknown.
    pub fn seconds(label: &str, duration: Option<Duration>) -> Self {
        // Rounded here rather than when printed, so that what is judged is what is shown.
        let value = duration.map(|duration| (duration.as_secs_f64() * 1e6).round() / 1e6);
        Self { value, ..Self::unknown(label, Uom::Seconds) }.min(0.0)
    }

    /// A number of things.
    pub fn count(label: &str, count: u32) -> Self {
        Self { value: Some(f64::from(count)), ..Self::unknown(label, Uom::None) }.min(0.0)
    }

    /// A number that may not be known; what is not finite is unknown, too.
    pub fn optional(label: &str, value: Option<f64>, uom: Uom) -> Self {
        Self { value: value.filter(|value| value.is_finite()), ..Self::unknown(label, uom) }
    }

    /// A share in per cent, between 0 and 100; unknown when there is no whole.
    pub fn percent(label: &str, share: Option<f64>) -> Self {
        Self::optional(label, share, Uom::Percent).min(0.0).max(100.0)
    }

    /// A value that should have been measured and was not.
    pub fn unknown(label: &str, uom: Uom) -> Self {
        Self {
            label: label_of(label),
            name: label_of(label),
            value: None,
            uom,
            thresholds: Thresholds::default(),
            min: None,
            max: None,
            of: None,
            suffix: None,
        }
    }

    /// With the thresholds that it is judged by.
    pub fn judged_by(mut self, thresholds: &Thresholds) -> Self {
        self.thresholds = thresholds.clone();
        self
    }

    /// With the smallest value that is possible.
    pub const fn min(mut self, min: f64) -> Self {
        self.min = Some(min);
        self
    }

    /// With the largest value that is possible.
    pub const fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    /// With `_suffix` behind its label, for one of several targets.
    pub fn suffixed(mut self, suffix: &str) -> Self {
        self.label = label_of(&format!("{}_{suffix}", self.label));
        self.suffix = Some(suffix.to_owned());
        self
    }

    /// With the whole name of what its suffix stands for, for whoever need not make a label of it.
    pub fn in_full(mut self, name: &str) -> Self {
        self.suffix = Some(name.to_owned());
        self
    }

    /// With the one of several targets that it was measured of, for whoever reads of a violation.
    pub fn said_of(mut self, target: impl Into<String>) -> Self {
        self.of = Some(target.into());
        self
    }

    /// What is wrong with the value, for a person: `took 1.51 s, more than 1 s`, `rejected 90.9 %, more than 50 %`.
    pub fn said(&self, violation: &Violation<'_>) -> String {
        let value = self.value.unwrap_or_default();
        let of = self.of.as_ref().map(|of| format!("{of} ")).unwrap_or_default();
        let what = if self.uom == Uom::Seconds { "took" } else { &self.name };
        let relation = violation.range.relation(value, |bound| self.uom.in_full(bound));
        let rounded = match self.uom {
            Uom::Seconds => Duration::try_from_secs_f64(value).map_or_else(|_| self.uom.in_full(value), precisely),
            Uom::Percent => percent(value),
            Uom::None => self.uom.in_full(value),
        };
        // What was rounded to a bound would seem to be within.
        let is_bound = relation.ends_with(&format!(" {rounded}"));
        format!("{of}{what} {}, {relation}", if is_bound { self.uom.in_full(value) } else { rounded })
    }

    /// With `prefix_` before its label, for one of several checks.
    pub fn prefixed(mut self, prefix: &str) -> Self {
        self.label = label_of(&format!("{prefix}_{}", self.label));
        self
    }

    /// The worst of its thresholds that the value violates. An unknown value violates none: why it is unknown is a finding of
    /// its own.
    pub fn violation(&self) -> Option<Violation<'_>> {
        self.thresholds.evaluate(self.value?)
    }

    /// The label: lower-case letters, digits and `_` only.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What was measured, whatever tells its label from others.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What tells it from the same of other targets, such as an address or a path.
    pub(crate) fn suffix(&self) -> Option<&str> {
        self.suffix.as_deref()
    }

    /// The value, `None` when unknown; always finite.
    pub const fn value(&self) -> Option<f64> {
        self.value
    }

    /// The unit.
    pub const fn uom(&self) -> Uom {
        self.uom
    }

    /// The thresholds, for printing.
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// Smallest and largest possible value, where known.
    pub const fn bounds(&self) -> (Option<f64>, Option<f64>) {
        (self.min, self.max)
    }
}

impl fmt::Display for Metric {
    /// `'label'=value[UOM];[warn];[crit];[min];[max]`, trailing semicolons left out. Nothing of an unknown value: the `U` that
    /// perfdata has for it is an error to Icinga 2, and an UNKNOWN to Checkmk.
    ///
    /// Rust prints the shortest decimal that reads back equal, without an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = self.value else { return Ok(()) };
        write!(f, "'{}'={}{}", self.label, value + 0.0, self.uom.symbol())?;
        let printed = |number: Option<f64>| number.map(|number| (number + 0.0).to_string());
        let fields = [
            self.thresholds.warning().map(ToString::to_string),
            self.thresholds.critical().map(ToString::to_string),
            printed(self.min),
            printed(self.max),
        ];
        let used = fields.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        for field in fields.into_iter().take(used) {
            write!(f, ";{}", field.unwrap_or_default())?;
        }
        Ok(())
    }
}

/// A share as a person says it, with one decimal at most: `32 %`, `0.5 %`.
pub(crate) fn percent(value: f64) -> String {
    format!("{value:.1}").trim_end_matches(".0").to_owned() + " %"
}

/// Folds a text into a label: what is not a letter or a digit becomes `_`, so that an address can be part of one and
/// no quote, `=` or `::` ever is (a reader takes `::` for a separator of its own).
pub(crate) fn label_of(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn thresholds(warning: &str, critical: &str) -> Thresholds {
        Thresholds::new(warning.parse().ok(), critical.parse().ok())
    }

    #[test]
    fn prints_every_field() {
        let metric =
            Metric::seconds("time", Some(Duration::from_micros(3_100))).judged_by(&thresholds("0.5", "1")).max(10.0);
        assert_eq!(metric.to_string(), "'time'=0.0031s;0.5;1;0;10");
    }

    #[test]
    fn a_violation_is_said_to_a_person() {
        let said = |value: f64, warning: &str| {
            let metric = Metric::optional("time", Some(value), Uom::Seconds).judged_by(&thresholds(warning, ""));
            metric.said(&metric.violation().unwrap())
        };
        assert_eq!(said(1.508_311, "1"), "took 1.51 s, more than 1 s");
        assert_eq!(said(0.812, "0.5"), "took 812 ms, more than 0.5 s");
        assert_eq!(said(0.0031, "0.05:"), "took 3.1 ms, less than 0.05 s");
        assert_eq!(said(1.000_4, "1"), "took 1.0004 s, more than 1 s");
        let loss = Metric::percent("loss", Some(50.0)).suffixed("192_0_2_7").judged_by(&thresholds("40", ""));
        assert_eq!(loss.said(&loss.violation().unwrap()), "loss 50 %, more than 40 %");
        let of = Metric::optional("time_192_0_2_7", Some(2.0), Uom::Seconds).said_of("gw1:5060 (192.0.2.7)");
        let of = of.judged_by(&thresholds("1", ""));
        assert_eq!(of.said(&of.violation().unwrap()), "gw1:5060 (192.0.2.7) took 2 s, more than 1 s");
    }

    #[test]
    fn leaves_out_trailing_fields_only() {
        assert_eq!(Metric::count("calls", 7).to_string(), "'calls'=7;;;0");
        assert_eq!(Metric::optional("days_left", Some(-1.5), Uom::None).to_string(), "'days_left'=-1.5");
    }

    #[test]
    fn an_unknown_value_is_not_printed_and_keeps_its_thresholds() {
        let metric = Metric::seconds("time", None).judged_by(&thresholds("0.5", "1"));
        assert_eq!((metric.to_string(), metric.thresholds()), (String::new(), &thresholds("0.5", "1")));
    }

    #[test]
    fn what_perfdata_cannot_carry_is_unknown() {
        assert_eq!(Metric::optional("x", Some(f64::NAN), Uom::None).value(), None);
        assert_eq!(Metric::optional("x", Some(f64::INFINITY), Uom::None).value(), None);
    }

    #[test]
    fn a_share_of_nothing_is_unknown() {
        assert_eq!(Metric::percent("rejected", None).value(), None);
        assert_eq!(Metric::percent("rejected", Some(50.0)).to_string(), "'rejected'=50%;;;0;100");
    }

    #[test]
    fn never_an_exponent_and_never_minus_zero() {
        assert_eq!(Metric::optional("x", Some(1e-7), Uom::None).to_string(), "'x'=0.0000001");
        assert_eq!(Metric::optional("x", Some(1e21), Uom::None).to_string(), "'x'=1000000000000000000000");
        assert_eq!(Metric::optional("x", Some(-0.0), Uom::None).to_string(), "'x'=0");
        assert_eq!(Metric::optional("x", Some(1.0), Uom::None).min(-0.0).max(-0.0).to_string(), "'x'=1;;;0;0");
    }

    #[test]
    fn an_address_becomes_part_of_a_label() {
        assert_eq!(Metric::count("time", 1).suffixed("192.0.2.7").label(), "time_192_0_2_7");
        assert_eq!(Metric::count("time", 1).suffixed("2001:db8::7").label(), "time_2001_db8__7");
    }

    #[test]
    fn an_unknown_value_violates_nothing() {
        let thresholds = Thresholds::new(Some("10".parse().unwrap()), None);
        assert_eq!(Metric::unknown("value", Uom::None).judged_by(&thresholds).violation(), None);
    }

    proptest! {
        #[test]
        fn print_parse_equal(value in proptest::num::f64::NORMAL | proptest::num::f64::ZERO, label in "[a-z_]{1,20}") {
            let printed = Metric::optional(&label, Some(value), Uom::Seconds).to_string();
            let (name, rest) = printed.split_once('=').unwrap();
            prop_assert_eq!(name, format!("'{label}'"));
            let number = rest.strip_suffix('s').unwrap();
            prop_assert!(!number.contains(['e', 'E', ',', 'N']));
            prop_assert_eq!(number.parse::<f64>().unwrap(), value);
        }
    }
}
