//! Is what counters, exports and logs say of the router that is asked about? And who may read a source that can be read once only?

use std::fs;
use std::io::Write;
#[cfg(unix)]
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use super::support::peer::{Peer, read_request};
use super::support::{self, Outcome, plugin, run_fed};
use super::{PLUGIN, Site};
use call_router::router::Behaviour;

/// An export of the health sets of these servers, of which each has such an alert value.
fn health(site: &Site, servers: &[(&str, &str)]) -> String {
    let row = |(server, value): &(&str, &str)| {
        format!(
            r#"{{"Server":"{server}","Name":"UMCallRouterTestMonitor","HealthSetName":"UM.CallRouter","AlertValue":"{value}"}}"#
        )
    };
    let rows: Vec<_> = servers.iter().map(row).collect();
    fs::write(site.path("health.json"), format!("[{}]", rows.join(","))).unwrap();
    format!("--health-set-file {}", site.path("health.json"))
}

/// An export of the event log of these computers, each with one rejected call too many.
fn events(site: &Site, computers: &[&str]) -> String {
    let event = |computer: &&str| {
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
             <Provider Name='MSExchange Unified Messaging'/><EventID>1648</EventID>\
             <TimeCreated SystemTime='2026-11-26T19:33:42.0000000Z'/><Computer>{computer}</Computer></System></Event>"
        )
    };
    let all: String = computers.iter().map(event).collect();
    fs::write(site.path("events.xml"), format!("<Events>{all}</Events>")).unwrap();
    format!("--events-file {}", site.path("events.xml"))
}

/// A run about a host of whom nobody asks the network.
fn of_host(host: &str, arguments: &str) -> Outcome {
    support::run(PLUGIN, &format!("-H {host} {arguments}"))
}

#[test]
fn unknown_when_the_sources_are_of_another_server() {
    let site = Site::of(Behaviour::Healthy);
    let counters = format!("--counters csv:{}", site.path("counters.csv"));
    for (name, source) in [
        ("health_set", health(&site, &[("CAS1", "Healthy")])),
        ("app_pool", counters.clone()),
        ("reject_rate", counters.clone()),
        ("missed_call_proxy", counters),
    ] {
        let arguments = format!("{source} --only {name}");
        of_host("cas2.example.com", &arguments)
            .assert_begins(3, &format!("UM CALL ROUTER UNKNOWN - 1 of 1 check: {name}: "));
        let misspelt = of_host("192.0.2.7 --server CAS2", &arguments);
        misspelt.assert_begins(3, "UM CALL ROUTER UNKNOWN - 1 of 1 check: ");
        assert!(misspelt.stdout.contains("advice: The source knows other servers, and none by this"), "{misspelt:?}");
        for host in ["cas1.example.com", "CAS1", "router.example.com --server cas1", "192.0.2.7 --server CAS1"] {
            of_host(host, &arguments).assert_begins(0, "UM CALL ROUTER OK - 1 check OK, ");
        }
    }
    let arguments = format!("{} --only events", events(&site, &["CAS1"]));
    let outcome = of_host("cas2", &arguments);
    outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - 1 of 1 check: events: ");
    outcome.assert_says("is not of cas2: expected one of CAS1");
}

#[test]
fn another_server_of_an_export_of_all_is_no_alert_of_this_one() {
    let site = Site::of(Behaviour::Healthy);
    let source = health(&site, &[("CAS1", "Healthy"), ("CAS2", "Unhealthy")]);
    of_host("cas1.example.com", &format!("{source} --only health_set")).assert_begins(0, "UM CALL ROUTER OK - ");
    of_host("cas2.example.com", &format!("{source} --only health_set")).assert_begins(2, "UM CALL ROUTER CRITICAL - ");
}

#[test]
fn unknown_when_a_source_tells_of_several_servers_and_nothing_says_which_it_is() {
    let site = Site::of(Behaviour::Healthy);
    let two = support::counters::written_now(site.scratch.path(), "relog-two-hosts-30-and-50-percent.csv");
    for (name, source) in [
        ("health_set", health(&site, &[("CAS1", "Healthy"), ("CAS2", "Unhealthy")])),
        ("events", events(&site, &["CAS1.example.com", "CAS2.example.com"])),
        ("reject_rate", format!("--counters csv:{}", two.display())),
    ] {
        for host in ["192.0.2.7", "localhost", "fe80::1"] {
            let outcome = of_host(host, &format!("{source} --only {name}"));
            outcome.assert_begins(3, &format!("UM CALL ROUTER UNKNOWN - 1 of 1 check: {name}: "));
            assert!(outcome.stdout.contains("CAS1") && outcome.stdout.contains("--server"), "{outcome:?}");
        }
    }
}

#[test]
fn the_server_that_nobody_named_is_named_and_must_be_the_same_in_each_source() {
    let site = Site::of(Behaviour::Healthy);
    let counters = format!("--counters csv:{} --only app_pool", site.path("counters.csv"));
    of_host("192.0.2.7", &counters).assert_begins(0, "UM CALL ROUTER OK - 1 check OK, ").assert_says("of CAS1");
    let same = format!("{counters} --only health_set {}", health(&site, &[("cas1.example.com", "Healthy")]));
    let outcome = of_host("192.0.2.7", &same);
    // The name that tells most: another source may know a server of another domain.
    outcome.assert_begins(0, "UM CALL ROUTER OK - 2 checks OK, ").assert_says("of cas1.example.com");
    let other = format!("{counters} --only health_set {}", health(&site, &[("CAS2", "Healthy")]));
    let outcome = of_host("192.0.2.7", &other);
    outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - 2 checks OK, ");
    outcome.assert_says("choose with --server one of CAS1, CAS2");
    assert!(outcome.stdout.contains("\nadvice: "), "{outcome:?}");
}

