//! Which rules must a management pack obey? Each says what breaks it, with the line.

mod alerts;
mod commands;
mod configurations;
mod cookdown;
mod identity;
mod order;
mod performance;
mod references;
mod states;
mod strings;
mod workflows;

pub use commands::{Command, of_workflow};

use crate::bags::Bag;
use crate::model::Pack;

/// A rule, and what breaks it in a pack whose plugins print these bags.
pub type Rule = fn(&Pack, &[Bag]) -> Vec<String>;

/// Every rule with its name.
pub const RULES: &[(&str, Rule)] = &[
    ("order", order::broken),
    ("identity", identity::broken),
    ("references", references::broken),
    ("strings", strings::broken),
    ("workflows", workflows::broken),
    ("configurations", configurations::broken),
    ("commands", commands::broken),
    ("states", states::broken),
    ("alerts", alerts::broken),
    ("performance", performance::broken),
    ("cookdown", cookdown::broken),
];

/// What the problems of a document begin with that is no XML, or none that a pack could be.
pub const NOT_XML: &str = "not well-formed";

/// What is wrong with a document.
pub fn problems(document: &str, bags: &[Bag]) -> Vec<String> {
    problems_by(|_| true, document, bags)
}

/// The same by one rule.
pub fn problems_of(rule: &str, document: &str, bags: &[Bag]) -> Vec<String> {
    assert!(rule == NOT_XML || RULES.iter().any(|(name, _)| *name == rule), "there is no rule {rule}");
    problems_by(|name| name == rule, document, bags)
}

/// Nothing else is looked at if it is no pack at all.
fn problems_by(is_meant: impl Fn(&str) -> bool, document: &str, bags: &[Bag]) -> Vec<String> {
    match Pack::parse(document) {
        Err(problem) => vec![format!("{NOT_XML}: {problem}")],
        Ok(pack) => {
            let rules = RULES.iter().filter(|(name, _)| is_meant(name));
            let problems =
                rules.flat_map(|(name, rule)| rule(&pack, bags).into_iter().map(move |problem| (name, problem)));
            problems.map(|(name, problem)| format!("{name}: {problem}")).collect()
        }
    }
}
