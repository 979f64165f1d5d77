//! Is what somebody wrote on a command line taken as it was meant, or refused with what is needed? For every plugin.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::fs;

use check_um::checks;
use check_um::door::report::Policy;
use check_um_generate::register::plugins;
use support::port::closed_port;
use support::{Outcome, plugin, run, run_fed};

/// Runs a plugin and expects one line that says `expected`, and exit code 3.
#[track_caller]
fn refused(name: &str, arguments: &str, expected: &str) {
    let ran = run(name, arguments);
    ran.assert_text(3).assert_says(expected);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
}

#[test]
fn unknown_when_an_option_has_no_effect_beside_the_others() {
    let over_tls = "expected --transport tls or --srv without --transport too";
    for option in [
        "--tls-name x",
        "--ca-file /nonexistent",
        "--no-verify",
        "--client-certificate /nonexistent",
        "--tls-backend modern",
        "--certificate-warning 30",
        "--certificate-critical 14",
    ] {
        let name = option.split(' ').next().unwrap();
        refused("check_um_sip_options", &format!("-H 127.0.0.1 {option}"), &format!("{name}: {over_tls}"));
        refused("check_um_sip_options", &format!("-H x.example --srv --transport tcp {option}"), over_tls);
    }
    let pin = format!("--fingerprint {}", "5a".repeat(32));
    refused("check_um_sip_options", &format!("-H 127.0.0.1 --transport udp {pin}"), over_tls);
    // A pin that nobody judges would be a false OK.
    for (name, tls) in [("sip_options", "--transport tls"), ("cert_expiry", ""), ("ad_ds", "--tls")] {
        let arguments = format!("-H 127.0.0.1 {tls} --no-verify {pin}");
        refused(&format!("check_um_{name}"), &arguments, "exclude each other: expected one of them");
    }
    for (name, arguments, expected) in [
        ("sip_options", "-H 127.0.0.1 --dns-server 127.0.0.1", "--dns-server: expected --srv too"),
        ("sip_options", "-H 127.0.0.1 --password-file /nonexistent", "--password-file: expected --username too"),
        ("sip_options", "-H 127.0.0.1 --password-env X", "--password-env: expected --username too"),
        (
            "sip_options",
            "-H 127.0.0.1 --transport tls --client-key x",
            "--client-key: expected --client-certificate too",
        ),
        ("cert_expiry", "-H 127.0.0.1 --passphrase-env X", "expected --client-certificate or --file or --ca-file too"),
        ("cert_expiry", "-H 127.0.0.1 --thumbprint 3F2504E04F8911D39A0C0305E82C3301A1B2C3D4", "expected --store too"),
        ("cert_expiry", "--file x --no-verify", "--no-verify: expected --hostname too"),
        ("ad_ds", "-H 127.0.0.1 --ca-file /nonexistent", "--ca-file: expected --tls too"),
        ("ad_ds", "-H 127.0.0.1 --dns-server 127.0.0.1", "--dns-server: expected --domain too"),
        ("reject_rate", "--counters csv:x --ca-file x", "--ca-file: expected --counters prometheus:https:... too"),
        (
            "reject_rate",
            "--counters prometheus:http://127.0.0.1/ --no-verify",
            "--no-verify: expected --counters prometheus:https",
        ),
        (
            "reject_rate",
            "--counters prometheus:http://127.0.0.1/ --time-zone +01:00",
            "--time-zone: expected --counters csv:",
        ),
        (
            "reject_rate",
            "--counters csv:x --method exchange --minimum-calls 5",
            "--minimum-calls: expected --method totals",
        ),
        ("app_pool", "--counters csv:x --tls-name x", "--tls-name: expected --counters prometheus:https:... too"),
        ("missed_call_proxy", "--counters csv:x --file x", "--file: expected --method events too"),
        (
            "missed_call_proxy",
            "--method events --file x --counters csv:x",
            "--counters: expected --method exchange too",
        ),
        (
            "call_routing",
            "-H 127.0.0.1 -u sip:1@x --redirect accept --tls-name x",
            "--tls-name: expected --transport tls or --srv without --transport too",
        ),
        (
            "call_routing",
            "-H 127.0.0.1 -u sip:1@x --redirect accept --ca-file x",
            "--ca-file: expected --transport tls or",
        ),
        (
            "call_routing",
            "-H 127.0.0.1 -u sip:1@x --until ringing --hold 1",
            "--hold: expected no --until or --until answer, or it has no effect",
        ),
        ("events", "--max-age 5m", "--max-age: expected --file too"),
        ("health_set", "--max-age 5m", "--max-age: expected --file too"),
    ] {
        refused(&format!("check_um_{name}"), arguments, expected);
    }
}

