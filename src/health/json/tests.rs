//! Which monitors does each shape of JSON hold?

use super::super::{AlertValue, HealthError, MAX_ROWS, Monitor, read};
use crate::health::bounds::MAX_LENGTH;

fn monitors(text: &str) -> Vec<Monitor> {
    read(text).unwrap().monitors
}

#[test]
fn a_single_object_is_not_in_an_array() {
    let text = r#"{"Server":"CAS1","Name":"M","HealthSetName":"UM.CallRouter","AlertValue":"Unhealthy","Error":null}"#;
    let monitors = monitors(text);
    assert_eq!((monitors.len(), monitors[0].server.as_str(), monitors[0].error.as_str()), (1, "CAS1", ""));
    assert_eq!(monitors[0].alert_value, AlertValue::Unhealthy);
}

#[test]
fn enums_as_numbers_numeric_strings_names_and_objects() {
    for value in ["3", "\"3\"", "\"Unhealthy\"", r#"{"value":3,"Value":"Unhealthy"}"#, r#"{"value":3}"#] {
        let text = format!(r#"[{{"healthsetname":"UM","alertvalue":{value}}}]"#);
        assert_eq!(monitors(&text)[0].alert_value, AlertValue::Unhealthy, "{value}");
    }
}

#[test]
fn a_number_is_the_same_with_a_fraction_of_nothing() {
    for (number, value) in [
        ("3.0", AlertValue::Unhealthy),
        ("1.0", AlertValue::Healthy),
        ("1e0", AlertValue::Healthy),
        (r#"{"value":3.0}"#, AlertValue::Unhealthy),
        ("1.5", AlertValue::Unlisted("1.5".to_owned())),
    ] {
        let text = format!(r#"[{{"HealthSet":"UM","AlertValue":{number}}}]"#);
        assert_eq!(monitors(&text)[0].alert_value, value, "{number}");
    }
}

#[test]
fn two_things_said_of_one_are_never_passed_over() {
    for twice in [
        r#""AlertValue":3,"AlertValue":1"#,
        r#""AlertValue":1,"AlertValu\u0065":3"#,
        r#""AlertValue":1,"Error":{"a":1,"a":2}"#,
        r#""AlertValue":{"value":3,"value":1}"#,
    ] {
        let export = read(&format!("[\n{{\"HealthSet\":\"UM\",{twice}}}\n]")).unwrap();
        assert_eq!(export.shortcoming, Some(HealthError::Twice { line: 2 }), "{twice}");
    }
    for contradictory in
        [r#"{"value":3,"Value":"Healthy"}"#, r#"{"value":3,"VALUE":1}"#, r#"{"value":"Unhealthy","Value":"Healthy"}"#]
    {
        let export = read(&format!(r#"[{{"HealthSet":"UM","AlertValue":{contradictory}}}]"#)).unwrap();
        assert_eq!((export.monitors.len(), export.unusable), (0, 1), "{contradictory}");
    }
    for whole in
        [r#"{"value":3,"Value":"unhealthy"}"#, r#"{"value":6,"Value":"Unhealthy"}"#, r#"{"value":3,"VALUE":3}"#]
    {
        let text = format!(r#"[{{"HealthSet":"UM","AlertValue":{whole}}}]"#);
        assert_eq!(monitors(&text)[0].alert_value, AlertValue::Unhealthy, "{whole}");
    }
}

#[test]
fn dates_as_text_and_as_objects() {
    for date in [
        r#""\/Date(1720919582928)\/""#,
        r#"{"value":"\/Date(1720919582928)\/","DisplayHint":2,"DateTime":"14 July 2024"}"#,
    ] {
        let text = format!(r#"{{"HealthSet":"UM","AlertValue":1,"LastTransitionTime":{date}}}"#);
        assert_eq!(monitors(&text)[0].since.as_deref(), Some("2024-07-14T01:13:02.928Z"), "{date}");
    }
}

#[test]
fn a_date_of_after_all_years_is_none() {
    let since = |milliseconds: u64| {
        let date = format!(r#""\/Date({milliseconds})\/""#);
        let text = format!(r#"{{"HealthSet":"UM","AlertValue":1,"LastTransitionTime":{date}}}"#);
        monitors(&text).remove(0).since
    };
    assert_eq!(since(253_402_300_799_999).as_deref(), Some("9999-12-31T23:59:59.999Z"));
    assert_eq!(since(253_402_300_800_000), None);
}

#[test]
fn an_array_that_has_another_number_of_objects_than_it_says_is_not_whole() {
    let one = r#"{"HealthSet":"UM","AlertValue":1}"#;
    let shortcoming = |count: u8| read(&format!(r#"{{"value":[{one},{one}],"Count":{count}}}"#)).unwrap().shortcoming;
    assert_eq!(
        [shortcoming(1), shortcoming(2), shortcoming(3)],
        [Some(HealthError::Counted), None, Some(HealthError::Counted)]
    );
}

#[test]
fn what_was_flattened_to_a_text_is_said_to_be() {
    for text in [r#"["Microsoft.Exchange.Monitoring.MonitorHealthEntry"]"#, r#""Microsoft.Exchange.Monitoring""#] {
        assert_eq!(read(text), Err(HealthError::Flattened), "{text}");
    }
    let export = read(r#"[{"HealthSet":"UM","AlertValue":1},"Microsoft.Exchange.Monitoring.MonitorHealthEntry"]"#);
    assert_eq!(export.map(|export| (export.monitors.len(), export.unusable)), Ok((1, 1)));
}

#[test]
fn documents_one_after_the_other_and_wrapped_arrays() {
    let one = r#"{"HealthSet":"UM","AlertValue":1}"#;
    assert_eq!(monitors(&format!("{one}\r\n{one}")).len(), 2);
    assert_eq!(monitors(&format!(r#"{{"value":[{one},{one}],"Count":2}}"#)).len(), 2);
}

#[test]
fn of_a_monitor_in_several_arrays_the_last_counts() {
    let row = |server: &str, name: &str, value: u8| {
        format!(r#"{{"Server":"{server}","Name":"{name}","HealthSet":"UM","AlertValue":{value}}}"#)
    };
    let values = |text: &str| -> Vec<_> {
        let named = |monitor: Monitor| (monitor.name, monitor.alert_value);
        monitors(text).into_iter().map(named).collect()
    };
    let is = |name: &str, value: AlertValue| (name.to_owned(), value);
    let (ill, well) = (row("CAS1", "M", 3), row("cas1", "m", 1));
    for [first, second] in [
        [format!("[{ill}]"), format!("\r\n[{well}]")],
        [format!(r#"{{"value":[{ill}],"Count":1}}"#), format!(r#"{{"value":[{well}],"Count":1}}"#)],
    ] {
        assert_eq!(values(&format!("{first}{second}")), [is("m", AlertValue::Healthy)]);
        assert_eq!(values(&format!("{second}{first}")), [is("M", AlertValue::Unhealthy)]);
        assert_eq!(values(&format!("{first}[]{second}{first}")), [is("M", AlertValue::Unhealthy)]);
        assert_eq!(values(&format!("{first}{second}{ill}")), [is("M", AlertValue::Unhealthy)]);
        assert_eq!(values(&format!("{ill}{second}")), [is("m", AlertValue::Healthy)]);
        assert_eq!(values(&format!("{ill}[]{well}")), [is("m", AlertValue::Healthy)]);
    }
    // What is not in the last one, and what may be another server's, stays.
    let [other, nameless] = [row("CAS1", "N", 1), row("", "N", 1)];
    let both = [is("M", AlertValue::Unhealthy), is("N", AlertValue::Healthy)];
    assert_eq!([values(&format!("[{ill}][{other}]")), values(&format!("[{ill}][{nameless}]"))], [both.clone(), both]);
    // One export, twice over.
    let twice = [is("M", AlertValue::Unhealthy), is("m", AlertValue::Healthy)];
    assert_eq!([values(&format!("{ill}\n{well}")), values(&format!("[{ill},{well}]"))], [twice.clone(), twice]);
}

#[test]
fn a_report_is_its_entries_where_they_are_objects() {
    let report = |entries: &str| {
        let text = format!(
            r#"{{"Server":"CAS1","State":1,"HealthSet":"UM","AlertValue":3,"MonitorCount":4,"Entries":{entries}}}"#
        );
        monitors(&text)
    };
    let shallow = report(r#"["Microsoft.Exchange.Monitoring.MonitorHealthEntry"]"#);
    assert_eq!((shallow.len(), shallow[0].count, shallow[0].name.as_str()), (1, 4, ""));
    let entries = [r#"{"Name":"M","HealthSetName":"um","AlertValue":3}"#; 4].join(",");
    let deep = report(&format!("[{entries}]"));
    assert_eq!((deep.len(), deep[0].name.as_str(), deep[0].server.as_str()), (4, "M", "CAS1"));
    let without_set = report(&format!("[{}]", entries.replace(r#""HealthSetName":"um","#, "")));
    assert_eq!((without_set.len(), without_set[3].health_set.as_str()), (4, "UM"));
}

#[test]
fn a_report_stays_beside_entries_that_say_less_of_it() {
    let sum = |entries: &[(&str, u8)]| {
        let entry =
            |(set, value): &(&str, u8)| format!(r#"{{"Name":"M","HealthSetName":"{set}","AlertValue":{value}}}"#);
        let entries: Vec<_> = entries.iter().map(entry).collect();
        let text = format!(
            r#"{{"Server":"CAS1","HealthSet":"UM","AlertValue":3,"MonitorCount":2,"Entries":[{}]}}"#,
            entries.join(",")
        );
        let found = monitors(&text);
        let sum = found.into_iter().find(|monitor| monitor.name.is_empty());
        sum.map(|sum| (sum.count, sum.alert_value))
    };
    assert_eq!(sum(&[("UM", 1), ("UM", 3)]), None);
    assert_eq!(sum(&[("UM", 1), ("UM", 1)]), Some((1, AlertValue::Unhealthy)), "none is as bad");
    assert_eq!(sum(&[("UM", 1), ("UM", 2)]), Some((1, AlertValue::Unhealthy)), "none is as bad");
    assert_eq!(sum(&[("UM", 3)]), Some((1, AlertValue::Unhealthy)), "one is missing");
    assert_eq!(sum(&[("Other", 3), ("Other", 3)]), Some((2, AlertValue::Unhealthy)), "they are of another one");
}

#[test]
fn a_report_without_a_readable_alert_value_does_not_vanish_behind_its_entries() {
    let unusable = |sum: &str, server: &str| {
        let entry = format!(r#"{{"Name":"M","HealthSetName":"UM","AlertValue":1{server}}}"#);
        let export = read(&format!(r#"{{"Server":"CAS1","HealthSet":"UM",{sum},"Entries":[{entry}]}}"#)).unwrap();
        assert_eq!(export.monitors.iter().filter(|monitor| monitor.alert_value == AlertValue::Healthy).count(), 1);
        (export.unusable, export.monitors.len())
    };
    assert_eq!(unusable(r#""MonitorCount":5"#, ""), (1, 1));
    assert_eq!(unusable(r#""AlertValue":["Healthy","Unhealthy"],"MonitorCount":1"#, ""), (1, 1));
    assert_eq!(unusable(r#""AlertValue":{"x":3}"#, ""), (1, 1));
    assert_eq!(unusable(r#""AlertValue":[[1]]"#, ""), (1, 1));
    assert_eq!(unusable(r#""AlertValue":1,"alertvalue":3"#, ""), (1, 1));
    assert_eq!(unusable(r#""MonitorCount":1"#, r#","Server":"CAS2""#), (1, 1));
    for whole in [r#""MonitorCount":1"#, r#""State":1"#, r#""AlertValue":null"#, r#""AlertValue":[1]"#] {
        assert_eq!(unusable(whole, r#","Server":"cas1.example.com""#), (0, 1), "{whole}");
    }
    assert_eq!(unusable(r#""AlertValue":["Unhealthy"],"MonitorCount":1"#, ""), (0, 2));
    assert_eq!(unusable(r#""AlertValue":3,"value":[1]"#, ""), (0, 2));
}

#[test]
fn an_error_names_the_line_and_nothing_of_the_text() {
    let error = read("[\n{\"secret\": oops}]").unwrap_err();
    assert_eq!(error, HealthError::Json { line: 2 });
    assert_eq!(read("[\n{\"a\":1,\n\n\"b\": oops}]"), Err(HealthError::Json { line: 4 }));
    assert!(!error.to_string().contains("oops") && !error.to_string().contains("secret"));
}

#[test]
fn every_text_is_read_as_a_whole_parser_reads_it() {
    let one = r#"{"HealthSet":"UM","AlertValue":1}"#;
    for text in ["[1", "[1,", "[1 2]", "[,1]", "[1,]", "]", "[]]", "1,2", "[{\"a\":1}", "{\"a\"", "\"x", "[\"x]"] {
        let text = text.replace('1', one);
        assert!(matches!(read(&text), Err(HealthError::Json { .. } | HealthError::Columns { .. })), "{text}");
    }
    for (text, count) in [("[1,1]1[1]\n[]", 4), (" [ 1 , 1 ] ", 2), ("[[1],[1,[1]]]", 3), ("1 1", 2)] {
        assert_eq!(monitors(&text.replace('1', one)).len(), count, "{text}");
    }
    let late = format!("[\n{one},\n{one}\n{one}]");
    assert_eq!(read(&late), Err(HealthError::Json { line: 4 }));
}

#[test]
fn one_object_of_the_length_of_many_is_refused() {
    let one = |value: String| format!("[1,\n{{\"HealthSet\":\"UM\",\"AlertValue\":1,\"Entries\":{value}}}]");
    for long in [
        one(format!("\"{}\"", "\u{e9}".repeat(MAX_LENGTH / 2))),
        one(format!("[{}1]", "1,".repeat(400_000))),
        one(format!("[{}1]", r#"{"a":1},"#.repeat(100_000))),
        one(format!("[{}", r#"{"a":1},"#.repeat(MAX_LENGTH / 4))),
    ] {
        assert_eq!(read(&long), Err(HealthError::TooLong { line: 2 }));
    }
    let flat = (0..2_000).map(|number| format!("\"p{number}\":\"\\\"{{[,\"")).collect::<Vec<_>>().join(",");
    assert_eq!(monitors(&format!(r#"[{{"HealthSet":"UM","AlertValue":1,{flat}}}]"#)).len(), 1);
    assert_eq!(read(&"1 ".repeat(MAX_ROWS + 1)), Err(HealthError::Columns { line: 1 }), "it begins as no object does");
    assert_eq!(read(&format!("[{}1]", "1,".repeat(MAX_ROWS))), Err(HealthError::TooMany));
}

#[test]
fn more_rows_than_any_organisation_has_are_refused() {
    let rows = |count| format!("[{}0]", r#"{"HealthSet":"UM","AlertValue":1},"#.repeat(count));
    assert_eq!(monitors(&rows(1_000)).len(), 1_000);
    // The number behind them counts as well.
    assert_eq!(monitors(&rows(MAX_ROWS - 1)).len(), MAX_ROWS - 1);
    assert_eq!(read(&rows(MAX_ROWS)), Err(HealthError::TooMany));
    assert_eq!(read(&rows(MAX_ROWS + 1)), Err(HealthError::TooMany));
    let lines = "M,UM,Healthy\n".repeat(MAX_ROWS + 1);
    assert_eq!(read(&format!("Name,HealthSet,AlertValue\n{lines}")), Err(HealthError::TooMany));
}

#[test]
fn depth_is_bounded() {
    assert!(matches!(read(&"[".repeat(100_000)), Err(HealthError::Json { line: 1 })));
}
