//! How do Nagios and Naemon run the health set? Their commands, templates, and a sample site.

mod sip_server;

use check_um::checks::schedule::{ScheduledService, Vantage};
use check_um::door::report::HEALTH_SET;

use crate::File;
use crate::register::{plugin_of, services};
use crate::timeouts::CALL;

/// Everything below `nagios/` but its README.
pub fn files() -> Vec<File> {
    let file = |name: &str, content: String| File { path: format!("nagios/{name}"), content };
    vec![
        file("commands.cfg", commands() + &sip_server::commands() + NOTIFY),
        file("templates.cfg", templates() + &sip_server::templates() + CONTACT),
        file("routers.cfg", routers()),
        file("sip-servers.cfg", sip_server::servers()),
        file("check-variables", check_variables()),
    ]
}

/// The host's custom variable with further options for this check: `_UM_SIP_OPTIONS`.
pub fn variable(check: &ScheduledService) -> String {
    format!("_{}", check.name.replace('-', "_").to_uppercase())
}

/// The same as a macro: `$_HOSTUM_SIP_OPTIONS$`.
fn value_of(variable: &str) -> String {
    format!("$_HOST{}$", &variable[1..])
}

fn commands() -> String {
    let mut text = String::from(
        "# How is each check of the health set UM.CallRouter run? Copied as it is: what differs from host to host is said\n\
         # there, in its custom variables, whose words follow the fixed ones. Of a repeated option the last one wins.\n",
    );
    for check in services() {
        text += &define("command", &[("command_name", check.name.to_owned()), ("command_line", command_line(check))]);
    }
    text
}

fn command_line(check: &ScheduledService) -> String {
    if check.vantage == Vantage::Agent {
        // An agent that cannot be reached says nothing about the router: UNKNOWN.
        let agent = format!("$USER1$/check_nrpe -H $HOSTADDRESS$ -t {CALL}:UNKNOWN -u {}", value_of(AGENT));
        return format!("{agent} -c {}", check.name);
    }
    let mut words = vec![format!("$USER1$/{}", check.plugin)];
    if check.vantage != Vantage::Directory {
        words.push("-H $HOSTADDRESS$".to_owned());
    }
    // Whoever is told reads server, time, credentials and what the peer said.
    words.push(format!("-t {} -v", check.timeout));
    words.extend(check.arguments.iter().map(|(option, value)| format!("{option} {value}")));
    if check.vantage == Vantage::Tls {
        words.push(value_of(TLS));
    }
    words.extend([value_of(&variable(check)), "$ARG1$".to_owned()]);
    words.join(" ")
}

/// What a Call Router may say.
fn variables() -> Vec<String> {
    let own = services().filter(|check| check.vantage != Vantage::Agent).map(variable);
    [TLS.to_owned(), AGENT.to_owned()].into_iter().chain(own).collect()
}

/// What says which variables there are: Nagios takes any, and one misspelt would be an option that nobody gives.
fn check_variables() -> String {
    let known: Vec<_> = variables().into_iter().chain(sip_server::variables()).collect();
    CHECK_VARIABLES.replace("@KNOWN@", &known.join(" "))
}

fn templates() -> String {
    let mut host = vec![
        ("name", "um-call-router".to_owned()),
        ("use", "generic-host".to_owned()),
        ("check_command", "check-host-alive".to_owned()),
        ("check_period", "24x7".to_owned()),
        ("check_interval", "5".to_owned()),
        ("retry_interval", "1".to_owned()),
        ("max_check_attempts", "3".to_owned()),
        ("contact_groups", "admins".to_owned()),
    ];
    let variables = variables();
    host.extend(variables.iter().map(|variable| (variable.as_str(), String::new())));
    host.push(("register", "0".to_owned()));

    let mut text = String::from(
        "# What do all Call Routers have in common? Copied as it is. For a variable that a host lacks Nagios would leave a\n\
         # stray dollar sign in the command: hence the empty ones.\n",
    );
    text += &define("host", &host);
    text += &define("servicegroup", &[("servicegroup_name", GROUP.to_owned()), ("alias", HEALTH_SET.to_owned())]);
    text += "\n# The rhythm is that of the health set, in units of interval_length, which is a minute where nobody changed it.\n";
    for check in services() {
        let mut service = vec![
            ("name", check.name.to_owned()),
            ("use", "generic-service".to_owned()),
            ("service_description", check.title.to_owned()),
            ("check_command", check.name.to_owned()),
            ("check_interval", check.interval.to_string()),
            ("retry_interval", check.retry.to_string()),
            ("max_check_attempts", check.attempts.to_string()),
        ];
        // Nagios repeats a notification after a check only, and warns of an interval between two that is shorter.
        service.extend((check.interval > 60).then(|| ("notification_interval", check.interval.to_string())));
        service.push(("servicegroups", GROUP.to_owned()));
        service.push(("notes", notes(check)));
        service.push(("register", "0".to_owned()));
        text += &define("service", &service);
    }
    text
}

