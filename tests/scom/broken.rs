//! Does the judge of packs find what is wrong? Sound packs, broken on purpose in every way that a rule is for.

use crate::bags::REAL;
use crate::rules::{NOT_XML, problems_of};
use crate::{LINUX, PACKS, SIP_SERVER, WINDOWS, pack};

/// One way to break a pack: what stands there behind `after`, and what is put there instead.
struct Defect {
    pack: &'static str,
    after: &'static str,
    sound: &'static str,
    broken: &'static str,
}

const fn windows(after: &'static str, sound: &'static str, broken: &'static str) -> Defect {
    Defect { pack: WINDOWS, after, sound, broken }
}

const fn linux(after: &'static str, sound: &'static str, broken: &'static str) -> Defect {
    Defect { pack: LINUX, after, sound, broken }
}

const fn sip_server(after: &'static str, sound: &'static str, broken: &'static str) -> Defect {
    Defect { pack: SIP_SERVER, after, sound, broken }
}

/// Breaks the pack in each way; the rule must complain every time, and not before.
#[track_caller]
fn assert_found(rule: &str, defects: &[Defect]) {
    for name in PACKS {
        assert_eq!(problems_of(rule, &pack(name), &REAL), Vec::<String>::new(), "{name} is not sound");
    }
    for Defect { pack: name, after, sound, broken } in defects {
        let document = pack(name);
        let at = document.find(after).unwrap_or_else(|| panic!("{name} has no {after:?}"));
        let (before, behind) = document.split_at(at);
        assert!(behind.contains(sound), "{name} has no {sound:?} behind {after:?}");
        let problems = problems_of(rule, &format!("{before}{}", behind.replacen(sound, broken, 1)), &REAL);
        let is_found = problems.iter().any(|problem| problem.starts_with(rule));
        assert!(is_found, "{rule} finds nothing wrong with {broken:?} behind {after:?}: {problems:#?}");
    }
}

