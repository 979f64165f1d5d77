//! Where do events come from? An export that somebody left, or the event log of Windows, this machine's or another's.

use std::time::SystemTime;

use super::query::EventQuery;
use super::{EventError, EventExport, MAX_INPUT, xml};
use crate::input::Input;
use crate::report::Failure;

/// Where to look for events, or for what Managed Availability says of health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogSource {
    /// The event log of a host, or of this machine.
    Log(Option<String>),
    /// What stands for a log: XML of `wevtutil` or `Get-WinEvent`; of health also JSON or CSV of `Get-ServerHealth`.
    Export(Input),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundEvents {
    pub export: EventExport,
    /// Until when it tells what happened: when an export was written; `None` is now.
    pub until: Option<SystemTime>,
    /// Whether there were more records than are read.
    pub is_cut: bool,
    /// The time of the oldest record of the log, where that could be had.
    pub reaches_back: Option<SystemTime>,
}

impl LogSource {
    /// Reads it: of a log what `query` asks for, of an export everything.
    pub(crate) fn read(&self, query: &EventQuery) -> Result<FoundEvents, Failure> {
        let input = match self {
            Self::Log(host) => return logged(host.as_deref(), query),
            Self::Export(input) => input,
        };
        let content = input.read(MAX_INPUT)?;
        let unusable = |error| input.unusable(error == EventError::Empty, &error);
        let export = xml::read(&content.text).map_err(unusable)?;
        Ok(FoundEvents { export, until: content.modified, is_cut: false, reaches_back: None })
    }
}

#[cfg(windows)]
fn logged(host: Option<&str>, query: &EventQuery) -> Result<FoundEvents, Failure> {
    use super::log::{EventLog, Limits, Order};

    let log = EventLog::on(host)?;
    let (export, is_cut) = log.read(query, Order::NewestFirst, Limits { records: MAX_RECORDS, wait: None })?;
    let reaches_back = log.oldest(&query.channel);
    Ok(FoundEvents { export, until: None, is_cut, reaches_back })
}

#[cfg(not(windows))]
fn logged(_: Option<&str>, _: &EventQuery) -> Result<FoundEvents, Failure> {
    Err(Failure::new(crate::report::Class::NoData, NEEDS_EVENT_XML))
}

/// What to say where there is no event log.
pub(crate) const NEEDS_EVENT_XML: &str =
    "--file: expected the XML of wevtutil or Get-WinEvent, because only Windows has an event log of its own";

/// What to say to the wish for another host's log where there is no event log.
pub(crate) const REMOTE_LOG_NEEDS_WINDOWS: &str =
    "--hostname: expected --file instead, because only Windows can ask another host for its event log";

/// The most records that are counted; of the newest ones.
#[cfg(windows)]
const MAX_RECORDS: usize = 50_000;
