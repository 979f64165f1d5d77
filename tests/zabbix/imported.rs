//! Does the template do its work? Imported, exported, linked to a host, run by a real server against a router that then fails.

use std::collections::BTreeMap;
use std::fs;

use check_um::checks::schedule::{ScheduledService, Vantage};
use check_um_generate::register::services;
use check_um_generate::zabbix::facts::contextual;
use check_um_generate::zabbix::linked::{Linked, ROUTER};
use check_um_generate::zabbix::template::part;
use check_um_generate::zabbix::{TEMPLATE, command};
use serde_json::{Value, json};

use crate::process::until;
use crate::server::Zabbix;
use crate::site::{Site, Switch};
use crate::support::{format, root};

/// One test, because a Zabbix takes a while to start.
#[test]
fn a_real_zabbix_imports_the_template_runs_its_checks_and_raises_its_problems() {
    let Some(zabbix) = Zabbix::start() else { return };
    let template = fs::read_to_string(root().join("integrations/zabbix").join(TEMPLATE)).unwrap();
    import(&zabbix, &template);
    assert_eq!(undated(&export(&zabbix, &ROUTER)), undated(&template), "the export is not what was imported");

    let (mut site, failing) = (Site::healthy(), Site::failing());
    let router = Switch::between(site.port("um-sip-options"), failing.port("um-sip-options"));
    site.set("PORT", "um-sip-options", router.port());
    let host = create_host(&zabbix, &site);
    make_one_problem_wait_for_another(&zabbix, &host);
    until(60, || everything_is_as_reported(&zabbix, &host));
    let health_set = create_health_set(&zabbix);
    until(20, || problems(&zabbix, &host, &[]));
    until(20, || is_rolled_up(&zabbix, &health_set, OK));

    router.fail(true);
    zabbix.unlink("check_um_ad_ds");
    let failed = "UM SIP OPTIONS: CRITICAL: 503 Service Unavailable";
    until(30, || is_rolled_up(&zabbix, &health_set, HIGH));
    // Zabbix looks for silence twice a minute.
    until(60, || problems(&zabbix, &host, &[failed, "UM directory: no result for 8s"]));
    until(10, || holds(&zabbix, &host, "um-sip-options[failure.class]", "status"));
    until(10, || holds(&zabbix, &host, "um-sip-options[failure.advice]", "The service runs but cannot do its work."));

    router.fail(false);
    zabbix.link("check_um_ad_ds");
    until(60, || problems(&zabbix, &host, &[]));
    until(20, || is_rolled_up(&zabbix, &health_set, OK));
}

pub fn import(zabbix: &Zabbix, template: &str) {
    let all = json!({"createMissing": true, "updateExisting": true});
    let rules = json!({
        "groups": all, "templates": all, "items": all, "triggers": all, "graphs": all, "templateDashboards": all,
        "valueMaps": all, "mediaTypes": all,
    });
    zabbix.api.call("configuration.import", &json!({"format": "yaml", "rules": rules, "source": template}));
}

pub fn export(zabbix: &Zabbix, of: &[Linked]) -> String {
    let templates: Vec<_> = templates(zabbix, of).into_values().collect();
    let exported =
        zabbix.api.call("configuration.export", &json!({"format": "yaml", "options": {"templates": templates}}));
    exported.as_str().unwrap().to_owned()
}

/// The ids of these templates by their names.
pub fn templates(zabbix: &Zabbix, of: &[Linked]) -> BTreeMap<String, String> {
    let names: Vec<_> = of.iter().map(|linked| linked.name()).collect();
    let found = zabbix.api.call("template.get", &json!({"output": ["host"], "filter": {"host": names}}));
    let found = found.as_array().unwrap().iter();
    let found: BTreeMap<_, _> = found.map(|each| (text(each, "host"), text(each, "templateid"))).collect();
    assert_eq!(found.len(), names.len());
    found
}

/// All lines but the one that says when it was written.
pub fn undated(export: &str) -> Vec<&str> {
    export.lines().filter(|line| !line.starts_with("  date: ")).collect()
}

/// A host with all templates, whose checks are run every other second and are believed at the second time.
fn create_host(zabbix: &Zabbix, site: &Site) -> String {
    let mut macros = site.macros.clone();
    for check in services() {
        macros.insert(contextual("INTERVAL", check), "2s".to_owned());
        macros.insert(contextual("ATTEMPTS", check), "#2".to_owned());
    }
    macros.insert("{$UM.NODATA:um-ad-ds}".to_owned(), "8s".to_owned());
    let macros: Vec<_> = macros.iter().map(|(name, value)| json!({"macro": name, "value": value})).collect();
    let templates: Vec<_> = templates(zabbix, &ROUTER).into_values().map(|id| json!({"templateid": id})).collect();
    let agent = json!({
        "type": 1, "main": 1, "useip": 1, "ip": "127.0.0.1", "dns": "", "port": zabbix.agent_port.to_string(),
    });
    let host = json!({
        "host": "cas1", "groups": [{"groupid": "2"}], "interfaces": [agent], "templates": templates, "macros": macros,
    });
    text(&zabbix.api.call("host.create", &host)["hostids"], "0")
}

