//! In which scenes is each check seen? One table for the demo and for whoever tests a scheduler's files.
//!
//! - The demo shows those with a title.
//! - Icinga's test reads the perfdata of all that are text; each check must be there in each state that it has.
//! - SCOM, Zabbix and Grafana look at each service when it is well; the first two at what it says when nobody answers, too,
//!   and Zabbix at what it says when something is wrong. The arguments of these are options with a value each, because
//!   Zabbix puts each of them into a macro.
//!
//! A scene without the router is played beside a healthy one.

use crate::router::Behaviour::{
    self, CertificateExpired, CertificateNearExpiry, ClientCertificateRequired, Closing, Forbidden, Healthy,
    MailboxDead, MailboxSilent, Redirect, Refused, Silent, Slow, Stranger, Unavailable,
};
use crate::scene::{Condition, Scene};

/// The scene of a service in this condition.
pub fn scene_of(service: &str, condition: Condition) -> Option<&'static Scene> {
    SCENES.iter().find(|scene| scene.condition == Some((service, condition)))
}

/// Every scene, the checks in the order of the health set.
pub const SCENES: &[Scene] = &[
    scene(
        "check_um_call_router",
        Healthy,
        "-H 127.0.0.1 --startup-mode Dual --tcp-port {tcp} --tls-port {tls} --counters csv:{good-log} --health-set-file {recorded}/health/powershell7-single-healthy.json --events-file {recorded}/events/wevtutil-root-no-events.xml --extra-opts=@{ini}",
        0,
    )
    .titled("the whole health set of a healthy router"),
    scene(
        "check_um_call_router",
        Unavailable,
        "-H 127.0.0.1 --startup-mode Dual --tcp-port {tcp} --tls-port {tls} --counters csv:{bad-log} --health-set-file {recorded}/health/report-unhealthy.json --events-file {rejected} --extra-opts=@{ini}",
        2,
    )
    .titled("the same of a router without a worker process"),
    scene("check_um_call_router", Healthy, "-H 127.0.0.1 --tcp-port {tcp} --counters csv:{good-log}", 0)
        .well("um-call-router"),
    scene("check_um_call_router", Unavailable, "-H 127.0.0.1 --tcp-port {tcp} --counters csv:{bad-log}", 2)
        .failing("um-call-router"),
    scene("check_um_call_router", Refused, "-H 127.0.0.1 --tcp-port {tcp} --only sip_options", 2)
        .gone("um-call-router"),
    scene("check_um_call_router", Refused, "-H 127.0.0.1 --tcp-port {tcp} --only sip_options --again 0.1", 2)
        .titled("asked once more, and still nobody there"),
    scene("check_um_call_router", Healthy, "-H 127.0.0.1 --tcp-port {tcp} --counters csv:{starting-log} --only app_pool", 1),
    scene("check_um_call_router", Healthy, "-H 127.0.0.1 --startup-mode Dual --domain example.com --list", 3)
        .titled("which checks can be asked from here, and how"),
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -p {tcp} -w 0.5 -c 1", 0).titled("a healthy router"),
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -p {tcp} -v", 0).titled("the same, with all that -v adds"),
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -p {tcp}", 0).well("um-sip-options"),
    scene("check_um_sip_options", Unavailable, "-H 127.0.0.1 -p {tcp}", 2)
        .titled("a router without a worker process")
        .failing("um-sip-options"),
    scene("check_um_sip_options", Forbidden, "-H 127.0.0.1 -p {tcp}", 2).titled("a router without Active Directory"),
    scene("check_um_sip_options", Redirect, "-H 127.0.0.1 -p {tcp} --expect 200,302", 0)
        .titled("a redirection, of which the operator says that it is fine"),
    scene("check_um_sip_options", Slow, "-H 127.0.0.1 -p {tcp} -w 0.1 -c 5 --single-line", 1).titled("a slow router"),
    scene("check_um_sip_options", Silent, "-H 127.0.0.1 -p {tcp} -t 0.5", 2)
        .titled("a router that takes the connection and says nothing"),
    scene("check_um_sip_options", Closing, "-H 127.0.0.1 -p {tcp} --single-line", 2).titled("a router that hangs up"),
    scene("check_um_sip_options", Refused, "-H 127.0.0.1 -p {tcp}", 2)
        .titled("a service that does not run")
        .gone("um-sip-options"),
    scene("check_um_sip_options", Refused, "-H 127.0.0.1 -p {tcp} --state refused=warning --single-line", 1)
        .titled("the same, where the operator wants it to be a warning"),
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca}", 0)
        .titled("a healthy router over TLS")
        .well("um-sip-options-tls"),
    scene("check_um_sip_options", Unavailable, "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca}", 2)
        .failing("um-sip-options-tls"),
    scene("check_um_sip_options", Refused, "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca}", 2)
        .gone("um-sip-options-tls"),
    scene(
        "check_um_sip_options",
        CertificateNearExpiry,
        "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca} --certificate-warning 30 --certificate-critical 3",
        1,
    )
    .titled("a certificate near its expiry"),
    scene("check_um_sip_options", CertificateExpired, "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca}", 2)
        .titled("a certificate that has expired"),
    scene("check_um_sip_options", ClientCertificateRequired, "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca}", 1)
        .titled("a router that demands a client certificate"),
    scene(
        "check_um_sip_options",
        ClientCertificateRequired,
        "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca} --client-certificate {client} --client-key {client-key}",
        0,
    )
    .titled("the same, and the check has one"),
    scene("check_um_sip_options", Healthy, "-H example.com --srv --dns-server {dns} --all-addresses", 2)
        .titled("the servers of a domain, as DNS names them, one of which is dead"),
    scene("check_um_sip_options", Healthy, "-H example.com --srv --dns-server {dns} -vv", 0)
        .titled("the same domain, asked as a client would"),
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -p {tcp} --output json", 0).titled("for Zabbix and programs"),
    scene("check_um_sip_options", Unavailable, "-H 127.0.0.1 -p {tcp} --output scom --exit-ok", 0)
        .titled("for System Center Operations Manager"),
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -w 20:10", 3).titled("a mistake on the command line"),
    // Perfdata with thresholds of every form, several addresses, unknown values.
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -p {tcp} -w 5 -c 8", 0),
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -p {tcp} -w 10:20 -c ~:8", 1),
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -p {tcp} -w @0:5 -c @8:9", 1),
    scene("check_um_sip_options", Unavailable, "-H 127.0.0.1 -p {tcp} -w 0.5 -c 1", 2),
    scene("check_um_sip_options", Refused, "-H 127.0.0.1 -p {tcp} -w 0.5 -c 1", 2),
    scene("check_um_sip_options", Refused, "-H 127.0.0.1 -p {tcp} --state refused=unknown -w 5:", 3),
    scene("check_um_sip_options", Healthy, "-H localhost -4 -p {tcp} --all-addresses -w 5 -c 8", 0),
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -p {tls} --transport tls --no-verify", 0),
    scene("check_um_sip_options", Healthy, "-H 127.0.0.1 -p {tls} --transport tls --ca-file {nowhere}", 3),
    scene(
        "check_um_sip_options",
        Healthy,
        "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca} --certificate-warning 36h",
        0,
    ),
    scene(
        "check_um_sip_options",
        Healthy,
        "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca} --certificate-warning 33%",
        0,
    ),
    scene(
        "check_um_sip_options",
        CertificateNearExpiry,
        "-H 127.0.0.1 -p {tls} --transport tls --ca-file {ca} --certificate-warning 30",
        1,
    ),
    scene("check_um_call_routing", Healthy, "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1 -w 0.5 -c 1", 0)
        .titled("a call, redirected to a Mailbox server that is alive"),
    scene("check_um_call_routing", Healthy, "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1", 0).well("um-call-routing"),
    scene("check_um_call_routing", Healthy, "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1 --redirect follow -v", 0)
        .titled("the same call, followed to the worker that answers, and released"),
    scene(
        "check_um_call_routing",
        Healthy,
        "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1 --redirect follow --until ringing",
        0,
    )
    .titled("the same, which is enough when it rings"),
    scene("check_um_call_routing", Stranger, "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1", 2)
        .titled("a call of somebody who is no UM IP gateway")
        .failing("um-call-routing"),
    scene("check_um_call_routing", MailboxDead, "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1", 2)
        .titled("a call, redirected to a Mailbox server that is not there"),
    scene("check_um_call_routing", MailboxSilent, "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1 -t 2", 2)
        .titled("the same, to one that says nothing"),
    scene("check_um_call_routing", Refused, "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1", 2).gone("um-call-routing"),
    scene("check_um_call_routing", Stranger, "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1 --status 403=warning", 1),
    scene(
        "check_um_call_routing",
        Healthy,
        "-H 127.0.0.1 -p {tls} --transport tls -u sip:5000@127.0.0.1 --ca-file {ca} --redirect follow",
        0,
    ),
    scene("check_um_call_routing", Healthy, "-H example.com --srv --dns-server {dns} -u sip:5000@example.com -w 5", 0),
    scene(
        "check_um_call_routing",
        Refused,
        "-H 127.0.0.1 -p {tcp} -u sip:5000@127.0.0.1 --state refused=unknown -w 5:",
        3,
    ),
    scene("check_um_cert_expiry", Healthy, "-H 127.0.0.1 -p {tls} --ca-file {ca}", 0)
        .titled("a certificate with a year to go")
        .well("um-cert-expiry"),
    scene("check_um_cert_expiry", CertificateNearExpiry, "-H 127.0.0.1 -p {tls} --ca-file {ca}", 2)
        .titled("a certificate with a week to go")
        .failing("um-cert-expiry"),
    scene("check_um_cert_expiry", Refused, "-H 127.0.0.1 -p {tls}", 2).gone("um-cert-expiry"),
    scene("check_um_cert_expiry", Refused, "-H 127.0.0.1 -p {tls} --state refused=unknown", 3),
    scene("check_um_cert_expiry", Healthy, "-H 127.0.0.1 -p {tls} --no-verify", 0),
    scene("check_um_cert_expiry", Healthy, "-H localhost -4 -p {tls} --ca-file {ca}", 0),
    scene("check_um_cert_expiry", Healthy, "-H localhost -4 -p {tls} --ca-file {ca} -w 36h -c 12h", 0),
    scene("check_um_cert_expiry", Healthy, "-H localhost -4 -p {tls} --ca-file {ca} -w 100% -c 1%", 1),
    scene("check_um_cert_expiry", CertificateNearExpiry, "-H localhost -4 -p {tls} --ca-file {ca} -c 1", 1),
    scene("check_um_cert_expiry", CertificateNearExpiry, "-H localhost -4 -p {tls} --ca-file {ca}", 2),
    scene("check_um_cert_expiry", Healthy, "--file {ca} -w @100:500 -c 14:1000", 1),
    scene("check_um_cert_expiry", Healthy, "--file {nowhere}", 3),
    scene("check_um_service", Healthy, "--source prometheus:{running}", 0)
        .titled("the service of a Windows server, by its windows_exporter")
        .well("um-service"),
    scene("check_um_service", Healthy, "--source prometheus:{disabled}", 1),
    scene("check_um_service", Healthy, "--source prometheus:{stopped}", 2).failing("um-service"),
    scene("check_um_service", Refused, "--source prometheus:http://127.0.0.1:{tcp}/metrics", 3).gone("um-service"),
    scene("check_um_service", Healthy, "--service MSExchangeUMCR", 3).titled("what only Windows knows without an exporter"),
    scene("check_um_service", Healthy, "", 3),
    scene("check_um_reject_rate", Healthy, "--counters csv:{good-log}", 0)
        .titled("a tenth of the calls rejected")
        .well("um-reject-rate"),
    scene("check_um_reject_rate", Healthy, "--counters csv:{bad-log} -v", 2)
        .titled("three fifths of the calls rejected"),
    scene("check_um_reject_rate", Healthy, "--counters csv:{bad-log}", 2).failing("um-reject-rate"),
    scene("check_um_reject_rate", Healthy, "--counters csv:{nowhere}", 3).gone("um-reject-rate"),
    scene("check_um_reject_rate", Healthy, "--counters csv:{good-log} -w @10:20", 1),
    scene("check_um_reject_rate", Healthy, "--counters csv:{good-log} -w ~:5 -c 50:100", 2),
    scene("check_um_reject_rate", Healthy, "--counters csv:{nowhere} -w -1:5", 3),
    scene("check_um_missed_call_proxy", Healthy, "--counters csv:{good-log}", 0)
        .titled("missed-call notifications get through")
        .well("um-missed-call-proxy"),
    scene("check_um_missed_call_proxy", Healthy, "--counters csv:{bad-log}", 2)
        .titled("missed-call notifications fail")
        .failing("um-missed-call-proxy"),
    scene("check_um_missed_call_proxy", Healthy, "--counters csv:{nowhere}", 3).gone("um-missed-call-proxy"),
    scene("check_um_missed_call_proxy", Healthy, "--counters csv:{good-log} -w 5", 1),
    scene("check_um_missed_call_proxy", Healthy, "--counters csv:{bad-log} -w 20:", 2),
    scene("check_um_app_pool", Healthy, "--counters csv:{good-log}", 0)
        .titled("the application pool runs")
        .well("um-app-pool"),
    scene("check_um_app_pool", Healthy, "--counters csv:{bad-log}", 2)
        .titled("the application pool was disabled after crashing too often")
        .failing("um-app-pool"),
    scene("check_um_app_pool", Healthy, "--counters csv:{nowhere}", 3).gone("um-app-pool"),
    scene("check_um_app_pool", Healthy, "--counters csv:{starting-log}", 1),
    scene("check_um_health_set", Healthy, "--file {recorded}/health/powershell7-single-healthy.json", 0)
        .titled("Managed Availability is content")
        .well("um-health-set"),
    scene("check_um_health_set", Healthy, "--file {recorded}/health/powershell5-two-unhealthy.json", 2)
        .titled("Managed Availability is not"),
    scene("check_um_health_set", Healthy, "--file {recorded}/health/log-call-router-unhealthy-again.xml", 2)
        .titled("what Managed Availability wrote into its own log"),
    scene("check_um_health_set", Healthy, "--file {recorded}/health/report-unhealthy.json", 2).failing("um-health-set"),
    scene("check_um_health_set", Healthy, "--file {nowhere}", 3).gone("um-health-set"),
    scene(
        "check_um_health_set",
        Healthy,
        "--file {recorded}/health/remoted-degraded-disabled-repairing-unknown.json --ignore UMCallRouterCertificateNearExpiryMonitor",
        1,
    ),
    scene(
        "check_um_health_set",
        Healthy,
        "--file {recorded}/health/powershell7-single-healthy.json --health-set Absent",
        3,
    ),
    scene("check_um_events", Healthy, "--file {recorded}/events/wevtutil-root-no-events.xml", 0)
        .titled("nothing in the event log")
        .well("um-events"),
    scene(
        "check_um_events",
        Healthy,
        "--file {recorded}/events/wevtutil-three-calls-rejected.xml --until 2026-11-23T17:00:00Z",
        1,
    )
    .titled("three rejected calls in the event log"),
    scene("check_um_events", Healthy, "--file {rejected}", 1).failing("um-events"),
    scene("check_um_events", Healthy, "--file {nowhere}", 3).gone("um-events"),
    scene(
        "check_um_events",
        Healthy,
        "--file {recorded}/events/wevtutil-three-calls-rejected.xml --until 2026-11-23T17:00:00Z --event 1647=@1:5",
        1,
    ),
    scene(
        "check_um_events",
        Healthy,
        "--file {recorded}/events/wevtutil-three-calls-rejected.xml --until 2026-11-23T17:00:00Z --event 1647=0,1",
        2,
    ),
    scene("check_um_ad_ds", Healthy, "-H 127.0.0.1 -p {good-dc}", 0)
        .titled("a domain controller that is fit for work")
        .well("um-ad-ds"),
    scene("check_um_ad_ds", Healthy, "-H 127.0.0.1 -p {bad-dc}", 2)
        .titled("a domain controller that is not synchronized")
        .failing("um-ad-ds"),
    scene("check_um_ad_ds", Refused, "-H 127.0.0.1 -p {tcp}", 2).gone("um-ad-ds"),
    scene("check_um_ad_ds", Refused, "-H 127.0.0.1 -p {tcp} --state refused=unknown", 3),
    scene("check_um_ad_ds", Healthy, "-H 127.0.0.1 -p {good-dc} -w @0:3 -c ~:5", 1),
    scene("check_um_ad_ds", Healthy, "--domain example.com --dns-server {dns}", 2),
];

/// A plugin against a router that behaves so: its arguments, and its exit code.
const fn scene(plugin: &'static str, router: Behaviour, arguments: &'static str, exit: i32) -> Scene {
    Scene::new(plugin, router, arguments, exit)
}
