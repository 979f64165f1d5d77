//! What does an alert look like before there is one? A simulated Exchange Call Router that fails on demand.
//!
//! For everyone who wants to see each state once in his own monitoring before he trusts it: start it on the host that
//! runs the checks, point a check at it, and go through the behaviours.
//!
//! ```sh
//! cargo run --example call_router -- --behave 503
//! check_um_sip_options -H 127.0.0.1
//!
//! cargo run --example call_router -- --behave certificate-near-expiry --write-certificates /tmp/router
//! check_um_sip_options -H 127.0.0.1 --transport tls --ca-file /tmp/router/ca.pem --certificate-warning 30
//! ```
//!
//! It listens on loopback addresses only and needs no rights. It simulates SIP OPTIONS, the certificates, and calls, which
//! it redirects to a Mailbox server of its own.
//!
//! ```sh
//! cargo run --example call_router -- --behave stranger --write-counters /tmp/calls.csv
//! check_um_call_routing -H 127.0.0.1 -u sip:5000@127.0.0.1
//! check_um_reject_rate --counters csv:/tmp/calls.csv --minimum-calls 1
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use call_router::router::{Behaviour, Router, Settings, TlsVersions};
use clap::Parser;

fn main() -> Result<(), Box<dyn Error>> {
    let args = Arguments::parse();
    let router = Router::start(&Settings {
        behaviour: args.behave,
        tcp_port: args.tcp_port,
        tls_port: args.tls_port,
        tls_versions: args.tls_versions,
        delay: Duration::try_from_secs_f64(args.delay)?,
        identity: args.certificate.zip(args.key),
        call_log: args.write_counters,
    })?;
    if let Some(directory) = &args.write_certificates {
        write_certificates(&router, directory)?;
    }
    println!("tcp {}", router.tcp);
    println!("tls {}", router.tls);
    loop {
        thread::park();
    }
}

/// `ca.pem` for a check's --ca-file; `client.pem` and `client-key.pem` for its --client-certificate and --client-key.
fn write_certificates(router: &Router, directory: &Path) -> Result<(), Box<dyn Error>> {
    let certificates = &router.certificates;
    fs::create_dir_all(directory)?;
    fs::write(directory.join("ca.pem"), &certificates.ca)?;
    fs::write(directory.join("client.pem"), &certificates.client)?;
    fs::write(directory.join("client-key.pem"), &certificates.client_key)?;
    Ok(())
}

/// Simulate an Exchange 2013 Unified Messaging Call Router on 127.0.0.1, healthy or failing in a documented way.
///
/// Prints the addresses that it listens on, one a line, and runs until it is interrupted.
#[derive(Debug, Parser)]
#[command(name = "call_router", version)]
struct Arguments {
    /// What it does with a request
    #[arg(long, value_enum, default_value = "healthy")]
    behave: Behaviour,

    /// Port of the TCP listener; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value = "5060")]
    tcp_port: u16,

    /// Port of the TLS listener; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value = "5061")]
    tls_port: u16,

    /// TLS versions that it offers
    #[arg(long, value_enum, value_name = "VERSIONS", default_value = "both")]
    tls_versions: TlsVersions,

    /// How many seconds a slow router takes for its answer
    #[arg(long, value_name = "SEC", default_value = "2")]
    delay: f64,

    /// Serve this certificate chain (PEM) instead of one of its own
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,

    /// The private key of --certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,

    /// Write the counters of its calls to this file, as typeperf does
    #[arg(long, value_name = "FILE")]
    write_counters: Option<PathBuf>,

    /// Write ca.pem, client.pem and client-key.pem into this directory: what a check needs for TLS and mutual TLS
    #[arg(long, value_name = "DIR")]
    write_certificates: Option<PathBuf>,
}
