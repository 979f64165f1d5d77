//! Which element may stand where, how often and in which order?
//!
//! Microsoft publishes no schema file. The order is that of its reference of the elements for Operations Manager 2012
//! (learn.microsoft.com, previous-versions/system-center/developer: Monitoring ee533856, Presentation jj130293,
//! UnitMonitor jj130104, UnitMonitorType jj130434, ProbeActionModuleType ee533670, LanguagePack ee533630, AlertSettings
//! ee533909 and the pages beside them), and of packs that are imported every day. Where the two leave it open, what is
//! here is the order of those packs.

/// How often an element may stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// Exactly once.
    Once,
    /// At most once.
    Perhaps,
    /// As often as one likes.
    Any,
    /// At least once.
    Some,
}

use Occurs::{Any, Once, Perhaps, Some};

/// The elements in an element; `None` for what the schema does not describe.
pub fn inside(parent: &str, of: &str) -> Option<&'static [(&'static str, Occurs)]> {
    // Two elements of one name.
    let parent = match (parent, of) {
        ("Configuration", "UnitMonitor") => return None,
        ("Property", "DiscoveryClass") => "PropertyReference",
        _ => parent,
    };
    SCHEMA.iter().find(|(name, _)| *name == parent).map(|(_, inside)| *inside)
}

/// Elements of these names come in any order.
pub const UNORDERED: &[&str] = &["Monitors", "Expression", "And", "Or"];

const SCHEMA: &[(&str, &[(&str, Occurs)])] = &[
    (
        "ManagementPack",
        &[
            ("Manifest", Once),
            ("TypeDefinitions", Perhaps),
            ("Categories", Perhaps),
            ("Monitoring", Perhaps),
            ("Templates", Perhaps),
            ("PresentationTypes", Perhaps),
            ("Presentation", Perhaps),
            ("Reporting", Perhaps),
            ("LanguagePacks", Perhaps),
            ("Resources", Perhaps),
        ],
    ),
    ("Manifest", &[("Identity", Once), ("Name", Once), ("References", Perhaps)]),
    ("Identity", &[("ID", Once), ("Version", Once)]),
    ("References", &[("Reference", Any)]),
    ("Reference", &[("ID", Once), ("Version", Once), ("PublicKeyToken", Perhaps)]),
    (
        "TypeDefinitions",
        &[
            ("EntityTypes", Perhaps),
            ("DataTypes", Perhaps),
            ("SchemaTypes", Perhaps),
            ("SecureReferences", Perhaps),
            ("ModuleTypes", Perhaps),
            ("MonitorTypes", Perhaps),
        ],
    ),
    ("EntityTypes", &[("ClassTypes", Perhaps), ("RelationshipTypes", Perhaps)]),
    ("ClassTypes", &[("ClassType", Some)]),
    ("ClassType", &[("Property", Any)]),
    ("Property", &[]),
    ("PropertyReference", &[]),
    (
        "ModuleTypes",
        &[
            ("DataSourceModuleType", Any),
            ("ProbeActionModuleType", Any),
            ("ConditionDetectionModuleType", Any),
            ("WriteActionModuleType", Any),
        ],
    ),
    (
        "DataSourceModuleType",
        &[
            ("Configuration", Once),
            ("OverrideableParameters", Perhaps),
            ("ModuleImplementation", Once),
            ("OutputType", Once),
        ],
    ),
    (
        "ProbeActionModuleType",
        &[
            ("Configuration", Once),
            ("OverrideableParameters", Perhaps),
            ("ModuleImplementation", Once),
            ("OutputType", Once),
            ("InputType", Perhaps),
            ("TriggerOnly", Perhaps),
        ],
    ),
    ("Configuration", &[("IncludeSchemaTypes", Perhaps), ("xsd:element", Any)]),
    ("xsd:element", &[]),
    ("OverrideableParameters", &[("OverrideableParameter", Any)]),
    ("OverrideableParameter", &[]),
    ("ModuleImplementation", &[("Composite", Once)]),
    ("Composite", &[("MemberModules", Once), ("Composition", Once)]),
    ("MemberModules", &[("DataSource", Any), ("ProbeAction", Any), ("ConditionDetection", Any), ("WriteAction", Any)]),
    ("Composition", &[("Node", Once)]),
    ("Node", &[("Node", Any)]),
    ("MonitorTypes", &[("UnitMonitorType", Some)]),
    (
        "UnitMonitorType",
        &[
            ("MonitorTypeStates", Once),
            ("Configuration", Once),
            ("OverrideableParameters", Perhaps),
            ("MonitorImplementation", Once),
        ],
    ),
    ("MonitorTypeStates", &[("MonitorTypeState", Some)]),
    ("MonitorTypeState", &[]),
    ("MonitorImplementation", &[("MemberModules", Once), ("RegularDetections", Once), ("OnDemandDetections", Perhaps)]),
    ("RegularDetections", &[("RegularDetection", Some)]),
    ("RegularDetection", &[("Node", Once)]),
    ("OnDemandDetections", &[("OnDemandDetection", Some)]),
    ("OnDemandDetection", &[("Node", Once)]),
    (
        "Monitoring",
        &[
            ("Discoveries", Perhaps),
            ("Rules", Perhaps),
            ("Tasks", Perhaps),
            ("Monitors", Perhaps),
            ("Diagnostics", Perhaps),
            ("Recoveries", Perhaps),
            ("Overrides", Perhaps),
        ],
    ),
    ("Discoveries", &[("Discovery", Some)]),
    ("Discovery", &[("Category", Once), ("DiscoveryTypes", Once), ("DataSource", Once)]),
    ("DiscoveryTypes", &[("DiscoveryClass", Any)]),
    ("DiscoveryClass", &[("Property", Any)]),
    ("Rules", &[("Rule", Some)]),
    ("Rule", &[("Category", Once), ("DataSources", Once), ("ConditionDetection", Perhaps), ("WriteActions", Once)]),
    ("DataSources", &[("DataSource", Some)]),
    ("WriteActions", &[("WriteAction", Some)]),
    ("Tasks", &[("Task", Some)]),
    ("Task", &[("Category", Once), ("ProbeAction", Once)]),
    ("Monitors", &[("AggregateMonitor", Any), ("DependencyMonitor", Any), ("UnitMonitor", Any)]),
    ("AggregateMonitor", &[("Category", Once), ("AlertSettings", Perhaps), ("Algorithm", Once)]),
    (
        "UnitMonitor",
        &[("Category", Once), ("AlertSettings", Perhaps), ("OperationalStates", Once), ("Configuration", Once)],
    ),
    (
        "AlertSettings",
        &[
            ("AlertOnState", Once),
            ("AutoResolve", Once),
            ("AlertPriority", Once),
            ("AlertSeverity", Perhaps),
            ("AlertParameters", Perhaps),
        ],
    ),
    ("OperationalStates", &[("OperationalState", Some)]),
    ("OperationalState", &[]),
    (
        "Presentation",
        &[
            ("ConsoleTasks", Perhaps),
            ("Views", Perhaps),
            ("Folders", Perhaps),
            ("FolderItems", Perhaps),
            ("ImageReferences", Perhaps),
            ("StringResources", Perhaps),
        ],
    ),
    ("Views", &[("View", Some)]),
    ("View", &[("Category", Once), ("Criteria", Perhaps)]),
    ("Folders", &[("Folder", Some)]),
    ("FolderItems", &[("FolderItem", Some)]),
    ("StringResources", &[("StringResource", Some)]),
    ("LanguagePacks", &[("LanguagePack", Some)]),
    ("LanguagePack", &[("DisplayStrings", Once), ("KnowledgeArticles", Perhaps)]),
    ("DisplayStrings", &[("DisplayString", Some)]),
    ("DisplayString", &[("Name", Once), ("Description", Perhaps)]),
    ("KnowledgeArticles", &[("KnowledgeArticle", Some)]),
    ("KnowledgeArticle", &[("MamlContent", Once)]),
    ("MamlContent", &[("maml:section", Some)]),
    ("maml:section", &[("maml:title", Once), ("maml:para", Any)]),
];

