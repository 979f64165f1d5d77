//! Does check_um_call_router say what the checks say, all of them in one run? The real binary against the simulated router.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panic")]

#[path = "../support/mod.rs"]
mod support;

mod again;
mod choice;
mod reservations;
mod sections;
#[cfg(unix)]
mod signals;
mod sources;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
#[cfg(unix)]
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use call_router::router::{Behaviour, Router, Settings};
use call_router::{counters, directory};
use support::{Outcome, format, perfdata, plugin, run_command};

const PLUGIN: &str = "check_um_call_router";

/// How many checks are asked with a source for each but the service, which Windows asks by itself.
const ASKED: usize = if cfg!(windows) { 10 } else { 9 };

/// A router, with an ini file that says where its parts are, and a log of its counters.
struct Site {
    router: Router,
    scratch: tempfile::TempDir,
}

impl Site {
    fn of(behaviour: Behaviour) -> Self {
        let router = Router::start(&Settings { behaviour, ..Settings::default() }).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("counters.csv"), counters::log(10, 3)).unwrap();
        Self { router, scratch }
    }

    fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).display().to_string()
    }

    fn ini(&self, text: &str) -> String {
        fs::write(self.path("router.ini"), format!("[check_um_call_router]\n{text}")).unwrap();
        format!("--extra-opts=@{}", self.path("router.ini"))
    }

    fn run(&self, arguments: &str) -> Outcome {
        let (tcp, tls) = (self.router.tcp.port(), self.router.tls.port());
        let all = format!("-H 127.0.0.1 --tcp-port {tcp} --tls-port {tls} {arguments}");
        run_command(plugin(PLUGIN).args(all.split_whitespace()))
    }
}

#[test]
fn ok_when_all_that_can_be_asked_is_well() {
    let site = Site::of(Behaviour::Healthy);
    let counters = site.path("counters.csv");
    let outcome = site.run(&format!("--counters csv:{counters} --only sip_options --only reject_rate"));
    outcome.assert_begins(0, "UM CALL ROUTER OK - 2 checks OK, ");
    let labels: Vec<_> = perfdata::assert_valid(outcome.first_line()).into_iter().map(|entry| entry.label).collect();
    for label in ["sip_options_time", "reject_rate_rejected", "reject_rate_calls"] {
        assert!(labels.iter().any(|known| known == label), "{label}: {outcome:?}");
    }
    for row in [
        "OK       sip_options: Sip Options to UM Call Router Service have failed",
        "\n         UM SIP OPTIONS OK - 200 OK from ",
    ] {
        assert!(outcome.stdout.contains(row), "{row}: {outcome:?}");
    }
}

#[test]
fn critical_when_one_of_several_is_and_says_which() {
    let site = Site::of(Behaviour::Unavailable);
    let counters = site.path("counters.csv");
    let outcome = site.run(&format!("--counters csv:{counters} --only sip_options --only app_pool"));
    outcome.assert_begins(2, "UM CALL ROUTER CRITICAL - 1 of 2 checks: sip_options: 503 Service Unavailable from ");
    assert!(outcome.stdout.contains("\n         advice: "), "{outcome:?}");
    assert!(outcome.stdout.contains("OK       app_pool: UM application pool\n"), "{outcome:?}");
}

/// Everything that can be asked on Linux but the call, of a router that behaves so.
fn everything(site: &Site) -> String {
    let domain_controller = directory::start(true).unwrap().port();
    fs::write(site.path("ca.pem"), &site.router.certificates.ca).unwrap();
    let ca = site.path("ca.pem");
    let ini = site.ini(&format!(
        "[check_um_sip_options]\nca-file = {ca}\n[check_um_cert_expiry]\nca-file = {ca}\n\
         [check_um_ad_ds]\nhostname = 127.0.0.1\nport = {domain_controller}\n"
    ));
    for file in ["health/powershell7-single-healthy.json", "events/wevtutil-root-no-events.xml"] {
        let name = file.rsplit('/').next().unwrap();
        // Written now: an old export is stale.
        fs::write(site.path(name), fs::read(support::fixture(file)).unwrap()).unwrap();
    }
    format!(
        "{ini} --startup-mode dual --counters csv:{} --health-set-file {} --events-file {} -t 3",
        site.path("counters.csv"),
        site.path("powershell7-single-healthy.json"),
        site.path("wevtutil-root-no-events.xml")
    )
}

