//! What does Unix want of a process that a scheduler starts? Its signals taken, its terminal known.

pub(crate) mod signals;
pub(crate) mod terminal;
