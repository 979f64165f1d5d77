//! Does check_um_service say plainly where it cannot work, and refuse what is no service?

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![cfg(not(windows))]

mod support;

use support::counters::{exporter, exposition, http};
use support::peer::Peer;
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
        ran.assert_says("expected --source prometheus:URL");
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

/// The recorded page, with the service in this state and start mode.
fn page(state: &str, start_mode: &str) -> Peer {
    let page = exposition(0, 0);
    let set = |page: String, label: &str, from: &str, to: &str| {
        let series = |value: &str| format!("{{name=\"MSExchangeUMCR\",{label}=\"{value}\"}}");
        let off = page.replace(&format!("{} 1", series(from)), &format!("{} 0", series(from)));
        off.replace(&format!("{} 0", series(to)), &format!("{} 1", series(to)))
    };
    exporter(&set(set(page, "state", "running", state), "start_mode", "auto", start_mode))
}

fn asked(exporter: &Peer, more: &[&str]) -> Outcome {
    run(&[&["--source", &format!("prometheus:http://{}/metrics", exporter.address)], more].concat())
}

#[test]
fn ok_when_an_exporter_says_that_it_runs() {
    let ran = asked(&page("running", "auto"), &["-v"]);
    ran.assert_begins(0, "UM SERVICE OK - MSExchangeUMCR is running (automatic, up ");
    ran.assert_says("| 'running'=1;;;0;1 'uptime'=");
    assert!(
        ran.stdout
            .contains("service: Microsoft Exchange Unified Messaging Call Router: automatic, running, process 6072, ")
    );
    asked(&page("running", "auto"), &["--output", "json", "--component", "none"]).assert_json("OK");
}

#[test]
fn warning_when_an_exporter_says_that_it_is_disabled_or_on_its_way() {
    asked(&page("stopped", "disabled"), &[])
        .assert_begins(1, "UM SERVICE WARNING - MSExchangeUMCR is disabled and stopped | 'running'=0");
    asked(&page("running", "disabled"), &[])
        .assert_begins(1, "UM SERVICE WARNING - MSExchangeUMCR is disabled; it still");
    asked(&page("start pending", "auto"), &[]).assert_begins(1, "UM SERVICE WARNING - MSExchangeUMCR is starting");
}

#[test]
fn critical_when_an_exporter_says_that_it_is_stopped_paused_or_not_there() {
    asked(&page("stopped", "auto"), &[])
        .assert_begins(2, "UM SERVICE CRITICAL - MSExchangeUMCR is stopped (automatic) |");
    asked(&page("paused", "manual"), &[]).assert_begins(2, "UM SERVICE CRITICAL - MSExchangeUMCR is paused (manual)");
    let ran = asked(&page("running", "auto"), &["--service", "MSExchangeUM", "--service", "msexchangeumcr"]);
    ran.assert_begins(2, "UM SERVICE CRITICAL - there is no service MSExchangeUM among the ");
    ran.assert_says("'running_msexchangeum'=0;;;0;1").assert_says("'running_msexchangeumcr'=1;;;0;1");
}

#[test]
fn unknown_when_an_exporter_fails_and_never_stopped() {
    let failed = exposition(0, 0).replace("success{collector=\"service\"} 1", "success{collector=\"service\"} 0");
    let without = exposition(0, 0).replace("windows_service_", "windows_other_");
    for (answer, said) in [
        (exporter(&failed), "the collector service of http://127.0.0.1:"),
        (exporter(&without), "expected its collector service"),
        (page("none", "auto"), "says no state of MSExchangeUMCR"),
        (page("running", "none"), "says no start_mode of MSExchangeUMCR"),
        (http("HTTP/1.1 404 Not Found\r\n\r\n"), "status 404, expected 200: there is no such page"),
        (http("HTTP/1.1 200 OK\r\n\r\n<html>secret"), "expected series in Prometheus' text format"),
    ] {
        let ran = asked(&answer, &["-vvv"]);
        ran.assert_text(3).assert_says(said);
        assert!(ran.stdout.contains("(no-data)") && !ran.stdout.contains("secret"), "{}", ran.stdout);
    }
    let refused = format!("prometheus:http://127.0.0.1:{}/", support::port::closed_port());
    let ran = run(&["--source", &refused]);
    assert!(ran.assert_text(3).stdout.contains("(no-data)") && ran.stdout.contains("Get-Service windows_exporter"));
    assert!(!ran.stdout.contains("RemoteRegistry"), "{}", ran.stdout);
}

#[test]
fn unknown_when_an_option_says_nothing_of_the_source() {
    let source = "prometheus:http://127.0.0.1:9/";
    for (arguments, said) in [
        (&["--source", "csv:x"][..], "--source: not a source of services: expected prometheus:URL"),
        (&["--source", "prometheus:http://me:secret@cas1/"], "expected a URL without user information"),
        (
            &["--source", source, "--component", "UMCallRouter"],
            "--component: expected no --source or --component none, or it has no effect",
        ),
        (&["--exporter-user", "x"], "--exporter-user: expected --source too"),
        (&["--source", source, "--exporter-user", "x"], "--exporter-user: expected its password too"),
        (&["--source", source, "--password-env", "X"], "--password-env: expected --exporter-user too"),
    ] {
        let ran = run(arguments);
        ran.assert_text(3).assert_says(said);
        assert!(!ran.stdout.contains("secret"));
    }
}
