//! When did the run begin, and what happened in it since?

use std::time::{Instant, SystemTime};

/// When a run began.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// By the wall clock.
    pub time: SystemTime,
    /// By the clock that measures.
    pub instant: Instant,
}

impl Started {
    /// At this moment.
    pub fn now() -> Self {
        Self { time: SystemTime::now(), instant: Instant::now() }
    }
}

/// Something that happened during the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub text: String,
}

impl Event {
    /// Something that happened just now.
    pub fn now(text: impl Into<String>) -> Self {
        Self { at: Instant::now(), text: text.into() }
    }
}
