//! What do the plugins say? Each one's output and exit code against a simulated Call Router, healthy and failing.
//!
//! ```sh
//! cargo run --example demo
//! ```
//!
//! Builds the plugins, starts a router for each scene on a free loopback port, and exits 1 if a plugin's exit code is
//! not the one that the scene expects. A new plugin adds its scenes to [`SCENES`].

#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

#[path = "call_router/counters.rs"]
mod counters;
#[path = "call_router/directory.rs"]
mod directory;
#[allow(clippy::unwrap_used, reason = "the tests' own nameserver fails by panic")]
#[path = "../tests/support/dns.rs"]
mod dns;
#[path = "call_router/router.rs"]
mod router;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use dns::{Manner, Nameserver};
use router::{Behaviour, Router, Settings};

/// One run of a plugin. In the arguments `{tcp}` and `{tls}` are the router's ports, `{ca}`, `{client}` and
/// `{client-key}` the files that go with its certificate; `{good-log}` and `{bad-log}` are counters of the last hour,
/// `{good-dc}` and `{bad-dc}` ports of domain controllers, `{dns}` is a nameserver that knows the domain example.com, `{recorded}` is the directory of recorded files.
struct Scene {
    title: &'static str,
    router: Behaviour,
    plugin: &'static str,
    arguments: &'static str,
    exit: i32,
}

