//! Does the first line of all say what makes the OK of one of them less certain than it sounds?

use std::fs;

use super::Site;
use super::support::{self, counters, perfdata};
use call_router::router::Behaviour;

#[test]
fn a_first_sample_is_said_in_the_first_line() {
    let site = Site::of(Behaviour::Healthy);
    let exporter = counters::exporter(&counters::exposition(600, 3));
    let ini = site.ini(&format!("[check_um_reject_rate]\nstate-file = {}\n", site.path("state")));
    let outcome = site.run(&format!("{ini} --counters {} --only reject_rate", counters::url(&exporter)));
    outcome.assert_begins(0, "UM CALL ROUTER OK - 1 check OK, 0 not asked, 10 left out: reject_rate (first sample of ");
    outcome.assert_says(", no history to judge yet");
}

#[test]
fn what_is_not_judged_is_said_in_the_first_line() {
    let site = Site::of(Behaviour::Healthy);
    let ini = site.ini("[check_um_reject_rate]\nminimum-calls = 9000\n");
    let source = format!("{ini} --counters csv:{} --only reject_rate", site.path("counters.csv"));
    let outcome = site.run(&format!("{source} --only sip_options"));
    outcome.assert_begins(0, "UM CALL ROUTER OK - 2 checks OK, 0 not asked, 9 left out: sip_options, reject_rate (");
    outcome.assert_says("fewer than 9000 calls are not judged)");
    // Where another one has more to say, its name is enough.
    let closed = support::port::closed_port();
    let arguments = format!("-H 127.0.0.1 --tcp-port {closed} {source} --only sip_options");
    let failing = support::run(super::PLUGIN, &arguments);
    failing.assert_begins(2, "UM CALL ROUTER CRITICAL - 1 of 2 checks: sip_options: connection refused by ");
    failing.assert_says("; with a reservation: reject_rate");
}

#[test]
fn a_log_without_a_zone_is_said_in_the_first_line() {
    let site = Site::of(Behaviour::Healthy);
    let log = call_router::counters::log(10, 3).replacen("(UTC)(0)", "(RTZ 2 (", 1);
    fs::write(site.path("counters.csv"), log).unwrap();
    let outcome = site.run(&format!("--counters csv:{} --only app_pool", site.path("counters.csv")));
    outcome
        .assert_begins(0, "UM CALL ROUTER OK - 1 check OK, 0 not asked, 10 left out: app_pool (the log says no zone");
}

#[test]
fn of_many_reservations_each_has_its_share_of_the_line() {
    let site = Site::of(Behaviour::Healthy);
    let log = call_router::counters::log(10, 3).replacen("(UTC)(0)", "(RTZ 2 (", 1);
    fs::write(site.path("counters.csv"), log).unwrap();
    let ini = site.ini("[check_um_reject_rate]\nminimum-calls = 9000\n");
    // On Windows those two are asked of this machine, too.
    let others = "--without health_set --without events";
    let outcome = site.run(&format!("{ini} --counters csv:{} --server CAS1 {others}", site.path("counters.csv")));
    outcome.assert_text(0);
    let first = outcome.first_line().split(" | ").next().unwrap();
    for name in ["reject_rate (", "missed_call_proxy (", "app_pool ("] {
        assert!(first.contains(name), "{name}: {first}");
    }
    assert!(first.chars().count() <= 440, "{first}");
    perfdata::assert_valid(outcome.first_line());
}
