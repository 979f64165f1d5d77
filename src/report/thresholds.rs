//! What is a value worth? A warning and a critical range, judged together.

use super::range::Range;
use super::state::State;

/// The `--warning` and `--critical` ranges of one metric. The bounds are private: only [`Thresholds::evaluate`] compares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thresholds {
    warning: Option<Range>,
    critical: Option<Range>,
}

/// A range that a value left, and what that is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation<'a> {
    /// WARNING or CRITICAL.
    pub state: State,
    pub range: &'a Range,
}

impl Thresholds {
    /// Both ranges, each of which may be absent.
    pub const fn new(warning: Option<Range>, critical: Option<Range>) -> Self {
        Self { warning, critical }
    }

    /// The worst range that `value` violates.
    pub fn evaluate(&self, value: f64) -> Option<Violation<'_>> {
        [(State::Critical, &self.critical), (State::Warning, &self.warning)]
            .into_iter()
            .filter_map(|(state, range)| range.as_ref().map(|range| Violation { state, range }))
            .find(|violation| violation.range.is_violated_by(value))
    }

    /// The warning range, for printing.
    pub const fn warning(&self) -> Option<&Range> {
        self.warning.as_ref()
    }

    /// The critical range, for printing.
    pub const fn critical(&self) -> Option<&Range> {
        self.critical.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(warning: &str, critical: &str, value: f64) -> State {
        let range = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        let thresholds = Thresholds::new(range(warning), range(critical));
        thresholds.evaluate(value).map_or(State::Ok, |violation| violation.state)
    }

    #[test]
    fn ok_within_both() {
        assert_eq!(judged("10", "20", 10.0), State::Ok);
    }

    #[test]
    fn warning_between() {
        assert_eq!(judged("10", "20", 20.0), State::Warning);
    }

    #[test]
    fn critical_beyond_both() {
        assert_eq!(judged("10", "20", 20.1), State::Critical);
    }

    #[test]
    fn warning_is_judged_without_critical_and_critical_without_warning() {
        assert_eq!(judged("10", "", 99.0), State::Warning);
        assert_eq!(judged("", "10", 99.0), State::Critical);
        assert_eq!(judged("", "", 99.0), State::Ok);
    }

    #[test]
    fn a_warning_range_inside_the_critical_one_still_warns() {
        assert_eq!(judged("@5:6", "100", 5.5), State::Warning);
    }
}
