//! Which checks does Icinga 2 give to which host? A template, an apply rule for each check, dependencies, the roll-up.

use std::fmt::Write;

use check_um::checks::schedule::{Elsewhere, ScheduledService, Vantage};
use check_um::door::report::{Class, HEALTH_SET};

use super::facts::{self, Fact};
use super::{command_name, header, purpose, quoted, whole};
use crate::register::{Plugin, plugin_of, services};

/// What Icinga waits beyond a plugin's own deadline, in seconds.
pub const GRACE: u32 = 10;

/// All of `um-services.conf`.
pub fn text() -> String {
    let mut text = header(
        "The health set UM.CallRouter for every host with vars.um_call_router. For the nodes that have hosts: master, satellites.",
    );
    text += &functions();
    text += &TEMPLATE.replace("@HEALTH_SET@", HEALTH_SET);
    for check in services() {
        text += &match check.vantage {
            Vantage::Whole => whole::text(check),
            _ => apply(check),
        };
    }
    text += &agent();
    text += &dependencies();
    text += &ROLL_UP.replace("@HEALTH_SET@", HEALTH_SET);
    text
}

/// The checks as the README shows them.
pub fn table() -> String {
    let mut table =
        String::from("| check | where | every | told after | plugin, Icinga give up after |\n|---|---|---|---|---|\n");
    for check in services() {
        let ScheduledService { name, interval, attempts, timeout, .. } = check;
        let place = match check.vantage {
            Vantage::Network => "TCP or Dual".to_owned(),
            Vantage::Tls => "TLS or Dual".to_owned(),
            Vantage::Call => "`call_routing`".to_owned(),
            Vantage::Directory => "`domain` or `domain_controller`".to_owned(),
            Vantage::Whole => "`whole`".to_owned(),
            Vantage::Agent => {
                facts::source(check).map_or_else(|| "`agent`".to_owned(), |(_, key)| format!("`agent` or `{key}`"))
            }
        };
        let failures = if *attempts == 1 { "1 failure".to_owned() } else { format!("{attempts} failures") };
        let patience = timeout + GRACE;
        let _ = writeln!(table, "| `{name}` | {place} | {interval} min | {failures} | {timeout} s, {patience} s |");
    }
    table
}

fn functions() -> String {
    let mut text = String::from("\n/* What a host says, as in vars.um_call_router.startup_mode = \"Dual\":\n *\n");
    for Fact { key, meaning, .. } in facts::all() {
        let _ = writeln!(text, " * {key:18}{meaning}");
    }
    text += " *\n * Without any of them: vars.um_call_router = true */\n";
    let keys: Vec<_> = facts::all().iter().map(|fact| format!("  {}", quoted(&fact.key))).collect();
    let names = |is_meant: fn(&ScheduledService) -> bool| {
        let names = services().filter(|check| is_meant(check)).map(|check| format!("  {}", quoted(check.name)));
        names.collect::<Vec<_>>().join(",\n")
    };
    text + &FUNCTIONS
        .replace("@KEYS@", &keys.join(",\n"))
        .replace("@CHECKS@", &names(|check| check.vantage != Vantage::Whole))
        .replace("@OF_SERVER@", &names(|check| check.vantage == Vantage::Agent))
}

fn apply(check: &ScheduledService) -> String {
    let command = command_name(check.plugin);
    let sources = facts::source(check);

    let mut text = head(check, (check.name, check.title), check.vantage == Vantage::Agent);
    for (option, value) in check.arguments {
        let option = option.trim_start_matches('-').replace('-', "_");
        let _ = writeln!(text, "  vars.{command}_{option} = {}", quoted(value));
    }
    for (variable, key) in facts::filled_in(check) {
        text += &given(&format!("{command}_{variable}"), key);
    }
    if check.vantage == Vantage::Tls {
        let _ = writeln!(text, "  vars.{command}_tls_name = um_router(host).tls_name || host.name");
    }
    if let Some((option, key)) = &sources {
        text += &given(&format!("{command}_{option}"), key);
        if let Some(max_age) = max_age(check, command) {
            let _ = writeln!(text, "  if (um_router(host).{key}) {{ {max_age} }}");
        }
    }
    let condition = match check.vantage {
        Vantage::Network => "um_speaks(host, \"TCP\")".to_owned(),
        Vantage::Tls => "um_speaks(host, \"TLS\")".to_owned(),
        Vantage::Call => "um_router(host).call_routing".to_owned(),
        Vantage::Directory => "um_router(host).domain || um_router(host).domain_controller".to_owned(),
        Vantage::Agent | Vantage::Whole => is_asked_of_server(check),
    };
    text + &tail(&condition, check.name)
}

