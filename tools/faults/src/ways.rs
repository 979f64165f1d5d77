//! What is run, and against whom? Each plugin in each of its ways, with its peers on loopback.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use call_router::router::Behaviour;
use call_router::scene::{Scene, Staged};

use crate::callee::Callee;
use crate::peers;

/// One command line. Beside the places of a [`Scene`] it knows `{callee}`, the port of somebody who takes calls, `{guarded}`, of
/// one who wants credentials, `{mail:PORT}` and `{ldaps:PORT}`, of what stands before that port and before the TLS or the
/// directory there; `{counters}`, an exporter whose totals rise with each scrape; `{x509}`, the files of the tests, and
/// `{passphrase}`, a file with theirs; and `{state}`, a history of two samples, its own in each run.
#[derive(Debug)]
pub struct Way {
    /// By which it is chosen.
    pub name: &'static str,
    /// The plugin.
    pub plugin: &'static str,
    /// Its arguments, but for the deadline.
    pub arguments: &'static str,
    /// The exit code of a run in which nothing fails.
    pub code: i32,
}

/// A way with its peers.
#[derive(Debug)]
pub struct Stage {
    arguments: Vec<String>,
    callee: Callee,
    history: Option<Vec<u8>>,
    scratch: PathBuf,
    runs: u64,
    _staged: Staged,
}

/// One run of a way.
#[derive(Debug)]
pub struct Turn {
    /// The plugin's arguments.
    pub arguments: Vec<String>,
    /// The history that it finds, where it keeps one.
    pub state: Option<PathBuf>,
}

impl Way {
    /// Starts its peers; files go to `scratch`, and the plugin itself makes the history.
    pub fn stage(&'static self, plugins: &Path, scratch: &Path) -> Result<Stage, Box<dyn Error>> {
        let scene = Scene::new(self.plugin, Behaviour::Healthy, self.arguments, 0);
        let staged = scene.stage(scratch)?;
        let callee = Callee::start()?;
        let mut arguments = staged.arguments.clone();
        fill(&mut arguments, "{callee}", || Ok(callee.port.to_string()))?;
        fill(&mut arguments, "{counters}", || Ok(peers::exporter()?.to_string()))?;
        fill(&mut arguments, "{guarded}", || Ok(peers::guarded()?.to_string()))?;
        fill_before(&mut arguments, "{mail:", peers::mail)?;
        let authority = scratch.join("ldaps-ca.pem");
        fill_before(&mut arguments, "{ldaps:", |port| peers::ldaps(port, &authority))?;
        fill(&mut arguments, "{ldaps-ca}", || Ok(authority.to_string_lossy().into_owned()))?;
        fill(&mut arguments, "{x509}", || Ok(peers::fixtures().join("x509").to_string_lossy().into_owned()))?;
        fill(&mut arguments, "{passphrase}", || {
            let file = scratch.join("passphrase");
            fs::write(&file, "open sesame\n")?;
            Ok(file.to_string_lossy().into_owned())
        })?;
        arguments.push(format!("--timeout={}", TIMEOUT.as_secs_f64()));
        let mut stage =
            Stage { arguments, callee, history: None, scratch: scratch.to_owned(), runs: 0, _staged: staged };
        if self.arguments.contains("{state}") {
            stage.history = Some(Vec::new());
            let first = stage.turn()?;
            let state = first.state.ok_or("no place for the history")?;
            fs::remove_file(&state)?;
            for _ in 0..2 {
                std::process::Command::new(plugins.join(self.plugin)).args(&first.arguments).output()?;
            }
            stage.history = Some(fs::read(&state)?);
        }
        Ok(stage)
    }
}

impl Stage {
    /// The next run, with a history of its own.
    pub fn turn(&mut self) -> io::Result<Turn> {
        self.runs += 1;
        let mut arguments = self.arguments.clone();
        let Some(history) = &self.history else { return Ok(Turn { arguments, state: None }) };
        let directory = self.scratch.join(format!("run-{}", self.runs));
        fs::create_dir(&directory)?;
        let state = directory.join("history");
        fs::write(&state, history)?;
        fill(&mut arguments, "{state}", || Ok(state.to_string_lossy().into_owned()))?;
        Ok(Turn { arguments, state: Some(state) })
    }

    /// The samples of the history that each run finds.
    pub fn samples(&self) -> Vec<String> {
        samples(self.history.as_deref().unwrap_or_default())
    }

    /// How many calls are still up, which are then forgotten.
    pub fn calls_left_behind(&self) -> usize {
        self.callee.left_behind()
    }
}

/// The lines of a history that are samples: those that begin with a time.
pub fn samples(history: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(history);
    text.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).map(str::to_owned).collect()
}

fn fill(arguments: &mut [String], place: &str, value: impl FnOnce() -> io::Result<String>) -> io::Result<()> {
    if arguments.iter().any(|argument| argument.contains(place)) {
        let value = value()?;
        for argument in arguments {
            *argument = argument.replace(place, &value);
        }
    }
    Ok(())
}

/// The same for a peer that stands before the port which the place names.
fn fill_before(arguments: &mut [String], place: &str, start: impl FnOnce(u16) -> io::Result<u16>) -> io::Result<()> {
    let named = arguments.iter().find_map(|argument| argument.strip_prefix(place)?.strip_suffix('}'));
    let Some(named) = named.map(str::to_owned) else { return Ok(()) };
    let behind = named.parse().map_err(io::Error::other)?;
    fill(arguments, &format!("{place}{named}}}"), || Ok(start(behind)?.to_string()))
}

/// The deadline of each run.
pub const TIMEOUT: Duration = Duration::from_millis(1_500);

const fn way(name: &'static str, plugin: &'static str, arguments: &'static str) -> Way {
    Way { name, plugin, arguments, code: 0 }
}

