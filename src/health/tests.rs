//! What does a row say, in whichever format it came?

use super::*;
use proptest::prelude::*;

#[test]
fn alert_values_by_name_in_any_case_and_by_number() {
    assert_eq!(AlertValue::parse("unhealthy"), AlertValue::Unhealthy);
    assert_eq!(AlertValue::parse(" 3 "), AlertValue::Unhealthy);
    assert_eq!(AlertValue::parse("UNINITIALIZED"), AlertValue::UnInitialized);
    assert_eq!(AlertValue::parse("6"), AlertValue::Unlisted("6".to_owned()));
}

#[test]
fn dates_in_every_shape() {
    assert_eq!(date("/Date(1720919582928)/").unwrap(), "2024-07-14T01:13:02.928Z");
    assert_eq!(date("/Date(1720919582928+0200)/").unwrap(), "2024-07-14T01:13:02.928Z");
    assert_eq!(date("11/23/2026 5:00:00 PM").unwrap(), "11/23/2026 5:00:00 PM");
    for none in ["", "1/1/0001 12:00:00 AM", "01.01.0001 00:00:00", "0001-01-01T00:00:00", "/Date(-62135596800000)/"] {
        assert_eq!(date(none), None, "{none}");
    }
    assert_eq!(date("/Date(99999999999999999999)/"), None);
}

#[test]
fn not_applicable_is_no_component_state() {
    assert_eq!(component_state("NotApplicable"), None);
    assert_eq!(component_state("1"), None);
    assert_eq!(component_state("4").as_deref(), Some("Offline"));
    assert_eq!(component_state("Online").as_deref(), Some("Online"));
}

#[test]
fn nothing_at_all_is_empty() {
    for text in ["", " \r\n", "null", "[]", "[null]", "HealthSetName,AlertValue\r\n"] {
        assert_eq!(read(text), Err(HealthError::Empty), "{text:?}");
    }
}

#[test]
fn rows_without_what_decides_are_counted() {
    let export = read("AlertValue,HealthSet\nHealthy,UM\nHealthy\n,UM\n").unwrap();
    assert_eq!((export.monitors.len(), export.unusable), (1, 2));
}

#[test]
fn a_row_that_contradicts_itself_is_counted_and_not_judged() {
    for text in [
        r#"{"HealthSet":"UM","AlertValue":"Unhealthy","alertvalue":"Healthy"}"#,
        "HealthSet,AlertValue,AlertValue\nUM,Unhealthy,Healthy\n",
    ] {
        let export = read(text).unwrap();
        assert_eq!((export.monitors.len(), export.unusable), (0, 1), "{text}");
    }
    assert_eq!(read("HealthSet,HealthSetName,AlertValue\nUM,um,Healthy\n").unwrap().monitors.len(), 1);
}

#[test]
fn stale_unless_it_says_that_it_is_not() {
    let is_stale = |value: &str| {
        let text = format!(r#"{{"HealthSet":"UM","AlertValue":"Healthy","IsStale":{value}}}"#);
        read(&text).unwrap().monitors[0].is_stale
    };
    for value in ["true", "\"True\"", "1", "\"1\"", "-1", "\"Yes\"", "\"?\""] {
        assert!(is_stale(value), "{value}");
    }
    for value in ["false", "\"False\"", "0", "\"\"", "null"] {
        assert!(!is_stale(value), "{value}");
    }
}

#[test]
fn a_row_without_a_server_is_of_whoever_is_asked_for() {
    for nameless in [r#""""#, r#"{"Name":"CAS1"}"#, "null"] {
        let row = |server: &str| format!(r#"{{"Server":{server},"HealthSet":"UM","AlertValue":3}}"#);
        let rows = [row(nameless), row("\"CAS1\""), row("\"CAS2\"")];
        let mut export = read(&format!("[{}]", rows.join(","))).unwrap();
        assert!(export.keep_only("cas1"));
        assert_eq!((export.monitors.len(), export.monitors[0].server.as_str()), (2, ""), "{nameless}");
        assert!(!read(&row(nameless)).unwrap().keep_only("cas1"), "nothing says that it is its own");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "[\\[{\"]?.{0,200}") {
        let _ = read(&text);
    }
}