#[test]
fn each_row_is_what_the_plugin_says_itself() {
    let scenes = [
        Behaviour::Healthy,
        Behaviour::Unavailable,
        Behaviour::Forbidden,
        Behaviour::Redirect,
        Behaviour::Closing,
        Behaviour::Refused,
        Behaviour::Silent,
        Behaviour::CertificateNearExpiry,
        Behaviour::CertificateExpired,
        Behaviour::ClientCertificateRequired,
    ];
    for behaviour in scenes {
        let site = Site::of(behaviour);
        let arguments = everything(&site);
        let listed = format::assert_json(&site.run(&format!("{arguments} --list --output json")).stdout);
        let said = format::assert_json(&site.run(&format!("{arguments} --output json")).stdout);
        let mut compared = 0;
        for check in said["checks"].as_array().unwrap() {
            let is_it = |one: &&serde_json::Value| one["name"] == check["name"];
            let words = listed["would_be_asked"].as_array().unwrap().iter().find(is_it).unwrap()["words"].clone();
            let mut words = words.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned());
            let own = run_command(plugin(&words.next().unwrap()).args(words).args(["-t", "3"]));
            let summary = own.first_line().split(" | ").next().unwrap();
            let state = check["state"].as_str().unwrap();
            let row = format!("{state} - {}", check["summary"].as_str().unwrap());
            let own_words = summary.split_once(&format!(" {state} ")).map(|(_, rest)| format!("{state} {rest}"));
            let own_words = own_words.unwrap_or_else(|| panic!("{behaviour:?}: {row}: {own:?}"));
            assert_eq!(without_numbers(&row), without_numbers(&own_words), "{behaviour:?}");
            compared += 1;
        }
        assert_eq!(compared, ASKED, "{behaviour:?}: {said}");
    }
}

