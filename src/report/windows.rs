//! What kind of failure is a call that Windows did not carry out? The caller's, unless a right is lacking.

use super::{Class, Failure};
use crate::platform::windows::CallError;

impl Failure {
    /// The failure of a call: of `class`, or of class `permission`, which then says what grants the right.
    ///
    /// `attempted` is what was tried, in lower case, such as `cannot open the service manager of cas1.example.com`.
    pub fn of_call(error: &CallError, attempted: &str, class: Class, granted_by: &str) -> Self {
        let causes = vec![format!("{}: {}", error.call, error.error)];
        match error.code() {
            ERROR_ACCESS_DENIED => {
                let summary = format!("{attempted}: access denied; {granted_by} grants it");
                Self { causes, ..Self::new(Class::Permission, summary) }
            }
            // Wine has functions that do nothing, and say neither so nor why.
            0 => Self::new(
                class,
                format!("{attempted}: {} failed without an error, as if it were not there", error.call),
            ),
            _ => Self { causes, ..Self::new(class, format!("{attempted}: {} ({})", error.error, error.call)) },
        }
    }
}

const ERROR_ACCESS_DENIED: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permission_when_access_is_denied_and_what_grants_it_is_said() {
        let error = CallError::new("EvtQuery", 5);
        let failure = Failure::of_call(&error, "cannot read the log", Class::NoData, "Event Log Readers");
        assert_eq!(failure.class, Class::Permission);
        assert_eq!(failure.summary, "cannot read the log: access denied; Event Log Readers grants it");
        assert!(failure.causes[0].starts_with("EvtQuery: "), "{failure:?}");
    }

    #[test]
    fn another_error_keeps_its_class_and_names_the_call() {
        let error = CallError::new("OpenServiceW", 1060);
        let failure = Failure::of_call(&error, "cannot ask", Class::Missing, "nobody");
        assert_eq!(failure.class, Class::Missing);
        assert!(
            failure.summary.starts_with("cannot ask: ") && failure.summary.ends_with("(OpenServiceW)"),
            "{failure:?}"
        );
    }

    #[test]
    fn a_failure_without_an_error_is_not_called_a_success() {
        let error = CallError::new("EvtQuery", 0);
        let failure = Failure::of_call(&error, "cannot read the log", Class::NoData, "nobody");
        let expected = "cannot read the log: EvtQuery failed without an error, as if it were not there";
        assert_eq!(failure, Failure::new(Class::NoData, expected));
    }
}