const SCENES: &[Scene] = &[
    Scene {
        title: "a healthy router",
        router: Behaviour::Healthy,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp} -w 0.5 -c 1",
        exit: 0,
    },
    Scene {
        title: "the same, with all that -v adds",
        router: Behaviour::Healthy,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp} -v",
        exit: 0,
    },
    Scene {
        title: "a router without a worker process",
        router: Behaviour::Unavailable,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp}",
        exit: 2,
    },
    Scene {
        title: "a router without Active Directory",
        router: Behaviour::Forbidden,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp}",
        exit: 2,
    },
    Scene {
        title: "a redirection, of which the operator says that it is fine",
        router: Behaviour::Redirect,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp} --expect 200,302",
        exit: 0,
    },
    Scene {
        title: "a slow router",
        router: Behaviour::Slow,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp} -w 0.1 -c 5 --single-line",
        exit: 1,
    },
    Scene {
        title: "a router that takes the connection and says nothing",
        router: Behaviour::Silent,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp} -t 0.5",
        exit: 2,
    },
    Scene {
        title: "a router that hangs up",
        router: Behaviour::Closing,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp} --single-line",
        exit: 2,
    },
    Scene {
        title: "a service that does not run",
        router: Behaviour::Refused,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp}",
        exit: 2,
    },
    Scene {
        title: "the same, where the operator wants it to be a warning",
        router: Behaviour::Refused,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp} --state refused=warning --single-line",
        exit: 1,
    },
    Scene {
        title: "a healthy router over TLS",
        router: Behaviour::Healthy,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca}",
        exit: 0,
    },
    Scene {
        title: "a certificate near its expiry",
        router: Behaviour::CertificateNearExpiry,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca} --certificate-warning 30 --certificate-critical 3",
        exit: 1,
    },
    Scene {
        title: "a certificate that has expired",
        router: Behaviour::CertificateExpired,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca}",
        exit: 2,
    },
    Scene {
        title: "a router that demands a client certificate",
        router: Behaviour::ClientCertificateRequired,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca}",
        exit: 1,
    },
    Scene {
        title: "the same, and the check has one",
        router: Behaviour::ClientCertificateRequired,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca} --client-certificate {client} --client-key {client-key}",
        exit: 0,
    },
    Scene {
        title: "the servers of a domain, as DNS names them, one of which is dead",
        router: Behaviour::Healthy,
        plugin: "check_um_sip_options",
        arguments: "-H example.com --srv --dns-server {dns} --all-addresses",
        exit: 2,
    },
    Scene {
        title: "the same domain, asked as a client would",
        router: Behaviour::Healthy,
        plugin: "check_um_sip_options",
        arguments: "-H example.com --srv --dns-server {dns} -vv",
        exit: 0,
    },
    Scene {
        title: "for Zabbix and programs",
        router: Behaviour::Healthy,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp} --output json",
        exit: 0,
    },
    Scene {
        title: "for System Center Operations Manager",
        router: Behaviour::Unavailable,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -p {tcp} --output scom --exit-ok",
        exit: 0,
    },
    Scene {
        title: "a certificate with a year to go",
        router: Behaviour::Healthy,
        plugin: "check_um_cert_expiry",
        arguments: "-H 127.0.0.1 -p {tls} --ca-file {ca}",
        exit: 0,
    },
    Scene {
        title: "a certificate with a week to go",
        router: Behaviour::CertificateNearExpiry,
        plugin: "check_um_cert_expiry",
        arguments: "-H 127.0.0.1 -p {tls} --ca-file {ca}",
        exit: 2,
    },
    Scene {
        title: "a tenth of the calls rejected",
        router: Behaviour::Healthy,
        plugin: "check_um_reject_rate",
        arguments: "--counters csv:{good-log}",
        exit: 0,
    },
    Scene {
        title: "three fifths of the calls rejected",
        router: Behaviour::Healthy,
        plugin: "check_um_reject_rate",
        arguments: "--counters csv:{bad-log} -v",
        exit: 2,
    },
    Scene {
        title: "missed-call notifications get through",
        router: Behaviour::Healthy,
        plugin: "check_um_missed_call_proxy",
        arguments: "--counters csv:{good-log}",
        exit: 0,
    },
    Scene {
        title: "missed-call notifications fail",
        router: Behaviour::Healthy,
        plugin: "check_um_missed_call_proxy",
        arguments: "--counters csv:{bad-log}",
        exit: 2,
    },
    Scene {
        title: "the application pool runs",
        router: Behaviour::Healthy,
        plugin: "check_um_app_pool",
        arguments: "--counters csv:{good-log}",
        exit: 0,
    },
    Scene {
        title: "the application pool was disabled after crashing too often",
        router: Behaviour::Healthy,
        plugin: "check_um_app_pool",
        arguments: "--counters csv:{bad-log}",
        exit: 2,
    },
    Scene {
        title: "a question that only Windows can answer",
        router: Behaviour::Healthy,
        plugin: "check_um_service",
        arguments: "--service MSExchangeUMCR",
        exit: 3,
    },
    Scene {
        title: "Managed Availability is content",
        router: Behaviour::Healthy,
        plugin: "check_um_health_set",
        arguments: "--file {recorded}/health/powershell7-single-healthy.json",
        exit: 0,
    },
    Scene {
        title: "Managed Availability is not",
        router: Behaviour::Healthy,
        plugin: "check_um_health_set",
        arguments: "--file {recorded}/health/powershell5-two-unhealthy.json",
        exit: 2,
    },
    Scene {
        title: "what Managed Availability wrote into its own log",
        router: Behaviour::Healthy,
        plugin: "check_um_health_set",
        arguments: "--file {recorded}/health/log-call-router-unhealthy-again.xml",
        exit: 2,
    },
    Scene {
        title: "nothing in the event log",
        router: Behaviour::Healthy,
        plugin: "check_um_events",
        arguments: "--file {recorded}/events/wevtutil-root-no-events.xml",
        exit: 0,
    },
    Scene {
        title: "three rejected calls in the event log",
        router: Behaviour::Healthy,
        plugin: "check_um_events",
        arguments: "--file {recorded}/events/wevtutil-three-calls-rejected.xml --until 2026-11-23T17:00:00Z",
        exit: 1,
    },
    Scene {
        title: "a domain controller that is fit for work",
        router: Behaviour::Healthy,
        plugin: "check_um_ad_ds",
        arguments: "-H 127.0.0.1 -p {good-dc}",
        exit: 0,
    },
    Scene {
        title: "a domain controller that is not synchronized",
        router: Behaviour::Healthy,
        plugin: "check_um_ad_ds",
        arguments: "-H 127.0.0.1 -p {bad-dc}",
        exit: 2,
    },
    Scene {
        title: "a mistake on the command line",
        router: Behaviour::Healthy,
        plugin: "check_um_sip_options",
        arguments: "-H 127.0.0.1 -w 20:10",
        exit: 3,
    },
];

