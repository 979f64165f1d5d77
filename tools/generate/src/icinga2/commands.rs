//! How does Icinga 2 call a plugin? A CheckCommand for each, with every option as an argument.

use std::fmt::Write;

use check_um::door::options::When;
use clap::{Arg, Command};

use super::{command_name, header, purpose, quoted};
use crate::options::{Kind, PluginOption, options};
use crate::register::{Plugin, plugins};

/// Options that are about the one who reads the report, and Icinga is none of those.
pub const FOREIGN: &[&str] = &["output", "exit-ok"];

/// How long a plugin may take by itself, and how long Icinga waits for it, in seconds.
pub const TIMEOUT: (u32, u32) = (10, 20);

/// The longest condition for which Icinga Director has room.
const LONGEST: usize = 255;

/// Where the plugins are, unless the node's constants say otherwise.
const UM_PLUGIN_DIR: &str = "
if (!globals.contains(\"UmPluginDir\")) {
  globals.UmPluginDir = if (PlatformKernel == \"Windows\") { \"C:/Program Files/check-um\" } else { PluginDir }
}
";

/// What a host may say, and what is said of anything else: a variable misspelt would be an option that nobody gives.
const VARIABLES: &str = r#"
globals.um_variables = [
@VARIABLES@
]

globals.um_check_variables = function(host) {
  for (name => value in host.vars || {}) {
    if (match("um_*", name) && name != "um_call_router" && !(name in um_variables)) {
      throw "Host '" + host.name + "': there is no vars." + name + ": expected vars.um_call_router, or an option of a plugin as in um-commands.conf"
    }
  }
}
"#;

/// All of `um-commands.conf`.
pub fn text() -> String {
    let mut text = header(
        "The check commands of check-um. Every node that runs a check needs them: master, satellites and agents.",
    );
    // On Windows Icinga's own directory is not where the installer puts the plugins, and may not be moved from its plugins.
    text += UM_PLUGIN_DIR;
    // Windows starts no program by a path without its extension.
    text += "\nglobals.UmExtension = if (PlatformKernel == \"Windows\") { \".exe\" } else { \"\" }\n";
    text += &VARIABLES.replace("@VARIABLES@", &variables());
    for plugin in plugins() {
        text += &check_command(&plugin);
    }
    text
}

/// The variable of every option, one plugin to a line.
fn variables() -> String {
    let of = |plugin: &Plugin| {
        let prefix = command_name(plugin.about.name);
        let options = options(plugin.command.clone()).into_iter().filter(|it| !FOREIGN.contains(&it.long.as_str()));
        let names: Vec<_> = options.map(|option| quoted(&format!("{prefix}_{}", option.underscored()))).collect();
        format!("  {}", names.join(", "))
    };
    plugins().iter().map(of).collect::<Vec<_>>().join(",\n")
}

fn check_command(plugin: &Plugin) -> String {
    let (plugin_name, name) = (plugin.about.name, command_name(plugin.about.name));
    let options = options(plugin.command.clone());
    let mut text = format!("\n/* {} */\nobject CheckCommand {} {{\n", purpose(plugin), quoted(name));
    if asks_the_host(&options) {
        text += "  import \"ipv4-or-ipv6\"\n\n";
    }
    let (own, waits) = TIMEOUT;
    let _ = write!(
        text,
        "  command = [ UmPluginDir + \"/{plugin_name}\" + UmExtension ]\n  timeout = {waits}s\n\n  arguments = {{\n"
    );
    for argument in arguments(plugin) {
        text += &argument.entry();
    }
    text += "  }\n\n";
    if asks_the_host(&options) {
        let _ = writeln!(text, "  vars.{name}_hostname = \"$check_address$\"");
    }
    let _ = writeln!(text, "  vars.{name}_timeout = {own}\n}}");
    text
}

/// Whether its question is put to the monitored host itself, which it can reach by a port of its own.
pub fn asks_the_host(options: &[PluginOption]) -> bool {
    let has = |names: &[&str]| options.iter().any(|option| names.contains(&option.long.as_str()));
    has(&["hostname"]) && has(&["port", "tcp-port"])
}

/// An argument of a check command.
#[derive(Clone, Debug, Default)]
pub struct Argument {
    /// Its name, by which Icinga sorts.
    pub key: String,
    /// What is given.
    pub value: Option<String>,
    /// The value is the whole word.
    pub skip_key: bool,
    /// When it is given.
    pub set_if: Option<SetIf>,
    /// Each value of several has the name before it.
    pub repeat_key: bool,
    /// Nothing runs without it.
    pub required: bool,
    /// What it does.
    pub description: String,
    /// Its place where it has one.
    pub order: Option<i32>,
}

/// When an argument is given.
#[derive(Clone, Debug)]
pub enum SetIf {
    /// Where this macro is worth something.
    Macro(String),
    /// Where this holds, in Icinga's language.
    Holds(String),
}

impl Argument {
    fn entry(&self) -> String {
        let mut text = format!("    {} = {{\n", quoted(&self.key));
        let mut line = |line: String| text += &format!("      {line}\n");
        self.value.iter().for_each(|value| line(format!("value = {}", quoted(value))));
        if self.skip_key {
            line("skip_key = true".to_owned());
        }
        match &self.set_if {
            Some(SetIf::Macro(name)) => line(format!("set_if = {}", quoted(name))),
            Some(SetIf::Holds(expression)) => line(format!("set_if = {{{{ {expression} }}}}")),
            None => {}
        }
        if self.repeat_key {
            line("repeat_key = true".to_owned());
        }
        if self.required {
            line("required = true".to_owned());
        }
        line(format!("description = {}", quoted(&self.description)));
        self.order.iter().for_each(|order| line(format!("order = {order}")));
        text + "    }\n"
    }
}

/// The arguments of a plugin in the order of its help.
pub fn arguments(plugin: &Plugin) -> Vec<Argument> {
    let options = options(plugin.command.clone()).into_iter().filter(|it| !FOREIGN.contains(&it.long.as_str()));
    options.flat_map(|option| arguments_of(plugin, &option)).collect()
}

fn arguments_of(plugin: &Plugin, option: &PluginOption) -> Vec<Argument> {
    let variable = format!("{}_{}", command_name(plugin.about.name), option.underscored());
    let value = format!("${variable}$");
    let argument = Argument { key: option.dashed(), description: option.help.clone(), ..Argument::default() };
    match &option.kind {
        Kind::Flag => vec![Argument { set_if: Some(flag(plugin, option, &variable)), ..argument }],
        // One of `-v`, `-vv` and `-vvv`: the number in the variable says which.
        Kind::Count => {
            let repeated = |count: usize| Argument {
                key: format!("-{}", "v".repeat(count)),
                set_if: Some(SetIf::Holds(format!("number(macro(\"{value}\")) == {count}"))),
                ..argument.clone()
            };
            (1..=3).map(repeated).collect()
        }
        // What stands behind an equals sign is one word with it.
        Kind::Optional(_) => {
            vec![Argument { value: Some(format!("{}={value}", option.dashed())), skip_key: true, ..argument }]
        }
        Kind::Value(_) => {
            let conditions: Vec<_> = exclusion(plugin, option).into_iter().chain(needs(plugin, option)).collect();
            vec![Argument {
                value: Some(value),
                set_if: (!conditions.is_empty()).then(|| all(&conditions)),
                repeat_key: option.is_repeatable,
                required: option.is_required,
                // Whom it asks stands first in a command line that a person reads.
                order: (option.long == "hostname").then_some(-1),
                ..argument
            }]
        }
    }
}

/// A flag is given where its variable says so, and where it would have an effect.
fn flag(plugin: &Plugin, option: &PluginOption, variable: &str) -> SetIf {
    let needs = needs(plugin, option);
    if needs.is_empty() {
        return SetIf::Macro(format!("${variable}$"));
    }
    let own = [format!("!!macro(\"${variable}$\")")];
    all(&own.into_iter().chain(needs).collect::<Vec<_>>())
}

fn all(conditions: &[String]) -> SetIf {
    let condition = conditions.join(" && ");
    SetIf::Holds(if condition.len() > LONGEST { shortened(&condition) } else { condition })
}

/// The same in fewer characters: what is asked for more than once has a name of its own.
fn shortened(condition: &str) -> String {
    let (mut rest, mut names, mut asked) = (condition.to_owned(), 'a'..='z', String::new());
    for part in condition.split("macro(").skip(1) {
        let call = format!("macro({})", part.split(')').next().unwrap_or_default());
        if rest.matches(&call).count() > 1 {
            let name = names.next().map_or_else(String::new, String::from);
            rest = rest.replace(&call, &name);
            asked += &format!("var {name}={call};");
        }
    }
    asked + &[" && ", " || ", " == "].iter().fold(rest, |text, operator| text.replace(operator, operator.trim()))
}

/// What must be so for the option to have an effect, in Icinga's language: a variable of a host is for several services, and
/// a plugin refuses what would be passed over.
fn needs(plugin: &Plugin, option: &PluginOption) -> Vec<String> {
    let needs = plugin.needs.iter().copied().flatten();
    let own = needs.filter(|need| need.options.contains(&option.dashed().as_str()));
    own.map(|need| condition(plugin, &need.when)).collect()
}

fn condition(plugin: &Plugin, when: &When) -> String {
    let (options, prefix) = (options(plugin.command.clone()), command_name(plugin.about.name));
    let value = |long: &str| {
        let known = options.iter().find(|option| option.dashed() == long);
        let name = known.unwrap_or_else(|| panic!("{}: no {long}", plugin.about.name));
        (format!("macro(\"${prefix}_{}$\")", name.underscored()), known)
    };
    let joined = |parts: &[When], operator: &str| {
        let parts: Vec<_> = parts.iter().map(|part| condition(plugin, part)).collect();
        format!("({})", parts.join(operator))
    };
    match when {
        When::Given(long) => {
            // Icinga takes what is no boolean, such as the value of a variable or nothing, for no condition.
            let (given, known) = value(long);
            let given = format!("!!{given}");
            // The address of the host is no host to be asked where something else takes its place.
            let excluded = known.and_then(|option| exclusion(plugin, option));
            excluded.map_or(given.clone(), |excluded| format!("({given} && {excluded})"))
        }
        When::Absent(long) => format!("!{}", value(long).0),
        When::Is(long, expected) => {
            let (given, known) = value(long);
            let by_default = known.and_then(|option| option.default.as_deref()) == Some(*expected);
            let is = format!("{given} == {}", quoted(expected));
            if by_default { format!("(!{given} || {is})") } else { is }
        }
        When::Begins(long, beginning) => format!("({} || \"\").find({}) == 0", value(long).0, quoted(beginning)),
        When::All(parts) => joined(parts, " && "),
        When::Any(parts) => joined(parts, " || "),
    }
}

/// The address of the host stands in only where nothing was named that takes its place.
fn exclusion(plugin: &Plugin, option: &PluginOption) -> Option<String> {
    let mut command = plugin.command.clone();
    command.build();
    let hostname = command.get_arguments().find(|argument| argument.get_long() == Some("hostname"))?;
    let prefix = command_name(plugin.about.name);
    let others = command.get_arguments().filter(|other| exclude_each_other(&command, hostname, other));
    let names = others.filter_map(Arg::get_long).map(|name| name.replace('-', "_"));
    let none: Vec<_> = names.map(|name| format!("!macro(\"${prefix}_{name}$\")")).collect();
    (option.long == "hostname" && !none.is_empty()).then(|| none.join(" && "))
}

/// Whether only one of them may be given: as one says of the other, or as both are of a group.
fn exclude_each_other(command: &Command, one: &Arg, other: &Arg) -> bool {
    let says = |one: &Arg, other: &Arg| command.get_arg_conflicts_with(one).contains(&other);
    let mut groups = command.get_groups().filter(|group| !(*group).clone().is_multiple());
    let are_in_a_group = groups.any(|group| [one, other].iter().all(|it| group.get_args().any(|id| id == it.get_id())));
    one != other && (says(one, other) || says(other, one) || are_in_a_group)
}
