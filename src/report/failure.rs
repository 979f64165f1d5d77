//! Why did a probe not get its answer? Class, summary and causes of a failure.

use std::error::Error;

use super::class::Class;
use super::state::State;
use crate::platform::random::NoRandomness;
use crate::time::deadline::Unfinished;

/// A probe that did not get its answer: the class decides the state, the summary goes to the first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub class: Class,
    /// Another kind that it is as well, which counts where the operator has given that one a state: a deadline that passes in
    /// a look-up is `dns`, because the peer was not even asked, and `timeout` for who said what a timeout is worth.
    pub as_well: Option<Class>,
    /// What it is worth whatever its class is, where the operator spoke of this very case, as `--status` does.
    pub given: Option<State>,
    /// What was attempted and what happened instead, in one line, lower case.
    pub summary: String,
    /// The cause chain below the summary, outermost first.
    pub causes: Vec<String>,
    /// What to do about it, where more is known than its class.
    pub advice: Option<&'static str>,
    /// Whether this is the answer to the question; of its class, where nothing more is known.
    pub is_answer: bool,
}

impl Failure {
    /// A failure with no deeper cause.
    pub fn new(class: Class, summary: impl Into<String>) -> Self {
        let (summary, is_answer) = (summary.into(), class.is_answer());
        Self { class, as_well: None, given: None, summary, causes: Vec::new(), advice: None, is_answer }
    }

    /// A failure from an error and its whole source chain.
    pub fn caused_by(class: Class, error: &dyn Error) -> Self {
        let causes = std::iter::successors(error.source(), |&cause| cause.source()).map(ToString::to_string).collect();
        Self { causes, ..Self::new(class, error.to_string()) }
    }

    /// The failure of a deadline that passed while a name was looked up.
    pub fn expired_in_look_up(error: &dyn Error) -> Self {
        Self { as_well: Some(Class::Timeout), ..Self::caused_by(Class::Dns, error) }
    }

    /// The same failure of another class: for a source whose every failure means the same to its plugin. What this host lacks
    /// is no failure of the source, and stays what it is.
    ///
    /// What it was as well, it is no more: the new class says all. What the operator gave this very case holds on, and so does
    /// advice that knows more than any class.
    #[must_use]
    pub fn reclassified(self, class: Class) -> Self {
        if self.class == Class::Local {
            return self;
        }
        Self { class, as_well: None, is_answer: class.is_answer(), ..self }
    }
}

impl From<Unfinished> for Failure {
    fn from(error: Unfinished) -> Self {
        match error {
            Unfinished::Expired(expired) => Self::caused_by(Class::Timeout, &expired),
            Unfinished::NoThread { .. } => Self::new(Class::Local, error.to_string()),
        }
    }
}

impl From<NoRandomness> for Failure {
    fn from(error: NoRandomness) -> Self {
        Self::caused_by(Class::Local, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_a_source_is_of_another_class_and_what_this_host_lacks_is_not() {
        let failure = Failure { as_well: Some(Class::Timeout), ..Failure::new(Class::Missing, "no such service") };
        let again = failure.reclassified(Class::NoData);
        assert_eq!(again, Failure::new(Class::NoData, "no such service"));
        let lacking = Failure::new(Class::Local, "no thread");
        assert_eq!(lacking.clone().reclassified(Class::NoData), lacking);
    }
}
