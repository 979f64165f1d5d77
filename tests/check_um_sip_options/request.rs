//! Is a request sent as the operator wants it? Further headers, routes, where it comes from.

use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};

use crate::support::peer::{Peer, read_request, response};
use crate::support::port::free_port;
use crate::{answers, probe, run};

/// A peer over UDP, and what it was asked.
fn listening() -> (Peer, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heard);
    let peer = Peer::udp(move |request| {
        kept.lock().unwrap().push(request.to_owned());
        vec![response(request, "SIP/2.0 200 OK", "")]
    });
    (peer, heard)
}

#[test]
fn headers_and_routes_are_sent_in_their_order() {
    let (peer, heard) = listening();
    let ran = probe(
        &peer.port(),
        &[
            &["--transport", "udp", "--header", "Subject: a check", "--header", "X-Trace:1", "--header", "X-Trace: 2"]
                [..],
            &["--route", "sip:p1.example.com;lr", "--route", "<sip:p2.example.com:5070;lr>"],
        ]
        .concat(),
    );
    ran.assert_begins(0, "UM SIP OPTIONS OK - ");
    let request = heard.lock().unwrap().concat();
    let lines: Vec<_> = request.lines().collect();
    assert_eq!(lines[0], format!("OPTIONS sip:127.0.0.1:{} SIP/2.0", peer.port()), "{request}");
    let of = |name: &str| -> Vec<_> { lines.iter().filter_map(|line| line.strip_prefix(name)).collect() };
    assert_eq!(of("Route: "), ["<sip:p1.example.com;lr>", "<sip:p2.example.com:5070;lr>"]);
    assert_eq!((of("Subject: "), of("X-Trace: ")), (vec!["a check"], vec!["1", "2"]));
    let place = |start: &str| lines.iter().position(|line| line.starts_with(start)).unwrap();
    assert!(place("Route: ") < place("Subject: ") && place("X-Trace: ") < place("Content-Length: 0"), "{request}");
    assert_eq!(request.matches("\r\n\r\n").count(), 1, "{request}");
}

#[test]
fn unknown_when_a_header_is_the_requests_own_or_a_route_is_none() {
    for (arguments, said) in [
        (["--header", "Via: x"], "--header: Via is a header that the request has by itself"),
        (["--header", "f: <sip:a@b>"], "expected --from"),
        (["--header", "MAX-FORWARDS: 3"], "expected --max-forwards"),
        (["--header", "Contact: <sip:a>"], "expected --contact"),
        (["--header", "authorization: Digest x"], "expected --username"),
        (["--header", "Route: <sip:p;lr>"], "expected --route"),
        (["--header", "a b: x"], "expected 'Name: value'"),
        (["--header", "X: a\r\nVia: b"], "expected 'Name: value'"),
        (["--route", "sip:p1.example.com"], "expected the SIP URI of a proxy with ;lr"),
        (["--route", "tel:+1;lr"], "expected the SIP URI of a proxy with ;lr"),
    ] {
        let ran = run(&["-H", "127.0.0.1", arguments[0], arguments[1]]);
        ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - ").assert_says(said);
    }
}

#[test]
fn a_request_comes_from_the_port_that_the_operator_wants() {
    let (peer, heard) = listening();
    let port = free_port().to_string();
    let ran = probe(&peer.port(), &["--transport", "udp", "--source-port", &port]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - ");
    assert!(heard.lock().unwrap().concat().contains(&format!("Via: SIP/2.0/UDP 127.0.0.1:{port};")), "{heard:?}");

    let from = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&from);
    let peer = Peer::tcp(move |mut stream| {
        seen.lock().unwrap().push(stream.peer_addr().unwrap().port().to_string());
        while let Some(request) = read_request(&mut stream) {
            let _ = stream.write_all(&response(&request, "SIP/2.0 200 OK", ""));
        }
    });
    let port = free_port().to_string();
    probe(&peer.port(), &["--source-port", &port]).assert_begins(0, "UM SIP OPTIONS OK - ");
    assert_eq!(*from.lock().unwrap(), [port.as_str()]);
    // Its connection may be in TIME_WAIT now, which is nobody's fault but this host's.
    let again = probe(&peer.port(), &["--source-port", &port]);
    assert!(again.code == Some(0) || again.code == Some(3) && again.stdout.contains("--source-port"), "{again:?}");
}

#[test]
fn local_when_the_port_is_in_use() {
    let peer = answers("SIP/2.0 200 OK", "");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port().to_string();
    let says = format!("UM SIP OPTIONS UNKNOWN - cannot send from port {taken} of --source-port: ");
    probe(&peer.port(), &["--source-port", &taken]).assert_begins(3, &says);
    probe(&peer.port(), &["--source-port", &taken, "--state", "local=warning"]).assert_text(1);

    let (peer, _) = listening();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = socket.local_addr().unwrap().port().to_string();
    let says = format!("UM SIP OPTIONS UNKNOWN - cannot send from port {taken} of --source-port: ");
    let ran = probe(&peer.port(), &["--transport", "udp", "--source-port", &taken]);
    ran.assert_begins(3, &says);
    assert!(ran.stdout.contains("\nadvice: Nothing was sent. Another program "), "{ran:?}");
}

#[test]
fn unknown_when_one_port_is_to_ask_several_or_is_none() {
    run(&["-H", "127.0.0.1", "--source-port", "5060", "--all-addresses"])
        .assert_begins(3, "UM SIP OPTIONS UNKNOWN - --source-port: expected no --all-addresses");
    for port in ["0", "65536", "x"] {
        run(&["-H", "127.0.0.1", "--source-port", port]).assert_begins(3, "UM SIP OPTIONS UNKNOWN - --source-port: '");
    }
}
