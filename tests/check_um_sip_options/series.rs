//! What is said of many OPTIONS, one after the other? What is lost, how the times differ, what each answer is worth.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use crate::support::peer::{Peer, read_request, response};
use crate::support::perfdata;
use crate::support::port::closed_port;
use crate::{answers, probe, run};

/// A peer over UDP that drops every third datagram.
fn losing() -> Peer {
    let count = AtomicU32::new(0);
    Peer::udp(move |request| match (count.fetch_add(1, Ordering::SeqCst) + 1) % 3 {
        0 => Vec::new(),
        _ => vec![response(request, "SIP/2.0 200 OK", "")],
    })
}

/// A peer that answers with `lines` in turn.
fn in_turn(lines: &'static [&'static str]) -> Peer {
    let count = AtomicU32::new(0);
    Peer::answering(move |request| {
        let index = count.fetch_add(1, Ordering::SeqCst) as usize % lines.len();
        response(request, lines[index], "")
    })
}

#[test]
fn what_is_lost_is_judged_by_its_share() {
    let judged = |arguments: &'static [&'static str]| {
        move || {
            let common = ["--transport", "udp", "--count", "6", "--interval", "0.5"];
            probe(&losing().port(), &[&common, arguments].concat())
        }
    };
    let cases: [(&[&str], i32, &str); 4] = [
        (&[], 0, "UM SIP OPTIONS OK - 200 OK from 127.0.0.1:"),
        (&["--loss-warning", "30"], 1, "UM SIP OPTIONS WARNING - loss 33.3 %, more than 30 %"),
        (&["--loss-critical", "30"], 2, "UM SIP OPTIONS CRITICAL - loss 33.3 %, more than 30 %"),
        (
            &["--loss-warning", "30", "--loss-critical", "30"],
            2,
            "UM SIP OPTIONS CRITICAL - loss 33.3 %, more than 30 %",
        ),
    ];
    let runs = cases.map(|(arguments, code, begins)| (thread::spawn(judged(arguments)), code, begins));
    for (ran, code, begins) in runs {
        let ran = ran.join().unwrap();
        ran.assert_begins(code, begins).assert_says(", 4 of 6 answered, median ").assert_says(", jitter ");
        let line = ran.first_line();
        assert_eq!(perfdata::labels(line), ["time", "time_max", "jitter", "loss", "dns", "status"], "{ran:?}");
        assert_eq!((perfdata::value(line, "loss"), perfdata::value(line, "status")), (Some(33.3333), Some(200.0)));
        let advice = ran.stdout.lines().find(|line| line.starts_with("advice: "));
        assert!(
            code == 0 || advice.is_some_and(|advice| advice.contains("get lost") && !advice.contains("  ")),
            "{ran:?}"
        );
        assert!(perfdata::value(line, "time") <= perfdata::value(line, "time_max"), "{ran:?}");
    }
}

