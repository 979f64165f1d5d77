//! Where does Managed Availability's word come from? An export that somebody left, or the local event channel.

use std::time::SystemTime;

use super::{Export, HealthError, MAX_INPUT, read};
use crate::failure::{Class, Failure};
use crate::input::Input;

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This machine's own Managed Availability channel.
    Local,
    /// JSON or CSV of `Get-ServerHealth`.
    Export(Input),
}

/// What was found, and when it was written; `None` is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The monitors.
    pub export: Export,
    /// When an export was written.
    pub written: Option<SystemTime>,
}

impl Source {
    /// Reads it.
    pub fn read(&self) -> Result<Answer, Failure> {
        let input = match self {
            Self::Local => return local(),
            Self::Export(input) => input,
        };
        let content = input.read(MAX_INPUT)?;
        let export = read(&content.text).map_err(|error| {
            let class = if error == HealthError::Empty { Class::NoData } else { Class::Unreadable };
            Failure::new(class, format!("{input}: {error}"))
        })?;
        Ok(Answer { export, written: content.modified })
    }
}

/// What to say where there is nothing local to read.
pub const NEEDS_A_FILE: &str = "--file: expected Get-ServerHealth as JSON or CSV, because only Windows has a Managed Availability channel of its own";

fn local() -> Result<Answer, Failure> {
    Err(Failure::new(Class::NoData, NEEDS_A_FILE))
}
