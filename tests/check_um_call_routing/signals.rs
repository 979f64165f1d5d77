//! Is a call taken back when a signal ends the check?

use std::net::{SocketAddr, UdpSocket};
use std::process::Stdio;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

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
        let said = terminated(&callee, if is_answered { "ACK" } else { "INVITE" });
        assert!(said.contains("UNKNOWN - ended by signal SIGTERM before there was a result, "), "{said}");
        callee.assert_heard(expected);
    }
}

#[test]
fn a_signal_takes_back_a_call_whose_contact_does_not_answer() {
    let hole = BlackHole::new();
    let contact = format!("Contact: <sip:x@{};transport=tcp>\r\n", hole.address);
    let callee = Callee::new(move |method, request, _| match method {
        "INVITE" => vec![said(request, "a", "200 OK", &contact)],
        _ => well(method, request),
    });
    let said = terminated(&callee, "INVITE");
    assert!(said.contains("before there was a result, released in "), "{said}");
    callee.assert_heard(&["INVITE", "ACK", "BYE"]);
}

#[test]
fn a_signal_takes_back_a_call_whose_contact_is_silent() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let contact = format!("Contact: <sip:x@{}>\r\n", silent.local_addr().unwrap());
    let callee = Callee::new(move |method, request, _| match method {
        "INVITE" => vec![said(request, "a", "200 OK", &contact)],
        _ => well(method, request),
    });
    let said = terminated(&callee, "INVITE");
    assert!(said.contains("before there was a result, released in "), "{said}");
    callee.assert_heard(&["INVITE", "ACK", "BYE"]);
}

#[test]
fn a_redirection_that_was_gone_after_is_not_passed_over_because_a_signal_came() {
    let ringing = Callee::new(|method, request, invite| match method {
        "INVITE" => vec![said(request, "b", "180 Ringing", "")],
        "CANCEL" => vec![said(request, "b", "200 OK", ""), said(invite, "b", "487 Request Terminated", "")],
        _ => Vec::new(),
    });
    let contact = format!("Contact: <sip:x@127.0.0.1:{}>\r\n", ringing.port());
    let callee = Callee::new(move |method, request, _| match method {
        "INVITE" => vec![said(request, "a", "302 Moved", &contact)],
        _ => Vec::new(),
    });
    let port = callee.port();
    let said = terminated_at(&format!("-p {port} --redirect follow"), || ringing.wait_for("INVITE"));
    assert!(said.contains("before there was a result, cancelled in ") && !said.contains("passed over"), "{said}");
    ringing.assert_heard(&["INVITE", "CANCEL", "ACK"]);
}

/// Sends SIGTERM to a call as soon as the callee has heard a request of this method; what it says then.
fn terminated(callee: &Callee, method: &str) -> String {
    let port = callee.port();
    terminated_at(&format!("-p {port} --hold 9"), || callee.wait_for(method))
}

/// Sends SIGTERM to a call over UDP once `is_there` returns; what it says then.
fn terminated_at(more: &str, is_there: impl FnOnce()) -> String {
    let arguments = format!("-H 127.0.0.1 --transport udp -u sip:101@127.0.0.1 -t 20 {more}");
    let mut child = start(plugin(PLUGIN).args(arguments.split(' ')).stdout(Stdio::piped()).stderr(Stdio::null()));
    is_there();
    std::thread::sleep(Duration::from_millis(50));
    let signalled = Instant::now();
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let code = wait(&mut child);
    assert!(signalled.elapsed() < Duration::from_millis(500) + crate::support::grace(), "{:?}", signalled.elapsed());
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
    assert_eq!(code, Some(3), "{said}");
    said
}

/// A place that takes no connection and refuses none: there is no room for more that wait to be taken.
struct BlackHole {
    address: SocketAddr,
    _listener: Socket,
    _waiting: Vec<Socket>,
}

impl BlackHole {
    fn new() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let waiting = (0..4)
            .map(|_| {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                socket.set_nonblocking(true).unwrap();
                let _ = socket.connect(&address.into());
                socket
            })
            .collect();
        Self { address, _listener: listener, _waiting: waiting }
    }
}
