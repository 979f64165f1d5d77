//! Does check_um_service say plainly where it cannot work, and refuse what is no service?

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![cfg(not(windows))]

mod support;

use support::{Outcome, plugin, run_command};

fn run(arguments: &[&str]) -> Outcome {
    run_command(plugin("check_um_service").args(arguments))
}

#[test]
fn unknown_elsewhere_and_says_who_can_run_it() {
    for arguments in [&[][..], &["-H", "cas1.example.com"], &["--service", "MSExchangeUM", "--component", "none"]] {
        let ran = run(arguments);
        ran.assert_text(3);
        ran.assert_says(
            "UM SERVICE UNKNOWN - only Windows has a service manager: run this check on the Exchange server",
        );
        ran.assert_says("NSClient++, SNClient, the Icinga or Zabbix agent, or Operations Manager");
    }
}

#[test]
fn the_same_in_every_format() {
    run(&["--output", "json"]).assert_exit(3).assert_json("UNKNOWN");
    run(&["--output", "scom", "--exit-ok"]).assert_exit(0).assert_scom("UNKNOWN");
}

#[test]
fn unknown_when_a_name_is_none() {
    for (arguments, said) in [
        (["--service", ""], "--service: '' is not a service: expected a short name such as MSExchangeUMCR"),
        (["--service", "a/b"], "--service: 'a/b' is not a service"),
        (["--service", r"\\cas1\x"], "is not a service"),
        (["--component", ""], "--component: '' is not a component"),
        (
            ["--component", r"..\Services"],
            "is not a component: expected a name as in Get-ServerComponentState, or none",
        ),
        (["-H", "a b"], "is not a host"),
    ] {
        let ran = run(&arguments);
        ran.assert_text(3);
        ran.assert_says(said);
    }
}

#[test]
fn unknown_when_two_services_have_one_label() {
    run(&["--service", "a.b", "--service", "A.B"]).assert_says("only Windows has a service manager");
    run(&["--service", "a.b", "--service", "a_b"])
        .assert_says("--service: 'a_b' and another one would have the same label: expected one of them");
}
