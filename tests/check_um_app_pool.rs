//! Does check_um_app_pool say what the pool's counter says? The real binary over recorded sources.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use support::counters::{as_of_now, exporter, exposition, recorded, stamp, url};
use support::{Outcome, plugin, replaced, run_command, run_fed};

const PLUGIN: &str = "check_um_app_pool";

fn run(arguments: &[&str]) -> Outcome {
    run_command(plugin(PLUGIN).args(arguments))
}

fn fed(arguments: &[&str], input: &[u8]) -> Outcome {
    run_fed(plugin(PLUGIN).args(arguments), input)
}

/// A recorded log as typeperf writes it now, whose zone the operator says.
fn judged(name: &str, more: &[&str]) -> Outcome {
    judged_text(&live(name), more)
}

fn judged_text(text: &str, more: &[&str]) -> Outcome {
    fed(&[&["--counters", "csv:-", "--time-zone", "UTC"], more].concat(), text.as_bytes())
}

fn live(name: &str) -> String {
    as_of_now(&std::fs::read_to_string(recorded(name)).unwrap())
}

#[test]
fn ok_when_running() {
    judged("typeperf-pool-running.csv", &[])
        .assert_begins(0, "UM APP POOL OK - MSExchangeServicesAppPool is running | 'state'=3;;;1;7");
}

#[test]
fn warning_when_on_its_way() {
    let ran = judged("typeperf-pool-shutdown-pending.csv", &[]);
    ran.assert_begins(1, "UM APP POOL WARNING - MSExchangeServicesAppPool is shutdown pending | 'state'=6;;;1;7");
    assert!(ran.stdout.contains("advice: The pool is on its way"), "{}", ran.stdout);
}

#[test]
fn critical_when_disabled() {
    let ran = judged("typeperf-pool-disabled.csv", &[]);
    ran.assert_begins(2, "UM APP POOL CRITICAL - MSExchangeServicesAppPool is disabled | 'state'=5;;;1;7");
    assert!(ran.stdout.contains("(stopped)") && ran.stdout.contains("appcmd start apppool"), "{}", ran.stdout);
    judged("typeperf-pool-disabled.csv", &["--state", "stopped=warning"]).assert_begins(1, "UM APP POOL WARNING");
}

#[test]
fn critical_when_missing_among_others() {
    let ran = judged("typeperf-pool-running.csv", &["--pool", "MSExchangeServicesPool"]);
    ran.assert_begins(2, "UM APP POOL CRITICAL - there is no application pool MSExchangeServicesPool");
    assert!(
        ran.stdout
            .contains("(missing)\ncaused by: nearest of 4 counters there: \\APP_POOL_WAS(MSExchangeServicesAppPool)"),
        "{}",
        ran.stdout
    );
    let exporter = exporter(&exposition(0, 0));
    run(&["--counters", &url(&exporter), "--pool", "NoPool"])
        .assert_begins(2, "UM APP POOL CRITICAL - there is no application pool NoPool");
}

#[test]
fn no_data_when_there_are_no_pools_at_all() {
    judged("typeperf-60-percent.csv", &[]).assert_begins(3, "UM APP POOL UNKNOWN - no counter \\APP_POOL_WAS(MSExchangeServicesAppPool)\\Current Application Pool State in standard input");
}

#[test]
fn an_exporter_says_it_in_seven_series() {
    let page = exposition(0, 0);
    let exporter = |page: &str| exporter(page);
    let running = exporter(&page);
    run(&["--counters", &url(&running)])
        .assert_begins(0, "UM APP POOL OK - MSExchangeServicesAppPool is running | 'state'=3;;;1;7");
    run(&["--counters", &url(&running), "--pool", "MSExchangeSyncAppPool"])
        .assert_begins(2, "UM APP POOL CRITICAL - MSExchangeSyncAppPool is disabled");
    let none = exporter(&page.replace("\"Running\"} 1", "\"Running\"} 0"));
    run(&["--counters", &url(&none)]).assert_begins(3, "UM APP POOL UNKNOWN - http://127.0.0.1:");
    let own = exporter(&(page + "my_pool_state 7\n"));
    run(&["--counters", &url(&own), "--counter-name", "state=my_pool_state"])
        .assert_begins(2, "UM APP POOL CRITICAL - MSExchangeServicesAppPool is delete pending");
}

