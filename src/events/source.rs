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
pub(crate) enum OpenLog<'a> {
    Log(Option<&'a str>),
    Export {
        input: &'a Input,
        computer: Option<&'a str>,
        stream: Box<dyn Read>,
        /// When it was written, which is until when it tells what happened; unknown of what is no file.
        written: Option<SystemTime>,
    },
}

impl LogSource {
    /// Opens an export. A log is asked when it is read.
    pub(crate) fn open(&self) -> Result<OpenLog<'_>, Failure> {
        Ok(match self {
            Self::Log(host) => OpenLog::Log(host.as_deref()),
            Self::Export { input, computer } => {
                let (stream, written) = input.open()?;
                OpenLog::Export { input, computer: computer.as_deref(), stream, written }
            }
        })
    }
}

impl OpenLog<'_> {
    /// When an export was written; `None` is now.
    pub(crate) const fn written(&self) -> Option<SystemTime> {
        match self {
            Self::Log(_) => None,
            Self::Export { written, .. } => *written,
        }
    }

    /// Until when it tells what happened: an export whose time lies ahead of the clock was not written then.
    pub(crate) fn tells_until(&self, now: SystemTime) -> SystemTime {
        self.written().map_or(now, |written| written.min(now))
    }

    /// Hands out the records one by one: of a log what `query` asks for, of an export everything.
    pub(crate) fn read(self, query: &EventQuery, take: &mut dyn FnMut(Recorded)) -> Result<Extent, Failure> {
        let (input, computer, stream, written) = match self {
            Self::Log(host) => return logged(host, query, take),
            Self::Export { input, computer, stream, written } => (input, computer, stream, written),
        };
        let mut extent = Extent::default();
        let is_elsewhere = |recorded: &Recorded| {
            let named = recorded.computer();
            computer.is_some_and(|asked| !named.is_empty() && !host::is_same_computer(asked, named))
        };
        let stage = stage::enter_file(format!("reading {input}"));
        let read = input::decode_stream(stream, None).map_err(EventError::from).and_then(|(stream, _)| {
            xml::read_stream(stream, |recorded| {
                let is_elsewhere = is_elsewhere(&recorded);
                extent.add(&recorded, is_elsewhere);
                extent.add_computer(recorded.computer(), is_elsewhere);
                if let (Recorded::Whole(record), None) = (&recorded, written) {
                    extent.newest = extent.newest.max(Some(record.time));
                }
                if !is_elsewhere {
                    take(recorded);
                }
            })
        });
        drop(stage);
        extent.gap = read.map_err(|error| unusable(input, error))?;
        let is_absent = extent.elsewhere > 0 && extent.elsewhere == extent.records;
        extent.absent = computer.filter(|_| is_absent).map(str::to_owned);
        Ok(extent)
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
        f.debug_struct("OpenLog").field("written", &self.written()).finish_non_exhaustive()
    }
}

#[cfg(windows)]
fn logged(host: Option<&str>, query: &EventQuery, take: &mut dyn FnMut(Recorded)) -> Result<Extent, Failure> {
    use super::log::{EventLog, Order, Portion};

    let log = EventLog::on(host)?;
    let mut extent = Extent::default();
    let mut counted = |recorded: Recorded| {
        extent.add(&recorded, false);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::time::Duration;

    #[test]
    fn of_an_export_only_the_records_of_the_computer_that_was_asked_for_are_taken() {
        let read = |asked: &str, written| {
            let event = |computer: &str, second: u32| {
                format!(
                    "<Event><System><EventID>1</EventID><TimeCreated SystemTime='2023-11-14T22:13:{second}Z'/>\
                     <Computer>{computer}</Computer></System></Event>"
                )
            };
            let stream = Box::new(io::Cursor::new(event("CAS1", 21) + &event("cas2.example.com", 20)));
            let log = OpenLog::Export { input: &Input::Stdin, computer: Some(asked), stream, written };
            let mut taken = Vec::new();
            let take = &mut |recorded: Recorded| taken.push(recorded.computer().to_owned());
            let extent = log.read(&EventQuery::all("Application"), take).unwrap();
            (taken, extent)
        };
        let (taken, extent) = read("cas1.example.com", None);
        assert_eq!(
            (taken, extent.computers, extent.others),
            (vec!["CAS1".to_owned()], vec!["CAS1".to_owned()], vec!["cas2.example.com".to_owned()])
        );
        assert_eq!((extent.records, extent.elsewhere, extent.absent), (2, 1, None));
        // By that it is judged how old an export is of which nobody knows when it was written.
        let newest = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_001);
        assert_eq!((extent.newest, read("cas1", Some(newest)).1.newest), (Some(newest), None));
        let (taken, extent) = read("cas9", None);
        assert_eq!((taken.len(), extent.elsewhere, extent.absent.as_deref()), (0, 2, Some("cas9")));
    }

    #[cfg(not(windows))]
    #[test]
    fn no_data_where_there_is_no_event_log() {
        use crate::report::Class;

        let log = LogSource::Log(None);
        let read = log.open().unwrap().read(&EventQuery::all("Application"), &mut |_| ());
        assert_eq!(read.unwrap_err(), Failure::new(Class::NoData, NEEDS_EVENT_XML));
    }
}
