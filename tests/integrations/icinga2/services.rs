//! Which checks does Icinga 2 give to which host? A template, an apply rule for each check, dependencies, the roll-up.

use std::fmt::Write;

use check_um::report::Class;

use super::super::health_set::{CHECKS, Check, Vantage};
use super::super::options::options;
use super::super::plugins::{self, Plugin};
use super::{command_name, header, purpose, quoted};

/// What a host may say of its router, in `vars.um_call_router`.
const KEYS: &[(&str, &str)] = &[
    ("startup_mode", "TCP (the default), TLS or Dual, as Get-UMCallRouterSettings prints UMStartupMode"),
    ("tcp_port", "where it is not 5060"),
    ("tls_port", "where it is not 5061"),
    ("tls_name", "the name in its certificate, where that is not the name of the host"),
    ("agent", "true where the Icinga agent on it has an endpoint of the host's name, else the endpoint's name"),
    ("satellite", "the endpoint that asks over the network, where that is not the zone of the host"),
    ("domain", "the Active Directory domain whose controllers it depends on"),
    ("domain_controller", "one controller, where not all of a domain are to be asked"),
    ("counters", "where its counters are read, such as prometheus:http://cas1.example.com:9182/metrics"),
    ("health_set_file", "an export of Get-ServerHealth"),
    ("events_file", "an export of its event log"),
    ("without", "the names of checks that it is not to have"),
];

/// What Icinga waits beyond a plugin's own deadline, in seconds.
pub const GRACE: u32 = 10;

/// All of `um-services.conf`.
pub fn text() -> String {
    let mut text = header(
        "The health set UM.CallRouter for every host with vars.um_call_router. For the nodes that have hosts: master, satellites.",
    );
    text += &functions();
    text += TEMPLATE;
    for check in CHECKS {
        text += &apply(check);
    }
    text += &agent();
    text += &dependencies();
    text += ROLL_UP;
    text
}

fn functions() -> String {
    let mut text = String::from("\n/* What a host says, as in vars.um_call_router.startup_mode = \"Dual\":\n *\n");
    for (key, meaning) in KEYS {
        let _ = writeln!(text, " * {key:18}{meaning}");
    }
    text += " *\n * Without any of them: vars.um_call_router = true */\n";
    let keys: Vec<_> = KEYS.iter().map(|(key, _)| format!("  {}", quoted(key))).collect();
    text + &FUNCTIONS.replace("@KEYS@", &keys.join(",\n"))
}

fn apply(check: &Check) -> String {
    let plugin = plugins::all().into_iter().find(|plugin| plugin.about.name == check.plugin);
    let Some(plugin) = plugin else { panic!("{}: no plugin {}", check.name, check.plugin) };
    let command = command_name(check.plugin);
    let sources = if check.vantage == Vantage::Agent { source(&plugin) } else { None };
    let runs_on_agent = check.vantage == Vantage::Agent;

    let mut text = format!("\napply Service {} {{\n  import \"um-call-router\"\n\n", quoted(check.name));
    let _ = write!(
        text,
        "  display_name = {}\n  check_command = {}\n  check_interval = {}m\n  retry_interval = {}m\n  \
         max_check_attempts = {}\n  check_timeout = {}s\n  command_endpoint = um_endpoint(host, {runs_on_agent})\n",
        quoted(check.title),
        quoted(command),
        check.interval,
        check.retry,
        check.attempts,
        check.timeout + GRACE,
    );
    let _ = writeln!(text, "  notes = {}\n", quoted(&notes(&plugin)));
    let _ = writeln!(text, "  vars.{command}_timeout = {}", check.timeout);
    for (option, value) in check.arguments {
        let option = option.trim_start_matches('-').replace('-', "_");
        let _ = writeln!(text, "  vars.{command}_{option} = {}", quoted(value));
    }
    for (variable, key) in facts(check) {
        text += &given(&format!("{command}_{variable}"), key);
    }
    if check.vantage == Vantage::Tls {
        let _ = writeln!(text, "  vars.{command}_tls_name = um_router(host).tls_name || host.name");
    }
    if let Some((option, key)) = &sources {
        text += &given(&format!("{command}_{option}"), key);
    }
    let condition = match check.vantage {
        Vantage::Network => "um_speaks(host, \"TCP\")".to_owned(),
        Vantage::Tls => "um_speaks(host, \"TLS\")".to_owned(),
        Vantage::Directory => "um_router(host).domain || um_router(host).domain_controller".to_owned(),
        Vantage::Agent => {
            sources.map_or_else(String::new, |(_, key)| format!("um_router(host).{key} || ")) + "um_router(host).agent"
        }
    };
    let _ = write!(text, "\n  assign where {condition}\n  ignore where um_omits(host, {})\n}}\n", quoted(check.name));
    text
}

