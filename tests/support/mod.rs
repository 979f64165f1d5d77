//! What did a plugin do? Runs the real binaries and reads their output as strictly as a scheduler should.

#![allow(dead_code)] // every test binary uses its own part of it

pub mod peer;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One run of a plugin, over.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub elapsed: Duration,
}

/// Runs a plugin to its end; whatever it does, nothing may come on stderr.
pub fn run(plugin: &str, arguments: &[&str]) -> Ran {
    run_command(Command::new(binary(plugin)).args(arguments))
}

/// The same for a command of the caller's.
pub fn run_command(command: &mut Command) -> Ran {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let elapsed = started.elapsed();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "something on stderr");
    let stdout = String::from_utf8(output.stdout).expect("stdout is UTF-8");
    let code = output.status.code().unwrap_or_else(|| panic!("ended by a signal: {command:?}"));
    assert!((0..=3).contains(&code), "exit code {code}");
    assert!(stdout.len() <= 64 * 1024, "{} bytes of output", stdout.len());
    Ran { code, stdout, elapsed }
}

/// Where cargo put a plugin.
pub fn binary(plugin: &str) -> PathBuf {
    let one = PathBuf::from(env!("CARGO_BIN_EXE_check_um_sip_options"));
    one.with_file_name(format!("{plugin}{}", std::env::consts::EXE_SUFFIX))
}

impl Ran {
    /// The first line.
    pub fn first_line(&self) -> &str {
        self.stdout.lines().next().unwrap_or_default()
    }

    /// Checks the exit code, how the first line begins, and its perfdata.
    #[track_caller]
    pub fn assert(&self, code: i32, beginning: &str) -> &Self {
        assert_eq!(self.code, code, "{}", self.stdout);
        assert!(self.first_line().starts_with(beginning), "expected '{beginning}' in: {}", self.stdout);
        let printable = |c: char| !c.is_control() || c == '\n';
        assert!(self.stdout.chars().all(printable), "control characters in {:?}", self.stdout);
        let _ = self.perfdata();
        self
    }

    /// The labels of the perfdata, in order.
    #[track_caller]
    pub fn labels(&self) -> Vec<String> {
        self.perfdata().into_iter().map(|(label, _)| label).collect()
    }

    /// The perfdata of the first line: label and what stands behind its `=`. Panics unless every entry is valid.
    #[track_caller]
    pub fn perfdata(&self) -> Vec<(String, String)> {
        let rest: Vec<_> = self.stdout.lines().skip(1).filter(|line| line.contains('|')).collect();
        assert!(rest.is_empty(), "a bar outside of the first line: {rest:?}");
        let Some((_, perfdata)) = self.first_line().split_once(" | ") else {
            assert!(!self.first_line().contains('|'), "a bar without perfdata: {}", self.first_line());
            return Vec::new();
        };
        perfdata.split(' ').map(entry).collect()
    }

    /// Checks JSON output against the shipped schema, and its state.
    #[track_caller]
    pub fn assert_json(&self, state: &str) -> &Self {
        let value: serde_json::Value = serde_json::from_str(&self.stdout).expect("one JSON value");
        let schema = serde_json::from_str(include_str!("../../src/render/report.schema.json")).expect("a JSON schema");
        let validator = jsonschema::validator_for(&schema).expect("a valid schema");
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} in {}", self.stdout);
        assert_eq!(value["state"], state);
        assert_eq!(self.stdout.lines().count(), 1);
        self
    }

    /// Checks property-bag output: well-formed XML, flat, and its state.
    #[track_caller]
    pub fn assert_scom(&self, state: &str) -> &Self {
        let properties = property_bag(&self.stdout);
        let found = properties.iter().find(|(name, _)| name == "State").map(|(_, value)| value.as_str());
        assert_eq!(found, Some(state), "{}", self.stdout);
        self
    }

    /// Checks how long it took, in seconds.
    #[track_caller]
    pub fn assert_elapsed(&self, from: f64, to: f64) {
        let elapsed = self.elapsed.as_secs_f64();
        assert!((from..=to).contains(&elapsed), "took {elapsed} s, expected {from} to {to}");
    }
}

/// One `'label'=value[UOM];[warn];[crit];[min];[max]`.
#[track_caller]
fn entry(text: &str) -> (String, String) {
    let (label, value) = text.split_once('=').unwrap_or_else(|| panic!("no '=' in perfdata {text:?}"));
    let label = label.strip_prefix('\'').and_then(|label| label.strip_suffix('\'')).expect("a quoted label");
    assert!(
        !label.is_empty() && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
        "{label}"
    );
    let fields: Vec<_> = value.split(';').collect();
    assert!(fields.len() <= 5, "{text}");
    let number = fields[0].trim_end_matches(['s', 'B', '%', 'c']);
    assert!(fields[0] == "U" || is_number(number), "value of {text}");
    for range in fields.iter().skip(1).take(2).filter(|range| !range.is_empty()) {
        range.parse::<check_um::range::Range>().unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    assert!(fields.iter().skip(3).all(|bound| bound.is_empty() || is_number(bound)), "bounds of {text}");
    (label.to_owned(), value.to_owned())
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Name and value of each property of a property bag, read by a real XML parser.
#[track_caller]
pub fn property_bag(text: &str) -> Vec<(String, String)> {
    let document = roxmltree::Document::parse(text).expect("well-formed XML");
    let root = document.root_element();
    assert_eq!((root.tag_name().name(), root.attribute("type")), ("DataItem", Some("System.PropertyBagData")));
    let properties = root.children().map(|property| {
        assert_eq!(property.tag_name().name(), "Property");
        let (kind, value) = (property.attribute("VariantType").unwrap(), property.text().unwrap_or_default());
        let fits = match kind {
            "8" => true,
            "3" => value.parse::<i64>().is_ok(),
            "5" => is_number(value),
            _ => false,
        };
        assert!(fits, "VariantType {kind} of '{value}'");
        (property.attribute("Name").unwrap().to_owned(), value.to_owned())
    });
    properties.collect()
}
