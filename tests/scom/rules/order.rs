//! Does every element stand where the schema wants it, with the attributes that it needs?

use crate::bags::Bag;
use crate::model::Pack;
use crate::schema::{Occurs, UNORDERED, inside, required_attributes};
use crate::xml::Node;

pub fn broken(pack: &Pack, _: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    look(&pack.root, "", &mut problems);
    if pack.root.attribute("SchemaVersion") != "2.0" {
        // Suppression in a filter is not there before.
        problems.push(format!("line {}: SchemaVersion is not 2.0", pack.root.line));
    }
    problems
}

fn look(node: &Node, parent: &str, problems: &mut Vec<String>) {
    for attribute in required_attributes(&node.name).iter().filter(|name| node.attribute(name).is_empty()) {
        problems.push(format!("line {}: {} without {attribute}", node.line, node.name));
    }
    let Some(schema) = inside(&node.name, parent) else { return };
    let place = |name: &str| schema.iter().position(|(known, _)| *known == name);
    let mut last = 0;
    for child in &node.children {
        match place(&child.name) {
            None => problems.push(format!("line {}: {} does not belong into {}", child.line, child.name, node.name)),
            Some(at) if at < last && !UNORDERED.contains(&node.name.as_str()) => {
                problems.push(format!("line {}: {} stands behind {}", child.line, child.name, schema[last].0));
            }
            Some(at) => last = at,
        }
        look(child, &node.name, problems);
    }
    for (name, occurs) in schema {
        let count = node.children.iter().filter(|child| child.name == *name).count();
        let fits = match occurs {
            Occurs::Once => count == 1,
            Occurs::Perhaps => count <= 1,
            Occurs::Any => true,
            Occurs::Some => count >= 1,
        };
        if !fits {
            problems.push(format!("line {}: {count} x {name} in {}", node.line, node.name));
        }
    }
    if !schema.is_empty() && !node.text.trim().is_empty() {
        problems.push(format!("line {}: text in {}", node.line, node.name));
    }
}
