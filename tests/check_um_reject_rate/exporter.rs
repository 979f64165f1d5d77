//! What comes of an exporter? Its failures, its silence, and metrics under other names.

use std::time::Duration;

use support::counters::{expired_exporter, https_exporter};

use super::*;

#[test]
fn no_data_for_each_failure_of_an_exporter_and_its_body_is_not_shown() {
    let secret = "Location: http://127.0.0.1/\r\n\r\n<html>secret</html>";
    for (answer, said) in [
        (format!("HTTP/1.1 302 Found\r\n{secret}"), "status 302, a redirect, which is not followed"),
        (format!("HTTP/1.1 503 secret\r\n{secret}"), "status 503, expected 200"),
        (format!("HTTP/1.1 200 OK\r\n{secret}"), "expected series in Prometheus' text format"),
        ("SSH-2.0-secret\r\n".to_owned(), "the answer is not HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 17000000\r\n\r\n".to_owned(), "the answer is larger than 16777216 bytes"),
        (String::new(), "the answer was cut short"),
    ] {
        let ran = run(&["--counters", &url(&http(answer)), "-vvv"]);
        ran.assert_begins(3, "UM REJECT RATE UNKNOWN - ");
        assert!(ran.first_line().contains(said) && ran.stdout.contains("(no-data)"), "{}", ran.stdout);
        assert!(!ran.stdout.contains("secret"), "{}", ran.stdout);
    }
    let refused = format!("prometheus:http://127.0.0.1:{}/", support::port::closed_port());
    assert!(run(&["--counters", &refused]).assert_begins(3, "UM REJECT RATE UNKNOWN").stdout.contains("(no-data)"));
    let tls = format!("prometheus:https://{}/", http("HTTP/1.1 400 Bad\r\n\r\n").address);
    assert!(run(&["--counters", &tls]).assert_begins(3, "UM REJECT RATE UNKNOWN").stdout.contains("(no-data)"));
}

#[test]
fn critical_when_an_exporter_is_silent_until_the_deadline() {
    let silent = support::peer::Peer::tcp(|mut stream| {
        support::peer::read_request(&mut stream);
        let _ = std::io::Read::read(&mut stream, &mut [0]);
    });
    let ran = run(&["--counters", &url(&silent), "-t", "0.3"]);
    ran.assert_begins(2, "UM REJECT RATE CRITICAL - cannot read http://127.0.0.1");
    assert!(
        ran.stdout.contains("the answer did not finish within 0.3 s") && ran.stdout.contains("(timeout)"),
        "{}",
        ran.stdout
    );
    ran.assert_until(Duration::from_millis(300));
    run(&["--counters", &url(&silent), "-t", "0.3:unknown"]).assert_begins(3, "UM REJECT RATE UNKNOWN");
}

#[test]
fn the_advice_on_a_source_is_about_that_source() {
    let refused = format!("prometheus:http://127.0.0.1:{}/metrics", support::port::closed_port());
    let ran = run(&["--counters", &refused]);
    ran.assert_text(3);
    assert!(ran.stdout.contains("Get-Service windows_exporter") && !ran.stdout.contains("typeperf"), "{}", ran.stdout);
    let ran = run(&["--counters", "csv:/nonexistent/um.csv"]);
    assert!(ran.stdout.contains("typeperf -qx") && !ran.stdout.contains("exporter"), "{}", ran.stdout);
}

#[test]
fn an_absent_metric_is_named_with_the_nearest() {
    let page = exposition(1_000, 10).replace("inbound_calls_received", "inbound_calls_taken");
    let exporter = exporter(&page);
    let ran = run(&["--counters", &url(&exporter)]);
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN - no counter windows_performancecounter_msexchangeumcallrouteravailability_total_inbound_calls_received_by_the_um_call_router in http://");
    assert!(ran.stdout.contains("_total_inbound_calls_taken_by_the_um_call_router"), "{}", ran.stdout);
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let name = "received=windows_performancecounter_msexchangeumcallrouteravailability_total_inbound_calls_taken_by_the_um_call_router";
    run(&["--counters", &url(&exporter), "--counter-name", name, "--state-file", state.to_str().unwrap()])
        .assert_begins(0, "UM REJECT RATE OK - first");
}

