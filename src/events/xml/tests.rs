//! What does a record say, whole or broken?

use super::*;
use proptest::prelude::*;
use std::time::Duration;

/// As wevtutil writes it, on one line and with single quotes.
fn event(id: &str, data: &str) -> String {
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='MSExchange Unified Messaging'/><EventID Qualifiers='32772'>{id}</EventID><Level>2</Level>\
         <TimeCreated SystemTime='2026-11-23T17:00:00.1234567Z'/><EventRecordID>5</EventRecordID>\
         <Channel>Application</Channel><Computer>cas1.example.com</Computer><Security/></System>\
         <EventData>{data}</EventData></Event>"
    )
}

fn one(xml: &str) -> EventRecord {
    let export = read(xml).unwrap();
    assert_eq!((export.records.len(), export.bad), (1, 0), "{xml}");
    export.records.into_iter().next().unwrap()
}

#[test]
fn a_classic_event_with_qualifiers_and_unnamed_data() {
    let record = one(&event("1647", "<Data>first</Data><Data>second</Data><Binary>0A0B</Binary>"));
    assert_eq!((record.id, record.number, record.text().as_ref()), (1647, Some(5), "first second"));
    assert_eq!(record.time, SystemTime::UNIX_EPOCH + Duration::new(1_795_453_200, 123_456_700));
    assert_eq!(record.providers, ["MSExchange Unified Messaging"]);
    assert_eq!((record.channel.as_str(), record.computer.as_str()), ("Application", "cas1.example.com"));
}

#[test]
fn records_back_to_back_and_in_a_root_without_namespace() {
    let two = event("1", "<Data>a</Data>") + "\r\n" + &event("2", "<Data>b</Data>");
    assert_eq!(read(&two).unwrap().records.len(), 2);
    assert_eq!(read(&format!("<Events>{two}</Events>")).unwrap().records.len(), 2);
}

#[test]
fn user_data_stands_instead_of_event_data() {
    let xml = event("4", "").replace(
        "<EventData></EventData>",
        "<UserData><EventXML xmlns='x'><HealthSet>UM.CallRouter</HealthSet><Error>e</Error></EventXML></UserData>",
    );
    let record = one(&xml);
    assert_eq!(record.text(), "UM.CallRouter e");
    assert_eq!(record.datum(&["Monitor", "healthset"]), Some("UM.CallRouter"));
    assert_eq!(record.datum(&["Message"]), None);
}

#[test]
fn data_keep_their_names() {
    let empty = "<Data Name='b'/><Data Name='c'></Data><Data Name='d'> </Data>";
    let record = one(&event("1", &format!("<Data Name='a'>1</Data><Data>2</Data>{empty}<Data Name='A'>3</Data>")));
    assert_eq!(record.datum(&["A"]), Some("1"));
    assert_eq!(["b", "c", "d"].map(|name| record.datum(&[name])), [None; 3]);
    assert_eq!(record.text(), "1 2 3");
}

#[test]
fn the_rendered_message_stands_before_the_data() {
    let info = "</EventData><RenderingInfo Culture='en-US'><Message>all of it</Message></RenderingInfo></Event>";
    assert_eq!(one(&event("1", "<Data>part</Data>").replace("</EventData></Event>", info)).text(), "all of it");
}

#[test]
fn times_with_no_and_with_nine_digits() {
    for time in ["2026-11-23T17:00:00Z", "2026-11-23T17:00:00.123456789Z"] {
        one(&event("1", "").replace("2026-11-23T17:00:00.1234567Z", time));
    }
}

#[test]
fn raw_controls_and_bare_ampersands_do_not_cost_a_record() {
    let record = one(&event("1", "<Data>a\u{1}b & c &amp; d &x; &#65;&#x42; AT&T;</Data>"));
    assert_eq!(record.text(), "a b & c & d &x; AB AT&T;");
}

#[test]
fn a_bad_record_does_not_hide_the_rest() {
    let good = event("1", "<Data>a</Data>");
    let bad = [
        event("1", "<Data>a</EventData>"),
        event("x", ""),
        event("1", "").replace("SystemTime", "Time"),
        event("1", "<Data>cut").replace("</Event>", ""),
        format!("<Event><!DOCTYPE a [<!ENTITY b 'c'>]>{}", &good[70..]),
        format!("<Event>{}</Event>", "<a>".repeat(100_000)),
    ];
    for bad in bad {
        let export = read(&format!("{good}{bad}{good}")).unwrap();
        assert_eq!((export.records.len(), export.bad), (2, 1), "{}", &bad[..bad.len().min(500)]);
    }
}

