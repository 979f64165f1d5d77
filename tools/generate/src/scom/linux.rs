//! What do the packs for agents on Linux hold, which ask a Call Router, or any other SIP server, from outside?
//!
//! A Linux host becomes a watcher by naming the server in a file. The agent's answer is the program's text and exit
//! code; numbers are not collected this way.

use check_um::checks::schedule::{ScheduledService, Vantage};

use super::discovery::{Found, discovery, settings_of};
use super::modules::{
    chain, compared, declared, detections, filters, joined, module, overrideable, query, states, value,
};
use super::monitoring::{Platform, RollUp, add_monitor, add_roll_up, add_task};
use super::names::Names;
use super::pack::{Pack, Reference};
use super::parameters::{Parameter, command_line, default};
use super::views::add_views;
use super::xml::{Element, element, leaf};
use super::{Watched, watched};
use crate::{register, sip_server};

const REFERENCES: &[Reference] = &[
    Reference { alias: "System", id: "System.Library", version: "7.5.8501.0" },
    Reference { alias: "Health", id: "System.Health.Library", version: "7.0.8433.0" },
    Reference { alias: "SC", id: "Microsoft.SystemCenter.Library", version: "7.0.8433.0" },
    Reference { alias: "Unix", id: "Microsoft.Unix.Library", version: "7.4.4337.0" },
];

/// What is watched from Linux, and what it is called.
struct Profile {
    platform: Platform,
    /// The name of the pack, and what it does.
    about: (&'static str, &'static str),
    /// What is watched, with the words in front of it in titles.
    server: (&'static str, &'static str),
    /// The file that makes a host a watcher: its first line is the server's name.
    file: &'static str,
    /// The property of the class that holds this name.
    property: &'static str,
    roll_up: RollUp,
    watched: fn() -> Vec<Watched>,
}

const CALL_ROUTER: Profile = Profile {
    platform: Platform {
        names: Names("CheckUm.CallRouter.Linux"),
        host: |_| ROUTER,
        is_on_server: false,
        alert: (&[COMPUTER, ROUTER, EXIT_CODE, OUTPUT], ALERT_TEXT),
    },
    about: (
        "check-um: UM Call Router, asked from Linux",
        "Asks the Unified Messaging Call Router of Exchange 2013 and 2016 from Linux by the plugins of check-um.",
    ),
    server: ("UM ", "Call Router"),
    file: "/etc/check-um/call-router",
    property: "Router",
    roll_up: RollUp::HEALTH_SET,
    // A domain controller is not known to a Linux host; the router's own agent asks it.
    watched: || {
        let is_asked = |vantage| matches!(vantage, Vantage::Network | Vantage::Tls | Vantage::Call | Vantage::Whole);
        watched(register::services().filter(|check| is_asked(check.vantage)))
    },
};

const SIP_SERVER: Profile = Profile {
    platform: Platform {
        names: Names("CheckUm.SipServer.Linux"),
        host: |_| SERVER,
        is_on_server: false,
        alert: (&[COMPUTER, SERVER, EXIT_CODE, OUTPUT], ALERT_TEXT),
    },
    about: (
        "check-um: SIP server, asked from Linux",
        "Asks a SIP server, or the servers of a domain, from Linux by the plugins of check-um.",
    ),
    server: ("", "SIP server"),
    file: "/etc/check-um/sip-server",
    property: "Server",
    roll_up: RollUp::SIP_SERVER,
    watched: || watched(sip_server::services()),
};

const ROUTER: &str = r#"$Target/Property[Type="CheckUm.CallRouter.Linux.Server"]/Router$"#;
const SERVER: &str = r#"$Target/Property[Type="CheckUm.SipServer.Linux.Server"]/Server$"#;
const COMPUTER: &str = r#"$Target/Host/Property[Type="Unix!Microsoft.Unix.Computer"]/PrincipalName$"#;
const EXIT_CODE: &str = r#"$Data/Context///*[local-name()="ReturnCode"]$"#;
const OUTPUT: &str = r#"$Data/Context///*[local-name()="StdOut"]$"#;

const ALERT_TEXT: &str = "{1}, asked from {0} (exit code {2}):

{3}";

/// Where the packages of distributions put plugins.
const DIRECTORY: &str = "/usr/lib/nagios/plugins";

