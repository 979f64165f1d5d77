//! Does a plugin on Windows understand a server that we did not write? Kamailio, on the host that Wine runs on.

use crate::support::{Outcome, run};

#[test]
fn kamailio_answers_over_tcp() {
    let Some(kamailio) = kamailio() else { return };
    probe(&kamailio[0], "--require-header Server:(?i)kamailio").assert_text(0).assert_says("200 Keepalive");
}

#[test]
fn kamailio_answers_over_udp() {
    let Some(kamailio) = kamailio() else { return };
    probe(&kamailio[0], "--transport udp").assert_text(0).assert_says("200 Keepalive");
}

#[test]
fn kamailio_answers_over_tls() {
    let Some([_, port, certificate]) = kamailio() else { return };
    let over_tls = |more: &str| probe(&port, &format!("--transport tls {more}"));
    over_tls(&format!("--ca-file {certificate}")).assert_text(0).assert_says("200 Keepalive");
    over_tls("--no-verify").assert_text(0).assert_says("200 Keepalive");
    over_tls("").assert_text(2);
}

#[test]
fn days_of_the_certificate_of_kamailio() {
    let Some([_, port, certificate]) = kamailio() else { return };
    let arguments = format!("-H 127.0.0.1 -p {port} --ca-file {certificate} -w 20 -c 10");
    run("check_um_cert_expiry", &arguments).assert_text(0);
}

/// Its port for TCP and UDP, that for TLS, and its certificate; `None`, and a note, where nobody started it.
fn kamailio() -> Option<[String; 3]> {
    let said = std::env::var("CHECK_UM_KAMAILIO").ok();
    if said.is_none() {
        assert!(std::env::var_os("CHECK_UM_REQUIRE_PEERS").is_none(), "CHECK_UM_KAMAILIO is not set");
        println!("CHECK_UM_KAMAILIO is not set: nothing was tested against it");
    }
    let words: Vec<_> = said?.split(' ').map(str::to_owned).collect();
    Some(words.try_into().unwrap())
}

fn probe(port: &str, more: &str) -> Outcome {
    run("check_um_sip_options", &format!("-H 127.0.0.1 -p {port} {more}"))
}
