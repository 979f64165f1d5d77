//! What was judged, and what is it worth? One line of a report with its state.

use super::class::Class;
use super::state::State;

/// One thing that was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is worth.
    pub state: State,
    /// The class of failure; `None` for what is no failure of a class: a good answer, a violated threshold, bad usage.
    pub class: Option<Class>,
    /// One line: what is wrong (or right), of whom, how much.
    pub text: String,
    /// The cause chain below `text`, outermost first.
    pub causes: Vec<String>,
    /// What to do about it.
    pub advice: &'static str,
    /// Whether it is an answer to the question, well or not: a report without any is never OK.
    pub is_answer: bool,
    /// Of a violated threshold, the name in front of `-warning` and `-critical` in its options; empty for the plain ones.
    pub judged_by: &'static str,
    /// Whether a part of the report says the same of itself, where it is of several checks.
    pub is_of_a_part: bool,
}

/// A given threshold that another one leaves without an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overruling {
    /// Of both, the name in front of `-warning` and `-critical`; empty for the plain ones.
    pub name: String,
    /// Which one does, and where it comes from: `by default, --critical 14`; of a section not its text.
    pub by: String,
}

impl Finding {
    /// Something as it should be.
    pub fn ok(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            state: State::Ok,
            class: None,
            text,
            causes: Vec::new(),
            advice: "",
            is_answer: true,
            judged_by: "",
            is_of_a_part: false,
        }
    }

    /// Something worth saying beside the answer, such as an address that was passed over.
    pub fn remark(text: impl Into<String>) -> Self {
        Self { is_answer: false, ..Self::ok(text) }
    }

    /// Something that is no failure of a class but keeps the question from being answered.
    pub fn unknown(text: impl Into<String>) -> Self {
        Self { state: State::Unknown, ..Self::remark(text) }
    }

    /// Whether `overruling` has made it CRITICAL: a violated threshold of the same name.
    pub(crate) fn is_decided_by(&self, overruling: &Overruling) -> bool {
        let is_violation = self.class.is_none() || !self.judged_by.is_empty();
        is_violation && self.state == State::Critical && self.judged_by == overruling.name
    }

    /// The same, said of one of several targets; of the only one, or where the text names it already, as it is.
    #[must_use]
    pub fn said_of(mut self, target: Option<&str>) -> Self {
        if let Some(target) = target.filter(|target| !self.text.contains(target)) {
            self.text = format!("{target}: {}", self.text);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_has_decided_what_is_critical_by_its_own_thresholds_only() {
        let overruling = Overruling { name: "loss".to_owned(), by: "by default, --loss-critical 80".to_owned() };
        let judged = |state, judged_by| Finding { state, judged_by, ..Finding::ok("x") }.is_decided_by(&overruling);
        assert!(judged(State::Critical, "loss"));
        assert!(!judged(State::Critical, "") && !judged(State::Warning, "loss"));
    }

    #[test]
    fn who_is_spoken_of_is_named_once() {
        let said = |text: &str, target| Finding::ok(text).said_of(target).text;
        let target = Some("a:5061 (192.0.2.7)");
        assert_eq!(said("weak key", target), "a:5061 (192.0.2.7): weak key");
        assert_eq!(said("refused by a:5061 (192.0.2.7)", target), "refused by a:5061 (192.0.2.7)");
        assert_eq!(said("weak key", None), "weak key");
    }
}
