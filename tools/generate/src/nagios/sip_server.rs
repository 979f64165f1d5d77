//! How do Nagios and Naemon watch a SIP server that is no Call Router? Its commands, templates, and a sample.

use super::define;
use crate::sip_server::{Asks, SERVICES, SipService, Transport};

/// A command for each question.
pub fn commands() -> String {
    let command = |service: &SipService| {
        define("command", &[("command_name", service.name.to_owned()), ("command_line", command_line(service))])
    };
    SERVICES.iter().map(command).collect()
}

fn command_line(service: &SipService) -> String {
    let mut words = vec![format!("$USER1$/{}", service.plugin)];
    // Whose servers are asked is a domain, which the host says.
    if service.asks != Asks::Targets {
        words.push("-H $HOSTADDRESS$".to_owned());
    }
    words.push(format!("-t {} -v --peer generic", service.timeout));
    match service.asks {
        Asks::Options(transport) => words.push(format!("--transport {}", transport.word())),
        Asks::Targets => words.push("--srv --all-addresses --down-warning 0 --down-critical 50%".to_owned()),
        Asks::Certificate | Asks::Call => {}
    }
    if is_over_tls(service) {
        words.push(format!("$_HOST{}$", &TLS[1..]));
    }
    words.extend([format!("$_HOST{}$", &variable(service)[1..]), "$ARG1$".to_owned()]);
    words.join(" ")
}

fn is_over_tls(service: &SipService) -> bool {
    matches!(service.asks, Asks::Certificate | Asks::Options(Transport::Tls))
}

/// The host's custom variable with further options for this question: `_SIP_OPTIONS_UDP`.
fn variable(service: &SipService) -> String {
    format!("_{}", service.name.replace('-', "_").to_uppercase())
}

/// What such a host may say.
pub fn variables() -> impl Iterator<Item = String> {
    SERVICES.iter().map(variable).chain([TLS.to_owned()])
}

/// A template for such a host, and one for each service.
pub fn templates() -> String {
    let mut host: Vec<_> = [
        ("name", GROUP),
        ("use", "generic-host"),
        ("check_command", "check-host-alive"),
        ("check_period", "24x7"),
        ("check_interval", "5"),
        ("retry_interval", "1"),
        ("max_check_attempts", "3"),
        ("contact_groups", "admins"),
    ]
    .map(|(directive, value)| (directive.to_owned(), value.to_owned()))
    .into();
    host.extend(variables().map(|variable| (variable, String::new())));
    host.push(("register".to_owned(), "0".to_owned()));
    let host: Vec<_> = host.iter().map(|(directive, value)| (directive.as_str(), value.clone())).collect();
    let mut text = String::from("\n# What do all SIP servers have in common that are no Call Routers?\n");
    text += &define("host", &host);
    text += &define("servicegroup", &[("servicegroup_name", GROUP.to_owned()), ("alias", "SIP servers".to_owned())]);
    text + &SERVICES.iter().map(template).collect::<String>()
}

fn template(service: &SipService) -> String {
    let mut directives = vec![
        ("name", service.name.to_owned()),
        ("use", "generic-service".to_owned()),
        ("service_description", service.title.to_owned()),
        ("check_command", service.name.to_owned()),
        ("check_interval", service.interval.to_string()),
        ("retry_interval", "1".to_owned()),
        ("max_check_attempts", service.attempts.to_string()),
    ];
    directives.extend((service.interval > 60).then(|| ("notification_interval", service.interval.to_string())));
    directives.push(("servicegroups", GROUP.to_owned()));
    directives.push(("register", "0".to_owned()));
    define("service", &directives)
}

/// The sample: which servers there are.
pub fn servers() -> String {
    let mut text = String::from(HEAD);
    for service in SERVICES {
        let (group, alias) = group(service);
        // The certificate is that of the servers that speak TLS.
        if service.asks != Asks::Certificate {
            text += &define("hostgroup", &[("hostgroup_name", group.to_owned()), ("alias", alias.to_owned())]);
        }
        text += &define("service", &[("use", service.name.to_owned()), ("hostgroup_name", group.to_owned())]);
    }
    text
}

const fn group(service: &SipService) -> (&'static str, &'static str) {
    match service.asks {
        Asks::Options(Transport::Udp) => ("sip-servers-udp", "SIP servers over UDP"),
        Asks::Options(Transport::Tcp) => ("sip-servers-tcp", "SIP servers over TCP"),
        Asks::Options(Transport::Tls) | Asks::Certificate => ("sip-servers-tls", "SIP servers over TLS"),
        Asks::Targets => ("sip-domains", "Domains with SIP servers"),
        Asks::Call => ("sip-servers-called", "SIP servers with a test extension"),
    }
}

const GROUP: &str = "um-sip-server";
/// Options of every question over TLS: whom it trusts, by which name.
const TLS: &str = "_SIP_TLS";

const HEAD: &str = "\
# Which SIP servers are there that are no Call Routers? The one file to edit: your hosts in the place of the samples, in the groups
# of the transports that they have. Options of a check are a variable of the host: its name in capitals.

define host {
    use                 um-sip-server
    host_name           pbx1.example.com
    address             192.0.2.20
    hostgroups          sip-servers-udp,sip-servers-tcp,sip-servers-tls,sip-servers-called
    _SIP_OPTIONS_UDP    --expect 200,404 -w 1 -c 3
    _SIP_TLS            --tls-name pbx1.example.com
    _SIP_CALL           --transport udp -u sip:echo@pbx1.example.com
}

# A farm behind SRV records: one down is a WARNING, more than half of it CRITICAL. It has no address of its own to be pinged.
define host {
    use                 um-sip-server
    host_name           sip.example.com
    address             127.0.0.1
    hostgroups          sip-domains
    _SIP_TARGETS        -H example.com
}
";