#[test]
fn what_is_no_xml() {
    assert_found(
        NOT_XML,
        &[
            windows("", "</Manifest>", "</Manifst>"),
            windows("", " Alias=\"Health\"", " Alias=\"Health\" Alias=\"System\""),
            windows("", "<Name>check-um", "<Name>&nbsp;check-um"),
            windows("", " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"", ""),
            windows("", "</ManagementPack>", ""),
            linux("", "</ManagementPack>", "</ManagementPack><ManagementPack />"),
        ],
    );
}

#[test]
fn what_stands_where_it_must_not() {
    assert_found(
        "order",
        &[
            windows("", "<AutoResolve>true</AutoResolve>", ""),
            windows(
                "",
                "<AlertOnState>Warning</AlertOnState>",
                "<Colour>red</Colour><AlertOnState>Warning</AlertOnState>",
            ),
            windows("", "<Category>Discovery</Category>", ""),
            windows("<OutputType>", "<OutputType>", "<InputType>System!System.BaseData</InputType><OutputType>"),
            windows("", "<TypeDefinitions>", "<Presentation><Views /></Presentation><TypeDefinitions>"),
            windows("<Rule ", " DiscardLevel=\"100\"", ""),
            windows("<UnitMonitor ", " TypeID=\"CheckUm.CallRouter.SipOptions.MonitorType\"", ""),
            windows("", "SchemaVersion=\"2.0\"", "SchemaVersion=\"1.0\""),
            windows("", "<Identity>", "<Identity>text"),
            windows("", "<References>", "<References /><References>"),
            linux("", "<MamlContent>", "<MamlContent /><MamlContent>"),
        ],
    );
}

#[test]
fn an_element_before_its_place() {
    let document = pack(WINDOWS);
    let (category, types) = ("<Category>Discovery</Category>", "<DiscoveryTypes>");
    let swapped =
        document.replacen(category, "", 1).replacen("</DiscoveryTypes>", &format!("</DiscoveryTypes>{category}"), 1);
    assert!(document.contains(types) && swapped != document);
    let problems = problems_of("order", &swapped, &REAL);
    assert!(
        problems.iter().any(|problem| problem.starts_with("order: ") && problem.contains("Category stands behind")),
        "{problems:?}"
    );
}

#[test]
fn ids_that_are_none_or_there_twice() {
    assert_found(
        "identity",
        &[
            windows("", "ID=\"CheckUm.CallRouter.AlertView\"", "ID=\"CheckUm.CallRouter.StateView\""),
            windows("", "ID=\"CheckUm.CallRouter.AlertView\"", "ID=\"CheckUm.CallRouter.Alert View\""),
            windows("", "ID=\"CheckUm.CallRouter.AlertView\"", "ID=\"Other.AlertView\""),
            windows("<MemberModules>", "ID=\"Probe\"", "ID=\"Scheduler\""),
            windows("<OperationalStates>", "ID=\"Warning\"", "ID=\"Healthy\""),
            windows("", "31bf3856ad364e35", "31bf3856ad364e36"),
            windows("", "<PublicKeyToken>31bf3856ad364e35</PublicKeyToken>", ""),
            windows("", "<Version>7.5.8501.0</Version>", "<Version>7.5</Version>"),
            linux("", ".0</Version>", "</Version>"),
        ],
    );
}

#[test]
fn references_to_nothing_or_to_the_wrong_thing() {
    assert_found(
        "references",
        &[
            windows("", "Alias=\"Health\"", "Alias=\"Helth\""),
            windows("", "Alias=\"Perf\"", "Alias=\"SC2\""),
            windows("", "System!System.ExpressionFilter", "System!System.ExpresionFilter"),
            windows("", "Perf!System.Performance.Data<", "Perf!System.PropertyBagData<"),
            windows(
                "",
                "TypeID=\"CheckUm.CallRouter.SipOptions.Probe\"",
                "TypeID=\"CheckUm.CallRouter.SipOption.Probe\"",
            ),
            windows(
                "",
                "TypeID=\"CheckUm.CallRouter.SipOptions.Probe\"",
                "TypeID=\"CheckUm.CallRouter.SipOptions.DataSource\"",
            ),
            windows(
                "<UnitMonitor ",
                "ParentMonitorID=\"CheckUm.CallRouter.HealthSet\"",
                "ParentMonitorID=\"CheckUm.CallRouter.StateView\"",
            ),
            windows("<UnitMonitor ", "Target=\"CheckUm.CallRouter.Server\"", "Target=\"CheckUm.CallRouter.Router\""),
            windows("", "/DomainDnsName$", "/DomainName$"),
            windows("", "]/Version$", "]/Versio$"),
            windows(
                "",
                "AlertMessage=\"CheckUm.CallRouter.SipOptions.Monitor.AlertMessage\"",
                "AlertMessage=\"CheckUm.CallRouter.AlertView\"",
            ),
            windows("<FolderItem ", "Folder=\"CheckUm.CallRouter.Folder\"", "Folder=\"CheckUm.CallRouter.Server\""),
            windows("", "Microsoft.SystemCenter.StateViewType", "Microsoft.SystemCenter.AlertViewType2"),
            linux("", "Server\"]/Router$", "Server\"]/Name$"),
            sip_server("", "Server\"]/Server$", "Server\"]/Router$"),
        ],
    );
}

#[test]
fn strings_of_nothing_and_things_without_strings() {
    assert_found(
        "strings",
        &[
            windows(
                "<DisplayStrings>",
                "ElementID=\"CheckUm.CallRouter.HealthSet\"",
                "ElementID=\"CheckUm.CallRouter.Healthset\"",
            ),
            windows("<DisplayStrings>", "SubElementID=\"Version\"", "SubElementID=\"Verson\""),
            windows("<DisplayStrings>", "SubElementID=\"InstallPath\"", "SubElementID=\"Version\""),
            windows("<DisplayStrings>", "<Name>UM Call Router</Name>", "<Name> </Name>"),
            windows(
                "<KnowledgeArticles>",
                "ElementID=\"CheckUm.CallRouter.HealthSet\"",
                "ElementID=\"CheckUm.CallRouter.Server\"",
            ),
            windows("<KnowledgeArticles>", "ElementID=\"CheckUm.CallRouter.HealthSet\"", "ElementID=\"Nothing\""),
            windows("<KnowledgeArticles>", "<maml:title>Summary</maml:title>", "<maml:title></maml:title>"),
            windows("", "IsDefault=\"true\"", "IsDefault=\"false\""),
            linux("<DisplayStrings>", "SubElementID=\"Healthy\"", "SubElementID=\"Fine\""),
        ],
    );
}

#[test]
fn workflows_that_are_none() {
    assert_found(
        "workflows",
        &[
            windows("<Composition>", "<Node ID=\"Scheduler\" />", ""),
            windows("<Composition>", "<Node ID=\"Scheduler\" />", "<Node ID=\"Sheduler\" />"),
            windows("<Composition>", "<Node ID=\"Probe\">", "<Node ID=\"Scheduler\">"),
            windows("<RegularDetections>", "MonitorTypeStateID=\"Warning\"", "MonitorTypeStateID=\"Healthy\""),
            windows("<RegularDetections>", "<Node ID=\"Source\" />", "<Node ID=\"Probe\" />"),
            windows("<OnDemandDetections>", "<Node ID=\"FilterError", "<Node ID=\"NoFilterError"),
            windows("<OperationalStates>", "HealthState=\"Error\"", "HealthState=\"Warning\""),
            windows("<OperationalStates>", "MonitorTypeStateID=\"Error\"", "MonitorTypeStateID=\"Warning\""),
            linux("<RegularDetections>", "<Node ID=\"Scheduler\" />", ""),
        ],
    );
}

#[test]
fn configurations_that_do_not_fit() {
    assert_found(
        "configurations",
        &[
            windows("<MemberModules>", "<Port>$Config/Port$</Port>", ""),
            windows("<MemberModules>", "<Host>$Config/Host$</Host>", "<Post>$Config/Host$</Post>"),
            windows("<MemberModules>", "<Options>$Config/Options$</Options>", "<Options /><Options />"),
            windows("<UnitMonitor ", "<Port>5060</Port>", "<Port>sip</Port>"),
            windows("<UnitMonitor ", "<MatchCount>4</MatchCount>", ""),
            windows("<Rule ", "<Metric>time</Metric>", ""),
            windows("", "<WorkingDirectory />", ""),
            windows("", "<RequireOutput>true</RequireOutput>", "<RequireOutput>true</RequireOutput><EventPolicy />"),
            windows("", "<TimeoutSeconds>60</TimeoutSeconds>", ""),
            windows("", "-w $Config/Warning$", "-w $Config/Warnings$"),
            windows("", "-w $Config/Warning$", "-w 1"),
            windows("", "Selector=\"$Config/Host$\"", "Selector=\"$Config/Port$\""),
            windows("RegistryAttributeDefinitions", "<Frequency>86400</Frequency>", ""),
            linux("", "<InvokeAction>ExecuteCommand</InvokeAction>", ""),
        ],
    );
}

#[test]
fn command_lines_that_the_plugin_does_not_take() {
    assert_found(
        "commands",
        &[
            windows("", "-t $Config/TimeoutSeconds$", "--timeot $Config/TimeoutSeconds$"),
            windows("", "-p $Config/Port$", "-p $Config/Port$5060"),
            windows("", " --exit-ok<", "<"),
            windows("", "--output scom --exit-ok", "--output json --exit-ok"),
            windows("", "-v --exit-ok", "--output scom --exit-ok"),
            windows("", "check_um_sip_options.exe", "check_um_sip_option.exe"),
            windows("", "%ProgramFiles%\\check-um\\", "C:\\Temp\\"),
            windows("", "<TimeoutSeconds>60</TimeoutSeconds>", "<TimeoutSeconds>5</TimeoutSeconds>"),
            windows("<UnitMonitor ", "<Warning>~:</Warning>", "<Warning>5:1</Warning>"),
            windows(
                "<UnitMonitor ",
                "<Arguments>--peer exchange --transport tls</Arguments>",
                "<Arguments>--peer exchange --transport quic</Arguments>",
            ),
            windows("<Task ", "<TimeoutSeconds>5</TimeoutSeconds>", "<TimeoutSeconds>90</TimeoutSeconds>"),
            linux("check_um_sip_options", " -v&lt;", " --verbos&lt;"),
            linux("check_um_sip_options", " -v&lt;", " -v --exit-ok&lt;"),
            linux("check_um_sip_options", "&lt;p:timeout&gt;60", "&lt;p:timeout&gt;1"),
            linux("check_um_sip_options", "p:ExecuteCommand_INPUT&gt;", "p:Execute_INPUT&gt;"),
            sip_server("<UnitMonitor ", "--srv --all-addresses", "--srv --all-adresses"),
            sip_server("<UnitMonitor ", "--down-critical 50%", "--down-critical half"),
            sip_server("<UnitMonitor ", "--transport udp", "--transport sctp"),
        ],
    );
}

#[test]
fn states_that_light_nothing_two_or_the_wrong_one() {
    assert_found(
        "states",
        &[
            windows("", "<Value Type=\"String\">OK</Value>", "<Value Type=\"String\">GOOD</Value>"),
            windows("", "<Value Type=\"String\">CRITICAL</Value>", "<Value Type=\"String\">WARNING</Value>"),
            windows("", "<Value Type=\"String\">UNKNOWN</Value>", "<Value Type=\"String\">CRITICAL</Value>"),
            windows("", "Property[@Name='State']", "Property[@Name='Status']"),
            windows("Property[@Name='State']", "<Operator>Equal</Operator>", "<Operator>NotEqual</Operator>"),
            windows("Property[@Name='State']", "<Operator>Equal</Operator>", "<Operator>Like</Operator>"),
            windows("", "<XPathQuery Type=\"String\">Property", "<XPathQuery Type=\"Integer\">Property"),
            windows(
                "<OperationalStates>",
                "MonitorTypeStateID=\"Healthy\" HealthState=\"Success\"",
                "MonitorTypeStateID=\"Healthy\" HealthState=\"Error\"",
            ),
            linux("ReturnCode", "<Value Type=\"Integer\">2</Value>", "<Value Type=\"Integer\">3</Value>"),
            linux("", "local-name()=\"ReturnCode\"]</XPathQuery>", "local-name()=\"Return\"]</XPathQuery>"),
        ],
    );
}

#[test]
fn alerts_that_carry_too_little_or_what_nobody_prints() {
    assert_found(
        "alerts",
        &[
            windows("<AlertParameters>", "Property[@Name='FailureReason']", "Property[@Name='Reason']"),
            windows(
                "<AlertParameters>",
                "$Data/Context/Property[@Name='Diagnostics']$",
                "$Data/Context/Property[@Name='State']$",
            ),
            windows("<AlertParameters>", "$Target/Host/", "$Target/"),
            windows(
                "<AlertParameters>",
                "<AlertParameter2>$Data/Context/Property[@Name='State']$</AlertParameter2>",
                "<AlertParameter12>$Data/Context/Property[@Name='State']$</AlertParameter12>",
            ),
            windows(
                "<AlertParameters>",
                "<AlertParameters>",
                "<AlertParameters><AlertParameter11>$Data/Context/Property[@Name='State']$</AlertParameter11>",
            ),
            windows("<DisplayStrings>", "Advice: {9}", "Advice: {10}"),
            windows("<DisplayStrings>", "Reason: {6}", "Reason: {5}"),
            linux("<AlertParameters>", "local-name()=\"StdOut\"", "local-name()=\"StdErr\""),
        ],
    );
}

#[test]
fn numbers_that_nobody_measures_or_collects() {
    assert_found(
        "performance",
        &[
            windows("<Rule ", "<Metric>time</Metric>", "<Metric>tiem</Metric>"),
            windows("<Rule ", "<Metric>time</Metric>", "<Metric>dns</Metric>"),
            windows("<Rule ", "<Metric>time</Metric>", "<Metric>Duration</Metric>"),
            windows("", "<CounterName>$Config/Metric$</CounterName>", "<CounterName>time</CounterName>"),
            windows("", "<Value>$Data/Property[@Name='$Config/Metric$']$</Value>", "<Value>$Config/Metric$</Value>"),
            windows("<Exists>", "Property[@Name='$Config/Metric$']", "Property[@Name='State']"),
            windows("<Rule ", "TypeID=\"SC!Microsoft.SystemCenter.CollectPerformanceData\"", "TypeID=\"SC!Nothing\""),
        ],
    );
}

#[test]
fn sources_that_would_run_twice() {
    assert_found(
        "cookdown",
        &[
            windows("<Rule ", "<IntervalSeconds>120</IntervalSeconds>", "<IntervalSeconds>60</IntervalSeconds>"),
            windows("<Rule ", "<Options />", "<Options> </Options>"),
            windows("<Rule ", "<TimeoutSeconds>5</TimeoutSeconds>", "<TimeoutSeconds>05</TimeoutSeconds>"),
            windows("SipOptions.Performance\"", "<Warning>$Config/Warning$</Warning>", "<Warning>1</Warning>"),
            windows(
                "<Rule ",
                "TypeID=\"CheckUm.CallRouter.SipOptions.Performance\"",
                "TypeID=\"CheckUm.CallRouter.CertExpiry.Performance\"",
            ),
        ],
    );
}
