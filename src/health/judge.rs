//! Is the issue still there? Which monitors count, and what each is worth.

use std::collections::{BTreeSet, HashMap};

use super::{AlertValue, Monitor};
use crate::report::nearest::hint;
use crate::report::{State, excerpt};

/// The monitors of the wanted health sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection<'a> {
    /// Those that count.
    pub judged: Vec<&'a Monitor>,
    /// Those that were told to be left out.
    pub ignored: Vec<&'a Monitor>,
    /// The wanted health sets without a single monitor.
    pub absent: Vec<&'a str>,
}

impl<'a> Selection<'a> {
    /// How many monitors count. What is not healthy is one at least, whatever it says of their number.
    pub(crate) fn monitors(&self) -> u32 {
        let least = |monitor: &Monitor| u32::from(monitor.alert_value != AlertValue::Healthy);
        self.judged.iter().fold(0, |sum: u32, monitor| sum.saturating_add(monitor.count.max(least(monitor))))
    }

    /// Those that are not Healthy, for whatever reason.
    pub(crate) fn unhealthy(&self) -> impl Iterator<Item = &'a Monitor> {
        self.judged.iter().copied().filter(|monitor| monitor.alert_value != AlertValue::Healthy)
    }

    /// The servers that the monitors watch, each once.
    pub(crate) fn servers(&self) -> BTreeSet<&'a str> {
        self.judged.iter().map(|monitor| monitor.server.as_str()).filter(|server| !server.is_empty()).collect()
    }

    /// The answer in one line: is the issue still there?
    pub fn summary(&self, health_sets: &[String]) -> String {
        let mut whose = health_sets.join(", ");
        match self.servers().into_iter().collect::<Vec<_>>().as_slice() {
            [] => {}
            [server] => whose = format!("{whose} on {server}"),
            servers => whose = format!("{whose} on {} servers", servers.len()),
        }
        let monitors = self.monitors();
        match self.unhealthy().count() {
            0 => format!("no issue: {monitors} of {monitors} monitors of {whose} Healthy"),
            unhealthy if self.has_issue() => {
                format!("the issue is there: {unhealthy} of {monitors} monitors of {whose} not Healthy")
            }
            unhealthy => format!("{unhealthy} of {monitors} monitors of {whose} not Healthy"),
        }
    }

    /// Whether a monitor says so; one that is switched off or does not know says nothing.
    fn has_issue(&self) -> bool {
        let says_so = |monitor: &&Monitor| {
            matches!(rating(&monitor.alert_value), Rating::State(State::Warning | State::Critical))
        };
        self.judged.iter().any(says_so)
    }
}

/// What one alert value is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rating {
    /// Always this.
    State(State),
    /// What the class `disabled` is worth: somebody switched the monitor off on purpose.
    Disabled,
}

/// Picks the monitors of `health_sets`, without those that `ignored` names, as `NAME` or `NAME\TARGET`, in any case.
pub fn select<'a>(monitors: &'a [Monitor], health_sets: &'a [String], ignored: &[String]) -> Selection<'a> {
    let is_of = |monitor: &Monitor, set: &str| monitor.health_set.eq_ignore_ascii_case(set);
    let is_wanted = |monitor: &&Monitor| health_sets.iter().any(|set| is_of(monitor, set));
    let is_ignored = |monitor: &&Monitor| {
        let full = format!("{}\\{}", monitor.name, monitor.target);
        ignored.iter().any(|name| name.eq_ignore_ascii_case(&monitor.name) || name.eq_ignore_ascii_case(&full))
    };
    let (ignored, judged): (_, Vec<_>) = monitors.iter().filter(is_wanted).partition(is_ignored);
    let judged = once(judged);
    let is_absent = |set: &&str| !monitors.iter().any(|monitor| is_of(monitor, set));
    Selection { judged, ignored, absent: health_sets.iter().map(String::as_str).filter(is_absent).collect() }
}

/// Without the sums of a health set and server that are there already and no better: two reports of one hour are one.
fn once(judged: Vec<&Monitor>) -> Vec<&Monitor> {
    let mut kept: Vec<&Monitor> = Vec::new();
    let mut places = HashMap::new();
    for monitor in judged {
        if monitor.name.is_empty() && monitor.count > 1 {
            let known = places.entry((monitor.server.to_lowercase(), monitor.health_set.to_lowercase()));
            let known: &mut usize = known.or_insert(kept.len());
            match kept.get_mut(*known) {
                Some(known) if is_as_bad(&known.alert_value, &monitor.alert_value) => continue,
                Some(known) if is_as_bad(&monitor.alert_value, &known.alert_value) => {
                    *known = monitor;
                    continue;
                }
                _ => {}
            }
        }
        kept.push(monitor);
    }
    kept
}

