//! What is known of the sealed libraries that a pack builds on? Only what is listed here may be referred to.

/// Something in a library.
#[derive(Clone, Copy, Debug)]
pub struct Sealed {
    /// The library.
    pub library: &'static str,
    /// Its id in there.
    pub id: &'static str,
    /// What it is.
    pub kind: Kind,
}

/// What can be referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A class, and those of its properties that are known.
    Class(&'static [&'static str]),
    /// A module and its configuration in order; `?` behind what may be left out.
    Module(&'static str, &'static [&'static str]),
    /// A type of data.
    Data,
    /// A monitor.
    Monitor,
    /// A type of view.
    View,
    /// A folder.
    Folder,
}

/// The thing of that id in that library.
pub fn find(library: &str, id: &str) -> Option<&'static Sealed> {
    SEALED.iter().find(|sealed| sealed.library == library && sealed.id == id)
}

const fn class(library: &'static str, id: &'static str, properties: &'static [&'static str]) -> Sealed {
    Sealed { library, id, kind: Kind::Class(properties) }
}

const fn module(
    library: &'static str,
    id: &'static str,
    element: &'static str,
    configuration: &'static [&'static str],
) -> Sealed {
    Sealed { library, id, kind: Kind::Module(element, configuration) }
}

const fn thing(library: &'static str, id: &'static str, kind: Kind) -> Sealed {
    Sealed { library, id, kind }
}

/// Public: ee809353 (the twin that returns a property bag has no page; packs in use configure it alike).
const COMMAND: &[&str] = &[
    "ApplicationName",
    "WorkingDirectory",
    "CommandLine",
    "SecureInput?",
    "TimeoutSeconds",
    "RequireOutput",
    "Files?",
];

const SYSTEM: &str = "System.Library";
const WINDOWS: &str = "Microsoft.Windows.Library";
const CENTER: &str = "Microsoft.SystemCenter.Library";
const WAREHOUSE: &str = "Microsoft.SystemCenter.DataWarehouse.Library";
const PERFORMANCE: &str = "System.Performance.Library";
const UNIX: &str = "Microsoft.Unix.Library";

const SEALED: &[Sealed] = &[
    class(SYSTEM, "System.Entity", &["DisplayName"]),
    thing(SYSTEM, "System.PropertyBagData", Kind::Data),
    thing(SYSTEM, "System.CommandOutput", Kind::Data),
    thing(SYSTEM, "System.BaseData", Kind::Data),
    thing(SYSTEM, "System.Discovery.Data", Kind::Data),
    module(SYSTEM, "System.SimpleScheduler", "DataSource", &["IntervalSeconds", "SyncTime?"]),
    module(SYSTEM, "System.CommandExecuterProbe", "ProbeAction", COMMAND),
    module(SYSTEM, "System.CommandExecuterProbePropertyBagBase", "ProbeAction", COMMAND),
    module(SYSTEM, "System.PassThroughProbe", "ProbeAction", &[]),
    // jj129836.
    module(SYSTEM, "System.ExpressionFilter", "ConditionDetection", &["Expression", "SuppressionSettings?"]),
    module(
        SYSTEM,
        "System.Discovery.FilteredClassSnapshotDataMapper",
        "ConditionDetection",
        &["ClassId", "InstanceSettings", "Expression"],
    ),
    class(WINDOWS, "Microsoft.Windows.Computer", &["PrincipalName", "NetworkName", "DomainDnsName"]),
    class(WINDOWS, "Microsoft.Windows.Server.Computer", &[]),
    class(WINDOWS, "Microsoft.Windows.LocalApplication", &[]),
    // ff400178.
    module(
        WINDOWS,
        "Microsoft.Windows.FilteredRegistryDiscoveryProvider",
        "DataSource",
        &["ComputerName", "RegistryAttributeDefinitions", "Frequency", "ClassId", "InstanceSettings?", "Expression"],
    ),
    thing("System.Health.Library", "System.Health.AvailabilityState", Kind::Monitor),
    thing(PERFORMANCE, "System.Performance.Data", Kind::Data),
    module(
        PERFORMANCE,
        "System.Performance.DataGenericMapper",
        "ConditionDetection",
        &["ObjectName", "CounterName", "InstanceName", "Value"],
    ),
    module(CENTER, "Microsoft.SystemCenter.CollectPerformanceData", "WriteAction", &[]),
    thing(CENTER, "Microsoft.SystemCenter.StateViewType", Kind::View),
    thing(CENTER, "Microsoft.SystemCenter.AlertViewType", Kind::View),
    thing(CENTER, "Microsoft.SystemCenter.PerformanceViewType", Kind::View),
    thing(CENTER, "Microsoft.SystemCenter.Monitoring.ViewFolder.Root", Kind::Folder),
    module(WAREHOUSE, "Microsoft.SystemCenter.DataWarehouse.PublishPerformanceData", "WriteAction", &[]),
    class(UNIX, "Microsoft.Unix.Computer", &["PrincipalName", "NetworkName"]),
    class(UNIX, "Microsoft.Unix.LocalApplication", &[]),
    module(
        UNIX,
        "Microsoft.Unix.WSMan.Invoke.ProbeAction",
        "ProbeAction",
        &["TargetSystem", "Uri", "Selector?", "InvokeAction", "Input"],
    ),
];
