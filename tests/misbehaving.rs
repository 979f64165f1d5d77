//! Does a plugin keep its promises when its check does not? Panic, hang, flood, signals, and an output nobody reads.
//!
//! | Only on Unix | Because                                                                             |
//! |--------------|-------------------------------------------------------------------------------------|
//! | `signals`    | Windows has none; there a console asks a plugin to stop: see `tests/console.rs`     |
//! | `/dev/full`  | no file of Windows refuses every byte; Wine has that of its host, and is asked, too |

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use support::{Outcome, exposition, format, grace, host, run_command, start, untested, wait};

static CHECK: LazyLock<PathBuf> = LazyLock::new(|| support::example("misbehaving_check"));

fn check(arguments: &str) -> Command {
    let mut command = Command::new(&*CHECK);
    command.args(arguments.split_whitespace());
    command
}

fn run(arguments: &str) -> Outcome {
    run_command(&mut check(arguments))
}

#[test]
fn unknown_when_the_check_panics() {
    let outcome = run("--behave panic");
    outcome.assert_text(3).assert_says("internal error at tests/support/misbehaving_check.rs");
    assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
    assert!(!outcome.stdout.contains("secret"), "{outcome:?}");
}

#[test]
fn unknown_when_the_check_panics_in_json_and_scom() {
    let json = run("--behave panic --output json");
    assert_eq!(format::assert_json(&json.assert_exit(3).stdout)["state"], "UNKNOWN");
    let scom = run("--behave panic --output scom");
    assert_eq!(format::assert_scom(&scom.assert_exit(3).stdout)["State"], "UNKNOWN");
}

#[test]
fn series_of_the_same_target_come_of_a_panic_a_deadline_and_a_flood() {
    for (line, code, state) in [
        ("--behave panic", 3, "UNKNOWN"),
        ("--behave block -t 0.2", 2, "CRITICAL"),
        ("--behave leave -t 0.2", 2, "CRITICAL"),
        ("--behave flood -vvv", 0, "OK"),
    ] {
        let outcome = run(&format!("{line} --output openmetrics"));
        outcome.assert_exit(code).assert_openmetrics(state);
        let same = "{check=\"misbehaving\",target=\"peer.example.com:5060\",behave=";
        assert!(outcome.stdout.contains(&format!("check_um_state{same}")), "{outcome:?}");
    }
    let beside = "--beside well --beside panic --beside block -t 0.5 --output openmetrics";
    let outcome = run(beside);
    let states: Vec<_> = exposition::assert_valid(&outcome.assert_exit(2).stdout).into_iter().collect();
    let states: Vec<_> = states.iter().filter(|one| one.name == "check_um_state").map(|one| one.value).collect();
    assert_eq!(states[1..], [0.0, 3.0, 2.0], "{outcome:?}");
}

#[test]
fn of_several_that_have_much_to_say_each_has_its_share() {
    let beside = format!("{}--beside well", "--beside crowd ".repeat(10));
    for verbosity in ["", "-v", "-vvv"] {
        let text = run(&format!("{beside} {verbosity}"));
        text.assert_text(2);
        assert_eq!(text.stdout.matches("\nCRITICAL crowd").count(), 10, "{}", text.stdout.len());
        assert!(text.stdout.contains("\nOK       well: one of several\n         UM MISBEHAVING OK - all is well"));
        let json = run(&format!("{beside} {verbosity} --output json"));
        let said = format::assert_json(&json.assert_exit(2).stdout);
        assert_eq!(said["checks"].as_array().unwrap().len(), 11);
        run(&format!("{beside} {verbosity} --output scom")).assert_exit(2);
    }
}

#[test]
fn of_several_one_panic_or_hang_takes_no_other_answer_along() {
    let beside = "--beside well --beside panic --beside panic-in-a-call --beside block --beside leave --beside well";
    let outcome = run(&format!("{beside} -t 0.5"));
    outcome.assert_text(2).assert_within(Duration::from_millis(500));
    let said = format::assert_json(&run(&format!("{beside} -t 0.5 --output json")).assert_exit(2).stdout);
    let checks = said["checks"].as_array().unwrap();
    let states: Vec<_> = checks.iter().map(|check| check["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["OK", "UNKNOWN", "UNKNOWN", "CRITICAL", "CRITICAL", "OK"], "{said}");
    for index in [1, 2] {
        let summary = checks[index]["summary"].as_str().unwrap();
        assert!(summary.starts_with("internal error at tests/support/misbehaving_check.rs"), "{summary}");
    }
    assert_eq!(checks[3]["failure"]["class"], "timeout");
    assert_eq!(checks[4]["metrics"]["tries"]["value"], 1.0);
    assert!(!outcome.stdout.contains("secret"), "{outcome:?}");
}

/// The memory of a process is limited by Unix's own programs only.
#[cfg(unix)]
#[test]
fn of_several_one_without_memory_takes_no_other_answer_along() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 400000 && exec \"$@\"", "sh"]).arg(&*CHECK);
    command.args("--beside well --beside hoard --beside well --beside hoard -t 10 --output json".split(' '));
    let said = format::assert_json(&run_command(&mut command).assert_exit(3).stdout);
    let checks = said["checks"].as_array().unwrap();
    for (index, state) in [(0, "OK"), (1, "UNKNOWN"), (2, "OK"), (3, "UNKNOWN")] {
        assert_eq!(checks[index]["state"], state, "{said}");
    }
    assert!(checks[1]["summary"].as_str().unwrap().starts_with("no memory: "), "{said}");
}