/// Options that a host's own facts fill in, and the facts.
const fn facts(check: &Check) -> &'static [(&'static str, &'static str)] {
    match check.vantage {
        Vantage::Network => &[("port", "tcp_port")],
        Vantage::Tls => &[("port", "tls_port")],
        Vantage::Directory => &[("domain", "domain"), ("hostname", "domain_controller")],
        Vantage::Agent => &[],
    }
}

/// The option by which a check reads what somebody else brought from the server, and the fact that says where it lies.
fn source(plugin: &Plugin) -> Option<(&'static str, String)> {
    let options = options(plugin.command.clone());
    let has = |name: &str| options.iter().any(|option| option.long == name);
    if has("counters") {
        return Some(("counters", "counters".to_owned()));
    }
    let name = command_name(plugin.about.name);
    has("file").then(|| ("file", format!("{}_file", name.strip_prefix("um_").unwrap_or(name))))
}

fn given(variable: &str, key: &str) -> String {
    format!("  if (um_router(host).{key}) {{ vars.{variable} = um_router(host).{key} }}\n")
}

/// What it is and what to do. A report says the same of the very failure, but only once there is one.
fn notes(plugin: &Plugin) -> String {
    let about = plugin.about;
    let typical =
        [Class::Status, Class::Expired, Class::Stopped].into_iter().find(|class| about.classes.contains(class));
    format!("{} When it alerts: {}", purpose(plugin), (about.advice)(typical))
}

/// One alert for an agent that is gone, instead of one for each check that it would run.
fn agent() -> String {
    let checks = CHECKS.iter().filter(|check| check.vantage == Vantage::Agent);
    AGENT
        .replace("@CHECKS@", &checks.map(|check| format!("    {}", quoted(check.name))).collect::<Vec<_>>().join(",\n"))
}

fn dependencies() -> String {
    let mut parents: Vec<_> = CHECKS.iter().filter_map(|check| check.depends_on).collect();
    parents.sort_unstable();
    parents.dedup();
    let dependency = |parent: &str| {
        let children: Vec<_> =
            CHECKS.iter().filter(|check| check.depends_on == Some(parent)).map(|check| quoted(check.name)).collect();
        format!(
            "\n// When {parent} has told, these have nothing to add.\napply Dependency {parent_name} to Service {{\n  \
             parent_service_name = {parent_name}\n  states = [ OK, Warning ]\n  disable_notifications = true\n\n  \
             assign where service.name in [ {} ] && um_router(host).agent\n  ignore where um_omits(host, {parent_name})\n}}\n",
            children.join(", "),
            parent_name = quoted(parent),
        )
    };
    parents.into_iter().map(dependency).collect()
}

const FUNCTIONS: &str = r#"
globals.um_facts = [
@KEYS@
]

globals.um_router = function(host) {
  var said = host.vars.um_call_router
  if (typeof(said) != Dictionary) { return if (said) { {} } else { null } }
  // A fact misspelt would be a check missed.
  for (key => value in said) {
    if (!(key in um_facts)) { throw "Host '" + host.name + "': there is no vars.um_call_router." + key }
  }
  return said
}

globals.um_speaks = function(host, transport) {
  var router = um_router(host)
  if (router == null) { return false }
  var mode = (router.startup_mode || "TCP").upper()
  if (!(mode in [ "TCP", "TLS", "DUAL" ])) {
    throw "Host '" + host.name + "': vars.um_call_router.startup_mode is '" + router.startup_mode + "': expected TCP, TLS or Dual"
  }
  return mode in [ transport, "DUAL" ]
}

globals.um_omits = function(host, check) {
  return check in um_router(host).without
}

globals.um_endpoint = function(host, runs_on_agent) {
  var router = um_router(host)
  if (!runs_on_agent || !router.agent) { return router.satellite }
  return if (typeof(router.agent) == Boolean) { host.name } else { router.agent }
}
"#;