#[test]
fn no_data_when_the_state_is_no_state() {
    let recorded = live("typeperf-pool-running.csv");
    let odd = recorded.replace("3.000000", "12");
    judged_text(&odd, &[]).assert_begins(
        3,
        "UM APP POOL UNKNOWN - the state of MSExchangeServicesAppPool is 12: expected a number from 1 to 7 |",
    );
    let blank = recorded.replace("3.000000", " ");
    judged_text(&blank, &[]).assert_begins(3, "UM APP POOL UNKNOWN - no value of ");
}

#[test]
fn no_data_when_the_newest_rows_say_no_state() {
    let recorded = live("typeperf-pool-running.csv");
    let rows: Vec<_> = recorded.lines().filter(|line| line.contains("3.000000")).collect();
    let last = rows.last().unwrap();
    let gone = recorded.replace(last, &format!("{last}\r\n{}", last.replace("3.000000", " ").replace(".", ".9")));
    assert!(gone.len() > recorded.len());
    let ran = judged_text(&gone, &[]);
    ran.assert_begins(
        3,
        "UM APP POOL UNKNOWN - the newest row has no state of MSExchangeServicesAppPool: does the pool",
    );
}

#[test]
fn a_log_without_a_zone_that_stands_still_is_not_fresh_again_in_each_hour() {
    let (_directory, source) = logs(&[("CAS1", "MSExchangeServicesAppPool", "3")]);
    let path = std::path::Path::new(source.strip_prefix("csv:").unwrap()).join("p_0.csv");
    // It ended 130 minutes ago.
    let text = std::fs::read_to_string(&path).unwrap();
    let text = replaced(&replaced(&text, &stamp(60), &stamp(7_800)), " (UTC)(0)", " (RTZ 2 (");
    std::fs::write(&path, text).unwrap();
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    // The file is fetched anew, so many minutes after its last row.
    let fetched = |minutes: u64, more: &[&str]| {
        let written = std::time::SystemTime::now() - std::time::Duration::from_secs((130 - minutes) * 60);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
        run(&[&["--counters", &source, "--max-age", "10d"], more].concat())
    };
    let kept = ["--state-file", state.to_str().unwrap()];
    for minutes in [1, 5] {
        fetched(minutes, &kept)
            .assert_begins(0, "UM APP POOL OK - MSExchangeServicesAppPool is running; the log says no zone");
    }
    for minutes in [61, 65, 121] {
        let ran = fetched(minutes, &kept);
        ran.assert_begins(3, "UM APP POOL UNKNOWN - the newest row is the same as when another zone made it fresh");
        assert!(ran.stdout.contains("(stale)"), "{}", ran.stdout);
    }
    fetched(1, &["--time-zone", "UTC"]).assert_begins(0, "UM APP POOL OK - MSExchangeServicesAppPool is running |");
    // What cannot be remembered is not taken for fresh.
    let nowhere = home.path().join("none").join("state");
    fetched(1, &["--state-file", nowhere.to_str().unwrap()])
        .assert_begins(3, "UM APP POOL UNKNOWN - cannot keep the history ");
    std::fs::write(&state, "root:x:0:0\n").unwrap();
    let ran = fetched(1, &kept);
    ran.assert_begins(3, "UM APP POOL UNKNOWN - ").assert_says("is left as it is: it is not a history of check-um");
    assert!(ran.stdout.contains("(unreadable)"), "{}", ran.stdout);
}