/// What no template can say, because each may be linked alone: on a host with both the SIP check depends on the service.
fn make_one_problem_wait_for_another(zabbix: &Zabbix, host: &str) {
    let id = |name: &str| {
        let asked = json!({"hostids": host, "output": ["triggerid"], "filter": {"description": name}});
        text(&zabbix.api.call("trigger.get", &asked)[0], "triggerid")
    };
    let (sip, service) = (id("UM SIP OPTIONS: CRITICAL"), id("UM Call Router service: CRITICAL"));
    zabbix.api.call("trigger.update", &json!({"triggerid": sip, "dependencies": [{"triggerid": service}]}));
    let asked = json!({"triggerids": sip, "selectDependencies": ["triggerid"]});
    assert_eq!(zabbix.api.call("trigger.get", &asked)[0]["dependencies"], json!([{"triggerid": service}]));
}

/// The health set as one service, as the README says it: whatever carries its tag counts, the gravest problem decides.
fn create_health_set(zabbix: &Zabbix) -> String {
    let service = json!({
        "name": "UM.CallRouter", "algorithm": 1, "sortorder": 0,
        "problem_tags": [{"tag": "health-set", "operator": 0, "value": "UM.CallRouter"}],
    });
    text(&zabbix.api.call("service.create", &service)["serviceids"], "0")
}

fn is_rolled_up(zabbix: &Zabbix, service: &str, severity: &str) -> Result<(), String> {
    let found = zabbix.api.call("service.get", &json!({"serviceids": service, "output": ["status"]}));
    if found[0]["status"] == severity { Ok(()) } else { Err(format!("the health set is {found}")) }
}

/// Every item holds what the last report of its check says; the refusal names those that do not.
fn everything_is_as_reported(zabbix: &Zabbix, host: &str) -> Result<(), String> {
    let (items, errors) = items(zabbix, host);
    if !errors.is_empty() {
        return Err(errors.join("\n"));
    }
    for check in services() {
        let report = items.iter().find(|(key, _)| is_report(check, key)).map(|(_, value)| value);
        let report = report.filter(|report| !report.is_empty()).ok_or(format!("{}: no report yet", check.name))?;
        let report = format::assert_json(&format!("{report}\n"));
        let held = |path: &str| items.get(&part(check, path)).cloned().unwrap_or_default();
        if held("exit_code") != "0" || held("summary") != report["summary"].as_str().unwrap() {
            return Err(format!("{}: {} {:?} of {report}", check.name, held("exit_code"), held("summary")));
        }
        for metric in check.metrics {
            if check.occasional.contains(&metric.label) && report["metrics"][metric.label]["value"].is_null() {
                continue;
            }
            let (held, said) = (held(&format!("metrics.{}", metric.label)), &report["metrics"][metric.label]["value"]);
            let difference = held.parse::<f64>().map(|held| held - said.as_f64().unwrap());
            // The front end shows fifteen digits.
            if !difference.is_ok_and(|difference| difference.abs() < 1e-9) {
                return Err(format!("{}: {} is {held:?}, not {said}", check.name, metric.label));
            }
        }
    }
    Ok(())
}

fn is_report(check: &ScheduledService, key: &str) -> bool {
    let is_over_tls = key.contains("\"--transport\",\"tls\"");
    match check.vantage {
        Vantage::Agent => key.starts_with(&format!("{}[", command::agent_name(check))),
        Vantage::Tls if check.plugin == "check_um_sip_options" => {
            key.starts_with("check_um_sip_options[") && is_over_tls
        }
        _ => key.starts_with(&format!("{}[", check.plugin)) && !is_over_tls,
    }
}

/// What the items of a host hold, by their keys, and what is wrong with those that are in error.
fn items(zabbix: &Zabbix, host: &str) -> (BTreeMap<String, String>, Vec<String>) {
    let asked = json!({"hostids": host, "output": ["key_", "lastvalue", "state", "error"]});
    let items = zabbix.api.call("item.get", &asked);
    let items = items.as_array().unwrap();
    let in_error = items.iter().filter(|item| item["state"] != "0");
    let errors = in_error.map(|item| format!("{}: {}", item["key_"], item["error"])).collect();
    (items.iter().map(|item| (text(item, "key_"), text(item, "lastvalue"))).collect(), errors)
}

pub fn holds(zabbix: &Zabbix, host: &str, key: &str, beginning: &str) -> Result<(), String> {
    let held = items(zabbix, host).0.remove(key).unwrap_or_default();
    if held.starts_with(beginning) { Ok(()) } else { Err(format!("{key} holds {held:?}")) }
}

/// There are exactly these problems, by the beginnings of their names, and no trigger of the host is in error.
pub fn problems(zabbix: &Zabbix, host: &str, expected: &[&str]) -> Result<(), String> {
    let asked = json!({"hostids": host, "output": ["description", "state", "error"]});
    let triggers = zabbix.api.call("trigger.get", &asked);
    let in_error: Vec<_> = triggers.as_array().unwrap().iter().filter(|trigger| trigger["state"] != "0").collect();
    if !in_error.is_empty() {
        return Err(format!("{in_error:?}"));
    }
    let problems = zabbix.api.call("problem.get", &json!({"hostids": host, "output": ["name", "severity"]}));
    let names: Vec<_> = problems.as_array().unwrap().iter().map(|problem| text(problem, "name")).collect();
    let is_expected = |name: &String| expected.iter().any(|expected| name.starts_with(expected));
    if names.len() == expected.len() && names.iter().all(is_expected) {
        return Ok(());
    }
    Err(format!("problems: {names:#?}"))
}

pub fn text(value: &Value, name: &str) -> String {
    let value = name.parse::<usize>().map_or_else(|_| &value[name], |place| &value[place]);
    value.as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// No problem.
const OK: &str = "-1";
const HIGH: &str = "4";
