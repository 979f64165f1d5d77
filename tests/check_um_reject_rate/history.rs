//! What is kept between runs? Histories of one-sample sources: built up, damaged, foreign, shared and killed.

use std::io::Write;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

#[test]
fn an_exporter_builds_up_a_history() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let state = state.to_str().unwrap();
    let scrapes = AtomicU64::new(0);
    let exporter = support::peer::Peer::tcp(move |mut stream| {
        if support::peer::read_request(&mut stream).is_some() {
            let scrape = scrapes.fetch_add(1, Ordering::SeqCst);
            let page = exposition(7_000_000 + 100 * scrape, 500 + 40 * scrape);
            let (start, end) = page.split_at(1_000);
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";
            let chunks = format!("{:x}\r\n{start}\r\n{:X}\r\n{end}\r\n0\r\n\r\n", start.len(), end.len());
            let _ = stream.write_all(format!("{head}\r\n\r\n{chunks}").as_bytes());
        }
    });
    let arguments = ["--counters", &url(&exporter), "--state-file", state];
    run(&arguments).assert_begins(0, "UM REJECT RATE OK - first sample of 127.0.0.1, no history to judge yet; Exchange's own % counter reads 4.2 % | 'history'=0s;;;0");
    let ran = run(&arguments);
    ran.assert_begins(
        1,
        "UM REJECT RATE WARNING - rejected 40 %, more than 25 %; 40 of 100 calls rejected (40 %) by 127.0.0.1 in ",
    );
    assert!(ran.first_line().contains("; only the last "), "{}", ran.stdout);
}

#[test]
fn hours_of_sample_time_build_up_a_window() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let state = state.to_str().unwrap();
    // Three hours, a sample every ten minutes, 20 calls each, the second hour all rejected.
    let mut last = None;
    for step in 0..=18_u64 {
        let rejected = 20 * step.saturating_sub(6).min(6);
        let source = csv(directory.path(), log([(10_800 - 600 * step, 100 + 20 * step, rejected)]));
        let ran = run(&["--counters", &source, "--state-file", state, "--max-age", "4h"]);
        match step {
            0 => ran.assert_begins(0, "UM REJECT RATE OK - first sample of CAS1, no history to judge yet; Exchange's own % counter reads 100 % |"),
            12 => ran.assert_begins(2, "UM REJECT RATE CRITICAL - rejected 100 %, more than 50 %; 120 of 120 calls rejected (100 %) by CAS1 in 1 h |"),
            _ => &ran,
        };
        last = Some(ran);
    }
    last.unwrap().assert_begins(0, "UM REJECT RATE OK - 0 of 120 calls rejected (0 %) by CAS1 in 1 h |");
    // Seven samples reach an hour back, and no more are kept.
    assert_eq!(samples(state), 7);
}

#[test]
fn no_data_when_samples_come_too_seldom_for_the_window() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let arguments =
        |source: &str| run(&["--counters", source, "--state-file", state.to_str().unwrap(), "--max-age", "1d"]);
    arguments(&csv(directory.path(), log([(7_300, 1, 1)]))).assert_begins(0, "UM REJECT RATE OK - first sample");
    for ago in [3_600, 0] {
        let ran = arguments(&csv(directory.path(), log([(ago, 99, 99)])));
        if ago > 0 {
            ran.assert_begins(3, "UM REJECT RATE UNKNOWN - the sample before is older than the window of 1 h: check more often, or give a longer --window");
        }
    }
}

#[test]
fn a_damaged_history_is_replaced_and_that_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    fs::write(&state, "check-um history 1 0123\nseries x\nrubbish \u{7f}").unwrap();
    let source = csv(directory.path(), log([(60, 100, 10)]));
    let ran = run(&["--counters", &source, "--state-file", state.to_str().unwrap()]);
    ran.assert_begins(0, "UM REJECT RATE OK - first sample of CAS1, no history to judge yet; Exchange's own % counter reads 100 %; the damaged history was replaced |");
    assert_eq!(samples(state.to_str().unwrap()), 1);
}

#[test]
fn unreadable_when_the_state_file_is_not_ours_and_its_bytes_stay() {
    let directory = tempfile::tempdir().unwrap();
    let source = csv(directory.path(), log([(60, 100, 10)]));
    let foreign = directory.path().join("foreign.conf");
    fs::write(&foreign, "password=secret\n").unwrap();
    let try_it = |path: &std::path::Path| run(&["--counters", &source, "--state-file", path.to_str().unwrap(), "-vvv"]);

    let ran = try_it(&foreign);
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN - ");
    ran.assert_says("is left as it is: it is not a history of check-um");
    assert!(ran.stdout.contains("(unreadable)"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("secret"));
    #[cfg(unix)]
    {
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&foreign, &link).unwrap();
        let ran = try_it(&link);
        ran.assert_begins(3, "UM REJECT RATE UNKNOWN").assert_says("it is a symbolic link");
        assert!(ran.stdout.contains("(unreadable)"), "{}", ran.stdout);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
    let ran = try_it(directory.path());
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN").assert_says("it is a directory");
    assert!(ran.stdout.contains("(unreadable)"), "{}", ran.stdout);
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "password=secret\n");
    assert!(!foreign.with_extension("conf.new").exists());
}

