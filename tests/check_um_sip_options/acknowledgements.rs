//! Are servers measured slower than they are? One that writes in two pieces sends the second when the first is acknowledged
//! (Nagle's algorithm), and a system that is left alone holds an acknowledgement back for 40 ms. It counts these, for each
//! network namespace by itself: the test runs its own program once more in a namespace where nobody else is counted.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::probe;
use crate::support::peer::{Peer, read_request, response};
use crate::support::skipped;

#[test]
fn none_is_held_back_between_session_tickets_and_an_answer() {
    if !is_alone() {
        return;
    }
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.der().clone(), made.signing_key.into());
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let config = Arc::new(config);
    let peer = Peer::tcp(move |mut stream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let _ = connection.read_tls(&mut stream);
        let _ = connection.process_new_packets();
        let _ = connection.write_tls(&mut stream);
        // Then session tickets, which are sent by themselves, find the request under way, which takes no acknowledgement along.
        thread::sleep(Duration::from_millis(10));
        let mut stream = StreamOwned::new(connection, stream);
        while stream.conn.is_handshaking() || stream.conn.wants_write() {
            if stream.conn.complete_io(&mut stream.sock).is_err() {
                return;
            }
        }
        let Some(request) = read_request(&mut stream) else { return };
        let _ = stream.write_all(&response(&request, "SIP/2.0 200 OK", ""));
        let _ = stream.read(&mut [0]);
    });
    let late = (0..20).map(|_| {
        let before = held_back();
        probe(&peer.port(), &["--transport", "tls", "--no-verify"]).assert_text(0);
        held_back() - before
    });
    // A busy machine may make either end hold one back, but not in every one of many runs.
    assert_eq!(late.min(), Some(0), "acknowledgements held back in each of many runs");
}

/// How many acknowledgements this namespace has sent late.
fn held_back() -> u64 {
    let counters = std::fs::read_to_string("/proc/net/netstat").unwrap();
    let mut lines = counters.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, values) = (lines.next().unwrap().split(' '), lines.next().unwrap().split(' '));
    names.zip(values).find(|(name, _)| *name == "DelayedACKs").unwrap().1.parse().unwrap()
}

/// Whether nobody else is in this network namespace; if not, the test is run in one of its own, where that can be had.
fn is_alone() -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    if !Command::new("unshare").args(["--net", "ip", "link"]).output().is_ok_and(|ran| ran.status.success()) {
        skipped("ip or the right to a network namespace is not there");
        return false;
    }
    let mut inside = Command::new("unshare");
    inside.args(["--net", "bash", "-c", "ip link set lo up && exec \"$@\"", "bash"]);
    inside.arg(std::env::current_exe().unwrap()).arg("held_back").env(ALONE, "");
    let ran = inside.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// What a program has in its environment that is alone.
const ALONE: &str = "CHECK_UM_ALONE";
