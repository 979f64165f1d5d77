//! Does each renderer still print what schedulers and their configurations rely on? Fixed reports against golden files.
//!
//! `UPDATE_GOLDEN=1 cargo test --test render` writes the files anew; read the difference before you commit it.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use check_um::door::net::MAX_ASKED;
use check_um::door::render::{Format, MAX_OUTPUT, Presentation, render};
use check_um::door::report::{
    About, Class, Event, Finding, GivenOption, Inquiry, Metric, Policy, Report, StandsFor, Started, State, Target,
    Thresholds, Uom,
};
use support::{exposition, format, perfdata};

#[test]
fn ok() {
    assert_golden("ok", &healthy(), 0);
}

#[test]
fn ok_with_everything_shown() {
    assert_golden("ok-vvv", &healthy(), 3);
}

#[test]
fn critical_with_hostile_text() {
    assert_golden("hostile", &hostile(), 3);
}

#[test]
fn unknown_for_a_usage_error() {
    let mut report = empty();
    report.add_finding(Finding::unknown("unknown option --hotsname: did you mean --hostname? (see --help)"));
    assert_golden("usage-error", &report, 0);
}

#[test]
fn several_findings_the_worst_first() {
    let mut report = healthy();
    report.findings.clear();
    report.headline = Some("1 of 2 addresses of cas.example.com answer".to_owned());
    report.add_finding(Finding::ok("200 OK from 192.0.2.7:5060 in 3.1 ms"));
    report.add_finding(Finding { state: State::Warning, ..critical(Class::Weak, "weak key: RSA with 1024 bits") });
    report.add_finding(critical(Class::Refused, "connection refused by 192.0.2.8:5060"));
    report.add_finding(Finding {
        state: State::Unknown,
        ..critical(Class::Permission, "not permitted to reach 192.0.2.9")
    });
    assert_golden("several-findings", &report, 0);
}

#[test]
fn the_metrics_of_as_many_addresses_as_are_asked_are_never_cut() {
    let mut report = empty();
    let thresholds = Thresholds::new("0.123456:10.654321".parse().ok(), "@0.123456:99.654321".parse().ok());
    for index in 0..MAX_ASKED {
        let address = format!("2001:db8:1111:2222:3333:4444:5555:{index:04x}");
        let name = format!("sip{index}.{}example.com:50600 ({address})", "a-rather-long-name.".repeat(10));
        report.add_finding(critical(Class::Refused, &format!("connection refused by {name}")));
        for label in ["time", "time_max", "jitter", "loss", "dns", "connect", "tls", "status", "certificate_days"] {
            let metric = Metric::optional(label, Some(12_345.678_901), Uom::Seconds).max(99_999.123_456);
            report.add_metric(metric.judged_by(&thresholds).min(0.0).suffixed(&address));
        }
        for name in ["status_line", "server", "allow", "certificate", "tls_cipher_suite"] {
            report.add_diagnostic(name, "x".repeat(300));
        }
        report.events.push(event(&report, Duration::from_millis(1), "x".repeat(300)));
        report.trace.push("x".repeat(3_000));
    }
    for format in [Format::Text, Format::Json, Format::Scom] {
        let printed = render(&report, Presentation { format, verbosity: 3, ..Presentation::default() });
        assert!(printed.len() <= MAX_OUTPUT, "{format:?}: {} bytes", printed.len());
        assert_eq!(printed.matches("certificate_days_2001_db8").count(), MAX_ASKED, "{format:?}");
    }
    let series = render(&report, Presentation { format: Format::OpenMetrics, ..Presentation::default() });
    let series = exposition::assert_valid(&series);
    assert_eq!(series.iter().filter(|one| one.labels.contains_key("of")).count(), 9 * MAX_ASKED);
    let json = render(&report, Presentation { format: Format::Json, verbosity: 3, ..Presentation::default() });
    assert_eq!(format::assert_json(&json)["metrics"].as_object().unwrap().len(), 9 * MAX_ASKED);
}

#[test]
fn nothing_judged_is_unknown() {
    assert_golden("nothing-judged", &empty(), 0);
}

#[test]
fn a_huge_report_keeps_to_the_limit_in_every_format() {
    let mut report = hostile();
    report.trace = vec!["€".repeat(100_000); 3];
    for index in 0..200_u32 {
        report.add_finding(critical(Class::Status, &format!("{index} {}", "<|\u{1b}ü>".repeat(5_000))));
        report.add_diagnostic(&format!("d{index}"), "\"&".repeat(5_000));
        report.events.push(event(&report, Duration::ZERO, "\u{0}'".repeat(5_000)));
    }
    for (format, _) in FORMATS {
        let output = render(&report, Presentation { format, verbosity: 3, ..Presentation::default() });
        assert!(output.len() <= MAX_OUTPUT, "{format:?}: {} bytes", output.len());
        assert_valid(format, &output);
    }
}

#[test]
fn the_schema_names_every_failure_class() {
    let schema: serde_json::Value = serde_json::from_str(format::SCHEMA).unwrap();
    let named: Vec<_> =
        schema["$defs"]["class"]["enum"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    assert_eq!(named, Class::ALL.iter().map(|class| class.name()).collect::<Vec<_>>());
}

/// Each format, and what the name of a file in it ends with.
const FORMATS: [(Format, &str); 4] =
    [(Format::Text, "txt"), (Format::Json, "json"), (Format::Scom, "xml"), (Format::OpenMetrics, "prom")];

static ABOUT: About = About {
    name: "check_um_sip_options",
    title: "UM SIP OPTIONS",
    stands_for: StandsFor { probe: "UMCallRouterTestProbe", monitor: "UMCallRouterTestMonitor" },
    classes: &[Class::ALL],
    defaults: &[],
    advice: |_| "Look at the service.\nThen at its log.",
};

fn event(report: &Report, after: Duration, text: String) -> Event {
    Event { at: report.started.instant + after, text }
}

fn empty() -> Report {
    // 2026-11-23T17:00:00Z
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_453_200);
    Report::new(&ABOUT, Policy::default(), Started { time, instant: Instant::now() })
}

