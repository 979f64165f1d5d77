//! Which elements are modules made of? The pieces that both packs share: filters, expressions, configurations.

use super::parameters::Parameter;
use super::xml::{Element, element, leaf};

/// The element `name` holding the configuration of a module, each element a name and a text.
pub fn module(name: &'static str, id: &str, kind: &str) -> Element {
    element(name).with("ID", id).with("TypeID", kind)
}

/// A declared configuration: `IntervalSeconds` and `MatchCount` where they belong, the parameters between them.
pub fn declared(parameters: &[Parameter], first: &[&str], last: &[&str]) -> Element {
    let integer = |name: &&str| declaration(name, "xsd:integer");
    let own = parameters.iter().map(|parameter| {
        declaration(parameter.name(), if parameter.is_integer() { "xsd:integer" } else { "xsd:string" })
    });
    let elements: Vec<_> = first.iter().map(integer).chain(own).chain(last.iter().map(integer)).collect();
    element("Configuration").holding(elements)
}

/// A declared element of a configuration.
pub fn declaration(name: &str, kind: &str) -> Element {
    element("xsd:element").with("minOccurs", "1").with("name", name).with("type", kind)
}

/// The same, as what may be overridden.
pub fn overrideable(parameters: &[Parameter], first: &[&str], last: &[&str]) -> Element {
    let parameter = |name: &str, is_integer: bool| {
        element("OverrideableParameter")
            .with("ID", name)
            .with("Selector", format!("$Config/{name}$"))
            .with("ParameterType", if is_integer { "int" } else { "string" })
    };
    let own = parameters.iter().filter(|own| own.is_overrideable());
    let own = own.map(|own| parameter(own.name(), own.is_integer()));
    let integers = |names: &[&str]| names.iter().map(|name| parameter(name, true)).collect::<Vec<_>>();
    element("OverrideableParameters").holding(integers(first)).holding(own).holding(integers(last))
}

/// A configuration handed down as it came in.
pub fn handed_down(parameters: &[Parameter], first: &[&str]) -> Vec<Element> {
    let names = first.iter().copied().chain(parameters.iter().map(|parameter| parameter.name()));
    names.map(|name| leaf(name, format!("$Config/{name}$"))).collect()
}

/// An element with a text, or with nothing.
pub fn element_of(name: &str, text: String) -> Element {
    if text.is_empty() { element(name) } else { leaf(name, text) }
}

/// A value of the data that runs through the workflow.
pub fn query(kind: &str, xpath: &str) -> Element {
    element("ValueExpression").holding([leaf("XPathQuery", xpath).with("Type", kind)])
}

/// A fixed value.
pub fn value(kind: &str, text: &str) -> Element {
    element("ValueExpression").holding([leaf("Value", text).with("Type", kind)])
}

/// A comparison.
pub fn compared(left: Element, operator: &str, right: Element) -> Element {
    let simple = element("SimpleExpression").holding([left, leaf("Operator", operator), right]);
    element("Expression").holding([simple])
}

/// Several expressions as one: `And` or `Or`.
pub fn joined(by: &'static str, expressions: impl IntoIterator<Item = Element>) -> Element {
    element("Expression").holding([element(by).holding(expressions)])
}

/// A filter that lets data pass, after as many matches in a row as the configuration says if it is a bad state's.
pub fn filter(id: &str, expression: Element, is_patient: bool) -> Element {
    // Operations Manager 2012 and later: without a SampleCount the matches must be consecutive.
    let patience = element("SuppressionSettings").holding([leaf("MatchCount", "$Config/MatchCount$")]);
    let filter = module("ConditionDetection", id, "System!System.ExpressionFilter").holding([expression]);
    if is_patient { filter.holding([patience]) } else { filter }
}

/// Modules, the one that runs last named first.
pub fn chain(ids: &[&str]) -> Element {
    let (first, rest) = ids.split_first().map_or(("", [].as_slice()), |(first, rest)| (*first, rest));
    let node = element("Node").with("ID", first);
    if rest.is_empty() { node } else { node.holding([chain(rest)]) }
}

/// The filters of the three states, as they run by themselves and on demand: who asks for the state now does not want
/// to wait for a run in a row.
pub fn filters(healthy: Element, warning: Element, error: Element) -> Vec<Element> {
    vec![
        filter("FilterHealthy", healthy, false),
        filter("FilterWarning", warning.clone(), true),
        filter("FilterError", error.clone(), true),
        filter("FilterWarningNow", warning, false),
        filter("FilterErrorNow", error, false),
    ]
}

/// How each state is detected: by its filter over these modules, the one that runs last named first.
pub fn detections(scheduled: &[&str], on_demand: &[&str]) -> [Element; 2] {
    let each = |name: &str, behind: &[&str], filters: [&str; 3]| {
        let states = STATES.iter().zip(filters).map(|((state, _), filter)| {
            let nodes = chain(&[&[filter], behind].concat());
            element(name).with("MonitorTypeStateID", *state).holding([nodes])
        });
        states.collect::<Vec<_>>()
    };
    let patient = ["FilterHealthy", "FilterWarning", "FilterError"];
    let now = ["FilterHealthy", "FilterWarningNow", "FilterErrorNow"];
    [
        element("RegularDetections").holding(each("RegularDetection", scheduled, patient)),
        element("OnDemandDetections").holding(each("OnDemandDetection", on_demand, now)),
    ]
}

/// The states of every monitor, and the health that each means.
pub const STATES: [(&str, &str); 3] = [("Healthy", "Success"), ("Warning", "Warning"), ("Error", "Error")];

/// The states of a monitor type.
pub fn states() -> Element {
    let states = STATES.map(|(state, _)| element("MonitorTypeState").with("ID", state).with("NoDetection", "false"));
    element("MonitorTypeStates").holding(states)
}

/// The states of a monitor.
pub fn operational_states() -> Element {
    let states = STATES.map(|(state, health)| {
        element("OperationalState").with("ID", state).with("MonitorTypeStateID", state).with("HealthState", health)
    });
    element("OperationalStates").holding(states)
}
