//! What stands on a command line, as far as that can be told before the whole of it is understood?
//!
//! Clap stops at the first mistake. But a mistake is reported in the format that was asked for, an ini file is read under the
//! deadline that was asked for, and what a section adds must be told from what stands on the command line itself.

use clap::{Arg, ArgAction, Command};

use crate::report::GivenOption;

/// The options of `command` that stand in `arguments` (without the program's name), each time that they do.
/// What is no option of it is passed over.
pub(super) fn given(command: &Command, arguments: &[String]) -> Vec<GivenOption> {
    let mut found = Vec::new();
    let mut left = arguments.iter();
    while let Some(argument) = left.next() {
        let mut add = |option: &Arg, glued: Option<&str>| {
            let value = option.get_action().takes_values().then(|| {
                let may_be_value =
                    |next: &&String| !next.starts_with('-') || *next == "-" || option.is_allow_hyphen_values_set();
                let next = || left.clone().next().filter(may_be_value).and_then(|_| left.next().cloned());
                glued.map(str::to_owned).or_else(next)
            });
            let is_repeatable = matches!(option.get_action(), ArgAction::Append);
            found.push(GivenOption { id: option.get_id().to_string(), value: value.flatten(), is_repeatable });
        };
        match argument.strip_prefix("--") {
            Some("") => break,
            Some(long) => {
                let (name, glued) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
                let known = command.get_arguments().find(|option| option.get_long() == Some(name));
                known.into_iter().for_each(|option| add(option, glued));
            }
            None => {
                // A bundle: flags, and at its end perhaps an option with its value glued to it.
                let mut letters = argument.strip_prefix('-').unwrap_or_default().chars();
                while let Some(letter) = letters.next() {
                    let known = command.get_arguments().find(|option| option.get_short() == Some(letter));
                    let Some(option) = known else { break };
                    let takes_value = option.get_action().takes_values();
                    let glued = Some(letters.as_str()).filter(|rest| takes_value && !rest.is_empty());
                    add(option, glued.map(|rest| rest.strip_prefix('=').unwrap_or(rest)));
                    if takes_value {
                        break;
                    }
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ArgAction;

    fn found(line: &str) -> Vec<String> {
        let command = Command::new("x").args([
            Arg::new("hostname").short('H').long("hostname"),
            Arg::new("warning").short('w').long("warning").allow_hyphen_values(true),
            Arg::new("file").long("file"),
            Arg::new("verbose").short('v').long("verbose").action(ArgAction::Count),
            Arg::new("ipv4").short('4').action(ArgAction::SetTrue),
        ]);
        let arguments: Vec<_> = line.split(' ').map(str::to_owned).collect();
        let said =
            |one: GivenOption| format!("{}{}", one.id, one.value.map_or_else(String::new, |it| format!("={it}")));
        given(&command, &arguments).into_iter().map(said).collect()
    }

    #[test]
    fn every_spelling_of_an_option_and_its_value() {
        for line in ["-H a", "-Ha", "-H=a", "--hostname a", "--hostname=a"] {
            assert_eq!(found(line), ["hostname=a"], "{line}");
        }
        assert_eq!(
            found("-4vHa -vw -1:5 --file - -vv4"),
            ["ipv4", "verbose", "hostname=a", "verbose", "warning=-1:5", "file=-", "verbose", "verbose", "ipv4"]
        );
    }

    #[test]
    fn a_value_is_no_option_and_a_mistake_costs_itself_only() {
        assert_eq!(found("--warning --hostname -v"), ["warning=--hostname", "verbose"]);
        assert_eq!(found("--bogus stray -zH --hostname=a -H"), ["hostname=a", "hostname"]);
        assert_eq!(found("--hostname -v -- -Ha"), ["hostname", "verbose"]);
    }
}
