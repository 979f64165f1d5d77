//! How does one service stand for many? The check that asks all others, once for each side from which they are asked.

use std::fmt::Write;

use check_um::checks::schedule::{ScheduledService, Vantage};

use super::services::{head, max_age, tail};
use super::{facts, quoted};
use crate::register::services;

/// Its two rules: each question is put from where its own service would put it, so what an agent can say is asked on it.
pub fn text(check: &ScheduledService) -> String {
    let whole = "um_router(host).whole";
    let mut from_network = head(check, (check.name, check.title), false);
    from_network += FROM_NETWORK;
    // Where nobody asks on the server, this run reads what was brought from it.
    let read = read().lines().map(|line| format!("  {line}\n")).collect::<String>();
    let _ = write!(from_network, "  if (!um_router(host).agent) {{\n{read}  }}\n");
    from_network += &tail(whole, check.name);

    let name = format!("{}-server", check.name);
    let mut on_server = head(check, (&name, &format!("{}, on the server", check.title)), true);
    on_server += ON_SERVER;
    on_server += &self::read();
    let is_wanted = "um_asked_on_server(host).len() > 0";
    from_network + &on_server + &tail(&format!("{whole} && um_router(host).agent && {is_wanted}"), &name)
}

/// Where it reads what only the server knows, as far as somebody reads it: an option without an effect is refused.
fn read() -> String {
    let mut sources: Vec<(String, Vec<&ScheduledService>)> = Vec::new();
    for check in services().filter(|check| check.vantage == Vantage::Agent) {
        let Some((_, key)) = facts::source(check) else { continue };
        match sources.iter_mut().find(|(known, _)| *known == key) {
            Some((_, readers)) => readers.push(check),
            None => sources.push((key, vec![check])),
        }
    }
    let lines = |(key, readers): &(String, Vec<&ScheduledService>)| {
        let rows: Vec<_> =
            readers.iter().map(|check| quoted(&check.name.replacen("um-", "", 1).replace('-', "_"))).collect();
        // Its option is named as the fact is.
        let given = format!("vars.um_call_router_{key} = um_router(host).{key}");
        let max_age = readers.iter().find_map(|check| max_age(check, "um_call_router"));
        let max_age = max_age.map_or_else(String::new, |line| format!("    {line}\n"));
        format!(
            "  if (um_router(host).{key} && um_wants(host, [ {} ])) {{\n    {given}\n{max_age}  }}\n",
            rows.join(", ")
        )
    };
    sources.iter().map(lines).collect()
}

const FROM_NETWORK: &str = r#"  if (um_router(host).startup_mode) { vars.um_call_router_startup_mode = um_router(host).startup_mode }
  if (um_router(host).call_routing && um_wants(host, [ "call_routing" ])) {
    vars.um_call_router_call = um_router(host).call_routing
  }
  if (um_router(host).tcp_port && (um_speaks(host, "TCP") || um_router(host).call_routing)) {
    vars.um_call_router_tcp_port = um_router(host).tcp_port
  }
  if (um_speaks(host, "TLS")) {
    if (um_router(host).tls_port) { vars.um_call_router_tls_port = um_router(host).tls_port }
    var over_tls = [ "sip_options_tls", "cert_expiry" ]
    // A router that speaks nothing else is called over TLS, too.
    if (!um_speaks(host, "TCP") && um_router(host).call_routing) { over_tls.add("call_routing") }
    if (um_wants(host, over_tls)) {
      vars.um_call_router_tls_name = um_router(host).tls_name || host.name
    }
  }
  if (um_wants(host, [ "ad_ds" ])) {
    if (um_router(host).domain) {
      vars.um_call_router_domain = um_router(host).domain
    } else if (um_router(host).domain_controller) {
      vars.um_call_router_domain_controller = um_router(host).domain_controller
    }
  }
  vars.um_call_router_without = um_left_out(host)
"#;

const ON_SERVER: &str = r#"  vars.um_call_router_hostname = "localhost"
  vars.um_call_router_only = um_asked_on_server(host)
"#;
