//! What runs on a watched server? A monitor, rules and a task for each check, and the roll-up of all, which of a Call Router
//! bears the health set's name.

use check_um::checks::schedule::{DisplayUnit, ScheduledService, Vantage};
use check_um::door::render::property_of;
use check_um::door::report::HEALTH_SET;

use super::Watched;
use super::knowledge;
use super::modules::{STATES, element_of, module, operational_states};
use super::names::Names;
use super::pack::Pack;
use super::parameters::default;
use super::xml::{Element, element, leaf};
use crate::sip_server::{Asks, Transport, asks};

/// How one platform does it.
pub struct Platform {
    /// Its ids.
    pub names: Names,
    /// How the host that a check asks is spelled.
    pub host: fn(&ScheduledService) -> &'static str,
    /// Whether the checks run on the Call Router itself.
    pub is_on_server: bool,
    /// The alert's parameters, and its text with their places.
    pub alert: (&'static [&'static str], &'static str),
}

/// What all monitors of a pack make together.
pub struct RollUp {
    /// What a person reads.
    name: &'static str,
    /// What it is.
    about: &'static str,
    /// Its article.
    article: fn() -> Vec<knowledge::Section>,
}

impl RollUp {
    /// Of a Call Router.
    pub const HEALTH_SET: Self = Self {
        name: HEALTH_SET,
        about: "The worst of all checks: what Exchange's own health set of this name asks of itself.",
        article: knowledge::health_set,
    };
    /// Of any other SIP server.
    pub const SIP_SERVER: Self = Self {
        name: "SIP server",
        about: "The worst of all checks of this SIP server.",
        article: knowledge::sip_server,
    };
}

/// Adds the roll-up of all monitors.
pub fn add_roll_up(pack: &mut Pack, names: Names, roll_up: &RollUp) {
    let id = names.only("HealthSet");
    pack.name(&id, roll_up.name, roll_up.about);
    pack.explain(&id, (roll_up.article)());
    let parent = "Health!System.Health.AvailabilityState";
    let monitor = Monitor { kind: "AggregateMonitor", id: &id, parent, is_enabled: true };
    pack.monitors
        .push(monitor.element(names).holding([leaf("Category", "StateCollection"), leaf("Algorithm", "WorstOf")]));
}

/// Adds the monitor of a check.
pub fn add_monitor(pack: &mut Pack, platform: &Platform, watched: &Watched, check: &ScheduledService) {
    let names = platform.names;
    let (id, alert) = (names.monitor(check.name), names.alert(check.name));
    pack.name(&id, check.title, &question(watched));
    for (state, meaning) in STATES.map(|(state, _)| state).into_iter().zip(MEANINGS) {
        pack.name_part((&id, state), state, meaning);
    }
    pack.name(&alert, check.title, platform.alert.1);
    pack.explain(&id, knowledge::monitor(watched, check, platform.is_on_server));
    pack.string_resources.push(element("StringResource").with("ID", alert.as_str()));

    let parameters =
        platform.alert.0.iter().zip(1..).map(|(text, number)| leaf(format!("AlertParameter{number}"), *text));
    let settings = element("AlertSettings").with("AlertMessage", alert).holding([
        leaf("AlertOnState", "Warning"),
        leaf("AutoResolve", "true"),
        leaf("AlertPriority", "Normal"),
        leaf("AlertSeverity", "MatchMonitorHealth"),
        element("AlertParameters").holding(parameters),
    ]);
    let configuration = element("Configuration")
        .holding(scheduled(platform, watched, check))
        .holding([leaf("MatchCount", check.attempts.to_string())]);
    let kind = names.of_plugin(check.plugin, "MonitorType");
    let parent = names.only("HealthSet");
    let monitor = Monitor { kind: "UnitMonitor", id: &id, parent: &parent, is_enabled: is_enabled(check) };
    pack.monitors.push(monitor.element(names).with("TypeID", kind).with("ConfirmDelivery", "true").holding([
        leaf("Category", "AvailabilityHealth"),
        settings,
        operational_states(),
        configuration,
    ]));
}

