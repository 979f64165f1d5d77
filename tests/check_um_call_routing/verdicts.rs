//! What is an answer worth? Answered, refused, ringing, silent, malformed, and what the options make of it.

use std::time::Duration;

use call_router::nameserver::{Manner, Nameserver, a, srv};

use crate::callee::{Callee, contact, said, well};
use crate::support::port::closed_port;
use crate::support::{perfdata, run};
use crate::{PLUGIN, call, udp};

#[test]
fn ok_when_answered_with_every_metric_on_one_line() {
    let callee = Callee::new(|method, request, _| well(method, request));
    let ran = udp(callee.port(), "-w 5 -c 8");
    ran.assert_begins(0, "UM CALL ROUTING OK - 200 OK from 127.0.0.1:").assert_says("released in");
    assert_eq!(ran.stdout.lines().count(), 1);
    let labels = perfdata::labels(ran.first_line());
    for label in ["time", "ringing", "dns", "redirections", "release", "retransmissions", "status"] {
        assert!(labels.iter().any(|known| known == label), "no {label}: {labels:?}");
    }
    // None can have come of a call that was taken back at once.
    assert!(labels.iter().all(|known| known != "rtp_packets"), "{labels:?}");
    callee.assert_heard(&["INVITE", "ACK", "BYE"]);
    let (_, invite) = callee.first("INVITE").unwrap();
    assert!(invite.contains("\r\nm=audio ") && invite.contains(" RTP/AVP 0 8\r\n"), "{invite}");
    let (_, bye) = callee.first("BYE").unwrap();
    assert!(bye.starts_with("BYE sip:101@callee.invalid SIP/2.0\r\n") && bye.contains("\r\nCSeq: 2 BYE\r\n"), "{bye}");
}

#[test]
fn whom_the_answer_is_for_is_said_where_that_is_somebody_else() {
    for status in ["200 OK", "486 Busy Here", "302 Moved"] {
        let callee = Callee::new(move |method, request, _| match method {
            "INVITE" => {
                let answer = String::from_utf8(said(request, "a", status, &contact(request))).unwrap();
                vec![answer.replace("To: <sip:101@127.0.0.1>", "To: <sip:other@evil.example>").into_bytes()]
            }
            _ => well(method, request),
        });
        let ran = udp(callee.port(), "--redirect accept --expect 200,302,486");
        ran.assert_text(0).assert_says(", its To says sip:other@evil.example");
        udp(callee.port(), "").assert_says(if status == "302 Moved" { "302" } else { "evil.example" });
    }
    let callee = Callee::new(|method, request, invite| match method {
        "INVITE" => {
            let ringing = String::from_utf8(said(request, "a", "180 Ringing", "")).unwrap();
            vec![ringing.replace("To: <sip:101@127.0.0.1>", "To: <sip:other@evil.example>").into_bytes()]
        }
        "CANCEL" => vec![said(request, "a", "200 OK", ""), said(invite, "a", "487 Request Terminated", "")],
        _ => Vec::new(),
    });
    udp(callee.port(), "--until ringing").assert_text(0).assert_says(", its To says sip:other@evil.example");
}

#[test]
fn critical_when_from_has_not_the_tag_of_the_call() {
    for (status, more) in [("200 OK", ""), ("180 Ringing", "--until ringing")] {
        let callee = Callee::new(move |method, request, invite| match method {
            "INVITE" => {
                let answer = String::from_utf8(said(request, "a", status, &contact(request))).unwrap();
                let from = answer.lines().find(|line| line.starts_with("From: ")).unwrap();
                vec![answer.replace(from, from.split(";tag=").next().unwrap()).into_bytes()]
            }
            "CANCEL" => vec![said(request, "a", "200 OK", ""), said(invite, "a", "487 Request Terminated", "")],
            _ => well(method, request),
        });
        udp(callee.port(), more).assert_text(2).assert_says("expected the tag of the request in it");
    }
}

#[test]
fn the_invite_is_what_the_options_say() {
    let callee = Callee::new(|method, request, _| well(method, request));
    let more = "--from sip:me@example.com --to sip:you@example.com --contact sip:me@192.0.2.1 --user-agent probe \
                --max-forwards 5 --header X-Probe:1 --route sip:edge.example.com;lr";
    udp(callee.port(), more).assert_text(0);
    let (_, invite) = callee.first("INVITE").unwrap();
    for line in [
        "INVITE sip:101@127.0.0.1 SIP/2.0",
        "Max-Forwards: 5",
        "Route: <sip:edge.example.com;lr>",
        "To: <sip:you@example.com>",
        "Contact: <sip:me@192.0.2.1>",
        "User-Agent: probe",
        "X-Probe: 1",
        "Content-Type: application/sdp",
    ] {
        assert!(invite.lines().any(|known| known == line), "no {line}: {invite}");
    }
    assert!(invite.contains("\r\nFrom: <sip:me@example.com>;tag="), "{invite}");
}

