//! What did the router log? Event records of `wevtutil` and `Get-WinEvent`, counted over a window.
//!
//! [`xml`] reads records, each on its own, so that one that is not well-formed does not hide the others; [`tally`]
//! counts them by pure functions; [`source`] is where they come from.

pub mod source;
pub mod tally;
pub mod xml;

use std::time::SystemTime;

/// The most of an export that is read, in bytes.
pub const MAX_INPUT: u64 = 32 * 1024 * 1024;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The event identifier, without its qualifiers.
    pub id: u32,
    /// When it was logged.
    pub time: SystemTime,
    /// The provider and, of a classic source such as Exchange, the source's own name.
    pub providers: Vec<String>,
    /// The computer that logged it.
    pub computer: String,
    /// The rendered message where the export has it, else the event's data in their order.
    pub text: String,
}

impl Record {
    /// Whether `source` logged it.
    pub fn is_from(&self, source: &str) -> bool {
        self.providers.iter().any(|provider| provider.eq_ignore_ascii_case(source))
    }
}

/// What an export holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// The records that could be read, in the export's order, which may be any.
    pub records: Vec<Record>,
    /// How many could not.
    pub bad: usize,
}

/// Why a text is no export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Nothing at all.
    #[error(
        "empty: a query that finds nothing cannot be told from one that failed; let wevtutil write a root element with /e:Events"
    )]
    Empty,
    /// No element that could be an event.
    #[error("expected <Event> elements as wevtutil and ToXml write them (the text is withheld)")]
    NoEvents,
    /// Entities of its own are how a small file becomes a large one.
    #[error("a document type declaration: expected plain <Event> elements")]
    DocumentType,
}
