//! Which module types and monitor types does a plugin get on Windows? One probe, and everything that hangs on it.
//!
//! The agent runs a data source once for all workflows whose configuration of it is the same to the byte (cook-down).
//! So monitors and rules of a check share one data source, hand the same values down to it, and differ in what they
//! do with the bag.

use super::Watched;
use super::modules::{
    chain, compared, declaration, declared, detections, filter, filters, handed_down, joined, module, overrideable,
    query, states, value,
};
use super::names::Names;
use super::pack::Pack;
use super::parameters::command_line;
use super::xml::{Element, element, leaf};

/// What a program prints for a workflow: one bag, and never another exit code, with which the agent may drop it.
const FOR_A_WORKFLOW: &str = "--output scom --exit-ok";
/// What it prints for a person, who sees the exit code beside it.
const FOR_A_PERSON: &str = "-v --exit-ok";

/// When the agent ends a program that outlived its own deadline, in seconds.
const AGENT_TIMEOUT: &str = "60";

/// Adds the types of a plugin.
pub fn add(pack: &mut Pack, names: Names, watched: &Watched) {
    let about = watched.plugin.about;
    let title = about.title;
    for (kind, name, what) in [
        ("Probe", "probe", "Runs the plugin once and returns its property bag."),
        ("Report", "report", "Runs the plugin once and returns its text."),
        ("DataSource", "data source", "Runs the plugin at intervals and returns its property bag."),
        ("Performance", "performance data", "Turns one number of the property bag into performance data."),
        ("MonitorType", "monitor", "Healthy, Warning or Error as the plugin says; UNKNOWN is a Warning."),
    ] {
        let id = names.of_plugin(about.name, kind);
        pack.name(&id, &format!("{title}: {name}"), what);
        name_parameters(pack, &id, watched, kind);
    }
    let bag = run(watched, "System!System.CommandExecuterProbePropertyBagBase", FOR_A_WORKFLOW);
    let text = run(watched, "System!System.CommandExecuterProbe", FOR_A_PERSON);
    let probe = |kind: &str, run, output| probe(&names.of_plugin(about.name, kind), watched, run, output);
    pack.probes.push(probe("Probe", bag, "System!System.PropertyBagData"));
    pack.probes.push(probe("Report", text, "System!System.CommandOutput"));
    pack.data_sources.push(data_source(names, watched));
    pack.data_sources.push(performance(names, watched));
    pack.monitor_types.push(monitor_type(names, watched));
}

fn name_parameters(pack: &mut Pack, id: &str, watched: &Watched, kind: &str) {
    if matches!(kind, "DataSource" | "Performance" | "MonitorType") {
        pack.name_part((id, "IntervalSeconds"), "Interval (seconds)", "Time from one run to the next.");
    }
    for parameter in watched.parameters.iter().filter(|parameter| parameter.is_overrideable()) {
        pack.name_part((id, parameter.name()), parameter.title(), parameter.help());
    }
    if kind == "MonitorType" {
        let help = "Runs in a row with the same bad state that it takes to change the state of the monitor.";
        pack.name_part((id, "MatchCount"), "Runs in a row", help);
    }
}

/// The module that runs the program. Its schema is public for the one that returns text; the other takes the same.
fn run(watched: &Watched, kind: &str, output: &str) -> Element {
    let program = format!("%ProgramFiles%\\check-um\\{}.exe", watched.plugin.about.name);
    module("ProbeAction", "Run", kind).holding([
        leaf("ApplicationName", program),
        element("WorkingDirectory"),
        leaf("CommandLine", command_line(&watched.parameters, output)),
        leaf("TimeoutSeconds", AGENT_TIMEOUT),
        leaf("RequireOutput", "true"),
    ])
}

fn probe(id: &str, watched: &Watched, run: Element, output: &str) -> Element {
    element("ProbeActionModuleType").with("ID", id).with("Accessibility", "Internal").holding([
        declared(&watched.parameters, &[], &[]),
        overrideable(&watched.parameters, &[], &[]),
        composite(vec![run], &["Run"]),
        leaf("OutputType", output),
        leaf("InputType", "System!System.BaseData"),
    ])
}

