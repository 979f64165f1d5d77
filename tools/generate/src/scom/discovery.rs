//! How is a class found? A discovery, what it reads in the registry, and what it makes of it.

use super::modules::element_of;
use super::xml::{Element, element, leaf};

/// What a discovery finds: instances of a class with these of its properties.
pub struct Found<'a> {
    /// The id of the class.
    pub class: &'a str,
    /// The ids of the properties.
    pub properties: &'a [&'a str],
}

/// A discovery on each instance of `target`.
pub fn discovery(id: &str, target: &str, found: &Found<'_>, source: Element) -> Element {
    let Found { class, properties } = found;
    let properties = properties.iter().map(|property| element("Property").with("PropertyID", *property));
    let found = element("DiscoveryClass").with("TypeID", *class).holding(properties);
    element("Discovery")
        .with("ID", id)
        .with("Enabled", "true")
        .with("Target", target)
        .with("ConfirmDelivery", "false")
        .with("Remotable", "true")
        .with("Priority", "Normal")
        .holding([leaf("Category", "Discovery"), element("DiscoveryTypes").holding([found]), source])
}

/// What a discovered instance is told apart by, and its properties.
pub fn settings_of(settings: &[(String, String)]) -> Element {
    let settings = settings.iter().map(|(name, value)| {
        element("Setting").holding([leaf("Name", name.as_str()), element_of("Value", value.clone())])
    });
    element("Settings").holding(settings)
}

/// Something to be read below HKEY_LOCAL_MACHINE.
pub fn attribute(name: &str, path: &str, path_type: &str, kind: &str) -> Element {
    element("RegistryAttributeDefinition").holding([
        leaf("AttributeName", name),
        leaf("Path", path),
        leaf("PathType", path_type),
        leaf("AttributeType", kind),
    ])
}

/// `PathType`: a key.
pub const KEY: &str = "0";
/// `PathType`: a value.
pub const VALUE: &str = "1";
/// `AttributeType`: whether it is there.
pub const EXISTS: &str = "0";
/// `AttributeType`: its text.
pub const STRING: &str = "1";
/// `AttributeType`: its number.
pub const INTEGER: &str = "2";
