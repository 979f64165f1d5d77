//! Is a good answer good, and a bad one bad? Final responses, ranges, addresses, credentials.

use std::io::{Read, Write};
use std::net::Shutdown;

use crate::support::Outcome;
use crate::support::peer::{Peer, read_request, response};
use crate::support::perfdata;
use crate::support::port::closed_port;
use crate::{answers, probe, run};

#[test]
fn ok_when_200_with_every_metric_on_one_line() {
    let peer = answers("SIP/2.0 200 OK", "");
    let ran = probe(&peer.port(), &["-w", "5", "-c", "8"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from 127.0.0.1:");
    assert_eq!(ran.stdout.lines().count(), 1);
    let labels = ["time", "dns", "connect", "response", "retransmissions", "status"];
    assert_eq!(perfdata::labels(ran.first_line()), labels);
    assert_eq!(perfdata::value(ran.first_line(), "status"), Some(200.0));
    assert!(ran.stdout.contains("s;5;8;0;10 'dns'="), "{}", ran.stdout);
}

#[test]
fn ok_over_udp() {
    let peer = Peer::udp(|request| vec![response(request, "SIP/2.0 200 OK", "")]);
    probe(&peer.port(), &["--transport", "udp"]).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
}

#[test]
fn critical_when_503_with_the_diagnosis_decoded() {
    let peer = answers(
        "SIP/2.0 503 Service Unavailable",
        "SERVER: RTCC/5.0.0.0 MSExchangeUM/15.00.1497.000\r\nMS-DIAGNOSTICS: 15501;source=\"cas1\";reason=\"No worker\"\r\n",
    );
    let ran = probe(&peer.port(), &["-v"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 503 Service Unavailable from ");
    assert_eq!(perfdata::value(ran.first_line(), "status"), Some(503.0));
    assert!(ran.first_line().contains("15501 (probably no worker process) \"No worker\" from cas1"));
    assert!(
        ran.stdout.contains("\nadvice: ")
            && ran.stdout.contains("\nserver: RTCC/5.0.0.0 MSExchangeUM/15.00.1497.000\n")
    );
}

#[test]
fn critical_when_403_with_its_own_reason_phrase() {
    let peer = answers("SIP/2.0 403 Kein Zutritt", "");
    probe(&peer.port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - 403 Kein Zutritt from ");
}

#[test]
fn why_a_server_refuses_is_in_the_long_output() {
    let headers =
        "Reason: SIP;cause=503;text=\"Maintenance\"\r\nWarning: 399 gw1 \"No trunk\"\r\nRetry-After: 120 (update)\r\n";
    let ran = probe(&answers("SIP/2.0 503 Service Unavailable", headers).port(), &["-v"]);
    ran.assert_text(2);
    for line in [
        "reason header: SIP;cause=503;text=\"Maintenance\"",
        "warning: 399 gw1 \"No trunk\"",
        "retry after: 120 (update)",
    ] {
        assert!(ran.stdout.lines().any(|each| each == line), "no {line}: {ran:?}");
    }
}

#[test]
fn ok_when_404_is_expected() {
    let peer = answers("SIP/2.0 404 Not Found", "");
    probe(&peer.port(), &["--expect", "2xx,4xx"]).assert_begins(0, "UM SIP OPTIONS OK - 404 Not Found from ");
    probe(&peer.port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - 404 Not Found from ");
}

#[test]
fn the_state_that_the_operator_gives_a_status() {
    let peer = answers("SIP/2.0 503 Service Unavailable", "");
    for (arguments, code) in [
        (&["--status", "503=warning"][..], 1),
        (&["--status", "503=unknown", "--status", "5xx=ok"], 3),
        (&["--status", "500=ok", "--status", "503=ok"], 0),
        (&["--status", "503=warning", "--expect", "503"], 1),
        (&["--status", "404=ok"], 2),
    ] {
        probe(&peer.port(), arguments).assert_text(code).assert_says("503 Service Unavailable from ");
    }
}

#[test]
fn critical_when_302_and_where_it_leads() {
    let peer = answers("SIP/2.0 302 Moved Temporarily", "CONTACT: <sip:101@pabx.example.com:5065;transport=Tcp>\r\n");
    let ran = probe(&peer.port(), &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 302 Moved Temporarily");
    assert!(ran.first_line().contains("redirects to <sip:101@pabx.example.com:5065;transport=Tcp>"));
}

#[test]
fn ok_as_exchange_writes_it() {
    let peer = Peer::answering(|request| {
        let branch = request.split("branch=").nth(1).unwrap().split(';').next().unwrap();
        let value = |name: &str| request.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        format!(
            "SIP/2.0 200 OK\r\nFROM: {}\r\nTO: {};epid=EEBEB645D0;tag=4c63a61135\r\nCSEQ: {}\r\nCALL-ID: {}\r\n\
             VIA: SIP/2.0/TCP 127.0.0.1:5060;branch={branch}\r\n\
             ALLOW: INVITE\r\nAllow: ACK, BYE\r\nCONTENT-LENGTH: 0\r\nSERVER: RTCC/5.0.0.0 MSExchangeUM/15.00.1497.000\r\n\r\n",
            value("From: "),
            value("To: "),
            value("CSeq: "),
            value("Call-ID: ")
        )
        .into_bytes()
    });
    let arguments = ["--require-allow", "INVITE, BYE", "--require-header", "Server: MSExchangeUM/15\\."];
    probe(&peer.port(), &arguments).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
    probe(&peer.port(), &["--require-allow", "REFER"]).assert_begins(2, "UM SIP OPTIONS CRITICAL - 200 OK from ");
    probe(&peer.port(), &["--require-header", "Server: Cisco"])
        .assert_begins(2, "UM SIP OPTIONS CRITICAL - 200 OK from ");
}

#[test]
fn warning_and_critical_ranges_judge_the_time() {
    let peer = answers("SIP/2.0 200 OK", "");
    probe(&peer.port(), &["-w", "@0:100"]).assert_begins(1, "UM SIP OPTIONS WARNING - took ");
    probe(&peer.port(), &["-w", "@0:100", "-c", "@0:100"])
        .assert_begins(2, "UM SIP OPTIONS CRITICAL - took ")
        .assert_says("ms, between 0 s and 100 s; 200 OK from ");
    probe(&peer.port(), &["-w", "-1:5"]).assert_begins(0, "UM SIP OPTIONS OK - ");
}

#[test]
fn the_fallback_names_the_address_that_does_not_connect() {
    let peer = Peer::tcp_on("[::1]:0", |mut stream| {
        while let Some(request) = read_request(&mut stream) {
            let _ = stream.write_all(&response(&request, "SIP/2.0 200 OK", ""));
        }
    });
    let port = peer.port();
    let v6 = run(&["-H", "::1", "-p", &port]);
    v6.assert_begins(0, &format!("UM SIP OPTIONS OK - 200 OK from [::1]:{port} in "));
    let all = run(&["-H", "::1", "-p", &port, "--all-addresses"]);
    all.assert_begins(0, "UM SIP OPTIONS OK - ");
    assert!(
        perfdata::labels(all.first_line()).contains(&"time_0_0_0_0_0_0_0_1".to_owned()),
        "{:?}",
        perfdata::labels(all.first_line())
    );
}

#[test]
fn a_digest_challenge_is_answered_and_the_password_shown_nowhere() {
    let challenge = "WWW-Authenticate: Digest realm=\"um\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256\r\n";
    let peer = Peer::answering(move |request| {
        if request.contains("Authorization: Digest username=\"alice\"") && request.contains("nc=00000001") {
            response(request, "SIP/2.0 200 OK", "")
        } else {
            response(request, "SIP/2.0 401 Unauthorized", challenge)
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, "geheim\n").unwrap();
    let ran = probe(&peer.port(), &["--username", "alice", "--password-file", file.to_str().unwrap(), "-vvv"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
    assert!(ran.stdout.contains("authentication: digest user alice") && !ran.stdout.contains("geheim"));
    probe(&peer.port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - 401 Unauthorized from ");
}

#[test]
fn critical_when_the_credentials_are_rejected() {
    let challenge = "WWW-Authenticate: Digest realm=\"um\", nonce=\"n1\"\r\n";
    let peer = Peer::answering(move |request| response(request, "SIP/2.0 401 Unauthorized", challenge));
    let directory = tempfile::tempdir().unwrap();
    let ini = directory.path().join("plugins.ini");
    std::fs::write(&ini, "[check_um_sip_options]\nusername = alice\npassword = geheim\n").unwrap();
    let ran = probe(&peer.port(), &[&format!("--extra-opts=@{}", ini.display()), "-vvv"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 127.0.0.1:");
    assert!(ran.first_line().contains("rejects the credentials of user 'alice'") && !ran.stdout.contains("geheim"));
}

#[test]
fn the_request_is_what_the_options_say() {
    let peer = Peer::tcp(|mut stream| {
        let Some(request) = read_request(&mut stream) else { return };
        let wanted = [
            "OPTIONS sip:um@example.com SIP/2.0\r\n",
            "From: \"Probe\" <sip:probe@example.com>;tag=",
            "To: <sip:to@example.com>\r\n",
            "Contact: <sip:sbc.example.com:5061;transport=tls>\r\n",
            "User-Agent: probe/1\r\n",
            "Max-Forwards: 3\r\n",
        ];
        let missing: Vec<_> = wanted.into_iter().filter(|line| !request.contains(line)).collect();
        let status = if missing.is_empty() { "SIP/2.0 200 OK" } else { "SIP/2.0 400 Bad Request" };
        let _ = stream.write_all(&response(&request, status, ""));
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read(&mut [0]);
    });
    let arguments = [
        "--uri=sip:um@example.com",
        "--from=\"Probe\" <sip:probe@example.com>",
        "--to=sip:to@example.com",
        "--contact=sip:sbc.example.com:5061;transport=tls",
        "--user-agent=probe/1",
        "--max-forwards=3",
    ];
    probe(&peer.port(), &arguments).assert_begins(0, "UM SIP OPTIONS OK - ");
}

#[test]
fn advice_fits_the_peer() {
    let exchange = "SERVER: RTCC/5.0.0.0 MSExchangeUM/15.00.1497.000\r\n";
    let directory = "ms-diagnostics: 15647;source=\"cas1\";reason=\"Access to Active Directory error occured.\"\r\n";
    let foreign = "Server: kamailio (5.6.3)\r\nms-diagnostics: 10002;source=\"sbc\";reason=\"x\"\r\n";
    for (status, headers, arguments, expected, names_exchange) in [
        ("500 Internal Error", foreign, &[][..], "The server refuses OPTIONS.", false),
        ("500 Internal Error", foreign, &["--peer", "exchange"], "Get-ServerHealth", true),
        ("500 Internal Error", exchange, &[], "Get-ServerHealth", true),
        ("500 Internal Error", exchange, &["--peer", "generic"], "The server refuses OPTIONS.", false),
        ("404 Not Found", foreign, &[], "--expect 404", false),
        ("404 Not Found", exchange, &["--peer", "exchange"], "--expect 404", false),
        ("500 Internal Error", directory, &["--peer", "auto"], "ask check_um_ad_ds", false),
    ] {
        let status_line: &'static str = format!("SIP/2.0 {status}").leak();
        let ran = probe(&answers(status_line, headers).port(), arguments);
        let advice: Vec<_> = ran.assert_text(2).stdout.lines().filter(|line| line.starts_with("advice: ")).collect();
        assert!(advice.len() == 1 && advice[0].contains(expected), "{status} {headers} {arguments:?}: {ran:?}");
        assert_eq!(advice[0].contains("UM.CallRouter"), names_exchange, "{status} {headers} {arguments:?}: {ran:?}");
    }
    let refused =
        |arguments: &[&str]| probe(&closed_port(), arguments).assert_text(2).stdout.contains("MSExchangeUMCR");
    assert!(!refused(&[]) && refused(&["--peer", "exchange"]));
    let silent = |arguments: &[&str]| {
        let peer = Peer::answering(|_| Vec::new());
        probe(&peer.port(), &[arguments, &["-t", "0.3"]].concat()).assert_text(2).stdout.contains("MSExchangeUMCR")
    };
    assert!(!silent(&[]) && silent(&["--peer", "exchange"]));
}

#[test]
fn the_health_set_is_named_only_where_the_peer_is_known_to_be_exchange() {
    let exchange = "SERVER: RTCC/5.0.0.0 MSExchangeUM/15.00.1497.000\r\n";
    let names =
        |ran: Outcome| ran.stdout.lines().any(|line| line.starts_with("stands for: probe UMCallRouterTestProbe"));
    for (headers, kind, expected) in
        [("", "auto", false), (exchange, "auto", true), (exchange, "generic", false), ("", "exchange", true)]
    {
        for status_line in ["SIP/2.0 200 OK", "SIP/2.0 503 No"] {
            let ran = probe(&answers(status_line, headers).port(), &["-v", "--peer", kind]);
            assert_eq!(names(ran), expected, "{status_line} {headers} {kind}");
        }
    }
    for (kind, expected) in [("auto", false), ("generic", false), ("exchange", true)] {
        assert_eq!(names(probe(&closed_port(), &["-v", "--peer", kind])), expected, "refused, {kind}");
    }
}

#[test]
fn whose_answer_it_is_is_said_where_that_is_somebody_else() {
    let answering = |to: &'static str| {
        let peer = Peer::answering(move |request| {
            let own = request.lines().find(|line| line.starts_with("To: ")).unwrap();
            String::from_utf8(response(request, "SIP/2.0 200 OK", "")).unwrap().replace(own, to).into_bytes()
        });
        probe(&peer.port(), &["-u", "sip:cas1.example.com"])
    };
    answering("To: <sip:other@x>;tag=1").assert_text(0).assert_says(" ms, its To says sip:other@x");
    for to in ["To: \"A B\" <sip:CAS1.example.com:5060;x=y>;tag=1", "TO: sip:cas1.example.com;tag=1"] {
        let ran = answering(to);
        ran.assert_text(0);
        assert!(!ran.stdout.contains("its To"), "{to}: {ran:?}");
    }
}
