//! Where does a redirection lead? Asked, followed, accepted; in a circle, too far, and nowhere.

use std::net::UdpSocket;

use crate::callee::{Callee, said, well};
use crate::support::peer::{Peer, read_request};
use crate::support::port::closed_port;
use crate::support::run;
use crate::{PLUGIN, udp};

/// Sends every call on to `contact`.
pub fn redirecting(contact: String) -> Callee {
    Callee::new(move |method, request, _| match method {
        "INVITE" => vec![said(request, "a", "302 Moved Temporarily", &format!("Contact: {contact}\r\n"))],
        _ => Vec::new(),
    })
}

#[test]
fn the_first_contact_is_asked_and_any_answer_shows_that_it_is_alive() {
    for (status, code) in [("200 OK", 0), ("404 Not Found", 0), ("408 Timeout", 2), ("503 No", 2), ("603 Decline", 2)] {
        let target = Callee::new(move |_, request, _| vec![said(request, "b", status, "")]);
        let callee = redirecting(format!("<sip:101@127.0.0.1:{};transport=UDP>;q=0.5", target.port()));
        let ran = udp(callee.port(), "");
        ran.assert_text(code).assert_says(&format!("302 to 127.0.0.1:{}, which answers ", target.port()));
        target.assert_heard(&["OPTIONS"]);
        callee.assert_heard(&["INVITE", "ACK"]);
    }
}

#[test]
fn the_preferred_contact_and_its_maddr() {
    let target = Callee::new(|_, request, _| vec![said(request, "b", "200 OK", "")]);
    let contacts = format!(
        "<sip:a@192.0.2.1>;q=0.1, \"b, c\" <sip:101@ucmbx1.invalid:{};user=phone;maddr=127.0.0.1>;q=0.9, <tel:+1>",
        target.port()
    );
    let ran = udp(redirecting(contacts).port(), "");
    // What nobody here can follow, and the callers may, is left out, and said.
    ran.assert_text(0).assert_says("302 to 127.0.0.1:");
    ran.assert_says("passed over: the Contact '<tel:+1>' cannot be followed: expected sip: or sips:");
    let (_, options) = target.first("OPTIONS").unwrap();
    assert!(options.starts_with("OPTIONS sip:101@ucmbx1.invalid:"), "{options}");
}

#[test]
fn critical_when_the_target_is_dead_or_none() {
    let port = closed_port();
    for (contact, part) in [
        (format!("<sip:101@127.0.0.1:{port}>"), "which does not answer"),
        ("*".to_owned(), "the redirection leads nowhere"),
        ("<tel:+15550100>".to_owned(), "expected sip: or sips:"),
        ("<sip:a@b;transport=sctp>".to_owned(), "cannot be followed"),
    ] {
        let callee = redirecting(contact);
        for how in ["", "--redirect follow"] {
            let ran = udp(callee.port(), how);
            ran.assert_text(2);
            assert!(ran.stdout.contains("(redirection)"), "{ran:?}");
            if how.is_empty() {
                ran.assert_says(part);
            }
        }
        udp(callee.port(), "--state redirection=warning").assert_text(1);
        // It leads nobody anywhere: `*` has a meaning in REGISTER only (RFC 3261 20.10).
        let is_none = part == "the redirection leads nowhere";
        let ran = udp(callee.port(), "--redirect accept");
        ran.assert_text(if is_none { 2 } else { 0 }).assert_says("302 ");
    }
}

#[test]
fn followed_to_who_answers_with_the_call_that_it_was() {
    let target = Callee::new(|method, request, _| well(method, request));
    let callee = redirecting(format!("<sip:201@127.0.0.1:{}>", target.port()));
    let ran = udp(callee.port(), "--redirect follow");
    ran.assert_text(0).assert_says(&format!("200 OK from 127.0.0.1:{}", target.port())).assert_says("1 redirection");
    callee.assert_heard(&["INVITE", "ACK"]);
    target.assert_heard(&["INVITE", "ACK", "BYE"]);
    let ((_, first), (_, second)) = (callee.first("INVITE").unwrap(), target.first("INVITE").unwrap());
    let line = |message: &str, name: &str| message.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    for name in ["Call-ID: ", "From: ", "To: "] {
        assert_eq!(line(&first, name), line(&second, name));
    }
    assert_eq!((line(&first, "CSeq: "), line(&second, "CSeq: ")), ("CSeq: 1 INVITE".into(), "CSeq: 2 INVITE".into()));
    assert!(second.starts_with("INVITE sip:201@127.0.0.1:"), "{second}");
}

