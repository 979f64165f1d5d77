//! Does every query of the dashboards find what Icinga 2 stores? The plugins' own perfdata, written by the real Icinga 2
//! into a real InfluxDB, and as Graphite would receive it.
//!
//! Where one of them is not installed the test says so and passes; with `CHECK_UM_REQUIRE_PEERS=1` it fails.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(dead_code, reason = "support and routers are shared with other tests")]

#[path = "support/nrpe.rs"]
mod nrpe;
#[path = "support/recorded.rs"]
mod recorded;
mod support;

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use call_router::scene::Condition;
use call_router::scenes;
use check_um::checks::schedule::ScheduledService;
use check_um_generate::grafana::services;
use check_um_generate::sip_server;
use serde_json::Value;
use support::port::free_port;

#[test]
fn every_query_finds_what_icinga_wrote() {
    if !nrpe::installed(&["/usr/sbin/icinga2", "/usr/bin/influxd", "/usr/bin/influx"]) {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let influx = Influx::start(&scratch.path().join("influx"));
    let (carbon, received) = carbon();
    let _icinga = Icinga::start(scratch.path(), influx.port, carbon);

    // Icinga 2.13 connects to Graphite ten seconds after its start: almost all of this test's time.
    eventually(|| {
        let text = received.lock().unwrap();
        let missing = graphite_paths().into_iter().find(|path| !text.lines().any(|line| is_of(line, path)));
        missing.map(|path| format!("Graphite got no {path} but {text}"))
    });
    eventually(|| influx.missing(&influx_queries()));
}

/// The series that a target of the dashboard for Graphite asks for, with `$host` in the host's place.
fn graphite_paths() -> Vec<String> {
    targets("graphite.json", "target").iter().map(|target| between(target, "aliasByNode(", ", 1)").to_owned()).collect()
}

/// The queries of the dashboard for InfluxDB, with Grafana's variables filled in as Grafana does.
fn influx_queries() -> Vec<String> {
    let filled = |query: &String| {
        let filled = query.replace("$timeFilter", "time > now() - 1h").replace("$__interval", "1m");
        filled.replace("$host", CHOSEN).replace("$sip_server", CHOSEN)
    };
    targets("influxdb.json", "query").iter().map(filled).collect()
}

/// A field of every target of every panel.
fn targets(dashboard: &str, field: &str) -> Vec<String> {
    let path = support::root().join("integrations/grafana").join(dashboard);
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let fields: Vec<_> = targets.map(|target| target[field].as_str().unwrap().to_owned()).collect();
    assert!(fields.len() >= panels.len() && panels.len() > 10);
    fields
}

/// Whether a line of Graphite's protocol, `path value time`, is of that series.
fn is_of(line: &str, path: &str) -> bool {
    let host = "cas1_example_com";
    line.starts_with(&(path.replace("$host", host).replace("$sip_server", host) + " "))
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    text.split_once(begin).unwrap().1.split_once(end).unwrap().0
}

/// Waits until `missing` finds nothing.
#[track_caller]
fn eventually(mut missing: impl FnMut() -> Option<String>) {
    let started = Instant::now();
    while let Some(what) = missing() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(50));
    }
}

/// What a Graphite hears that only listens.
fn carbon() -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&received);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut chunk) {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk[..count]));
            }
        }
    });
    (port, received)
}

/// InfluxDB 1, ended when dropped.
struct Influx {
    process: Child,
    port: u16,
}

impl Influx {
    fn start(directory: &Path) -> Self {
        fs::create_dir(directory).unwrap();
        let port = free_port();
        let configuration = directory.join("influxdb.conf");
        let place = directory.to_str().unwrap();
        let text = format!(
            "reporting-disabled = true\nbind-address = \"127.0.0.1:0\"\n[meta]\ndir = \"{place}/meta\"\n\
             [data]\ndir = \"{place}/data\"\nwal-dir = \"{place}/wal\"\n[monitor]\nstore-enabled = false\n\
             [http]\nbind-address = \"127.0.0.1:{port}\"\n"
        );
        fs::write(&configuration, text).unwrap();
        let mut command = Command::new("influxd");
        command.arg("-config").arg(configuration).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let influx = Self { process: command.spawn().unwrap(), port };
        eventually(|| TcpStream::connect(("127.0.0.1", port)).err().map(|error| format!("influxd: {error}")));
        influx.execute("CREATE DATABASE icinga2");
        influx
    }

    fn execute(&self, statements: &str) -> Value {
        let mut client = Command::new("influx");
        client.args(["-host", "127.0.0.1", "-port", &self.port.to_string(), "-database", "icinga2"]);
        let ran = client.args(["-format", "json", "-execute", statements]).output().unwrap();
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// The first query that finds no series.
    fn missing(&self, queries: &[String]) -> Option<String> {
        let answer = self.execute(&queries.join(";"));
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.len(), queries.len(), "{answer}");
        let has_series = |result: &Value| result["series"].as_array().is_some_and(|series| !series.is_empty());
        let (query, _) = queries.iter().zip(results).find(|(_, result)| !has_series(result))?;
        Some(format!("InfluxDB finds nothing for {query}"))
    }
}

