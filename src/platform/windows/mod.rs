//! What did Windows say? The error of a call in words and as a failure, and text as the system takes it.

pub mod adapter;
pub mod console;
pub mod directory;

use std::io;

use crate::report::{Class, Failure};

/// A call that Windows did not carry out.
#[derive(Debug, thiserror::Error)]
#[error("{call} failed")]
pub struct CallError {
    /// The function, as its documentation spells it.
    pub call: &'static str,
    /// Why, in the system's language, with the number of the error.
    #[source]
    pub error: io::Error,
}

impl CallError {
    /// Of a call that says why with its own number.
    pub fn new(call: &'static str, code: u32) -> Self {
        // The numbers are the same 32 bits under another type.
        Self { call, error: io::Error::from_raw_os_error(code.cast_signed()) }
    }

    /// Of a call that left the reason with its thread. Nothing else may be called in between.
    pub fn last(call: &'static str) -> Self {
        Self { call, error: io::Error::last_os_error() }
    }

    /// Whether the caller lacks a right.
    pub fn is_denied(&self) -> bool {
        self.code() == ERROR_ACCESS_DENIED
    }

    /// The number of the error.
    pub fn code(&self) -> u32 {
        self.error.raw_os_error().unwrap_or_default().cast_unsigned()
    }

    /// As a failure of `class`, or of class `permission`, which then says what grants the right.
    ///
    /// `attempted` is what was tried, in lower case, such as `cannot open the service manager of cas1.example.com`.
    pub fn into_failure(self, attempted: &str, class: Class, granted_by: &str) -> Failure {
        let causes = vec![format!("{}: {}", self.call, self.error)];
        match self.code() {
            ERROR_ACCESS_DENIED => {
                let summary = format!("{attempted}: access denied; {granted_by} grants it");
                Failure { class: Class::Permission, summary, causes }
            }
            // Wine has functions that do nothing, and say neither so nor why.
            0 => Failure::new(
                class,
                format!("{attempted}: {} failed without an error, as if it were not there", self.call),
            ),
            _ => Failure { class, summary: format!("{attempted}: {} ({})", self.error, self.call), causes },
        }
    }
}

/// Whether a host is this one, which then need not be asked over the network, with other rights than its own users have.
pub fn is_this_host(name: &str) -> bool {
    let own = std::env::var("COMPUTERNAME").unwrap_or_default();
    name.eq_ignore_ascii_case("localhost") || name.eq_ignore_ascii_case(&own)
}

/// A text as the system takes it: UTF-16 with a NUL at its end. A NUL within would end it early and is left out.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().filter(|unit| *unit != 0).chain([0]).collect()
}

/// A text as the system gives it: UTF-16 up to the first NUL, or to its end.
pub fn narrow(units: &[u16]) -> String {
    let length = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    String::from_utf16_lossy(&units[..length])
}

const ERROR_ACCESS_DENIED: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permission_when_access_is_denied_and_what_grants_it_is_said() {
        let failure =
            CallError::new("EvtQuery", 5).into_failure("cannot read the log", Class::NoData, "Event Log Readers");
        assert_eq!(failure.class, Class::Permission);
        assert_eq!(failure.summary, "cannot read the log: access denied; Event Log Readers grants it");
        assert!(failure.causes[0].starts_with("EvtQuery: "), "{failure:?}");
    }

    #[test]
    fn another_error_keeps_its_class_and_names_the_call() {
        let failure = CallError::new("OpenServiceW", 1060).into_failure("cannot ask", Class::Missing, "nobody");
        assert_eq!(failure.class, Class::Missing);
        assert!(
            failure.summary.starts_with("cannot ask: ") && failure.summary.ends_with("(OpenServiceW)"),
            "{failure:?}"
        );
    }

    #[test]
    fn a_failure_without_an_error_is_not_called_a_success() {
        let failure = CallError::new("EvtQuery", 0).into_failure("cannot read the log", Class::NoData, "nobody");
        let expected = "cannot read the log: EvtQuery failed without an error, as if it were not there";
        assert_eq!(failure, Failure::new(Class::NoData, expected));
    }

    #[test]
    fn text_survives_the_way_to_the_system_and_back() {
        assert_eq!(wide("aä€\0b"), [0x61, 0xe4, 0x20ac, 0x62, 0]);
        assert_eq!(narrow(&wide("aä€")), "aä€");
        assert_eq!(narrow(&[0x61, 0x62]), "ab");
    }
}
