//! What do the plugins really print? Each one in every state, run against peers on loopback, for a workflow and as text.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use check_um::checks;
use check_um::render::{Format, Presentation, render};
use check_um::report::{Finding, Metric, Policy, Report, Started, State};

use crate::expression::Item;
use crate::model::Pack;
use crate::router::{Behaviour, Router, Settings};
use crate::rules::of_workflow as commands_of;
use crate::support::{self, fixture, format, perfdata, plugin, run_command};
use crate::xml::Node;
use crate::{counters, directory};

/// What every check is seen in.
pub const SITUATIONS: &[&str] = &["OK", "WARNING", "CRITICAL", "UNKNOWN", "usage error"];

/// What one run of a plugin gave.
#[derive(Clone, Debug)]
pub struct Bag {
    /// The plugin.
    pub plugin: &'static str,
    /// What makes the check of the plugin, as in the health set.
    pub arguments: &'static str,
    /// One of [`SITUATIONS`].
    pub situation: &'static str,
    /// The state that it says.
    pub state: String,
    /// Every property.
    pub properties: BTreeMap<String, String>,
    /// The labels of its perfdata, which has those without a value, too.
    pub labels: Vec<String>,
    text: String,
    code: i32,
}

impl Item for Bag {
    /// A property of the bag; on Linux, text and exit code.
    fn select(&self, xpath: &str) -> Option<String> {
        match xpath {
            "//*[local-name()=\"StdOut\"]" => Some(self.text.clone()),
            "//*[local-name()=\"ReturnCode\"]" => Some(self.code.to_string()),
            _ => self.properties.get(xpath.strip_prefix("Property[@Name='")?.strip_suffix("']")?).cloned(),
        }
    }
}

/// Every bag there is.
pub static REAL: LazyLock<Vec<Bag>> = LazyLock::new(real);

/// The bags of what a monitor or a rule runs.
pub fn of_workflow<'a>(pack: &Pack, workflow: &Node, bags: &'a [Bag]) -> Vec<&'a Bag> {
    let commands = commands_of(pack, workflow);
    let is_it = |bag: &&Bag| {
        commands.iter().any(|command| {
            let has = |word: &&str| command.words.iter().any(|own| own == word);
            let is_tls = has(&"tls");
            command.plugin == bag.plugin && bag.arguments.contains("tls") == is_tls
        })
    };
    bags.iter().filter(is_it).collect()
}

/// A check, how it is run where all is well, and a class of failure that it meets elsewhere.
struct Check<'a> {
    plugin: &'static str,
    arguments: &'static str,
    well: Vec<String>,
    ill: (Vec<String>, &'a str),
}

fn real() -> Vec<Bag> {
    let router = Router::start(&Settings::default()).unwrap();
    let nobody = Router::start(&Settings { behaviour: Behaviour::Refused, ..Settings::default() }).unwrap();
    let controller = directory::start(true).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("counters.csv");
    std::fs::write(&log, counters::log(10, 3)).unwrap();
    let counters = |path: &str| vec![format!("--counters=csv:{path}")];
    let counters = (counters(log.to_str().unwrap()), (counters("/nowhere.csv"), "no-data"));
    let host = |port: u16, more: &[&str]| {
        let more = more.iter().map(|word| (*word).to_owned());
        words(&format!("-H 127.0.0.1 -p {port}")).into_iter().chain(more).collect::<Vec<_>>()
    };
    let file = |path: &str| vec!["--file".to_owned(), path.to_owned()];
    let (events, health) = ("events/wevtutil-root-no-events.xml", "health/powershell7-single-healthy.json");
    let tls = &["--transport", "tls", "--no-verify"];
    let checks = vec![
        check("check_um_sip_options", "", host(router.tcp.port(), &[]), (host(nobody.tcp.port(), &[]), "refused")),
        check(
            "check_um_sip_options",
            "--transport tls",
            host(router.tls.port(), tls),
            (host(nobody.tls.port(), tls), "refused"),
        ),
        check(
            "check_um_cert_expiry",
            "",
            host(router.tls.port(), &["--no-verify"]),
            (host(nobody.tls.port(), &[]), "refused"),
        ),
        check("check_um_reject_rate", "", counters.0.clone(), counters.1.clone()),
        check("check_um_missed_call_proxy", "", counters.0.clone(), counters.1.clone()),
        check("check_um_app_pool", "", counters.0, counters.1),
        check("check_um_health_set", "", file(&fixture(health)), (file("/nowhere.json"), "unreadable")),
        check("check_um_events", "", file(&fixture(events)), (file("/nowhere.xml"), "unreadable")),
        check("check_um_ad_ds", "", host(controller.port(), &[]), (host(nobody.tcp.port(), &[]), "refused")),
    ];
    let mut bags: Vec<_> = checks.iter().flat_map(|check| seen(check, scratch.path())).collect();
    let service = check("check_um_service", "", Vec::new(), (Vec::new(), "no-data"));
    bags.push(run(&service, "UNKNOWN", &[], scratch.path()));
    bags.push(run(&service, "usage error", &words("--no-such-option"), scratch.path()));
    bags.extend([State::Ok, State::Warning, State::Critical].map(|state| rendered("check_um_service", state)));
    bags
}

