//! What is a check to whoever deals with all of them? Man pages, schedulers' files, tests, and the one check that asks the others.

use std::ffi::OsString;
use std::time::Duration;

use super::schedule::{Scheduled, ScheduledService};
use crate::options::usage::UsageError;
use crate::options::{Need, command_line};
use crate::plugin::Check;
use crate::plugin::aside::Question;
use crate::report::{About, Class};

/// A check as everything that is made for all of them sees it.
#[derive(Clone, Copy, Debug)]
pub struct RegisteredCheck {
    /// Its fixed facts.
    pub about: &'static About,
    /// Its command line.
    pub command: fn() -> clap::Command,
    /// Each way to call it, without its name.
    pub usage: &'static [&'static str],
    /// Command lines to begin with, without its name.
    pub examples: [&'static str; 3],
    /// Which of its options need others.
    pub needs: &'static [&'static [Need]],
    /// How schedulers run it.
    pub services: &'static [ScheduledService],
    /// What to do about a finding where a SIP server is asked that is no Call Router.
    pub on_any_server: fn(Option<Class>) -> &'static str,
    /// What its command line asks within a time, for the one check that asks the others.
    pub(crate) question: fn(Vec<OsString>, Option<Duration>) -> Result<Question, UsageError>,
}

impl RegisteredCheck {
    /// Whether these arguments, the program's name first, are understood; what is wrong with them where not.
    pub fn parse(&self, argv: Vec<OsString>) -> Result<(), String> {
        (self.question)(argv, None).map(|_| ()).map_err(|error| error.to_string())
    }
}

/// Whom the one check asks that asks others: the register says it, which knows all of them.
pub(super) trait AsksOthers {
    /// Every check but this one, in the order of the health set.
    const OTHERS: &'static [RegisteredCheck];
}

pub(super) const fn entry<T: Check + Scheduled + Send + Sync + 'static>() -> RegisteredCheck {
    RegisteredCheck {
        about: T::ABOUT,
        command: command_line::command::<T>,
        usage: T::USAGE,
        examples: T::EXAMPLES,
        needs: T::NEEDS,
        services: T::SERVICES,
        on_any_server: T::ON_ANY_SERVER,
        question: Question::of::<T>,
    }
}
