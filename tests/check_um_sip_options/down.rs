//! How many of several may be down? Targets of a domain and addresses of a host, by number and by share.

use call_router::nameserver::{Manner, Nameserver, a, srv};

use crate::answers;
use crate::run;
use crate::srv::{TCP, dead, of_domain, server};
use crate::support::peer::Peer;
use crate::support::{format, perfdata};

/// A domain whose first target is alive, and as many as `down` are not.
fn domain(alive: &Peer, down: u8) -> Nameserver {
    let port = dead();
    let mut zone =
        vec![(TCP, srv(0, alive.address.port(), "sip1.example.com")), ("sip1.example.com", a([127, 0, 0, 1]))];
    for index in 0..down {
        let name = ["sip2.example.com", "sip3.example.com", "sip4.example.com"][usize::from(index)];
        zone.extend([(TCP, srv(0, port, name)), (name, a([127, 0, 0, index + 2]))]);
    }
    Nameserver::new(Manner::Plain, zone)
}

#[test]
fn critical_when_three_of_four_targets_are_down_and_half_may_be() {
    let alive = server("127.0.0.1");
    let nameserver = domain(&alive, 3);
    let ran = of_domain(&nameserver, &["--all-addresses", "--down-critical", "50%"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 3 of 4 targets of example.com are down, more than 50 %; ");
    ran.assert_says("connection refused by sip2.example.com:").assert_says("200 OK from sip1.example.com:");
    let down = perfdata::assert_valid(ran.first_line()).into_iter().find(|entry| entry.label == "down").unwrap();
    assert_eq!((down.value, down.bounds), (3.0, ["", "2", "0", "4"].map(str::to_owned)));
    assert!(ran.stdout.contains("\nadvice: "), "{ran:?}");
    for output in ["json", "scom"] {
        let ran = of_domain(&nameserver, &["--all-addresses", "--down-critical", "50%", "--output", output]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
}

#[test]
fn the_states_of_numbers_and_shares() {
    let alive = server("127.0.0.1");
    let nameserver = domain(&alive, 3);
    for (arguments, code) in [
        (&["--down-warning", "2"][..], 1),
        (&["--down-warning", "2", "--down-critical", "90%"], 1),
        (&["--down-warning", "1", "--down-critical", "2"], 2),
        (&["--down-critical", "3"], 0),
        (&["--down-critical", "75%"], 0),
        (&["--down-critical", "@1:"], 2),
    ] {
        let ran = of_domain(&nameserver, &[&["--all-addresses"], arguments].concat());
        ran.assert_text(code).assert_says("3 of 4 targets of example.com are down");
    }
}

#[test]
fn ok_when_one_is_down_and_may_be_and_it_is_named_with_its_reason() {
    let alive = server("127.0.0.1");
    let nameserver = domain(&alive, 1);
    let ran = of_domain(&nameserver, &["--all-addresses", "--down-critical", "1"]);
    ran.assert_begins(0, "UM SIP OPTIONS OK - 1 of 2 targets of example.com is down; ");
    ran.assert_says("connection refused by sip2.example.com:").assert_says("200 OK from sip1.example.com:");
    // A warning stays one where, with it, more than may be down are not well.
    of_domain(&nameserver, &["--all-addresses", "--down-critical", "1", "-w", "@0:100"])
        .assert_begins(1, "UM SIP OPTIONS WARNING - sip1.example.com:");
    let none = of_domain(&domain(&alive, 0), &["--all-addresses", "--down-critical", "0"]);
    none.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
    assert_eq!(perfdata::value(none.first_line(), "down"), Some(0.0));
}

#[test]
fn never_ok_when_all_are_down() {
    let nameserver = Nameserver::new(
        Manner::Plain,
        vec![
            (TCP, srv(0, dead(), "sip1.example.com")),
            (TCP, srv(0, 5060, "gone.example.com")),
            ("sip1.example.com", a([127, 0, 0, 1])),
        ],
    );
    for arguments in [["--down-critical", "2"], ["--down-critical", "100%"], ["--down-warning", "50%"]] {
        let ran = of_domain(&nameserver, &[&["--all-addresses"], &arguments[..]].concat());
        ran.assert_text(2).assert_says("2 of 2 targets of example.com are down");
        ran.assert_says("connection refused by ").assert_says("'gone.example.com' has no ");
    }
}

#[test]
fn a_target_without_an_address_is_down_and_one_with_an_address_that_is_well_is_not() {
    let alive = server("127.0.0.1");
    let port = alive.address.port();
    let nameserver = Nameserver::new(
        Manner::Plain,
        vec![
            (TCP, srv(0, port, "pair.example.com")),
            (TCP, srv(0, port, "gone.example.com")),
            ("pair.example.com", a([127, 0, 0, 1])),
            ("pair.example.com", a([127, 0, 0, 9])),
        ],
    );
    let ran = of_domain(&nameserver, &["--all-addresses", "--down-warning", "0", "--down-critical", "1"]);
    ran.assert_begins(1, "UM SIP OPTIONS WARNING - 1 of 2 targets of example.com is down, more than 0; ");
    ran.assert_says("connection refused by pair.example.com:").assert_says("'gone.example.com' has no ");
}

#[test]
fn one_that_answers_badly_is_down_too() {
    let (alive, busy) = (server("127.0.0.1"), answers("SIP/2.0 503 Service Unavailable", ""));
    let zone = vec![
        (TCP, srv(0, alive.address.port(), "sip1.example.com")),
        (TCP, srv(0, busy.address.port(), "sip2.example.com")),
        ("sip1.example.com", a([127, 0, 0, 1])),
        ("sip2.example.com", a([127, 0, 0, 1])),
    ];
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let ran = of_domain(&nameserver, &["--all-addresses", "--down-critical", "0"]);
    ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 1 of 2 targets of example.com is down, more than 0; ");
    ran.assert_says("503 Service Unavailable from sip2.example.com:");
}

#[test]
fn unknown_when_the_thresholds_are_reversed_no_range_or_of_one_only() {
    let refused = |arguments: &[&str], begins: &str| {
        let ran = run(&[&["-H", "127.0.0.1"], arguments].concat());
        ran.assert_begins(3, &format!("UM SIP OPTIONS UNKNOWN - {begins}"));
    };
    refused(&["--down-critical", "1"], "--down-critical: expected --all-addresses too");
    refused(&["--all-addresses", "--down-critical", "x%"], "--down-critical: 'x' is not a range");
    let reversed = ["--all-addresses", "--down-warning", "50%", "--down-critical", "25%"];
    refused(&reversed, "--down-warning 50% and --down-critical 25% are reversed");
}

#[test]
fn who_does_not_answer_is_down_whatever_that_is_worth_alone() {
    let alive = server("127.0.0.1");
    let nameserver = domain(&alive, 3);
    for state in ["refused=ok", "refused=warning", "refused=unknown"] {
        let judged = |more: &[&str]| {
            of_domain(&nameserver, &[&["--all-addresses", "--down-critical", "50%", "--state", state], more].concat())
        };
        let ran = judged(&[]);
        ran.assert_begins(2, "UM SIP OPTIONS CRITICAL - 3 of 4 targets of example.com are down, more than 50 %; ");
        assert_eq!(perfdata::value(ran.first_line(), "down"), Some(3.0), "{ran:?}");
    }
    // Two of three may be down, and that one is refused is nothing to be told of alone.
    let tolerated = ["--all-addresses", "--down-critical", "75%", "--state", "refused=ok"];
    of_domain(&nameserver, &tolerated).assert_begins(0, "UM SIP OPTIONS OK - 3 of 4 targets of example.com are down; ");
}

#[test]
fn an_answer_that_is_not_as_expected_is_down_though_its_class_is_lowered() {
    let (alive, busy) = (server("127.0.0.1"), answers("SIP/2.0 503 Service Unavailable", ""));
    let zone = vec![
        (TCP, srv(0, alive.address.port(), "sip1.example.com")),
        (TCP, srv(0, busy.address.port(), "sip2.example.com")),
        ("sip1.example.com", a([127, 0, 0, 1])),
        ("sip2.example.com", a([127, 0, 0, 1])),
    ];
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let judged = |more: &[&str]| of_domain(&nameserver, &[&["--all-addresses", "--down-critical", "0"], more].concat());
    for lowered in [["--state", "status=ok"], ["--status", "503=warning"]] {
        judged(&lowered)
            .assert_begins(2, "UM SIP OPTIONS CRITICAL - 1 of 2 targets of example.com is down, more than ");
    }
    judged(&["--status", "503=ok"]).assert_text(0);
}

#[test]
fn the_alert_carries_what_the_worst_of_them_is() {
    let alive = server("127.0.0.1");
    let nameserver = domain(&alive, 3);
    let judged =
        |more: &[&str]| of_domain(&nameserver, &[&["--all-addresses", "--down-critical", "50%"], more].concat());
    let text = judged(&[]);
    text.assert_text(2);
    assert!(text.stdout.contains("\nreason: ") && text.stdout.contains("(refused)"), "{text:?}");
    let json = judged(&["--output", "json"]);
    let report = format::assert_json(&json.stdout);
    assert_eq!(report["failure"]["class"], "refused", "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    let refused = findings.iter().filter(|finding| finding["class"] == "refused");
    assert_eq!(refused.filter(|finding| finding["state"] == "OK").count(), 3, "{report:#}");
    let lowered = judged(&["--state", "refused=ok", "-w", "@0:100", "--output", "json"]);
    assert_eq!(format::assert_json(&lowered.stdout)["failure"]["class"], "refused", "{lowered:?}");
    let scom = judged(&["--output", "scom"]);
    assert_eq!(format::assert_scom(&scom.stdout)["FailureClass"], "refused", "{scom:?}");
}

#[test]
fn who_answers_and_is_slow_is_not_said_to_be_down() {
    let alive = server("127.0.0.1");
    let slow = ["--all-addresses", "--down-critical", "0", "-c", "@0:100"];
    of_domain(&domain(&alive, 1), &slow).assert_begins(
        2,
        "UM SIP OPTIONS CRITICAL - 2 of 2 targets of example.com are down or not well, more than 0; ",
    );
    of_domain(&domain(&alive, 0), &slow)
        .assert_begins(2, "UM SIP OPTIONS CRITICAL - the only target of example.com is not well, more than 0; ");
}

#[test]
fn a_number_above_all_is_said_and_a_share_above_all_is_refused() {
    let alive = server("127.0.0.1");
    let nameserver = domain(&alive, 3);
    let beyond = ["--all-addresses", "--down-warning", "5", "--down-critical", "6"];
    of_domain(&nameserver, &beyond)
        .assert_text(0)
        .assert_says("--down-warning 5 and --down-critical 6 can never be violated: only 4 were found");
    let within = of_domain(&nameserver, &["--all-addresses", "--down-critical", "4"]);
    assert!(!within.stdout.contains("never be violated"), "{within:?}");
    run(&["-H", "127.0.0.1", "--all-addresses", "--down-critical", "150%"]).assert_begins(
        3,
        "UM SIP OPTIONS UNKNOWN - --down-critical: '150%' is more than all of them: expected at most 100%",
    );
}
