//! Do the checks of counters read Windows' own? Through a library that stands in for the server's, and Wine's real two.

use std::fs;
use std::time::Duration;

use crate::support::{Outcome, plugin, run_command};
use crate::{WithCounters, stand_ins};

const ROUTER: &str = r"\MSExchangeUMCallRouterAvailability";
const RECEIVED: &str = "Total Inbound Calls Received by the UM Call Router";
const REJECTED: &str = "Total Inbound Calls Rejected by the UM Call Router";
const PERCENT: &str = "% of Inbound Calls Rejected by the UM Call Router Over the Last Hour";
const PROXY: &str = "% of Missed Call Notification Proxy Failed at UM Call Router Over the Last Hour";
const POOL: &str = r"\APP_POOL_WAS(MSExchangeServicesAppPool)\Current Application Pool State";

/// The four counters of the router.
fn router(received: &str, rejected: &str, percent: &str) -> String {
    format!("{ROUTER}\\{RECEIVED} = {received}\n{ROUTER}\\{REJECTED} = {rejected}\n{ROUTER}\\{PERCENT} = {percent}\n")
}

impl WithCounters {
    fn run(&self, arguments: &[&str]) -> Outcome {
        run_command(self.command().args(arguments))
    }

    fn change(&self, lines: &str) {
        fs::write(self.directory.path().join("counters.txt"), lines).unwrap();
    }

    /// A state file that no other test knows.
    fn state_file(&self) -> String {
        self.directory.path().join("history").to_str().unwrap().to_owned()
    }
}

#[test]
fn a_rate_builds_up_from_one_sample_at_a_time() {
    let Some(pdh) = WithCounters::new("check_um_reject_rate", &router("1000", "100", "12.5")) else { return };
    let file = pdh.state_file();
    let run = |lines: &str| {
        pdh.change(lines);
        pdh.run(&["--state-file", &file])
    };
    let first = run(&router("1000", "100", "12.5"));
    first.assert_begins(0, "UM REJECT RATE OK - first sample of ");
    first.assert_says("Exchange's own % counter reads 12.5 %").assert_says("'history'=0s");
    // Two readings within a second are never taken for a restart of the service: nothing went down.
    run(&router("1040", "104", "12.5")).assert_begins(0, "UM REJECT RATE OK - 4 of 40 calls rejected (10 %) by ");
    let third = run(&router("1100", "160", "60.0"));
    third.assert_begins(2, "UM REJECT RATE CRITICAL - ");
    third.assert_says("60 of 100 calls rejected (60 %)").assert_says("'calls'=100;;;0 'rejected_calls'=60;;;0");
}

