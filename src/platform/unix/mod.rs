//! What does Unix want of a process that a scheduler starts? Its signals taken.

pub(crate) mod signals;