/// The packs' ids and their texts.
pub fn packs() -> [(&'static str, String); 2] {
    [CALL_ROUTER, SIP_SERVER].map(|profile| pack(&profile))
}

fn pack(profile: &Profile) -> (&'static str, String) {
    let Profile { platform, about: (name, about), server: (prefix, server), .. } = profile;
    let names = platform.names;
    let mut pack = Pack::new(names.0, REFERENCES);
    pack.name(names.0, name, about);
    add_class(&mut pack, profile);
    add_discovery(&mut pack, profile);
    add_roll_up(&mut pack, names, &profile.roll_up);
    for watched in (profile.watched)() {
        let id = names.of_plugin(watched.plugin.about.name, "MonitorType");
        pack.name(
            &id,
            &format!("{}: monitor", watched.plugin.about.title),
            "Healthy, Warning or Error by the exit code.",
        );
        name_parameters(&mut pack, &id, &watched);
        pack.monitor_types.push(monitor_type(&id, &watched));
        for check in &watched.checks {
            add_monitor(&mut pack, platform, &watched, check);
            let command = by_default(&watched, check, (platform.host)(check));
            add_task(&mut pack, platform, check, execute("Report", &command, "$Target/Host/"));
        }
    }
    add_views(
        &mut pack,
        names,
        &format!("{prefix}{server}s, asked from Linux"),
        &[
            ("StateView", "SC!Microsoft.SystemCenter.StateViewType", &format!("State of the {server}s")),
            ("AlertView", "SC!Microsoft.SystemCenter.AlertViewType", &format!("Alerts of the {server}s")),
        ],
    );
    (names.0, pack.document(name))
}

fn add_class(pack: &mut Pack, profile: &Profile) {
    let Profile { server: (prefix, server), property, .. } = profile;
    let id = profile.platform.names.class();
    pack.name(&id, &format!("{prefix}{server} asked from Linux"), &format!("A Linux host that asks a {server}."));
    pack.name_part((&id, property), server, &format!("Name of the {server} that this host asks."));
    let class = element("ClassType")
        .with("ID", id)
        .with("Accessibility", "Public")
        .with("Abstract", "false")
        .with("Base", "Unix!Microsoft.Unix.LocalApplication")
        .with("Hosted", "true")
        .with("Singleton", "false");
    let property = element("Property").with("ID", *property).with("Type", "string").with("Key", "false");
    pack.classes.push(class.holding([property]));
}

fn add_discovery(pack: &mut Pack, profile: &Profile) {
    let Profile { platform: Platform { names, .. }, server: (_, server), file, property, .. } = profile;
    let reader = format!("{property}File");
    let (id, source_type, class) = (names.only("Discovery"), names.only(&reader), names.class());
    let what = format!("Looks daily for {file}, whose first line is the {}'s name.", property.to_lowercase());
    pack.name(&id, "Discover watchers on Linux", &what);
    let what = format!("Reads the name of the {server} from a file.");
    pack.name(&source_type, &format!("{property} file: data source"), &what);
    pack.name_part((&source_type, "IntervalSeconds"), "Interval (seconds)", "Time from one look to the next.");
    pack.data_sources.push(file_source(profile, &source_type));
    let source = module("DataSource", &reader, &source_type).holding([leaf("IntervalSeconds", "86400")]);
    let found = Found { class: &class, properties: &[property] };
    pack.discoveries.push(discovery(&id, "Unix!Microsoft.Unix.Computer", &found, source));
}

/// The scheduled look into the file, mapped to an instance where the file says something.
fn file_source(profile: &Profile, id: &str) -> Element {
    let (class, property) = (profile.platform.names.class(), profile.property);
    let scheduler = module("DataSource", "Scheduler", "System!System.SimpleScheduler")
        .holding([leaf("IntervalSeconds", "$Config/IntervalSeconds$"), element("SyncTime")]);
    // A shell for the pipe: without the line's end, which would be part of the name.
    let command = format!("head -n 1 {} | tr -d '\\r\\n'", profile.file);
    let read = invoke("Read", "ExecuteShellCommand", &command, "$Target/");
    let computer = r#"$Target/Property[Type="Unix!Microsoft.Unix.Computer"]/PrincipalName$"#.to_owned();
    let said = r#"//*[local-name()="StdOut"]"#;
    let settings = [
        (r#"$MPElement[Name="Unix!Microsoft.Unix.Computer"]/PrincipalName$"#.to_owned(), computer.clone()),
        (r#"$MPElement[Name="System!System.Entity"]/DisplayName$"#.to_owned(), computer),
        (format!(r#"$MPElement[Name="{class}"]/{property}$"#), format!("$Data/{said}$")),
    ];
    let mapper = module("ConditionDetection", "Map", "System!System.Discovery.FilteredClassSnapshotDataMapper")
        .holding([
            leaf("ClassId", format!(r#"$MPElement[Name="{class}"]$"#)),
            element("InstanceSettings").holding([settings_of(&settings)]),
            compared(
                query("String", said),
                "NotEqual",
                element("ValueExpression").holding([element("Value").with("Type", "String")]),
            ),
        ]);
    let composition = element("Composition").holding([chain(&["Map", "Read", "Scheduler"])]);
    let composite =
        element("Composite").holding([element("MemberModules").holding([scheduler, read, mapper]), composition]);
    element("DataSourceModuleType").with("ID", id).with("Accessibility", "Internal").holding([
        declared(&[], &["IntervalSeconds"], &[]),
        overrideable(&[], &["IntervalSeconds"], &[]),
        element("ModuleImplementation").with("Isolation", "Any").holding([composite]),
        leaf("OutputType", "System!System.Discovery.Data"),
    ])
}

fn name_parameters(pack: &mut Pack, id: &str, watched: &Watched) {
    pack.name_part((id, "IntervalSeconds"), "Interval (seconds)", "Time from one run to the next.");
    for parameter in watched.parameters.iter().filter(|parameter| parameter.is_overrideable()) {
        pack.name_part((id, parameter.name()), parameter.title(), parameter.help());
    }
    let help = "Runs in a row with the same bad state that it takes to change the state of the monitor.";
    pack.name_part((id, "MatchCount"), "Runs in a row", help);
}

/// The exit code decides; 127 and the like, when the program could not be run, is not knowing, as 3 is.
fn monitor_type(id: &str, watched: &Watched) -> Element {
    let code = |operator: &str, code: &str| {
        compared(query("Integer", r#"//*[local-name()="ReturnCode"]"#), operator, value("Integer", code))
    };
    let warning = joined("And", [code("NotEqual", "0"), code("NotEqual", "2")]);
    let scheduler = module("DataSource", "Scheduler", "System!System.SimpleScheduler")
        .holding([leaf("IntervalSeconds", "$Config/IntervalSeconds$"), element("SyncTime")]);
    let command = format!("{DIRECTORY}/{} {}", watched.plugin.about.name, command_line(&watched.parameters, "-v"));
    let modules = [
        scheduler,
        execute("Run", &command, "$Target/Host/"),
        module("ProbeAction", "OnDemand", "System!System.PassThroughProbe"),
    ];
    let modules =
        element("MemberModules").holding(modules).holding(filters(code("Equal", "0"), warning, code("Equal", "2")));
    let implementation = element("MonitorImplementation")
        .holding([modules])
        .holding(detections(&["Run", "Scheduler"], &["Run", "OnDemand"]));
    element("UnitMonitorType").with("ID", id).with("Accessibility", "Internal").holding([
        states(),
        declared(&watched.parameters, &["IntervalSeconds"], &["MatchCount"]),
        overrideable(&watched.parameters, &["IntervalSeconds"], &["MatchCount"]),
        implementation,
    ])
}

/// A check's command line with what stands there until it is overridden.
fn by_default(watched: &Watched, check: &ScheduledService, host: &str) -> String {
    let place = |parameter: &Parameter| format!("$Config/{}$", parameter.name());
    let line = command_line(&watched.parameters, "-v");
    let line = watched.parameters.iter().fold(line, |line, parameter| {
        line.replace(&place(parameter), &default(*parameter, &watched.plugin.command, check, host))
    });
    let words: Vec<_> = line.split_whitespace().collect();
    format!("{DIRECTORY}/{} {}", check.plugin, words.join(" "))
}

/// Runs a program without a shell.
fn execute(id: &str, command: &str, computer: &str) -> Element {
    invoke(id, "ExecuteCommand", command, computer)
}

/// The agent's provider for programs, as Microsoft's documentation of the cross-platform agent calls it.
fn invoke(id: &str, action: &str, command: &str, computer: &str) -> Element {
    let schema = "http://schemas.microsoft.com/wbem/wscim/1/cim-schema/2/SCX_OperatingSystem";
    let command = command.replace('&', "&amp;").replace('<', "&lt;");
    let input = format!(
        "<p:{action}_INPUT xmlns:p=\"{schema}\"><p:Command>{command}</p:Command><p:timeout>60</p:timeout></p:{action}_INPUT>"
    );
    module("ProbeAction", id, "Unix!Microsoft.Unix.WSMan.Invoke.ProbeAction").holding([
        leaf("TargetSystem", format!(r#"{computer}Property[Type="Unix!Microsoft.Unix.Computer"]/NetworkName$"#)),
        leaf("Uri", format!("{schema}?__cimnamespace=root/scx")),
        element("Selector"),
        leaf("InvokeAction", action),
        leaf("Input", input),
    ])
}
