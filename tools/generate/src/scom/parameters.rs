//! What of a plugin's command line can an administrator override, and what stands there until then?
//!
//! A parameter is there where the plugin has the option; its default is the plugin's own, from the same definition.

use clap::Command;

use check_um::checks::schedule::{ScheduledService, Vantage};

/// A part of the configuration that all modules of one plugin share, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Whom to ask.
    Host,
    /// On which port.
    Port,
    /// What makes this check of the plugin; not to be overridden.
    Arguments,
    /// `--warning`
    Warning,
    /// `--critical`
    Critical,
    /// The plugin's deadline.
    Timeout,
    /// Whatever else an administrator wants to give.
    Options,
}

/// A range that no value is outside of: an option must be given something.
const NEVER: &str = "~:";

impl Parameter {
    const ALL: [Self; 7] =
        [Self::Host, Self::Port, Self::Arguments, Self::Warning, Self::Critical, Self::Timeout, Self::Options];

    /// Its element's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "Host",
            Self::Port => "Port",
            Self::Arguments => "Arguments",
            Self::Warning => "Warning",
            Self::Critical => "Critical",
            Self::Timeout => "TimeoutSeconds",
            Self::Options => "Options",
        }
    }

    /// Whether it is a number.
    pub const fn is_integer(self) -> bool {
        matches!(self, Self::Port | Self::Timeout)
    }

    /// Whether an administrator may change it.
    pub const fn is_overrideable(self) -> bool {
        !matches!(self, Self::Arguments)
    }

    /// What a person reads.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Host => "Host",
            Self::Port => "Port",
            Self::Arguments => "Arguments",
            Self::Warning => "Warning range",
            Self::Critical => "Critical range",
            Self::Timeout => "Deadline (seconds)",
            Self::Options => "Further options",
        }
    }

    /// What it is good for.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Host => "Name or address of the host to ask.",
            Self::Port => "Port to connect to.",
            Self::Arguments => "Fixed options of the plugin.",
            Self::Warning => "Values outside this range are a Warning: [@][start:][end]; ~: stands for never.",
            Self::Critical => "Values outside this range are an Error: [@][start:][end]; ~: stands for never.",
            Self::Timeout => "Deadline of one whole run. Keep it below a minute, when the agent ends the program.",
            Self::Options => "Further options of the plugin, such as --state refused=warning; see its manual page.",
        }
    }

    /// The options that take its value.
    fn on_command_line(self) -> String {
        let value = format!("$Config/{}$", self.name());
        match self {
            Self::Host => format!("-H {value}"),
            Self::Port => format!("-p {value}"),
            Self::Warning => format!("-w {value}"),
            Self::Critical => format!("-c {value}"),
            Self::Timeout => format!("-t {value}"),
            Self::Arguments | Self::Options => value,
        }
    }
}

/// The parameters of a plugin.
pub fn parameters_of(command: &Command, checks: &[&ScheduledService]) -> Vec<Parameter> {
    let has = |option: &str| command.get_arguments().any(|argument| argument.get_long() == Some(option));
    let is_remote = checks.iter().all(|check| check.vantage != Vantage::Agent);
    // Where servers are found by SRV records these say the port, too.
    let is_domain = checks.iter().any(|check| check.arguments.contains(&("--srv", "")));
    let has_arguments = checks.iter().any(|check| !check.arguments.is_empty());
    let is_there = |parameter: &Parameter| match parameter {
        Parameter::Host => is_remote && has("hostname"),
        Parameter::Port => is_remote && !is_domain && has("port"),
        Parameter::Arguments => has_arguments,
        Parameter::Warning => has("warning"),
        Parameter::Critical => has("critical"),
        Parameter::Timeout | Parameter::Options => true,
    };
    Parameter::ALL.into_iter().filter(is_there).collect()
}

/// What stands there for a check until it is overridden; `host` is how this pack spells whom the check asks.
pub fn default(parameter: Parameter, command: &Command, check: &ScheduledService, host: &str) -> String {
    match parameter {
        Parameter::Host => host.to_owned(),
        Parameter::Port => check.vantage.port().map_or_else(String::new, |port| port.to_string()),
        Parameter::Arguments => {
            let words = check.arguments.iter().flat_map(|(option, value)| [*option, *value]);
            words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }
        Parameter::Warning => own_default(command, "warning"),
        Parameter::Critical => own_default(command, "critical"),
        Parameter::Timeout => check.timeout.to_string(),
        Parameter::Options => String::new(),
    }
}

/// A plugin's command line with the places of the parameters.
pub fn command_line(parameters: &[Parameter], output: &str) -> String {
    let parts = parameters.iter().map(|parameter| parameter.on_command_line());
    parts.chain([output.to_owned()]).collect::<Vec<_>>().join(" ")
}

/// What the plugin takes where the option is not given: clap knows it, or its help says so.
fn own_default(command: &Command, option: &str) -> String {
    let argument = command.get_arguments().find(|argument| argument.get_long() == Some(option));
    let known = argument.and_then(|argument| argument.get_default_values().first()?.to_str().map(str::to_owned));
    let said = || {
        let help = argument?.get_help()?.to_string();
        Some(help.split_once("[default: ")?.1.split_once(']')?.0.to_owned())
    };
    known.or_else(said).unwrap_or_else(|| NEVER.to_owned())
}
