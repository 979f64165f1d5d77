//! Does Prometheus take what the plugins say, and does it tell somebody? Debian's promtool, node exporter and Prometheus.
//!
//! Where one of them is not installed the tests say so and pass; with `CHECK_UM_REQUIRE_PEERS=1` they fail.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod labels;
mod script_exporter;
#[path = "../support/mod.rs"]
mod support;
mod textfile;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use call_router::router::{Router, Settings};
use call_router::scene::Scene;
use check_um::checks::ALL;
use check_um::checks::schedule::DisplayUnit;
use check_um::door::report::{Quantity, Unit};
use check_um_generate::register::services;
use serde_json::Value;
use support::exposition::{self, objections, promtool};
use support::host::Server;
use support::node_exporter::NodeExporter;
use support::port::free_port;
use support::{format, plugin, run_command};
use textfile::run_script;

#[test]
fn every_scene_of_every_check_is_series_that_promtool_is_silent_on() {
    support::scenes::play_all(play);
}

fn play(scene: &Scene) {
    let scratch = tempfile::tempdir().unwrap();
    let run = |format: &str| {
        let staged = scene.stage(scratch.path()).unwrap();
        let outcome = run_command(plugin(scene.plugin).args(&staged.arguments).args(["--output", format]));
        outcome.assert_exit(scene.exit);
        outcome
    };
    let said = run("openmetrics");
    let series = exposition::assert_valid(exposition::without_comment(&said.stdout));
    let own = series.iter().find(|one| one.name == "check_um_state").unwrap();
    assert_eq!(own.value, f64::from(scene.exit), "{said:?}");
    assert_eq!(format!("check_um_{}", own.labels["check"]), scene.plugin, "{said:?}");
    assert!(!said.stdout.contains("as perfdata has it"), "not in the table of quantities: {said:?}");
    assert_eq!(objections(&said.stdout).unwrap_or_default(), "", "{said:?}");
    // Why it is not OK, where that is of a class.
    let json = format::assert_json(&run("json").stdout);
    let classes: Vec<_> = series.iter().filter_map(|one| one.labels.get("class")).collect();
    assert_eq!(classes, all_classes(&json), "{json} {said:?}");
    // Everything that was measured, as often as JSON has it.
    let measured = series.iter().filter(|one| !OF_EVERY_CHECK.contains(&one.name.as_str())).count();
    assert_eq!(measured, metrics(&json), "{json} {said:?}");
}

