//! What of a log that is rotated in the middle of an outage? It stays one, minute by minute.

use std::time::{Duration, SystemTime};

use super::*;

/// Ten calls a minute since long ago, seven of them rejected.
fn rows(minutes: impl Iterator<Item = u64>) -> String {
    let all = log([]);
    let header = all.lines().next().unwrap();
    let rows: String = log(minutes.map(|ago| (ago * 60, 90_000 - 10 * ago, 60_000 - 7 * ago)))
        .lines()
        .skip(1)
        .map(|row| format!("{row}\r\n"))
        .collect();
    format!("{header}\r\n{rows}")
}

/// The states of an outage of which `write` leaves the log of each minute, until the last one is of now.
fn states(source: &str, directory: &Path, write: impl Fn(u64)) -> Vec<String> {
    let state = directory.join("state");
    let mut states = Vec::new();
    for minute in 0..=20 {
        write(minute);
        let ran = run(&["--counters", source, "--max-age", "1h", "--state-file", state.to_str().unwrap()]);
        let line = ran.first_line().split('|').next().unwrap();
        // One that is none names itself and its minute.
        let state = line.split(' ').nth(3).filter(|state| *state == "CRITICAL");
        states.push(state.map_or_else(|| format!("minute {minute}: {line}"), str::to_owned));
    }
    states
}

#[test]
fn critical_in_every_minute_of_an_outage_while_its_log_is_rotated() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("um.csv");
    // At minute 10 the log is empty but for its header; then it has one row, and so on.
    let write = |minute: u64| {
        let newest = 20 - minute;
        let oldest = if minute < 10 { newest + 70 } else { 10 };
        let from = (newest..oldest).rev();
        fs::write(&path, rows(from)).unwrap();
    };
    let states = states(&format!("csv:{}", path.display()), directory.path(), write);
    assert_eq!(states, ["CRITICAL"; 21]);
}

#[test]
fn critical_in_every_minute_of_an_outage_while_files_follow_each_other() {
    let directory = tempfile::tempdir().unwrap();
    for source in ["", "um_*.csv"] {
        let logs = tempfile::tempdir().unwrap();
        let write = |minute: u64| {
            let (newest, number) = (20 - minute, minute / 7);
            let oldest = if number == 0 { newest + 70 } else { 21 - number * 7 };
            fs::write(logs.path().join(format!("um_{number}.csv")), rows((newest..oldest).rev().skip(1))).unwrap();
        };
        let states = states(&format!("csv:{}", logs.path().join(source).display()), directory.path(), write);
        assert_eq!(states, ["CRITICAL"; 21], "{source:?}");
    }
}

#[test]
fn a_rotated_log_is_no_first_sample_and_without_a_history_it_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let header = csv(directory.path(), rows(std::iter::empty()));
    run(&["--counters", &header]).assert_begins(3, "UM REJECT RATE UNKNOWN - cannot keep the history ");
    let state = directory.path().join("state");
    let arguments = ["--counters", &header, "--state-file", state.to_str().unwrap()];
    run(&arguments).assert_begins(3, "UM REJECT RATE UNKNOWN - ").assert_says("holds no row yet, only its header");
    // What was kept is no older than the newest sample may be.
    csv(directory.path(), rows((30..100).rev()));
    run(&[&arguments[..], &["--max-age", "1h"]].concat()).assert_begins(2, "UM REJECT RATE CRITICAL");
    csv(directory.path(), rows(std::iter::empty()));
    run(&[&arguments[..], &["--max-age", "1h"]].concat()).assert_begins(2, "UM REJECT RATE CRITICAL");
    run(&arguments).assert_begins(3, "UM REJECT RATE UNKNOWN - the newest sample is 30 min old, more than 10 min");
}

#[test]
fn of_a_rotated_log_nobody_knows_what_exchange_said_last() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let source = csv(directory.path(), rows((0..70).rev()));
    let arguments = ["--method", "exchange", "--counters", &source, "--state-file", state.to_str().unwrap()];
    run(&arguments).assert_begins(2, "UM REJECT RATE CRITICAL - rejected 100 %");
    csv(directory.path(), rows(std::iter::empty()));
    run(&arguments).assert_begins(3, "UM REJECT RATE UNKNOWN - ").assert_says("holds no row yet, only its header");
}