/// What the plugin's help says of it.
fn notes(check: &ScheduledService) -> String {
    let about = plugin_of(check).command.get_about().map(ToString::to_string).unwrap_or_default();
    format!("{about} ({})", check.plugin)
}

fn routers() -> String {
    let mut text = String::from(SITE);
    for (vantage, heading) in PARTS {
        let part: Vec<_> = services().filter(|check| check.vantage == *vantage).collect();
        let service = |check: &&ScheduledService| {
            define("service", &[("use", check.name.to_owned()), ("hostgroup_name", hosts(check).to_owned())])
        };
        text += &(heading.to_string() + &part.iter().map(service).collect::<String>());
        // What hangs on an agent's check goes with the agent.
        if *vantage == Vantage::Agent {
            text += &dependencies(*vantage);
        }
    }
    for (vantage, heading) in DEPENDENCIES {
        text += &(heading.to_string() + &dependencies(*vantage));
    }
    text
}

fn dependencies(vantage: Vantage) -> String {
    let part = services().filter(|check| check.vantage == vantage);
    part.filter_map(|check| Some(dependency(check, check.depends_on?))).collect()
}

/// No notification about `check` of a host while its check `on` has the cause.
fn dependency(check: &ScheduledService, on: &str) -> String {
    let titles = services().filter(|other| other.name == on).map(|other| other.title.to_owned());
    define(
        "servicedependency",
        &[
            ("hostgroup_name", hosts(check).to_owned()),
            ("service_description", titles.collect()),
            ("dependent_service_description", check.title.to_owned()),
            ("notification_failure_criteria", "w,c".to_owned()),
        ],
    )
}

/// Which hosts have this check.
fn hosts(check: &ScheduledService) -> &'static str {
    match check.vantage {
        Vantage::Call => CALLED,
        Vantage::Whole => WHOLE,
        _ => HOSTS,
    }
}

/// One object definition.
fn define(kind: &str, directives: &[(&str, String)]) -> String {
    let width = directives.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines =
        directives.iter().map(|(name, value)| format!("    {name:width$}  {value}").trim_end().to_owned() + "\n");
    format!("\ndefine {kind} {{\n{}}}\n", lines.collect::<String>())
}

/// The stock command says the first line only. Nagios takes out of it what a shell could take for more than text.
const NOTIFY: &str = r#"
# A mail with all that a check said: what is wrong, server, time, credentials, reason and advice.
define command {
    command_name  notify-um-service-by-email
    command_line  /usr/bin/printf "%b" "$NOTIFICATIONTYPE$: $SERVICEDESC$ of $HOSTALIAS$ ($HOSTADDRESS$) is $SERVICESTATE$\n\n$LONGDATETIME$\n\n$SERVICEOUTPUT$\n$LONGSERVICEOUTPUT$\n" | /usr/bin/mail -s "$NOTIFICATIONTYPE$: $HOSTALIAS$: $SERVICEDESC$ is $SERVICESTATE$" $CONTACTEMAIL$
}
"#;