#[test]
fn elements_may_be_nested_as_deep_as_anybody_writes_and_no_deeper() {
    let bad = |depth: usize| {
        // Two of them are there already.
        let (begin, end) = ("<a>".repeat(depth - 2), "</a>".repeat(depth - 2));
        read(&event("1", &format!("{begin}{end}"))).unwrap().bad
    };
    assert_eq!([bad(MAX_DEPTH), bad(MAX_DEPTH + 1)], [0, 1]);
}

#[test]
fn no_events_is_not_the_same_as_nothing() {
    assert_eq!(read("<?xml version='1.0'?><Events></Events>").unwrap(), EventExport::default());
    assert_eq!(read("<Events/>").unwrap(), EventExport::default());
    assert!(matches!(read(" \r\n"), Err(EventError::Empty)));
    assert!(matches!(read("Access is denied."), Err(EventError::NoEvents)));
}

#[test]
fn a_document_type_is_refused() {
    let xml = format!("<!DOCTYPE Events [<!ENTITY a 'b'>]><Events>{}</Events>", event("1", ""));
    assert!(matches!(read(&xml), Err(EventError::DocumentType)));
}

#[test]
fn openings_without_an_end_cost_no_more_than_their_length() {
    assert_eq!(read(&"<Event ".repeat(1_000_000)).unwrap().bad, 1_000_000);
}

#[test]
fn a_bad_record_keeps_what_it_says_up_to_where_it_breaks_off() {
    let remains = |xml: &str| match record(xml) {
        Recorded::Bad(remains) => remains,
        whole @ Recorded::Whole(_) => panic!("{whole:?}"),
    };
    let whole = event("1647", "<Data>a</Data>");
    let undated = remains(&whole.replace("SystemTime", "Time"));
    assert_eq!((undated.id, undated.time, undated.computer.as_str()), (Some(1647), None, "cas1.example.com"));
    assert_eq!(undated.providers, ["MSExchange Unified Messaging"]);
    let broken = remains(&whole.replace("</Data>", ""));
    assert_eq!((broken.id, broken.time.is_some()), (Some(1647), true));
    assert_eq!(remains("<Event>x</Event>"), Remains::default());
}

#[test]
fn two_records_without_a_border_say_nothing_of_each_other() {
    let foreign = event("9", "").replace("MSExchange Unified Messaging", "Other").replace("</Event>", "");
    let Recorded::Bad(remains) = record(&format!("{foreign}{}", event("1647", "").replace("<Event ", "<Evnt "))) else {
        panic!("it is not well-formed")
    };
    assert_eq!(remains, Remains::default());
}

#[test]
fn what_stands_between_the_records_is_counted_as_bad() {
    let event = event("1647", "");
    for (text, bad) in [
        (event.replacen("<Event ", "<Evnt ", 1) + &event, 1),
        (format!("<Events>{}{event}</Events>", event.replacen("<Event ", "<Evnt ", 1).repeat(3)), 3),
        (format!("</EventData></Event>{event}</Events>"), 2),
        (format!("<Events>\r\nFailed to open event query.\r\n{event}</Events>"), 1),
    ] {
        let export = read(&text).unwrap();
        assert_eq!((export.records.len(), export.bad), (1, bad), "{text}");
    }
    let failed = "<Events>\r\nFailed to open event query.\r\nAccess is denied.\r\n</Events>";
    assert_eq!(read(failed).unwrap().bad, 1);
    for none in [event.replace("<Event ", "<Evnt "), "<html>x</html>".to_owned(), "{}".to_owned()] {
        assert!(matches!(read(&none), Err(EventError::NoEvents)), "{none}");
    }
}

#[test]
fn cut_when_its_root_does_not_end() {
    let gap = |text: &str| read_stream(text.as_bytes(), |_| ()).unwrap();
    let event = event("1", "");
    assert_eq!([event.clone(), format!("<Events>{event}</Events>")].map(|text| gap(&text)), [None; 2]);
    assert_eq!(gap(&format!("<Events>{event}")), Some(Gap::Unfinished));
    for cut in ["<Events>", ""].map(|root| format!("{root}{event}{event}")) {
        for left in [1, 2, 20, event.len() - 20] {
            assert_eq!(gap(&cut[..cut.len() - left]), Some(Gap::Cut), "{left}");
        }
    }
    assert_eq!(gap(&format!("<Events>{}</Events>", event.replace("</Event>", ""))), None, "it is bad, and that is all");
}

proptest! {
    #[test]
    fn no_text_panics(text in "(<Event>|<System>|</Event>|<EventID>|&|;|<!|.){0,60}") {
        let _ = read(&text);
    }
}