#[test]
fn what_an_ini_section_says_is_not_refused_and_yields_to_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let ini = directory.path().join("x.ini");
    let with = |name: &str, arguments: &str| {
        let arguments = format!("--extra-opts s@{} {arguments}", ini.display());
        run(name, &arguments)
    };
    let port = closed_port();
    fs::write(&ini, "[s]\nca-file=/nonexistent\ndns-server=127.0.0.1\npassword=x\nclient-key=x\nipv6\n").unwrap();
    with("check_um_sip_options", &format!("-4 -H 127.0.0.1 -p {port}"))
        .assert_text(2)
        .assert_says("connection refused");
    with("check_um_sip_options", "-4 -H 127.0.0.1 --tls-name x")
        .assert_text(3)
        .assert_says("--tls-name: expected --transport");
    fs::write(&ini, "[s]\nfile=x\nthumbprint=3F2504E04F8911D39A0C0305E82C3301A1B2C3D4\n").unwrap();
    with("check_um_cert_expiry", &format!("-H 127.0.0.1 -p {port}")).assert_text(2).assert_says("connection refused");
    // What the command line needs may stand in the section.
    fs::write(&ini, "[s]\ntransport=tls\n").unwrap();
    let ran = with("check_um_sip_options", &format!("-H 127.0.0.1 -p {port} --no-verify"));
    ran.assert_text(2).assert_says("connection refused");
    // What would leave an option of the command line without an effect yields as well.
    fs::write(&ini, "[s]\nmethod=events\nfile=x\n").unwrap();
    with("check_um_missed_call_proxy", "--counters csv:/nonexistent")
        .assert_text(3)
        .assert_says("cannot read /nonexistent: ");
    with("check_um_missed_call_proxy", "--method events --counters csv:/nonexistent")
        .assert_text(3)
        .assert_says("--counters: expected --method exchange too");
    fs::write(&ini, "[s]\nuntil=ringing\n").unwrap();
    with("check_um_call_routing", &format!("-H 127.0.0.1 -p {port} -u sip:a@127.0.0.1 --hold 1"))
        .assert_text(2)
        .assert_says("connection refused");
}

#[test]
fn an_ini_file_is_read_as_the_monitoring_plugins_read_it_or_its_line_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let ini = directory.path().join("x.ini");
    let port = closed_port();
    let section = format!("hostname=127.0.0.1 # here\nport={port}\n");
    let with = |content: &str| {
        fs::write(&ini, content).unwrap();
        run("check_um_sip_options", &format!("--extra-opts @{}", ini.display()))
    };
    for header in ["[check_um_sip_options] # my router", "\u{feff}[check_um_sip_options]", "[ check_um_sip_options ];x"]
    {
        with(&format!("{header}\n{section}")).assert_text(2).assert_says("connection refused");
    }
    // What stands below the second header must not be lost.
    let own = format!("[check_um_sip_options]\n{section}[check_um_sip_options] ; second\ntimeuot=1\n");
    with(&own).assert_text(3).assert_says("line 5: expected an option of check_um_sip_options");
    for broken in ["[check_um_sip_options", "[check_um_sip_options] w=1"] {
        let own = format!("[check_um_sip_options]\n{section}{broken}\nwarning=1\n");
        with(&own).assert_text(3).assert_says("line 4: expected [section], and nothing but a comment behind it");
    }
    let nested = format!("[check_um_sip_options]\n{section}extra-opts = @/nonexistent\n");
    with(&nested).assert_text(3).assert_says("line 4: expected no extra-opts, which are on the command line only");
    refused("check_um_sip_options", "--extra-opts=a@ -H x", "--extra-opts: expected [SECTION][@FILE]");

    let fed = format!("[check_um_sip_options]\n{section}");
    let ran = run_fed(plugin("check_um_sip_options").arg("--extra-opts=@-"), fed.as_bytes());
    ran.assert_text(2).assert_says("connection refused");
}