#[test]
fn the_history_lies_where_windows_keeps_state_unless_told_otherwise() {
    let Some(pdh) = WithCounters::new("check_um_reject_rate", &router("1000", "100", "0")) else { return };
    let state = pdh.directory.path().join("state");
    let run = |lines: &str| {
        pdh.change(lines);
        run_command(pdh.command().env("LOCALAPPDATA", &state).args(["-v"]))
    };
    run(&router("1000", "100", "0")).assert_text(0);
    let second = run(&router("1020", "110", "50.0"));
    second.assert_says("10 of 20 calls rejected (50 %)");
    assert!(second.stdout.contains("history file: ") && second.stdout.contains(r"\state\"), "{second:?}");
}

#[test]
fn totals_beyond_32_bits_are_whole() {
    let Some(pdh) = WithCounters::new("check_um_reject_rate", &router("9007199254740000", "0", "0")) else { return };
    let file = pdh.state_file();
    pdh.run(&["--state-file", &file]).assert_text(0);
    pdh.change(&router("9007199254740100", "26", "26.0"));
    pdh.run(&["--state-file", &file]).assert_begins(1, "UM REJECT RATE WARNING - ");
}

#[test]
fn exchange_own_share_needs_one_sample() {
    let Some(pdh) = WithCounters::new("check_um_reject_rate", &router("1000", "100", "57.5")) else { return };
    let file = pdh.state_file();
    let ran = pdh.run(&["--method", "exchange", "--state-file", &file]);
    ran.assert_text(2).assert_says("57.5 % of the calls rejected by ").assert_says("'rejected'=57.5%;25;50;0;100");
}

#[test]
fn missed_call_proxy_reads_its_counter() {
    let lines = format!("{}{ROUTER}\\{PROXY} = 51.0\n", router("7", "0", "0"));
    let Some(pdh) = WithCounters::new("check_um_missed_call_proxy", &lines) else { return };
    let file = pdh.state_file();
    pdh.run(&["--state-file", &file])
        .assert_text(2)
        .assert_says("51 % of the missed-call notifications not proxied by ");
    // That no call came in for a moment says nothing of an hour.
    pdh.run(&["--state-file", &file]).assert_text(2).assert_says("low volume cannot be told from it");
}

#[test]
fn a_pool_says_its_state() {
    for (state, exit, said) in [
        ("3", 0, "UM APP POOL OK - MSExchangeServicesAppPool is running | 'state'=3;;;1;7"),
        ("6", 1, "UM APP POOL WARNING - MSExchangeServicesAppPool is shutdown pending"),
        ("5", 2, "UM APP POOL CRITICAL - MSExchangeServicesAppPool is disabled"),
    ] {
        let Some(pdh) = WithCounters::new("check_um_app_pool", &format!("{POOL} = {state}\n")) else { return };
        pdh.run(&[]).assert_begins(exit, said);
    }
}

#[test]
fn missing_pool_names_those_that_are_there() {
    let other = POOL.replace("Services", "Sync");
    let Some(pdh) = WithCounters::new("check_um_app_pool", &format!("{POOL} = 3\n{other} = 3\n")) else { return };
    let ran = pdh.run(&["--pool", "MSExchangeServicePool"]);
    ran.assert_begins(2, "UM APP POOL CRITICAL - there is no application pool MSExchangeServicePool");
    assert!(
        ran.stdout
            .contains("(missing)\ncaused by: nearest of 2 counters there: \\APP_POOL_WAS(MSExchangeServicesAppPool)"),
        "{ran:?}"
    );
}

#[test]
fn no_data_when_the_object_or_the_counter_is_not_there() {
    let Some(pdh) = WithCounters::new("check_um_reject_rate", &format!("{ROUTER}\\Total Something = 7\n")) else {
        return;
    };
    let ran = pdh.run(&[]);
    ran.assert_text(3)
        .assert_says("UM REJECT RATE UNKNOWN - no counter \\MSExchangeUMCallRouterAvailability\\Total Inbound");
    assert!(
        ran.stdout.contains("nearest of 1 counters there: \\MSExchangeUMCallRouterAvailability\\Total Some"),
        "{ran:?}"
    );
    pdh.change("\\Other\\Thing = 1\n");
    let ran = pdh.run(&[]);
    ran.assert_text(3).assert_says("no counter \\MSExchangeUMCallRouterAvailability\\Total Inbound Calls");
    assert!(ran.stdout.contains("(no-data)\ncaused by: there is no such object (PDH_CSTATUS_NO_OBJECT)\n"), "{ran:?}");
}

#[test]
fn no_data_when_the_service_publishes_nothing() {
    let Some(pdh) = WithCounters::new("check_um_reject_rate", &router("!C0000BC6", "!C0000BC6", "0")) else { return };
    let ran = pdh.run(&[]);
    ran.assert_text(3);
    ran.assert_says("its data are not valid; does the service run? (PDH_INVALID_DATA), says PdhGetRawCounterValue");
    pdh.change(&format!("collect = !800007D5\n{}", router("!800007D5", "1", "0")));
    pdh.run(&[]).assert_text(3).assert_says("there are no data; does the service run? (PDH_NO_DATA)");
}

#[test]
fn access_denied_names_the_group() {
    let Some(pdh) = WithCounters::new("check_um_app_pool", &format!("collect = !C0000BDB\n{POOL} = 3\n")) else {
        return;
    };
    let ran = pdh.run(&[]);
    ran.assert_text(3).assert_says("access denied (PDH_ACCESS_DENIED); the group Performance Monitor Users of ");
    ran.assert_says("grants it, says PdhCollectQueryData");
}

#[test]
fn another_host_is_asked_by_its_name() {
    let lines = format!("\\\\cas1.example.com{POOL} = 3\n{POOL} = 5\n");
    let Some(pdh) = WithCounters::new("check_um_app_pool", &lines) else { return };
    pdh.run(&["-H", "cas1.example.com"]).assert_text(0);
    pdh.run(&["-H", "localhost"]).assert_text(2);
    let ran = pdh.run(&["-H", "cas2.example.com"]);
    ran.assert_text(3)
        .assert_says("cannot read the performance counters of cas2.example.com: the host cannot be reached");
    ran.assert_says("(PDH_CSTATUS_NO_MACHINE), says PdhAddEnglishCounterW");
    pdh.run(&["-H", r"cas1\Memory"]).assert_text(3).assert_says("--hostname: 'cas1\\Memory' is not a host");
}

#[test]
fn a_counter_that_is_a_rate_is_collected_twice() {
    let lines = format!("{}{ROUTER}\\Rejects/sec = rate 33.5\n", router("10", "1", "0"));
    let Some(pdh) = WithCounters::new("check_um_reject_rate", &lines) else { return };
    let (file, name) = (pdh.state_file(), format!("percent={ROUTER}\\Rejects/sec"));
    let arguments = ["--method", "exchange", "--state-file", &file, "--counter-name", &name];
    let ran = pdh.run(&[&arguments[..], &["-t", "3"]].concat());
    ran.assert_text(1).assert_says("'rejected'=33.5%");
}

#[test]
fn critical_when_the_counters_hang() {
    let Some(pdh) = WithCounters::new("check_um_app_pool", &format!("sleep = 20000\n{POOL} = 3\n")) else { return };
    let ran = pdh.run(&["-t", "0.3"]);
    ran.assert_begins(2, "UM APP POOL CRITICAL - asking the performance counters of ");
    ran.assert_says("did not finish within 0.3 s").assert_within(Duration::from_secs(10));
}

/// The counters that Wine has of its own, and Windows of course.
#[test]
fn real_counters_of_the_system_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("history");
    let run = |name: &str| {
        let name = format!("percent={name}");
        let arguments =
            ["--method", "exchange", "--counter-name", &name, "-w", "~:", "-c", "~:", "--role", "um-service"];
        let mut command = plugin("check_um_reject_rate");
        run_command(command.args(arguments).arg("--state-file").arg(&file).env("WINEDLLOVERRIDES", "pdh=b"))
    };
    let up = run(r"\System\System Up Time");
    up.assert_text(0).assert_says(r"says Exchange's own counter | 'rejected'=");
    let busy = run(r"\Processor(_Total)\% Processor Time");
    busy.assert_text(0).assert_says(r"says Exchange's own counter | 'rejected'=");
    assert!(up.first_line().contains("'rejected'=") && busy.first_line().contains("'rejected'="), "{up:?} {busy:?}");
    let none = run(r"\NoSuchObject\Counter");
    none.assert_text(3).assert_says(r"no counter \NoSuchObject\Counter in the performance counters of ");
    assert!(none.stdout.contains("PDH_CSTATUS_NO_"), "{none:?}");
    let _ = stand_ins();
}