#[test]
fn critical_when_busy_unless_the_operator_says_otherwise() {
    let callee = Callee::new(|method, request, _| match method {
        "INVITE" => vec![said(request, "a", "486 Busy Here", "")],
        _ => Vec::new(),
    });
    udp(callee.port(), "").assert_begins(2, "UM CALL ROUTING CRITICAL - 486 Busy Here from 127.0.0.1:");
    callee.assert_heard(&["INVITE", "ACK"]);
    udp(callee.port(), "--status 486=warning").assert_text(1);
    udp(callee.port(), "--expect 2xx,486").assert_text(0);
    udp(callee.port(), "--state status=unknown").assert_text(3);
}

#[test]
fn critical_when_nobody_answers_and_nothing_is_cancelled() {
    let callee = Callee::new(|_, _, _| Vec::new());
    let ran = udp(callee.port(), "-t 1");
    ran.assert_begins(2, "UM CALL ROUTING CRITICAL - no response from 127.0.0.1:");
    ran.assert_until(Duration::from_secs(1));
    callee.assert_heard(&["INVITE"]);
}

#[test]
fn critical_when_it_only_rings_and_the_call_is_cancelled() {
    let callee = Callee::new(|method, request, invite| match method {
        "INVITE" => vec![said(request, "a", "100 Trying", ""), said(request, "a", "180 Ringing", "")],
        "CANCEL" => vec![said(request, "a", "200 OK", ""), said(invite, "a", "487 Request Terminated", "")],
        _ => Vec::new(),
    });
    let ran = udp(callee.port(), "-t 1");
    ran.assert_begins(2, "UM CALL ROUTING CRITICAL - only provisional responses from 127.0.0.1:");
    ran.assert_says("the last one 180 Ringing, cancelled in ").assert_within(Duration::from_secs(1));
    callee.assert_heard(&["INVITE", "CANCEL", "ACK"]);
    udp(callee.port(), "-t 1:warning").assert_text(1);
}

#[test]
fn ok_when_ringing_is_enough_and_the_487_is_not_judged() {
    let callee = Callee::new(|method, request, invite| match method {
        "INVITE" => vec![said(request, "a", "183 Session Progress", "")],
        "CANCEL" => vec![said(request, "a", "200 OK", ""), said(invite, "a", "487 Request Terminated", "")],
        _ => Vec::new(),
    });
    let ran = udp(callee.port(), "--until ringing -w 5");
    ran.assert_begins(0, "UM CALL ROUTING OK - 183 Session Progress from 127.0.0.1:").assert_says("cancelled in");
    assert!(ran.first_line().contains("s;5;;0;10 'dns'"), "{}", ran.stdout);
    callee.assert_heard(&["INVITE", "CANCEL", "ACK"]);
    udp(callee.port(), "--until ringing -w @0:5").assert_text(1);
}

#[test]
fn ok_when_it_rings_and_wants_that_acknowledged_though_nobody_offered_to() {
    let reliably = "Require: 100rel\r\nRSeq: 1\r\n";
    let callee = Callee::new(move |method, request, _| match method {
        "INVITE" => {
            let answered = said(request, "a", "200 OK", "Contact: <sip:a@callee.invalid>\r\n");
            vec![said(request, "a", "180 Ringing", reliably), answered]
        }
        _ => well(method, request),
    });
    udp(callee.port(), "").assert_begins(0, "UM CALL ROUTING OK - 200 OK from ").assert_says("released in");
    callee.assert_heard(&["INVITE", "ACK", "BYE"]);
    assert!(!callee.methods().iter().any(|method| method == "PRACK"));
}

#[test]
fn a_refusal_is_judged_where_ringing_was_hoped_for() {
    let callee = Callee::new(|method, request, _| match method {
        "INVITE" => vec![said(request, "a", "480 Temporarily Unavailable", "")],
        _ => Vec::new(),
    });
    udp(callee.port(), "--until ringing").assert_text(2).assert_says("480 Temporarily Unavailable");
}

#[test]
fn an_answer_without_ringing_is_judged_by_the_same_ranges() {
    for status in ["200 OK", "302 Moved Temporarily"] {
        let callee = Callee::new(move |method, request, _| match method {
            "INVITE" => {
                std::thread::sleep(Duration::from_millis(50));
                vec![
                    said(request, "a", "100 Trying", ""),
                    said(request, "a", status, "Contact: <sip:101@127.0.0.1:1>\r\n"),
                ]
            }
            _ => well(method, request),
        });
        let ran = udp(callee.port(), "--until ringing --redirect accept -w 0.02 -c 20");
        ran.assert_text(1).assert_says(", more than 0.02 s").assert_says("s;0.02;20;0;10 'dns'");
        udp(callee.port(), "--until ringing --redirect accept -c 0.02").assert_text(2);
        udp(callee.port(), "--until ringing --redirect accept -c 20").assert_text(0);
    }
}