#[test]
fn nothing_of_an_ini_file_is_shown_and_what_contradicts_the_command_line_yields() {
    let directory = tempfile::tempdir().unwrap();
    let ini = directory.path().join("x.ini");
    let port = closed_port();
    let with = |name: &str, content: &str, arguments: &str| {
        fs::write(&ini, format!("[s]\n{content}")).unwrap();
        run(name, &format!("--extra-opts s@{} {arguments}", ini.display()))
    };
    let here = format!("-H 127.0.0.1 -p {port}");
    for content in ["w=3\nc=1\n", "state=stale=ok\nstate=no-data=ok\n", "srv\n", "srv\ntransport=tls\nno-verify\n"] {
        let ran = with("check_um_sip_options", content, &here);
        ran.assert_text(2).assert_says("connection refused");
    }
    with("check_um_sip_options", "c=1.25\n", &format!("{here} -w 3")).assert_text(2).assert_says("connection refused");
    with("check_um_sip_options", "", &format!("{here} --state stale=ok"))
        .assert_text(3)
        .assert_says("cannot meet 'stale'");

    let ran = with("check_um_reject_rate", "counter-name = hunter2=x\n", "--counters csv:x");
    ran.assert_text(3).assert_says("line 2: expected an option with a value that goes with the others");
    assert!(!ran.stdout.contains("hunter2"), "{ran:?}");
    let ran = with("check_um_sip_options", "username=hunter2\n", &here);
    ran.assert_text(3).assert_says("line 2: expected an option with a value that goes with the others");
    assert!(!ran.stdout.contains("hunter2"), "{ran:?}");

    // Stricter than the command line, and said to be so.
    let log = support::counters::log([(3_500, 0, 0), (60, 100, 55)]);
    fs::write(&ini, "[s]\nc=11.5\n").unwrap();
    let extra = format!("--extra-opts=s@{}", ini.display());
    let ran = run_fed(plugin("check_um_reject_rate").args([&extra, "--counters", "csv:-", "-w", "20"]), log.as_bytes());
    ran.assert_text(2).assert_says("(by --extra-opts, --critical)");
}

#[test]
fn unknown_when_two_hosts_are_named() {
    for name in support::plugins() {
        for two in [
            "-H a.example -H b.example",
            "-Ha.example --hostname b.example",
            "--hostname=a.example -v -H=b.example",
            "-vH a.example -H b.example",
            "-vvH a.example -vHb.example",
        ] {
            refused(name, two, "--hostname: ");
            refused(name, two, "expected one");
        }
    }
    refused("check_um_ad_ds", "--domain a.example --domain b.example", "--domain: 'a.example' and 'b.example' are two");
    let port = closed_port();
    let again = format!("-H 127.0.0.1 -p {port} --hostname 127.0.0.1 -p {port}");
    run("check_um_sip_options", &again).assert_text(2).assert_says("connection refused");
}

