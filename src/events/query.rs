//! Which events is a log asked for? A channel, and an expression in the event log's own dialect of XPath.
//!
//! The expression only spares the log work: whoever reads the answer judges each record himself. What cannot be said in
//! the dialect is left out.

use std::time::Duration;

use super::tally::{EventWindow, Rule};
use crate::time::calendar::rfc3339;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventQuery {
    /// Such as `Application`.
    pub channel: String,
    /// Such as `*[System[(EventID=1647)]]`.
    pub expression: String,
}

impl EventQuery {
    /// Everything that a channel holds.
    pub(crate) fn all(channel: &str) -> Self {
        Self { channel: channel.to_owned(), expression: "*".to_owned() }
    }

    /// The events of the Application log that `rules` count: of a source, within a window.
    pub(crate) fn counted(source: &str, rules: &[Rule], window: EventWindow) -> Self {
        let conditions = [of_source(source), within(window), one_of(rules)];
        let conditions: Vec<_> = conditions.into_iter().flatten().collect();
        let expression = match conditions.is_empty() {
            true => "*".to_owned(),
            false => format!("*[System[{}]]", conditions.join(" and ")),
        };
        Self { channel: APPLICATION.to_owned(), expression }
    }

    /// The records of a channel of Managed Availability whose elements have these values.
    #[cfg_attr(not(any(windows, test)), expect(dead_code, reason = "only Windows has an event log"))]
    pub(crate) fn of_values(channel: &str, values: &[(&str, &str)]) -> Self {
        let condition = |(name, value): &(&str, &str)| Some(format!("{name}={}", literal(value)?));
        let conditions: Vec<_> = values.iter().filter_map(condition).collect();
        match conditions.is_empty() {
            true => Self::all(channel),
            false => Self {
                expression: format!("*[UserData[EventXML[{}]]]", conditions.join(" and ")),
                ..Self::all(channel)
            },
        }
    }
}

fn of_source(source: &str) -> Option<String> {
    let name = literal(source)?;
    Some(format!("Provider[@Name={name} or @EventSourceName={name}]"))
}

fn within(window: EventWindow) -> Option<String> {
    let from = window.from().map(|from| format!("@SystemTime>='{}'", rfc3339(from)));
    // Printed times are cut to the millisecond.
    let to = window.to().and_then(|to| to.checked_add(Duration::from_millis(1)));
    let to = to.map(|to| format!("@SystemTime<='{}'", rfc3339(to)));
    let bounds: Vec<_> = [from, to].into_iter().flatten().collect();
    (!bounds.is_empty()).then(|| format!("TimeCreated[{}]", bounds.join(" and ")))
}

fn one_of(rules: &[Rule]) -> Option<String> {
    let ids: Vec<_> = rules.iter().map(|rule| format!("EventID={}", rule.id)).collect();
    (1..=MAX_IDS).contains(&ids.len()).then(|| format!("({})", ids.join(" or ")))
}

/// A text in quotes; XPath 1.0 has none for a text that holds both kinds of them.
fn literal(text: &str) -> Option<String> {
    let quote = ['\'', '"'].into_iter().find(|quote| !text.contains(*quote))?;
    Some(format!("{quote}{text}{quote}"))
}

/// The log that Exchange's classic sources write to.
const APPLICATION: &str = "Application";

/// An expression with more than about 22 conditions is refused as invalid.
const MAX_IDS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::tally::{EVENT_SOURCE, rules};
    use std::time::SystemTime;

    fn window() -> EventWindow {
        let until = crate::time::calendar::parse("2026-11-23T17:00:00Z").unwrap();
        EventWindow { until, length: Duration::from_secs(3_600), is_open: false }
    }

    #[test]
    fn source_window_and_events_are_asked_for() {
        let query = EventQuery::counted(EVENT_SOURCE, &rules(&[])[..2], window());
        let expected = "*[System[\
            Provider[@Name='MSExchange Unified Messaging' or @EventSourceName='MSExchange Unified Messaging'] and \
            TimeCreated[@SystemTime>='2026-11-23T16:00:00Z' and @SystemTime<='2026-11-23T17:05:00.001Z'] and \
            (EventID=1638 or EventID=1643)]]";
        assert_eq!(query, EventQuery { channel: "Application".to_owned(), expression: expected.to_owned() });
    }

    #[test]
    fn more_events_than_an_expression_bears_are_all_asked_for() {
        let many: Vec<_> = (0..30).map(|id| format!("{id}=0").parse().unwrap()).collect();
        let query = EventQuery::counted("S", &rules(&many), window());
        assert!(!query.expression.contains("EventID") && query.expression.contains("Provider"), "{query:?}");
    }

    #[test]
    fn a_text_cannot_break_out_of_its_quotes() {
        let one = EventQuery::of_values("C", &[("ServiceName", "a' or '1'='1")]);
        assert_eq!(one.expression, "*[UserData[EventXML[ServiceName=\"a' or '1'='1\"]]]");
        let both = EventQuery::of_values("C", &[("ServiceName", "a'\""), ("ResultType", "4")]);
        assert_eq!(both.expression, "*[UserData[EventXML[ResultType='4']]]");
        assert_eq!(EventQuery::of_values("C", &[("ServiceName", "a'\"")]), EventQuery::all("C"));
    }

    #[test]
    fn a_window_longer_than_time_has_no_beginning() {
        let endless = EventWindow { until: SystemTime::UNIX_EPOCH, length: Duration::MAX, is_open: false };
        let query = EventQuery::counted("'\"", &[], endless);
        assert_eq!(query.expression, "*[System[TimeCreated[@SystemTime<='1970-01-01T00:05:00.001Z']]]");
        let open = EventQuery::counted("'\"", &[], EventWindow { is_open: true, ..endless });
        assert_eq!(open.expression, "*");
    }
}