#[test]
fn exit_ok_holds_for_a_panic_too() {
    let outcome = run("--behave panic --output scom --exit-ok");
    assert_eq!(format::assert_scom(&outcome.assert_exit(0).stdout)["ExitCode"], "3");
}

#[test]
fn critical_at_the_deadline_when_the_thread_is_stuck() {
    for behaviour in ["block", "spin", "wait", "stage"] {
        let outcome = run(&format!("--behave {behaviour} -t 0.2"));
        outcome.assert_text(2).assert_within(Duration::from_millis(200));
    }
}

#[test]
fn a_call_left_behind_at_the_deadline_does_not_cost_the_metrics() {
    let outcome = run("--behave leave -t 0.2");
    outcome.assert_text(2).assert_says("waiting for a call did not finish within 0.2 s | 'tries'=1;;;0");
    outcome.assert_within(Duration::from_millis(200));
}

#[test]
fn the_deadline_has_the_state_that_was_asked_for() {
    run("--behave block -t 0.2:warning").assert_text(1);
    run("--behave block -t 0.2 --state timeout=unknown").assert_text(3);
    run("--behave block -t 0.2 --state timeout=critical -t 0.2:unknown").assert_text(3);
}

#[test]
fn never_ok_without_an_answer_whoever_says_so() {
    for line in ["--behave block -t 0.2:ok", "--behave leave -t 0.2:unknown --state timeout=ok"] {
        run(line).assert_text(1).assert_says(" (never OK: there is no answer)");
        let json = run(&format!("{line} --output json"));
        let json = format::assert_json(&json.assert_exit(1).stdout);
        assert_eq!((&json["failure"]["state"], &json["findings"][0]["state"]), (&"WARNING".into(), &"WARNING".into()));
        let scom = run(&format!("{line} --output scom"));
        assert_eq!(format::assert_scom(&scom.assert_exit(1).stdout)["State"], "WARNING");
    }
}

#[test]
fn the_deadline_names_the_stage_that_hung() {
    run("--behave stage -t 0.2").assert_says("reading a pipe that nobody writes to");
}

#[test]
fn the_deadline_is_rendered_in_the_format_asked_for() {
    let json = run("--behave block -t 0.2 --output json");
    assert_eq!(format::assert_json(&json.assert_exit(2).stdout)["failure"]["class"], "timeout");
    let scom = run("--behave block -t 0.2 --output scom");
    assert_eq!(format::assert_scom(&scom.assert_exit(2).stdout)["FailureClass"], "timeout");
}

#[test]
fn a_flood_is_cut_in_every_format() {
    run("--behave flood -vvv").assert_text(0);
    format::assert_json(&run("--behave flood -vvv --output json").assert_exit(0).stdout);
    format::assert_scom(&run("--behave flood -vvv --output scom").assert_exit(0).stdout);
}

#[test]
fn never_ok_when_the_disk_is_full() {
    if cfg!(windows) && !host::is_wine() {
        untested("Windows has no /dev/full");
        return;
    }
    for arguments in EVERY_FORMAT {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert_unread(check(arguments).stdout(full), arguments);
    }
}

#[test]
fn never_ok_when_the_reader_is_gone() {
    for arguments in EVERY_FORMAT {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        assert_unread(check(arguments).stdout(writer), arguments);
    }
}

#[test]
fn ends_in_time_when_the_reader_is_stuck() {
    for output in ["text", "json", "scom"] {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut filler = writer.try_clone().unwrap();
        // A pipe takes 64 KiB: beside the filler the flood does not fit. One of Windows takes 4 KiB.
        if cfg!(unix) {
            filler.write_all(&[b' '; 60 * 1024]).unwrap();
        }
        let arguments = format!("--behave flood -vvv -t 0.2 --output {output} --exit-ok");
        let mut command = check(&arguments);
        command.stdout(writer).stderr(Stdio::null());
        let started = Instant::now();
        let mut child = start(&mut command);
        let code = wait(&mut child);
        let elapsed = started.elapsed();
        drop((filler, command));
        reader.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(code, Some(3), "{output}");
        assert!(elapsed <= Duration::from_millis(200) + grace(), "{output}: {elapsed:?}");
    }
}