fn healthy() -> Report {
    let mut report = empty();
    report.duration = Duration::from_micros(3_400);
    report.target = Target {
        host: "cas1.example.com".to_owned(),
        address: Some("192.0.2.7".parse().unwrap()),
        port: Some(5060),
        transport: "tcp",
    };
    report.inquiry = inquiry("cas1.example.com:5060", "udp");
    report.authentication.digest_user = Some("monitor".to_owned());
    report.add_finding(Finding::ok("200 OK from cas1.example.com:5060 in 3.1 ms"));
    let thresholds = Thresholds::new(Some("0.5".parse().unwrap()), Some("1".parse().unwrap()));
    report.judge_metric(Metric::seconds("time", Some(Duration::from_micros(3_100))).judged_by(&thresholds).max(10.0));
    report.judge_metric(Metric::seconds("dns", None));
    report.judge_metric(Metric::count("retransmissions", 0));
    report.judge_metric(Metric::optional("certificate_days", Some(1e-7), Uom::None));
    report.add_diagnostic("status_line", "SIP/2.0 200 OK");
    report.add_diagnostic("server", "RTCC/5.0.0.0 MSExchangeUM/15.00.1497.000");
    report.events.push(event(&report, Duration::from_micros(200), "connected to 192.0.2.7:5060".to_owned()));
    report.trace.push("OPTIONS sip:cas1.example.com SIP/2.0\r\nMax-Forwards: 70\r\n\r\n".to_owned());
    report
}

/// Whom somebody asks with `--transport`, and what makes no label.
fn inquiry(endpoint: &str, transport: &str) -> Arc<Inquiry> {
    let option =
        |id: &str, value: &str| GivenOption { id: id.to_owned(), value: Some(value.to_owned()), is_repeatable: false };
    let options = vec![option("transport", transport), option("down_warning", "1"), option("password_file", "/secret")];
    Arc::new(Inquiry { endpoint: endpoint.to_owned(), options })
}

fn hostile() -> Report {
    const TEXT: &str =
        "503 a|b 'c' \"d\" ;<&>]]> \u{1b}[31mred\u{1b}[0m \r\nX: y\t\u{202e}rtl\u{9b}2J \u{fffe} ü€😀 %d {}";
    let mut report = healthy();
    report.findings.clear();
    let mut finding = critical(Class::Status, TEXT);
    finding.causes = vec![TEXT.to_owned(), "x".repeat(5_000)];
    report.add_finding(finding);
    report.target.host = TEXT.to_owned();
    report.inquiry = inquiry(TEXT, TEXT);
    report.authentication.client_certificate = Some(TEXT.to_owned());
    report.add_diagnostic("ms_diagnostics", TEXT);
    report.trace.push(TEXT.to_owned());
    report
}

#[test]
fn no_format_is_longer_than_64_kib_whatever_is_long() {
    let long = "|é\u{202e}\"".repeat(20_000);
    let mut report = hostile();
    report.add_diagnostic(&long, "x");
    report.authentication.digest_user = Some(long.clone());
    report.authentication.client_certificate = Some(long.clone());
    let mut finding = critical(Class::Status, &long);
    finding.causes = vec![long; 40];
    report.findings.extend(vec![finding; 100]);
    // A file with ten thousand certificates.
    report.metrics.extend((0..10_000).map(|number| Metric::count(&format!("chain_{number}_days_left"), number)));
    for (format, verbosity) in [(Format::Text, 0), (Format::Text, 3), (Format::Json, 3), (Format::Scom, 3)] {
        let output = render(&report, Presentation { format, verbosity, ..Presentation::default() });
        assert!(output.len() <= 64 * 1024, "{format:?}: {} bytes", output.len());
        assert_valid(format, &output);
    }
}

fn critical(class: Class, text: &str) -> Finding {
    let advice = ABOUT.advise(Some(class));
    Finding { state: State::Critical, class: Some(class), advice, ..Finding::remark(text) }
}

/// Compares all formats of `report` with `tests/golden/NAME.*`.
#[track_caller]
fn assert_golden(name: &str, report: &Report, verbosity: u8) {
    for (format, extension) in FORMATS {
        let output = render(report, Presentation { format, verbosity, ..Presentation::default() });
        assert_valid(format, &output);
        let path = support::root().join(format!("tests/golden/{name}.{extension}"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &output).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(output, golden, "{} differs: UPDATE_GOLDEN=1 cargo test --test render", path.display());
    }
}

#[track_caller]
fn assert_valid(format: Format, output: &str) {
    match format {
        Format::Text => {
            perfdata::assert_valid(output.lines().next().unwrap());
            assert!(!output.chars().any(|c| c.is_control() && c != '\n'), "{output:?}");
        }
        Format::Json => {
            format::assert_json(output);
        }
        Format::Scom => {
            format::assert_scom(output);
        }
        Format::OpenMetrics => {
            // With -v a comment is in front, for whoever looks at the file.
            exposition::assert_valid(exposition::without_comment(output));
        }
    }
}
