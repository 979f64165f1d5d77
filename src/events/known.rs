//! Was a record counted already? An export that another one was appended to holds some records twice.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use super::EventRecord;

/// The records that were counted so far, up to [`MAX_KNOWN`] of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Of each a number of 64 bits that no two of so few have in common, in rising order.
    records: Vec<u64>,
    /// Whether there were more, which nobody remembers.
    pub is_full: bool,
}

impl Known {
    /// Takes note of a record; whether it is there for the first time, as far as it says which one it is. A log that was cleared
    /// numbers from 1 again, so that two records of one number may be of different times.
    pub(super) fn is_new(&mut self, record: &EventRecord) -> bool {
        let Some(number) = record.number.filter(|_| !record.computer.is_empty()) else { return true };
        let identity = (number, record.time, record.id, &record.computer, &record.channel);
        let identity = BuildHasherDefault::<DefaultHasher>::default().hash_one(identity);
        match self.records.binary_search(&identity) {
            Ok(_) => return false,
            Err(_) if self.records.len() == MAX_KNOWN => self.is_full = true,
            Err(place) => self.records.insert(place, identity),
        }
        true
    }
}

/// The most records that are remembered: in order, each of them moves those behind it.
pub(super) const MAX_KNOWN: usize = 10_000;
