//! What does Zabbix draw? The graphs of each check, and a dashboard for each template that shows states, texts and graphs.

use check_um::checks::schedule::{DisplayUnit, Graph, ScheduledService};

use super::linked::Linked;
use super::template::{part, uuid};
use super::yaml::{Node, list, map, rank, text};

/// The graphs of all checks of these templates, in the order of their names.
pub fn graphs(templates: &[Linked]) -> Node {
    let checks = templates.iter().flat_map(|linked| linked.checks());
    let mut graphs: Vec<_> =
        checks.flat_map(|check| check.graphs.iter().map(move |drawn| graph(check, drawn))).collect();
    graphs.sort_by_key(|graph| rank(graph.text("name")));
    list(graphs)
}

/// The dashboard of a template: a row for each check with its state, its last summaries and its first graph; any other graph has
/// a row of its own.
pub fn dashboard(linked: Linked) -> Node {
    let mut widgets = Vec::new();
    let mut y = 0;
    for check in linked.checks() {
        let mut drawn = check.graphs.iter().map(|drawn| graph_name(check, drawn));
        widgets.push(widget("ITEM", &format!("{}: state", check.title), (0, y, 6), state(check)));
        widgets.push(widget("PLAIN_TEXT", &format!("{}: summary", check.title), (6, y, 7), summary(check)));
        widgets.extend(drawn.next().map(|name| graph_widget(check, &name, (13, y, 11))));
        for name in drawn {
            y += HEIGHT;
            widgets.push(graph_widget(check, &name, (0, y, 24)));
        }
        y += HEIGHT;
    }
    widgets.sort_by_key(|widget| rank(widget.text("name")));
    list([map([
        ("uuid", uuid(&format!("dashboard of {}", linked.name()))),
        ("name", text(linked.dashboard())),
        ("pages", list([map([("widgets", list(widgets))])])),
    ])])
}

/// The state as a word that fits into its widget, and nothing beside it.
fn state(check: &ScheduledService) -> Vec<Node> {
    let number = |name, value| field("INTEGER", name, text(value));
    let numbers = [number("adv_conf", "1"), number("show", "2"), number("value_size", "12")];
    numbers.into_iter().chain(item_field(check, "itemid", "exit_code")).collect()
}

fn summary(check: &ScheduledService) -> Vec<Node> {
    let lines = field("INTEGER", "show_lines", text("3"));
    std::iter::once(lines).chain(item_field(check, "itemids", "summary")).collect()
}

/// One picture.
fn graph(check: &ScheduledService, drawn: &Graph) -> Node {
    let unit = |label: &str| check.metrics.iter().find(|metric| metric.label == label).map(|metric| metric.unit);
    let is_share = drawn.labels.iter().all(|label| unit(label) == Some(DisplayUnit::Percent));
    let has_floor = drawn.labels.iter().all(|label| unit(label) != Some(DisplayUnit::Days));
    let item = |(order, label): (usize, &&str)| {
        map([
            ("sortorder", text(if order == 0 { String::new() } else { order.to_string() })),
            ("color", text(COLORS[order])),
            (
                "item",
                map([
                    ("host", text(Linked::of(check).name())),
                    ("key", text(part(check, &format!("metrics.{label}")))),
                ]),
            ),
        ])
    };
    map([
        ("uuid", uuid(&format!("graph {} {}", check.name, drawn.title))),
        ("name", text(graph_name(check, drawn))),
        // An expired certificate has less than no days left; nothing else is ever below zero.
        ("ymin_type_1", text(if has_floor { "FIXED" } else { "" })),
        ("ymax_type_1", text(if is_share { "FIXED" } else { "" })),
        ("graph_items", list(drawn.labels.iter().enumerate().map(item))),
    ])
}

fn graph_name(check: &ScheduledService, drawn: &Graph) -> String {
    format!("{}: {}", check.title, drawn.title)
}

fn graph_widget(check: &ScheduledService, graph: &str, place: (u32, u32, u32)) -> Node {
    let drawn = map([("host", text(Linked::of(check).name())), ("name", text(graph))]);
    let fields = vec![field("INTEGER", "source_type", text("0")), field("GRAPH", "graphid", drawn)];
    widget("GRAPH_CLASSIC", graph, place, fields)
}

fn widget(kind: &str, name: &str, (x, y, width): (u32, u32, u32), fields: Vec<Node>) -> Node {
    let unless_zero = |number: u32| text(if number == 0 { String::new() } else { number.to_string() });
    map([
        ("type", text(kind)),
        ("name", text(name)),
        ("x", unless_zero(x)),
        ("y", unless_zero(y)),
        ("width", text(width.to_string())),
        ("height", text(HEIGHT.to_string())),
        ("fields", list(fields)),
    ])
}

fn item_field(check: &ScheduledService, name_of_field: &str, path: &str) -> Vec<Node> {
    let place = map([("host", text(Linked::of(check).name())), ("key", text(part(check, path)))]);
    vec![field("ITEM", name_of_field, place)]
}

fn field(kind: &str, name: &str, value: Node) -> Node {
    map([("type", text(kind)), ("name", text(name)), ("value", value)])
}

/// Rows of the grid that a widget takes.
const HEIGHT: u32 = 5;

/// The colours that Zabbix gives to the first lines of a graph.
const COLORS: [&str; 6] = ["1A7C11", "F63100", "2774A4", "A54F10", "FC6EA3", "6C59DC"];
