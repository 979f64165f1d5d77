//! What does the pack for agents on Linux hold, which ask a Call Router from outside?
//!
//! A Linux host becomes a watcher by naming the router in a file. The agent's answer is the program's text and exit
//! code; numbers are not collected this way.

use check_um::checks::schedule::{ScheduledService, Vantage};

use super::discovery::{Found, discovery, settings_of};
use super::modules::{
    chain, compared, declared, detections, filters, joined, module, overrideable, query, states, value,
};
use super::monitoring::{Platform, add_health_set, add_monitor, add_task};
use super::names::Names;
use super::pack::{Pack, Reference};
use super::parameters::{Parameter, command_line, default};
use super::views::add_views;
use super::xml::{Element, element, leaf};
use super::{Watched, watched};

const NAMES: Names = Names("CheckUm.CallRouter.Linux");

const REFERENCES: &[Reference] = &[
    Reference { alias: "System", id: "System.Library", version: "7.5.8501.0" },
    Reference { alias: "Health", id: "System.Health.Library", version: "7.0.8433.0" },
    Reference { alias: "SC", id: "Microsoft.SystemCenter.Library", version: "7.0.8433.0" },
    Reference { alias: "Unix", id: "Microsoft.Unix.Library", version: "7.4.4337.0" },
];

const PLATFORM: Platform = Platform { names: NAMES, host, is_on_server: false, alert: (ALERT_PARAMETERS, ALERT_TEXT) };

fn host(_: &ScheduledService) -> &'static str {
    r#"$Target/Property[Type="CheckUm.CallRouter.Linux.Server"]/Router$"#
}

const ALERT_PARAMETERS: &[&str] = &[
    r#"$Target/Host/Property[Type="Unix!Microsoft.Unix.Computer"]/PrincipalName$"#,
    r#"$Target/Property[Type="CheckUm.CallRouter.Linux.Server"]/Router$"#,
    r#"$Data/Context///*[local-name()="ReturnCode"]$"#,
    r#"$Data/Context///*[local-name()="StdOut"]$"#,
];

const ALERT_TEXT: &str = "{1}, asked from {0} (exit code {2}):

{3}";

/// Where the packages of distributions put plugins.
const DIRECTORY: &str = "/usr/lib/nagios/plugins";
/// The file that makes a host a watcher: its first line is the router's name.
const ROUTER_FILE: &str = "/etc/check-um/call-router";

/// The pack's id and its text.
pub fn pack() -> (&'static str, String) {
    let mut pack = Pack::new(NAMES.0, REFERENCES);
    let name = "check-um: UM Call Router, asked from Linux";
    pack.name(
        NAMES.0,
        name,
        "Asks the Unified Messaging Call Router of Exchange 2013 and 2016 from Linux by the plugins of check-um.",
    );
    add_class(&mut pack);
    add_discovery(&mut pack);
    add_health_set(&mut pack, NAMES);
    // A domain controller is not known to a Linux host; the router's own agent asks it.
    for watched in
        watched(|check| matches!(check.vantage, Vantage::Network | Vantage::Tls | Vantage::Call | Vantage::Whole))
    {
        let id = NAMES.of_plugin(watched.plugin.about.name, "MonitorType");
        pack.name(
            &id,
            &format!("{}: monitor", watched.plugin.about.title),
            "Healthy, Warning or Error by the exit code.",
        );
        name_parameters(&mut pack, &id, &watched);
        pack.monitor_types.push(monitor_type(&id, &watched));
        for check in &watched.checks {
            add_monitor(&mut pack, &PLATFORM, &watched, check);
            let command = by_default(&watched, check);
            add_task(&mut pack, &PLATFORM, check, execute("Report", &command, "$Target/Host/"));
        }
    }
    add_views(
        &mut pack,
        NAMES,
        "UM Call Routers, asked from Linux",
        &[
            ("StateView", "SC!Microsoft.SystemCenter.StateViewType", "State of the Call Routers"),
            ("AlertView", "SC!Microsoft.SystemCenter.AlertViewType", "Alerts of the Call Routers"),
        ],
    );
    (NAMES.0, pack.document(name))
}

fn add_class(pack: &mut Pack) {
    let id = NAMES.class();
    pack.name(&id, "UM Call Router asked from Linux", "A Linux host that asks a Call Router.");
    pack.name_part((&id, "Router"), "Call Router", "Name of the Call Router that this host asks.");
    let class = element("ClassType")
        .with("ID", id)
        .with("Accessibility", "Public")
        .with("Abstract", "false")
        .with("Base", "Unix!Microsoft.Unix.LocalApplication")
        .with("Hosted", "true")
        .with("Singleton", "false");
    let router = element("Property").with("ID", "Router").with("Type", "string").with("Key", "false");
    pack.classes.push(class.holding([router]));
}

fn add_discovery(pack: &mut Pack) {
    let (id, source_type, class) = (NAMES.only("Discovery"), NAMES.only("RouterFile"), NAMES.class());
    pack.name(
        &id,
        "Discover watchers on Linux",
        "Looks daily for /etc/check-um/call-router, whose first line is the router's name.",
    );
    pack.name(&source_type, "Router file: data source", "Reads the name of the Call Router from a file.");
    pack.name_part((&source_type, "IntervalSeconds"), "Interval (seconds)", "Time from one look to the next.");
    pack.data_sources.push(router_file(&source_type, &class));
    let source = module("DataSource", "RouterFile", &source_type).holding([leaf("IntervalSeconds", "86400")]);
    let found = Found { class: &class, properties: &["Router"] };
    pack.discoveries.push(discovery(&id, "Unix!Microsoft.Unix.Computer", &found, source));
}

/// The scheduled look into the file, mapped to an instance where the file says something.
fn router_file(id: &str, class: &str) -> Element {
    let scheduler = module("DataSource", "Scheduler", "System!System.SimpleScheduler")
        .holding([leaf("IntervalSeconds", "$Config/IntervalSeconds$"), element("SyncTime")]);
    // A shell for the pipe: without the line's end, which would be part of the name.
    let command = format!("head -n 1 {ROUTER_FILE} | tr -d '\\r\\n'");
    let read = invoke("Read", "ExecuteShellCommand", &command, "$Target/");
    let computer = r#"$Target/Property[Type="Unix!Microsoft.Unix.Computer"]/PrincipalName$"#.to_owned();
    let said = r#"//*[local-name()="StdOut"]"#;
    let settings = [
        (r#"$MPElement[Name="Unix!Microsoft.Unix.Computer"]/PrincipalName$"#.to_owned(), computer.clone()),
        (r#"$MPElement[Name="System!System.Entity"]/DisplayName$"#.to_owned(), computer),
        (format!(r#"$MPElement[Name="{class}"]/Router$"#), format!("$Data/{said}$")),
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
fn by_default(watched: &Watched, check: &ScheduledService) -> String {
    let place = |parameter: &Parameter| format!("$Config/{}$", parameter.name());
    let line = command_line(&watched.parameters, "-v");
    let line = watched.parameters.iter().fold(line, |line, parameter| {
        line.replace(&place(parameter), &default(*parameter, &watched.plugin.command, check, host(check)))
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
