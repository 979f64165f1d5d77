//! Does check_um_sip_options say the right thing of every kind of peer? The real binary against loopback peers.

mod support;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread::sleep;
use std::time::Duration;

use support::peer::{Peer, closed_port, read_request, response};
use support::{Outcome, perfdata, plugin, run_command};

const NAME: &str = "check_um_sip_options";

fn run(arguments: &[&str]) -> Outcome {
    run_command(plugin(NAME).args(arguments))
}

fn probe(port: &str, more: &[&str]) -> Outcome {
    let mut arguments = vec!["-H", "127.0.0.1", "-p", port];
    arguments.extend(more);
    run(&arguments)
}

/// A healthy answer with this status line and these header lines.
fn answers(status_line: &'static str, more: &'static str) -> Peer {
    Peer::answering(move |request| response(request, status_line, more))
}

/// The peer sends these bytes for any request and keeps the connection open.
fn sends(bytes: impl Into<Vec<u8>>) -> Peer {
    let bytes = bytes.into();
    Peer::answering(move |_| bytes.clone())
}

#[test]
fn ok_when_200_with_every_metric_on_one_line() {
    let peer = answers("SIP/2.0 200 OK", "");
    let ran = probe(&peer.port(), &["-w", "5", "-c", "8"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from 127.0.0.1:");
    assert_eq!(ran.stdout.lines().count(), 1);
    assert_eq!(perfdata::labels(ran.first_line()), ["time", "dns", "connect", "response", "retransmissions"]);
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
fn ok_when_404_is_expected() {
    let peer = answers("SIP/2.0 404 Not Found", "");
    probe(&peer.port(), &["--expect", "2xx,4xx"]).assert_begins(0, "UM SIP OPTIONS OK - 404 Not Found from ");
    probe(&peer.port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - 404 Not Found from ");
}

#[test]
fn critical_when_302_and_where_it_leads() {
    let peer = answers("SIP/2.0 302 Moved Temporarily", "CONTACT: <sip:101@pabx.example.com:5065;transport=Tcp>\r\n");
    let ran = probe(&peer.port(), &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 302 Moved Temporarily");
    assert!(ran.first_line().contains("redirects to <sip:101@pabx.example.com:5065;transport=Tcp>"));
}

#[test]
fn critical_when_silent_at_the_deadline() {
    let peer = sends("");
    let ran = probe(&peer.port(), &["-t", "0.5"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no response from 127.0.0.1:");
    ran.assert_took(0.5, 1.0);
}

#[test]
fn a_timeout_is_worth_what_the_operator_says() {
    let peer = sends("");
    probe(&peer.port(), &["-t", "0.2:unknown"]).assert_begins(3, "UM SIP OPTIONS UNKNOWN - no response");
    probe(&peer.port(), &["-t", "0.2:unknown", "--state", "timeout=warning"])
        .assert_begins(1, "UM SIP OPTIONS WARNING - ");
    probe(&peer.port(), &["--state", "timeout=warning", "-t", "0.2:unknown"])
        .assert_begins(3, "UM SIP OPTIONS UNKNOWN - ");
    probe(&peer.port(), &["--state", "timeout=warning", "-t", "0.2"]).assert_begins(1, "UM SIP OPTIONS WARNING - ");
}

#[test]
fn udp_silence_counts_its_requests() {
    let peer = Peer::udp(|_| Vec::new());
    let ran = probe(&peer.port(), &["--transport", "udp", "-t", "0.8"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no response from ");
    assert!(ran.first_line().contains("after 2 requests") && ran.first_line().contains("'retransmissions'=1;"));
}

#[test]
fn critical_when_refused() {
    probe(&closed_port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - connection refused by 127.0.0.1:");
    probe(&closed_port(), &["--state", "refused=ok"]).assert_begins(0, "UM SIP OPTIONS OK - connection refused");
}

#[test]
fn critical_when_reset() {
    // Closing with input unread makes the system send a reset.
    let peer = Peer::tcp(|stream| drop(stream.peek(&mut [0])));
    let ran = probe(&peer.port(), &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 127.0.0.1:");
    assert!(ran.first_line().contains("reset the connection without an answer to the request"), "{}", ran.stdout);
}

#[test]
fn critical_when_closed_before_the_request() {
    let peer = Peer::tcp(|stream| drop(stream));
    probe(&peer.port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - 127.0.0.1:");
}

#[test]
fn critical_when_closed_after_the_request() {
    let peer = Peer::tcp(|mut stream| drop(read_request(&mut stream)));
    let ran = probe(&peer.port(), &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 127.0.0.1:");
    assert!(ran.first_line().contains("closed the connection without an answer to the request"), "{}", ran.stdout);
}

#[test]
fn critical_when_the_head_is_cut() {
    let peer = Peer::tcp(|mut stream| {
        let _ = read_request(&mut stream);
        let _ = stream.write_all(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP");
    });
    let ran = probe(&peer.port(), &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - ");
    assert!(ran.first_line().contains("in the middle of a message, after 32 bytes of it"), "{}", ran.stdout);
}

#[test]
fn critical_when_http_is_spoken() {
    let peer = sends("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let ran = probe(&peer.port(), &[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no SIP answer from ");
    assert!(ran.first_line().contains("but HTTP"));
}

#[test]
fn critical_when_binary_noise_comes() {
    let noise: Vec<u8> = (0..=255).cycle().skip(128).take(4096).collect();
    probe(&sends(noise.clone()).port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - no SIP answer from ");
    let peer = Peer::udp(move |_| vec![noise.clone()]);
    probe(&peer.port(), &["--transport", "udp"]).assert_begins(2, "UM SIP OPTIONS CRITICAL - no SIP answer from ");
}

#[test]
fn critical_when_the_status_code_would_wrap_to_200() {
    let peer = answers("SIP/2.0 4294967496 OK", "");
    probe(&peer.port(), &[]).assert_begins(2, "UM SIP OPTIONS CRITICAL - malformed SIP answer from ");
}

#[test]
fn critical_when_the_answer_drips() {
    let peer = Peer::tcp(|mut stream| {
        let Some(request) = read_request(&mut stream) else { return };
        for byte in response(&request, "SIP/2.0 200 OK", "") {
            if stream.write_all(&[byte]).is_err() {
                break;
            }
            sleep(Duration::from_millis(50));
        }
    });
    let ran = probe(&peer.port(), &["-t", "1"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no response from ");
    assert!(ran.first_line().contains("bytes of an unfinished message came"), "{}", ran.stdout);
    ran.assert_took(1.0, 1.5);
}

#[test]
fn critical_when_the_head_is_endless() {
    let peer = Peer::answering(|request| {
        let mut head = response(request, "SIP/2.0 200 OK", "");
        head.truncate(head.len() - 2);
        head.extend(b"X: ".iter().chain([b'x'; 1024].iter()).copied().cycle().take(300 * 1024));
        head
    });
    let ran = probe(&peer.port(), &["-t", "3"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - no SIP answer from ");
    assert!(ran.first_line().contains("head is larger than 65536 bytes"), "{}", ran.stdout);
}

#[test]
fn critical_when_only_provisional_responses_come() {
    let peer = Peer::tcp(|mut stream| {
        let Some(request) = read_request(&mut stream) else { return };
        while stream.write_all(&response(&request, "SIP/2.0 100 Trying", "")).is_ok() {}
    });
    let ran = probe(&peer.port(), &["-t", "0.7"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - only provisional responses from ");
    ran.assert_took(0.7, 1.2);
}

#[test]
fn ok_after_provisionals_strays_and_keep_alives_in_one_segment() {
    let peer = Peer::answering(|request| {
        let stray = response(&request.replace("z9hG4bK", "z9hG4bKx"), "SIP/2.0 503 Stray", "");
        let other_call = response(&request.replace("Call-ID: ", "Call-ID: x"), "SIP/2.0 503 Stray", "");
        let other_cseq = response(&request.replace("CSeq: 1", "CSeq: 2"), "SIP/2.0 503 Stray", "");
        let trying = response(request, "SIP/2.0 100 Trying", "");
        let ok = response(request, "SIP/2.0 200 OK", "");
        [b"\r\n\r\n".to_vec(), stray, other_call, trying, b"\r\n\r\n".to_vec(), other_cseq, ok].concat()
    });
    probe(&peer.port(), &[]).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
}

#[test]
fn ok_as_exchange_writes_it() {
    let peer = Peer::answering(|request| {
        let branch = request.split("branch=").nth(1).unwrap().split(';').next().unwrap();
        let value = |name: &str| request.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        format!(
            "SIP/2.0 200 OK\r\nFROM: {}\r\nTO: {};epid=EEBEB645D0;tag=4c63a61135\r\nCSEQ: {}\r\nCALL-ID: {}\r\n\
             VIA: SIP/2.0/TCP 127.0.0.1:5060;branch={branch},SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKother\r\n\
             ALLOW: INVITE\r\nAllow: ACK, BYE\r\nCONTENT-LENGTH: 0\r\nSERVER: RTCC/5.0.0.0 MSExchangeUM/15.00.1497.000\r\n\r\n",
            value("From: "),
            value("To: "),
            value("CSeq: "),
            value("Call-ID: ")
        )
        .into_bytes()
    });
    let arguments = ["--require-allow", "INVITE,BYE", "--require-header", "Server: MSExchangeUM/15\\."];
    probe(&peer.port(), &arguments).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
    probe(&peer.port(), &["--require-allow", "REFER"]).assert_begins(2, "UM SIP OPTIONS CRITICAL - 200 OK from ");
    probe(&peer.port(), &["--require-header", "Server: Cisco"])
        .assert_begins(2, "UM SIP OPTIONS CRITICAL - 200 OK from ");
}

#[test]
fn a_hostile_reason_phrase_harms_no_format() {
    let peer = answers("SIP/2.0 503 a|b 'c' \"d\" \x1b[31m <&> 'time'=9s;;; \u{202e}x", "Server: </DataItem>|\x07\r\n");
    let text = probe(&peer.port(), &["-vvv"]);
    text.assert_begins(2, "UM SIP OPTIONS CRITICAL - 503 a/b 'c' \"d\"  [31m <&> ");
    assert!(!text.stdout.contains(['\x1b', '\x07', '\u{202e}']));
    assert_eq!(text.stdout.matches('|').count(), 1);
    probe(&peer.port(), &["--output", "json", "-vvv"]).assert_json("CRITICAL");
    probe(&peer.port(), &["--output", "scom", "-vvv"]).assert_scom("CRITICAL");
}

#[test]
fn every_format_carries_the_state_in_the_exit_code() {
    let peer = answers("SIP/2.0 200 OK", "");
    assert_eq!(probe(&peer.port(), &["--output", "json"]).assert_json("OK").code, Some(0));
    assert_eq!(probe(&peer.port(), &["--output", "scom"]).assert_scom("OK").code, Some(0));
    assert_eq!(probe(&closed_port(), &["--output", "scom", "--exit-ok"]).assert_scom("CRITICAL").code, Some(0));
    assert_eq!(run(&["--output", "json", "--bogus"]).assert_json("UNKNOWN").code, Some(3));
    assert_eq!(run(&["--bogus", "--output=scom"]).assert_scom("UNKNOWN").code, Some(3));
}

#[test]
fn single_line_leaves_out_the_advice() {
    let ran = probe(&closed_port(), &["--single-line", "-vvv"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (Some(2), 1));
}

#[test]
fn warning_and_critical_ranges_judge_the_time() {
    let peer = answers("SIP/2.0 200 OK", "");
    probe(&peer.port(), &["-w", "@0:100"]).assert_begins(1, "UM SIP OPTIONS WARNING - time is 0.");
    probe(&peer.port(), &["-w", "@0:100", "-c", "@0:100"]).assert_begins(2, "UM SIP OPTIONS CRITICAL - time is 0.");
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
        perfdata::labels(all.first_line()).contains(&"time___1".to_owned()),
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
fn the_command_line_beats_the_ini_section() {
    let peer = answers("SIP/2.0 200 OK", "");
    let directory = tempfile::tempdir().unwrap();
    let ini = directory.path().join("plugins.ini");
    std::fs::write(&ini, format!("[slow]\nhostname=127.0.0.1\np={}\nwarning=@0:100\n", peer.port())).unwrap();
    let extra = format!("--extra-opts=slow@{}", ini.display());
    run(&[&extra]).assert_begins(1, "UM SIP OPTIONS WARNING - ");
    run(&["-w", "100", &extra]).assert_begins(0, "UM SIP OPTIONS OK - ");
}

#[test]
fn extra_opts_show_no_text_of_the_file() {
    let shadow = run(&["-H", "x", "--extra-opts=@/etc/shadow"]);
    assert_eq!(shadow.code, Some(3));
    assert!(!shadow.stdout.contains("root") && shadow.first_line().contains("/etc/shadow"));
    let directory = tempfile::tempdir().unwrap();
    let ini = directory.path().join("x.ini");
    for content in
        ["[s]\nhunter2\n[", "[s]\nhunter2=hunter2\n", "[s]\nwarning=hunter2\n", "[s]\np=hunter2", "[s]\nhunter 2=1\n"]
    {
        std::fs::write(&ini, content).unwrap();
        let ran = run(&["-H", "x", &format!("--extra-opts=s@{}", ini.display())]);
        ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - ");
        assert!(!ran.stdout.contains("hunter") && ran.first_line().contains("line 2"), "{content:?}: {}", ran.stdout);
    }
}

#[test]
fn unknown_when_the_name_does_not_resolve() {
    run(&["-H", "name.invalid"]).assert_begins(3, "UM SIP OPTIONS UNKNOWN - cannot look up 'name.invalid': ");
}

#[test]
fn unknown_with_one_line_when_the_arguments_are_wrong() {
    let cases: [(&[&str], &str); 14] = [
        (&["-w", "nan"], "'nan' is not a range"),
        (&["-w", "20:10"], "start <= end"),
        (&["-c", "10abc"], "'10abc' is not a range"),
        (&["-w", ""], "expected [@][start:][end]"),
        (&["-t", "0"], "'0' is not a timeout: expected seconds"),
        (&["--bogus"], "unknown option --bogus"),
        (&["stray"], "stray word 'stray'"),
        (&["--password=geheim"], "unknown option --password"),
        (&["--expect", "1xx"], "'1xx' is no set of final responses"),
        (&["--uri", "http://x"], "'http://x' is not a SIP URI"),
        (&["--user-agent", "a\r\nVia: b"], "cannot be a header value"),
        (&["--state", "stopped=ok"], "cannot meet 'stopped'"),
        (&["--username", "alice"], "expected its password too"),
        (&["--require-header", "Server"], "expected 'Name: regular expression'"),
    ];
    for (arguments, expected) in cases {
        let ran = run(&[&["-H", "127.0.0.1"], arguments].concat());
        ran.assert_begins(3, "UM SIP OPTIONS UNKNOWN - ");
        assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
        assert!(ran.stdout.contains(expected) && !ran.stdout.contains("geheim"), "{}", ran.stdout);
    }
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
