//! What did the router log? Event records of the event log, of `wevtutil` and of `Get-WinEvent`, counted over a window.
//!
//! [`elements`] cuts records out of a stream of any length, [`xml`] reads each on its own, so that one that is not
//! well-formed does not hide the others, and [`tally`] counts them, all without a file or a clock; [`source`] is where
//! they come from, and [`extent`] says how far they are the whole of what happened. A log of Windows is asked by a
//! [`query`] for the same XML that an export holds, so that there is one reader for both. Nobody keeps records: each is
//! handed on as it comes, and what is kept of it is bounded.

mod elements;
pub(crate) mod extent;
mod known;
#[cfg(windows)]
pub(crate) mod log;
mod markup;
pub(crate) mod query;
pub(crate) mod source;
pub mod tally;
pub mod xml;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::time::SystemTime;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// The event identifier, without its qualifiers.
    pub id: u32,
    /// Its number in its log, where it says that.
    pub number: Option<u64>,
    pub time: SystemTime,
    /// The provider and, of a classic source such as Exchange, the source's own name.
    pub providers: Vec<String>,
    /// The log that it stands in, such as `Application`.
    pub channel: String,
    pub computer: String,
    /// The rendered message; empty where the export has none.
    pub message: String,
    /// What was logged with it, in order, without what is empty.
    pub data: Vec<Datum>,
}

/// One value that was logged with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datum {
    /// Its name; empty where a classic source gave it none.
    pub name: String,
    pub value: String,
}

impl EventRecord {
    /// What there is to read: the rendered message, else the data one after the other.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self.message.is_empty() {
            false => Cow::Borrowed(&self.message),
            true => self.data.iter().map(|datum| datum.value.as_str()).collect::<Vec<_>>().join(" ").into(),
        }
    }

    /// The first value under one of `names`, in any case.
    pub(crate) fn datum(&self, names: &[&str]) -> Option<&str> {
        let named = |name: &&str| self.data.iter().find(|datum| datum.name.eq_ignore_ascii_case(name));
        names.iter().find_map(named).map(|datum| datum.value.as_str())
    }
}

/// What is left of a record that cannot be read, because it is not well-formed or does not say what happened and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remains {
    pub id: Option<u32>,
    pub time: Option<SystemTime>,
    pub providers: Vec<String>,
    /// Empty where it is not known.
    pub computer: String,
}

/// One record of a log or an export, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    Whole(EventRecord),
    Bad(Remains),
}

impl Recorded {
    /// The computer that wrote it; empty where that cannot be read.
    pub(crate) fn computer(&self) -> &str {
        match self {
            Self::Whole(record) => &record.computer,
            Self::Bad(remains) => &remains.computer,
        }
    }
}

/// What says that an export is not all that was to be written, by its own form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Its root does not end: it was cut off, or is still being written.
    Unfinished,
    /// Its last record does not end.
    Cut,
    /// Zeros stand where more of it was to be written: a copy that is under way, or a crash.
    Zeros {
        /// How many records stand in front of them.
        behind: u64,
    },
}

impl Gap {
    /// The same in a few words.
    pub(crate) fn briefly(self) -> String {
        match self {
            Self::Unfinished | Self::Cut => "the export breaks off".to_owned(),
            Self::Zeros { behind: 0 } => "zeros in front of the first record".to_owned(),
            Self::Zeros { behind } => format!("zeros behind record {behind}"),
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfinished => f.write_str("expected the end of its root element, </Events>"),
            Self::Cut => f.write_str("expected the end of its last record, </Event>"),
            Self::Zeros { .. } => write!(f, "{}: expected event records as far as the export goes", self.briefly()),
        }
    }
}

/// All records of a log or an export at once, for what is small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventExport {
    /// The records that could be read, in the export's order, which may be any.
    pub records: Vec<EventRecord>,
    /// How many could not.
    pub bad: usize,
    /// What says that it is not all.
    pub gap: Option<Gap>,
}

impl EventExport {
    pub(crate) fn add(&mut self, recorded: Recorded) {
        match recorded {
            Recorded::Whole(record) => self.records.push(record),
            Recorded::Bad(_) => self.bad += 1,
        }
    }
}

/// Why a text is no export.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    #[error(
        "empty: a query that finds nothing cannot be told from one that failed; let wevtutil write a root element with /e:Events"
    )]
    Empty,
    #[error("expected <Event> elements as wevtutil and ToXml write them (the text is withheld)")]
    NoEvents,
    /// Entities of its own are how a small file becomes a large one.
    #[error("a document type declaration: expected plain <Event> elements")]
    DocumentType,
    #[error("cannot read on: {0}")]
    Io(#[from] io::Error),
}
