//! Is every id unique and of the form that is allowed, and are the libraries the sealed ones?

use std::collections::BTreeSet;

use crate::bags::Bag;
use crate::model::Pack;
use crate::xml::Node;

/// The key that Microsoft seals its packs with.
const MICROSOFT: &str = "31bf3856ad364e35";

pub fn broken(pack: &Pack, _: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for node in pack.definitions() {
        if !seen.insert(node.id()) {
            problems.push(format!("line {}: the id {} is there twice", node.line, node.id()));
        }
        if !is_id(node.id(), ".") {
            problems.push(format!("line {}: {:?} is no id", node.line, node.id()));
        }
        if !node.id().starts_with(pack.id()) {
            problems.push(format!("line {}: {} does not begin with the pack's id", node.line, node.id()));
        }
        problems.extend(parts(node));
    }
    problems.extend(libraries(pack));
    problems
}

/// Ids within an element: modules, states, properties, parameters.
fn parts(node: &Node) -> Vec<String> {
    let groups = ["MemberModules", "MonitorTypeStates", "OperationalStates", "OverrideableParameters", "ClassType"];
    let groups = node.all().into_iter().filter(|inside| groups.contains(&inside.name.as_str()));
    let mut problems = Vec::new();
    for group in groups {
        let mut seen = BTreeSet::new();
        for part in &group.children {
            if !seen.insert(part.id()) || !is_id(part.id(), "") {
                problems.push(format!("line {}: {:?} is no id, or there twice", part.line, part.id()));
            }
        }
    }
    problems
}

/// At most 255 letters, digits and underscores, a letter or a digit first; full stops where they may be.
fn is_id(id: &str, more: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || more.contains(c);
    (1..255).contains(&id.len()) && id.chars().all(is_allowed) && id.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn libraries(pack: &Pack) -> Vec<String> {
    let mut problems = Vec::new();
    let version = pack.root.text_at(&["Manifest", "Identity", "Version"]);
    if !is_version(version) {
        problems.push(format!("{version:?} is no version of four numbers"));
    }
    if !is_id(pack.id(), ".") {
        problems.push(format!("{:?} is no id of a pack", pack.id()));
    }
    let references = pack.root.at(&["Manifest", "References"]).map_or(&[][..], |node| &node.children);
    if references.len() != pack.aliases.len() {
        problems.push("an alias is there twice".to_owned());
    }
    for reference in references {
        let (line, id) = (reference.line, reference.text_at(&["ID"]));
        if reference.text_at(&["PublicKeyToken"]) != MICROSOFT {
            problems.push(format!("line {line}: {id} is not referred to by the key that it is sealed with"));
        }
        if !is_version(reference.text_at(&["Version"])) {
            problems.push(format!("line {line}: no version of {id}"));
        }
    }
    problems
}

fn is_version(text: &str) -> bool {
    let numbers: Vec<_> = text.split('.').collect();
    numbers.len() == 4 && numbers.iter().all(|number| number.parse::<u16>().is_ok())
}
