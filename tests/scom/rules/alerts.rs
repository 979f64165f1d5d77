//! Does an alert carry what the health set's own carries, from properties that the plugin always prints?

use crate::bags::{Bag, of_workflow};
use crate::expression::Item;
use crate::model::{Pack, places};
use crate::xml::Node;

/// As many as the schema has.
const MOST: usize = 10;

/// What the alert of the health set carries; on Linux all of it is in the text.
const CARRIED: &[&str] = &["Started", "FailureReason", "Authentication", "Diagnostics"];

pub fn broken(pack: &Pack, bags: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    for monitor in pack.of_kind("UnitMonitor") {
        let parameters = monitor.at(&["AlertSettings", "AlertParameters"]);
        let parameters = parameters.map_or(&[][..], |parameters| &parameters.children);
        let names: Vec<_> = parameters.iter().map(|parameter| parameter.name.clone()).collect();
        let numbered: Vec<_> = (1..=parameters.len()).map(|number| format!("AlertParameter{number}")).collect();
        if names != numbered || !(1..=MOST).contains(&names.len()) {
            problems.push(format!("line {}: {names:?} are no alert parameters", monitor.line));
        }
        problems.extend(printed(monitor, parameters, &of_workflow(pack, monitor, bags)));
        problems.extend(carried(monitor, parameters));
        problems.extend(said(pack, monitor, parameters.len()));
    }
    problems
}

/// Every property is in every bag.
fn printed(monitor: &Node, parameters: &[Node], bags: &[&Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    for parameter in parameters {
        let places = places(&parameter.text);
        let [place] = places.as_slice() else {
            problems.push(format!("line {}: {} is not one place", parameter.line, parameter.text));
            continue;
        };
        let Some(query) = place.strip_prefix("Data/Context/") else { continue };
        // A path from anywhere follows the context's own stroke.
        let query =
            query.strip_prefix('/').map_or(query.to_owned(), |rest| format!("/{}", rest.trim_start_matches('/')));
        let query = if query.starts_with("/*") { format!("/{query}") } else { query };
        for bag in bags.iter().filter(|bag| bag.select(&query).is_none()) {
            let what = format!("{} in {} prints no {query}", bag.service.name, bag.situation);
            problems.push(format!("line {}: {}: {what}", parameter.line, monitor.id()));
        }
    }
    problems
}

fn carried(monitor: &Node, parameters: &[Node]) -> Vec<String> {
    let is_text = parameters.iter().any(|parameter| parameter.text.contains("StdOut"));
    let is_carried = |name: &str| {
        let query = format!("$Data/Context/Property[@Name='{name}']$");
        is_text || parameters.iter().any(|parameter| parameter.text == query)
    };
    let missing = CARRIED.iter().filter(|name| !is_carried(name));
    let mut problems: Vec<_> =
        missing.map(|name| format!("line {}: the alert of {} has no {name}", monitor.line, monitor.id())).collect();
    if !parameters.iter().any(|parameter| parameter.text.starts_with("$Target/Host/")) {
        problems.push(format!("line {}: the alert of {} names no server", monitor.line, monitor.id()));
    }
    problems
}

/// The alert's text has a place for each parameter, and none for another.
fn said(pack: &Pack, monitor: &Node, count: usize) -> Option<String> {
    let message = monitor.child("AlertSettings")?.attribute("AlertMessage");
    let strings = pack.of_kind("DisplayString");
    let text = strings.iter().find(|string| string.attribute("ElementID") == message)?.text_at(&["Description"]);
    let numbers = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')?.0.parse::<usize>().ok());
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    let is_right = numbers == (0..count).collect::<Vec<_>>();
    (!is_right)
        .then(|| format!("line {}: the text of {message} has places {numbers:?} for {count} parameters", monitor.line))
}
