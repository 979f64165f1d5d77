//! What does a status of PDH mean? Its names in `pdhmsg.h`, in words, and what is missing when something is.

use std::fmt;

/// A status that is no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(pub u32);

/// The part of a counter's path that its host does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Object,
    Counter,
    Instance,
}

impl Status {
    /// `PDH_NO_DATA`: of a collection, that none of its counters has any; each one then says why.
    pub(crate) const NO_DATA: Self = Self(0x8000_07d5);

    /// What is missing, if it says that something is.
    pub(crate) const fn missing(self) -> Option<Missing> {
        match self.0 {
            0xc000_0bb8 => Some(Missing::Object),
            0xc000_0bb9 => Some(Missing::Counter),
            0x8000_07d1 => Some(Missing::Instance),
            _ => None,
        }
    }

    /// Whether the caller may not read the counters: PDH's own word for it, or that of Windows.
    pub(crate) const fn is_denied(self) -> bool {
        matches!(self.0, 0xc000_0bdb | 5 | 0x8007_0005)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match STATUSES.iter().find(|(code, ..)| *code == self.0) {
            Some((_, name, words)) => write!(f, "{words} ({name})"),
            // PDH passes on what the rest of Windows says.
            None if self.0 < 0x8000_0000 => write!(f, "{}", std::io::Error::from_raw_os_error(self.0.cast_signed())),
            None => write!(f, "status 0x{:08X}", self.0),
        }
    }
}

/// Those that a query of present values can meet.
const STATUSES: [(u32, &str, &str); 25] = [
    (0x8000_07d0, "PDH_CSTATUS_NO_MACHINE", "the host cannot be reached, or its service RemoteRegistry does not run"),
    (0x8000_07d1, "PDH_CSTATUS_NO_INSTANCE", "there is no such instance; does the service run?"),
    (0x8000_07d2, "PDH_MORE_DATA", "there are more data than room for them"),
    (0x8000_07d3, "PDH_CSTATUS_ITEM_NOT_VALIDATED", "the counter was not validated"),
    (0x8000_07d4, "PDH_RETRY", "the counters are busy: try again"),
    (0x8000_07d5, "PDH_NO_DATA", "there are no data; does the service run?"),
    (0x8000_07d6, "PDH_CALC_NEGATIVE_DENOMINATOR", "its base went down; did the service restart?"),
    (0x8000_07d7, "PDH_CALC_NEGATIVE_TIMEBASE", "the clock went backwards"),
    (0x8000_07d8, "PDH_CALC_NEGATIVE_VALUE", "it went down; did the service restart?"),
    (0xc000_0bb8, "PDH_CSTATUS_NO_OBJECT", "there is no such object"),
    (0xc000_0bb9, "PDH_CSTATUS_NO_COUNTER", "the object has no such counter"),
    (0xc000_0bba, "PDH_CSTATUS_INVALID_DATA", "its data are not valid; does the service run?"),
    (0xc000_0bbb, "PDH_MEMORY_ALLOCATION_FAILURE", "there is not enough memory"),
    (0xc000_0bbc, "PDH_INVALID_HANDLE", "the handle is not valid"),
    (0xc000_0bbd, "PDH_INVALID_ARGUMENT", "an argument is not valid"),
    (0xc000_0bbe, "PDH_FUNCTION_NOT_FOUND", "the function does not exist"),
    (0xc000_0bbf, "PDH_CSTATUS_NO_COUNTERNAME", "no counter is named"),
    (0xc000_0bc0, "PDH_CSTATUS_BAD_COUNTERNAME", "expected a path such as \\Object\\Counter"),
    (0xc000_0bc3, "PDH_CANNOT_CONNECT_MACHINE", "the host cannot be reached"),
    (0xc000_0bc6, "PDH_INVALID_DATA", "its data are not valid; does the service run?"),
    (0xc000_0bc8, "PDH_CANNOT_READ_NAME_STRINGS", "the names of the counters cannot be read"),
    (0xc000_0bd3, "PDH_NOT_IMPLEMENTED", "the function is not implemented"),
    (0xc000_0bdb, "PDH_ACCESS_DENIED", "access denied"),
    (0xc000_0bdf, "PDH_NO_COUNTERS", "there are no counters"),
    (0xc000_0bfe, "PDH_QUERY_PERF_DATA_TIMEOUT", "the counters did not answer in time"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_words_and_its_name() {
        assert_eq!(Status(0xc000_0bb8).to_string(), "there is no such object (PDH_CSTATUS_NO_OBJECT)");
        assert_eq!(Status(0xc000_0bff).to_string(), "status 0xC0000BFF");
        assert_eq!(Status(0x8000_0000).to_string(), "status 0x80000000");
        assert!(!Status(5).to_string().is_empty() && !Status(5).to_string().starts_with("status 0x"));
    }

    #[test]
    fn every_status_stands_once_in_rising_order() {
        assert!(STATUSES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(STATUSES.iter().all(|(_, name, words)| name.starts_with("PDH_") && !words.ends_with('.')));
    }

    #[test]
    fn what_is_missing_is_told_from_what_failed() {
        assert_eq!(Status(0xc000_0bb8).missing(), Some(Missing::Object));
        assert_eq!(Status(0xc000_0bb9).missing(), Some(Missing::Counter));
        assert_eq!(Status(0x8000_07d1).missing(), Some(Missing::Instance));
        assert_eq!(Status::NO_DATA.missing(), None);
        assert!(Status(5).is_denied() && Status(0xc000_0bdb).is_denied() && !Status::NO_DATA.is_denied());
    }
}