fn data_source(names: Names, watched: &Watched) -> Element {
    let name = watched.plugin.about.name;
    let scheduler = module("DataSource", "Scheduler", "System!System.SimpleScheduler")
        .holding([leaf("IntervalSeconds", "$Config/IntervalSeconds$"), element("SyncTime")]);
    let probe =
        module("ProbeAction", "Probe", &names.of_plugin(name, "Probe")).holding(handed_down(&watched.parameters, &[]));
    data_source_type(&names.of_plugin(name, "DataSource")).holding([
        declared(&watched.parameters, &["IntervalSeconds"], &[]),
        overrideable(&watched.parameters, &["IntervalSeconds"], &[]),
        composite(vec![scheduler, probe], &["Probe", "Scheduler"]),
        leaf("OutputType", "System!System.PropertyBagData"),
    ])
}

/// One number as performance data, where the bag has it: an unknown value is no property.
fn performance(names: Names, watched: &Watched) -> Element {
    let exists = element("Expression")
        .holding([element("Exists").holding([query("Double", "Property[@Name='$Config/Metric$']")])]);
    let mapper = module("ConditionDetection", "Map", "Perf!System.Performance.DataGenericMapper").holding([
        leaf("ObjectName", watched.plugin.about.title),
        leaf("CounterName", "$Config/Metric$"),
        leaf("InstanceName", "$Config/Instance$"),
        leaf("Value", "$Data/Property[@Name='$Config/Metric$']$"),
    ]);
    let own = ["Metric", "Instance"].map(|name| declaration(name, "xsd:string"));
    data_source_type(&names.of_plugin(watched.plugin.about.name, "Performance")).holding([
        declared(&watched.parameters, &["IntervalSeconds"], &[]).holding(own),
        overrideable(&watched.parameters, &["IntervalSeconds"], &[]),
        composite(
            vec![shared(names, watched), filter("HasMetric", exists, false), mapper],
            &["Map", "HasMetric", "Source"],
        ),
        leaf("OutputType", "Perf!System.Performance.Data"),
    ])
}

/// The data source that all workflows of a check have in common.
fn shared(names: Names, watched: &Watched) -> Element {
    module("DataSource", "Source", &names.of_plugin(watched.plugin.about.name, "DataSource"))
        .holding(handed_down(&watched.parameters, &["IntervalSeconds"]))
}

fn data_source_type(id: &str) -> Element {
    element("DataSourceModuleType").with("ID", id).with("Accessibility", "Internal")
}

fn composite(modules: Vec<Element>, order: &[&str]) -> Element {
    let composition = element("Composition").holding([chain(order)]);
    let composite = element("Composite").holding([element("MemberModules").holding(modules), composition]);
    element("ModuleImplementation").with("Isolation", "Any").holding([composite])
}

fn monitor_type(names: Names, watched: &Watched) -> Element {
    let name = watched.plugin.about.name;
    let says = |state: &str| compared(query("String", "Property[@Name='State']"), "Equal", value("String", state));
    // Operations Manager knows no state for not knowing. It must be seen, and it is no outage.
    let warning = joined("Or", [says("WARNING"), says("UNKNOWN")]);
    let modules = [
        shared(names, watched),
        module("ProbeAction", "Probe", &names.of_plugin(name, "Probe")).holding(handed_down(&watched.parameters, &[])),
        module("ProbeAction", "OnDemand", "System!System.PassThroughProbe"),
    ];
    let implementation = element("MonitorImplementation")
        .holding([element("MemberModules").holding(modules).holding(filters(says("OK"), warning, says("CRITICAL")))])
        .holding(detections(&["Source"], &["Probe", "OnDemand"]));
    element("UnitMonitorType")
        .with("ID", names.of_plugin(name, "MonitorType"))
        .with("Accessibility", "Internal")
        .holding([
            states(),
            declared(&watched.parameters, &["IntervalSeconds"], &["MatchCount"]),
            overrideable(&watched.parameters, &["IntervalSeconds"], &["MatchCount"]),
            implementation,
        ])
}
