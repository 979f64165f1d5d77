//! Which options does a plugin have, and how is each given? What the schedulers' files say of them, taken from clap.

use clap::{Arg, ArgAction, Command};

/// One option of a plugin's command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginOption {
    /// Its long name without the dashes, as in `ca-file`.
    pub long: String,
    /// What stands behind the name.
    pub kind: Kind,
    /// It may be given several times, and each time counts.
    pub is_repeatable: bool,
    /// The command line is incomplete without it.
    pub is_required: bool,
    /// What it does, as a sentence with its choices, its default and a full stop.
    pub help: String,
    /// What the plugin takes where the option is not given, if its command line knows that.
    pub default: Option<String>,
}

/// What stands behind an option's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: it is there or not.
    Flag,
    /// Nothing, but twice is more than once: `-vv`.
    Count,
    /// A value, of which the help speaks by this name.
    Value(String),
    /// A value behind an equals sign, or nothing: `--extra-opts=SECTION@FILE`.
    Optional(String),
}

impl PluginOption {
    /// The name as one writes it.
    pub fn dashed(&self) -> String {
        format!("--{}", self.long)
    }

    /// The name where dashes are not allowed: `ca_file`.
    pub fn underscored(&self) -> String {
        self.long.replace('-', "_")
    }
}

/// The options of a plugin in the order of its help, without `--help` and `--version`.
pub fn options(mut command: Command) -> Vec<PluginOption> {
    command.build();
    let asks = command.get_arguments().filter(|argument| !is_about_the_plugin(argument));
    asks.filter_map(|argument| Some(option(argument.get_long()?, argument))).collect()
}

fn is_about_the_plugin(argument: &Arg) -> bool {
    use ArgAction::{Help, HelpLong, HelpShort, Version};
    matches!(argument.get_action(), Help | HelpLong | HelpShort | Version)
}

fn option(long: &str, argument: &Arg) -> PluginOption {
    let default = argument.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
    PluginOption {
        long: long.to_owned(),
        kind: kind(argument),
        is_repeatable: matches!(argument.get_action(), ArgAction::Append),
        is_required: argument.is_required_set(),
        help: sentence(argument),
        default: default.filter(|_| takes_value(argument)),
    }
}

fn kind(argument: &Arg) -> Kind {
    let name = || argument.get_value_names().and_then(<[_]>::first).map_or_else(String::new, ToString::to_string);
    match argument.get_action() {
        ArgAction::Count => Kind::Count,
        _ if !takes_value(argument) => Kind::Flag,
        _ if argument.is_require_equals_set() => Kind::Optional(name()),
        _ => Kind::Value(name()),
    }
}

fn takes_value(argument: &Arg) -> bool {
    argument.get_num_args().is_none_or(|count| count.takes_values()) && argument.get_action().takes_values()
}

/// The help text, whose authors end it without a full stop and put a default that clap does not know into brackets.
fn sentence(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let (mut text, mut default) = match help.strip_suffix(']').and_then(|help| help.split_once(" [default")) {
        Some((text, default)) => (text.to_owned(), Some(format!("default{default}"))),
        None => (help, None),
    };
    if takes_value(argument) {
        let choices = argument.get_possible_values();
        let names: Vec<_> = choices.iter().map(clap::builder::PossibleValue::get_name).collect();
        if !names.is_empty() {
            text = format!("{text}: {}", names.join(", "));
        }
        let values: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        if !values.is_empty() {
            default = Some(format!("default: {}", values.join(" ")));
        }
    }
    default.map_or_else(|| format!("{text}."), |default| format!("{text} ({default})."))
}
