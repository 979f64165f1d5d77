//! How often did each event occur? Rules per event, a window, counts and the diagnostic codes in the texts.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use super::EventRecord;
use crate::exchange::diagnostics::{self, Diagnostics};
use crate::report::{Range, RangeError, Thresholds};

/// An event that is counted, and what its count is judged by: `ID=WARN[,CRIT]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The event identifier.
    pub id: u32,
    /// Ranges of its count in the window.
    pub thresholds: Thresholds,
}

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// No number, or no `=`.
    #[error("'{0}' is not ID=WARN[,CRIT]: expected something like 1647=2 or 1647=2,10")]
    Form(String),
    /// A WARN that never shows beside this CRIT.
    #[error(
        "'{0}' is reversed, nothing would be a WARNING: expected ID=WARN,CRIT with CRIT beyond WARN, such as 1647=2,10"
    )]
    Reversed(String),
    /// A threshold that is none.
    #[error(transparent)]
    Range(#[from] RangeError),
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let form = || RuleError::Form(text.to_owned());
        let (id, ranges) = text.split_once('=').ok_or_else(form)?;
        let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        let id = is_number.then(|| id.parse().ok()).flatten().ok_or_else(form)?;
        let (warning, critical) = ranges.split_once(',').map_or((ranges, None), |(warn, crit)| (warn, Some(crit)));
        let critical = critical.map(str::parse::<Range>).transpose()?;
        let warning: Range = warning.parse()?;
        if critical.as_ref().is_some_and(|critical| critical.hides(&warning)) {
            return Err(RuleError::Reversed(text.to_owned()));
        }
        Ok(Self { id, thresholds: Thresholds::new(Some(warning), critical) })
    }
}

/// The rules of a run: the defaults, those that were given in place of the default for their event or behind them.
pub fn rules(given: &[Rule]) -> Vec<Rule> {
    let warning = || "2".parse::<Range>().ok();
    let mut rules: Vec<_> = DEFAULTS
        .iter()
        .map(|&(id, judged)| Rule { id, thresholds: Thresholds::new(warning().filter(|_| judged), None) })
        .collect();
    for rule in given {
        match rules.iter_mut().find(|default| default.id == rule.id) {
            Some(same) => same.clone_from(rule),
            None => rules.push(rule.clone()),
        }
    }
    rules
}

/// What an event stands for, where that is known.
pub(crate) const fn meaning(id: u32) -> Option<&'static str> {
    Some(match id {
        1621 => "listeners stopped",
        1637 => "missed-call notification proxied",
        1638 => "missed-call notification proxy failed",
        1120 | 1643 => "certificate near expiry",
        1123 | 1644 => "certificate good",
        1112 | 1645 => "certificate details",
        1646 => "startup mode",
        1647 => "call rejected",
        1648 => "listening",
        1113 | 1649 => "TLS negotiation failed",
        1651 => "OPTIONS rejected",
        _ => return None,
    })
}

/// The time in which events count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventWindow {
    /// Its end.
    pub until: SystemTime,
    /// Its length.
    pub length: Duration,
}

impl EventWindow {
    /// Its beginning, unless that is before all time.
    pub(crate) fn from(&self) -> Option<SystemTime> {
        self.until.checked_sub(self.length)
    }

    /// Until when an event counts.
    pub(crate) fn to(&self) -> Option<SystemTime> {
        self.until.checked_add(CLOCK_TOLERANCE)
    }

    fn contains(&self, time: SystemTime) -> bool {
        self.from().is_none_or(|from| from <= time) && self.to().is_none_or(|to| time <= to)
    }
}

/// The events of one identifier within the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Count<'a> {
    /// The rule that asks for them.
    pub rule: &'a Rule,
    /// How many.
    pub count: u32,
    /// The latest of them.
    pub newest: Option<&'a EventRecord>,
}

/// What was counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally<'a> {
    /// One for each rule, in the rules' order.
    pub counts: Vec<Count<'a>>,
    /// How often each diagnostic code stands in the texts of the counted events.
    pub codes: BTreeMap<u32, u32>,
    /// How many records some other source logged.
    pub foreign: usize,
}

/// Counts the records that `source` logged within `window`.
pub fn tally<'a>(records: &'a [EventRecord], source: &str, rules: &'a [Rule], window: EventWindow) -> Tally<'a> {
    let mut counts: Vec<_> = rules.iter().map(|rule| Count { rule, count: 0, newest: None }).collect();
    let mut codes = BTreeMap::new();
    let (own, foreign): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.is_from(source));
    for record in own.into_iter().filter(|record| window.contains(record.time)) {
        let Some(count) = counts.iter_mut().find(|count| count.rule.id == record.id) else {
            continue;
        };
        count.count = count.count.saturating_add(1);
        // An export may be in any order.
        if count.newest.is_none_or(|newest| newest.time <= record.time) {
            count.newest = Some(record);
        }
        for code in diagnostic_codes(&record.text()) {
            *codes.entry(code).or_default() += 1;
        }
    }
    Tally { counts, codes, foreign: foreign.len() }
}

/// `15647 3 times (no access to Active Directory), 15501 once`, the most frequent first.
pub fn histogram(codes: &BTreeMap<u32, u32>) -> String {
    let mut codes: Vec<_> = codes.iter().collect();
    codes.sort_by_key(|(code, count)| (std::cmp::Reverse(**count), **code));
    let word = |(code, count): (&u32, &u32)| {
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        let meaning = diagnostics::meaning(*code).map_or_else(String::new, |text| format!(" ({text})"));
        format!("{code} {times}{meaning}")
    };
    codes.into_iter().take(MAX_CODES).map(word).collect::<Vec<_>>().join(", ")
}

