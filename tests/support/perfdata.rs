//! Is a first line what the Monitoring Plugins guideline asks for? A reader stricter than any scheduler's.

/// One entry of the perfdata.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The label, without its quotes.
    pub label: String,
    /// The value.
    pub value: f64,
    /// The unit of measurement.
    pub uom: String,
    /// Warning range, critical range, minimum and maximum as they are printed; what is not there is empty.
    pub bounds: [String; 4],
}

/// The perfdata of `line`; panics, naming the place, when anything is not as it should be.
#[track_caller]
pub fn assert_valid(line: &str) -> Vec<Entry> {
    entries(line).unwrap_or_else(|problem| panic!("{problem} in {line:?}"))
}

/// The value that `line` gives for `label`, which is left out where it was not measured.
#[track_caller]
pub fn value(line: &str, label: &str) -> Option<f64> {
    assert_valid(line).into_iter().find(|entry| entry.label == label).map(|entry| entry.value)
}

/// The labels of `line`, in their order.
#[track_caller]
pub fn labels(line: &str) -> Vec<String> {
    assert_valid(line).into_iter().map(|entry| entry.label).collect()
}

/// Reads `text | 'label'=value[UOM];[warn];[crit];[min];[max] ...`.
pub fn entries(line: &str) -> Result<Vec<Entry>, String> {
    if line.chars().any(char::is_control) {
        return Err("a control character".to_owned());
    }
    let Some((text, perfdata)) = line.split_once('|') else {
        return Ok(Vec::new());
    };
    if !text.ends_with(' ') || !perfdata.starts_with(' ') || perfdata.contains('|') {
        return Err("not exactly one ' | '".to_owned());
    }
    let entries: Vec<_> = perfdata[1..].split(' ').map(entry).collect::<Result<_, _>>()?;
    for (index, one) in entries.iter().enumerate() {
        if entries[..index].iter().any(|other| other.label == one.label) {
            return Err(format!("label '{}' twice", one.label));
        }
    }
    Ok(entries)
}

fn entry(text: &str) -> Result<Entry, String> {
    let wrong = |what: &str| format!("{what} of {text:?}");
    let (label, rest) = text.split_once('=').ok_or_else(|| wrong("no value"))?;
    let label = label.strip_prefix('\'').and_then(|label| label.strip_suffix('\'')).ok_or_else(|| wrong("quotes"))?;
    if label.is_empty() || !label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
        return Err(wrong("label"));
    }
    let fields: Vec<_> = rest.split(';').collect();
    if fields.len() > 5 || fields.last().is_some_and(|last| last.is_empty()) {
        return Err(wrong("fields"));
    }
    let (value, uom) = value_of(fields[0]).ok_or_else(|| wrong("value"))?;
    for range in fields.iter().skip(1).take(2).filter(|range| !range.is_empty()) {
        if !is_range(range) {
            return Err(wrong("range"));
        }
    }
    for bound in fields.iter().skip(3).filter(|bound| !bound.is_empty()) {
        number(bound).ok_or_else(|| wrong("bound"))?;
    }
    let bounds = [1, 2, 3, 4].map(|index| fields.get(index).map_or_else(String::new, ToString::to_string));
    Ok(Entry { label: label.to_owned(), value, uom, bounds })
}

/// A number with its unit; the `U` of a value that is not known is an error to too many readers.
fn value_of(text: &str) -> Option<(f64, String)> {
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-')).unwrap_or(text.len());
    let (digits, uom) = text.split_at(end);
    matches!(uom, "" | "s" | "B" | "%" | "c").then_some(())?;
    Some((number(digits)?, uom.to_owned()))
}

/// `-?digits[.digits]`: no exponent, no sign but minus, no bare point.
fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let parts: Vec<_> = unsigned.split('.').collect();
    let is_digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (parts.len() <= 2 && parts.iter().all(is_digits)).then(|| text.parse().ok()).flatten()
}

/// `[@][start:][end]` with `~` for minus infinity.
fn is_range(text: &str) -> bool {
    let inner = text.strip_prefix('@').unwrap_or(text);
    match inner.split_once(':') {
        None => number(inner).is_some(),
        Some((start, end)) => {
            let start_is_good = start.is_empty() || start == "~" || number(start).is_some();
            start_is_good && (end.is_empty() || number(end).is_some()) && inner != ":"
        }
    }
}
