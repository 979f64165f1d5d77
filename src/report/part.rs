//! What does a report of several checks hold of each? Its own report, or why it was not asked.

use super::Report;

/// One check's report within that of several.
#[derive(Clone, Debug)]
pub struct Part {
    /// What its metrics and properties begin with, such as `sip_options`.
    pub name: String,
    /// The alert of the health set that it stands for, as Exchange words it; where there is none, what a person calls it.
    pub alert: &'static str,
    /// What it says itself.
    pub report: Report,
}

/// A check that could not be asked from where the others were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAsked {
    /// What its metrics would begin with.
    pub name: String,
    /// Why not, and what would make it possible.
    pub reason: String,
}
