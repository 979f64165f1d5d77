//! Does every state that a plugin really prints light exactly one state of its monitor, and the right one?

use crate::bags::{Bag, SITUATIONS, of_workflow};
use crate::expression::{Item, holds, queries};
use crate::model::Pack;
use crate::xml::Node;

pub fn broken(pack: &Pack, bags: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    for monitor in pack.of_kind("UnitMonitor") {
        let bags = of_workflow(pack, monitor, bags);
        for situation in SITUATIONS {
            if !bags.iter().any(|bag| bag.situation == *situation) {
                problems.push(format!("line {}: {} was never seen in {situation}", monitor.line, monitor.id()));
            }
        }
        let members = pack.members_of_monitor(monitor);
        for group in ["RegularDetections", "OnDemandDetections"] {
            let kind = pack.find(monitor.attribute("TypeID"));
            let Some(detections) = kind.and_then(|kind| kind.at(&["MonitorImplementation", group])) else {
                problems.push(format!("line {}: {} has no {group}", monitor.line, monitor.id()));
                continue;
            };
            for bag in &bags {
                problems.extend(judge(monitor, &members, detections, bag));
            }
        }
    }
    problems
}

/// What is wrong with what a monitor makes of a bag.
fn judge(monitor: &Node, members: &[Node], detections: &Node, bag: &Bag) -> Vec<String> {
    let place = format!("line {}: {} ({}) in {}", monitor.line, monitor.id(), detections.name, bag.situation);
    let mut problems = Vec::new();
    let mut lit = Vec::new();
    for detection in &detections.children {
        let filter = detection.child("Node").and_then(|node| members.iter().find(|member| member.id() == node.id()));
        let Some(expression) = filter.and_then(|filter| filter.child("Expression")) else {
            problems.push(format!("{place}: a detection without an expression"));
            continue;
        };
        for query in queries(expression).iter().filter(|query| bag.select(query).is_none()) {
            problems.push(format!("{place}: the plugin prints no {query}"));
        }
        match holds(expression, bag) {
            Ok(true) => lit.push(health(monitor, detection.attribute("MonitorTypeStateID"))),
            Ok(false) => {}
            Err(problem) => problems.push(format!("{place}: {problem}")),
        }
    }
    // UNKNOWN is a Warning: it must be seen, and it is no outage.
    let expected = match bag.state.as_str() {
        "OK" => "Success",
        "CRITICAL" => "Error",
        _ => "Warning",
    };
    if lit != [expected] {
        problems.push(format!("{place}: {} lights {lit:?} and not {expected} alone", bag.state));
    }
    problems
}

/// The health that a state of the monitor's type means to it.
fn health<'a>(monitor: &'a Node, state: &str) -> &'a str {
    let states = monitor.child("OperationalStates").map_or(&[][..], |states| &states.children);
    let own = states.iter().find(|own| own.attribute("MonitorTypeStateID") == state);
    own.map_or("nothing", |own| own.attribute("HealthState"))
}