const CHECK_VARIABLES: &str = r#"#!/bin/sh
# Which variables of hosts are misspelt? Each _UM_ and _SIP_ variable of these files that no command of check-um reads is named, and the
# exit code is 1. Nagios itself takes any name.
#
# check-variables FILE...
[ $# -gt 0 ] || { echo "check-variables: expected the files with the hosts" >&2; exit 2; }
exec awk '
BEGIN {
    count = split("@KNOWN@", names, " ")
    for (at = 1; at <= count; at++) known[names[at]] = 1
}
toupper($1) ~ /^_(UM|SIP)_/ && !(toupper($1) in known) {
    printf "%s:%d: there is no %s: expected one of", FILENAME, FNR, $1
    for (at = 1; at <= count; at++) printf " %s", names[at]
    print ""
    misspelt = 1
}
END { exit misspelt }' "$@"
"#;

const CONTACT: &str = r#"
# Whoever is told of all this: service_notification_commands of a contact, or the whole template.
define contact {
    name                           um-contact
    use                            generic-contact
    service_notification_commands  notify-um-service-by-email
    register                       0
}
"#;

/// Options of every TLS check: whom it trusts, by which name.
const TLS: &str = "_UM_TLS";
/// Options of check_nrpe.
const AGENT: &str = "_UM_NRPE";
const GROUP: &str = "um-call-router";
const HOSTS: &str = "um-call-routers";
/// Those that may be called.
const CALLED: &str = "um-call-routing";
/// Those that have one service in place of all others.
const WHOLE: &str = "um-call-routers-whole";

const SITE: &str = "\
# Which Call Routers are there? The one file to edit: your hosts in the place of the sample, then delete the parts that
# they have no use for. Options of a check are a variable of the host: its name in capitals.

define hostgroup {
    hostgroup_name  um-call-routers
    alias           UM Call Routers
}

# Of these a call is made: only where the host that asks is a UM IP gateway, for the router counts a stranger's call as
# rejected. Whom to call is said in _UM_CALL_ROUTING.
define hostgroup {
    hostgroup_name  um-call-routing
    alias           UM Call Routers that may be called
}

# These have one service in place of the others, which asks in one run what can be asked from here: not in um-call-routers. Of the
# server itself it knows what it is told where to read; what it then misses it warns of, and what it is not to ask is left out.
define hostgroup {
    hostgroup_name  um-call-routers-whole
    alias           UM Call Routers with one service
}

define host {
    use                 um-call-router
    host_name           cas1.example.com
    address             192.0.2.10
    hostgroups          um-call-routers,um-call-routing
    _UM_SIP_OPTIONS     -w 1 -c 3
    _UM_CALL_ROUTING    -u sip:5000@cas1.example.com -w 2 -c 5
    _UM_TLS             --tls-name cas1.example.com
    _UM_AD_DS           --domain example.com
}

define host {
    use                 um-call-router
    host_name           cas3.example.com
    address             192.0.2.12
    hostgroups          um-call-routers-whole
    _UM_CALL_ROUTER     --domain example.com --startup-mode Dual --tls-name cas3.example.com --counters prometheus:http://cas3.example.com:9182/metrics --service-source prometheus:http://cas3.example.com:9182/metrics --without call_routing --without health_set --without events --not-asked-warning 0
}
";

const PARTS: &[(Vantage, &str)] = &[
    (Vantage::Network, "\n# --- From here, over TCP: the startup modes TCP, which is the default, and Dual\n"),
    (Vantage::Call, "\n# --- From here, if this is a UM IP gateway: a call, over TCP\n"),
    (Vantage::Directory, "\n# --- From here: the directory that the routers depend on\n"),
    (Vantage::Tls, "\n# --- From here, over TLS: the startup modes TLS and Dual\n"),
    (Vantage::Whole, "\n# --- From here: one service in place of the others\n"),
    (Vantage::Agent, "\n# --- On the server itself, where there is an agent (../agents/)\n"),
];

const DEPENDENCIES: &[(Vantage, &str)] = &[
    (
        Vantage::Network,
        "\n# --- With an agent and over TCP: whoever reads that the service is stopped needs no second alert\n",
    ),
    (Vantage::Call, "\n# --- With an agent and a call\n"),
    (Vantage::Tls, "\n# --- With an agent and over TLS\n"),
];
