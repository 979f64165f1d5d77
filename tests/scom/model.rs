//! What does a pack define, and what do its workflows run once every configuration is filled in?

use std::collections::BTreeMap;

use crate::xml::Node;

/// A pack.
pub struct Pack {
    /// The whole document.
    pub root: Node,
    /// What it calls its libraries.
    pub aliases: BTreeMap<String, String>,
    /// The way to each definition from the root: one child after the other.
    ways: BTreeMap<String, Vec<usize>>,
}

/// The elements that a pack defines, each with an `ID` that is unique in it.
const DEFINITIONS: &[&str] = &[
    "ClassType",
    "DataSourceModuleType",
    "ProbeActionModuleType",
    "UnitMonitorType",
    "Discovery",
    "Rule",
    "Task",
    "UnitMonitor",
    "AggregateMonitor",
    "View",
    "Folder",
    "FolderItem",
    "StringResource",
];

/// A module of a sealed library as it runs: its type and its configuration, filled in.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its type, alias included.
    pub type_id: String,
    /// The module with its configuration.
    pub module: Node,
}

impl Pack {
    /// The pack in a document, or why there is none.
    pub fn parse(document: &str) -> Result<Self, String> {
        let root = Node::parse(document)?;
        if root.name != "ManagementPack" {
            return Err(format!("the root is {}", root.name));
        }
        let references = root.at(&["Manifest", "References"]).map_or(&[][..], |node| &node.children);
        let aliases = references
            .iter()
            .map(|reference| (reference.attribute("Alias").to_owned(), reference.text_at(&["ID"]).to_owned()));
        let (aliases, mut ways) = (aliases.collect(), BTreeMap::new());
        find_ways(&root, &mut Vec::new(), &mut ways);
        Ok(Self { root, aliases, ways })
    }

    /// Its own id.
    pub fn id(&self) -> &str {
        self.root.text_at(&["Manifest", "Identity", "ID"])
    }

    /// Everything that it defines.
    pub fn definitions(&self) -> Vec<&Node> {
        self.root.all().into_iter().filter(|node| DEFINITIONS.contains(&node.name.as_str())).collect()
    }

    /// Everything of one kind that it defines.
    pub fn of_kind(&self, kind: &str) -> Vec<&Node> {
        self.root.all().into_iter().filter(|node| node.name == kind).collect()
    }

    /// What it defines by that id.
    pub fn find(&self, id: &str) -> Option<&Node> {
        let way = self.ways.get(id)?;
        way.iter().try_fold(&self.root, |node, at| node.children.get(*at))
    }

    /// What a module instance comes down to: the sealed modules in it, with its configuration handed down to them.
    pub fn expand(&self, instance: &Node) -> Vec<Running> {
        self.unfold(instance, 0)
    }

    fn unfold(&self, instance: &Node, depth: usize) -> Vec<Running> {
        let kind = instance.attribute("TypeID");
        // Types that contain themselves are reported by another rule.
        let Some(definition) = self.find(kind).filter(|_| depth < 8) else {
            return vec![Running { type_id: kind.to_owned(), module: instance.clone() }];
        };
        let members = definition.at(&["ModuleImplementation", "Composite", "MemberModules"]);
        let members = members.map_or(&[][..], |members| &members.children);
        let inside = members.iter().map(|member| configured(member, instance));
        inside.flat_map(|member| self.unfold(&member, depth + 1)).collect()
    }

    /// The members of a monitor's type, with the monitor's configuration handed down to them.
    pub fn members_of_monitor(&self, monitor: &Node) -> Vec<Node> {
        let members = self
            .find(monitor.attribute("TypeID"))
            .and_then(|kind| kind.at(&["MonitorImplementation", "MemberModules"]));
        let configuration = monitor.child("Configuration").cloned().unwrap_or_default();
        members
            .map_or(&[][..], |members| &members.children)
            .iter()
            .map(|member| configured(member, &configuration))
            .collect()
    }
}

/// Of two definitions with one id the first is found; that there are two is another's to say.
fn find_ways(node: &Node, way: &mut Vec<usize>, ways: &mut BTreeMap<String, Vec<usize>>) {
    for (at, child) in node.children.iter().enumerate() {
        way.push(at);
        if DEFINITIONS.contains(&child.name.as_str()) {
            ways.entry(child.id().to_owned()).or_insert_with(|| way.clone());
        }
        find_ways(child, way, ways);
        way.pop();
    }
}

/// A module whose `$Config/Name$` are what the elements of `configuration` say.
pub fn configured(module: &Node, configuration: &Node) -> Node {
    module.map(&|text| {
        configuration
            .children
            .iter()
            .fold(text.to_owned(), |text, element| text.replace(&format!("$Config/{}$", element.name), &element.text))
    })
}

/// The places between `$` and `$` in a text that a workflow fills in.
pub fn places(text: &str) -> Vec<String> {
    let kinds = ["$Config/", "$Target/", "$Data/", "$MPElement["];
    let mut places = Vec::new();
    let mut rest = text;
    while let Some(begin) = kinds.iter().filter_map(|kind| rest.find(kind)).min() {
        let place = &rest[begin + 1..];
        // A property of the data may be named by the configuration: $Data/Property[@Name='$Config/Metric$']$.
        let inner = place.find("$Config/").filter(|at| place.find('$') == Some(*at));
        let end = match inner {
            Some(at) => place[at + 1..]
                .find('$')
                .and_then(|end| place[at + end + 2..].find('$').map(|last| at + end + 2 + last)),
            None => place.find('$'),
        };
        let Some(end) = end else { break };
        if inner.is_some() {
            places.extend(self::places(&place[..end]));
        }
        places.push(place[..end].to_owned());
        rest = &place[end + 1..];
    }
    places
}