/// Slow enough for a threshold, quick enough for a reader.
const SLOW: Duration = Duration::from_millis(300);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let plugins = build()?;
    let files = std::env::temp_dir().join(format!("check-um-demo-{}", std::process::id()));
    fs::create_dir(&files)?;
    let played = SCENES.iter().map(|scene| play(scene, &plugins, &files)).collect::<Result<Vec<_>, _>>();
    fs::remove_dir_all(&files)?;

    let surprises = played?.iter().filter(|as_expected| !**as_expected).count();
    println!("{} scenes, {surprises} not as expected", SCENES.len());
    Ok(if surprises == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds what is missing or out of date, in the profile of this example; where the plugins are then.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--bins"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    if !cargo.status()?.success() {
        return Err("the plugins do not build".into());
    }
    let examples = std::env::current_exe()?;
    Ok(examples.ancestors().nth(2).ok_or("an example without a target directory")?.to_owned())
}

/// A nameserver by which example.com has two servers: a dead one to be tried first, and the router.
fn domain(router: &Router) -> Nameserver {
    let service = "_sip._tcp.example.com";
    let zone = vec![
        (service, dns::srv(0, 1, "cas1.example.com")),
        (service, dns::srv(10, router.tcp.port(), "cas2.example.com")),
        ("cas1.example.com", dns::a([127, 0, 0, 2])),
        ("cas2.example.com", dns::a([127, 0, 0, 1])),
    ];
    Nameserver::new(Manner::Plain, zone)
}

/// Runs one scene and shows it; whether it ended as expected.
fn play(scene: &Scene, plugins: &Path, files: &Path) -> Result<bool, Box<dyn Error>> {
    let router = Router::start(&Settings { behaviour: scene.router, delay: SLOW, ..Settings::default() })?;
    let mut arguments = scene.arguments.to_owned();
    for (port, address) in [("{tcp}", router.tcp), ("{tls}", router.tls)] {
        arguments = arguments.replace(port, &address.port().to_string());
    }
    let certificates = &router.certificates;
    for (place, file, text) in [
        ("{ca}", "ca.pem", &certificates.ca),
        ("{client}", "client.pem", &certificates.client),
        ("{client-key}", "client-key.pem", &certificates.client_key),
    ] {
        let path = files.join(file);
        fs::write(&path, text)?;
        arguments = arguments.replace(place, &path.to_string_lossy());
    }

    for (place, log) in [("{good-log}", counters::log(10, 3)), ("{bad-log}", counters::log(60, 5))] {
        let path = files.join("counters.csv");
        if arguments.contains(place) {
            fs::write(&path, log)?;
            arguments = arguments.replace(place, &path.to_string_lossy());
        }
    }
    for (place, is_synchronized) in [("{good-dc}", true), ("{bad-dc}", false)] {
        if arguments.contains(place) {
            arguments = arguments.replace(place, &directory::start(is_synchronized)?.port().to_string());
        }
    }
    let nameserver = domain(&router);
    arguments = arguments.replace("{dns}", &nameserver.address.to_string());
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    arguments = arguments.replace("{recorded}", recorded);

    let ran = Command::new(plugins.join(scene.plugin)).args(arguments.split(' ')).output()?;
    println!("# {}", scene.title);
    println!("$ {} {arguments}", scene.plugin);
    print!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let as_expected = ran.status.code() == Some(scene.exit) && ran.stderr.is_empty();
    let remark = if as_expected { String::new() } else { format!(", expected {}", scene.exit) };
    println!("exit {}{remark}\n", ran.status.code().map_or_else(|| "by a signal".to_owned(), |code| code.to_string()));
    Ok(as_expected)
}
