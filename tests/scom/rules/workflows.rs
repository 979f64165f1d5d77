//! Do the modules of a type form the workflow that its composition says, and do its states match its monitors'?

use std::collections::BTreeSet;

use crate::bags::Bag;
use crate::model::Pack;
use crate::xml::Node;

pub fn broken(pack: &Pack, _: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    for node in pack.definitions() {
        match node.name.as_str() {
            "DataSourceModuleType" | "ProbeActionModuleType" => problems.extend(module_type(node)),
            "UnitMonitorType" => problems.extend(monitor_type(node)),
            "UnitMonitor" => problems.extend(monitor(pack, node)),
            _ => {}
        }
    }
    problems
}

fn module_type(node: &Node) -> Vec<String> {
    let Some(composite) = node.at(&["ModuleImplementation", "Composite"]) else {
        return vec![format!("line {}: {} has no composite", node.line, node.id())];
    };
    let members = composite.child("MemberModules").map_or(&[][..], |members| &members.children);
    let chain = composite.at(&["Composition", "Node"]).map(chain).unwrap_or_default();
    let mut problems = connected(node, members, std::slice::from_ref(&chain));
    let first = chain.last().and_then(|id| members.iter().find(|member| member.id() == *id));
    let begins = first.map_or("", |first| first.name.as_str());
    let should = if node.name == "DataSourceModuleType" { "DataSource" } else { "ProbeAction" };
    if begins != should {
        problems.push(format!("line {}: the workflow of {} does not begin with a {should}", node.line, node.id()));
    }
    problems
}

fn monitor_type(node: &Node) -> Vec<String> {
    let members = node.at(&["MonitorImplementation", "MemberModules"]).map_or(&[][..], |members| &members.children);
    let states = ids(node.child("MonitorTypeStates"), "ID");
    let mut problems = Vec::new();
    let mut chains = Vec::new();
    for (group, begins) in [("RegularDetections", "DataSource"), ("OnDemandDetections", "ProbeAction")] {
        let detections = node.at(&["MonitorImplementation", group]);
        if ids(detections, "MonitorTypeStateID") != states {
            problems.push(format!("line {}: {group} of {} are not one for each state", node.line, node.id()));
        }
        for detection in detections.map_or(&[][..], |detections| &detections.children) {
            let chain = detection.child("Node").map(chain).unwrap_or_default();
            let member =
                |id: Option<&String>| members.iter().find(|member| Some(member.id()) == id.map(String::as_str));
            let ends = (member(chain.first()), member(chain.last()));
            let names = (ends.0.map(|node| node.name.as_str()), ends.1.map(|node| node.name.as_str()));
            if names != (Some("ConditionDetection"), Some(begins)) {
                problems.push(format!("line {}: a detection from {names:?}", detection.line));
            }
            chains.push(chain);
        }
    }
    problems.extend(connected(node, members, &chains));
    problems
}

/// Every node is a member, and every member is part of a workflow.
fn connected(node: &Node, members: &[Node], chains: &[Vec<String>]) -> Vec<String> {
    let members: BTreeSet<_> = members.iter().map(|member| member.id().to_owned()).collect();
    let used: BTreeSet<_> = chains.iter().flatten().cloned().collect();
    let loose = members.symmetric_difference(&used);
    loose.map(|id| format!("line {}: {id} of {} is no module, or in no workflow", node.line, node.id())).collect()
}

/// A monitor's states are those of its type, one health each.
fn monitor(pack: &Pack, node: &Node) -> Vec<String> {
    let kind = pack.find(node.attribute("TypeID"));
    let states = ids(kind.and_then(|kind| kind.child("MonitorTypeStates")), "ID");
    let own = node.child("OperationalStates");
    let mut problems = Vec::new();
    if ids(own, "MonitorTypeStateID") != states {
        problems.push(format!("line {}: the states of {} are not those of its type", node.line, node.id()));
    }
    if ids(own, "HealthState") != ["Error", "Success", "Warning"].map(str::to_owned) {
        problems.push(format!("line {}: {} is not a monitor of three states", node.line, node.id()));
    }
    problems
}

/// The values of an attribute of the elements in an element, sorted.
fn ids(node: Option<&Node>, attribute: &str) -> Vec<String> {
    let children = node.map_or(&[][..], |node| &node.children);
    let mut ids: Vec<_> = children.iter().map(|child| child.attribute(attribute).to_owned()).collect();
    ids.sort();
    ids
}

/// The ids of a composition, the one that runs last first.
fn chain(node: &Node) -> Vec<String> {
    let mut ids = vec![node.id().to_owned()];
    node.children.iter().for_each(|inside| ids.extend(chain(inside)));
    ids
}
