//! May we ask, and what do we find? Exporters that want to know who asks, and pages in which something is wrong.

use std::sync::atomic::{AtomicBool, Ordering};

use support::node_exporter::{NodeExporter, PASSWORD, USER, basic_authentication};
use support::peer::Peer;

use super::*;

const RECEIVED: &str =
    "windows_performancecounter_msexchangeumcallrouteravailability_total_inbound_calls_received_by_the_um_call_router";

/// What the plugin says of a page, with a history of its own.
fn said_of(page: &str, more: &[&str]) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let exporter = exporter(page);
    let fixed = ["--counters", &url(&exporter), "--state-file", state.to_str().unwrap()];
    run(&[&fixed[..], more].concat())
}

#[test]
fn a_real_exporter_lets_in_who_has_the_password() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let write = |received, rejected| fs::write(path("um.prom"), exposition(received, rejected)).unwrap();
    write(1_000, 100);
    let Some(exporter) = NodeExporter::start(directory.path(), &basic_authentication()) else { return };
    fs::write(path("password"), format!("{PASSWORD}\n")).unwrap();
    fs::write(path("other"), "secret\n").unwrap();
    let (source, state, password, other) = (exporter.url("http"), path("history"), path("password"), path("other"));
    let ask = |more: &[&str]| run(&[&["--counters", &source, "--state-file", &state, "-vvv"][..], more].concat());

    ask(&[])
        .assert_begins(3, "UM REJECT RATE UNKNOWN - cannot read http://127.0.0.1:")
        .assert_says("401, expected 200: it wants");
    for wrong in [&["--exporter-user", USER, "--password-file", &other][..], &["--bearer-token-file", &other]] {
        let ran = ask(wrong);
        ran.assert_begins(3, "UM REJECT RATE UNKNOWN").assert_says("status 401, expected 200: it does not accept");
        assert!(!ran.stdout.contains("secret") && ran.stdout.contains("(no-data)"), "{}", ran.stdout);
    }
    let right = ["--exporter-user", USER, "--password-file", &password];
    ask(&right).assert_begins(0, "UM REJECT RATE OK - first sample of 127.0.0.1");
    write(1_100, 160);
    let ran = ask(&right);
    ran.assert_begins(2, "UM REJECT RATE CRITICAL - rejected 60 %").assert_says("60 of 100 calls rejected");
    assert!(!ran.stdout.contains(PASSWORD));

    let ini = path("plugins.ini");
    fs::write(&ini, format!("[check_um_reject_rate]\npassword = {PASSWORD}\nexporter-user = {USER}\n")).unwrap();
    ask(&[&format!("--extra-opts=@{ini}")]).assert_text(2);
    let mut command = plugin(PLUGIN);
    let from_environment =
        ["--counters", &source, "--state-file", &state, "--exporter-user", USER, "--password-env", "UM_PW"];
    run_command(command.env("UM_PW", PASSWORD).args(from_environment)).assert_text(2);
}

#[test]
fn a_real_exporter_over_tls_may_demand_a_client_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("cert.pem"), certified.cert.pem()).unwrap();
    fs::write(path("key.pem"), certified.signing_key.serialize_pem()).unwrap();
    fs::write(path("um.prom"), exposition(1_000, 100)).unwrap();
    for (version, more) in [("TLS12", "  max_version: TLS12\n"), ("TLS13", "")] {
        let configuration = format!(
            "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n  client_ca_file: cert.pem\n  \
             client_auth_type: RequireAnyClientCert\n{more}"
        );
        let Some(exporter) = NodeExporter::start(directory.path(), &configuration) else { return };
        let (source, ca, key, state) = (exporter.url("https"), path("cert.pem"), path("key.pem"), path(version));
        let ask = |more: &[&str]| {
            run(&[&["--counters", &source, "--ca-file", &ca, "--state-file", &state][..], more].concat())
        };
        ask(&[])
            .assert_begins(3, "UM REJECT RATE UNKNOWN - cannot read https://127.0.0.1:")
            .assert_says("client certificate");
        ask(&["--client-certificate", &ca, "--client-key", &key]).assert_begins(0, "UM REJECT RATE OK - first sample");
        let plain = source.replace("https:", "http:");
        run(&["--counters", &plain]).assert_text(3).assert_says("status 400, expected 200").assert_says("https?");
    }
}