/// Those of `ignored` that name none of the monitors of `health_sets`, each with what was probably meant.
pub fn unmatched(monitors: &[Monitor], health_sets: &[String], ignored: &[String]) -> Vec<String> {
    let stray = |name: &&String| select(monitors, health_sets, std::slice::from_ref(*name)).ignored.is_empty();
    let all = select(monitors, health_sets, &[]);
    let text = |name: &String| {
        let names = all.judged.iter().map(|monitor| monitor.name.as_str());
        format!("--ignore {} matches no monitor{}", excerpt(name, 100), hint(name, names))
    };
    ignored.iter().filter(stray).map(text).collect()
}

/// What an alert value is worth. The state of the server component has no say in it: `NotApplicable` stands beside
/// `Unhealthy` in Microsoft's own example.
pub const fn rating(value: &AlertValue) -> Rating {
    match value {
        AlertValue::Healthy => Rating::State(State::Ok),
        AlertValue::Degraded | AlertValue::Repairing => Rating::State(State::Warning),
        AlertValue::Unhealthy | AlertValue::Unavailable => Rating::State(State::Critical),
        AlertValue::Disabled => Rating::Disabled,
        AlertValue::Unknown | AlertValue::UnInitialized | AlertValue::Unlisted(_) => Rating::State(State::Unknown),
    }
}

/// Whether one alert value is worth no less than another, whatever `disabled` is worth.
pub(super) fn is_as_bad(value: &AlertValue, other: &AlertValue) -> bool {
    match (rating(value), rating(other)) {
        (Rating::State(state), Rating::State(other)) => state >= other,
        (Rating::State(state), Rating::Disabled) => state == State::Critical,
        (Rating::Disabled, other) => matches!(other, Rating::Disabled | Rating::State(State::Ok)),
    }
}