/// Of what class the worst failure is, in a report and in those of whom it has asked.
fn all_classes(json: &Value) -> Vec<&str> {
    let parts = json["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    json["failure"]["class"].as_str().into_iter().chain(parts.iter().flat_map(all_classes)).collect()
}

/// How many metrics have a value, in a report and in those of whom it has asked.
fn metrics(json: &Value) -> usize {
    let own = json["metrics"].as_object().unwrap().values().filter(|metric| !metric["value"].is_null()).count();
    let checks = json["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    own + checks.iter().map(metrics).sum::<usize>()
}

#[test]
fn every_metric_of_a_service_is_in_the_table_with_its_unit() {
    for service in services() {
        for metric in service.metrics {
            let (quantity, _) = Quantity::of(metric.label).unwrap_or_else(|| panic!("no quantity {}", metric.label));
            let unit = match metric.unit {
                DisplayUnit::Seconds => Unit::Seconds,
                DisplayUnit::Days => Unit::Days,
                DisplayUnit::Percent => Unit::Percent,
                DisplayUnit::Count | DisplayUnit::Code(_) => Unit::Number,
            };
            assert_eq!(quantity.unit, unit, "{}: {}", service.name, metric.label);
        }
    }
}

#[test]
fn the_first_certificate_to_end_is_named_to_the_second() {
    let router = Router::start(&Settings::default()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let ca = scratch.path().join("ca.pem");
    fs::write(&ca, &router.certificates.ca).unwrap();
    let (port, ca) = (router.tls.port(), ca.display());
    for name in ["check_um_cert_expiry", "check_um_sip_options --transport tls"] {
        let (name, more) = name.split_once(' ').unwrap_or((name, ""));
        let arguments = format!("-H 127.0.0.1 -p {port} --ca-file {ca} {more}");
        let end = || {
            let said = support::run(name, &format!("{arguments} --output openmetrics"));
            exposition::value(&said.assert_exit(0).stdout, "probe_ssl_earliest_cert_expiry").unwrap()
        };
        let first = end();
        // Days are counted from the start of a run, and the moment must not move with it.
        sleep(Duration::from_millis(50));
        assert_eq!((first, first.fract()), (end(), 0.0), "{name}");
    }
}

#[test]
fn the_committed_rules_are_sound_and_do_what_they_say() {
    let directory = support::root().join("integrations/prometheus");
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    for arguments in [["check", "rules", &path("rules.yml")], ["test", "rules", &path("rules_test.yml")]] {
        assert_eq!(promtool(&arguments, "").unwrap_or_default(), "", "{arguments:?}");
    }
    let rules = fs::read_to_string(path("rules.yml")).unwrap();
    for check in ALL {
        let label = check.about.name.trim_start_matches("check_um_");
        assert!(rules.contains(&format!("\"{label}\"")) || rules.contains(&format!("\"{label}|")), "no {label}");
    }
}

/// The units need a systemd to be looked at, and the program that they start.
#[test]
fn the_committed_units_pass_systemd_s_own_eyes() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = support::root().join("integrations/prometheus");
    let script = directory.join("check-um-textfile");
    for kind in ["service", "timer"] {
        let unit = fs::read_to_string(directory.join(format!("check-um@.{kind}"))).unwrap();
        let unit = match kind {
            "service" => support::replaced(&unit, INSTALLED, script.to_str().unwrap()),
            _ => unit,
        };
        fs::write(scratch.path().join(format!("check-um@.{kind}")), unit).unwrap();
    }
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no", "check-um@cas1.timer", "check-um@cas1.service"]);
    let path = format!("{}:", scratch.path().display());
    let Ok(output) = command.current_dir(scratch.path()).env("SYSTEMD_UNIT_PATH", path).output() else {
        support::skipped("systemd-analyze is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // What it says of other units of this system is theirs.
    let own: Vec<_> = said.lines().filter(|line| line.contains("check-um@")).collect();
    assert!(output.status.success() && own.is_empty(), "{said}");
}

#[test]
fn an_alert_fires_and_is_resolved_by_prometheus_itself() {
    let scratch = tempfile::tempdir().unwrap();
    let textfiles = scratch.path().join("textfiles");
    fs::create_dir(&textfiles).unwrap();
    let port = free_port();
    let target = format!("127.0.0.1:{port}");
    let ask = || {
        let options = ["-H", "127.0.0.1", "-p", &port.to_string()];
        let outcome = run_script(&textfiles, "cas1", "check_um_sip_options", &options);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
    };
    ask();
    let Some(exporter) = NodeExporter::start(&textfiles, "") else { return };
    let page = get(exporter.port, "/metrics");
    let series = |run: &str, state: &str| {
        format!("check_um_state{{check=\"sip_options\",run=\"{run}\",target=\"{target}\"}} {state}")
    };
    assert!(page.contains(&series("cas1", "2")), "{page}");
    // The same question once more, judged otherwise.
    let lowered = ["-H", "127.0.0.1", "-p", &port.to_string(), "--state", "refused=warning"];
    assert_eq!(run_script(&textfiles, "lowered", "check_um_sip_options", &lowered).code, Some(0));
    let page = get(exporter.port, "/metrics");
    assert!(page.contains(&series("cas1", "2")) && page.contains(&series("lowered", "1")), "{page}");
    fs::remove_file(textfiles.join("check_um_lowered.prom")).unwrap();
    assert!(page.contains("node_textfile_scrape_error 0"), "{page}");

    // A script exporter serves the same text as what it is.
    let said = support::run("check_um_sip_options", &format!("-H 127.0.0.1 -p {port} --output openmetrics")).stdout;
    let direct = serve(said);
    let Some(prometheus) = Prometheus::start(scratch.path(), exporter.port, direct) else { return };
    eventually(|| {
        let targets = prometheus.get("/api/v1/targets");
        let all = targets["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
        let down: Vec<_> = all.iter().filter(|target| target["health"] != "up").collect();
        (all.len() != 2 || !down.is_empty()).then(|| format!("{all:?}"))
    });
    eventually(|| {
        (prometheus.firing("exporter") != ["CheckUmSipOptions"]).then(|| prometheus.get("/api/v1/alerts").to_string())
    });

    let _router = Router::start(&Settings { tcp_port: port, ..Settings::default() }).unwrap();
    ask();
    eventually(|| (!prometheus.firing("exporter").is_empty()).then(|| prometheus.get("/api/v1/alerts").to_string()));
    // What was scraped as OpenMetrics is what it was.
    assert_eq!(prometheus.firing("direct"), ["CheckUmSipOptions"]);
}

/// Prometheus with the committed rules, in which nothing has to hold before it is told.
struct Prometheus {
    port: u16,
    _server: Server,
}

impl Prometheus {
    fn start(scratch: &Path, exporter: u16, direct: u16) -> Option<Self> {
        let rules = fs::read_to_string(support::root().join("integrations/prometheus/rules.yml")).unwrap();
        let at_once =
            rules.lines().map(|line| if line.starts_with("        for: ") { "        for: 0s" } else { line });
        fs::write(scratch.join("rules.yml"), at_once.collect::<Vec<_>>().join("\n")).unwrap();
        let configuration = format!(
            "global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}\nrule_files: [rules.yml]\nscrape_configs:\n  \
             - job_name: exporter\n    static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]\n  \
             - job_name: direct\n    static_configs: [{{targets: ['127.0.0.1:{direct}']}}]\n"
        );
        let path = scratch.join("prometheus.yml");
        fs::write(&path, configuration).unwrap();
        let port = free_port();
        let arguments = [
            format!("--config.file={}", path.display()),
            format!("--storage.tsdb.path={}", scratch.join("data").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ];
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let is_up = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        Some(Self { port, _server: Server::start("prometheus", &arguments, is_up)? })
    }

    fn get(&self, path: &str) -> Value {
        serde_json::from_str(&get(self.port, path)).unwrap_or_default()
    }

    /// The alerts of a job that fire.
    fn firing(&self, job: &str) -> Vec<String> {
        let alerts = self.get("/api/v1/alerts");
        let alerts = alerts["data"]["alerts"].as_array().cloned().unwrap_or_default();
        let fires = |alert: &&Value| alert["state"] == "firing" && alert["labels"]["job"] == job;
        alerts
            .iter()
            .filter(fires)
            .filter_map(|alert| Some(alert["labels"]["alertname"].as_str()?.to_owned()))
            .collect()
    }
}

/// The body of what is at that path; empty where nobody answers.
fn get(port: u16, path: &str) -> String {
    let asked = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    };
    let answer: String = asked().unwrap_or_default();
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}

/// Serves a text as OpenMetrics to whoever asks.
fn serve(text: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read(&mut [0; 4_096]);
            let head = "HTTP/1.0 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8";
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        }
    });
    port
}

/// Waits until nothing is missing any more.
#[track_caller]
fn eventually(missing: impl Fn() -> Option<String>) {
    let started = Instant::now();
    while let Some(what) = missing() {
        assert!(started.elapsed() < Duration::from_secs(90), "{what}");
        sleep(Duration::from_millis(50));
    }
}

/// The series of a check beside what it measures.
const OF_EVERY_CHECK: &[&str] = &[
    "check_um_state",
    "check_um_failure",
    "probe_success",
    "probe_duration_seconds",
    "probe_ssl_earliest_cert_expiry",
];

/// Where the service looks for the script.
const INSTALLED: &str = "/usr/share/check-um/prometheus/check-um-textfile";