const fn warning(way: Way) -> Way {
    Way { code: 1, ..way }
}

const fn critical(way: Way) -> Way {
    Way { code: 2, ..way }
}

/// All of them.
pub const WAYS: &[Way] = &[
    way("options-tcp", "check_um_sip_options", "-H 127.0.0.1 -p {tcp}"),
    way("options-name", "check_um_sip_options", "-H localhost -4 -p {tcp}"),
    way("options-udp", "check_um_sip_options", "-H 127.0.0.1 -p {callee} --transport udp"),
    way("options-tls", "check_um_sip_options", "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca}"),
    way(
        "options-tls-client",
        "check_um_sip_options",
        "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca} --client-certificate {client} --client-key {client-key}",
    ),
    way("options-tls-pinned", "check_um_sip_options", "-H 127.0.0.1 -p {tls} --transport tls --no-verify"),
    way("options-srv", "check_um_sip_options", "-H example.com --srv --dns-server {dns}"),
    critical(way("options-srv-all", "check_um_sip_options", "-H example.com --srv --dns-server {dns} --all-addresses")),
    way("options-series", "check_um_sip_options", "-H 127.0.0.1 -p {tcp} --count 3 --interval 0.05 --loss-warning 0"),
    way(
        "options-series-udp",
        "check_um_sip_options",
        "-H 127.0.0.1 -p {callee} --transport udp --count 3 --interval 0.05 --loss-warning 0",
    ),
    way("options-ini", "check_um_sip_options", "-H 127.0.0.1 -p {tls} --transport tls --extra-opts=@{ini}"),
    way(
        "options-digest",
        "check_um_sip_options",
        "-H 127.0.0.1 -p {guarded} --username alice --password-file {passphrase}",
    ),
    way("options-json", "check_um_sip_options", "-H 127.0.0.1 -p {tcp} --output json"),
    way("options-scom", "check_um_sip_options", "-H 127.0.0.1 -p {tcp} --output scom"),
    way("options-openmetrics", "check_um_sip_options", "-H 127.0.0.1 -p {tcp} --output openmetrics"),
    critical(way("options-refused", "check_um_sip_options", "-H 127.0.0.1 -p 1")),
    way("call-tcp", "check_um_call_routing", "-H 127.0.0.1 -p {callee} -u sip:5000@127.0.0.1"),
    way("call-udp", "check_um_call_routing", "-H 127.0.0.1 -p {callee} --transport udp -u sip:5000@127.0.0.1"),
    way(
        "call-ringing",
        "check_um_call_routing",
        "-H 127.0.0.1 -p {callee} --transport udp -u sip:ringing@127.0.0.1 --until ringing",
    ),
    way("call-redirected", "check_um_call_routing", "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1"),
    way(
        "call-followed-tls",
        "check_um_call_routing",
        "-H 127.0.0.1 -p {tls} --transport tls -u sip:5000@127.0.0.1 --ca-file {ca} --redirect follow",
    ),
    way("certificate-wire", "check_um_cert_expiry", "-H 127.0.0.1 -p {tls} --ca-file {ca}"),
    way("certificate-roots", "check_um_cert_expiry", "-H 127.0.0.1 -p {tls} --state untrusted=ok"),
    way("certificate-name", "check_um_cert_expiry", "-H localhost -4 -p {tls} --ca-file {ca} --all-addresses"),
    way(
        "certificate-starttls",
        "check_um_cert_expiry",
        "-H 127.0.0.1 -p {mail:{tls}} --starttls smtp --tls-name localhost --ca-file {ca}",
    ),
    way("certificate-pkcs12", "check_um_cert_expiry", "--file {x509}/modern.p12 --passphrase-file {passphrase}"),
    way("certificate-file", "check_um_cert_expiry", "--file {ca} --file {client}"),
    way("counters-log", "check_um_reject_rate", "--counters csv:{good-log} --state-file {state}"),
    way("counters-exporter", "check_um_reject_rate", "--counters prometheus:http://{counters}/ --state-file {state}"),
    way("missed-log", "check_um_missed_call_proxy", "--counters csv:{good-log} --state-file {state}"),
    way(
        "missed-exporter",
        "check_um_missed_call_proxy",
        "--counters prometheus:http://{counters}/ --state-file {state}",
    ),
    way("pool-log", "check_um_app_pool", "--counters csv:{good-log}"),
    way("pool-exporter", "check_um_app_pool", "--counters prometheus:http://{counters}/"),
    way("service-exporter", "check_um_service", "--source prometheus:{running}"),
    way("health-json", "check_um_health_set", "--file {recorded}/health/powershell7-single-healthy.json"),
    critical(way("health-unhealthy", "check_um_health_set", "--file {recorded}/health/powershell5-two-unhealthy.json")),
    way("events-none", "check_um_events", "--file {recorded}/events/wevtutil-root-no-events.xml"),
    warning(way("events-rejected", "check_um_events", "--file {rejected}")),
    way("directory", "check_um_ad_ds", "-H 127.0.0.1 -p {good-dc}"),
    way("directory-ldaps", "check_um_ad_ds", "-H 127.0.0.1 -p {ldaps:{good-dc}} --tls --ca-file {ldaps-ca}"),
    critical(way("directory-srv", "check_um_ad_ds", "--domain example.com --dns-server {dns}")),
    way(
        "whole",
        "check_um_call_router",
        "-H 127.0.0.1 --startup-mode Dual --tcp-port {tcp} --tls-port {tls} --extra-opts=@{ini} \
         --counters csv:{good-log} --service-source prometheus:{running} \
         --health-set-file {recorded}/health/powershell7-single-healthy.json \
         --events-file {recorded}/events/wevtutil-root-no-events.xml",
    ),
];
