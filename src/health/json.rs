//! Which monitors does a JSON export hold? One document or several, objects or arrays of them.

use serde_json::{Deserializer, Map, Value};

use super::blocks::newest;
use super::bounds::{self, Size};
use super::{
    ALERT_VALUE, AlertValue, HEALTH_SET_COLUMN, HealthError, MAX_ROWS, MONITOR_COUNT, RawExport, RawMonitor, SERVER,
    column, judge,
};
use crate::net::host::is_same_computer;

/// The objects of a JSON text that may be monitors.
///
/// A script that appends (`>>`) leaves one array behind the other: of a monitor that is in several the last counts. Documents
/// that are no arrays may be of one export, object by object.
pub(super) fn rows(text: &str) -> Result<RawExport, HealthError> {
    let mut export = RawExport { rows: Vec::new(), shortcoming: None };
    let mut values = Values { text, at: 0, is_inside: false, block: 0, twice: None };
    let (mut rows, mut blocks, mut count) = (Vec::new(), Vec::new(), 0);
    while let Some((block, value)) = values.next()? {
        if is_miscounted(&value) {
            export.shortcoming = Some(HealthError::Counted);
        }
        collect(value, "", &mut rows);
        count += 1;
        if rows.len().max(count) > MAX_ROWS {
            return Err(HealthError::TooMany);
        }
        blocks.resize(rows.len(), block);
    }
    export.shortcoming = export.shortcoming.or(values.twice);
    export.rows = newest(blocks.into_iter().zip(rows).collect());
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
    /// The number of the array that it is within, or of what stands between two of them.
    block: usize,
    /// That an object names one property twice.
    twice: Option<HealthError>,
}

impl Values<'_> {
    /// The next one, and the number of its block.
    fn next(&mut self) -> Result<Option<(usize, Value)>, HealthError> {
        loop {
            match (self.peek(), self.is_inside) {
                (None, false) => return Ok(None),
                (Some(b'['), false) => {
                    (self.at, self.is_inside) = (self.at + 1, true);
                    self.block += 1;
                    if self.peek() == Some(b']') {
                        (self.at, self.is_inside) = (self.at + 1, false);
                        self.block += 1;
                    }
                }
                _ => break,
            }
        }
        let rest = &self.text[self.at..];
        let Size::Fits(size) = bounds::size(rest.as_bytes()) else {
            return Err(HealthError::TooLong { line: self.line() });
        };
        let mut values = Deserializer::from_str(rest).into_iter();
        let value = values.next().unwrap_or(Ok(Value::Null));
        let length = values.byte_offset();
        let value = value.map_err(|error: serde_json::Error| self.unexpected(error.line()))?;
        if bounds::values(&value) != size {
            self.twice.get_or_insert(HealthError::Twice { line: self.line() });
        }
        self.at += length;
        let is_array = !self.is_inside && value.as_object().is_some_and(is_wrapper);
        self.block += usize::from(is_array);
        let block = self.block;
        self.block += usize::from(is_array);
        if self.is_inside {
            self.is_inside = match self.peek() {
                Some(b',') => true,
                Some(b']') => false,
                _ => return Err(self.unexpected(1)),
            };
            self.at += 1;
            self.block += usize::from(!self.is_inside);
        }
        Ok(Some((block, value)))
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
            let wrapped = is_wrapper(&object).then(|| object.remove("value")).flatten();
            match wrapped {
                Some(wrapped) => collect(wrapped, server, rows),
                None => collect_object(object, server, rows),
            }
        }
        Value::String(_) => rows.push(RawMonitor { is_flattened: true, ..RawMonitor::default() }),
        _ => {}
    }
}

/// Windows PowerShell 5 sometimes wraps an array: {"value":[...],"Count":2}.
fn is_wrapper(object: &Map<String, Value>) -> bool {
    !object.keys().any(|name| column(name).is_some()) && object.get("value").is_some_and(Value::is_array)
}

fn collect_object(object: Map<String, Value>, server: &str, rows: &mut Vec<RawMonitor>) {
    let mut row = RawMonitor::default();
    let mut entries = None;
    for (name, value) in object {
        if let Some(column) = column(&name) {
            match scalar(&value) {
                Some(text) => {
                    row.is_unclear |= column == ALERT_VALUE && is_contradicted(&text, &value);
                    row.set(column, &text);
                }
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

/// Whether the name of an alert value stands beside the number of another one: `{"value":3,"Value":"Healthy"}`.
fn is_contradicted(name: &str, value: &Value) -> bool {
    let numbers = value.as_object().into_iter().flat_map(Map::values).filter(|inner| inner.is_number());
    let numbered = numbers.filter_map(scalar).map(|number| AlertValue::parse(&number));
    let mut known = numbered.filter(|numbered| !matches!(numbered, AlertValue::Unlisted(_)));
    known.any(|numbered| numbered != AlertValue::parse(name))
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
        // 3.0 is 3.
        Value::Number(number) if number.is_f64() => number.as_f64().map(|number| number.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Object(object) => {
            let is_value = |(name, _): &(&String, &Value)| name.eq_ignore_ascii_case("value");
            let inner: Vec<_> = object.iter().filter(is_value).map(|(_, inner)| inner).collect();
            let text = inner.iter().find(|inner| inner.is_string());
            let number = inner.iter().find(|inner| inner.is_number());
            let first = text.or(number)?;
            let is_kind = |other: &&&Value| other.is_string() == first.is_string() && !other.is_null();
            inner.iter().filter(is_kind).all(|other| other == first).then(|| scalar(first)).flatten()
        }
        // What PowerShell makes of a property that is read of several objects, here of one.
        Value::Array(values) => match values.as_slice() {
            [only] if !only.is_array() => scalar(only),
            _ => None,
        },
        Value::Null => None,
    }
}

#[cfg(test)]
mod tests;
