//! Is every module, rule and monitor configured with what its type declares, in that order?

use crate::bags::Bag;
use crate::model::{Pack, places};
use crate::sealed::{self, Kind};
use crate::xml::Node;

pub fn broken(pack: &Pack, _: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    let modules = ["DataSource", "ProbeAction", "ConditionDetection", "WriteAction"];
    for node in pack.root.all().into_iter().filter(|node| modules.contains(&node.name.as_str())) {
        let given: Vec<_> = node.children.iter().map(|child| child.name.as_str()).collect();
        problems.extend(fits(node, &given, &wanted(pack, node.attribute("TypeID"))));
        for element in node.children.iter().filter(|child| child.children.is_empty()) {
            problems.extend(is_of_type(pack, node.attribute("TypeID"), element));
        }
    }
    for node in pack.definitions() {
        if node.name == "UnitMonitor" {
            let configuration = node.child("Configuration").map_or(&[][..], |configuration| &configuration.children);
            let given: Vec<_> = configuration.iter().map(|child| child.name.as_str()).collect();
            problems.extend(fits(node, &given, &wanted(pack, node.attribute("TypeID"))));
            for element in configuration {
                problems.extend(is_of_type(pack, node.attribute("TypeID"), element));
            }
        }
        if node.name.ends_with("ModuleType") || node.name == "UnitMonitorType" {
            problems.extend(declaration(node));
        }
    }
    problems
}

/// The configuration that a type wants, `?` behind what may be left out.
fn wanted(pack: &Pack, type_id: &str) -> Vec<String> {
    let known = type_id.split_once('!').and_then(|(alias, id)| sealed::find(pack.aliases.get(alias)?, id));
    match (known.map(|known| known.kind), pack.find(type_id)) {
        (Some(Kind::Module(_, configuration)), _) => configuration.iter().map(|name| (*name).to_owned()).collect(),
        (_, Some(definition)) => {
            declared(definition).iter().map(|element| element.attribute("name").to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

fn fits(node: &Node, given: &[&str], wanted: &[String]) -> Option<String> {
    let mut rest = given;
    for name in wanted {
        match (rest.split_first(), name.strip_suffix('?')) {
            (Some((first, others)), optional) if *first == optional.unwrap_or(name) => rest = others,
            (_, Some(_)) => {}
            _ => {
                return Some(format!(
                    "line {}: {} is configured by {given:?} and not {wanted:?}",
                    node.line,
                    node.id()
                ));
            }
        }
    }
    let left = rest.first()?;
    Some(format!(
        "line {}: {} is configured by {left}, which its type does not know or wants earlier",
        node.line,
        node.id()
    ))
}

/// A value that is already there is of the declared type.
fn is_of_type(pack: &Pack, type_id: &str, element: &Node) -> Option<String> {
    let definition = pack.find(type_id)?;
    let kind = declared(definition).iter().find(|known| known.attribute("name") == element.name)?.attribute("type");
    let is_number = element.text.parse::<u32>().is_ok() || element.text.starts_with("$Config/");
    (kind == "xsd:integer" && !is_number).then(|| format!("line {}: {} is no number", element.line, element.name))
}

/// What a type declares is used, what it uses is declared, and what may be overridden is there.
fn declaration(node: &Node) -> Vec<String> {
    let declared: Vec<_> = declared(node).iter().map(|element| element.attribute("name")).collect();
    let used: Vec<_> = ["ModuleImplementation", "MonitorImplementation"]
        .iter()
        .filter_map(|name| node.child(name))
        .flat_map(|implementation| implementation.all())
        .flat_map(|inside| inside.attributes.values().chain([&inside.text]).flat_map(|text| places(text)))
        .filter_map(|place| place.strip_prefix("Config/").map(str::to_owned))
        .collect();
    let mut problems = Vec::new();
    for name in used.iter().filter(|name| !declared.contains(&name.as_str())) {
        problems.push(format!("line {}: {} uses $Config/{name}$, which it does not declare", node.line, node.id()));
    }
    for name in declared.iter().filter(|name| !used.iter().any(|used| used == *name)) {
        problems.push(format!("line {}: {} declares {name} and does not use it", node.line, node.id()));
    }
    for parameter in node.child("OverrideableParameters").map_or(&[][..], |parameters| &parameters.children) {
        let (id, selector) = (parameter.id(), parameter.attribute("Selector"));
        if !declared.contains(&id) || selector != format!("$Config/{id}$") {
            problems.push(format!("line {}: {id} cannot be overridden by {selector}", parameter.line));
        }
    }
    problems
}

fn declared(definition: &Node) -> Vec<&Node> {
    definition.child("Configuration").map_or(&[][..], |configuration| &configuration.children).iter().collect()
}
