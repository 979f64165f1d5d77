//! Does a process begin as it must, whatever its scheduler hands it? Linux shows what became of its descriptors.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::example;

#[test]
fn nothing_else_stands_in_the_place_of_a_closed_descriptor() {
    for (closed, which) in [("<&-", &[0][..]), (">&-", &[1]), ("2>&-", &[2]), ("<&- >&- 2>&-", &[0, 1, 2])] {
        let script = format!(r#"exec "$0" --behave wait {closed}"#);
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).arg(example("misbehaving_check")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = shell.spawn().unwrap();
        let shown = PathBuf::from(format!("/proc/{}", child.id()));
        wait_for_the_watchdog(&shown);
        let targets: Vec<_> = which.iter().map(|fd| fs::read_link(shown.join(format!("fd/{fd}")))).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        for target in targets {
            assert_eq!(target.unwrap(), Path::new("/dev/null"), "{closed}");
        }
    }
}

/// Until the process has its second thread: by then everything that could take a descriptor has done so.
fn wait_for_the_watchdog(shown: &Path) {
    let begun = Instant::now();
    while fs::read_dir(shown.join("task")).unwrap().count() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(10), "no watchdog");
        thread::sleep(Duration::from_millis(2));
    }
}
