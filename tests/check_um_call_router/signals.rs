//! What is known when a signal ends a run: is it said?

use std::io::{Read, Write};
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::support::peer::{Peer, read_request, response};
use super::support::{self, Outcome, perfdata, plugin};
use super::{PLUGIN, Site};
use call_router::router::Behaviour;

/// A router that answers OPTIONS at once and lets calls ring, and how many of its answers are out.
fn ringing() -> (Peer, Arc<AtomicUsize>) {
    let answered = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&answered);
    let peer = Peer::tcp(move |mut stream| {
        let mut invite = String::new();
        while let Some(request) = read_request(&mut stream) {
            let length = request.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0");
            let mut body = vec![0; length.trim().parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            let answers = match request.split(' ').next().unwrap() {
                "OPTIONS" => vec![response(&request, "SIP/2.0 200 OK", "")],
                "INVITE" => {
                    request.clone_into(&mut invite);
                    vec![response(&request, "SIP/2.0 180 Ringing", "")]
                }
                "CANCEL" => vec![
                    response(&request, "SIP/2.0 200 OK", ""),
                    response(&invite, "SIP/2.0 487 Request Terminated", ""),
                ],
                _ => Vec::new(),
            };
            answers.iter().for_each(|answer| drop(stream.write_all(answer)));
            count.fetch_add(answers.len(), Ordering::SeqCst);
        }
    });
    (peer, answered)
}

/// Ends a run by SIGTERM half a second after it is true that `is_time`.
fn terminated(arguments: &str, is_time: impl Fn() -> bool) -> Outcome {
    let mut command = plugin(PLUGIN);
    command.args(arguments.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = support::start(&mut command);
    let nap = || thread::sleep(Duration::from_millis(50));
    while !is_time() {
        nap();
    }
    (0..10).for_each(|_| nap());
    let signalled = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let code = support::wait(&mut child);
    let elapsed = signalled.elapsed();
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    Outcome { stdout, stderr: String::new(), code, elapsed }
}

#[test]
fn what_was_answered_is_said_and_a_call_is_taken_back() {
    let site = Site::of(Behaviour::Healthy);
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ini = site.ini(&format!("[check_um_ad_ds]\ndns-server = {}\n", silent.local_addr().unwrap()));
    let (router, answered) = ringing();
    let arguments = format!(
        "{ini} -H 127.0.0.1 --tcp-port {} --call sip:101@127.0.0.1 --domain example.com -t 20 \
         --only sip_options --only call_routing --only ad_ds",
        router.port()
    );
    let outcome = terminated(&arguments, || answered.load(Ordering::SeqCst) >= 2);
    let said = "call_routing: ended by signal SIGTERM before there was a result, cancelled in ";
    outcome.assert_begins(3, &format!("UM CALL ROUTER UNKNOWN - 2 of 3 checks: {said}"));
    outcome.assert_says("; ad_ds: ended by signal SIGTERM before there was a result");
    outcome.assert_within(Duration::ZERO);
    assert!(outcome.stdout.contains("\n         UM SIP OPTIONS OK - 200 OK from "), "{outcome:?}");
    assert!(perfdata::value(outcome.first_line(), "sip_options_time").is_some(), "{outcome:?}");
}

#[test]
fn unknown_with_what_was_critical_in_front_when_others_have_not_answered() {
    let (closed, silent) = (support::port::closed_port(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let site = Site::of(Behaviour::Healthy);
    let ini = site.ini(&format!("[check_um_ad_ds]\ndns-server = {}\n", silent.local_addr().unwrap()));
    for format in ["text", "json"] {
        let arguments = format!(
            "{ini} -H 127.0.0.1 --tcp-port {closed} --domain example.com -t 20 --only ad_ds --only sip_options \
             --output {format}"
        );
        let started = Instant::now();
        let outcome = terminated(&arguments, || started.elapsed() > Duration::from_secs(1));
        outcome.assert_within(Duration::ZERO);
        if format == "json" {
            outcome.assert_exit(3).assert_json("UNKNOWN");
            continue;
        }
        let said = "UM CALL ROUTER UNKNOWN - 2 of 2 checks: sip_options: connection refused by ";
        outcome.assert_begins(3, said).assert_says("; ad_ds: ended by signal SIGTERM before there was a result");
        assert!(outcome.stdout.contains("\nCRITICAL sip_options: "), "{outcome:?}");
    }
}

#[test]
fn unknown_with_what_was_critical_at_first_when_nobody_is_asked_again() {
    let (closed, started) = (support::port::closed_port(), Instant::now());
    let arguments = format!("-H 127.0.0.1 --tcp-port {closed} --only sip_options -t 40 --again 20");
    let outcome = terminated(&arguments, || started.elapsed() > Duration::from_secs(1));
    outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - 1 of 1 check: sip_options: connection refused by ");
    assert!(outcome.stdout.contains("\nCRITICAL sip_options: "), "{outcome:?}");
    outcome.assert_says("; ended by signal SIGTERM before all were asked once more");
    outcome.assert_within(Duration::ZERO);
}