/// The codes in the form of an `ms-diagnostics` header, `15647;source="..."`, wherever in the text they stand.
fn diagnostic_codes(text: &str) -> Vec<u32> {
    let mut codes = Vec::new();
    for (end, _) in text.match_indices(';') {
        let behind = text[end + 1..].trim_start();
        let is_parameter = ["source=", "reason="]
            .iter()
            .any(|name| behind.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        let digits = |c: char| c.is_ascii_digit() || c == '.';
        let start = text[..end].trim_end_matches(digits).len();
        if is_parameter && start < end {
            codes.extend(Diagnostics::parse(&text[start..end]).map(|diagnostics| diagnostics.id));
        }
    }
    codes
}

/// Who logs what the router has to say.
pub(crate) const EVENT_SOURCE: &str = "MSExchange Unified Messaging";

/// The events that are counted without being told to, and whether more than two of them are worth a warning. A probe
/// of TLS that shows no client certificate is logged as 1649, so that one is only reported.
const DEFAULTS: &[(u32, bool)] = &[(1638, true), (1643, true), (1647, true), (1649, false), (1651, true)];

/// How far ahead of the window's end an event still counts: the clocks of two hosts are never quite the same.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// How many different codes a histogram names.
const MAX_CODES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Metric, State};

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn record(id: u32, seconds: u64, text: &str) -> EventRecord {
        let providers = vec![EVENT_SOURCE.to_owned()];
        let (channel, computer, message) = (String::new(), String::new(), text.to_owned());
        EventRecord { id, time: at(seconds), providers, channel, computer, message, data: Vec::new() }
    }

    fn window() -> EventWindow {
        EventWindow { until: at(10_000), length: Duration::from_secs(3_600) }
    }

    #[test]
    fn only_the_window_and_the_source_count() {
        let mut foreign = record(1647, 9_000, "");
        foreign.providers = vec!["Other".to_owned()];
        let records = [
            record(1647, 6_399, "before"),
            record(1647, 9_999, "newest"),
            record(1647, 6_400, "oldest"),
            record(1647, 10_300, "within the tolerance of clocks"),
            record(1647, 10_301, "ahead"),
            record(9, 9_000, "no rule"),
            foreign,
        ];
        let rules = rules(&[]);
        let tally = tally(&records, EVENT_SOURCE, &rules, window());
        let count = tally.counts.iter().find(|count| count.rule.id == 1647).unwrap();
        assert_eq!((count.count, tally.foreign), (3, 1));
        assert_eq!(count.newest.unwrap().text(), "within the tolerance of clocks");
        assert!(tally.counts.iter().filter(|count| count.rule.id != 1647).all(|count| count.count == 0));
    }

    #[test]
    fn more_than_two_warn_by_default_and_none_is_critical() {
        let judged = |id: u32, count: u32| {
            let rules = rules(&[]);
            let rule = rules.iter().find(|rule| rule.id == id).unwrap();
            let metric = Metric::count("event", count).judged_by(&rule.thresholds);
            metric.violation().map_or(State::Ok, |violation| violation.state)
        };
        for id in [1638, 1643, 1647, 1651] {
            assert_eq!((judged(id, 2), judged(id, 3), judged(id, 9_999)), (State::Ok, State::Warning, State::Warning));
        }
        assert_eq!(judged(1649, 9_999), State::Ok);
    }

    #[test]
    fn a_given_rule_replaces_the_default_or_is_added() {
        let rules = rules(&["1647=5,10".parse().unwrap(), "1621=0".parse().unwrap()]);
        let ids: Vec<_> = rules.iter().map(|rule| rule.id).collect();
        assert_eq!(ids, [1638, 1643, 1647, 1649, 1651, 1621]);
        assert_eq!(rules[2].thresholds.critical().unwrap().to_string(), "10");
    }

    #[test]
    fn refuses_what_is_no_rule() {
        for text in ["", "1647", "=2", "x=2", "+1=2", "1647=", "1647=2,", "1647=2,3,4", "99999999999=1", "1647=-1"] {
            assert!(text.parse::<Rule>().is_err(), "{text:?}");
        }
        let error = "1647".parse::<Rule>().unwrap_err().to_string();
        assert!(error.contains("'1647'") && error.contains("1647=2,10"), "{error}");
    }

    #[test]
    fn codes_are_found_wherever_they_stand() {
        let text = "rejected the call for the following reason: 15647;source=\"ex2013.contoso.net\";\
                    reason=\"Access to Active Directory error occured.\" Microsoft.Exchange.UM: none";
        assert_eq!(diagnostic_codes(text), [15647]);
        assert_eq!(diagnostic_codes("15000.7; Reason=\"x\" and 15501;Source= host"), [15000, 15501]);
        for none in ["", ";;;", ";source=x", "5;other=1", "99999999999;reason=x", "é;source=", "a.;source=b"] {
            assert!(diagnostic_codes(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn the_histogram_begins_with_the_most_frequent() {
        let codes = BTreeMap::from([(15501, 1), (15647, 3)]);
        let text = "15647 3 times (no access to Active Directory), 15501 once (probably no worker process)";
        assert_eq!(histogram(&codes), text);
    }
}
