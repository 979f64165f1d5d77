//! Has everything that a person may see a name, and does every name belong to something?

use std::collections::BTreeSet;

use crate::bags::Bag;
use crate::model::Pack;
use crate::xml::Node;

pub fn broken(pack: &Pack, _: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut named = BTreeSet::new();
    for string in pack.of_kind("DisplayString") {
        let (id, part) = (string.attribute("ElementID"), string.attribute("SubElementID"));
        if !named.insert((id.to_owned(), part.to_owned())) {
            problems.push(format!("line {}: {id} {part} is named twice", string.line));
        }
        if !is_there(pack, id, part) {
            problems.push(format!("line {}: {id} {part} is named and not there", string.line));
        }
        if string.text_at(&["Name"]).trim().is_empty() {
            problems.push(format!("line {}: {id} {part} has an empty name", string.line));
        }
    }
    for (id, part, line) in visible(pack) {
        if !named.contains(&(id.clone(), part.clone())) {
            problems.push(format!("line {line}: {id} {part} has no name"));
        }
    }
    problems.extend(articles(pack));
    let defaults =
        pack.of_kind("LanguagePack").into_iter().filter(|pack| pack.attribute("IsDefault") == "true").count();
    if defaults != 1 {
        problems.push(format!("{defaults} language packs are the default"));
    }
    problems
}

/// Element, part and line of everything that the console shows.
fn visible(pack: &Pack) -> Vec<(String, String, usize)> {
    let mut visible = vec![(pack.id().to_owned(), String::new(), pack.root.line)];
    for node in pack.definitions().into_iter().filter(|node| node.name != "FolderItem") {
        visible.push((node.id().to_owned(), String::new(), node.line));
        visible.extend(parts(node).into_iter().map(|part| (node.id().to_owned(), part.id().to_owned(), part.line)));
    }
    visible
}

/// The parts of an element that have names of their own.
fn parts(node: &Node) -> Vec<&Node> {
    let kinds = ["Property", "OverrideableParameter", "OperationalState"];
    node.all().into_iter().filter(|part| kinds.contains(&part.name.as_str()) && !part.id().is_empty()).collect()
}

fn is_there(pack: &Pack, id: &str, part: &str) -> bool {
    match pack.find(id) {
        Some(node) => part.is_empty() || parts(node).iter().any(|own| own.id() == part),
        None => id == pack.id() && part.is_empty(),
    }
}

/// Every monitor has an article, and every article belongs to something.
fn articles(pack: &Pack) -> Vec<String> {
    let articles = pack.of_kind("KnowledgeArticle");
    let mut problems = Vec::new();
    for article in &articles {
        let id = article.attribute("ElementID");
        if pack.find(id).is_none() {
            problems.push(format!("line {}: an article about {id}, which is not there", article.line));
        }
        for paragraph in article.all().into_iter().filter(|node| node.name.starts_with("maml:")) {
            if paragraph.children.is_empty() && paragraph.text.trim().is_empty() {
                problems.push(format!("line {}: an empty {}", paragraph.line, paragraph.name));
            }
        }
    }
    for monitor in pack.of_kind("UnitMonitor").into_iter().chain(pack.of_kind("AggregateMonitor")) {
        if !articles.iter().any(|article| article.attribute("ElementID") == monitor.id()) {
            problems.push(format!("line {}: {} has no knowledge article", monitor.line, monitor.id()));
        }
    }
    problems
}
