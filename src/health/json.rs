//! Which monitors does a JSON export hold? One document or several, objects or arrays of them.

use serde_json::{Deserializer, Map, Value};

use super::{
    ALERT_VALUE, AlertValue, HEALTH_SET_COLUMN, HealthError, MAX_ROWS, MONITOR_COUNT, RawExport, RawMonitor, SERVER,
    column, judge,
};
use crate::net::host::is_same_computer;

/// The objects of a JSON text that may be monitors.
pub(super) fn rows(text: &str) -> Result<RawExport, HealthError> {
    let mut export = RawExport { rows: Vec::new(), shortcoming: None };
    let mut values = Values { text, at: 0, is_inside: false };
    while let Some(value) = values.next()? {
        if is_miscounted(&value) {
            export.shortcoming = Some(HealthError::Counted);
        }
        collect(value, "", &mut export.rows);
        if export.rows.len() > MAX_ROWS {
            return Err(HealthError::TooMany);
        }
    }
    Ok(export)
}

/// Whether what Windows PowerShell 5 wrapped an array into says that the array had another number of objects.
fn is_miscounted(value: &Value) -> bool {
    let array = value.get("value").and_then(Value::as_array);
    array.zip(value.get("Count").and_then(Value::as_u64)).is_some_and(|(array, count)| array.len() as u64 != count)
}

/// The values of a text, one after the other, those of an array each on its own: of the export of all servers no more than one
/// object is held as a tree. `... | ForEach-Object { $_ | ConvertTo-Json }` writes one document after the other.
struct Values<'a> {
    text: &'a str,
    at: usize,
    /// Whether that is within an array.
    is_inside: bool,
}

impl Values<'_> {
    fn next(&mut self) -> Result<Option<Value>, HealthError> {
        loop {
            match (self.peek(), self.is_inside) {
                (None, false) => return Ok(None),
                (Some(b'['), false) => {
                    (self.at, self.is_inside) = (self.at + 1, true);
                    if self.peek() == Some(b']') {
                        (self.at, self.is_inside) = (self.at + 1, false);
                    }
                }
                _ => break,
            }
        }
        let rest = &self.text[self.at..];
        // Cut between two characters.
        let rest = (MAX_OBJECT - 3..=MAX_OBJECT).rev().find_map(|length| rest.get(..length)).unwrap_or(rest);
        let mut values = Deserializer::from_str(rest).into_iter();
        let value = values.next().unwrap_or(Ok(Value::Null));
        let length = values.byte_offset();
        let value = value.map_err(|error: serde_json::Error| match error.is_eof() && rest.len() >= MAX_OBJECT - 3 {
            true => HealthError::TooLong { line: self.line() },
            false => self.unexpected(error.line()),
        })?;
        self.at += length;
        if self.is_inside {
            self.is_inside = match self.peek() {
                Some(b',') => true,
                Some(b']') => false,
                _ => return Err(self.unexpected(1)),
            };
            self.at += 1;
        }
        Ok(Some(value))
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_ascii_start().len();
        self.text.as_bytes().get(self.at).copied()
    }

    /// That so many lines from here on, counted from 1, there is no JSON.
    fn unexpected(&self, line: usize) -> HealthError {
        HealthError::Json { line: self.line() + line.saturating_sub(1) }
    }

    fn line(&self) -> usize {
        self.text[..self.at].matches('\n').count() + 1
    }
}

/// The depth of nesting is serde_json's to bound (128). A text in the place of an object is one that ConvertTo-Json has
/// flattened, and counts as a row that says nothing.
fn collect(value: Value, server: &str, rows: &mut Vec<RawMonitor>) {
    match value {
        Value::Array(values) => values.into_iter().for_each(|value| collect(value, server, rows)),
        Value::Object(mut object) => {
            // Windows PowerShell 5 sometimes wraps an array: {"value":[...],"Count":2}.
            let has_column = object.keys().any(|name| column(name).is_some());
            let is_wrapper = !has_column && object.get("value").is_some_and(Value::is_array);
            let wrapped = is_wrapper.then(|| object.remove("value")).flatten();
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
            match scalar(&value) {
                Some(text) => row.set(column, &text),
                // Whose it is nobody says: that is no reason to pass it over.
                None => row.is_unclear |= !value.is_null() && [HEALTH_SET_COLUMN, ALERT_VALUE].contains(&column),
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
    } else {
        let left = unaccounted(row, &mut rows[known..]);
        rows.extend(left);
    }
}

/// What the entries of a health set leave of its sum: nothing where those of its server are as many as the sum says and one of
/// them is as bad, for then they say all of it. A sum without an alert value is as bad as its entries.
fn unaccounted(mut sum: RawMonitor, entries: &mut [RawMonitor]) -> Option<RawMonitor> {
    if sum.is_unclear {
        return Some(sum);
    }
    let (health_set, server) = (sum.text(HEALTH_SET_COLUMN).to_owned(), sum.text(SERVER));
    let is_of_its_server = |entry: &RawMonitor| server.is_empty() || is_same_computer(server, entry.text(SERVER));
    for entry in entries.iter_mut().filter(|entry| entry.text(HEALTH_SET_COLUMN).is_empty()) {
        entry.set(HEALTH_SET_COLUMN, &health_set);
    }
    let is_of_its_set =
        |entry: &RawMonitor| health_set.is_empty() || entry.text(HEALTH_SET_COLUMN).eq_ignore_ascii_case(&health_set);
    let own = || entries.iter().filter(|entry| is_of_its_set(entry) && is_of_its_server(entry));
    let value = |row: &RawMonitor| AlertValue::parse(row.text(ALERT_VALUE));
    let is_as_bad =
        sum.text(ALERT_VALUE).is_empty() || own().any(|entry| judge::is_as_bad(&value(entry), &value(&sum)));
    let missing = sum.count().saturating_sub(own().map(RawMonitor::count).sum());
    if is_as_bad && missing == 0 {
        return None;
    }
    sum.set(MONITOR_COUNT, &missing.max(1).to_string());
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
        // What PowerShell makes of a property that is read of several objects, here of one.
        Value::Array(values) => match values.as_slice() {
            [only] if !only.is_array() => scalar(only),
            _ => None,
        },
        Value::Null => None,
    }
}

/// The most of one object, in bytes: its tree takes many times as much.
const MAX_OBJECT: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::super::{AlertValue, HealthError, MAX_ROWS, Monitor, read};
    use super::MAX_OBJECT;

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
        let text = format!("[1,\n{{\"value\":[{}1]}}]", "\"\u{e9}\",".repeat(MAX_OBJECT / 5 + 1));
        assert_eq!(read(&text), Err(HealthError::TooLong { line: 2 }));
    }

    #[test]
    fn more_rows_than_any_organisation_has_are_refused() {
        let rows = |count| format!("[{}0]", r#"{"HealthSet":"UM","AlertValue":1},"#.repeat(count));
        assert_eq!(monitors(&rows(1_000)).len(), 1_000);
        assert_eq!(read(&rows(MAX_ROWS + 1)), Err(HealthError::TooMany));
        let lines = "M,UM,Healthy\n".repeat(MAX_ROWS + 1);
        assert_eq!(read(&format!("Name,HealthSet,AlertValue\n{lines}")), Err(HealthError::TooMany));
    }

    #[test]
    fn depth_is_bounded() {
        assert!(matches!(read(&"[".repeat(100_000)), Err(HealthError::Json { line: 1 })));
    }
}
