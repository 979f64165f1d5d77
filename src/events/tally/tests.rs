//! Which records count, and as what?

use super::*;
use crate::events::{EventRecord, Remains};
use crate::report::{Metric, State};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn record(id: u32, seconds: u64, text: &str) -> EventRecord {
    let providers = vec![EVENT_SOURCE.to_owned()];
    let (channel, computer, message) = (String::new(), String::new(), text.to_owned());
    EventRecord { id, number: None, time: at(seconds), providers, channel, computer, message, data: Vec::new() }
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
    assert_eq!(tally.harmless, 2, "of another source, and before the window");
}

#[test]
fn a_record_counts_once_however_often_it_is_there() {
    let rules = rules(&[]);
    let count = |records: Vec<EventRecord>| {
        let tally = tallied(records.into_iter().map(Recorded::Whole), &rules, window());
        (tally.counts[2].count, tally.repeated)
    };
    let one = EventRecord { number: Some(7), computer: "CAS1".to_owned(), ..record(1647, 9_000, "") };
    assert_eq!(count(vec![one.clone(); 3]), (1, 2));
    let others = [
        EventRecord { number: Some(8), ..one.clone() },
        EventRecord { computer: "CAS2".to_owned(), ..one.clone() },
        EventRecord { channel: "Forwarded".to_owned(), ..one.clone() },
        // The log was cleared.
        EventRecord { time: at(9_001), ..one.clone() },
        one.clone(),
    ];
    assert_eq!(count(others.to_vec()), (5, 0));
    for unknown in [EventRecord { number: None, ..one.clone() }, EventRecord { computer: String::new(), ..one }] {
        assert_eq!(count(vec![unknown; 2]), (2, 0), "nobody knows whether it is the same");
    }
}

#[test]
fn records_are_remembered_up_to_a_bound_and_count_behind_it() {
    let rules = rules(&[]);
    let numbered = |number: usize| EventRecord {
        number: Some(number as u64),
        computer: "CAS1".to_owned(),
        ..record(1647, 9_000, "")
    };
    let tallied = |numbers: &mut dyn Iterator<Item = usize>| {
        let tally = tallied(numbers.map(|number| Recorded::Whole(numbered(number))), &rules, window());
        (tally.counts[2].count as usize, tally.remarks())
    };
    assert_eq!(tallied(&mut (0..MAX_KNOWN).chain(0..2)), (MAX_KNOWN, vec![]));
    let (count, remarks) = tallied(&mut (0..MAX_KNOWN + 2).chain(0..1).chain(MAX_KNOWN..MAX_KNOWN + 2));
    assert_eq!((count, remarks.len()), (MAX_KNOWN + 4, 1));
    assert!(remarks[0].starts_with("more than 10000 events: "), "{remarks:?}");
}

#[test]
fn a_record_without_a_provider_is_the_sources() {
    let nameless = EventRecord { providers: Vec::new(), ..record(1647, 9_000, "") };
    let rules = rules(&[]);
    let tally = tallied([Recorded::Whole(nameless)], &rules, window());
    assert_eq!((tally.counts[2].count, tally.own, tally.foreign), (1, 1, 0));
}

#[test]
fn that_no_record_is_of_the_source_is_said() {
    let rules = rules(&[]);
    let foreign = EventRecord { providers: vec!["Other".to_owned()], ..record(1647, 9_000, "") };
    let remarks =
        |records: Vec<EventRecord>| tallied(records.into_iter().map(Recorded::Whole), &rules, window()).remarks();
    assert_eq!(
        remarks(vec![foreign.clone(); 2]),
        ["all 2 records are of other sources than MSExchange Unified Messaging"]
    );
    assert_eq!(remarks(vec![foreign, record(9, 9_000, "")]), [""; 0]);
    assert_eq!(remarks(Vec::new()), [""; 0]);
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
fn an_event_means_the_same_whichever_of_the_two_services_logs_it() {
    for (ids, expected) in [
        (&[1621][..], "listeners stopped"),
        (&[1637], "missed-call notification proxied"),
        (&[1638], "missed-call notification proxy failed"),
        (&[1120, 1643], "certificate near expiry"),
        (&[1123, 1644], "certificate good"),
        (&[1112, 1645], "certificate details"),
        (&[1646], "startup mode"),
        (&[1647], "call rejected"),
        (&[1648], "listening"),
        (&[1113, 1649], "TLS negotiation failed"),
        (&[1651], "OPTIONS rejected"),
    ] {
        ids.iter().for_each(|id| assert_eq!(meaning(*id), Some(expected), "{id}"));
    }
    assert_eq!([meaning(0), meaning(1650)], [None; 2]);
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

#[test]
fn each_code_is_counted_as_often_as_it_stands_there() {
    let text = "15647;source=x 15501;reason=y 15647;source=z";
    let records = [9_000, 9_001]
        .map(|time| Recorded::Whole(EventRecord { message: format!("{text} {time}"), ..record(1647, time, "") }));
    assert_eq!(tallied(records, &rules(&[]), window()).codes, BTreeMap::from([(15501, 2), (15647, 4)]));
}

#[test]
fn records_of_other_sources_only_are_remarked() {
    let remarks = |times: &[u64]| {
        let foreign = |time: &u64| EventRecord { providers: vec!["Other".to_owned()], ..record(1647, *time, "") };
        let rules = rules(&[]);
        tallied(times.iter().map(foreign).map(Recorded::Whole), &rules, window()).remarks()
    };
    assert_eq!(remarks(&[]), Vec::<String>::new());
    assert_eq!(remarks(&[9_000]), [format!("the only record is of another source than {EVENT_SOURCE}")]);
    assert_eq!(remarks(&[9_000, 9_001]), [format!("all 2 records are of other sources than {EVENT_SOURCE}")]);
}