fn check<'a>(
    plugin: &'static str,
    arguments: &'static str,
    well: Vec<String>,
    ill: (Vec<String>, &'a str),
) -> Check<'a> {
    Check { plugin, arguments, well, ill }
}

/// Of a plugin that only Windows has an answer for: what the renderer prints of a report in that state, and the labels
/// that its man page lists.
fn rendered(name: &'static str, state: State) -> Bag {
    let entry = checks::ALL.iter().find(|entry| entry.about.name == name).unwrap();
    let mut report = Report::new(entry.about, Policy::default(), Started::now());
    report.add_finding(Finding { state, ..Finding::ok("as if asked") });
    let page = std::fs::read_to_string(support::root().join(format!("man/sections/{name}.roff"))).unwrap();
    let perfdata = page.split(".SH PERFDATA").nth(1).unwrap().split(".SH ").next().unwrap();
    let labels: Vec<_> =
        perfdata.lines().filter_map(|line| line.strip_prefix(".IP \\fB")?.split_once("\\fR")).collect();
    for (label, _) in &labels {
        report.add_metric(Metric::count(label, 1));
    }
    let bag = render(&report, Presentation { format: Format::Scom, ..Presentation::default() });
    Bag {
        plugin: name,
        arguments: "",
        situation: SITUATIONS.iter().find(|situation| **situation == state.word()).unwrap(),
        state: state.word().to_owned(),
        properties: format::assert_scom(&bag),
        labels: labels.iter().map(|(label, _)| (*label).to_owned()).collect(),
        text: render(&report, Presentation::default()),
        code: state.exit_code().into(),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A check in every situation.
fn seen(check: &Check<'_>, scratch: &Path) -> Vec<Bag> {
    let (ill, class) = &check.ill;
    let as_state = |state: &str| [ill.clone(), words(&format!("--state {class}={state}"))].concat();
    let arguments = [
        check.well.clone(),
        as_state("warning"),
        as_state("critical"),
        as_state("unknown"),
        [ill.clone(), words("--no-such-option")].concat(),
    ];
    let runs = SITUATIONS.iter().zip(arguments);
    runs.map(|(situation, arguments)| run(check, situation, &arguments, scratch)).collect()
}

fn run(check: &Check<'_>, situation: &'static str, arguments: &[String], scratch: &Path) -> Bag {
    let command = |more: &str| {
        let mut command = plugin(check.plugin);
        run_command(command.args(arguments).args(words(more)).env("MP_STATE_PATH", scratch))
    };
    let bag = command("--output scom --exit-ok");
    bag.assert_exit(0);
    let properties = format::assert_scom(&bag.stdout);
    let text = command("-v");
    let state = properties["State"].clone();
    let expected = if situation == "usage error" { "UNKNOWN" } else { situation };
    assert_eq!(state, expected, "{} {arguments:?}: {bag:?}", check.plugin);
    let code = ["OK", "WARNING", "CRITICAL", "UNKNOWN"].iter().position(|known| *known == state).unwrap();
    text.assert_text(i32::try_from(code).unwrap());
    let labels = perfdata::labels(text.first_line());
    let code = text.code.unwrap();
    Bag {
        plugin: check.plugin,
        arguments: check.arguments,
        situation,
        state,
        properties,
        labels: if situation == "usage error" { Vec::new() } else { labels },
        text: text.stdout,
        code,
    }
}
