//! What does Unix want of a process that a scheduler starts? Its signals taken, its descriptors in order.

pub mod signals;
pub mod start;
