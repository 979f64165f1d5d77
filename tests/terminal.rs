//! What does a person at a terminal see that a scheduler does not? Colours and broken lines, on a pseudo-terminal.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::process::{Command, Stdio};

use support::plugin;

/// The same in every run, with a reason and advice below the first line.
const LINE: (&str, &str) = ("check_um_cert_expiry", "--file /nowhere/certificate.pem");

#[test]
fn states_are_in_colour_and_long_lines_are_broken_at_a_terminal() {
    let piped = support::run(LINE.0, LINE.1).assert_exit(3).stdout.clone();
    for columns in [30, 45, 60] {
        let Some(shown) = at_a_terminal(columns, "-u NO_COLOR", LINE) else { return };
        assert!(shown.starts_with("UM CERT EXPIRY \u{1b}[35mUNKNOWN\u{1b}[0m -"), "{shown:?}");
        let plain = uncoloured(&shown);
        assert_eq!(words(&plain), words(&piped), "{columns}");
        let too_long = |line: &&str| line.chars().count() > columns && words(line).len() > 1;
        assert_eq!(plain.lines().find(too_long), None, "{columns}: {plain}");
        assert!(plain.lines().count() > piped.lines().count(), "{plain}");
    }
    // Wide enough, or of unknown width: nothing is broken.
    for columns in [9_999, 0] {
        assert_eq!(uncoloured(&at_a_terminal(columns, "-u NO_COLOR", LINE).unwrap()), piped);
    }
}

#[test]
fn a_usage_error_is_shown_in_colour_too() {
    let Some(shown) = at_a_terminal(40, "-u NO_COLOR", (LINE.0, "--bogus")) else { return };
    assert!(shown.starts_with("UM CERT EXPIRY \u{1b}[35mUNKNOWN\u{1b}[0m -") && shown.lines().count() > 1, "{shown:?}");
}

#[test]
fn who_asks_for_plain_text_gets_what_a_pipe_gets() {
    let piped = support::run(LINE.0, LINE.1).stdout;
    let Some(plain) = at_a_terminal(40, "NO_COLOR=1", LINE) else { return };
    assert_eq!(plain, piped);
    // An empty one asks for nothing (no-color.org).
    assert!(at_a_terminal(40, "NO_COLOR=", LINE).unwrap().contains('\u{1b}'));
    // A terminal without colours still has a width.
    let dumb = at_a_terminal(40, "-u NO_COLOR TERM=dumb", LINE).unwrap();
    assert!(!dumb.contains('\u{1b}') && dumb.lines().count() > piped.lines().count(), "{dumb}");
}

#[test]
fn one_line_stays_one_and_what_programs_read_stays_as_it_is() {
    let arguments = format!("{} --single-line", LINE.1);
    let Some(shown) = at_a_terminal(40, "-u NO_COLOR", (LINE.0, &arguments)) else { return };
    assert_eq!(shown.lines().count(), 1, "{shown:?}");
    for format in ["json", "scom", "openmetrics"] {
        let arguments = format!("{} --output {format}", LINE.1);
        let shown = at_a_terminal(40, "-u NO_COLOR", (LINE.0, &arguments)).unwrap();
        assert!(!shown.contains('\u{1b}') && shown.lines().any(|line| line.len() > 60), "{shown:?}");
    }
}

#[test]
fn a_pipe_gets_plain_text_whatever_the_environment_says() {
    let mut command = plugin(LINE.0);
    command.args(LINE.1.split(' ')).envs([("COLUMNS", "20"), ("CLICOLOR_FORCE", "1"), ("TERM", "xterm-256color")]);
    assert_eq!(support::run_command(&mut command).stdout, support::run(LINE.0, LINE.1).stdout);
}

/// What is shown at a terminal of so many columns; `None`, and a note, where `script` is not installed.
fn at_a_terminal(columns: usize, environment: &str, (name, arguments): (&str, &str)) -> Option<String> {
    let program = plugin(name);
    let program = program.get_program().to_str().unwrap();
    let line = format!("stty cols {columns} && exec env {environment} {program} {arguments}");
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").stdin(Stdio::null());
    let Ok(output) = script.output() else {
        support::skipped("script is not installed");
        return None;
    };
    // A terminal begins a line by both characters.
    Some(String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n"))
}

fn uncoloured(shown: &str) -> String {
    let mut pieces = shown.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    first + &pieces.map(|piece| piece.split_once('m').unwrap().1).collect::<String>()
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}