/// Adds the rules that collect a check's numbers.
pub fn add_rules(pack: &mut Pack, platform: &Platform, watched: &Watched, check: &ScheduledService) {
    let names = platform.names;
    for metric in check.metrics {
        let id = names.rule(check.name, metric.label);
        let unit = match metric.unit {
            DisplayUnit::Seconds => " in seconds",
            DisplayUnit::Percent => " in per cent",
            DisplayUnit::Days | DisplayUnit::Count | DisplayUnit::Code(_) => "",
        };
        let title = format!("{}: {}{unit}", check.title, metric.title);
        pack.name(&id, &title, "Collects a number that the check measures.");
        let source = module("DataSource", "Source", &names.of_plugin(check.plugin, "Performance"))
            .holding(scheduled(platform, watched, check))
            .holding([leaf("Metric", property_of(metric.label, &[])), leaf("Instance", check.name)]);
        let writers = [
            module("WriteAction", "WriteToDB", "SC!Microsoft.SystemCenter.CollectPerformanceData"),
            module("WriteAction", "WriteToDW", "DW!Microsoft.SystemCenter.DataWarehouse.PublishPerformanceData"),
        ];
        let rule = element("Rule")
            .with("ID", id)
            .with("Enabled", is_enabled(check).to_string())
            .with("Target", names.class())
            .with("ConfirmDelivery", "false")
            .with("Remotable", "true")
            .with("Priority", "Normal")
            .with("DiscardLevel", "100");
        pack.rules.push(rule.holding([
            leaf("Category", "PerformanceCollection"),
            element("DataSources").holding([source]),
            element("WriteActions").holding(writers),
        ]));
    }
}

/// Adds the task that runs a check now and shows its report.
pub fn add_task(pack: &mut Pack, platform: &Platform, check: &ScheduledService, probe: Element) {
    let id = platform.names.task(check.name);
    let effect = match check.vantage {
        Vantage::Call if asks(check.name).is_some() => {
            "Makes a call and hangs up: whom to call is to be given by an override of Options (--uri); without it nobody is called."
        }
        Vantage::Call => {
            "Makes a call, which the router counts: whom to call is to be given by an override of Options (--uri); without it \
             nobody is called."
        }
        _ => "Changes no state and no number.",
    };
    let what = format!("Runs {} now and shows its report. {effect}", check.plugin);
    let title = match check.vantage {
        Vantage::Whole => "Run the health set now".to_owned(),
        _ => format!("Run the probe now: {}", check.title),
    };
    pack.name(&id, &title, &what);
    let task = element("Task")
        .with("ID", id)
        .with("Accessibility", "Public")
        .with("Enabled", "true")
        .with("Target", platform.names.class())
        .with("Timeout", "300")
        .with("Remotable", "true");
    pack.tasks.push(task.holding([leaf("Category", "Maintenance"), probe]));
}

/// What monitor and rules of a check hand to its data source.
fn scheduled(platform: &Platform, watched: &Watched, check: &ScheduledService) -> Vec<Element> {
    let mut configuration = vec![leaf("IntervalSeconds", (check.interval * 60).to_string())];
    configuration.extend(unscheduled(platform, watched, check));
    configuration
}

/// The same without the schedule.
pub fn unscheduled(platform: &Platform, watched: &Watched, check: &ScheduledService) -> Vec<Element> {
    let value = |parameter| default(parameter, &watched.plugin.command, check, (platform.host)(check));
    watched.parameters.iter().map(|parameter| element_of(parameter.name(), value(*parameter))).collect()
}

/// What all kinds of monitors say of themselves.
struct Monitor<'a> {
    kind: &'static str,
    id: &'a str,
    parent: &'a str,
    is_enabled: bool,
}

impl Monitor<'_> {
    fn element(&self, names: Names) -> Element {
        element(self.kind)
            .with("ID", self.id)
            .with("Accessibility", "Public")
            .with("Enabled", self.is_enabled.to_string())
            .with("Target", names.class())
            .with("ParentMonitorID", self.parent)
            .with("Remotable", "true")
            .with("Priority", "Normal")
    }
}

/// A Call Router's default startup mode does not speak TLS, a call is for somebody to allow, and one check in place of all others
/// is for a site to choose. Which transports another SIP server has is for somebody to say; most have UDP.
pub fn is_enabled(check: &ScheduledService) -> bool {
    match asks(check.name) {
        Some(asks) => asks == Asks::Options(Transport::Udp),
        None => !matches!(check.vantage, Vantage::Tls | Vantage::Call | Vantage::Whole),
    }
}

/// What the plugin asks, as its help says.
fn question(watched: &Watched) -> String {
    watched.plugin.command.get_about().map(|about| format!("{about}.")).unwrap_or_default()
}

const MEANINGS: [&str; 3] = [
    "The plugin says OK.",
    "The plugin says WARNING, or UNKNOWN: the question could not be answered.",
    "The plugin says CRITICAL.",
];