#[test]
fn a_list_says_of_whom_a_source_is_asked() {
    let site = Site::of(Behaviour::Healthy);
    let counters = format!("--counters csv:{} --list", site.path("counters.csv"));
    let listed = of_host("192.0.2.7 --server CAS1", &counters);
    assert!(listed.stdout.contains("counters.csv --hostname CAS1\n"), "{listed:?}");
    let listed = of_host("192.0.2.7", &counters);
    assert!(!listed.stdout.contains("counters.csv --hostname"), "{listed:?}");
}

#[test]
fn what_can_be_read_once_only_has_one_reader() {
    let site = Site::of(Behaviour::Healthy);
    let counters = fs::read(site.path("counters.csv")).unwrap();
    let fed = |arguments: &str, input: &[u8]| {
        run_fed(plugin(PLUGIN).args(format!("-H 192.0.2.7 {arguments}").split_whitespace()), input)
    };
    let without = "--without sip_options";
    fed(&format!("--counters csv:- {without}"), &counters)
        .assert_begins(3, "UM CALL ROUTER UNKNOWN - standard input: expected a file, which reject_rate and ");
    fed("--health-set-file - --events-file - --without sip_options", b"")
        .assert_begins(3, "UM CALL ROUTER UNKNOWN - standard input: expected a file, which health_set and events ");
    for arguments in ["--counters csv:- --only app_pool", "--counters csv:- --only app_pool --again 0.1"] {
        fed(arguments, &counters).assert_begins(0, "UM CALL ROUTER OK - 1 check OK, ");
    }
}

#[test]
fn what_was_read_of_a_pipe_is_not_asked_for_again() {
    let starting = call_router::counters::log(10, 2);
    let run = |more: &str| {
        let arguments = format!("-H 192.0.2.7 --counters csv:- --only app_pool {more}");
        run_fed(plugin(PLUGIN).args(arguments.split_whitespace()), starting.as_bytes())
    };
    run("").assert_begins(1, "UM CALL ROUTER WARNING - 1 of 1 check: app_pool: ");
    run("--again 0.1").assert_begins(1, "UM CALL ROUTER WARNING - 1 of 1 check: app_pool: ");
}

#[test]
fn no_data_is_not_asked_away_by_a_second_question() {
    let asked = AtomicUsize::new(0);
    let exporter = Peer::tcp(move |mut stream| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        if read_request(&mut stream).is_some() {
            let number = asked.fetch_add(1, Ordering::SeqCst);
            let (ago, calls) = [(7_300, 0), (9, 300), (6, 305)][number.min(2)];
            let (time, object) = ((now - Duration::from_secs(ago)).as_millis(), "msexchangeumcallrouteravailability");
            let total = |what: &str| {
                format!(
                    "windows_performancecounter_{object}_total_inbound_calls_{what}_by_the_um_call_router {calls} {time}\n"
                )
            };
            let _ = write!(stream, "HTTP/1.0 200 OK\r\n\r\n{}{}", total("received"), total("rejected"));
        }
    });
    let site = Site::of(Behaviour::Healthy);
    let ini = format!("[check_um_reject_rate]\nmax-age = 1d\nstate-file = {}\n", site.path("state"));
    let source = format!("--counters {} --only reject_rate -t 8", support::counters::url(&exporter));
    let run = |more: &str| site.run(&format!("{} {source} {more}", site.ini(&ini)));
    let first = run("");
    assert!(first.stdout.contains("OK - first sample of "), "{first:?}");
    let outcome = run("--again 0.1");
    outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - 1 of 1 check: reject_rate: the sample before is older than");
    assert!(!outcome.stdout.contains("transient"), "{outcome:?}");
}

#[cfg(unix)]
#[test]
fn unknown_when_a_file_does_not_come_to_its_end() {
    let site = Site::of(Behaviour::Healthy);
    let pipe = site.path("pipe");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        return support::skipped("mkfifo is not installed");
    }
    let arguments = format!("--health-set-file {pipe} --only health_set --only sip_options -t 1");
    let outcome = site.run(&arguments);
    let reason = format!("health_set: reading {pipe} did not finish within 1 s");
    outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - 1 of 2 checks: ").assert_says(&reason);
    assert!(outcome.stdout.contains("UM SIP OPTIONS OK - 200 OK"), "{outcome:?}");
    let own = support::run("check_um_health_set", &format!("--file {pipe} -t 1"));
    own.assert_begins(3, &format!("UM HEALTH SET UNKNOWN - reading {pipe} did not finish within 1 s"));
    let said = support::format::assert_json(&site.run(&format!("{arguments} --output json")).stdout);
    let check = said["checks"].as_array().unwrap().iter().find(|check| check["name"] == "health_set").unwrap();
    assert_eq!(check["failure"]["class"], "unreadable", "{said}");
    // What the operator says of a deadline holds for it, as it does for the plugin.
    site.run(&format!("{arguments} --state timeout=critical")).assert_exit(2);
}
