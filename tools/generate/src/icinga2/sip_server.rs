//! Which checks does Icinga 2 give to a SIP server that is no Call Router? A rule for each way in which it is asked.

use std::fmt::Write;

use super::services::{GRACE, verbose};
use super::{command_name, header, quoted};
use crate::sip_server::{Asks, FACTS, Fact, SERVICES, SipService, Transport};

/// All of `um-sip-servers.conf`.
pub fn text() -> String {
    let mut text = header(
        "SIP OPTIONS, certificate, targets and calls for every host with vars.sip_server: a PBX, a proxy, a session border \
         controller, a trunk. Beside um-services.conf or without it.",
    );
    text += "\n/* What a host says, as in vars.sip_server.transports = [ \"udp\", \"tls\" ]:\n *\n";
    for Fact { key, meaning } in FACTS {
        let _ = writeln!(text, " * {key:15}{}", meaning.replace('`', ""));
    }
    text += " *\n * Without any of them: vars.sip_server = true */\n";
    let keys: Vec<_> = FACTS.iter().map(|fact| format!("  {}", quoted(fact.key))).collect();
    let names: Vec<_> = SERVICES.iter().map(|service| format!("  {}", quoted(service.name))).collect();
    text += &FUNCTIONS.replace("@KEYS@", &keys.join(",\n")).replace("@CHECKS@", &names.join(",\n"));
    text + &SERVICES.iter().map(apply).collect::<String>()
}

/// The facts as the README shows them.
pub fn facts() -> String {
    let rows = FACTS.iter().map(|fact| format!("| `{}` | {} |\n", fact.key, fact.meaning));
    String::from("| fact | meaning |\n|---|---|\n") + &rows.collect::<String>()
}

/// The checks as the README shows them.
pub fn table() -> String {
    let row = |service: &SipService| {
        let place = match service.asks {
            Asks::Options(transport) => format!("`transports` has `{}`", transport.word()),
            Asks::Certificate => "`transports` has `tls`".to_owned(),
            Asks::Targets => "`domain`".to_owned(),
            Asks::Call => "`call`".to_owned(),
        };
        let SipService { name, interval, attempts, .. } = service;
        format!("| `{name}` | {place} | {interval} min | {attempts} failures |\n")
    };
    String::from("| check | where | every | told after |\n|---|---|---|---|\n")
        + &SERVICES.iter().map(row).collect::<String>()
}

fn apply(service: &SipService) -> String {
    let command = command_name(service.plugin);
    let mut text = format!("\napply Service {} {{\n  import \"um-sip-server\"\n\n", quoted(service.name));
    let _ = write!(
        text,
        "  display_name = {}\n  check_command = {}\n  check_interval = {}m\n  retry_interval = 1m\n  \
         max_check_attempts = {}\n  check_timeout = {}s\n  command_endpoint = sip_server(host).satellite\n\n",
        quoted(service.title),
        quoted(command),
        service.interval,
        service.attempts,
        service.timeout + GRACE,
    );
    let _ = writeln!(text, "  vars.{command}_timeout = {}", service.timeout);
    text += &verbose(command);
    let peer = quoted(&format!("{command}_peer"));
    let _ = writeln!(text, "  if (!host.vars.contains({peer})) {{ vars.{command}_peer = \"generic\" }}");
    text += &own(service, command);
    let condition = match service.asks {
        Asks::Options(transport) => format!("sip_speaks(host, {})", quoted(transport.word())),
        Asks::Certificate => "sip_speaks(host, \"tls\")".to_owned(),
        Asks::Targets => "sip_server(host).domain".to_owned(),
        Asks::Call => "sip_server(host).call".to_owned(),
    };
    let _ =
        write!(text, "\n  assign where {condition}\n  ignore where sip_omits(host, {})\n}}\n", quoted(service.name));
    text
}

/// What each way of asking says beside the others.
fn own(service: &SipService, command: &str) -> String {
    let port =
        |key: &str| format!("  if (sip_server(host).{key}) {{ vars.{command}_port = sip_server(host).{key} }}\n");
    let tls = format!("  vars.{command}_tls_name = sip_server(host).tls_name || host.name\n");
    match service.asks {
        Asks::Options(transport) => {
            let mut text = format!("  vars.{command}_transport = {}\n", quoted(transport.word()));
            text += &port(transport.port());
            text += if transport == Transport::Tls { &tls } else { "" };
            text + &format!("  if (sip_server(host).uri) {{ vars.{command}_uri = sip_server(host).uri }}\n")
        }
        Asks::Certificate => port(Transport::Tls.port()) + &tls,
        Asks::Targets => TARGETS.to_owned(),
        Asks::Call => CALL.to_owned(),
    }
}

const FUNCTIONS: &str = r#"
globals.sip_facts = [
@KEYS@
]

globals.sip_checks = [
@CHECKS@
]

globals.sip_server = function(host) {
  // A name misspelt would be a host without checks.
  for (name => value in host.vars || {}) {
    var is_ours = if (host.vars.sip_server) { match("sip_*", name) } else { match("sip_s*", name.lower()) }
    if ((is_ours || match("sip*serv*", name.lower())) && name != "sip_server") {
      throw "Host '" + host.name + "': there is no vars." + name + ": expected sip_server"
    }
  }
  var said = host.vars.sip_server
  if (!said) { return null }
  um_check_variables(host)
  if (typeof(said) != Dictionary) { return {} }
  // A fact misspelt would be a check missed.
  for (key => value in said) {
    if (!(key in sip_facts)) { throw "Host '" + host.name + "': there is no vars.sip_server." + key }
  }
  for (transport in said.transports || []) {
    if (!(transport in [ "udp", "tcp", "tls" ])) {
      throw "Host '" + host.name + "': vars.sip_server.transports has '" + transport + "': expected udp, tcp or tls"
    }
  }
  for (name in said.without || []) {
    if (!(name in sip_checks)) { throw "Host '" + host.name + "': vars.sip_server.without: there is no check " + name }
  }
  return said
}

globals.sip_speaks = function(host, transport) {
  var server = sip_server(host)
  if (server == null) { return false }
  // Whoever is a domain need not be a server as well.
  return transport in (server.transports || if (server.domain) { [] } else { [ "udp" ] })
}

globals.sip_omits = function(host, check) {
  var server = sip_server(host)
  return server == null || check in server.without
}

template Service "um-sip-server" {
  groups = [ "um-sip-server" ]
}

object ServiceGroup "um-sip-server" {
  display_name = "SIP servers"
}

object HostGroup "um-sip-server" {
  display_name = "SIP servers"
  assign where sip_server(host) != null
}
"#;

const TARGETS: &str = r#"  vars.um_sip_options_hostname = sip_server(host).domain
  vars.um_sip_options_srv = true
  vars.um_sip_options_all_addresses = true
  vars.um_sip_options_down_warning = sip_server(host).down_warning || "0"
  vars.um_sip_options_down_critical = sip_server(host).down_critical || "50%"
  if (sip_server(host).uri) { vars.um_sip_options_uri = sip_server(host).uri }
"#;

const CALL: &str = r#"  vars.um_call_routing_uri = sip_server(host).call
  var transport = if (sip_server(host).transports) { sip_server(host).transports[0] } else { "udp" }
  vars.um_call_routing_transport = transport
  if (sip_server(host)[transport + "_port"]) { vars.um_call_routing_port = sip_server(host)[transport + "_port"] }
  if (transport == "tls") { vars.um_call_routing_tls_name = sip_server(host).tls_name || host.name }
"#;