#[test]
fn a_bearer_token_is_shown_from_a_file_a_variable_or_an_ini_section() {
    let shown = std::sync::Arc::new(AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&shown);
    let page = exposition(1_000, 10);
    let exporter = Peer::answering(move |request| {
        let is_right = request.lines().any(|line| line.eq_ignore_ascii_case("authorization: bearer tok.en-1"));
        seen.fetch_or(is_right, Ordering::SeqCst);
        let status = if is_right { "200 OK" } else { "403 Forbidden" };
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{page}", page.len()).into_bytes()
    });
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("token"), "tok.en-1\n").unwrap();
    fs::write(path("bad"), "tok en\n").unwrap();
    fs::write(path("ini"), "[s]\nbearer-token = tok.en-1\n").unwrap();
    let (source, token, bad) = (url(&exporter), path("token"), path("bad"));
    let mut command = plugin(PLUGIN);
    let state = path("history");
    let fixed = ["--counters", &source, "--state-file", &state];
    run(&[&fixed[..], &["--bearer-token-file", &token]].concat()).assert_begins(0, "UM REJECT RATE OK - first sample");
    run(&[&fixed[..], &[&format!("--extra-opts=s@{}", path("ini"))]].concat()).assert_text(0);
    run_command(command.env("UM_TOKEN", "tok.en-1").args(fixed).args(["--bearer-token-env", "UM_TOKEN"]))
        .assert_text(0);
    assert!(shown.load(Ordering::SeqCst));
    run(&fixed).assert_text(3).assert_says("status 403, expected 200: it forbids");
    let ran = run(&[&fixed[..], &["--bearer-token-file", &bad]].concat());
    ran.assert_text(3).assert_says("the bearer token: expected printable ASCII");
}

#[test]
fn unknown_when_an_option_of_exporters_has_no_exporter_or_no_secret() {
    for (arguments, said) in [
        (
            &["--counters", "csv:-", "--exporter-user", "x"][..],
            "--exporter-user: expected --counters prometheus:... too",
        ),
        (
            &["--counters", "prometheus:http://x/", "--exporter-user", "a:b"],
            "--exporter-user: expected a name without a colon",
        ),
        (&["--counters", "prometheus:http://x/", "--exporter-user", "a"], "--exporter-user: expected its password too"),
        (
            &["--counters", "prometheus:http://x/", "--code-page", "1251"],
            "--code-page: expected --counters csv:... too",
        ),
        (&["--counters", "csv:-", "--code-page", "12510"], "--code-page: '12510' is not a known code page: expected"),
        (
            &["--counters", "prometheus:http://x/", "--counter-name", "received=a{b}"],
            "--counter-name: expected a metric, or one with labels such as",
        ),
    ] {
        run(arguments).assert_text(3).assert_says(said);
    }
}

#[test]
fn of_several_series_none_is_taken_whatever_their_order() {
    let page = exposition(1_000, 10);
    let line = page.lines().find(|line| line.starts_with(RECEIVED)).unwrap();
    let both = |first: &str, second: &str| {
        let sites = format!("{RECEIVED}{{site=\"{first}\"}} 1000\n{RECEIVED}{{site=\"{second}\"}} 10");
        page.replace(line, &sites)
    };
    for page in [both("a", "b"), both("b", "a")] {
        let ran = said_of(&page, &[]);
        ran.assert_begins(3, "UM REJECT RATE UNKNOWN - several series of http://127.0.0.1:");
        assert!(ran.stdout.contains("site=\"a\"") && ran.stdout.contains("site=\"b\""), "{}", ran.stdout);
        said_of(&page, &["--counter-name", &format!("received={RECEIVED}{{site=\"a\"}}")]).assert_text(0);
    }
}