impl Drop for Influx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Icinga 2 with the committed writers and one router's checks, ended when dropped.
struct Icinga(Child);

impl Icinga {
    fn start(scratch: &Path, influx: u16, carbon: u16) -> Self {
        let writers = fs::read_to_string(support::root().join("integrations/grafana/writers.conf")).unwrap();
        let writers = writers.replace("8086", &influx.to_string()).replace("2003", &carbon.to_string());
        fs::write(scratch.join("icinga2.conf"), configuration(scratch) + &writers).unwrap();
        let mut command = Command::new("icinga2");
        command.args(["daemon", "-c", "icinga2.conf"]).current_dir(scratch);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        for directory in ["data", "cache", "run", "spool", "log"] {
            fs::create_dir(scratch.join(directory)).unwrap();
        }
        let place = scratch.to_str().unwrap();
        for (name, value) in [
            ("DataDir", format!("{place}/data")),
            ("CacheDir", format!("{place}/cache")),
            ("InitRunDir", format!("{place}/run")),
            ("SpoolDir", format!("{place}/spool")),
            ("LogDir", format!("{place}/log")),
            ("RunAsUser", id("-un")),
            ("RunAsGroup", id("-gn")),
        ] {
            command.args(["-D", &format!("{name}={value}")]);
        }
        Self(command.spawn().unwrap())
    }
}

impl Drop for Icinga {
    fn drop(&mut self) {
        // Asked to, it ends its workers, too.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = support::wait(&mut self.0);
    }
}

fn id(option: &str) -> String {
    String::from_utf8(Command::new("id").arg(option).output().unwrap().stdout).unwrap().trim().to_owned()
}

/// Every check of the health set on one host, each under the name of its command in `integrations/icinga2/`.
fn configuration(scratch: &Path) -> String {
    let path = |name: &str| scratch.join(name).to_str().unwrap().to_owned();
    fs::write(path("numbered"), NUMBERED).unwrap();
    recorded::open_to_all(path("numbered"));
    let mut text = String::from(
        "const NodeName = \"master\"\nconst PluginDir = \"/\"\ninclude <itl>\nobject CheckerComponent \"checker\" { }\n\
         object Host \"cas1.example.com\" {\n  check_command = \"dummy\"\n}\n",
    );
    for plugin in support::plugins() {
        let program = support::plugin(plugin).get_program().to_str().unwrap().to_owned();
        text += &format!(
            "object CheckCommand \"{}\" {{\n  command = [ \"{}\", \"{program}\" ]\n  \
             arguments = {{ \"words\" = {{ value = \"$words$\"\n skip_key = true }} }}\n}}\n",
            plugin.trim_start_matches("check_"),
            path("numbered"),
        );
    }
    for check in services() {
        let labels = check.metrics.iter().map(|metric| metric.label).collect::<Vec<_>>().join(" ");
        let words = [labels].into_iter().chain(words(check, scratch));
        let quoted: Vec<_> = words.map(|word| format!("\"{word}\"")).collect();
        text += &format!(
            "object Service \"{}\" {{\n  host_name = \"cas1.example.com\"\n  check_command = \"{}\"\n  \
             check_interval = 1s\n  vars.words = [ {} ]\n}}\n",
            check.name,
            check.plugin.trim_start_matches("check_"),
            quoted.join(", "),
        );
    }
    text
}

/// The arguments of a check when all is well.
fn words(check: &ScheduledService, scratch: &Path) -> Vec<String> {
    let thresholds: &[&str] = match check.name {
        "um-sip-options" | "um-sip-options-tls" | "um-ad-ds" => &["-w", "5", "-c", "8"],
        "um-cert-expiry" => &["-w", "30%", "-c", "14"],
        "um-reject-rate" | "um-missed-call-proxy" => &["-w", "25", "-c", "50"],
        _ => &[],
    };
    let scratch = scratch.join(check.name);
    fs::create_dir(&scratch).unwrap();
    // What is asked of any SIP server finds what its like finds of a Call Router.
    let like = sip_server::asks(check.name).map_or(check.name, sip_server::like);
    let staged = scenes::scene_of(like, Condition::Well).unwrap().stage(&scratch).unwrap();
    staged.arguments.into_iter().chain(thresholds.iter().map(|word| (*word).to_owned())).collect()
}

/// Hosts as Grafana puts several of them into a query.
const CHOSEN: &str = "(cas1.example.com|cas2.example.com)";

/// What was not measured, such as the look-up of an address, is 1 here: Icinga stores nothing of it. The arguments are the
/// program, the labels that are wanted, and the program's own.
const NUMBERED: &str = r#"#!/bin/sh
program=$1 labels=$2
shift 2
line=$("$program" "$@" | head -n 1)
for label in $labels; do
  case $line in *"'$label'="*) ;; *) line="$line '$label'=1" ;; esac
done
echo "$line"
"#;
