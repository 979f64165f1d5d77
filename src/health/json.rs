//! Which monitors does a JSON export hold? One document or several, objects or arrays of them.

use serde_json::{Deserializer, Map, Value};

use super::{
    ALERT_VALUE, AlertValue, HEALTH_SET_COLUMN, HealthError, MONITOR_COUNT, RawMonitor, SERVER, column, judge,
};

/// The objects of a JSON text that may be monitors.
pub(super) fn rows(text: &str) -> Result<Vec<RawMonitor>, HealthError> {
    let mut rows = Vec::new();
    // `... | ForEach-Object { $_ | ConvertTo-Json }` writes one document after the other.
    for document in Deserializer::from_str(text).into_iter() {
        collect(document.map_err(|error: serde_json::Error| HealthError::Json { line: error.line() })?, "", &mut rows);
    }
    Ok(rows)
}

/// The depth of nesting is serde_json's to bound (128). A text in the place of an object is one that ConvertTo-Json has
/// flattened, and counts as a row that says nothing.
fn collect(value: Value, server: &str, rows: &mut Vec<RawMonitor>) {
    match value {
        Value::Array(values) => values.into_iter().for_each(|value| collect(value, server, rows)),
        Value::Object(mut object) => {
            // Windows PowerShell 5 sometimes wraps an array: {"value":[...],"Count":2}.
            let wrapped = object.get("value").is_some_and(Value::is_array).then(|| object.remove("value")).flatten();
            match wrapped {
                Some(wrapped) => collect(wrapped, server, rows),
                None => collect_object(object, server, rows),
            }
        }
        Value::String(_) => rows.push(RawMonitor { is_flattened: true, ..RawMonitor::default() }),
        _ => {}
    }
}

fn collect_object(object: Map<String, Value>, server: &str, rows: &mut Vec<RawMonitor>) {
    let mut row = RawMonitor::default();
    let mut entries = None;
    for (name, value) in object {
        if let Some(column) = column(&name) {
            if let Some(text) = scalar(&value) {
                row.set(column, &text);
            }
        } else if name.eq_ignore_ascii_case("Entries") {
            entries = Some(value);
        }
    }
    if !server.is_empty() && !row.values.contains_key(SERVER) {
        row.set(SERVER, server);
    }
    let server = row.text(SERVER).to_owned();

    // The monitors of a health set, where they were exported deeply enough to be objects, say more than their sum.
    let known = rows.len();
    if let Some(entries) = entries {
        collect(entries, &server, rows);
    }
    let are_flattened = rows[known..].iter().any(|row| row.is_flattened);
    if are_flattened {
        // The sum is there all the same, if this is a report.
        rows.truncate(known);
        row.is_flattened = true;
    }
    if rows.len() == known {
        rows.push(row);
    } else if !row.text(ALERT_VALUE).is_empty() {
        let left = unaccounted(row, &mut rows[known..]);
        rows.extend(left);
    }
}

/// What the entries of a health set leave of its sum: nothing where they are as many as the sum says and one of them is as
/// bad, for then they say all of it.
fn unaccounted(mut sum: RawMonitor, entries: &mut [RawMonitor]) -> Option<RawMonitor> {
    let health_set = sum.text(HEALTH_SET_COLUMN).to_owned();
    for entry in entries.iter_mut().filter(|entry| entry.text(HEALTH_SET_COLUMN).is_empty()) {
        entry.set(HEALTH_SET_COLUMN, &health_set);
    }
    let own = || entries.iter().filter(|entry| entry.text(HEALTH_SET_COLUMN).eq_ignore_ascii_case(&health_set));
    let state = |row: &RawMonitor| judge::usual_state(&AlertValue::parse(row.text(ALERT_VALUE)));
    let is_as_bad = own().map(state).max().is_some_and(|worst| worst >= state(&sum));
    let missing = sum.count().saturating_sub(own().map(RawMonitor::count).sum());
    if is_as_bad && missing == 0 {
        return None;
    }
    sum.set(MONITOR_COUNT, &missing.to_string());
    Some(sum)
}

/// A value as text: plain, or wrapped by remoting or by Windows PowerShell 5, `{"value":3,"Value":"Unhealthy"}`.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Object(object) => {
            let inner = || object.iter().filter(|(name, _)| name.eq_ignore_ascii_case("value")).map(|(_, inner)| inner);
            inner().find(|inner| inner.is_string()).or_else(|| inner().find(|inner| inner.is_number())).and_then(scalar)
        }
        Value::Null | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AlertValue, HealthError, Monitor, read};

    fn monitors(text: &str) -> Vec<Monitor> {
        read(text).unwrap().monitors
    }

    #[test]
    fn a_single_object_is_not_in_an_array() {
        let text =
            r#"{"Server":"CAS1","Name":"M","HealthSetName":"UM.CallRouter","AlertValue":"Unhealthy","Error":null}"#;
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
    fn documents_one_after_the_other_and_wrapped_arrays() {
        let one = r#"{"HealthSet":"UM","AlertValue":1}"#;
        assert_eq!(monitors(&format!("{one}\r\n{one}")).len(), 2);
        assert_eq!(monitors(&format!(r#"{{"value":[{one},{one}],"Count":2}}"#)).len(), 2);
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
        let entries = vec![r#"{"Name":"M","HealthSetName":"um","AlertValue":3}"#; 4].join(",");
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
    fn an_error_names_the_line_and_nothing_of_the_text() {
        let error = read("[\n{\"secret\": oops}]").unwrap_err();
        assert_eq!(error, HealthError::Json { line: 2 });
        assert!(!error.to_string().contains("oops") && !error.to_string().contains("secret"));
    }

    #[test]
    fn depth_is_bounded() {
        assert!(matches!(read(&"[".repeat(100_000)), Err(HealthError::Json { line: 1 })));
    }
}
