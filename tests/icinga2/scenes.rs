//! What does every plugin print in every state? Real runs, with thresholds of every form, several addresses, unknown values.

use std::fs;
use std::path::Path;

use super::router::CallRouter;
use super::support::dns::{Manner, Nameserver, a, srv};
use super::support::peer::closed_port;
use super::{counters, directory, support};

/// Each run: plugin, arguments, exit code. In the arguments `{tcp}`, `{tls}`, `{503}` and `{old}` are ports of routers: healthy,
/// failing, with a certificate near its expiry; `{ca}` and `{old-ca}` go with them; `{good-dc}` and `{bad-dc}` are ports of
/// controllers, `{domain}` is a domain of two of which one is dead, `{10}` and `{60}` are counters with that many per cent
/// rejected, `{pool-1}` and `{pool-5}` with that state of the pool, `{closed}` is a port without a listener and `{none}` a file
/// that is not there.
const RUNS: &[(&str, &str, i32)] = &[
    ("check_um_sip_options", "-H 127.0.0.1 -p {tcp} -w 5 -c 8", 0),
    ("check_um_sip_options", "-H 127.0.0.1 -p {tcp} -w 10:20 -c ~:8", 1),
    ("check_um_sip_options", "-H 127.0.0.1 -p {tcp} -w @0:5 -c @8:9", 1),
    ("check_um_sip_options", "-H 127.0.0.1 -p {503} -w 0.5 -c 1", 2),
    ("check_um_sip_options", "-H 127.0.0.1 -p {closed} -w 0.5 -c 1", 2),
    ("check_um_sip_options", "-H 127.0.0.1 -p {tls} --transport tls --ca-file {none}", 3),
    ("check_um_sip_options", "-H 127.0.0.1 -p {closed} --state refused=unknown -w 5:", 3),
    ("check_um_sip_options", "-H localhost -4 -p {tcp} --all-addresses -w 5 -c 8", 0),
    ("check_um_sip_options", "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca} --certificate-warning 36h", 0),
    ("check_um_sip_options", "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca} --certificate-warning 33%", 0),
    ("check_um_sip_options", "-H 127.0.0.1 -p {old} --transport tls --ca-file {old-ca} --certificate-warning 30", 1),
    ("check_um_cert_expiry", "-H localhost -4 -p {tls} --ca-file {ca}", 0),
    ("check_um_cert_expiry", "-H localhost -4 -p {tls} --ca-file {ca} -w 36h -c 12h", 0),
    ("check_um_cert_expiry", "-H localhost -4 -p {tls} --ca-file {ca} -w 100% -c 1%", 1),
    ("check_um_cert_expiry", "-H localhost -4 -p {old} --ca-file {old-ca} -c 1", 1),
    ("check_um_cert_expiry", "-H localhost -4 -p {old} --ca-file {old-ca}", 2),
    ("check_um_cert_expiry", "-H 127.0.0.1 -p {closed}", 2),
    ("check_um_cert_expiry", "--file {ca} -w @100:500 -c 14:1000", 1),
    ("check_um_cert_expiry", "--file {none}", 3),
    ("check_um_cert_expiry", "-H 127.0.0.1 -p {closed} --state refused=unknown", 3),
    ("check_um_reject_rate", "--counters csv:{10}", 0),
    ("check_um_reject_rate", "--counters csv:{10} -w @10:20", 1),
    ("check_um_reject_rate", "--counters csv:{10} -w ~:5 -c 50:100", 2),
    ("check_um_reject_rate", "--counters csv:{60}", 2),
    ("check_um_reject_rate", "--counters csv:{none} -w -1:5", 3),
    ("check_um_missed_call_proxy", "--counters csv:{10}", 0),
    ("check_um_missed_call_proxy", "--counters csv:{10} -w 5", 1),
    ("check_um_missed_call_proxy", "--counters csv:{60} -w 20:", 2),
    ("check_um_missed_call_proxy", "--counters csv:{none}", 3),
    ("check_um_app_pool", "--counters csv:{10}", 0),
    ("check_um_app_pool", "--counters csv:{pool-1}", 1),
    ("check_um_app_pool", "--counters csv:{pool-5}", 2),
    ("check_um_app_pool", "--counters csv:{none}", 3),
    ("check_um_health_set", "--file {recorded}/health/powershell7-single-healthy.json", 0),
    (
        "check_um_health_set",
        "--file {recorded}/health/remoted-degraded-disabled-repairing-unknown.json --ignore UMCallRouterCertificateNearExpiryMonitor",
        1,
    ),
    ("check_um_health_set", "--file {recorded}/health/powershell5-two-unhealthy.json", 2),
    ("check_um_health_set", "--file {recorded}/health/powershell7-single-healthy.json --health-set Absent", 3),
    ("check_um_events", "--file {recorded}/events/wevtutil-root-no-events.xml", 0),
    ("check_um_events", "--file {rejected} --until 2026-11-23T17:00:00Z", 1),
    ("check_um_events", "--file {rejected} --until 2026-11-23T17:00:00Z --event 1647=@1:5", 1),
    ("check_um_events", "--file {rejected} --until 2026-11-23T17:00:00Z --event 1647=0,1", 2),
    ("check_um_events", "--file {none}", 3),
    ("check_um_ad_ds", "-H 127.0.0.1 -p {good-dc}", 0),
    ("check_um_ad_ds", "-H 127.0.0.1 -p {good-dc} -w @0:3 -c ~:5", 1),
    ("check_um_ad_ds", "-H 127.0.0.1 -p {bad-dc}", 2),
    ("check_um_ad_ds", "--domain example.com --dns-server {domain}", 2),
    ("check_um_ad_ds", "-H 127.0.0.1 -p {closed} --state refused=unknown", 3),
    ("check_um_service", "", 3),
];

