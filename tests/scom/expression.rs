//! Does a filter of the pack let a data item pass? Its own expression, evaluated.

use crate::xml::Node;

/// A data item: what an XPath query of a filter finds in it.
pub trait Item {
    /// The text that the query selects, if there is such a thing in the item.
    fn select(&self, xpath: &str) -> Option<String>;
}

/// Whether `expression` (an `Expression` element) holds of `item`, or what cannot be understood about it.
pub fn holds(expression: &Node, item: &dyn Item) -> Result<bool, String> {
    let [inside] = expression.children.as_slice() else {
        return Err(format!("line {}: an Expression holds one thing", expression.line));
    };
    match inside.name.as_str() {
        "SimpleExpression" => compare(inside, item),
        "And" | "Or" if inside.children.len() < 2 => {
            Err(format!("line {}: {} of less than two", inside.line, inside.name))
        }
        "And" => each(inside, item).map(|all| all.into_iter().all(|one| one)),
        "Or" => each(inside, item).map(|all| all.into_iter().any(|one| one)),
        "Exists" => {
            let (_, xpath) = query(inside.child("ValueExpression").unwrap_or(inside))?;
            Ok(item.select(&xpath).is_some())
        }
        other => Err(format!("line {}: {other} is no expression that is known here", inside.line)),
    }
}

/// The queries of an expression that compare something, which must be there.
pub fn queries(expression: &Node) -> Vec<String> {
    let all = expression.all();
    let compared = all.iter().filter(|node| node.name == "SimpleExpression").flat_map(|node| node.all());
    compared.filter(|node| node.name == "XPathQuery").map(|node| node.text.clone()).collect()
}

fn each(inside: &Node, item: &dyn Item) -> Result<Vec<bool>, String> {
    inside.children.iter().map(|expression| holds(expression, item)).collect()
}

fn compare(simple: &Node, item: &dyn Item) -> Result<bool, String> {
    let wrong = |what: &str| format!("line {}: {what}", simple.line);
    let names: Vec<_> = simple.children.iter().map(|child| child.name.as_str()).collect();
    if names != ["ValueExpression", "Operator", "ValueExpression"] {
        return Err(wrong("a SimpleExpression is a value, an operator and a value"));
    }
    let (kind, xpath) = query(&simple.children[0])?;
    let value = simple.children[2].child("Value").ok_or_else(|| wrong("no Value on the right"))?;
    if value.attribute("Type") != kind {
        return Err(wrong("the two sides are not of one type"));
    }
    // A query that finds nothing makes the comparison false, whatever the operator.
    let Some(left) = item.select(&xpath) else { return Ok(false) };
    let (left, right) = (left.trim(), value.text.trim());
    let order = match kind.as_str() {
        "String" => left.cmp(right),
        "Boolean" => left.to_lowercase().cmp(&right.to_lowercase()),
        "Integer" | "Double" => {
            let number = |text: &str| text.parse::<f64>().map_err(|_| wrong(&format!("{text:?} is no {kind}")));
            number(left)?.total_cmp(&number(right)?)
        }
        other => return Err(wrong(&format!("type {other} is not known"))),
    };
    match simple.children[1].text.as_str() {
        "Equal" => Ok(order.is_eq()),
        "NotEqual" => Ok(order.is_ne()),
        "Greater" => Ok(order.is_gt()),
        "GreaterEqual" => Ok(order.is_ge()),
        "Less" => Ok(order.is_lt()),
        "LessEqual" => Ok(order.is_le()),
        other => Err(wrong(&format!("operator {other} is not known"))),
    }
}

fn query(value: &Node) -> Result<(String, String), String> {
    let query = value.child("XPathQuery").ok_or_else(|| format!("line {}: no XPathQuery", value.line))?;
    Ok((query.attribute("Type").to_owned(), query.text.clone()))
}
