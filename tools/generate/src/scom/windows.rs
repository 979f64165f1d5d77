//! What does the pack for the agent on the Call Router hold?

use check_um::checks::schedule::{ScheduledService, Vantage};

use super::discovery::{EXISTS, Found, INTEGER, KEY, STRING, VALUE, attribute, discovery, settings_of};
use super::modules::{compared, module, query, value};
use super::monitoring::{Platform, RollUp, add_monitor, add_roll_up, add_rules, add_task, unscheduled};
use super::names::Names;
use super::pack::{Pack, Reference};
use super::views::add_views;
use super::xml::{element, leaf};
use super::{types, watched};
use crate::register::services;

const NAMES: Names = Names("CheckUm.CallRouter");

const REFERENCES: &[Reference] = &[
    Reference { alias: "System", id: "System.Library", version: "7.5.8501.0" },
    Reference { alias: "Windows", id: "Microsoft.Windows.Library", version: "7.5.8501.0" },
    Reference { alias: "Health", id: "System.Health.Library", version: "7.0.8433.0" },
    Reference { alias: "Perf", id: "System.Performance.Library", version: "7.0.8433.0" },
    Reference { alias: "SC", id: "Microsoft.SystemCenter.Library", version: "7.0.8433.0" },
    Reference { alias: "DW", id: "Microsoft.SystemCenter.DataWarehouse.Library", version: "7.1.10226.0" },
];

/// Where Exchange 2013 and 2016 say what they are, below HKEY_LOCAL_MACHINE.
const SETUP: &str = r"SOFTWARE\Microsoft\ExchangeServer\v15\Setup";
/// The key of the service, below HKEY_LOCAL_MACHINE.
const SERVICE: &str = r"SYSTEM\CurrentControlSet\Services\MSExchangeUMCR";

const PLATFORM: Platform = Platform { names: NAMES, host, is_on_server: true, alert: (ALERT_PARAMETERS, ALERT_TEXT) };

/// By its own name and not by localhost: in maintenance the router listens on loopback only, and its callers know.
fn host(check: &ScheduledService) -> &'static str {
    match check.vantage {
        Vantage::Directory => r#"$Target/Host/Property[Type="Windows!Microsoft.Windows.Computer"]/DomainDnsName$"#,
        _ => r#"$Target/Host/Property[Type="Windows!Microsoft.Windows.Computer"]/PrincipalName$"#,
    }
}

/// What the health set's own alert carries: server, time, reason, credentials, diagnostics. Ten are allowed.
const ALERT_PARAMETERS: &[&str] = &[
    r#"$Target/Host/Property[Type="Windows!Microsoft.Windows.Computer"]/PrincipalName$"#,
    "$Data/Context/Property[@Name='State']$",
    "$Data/Context/Property[@Name='Summary']$",
    "$Data/Context/Property[@Name='Host']$",
    "$Data/Context/Property[@Name='Started']$",
    "$Data/Context/Property[@Name='FailureClass']$",
    "$Data/Context/Property[@Name='FailureReason']$",
    "$Data/Context/Property[@Name='Authentication']$",
    "$Data/Context/Property[@Name='Diagnostics']$",
    "$Data/Context/Property[@Name='Advice']$",
];

const ALERT_TEXT: &str = "{1} on {0}: {2}

Asked: {3}
Time: {4}
Failure: {5}
Reason: {6}
Authentication: {7}
Diagnostics: {8}

Advice: {9}";

