//! What tells one series from another? The labels of two questions, the same of one whatever comes of it.

use std::collections::BTreeMap;
use std::fs;

use call_router::router::{Router, Settings};
use check_um::checks::ALL;

use super::support::{self, exposition, format};

#[test]
fn the_same_target_whether_it_answers_or_not() {
    let answers = Router::start(&Settings::default()).unwrap();
    let port = answers.tcp.port();
    let series = |arguments: &str| {
        let outcome = support::run("check_um_sip_options", &format!("{arguments} --output openmetrics"));
        let mut all = exposition::assert_valid(&outcome.stdout);
        all.retain(|one| one.name == "check_um_state");
        (all[0].labels["target"].clone(), all[0].value)
    };
    let well = series(&format!("-H localhost -4 -p {port}"));
    assert_eq!(well, (format!("localhost:{port}"), 0.0));
    drop(answers);
    // A look-up that fails, nobody who listens, a deadline, a local address that is nobody's.
    assert_eq!(series("-H localhost -4 -p 1"), ("localhost:1".to_owned(), 2.0));
    assert_eq!(series("-H nobody.invalid -p 5070 -t 5").0, "nobody.invalid:5070");
    assert_eq!(series("-H localhost --source-address 192.0.2.7 -4").0, "localhost:5060");
    assert_eq!(series("-H ::1 --transport tls -t 0.5").0, "[::1]:5061");
    // What is wrong beside that changes nothing.
    assert_eq!(series("-H localhost --transport tls -4 -6"), ("localhost:5061".to_owned(), 3.0));
    assert_eq!(series(&format!("-H localhost -p {port} -w x --bogus")), (format!("localhost:{port}"), 3.0));
    assert_eq!(series("-H localhost -w 3 -c 1"), ("localhost:5060".to_owned(), 3.0));
    assert_eq!(series("-H ::1 -p 99999"), ("[::1]:99999".to_owned(), 3.0));
}

/// The labels of the state of a check.
fn labels(line: &str) -> BTreeMap<String, String> {
    let (name, arguments) = line.split_once(' ').unwrap();
    let outcome = support::run(&format!("check_um_{name}"), &format!("{arguments} --output openmetrics"));
    let all = exposition::assert_valid(exposition::without_comment(&outcome.stdout));
    all.into_iter().find(|one| one.name == "check_um_state").unwrap().labels
}

#[test]
fn two_questions_to_one_host_are_two_series() {
    for (line, one, other) in [
        ("health_set --file nowhere.json", "-H cas1", "-H cas2"),
        ("health_set --file nowhere.json -H cas1", "--health-set UM", "--health-set UM.Protocol"),
        ("health_set -H cas1", "--file nowhere.json", "--file elsewhere.json"),
        ("events --file nowhere.xml", "-H cas1", "-H cas2"),
        ("events --file nowhere.xml -H cas1", "--event 1647=2", "--event 1649=2"),
        ("app_pool --counters prometheus:http://127.0.0.1:1/ -H cas1", "--pool A", "--pool B"),
        ("reject_rate -H cas1", "--counters csv:nowhere.csv", "--counters csv:elsewhere.csv"),
        (
            "missed_call_proxy -H cas1 --counters csv:nowhere.csv",
            "--method exchange",
            "--method events --file nowhere.xml",
        ),
        ("service --source prometheus:http://127.0.0.1:1/", "--service a", "--service b"),
        ("service --source prometheus:http://127.0.0.1:1/", "--service a", "--service a --service b"),
        ("sip_options -H 127.0.0.1 -p 1 -t 1", "--transport tcp", "--transport udp"),
        ("sip_options -H localhost -p 1", "-4", "-6"),
        ("sip_options -H 127.0.0.1 -p 1", "", "--all-addresses"),
        ("call_routing -H 127.0.0.1 -p 1", "-u sip:101", "-u sip:102"),
        ("cert_expiry -H 127.0.0.1 -p 1", "--keys rsa", "--keys ecdsa"),
        ("cert_expiry", "--file nowhere.pem", "--file elsewhere.pem"),
        ("ad_ds -H 127.0.0.1 -t 1", "", "--tls"),
        ("call_router -H 127.0.0.1 --tcp-port 1 --only sip_options", "--server cas1", "--server cas2"),
    ] {
        let (one, other) = (labels(&format!("{line} {one}")), labels(&format!("{line} {other}")));
        assert_ne!(one, other, "{line}");
    }
}

