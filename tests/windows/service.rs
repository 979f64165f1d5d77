//! Does check_um_service say what the service manager and the registry hold? Real services, real keys.

use std::fs;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::thread::sleep;
use std::time::Duration;

use crate::stand_ins;
use crate::support::{Outcome, host, plugin, run_command};

fn run(arguments: &[&str]) -> Outcome {
    let _awake = MANAGER.read().unwrap_or_else(PoisonError::into_inner);
    run_command(plugin("check_um_service").args(arguments))
}

/// The service manager: read while it is asked, written while it is stopped.
static MANAGER: RwLock<()> = RwLock::new(());

/// Of a service whose component is not the question.
fn service(name: &str, more: &[&str]) -> Outcome {
    run(&[&["--service", name, "--component", "none"], more].concat())
}

#[test]
fn ok_when_running() {
    let Some(_) = stand_ins() else { return };
    let ran = service("MSExchangeUMCR", &["-v"]);
    ran.assert_begins(0, "UM SERVICE OK - MSExchangeUMCR is running (automatic");
    ran.assert_says(", up ").assert_says(" | 'running'=1;;;0;1 'uptime'=");
    assert!(ran.first_line().contains("'uptime'=") && !ran.first_line().contains("'uptime'=0s"), "{ran:?}");
    assert!(ran.stdout.contains(" running, process ") && ran.stdout.contains(", since 20"), "{ran:?}");
}

#[test]
fn an_unknown_delayed_start_is_said_and_no_failure() {
    let Some(_) = stand_ins() else { return };
    let ran = service("MSExchangeUMCR", &["-v"]);
    let unknown = ran.stdout.contains("whether its start is delayed is unknown (QueryServiceConfig2W failed: ");
    // Wine cannot say it; Windows can.
    assert_eq!(unknown, std::env::var_os("WINEPREFIX").is_some(), "{ran:?}");
    ran.assert_text(0);
}

#[test]
fn warning_when_disabled_and_that_alone() {
    let Some(_) = stand_ins() else { return };
    let ran = service("MSExchangeUM", &[]);
    ran.assert_begins(1, "UM SERVICE WARNING - MSExchangeUM is disabled and stopped: exit code 1077, ");
    assert!(ran.stdout.contains("(disabled)\nadvice: Where UM is used: Set-Service"), "{ran:?}");
    ran.assert_says("| 'running'=0;;;0;1 'uptime'=0s;;;0");
    service("MSExchangeUM", &["--state", "disabled=ok"]).assert_begins(0, "UM SERVICE OK - MSExchangeUM is disabled");
    service("MSExchangeUM", &["--state", "stopped=ok"]).assert_text(1);
}

#[test]
fn critical_when_stopped() {
    let Some(_) = stand_ins() else { return };
    let ran = service("MSExchangePOP3", &[]);
    ran.assert_begins(2, "UM SERVICE CRITICAL - MSExchangePOP3 is stopped (manual): exit code 1077, ");
    assert!(ran.stdout.contains("(stopped)\nadvice: Start it: Start-Service"), "{ran:?}");
}

#[test]
fn critical_when_it_ended_by_itself_and_how_in_words() {
    let Some(_) = stand_ins() else { return };
    let ran = service("MSExchangeIMAP4", &[]);
    ran.assert_begins(2, "UM SERVICE CRITICAL - MSExchangeIMAP4 is stopped (automatic");
    let (_, words) = ran.first_line().split_once("): exit code 1067, ").unwrap();
    assert!(words.starts_with(|c: char| c.is_alphabetic()) && !words.contains("os error"), "{words}");
}

#[test]
fn critical_when_missing_and_the_call_is_named() {
    let ran = service("NoSuchService", &[]);
    ran.assert_begins(2, "UM SERVICE CRITICAL - there is no service NoSuchService on this host | 'running'=0;;;0;1 ");
    assert!(ran.stdout.contains("(missing)\ncaused by: OpenServiceW: "), "{ran:?}");
}

#[test]
fn several_services_have_metrics_of_their_own_and_the_worst_leads() {
    let Some(_) = stand_ins() else { return };
    let ran = service("MSExchangeUMCR", &["--service", "MSExchangeUM", "--service", "msexchangeUM"]);
    ran.assert_begins(1, "UM SERVICE WARNING - MSExchangeUM is disabled and stopped");
    ran.assert_says("MSExchangeUMCR is running")
        .assert_says("'running_msexchangeumcr'=1")
        .assert_says("'running_msexchangeum'=0");
    service("MSExchangeUM", &["--service", "MSExchangeUMCR", "--output", "json"]).assert_json("WARNING");
}

#[test]
fn critical_when_the_service_manager_hangs() {
    let Some(_) = stand_ins() else { return };
    let Some(stopped) = Stopped::service_manager() else { return };
    let ran = run_command(plugin("check_um_service").args(["-t", "0.3"]));
    drop(stopped);
    ran.assert_begins(2, "UM SERVICE CRITICAL - asking the service manager of this host did not finish within 0.3 s");
    ran.assert_within(Duration::from_secs(4));
}

#[test]
fn component_that_nobody_ever_asked_for_is_active() {
    let _keys = Keys::new();
    let ran = run(&["--service", "MSExchangeUMCR", "-v"]);
    assert!(
        ran.stdout.contains("component: UMCallRouter: nothing was ever requested of it, so it is active"),
        "{ran:?}"
    );
}