/// What two runs have in common: ports stay, what the clock says goes.
fn without_numbers(text: &str) -> String {
    let word = |word: &str| match word.trim_end_matches([',', ';', ')']).parse::<f64>() {
        Ok(_) => "#".to_owned(),
        // A service that is up for 59 s is up for a minute when the next one asks.
        Err(_) => word.trim_end_matches(')').replace("ms", "s").replace("min", "s"),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_failure_of_the_router_is_in_the_first_line_and_the_table() {
    for (behaviour, failing, words) in [
        (Behaviour::Unavailable, 2, "sip_options: 503 Service Unavailable"),
        (Behaviour::Refused, 3, "sip_options: connection refused"),
        (Behaviour::CertificateNearExpiry, 1, "cert_expiry: "),
    ] {
        let site = Site::of(behaviour);
        let outcome = site.run(&everything(&site));
        outcome.assert_text(2).assert_says(&format!("{failing} of {ASKED} checks: {words}"));
        let rows = outcome.stdout.lines().filter(|line| line.starts_with(['O', 'C']) && line.contains(": "));
        assert_eq!(rows.count(), ASKED, "{outcome:?}");
        assert!(outcome.stdout.contains("not asked: call_routing: needs --call"), "{outcome:?}");
        let needs_windows = outcome.stdout.contains("not asked: service: needs --service-source, or Windows");
        assert_eq!(needs_windows, cfg!(unix), "{outcome:?}");
    }
}

#[test]
fn a_class_that_is_given_a_state_is_handed_on() {
    let site = Site::of(Behaviour::Refused);
    site.run("--only sip_options --state refused=warning").assert_begins(1, "UM CALL ROUTER WARNING - 1 of 1 check: ");
    let late = Site::of(Behaviour::Silent);
    late.run("--only sip_options -t 0.5:unknown").assert_begins(3, "UM CALL ROUTER UNKNOWN - 1 of 1 check: ");
}

#[cfg(unix)]
#[test]
fn states_are_in_colour_at_a_terminal_only() {
    let site = Site::of(Behaviour::Healthy);
    let line = format!("{} -H 127.0.0.1 --tcp-port {}", plugin(PLUGIN).get_program().display(), site.router.tcp.port());
    let at_a_terminal = |environment: &str| {
        let mut script = Command::new("script");
        let command = format!("env {environment} {line} --only sip_options");
        script.args(["-qec", &command, "/dev/null"]).stdin(Stdio::null()).output()
    };
    let Ok(coloured) = at_a_terminal("-u NO_COLOR") else { return support::skipped("script is not installed") };
    let coloured = String::from_utf8_lossy(&coloured.stdout).into_owned();
    assert!(coloured.starts_with("UM CALL ROUTER \u{1b}[32mOK\u{1b}[0m - "), "{coloured:?}");
    assert!(coloured.contains("\n\u{1b}[32mOK\u{1b}[0m       sip_options: "), "{coloured:?}");
    let plain = at_a_terminal("NO_COLOR=1").unwrap();
    assert!(!plain.stdout.contains(&0x1b), "{plain:?}");
}

#[test]
fn a_hanging_directory_takes_no_other_answer_along() {
    let site = Site::of(Behaviour::Healthy);
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ini = site.ini(&format!("[check_um_ad_ds]\ndns-server = {}\n", silent.local_addr().unwrap()));
    let outcome = site.run(&format!("{ini} -t 2 --domain example.com --only sip_options --only ad_ds"));
    assert!(outcome.stdout.contains("UM SIP OPTIONS OK - 200 OK"), "{outcome:?}");
    outcome.assert_says("1 of 2 checks: ad_ds: ").assert_within(Duration::from_secs(2));
}

#[test]
fn a_list_asks_nobody_and_says_why_not() {
    let site = Site::of(Behaviour::Refused);
    let outcome = site.run("--list --startup-mode dual --domain example.com");
    outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - nobody was asked: --list");
    let port = site.router.tls.port();
    let over_tls = format!(
        "would be asked: sip_options_tls: check_um_sip_options --hostname 127.0.0.1 --port {port} \
         --peer exchange --transport tls\n"
    );
    // Windows has the counters and the log itself.
    let sources = ["not asked: reject_rate: needs --counters", "needs --health-set-file, or Windows"];
    for line in [over_tls.as_str()].into_iter().chain(sources.into_iter().filter(|_| cfg!(unix))) {
        assert!(outcome.stdout.contains(line), "{line}: {outcome:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_a_list_says_is_a_command_line_for_a_shell() {
    let site = Site::of(Behaviour::Healthy);
    let file = site.path("the router's counters.csv");
    fs::rename(site.path("counters.csv"), &file).unwrap();
    let mut command = plugin(PLUGIN);
    command.args(["-H", "127.0.0.1", "--counters", &format!("csv:{file}"), "--only", "app_pool", "--list"]);
    let outcome = run_command(&mut command);
    let line = outcome.stdout.lines().find_map(|line| line.strip_prefix("would be asked: app_pool: ")).unwrap();
    let directory = std::path::Path::new(command.get_program()).parent().unwrap().to_owned();
    let mut shell = Command::new("sh");
    let own = run_command(shell.args(["-c", &format!("'{}'/{line}", directory.display())]));
    own.assert_begins(0, "UM APP POOL OK - ");
}

#[test]
fn what_is_not_asked_can_be_an_alert() {
    let site = Site::of(Behaviour::Healthy);
    // Service, call and whatever else is missed have no source; what the startup mode or somebody leaves out is not missed.
    let counters = format!("--counters csv:{}", site.path("counters.csv"));
    let left_out = "--without call_routing --without health_set --without events --without ad_ds";
    let outcome = site.run(&format!("{counters} {left_out} --not-asked-critical 0 --without service"));
    outcome.assert_begins(0, "UM CALL ROUTER OK - 4 checks OK, 0 not asked").assert_says("'not_asked'=0;;0");
    let outcome = site
        .run(&format!("{counters} --without health_set --without events --not-asked-warning 0 --not-asked-critical 9"));
    if cfg!(unix) {
        outcome.assert_begins(1, "UM CALL ROUTER WARNING - 4 checks OK, 2 left out: 3 not asked, more than 0 (--");
        outcome.assert_says("(--not-asked-warning): call_routing, ").assert_says("'not_asked'=3;0;9");
        assert!(outcome.stdout.contains("\nadvice: Below it stands what each of them needs"), "{outcome:?}");
    }
    site.run("--not-asked-warning 3 --not-asked-critical 1")
        .assert_begins(3, "UM CALL ROUTER UNKNOWN - ")
        .assert_says("reversed");
}

#[test]
fn one_controller_and_the_ages_of_exports_are_handed_on() {
    let site = Site::of(Behaviour::Healthy);
    let dead = support::port::closed_port();
    let ini = site.ini(&format!("[check_um_ad_ds]\nport = {dead}\n"));
    let outcome = site.run(&format!("{ini} --domain-controller 127.0.0.1 --only ad_ds"));
    outcome.assert_begins(2, "UM CALL ROUTER CRITICAL - 1 of 1 check: ad_ds: connection refused by 127.0.0.1:");
    let file = site.path("health.json");
    fs::write(&file, fs::read(support::fixture("health/powershell7-single-healthy.json")).unwrap()).unwrap();
    let health_set = format!("--health-set-file {file} --only health_set");
    site.run(&health_set).assert_begins(0, "UM CALL ROUTER OK - 1 check OK");
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(std::time::SystemTime::now() - Duration::from_secs(1200))
        .unwrap();
    let outcome = site.run(&format!("{health_set} --health-set-max-age 15m"));
    outcome
        .assert_begins(3, "UM CALL ROUTER UNKNOWN - 1 of 1 check: health_set: ")
        .assert_says("was written 20 min ago");
    for (arguments, says) in [
        ("--health-set-max-age 15m", "--health-set-max-age: expected --health-set-file too"),
        ("--events-max-age 15m", "--events-max-age: expected --events-file too"),
        ("--domain a.example --domain-controller dc1", "exclude each other"),
    ] {
        site.run(arguments).assert_begins(3, "UM CALL ROUTER UNKNOWN - ").assert_says(says);
    }
}

#[test]
fn transient_when_it_is_well_a_moment_later() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        // The first caller is hung up on, the second one is answered.
        let (first, _) = listener.accept().unwrap();
        drop(first);
        let (mut second, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            second.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let request = String::from_utf8(head).unwrap();
        let copied = |name: &str| request.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        let headers = ["Via:", "From:", "Call-ID:", "CSeq:"].map(copied).join("\r\n");
        let answer = format!("SIP/2.0 200 OK\r\n{headers}\r\n{};tag=1\r\nContent-Length: 0\r\n\r\n", copied("To:"));
        second.write_all(answer.as_bytes()).unwrap();
        thread::sleep(Duration::from_secs(5));
    });
    let arguments = format!("-H 127.0.0.1 --tcp-port {port} --only sip_options --again 0.2 -t 8");
    let outcome = support::run(PLUGIN, &arguments);
    outcome.assert_begins(0, "UM CALL ROUTER OK - 1 check OK, ").assert_says(": sip_options: failed at first (");
    outcome.assert_says(" later: transient");
}

#[test]
fn critical_when_it_is_not_well_a_moment_later_either() {
    let site = Site::of(Behaviour::Unavailable);
    site.run("--only sip_options --again 0.2 -t 8")
        .assert_begins(2, "UM CALL ROUTER CRITICAL - 1 of 1 check: sip_options");
    site.run("--only sip_options --again 9 -t 8").assert_exit(3).assert_says("--again 9 s: expected at most half of");
}

#[test]
fn every_format_holds_every_check() {
    let site = Site::of(Behaviour::Unavailable);
    let counters = format!("--counters csv:{} --only sip_options --only app_pool", site.path("counters.csv"));
    site.run(&format!("{counters} --output json")).assert_json("CRITICAL");
    let bag = site.run(&format!("{counters} --output scom"));
    bag.assert_scom("CRITICAL");
    for property in ["sip_options_State", "app_pool_State", "sip_options_Advice", "app_pool_state_value"] {
        assert!(bag.stdout.contains(&format!("Name=\"{property}\"")), "{property}: {bag:?}");
    }
}

#[test]
fn unknown_when_a_name_is_no_check() {
    let site = Site::of(Behaviour::Healthy);
    site.run("--only sip_option").assert_begins(3, "UM CALL ROUTER UNKNOWN - ").assert_says("expected");
    site.run("--without nobody").assert_begins(3, "UM CALL ROUTER UNKNOWN - ").assert_says("expected");
}

#[test]
fn every_check_that_is_not_ok_is_named_in_the_first_line() {
    let site = Site::of(Behaviour::Healthy);
    let closed = support::port::closed_port();
    for file in ["bad.csv", "bad.json", "bad.xml"] {
        fs::write(site.path(file), "no such thing").unwrap();
    }
    let outcome = support::run(
        PLUGIN,
        &format!(
            "-H 127.0.0.1 --startup-mode Dual --tcp-port {closed} --tls-port {closed} --call sip:a@b -t 5 \
             --domain nosuch.invalid --counters csv:{} --health-set-file {} --events-file {}",
            site.path("bad.csv"),
            site.path("bad.json"),
            site.path("bad.xml")
        ),
    );
    let first = outcome.first_line().split(" | ").next().unwrap();
    for name in [
        "sip_options",
        "sip_options_tls",
        "call_routing",
        "cert_expiry",
        "reject_rate",
        "missed_call_proxy",
        "app_pool",
        "health_set",
        "events",
        "ad_ds",
    ] {
        assert!(first.contains(&format!(" {name}")), "{name}: {outcome:?}");
    }
    assert!(first.chars().count() <= 440 && !first.contains("...;..."), "{first}");
}

#[test]
fn the_deadline_of_a_metric_is_the_same_in_each_run() {
    let site = Site::of(Behaviour::Healthy);
    for (more, max) in [("-t 8 --again 1", ";0;3.5 "), ("-t 8", ";0;8 ")] {
        let outcome = site.run(&format!("--only sip_options {more}"));
        let time = outcome.first_line().split('\'').skip_while(|label| *label != "sip_options_time").nth(1).unwrap();
        assert!(time.ends_with(max), "{time}");
    }
}
