//! What time is it, and how much is left? Deadline, calendar, age, durations in words, and the stage that a run is in.

pub(crate) mod age;
pub mod calendar;
pub mod deadline;
pub(crate) mod ending;
pub(crate) mod errand;
pub mod stage;
pub(crate) mod words;