#[test]
fn warning_when_in_maintenance_and_who_wanted_it_since_when() {
    let Some(_) = stand_ins() else { return };
    let keys = Keys::new();
    keys.add("UMCallRouter", "Maintenance", ("REG_SZ", "1:Inactive:635084052000000000"));
    keys.add("UMCallRouter", "HealthApi", ("REG_SZ", "1:Active:635084052000000000"));
    let ran = run(&[]);
    ran.assert_begins(
        1,
        "UM SERVICE WARNING - UMCallRouter is inactive, requested by Maintenance since 2013-07-02T23:40:00Z; MSExchangeUMCR is running",
    );
    assert!(ran.stdout.contains("(maintenance)\nadvice: Get-ServerComponentState"), "{ran:?}");
    run(&["--component", "none"]).assert_text(0);
    run(&["--component", "HubTransport"]).assert_text(0);
    run(&["--state", "maintenance=critical"]).assert_text(2);
    keys.add("UMCallRouter", "Maintenance", ("REG_SZ", "1:Active:635084053000000000"));
    run(&[]).assert_text(0);
}

#[test]
fn warning_when_the_whole_server_is_in_maintenance() {
    let Some(_) = stand_ins() else { return };
    let keys = Keys::new();
    keys.add("ServerWideOffline", "Maintenance", ("REG_SZ", "1:Inactive:635084052000000000"));
    run(&[])
        .assert_begins(1, "UM SERVICE WARNING - the whole server: ServerWideOffline is inactive, requested by Maint");
    run(&["--component", "Monitoring"]).assert_text(0);
}

#[test]
fn unknown_when_a_value_is_not_what_exchange_writes() {
    let Some(_) = stand_ins() else { return };
    let keys = Keys::new();
    keys.add("UMCallRouter", "Strange", ("REG_DWORD", "7"));
    keys.add("UMCallRouter", "Long", ("REG_SZ", &format!("1:{}", "x".repeat(3_000))));
    let ran = run(&[]);
    ran.assert_begins(3, "UM SERVICE UNKNOWN - cannot read the state of component UMCallRouter: value ");
    ran.assert_says("Strange of UMCallRouter: expected 1:STATE:TICKS")
        .assert_says("value Long of UMCallRouter: expected");
}

#[test]
fn a_requester_with_an_evil_name_breaks_no_line() {
    let Some(_) = stand_ins() else { return };
    let keys = Keys::new();
    keys.add("UMCallRouter", "a|b;'running'=7", ("REG_SZ", "1:Inactive:0"));
    run(&[]).assert_begins(1, "UM SERVICE WARNING - UMCallRouter is inactive, requested by a");
    run(&["--output", "json"]).assert_json("WARNING");
    run(&["--output", "scom"]).assert_scom("WARNING");
}

/// Wine's service manager, of this prefix, stopped without ending it; it goes on when dropped.
struct Stopped(#[allow(dead_code, reason = "held, not looked at")] RwLockWriteGuard<'static, ()>);

impl Stopped {
    /// `None`, and a note, on Windows, where nobody may do that.
    fn service_manager() -> Option<Self> {
        if !host::is_wine() {
            crate::support::untested("nobody may stop the service manager of a real Windows");
            return None;
        }
        let stopped = Self(MANAGER.write().unwrap_or_else(PoisonError::into_inner));
        Self::signal("STOP");
        Some(stopped)
    }

    /// Sends a signal of the system that Wine runs on; what such a process returns Wine does not say.
    fn signal(name: &str) {
        let script = r#"
            exec 2>/dev/null
            for process in /proc/[0-9]*; do
                tr '\0' '\n' <"$process/environ" | grep -qxF "WINEPREFIX=$WINEPREFIX" || continue
                tr '\0' ' ' <"$process/cmdline" | grep -q 'services\.exe *$' || continue
                kill -s "$0" "${process#/proc/}" && touch "$WINEPREFIX/drive_c/windows/temp/sent-$0"
            done"#;
        let sent = format!(r"C:\windows\temp\sent-{name}");
        let _ = fs::remove_file(&sent);
        let _ = Command::new(r"Z:\bin\sh").args(["-c", script, name]).status();
        let sent = (0..200).any(|_| {
            sleep(Duration::from_millis(50));
            fs::exists(&sent).unwrap()
        });
        assert!(sent, "no services.exe to send SIG{name} to");
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        Self::signal("CONT");
    }
}

/// The component states in the registry, of one test at a time, gone when dropped.
struct Keys(#[allow(dead_code, reason = "held, not looked at")] MutexGuard<'static, ()>);

impl Keys {
    const ROOT: &'static str = r"HKLM\SOFTWARE\Microsoft\ExchangeServer\v15\ServerComponentStates";

    fn new() -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let keys = Self(ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner));
        Self::remove();
        keys
    }

    fn add(&self, component: &str, requester: &str, (kind, value): (&str, &str)) {
        let key = format!(r"{}\{component}", Self::ROOT);
        let reg = Command::new("reg").args(["add", &key, "/f", "/v", requester, "/t", kind, "/d", value]).output();
        assert!(reg.unwrap().status.success(), "cannot add {key}");
    }

    fn remove() {
        let _ = Command::new("reg").args(["delete", Self::ROOT, "/f"]).output().unwrap();
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        Self::remove();
    }
}
