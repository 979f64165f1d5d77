//! How many requests are sent one after the other, and how many of them may be lost?

use std::time::Duration;

use super::plain;
use super::{Need, When};
use crate::report::{Range, Thresholds};
use crate::sip::series::Pace;

/// `--count`, `--interval` and the thresholds of what is lost.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct SeriesOptions {
    /// Send so many OPTIONS one after the other, 1 to 1000, and judge the median of their times and how many were lost; over
    /// UDP none is repeated
    #[arg(long, value_name = "N", value_parser = count, help_heading = "Series")]
    count: Option<u32>,

    /// Seconds from one OPTIONS to the next, from 0.01 on; what is not answered by then is lost [default: 1]
    #[arg(long, value_name = "SEC", value_parser = interval, help_heading = "Series")]
    interval: Option<Duration>,

    /// WARNING when more than that many per cent of the OPTIONS are lost [default: 40]
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    loss_warning: Option<Range>,

    /// CRITICAL when more than that many per cent of the OPTIONS are lost [default: 80]
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Thresholds")]
    loss_critical: Option<Range>,
}

impl SeriesOptions {
    pub(crate) const NEEDS: &'static [Need] =
        &[Need { options: &["--interval", "--loss-warning", "--loss-critical"], when: When::Given("--count") }];

    /// The defaults of `check_icmp`, which asks the same of a host.
    pub(crate) const DEFAULT_THRESHOLDS: &'static [(&'static str, &'static str)] =
        &[("--loss-warning", "40"), ("--loss-critical", "80")];

    /// The series, where one is asked for.
    pub(crate) fn pace(&self) -> Option<Pace> {
        self.count.map(|count| Pace { count, interval: self.interval.unwrap_or(DEFAULT_INTERVAL) })
    }

    /// For the share of what is lost, in per cent; `None` without a series.
    pub(crate) fn loss_thresholds(&self) -> Option<Thresholds> {
        let or_default = |given: &Option<Range>, option: &str| {
            let default = || Self::DEFAULT_THRESHOLDS.iter().find(|(name, _)| *name == option)?.1.parse().ok();
            given.clone().or_else(default)
        };
        self.count.map(|_| {
            Thresholds::new(
                or_default(&self.loss_warning, "--loss-warning"),
                or_default(&self.loss_critical, "--loss-critical"),
            )
        })
    }
}

fn count(text: &str) -> Result<u32, String> {
    let count = plain::count(text).ok().and_then(|count| u32::try_from(count).ok());
    count
        .filter(|count| (1..=MAX_COUNT).contains(count))
        .ok_or_else(|| format!("'{text}' is not a number of requests: expected 1 to {MAX_COUNT}"))
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = plain::seconds(text).ok().filter(|interval| *interval >= LEAST_INTERVAL);
    interval
        .ok_or_else(|| format!("'{text}' is not an interval: expected seconds from 0.01 to 86400, such as 1 or 0.05"))
}

const MAX_COUNT: u32 = 1_000;

const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);

/// A hundred requests a second: more would be an attack.
const LEAST_INTERVAL: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_count_or_interval_is_told_what_was_expected() {
        assert_eq!((count("1"), count("1000")), (Ok(1), Ok(1_000)));
        for text in ["0", "1001", "-1", "", "1.5", "4294967297"] {
            assert!(count(text).unwrap_err().contains("expected 1 to 1000"), "{text}");
        }
        assert_eq!(interval("0.01"), Ok(Duration::from_millis(10)));
        for text in ["0", "0.009", "", "x", "86401"] {
            assert!(interval(text).unwrap_err().contains("expected seconds"), "{text}");
        }
    }

    #[test]
    fn there_are_thresholds_of_loss_where_there_is_a_series() {
        assert_eq!(SeriesOptions::default().loss_thresholds(), None);
        let given = SeriesOptions { count: Some(2), loss_warning: "10".parse().ok(), ..SeriesOptions::default() };
        let expected = Thresholds::new("10".parse().ok(), "80".parse().ok());
        assert_eq!(given.loss_thresholds(), Some(expected));
    }
}
