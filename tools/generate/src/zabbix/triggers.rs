//! When does Zabbix raise a problem, how grave is it, and what does it tell whoever is called?

use check_um::checks::schedule::ScheduledService;
use check_um::door::report::{Class, Policy, State};

use super::facts::contextual;
use super::linked::Linked;
use super::template::{part, tags, uuid};
use super::yaml::{Node, list, map, rank, text};
use crate::register::plugin_of;

/// The trigger of the item with the state: silence.
pub fn of_state(check: &ScheduledService) -> Node {
    list([silence(check)])
}

/// The triggers of all checks of these templates in the order of their names: each state that is a problem. They look at more
/// than one item, so that they belong to none.
pub fn problems(templates: &[Linked]) -> Node {
    let checks = templates.iter().flat_map(|linked| linked.checks());
    let states = [(State::Critical, "HIGH"), (State::Unknown, "AVERAGE"), (State::Warning, "WARNING")];
    let mut triggers: Vec<_> =
        checks.flat_map(|check| states.map(|(state, priority)| problem(check, state, priority))).collect();
    triggers.sort_by_key(|trigger| rank(trigger.text("name")));
    list(triggers)
}

/// Every run of the last ones failed, and the last one so: the states exclude each other, so one check is one problem.
fn problem(check: &ScheduledService, state: State, priority: &str) -> Node {
    let word = state.word();
    let summary = format!("{{?last(/{{HOST.HOST}}/{})}}", part(check, "summary"));
    let mut dependencies = Vec::new();
    if let Some(cause) = Linked::of(check).checks().find(|cause| Some(cause.name) == check.depends_on) {
        dependencies.extend([State::Critical, State::Warning].map(|state| dependency(&problem(cause, state, ""))));
    }
    map([
        ("uuid", uuid(&format!("trigger {} {word}", check.name))),
        ("expression", text(expression(check, state))),
        ("name", text(format!("{}: {word}", check.title))),
        ("event_name", text(format!("{}: {word}: {summary}", check.title))),
        ("priority", text(priority)),
        ("description", text(advice(check, state))),
        ("dependencies", list(dependencies)),
        ("tags", tags_of(check)),
    ])
}

fn expression(check: &ScheduledService, state: State) -> String {
    let (item, attempts) = (item(check), contextual("ATTEMPTS", check));
    // Of a new host there are fewer runs, of which the worst would do: the oldest is asked for by itself, and while it is not there
    // nothing is known. Where the macro is a time this is the last run once more.
    let oldest = format!("last({item},{attempts})>=1");
    // The last part is never so: it makes the message a value of the trigger, {ITEM.LASTVALUE4}, and never hides a problem.
    let message = format!("/{}/{}", Linked::of(check).name(), part(check, "message"));
    let state = state.exit_code();
    format!("min({item},{attempts})>=1 and last({item})={state} and {oldest} or length(last({message}))<0")
}

/// No result at all: the plugin is not there, an agent or a proxy does not answer, or Zabbix gave up before the plugin did.
fn silence(check: &ScheduledService) -> Node {
    let period = contextual("NODATA", check);
    // What keeps one check of a template from its results keeps all of them: the first one speaks for the others.
    let first = Linked::of(check).checks().next().filter(|first| first.name != check.name);
    map([
        ("uuid", uuid(&format!("trigger {} silence", check.name))),
        ("expression", text(format!("nodata({},{period})=1", item(check)))),
        ("name", text(format!("{}: no result", check.title))),
        ("event_name", text(format!("{}: no result for {period}", check.title))),
        ("priority", text("AVERAGE")),
        ("description", text(SILENCE)),
        ("dependencies", list(first.map(|first| dependency(&silence(first))))),
        ("tags", tags_of(check)),
    ])
}

/// By these whoever is told of it is found.
fn tags_of(check: &ScheduledService) -> Node {
    let mut known = [("check-um", check.name), ("scope", "availability"), Linked::of(check).tag()];
    known.sort_unstable();
    tags(&known)
}

fn dependency(on: &Node) -> Node {
    map([("name", text(on.text("name"))), ("expression", text(on.text("expression")))])
}

fn item(check: &ScheduledService) -> String {
    format!("/{}/{}", Linked::of(check).name(), part(check, "exit_code"))
}

/// What to do, for each class of failure that makes this state of the check unless `--state` says otherwise.
fn advice(check: &ScheduledService, state: State) -> String {
    let plugin = plugin_of(check);
    let about = plugin.about;
    let policy = Policy::new(about.defaults.to_vec());
    let mut classes: Vec<Option<Class>> =
        about.classes().filter(|class| policy.state(*class) == state).map(Some).collect();
    // What a value or a state of the peer makes of it has no class; nothing of it is unknown.
    if state != State::Unknown {
        classes.insert(0, None);
    }
    // One advice is given once, behind all the classes that it is for.
    let mut advices: Vec<(Vec<&str>, &str)> = Vec::new();
    for class in classes {
        let (word, advice) = (class.map_or("none", Class::name), plugin.advise(Linked::of(check).is_exchange(), class));
        match advices.iter_mut().find(|(_, known)| *known == advice) {
            Some((words, _)) => words.push(word),
            None => advices.push((vec![word], advice)),
        }
    }
    let said = advices.iter().map(|(words, advice)| format!("{}: {advice}", words.join(", ")));
    let head = "The item 'failure class' says which of these it is, the item 'advice' what to do now.".to_owned();
    std::iter::once(head).chain(said).collect::<Vec<_>>().join("\n\n")
}

const SILENCE: &str = "\
Look at the item 'report': its error says whether the plugin is missing, an agent does not answer, or Zabbix' Timeout is not above \
the plugin's. If the item has no error, look whether the server or proxy that runs it does.";