#[test]
fn a_selector_in_the_url_is_asked_as_it_is_meant() {
    let page = exposition(1_000, 10);
    let exporter = support::peer::Peer::answering(move |request| {
        let mut target = request.split(' ').nth(1).unwrap().to_owned();
        for (encoded, character) in [("%22", "\""), ("%3C", "<"), ("%3E", ">"), ("%60", "`")] {
            target = target.replace(encoded, character);
        }
        let status = if target == r#"/federate?match[]={job="<um>|%41"}&x='`\^"# { "200 OK" } else { "404 Not Found" };
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{page}", page.len()).into_bytes()
    });
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let source = url(&exporter).replace("metrics", r#"federate?match[]={job="<um>|%41"}&x='`\^#top"#);
    run(&["--counters", &source, "--state-file", state.to_str().unwrap()])
        .assert_begins(0, "UM REJECT RATE OK - first");
}

#[test]
fn proxies_of_the_environment_are_not_asked() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let proxy = http("HTTP/1.1 200 OK\r\n\r\nproxied 1\n");
    let exporter = exporter(&exposition(1_000, 10));
    let mut command = plugin(PLUGIN);
    for variable in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env(variable, format!("http://{}", proxy.address));
    }
    run_command(command.args(["--counters", &url(&exporter), "--state-file", state.to_str().unwrap()]))
        .assert_begins(0, "UM REJECT RATE OK");
}

#[test]
fn https_is_read_from_a_trusted_exporter_only() {
    let directory = tempfile::tempdir().unwrap();
    let (state, anchors) = (directory.path().join("history"), directory.path().join("ca.pem"));
    let (exporter, pem) = https_exporter(exposition(1_000, 10));
    fs::write(&anchors, pem).unwrap();
    let source = url(&exporter).replace("http:", "https:");
    let arguments = ["--counters", &source, "--state-file", state.to_str().unwrap()];
    let trusting = ["--ca-file", anchors.to_str().unwrap()];

    run(&arguments)
        .assert_begins(3, "UM REJECT RATE UNKNOWN - cannot read https://127.0.0.1:")
        .assert_says("is not trusted");
    let other_name = [&arguments[..], &trusting, &["--tls-name", "cas1.example.com"]].concat();
    run(&other_name).assert_begins(3, "UM REJECT RATE UNKNOWN").assert_says("not for 'cas1.example.com'");
    assert!(!state.exists());
    run(&[&arguments[..], &trusting].concat()).assert_begins(0, "UM REJECT RATE OK - first sample of 127.0.0.1");
    run(&[&arguments[..], &["--no-verify"]].concat()).assert_begins(0, "UM REJECT RATE OK - no call received");
    run(&[&arguments[..], &["--ca-file", "/dev/null/ca.pem"]].concat()).assert_begins(3, "UM REJECT RATE UNKNOWN");
}

#[test]
fn no_data_when_the_certificate_of_an_exporter_has_expired_whether_or_not_it_is_verified() {
    let directory = tempfile::tempdir().unwrap();
    let (state, anchors) = (directory.path().join("history"), directory.path().join("ca.pem"));
    let (exporter, pem) = expired_exporter(exposition(1_000, 10));
    fs::write(&anchors, pem).unwrap();
    let source = url(&exporter).replace("http:", "https:");
    let arguments = ["--counters", &source, "--state-file", state.to_str().unwrap()];
    for trust in [&["--no-verify"][..], &["--ca-file", anchors.to_str().unwrap()]] {
        run(&[&arguments[..], trust].concat())
            .assert_begins(3, "UM REJECT RATE UNKNOWN - cannot read https://127.0.0.1:")
            .assert_says(" expired ");
    }
    assert!(!state.exists());
}
