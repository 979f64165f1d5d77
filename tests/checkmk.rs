//! What does Checkmk make of what the plugins say? Its rules for MRPE as a reader here: Checkmk itself is not in Debian.
//!
//! Sources: Checkmk's `cmk/base/plugins/agent_based/mrpe.py` (the section, output and perfdata) and `_checking_classes.py` of its
//! agent-based API (what the name of a metric may be), as of version 2.4; restated in our own words and code.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::fs;

use call_router::scene::Scene;
use check_um::checks::ALL;
use support::{perfdata, plugin, run_command};

#[test]
fn every_state_of_every_check_is_taken_as_it_is() {
    support::scenes::play_all(play);
}

fn play(scene: &Scene) {
    let scratch = tempfile::tempdir().unwrap();
    let staged = scene.stage(scratch.path()).unwrap();
    let said = run_command(plugin(scene.plugin).args(&staged.arguments));
    said.assert_exit(scene.exit);
    let section = section(scene.exit, &said.stdout);
    let service = Service::of(&section).unwrap_or_else(|problem| panic!("{problem}: {said:?}"));
    assert_eq!(service.state, scene.exit, "{said:?}");
    let text = said.first_line().split(" | ").next().unwrap();
    assert_eq!(service.summary, text.split_whitespace().collect::<Vec<_>>().join(" "), "{said:?}");
    // Everything that was measured is there with its value, and nothing else.
    let ours: Vec<_> = perfdata::assert_valid(said.first_line());
    let ours: Vec<_> = ours.iter().map(|entry| (format!("'{}'", entry.label), entry.value, upper(entry))).collect();
    let theirs: Vec<_> = service.metrics.iter().map(|it| (it.name.clone(), it.value, it.levels)).collect();
    assert_eq!(theirs, ours, "{said:?}");
}

/// The upper ends of both ranges, which are all that Checkmk draws; it judges nothing by them.
fn upper(entry: &perfdata::Entry) -> [Option<f64>; 2] {
    let end = |range: &String| range.rsplit(':').next().and_then(|end| end.parse().ok());
    [end(&entry.bounds[0]), end(&entry.bounds[1])]
}

#[test]
fn the_lines_of_the_readme_are_such_that_the_plugins_understand_them() {
    let readme = fs::read_to_string(support::root().join("integrations/agents/README.md")).unwrap();
    let (_, rest) = readme.split_once("mrpe.cfg`:\n\n```\n").unwrap();
    let lines: Vec<_> = rest.split_once("```").unwrap().0.lines().collect();
    assert!(lines.len() >= 3, "{lines:?}");
    for line in lines {
        // How often, where that is not each time that the agent is asked.
        let words: Vec<_> = line.split(' ').filter(|word| !word.starts_with("(interval=")).collect();
        let name = words[1].rsplit('/').next().unwrap();
        let check = ALL.iter().find(|check| check.about.name == name).unwrap_or_else(|| panic!("no {name}: {line}"));
        let argv = std::iter::once(name).chain(words[2..].iter().copied()).map(Into::into).collect();
        assert_eq!(check.parse(argv), Ok(()), "{line}");
    }
}

/// The line that the agent sends: new lines as the character 1.
fn section(code: i32, output: &str) -> String {
    format!("(check) UM%20Test {code} {}", output.trim_end_matches('\n').replace('\n', "\u{1}"))
}

/// A service as Checkmk shows it.
#[derive(Debug)]
struct Service {
    state: i32,
    summary: String,
    metrics: Vec<Metric>,
}

#[derive(Debug)]
struct Metric {
    name: String,
    value: f64,
    levels: [Option<f64>; 2],
}

impl Service {
    /// An error is what Checkmk shows as an UNKNOWN of its own, or crashes at.
    fn of(line: &str) -> Result<Self, String> {
        // The section is split at white space, in which the character 1 is none.
        let words: Vec<_> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        let state = words[2].parse().map_err(|_| format!("invalid status {}", words[2]))?;
        let text = words[3..].join(" ");
        let (mut output, mut perfdata, mut is_perfdata) = (Vec::new(), Vec::new(), false);
        for (index, line) in text.split('\u{1}').enumerate() {
            if is_perfdata {
                perfdata.extend(line.split_whitespace());
                continue;
            }
            let (text, data) = line.split_once('|').unwrap_or((line, ""));
            output.push(text.trim());
            perfdata.extend(data.split_whitespace());
            // From a bar below the first line on everything is perfdata.
            is_perfdata = index > 0 && line.contains('|');
        }
        let summary = output[0].to_owned();
        if summary.is_empty() {
            return Err("no further information available".to_owned());
        }
        let metrics = perfdata.into_iter().map(Metric::of).collect::<Result<_, _>>()?;
        Ok(Self { state, summary, metrics })
    }
}

impl Metric {
    fn of(text: &str) -> Result<Self, String> {
        let (name, values) = text.split_once('=').ok_or(format!("undefined metric: {text}"))?;
        if values.starts_with('U') {
            return Err("Nagios style undefined value".to_owned());
        }
        if name.is_empty() || name.contains([' ', ':', '/', '\\']) {
            return Err(format!("invalid character in metric name: {name}"));
        }
        let values: Vec<_> = values.split(';').map(|value| value.rsplit(':').next().unwrap_or_default()).collect();
        // The longest beginning that is a number.
        let value = (1..=values[0].len()).rev().find_map(|end| values[0].get(..end)?.parse().ok());
        let value = value.ok_or(format!("invalid metric value {}", values[0]))?;
        let level = |index: usize| values.get(index).and_then(|value| value.parse().ok());
        Ok(Self { name: name.to_owned(), value, levels: [level(1), level(2)] })
    }
}
