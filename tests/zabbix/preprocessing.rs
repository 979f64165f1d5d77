//! Does each dependent item find its value in what the plugins really print? The steps of the template, taken by hand.

use check_um::checks::schedule::{Measured, ScheduledService};
use check_um_generate::register::services;
use check_um_generate::zabbix::template::part;
use check_um_generate::zabbix::yaml::Node;
use serde_json::Value;

use crate::site::{Site, template};
use crate::support::{self, format};

/// What an item holds after its steps.
#[derive(Clone, Debug, PartialEq)]
enum Held {
    /// This value.
    Value(String),
    /// What it held before.
    Unchanged,
    /// Nothing: Zabbix shows an error in its place.
    Error(String),
}

#[test]
fn every_item_finds_its_value_when_all_is_well() {
    let site = Site::healthy();
    for check in services() {
        let (report, code) = report(check, &site);
        assert_eq!(code, Some(0), "{}: {report}", check.name);
        for metric in always(check) {
            let held = held(check, &format!("metrics.{}", metric.label), &report);
            let number = matches!(&held, Held::Value(text) if text.parse::<f64>().is_ok());
            assert!(number, "{}: {} holds {held:?} of {report}", check.name, metric.label);
        }
        assert_eq!(held(check, "exit_code", &report), Held::Value("0".to_owned()));
        assert_eq!(held(check, "failure.class", &report), Held::Value("none".to_owned()));
        assert_eq!(held(check, "failure.advice", &report), Held::Value("none".to_owned()));
    }
}

#[test]
fn every_item_finds_its_value_when_all_is_ailing() {
    let site = Site::failing();
    for check in services() {
        let (report, code) = report(check, &site);
        assert_ne!(code, Some(0), "{}: {report}", check.name);
        assert_eq!(held(check, "exit_code", &report), Held::Value(code.unwrap().to_string()));
        assert_eq!(held(check, "summary", &report), Held::Value(report["summary"].as_str().unwrap().to_owned()));
        let class = report["failure"]["class"].as_str().unwrap_or("none");
        assert_eq!(held(check, "failure.class", &report), Held::Value(class.to_owned()));
        let advice = held(check, "failure.advice", &report);
        assert!(matches!(&advice, Held::Value(text) if text.len() > 20), "{}: {advice:?}", check.name);
        for metric in always(check) {
            let held = held(check, &format!("metrics.{}", metric.label), &report);
            assert!(matches!(held, Held::Value(_)), "{}: {} holds {held:?} of {report}", check.name, metric.label);
        }
    }
}

#[test]
fn no_item_has_an_error_when_nobody_is_there() {
    let site = Site::gone();
    for check in services() {
        let (report, code) = report(check, &site);
        assert!(code.is_some_and(|code| code >= 2), "{}: {report}", check.name);
        assert_no_errors(check, &report);
    }
}

#[test]
fn no_item_has_an_error_when_the_command_line_is_wrong() {
    let mut site = Site::healthy();
    for check in services() {
        site.set("TIMEOUT", check.name, "soon".to_owned());
        let (report, code) = report(check, &site);
        assert_eq!(code, Some(3), "{}: {report}", check.name);
        assert_no_errors(check, &report);
    }
}

#[test]
fn every_metric_of_a_report_has_an_item() {
    for check in services() {
        let (report, _) = report(check, &Site::healthy());
        let known: Vec<_> = check.metrics.iter().map(|metric| metric.label).collect();
        for label in report["metrics"].as_object().unwrap().keys() {
            // There are as many of these as the chain has certificates; the worst is among the others.
            let is_counted = label.starts_with("chain_") && label.ends_with("_days_left");
            assert!(is_counted || known.contains(&label.as_str()), "{}: no item for {label}", check.name);
        }
    }
}

/// The metrics that every answer has.
fn always(check: &'static ScheduledService) -> impl Iterator<Item = &'static Measured> {
    check.metrics.iter().filter(|metric| !check.occasional.contains(&metric.label))
}

/// What the plugin prints, and its exit code.
fn report(check: &ScheduledService, site: &Site) -> (Value, Option<i32>) {
    let outcome = support::run_command(support::plugin(check.plugin).args(site.argv(check)));
    (format::assert_json(&outcome.stdout), outcome.code)
}

fn assert_no_errors(check: &ScheduledService, report: &Value) {
    for item in template(check).list("items") {
        let Some(path) = item.text("key").strip_prefix(check.name).and_then(|rest| rest.strip_prefix('[')) else {
            continue;
        };
        let held = held(check, path.trim_end_matches(']'), report);
        assert!(!matches!(held, Held::Error(_)), "{}: {path} holds {held:?} of {report}", check.name);
    }
}

fn held(check: &ScheduledService, path: &str, report: &Value) -> Held {
    let key = part(check, path);
    let item =
        template(check).list("items").iter().find(|item| item.text("key") == key).unwrap_or_else(|| panic!("no {key}"));
    let mut value = report.to_string();
    for step in item.list("preprocessing") {
        let Node::Text(parameter) = &step.list("parameters")[0] else { panic!("{key}: {step:?}") };
        value = match take(step.text("type"), parameter, &value) {
            Ok(value) => value,
            Err(error) => match step.text("error_handler") {
                "CUSTOM_VALUE" => step.text("error_handler_params").to_owned(),
                "DISCARD_VALUE" => return Held::Unchanged,
                _ => return Held::Error(error),
            },
        };
    }
    let is_number = matches!(item.text("value_type"), "" | "FLOAT");
    match value.parse::<f64>() {
        Err(_) if is_number => Held::Error(format!("{value:?} is no number")),
        _ => Held::Value(value),
    }
}

/// One step as Zabbix takes it, for the kinds that the template has.
fn take(kind: &str, parameter: &str, value: &str) -> Result<String, String> {
    match kind {
        "JSONPATH" => {
            let report: Value = serde_json::from_str(value).unwrap();
            let pointer = parameter.strip_prefix('$').unwrap().replace('.', "/");
            match report.pointer(&pointer) {
                Some(Value::String(text)) => Ok(text.clone()),
                // What is null becomes a word.
                Some(other) => Ok(other.to_string()),
                None => Err(format!("nothing at {parameter}")),
            }
        }
        "NOT_MATCHES_REGEX" => {
            assert_eq!(parameter, "^null$");
            if value == "null" { Err("it is null".to_owned()) } else { Ok(value.to_owned()) }
        }
        // The real Zabbix runs it in the other tests.
        "JAVASCRIPT" => Ok(value.to_owned()),
        "DISCARD_UNCHANGED_HEARTBEAT" => Ok(value.to_owned()),
        _ => panic!("no such step: {kind}"),
    }
}