/// One run and what came of it.
pub struct Scene {
    /// The command line.
    pub command: String,
    /// The plugin's name.
    pub plugin: &'static str,
    /// Its exit code.
    pub state: i32,
    /// Its perfdata, of which there is none where nothing could be measured.
    pub perfdata: String,
}

/// Plays all of them, with files in `scratch`.
pub fn play(scratch: &Path) -> Vec<Scene> {
    let healthy = CallRouter::start("healthy", scratch.join("healthy"));
    let failing = CallRouter::start("503", scratch.join("failing"));
    let old = CallRouter::start("certificate-near-expiry", scratch.join("old"));
    let port = |is_synchronized| directory::start(is_synchronized).unwrap().port();
    let (good, bad) = (port(true), port(false));
    let zone = vec![
        ("_ldap._tcp.dc._msdcs.example.com", srv(0, good, "dc1.example.com")),
        ("_ldap._tcp.dc._msdcs.example.com", srv(0, good, "dc2.example.com")),
        ("dc1.example.com", a([127, 0, 0, 1])),
        // The controller listens on the first address only.
        ("dc2.example.com", a([127, 0, 0, 2])),
    ];
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let file = |name: &str, text: String| {
        let path = scratch.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let at = |name: &str| scratch.join(name).to_str().unwrap().to_owned();
    let places = [
        ("{tcp}", healthy.tcp_port.to_string()),
        ("{tls}", healthy.tls_port.to_string()),
        ("{ca}", at("healthy/ca.pem")),
        ("{503}", failing.tcp_port.to_string()),
        ("{old}", old.tls_port.to_string()),
        ("{old-ca}", at("old/ca.pem")),
        ("{good-dc}", good.to_string()),
        ("{bad-dc}", bad.to_string()),
        ("{domain}", nameserver.address.to_string()),
        ("{10}", file("10.csv", counters::log(10, 3))),
        ("{60}", file("60.csv", counters::log(60, 3))),
        ("{pool-1}", file("pool-1.csv", counters::log(10, 1))),
        ("{pool-5}", file("pool-5.csv", counters::log(10, 5))),
        ("{recorded}", support::fixture("")),
        ("{rejected}", support::fixture("events/wevtutil-three-calls-rejected.xml")),
        ("{closed}", closed_port()),
        ("{none}", at("none")),
    ];
    let run = |&(plugin, arguments, state): &(&'static str, &str, i32)| {
        let arguments = places.iter().fold(arguments.to_owned(), |text, (place, value)| text.replace(place, value));
        let outcome = support::run(plugin, &arguments);
        outcome.assert_text(state);
        let perfdata = outcome.first_line().split_once(" | ").map_or("", |(_, perfdata)| perfdata).to_owned();
        Scene { command: format!("{plugin} {arguments}"), plugin, state, perfdata }
    };
    let scenes: Vec<_> = RUNS.iter().map(run).collect();
    for plugin in support::plugins() {
        for state in 0..=3 {
            let is_seen = scenes.iter().any(|scene| scene.plugin == plugin && scene.state == state);
            // Without Windows there is no service to look at.
            assert!(
                is_seen || (plugin == "check_um_service" && state != 3),
                "{plugin} was not seen with exit code {state}"
            );
        }
    }
    scenes
}