#[test]
fn unknown_when_a_port_or_a_scheme_stands_with_the_host() {
    for name in ["check_um_sip_options", "check_um_cert_expiry", "check_um_ad_ds"] {
        for host in ["cas1.example.com:5060", "192.0.2.7:5061", "sip:cas1.example.com", "sips:cas1", "[::1]:5060"] {
            refused(name, &format!("-H {host}"), "--port");
            refused(name, &format!("--hostname={host}"), "expected");
        }
    }
    refused("check_um_ad_ds", "--domain example.com:389", "--port");
    for name in ["check_um_service", "check_um_events", "check_um_health_set"] {
        refused(name, "-H cas1.example.com:5060", "is not a host");
    }
}

#[test]
fn unknown_when_a_number_is_spelled_as_no_threshold_may_be() {
    for number in ["-p +9", "-p 009", "--max-forwards +7", "-t 010", "-t 1.", "-w 010", "-c +5"] {
        let option = number.split(' ').next().unwrap();
        let ran = run("check_um_sip_options", &format!("-H 127.0.0.1 -p 9 {number}"));
        ran.assert_text(3).assert_says("expected");
        assert!(ran.stdout.contains(option) || ran.stdout.contains("--"), "{number}: {ran:?}");
    }
    for methods in ["INVITE,", ",", "IN VITE", ""] {
        let mut command = plugin("check_um_sip_options");
        let ran = support::run_command(command.args(["-H", "127.0.0.1", "--require-allow", methods]));
        ran.assert_text(3).assert_says("--require-allow").assert_says("expected one such as INVITE");
    }
}

#[test]
fn unknown_with_what_was_meant() {
    for name in support::plugins() {
        refused(name, "--timout 3", "unknown option --timout: expected one of its options; did you mean --timeout?");
        refused(name, "--output=json --sate x=ok --output=text", "did you mean --state?");
        refused(name, "--state timeuot=ok", "did you mean timeout?");
        refused(name, "--state locale=ok", "did you mean local?");
        run(name, "--bogus").assert_text(3).assert_says("unknown option --bogus: expected one of its options");
    }
    refused("check_um_sip_options", "-H x --hostnam y", "did you mean --hostname?");
    refused("check_um_sip_options", "-H x --state stoped=ok", "did you mean stopped?");
}

#[test]
fn unknown_with_every_way_to_say_whom_to_ask() {
    refused("check_um_sip_options", "--output=", "--output: a value is missing: expected one of ");
    refused("check_um_sip_options", "-w 1", "an option is missing: expected -H HOST or -H DOMAIN --srv");
    refused("check_um_ad_ds", "", "an option is missing: expected -H HOST or --domain DOMAIN");
    refused("check_um_cert_expiry", "", "an option is missing: expected -H HOST, --file FILE or --store LOCATION");
    if cfg!(unix) {
        for name in ["check_um_reject_rate", "check_um_missed_call_proxy", "check_um_app_pool"] {
            refused(name, "-H cas1", "--counters: expected csv:FILE, csv:- or prometheus:URL");
            refused(name, "-H cas1", "; --hostname says whose counters are judged, not where they are read");
        }
    }
}

#[test]
fn an_ignored_monitor_that_there_is_not_is_told() {
    let export = support::fixture("health/powershell7-single-healthy.json");
    let ran = run("check_um_health_set", &format!("--file {export} --max-age none --ignore UMCallRouterTestMoniter"));
    ran.assert_text(0).assert_says("--ignore UMCallRouterTestMoniter matches no monitor");
}

#[test]
fn unknown_when_thresholds_are_reversed() {
    for (name, arguments) in [
        ("sip_options", "-H 127.0.0.1 -w 3 -c 1"),
        ("sip_options", "-H 127.0.0.1 -w 10 -c ~:5"),
        ("sip_options", "-H 127.0.0.1 --transport tls --certificate-warning 10 --certificate-critical 20"),
        ("cert_expiry", "-H 127.0.0.1 -w 10 -c 20"),
        ("cert_expiry", "-H 127.0.0.1 -w 48h -c 3"),
        ("ad_ds", "-H 127.0.0.1 -w 3 -c 1"),
        ("reject_rate", "--counters csv:x -w 50 -c 25"),
        ("missed_call_proxy", "--counters csv:x -w 50 -c 25"),
        ("events", "--file x --event 1647=10,2"),
    ] {
        let ran = run(&format!("check_um_{name}"), arguments);
        ran.assert_text(3).assert_says("reversed").assert_says("expected");
    }
}