#[test]
fn no_data_when_the_history_cannot_be_written() {
    let directory = tempfile::tempdir().unwrap();
    let source = csv(directory.path(), log([(60, 100, 10)]));
    let state = directory.path().join("absent/history");
    let ran = run(&["--counters", &source, "--state-file", state.to_str().unwrap()]);
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN - cannot keep the history ");
    assert!(ran.stdout.contains("(no-data)\ncaused by: "), "{}", ran.stdout);
    let nowhere = nowhere();
    run(&["--counters", &source])
        .assert_begins(3, &format!("UM REJECT RATE UNKNOWN - cannot keep the history {}", nowhere.display()));
}

#[test]
#[cfg(unix)]
fn the_default_history_is_private_and_where_the_guidelines_say() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let directory = tempfile::tempdir().unwrap();
    let source = csv(directory.path(), log([(60, 100, 10)]));
    let place = directory.path().join("state");
    run_command(plugin(PLUGIN).env("MP_STATE_PATH", &place).args(["--counters", &source]))
        .assert_begins(0, "UM REJECT RATE OK - first");
    let user = fs::metadata(directory.path()).unwrap().uid().to_string();
    let private = place.join(user).join(PLUGIN);
    assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o700);
    let files: Vec<_> = fs::read_dir(&private).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files.iter().all(|file| fs::metadata(file).unwrap().permissions().mode() & 0o777 == 0o600));
}

#[test]
fn fifty_runs_at_once_lose_no_sample() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let exporter = exporter(&exposition(1_000, 10));
    let mut runs: Vec<_> = (0..50)
        .map(|_| {
            let mut command = plugin(PLUGIN);
            command.args(["--counters", &url(&exporter), "-t", "60", "--state-file", state.to_str().unwrap()]);
            start(command.stdout(Stdio::null()))
        })
        .collect();
    let codes: Vec<_> = runs.iter_mut().map(|run| run.wait().unwrap().code()).collect();
    assert_eq!(codes, [Some(0); 50]);
    assert_eq!(samples(state.to_str().unwrap()), 50);
}

#[test]
fn a_run_that_is_killed_leaves_a_readable_history() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let exporter = exporter(&exposition(1_000, 10));
    let arguments = ["--counters", &url(&exporter), "--state-file", state.to_str().unwrap()];
    run(&arguments).assert_begins(0, "UM REJECT RATE OK");
    for delay in 0..60 {
        let mut child = start(plugin(PLUGIN).args(arguments).stdout(Stdio::null()));
        std::thread::sleep(std::time::Duration::from_micros(delay * 400));
        child.kill().unwrap();
        child.wait().unwrap();
        check_um::door::counters::history::History::decode(&fs::read(&state).unwrap()).unwrap();
    }
    let ran = run(&arguments);
    assert!(ran.code == Some(0) && !ran.stdout.contains("damaged"), "{}", ran.stdout);
}

#[test]
fn unknown_when_somebody_else_holds_the_lock_and_what_needs_no_history_is_judged() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let holder = fs::File::create(directory.path().join("history.lock")).unwrap();
    holder.lock().unwrap();
    let exporter = exporter(&exposition(1_000, 10));
    let arguments = ["--counters", &url(&exporter), "--state-file", state.to_str().unwrap(), "-t", "2"];
    let ran = run(&arguments);
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN - waiting for the lock ");
    assert!(ran.stdout.contains("(local)") && !ran.stdout.contains("windows_exporter"), "{}", ran.stdout);
    // Exchange's own counter, too, and that beside it.
    run(&[&arguments[..], &["--method", "exchange", "-c", "1"]].concat()).assert_begins(2, "UM REJECT RATE CRITICAL");
}

#[test]
fn no_data_when_the_same_totals_are_less_than_a_moment_before() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let scrapes = AtomicU64::new(0);
    let exporter = support::peer::Peer::answering(move |_| {
        let page = exposition(1_000 - 100 * scrapes.fetch_add(1, Ordering::SeqCst), 10);
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len()).into_bytes()
    });
    let asked = || run(&["--counters", &url(&exporter), "--state-file", state.to_str().unwrap()]);
    asked().assert_begins(0, "UM REJECT RATE OK - first sample");
    asked().assert_begins(3, "UM REJECT RATE UNKNOWN - an earlier sample says more than this one");
}

fn samples(state: &str) -> usize {
    fs::read_to_string(state).unwrap().lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count()
}
