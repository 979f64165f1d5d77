//! Does each command line, filled in with what stands there by default, parse with the plugin's own parser?

use check_um_generate::register::plugins;

use crate::bags::Bag;
use crate::model::{Pack, Running, places};
use crate::xml::Node;

/// A program with its arguments, as the agent starts it.
#[derive(Clone, Debug)]
pub struct Command {
    /// The plugin.
    pub plugin: String,
    /// Its arguments.
    pub words: Vec<String>,
    /// Where the agent gets it from.
    program: String,
    /// When the agent ends it, in seconds.
    timeout: Option<f64>,
    /// What becomes of its output.
    kind: Kind,
    line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bag,
    Text,
    Shell,
}

pub fn broken(pack: &Pack, _: &[Bag]) -> Vec<String> {
    let mut problems = Vec::new();
    for workflow in pack.definitions() {
        if !matches!(workflow.name.as_str(), "UnitMonitor" | "Rule" | "Task") {
            continue;
        }
        let commands = of_workflow(pack, workflow);
        if commands.is_empty() {
            problems.push(format!("line {}: {} runs no plugin", workflow.line, workflow.id()));
        }
        problems.extend(
            commands.iter().filter_map(|command| wrong(command).map(|what| format!("{}: {what}", workflow.id()))),
        );
    }
    problems
}

/// The plugins that a monitor, rule or task runs.
pub fn of_workflow(pack: &Pack, workflow: &Node) -> Vec<Command> {
    modules(pack, workflow)
        .iter()
        .flat_map(|module| pack.expand(module))
        .filter_map(|running| command(&running))
        .collect()
}

/// The modules of a monitor, rule or task with their configuration.
pub fn modules(pack: &Pack, workflow: &Node) -> Vec<Node> {
    match workflow.name.as_str() {
        "UnitMonitor" => pack.members_of_monitor(workflow),
        "Rule" => workflow.child("DataSources").map_or_else(Vec::new, |sources| sources.children.clone()),
        _ => workflow.children.iter().filter(|child| child.name == "ProbeAction").cloned().collect(),
    }
}

/// The words of a command line: blanks part them, but not within double quotes.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut is_quoted, mut is_word) = (String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => (is_quoted, is_word) = (!is_quoted, true),
            c if c.is_whitespace() && !is_quoted => {
                if std::mem::take(&mut is_word) {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => {
                is_word = true;
                word.push(c);
            }
        }
    }
    if is_word {
        words.push(word);
    }
    words
}

fn command(running: &Running) -> Option<Command> {
    let module = &running.module;
    let (kind, program, line, timeout) = match running.type_id.split_once('!')?.1 {
        kind if kind.starts_with("System.CommandExecuterProbe") => {
            let is_bag = kind.ends_with("PropertyBagBase");
            let timeout = module.text_at(&["TimeoutSeconds"]).parse().ok();
            let program = module.text_at(&["ApplicationName"]).to_owned();
            (if is_bag { Kind::Bag } else { Kind::Text }, program, module.text_at(&["CommandLine"]).to_owned(), timeout)
        }
        "Microsoft.Unix.WSMan.Invoke.ProbeAction" => {
            let input = Node::parse(module.text_at(&["Input"])).ok()?;
            let action = module.text_at(&["InvokeAction"]);
            let is_input = input.name == format!("p:{action}_INPUT") && action == "ExecuteCommand";
            let timeout = input.text_at(&["p:timeout"]).parse().ok().filter(|_| is_input);
            let line = input.text_at(&["p:Command"]).trim();
            let (program, line) = line.split_once(' ').unwrap_or((line, ""));
            (Kind::Shell, program.to_owned(), line.to_owned(), timeout)
        }
        _ => return None,
    };
    let name = program.rsplit(['\\', '/']).next().unwrap_or_default();
    let plugin = name.strip_suffix(".exe").unwrap_or(name).to_owned();
    let words = words(&filled(&line));
    Some(Command { plugin, words, program, timeout, kind, line: module.line })
}

/// A text with what an agent on cas1.example.com puts into the places of its target.
fn filled(text: &str) -> String {
    places(text).into_iter().filter(|place| place.starts_with("Target/")).fold(text.to_owned(), |text, place| {
        let value = if place.ends_with("/DomainDnsName") { "example.com" } else { "cas1.example.com" };
        text.replace(&format!("${place}$"), value)
    })
}

fn wrong(command: &Command) -> Option<String> {
    let line = command.line;
    let Some(mut plugin) = plugins().into_iter().find(|plugin| plugin.about.name == command.plugin) else {
        return Some(format!("line {line}: {} is no plugin", command.program));
    };
    let directory = if command.kind == Kind::Shell { "/usr/lib/nagios/plugins/" } else { "%ProgramFiles%\\check-um\\" };
    if !command.program.starts_with(directory) {
        return Some(format!("line {line}: {} is not in {directory}", command.program));
    }
    let argv = [&command.plugin].into_iter().chain(&command.words);
    let matches = match plugin.command.try_get_matches_from_mut(argv) {
        Ok(matches) => matches,
        Err(error) => return Some(format!("line {line}: {:?} does not parse: {error}", command.words)),
    };
    let output = matches.get_raw("output").and_then(|mut values| values.next()).unwrap_or_default().to_string_lossy();
    let is_exit_ok = matches.get_flag("exit_ok");
    let fits = match command.kind {
        Kind::Bag => output == "scom" && is_exit_ok,
        Kind::Text => output.is_empty() && is_exit_ok,
        // There the exit code is the state.
        Kind::Shell => output.is_empty() && !is_exit_ok,
    };
    if !fits {
        return Some(format!("line {line}: {:?} is not for {:?}", command.words, command.kind));
    }
    let own = matches.get_raw("timeout").and_then(|mut values| values.next()?.to_str()?.parse::<f64>().ok());
    let nests = own.zip(command.timeout).is_some_and(|(own, agents)| own < agents);
    (!nests).then(|| format!("line {line}: a deadline of {own:?} is not below the agent's of {:?}", command.timeout))
}
