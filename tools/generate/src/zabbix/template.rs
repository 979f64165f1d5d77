//! What does Zabbix store of a check, and when does it tell somebody? Items, triggers and macros of each template.

use std::fmt::Write;

use check_um::checks::schedule::{DisplayUnit, Measured, ScheduledService, Vantage, Words};
use check_um::door::report::State;
use ring::digest::{SHA256, digest};

use super::command::key;
use super::facts::{contextual, parameters};
use super::linked::Linked;
use super::yaml::{Node, list, map, rank, text};
use super::{drawing, triggers};
use crate::register::{plugin_of, services};
use crate::sip_server;

/// The document of these templates: all in one import.
pub fn export(templates: &[Linked]) -> Node {
    let export = map([
        ("version", text("6.0")),
        ("date", text("2026-11-24T00:00:00Z")),
        ("groups", list([map([("uuid", text(GROUP.0)), ("name", text(GROUP.1))])])),
        ("templates", list(templates.iter().map(|linked| template(*linked)))),
        ("triggers", triggers::problems(templates)),
        ("graphs", drawing::graphs(templates)),
    ]);
    map([("zabbix_export", export)])
}

/// The names of the checks for the README: first what is asked from outside, then what an agent asks.
pub fn names() -> String {
    let of = |is_agents: bool| {
        let services = services().filter(move |check| (check.vantage == Vantage::Agent) == is_agents);
        services.map(|check| format!("`{}`", check.name)).collect::<Vec<_>>().join(", ")
    };
    format!("{},\n{}.\n", of(false), of(true))
}

/// The names of the checks of other SIP servers for the README.
pub fn sip_names() -> String {
    sip_server::services().map(|check| format!("`{}`", check.name)).collect::<Vec<_>>().join(", ") + ".\n"
}

/// The key of an item that takes one value out of a check's report.
pub fn part(check: &ScheduledService, path: &str) -> String {
    format!("{}[{path}]", check.name)
}

