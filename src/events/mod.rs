//! What did the router log? Event records of the event log, of `wevtutil` and of `Get-WinEvent`, counted over a window.
//!
//! [`xml`] reads records, each on its own, so that one that is not well-formed does not hide the others; [`tally`]
//! counts them by pure functions; [`source`] is where they come from. A log of Windows is asked by a [`query`] for the
//! same XML that an export holds, so that there is one reader for both.

#[cfg(windows)]
pub(crate) mod log;
pub(crate) mod query;
pub(crate) mod source;
pub mod tally;
pub mod xml;

use std::borrow::Cow;
use std::time::SystemTime;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// The event identifier, without its qualifiers.
    pub id: u32,
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

    pub(crate) fn is_from(&self, source: &str) -> bool {
        self.providers.iter().any(|provider| provider.eq_ignore_ascii_case(source))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventExport {
    /// The records that could be read, in the export's order, which may be any.
    pub records: Vec<EventRecord>,
    /// How many could not.
    pub bad: usize,
}

/// Why a text is no export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
}

/// The most of an export that is read, in bytes.
pub(crate) const MAX_INPUT: u64 = 32 * 1024 * 1024;
