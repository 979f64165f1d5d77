//! Is an output what Prometheus reads? OpenMetrics as its specification has it, and the ear of promtool.
#![allow(dead_code, reason = "every integration test uses its share of this")]

use std::collections::{BTreeMap, BTreeSet};
#[cfg(unix)]
use std::io::Write;
#[cfg(unix)]
use std::process::{Command, Stdio};

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// All series of `output`; panics, naming the line, when anything is not as it should be.
#[track_caller]
pub fn assert_valid(output: &str) -> Vec<Series> {
    series(output).unwrap_or_else(|problem| panic!("{problem} in {output}"))
}

/// The value of the only series of this name.
#[track_caller]
pub fn value(output: &str, name: &str) -> Option<f64> {
    let found: Vec<_> = assert_valid(output).into_iter().filter(|series| series.name == name).collect();
    assert!(found.len() <= 1, "{name} is there more than once: {output}");
    found.first().map(|series| series.value)
}

/// Without the comment in front that `-v` adds.
pub fn without_comment(output: &str) -> &str {
    output.strip_prefix("# UM ").and_then(|rest| rest.split_once('\n')).map_or(output, |(_, rest)| rest)
}

/// Stricter than any reader: HELP, then TYPE, then samples, each family once; every sample with check and target; no time.
pub fn series(output: &str) -> Result<Vec<Series>, String> {
    let lines = output.strip_suffix("# EOF\n").ok_or("no # EOF at the end")?;
    let (mut known, mut all) = (BTreeSet::new(), Vec::<Series>::new());
    let mut current = String::new();
    let mut is_typed = true;
    for line in lines.lines() {
        let wrong = |what: &str| Err(format!("{what}: {line:?}"));
        if line.chars().any(char::is_control) {
            return wrong("a control character");
        }
        if let Some(help) = line.strip_prefix("# HELP ") {
            let Some((name, text)) = help.split_once(' ') else { return wrong("no text") };
            if !is_typed || !known.insert(name.to_owned()) || text.is_empty() || text.contains(['\\', '"']) {
                return wrong("HELP");
            }
            (current, is_typed) = (name.to_owned(), false);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            if is_typed || kind != format!("{current} gauge") {
                return wrong("TYPE");
            }
            is_typed = true;
        } else {
            let Some(one) = sample(line) else { return wrong("sample") };
            let is_known = all.iter().any(|other| (&other.name, &other.labels) == (&one.name, &one.labels));
            if one.name != current || !is_typed || is_known {
                return wrong("a sample out of its place");
            }
            if !["check", "target"].iter().all(|label| one.labels.contains_key(*label)) {
                return wrong("no check or target");
            }
            all.push(one);
        }
    }
    if all.is_empty() || !is_typed { Err("no series".to_owned()) } else { Ok(all) }
}

fn sample(line: &str) -> Option<Series> {
    let (name, rest) = line.split_once('{')?;
    let is_name = |name: &str| {
        let is_of_names = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        !name.is_empty() && name.bytes().all(is_of_names) && !name.as_bytes()[0].is_ascii_digit()
    };
    let mut labels = BTreeMap::new();
    let mut rest = rest;
    loop {
        let (label, quoted) = rest.split_once("=\"")?;
        let (mut value, mut characters) = (String::new(), quoted.char_indices());
        let end = loop {
            match characters.next()? {
                (at, '"') => break at,
                (_, '\\') => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    escaped @ ('\\' | '"') => value.push(escaped),
                    _ => return None,
                },
                (_, c) => value.push(c),
            }
        };
        if !is_name(label) || labels.insert(label.to_owned(), value).is_some() {
            return None;
        }
        match quoted[end + 1..].strip_prefix(',') {
            Some(more) => rest = more,
            None => {
                let number = quoted[end + 1..].strip_prefix("} ")?;
                let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
                let value = number.parse::<f64>().ok().filter(|value| value.is_finite() && is_plain)?;
                return is_name(name).then(|| Series { name: name.to_owned(), labels, value });
            }
        }
    }
}

/// What promtool has against `text`; `None`, and a note, where it is not installed.
#[cfg(unix)]
pub fn objections(text: &str) -> Option<String> {
    promtool(&["check", "metrics"], text)
}

/// What promtool says to these arguments if it is not content, and otherwise nothing; `None`, and a note, where it is not
/// installed.
#[cfg(unix)]
pub fn promtool(arguments: &[&str], input: &str) -> Option<String> {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        super::skipped("promtool is not installed");
        return None;
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let is_check = arguments.first() == Some(&"check") && arguments.get(1) == Some(&"metrics");
    Some(if output.status.success() && !is_check { String::new() } else { said })
}
