//! How large may one object or row of an export be? Known before it is read, because what is made of it takes many times as much.

use serde_json::Value;

/// How much a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// No more than is read. With it, how many values it has beside the first of each object and array, which are counted
    /// themselves.
    Fits(usize),
    /// Longer than [`MAX_LENGTH`], or of more values than are read.
    Excessive,
}

/// Looks at the object or array that a text begins with, valid or not, up to where it ends or is too much.
pub(super) fn size(text: &[u8]) -> Size {
    let (mut depth, mut containers, mut values) = (0_usize, 0_usize, 0_usize);
    let (mut is_in_string, mut is_escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        if at == MAX_LENGTH || containers > MAX_CONTAINERS || values > MAX_VALUES {
            return Size::Excessive;
        }
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_string => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            _ if is_in_string => {}
            b'{' | b'[' => (depth, containers, values) = (depth + 1, containers + 1, values + 1),
            b',' => values += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        // One that is nested more deeply than a parser goes is refused by that.
        if depth == 0 && !is_in_string || depth > MAX_DEPTH {
            break;
        }
    }
    Size::Fits(values)
}

/// The same of a value that was read: less than its text has where an object names one property twice, of which one is lost.
pub(super) fn values(value: &Value) -> usize {
    let all = |length: usize, inner: usize| 1 + length.saturating_sub(1) + inner;
    match value {
        Value::Array(array) => all(array.len(), array.iter().map(values).sum()),
        Value::Object(object) => all(object.len(), object.values().map(values).sum()),
        _ => 0,
    }
}

/// The most of one object or row, in bytes.
pub(super) const MAX_LENGTH: usize = 8 * 1024 * 1024;

/// The most cells of a row: a real export has some dozen.
pub(super) const MAX_CELLS: usize = 1_000;

/// The most objects and arrays in one value, and the most values: a server has about 700 monitors of some dozen properties each.
const MAX_CONTAINERS: usize = 50_000;
const MAX_VALUES: usize = 300_000;

/// The depth at which serde_json ends.
const MAX_DEPTH: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_what_stands_in_the_first_value() {
        for (text, expected) in [
            (format!("[{}1]", "1,".repeat(MAX_VALUES - 1)), Size::Fits(MAX_VALUES)),
            (format!("[{}1]", "1,".repeat(MAX_VALUES)), Size::Excessive),
            (format!("[{}1]", "[],".repeat(MAX_CONTAINERS - 1)), Size::Fits(2 * MAX_CONTAINERS - 1)),
            (format!("[{}1]", "[],".repeat(MAX_CONTAINERS)), Size::Excessive),
            (format!("{{\"a\\\"\":\"{}\"}}", ",[{".repeat(MAX_VALUES)), Size::Fits(1)),
            (format!("{{}}{}", ",".repeat(2 * MAX_VALUES)), Size::Fits(1)),
            (format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_LENGTH)), Size::Excessive),
            (format!("[[{}", "[1,".repeat(MAX_VALUES)), Size::Fits(255)),
        ] {
            assert_eq!(size(text.as_bytes()), expected, "{}", &text[..20]);
        }
    }

    #[test]
    fn a_value_has_as_many_values_as_its_text_unless_one_is_named_twice() {
        for (text, is_whole) in [
            (r#"{"a":[],"b":{},"c":[1,[2,3],{"d":4}],"e":"{,[\\\"]"}"#, true),
            (r#""x""#, true),
            ("1", true),
            ("[[[]],null]", true),
            (r#"{"a":1,"a":1}"#, false),
            (r#"{"a":[{"b":1,"c":2,"\u0062":3}]}"#, false),
        ] {
            let value = serde_json::from_str(text).unwrap();
            assert_eq!(size(text.as_bytes()) == Size::Fits(values(&value)), is_whole, "{text}");
        }
    }
}