#[test]
fn a_default_that_decides_against_what_was_given_is_named() {
    let rate = |more: &str| counted("check_um_reject_rate", more);
    rate("-w 60").assert_text(2).assert_says("(by default, --critical 50)");
    assert!(!rate("-w 60 -c 70").assert_text(0).stdout.contains("by default"));
    assert!(!rate("-w 10").assert_text(2).stdout.contains("by default"));
}

/// A run over a log in which 55 of 100 calls are rejected.
fn counted(name: &str, more: &str) -> Outcome {
    let log = support::counters::log([(3_500, 0, 0), (60, 100, 55)]);
    run_fed(plugin(name).args(["--counters", "csv:-"]).args(more.split(' ')), log.as_bytes())
}

#[test]
fn every_need_is_about_options_that_there_are() {
    for mut plugin in plugins() {
        plugin.command.build();
        let known: Vec<_> = plugin.command.get_arguments().filter_map(|option| option.get_long()).collect();
        for need in plugin.needs.iter().copied().flatten() {
            let named = need.options.iter().copied().chain(need.when.options());
            for option in named {
                assert!(known.contains(&&option[2..]), "{}: NEEDS speaks of {option}", plugin.about.name);
            }
            for free in NEVER_REFUSED {
                assert!(!need.options.contains(free), "{}: {free} is never refused", plugin.about.name);
            }
        }
    }
}

/// What is taken whatever stands beside it: one scheduler's file passes them to every plugin.
const NEVER_REFUSED: &[&str] = &[
    "--hostname",
    "--timeout",
    "--verbose",
    "--ipv4",
    "--ipv6",
    "--output",
    "--single-line",
    "--state",
    "--exit-ok",
    "--peer",
    "--state-file",
    "--extra-opts",
];

#[test]
fn every_example_and_every_way_to_call_a_plugin_is_understood() {
    for entry in checks::ALL {
        let name = entry.about.name;
        for example in entry.examples {
            let argv = [name].into_iter().chain(example.split(' ')).map(Into::into).collect();
            // What only Windows can answer, or an administrator's own file, is understood and not to be had here.
            let error =
                entry.parse(argv).err().filter(|error| !error.contains("Windows") && !error.contains("/cas1.ini"));
            assert_eq!(error, None, "{name} {example}");
        }
        for way in entry.usage {
            let mut command = (entry.command)();
            command.build();
            for option in way.split(' ').filter(|word| word.trim_start_matches('[').starts_with('-')) {
                let option = option.trim_matches(['[', ']']).trim_start_matches('-');
                let is_known = |known: &clap::Arg| {
                    known.get_long() == Some(option) || option.len() == 1 && known.get_short() == option.chars().next()
                };
                assert!(command.get_arguments().any(is_known), "{name} {way}: there is no {option}");
            }
        }
    }
}

#[test]
fn help_ends_with_exit_codes_classes_and_three_examples() {
    for entry in checks::ALL {
        let name = entry.about.name;
        let help = support::run(name, "-h").stdout;
        let places =
            ["Usage: ", "Options:", "Exit codes:\n  0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN", "\n\nExamples:\n"];
        let found: Vec<_> = places.iter().map(|place| help.find(place)).collect();
        assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{name}: {found:?}: {help}");
        let policy = Policy::new(entry.about.defaults.to_vec());
        for class in entry.about.classes() {
            let worth = format!(" {class}={}", policy.state(class).word().to_lowercase());
            assert!(help.contains(&worth), "{name}: no {worth}: {help}");
        }
        assert_eq!(help.lines().rev().take_while(|line| *line != "Examples:").count(), 3, "{help}");
        assert!(!help.contains(r"\\"), "{name}: two backslashes for one: {help}");
    }
}