#[test]
fn each_thing_that_is_wrong_with_a_page_is_said() {
    let page = exposition(1_000, 10);
    let collector = "{collector=\"performancecounter\"}";
    let object = "windows_performancecounter_collector_success{collector=\"MSExchangeUMCallRouterAvailability\"}";
    for (from, to, said) in [
        (format!("{object} 1"), format!("{object} 0"), "the collector performancecounter of http://127.0.0.1:"),
        (format!("{RECEIVED} 1000"), format!("{RECEIVED} NaN"), "is NaN: expected a number from 0 on"),
        (format!("{RECEIVED} 1000"), String::new(), "no counter windows_performancecounter_msexchange"),
        (format!("{RECEIVED} 1000"), format!("{RECEIVED} 9"), "10 calls rejected and only 9 received"),
    ] {
        said_of(&support::replaced(&page, &from, &to), &[]).assert_text(3).assert_says(said);
    }
    let unknown_object = page.replace("MSExchangeUMCallRouterAvailability", "x");
    for (from, to) in [
        (format!("success{collector} 1"), format!("success{collector} 0")),
        (format!("timeout{collector} 0"), format!("timeout{collector} 1")),
    ] {
        let ran = said_of(&support::replaced(&unknown_object, &from, &to), &[]);
        ran.assert_text(3).assert_says("says the exporter: its log says why");
    }
    // What failed for another object is no matter for this one.
    let other = support::replaced(&page, &format!("success{collector} 1"), &format!("success{collector} 0"));
    said_of(&other, &[]).assert_begins(0, "UM REJECT RATE OK - first sample");
}

#[test]
fn swapped_counters_of_a_log_are_no_rate() {
    let swapped = log((0..=60).map(|minute| (3_600 - 60 * minute, 700 + 6 * minute, 5_000 + 10 * minute)));
    judged(&swapped, &[])
        .assert_begins(3, "UM REJECT RATE UNKNOWN - 600 calls rejected and only 360 received: expected fewer");
}

#[test]
fn a_restart_is_said_in_the_first_line() {
    let restarted = log([(3_600, 1_000, 100), (1_800, 1_050, 120), (1_500, 10, 2), (60, 50, 12)]);
    judged(&restarted, &[]).assert_says("; the service restarted within 5 min, calls of which may be missing |");
}

#[test]
fn both_counters_that_a_log_lacks_are_named() {
    let without = hour(10).replace("Total Inbound Calls", "Inbound Calls");
    judged(&without, &[])
        .assert_says("log.csv lacks counters \\MSExchangeUMCallRouterAvailability\\Total Inbound Calls Received by")
        .assert_says(" and \\MSExchangeUMCallRouterAvailability\\Total Inbound Calls Rejected by the UM Call Router");
}

#[test]
fn names_of_another_code_page_are_found_with_it() {
    let cyrillic = [0xC2, 0xFB, 0xE7, 0xEE, 0xE2, 0xFB];
    let mut bytes = Vec::new();
    for part in hour(60).split("Total Inbound Calls Received by the UM Call Router") {
        bytes.extend(if bytes.is_empty() { &[][..] } else { &cyrillic });
        bytes.extend(part.as_bytes());
    }
    let directory = tempfile::tempdir().unwrap();
    let source = csv(directory.path(), bytes);
    let name = r"received=\MSExchangeUMCallRouterAvailability\Вызовы";
    let arguments = ["--counters", &source, "--counter-name", name];
    run(&arguments).assert_begins(3, "UM REJECT RATE UNKNOWN - no counter ");
    run(&[&arguments[..], &["--code-page", "1251"]].concat())
        .assert_begins(2, "UM REJECT RATE CRITICAL - rejected 60 %");
}

