//! Does a running daemon come to the plugins' own results, does it see a router fail, and does the roll-up add them up?

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use call_router::counters;
use check_um::checks::schedule::{Elsewhere, Vantage};
use serde_json::Value;

use super::committed;
use super::node::{self, Node, Scratch};
use super::router::CallRouter;
use super::support::perfdata::{Entry, entries};
use super::support::slapd::{HEALTHY, Slapd};
use super::support::{self, Outcome};

#[test]
fn the_daemon_says_what_the_plugins_say_and_turns_with_the_router() {
    if !node::is_installed() {
        return;
    }
    let scratch = Scratch::new("icinga.example.com");
    let mut router = CallRouter::start("healthy", scratch.path("router"));
    let slapd = Slapd::start("127.0.0.1", HEALTHY, "");
    let sources = Sources::new(&scratch);
    sources.healthy();
    scratch.configure(&configuration(&watched(&router, &sources, slapd.as_ref())));
    let node = scratch.start();
    let directory = slapd.is_some().then_some("um-ad-ds");

    let watched = watched_here();
    for check in watched.iter().copied().chain(directory) {
        assert_agreed(&node, check, 0);
    }
    let count = watched.len() + usize::from(slapd.is_some());
    assert_rolled_up(&node, 0, &format!("UM.CallRouter OK - all {count} checks"));

    router.become_one_that("503");
    sources.failing();
    drop(slapd);
    for check in ["um-sip-options", "um-sip-options-tls", "um-reject-rate", "um-missed-call-proxy"] {
        assert_agreed(&node, check, 2);
    }
    for check in ["um-app-pool", "um-health-set"].into_iter().chain(directory) {
        assert_agreed(&node, check, 2);
    }
    assert_agreed(&node, "um-cert-expiry", 0);
    assert_agreed(&node, "um-events", 1);
    // Of all of these only the events are told of at the first failure; the others are still being retried.
    assert_rolled_up(&node, 1, &format!("UM.CallRouter WARNING - um-events WARNING (of {count} checks)"));
    for _ in 0..3 {
        node.check("localhost!um-sip-options");
    }
    let both = "um-events WARNING, um-sip-options CRITICAL";
    assert_rolled_up(&node, 2, &format!("UM.CallRouter CRITICAL - {both} (of {count} checks)"));

    router.become_one_that("certificate-near-expiry");
    assert_agreed(&node, "um-cert-expiry", 2);
    assert_agreed(&node, "um-sip-options", 0);
    assert_agreed(&node, "um-sip-options-tls", 0);
}

#[test]
fn the_roll_up_takes_critical_before_unknown_before_warning() {
    if !node::is_installed() {
        return;
    }
    let scratch = Scratch::new("icinga.example.com");
    let host = "object Host \"cas1\" {\n  check_command = \"dummy\"\n  enable_active_checks = false\n  \
        vars.um_call_router = { startup_mode = \"Dual\", events_file = \"x\" }\n}\n";
    // Only what is handed in counts, and at once.
    let once = "  max_check_attempts = 1\n  enable_active_checks = name == \"UM.CallRouter\"";
    let at_once = |line: &str| if line.contains("max_check_attempts") { once.to_owned() } else { line.to_owned() };
    let services = committed("um-services.conf").lines().map(at_once).collect::<Vec<_>>().join("\n") + "\n";
    scratch.configure(&(committed("um-commands.conf") + &services + host + ZONE));
    let node = scratch.start();

    let rolled_up = |state, text: &str| {
        let result = node.check("cas1!UM.CallRouter");
        assert_eq!((result["state"].as_f64(), result["output"].as_str()), (Some(state), Some(text)));
    };
    rolled_up(3.0, "UM.CallRouter UNKNOWN - no check has a result yet");
    node.submit("cas1!um-events", 1, "1647 three times");
    rolled_up(1.0, "UM.CallRouter WARNING - um-events WARNING (of 1 checks)");
    node.submit("cas1!um-cert-expiry", 3, "no file");
    rolled_up(3.0, "UM.CallRouter UNKNOWN - um-cert-expiry UNKNOWN, um-events WARNING (of 2 checks)");
    // What a peer sent is not resolved as a macro, because it is not repeated.
    node.submit("cas1!um-sip-options", 2, "503 $host.vars.um_call_router$ from cas1");
    rolled_up(
        2.0,
        "UM.CallRouter CRITICAL - um-cert-expiry UNKNOWN, um-events WARNING, um-sip-options CRITICAL (of 3 checks)",
    );
    for check in ["um-events", "um-cert-expiry", "um-sip-options"] {
        node.submit(&format!("cas1!{check}"), 0, "fine");
    }
    rolled_up(0.0, "UM.CallRouter OK - all 3 checks");
}