/// An identity that stays the same as long as the name does: random by its looks, as version 4 demands.
pub fn uuid(name: &str) -> Node {
    let mut bytes = digest(&SHA256, format!("check-um zabbix {name}").as_bytes()).as_ref()[..16].to_vec();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    text(bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

/// One template.
pub fn template(linked: Linked) -> Node {
    let name = linked.name();
    let mut items: Vec<_> = linked.checks().flat_map(self::items).collect();
    items.sort_by_key(|item| rank(item.text("key")));
    let metrics = linked.checks().flat_map(|check| check.metrics);
    let mut maps: Vec<_> = metrics.filter_map(ValueMap::for_metric).chain([ValueMap::states()]).collect();
    maps.sort_unstable();
    maps.dedup();
    map([
        ("uuid", uuid(name)),
        ("template", text(name)),
        ("name", text(name)),
        ("description", text(linked.about())),
        ("groups", list([map([("name", text(GROUP.1))])])),
        ("items", list(items)),
        ("tags", tags(&[("class", "software"), ("target", linked.target())])),
        ("macros", macros(linked)),
        ("dashboards", drawing::dashboard(linked)),
        ("valuemaps", list(maps.iter().map(|value_map| value_map.node(linked)))),
    ])
}

/// The item with the whole report, and those that Zabbix takes out of it.
fn items(check: &ScheduledService) -> Vec<Node> {
    let is_external = check.vantage != Vantage::Agent;
    let report = map([
        ("uuid", uuid(&format!("item {}", check.name))),
        ("name", text(format!("{}: report", check.title))),
        ("type", text(if is_external { "EXTERNAL" } else { "" })),
        ("key", text(key(check))),
        ("delay", text(contextual("INTERVAL", check))),
        // A kilobyte or three each time, and nobody reads yesterday's: what is to last is taken out of it.
        ("history", text("1d")),
        ("trends", text("0")),
        ("value_type", text("TEXT")),
        ("description", text(format!("{} The whole report of {} as JSON.", question(check), check.plugin))),
        ("tags", tags(&[("component", check.name)])),
    ]);
    let mut items = vec![report, state(check)];
    let steps = vec![json_path("$.summary", None)];
    items.push(words(check, &Text { path: "summary", title: "summary", value_type: "TEXT" }, steps));
    for (path, title, value_type) in [("failure.class", "failure class", "CHAR"), ("failure.advice", "advice", "TEXT")]
    {
        // No failure is there where all is well, and no class where a threshold is violated: both are said in one word.
        let none = Some(("CUSTOM_VALUE", "none"));
        let once = step("DISCARD_UNCHANGED_HEARTBEAT", "1h", None);
        let steps = vec![json_path(&format!("$.{path}"), none), no_null(none), once];
        items.push(words(check, &Text { path, title, value_type }, steps));
    }
    items.push(message(check));
    items.extend(check.metrics.iter().map(|metric| number(check, metric)));
    items
}

/// The state as a number, and the triggers that judge it.
fn state(check: &ScheduledService) -> Node {
    map([
        ("uuid", uuid(&format!("item {}", part(check, "exit_code")))),
        ("name", text(format!("{}: state", check.title))),
        ("type", text("DEPENDENT")),
        ("key", text(part(check, "exit_code"))),
        ("delay", text("0")),
        ("valuemap", map([("name", text(ValueMap::states().title))])),
        ("preprocessing", list([json_path("$.exit_code", None)])),
        ("master_item", map([("key", text(key(check)))])),
        ("tags", tags(&[("component", check.name)])),
        ("triggers", triggers::of_state(check)),
    ])
}

/// A text of the report: where it is in it, and what Zabbix makes of it.
struct Text {
    path: &'static str,
    title: &'static str,
    value_type: &'static str,
}

/// The item that holds a text of the report after these steps.
fn words(check: &ScheduledService, said: &Text, steps: Vec<Node>) -> Node {
    let Text { path, title, value_type } = *said;
    map([
        ("uuid", uuid(&format!("item {}", part(check, path)))),
        ("name", text(format!("{}: {title}", check.title))),
        ("type", text("DEPENDENT")),
        ("key", text(part(check, path))),
        ("delay", text("0")),
        ("history", text("31d")),
        ("trends", text("0")),
        ("value_type", text(value_type)),
        ("preprocessing", list(steps)),
        ("master_item", map([("key", text(key(check)))])),
        ("tags", tags(&[("component", check.name)])),
    ])
}

/// The report as a mail says it: what is wrong, what to do, whom it asked and when.
fn message(check: &ScheduledService) -> Node {
    let steps = vec![step("JAVASCRIPT", MESSAGE, None)];
    words(check, &Text { path: "message", title: "message", value_type: "TEXT" }, steps)
}

/// A metric of the report; without a value where there was nothing to measure.
fn number(check: &ScheduledService, metric: &Measured) -> Node {
    let path = format!("metrics.{}", metric.label);
    let drop = Some(("DISCARD_VALUE", ""));
    let unit = match metric.unit {
        DisplayUnit::Seconds => "s",
        // The exclamation mark keeps Zabbix from making 1.5 Kd of 1500 d.
        DisplayUnit::Days => "!d",
        DisplayUnit::Percent => "%",
        DisplayUnit::Count | DisplayUnit::Code(_) => "",
    };
    let map_name = ValueMap::for_metric(metric).map(|value_map| ("name", text(value_map.title)));
    map([
        ("uuid", uuid(&format!("item {}", part(check, &path)))),
        ("name", text(format!("{}: {}", check.title, metric.title))),
        ("type", text("DEPENDENT")),
        ("key", text(part(check, &path))),
        ("delay", text("0")),
        ("value_type", text("FLOAT")),
        ("units", text(unit)),
        ("valuemap", map(map_name)),
        ("preprocessing", list([json_path(&format!("$.{path}.value"), drop), no_null(drop)])),
        ("master_item", map([("key", text(key(check)))])),
        ("tags", tags(&[("component", check.name)])),
    ])
}

/// The value at that path, and what is taken where there is no such path.
fn json_path(path: &str, otherwise: Option<(&'static str, &'static str)>) -> Node {
    step("JSONPATH", path, otherwise)
}

/// Zabbix makes the word `null` of a value that is null.
fn no_null(otherwise: Option<(&'static str, &'static str)>) -> Node {
    step("NOT_MATCHES_REGEX", "^null$", otherwise)
}

fn step(kind: &str, parameter: &str, otherwise: Option<(&'static str, &'static str)>) -> Node {
    let (handler, value) = otherwise.unwrap_or_default();
    map([
        ("type", text(kind)),
        ("parameters", list([text(parameter)])),
        ("error_handler", text(handler)),
        ("error_handler_params", text(value)),
    ])
}

/// Tags in the order of their names.
pub fn tags(tags: &[(&str, &str)]) -> Node {
    list(tags.iter().map(|(tag, value)| map([("tag", text(*tag)), ("value", text(*value))])))
}

/// The words for the numbers of an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ValueMap {
    title: String,
    words: Vec<(String, String)>,
}

impl ValueMap {
    /// Of a metric whose numbers stand for words.
    fn for_metric(metric: &Measured) -> Option<Self> {
        let DisplayUnit::Code(Words { title, first, words }) = metric.unit else { return None };
        let words = (first..).zip(words).map(|(number, word)| (number.to_string(), word.to_lowercase()));
        Some(Self { title: format!("check-um: {title}"), words: words.collect() })
    }

    /// Of the state of a check, as its exit code says it.
    fn states() -> Self {
        let states = [State::Ok, State::Warning, State::Critical, State::Unknown];
        let words = states.map(|state| (state.exit_code().to_string(), state.word().to_owned()));
        Self { title: "check-um: state".to_owned(), words: words.into() }
    }

    fn node(&self, linked: Linked) -> Node {
        let mapping = |(value, word): &(String, String)| map([("value", text(value)), ("newvalue", text(word))]);
        map([
            ("uuid", uuid(&format!("value map {} of {}", self.title, linked.name()))),
            ("name", text(&self.title)),
            ("mappings", list(self.words.iter().map(mapping))),
        ])
    }
}

/// Whatever an administrator changes for one host, or for all of them.
fn macros(linked: Linked) -> Node {
    let mut macros = vec![(
        "{$UM.OPTION}".to_owned(),
        "--output=json".to_owned(),
        "One more option for a plugin, in one word, such as --extra-opts=um. This one changes nothing.".to_owned(),
    )];
    for check in linked.checks() {
        let mut add = |name: &str, default: String, help: &str| {
            macros.push((contextual(name, check), default, format!("{}: {help}", check.title)));
        };
        add("INTERVAL", duration(check.interval), "time from one run to the next.");
        add(
            "ATTEMPTS",
            format!("#{}", check.attempts),
            "the last runs, #4 for four: all must fail before there is a problem.",
        );
        add("NODATA", duration(check.interval * 3), "time without a result before that is a problem of its own.");
        add("TIMEOUT", check.timeout.to_string(), "deadline of a run in seconds; Zabbix' Timeout must be above it.");
        macros.extend(parameters(check).into_iter().map(|macros| (macros.macro_name, macros.default, macros.help)));
    }
    macros.sort_by_key(|(name, ..)| rank(name));
    macros.dedup_by_key(|(name, ..)| name.clone());
    list(
        macros.into_iter().map(|(name, value, help)| {
            map([("macro", text(name)), ("value", text(value)), ("description", text(help))])
        }),
    )
}

/// Minutes as Zabbix writes them.
fn duration(minutes: u32) -> String {
    if minutes.is_multiple_of(60) { format!("{}h", minutes / 60) } else { format!("{minutes}m") }
}

/// What the check does, from the plugin's own help.
fn question(check: &ScheduledService) -> String {
    let about = plugin_of(check).command.get_about().map(ToString::to_string).unwrap_or_default();
    format!("{}.", about.trim_end_matches('.'))
}

/// A report in lines. Of a value that is null nothing is said.
const MESSAGE: &str = "\
var report = JSON.parse(value), failure = report.failure || {}, target = report.target || {}, lines = [report.summary];
function say(name, text) {
    if (text !== null && text !== undefined && text !== '') { lines.push(name + ': ' + text); }
}
function all(values) {
    return Object.keys(values || {}).filter(function (name) { return values[name] !== null; }).map(function (name) {
        return name.replace(/_/g, ' ') + ' ' + values[name];
    }).join(', ');
}
say('reason', failure.reason);
say('failure class', failure['class']);
say('advice', failure.advice);
say('target', [target.host, target.address].filter(function (name, at, names) {
    return name && names.indexOf(name) === at;
}).join(', ') + (target.port ? ', port ' + target.port : '') + (target.transport ? ', ' + target.transport : ''));
say('started', report.started);
say('result', report.result);
say('authentication', all(report.authentication) || 'none');
say('diagnostics', all(report.diagnostics));
return lines.join('\\n');";

/// Zabbix brings this group along; its identity is Zabbix' own.
const GROUP: (&str, &str) = ("1d12408342854fd5a4436dd6d5d1bd4a", "Templates/Telephony");