#[test]
fn a_log_without_a_zone_that_is_three_days_old_is_stale_however_new_its_file_is() {
    let age = |ago: u64| {
        let rows = log((0..=60).map(|minute| (ago + 3_600 - 60 * minute, 5_000 + 10 * minute, 700 + minute)));
        judged(&rows.replace(" (Coordinated Universal Time)(0)", ""), &[])
    };
    age(3 * 86_400).assert_begins(3, "UM REJECT RATE UNKNOWN - the newest sample is ");
    age(25 * 60).assert_begins(3, "UM REJECT RATE UNKNOWN - the newest sample is 25 min old");
    for zone in [0, 3_600, 5 * 3_600, 9 * 3_600 + 1_800] {
        age(zone).assert_begins(0, "UM REJECT RATE OK - 60 of 600 calls rejected (10 %)");
    }
}

#[test]
fn a_log_without_a_zone_that_stands_still_is_not_fresh_again_in_each_hour() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    // It ended 130 minutes ago.
    let rows = log((0..=60).map(|minute| (7_800 + 3_600 - 60 * minute, 5_000 + 10 * minute, 700 + minute)));
    let source = csv(directory.path(), support::replaced(&rows, " (Coordinated Universal Time)(0)", " (RTZ 2 ("));
    let path = directory.path().join("log.csv");
    // The file is fetched anew, so many minutes after its last row.
    let fetched = |minutes: u64| {
        let written = std::time::SystemTime::now() - std::time::Duration::from_secs((130 - minutes) * 60);
        fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
        run(&["--counters", &source, "--state-file", state.to_str().unwrap(), "--max-age", "10d"])
    };
    for minutes in [1, 5] {
        fetched(minutes).assert_begins(0, "UM REJECT RATE OK - 60 of 600").assert_says("so that its age is a guess");
    }
    for minutes in [61, 65, 121] {
        let ran = fetched(minutes);
        ran.assert_begins(3, "UM REJECT RATE UNKNOWN - the newest row is the same as when another zone made it fresh");
        assert!(ran.stdout.contains("(stale)"), "{}", ran.stdout);
    }
}

#[test]
fn rows_that_do_not_fit_are_named_with_their_line() {
    let log = hour(10);
    let last = log.lines().last().unwrap();
    let without = |cell: &str| support::replaced(last, cell, "");
    let broken = log.replace(last, &without(",\"100\""));
    judged(&broken, &[]).assert_says(", line 62: expected 4 cells, as many as the header of line 1 has");
    let iso = log.replace(last, &format!("\"2026-11-23 17:00:00\"{}", &last[last.find(',').unwrap()..]));
    judged(&iso, &[]).assert_says(", line 62: expected a time such as 11/23/2026 17:00:00.000, which is MM/DD/YYYY");
    judged(&log.replace("\r\n", "\r"), &[])
        .assert_says(", line 1: expected lines that end in LF or CR LF, not in CR alone");
}

#[test]
fn a_log_that_runs_over_a_change_of_the_clock_is_judged_all_the_same() {
    let written_in = |zone: &str| judged(&hour(60).replace("(Coordinated Universal Time)(0)", zone), &[]);
    // Begun in summer and still running in winter, and the other way round.
    for zone in ["(W. Europe Daylight Time)(-60)", "(Azores Standard Time)(60)"] {
        written_in(zone).assert_begins(2, "UM REJECT RATE CRITICAL - rejected 60 %").assert_says("360 of 600 calls");
    }
    written_in("(Nowhere)(-90)").assert_begins(3, "UM REJECT RATE UNKNOWN - the newest sample is 90 min old");
    written_in("(Nowhere)(120)")
        .assert_begins(3, "UM REJECT RATE UNKNOWN - the newest sample is 2 h ahead of the clock");
}