#[test]
fn a_stream_of_any_age_is_judged_by_its_rows() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    let kept = ["--counters", "csv:-", "--state-file", state.to_str().unwrap()];
    let old = std::fs::read_to_string(recorded("typeperf-pool-running.csv")).unwrap().replace("/2026 ", "/2020 ");
    for zone in ["", " (RTZ 2 (", " (UTC)(0)"] {
        let of_zone = |text: &str| replaced(text, "\"(PDH-CSV 4.0)\"", &format!("\"(PDH-CSV 4.0){zone}\""));
        let ran = fed(&kept, of_zone(&old).as_bytes());
        ran.assert_begins(3, "UM APP POOL UNKNOWN - the newest sample is ").assert_says(" old, more than 10 min");
        assert!(ran.stdout.contains("(stale)"), "{}", ran.stdout);
        let guess =
            if zone.contains("UTC") { " | " } else { "; the log says no zone (--time-zone), so that its age is a" };
        let running = format!("UM APP POOL OK - MSExchangeServicesAppPool is running{guess}");
        fed(&kept, of_zone(&live("typeperf-pool-running.csv")).as_bytes()).assert_begins(0, &running);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_that_stands_still_is_not_fresh_again_by_another_zone() {
    let directory = tempfile::tempdir().unwrap();
    let [file, pipe, state] = ["file.csv", "pipe.csv", "state"].map(|name| directory.path().join(name));
    if !std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        return support::skipped("mkfifo is not installed");
    }
    // Its only row is of 130 minutes ago in UTC, or of 10 minutes ago where the clock is two hours behind.
    let (_logs, source) = logs(&[("CAS1", "MSExchangeServicesAppPool", "3")]);
    let text = std::fs::read_to_string(format!("{}/p_0.csv", &source["csv:".len()..])).unwrap();
    let text = replaced(&replaced(&text, &stamp(60), &stamp(7_800)), " (UTC)(0)", " (RTZ 2 (");
    std::fs::write(&file, &text).unwrap();
    let written = std::time::SystemTime::now() - std::time::Duration::from_secs(7_790);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(written).unwrap();
    let judged = |path: &std::path::Path, max_age: &str| {
        let source = format!("csv:{}", path.display());
        run(&["--counters", &source, "--max-age", max_age, "--state-file", state.to_str().unwrap()])
    };
    judged(&file, "1d").assert_begins(0, "UM APP POOL OK - MSExchangeServicesAppPool is running; the log says no zone");
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, text)
    });
    judged(&pipe, "20m")
        .assert_begins(3, "UM APP POOL UNKNOWN - the newest row is the same as when another zone made it fresh");
    writer.join().unwrap().unwrap();
}

/// A directory with logs of pools of CAS1, or of another host, each with what its only row says of which pool, the newest last.
fn logs(files: &[(&str, &str, &str)]) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    for (index, (host, pool, state)) in files.iter().enumerate() {
        let path = directory.path().join(format!("p_{index}.csv"));
        let ago = 60 * (files.len() - index) as u64;
        let text = format!(
            "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\{host}\\APP_POOL_WAS({pool})\\Current Application Pool State\"\r\n\"{}\",\"{state}\"\r\n",
            stamp(ago)
        );
        std::fs::write(&path, text).unwrap();
        let written = std::time::SystemTime::now() - std::time::Duration::from_secs(ago);
        std::fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
    }
    let source = format!("csv:{}", directory.path().display());
    (directory, source)
}

#[test]
fn critical_when_the_pool_is_gone_from_the_newest_log() {
    let (ours, other) = (("CAS1", "MSExchangeServicesAppPool", "3"), ("CAS1", "DefaultAppPool", "3"));
    let (_directory, source) = logs(&[ours, other]);
    run(&["--counters", &source])
        .assert_begins(2, "UM APP POOL CRITICAL - there is no application pool MSExchangeServicesAppPool");
    run(&["--counters", &source, "-H", "cas1"]).assert_begins(2, "UM APP POOL CRITICAL - there is no application pool");
    let (_directory, source) = logs(&[other, ours]);
    run(&["--counters", &source]).assert_begins(0, "UM APP POOL OK - MSExchangeServicesAppPool is running");
    // What another host lacks is no matter.
    let (_directory, source) = logs(&[ours, ("CAS2", "DefaultAppPool", "3")]);
    run(&["--counters", &source, "-H", "cas1"]).assert_begins(0, "UM APP POOL OK");
    run(&["--counters", &source, "-H", "cas3"])
        .assert_begins(3, "UM APP POOL UNKNOWN - no counters of cas3 in ")
        .assert_says("expected one of CAS2");
}