/// The attributes that an element must have.
pub fn required_attributes(name: &str) -> &'static [&'static str] {
    match name {
        "Reference" => &["Alias"],
        "ClassType" => &["ID", "Accessibility", "Abstract", "Base", "Hosted", "Singleton"],
        "DataSourceModuleType" | "ProbeActionModuleType" | "UnitMonitorType" => &["ID", "Accessibility"],
        "DataSource" | "ProbeAction" | "ConditionDetection" | "WriteAction" => &["ID", "TypeID"],
        "Discovery" => &["ID", "Enabled", "Target"],
        "Rule" => &["ID", "Enabled", "Target", "ConfirmDelivery", "Remotable", "Priority", "DiscardLevel"],
        "Task" => &["ID", "Accessibility", "Enabled", "Target", "Timeout"],
        "UnitMonitor" => &["ID", "Accessibility", "Enabled", "Target", "ParentMonitorID", "TypeID"],
        "AggregateMonitor" => &["ID", "Accessibility", "Enabled", "Target", "ParentMonitorID"],
        "OperationalState" => &["ID", "MonitorTypeStateID", "HealthState"],
        "OverrideableParameter" => &["ID", "Selector", "ParameterType"],
        "View" => &["ID", "Accessibility", "Target", "TypeID", "Visible"],
        "Folder" => &["ID", "Accessibility", "ParentFolder"],
        "FolderItem" => &["ID", "ElementID", "Folder"],
        "StringResource" | "Node" | "MonitorTypeState" => &["ID"],
        "DisplayString" => &["ElementID"],
        "KnowledgeArticle" => &["ElementID", "Visible"],
        "LanguagePack" => &["ID", "IsDefault"],
        _ => &[],
    }
}
