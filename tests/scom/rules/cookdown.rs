//! Does the agent run a plugin once for a monitor and the rules beside it? Only if their data sources are the same to
//! the byte.

use std::collections::{BTreeMap, BTreeSet};

use super::commands;
use crate::bags::Bag;
use crate::model::Pack;
use crate::xml::Node;

pub fn broken(pack: &Pack, _: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut monitored = BTreeSet::new();
    for monitor in pack.of_kind("UnitMonitor") {
        for (_, source) in sources(pack, monitor) {
            if !monitored.insert(source) {
                problems.push(format!("line {}: {} asks what another monitor asks", monitor.line, monitor.id()));
            }
        }
    }
    for rule in pack.of_kind("Rule") {
        let sources = sources(pack, rule);
        if sources.len() != 1 || !monitored.contains(&sources[0].1) {
            let what = "is no monitor's: the plugin runs twice";
            problems.push(format!("line {}: the source of {} {what}", rule.line, rule.id()));
        }
    }
    for (plugin, types) in types(pack).iter().filter(|(_, types)| types.len() != 1) {
        problems.push(format!("{plugin} is run by {types:?} and not by one data source"));
    }
    problems
}

/// The data sources that run each plugin.
fn types(pack: &Pack) -> BTreeMap<String, BTreeSet<String>> {
    let mut types: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for workflow in pack.of_kind("UnitMonitor").into_iter().chain(pack.of_kind("Rule")) {
        let kinds: Vec<_> = sources(pack, workflow).into_iter().map(|(kind, _)| kind).collect();
        for command in commands::of_workflow(pack, workflow).into_iter().filter(|_| !kinds.is_empty()) {
            types.entry(command.plugin).or_default().extend(kinds.iter().cloned());
        }
    }
    types
}

/// The types of the pack's own that schedule a run within a workflow, each with its configuration.
fn sources(pack: &Pack, workflow: &Node) -> Vec<(String, String)> {
    let modules = commands::modules(pack, workflow);
    modules.iter().filter(|module| module.name == "DataSource").filter_map(|module| source(pack, module, 0)).collect()
}

fn source(pack: &Pack, module: &Node, depth: usize) -> Option<(String, String)> {
    let kind = module.attribute("TypeID");
    let definition = pack.find(kind).filter(|_| depth < 8)?;
    let members = &definition.at(&["ModuleImplementation", "Composite", "MemberModules"])?.children;
    if members.iter().any(|member| member.attribute("TypeID").ends_with("!System.SimpleScheduler")) {
        let configuration = Node { attributes: BTreeMap::new(), ..module.clone() };
        return Some((kind.to_owned(), format!("{kind} {}", configuration.canonical())));
    }
    let inside = members.iter().find(|member| member.name == "DataSource")?;
    source(pack, &crate::model::configured(inside, module), depth + 1)
}
