//! Is a call taken back when a signal ends the check?

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::PLUGIN;
use crate::callee::{Callee, said, well};
use crate::support::{plugin, start, wait};

#[test]
fn a_signal_takes_back_what_rings_and_what_is_answered() {
    for (is_answered, expected) in [(false, &["INVITE", "CANCEL", "ACK"][..]), (true, &["INVITE", "ACK", "BYE"])] {
        let callee = Callee::new(move |method, request, invite| match method {
            "INVITE" if !is_answered => vec![said(request, "a", "180 Ringing", "")],
            "CANCEL" => vec![said(request, "a", "200 OK", ""), said(invite, "a", "487 Request Terminated", "")],
            _ => well(method, request),
        });
        let port = callee.port();
        let arguments = format!("-H 127.0.0.1 -p {port} --transport udp --hold 9 -t 20");
        let mut child = start(plugin(PLUGIN).args(arguments.split(' ')).stdout(Stdio::piped()).stderr(Stdio::null()));
        callee.wait_for(if is_answered { "ACK" } else { "INVITE" });
        std::thread::sleep(Duration::from_millis(50));
        let signalled = Instant::now();
        let pid = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let code = wait(&mut child);
        assert!(
            signalled.elapsed() < Duration::from_millis(500) + crate::support::grace(),
            "{:?}",
            signalled.elapsed()
        );
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("UNKNOWN - ended by signal SIGTERM before there was a result, "), "{said}");
        callee.assert_heard(expected);
    }
}