/// What every rule begins with.
pub(super) fn head(check: &ScheduledService, (name, title): (&str, &str), runs_on_agent: bool) -> String {
    let command = command_name(check.plugin);
    let mut text = format!("\napply Service {} {{\n  import \"um-call-router\"\n\n", quoted(name));
    let _ = write!(
        text,
        "  display_name = {}\n  check_command = {}\n  check_interval = {}m\n  retry_interval = {}m\n  \
         max_check_attempts = {}\n  check_timeout = {}s\n  command_endpoint = um_endpoint(host, {runs_on_agent})\n",
        quoted(title),
        quoted(command),
        check.interval,
        check.retry,
        check.attempts,
        check.timeout + GRACE,
    );
    let _ = writeln!(text, "  notes = {}\n", quoted(&notes(&plugin_of(check))));
    let _ = writeln!(text, "  vars.{command}_timeout = {}", check.timeout);
    text + &verbose(command)
}

/// Whoever is told reads server, time, credentials and what the peer said, unless the host says otherwise.
pub(super) fn verbose(command: &str) -> String {
    let variable = format!("{command}_verbose");
    format!("  if (!host.vars.contains({})) {{ vars.{variable} = 1 }}\n", quoted(&variable))
}

/// What every rule ends with.
pub(super) fn tail(condition: &str, name: &str) -> String {
    format!("\n  assign where {condition}\n  ignore where um_omits(host, {})\n}}\n", quoted(name))
}

/// Where somebody can say what only the server knows: its agent, or whatever else brings it from there.
fn is_asked_of_server(check: &ScheduledService) -> String {
    let source = facts::source(check).map(|(_, key)| format!("um_router(host).{key} || "));
    source.unwrap_or_default() + "um_router(host).agent"
}

/// How old an export may be, as the check of its own has it; `variable_of` is the command whose variable that is.
pub(super) fn max_age(check: &ScheduledService, variable_of: &str) -> Option<String> {
    let Elsewhere::Export { max_age, .. } = check.elsewhere else { return None };
    let own = format!("{}_max_age", command_name(check.plugin));
    let variable = match variable_of == command_name(check.plugin) {
        true => own.clone(),
        false => format!("{variable_of}_{}", own.trim_start_matches("um_")),
    };
    Some(format!("vars.{variable} = host.vars.{own} || {}", quoted(max_age)))
}

pub(super) fn given(variable: &str, key: &str) -> String {
    format!("  if (um_router(host).{key}) {{ vars.{variable} = um_router(host).{key} }}\n")
}

/// What it is and what to do. A report says the same of the very failure, but only once there is one.
pub fn notes(plugin: &Plugin) -> String {
    let about = plugin.about;
    let typical = [Class::Status, Class::Expired, Class::Stopped]
        .into_iter()
        .find(|class| about.classes().any(|known| known == *class));
    format!("{} When it alerts: {}", purpose(plugin), about.advise(typical))
}

/// One alert for an agent that is gone, instead of one for each check that it would run.
fn agent() -> String {
    let of_server = services().filter(|check| check.vantage == Vantage::Agent).map(|check| check.name.to_owned());
    let whole =
        services().filter(|check| check.vantage == Vantage::Whole).map(|check| format!("{}-server", check.name));
    let names: Vec<_> = whole.chain(of_server).map(|name| format!("    {}", quoted(&name))).collect();
    AGENT.replace("@CHECKS@", &names.join(",\n"))
}