#[test]
fn the_next_contact_is_called_where_one_refuses() {
    let busy = Callee::new(|method, request, _| match method {
        "INVITE" => vec![said(request, "b", "486 Busy Here", "")],
        _ => Vec::new(),
    });
    let target = Callee::new(|method, request, _| well(method, request));
    let callee = redirecting(format!("<sip:a@127.0.0.1:{}>, <sip:b@127.0.0.1:{}>;q=0.5", busy.port(), target.port()));
    let ran = udp(callee.port(), "--redirect follow");
    ran.assert_text(0).assert_says("200 OK from ").assert_says("passed over: 486 Busy Here");
    target.assert_heard(&["INVITE", "ACK", "BYE"]);
}

#[test]
fn critical_when_the_redirections_go_in_a_circle() {
    let callee = Callee::new(|method, request, _| match method {
        "INVITE" => {
            let to = if request.starts_with("INVITE sip:a@") { "b" } else { "a" };
            let port = request.lines().next().unwrap().rsplit(':').next().unwrap().split(' ').next().unwrap();
            vec![said(request, "a", "302 Moved", &format!("Contact: <sip:{to}@127.0.0.1:{port}>\r\n"))]
        }
        _ => Vec::new(),
    });
    let port = callee.port();
    let ran = udp(&port, &format!("--redirect follow -u sip:a@127.0.0.1:{port}"));
    ran.assert_text(2);
    ran.assert_says(&format!("the redirections go in a circle: sip:a@127.0.0.1:{port} -> sip:b@127.0.0.1:{port} -> "));
    assert_eq!(callee.methods().iter().filter(|method| *method == "INVITE").count(), 2);
}

#[test]
fn critical_when_there_are_too_many() {
    let callee = Callee::new(|method, request, _| match method {
        "INVITE" => {
            let uri = request.split(' ').nth(1).unwrap();
            let (user, host) = uri.strip_prefix("sip:").unwrap().split_once('@').unwrap();
            vec![said(request, "a", "302 Moved", &format!("Contact: <sip:{user}x@{host}>\r\n"))]
        }
        _ => Vec::new(),
    });
    let port = callee.port();
    let ran = udp(&port, &format!("--redirect follow --max-redirects 2 -u sip:a@127.0.0.1:{port}"));
    ran.assert_text(2).assert_says("more than 2 redirections, the last one to 127.0.0.1:");
    assert_eq!(callee.methods().iter().filter(|method| *method == "INVITE").count(), 3);
}

#[test]
fn critical_when_a_redirection_leads_back_to_where_the_call_already_is() {
    for place in ["127.0.0.1", "localhost"] {
        let callee = Callee::new(move |method, request, _| match method {
            "INVITE" => {
                let port = request.lines().next().unwrap().rsplit(':').next().unwrap().split(' ').next().unwrap();
                vec![said(request, "a", "302 Moved", &format!("Contact: <sip:a@{place}:{port}>\r\n"))]
            }
            _ => vec![said(request, "a", "200 OK", "")],
        });
        let port = callee.port();
        let arguments = format!("-4 -H localhost -p {port} --transport udp -u sip:a@127.0.0.1:{port}");
        for how in ["", " --redirect follow"] {
            let ran = run(PLUGIN, &(arguments.clone() + how));
            ran.assert_text(2).assert_says("the redirections go in a circle: sip:a@127.0.0.1:");
        }
        callee.assert_heard(&["INVITE", "ACK", "INVITE", "ACK"]);
    }
}

#[test]
fn to_stays_what_it_was_whatever_the_first_uri_is() {
    for uri in ["tel:+15550100", "sip:101@my_pbx", "sip:101@pbx.example"] {
        let target = Callee::new(|method, request, _| well(method, request));
        let callee = redirecting(format!("<sip:201@127.0.0.1:{}>", target.port()));
        let arguments = format!("-H 127.0.0.1 -p {} --transport udp --redirect follow -u {uri}", callee.port());
        run(PLUGIN, &arguments).assert_text(0);
        let (_, invite) = target.first("INVITE").unwrap();
        assert!(invite.contains(&format!("\r\nTo: <{uri}>\r\n")), "{invite}");
    }
}

/// Says nothing at all.
fn silent() -> Callee {
    Callee::new(|_, _, _| Vec::new())
}

#[test]
fn a_contact_that_is_silent_or_gone_is_passed_over_like_one_that_refuses() {
    let hangs_up = Peer::tcp(|mut stream| _ = read_request(&mut stream));
    let gone = closed_port();
    let silent = silent();
    for (dead, transport, part) in [
        (gone.clone(), "udp", "passed over: connection refused"),
        (silent.port(), "udp", "passed over: no response from "),
        (hangs_up.port(), "tcp", " the connection "),
    ] {
        let target = Callee::new(|method, request, _| well(method, request));
        let contacts =
            format!("<sip:a@127.0.0.1:{dead};transport={transport}>, <sip:b@127.0.0.1:{}>;q=0.5", target.port());
        let callee = redirecting(contacts);
        let ran = udp(callee.port(), "--redirect follow -t 6");
        ran.assert_begins(0, "UM CALL ROUTING OK - 200 OK from ").assert_says(part).assert_says("after 1 redirection");
        target.assert_heard(&["INVITE", "ACK", "BYE"]);
    }
}

