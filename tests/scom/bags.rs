//! What do the plugins really print? Each one in every state, run against peers on loopback, for a workflow and as text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use call_router::scene::{Condition, Scene};
use call_router::scenes;
use check_um::checks::schedule::ScheduledService;
use check_um::door::render::property_of;
use check_um_generate::{register, sip_server};

use crate::expression::Item;
use crate::model::Pack;
use crate::rules::{Command, of_workflow as commands_of};
use crate::support::{format, perfdata, plugin, run_command};
use crate::xml::Node;

/// What every check is seen in.
pub const SITUATIONS: &[&str] = &["OK", "WARNING", "CRITICAL", "UNKNOWN", "usage error"];

/// What one run of a plugin gave.
#[derive(Clone, Debug)]
pub struct Bag {
    /// What was run.
    pub service: &'static ScheduledService,
    /// One of [`SITUATIONS`].
    pub situation: &'static str,
    /// The state that it says.
    pub state: String,
    /// Every property.
    pub properties: BTreeMap<String, String>,
    /// The properties of its perfdata, which has those without a value, too.
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
    let run: Vec<_> = commands_of(pack, workflow).iter().filter_map(service_of).map(|service| service.name).collect();
    bags.iter().filter(|bag| run.contains(&bag.service.name)).collect()
}

/// The service that a command is: of those of its plugin the one with the most of its words.
fn service_of(command: &Command) -> Option<&'static ScheduledService> {
    let has = |word: &str| word.is_empty() || command.words.iter().any(|own| own == word);
    let is_it = |service: &&ScheduledService| service.arguments.iter().all(|(option, value)| has(option) && has(value));
    let own = services().filter(|service| service.plugin == command.plugin);
    own.filter(is_it).max_by_key(|service| service.arguments.len())
}

fn real() -> Vec<Bag> {
    let scratch = tempfile::tempdir().unwrap();
    let of = |service: &'static ScheduledService| {
        let scratch = scratch.path().join(service.name);
        fs::create_dir(&scratch).unwrap();
        seen(service, &scratch)
    };
    services().flat_map(of).collect()
}

/// Every service of a Call Router and of any other SIP server.
fn services() -> impl Iterator<Item = &'static ScheduledService> {
    register::services().chain(sip_server::services())
}

/// A service in every situation; that of a SIP server is seen where the health set asks the same.
fn seen(service: &'static ScheduledService, scratch: &Path) -> Vec<Bag> {
    let like = sip_server::asks(service.name).map_or(service.name, sip_server::like);
    let [well, gone] = [Condition::Well, Condition::Gone].map(|condition| {
        let scene = scenes::scene_of(like, condition);
        scene.unwrap_or_else(|| panic!("no scene of {} {condition:?}", service.name))
    });
    let gone = Run { service, situation: "gone", scene: gone, more: String::new() };
    let class = gone.bag(scratch).properties["FailureClass"].clone();
    let in_state = |situation, exit, state: &str| match class.as_str() {
        // It fails in no class: its scenes say what makes this state of it.
        "" => Run { situation, scene: scene_that_exits(service, exit), ..gone.clone() },
        _ => Run { situation, more: format!("--state {class}={state}"), ..gone.clone() },
    };
    let runs = [
        Run { situation: "OK", scene: well, ..gone.clone() },
        in_state("WARNING", 1, "warning"),
        in_state("CRITICAL", 2, "critical"),
        in_state("UNKNOWN", 3, "unknown"),
        Run { situation: "usage error", more: "--no-such-option".to_owned(), ..gone.clone() },
    ];
    runs.iter().map(|run| run.bag(scratch)).collect()
}

/// A scene of the service's plugin.
fn scene_that_exits(service: &ScheduledService, exit: i32) -> &'static Scene {
    let is_it = |scene: &&Scene| scene.plugin == service.plugin && scene.exit == exit && scene.is_text();
    scenes::SCENES.iter().find(is_it).unwrap_or_else(|| panic!("no scene in which {} exits {exit}", service.plugin))
}

/// A service in a situation: a scene, and more options.
#[derive(Clone)]
struct Run {
    service: &'static ScheduledService,
    situation: &'static str,
    scene: &'static Scene,
    more: String,
}

impl Run {
    /// What it prints for a workflow and as text, which must agree.
    fn bag(&self, scratch: &Path) -> Bag {
        let staged = self.scene.stage(scratch).unwrap();
        let command = |format: &str| {
            let mut command = plugin(self.service.plugin);
            let peer = if sip_server::asks(self.service.name).is_some() { "--peer generic" } else { "" };
            let more = [peer, &self.more, format].into_iter().flat_map(str::split_whitespace);
            run_command(command.args(&staged.arguments).args(more).env("MP_STATE_PATH", scratch))
        };
        let bag = command("--output scom --exit-ok");
        bag.assert_exit(0);
        let properties = format::assert_scom(&bag.stdout);
        let text = command("-v");
        let state = properties["State"].clone();
        let expected = if self.situation == "usage error" { "UNKNOWN" } else { self.situation };
        assert!(state == expected || self.situation == "gone", "{} {}: {bag:?}", self.service.name, self.situation);
        let code = ["OK", "WARNING", "CRITICAL", "UNKNOWN"].iter().position(|known| *known == state).unwrap();
        text.assert_text(i32::try_from(code).unwrap());
        let labels = perfdata::labels(text.first_line()).iter().map(|label| property_of(label, &[])).collect();
        Bag {
            service: self.service,
            situation: self.situation,
            state,
            properties,
            labels: if self.situation == "usage error" { Vec::new() } else { labels },
            code: text.code.unwrap(),
            text: text.stdout,
        }
    }
}