/// The pack's id and its text.
pub fn pack() -> (&'static str, String) {
    let mut pack = Pack::new(NAMES.0, REFERENCES);
    let name = "check-um: UM Call Router";
    pack.name(
        NAMES.0,
        name,
        "Watches the Unified Messaging Call Router of Exchange 2013 and 2016 by the plugins of check-um.",
    );
    add_class(&mut pack);
    add_discovery(&mut pack);
    add_roll_up(&mut pack, NAMES, &RollUp::HEALTH_SET);
    for watched in watched(services()) {
        types::add(&mut pack, NAMES, &watched);
        for check in &watched.checks {
            add_monitor(&mut pack, &PLATFORM, &watched, check);
            add_rules(&mut pack, &PLATFORM, &watched, check);
            let report = module("ProbeAction", "Report", &NAMES.of_plugin(check.plugin, "Report"));
            add_task(&mut pack, &PLATFORM, check, report.holding(unscheduled(&PLATFORM, &watched, check)));
        }
    }
    add_views(
        &mut pack,
        NAMES,
        "UM Call Routers",
        &[
            ("StateView", "SC!Microsoft.SystemCenter.StateViewType", "State of the Call Routers"),
            ("AlertView", "SC!Microsoft.SystemCenter.AlertViewType", "Alerts of the Call Routers"),
            ("PerformanceView", "SC!Microsoft.SystemCenter.PerformanceViewType", "Numbers of the Call Routers"),
        ],
    );
    (NAMES.0, pack.document(name))
}

fn add_class(pack: &mut Pack) {
    let id = NAMES.class();
    pack.name(&id, "UM Call Router", "A server with the service MSExchangeUMCR.");
    pack.name_part((&id, "Version"), "Version", "Version of Exchange, such as 15.0.1497.2.");
    pack.name_part((&id, "InstallPath"), "Install path", "Directory that Exchange is installed in.");
    let property = |name: &str| element("Property").with("ID", name).with("Type", "string").with("Key", "false");
    let class = element("ClassType")
        .with("ID", id)
        .with("Accessibility", "Public")
        .with("Abstract", "false")
        .with("Base", "Windows!Microsoft.Windows.LocalApplication")
        .with("Hosted", "true")
        .with("Singleton", "false");
    pack.classes.push(class.holding(["Version", "InstallPath"].map(property)));
}

/// The service's key makes a server a Call Router; the setup's values say which one.
fn add_discovery(pack: &mut Pack) {
    let id = NAMES.only("Discovery");
    pack.name(&id, "Discover UM Call Routers", "Looks daily in the registry for the service MSExchangeUMCR.");
    let class = NAMES.class();
    let values = ["MsiInstallPath", "MsiProductMajor", "MsiProductMinor", "MsiBuildMajor", "MsiBuildMinor"];
    let attributes = values.iter().map(|value| {
        let kind = if *value == "MsiInstallPath" { STRING } else { INTEGER };
        attribute(value, &format!("{SETUP}\\{value}"), VALUE, kind)
    });
    let version = values[1..].iter().map(|value| format!("$Data/Values/{value}$")).collect::<Vec<_>>().join(".");
    let computer = r#"$Target/Property[Type="Windows!Microsoft.Windows.Computer"]/PrincipalName$"#;
    let settings = [
        (r#"$MPElement[Name="Windows!Microsoft.Windows.Computer"]/PrincipalName$"#.to_owned(), computer.to_owned()),
        (r#"$MPElement[Name="System!System.Entity"]/DisplayName$"#.to_owned(), computer.to_owned()),
        (format!(r#"$MPElement[Name="{class}"]/Version$"#), version),
        (format!(r#"$MPElement[Name="{class}"]/InstallPath$"#), "$Data/Values/MsiInstallPath$".to_owned()),
    ];
    let is_there = compared(query("Boolean", "Values/ServiceExists"), "Equal", value("Boolean", "true"));
    let source = module("DataSource", "Registry", "Windows!Microsoft.Windows.FilteredRegistryDiscoveryProvider")
        .holding([
            leaf("ComputerName", r#"$Target/Property[Type="Windows!Microsoft.Windows.Computer"]/NetworkName$"#),
            element("RegistryAttributeDefinitions")
                .holding([attribute("ServiceExists", SERVICE, KEY, EXISTS)])
                .holding(attributes),
            leaf("Frequency", "86400"),
            leaf("ClassId", format!(r#"$MPElement[Name="{class}"]$"#)),
            element("InstanceSettings").holding([settings_of(&settings)]),
            is_there,
        ]);
    let found = Found { class: &class, properties: &["Version", "InstallPath"] };
    pack.discoveries.push(discovery(&id, "Windows!Microsoft.Windows.Server.Computer", &found, source));
}