fn dependencies() -> String {
    let mut parents: Vec<_> = services().filter_map(|check| check.depends_on).collect();
    parents.sort_unstable();
    parents.dedup();
    let dependency = |parent: &str| {
        let children: Vec<_> =
            services().filter(|check| check.depends_on == Some(parent)).map(|check| quoted(check.name)).collect();
        format!(
            "\n// When {parent} has told, these have nothing to add.\napply Dependency {parent_name} to Service {{\n  \
             parent_service_name = {parent_name}\n  states = [ OK, Warning ]\n  disable_notifications = true\n\n  \
             assign where service.name in [ {} ] && ({is_there})\n  ignore where um_omits(host, {parent_name})\n}}\n",
            children.join(", "),
            parent_name = quoted(parent),
            is_there = services().filter(|check| check.name == parent).map(is_asked_of_server).collect::<String>(),
        )
    };
    parents.into_iter().map(dependency).collect()
}

const FUNCTIONS: &str = r#"
globals.um_facts = [
@KEYS@
]

globals.um_checks = [
@CHECKS@
]

globals.um_checks_of_server = [
@OF_SERVER@
]

globals.um_router = function(host) {
  um_check_variables(host)
  var said = host.vars.um_call_router
  if (typeof(said) != Dictionary) { return if (said) { {} } else { null } }
  // A fact misspelt would be a check missed.
  for (key => value in said) {
    if (!(key in um_facts)) { throw "Host '" + host.name + "': there is no vars.um_call_router." + key }
  }
  for (name in said.without || []) {
    if (!(name in um_checks) && !(name in [ "um-agent", "um-call-router", "um-call-router-server" ])) {
      throw "Host '" + host.name + "': vars.um_call_router.without: there is no check " + name
    }
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
  var router = um_router(host)
  if (router == null) { return false }
  // One service in place of all others, but for whether its agent is there.
  if (router.whole && !(check in [ "um-call-router", "um-call-router-server", "um-agent" ])) { return true }
  return check in router.without
}

// The names by which check_um_call_router knows them.
globals.um_rows = function(checks) {
  return checks.map(function(check) { return check.substr(3).replace("-", "_") })
}

// Whether one of these is asked: what is said for others would have no effect.
globals.um_wants = function(host, rows) {
  var without = um_rows(um_router(host).without || [])
  return rows.filter(function(row) use(without) { return !(row in without) }).len() > 0
}

globals.um_asked_on_server = function(host) {
  var without = um_router(host).without || []
  return um_rows(um_checks_of_server.filter(function(check) use(without) { return !(check in without) }))
}

// What the run over the network leaves to the agent, and what the host is not to have.
globals.um_left_out = function(host) {
  var router = um_router(host)
  var without = router.without || []
  var agents = if (router.agent) { um_checks_of_server } else { [] }
  return um_rows(um_checks.filter(function(check) use(without, agents) { return check in without || check in agents }))
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
  display_name = "@HEALTH_SET@"
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
    if (!("um-call-router" in service.groups) || service.name == "@HEALTH_SET@") { continue }
    if (service.last_check_result == null || service.downtime_depth > 0) { continue }
    var state = service.last_hard_state
    count += 1
    if (state != 0) { named.add(service.name + " " + words[state]) }
    if (ranks[state] > ranks[worst]) { worst = state }
  }
  if (count == 0) { return { state = 3, text = "@HEALTH_SET@ UNKNOWN - no check has a result yet" } }
  var text = if (named.len() == 0) { "all " + count + " checks" } else { named.sort().join(", ") + " (of " + count + " checks)" }
  return { state = worst, text = "@HEALTH_SET@ " + words[worst] + " - " + text }
}

apply Service "@HEALTH_SET@" {
  import "um-call-router"

  check_command = "dummy"
  check_interval = 1m
  retry_interval = 1m
  max_check_attempts = 1
  enable_notifications = false
  notes = "The worst state of the checks of this host that stand for Exchange's health set @HEALTH_SET@."

  vars.dummy_state = {{ um_roll_up(macro("$host.name$")).state }}
  vars.dummy_text = {{ um_roll_up(macro("$host.name$")).text }}

  assign where um_router(host) != null
  ignore where um_router(host).whole
}
"#;
