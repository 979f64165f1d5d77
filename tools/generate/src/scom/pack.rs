//! What are the parts of a management pack, and in which order does its schema want them?
//!
//! A pack is filled in any order; whatever a person may see is named where it is made, so that no string is forgotten.

use super::xml::{Element, element, leaf};
use crate::register::version;

/// A sealed library that a pack builds on.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// What the pack calls it.
    pub alias: &'static str,
    /// What it is called.
    pub id: &'static str,
    /// The oldest version that will do: those of System Center 2012 R2.
    pub version: &'static str,
}

/// The key that Microsoft seals its packs with.
const MICROSOFT: &str = "31bf3856ad364e35";

/// A pack's contents.
#[derive(Debug, Default)]
pub struct Pack {
    id: &'static str,
    references: &'static [Reference],
    /// `ClassType`
    pub classes: Vec<Element>,
    /// `DataSourceModuleType`
    pub data_sources: Vec<Element>,
    /// `ProbeActionModuleType`
    pub probes: Vec<Element>,
    /// `UnitMonitorType`
    pub monitor_types: Vec<Element>,
    /// `Discovery`
    pub discoveries: Vec<Element>,
    /// `Rule`
    pub rules: Vec<Element>,
    /// `Task`
    pub tasks: Vec<Element>,
    /// `UnitMonitor` and `AggregateMonitor`
    pub monitors: Vec<Element>,
    /// `View`
    pub views: Vec<Element>,
    /// `Folder`
    pub folders: Vec<Element>,
    /// `FolderItem`
    pub folder_items: Vec<Element>,
    /// `StringResource`
    pub string_resources: Vec<Element>,
    strings: Vec<Element>,
    articles: Vec<Element>,
}

impl Pack {
    /// An empty pack that builds on these libraries.
    pub fn new(id: &'static str, references: &'static [Reference]) -> Self {
        Self { id, references, ..Self::default() }
    }

    /// Names an element for people.
    pub fn name(&mut self, id: &str, name: &str, description: &str) {
        let string = element("DisplayString").with("ElementID", id);
        self.strings.push(string.holding(texts(name, description)));
    }

    /// Names a part of an element, such as a property of a class: the ids of both.
    pub fn name_part(&mut self, (id, part): (&str, &str), name: &str, description: &str) {
        let string = element("DisplayString").with("ElementID", id).with("SubElementID", part);
        self.strings.push(string.holding(texts(name, description)));
    }

    /// Adds what a person should know about an element: sections of a title and paragraphs.
    pub fn explain(&mut self, id: &str, sections: Vec<(&str, Vec<String>)>) {
        let sections = sections.into_iter().map(|(title, paragraphs)| {
            let section = element("maml:section").with("xmlns:maml", "http://schemas.microsoft.com/maml/2004/10");
            let paragraphs = paragraphs.into_iter().map(|text| leaf("maml:para", text));
            section.holding([leaf("maml:title", title)]).holding(paragraphs)
        });
        let article = element("KnowledgeArticle").with("ElementID", id).with("Visible", "true");
        self.articles.push(article.holding([element("MamlContent").holding(sections)]));
    }

    /// The whole pack.
    pub fn document(self, name: &str) -> String {
        let root = element("ManagementPack")
            .with("ContentReadable", "true")
            .with("SchemaVersion", "2.0")
            .with("xmlns:xsd", "http://www.w3.org/2001/XMLSchema");
        let entities = filled("EntityTypes", [filled("ClassTypes", self.classes)]);
        let modules = filled("ModuleTypes", [self.data_sources, self.probes].concat());
        let types = filled("TypeDefinitions", [entities, modules, filled("MonitorTypes", self.monitor_types)]);
        let monitoring = [
            filled("Discoveries", self.discoveries),
            filled("Rules", self.rules),
            filled("Tasks", self.tasks),
            filled("Monitors", self.monitors),
        ];
        let presentation = [
            filled("Views", self.views),
            filled("Folders", self.folders),
            filled("FolderItems", self.folder_items),
            filled("StringResources", self.string_resources),
        ];
        let language = element("LanguagePack").with("ID", "ENU").with("IsDefault", "true");
        let texts = [filled("DisplayStrings", self.strings), filled("KnowledgeArticles", self.articles)];
        root.holding([
            manifest(self.id, name, self.references),
            types,
            filled("Monitoring", monitoring),
            filled("Presentation", presentation),
            element("LanguagePacks").holding([language.holding(texts)]),
        ])
        .document()
    }
}

/// A section without the parts that have nothing in them: an empty one is not allowed everywhere.
fn filled(name: &'static str, inside: impl IntoIterator<Item = Element>) -> Element {
    element(name).holding(inside.into_iter().filter(|part| !part.is_hollow()))
}

fn texts(name: &str, description: &str) -> [Element; 2] {
    [leaf("Name", name), leaf("Description", description)]
}

fn manifest(id: &str, name: &str, references: &[Reference]) -> Element {
    // Four numbers, the last of which is the pack's own.
    let version = format!("{}.0", version());
    let identity = element("Identity").holding([leaf("ID", id), leaf("Version", version)]);
    let references = references.iter().map(|reference| {
        element("Reference").with("Alias", reference.alias).holding([
            leaf("ID", reference.id),
            leaf("Version", reference.version),
            leaf("PublicKeyToken", MICROSOFT),
        ])
    });
    let references = element("References").holding(references);
    element("Manifest").holding([identity, leaf("Name", name), references])
}