/// `UMCallRouterTestMonitor is Unhealthy since 2026-11-23T09:12:00Z: error text`, its server named where there are several.
pub fn describe(monitor: &Monitor, with_server: bool) -> String {
    let mut text = match monitor.name.as_str() {
        "" => format!("health set {}", monitor.health_set),
        name if monitor.target.is_empty() => name.to_owned(),
        name => format!("{name}\\{}", monitor.target),
    };
    if with_server && !monitor.server.is_empty() {
        text = format!("{text} on {}", monitor.server);
    }
    text = format!("{text} is {}", excerpt(monitor.alert_value.name(), 40));
    if let Some(since) = &monitor.since {
        text = format!("{text} since {}", excerpt(since, 40));
    }
    if let Some(state) = monitor.component_state.as_ref().filter(|state| !state.eq_ignore_ascii_case("Online")) {
        text = format!("{text} (component {})", excerpt(state, 40));
    }
    if !monitor.error.is_empty() {
        text = format!("{text}: {}", excerpt(&monitor.error, 300));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monitor(health_set: &str, name: &str, value: AlertValue) -> Monitor {
        Monitor {
            server: "CAS1".to_owned(),
            health_set: health_set.to_owned(),
            name: name.to_owned(),
            target: String::new(),
            alert_value: value,
            component_state: None,
            since: None,
            error: String::new(),
            exception: String::new(),
            count: 1,
            is_stale: false,
        }
    }

    #[test]
    fn names_of_sets_and_monitors_are_compared_in_any_case() {
        let target = Monitor { target: "DB1".to_owned(), ..monitor("UM", "C", AlertValue::Unhealthy) };
        let monitors = [
            monitor("um.callrouter", "A", AlertValue::Healthy),
            monitor("UM.CallRouter", "B", AlertValue::Unhealthy),
            monitor("ECP", "D", AlertValue::Unhealthy),
            target,
        ];
        let sets = ["UM.CallRouter", "UM", "UM.Protocol"].map(str::to_owned);
        let selection = select(&monitors, &sets, &["b".to_owned(), "c\\db1".to_owned()]);
        assert_eq!(selection.judged, [&monitors[0]]);
        assert_eq!(selection.ignored, [&monitors[1], &monitors[3]]);
        assert_eq!(selection.absent, ["UM.Protocol"]);
    }

    #[test]
    fn the_sum_of_one_set_and_server_counts_once_and_the_worse_one() {
        let sum = |server: &str, value| Monitor { server: server.to_owned(), count: 5, ..monitor("UM", "", value) };
        let counted = |monitors: &[Monitor]| {
            let sets = ["UM".to_owned()];
            let selection = select(monitors, &sets, &[]);
            (selection.monitors(), selection.unhealthy().count())
        };
        let (well, ill) = (|server: &str| sum(server, AlertValue::Healthy), || sum("cas1", AlertValue::Unhealthy));
        assert_eq!(counted(&[well("CAS1"), well("cas1"), well("CAS2")]), (10, 0));
        assert_eq!([counted(&[well("CAS1"), ill()]), counted(&[ill(), ill(), well("CAS1")])], [(5, 1); 2]);
        // Which of the two is worse the operator says.
        let (slow, off) = (sum("CAS1", AlertValue::Degraded), sum("CAS1", AlertValue::Disabled));
        assert_eq!(counted(&[slow, off]), (10, 2));
        let none = |value| Monitor { count: 0, ..monitor("UM", "", value) };
        assert_eq!([counted(&[none(AlertValue::Healthy)]), counted(&[none(AlertValue::Unknown)])], [(0, 0), (1, 1)]);
    }

    #[test]
    fn what_is_ignored_and_not_there_is_told_with_what_was_meant() {
        let monitors = [monitor("UM", "UMCallRouterTestMonitor", AlertValue::Healthy)];
        let unmatched = |name: &str| unmatched(&monitors, &["UM".to_owned()], &[name.to_owned()]);
        assert!(unmatched("umcallroutertestmonitor").is_empty());
        assert_eq!(
            unmatched("UMCallRouterTestMoniter"),
            ["--ignore UMCallRouterTestMoniter matches no monitor; did you mean UMCallRouterTestMonitor?"]
        );
        assert_eq!(unmatched("X"), ["--ignore X matches no monitor"]);
    }

    #[test]
    fn the_summary_says_whether_the_issue_is_there() {
        let mut monitors = [monitor("UM", "A", AlertValue::Healthy), monitor("UM", "B", AlertValue::Disabled)];
        let sets = ["UM".to_owned()];
        let summary = |monitors: &[Monitor]| select(monitors, &sets, &[]).summary(&sets);
        assert_eq!(summary(&monitors), "1 of 2 monitors of UM on CAS1 not Healthy");
        monitors[1].alert_value = AlertValue::Repairing;
        assert_eq!(summary(&monitors), "the issue is there: 1 of 2 monitors of UM on CAS1 not Healthy");
        monitors[1] = Monitor { server: "CAS2".to_owned(), count: 4, ..monitor("UM", "", AlertValue::Healthy) };
        assert_eq!(summary(&monitors), "no issue: 5 of 5 monitors of UM on 2 servers Healthy");
    }

    #[test]
    fn the_alert_value_alone_decides() {
        assert_eq!(rating(&AlertValue::Healthy), Rating::State(State::Ok));
        assert_eq!(rating(&AlertValue::Degraded), Rating::State(State::Warning));
        assert_eq!(rating(&AlertValue::Repairing), Rating::State(State::Warning));
        assert_eq!(rating(&AlertValue::Unhealthy), Rating::State(State::Critical));
        assert_eq!(rating(&AlertValue::Unavailable), Rating::State(State::Critical));
        assert_eq!(rating(&AlertValue::Disabled), Rating::Disabled);
        assert_eq!(rating(&AlertValue::Unknown), Rating::State(State::Unknown));
        assert_eq!(rating(&AlertValue::UnInitialized), Rating::State(State::Unknown));
        assert_eq!(rating(&AlertValue::Unlisted("7".to_owned())), Rating::State(State::Unknown));
    }

    #[test]
    fn a_description_says_what_since_when_and_why() {
        let monitor = Monitor {
            target: "T".to_owned(),
            since: Some("2026-11-23T09:12:00Z".to_owned()),
            component_state: Some("Offline".to_owned()),
            error: "no answer".to_owned(),
            ..monitor("UM", "M", AlertValue::Unhealthy)
        };
        let text = "M\\T on CAS1 is Unhealthy since 2026-11-23T09:12:00Z (component Offline): no answer";
        assert_eq!(describe(&monitor, true), text);
        let set = self::monitor("UM", "", AlertValue::Degraded);
        assert_eq!(describe(&set, false), "health set UM is Degraded");
    }

    #[test]
    fn only_a_sum_of_several_monitors_is_a_report_that_may_be_there_twice() {
        let judged = |name: &str, count| {
            let monitors = vec![Monitor { count, ..monitor("UM", name, AlertValue::Healthy) }; 2];
            select(&monitors, &["UM".to_owned()], &[]).judged.len()
        };
        assert_eq!([judged("", 2), judged("", 1), judged("M", 2)], [1, 2, 2]);
    }
}
