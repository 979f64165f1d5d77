//! What does Icinga Director know of the plugins? A basket: their commands, a field for each option, a template for each check.

use check_um::checks::schedule::{ScheduledService, Vantage};
use serde_json::{Map, Value, json};

use super::command_name;
use super::commands::{Argument, FOREIGN, SetIf, TIMEOUT, arguments, asks_the_host};
use crate::options::{Kind, PluginOption, options};
use crate::register::{Plugin, plugins, services};
use crate::sip_server;

/// All of `director-basket.json`.
pub fn text() -> String {
    let (mut commands, mut fields) = (Map::new(), Map::new());
    for plugin in plugins() {
        let first = fields.len() + 1;
        for option in settable(&plugin) {
            fields.insert((fields.len() + 1).to_string(), field(&plugin, &option));
        }
        let link = |id| json!({ "datafield_id": id, "is_required": "n", "var_filter": null });
        let links: Vec<_> = (first..=fields.len()).map(link).collect();
        commands.insert(command_name(plugin.about.name).to_owned(), command(&plugin, &links));
    }
    let templates: Map<_, _> = services().chain(sip_server::services()).map(template).collect();
    let external = json!({ IMPORT: { "object_name": IMPORT, "object_type": "external_object" } });
    let basket = json!({
        "Datafield": fields, "ExternalCommand": external, "Command": commands, "ServiceTemplate": templates,
    });
    serde_json::to_string_pretty(&basket).unwrap_or_default() + "\n"
}

fn settable(plugin: &Plugin) -> impl Iterator<Item = PluginOption> {
    options(plugin.command.clone()).into_iter().filter(|option| !FOREIGN.contains(&option.long.as_str()))
}

fn command(plugin: &Plugin, fields: &[Value]) -> Value {
    let name = command_name(plugin.about.name);
    let (own, waits) = TIMEOUT;
    let arguments: Map<_, _> = arguments(plugin).iter().map(|it| (it.key.clone(), argument(it))).collect();
    let mut vars = json!({ format!("{name}_timeout"): own });
    if asks_the_host(&options(plugin.command.clone())) {
        vars[format!("{name}_hostname")] = json!("$check_address$");
    }
    let imports = if asks_the_host(&options(plugin.command.clone())) { json!([IMPORT]) } else { json!([]) };
    json!({
        "object_name": name, "object_type": "object", "methods_execute": "PluginCheck", "command": plugin.about.name,
        "timeout": waits.to_string(), "imports": imports, "arguments": arguments, "vars": vars, "fields": fields,
    })
}

fn argument(argument: &Argument) -> Value {
    let mut said = Map::new();
    let mut say = |name: &str, value: Value| drop(said.insert(name.to_owned(), value));
    say("description", json!(argument.description));
    argument.value.iter().for_each(|value| say("value", json!(value)));
    argument.order.iter().for_each(|order| say("order", json!(order.to_string())));
    match &argument.set_if {
        Some(SetIf::Macro(name)) => say("set_if", json!(name)),
        Some(SetIf::Holds(expression)) => {
            say("set_if", json!(expression));
            say("set_if_format", json!("expression"));
        }
        None => {}
    }
    for (name, is_set) in
        [("skip_key", argument.skip_key), ("repeat_key", argument.repeat_key), ("required", argument.required)]
    {
        if is_set {
            say(name, json!(true));
        }
    }
    Value::Object(said)
}

/// How a person fills in an option.
fn field(plugin: &Plugin, option: &PluginOption) -> Value {
    let (datatype, settings) = match option.kind {
        Kind::Flag => ("Boolean", json!({})),
        Kind::Count => ("Number", json!({})),
        Kind::Value(_) if option.is_repeatable => ("Array", json!({})),
        Kind::Value(_) | Kind::Optional(_) => ("String", json!({ "visibility": "visible" })),
    };
    json!({
        "varname": format!("{}_{}", command_name(plugin.about.name), option.underscored()),
        "caption": option.dashed(), "description": option.help, "format": null, "category": null,
        "datatype": format!("Icinga\\Module\\Director\\DataType\\DataType{datatype}"), "settings": settings,
    })
}

/// A check as a template: whom it is given to is for an apply rule, or a host.
fn template(check: &'static ScheduledService) -> (String, Value) {
    let command = command_name(check.plugin);
    let mut vars = Map::new();
    let mut say = |option: &str, value: Value| {
        let name = option.trim_start_matches('-').replace('-', "_");
        vars.insert(format!("{command}_{name}"), value);
    };
    say("timeout", json!(check.timeout));
    say("verbose", json!(1));
    for (option, value) in check.arguments {
        say(option, if value.is_empty() { json!(true) } else { json!(value) });
    }
    let seconds = |minutes: u32| (minutes * 60).to_string();
    let mut template = json!({
        "object_name": check.name, "object_type": "template", "display_name": check.title, "check_command": command,
        "check_interval": seconds(check.interval), "retry_interval": seconds(check.retry),
        "max_check_attempts": check.attempts.to_string(), "vars": vars, "fields": [],
    });
    if check.vantage == Vantage::Agent {
        template["use_agent"] = json!(true);
    }
    (check.name.to_owned(), template)
}

/// What gives a command the address of the host; Icinga's own.
const IMPORT: &str = "ipv4-or-ipv6";
