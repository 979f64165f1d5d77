//! Does the advice fit whoever uses the certificate? Exchange's words for Exchange only.

use std::io::{Read, Write};

use crate::support::peer::Peer;
use crate::support::port::closed_port;
use crate::{DAY, Made, Wanted, run};

/// What only Exchange knows.
const OF_EXCHANGE: &[&str] = &["Exchange", "UMCR", "UMCallRouter", "UMStartupMode", "Get-ReceiveConnector"];

fn advice(arguments: &[&str]) -> String {
    let ran = run(&[arguments, &["--output", "json"]].concat());
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    report["failure"]["advice"].as_str().unwrap_or_else(|| panic!("no advice: {ran:?}")).to_owned()
}

#[test]
fn nobody_is_taken_for_exchange_without_evidence() {
    let port = closed_port();
    let expired = Made::leaf(&Wanted::new("sip.test.local", -90 * DAY, -3 * DAY));
    let ssh = Peer::tcp(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-x\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let (file, talks) = (expired.path("leaf.pem"), ssh.port());
    for arguments in [
        &["-H", "127.0.0.1", "-p", &port][..],
        &["-H", "127.0.0.1", "-p", &port, "--starttls", "smtp"],
        &["-H", "127.0.0.1", "-p", &talks],
        &["-H", "127.0.0.1", "-p", &talks, "--starttls", "imap"],
        &["--file", &file],
        &["--file", &file, "--peer", "auto"],
    ] {
        let neutral = advice(arguments);
        assert!(OF_EXCHANGE.iter().all(|word| !neutral.contains(word)), "{arguments:?}: {neutral}");
        let known: Vec<_> = arguments.iter().copied().filter(|word| !["--peer", "auto"].contains(word)).collect();
        let known = advice(&[&known[..], &["--peer", "exchange"]].concat());
        assert!(OF_EXCHANGE.iter().any(|word| known.contains(word)), "{arguments:?}: {known}");
        let generic = advice(&[arguments, &["--peer", "generic"]].concat());
        assert_eq!(generic, neutral, "{arguments:?}");
        let stands_for = |more: &[&str]| run(&[arguments, &["-v"], more].concat()).stdout.contains("\nstands for: ");
        assert!(!stands_for(&["--peer", "generic"]) && stands_for(&["--peer", "exchange"]), "{arguments:?}");
    }
}

#[test]
fn with_starttls_the_advice_is_about_that() {
    let port = closed_port();
    let ssh = Peer::tcp(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-x\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let at =
        |port: &str, more: &[&str]| advice(&[&["-H", "127.0.0.1", "-p", port, "--starttls", "smtp"], more].concat());
    assert!(at(&ssh.port(), &[]).contains("--starttls"));
    assert!(at(&ssh.port(), &["--peer", "exchange"]).contains("Get-ReceiveConnector"));
    assert!(at(&port, &["--peer", "exchange"]).contains("MSExchangeFrontEndTransport"));
}

#[test]
fn the_default_port_is_in_the_help() {
    let help = run(&["-h"]).stdout;
    let port = help.lines().skip_while(|line| !line.contains("--port")).take(3).collect::<Vec<_>>().join(" ");
    assert!(port.contains("5061"), "{port}");
}