#[test]
fn a_pool_that_another_collector_still_writes_is_not_missing() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, pool: &str, ago: &[u64]| {
        let path = directory.path().join(name);
        let counter = format!("\\\\CAS1\\APP_POOL_WAS({pool})\\Current Application Pool State");
        let rows: String = ago.iter().map(|ago| format!("\"{}\",\"3\"\r\n", stamp(*ago))).collect();
        std::fs::write(&path, format!("\"(PDH-CSV 4.0) (UTC)(0)\",\"{counter}\"\r\n{rows}")).unwrap();
        let written = std::time::SystemTime::now() - std::time::Duration::from_secs(*ago.last().unwrap());
        std::fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
    };
    let source = format!("csv:{}", directory.path().display());
    write("a.csv", "DefaultAppPool", &[120, 60, 0]);
    write("b.csv", "MSExchangeServicesAppPool", &[150, 90, 30]);
    run(&["--counters", &source]).assert_begins(0, "UM APP POOL OK - MSExchangeServicesAppPool is running |");
    // It ended with the collector: what was begun since has no such pool.
    write("b.csv", "MSExchangeServicesAppPool", &[270, 210, 150]);
    run(&["--counters", &source])
        .assert_begins(2, "UM APP POOL CRITICAL - there is no application pool MSExchangeServicesAppPool");
}

#[test]
fn what_is_next_to_nothing_is_zero() {
    let metric = "windows_performancecounter_app_pool_was_current_application_pool_state";
    for tiny in ["5e-324", "2.2250738585072014e-308", "1e-20"] {
        let said =
            "UM APP POOL UNKNOWN - the state of MSExchangeServicesAppPool is 0: expected a number from 1 to 7 | ";
        run(&["--counters", &url(&exporter(&format!("{metric} {tiny}\n")))]).assert_begins(3, said);
    }
}

#[test]
fn critical_when_the_only_pool_is_another_one() {
    let metric = "windows_performancecounter_app_pool_was_current_application_pool_state";
    for labels in ["app=\"DefaultAppPool\"", "pool=\"A\"", "instance=\"cas1:9182\",app=\"DefaultAppPool\""] {
        run(&["--counters", &url(&exporter(&format!("{metric}{{{labels}}} 3\n")))])
            .assert_begins(2, "UM APP POOL CRITICAL - there is no application pool MSExchangeServicesAppPool");
    }
}

#[test]
fn pools_that_are_performance_counters_of_an_exporter_are_no_hosts() {
    let metric = "windows_performancecounter_app_pool_was_current_application_pool_state";
    let pools = |state: u8| {
        let line = |pool: &str, state: u8| format!("{metric}{{instance=\"{pool}\"}} {state}\n");
        exporter(&(line("DefaultAppPool", 3) + &line("MSExchangeServicesAppPool", state)))
    };
    run(&["--counters", &url(&pools(3))]).assert_begins(0, "UM APP POOL OK - MSExchangeServicesAppPool is running");
    run(&["--counters", &url(&pools(5))])
        .assert_begins(2, "UM APP POOL CRITICAL - MSExchangeServicesAppPool is disabled");
    run(&["--counters", &url(&pools(3)), "-H", "cas1"]).assert_begins(0, "UM APP POOL OK");
    run(&["--counters", &url(&pools(3)), "--pool", "Other"])
        .assert_begins(2, "UM APP POOL CRITICAL - there is no application pool Other");
}

#[test]
fn unknown_when_the_collector_of_pools_failed() {
    let failed = exposition(0, 0).replace("success{collector=\"iis\"} 1", "success{collector=\"iis\"} 0");
    run(&["--counters", &url(&exporter(&failed))])
        .assert_begins(3, "UM APP POOL UNKNOWN - the collector iis of http://127.0.0.1:");
}