#[test]
fn the_logs_of_another_collector_in_the_same_directory_are_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let other = "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\CAS1\\Memory\\Available MBytes\"\r\n";
    let write = |name: &str, content: &str, seconds: u64| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        let written = SystemTime::now() - Duration::from_secs(seconds);
        fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
    };
    let source = format!("csv:{}", directory.path().display());
    write("pools.csv", other, 0);
    run(&["--counters", &source])
        .assert_begins(3, "UM REJECT RATE UNKNOWN - ")
        .assert_says("pools.csv lacks counters ");
    // The newest, between the files of the window, and just made.
    write("um_1.csv", &rows((30..70).rev()), 1_800);
    write("um_2.csv", &rows((0..30).rev()), 60);
    for seconds in [0, 900, 7_200] {
        write("pools.csv", other, seconds);
        run(&["--counters", &source])
            .assert_begins(2, "UM REJECT RATE CRITICAL - rejected 70 %")
            .assert_says(" in 1 h");
    }
    write("um_2.csv", &rows((2..30).rev()), 60);
    for begun in [String::new(), rows(std::iter::empty())] {
        write("um_3.csv", &begun, 0);
        run(&["--counters", &source])
            .assert_begins(2, "UM REJECT RATE CRITICAL - rejected 70 %")
            .assert_says("; a newer log holds no row yet");
        run(&["--counters", &source, "--max-age", "60s"])
            .assert_begins(3, "UM REJECT RATE UNKNOWN - the newest sample is ")
            .assert_says("; a newer log holds no row yet");
    }
}

#[test]
fn no_data_when_two_servers_write_into_one_directory_and_none_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let source = format!("csv:{}", directory.path().display());
    let write = |name: &str, host: &str, (newest, oldest): (u64, u64)| {
        let path = directory.path().join(name);
        fs::write(&path, rows((newest..oldest).rev()).replace("CAS1", host)).unwrap();
        let written = SystemTime::now() - Duration::from_secs(newest * 60);
        fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
    };
    let asked = |more: &[&str]| run(&[&["--counters", &source, "--max-age", "1h"], more].concat());
    let several = || {
        let said = "UM REJECT RATE UNKNOWN - ";
        asked(&[])
            .assert_begins(3, said)
            .assert_says(" holds the counters of several hosts: choose with --hostname one of ");
        asked(&["-H", "cas1"]).assert_begins(2, "UM REJECT RATE CRITICAL - ").assert_says(" by CAS1 in ");
    };
    for behind in [[0, 2], [2, 0], [0, 0]] {
        write("1.csv", "CAS1", (behind[0], 70));
        write("2.csv", "CAS2", (behind[1], 70));
        several();
    }
    // Both have just been rotated.
    write("1b.csv", "CAS1", (0, 1));
    write("1.csv", "CAS1", (1, 70));
    write("2.csv", "CAS2", (1, 2));
    several();
    // One of two domains, and one that is called with its domain or without.
    for (name, state) in [("cas1.b.example", 3), ("cas1.a.example", 2), ("CAS1", 2)] {
        write("1b.csv", "cas1.a.example", (0, 70));
        write("1.csv", name, (1, 70));
        write("2.csv", name, (2, 70));
        asked(&["-H", "cas1"]).assert_exit(state);
    }
    // A server that was renamed has one name after the other.
    for file in ["1.csv", "1b.csv"] {
        write(file, "CAS1", (20, 70));
    }
    write("2.csv", "CAS9", (0, 15));
    asked(&[]).assert_begins(2, "UM REJECT RATE CRITICAL - ").assert_says(" by CAS9 in ");
}

#[test]
fn a_newer_log_that_lacks_one_of_the_counters_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let source = format!("csv:{}", directory.path().display());
    let write = |name: &str, content: String, seconds: u64| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        let written = SystemTime::now() - Duration::from_secs(seconds);
        fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
    };
    write("um_1.csv", rows((2..70).rev()), 120);
    write("um_2.csv", rows(0..1).replace("Total Inbound Calls Rejected", "Total Inbound Calls Lost"), 0);
    let judged = |more: &[&str]| run(&[&["--counters", &source], more].concat());
    judged(&[]).assert_begins(2, "UM REJECT RATE CRITICAL - ").assert_says("; a newer log lacks one of the counters");
    judged(&["--max-age", "1m"])
        .assert_begins(3, "UM REJECT RATE UNKNOWN - the newest sample is ")
        .assert_says("; a newer log lacks one of the counters");
}