#[test]
fn critical_when_the_answer_breaks_the_standard() {
    for (more, part) in [("Contact: *\r\n", "the Contact '*' cannot be read"), ("", "there is no Contact")] {
        let callee = Callee::new(move |method, request, _| match method {
            "INVITE" => vec![said(request, "a", "200 OK", more)],
            _ => well(method, request),
        });
        udp(callee.port(), "").assert_text(2).assert_says(part);
        callee.assert_heard(&["INVITE", "ACK", "BYE"]);
    }
    // Without To there is not even a dialog; what can be sent is.
    let callee = Callee::new(|method, request, _| match method {
        "INVITE" => {
            let answer = String::from_utf8(said(request, "a", "200 OK", "")).unwrap();
            let kept: Vec<_> = answer.split("\r\n").filter(|line| !line.starts_with("To: ")).collect();
            vec![kept.join("\r\n").into_bytes()]
        }
        _ => well(method, request),
    });
    udp(callee.port(), "").assert_text(2).assert_says("To");
}

#[test]
fn a_stranger_is_told_why() {
    let more = "Server: RTCC/5.0.0.0 MSExchangeUM/15.00.1497.000\r\n\
                ms-diagnostics-public: 15644;source=\"cas1\";reason=\"no gateway\"\r\n";
    let callee = Callee::new(move |method, request, _| match method {
        "INVITE" => vec![said(request, "a", "403 Forbidden", more)],
        _ => Vec::new(),
    });
    let ran = udp(callee.port(), "");
    ran.assert_text(2).assert_says("15644 (probably a received call) \"no gateway\" from cas1");
    ran.assert_says("the caller is no UM IP gateway");
}

#[test]
fn a_challenge_is_answered_and_the_password_shown_nowhere() {
    let callee = Callee::new(|method, request, _| match method {
        "INVITE" if !request.contains("\r\nProxy-Authorization: Digest username=\"probe\"") => {
            let challenge = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
            vec![said(request, "a", "407 Proxy Authentication Required", challenge)]
        }
        _ => well(method, request),
    });
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, "s3cret\n").unwrap();
    let ran = udp(callee.port(), &format!("--username probe --password-file {} -vvv", file.display()));
    ran.assert_text(0).assert_says("200 OK");
    assert!(!ran.stdout.contains("s3cret") && ran.stdout.contains("Proxy-Authorization: Digest (masked)"), "{ran:?}");
    callee.assert_heard(&["INVITE", "ACK", "INVITE", "ACK", "BYE"]);
    udp(callee.port(), "").assert_text(2).assert_says("--username");
}

#[test]
fn unknown_when_the_command_line_contradicts_itself() {
    for (arguments, expected) in [
        ("--hold 20 -t 10", "--hold"),
        ("--hold x", "--hold"),
        ("--hold 1 --until ringing", "--hold"),
        ("--max-redirects 3", "--redirect follow"),
        ("--transport udp --tls-name a.example", "--transport tls"),
        ("--transport udp --redirect accept --ca-file f", "--transport tls"),
        ("--transport udp --redirect accept --certificate-critical 14", "--transport tls"),
        ("--transport udp --redirect accept --tls-backend legacy", "--transport tls"),
        ("--from <sip:me@here>;tag=zz", "has a tag"),
        ("--redirect sideways", "expected"),
        ("--header Via:x", "--header"),
        ("--status 200", "--status"),
        ("--dns-server 192.0.2.53", "--srv"),
    ] {
        call(5060, arguments).assert_text(3).assert_says(expected).assert_says("expected");
    }
}

#[test]
fn critical_when_a_domain_leads_past_tls_that_was_meant() {
    let port = closed_port().parse().unwrap();
    let zone =
        vec![("_sip._tcp.example.com", srv(0, port, "sip1.example.com")), ("sip1.example.com", a([127, 0, 0, 1]))];
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let pin = "00".repeat(32);
    let call = |more: &str| {
        let words = format!("-H example.com --srv -u sip:a@example.com --dns-server {} {more}", nameserver.address);
        run(PLUGIN, &words)
    };
    let ran = call(&format!("--redirect accept --fingerprint {pin}"));
    ran.assert_text(2).assert_says("example.com leads to tcp, where --fingerprint would have no effect");
    call("--redirect accept").assert_text(2).assert_says("refused");
}

#[test]
fn unknown_when_nobody_is_to_be_called_and_nobody_is() {
    let callee = Callee::new(|method, request, _| well(method, request));
    for more in ["", "--redirect follow", "--until ringing"] {
        let ran = run(PLUGIN, &format!("-H 127.0.0.1 -p {} --transport udp {more}", callee.port()));
        ran.assert_text(3).assert_says("--uri: expected whom to call");
    }
    run(PLUGIN, "-H example.com --srv").assert_text(3).assert_says("--uri: expected whom to call");
    callee.assert_heard(&[]);
}

#[test]
fn what_is_about_certificates_is_taken_where_a_redirection_may_lead_to_tls() {
    let callee = Callee::new(|method, request, _| well(method, request));
    for more in ["--certificate-critical 14", "--redirect follow --no-verify", "--redirect ask --tls-backend modern"] {
        udp(callee.port(), more).assert_text(0);
    }
}

#[test]
fn critical_when_nobody_listens() {
    let port = crate::support::port::closed_port();
    call(&port, "").assert_text(2).assert_says("refused");
}

#[test]
fn critical_when_a_datagram_is_refused() {
    udp(crate::support::port::closed_port(), "").assert_text(2).assert_says("refused");
}