const TEMPLATE: &str = r#"
template Service "um-call-router" {
  groups = [ "um-call-router" ]
}

object ServiceGroup "um-call-router" {
  display_name = "UM.CallRouter"
}

object HostGroup "um-call-router" {
  display_name = "Exchange UM Call Routers"
  assign where um_router(host) != null
}
"#;

const AGENT: &str = r#"
apply Service "um-agent" {
  import "um-call-router"

  display_name = "UM agent"
  check_command = "cluster-zone"
  check_interval = 1m
  retry_interval = 1m
  max_check_attempts = 3
  notes = "Whether the Icinga agent on the Exchange server is connected. When it alerts: is the host up, does its service icinga2 run, and does anything keep it from port 5665?"

  vars.cluster_zone = um_endpoint(host, true)

  assign where um_router(host).agent
  ignore where um_omits(host, "um-agent")
}

// What an agent would run is not run while it is gone, and nobody is told what is no news.
apply Dependency "um-agent" to Service {
  parent_service_name = "um-agent"
  states = [ OK, Warning ]
  disable_checks = true
  disable_notifications = true

  assign where service.name in [
@CHECKS@
  ] && um_router(host).agent
  ignore where um_omits(host, "um-agent")
}
"#;

const ROLL_UP: &str = r#"
/* The health set as one service: the worst of its checks, CRITICAL before UNKNOWN before WARNING. Only what is sure counts:
 * hard states, of checks that are not in a downtime. It names checks and repeats nothing that a peer sent, because Icinga
 * would resolve macros in that. The checks notify by themselves, so this one does not. */

globals.um_roll_up = function(host_name) {
  var words = [ "OK", "WARNING", "CRITICAL", "UNKNOWN" ]
  var ranks = [ 0, 1, 3, 2 ]
  var worst = 0
  var named = []
  var count = 0
  for (service in get_services(host_name)) {
    if (!("um-call-router" in service.groups) || service.name == "UM.CallRouter") { continue }
    if (service.last_check_result == null || service.downtime_depth > 0) { continue }
    var state = service.last_hard_state
    count += 1
    if (state != 0) { named.add(service.name + " " + words[state]) }
    if (ranks[state] > ranks[worst]) { worst = state }
  }
  if (count == 0) { return { state = 3, text = "UM.CallRouter UNKNOWN - no check has a result yet" } }
  var text = if (named.len() == 0) { "all " + count + " checks" } else { named.sort().join(", ") + " (of " + count + " checks)" }
  return { state = worst, text = "UM.CallRouter " + words[worst] + " - " + text }
}

apply Service "UM.CallRouter" {
  import "um-call-router"

  check_command = "dummy"
  check_interval = 1m
  retry_interval = 1m
  max_check_attempts = 1
  enable_notifications = false
  notes = "The worst state of the checks of this host that stand for Exchange's health set UM.CallRouter."

  vars.dummy_state = {{ um_roll_up(macro("$host.name$")).state }}
  vars.dummy_text = {{ um_roll_up(macro("$host.name$")).text }}

  assign where um_router(host) != null
}
"#;

#[test]
fn notes_hold_no_macro() {
    for plugin in plugins::all() {
        let notes = notes(&plugin);
        assert!(!notes.contains('$') && !notes.contains('\n'), "{}: {notes}", plugin.about.name);
    }
}

#[test]
fn the_readme_names_every_fact_and_no_other() {
    let readme = readme();
    let rows: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let keys = KEYS.iter().map(|(key, _)| *key).chain(CHECKS.iter().map(|check| check.name));
    assert_eq!(rows, keys.collect::<Vec<_>>(), "integrations/icinga2/README.md: first the facts, then the checks");
}

#[test]
fn the_readme_tells_the_timing_of_every_check() {
    let readme = readme();
    for Check { name, interval, attempts, timeout, .. } in CHECKS {
        let failures = if *attempts == 1 { "1 failure".to_owned() } else { format!("{attempts} failures") };
        let ending = format!("| {interval} min | {failures} | {timeout} s, {} s |", timeout + GRACE);
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap_or_default();
        assert!(row.ends_with(&ending), "integrations/icinga2/README.md: {row}: expected {ending}");
    }
}

fn readme() -> String {
    std::fs::read_to_string(crate::support::root().join("integrations/icinga2/README.md")).unwrap()
}