#[test]
fn nothing_is_lost_over_a_stream_that_answers_and_the_median_is_judged() {
    let peer = answers("SIP/2.0 200 OK", "");
    let ran = probe(&peer.port(), &["--count", "3", "--interval", "0.5"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from 127.0.0.1:").assert_says(", 3 of 3 answered, median ");
    assert_eq!(perfdata::value(ran.first_line(), "loss"), Some(0.0));
    probe(&peer.port(), &["--count", "2", "--interval", "0.5", "-w", "@0:100"])
        .assert_begins(1, "UM SIP OPTIONS WARNING - took ");
    let one = probe(&peer.port(), &["--count", "1"]);
    one.assert_begins(0, "UM SIP OPTIONS OK - ").assert_says("1 of 1 answered");
    assert_eq!(perfdata::value(one.first_line(), "jitter"), None);
}

#[test]
fn all_lost_is_the_failure_that_one_is() {
    let silent = Peer::udp(|_| Vec::new());
    let series = ["--transport", "udp", "--count", "3", "--interval", "0.05"];
    let ran = probe(&silent.port(), &series);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - none of 3 requests was answered: no response from 127.0.0.1:");
    assert_eq!(perfdata::value(ran.first_line(), "loss"), Some(100.0));
    assert!(!ran.stdout.contains("more than 80 %"), "{ran:?}");
    let all_may_be_lost = ["--loss-warning", "100", "--loss-critical", "100"];
    let lowered = |port: &str, state| probe(port, &[&series[..], &all_may_be_lost, &["--state", state]].concat());
    lowered(&silent.port(), "timeout=unknown").assert_begins(3, "UM SIP OPTIONS UNKNOWN - none of 3 requests ");
    lowered(&closed_port(), "refused=warning")
        .assert_begins(1, "UM SIP OPTIONS WARNING - none of 3 requests was answered: connection refused by ");
}

#[test]
fn all_lost_is_worth_no_less_than_most_whatever_one_lost_request_is() {
    let judged = |port: &str, arguments: &[&str]| {
        probe(port, &[&["--transport", "udp", "--count", "3", "--interval", "0.05", "--state"], arguments].concat())
    };
    let silent = Peer::udp(|_| Vec::new());
    for state in ["timeout=ok", "timeout=warning", "timeout=unknown"] {
        let ran = judged(&silent.port(), &[state]);
        ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - loss 100 %, more than 80 %; none of 3 requests was answered: ");
    }
    judged(&silent.port(), &["timeout=ok", "--loss-critical", "100"])
        .assert_begins(1, "UM SIP OPTIONS WARNING - ")
        .assert_says("loss 100 %, more than 40 %");
    judged(&closed_port(), &["refused=warning"]).assert_begins(2, "UM SIP OPTIONS CRITICAL - loss 100 %, more than ");
}

#[test]
fn a_series_that_breaks_off_is_judged_by_what_it_measured_and_by_what_it_did_not_send() {
    let broken = |arguments: &[&str]| {
        let peer = Peer::tcp(|mut stream| {
            let Some(request) = read_request(&mut stream) else { return };
            let _ = stream.write_all(&response(&request, "SIP/2.0 200 OK", ""));
            let _ = read_request(&mut stream);
        });
        let series = ["--count", "10", "--interval", "0.5", "--state", "closed=ok"];
        probe(&peer.port(), &[&series[..], arguments].concat())
    };
    let ran = broken(&[]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - loss 90 %, more than 80 %; 200 OK from 127.0.0.1:");
    ran.assert_says(" more not sent, median ").assert_says(" closed the connection ");
    // How many were sent before the end was seen is a matter of time; what was answered, and their sum, is not.
    let sent = (2..10).find(|sent| ran.stdout.contains(&format!(", 1 of {sent} answered, {} more not ", 10 - sent)));
    assert!(sent.is_some(), "{ran:?}");
    assert_eq!(perfdata::value(ran.first_line(), "loss"), Some(90.0));
    let all_may_be_lost = ["--loss-warning", "100", "--loss-critical", "100"];
    broken(&all_may_be_lost).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from 127.0.0.1:");
    broken(&[&all_may_be_lost[..], &["-c", "0"]].concat()).assert_begins(2, "UM SIP OPTIONS CRITICAL - took ");
}

#[test]
fn credentials_that_are_rejected_are_no_loss() {
    let challenge = "WWW-Authenticate: Digest realm=\"um\", nonce=\"n1\", qop=\"auth\"\r\n";
    let peer = Peer::answering(move |request| response(request, "SIP/2.0 401 Unauthorized", challenge));
    let directory = tempfile::tempdir().unwrap();
    let password = directory.path().join("password");
    fs::write(&password, "secret\n").unwrap();
    let credentials = ["--username", "alice", "--password-file", password.to_str().unwrap()];
    let series = ["--count", "3", "--interval", "0.5", "--state", "authentication=warning"];
    let ran = probe(&peer.port(), &[&credentials[..], &series].concat());
    ran.assert_begins(1, "UM SIP OPTIONS WARNING - 127.0.0.1:").assert_says("rejects the credentials of user 'alice'");
    assert_eq!(perfdata::value(ran.first_line(), "loss"), None, "{ran:?}");
}

#[test]
fn critical_when_the_stream_breaks_whatever_was_answered() {
    let peer = Peer::tcp(|mut stream| {
        for _ in 0..2 {
            let Some(request) = read_request(&mut stream) else { return };
            let _ = stream.write_all(&response(&request, "SIP/2.0 200 OK", ""));
        }
        let _ = read_request(&mut stream);
    });
    let ran = probe(&peer.port(), &["--count", "4", "--interval", "2"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 127.0.0.1:").assert_says(" closed the connection ");
    ran.assert_says("2 of 3 answered");
}

#[test]
fn every_answer_is_judged_and_the_worst_decides() {
    let peer = || in_turn(&["SIP/2.0 200 OK", "SIP/2.0 503 Service Unavailable"]);
    let series = ["--count", "4", "--interval", "0.5"];
    let ran = probe(&peer().port(), &series);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 503 Service Unavailable from 127.0.0.1:");
    ran.assert_says(" to 2 of 4 requests: expected 200").assert_says("; 200 OK from ").assert_says("4 of 4 answered");
    assert_eq!(perfdata::value(ran.first_line(), "status"), Some(503.0));
    probe(&peer().port(), &[&series[..], &["--status", "503=warning"]].concat())
        .assert_begins(1, "UM SIP OPTIONS WARNING - 503 Service Unavailable from ");
}

#[test]
fn an_answer_after_the_next_request_is_a_stray() {
    let last = Mutex::new(None::<Vec<u8>>);
    let peer = Peer::udp(move |request| {
        let answer = response(request, "SIP/2.0 200 OK", "");
        last.lock().unwrap().replace(answer).into_iter().collect()
    });
    let ran = probe(&peer.port(), &["--transport", "udp", "--count", "3", "--interval", "0.2"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - none of 3 requests was answered: ");
    ran.assert_says("; 2 answers came later than --interval");
    let advice = ran.stdout.lines().find(|line| line.starts_with("advice: "));
    assert!(advice.is_some_and(|advice| advice.contains("Give --interval more")), "{ran:?}");
    assert!(!ran.stdout.contains("did not belong"), "{ran:?}");
}

#[test]
fn what_came_too_late_is_counted_beside_what_did_not_come_at_all() {
    let (count, last) = (AtomicU32::new(0), Mutex::new(None::<Vec<u8>>));
    // The first is answered, the second with the third, each twice; the fourth not at all.
    let peer = Peer::udp(move |request| {
        let answer = response(request, "SIP/2.0 200 OK", "");
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => vec![answer],
            1 => {
                last.lock().unwrap().replace(answer);
                Vec::new()
            }
            2 => vec![last.lock().unwrap().take().unwrap_or_default(); 2].into_iter().chain([answer]).collect(),
            _ => Vec::new(),
        }
    });
    let ran = probe(&peer.port(), &["--transport", "udp", "--count", "4", "--interval", "0.5"]);
    ran.assert_begins(1, "UM SIP OPTIONS WARNING - loss 50 %, more than 40 %; 200 OK from 127.0.0.1:");
    ran.assert_says(", 2 of 4 answered, median ").assert_says("; 1 answer came later than --interval");
}

#[test]
fn nothing_of_a_series_is_sent_twice() {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    let peer = Peer::udp(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Vec::new()
    });
    probe(&peer.port(), &["--transport", "udp", "--count", "1", "--interval", "1.2"]).assert_text(2);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn each_challenge_of_a_series_is_answered() {
    let challenge = "WWW-Authenticate: Digest realm=\"um\", nonce=\"n1\", qop=\"auth\"\r\n";
    let peer = Peer::answering(move |request| match request.contains("Authorization: Digest username=\"alice\"") {
        true => response(request, "SIP/2.0 200 OK", ""),
        false => response(request, "SIP/2.0 401 Unauthorized", challenge),
    });
    let directory = tempfile::tempdir().unwrap();
    let password = directory.path().join("password");
    fs::write(&password, "secret\n").unwrap();
    let credentials = ["--username", "alice", "--password-file", password.to_str().unwrap()];
    probe(&peer.port(), &[&credentials[..], &["--count", "2", "--interval", "0.5"]].concat())
        .assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ")
        .assert_says("2 of 2 answered");
}

#[test]
fn each_address_has_a_series_of_its_own() {
    let ran = probe(&losing().port(), &["--transport", "udp", "--count", "2", "--interval", "0.5", "--all-addresses"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
    assert_eq!(perfdata::value(ran.first_line(), "loss_127_0_0_1"), Some(0.0), "{ran:?}");
}

#[test]
fn the_default_that_decided_is_named_where_it_did() {
    let peer = answers("SIP/2.0 200 OK", "");
    let slow = probe(&peer.port(), &["--count", "1", "--loss-warning", "90", "-c", "@0:100"]);
    slow.assert_begins(2, "UM SIP OPTIONS CRITICAL - took ");
    assert!(!slow.stdout.contains("by default"), "{slow:?}");
    let silent = Peer::udp(|_| Vec::new());
    let common = ["--transport", "udp", "--count", "3", "--interval", "0.05", "--state", "timeout=ok"];
    probe(&silent.port(), &[&common[..], &["--loss-warning", "90"]].concat())
        .assert_begins(2, "UM SIP OPTIONS CRITICAL - loss 100 %, more than 80 % (by default, --loss-critical 80); ");
}

#[test]
fn unknown_when_a_series_is_longer_than_the_deadline_or_half_said() {
    let too_long = ["-H", "127.0.0.1", "--count", "20", "-t", "10"];
    run(&too_long)
        .assert_begins(3, "UM SIP OPTIONS UNKNOWN - --count times --interval is more than the deadline: expected ");
    let directory = tempfile::tempdir().unwrap();
    let ini = directory.path().join("plugins.ini");
    fs::write(&ini, "[s]\ncount=20\ninterval=1\n").unwrap();
    let says =
        format!("UM SIP OPTIONS UNKNOWN - {}, line 2: expected less (--count times --interval is ", ini.display());
    run(&["-H", "127.0.0.1", &format!("--extra-opts=s@{}", ini.display())]).assert_begins(3, &says);
    for option in [["--interval", "1"], ["--loss-warning", "1"], ["--loss-critical", "1"]] {
        let ran = run(&["-H", "127.0.0.1", option[0], option[1]]);
        ran.assert_begins(3, &format!("UM SIP OPTIONS UNKNOWN - {}: expected --count too", option[0]));
    }
    for value in ["0", "1001", "x"] {
        run(&["-H", "127.0.0.1", "--count", value]).assert_begins(3, "UM SIP OPTIONS UNKNOWN - --count: '");
    }
}