#[test]
fn ends_in_time_when_the_reader_of_a_late_report_is_stuck() {
    if cfg!(windows) {
        untested("a pipe of Windows is full only for somebody who waits");
        return;
    }
    let (_reader, mut writer) = io::pipe().unwrap();
    writer.write_all(&[b' '; 64 * 1024]).unwrap();
    let started = Instant::now();
    let mut child = start(check("--behave stage -t 0.2").stdout(writer).stderr(Stdio::null()));
    assert_eq!(wait(&mut child), Some(3));
    let elapsed = started.elapsed();
    assert!(elapsed <= Duration::from_millis(200) + grace(), "{elapsed:?}");
}

const EVERY_FORMAT: &[&str] = &[
    "--behave well",
    "--behave well --output json",
    "--behave well --output scom",
    "--behave well --exit-ok",
    "--behave well --output scom --exit-ok",
    "--behave panic --exit-ok",
    "--help",
    "--help --exit-ok",
];

#[track_caller]
fn assert_unread(command: &mut Command, arguments: &str) {
    let mut child = start(command.stderr(Stdio::piped()));
    assert_eq!(wait(&mut child), Some(3), "{arguments}");
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "", "{arguments}: something on standard error");
}

#[cfg(unix)]
mod signals {
    use std::fs;
    use std::io::Read;
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::check;
    use super::support::{Outcome, format, skipped, start, wait};

    #[test]
    fn unknown_on_sigterm() {
        signalled("--behave wait", "TERM").assert_text(3).assert_says("SIGTERM");
    }

    #[test]
    fn unknown_on_sigint_even_when_stuck() {
        signalled("--behave block", "INT").assert_text(3).assert_says("SIGINT");
    }

    #[test]
    fn unknown_on_whatever_else_would_end_it_unless_it_was_started_with_that_ignored() {
        if !knows("--ignore-signal=HUP") {
            return skipped("env of coreutils 8.31 or later is not installed");
        }
        let started_with = |option: &str, signals: &str| {
            let mut command = Command::new("env");
            command.arg(option).arg(check("").get_program()).args(["--behave", "block", "-t", "30"]);
            signalled_run(&mut command, signals)
        };
        for name in ["HUP", "QUIT", "USR1", "USR2", "ALRM", "XCPU"] {
            started_with("--default-signal", name).assert_text(3).assert_says(&format!("SIG{name}"));
        }
        // As by nohup.
        started_with("--ignore-signal=HUP", "HUP TERM").assert_text(3).assert_says("SIGTERM");
    }

    #[test]
    fn a_signal_is_rendered_in_the_format_asked_for() {
        format::assert_json(&signalled("--behave block --output json", "TERM").assert_exit(3).stdout);
        format::assert_scom(&signalled("--behave block --output scom", "TERM").assert_exit(3).stdout);
        signalled("--behave block --output openmetrics", "TERM").assert_exit(3).assert_openmetrics("UNKNOWN");
    }

    #[test]
    fn unknown_on_a_signal_that_whoever_started_it_had_blocked() {
        if !knows("--block-signal=TERM") {
            return skipped("env of coreutils 8.31 or later is not installed");
        }
        let mut command = Command::new("env");
        command.args(["--block-signal=TERM", "--block-signal=INT"]).arg(check("").get_program());
        let ran = signalled_run(command.args(["--behave", "block", "-t", "30"]), "TERM");
        ran.assert_text(3).assert_says("SIGTERM");
    }

    /// Whether the `env` of this host knows an option.
    fn knows(option: &str) -> bool {
        Command::new("env").args([option, "true"]).output().is_ok_and(|ran| ran.status.success())
    }

    /// Runs the check until it can take a signal, sends it `signal`, and waits for its end.
    fn signalled(arguments: &str, signal: &str) -> Outcome {
        signalled_run(&mut check(arguments), signal)
    }

    /// The same of any command, with one signal right behind the other.
    fn signalled_run(command: &mut Command, signals: &str) -> Outcome {
        let mut child = start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let started = Instant::now();
        while !takes_signals(child.id()) {
            thread::sleep(Duration::from_millis(2));
            assert!(started.elapsed() < Duration::from_secs(10), "never ready for a signal");
        }
        for signal in signals.split(' ') {
            let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
            assert!(sent.success());
        }
        let code = wait(&mut child);
        let (mut stdout, mut stderr) = (String::new(), String::new());
        child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        Outcome { stdout, stderr, code, elapsed: started.elapsed() }
    }

    /// Whether the check has a thread of its own, from which both are held back for the watchdog, as the kernel tells it.
    fn takes_signals(process: u32) -> bool {
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return false };
        threads.flatten().filter(|thread| thread.file_name() != *process.to_string()).any(|thread| {
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            let held = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).map(str::trim);
            let held = held.and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or_default();
            let both = (1 << 14) | (1 << 1);
            // All are held back while a thread begins.
            held & both == both && held.count_ones() < 32
        })
    }
}
