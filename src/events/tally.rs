//! How often did each event occur? Rules per event, a window, counts and the diagnostic codes in the texts.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use super::Recorded;
use crate::exchange::diagnostics::{self, Diagnostics};
use crate::report::{Range, RangeError, Thresholds, excerpt};

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
    /// Whether events behind its end count as well, because it ends now: whoever wrote them has a clock that is ahead.
    pub is_open: bool,
}

impl EventWindow {
    /// Its beginning, unless that is before all time.
    pub(crate) fn from(&self) -> Option<SystemTime> {
        self.until.checked_sub(self.length)
    }

    /// Until when an event counts; `None` for ever.
    pub(crate) fn to(&self) -> Option<SystemTime> {
        self.end().filter(|_| !self.is_open)
    }

    fn end(&self) -> Option<SystemTime> {
        self.until.checked_add(CLOCK_TOLERANCE)
    }

    fn contains(&self, time: SystemTime) -> bool {
        self.from().is_none_or(|from| from <= time) && self.to().is_none_or(|to| time <= to)
    }

    fn is_behind(&self, time: SystemTime) -> bool {
        self.end().is_some_and(|end| end < time)
    }
}

/// The events of one identifier within the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Count<'a> {
    /// The rule that asks for them.
    pub rule: &'a Rule,
    /// How many.
    pub count: u32,
    /// The latest of those that can be read.
    pub newest: Option<Occurrence>,
}

/// What is kept of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When it was logged.
    pub time: SystemTime,
    /// Who logged it.
    pub computer: String,
    /// As much of what there is to read as could ever be printed.
    pub text: String,
}

/// What has been counted so far, record by record.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally<'a> {
    source: &'a str,
    window: EventWindow,
    /// One for each rule, in the rules' order.
    pub counts: Vec<Count<'a>>,
    /// How often each diagnostic code stands in the texts of the counted events.
    pub codes: BTreeMap<u32, u32>,
    /// How many records some other source logged.
    pub foreign: u64,
    /// How many events with a rule lie behind the end of the window, further than clocks are apart.
    pub ahead: u64,
}

impl<'a> Tally<'a> {
    /// Of what `source` logs within `window`.
    pub fn new(source: &'a str, rules: &'a [Rule], window: EventWindow) -> Self {
        let counts = rules.iter().map(|rule| Count { rule, count: 0, newest: None }).collect();
        Self { source, window, counts, codes: BTreeMap::new(), foreign: 0, ahead: 0 }
    }

    /// Counts one record. One that cannot be read counts as far as nothing in it says that it does not: without a time it is
    /// within the window, without a provider it is the source's.
    pub fn add(&mut self, recorded: Recorded) {
        let (id, time, providers) = match &recorded {
            Recorded::Whole(record) => (Some(record.id), Some(record.time), &record.providers),
            Recorded::Bad(remains) => (remains.id, remains.time, &remains.providers),
        };
        let is_bad = matches!(recorded, Recorded::Bad(_));
        let is_own = providers.iter().any(|provider| provider.eq_ignore_ascii_case(self.source));
        let may_be_own = is_bad && providers.is_empty();
        if !is_own && !may_be_own {
            self.foreign += 1;
            return;
        }
        let Some(count) = self.counts.iter_mut().find(|count| Some(count.rule.id) == id) else {
            return;
        };
        if time.is_some_and(|time| self.window.is_behind(time)) {
            self.ahead += 1;
        }
        if time.is_some_and(|time| !self.window.contains(time)) {
            return;
        }
        count.count = count.count.saturating_add(1);
        let Recorded::Whole(record) = recorded else { return };
        let text = record.text();
        for code in diagnostic_codes(&text) {
            if self.codes.len() < MAX_DIFFERENT_CODES || self.codes.contains_key(&code) {
                *self.codes.entry(code).or_default() += 1;
            }
        }
        // An export may be in any order.
        if count.newest.as_ref().is_none_or(|newest| newest.time <= record.time) {
            let text = excerpt(&text, MAX_TEXT);
            count.newest = Some(Occurrence { time: record.time, computer: record.computer, text });
        }
    }
}

impl Tally<'_> {
    /// What is to be said of events from the future, if there are any: where the window ends now they count as well.
    pub(crate) fn remark(&self) -> Option<String> {
        match (self.ahead, self.window.is_open) {
            (0, _) | (_, false) => None,
            (1, true) => Some("1 event is from the future and counts all the same".to_owned()),
            (ahead, true) => Some(format!("{ahead} events are from the future and count all the same")),
        }
    }
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

/// How many different codes are counted: no server has as many.
const MAX_DIFFERENT_CODES: usize = 1_000;

/// How much is kept of a text, in characters: as many as a whole report may have bytes.
const MAX_TEXT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{EventRecord, Remains};
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
        EventWindow { until: at(10_000), length: Duration::from_secs(3_600), is_open: false }
    }

    fn tallied<'a>(recorded: impl IntoIterator<Item = Recorded>, rules: &'a [Rule], window: EventWindow) -> Tally<'a> {
        let mut tally = Tally::new(EVENT_SOURCE, rules, window);
        recorded.into_iter().for_each(|recorded| tally.add(recorded));
        tally
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
        let tally = tallied(records.map(Recorded::Whole), &rules, window());
        let count = tally.counts.iter().find(|count| count.rule.id == 1647).unwrap();
        assert_eq!((count.count, tally.foreign, tally.ahead), (3, 1, 1));
        assert_eq!(count.newest.as_ref().unwrap().text, "within the tolerance of clocks");
        assert!(tally.counts.iter().filter(|count| count.rule.id != 1647).all(|count| count.count == 0));
    }

    #[test]
    fn an_event_of_the_future_counts_in_a_window_that_ends_now() {
        let rules = rules(&[]);
        let records = || [9_000, 10_301, 4_000_000_000].map(|time| Recorded::Whole(record(1647, time, "")));
        let open = tallied(records(), &rules, EventWindow { is_open: true, ..window() });
        assert_eq!((open.counts[2].count, open.ahead), (3, 2));
        let closed = tallied(records(), &rules, window());
        assert_eq!((closed.counts[2].count, closed.ahead), (1, 2));
    }

    #[test]
    fn a_bad_record_counts_unless_it_says_that_it_does_not() {
        let remains = |id, time: Option<u64>, provider: Option<&str>| {
            let providers = provider.into_iter().map(str::to_owned).collect();
            Recorded::Bad(Remains { id, time: time.map(at), providers, computer: String::new() })
        };
        let rules = rules(&[]);
        let bad = [
            remains(Some(1647), None, Some(EVENT_SOURCE)),
            remains(Some(1647), Some(9_000), None),
            remains(Some(1647), Some(1), None),
            remains(Some(1647), None, Some("Other")),
            remains(Some(9), None, None),
            remains(None, None, None),
        ];
        let tally = tallied(bad, &rules, window());
        assert_eq!((tally.counts[2].count, tally.counts[2].newest.as_ref(), tally.foreign), (2, None, 1));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let rules = rules(&[]);
        let codes: String = (0..2_000).map(|code| format!("{code};source=x ")).collect();
        let tally = tallied([Recorded::Whole(record(1647, 9_000, &codes.repeat(20)))], &rules, window());
        assert_eq!(tally.codes.len(), MAX_DIFFERENT_CODES);
        assert!(tally.counts[2].newest.as_ref().unwrap().text.len() <= MAX_TEXT + 3);
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