#[test]
fn no_data_when_an_older_log_cannot_be_read_and_the_newest_has_one_row() {
    let directory = tempfile::tempdir().unwrap();
    let logs = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let old = logs.path().join("um_1.csv");
    fs::write(&old, "garbage\n").unwrap();
    let written = SystemTime::now() - Duration::from_secs(600);
    fs::File::options().write(true).open(&old).unwrap().set_modified(written).unwrap();
    let source = format!("csv:{}", logs.path().display());
    let judged = |minutes: u64| {
        fs::write(logs.path().join("um_2.csv"), rows((0..minutes).rev())).unwrap();
        run(&["--counters", &source, "--state-file", state.to_str().unwrap()])
    };
    judged(1).assert_begins(3, "UM REJECT RATE UNKNOWN - first sample of CAS1; an older log was not read");
    judged(20).assert_begins(2, "UM REJECT RATE CRITICAL").assert_says("; an older log was not read");
}

#[test]
fn a_state_file_that_is_not_ours_is_said_of_a_log_too() {
    let directory = tempfile::tempdir().unwrap();
    let foreign = directory.path().join("passwd");
    fs::write(&foreign, "root:x:0:0\n").unwrap();
    let source = csv(directory.path(), hour(10));
    let ran = run(&["--counters", &source, "--state-file", foreign.to_str().unwrap()]);
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN - ").assert_says("is left as it is: it is not a history of check-um");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    // Where it cannot be kept, the log speaks for itself.
    run(&["--counters", &source, "-v"]).assert_begins(0, "UM REJECT RATE OK - 60 of 600").assert_text(0);
}

#[test]
fn no_data_while_the_log_of_before_the_clock_was_set_back_ends_ahead_of_it() {
    let logs = tempfile::tempdir().unwrap();
    let source = format!("csv:{}", logs.path().display());
    // Its last row, and the time of the file, lie so many seconds ahead.
    let write = |name: &str, content: &str, ahead: u64| {
        let end = SystemTime::now() + Duration::from_secs(ahead);
        let path = logs.path().join(name);
        fs::write(&path, ending_at(content, end)).unwrap();
        fs::File::options().write(true).open(path).unwrap().set_modified(end).unwrap();
    };
    let quiet = log((0..60).rev().map(|ago| (ago * 60, 90_000 - 10 * ago, 0)));
    let outage = rows((0..3).rev());
    for ahead in [90, 240, 290] {
        write("1.csv", &quiet, ahead);
        write("2.csv", &outage, 0);
        run(&["--counters", &source])
            .assert_begins(3, "UM REJECT RATE UNKNOWN - the newest log of ")
            .assert_says(" ends ahead of the clock, and another log within its time: expected ");
    }
    // Clocks that are a little apart are no such thing, nor is a share whose clock is ahead, with all of its logs.
    for (first, second) in [(30, 0), (200, 180)] {
        write("1.csv", &quiet, first);
        write("2.csv", &outage, second);
        run(&["--counters", &source]).assert_begins(0, "UM REJECT RATE OK - ");
    }
}

#[test]
fn a_file_that_is_no_log_is_passed_over_and_said() {
    let logs = tempfile::tempdir().unwrap();
    let source = format!("csv:{}", logs.path().display());
    let write = |name: &str, content: &str, seconds: u64| {
        let path = logs.path().join(name);
        fs::write(&path, content).unwrap();
        let written = SystemTime::now() - Duration::from_secs(seconds);
        fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
    };
    write("um_list.csv", "Name,Extension\r\nAlice,100\r\n", 0);
    run(&["--counters", &source])
        .assert_begins(3, "UM REJECT RATE UNKNOWN - ")
        .assert_says("um_list.csv, line 1: expected a header that begins with (PDH-CSV 4.0)");
    write("um_1.csv", &rows((20..70).rev()), 1_200);
    write("um_2.csv", &rows((0..20).rev()), 1);
    for (age, says) in [(0, "; a newer file is no performance log"), (7_200, " by CAS1 in 1 h")] {
        write("um_list.csv", "Name,Extension\r\nAlice,100\r\n", age);
        run(&["--counters", &source]).assert_begins(2, "UM REJECT RATE CRITICAL - rejected 70 %").assert_says(says);
    }
}
