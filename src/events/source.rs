//! Where do events come from? An export that somebody left, or the local event log.

use super::{EventError, Export, MAX_INPUT, xml};
use crate::failure::{Class, Failure};
use crate::input::Input;
use std::time::SystemTime;

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This machine's own log.
    Local,
    /// XML of `wevtutil` or `Get-WinEvent`.
    Export(Input),
}

/// What was found, and until when it tells what happened; `None` is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The records.
    pub export: Export,
    /// When an export was written.
    pub until: Option<SystemTime>,
}

impl Source {
    /// Reads it.
    pub fn read(&self) -> Result<Log, Failure> {
        let input = match self {
            Self::Local => return local(),
            Self::Export(input) => input,
        };
        let content = input.read(MAX_INPUT)?;
        let export = xml::read(&content.text).map_err(|error| {
            let class = if error == EventError::Empty { Class::NoData } else { Class::Unreadable };
            Failure::new(class, format!("{input}: {error}"))
        })?;
        Ok(Log { export, until: content.modified })
    }
}

/// What to say where there is nothing local to read.
pub const NEEDS_A_FILE: &str =
    "--file: expected the XML of wevtutil or Get-WinEvent, because only Windows has an event log of its own";

fn local() -> Result<Log, Failure> {
    Err(Failure::new(Class::NoData, NEEDS_A_FILE))
}
