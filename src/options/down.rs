//! How many of several servers may be down? A range over their number, or over their share in per cent.

use std::fmt;
use std::str::FromStr;

use super::{Need, When};
use crate::net::tally::{Named, Tally};
use crate::report::{Finding, Metric, Range, RangeError, Report, State, Thresholds};

/// `--down-warning` and `--down-critical`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Thresholds")]
pub(crate) struct DownOptions {
    /// WARNING when the number of targets, without --srv of addresses, that are down is outside this range, or with % behind
    /// it their share; the state of a single one does not count then
    #[arg(long, value_name = "RANGE[%]", allow_hyphen_values = true)]
    down_warning: Option<Allowed>,

    /// CRITICAL when the number of targets, without --srv of addresses, that are down is outside this range, or with % behind
    /// it their share; the state of a single one does not count then
    #[arg(long, value_name = "RANGE[%]", allow_hyphen_values = true)]
    down_critical: Option<Allowed>,
}

impl DownOptions {
    pub(crate) const NEEDS: &'static [Need] =
        &[Need { options: &["--down-warning", "--down-critical"], when: When::Given("--all-addresses") }];

    pub(crate) const fn is_given(&self) -> bool {
        self.down_warning.is_some() || self.down_critical.is_some()
    }

    /// Judges how many are down, by a `tally` of who is well: that decides, and what is CRITICAL or UNKNOWN about one of them is
    /// a remark. Where all are down it keeps its state, too: no threshold makes an outage well.
    pub(crate) fn judge(&self, tally: &Tally, name: &Named<'_>, report: &mut Report) {
        let (down, all) = tally.failing(name);
        // Where nobody was found to be asked, that is a finding of its own.
        if !self.is_given() || all == 0 {
            return;
        }
        let scaled = |allowed: &Option<Allowed>| allowed.as_ref().map(|allowed| allowed.of(all));
        let thresholds = Thresholds::new(scaled(&self.down_warning), scaled(&self.down_critical));
        let metric = Metric::count("down", down).judged_by(&thresholds).max(f64::from(all));
        let worst = report.failure().map(std::borrow::Cow::into_owned);
        if down < all {
            let single = report.findings.iter_mut().filter(|finding| finding.state >= State::Unknown);
            single.for_each(|finding| *finding = Finding::remark(std::mem::take(&mut finding.text)));
        }
        let violation = metric.violation();
        if down > 0 || violation.is_some() {
            report.headline = None;
            let text = tally.failing_text(name, "down");
            let finding = match violation.map(|violation| violation.state) {
                None => Finding::remark(text),
                Some(state) => {
                    let by = if state == State::Critical { &self.down_critical } else { &self.down_warning };
                    let relation = by.as_ref().map(|by| by.relation(down, all)).unwrap_or_default();
                    let (advice, causes) = worst.map(|worst| (worst.advice, worst.causes)).unwrap_or_default();
                    Finding { state, advice, causes, ..Finding::remark(format!("{text}, {relation}")) }
                }
            };
            report.findings.insert(0, finding);
        }
        report.add_metric(metric);
    }
}

/// How many may be down: `1`, `@3:`, `50%`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Allowed {
    range: Range,
    is_share: bool,
    text: String,
}

impl Allowed {
    /// The range of the number of `all`.
    fn of(&self, all: u32) -> Range {
        if self.is_share { self.range.scaled(f64::from(all) / 100.0) } else { self.range.clone() }
    }

    /// How so many of `all`, which are too many, stand to it: `more than 50 %`.
    fn relation(&self, down: u32, all: u32) -> String {
        let (down, all) = (f64::from(down), f64::from(all));
        if self.is_share {
            self.range.relation(down * 100.0 / all, |bound| format!("{bound} %"))
        } else {
            self.range.relation(down, |bound| bound.to_string())
        }
    }

    /// Whether this one beside `warning` leaves it without an effect. A number and a share cannot be compared before it is
    /// known how many there are.
    pub(crate) fn hides(&self, warning: &Self) -> bool {
        self.is_share == warning.is_share && self.range.hides(&warning.range)
    }
}

impl fmt::Display for Allowed {
    /// As it was given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Allowed {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let share = text.strip_suffix('%');
        Ok(Self { range: share.unwrap_or(text).parse()?, is_share: share.is_some(), text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str) -> Allowed {
        text.parse().unwrap()
    }

    #[test]
    fn a_share_is_judged_as_a_number_and_said_as_a_share() {
        for (text, down, all, is_violated, relation) in [
            ("50%", 3, 4, true, "more than 50 %"),
            ("50%", 2, 4, false, ""),
            ("33%", 1, 3, true, "more than 33 %"),
            ("1", 2, 4, true, "more than 1"),
            ("0", 1, 32, true, "more than 0"),
            ("@3:", 3, 4, true, "not less than 3"),
            ("@75:100%", 3, 4, true, "between 75 % and 100 %"),
        ] {
            let range = allowed(text);
            assert_eq!(range.of(all).is_violated_by(f64::from(down)), is_violated, "{text}");
            assert!(!is_violated || range.relation(down, all) == relation, "{text}: {}", range.relation(down, all));
        }
    }

    #[test]
    fn what_is_no_range_is_told_what_was_expected() {
        for text in ["", "%", "x%", "50%%", "-1", "3:1%"] {
            assert!(text.parse::<Allowed>().unwrap_err().to_string().contains("expected"), "{text:?}");
        }
    }

    #[test]
    fn a_share_and_a_number_are_not_compared() {
        assert!(allowed("1").hides(&allowed("2")) && allowed("25%").hides(&allowed("50%")));
        assert!(!allowed("2").hides(&allowed("1")) && !allowed("1").hides(&allowed("50%")));
    }
}
