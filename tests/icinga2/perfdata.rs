//! Does the perfdata of every plugin in every state survive its readers? Icinga 2's own, and Perl's Monitoring::Plugin.
//!
//! What a reader is known to lose is expected to be lost, precisely that and nothing else:
//!
//! | reader             | a threshold                                                       |
//! |--------------------|-------------------------------------------------------------------|
//! | Icinga 2           | lost unless it is one number                                      |
//! | Monitoring::Plugin | lost if it begins with `@`, and with it all fields that follow it |

use std::process::Command;

use serde_json::Value;

use super::node::{self, Scratch};
use super::scenes::{self, Played};
use super::support::perfdata::{Entry, entries};
use super::support::{self, run_fed};

#[test]
fn icinga_2_reads_what_was_printed() {
    if !node::is_installed() {
        return;
    }
    let scratch = Scratch::new("icinga.example.com");
    scratch.configure(
        "object Endpoint NodeName { }\nobject Zone \"main\" { endpoints = [ NodeName ] }\n\
         object Host \"h\" {\n  check_command = \"dummy\"\n  enable_active_checks = false\n}\n\
         object Service \"s\" {\n  host_name = \"h\"\n  check_command = \"dummy\"\n  enable_active_checks = false\n}\n",
    );
    let files = tempfile::tempdir().unwrap();
    let scenes = scenes::play(files.path());
    let node = scratch.start();
    for Played { command, state, perfdata, .. } in &scenes {
        let result = node.submit("h!s", u8::try_from(*state).unwrap(), &format!("text | {perfdata}"));
        let split: Vec<_> =
            result["performance_data"].as_array().into_iter().flatten().map(|entry| entry.as_str().unwrap()).collect();
        // A label without blanks has lost its quotes, which mean nothing there.
        assert_eq!(split.join(" "), perfdata.replace('\'', ""), "{command}");

        let quoted: Vec<_> = split.iter().map(|entry| format!("read(\"{entry}\")")).collect();
        let read = node.evaluate(&format!("{READ}\n[ {} ]", quoted.join(", "))).unwrap();
        let read: Vec<_> = read.as_array().unwrap().iter().filter(|entry| !entry.is_null()).cloned().collect();
        let own = own(perfdata);
        assert_eq!(read.len(), own.len(), "{command}: {read:?}");
        for (read, own) in read.iter().zip(&own) {
            assert_eq!(of_icinga(read), expected_of_icinga(own), "{command}: {own:?}");
        }
    }
}

#[test]
fn monitoring_plugin_reads_what_was_printed() {
    let module = ["-MMonitoring::Plugin::Performance", "-e", "1"];
    if !Command::new("perl").args(module).output().is_ok_and(|ran| ran.status.success()) {
        support::skipped("Perl's Monitoring::Plugin is not installed");
        return;
    }
    let files = tempfile::tempdir().unwrap();
    let scenes = scenes::play(files.path());
    let lines: String = scenes.iter().map(|scene| format!("{}\n", scene.perfdata)).collect();
    let script = support::root().join("tests/icinga2/perfdata.pl");
    let outcome = run_fed(Command::new("perl").arg(script), lines.as_bytes());
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));

    let mut read = outcome.stdout.lines();
    for Played { command, perfdata, .. } in &scenes {
        for entry in &own(perfdata) {
            let fields: Vec<_> = read.next().unwrap().split('\t').collect();
            let value: f64 = fields[1].parse().unwrap_or_else(|_| panic!("{command}: {entry:?}: {fields:?}"));
            // Perl prints fifteen digits of a number.
            let is_same = (value - entry.value).abs() <= value.abs() * 1e-14;
            assert!(is_same && fields[0] == entry.label && fields[2] == entry.uom, "{command}: {entry:?}: {fields:?}");
            assert_eq!(fields[3..], expected_of_perl(entry), "{command}: {entry:?}");
        }
        assert_eq!(read.next(), Some(""), "{command}");
    }
    assert_eq!(read.next(), None);
}

/// `parse_performance_data` gives up on an unknown value by an exception.
const READ: &str = "var read = function(text) {\n  var entry = null\n  try { entry = parse_performance_data(text) } except { }\n  \
    return entry\n}";

/// Label, value, unit, warning, critical, minimum, maximum.
type Fields = (String, f64, String, [Option<f64>; 4]);

fn of_icinga(entry: &Value) -> Fields {
    let text = |name: &str| entry[name].as_str().unwrap().to_owned();
    (
        text("label"),
        entry["value"].as_f64().unwrap(),
        text("unit"),
        ["warn", "crit", "min", "max"].map(|name| entry[name].as_f64()),
    )
}

/// Units by their full names; of a threshold only what is one number.
fn expected_of_icinga(entry: &Entry) -> Fields {
    let unit = match entry.uom.as_str() {
        "s" => "seconds",
        "%" => "percent",
        "B" => "bytes",
        other => other,
    };
    let bounds = entry.bounds.clone().map(|bound| bound.parse().ok());
    (entry.label.clone(), entry.value, unit.to_owned(), bounds)
}

/// All fields, up to a range that begins with `@`.
fn expected_of_perl(entry: &Entry) -> [&str; 4] {
    let readable = entry.bounds.iter().take_while(|bound| !bound.starts_with('@')).count();
    [0, 1, 2, 3].map(|index| if index < readable { entry.bounds[index].as_str() } else { "" })
}

fn own(perfdata: &str) -> Vec<Entry> {
    if perfdata.is_empty() { Vec::new() } else { entries(&format!("text | {perfdata}")).unwrap() }
}