#[test]
fn redirections_are_counted_and_not_the_contacts_of_one() {
    let busy: Vec<_> = (0..6)
        .map(|_| {
            Callee::new(|method, request, _| match method {
                "INVITE" => vec![said(request, "b", "486 Busy Here", "")],
                _ => Vec::new(),
            })
        })
        .collect();
    let target = Callee::new(|method, request, _| well(method, request));
    let ports = busy.iter().chain([&target]).map(Callee::port);
    let contacts: Vec<_> = ports.enumerate().map(|(at, port)| format!("<sip:a{at}@127.0.0.1:{port}>")).collect();
    let ran = udp(redirecting(contacts.join(", ")).port(), "--redirect follow --max-redirects 1 -t 20");
    ran.assert_text(0).assert_says("after 1 redirection").assert_says("'redirections'=1;");
    ran.assert_says("passed over: 6 targets, the first: 486 Busy Here from ");
}

#[test]
fn who_refused_is_named_and_a_contact_that_leads_back_is_no_circle() {
    let busy = Callee::new(|method, request, _| match method {
        "INVITE" => vec![said(request, "b", "486 Busy Here", "")],
        _ => Vec::new(),
    });
    let second = busy.port();
    let callee = Callee::new(move |method, request, _| match method {
        "INVITE" => {
            let own = request.lines().next().unwrap().split(' ').nth(1).unwrap();
            vec![said(request, "a", "302 Moved", &format!("Contact: <sip:b@127.0.0.1:{second}>, <{own}>\r\n"))]
        }
        _ => Vec::new(),
    });
    let ran = udp(callee.port(), "--redirect follow");
    ran.assert_begins(2, &format!("UM CALL ROUTING CRITICAL - 486 Busy Here from 127.0.0.1:{}", busy.port()));
    assert!(!ran.first_line().contains("circle"), "{ran:?}");
}

#[test]
fn what_the_operator_says_of_a_class_holds_for_a_target_too() {
    let silent = silent();
    let callee = redirecting(format!("<sip:a@127.0.0.1:{}>", silent.port()));
    for how in ["", "--redirect follow"] {
        udp(callee.port(), &format!("-t 2:unknown {how}")).assert_text(3);
    }
    // Nobody is asked of whom this host knows no address.
    for how in ["", "--redirect follow"] {
        let callee = redirecting("<sip:a@[::1]:5999>".to_owned());
        udp(callee.port(), &format!("-4 {how}")).assert_text(3).assert_says("no IPv4 address");
        let callee = redirecting("<sip:a@nosuch.invalid:5999>".to_owned());
        udp(callee.port(), how).assert_text(3).assert_says("nosuch.invalid");
    }
}

#[test]
fn who_sends_a_redirection_from_elsewhere_is_said() {
    let elsewhere = UdpSocket::bind("127.0.0.1:0").unwrap();
    let from = elsewhere.local_addr().unwrap();
    let target = Callee::new(|_, request, _| vec![said(request, "b", "200 OK", "")]);
    let contact = format!("Contact: <sip:a@127.0.0.1:{}>\r\n", target.port());
    let callee = Callee::new(move |method, request, _| {
        if method == "INVITE" {
            let via = request.lines().find(|line| line.starts_with("Via: ")).unwrap();
            let to = via.split(' ').nth(2).unwrap().split(';').next().unwrap();
            elsewhere.send_to(&said(request, "a", "302 Moved", &contact), to).unwrap();
        }
        Vec::new()
    });
    udp(callee.port(), "").assert_text(0).assert_says(&format!("302 from {from} to 127.0.0.1:{}", target.port()));
}

#[test]
fn credentials_never_go_to_a_target() {
    let target = Callee::new(|method, request, _| match method {
        "INVITE" => {
            vec![said(request, "b", "401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n")]
        }
        _ => Vec::new(),
    });
    let callee = redirecting(format!("<sip:201@127.0.0.1:{}>", target.port()));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, "s3cret\n").unwrap();
    let more = format!("--redirect follow --username probe --password-file {}", file.display());
    let ran = udp(callee.port(), &more);
    ran.assert_text(2).assert_says("the target of a redirection does not get");
    target.assert_heard(&["INVITE", "ACK"]);
}