#[test]
fn what_is_judged_how_and_with_which_secret_makes_no_label() {
    let bare = labels("sip_options -H 127.0.0.1 -p 1");
    assert_eq!(bare.keys().collect::<Vec<_>>(), ["check", "target"]);
    let more = "-w 1 -c 3 -t 5 --state refused=warning -vvv --peer generic --username u --password-file /nowhere --header X-Token:secret";
    let said = labels(&format!("sip_options -H 127.0.0.1 -p 1 {more}"));
    assert_eq!(said.keys().collect::<Vec<_>>(), ["check", "target", "username"]);
    let named = labels("health_set -H cas1 --file nowhere.json --health-set UM --health-set UM.Protocol");
    assert_eq!((named["target"].as_str(), named["health_set"].as_str()), ("cas1", "UM,UM.Protocol"));
    // The last one wins, as it does for the check.
    assert_eq!(labels("sip_options -H 127.0.0.1 -p 1 --transport udp --transport tcp -t 1")["transport"], "tcp");
}

#[test]
fn every_option_could_be_a_label() {
    for check in ALL {
        for option in (check.command)().get_arguments() {
            let id = option.get_id().as_str();
            let is_name = id.starts_with(|c: char| c.is_ascii_lowercase())
                && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(is_name && !TAKEN.contains(&id), "{}: {id}", check.about.name);
        }
    }
}

#[test]
fn a_certificate_s_file_is_named_by_its_path_whatever_stands_beside_it() {
    let router = Router::start(&Settings::default()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    for name in ["x", "y"] {
        fs::create_dir(scratch.path().join(name)).unwrap();
        fs::write(scratch.path().join(name).join("c.pem"), &router.certificates.ca).unwrap();
    }
    fs::write(scratch.path().join("c-pem"), &router.certificates.ca).unwrap();
    let all = [path("x/c.pem"), path("y/c.pem"), path("c-pem")];
    let named = |files: &[String]| {
        let options: Vec<_> = files.iter().map(|file| format!("--file {file}")).collect();
        let said = support::run("check_um_cert_expiry", &format!("{} --output openmetrics", options.join(" ")));
        let series = exposition::assert_valid(&said.stdout);
        series.into_iter().filter_map(|one| one.labels.get("of").cloned()).collect::<Vec<_>>()
    };
    assert_eq!(named(&all), all);
    assert_eq!(named(&all[1..]), all[1..]);
}

/// As soon as the format can be known: whatever else is wrong with the section, above it or below.
#[test]
fn a_mistake_in_a_section_is_shown_as_that_section_asks_for() {
    let scratch = tempfile::tempdir().unwrap();
    let shown = |section: &str| {
        let path = scratch.path().join("om.ini");
        fs::write(&path, format!("[check_um_sip_options]\nhostname = secret.example.com\n{section}")).unwrap();
        support::run("check_um_sip_options", &format!("--extra-opts=@{}", path.display()))
    };
    for section in ["output=openmetrics\nbad=1", "bad=1\nverbose\noutput=openmetrics", "output=openmetrics\n= 1\n"] {
        let outcome = shown(section);
        outcome.assert_exit(3);
        let all = exposition::assert_valid(exposition::without_comment(&outcome.stdout));
        assert_eq!((all[0].value, all[0].labels["target"].as_str()), (3.0, ""), "{outcome:?}");
    }
    let outcome = shown("bad=1\noutput=json\n");
    let report = format::assert_json(&outcome.assert_exit(3).stdout);
    // Nothing that a file says is shown of it.
    assert_eq!(report["target"]["host"], "", "{report:#}");
    assert!(report["summary"].as_str().unwrap().contains("om.ini, line 3: expected "), "{report:#}");
    assert_eq!(shown("bad=1\noutput=bogus\n").code, Some(3));
}

/// Labels that are there already: of every series, by the script, and by Prometheus itself.
const TAKEN: &[&str] = &["check", "target", "of", "class", "run", "instance", "job", "severity"];
