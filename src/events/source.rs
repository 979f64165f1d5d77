//! Where do events come from? An export that somebody left, or the event log of Windows, this machine's or another's.

use std::fmt;
use std::io::Read;
use std::time::SystemTime;

use super::extent::Extent;
use super::query::EventQuery;
use super::{EventError, Recorded, xml};
use crate::input::file::FileError;
use crate::input::{self, Input};
use crate::net::host;
use crate::report::Failure;
use crate::time::stage;

/// Where to look for events, or for what Managed Availability says of health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogSource {
    /// The event log of a host, or of this machine.
    Log(Option<String>),
    /// What stands for a log: XML of `wevtutil` or `Get-WinEvent`; of health also JSON or CSV of `Get-ServerHealth`.
    Export {
        input: Input,
        /// The only computer whose records count, where it holds those of several.
        computer: Option<String>,
    },
}

/// A source about to be read.
pub(crate) struct OpenLog<'a> {
    source: &'a LogSource,
    stream: Option<Box<dyn Read>>,
    /// When an export was written, which is until when it tells what happened; `None` is now.
    pub written: Option<SystemTime>,
}

impl LogSource {
    /// Opens an export. A log is asked when it is read.
    pub(crate) fn open(&self) -> Result<OpenLog<'_>, Failure> {
        let (stream, written) = match self {
            Self::Log(_) => (None, None),
            Self::Export { input, .. } => {
                let (stream, written) = input.open()?;
                (Some(stream), written)
            }
        };
        Ok(OpenLog { source: self, stream, written })
    }
}

impl OpenLog<'_> {
    /// Hands out the records one by one: of a log what `query` asks for, of an export everything.
    pub(crate) fn read(self, query: &EventQuery, take: &mut dyn FnMut(Recorded)) -> Result<Extent, Failure> {
        let (input, computer, stream) = match (self.source, self.stream) {
            (LogSource::Export { input, computer }, Some(stream)) => (input, computer.as_deref(), stream),
            (LogSource::Export { .. }, None) => return Ok(Extent::default()),
            (LogSource::Log(host), _) => return logged(host.as_deref(), query, take),
        };
        let mut extent = Extent::default();
        let is_elsewhere = |recorded: &Recorded| {
            let named = recorded.computer();
            computer.is_some_and(|asked| !named.is_empty() && !host::is_same_computer(asked, named))
        };
        let stage = stage::enter(format!("reading {input}"));
        let read = input::decode_stream(stream, None).map_err(EventError::from).and_then(|(stream, _)| {
            xml::read_stream(stream, |recorded| {
                extent.add(&recorded);
                match is_elsewhere(&recorded) {
                    true => extent.elsewhere += 1,
                    false => take(recorded),
                }
            })
        });
        drop(stage);
        extent.is_unfinished = !read.map_err(|error| unusable(input, error))?;
        extent.absence(&input.to_string(), computer).map_or(Ok(extent), Err)
    }
}

fn unusable(input: &Input, error: EventError) -> Failure {
    match error {
        EventError::Io(source) => FileError::Io { path: input.to_string().into(), source }.into(),
        error => input.unusable(matches!(error, EventError::Empty), &error),
    }
}

impl fmt::Debug for OpenLog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenLog").field("source", self.source).field("written", &self.written).finish_non_exhaustive()
    }
}

#[cfg(windows)]
fn logged(host: Option<&str>, query: &EventQuery, take: &mut dyn FnMut(Recorded)) -> Result<Extent, Failure> {
    use super::log::{EventLog, Order, Portion};

    let log = EventLog::on(host)?;
    let mut extent = Extent::default();
    let mut counted = |recorded: Recorded| {
        extent.add(&recorded);
        take(recorded);
    };
    let portion = Portion { order: Order::NewestFirst, records: MAX_RECORDS, wait: None };
    let is_cut = log.read(query, portion, &mut counted)?;
    Ok(Extent { is_cut, reaches_back: log.oldest(&query.channel), ..extent })
}

#[cfg(not(windows))]
fn logged(_: Option<&str>, _: &EventQuery, _: &mut dyn FnMut(Recorded)) -> Result<Extent, Failure> {
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
