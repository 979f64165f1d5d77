//! Is what came of a disturbed run what the plugin promises? Measured by the undisturbed one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::tracer::Traced;
use crate::ways::{self, TIMEOUT};

/// What an undisturbed run says.
#[derive(Debug, Clone)]
pub struct Undisturbed {
    /// The exit code.
    pub code: i32,
    /// All that it says when it is OK, the first line else; without numbers.
    shape: String,
}

/// What a run must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// OK, or better than the undisturbed run, without the whole answer.
    FalseOk,
    /// A call is still up, and the run said that it was well.
    CallLeft,
    /// The history lacks what was in it.
    HistoryLost,
    /// Files that nobody will remove.
    FilesLeft,
    /// A signal ended it.
    Signal,
    /// It exits with a code that is no state, or with another state than it says.
    NoState,
    /// It says nothing although it could, or more than one report.
    NoReport,
    /// It says something on standard error.
    Stderr,
    /// It outlives its deadline by more than half a second.
    Late,
}

impl Undisturbed {
    /// What this run says, if nothing is wrong with it by itself.
    pub fn of(run: &Traced) -> Option<Self> {
        let code = run.code.filter(|code| (0..=3).contains(code))?;
        let undisturbed = Self { code, shape: shape(&run.stdout) };
        undisturbed.broken(run).is_empty().then_some(undisturbed)
    }

    /// What the run breaks.
    pub fn broken(&self, run: &Traced) -> BTreeSet<Broken> {
        let mut broken = BTreeSet::new();
        let text = String::from_utf8_lossy(&run.stdout);
        if run.elapsed > TIMEOUT + GRACE {
            broken.insert(Broken::Late);
        }
        if !run.stderr.is_empty() {
            broken.insert(Broken::Stderr);
        }
        let Some(code) = run.code else {
            broken.insert(if run.is_killed { Broken::Late } else { Broken::Signal });
            return broken;
        };
        let is_milder = code < self.code && code != 3 && self.code != 3;
        if code == 0 && (self.code != 0 || shape(&run.stdout) != self.shape) || is_milder {
            broken.insert(Broken::FalseOk);
        }
        // Who cannot write can say nothing, nor all of it; what was written once is not written again.
        if run.hit_output {
            return broken;
        }
        match state_of(&text) {
            Some(state) if state == code => {}
            Some(_) => drop(broken.insert(Broken::NoState)),
            None => drop(broken.insert(Broken::NoReport)),
        }
        if !text.ends_with('\n') {
            broken.insert(Broken::NoReport);
        }
        broken
    }
}

/// What is broken in the history that a run leaves, which had these samples.
pub fn history_broken(state: &Path, before: &[String]) -> BTreeSet<Broken> {
    let mut broken = BTreeSet::new();
    let after = ways::samples(&fs::read(state).unwrap_or_default());
    if before.iter().any(|sample| !after.contains(sample)) {
        broken.insert(Broken::HistoryLost);
    }
    let beside = state.parent().and_then(|directory| fs::read_dir(directory).ok()).map_or(0, Iterator::count);
    // The history and its lock.
    if beside > 2 {
        broken.insert(Broken::FilesLeft);
    }
    broken
}

/// The state that a report of any format tells, as an exit code; of a report that is whole.
fn state_of(text: &str) -> Option<i32> {
    let first = text.lines().next()?;
    let is_whole = match first.chars().next()? {
        '{' => text.trim_end().ends_with('}'),
        '<' => text.trim_end().ends_with('>'),
        '#' => text.trim_end().ends_with("# EOF"),
        _ => first.contains(" - "),
    };
    if first.starts_with('#') {
        let value = text.lines().find(|line| line.starts_with("check_um_state{"))?.rsplit(' ').next()?;
        return value.parse::<f64>().ok().map(|value| value as i32).filter(|_| is_whole);
    }
    let words = ["OK", "WARNING", "CRITICAL", "UNKNOWN"];
    // Long output may speak of other states.
    let is_text = !first.starts_with(['{', '<']);
    let said = |word: &str| {
        if is_text {
            return first.contains(&format!(" {word} - "));
        }
        let forms = [format!("\"state\":\"{word}\""), format!("\"state\": \"{word}\"")];
        forms.iter().any(|form| text.contains(form.as_str()))
            || text.contains(&format!("Name=\"State\" VariantType=\"String\">{word}<"))
            || text.contains(&format!(">{word}<"))
    };
    let state = words.iter().position(|word| said(word))?;
    i32::try_from(state).ok().filter(|_| is_whole)
}

/// What is said, with `#` for each number and its unit of time: the first line of a text, the summary and how many metrics
/// of JSON, the names and what else is no value of the others. Who was passed over for another is said, and may be anybody.
fn shape(stdout: &[u8]) -> String {
    let text = String::from_utf8_lossy(stdout);
    match text.chars().next() {
        Some('{') => {
            let summary = text.split("\"summary\":\"").nth(1).and_then(|rest| rest.split("\",").next());
            format!("{} {}", without_numbers(summary.unwrap_or_default()), text.matches("\"value\":").count())
        }
        Some('<') => without_numbers(&text),
        Some('#') => text.lines().map(|line| line.rsplit_once(' ').map_or(line, |(name, _)| name)).collect(),
        _ => {
            let line = text.lines().next().unwrap_or_default();
            let passed_over = line.split_once("passed over: ").and_then(|(before, rest)| {
                let (_, answer) = rest.split_once("; 200 OK from ")?;
                Some(format!("{before}200 OK from {answer}"))
            });
            without_numbers(passed_over.as_deref().unwrap_or(line))
        }
    }
}

fn without_numbers(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if !first.is_ascii_digit() {
            shape.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        for unit in ["e-5", "e-6", "e-7", " ms", " µs", " us", " s", " min"] {
            // 950 µs is 1.2 ms on a busier machine.
            if let Some(after) = rest.strip_prefix(unit).filter(|after| !after.starts_with(char::is_alphabetic)) {
                rest = after;
                break;
            }
        }
        shape.push('#');
    }
    shape
}

/// How much later than its deadline a run may end.
const GRACE: Duration = Duration::from_millis(500);
