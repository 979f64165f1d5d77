//! Does the simulated Call Router fail as it says, and do the plugins see each failure for what it is?

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::net::TcpListener;
use std::time::Duration;

use call_router::router::{Behaviour, Router, Settings, TlsVersions};
use support::{Outcome, perfdata};

#[test]
fn ok_when_healthy() {
    over_tcp(Behaviour::Healthy, "--require-allow INVITE,UPDATE --require-header Server:MSExchangeUM").assert_text(0);
}

#[test]
fn critical_when_503() {
    over_tcp(Behaviour::Unavailable, "").assert_text(2).assert_says("15501");
}

#[test]
fn critical_when_403() {
    over_tcp(Behaviour::Forbidden, "").assert_text(2).assert_says("15647");
}

#[test]
fn critical_when_redirected() {
    over_tcp(Behaviour::Redirect, "").assert_text(2).assert_says("302 Moved Temporarily");
}

#[test]
fn critical_when_silent() {
    over_tcp(Behaviour::Silent, "-t 0.3").assert_text(2).assert_within(Duration::from_millis(300));
}

#[test]
fn warning_when_slow() {
    over_tcp(Behaviour::Slow, "-w 0.03").assert_text(1).assert_says(", more than 0.03 s; 200 OK");
}

#[test]
fn critical_when_closing() {
    over_tcp(Behaviour::Closing, "").assert_text(2).assert_says("closed the connection");
}

#[test]
fn critical_when_refused() {
    over_tcp(Behaviour::Refused, "").assert_text(2).assert_says("refused");
}

#[test]
fn nobody_else_is_given_the_port_at_which_it_refuses() {
    let router = start(Behaviour::Refused);
    for address in [router.tcp, router.tls] {
        assert!(TcpListener::bind(address).is_err(), "{address}");
    }
}

#[test]
#[cfg(any(target_os = "linux", windows))]
fn in_maintenance_ok_for_its_own_host_and_critical_for_any_other() {
    let router = start(Behaviour::Maintenance);
    support::run(PLUGIN, &format!("-H 127.0.0.1 -p {}", router.tcp.port())).assert_text(0);
    support::run(PLUGIN, &format!("-H 127.0.0.2 -p {}", router.tcp.port())).assert_text(2).assert_says("refused");
}

#[test]
fn ok_over_tls_with_the_days_of_the_chain() {
    let outcome = over_tls(Behaviour::Healthy, TlsVersions::Both, "");
    outcome.assert_text(0);
    let labels: Vec<_> =
        perfdata::assert_valid(outcome.first_line()).into_iter().map(|entry| (entry.label, entry.value)).collect();
    let (_, days) = labels.iter().find(|(label, _)| label == "certificate_days").unwrap();
    assert!((363.0..366.0).contains(days), "{outcome:?}");
    assert!(labels.iter().any(|(label, _)| label == "tls"), "{outcome:?}");
}

#[test]
fn warning_when_the_certificate_is_near_its_expiry() {
    over_tls(Behaviour::CertificateNearExpiry, TlsVersions::Both, "--certificate-warning 30").assert_text(1);
    over_tls(Behaviour::CertificateNearExpiry, TlsVersions::Both, "--certificate-critical 14").assert_text(2);
    over_tls(Behaviour::CertificateNearExpiry, TlsVersions::Both, "--certificate-warning 3").assert_text(0);
}

#[test]
fn critical_when_the_certificate_has_expired() {
    over_tls(Behaviour::CertificateExpired, TlsVersions::Both, "").assert_text(2).assert_says("expired");
    over_tls(Behaviour::CertificateExpired, TlsVersions::Both, "--state expired=warning").assert_text(1);
}

#[test]
fn warning_when_tls_1_2_demands_a_client_certificate() {
    over_tls(Behaviour::ClientCertificateRequired, TlsVersions::Tls12, "").assert_text(1);
}

#[test]
fn warning_when_tls_1_3_demands_a_client_certificate() {
    over_tls(Behaviour::ClientCertificateRequired, TlsVersions::Tls13, "").assert_text(1);
}

#[test]
fn ok_with_the_client_certificate_that_is_demanded() {
    for versions in [TlsVersions::Tls12, TlsVersions::Tls13] {
        let outcome = over_tls(Behaviour::ClientCertificateRequired, versions, CLIENT);
        outcome.assert_text(0);
    }
}

#[test]
fn critical_when_the_authority_is_unknown() {
    let router = start(Behaviour::Healthy);
    let elsewhere = start(Behaviour::Healthy);
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, &elsewhere.certificates.ca).unwrap();
    let arguments = format!("-H 127.0.0.1 -p {} --transport tls --ca-file {}", router.tls.port(), ca.display());
    support::run(PLUGIN, &arguments).assert_text(2);
    let unverified = format!("-H 127.0.0.1 -p {} --transport tls --no-verify", router.tls.port());
    support::run(PLUGIN, &unverified).assert_text(0);
    support::run(PLUGIN, &format!("{arguments} --state untrusted=warning")).assert_text(1);
}

const CLIENT: &str = "--client-certificate {dir}/client.pem --client-key {dir}/client-key.pem";

fn over_tls(behaviour: Behaviour, tls_versions: TlsVersions, more: &str) -> Outcome {
    let router = Router::start(&Settings { behaviour, tls_versions, ..Settings::default() }).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let certificates = &router.certificates;
    for (file, text) in [
        ("ca.pem", &certificates.ca),
        ("client.pem", &certificates.client),
        ("client-key.pem", &certificates.client_key),
    ] {
        std::fs::write(directory.path().join(file), text).unwrap();
    }
    let arguments = format!("-H localhost -4 -p {} --transport tls --ca-file {{dir}}/ca.pem {more}", router.tls.port());
    support::run(PLUGIN, &arguments.replace("{dir}", directory.path().to_str().unwrap()))
}

const PLUGIN: &str = "check_um_sip_options";

fn over_tcp(behaviour: Behaviour, more: &str) -> Outcome {
    let router = start(behaviour);
    support::run(PLUGIN, &format!("-H 127.0.0.1 -p {} {more}", router.tcp.port()))
}

fn start(behaviour: Behaviour) -> Router {
    Router::start(&Settings { behaviour, delay: Duration::from_millis(50), ..Settings::default() }).unwrap()
}
