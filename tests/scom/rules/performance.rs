//! Is every number collected that a plugin measures, and does it measure every one that is collected?

use std::collections::BTreeSet;

use check_um::checks::schedule::{ScheduledService, Vantage};
use check_um_generate::register::services;

use super::commands;
use crate::bags::{Bag, of_workflow};
use crate::expression::{Item, holds};
use crate::model::Pack;
use crate::xml::Node;

/// Where a number goes: the database and the warehouse.
const WRITERS: [&str; 2] =
    ["Microsoft.SystemCenter.CollectPerformanceData", "Microsoft.SystemCenter.DataWarehouse.PublishPerformanceData"];

pub fn broken(pack: &Pack, bags: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut collected = BTreeSet::new();
    for rule in pack.of_kind("Rule") {
        let bags = of_workflow(pack, rule, bags);
        match metric(pack, rule) {
            Err(problem) => problems.push(format!("line {}: {}: {problem}", rule.line, rule.id())),
            Ok((label, filter)) => {
                problems.extend(
                    bags.iter()
                        .filter_map(|bag| judge(&filter, &label, bag))
                        .map(|problem| format!("line {}: {}: {problem}", rule.line, rule.id())),
                );
                let is_seen =
                    |bag: &Bag| bag.labels.contains(&label) || bag.service.occasional.contains(&label.as_str());
                if !bags.iter().any(|bag| is_seen(bag)) {
                    problems.push(format!("line {}: {}: the plugin never measures {label}", rule.line, rule.id()));
                }
                let check = bags.first().map(|bag| bag.service.name);
                if !collected.insert((check, label)) {
                    problems.push(format!("line {}: {} collects what another one does", rule.line, rule.id()));
                }
            }
        }
        let written = rule.child("WriteActions").map_or(&[][..], |actions| &actions.children);
        let written: Vec<_> =
            written.iter().filter_map(|action| Some(action.attribute("TypeID").split_once('!')?.1)).collect();
        if written != WRITERS {
            problems.push(format!("line {}: {} writes to {written:?}", rule.line, rule.id()));
        }
    }
    // A pack whose agent cannot collect numbers has no rules at all.
    if !collected.is_empty() {
        let monitors = pack.of_kind("UnitMonitor");
        let bags = monitors.into_iter().flat_map(|monitor| of_workflow(pack, monitor, bags));
        for bag in bags.filter(|bag| bag.situation == "OK") {
            let own = bag.labels.iter().filter(|label| !is_one_of_many(label) && !is_of_another(bag, label));
            let missing = own.filter(|label| !collected.contains(&(Some(bag.service.name), (*label).clone())));
            problems.extend(missing.map(|label| format!("{}: nobody collects {label}", bag.service.name)));
        }
    }
    problems
}

/// What one check prints of others, with their names in front: they collect it themselves.
fn is_of_another(bag: &Bag, label: &str) -> bool {
    let name = |service: &ScheduledService| service.name.trim_start_matches("um-").replace('-', "_");
    bag.service.vantage == Vantage::Whole && services().any(|other| label.starts_with(&format!("{}_", name(other))))
}

/// `chain_1_days_left` is there as often as the chain is long.
fn is_one_of_many(label: &str) -> bool {
    label.starts_with("chain_")
}

/// The property that a rule collects, and the filter before it.
fn metric(pack: &Pack, rule: &Node) -> Result<(String, Node), String> {
    let running: Vec<_> = commands::modules(pack, rule).iter().flat_map(|module| pack.expand(module)).collect();
    let of_type =
        |kind: &str| running.iter().find(|running| running.type_id.ends_with(kind)).map(|found| &found.module);
    let mapper = of_type("!System.Performance.DataGenericMapper").ok_or("nothing is mapped")?;
    let value = mapper.text_at(&["Value"]);
    let label = value.strip_prefix("$Data/Property[@Name='").and_then(|rest| rest.strip_suffix("']$"));
    let label = label.ok_or_else(|| format!("{value} is no property"))?.to_owned();
    if mapper.text_at(&["CounterName"]) != label {
        return Err(format!("{label} is called {}", mapper.text_at(&["CounterName"])));
    }
    let filter = of_type("!System.ExpressionFilter").ok_or("nothing is filtered")?;
    Ok((label, filter.child("Expression").cloned().unwrap_or_default()))
}

/// The filter lets a bag pass that has the number, and no other.
fn judge(filter: &Node, label: &str, bag: &Bag) -> Option<String> {
    let is_there = bag.select(&format!("Property[@Name='{label}']")).is_some();
    match holds(filter, bag) {
        Ok(passes) if passes == is_there => None,
        Ok(passes) => Some(format!("passes: {passes}, {label} is there: {is_there} ({})", bag.situation)),
        Err(problem) => Some(problem),
    }
}
