//! Does everything that is referred to exist, and is it what it is taken for?

use std::collections::BTreeSet;

use crate::bags::Bag;
use crate::model::{Pack, places};
use crate::sealed::{self, Kind};
use crate::xml::Node;

pub fn broken(pack: &Pack, _: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    let mut check = |node: &Node, name: &str, wanted: Wanted| {
        if let Some((alias, _)) = name.split_once('!') {
            used.insert(alias.to_owned());
        }
        if let Err(problem) = resolve(pack, name, wanted) {
            problems.push(format!("line {}: {problem}", node.line));
        }
    };
    for node in pack.root.all() {
        for (attribute, wanted) in wanted(&node.name) {
            let name = node.attribute(attribute);
            if !name.is_empty() {
                check(node, name, *wanted);
            }
        }
        if matches!(node.name.as_str(), "OutputType" | "InputType") {
            check(node, &node.text, Wanted::Data);
        }
        let texts = node.attributes.values().chain([&node.text]);
        for place in texts.flat_map(|text| places(text)) {
            for (class, property) in classes(&place) {
                check(node, class, Wanted::Class(property));
            }
        }
    }
    for alias in pack.aliases.keys().filter(|alias| !used.contains(*alias)) {
        problems.push(format!("the library {alias} is referred to and never used"));
    }
    problems
}

/// What a name must be the name of.
#[derive(Clone, Copy, Debug)]
enum Wanted<'a> {
    /// A class, with this property unless it is empty.
    Class(&'a str),
    /// A module of the kind that the element's name says.
    Module(&'a str),
    Data,
    Monitor,
    MonitorType,
    View,
    Folder,
    String,
}

/// The attributes of an element that refer to something.
fn wanted(element: &str) -> &'static [(&'static str, Wanted<'static>)] {
    match element {
        "ClassType" => &[("Base", Wanted::Class(""))],
        "DiscoveryClass" => &[("TypeID", Wanted::Class(""))],
        "Discovery" | "Rule" | "Task" => &[("Target", Wanted::Class(""))],
        "UnitMonitor" => {
            &[("Target", Wanted::Class("")), ("ParentMonitorID", Wanted::Monitor), ("TypeID", Wanted::MonitorType)]
        }
        "AggregateMonitor" => &[("Target", Wanted::Class("")), ("ParentMonitorID", Wanted::Monitor)],
        "AlertSettings" => &[("AlertMessage", Wanted::String)],
        "View" => &[("Target", Wanted::Class("")), ("TypeID", Wanted::View)],
        "Folder" => &[("ParentFolder", Wanted::Folder)],
        "FolderItem" => &[("ElementID", Wanted::View), ("Folder", Wanted::Folder)],
        "DataSource" => &[("TypeID", Wanted::Module("DataSource"))],
        "ProbeAction" => &[("TypeID", Wanted::Module("ProbeAction"))],
        "ConditionDetection" => &[("TypeID", Wanted::Module("ConditionDetection"))],
        "WriteAction" => &[("TypeID", Wanted::Module("WriteAction"))],
        _ => &[],
    }
}

fn resolve(pack: &Pack, name: &str, wanted: Wanted<'_>) -> Result<(), String> {
    let is_right = match name.split_once('!') {
        Some((alias, id)) => {
            let library = pack.aliases.get(alias).ok_or_else(|| format!("{name}: no library is called {alias}"))?;
            let found =
                sealed::find(library, id).ok_or_else(|| format!("{name}: nothing is known of {id} in {library}"))?;
            match (wanted, found.kind) {
                (Wanted::Class(property), Kind::Class(known)) => property.is_empty() || known.contains(&property),
                (Wanted::Module(kind), Kind::Module(known, _)) => kind == known,
                (Wanted::Data, Kind::Data) | (Wanted::Monitor, Kind::Monitor) => true,
                (Wanted::View, Kind::View) | (Wanted::Folder, Kind::Folder) => true,
                _ => false,
            }
        }
        None => {
            let found = pack.find(name).ok_or_else(|| format!("{name} is not defined here"))?;
            let kind = found.name.as_str();
            match wanted {
                Wanted::Class(property) => kind == "ClassType" && has_property(found, property),
                Wanted::Module(module) => kind == format!("{module}ModuleType"),
                Wanted::Monitor => matches!(kind, "UnitMonitor" | "AggregateMonitor"),
                Wanted::MonitorType => kind == "UnitMonitorType",
                Wanted::View => kind == "View",
                Wanted::Folder => kind == "Folder",
                Wanted::String => kind == "StringResource",
                Wanted::Data => false,
            }
        }
    };
    if is_right { Ok(()) } else { Err(format!("{name} is not a {wanted:?}")) }
}

fn has_property(class: &Node, property: &str) -> bool {
    property.is_empty() || class.children.iter().any(|own| own.id() == property)
}

/// The classes that a place between `$` and `$` names, each with the property behind it.
fn classes(place: &str) -> Vec<(&str, &str)> {
    let marks = ["[Type=\"", "MPElement[Name=\""];
    let begins = marks.iter().filter_map(|mark| place.split_once(mark)).map(|(_, rest)| rest);
    let named = begins.filter_map(|rest| rest.split_once("\"]"));
    named.map(|(class, rest)| (class, rest.strip_prefix('/').unwrap_or_default())).collect()
}
