//! How often did each event occur? Rules per event, a window, counts and the diagnostic codes in the texts.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use super::Recorded;
use super::known::{Known, MAX_KNOWN};
use crate::exchange::diagnostics::{self, Diagnostics};
use crate::report::{Range, RangeError, Thresholds, excerpt};
use crate::time::age::CLOCKS_APART;

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
        // The clocks of two hosts are never quite the same.
        self.until.checked_add(CLOCKS_APART)
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
    /// How many records the source logged, or may have logged.
    pub own: u64,
    /// How many records some other source logged.
    pub foreign: u64,
    /// How many records that cannot be read do not count whatever they say: of another source, or outside the window.
    pub harmless: u64,
    /// How many records stood there already, and do not count once more.
    pub repeated: u64,
    known: Known,
    /// How many events with a rule lie behind the end of the window, further than clocks are apart.
    pub ahead: u64,
}

impl<'a> Tally<'a> {
    /// Of what `source` logs within `window`.
    pub fn new(source: &'a str, rules: &'a [Rule], window: EventWindow) -> Self {
        let counts = rules.iter().map(|rule| Count { rule, count: 0, newest: None }).collect();
        Self {
            source,
            window,
            counts,
            codes: BTreeMap::new(),
            own: 0,
            foreign: 0,
            harmless: 0,
            repeated: 0,
            known: Known::default(),
            ahead: 0,
        }
    }

    /// Counts one record, as far as nothing in it says that it does not count: without a time it is within the window,
    /// without a provider it is the source's.
    pub fn add(&mut self, recorded: Recorded) {
        let (id, time, providers) = match &recorded {
            Recorded::Whole(record) => (Some(record.id), Some(record.time), &record.providers),
            Recorded::Bad(remains) => (remains.id, remains.time, &remains.providers),
        };
        let is_bad = matches!(recorded, Recorded::Bad(_));
        let may_be_own =
            providers.is_empty() || providers.iter().any(|provider| provider.eq_ignore_ascii_case(self.source));
        let is_outside = time.is_some_and(|time| !self.window.contains(time));
        self.harmless += u64::from(is_bad && (!may_be_own || is_outside));
        *(if may_be_own { &mut self.own } else { &mut self.foreign }) += 1;
        if !may_be_own {
            return;
        }
        let Some(count) = self.counts.iter_mut().find(|count| Some(count.rule.id) == id) else {
            return;
        };
        if let Recorded::Whole(record) = &recorded
            && !is_outside
            && !self.known.is_new(record)
        {
            self.repeated += 1;
            return;
        }
        if time.is_some_and(|time| self.window.is_behind(time)) {
            self.ahead += 1;
        }
        if is_outside {
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
    /// What is to be said of the records in the first line: that none of them is of the source, that there are some from the
    /// future, which count as well where the window ends now, and that there are more than are told apart.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let none = match (self.own, self.foreign) {
            (0, 1) => Some(format!("the only record is of another source than {}", self.source)),
            (0, foreign @ 2..) => Some(format!("all {foreign} records are of other sources than {}", self.source)),
            _ => None,
        };
        let ahead = match (self.ahead, self.window.is_open) {
            (0, _) | (_, false) => None,
            (1, true) => Some("1 event is from the future and counts all the same".to_owned()),
            (ahead, true) => Some(format!("{ahead} events are from the future and count all the same")),
        };
        let full = self
            .known
            .is_full
            .then(|| format!("more than {MAX_KNOWN} events: what stands behind them twice counts twice"));
        [none, ahead, full].into_iter().flatten().collect()
    }
}

/// `15647 3 times (no access to Active Directory), 15501 once`, the most frequent first.
pub fn histogram(codes: &BTreeMap<u32, u32>) -> String {
    let mut codes: Vec<_> = codes.iter().collect();
    codes.sort_unstable_by_key(|(code, count)| (std::cmp::Reverse(**count), **code));
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

/// How many different codes a histogram names.
const MAX_CODES: usize = 20;

/// How many different codes are counted: no server has as many.
const MAX_DIFFERENT_CODES: usize = 1_000;

/// How much is kept of a text, in characters: as many as a whole report may have bytes.
const MAX_TEXT: usize = 64 * 1024;

#[cfg(test)]
mod tests;
