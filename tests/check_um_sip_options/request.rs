//! Is a request sent as the operator wants it? Further headers, routes, where it comes from.

use std::sync::{Arc, Mutex};

use crate::support::peer::{Peer, response};
use crate::{probe, run};

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