#[test]
fn variables_become_options() {
    if !node::is_installed() {
        return;
    }
    let scratch = Scratch::new("icinga.example.com");
    let host = "object Host \"localhost\" {\n  check_command = \"dummy\"\n  address6 = \"::1\"\n  \
        vars.um_call_router = { startup_mode = \"Dual\", tcp_port = 9, tls_port = 9 }\n  \
        vars.um_sip_options_certificate_warning = 30\n  vars.um_sip_options_ca_file = \"ca.pem\"\n  \
        vars.um_sip_options_password_env = \"SECRET\"\n  vars.um_cert_expiry_subject = [ \"cas1\" ]\n  \
        vars.um_sip_options_state = [ \"refused=warning\", \"dns=critical\" ]\n  \
        vars.um_sip_options_verbose = 2\n  vars.um_sip_options_all_addresses = true\n  \
        vars.um_sip_options_ipv4 = false\n  vars.um_sip_options_warning = \"@1:2\"\n  \
        vars.um_sip_options_timeout = 5\n}\n";
    scratch.configure(&configuration(host));
    let node = scratch.start();
    let arguments = |check: &str| {
        let result = node.check(&format!("localhost!{check}"));
        // A usage error would be one of what the files say.
        assert!(!result["output"].as_str().unwrap().contains("--help"), "{result}");
        result["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    // What a host says for all of its services is given to those where it has an effect.
    let over_tls = arguments("um-sip-options-tls");
    assert!(over_tls.contains("--ca-file ca.pem") && over_tls.contains("--certificate-warning 30"), "{over_tls}");
    let expiry = arguments("um-cert-expiry");
    assert!(expiry.contains("--port 9") && !expiry.contains("--subject"), "{expiry}");
    let arguments = arguments("um-sip-options");
    for option in ["--ca-file", "--certificate-warning", "--password-env"] {
        assert!(!arguments.contains(option) && !over_tls.contains("--password-env"), "{option} in {arguments}");
    }
    for part in [
        "--hostname ::1 ",
        "--port 9",
        "--state refused=warning --state dns=critical",
        "-vv",
        "--all-addresses",
        "--warning @1:2",
        "--timeout 5",
    ] {
        assert!(arguments.contains(part), "no {part} in {arguments}");
    }
    assert!(!arguments.contains("--ipv4") && !arguments.contains("--transport"), "{arguments}");
}

#[test]
fn the_one_service_is_told_what_the_others_would_be() {
    if !node::is_installed() {
        return;
    }
    let scratch = Scratch::new("icinga.example.com");
    let host = "object Host \"localhost\" {\n  check_command = \"dummy\"\n  address = \"127.0.0.1\"\n  \
        vars.um_call_router = { whole = true, startup_mode = \"Dual\", tcp_port = 9, tls_port = 9, tls_name = \"cas1\", \
        domain_controller = \"127.0.0.1\", counters = \"csv:none\", service_source = \"prometheus:http://127.0.0.1:9/\", \
        health_set_file = \"none\", events_file = \"none\", without = [ \"um-cert-expiry\", \"um-agent\" ] }\n  \
        vars.um_events_max_age = \"1h\"\n}\n";
    scratch.configure(&configuration(host));
    let node = scratch.start();
    let result = node.check("localhost!um-call-router");
    assert!(!result["output"].as_str().unwrap().contains("--help"), "{result}");
    let words: Vec<_> = result["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let words = words.join(" ") + " ";
    for part in [
        "--startup-mode Dual ",
        "--tcp-port 9 ",
        "--tls-port 9 ",
        "--tls-name cas1 ",
        "--domain-controller 127.0.0.1 ",
        "--counters csv:none ",
        "--service-source prometheus:http://127.0.0.1:9/ ",
        "--health-set-file none ",
        "--health-set-max-age 15m ",
        "--events-max-age 1h ",
        "--without cert_expiry ",
    ] {
        assert!(words.contains(part), "no {part} in {words}");
    }
    assert!(!words.contains("--only") && !words.contains("--domain "), "{words}");
}

/// A call over TLS needs the name as the other questions do, though neither of them is put.
#[test]
fn a_call_alone_over_tls_is_told_whose_certificate_it_meets() {
    if !node::is_installed() {
        return;
    }
    let scratch = Scratch::new("icinga.example.com");
    let words = |node: &Node, host: &str| {
        let result = node.check(&format!("{host}!um-call-router"));
        assert!(!result["output"].as_str().unwrap().contains("--help"), "{result}");
        let words = result["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
        words.collect::<Vec<_>>().join(" ") + " "
    };
    let host = |name: &str, mode: &str| {
        format!(
            "object Host \"{name}\" {{\n  check_command = \"dummy\"\n  address = \"127.0.0.1\"\n  \
             vars.um_call_router = {{ whole = true, startup_mode = \"{mode}\", tcp_port = 9, tls_port = 9, \
             tls_name = \"router\", call_routing = \"sip:101@example.com\", \
             without = [ \"um-cert-expiry\", \"um-sip-options-tls\" ] }}\n}}\n"
        )
    };
    scratch.configure(&configuration(&(host("over-tls", "TLS") + &host("dual", "Dual"))));
    let node = scratch.start();
    assert!(words(&node, "over-tls").contains("--tls-name router "));
    // In clear there is no certificate, and the name would have no effect.
    assert!(!words(&node, "dual").contains("--tls-name"));
}

/// What is asked of the network and of files; the directory comes with slapd, the rest with an agent.
fn watched_here() -> Vec<&'static str> {
    super::names(|check| match check.vantage {
        Vantage::Network | Vantage::Tls => true,
        Vantage::Agent => matches!(check.elsewhere, Elsewhere::Counters | Elsewhere::Export { .. }),
        Vantage::Call | Vantage::Directory | Vantage::Whole => false,
    })
}

const ZONE: &str = "object Endpoint NodeName { }\nobject Zone \"main\" { endpoints = [ NodeName ] }\n";

fn configuration(hosts: &str) -> String {
    committed("um-commands.conf") + &committed("um-services.conf") + ZONE + hosts
}

/// What somebody else brings from the server.
struct Sources {
    directory: PathBuf,
}

impl Sources {
    fn new(scratch: &Scratch) -> Self {
        let directory = scratch.path("sources");
        fs::create_dir(&directory).unwrap();
        Self { directory }
    }

    fn healthy(&self) {
        self.write(
            &counters::log(10, 3),
            "health/powershell7-single-healthy.json",
            "events/wevtutil-root-no-events.xml",
        );
    }

    fn failing(&self) {
        self.write(
            &counters::log(60, 5),
            "health/powershell5-two-unhealthy.json",
            "events/wevtutil-three-calls-rejected.xml",
        );
    }

    fn write(&self, counters: &str, health: &str, events: &str) {
        fs::write(self.directory.join("counters.csv"), counters).unwrap();
        fs::copy(support::fixture(health), self.directory.join("health.json")).unwrap();
        fs::copy(support::fixture(events), self.directory.join("events.xml")).unwrap();
    }
}

/// The host whose checks all have something to ask.
fn watched(router: &CallRouter, sources: &Sources, slapd: Option<&Slapd>) -> String {
    let place = sources.directory.display();
    let directory = slapd.map_or_else(String::new, |slapd| {
        format!("  vars.um_call_router.domain_controller = \"127.0.0.1\"\n  vars.um_ad_ds_port = {}\n", slapd.port)
    });
    let ca = router_ca(&sources.directory);
    format!(
        "object Host \"localhost\" {{\n  address = \"127.0.0.1\"\n  check_command = \"dummy\"\n  \
         vars.um_call_router.startup_mode = \"Dual\"\n  vars.um_call_router.tcp_port = {}\n  \
         vars.um_call_router.tls_port = {}\n  vars.um_call_router.counters = \"csv:{place}/counters.csv\"\n  \
         vars.um_call_router.health_set_file = \"{place}/health.json\"\n  \
         vars.um_call_router.events_file = \"{place}/events.xml\"\n  \
         vars.um_events_until = \"2026-11-23T17:00:00Z\"\n  vars.um_sip_options_ca_file = \"{ca}\"\n  \
         vars.um_cert_expiry_ca_file = \"{ca}\"\n{directory}}}\n",
        router.tcp_port, router.tls_port
    )
}

fn router_ca(sources: &Path) -> String {
    sources.with_file_name("router/ca.pem").to_str().unwrap().to_owned()
}

/// Has the daemon run a check, runs the very same command line by hand, and compares.
#[track_caller]
fn assert_agreed(node: &Node, check: &str, state: i32) {
    let result = node.check(&format!("localhost!{check}"));
    let own = by_hand(&result);
    own.assert_text(state);
    assert_eq!(result["exit_status"].as_i64(), Some(state.into()), "{check}: {result:#}");
    assert_eq!(result["state"].as_f64(), Some(state.into()), "{check}");

    let said = result["output"].as_str().unwrap();
    let (first, rest) = own.stdout.split_once('\n').unwrap();
    let text = first.split_once(" | ").map_or(first, |(text, _)| text);
    assert_eq!(without_numbers(said), without_numbers(&format!("{text}\n{rest}")), "{check}");

    let read = result["performance_data"].as_array().unwrap();
    // Icinga takes the quotes away from a label without blanks.
    let quoted =
        |entry: &Value| entry.as_str().unwrap().split_once('=').map(|(label, rest)| format!("'{label}'={rest}"));
    let read: Vec<_> = read.iter().map(|entry| quoted(entry).unwrap()).collect();
    let entries = |line: &str| if line.contains(" | ") { entries(line).unwrap() } else { Vec::new() };
    let read = entries(&if read.is_empty() { String::new() } else { format!("text | {}", read.join(" ")) });
    let own = entries(own.first_line());
    let settled = |entries: &[Entry]| entries.iter().cloned().map(without_measurement).collect::<Vec<_>>();
    // Of whom nobody answers nothing may have been measured.
    assert!(!own.is_empty() || state == 2, "{check} has no perfdata");
    assert_eq!(settled(&read), settled(&own), "{check}");
}

#[track_caller]
fn assert_rolled_up(node: &Node, state: i32, text: &str) {
    let result = node.check("localhost!UM.CallRouter");
    assert_eq!((result["state"].as_f64(), result["output"].as_str()), (Some(state.into()), Some(text)));
}

fn by_hand(result: &Value) -> Outcome {
    let words: Vec<_> = result["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    support::run_command(Command::new(words[0]).args(&words[1..]))
}

/// What two runs have in common: each number is a `#`, each line is without the blanks around it, and seconds are no other unit
/// than milliseconds.
fn without_numbers(text: &str) -> String {
    let mut common = String::new();
    for c in text.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n").chars() {
        let is_number = c.is_ascii_digit() || (c == '.' && common.ends_with('#'));
        if !(is_number && common.ends_with('#')) {
            common.push(if is_number { '#' } else { c });
        }
    }
    common.replace("# ms", "# s")
}

/// An entry whose value is the clock's is compared by everything but that; one that comes from a file entirely.
fn without_measurement(mut entry: Entry) -> Entry {
    let clocks = ["time", "dns", "connect", "tls", "response", "history", "days", "lifetime"];
    if clocks.iter().any(|clock| entry.label.contains(clock)) {
        entry.value = 0.0;
    }
    entry
}
