//! What does Zabbix have to know of a check beyond the health set's table? Which options are macros, and what is drawn.

use crate::health_set::{Check, Vantage};
use crate::options::{PluginOption, options};
use crate::plugins::{self, Plugin};

/// An option whose value is a macro: an administrator changes it for a host without touching the template.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The option.
    pub option: &'static str,
    /// The macro that holds its value, with a context where each check has its own.
    pub macro_name: String,
    /// What it holds before anybody changes it.
    pub default: String,
    /// What it is for, in one sentence.
    pub help: String,
}

/// The plugin of a check, as its source describes it.
pub fn plugin(check: &Check) -> Plugin {
    plugins::all().into_iter().find(|plugin| plugin.about.name == check.plugin).unwrap()
}

/// The options of a check that are macros, in the order in which the agent's key takes their values.
pub fn parameters(check: &Check) -> Vec<Parameter> {
    let known = options(plugin(check).command);
    let own = |name: &str| contextual(name, check);
    let global = |name: &str| format!("{{$UM.{name}}}");
    let thresholds = [("--warning", own("WARNING")), ("--critical", own("CRITICAL"))];
    let mut macros = match check.name {
        "um-sip-options" | "um-sip-options-tls" | "um-cert-expiry" | "um-ad-ds" => vec![("--port", own("PORT"))],
        "um-service" => vec![("--service", global("SERVICE"))],
        "um-reject-rate" | "um-missed-call-proxy" => vec![("--counters", global("COUNTERS"))],
        "um-app-pool" => vec![("--pool", global("POOL")), ("--counters", global("COUNTERS"))],
        "um-health-set" => vec![("--health-set", global("HEALTH_SET"))],
        "um-events" => vec![("--window", own("WINDOW"))],
        _ => Vec::new(),
    };
    // Not every check has a value to be judged, and not every one of those both ranges.
    macros.extend(
        thresholds.into_iter().filter(|(option, _)| {
            known.iter().any(|known| known.dashed() == *option && default(check, known).is_some())
        }),
    );
    let parameter = |(option, macro_name)| {
        let known = known.iter().find(|known| known.dashed() == option);
        let known = known.unwrap_or_else(|| panic!("{} has no {option}", check.plugin));
        let default = default(check, known).unwrap_or_else(|| panic!("{}: no default of {option}", check.name));
        // The default that the help speaks of is the plugin's; the macro's own stands beside it.
        let help = known.help.split(" (default").next().unwrap_or_default().trim_end_matches('.');
        Parameter { option, macro_name, default, help: format!("{}: {help}.", check.title) }
    };
    macros.into_iter().map(parameter).collect()
}

/// The health set's value, else the plugin's own, else what the README recommends where the plugin only measures.
fn default(check: &Check, option: &PluginOption) -> Option<String> {
    let given = check.arguments.iter().find(|(given, _)| *given == option.dashed()).map(|(_, value)| *value);
    let recommended = match (check.vantage, check.plugin, option.long.as_str()) {
        (_, "check_um_sip_options", "warning") => Some("1"),
        (_, "check_um_sip_options", "critical") => Some("3"),
        (_, "check_um_cert_expiry", "warning") => Some("30"),
        (_, "check_um_cert_expiry", "critical") => Some("14"),
        (Vantage::Tls, _, "port") => Some("5061"),
        (Vantage::Network, _, "port") => Some("5060"),
        (Vantage::Directory, _, "port") => Some("389"),
        _ => None,
    };
    given.or(option.default.as_deref()).or(recommended).map(str::to_owned)
}

/// The health set's arguments that are no macros.
pub fn fixed(check: &Check) -> Vec<(&'static str, &'static str)> {
    let parameters = parameters(check);
    let is_fixed = |given: &&(&str, &str)| parameters.iter().all(|parameter| parameter.option != given.0);
    check.arguments.iter().filter(is_fixed).copied().collect()
}

/// A macro that each check has for itself.
pub fn contextual(name: &str, check: &Check) -> String {
    format!("{{$UM.{name}:{}}}", check.name)
}

/// What belongs into one picture: its title and the labels of its metrics.
pub type Graph = (&'static str, &'static [&'static str]);

/// The pictures of a check.
pub fn graphs(check: &Check) -> &'static [Graph] {
    match check.name {
        "um-sip-options" => &[("times", &["time", "response", "connect", "dns"])],
        "um-sip-options-tls" => &[("times", &["time", "response", "tls", "connect", "dns"])],
        "um-cert-expiry" => &[("days left", &["days_left", "leaf_days_left"])],
        "um-service" => &[("uptime", &["uptime"])],
        "um-reject-rate" => &[("share", &["rejected"]), ("calls", &["calls", "rejected_calls"])],
        "um-missed-call-proxy" => &[("share", &["failed"])],
        "um-app-pool" => &[("state of the pool", &["state"])],
        "um-health-set" => &[("monitors", &["monitors", "unhealthy"])],
        "um-events" => {
            &[("events in the window", &["event_1647", "event_1638", "event_1643", "event_1649", "event_1651"])]
        }
        "um-ad-ds" => &[("time", &["time"])],
        _ => &[],
    }
}

/// The words for the numbers of a metric: the name of the value map, and number and word.
pub fn words(check: &Check, label: &str) -> Option<(&'static str, &'static [(&'static str, &'static str)])> {
    match (check.name, label) {
        ("um-service", "running") => Some(("check-um: running", &[("0", "not running"), ("1", "running")])),
        ("um-app-pool", "state") => Some(("check-um: application pool", POOL)),
        _ => None,
    }
}

/// The states of a check, as its exit code says them.
pub const STATES: (&str, &[(&str, &str)]) =
    ("check-um: state", &[("0", "OK"), ("1", "WARNING"), ("2", "CRITICAL"), ("3", "UNKNOWN")]);

const POOL: &[(&str, &str)] = &[
    ("1", "uninitialized"),
    ("2", "initialized"),
    ("3", "running"),
    ("4", "disabling"),
    ("5", "disabled"),
    ("6", "shutdown pending"),
    ("7", "delete pending"),
];
