//! Which options of a check does an administrator set in Zabbix? Those are macros, with what they hold until then.

use check_um::checks::schedule::{ScheduledService, Setting};

use crate::options::{PluginOption, options};
use crate::register::plugin_of;

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

/// The options of a check that are macros, in the order in which the agent's key takes their values: the port, what else an
/// administrator wants to set, and those of its thresholds that have a value to begin with.
pub fn parameters(check: &ScheduledService) -> Vec<Parameter> {
    let known = options(plugin_of(check).command);
    // Where servers are found by SRV records these say the port, too.
    let is_domain = check.arguments.contains(&("--srv", ""));
    let port = check.vantage.port().filter(|_| !is_domain).map(|_| Setting::Own("--port"));
    let thresholds = ["--warning", "--critical"]
        .into_iter()
        .filter(|threshold| known.iter().any(|known| known.dashed() == *threshold && default(check, known).is_some()));
    let settings = port.into_iter().chain(check.settings.iter().copied()).chain(thresholds.map(Setting::Own));
    settings.map(|setting| parameter(check, setting, &known)).collect()
}

fn parameter(check: &ScheduledService, setting: Setting, known: &[PluginOption]) -> Parameter {
    let (Setting::Own(option) | Setting::Shared(option)) = setting;
    let known = known.iter().find(|known| known.dashed() == option);
    let known = known.unwrap_or_else(|| panic!("{} has no {option}", check.plugin));
    let default = default(check, known).unwrap_or_else(|| panic!("{}: no default of {option}", check.name));
    let name = known.underscored().to_uppercase();
    let macro_name = match setting {
        Setting::Own(_) => contextual(&name, check),
        Setting::Shared(_) => format!("{{$UM.{name}}}"),
    };
    // The default that the help speaks of is the plugin's; the macro's own stands beside it.
    let help = known.help.split(" (default").next().unwrap_or_default().trim_end_matches('.');
    Parameter { option, macro_name, default, help: format!("{}: {help}.", check.title) }
}

/// The service's value, else the plugin's own, else what is suggested where the plugin only measures.
fn default(check: &ScheduledService, option: &PluginOption) -> Option<String> {
    let of = |values: &[(&str, &str)]| {
        values.iter().find(|(name, _)| *name == option.dashed()).map(|(_, value)| (*value).to_owned())
    };
    let port = || check.vantage.port().filter(|_| option.long == "port").map(|port| port.to_string());
    of(check.arguments).or_else(|| option.default.clone()).or_else(|| of(check.suggested)).or_else(port)
}

/// The health set's arguments that are no macros.
pub fn fixed(check: &ScheduledService) -> Vec<(&'static str, &'static str)> {
    let parameters = parameters(check);
    let is_fixed = |given: &&(&str, &str)| parameters.iter().all(|parameter| parameter.option != given.0);
    check.arguments.iter().filter(is_fixed).copied().collect()
}

/// A macro that each check has for itself.
pub fn contextual(name: &str, check: &ScheduledService) -> String {
    format!("{{$UM.{name}:{}}}", check.name)
}
