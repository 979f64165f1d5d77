//! What is the run waiting for? For the watchdog to name, where a wait cannot be given the deadline.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At somebody else's.
    Peer,
    /// In a file of this host, or what looks like one: a pipe, a mount. No peer is at fault.
    File,
}

/// Says what is about to be waited for; it is over when the guard is dropped.
#[must_use = "the stage is over as soon as this is dropped"]
pub fn enter(stage: impl Into<String>) -> Stage {
    enter_at(Place::Peer, stage.into())
}

/// The same for a file, or what may be a pipe or on a mount that is dead.
#[must_use = "the stage is over as soon as this is dropped"]
pub fn enter_file(stage: impl Into<String>) -> Stage {
    enter_at(Place::File, stage.into())
}

/// What was entered last and is not over, and where it waits; empty when nobody said.
pub(crate) fn current() -> (Place, String) {
    let last = STAGES.lock().ok().and_then(|stages| stages.last().map(|(_, place, stage)| (*place, stage.clone())));
    last.unwrap_or((Place::Peer, String::new()))
}

fn enter_at(place: Place, stage: String) -> Stage {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    if let Ok(mut stages) = STAGES.lock() {
        stages.push((number, place, stage));
    }
    Stage { number }
}

/// A stage that the run is in. Several may overlap: each takes back itself only.
#[derive(Debug)]
pub struct Stage {
    number: u64,
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Ok(mut stages) = STAGES.lock() {
            stages.retain(|(number, ..)| *number != self.number);
        }
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);
static STAGES: Mutex<Vec<(u64, Place, String)>> = Mutex::new(Vec::new());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_over_with_its_guard_whichever_was_entered_first() {
        let said = |text: &str| STAGES.lock().unwrap().iter().any(|(.., stage)| stage == text);
        let first = enter("reading a, of this test");
        let second = enter("reading b, of this test");
        drop(first);
        assert!(!said("reading a, of this test") && said("reading b, of this test"));
        drop(second);
        assert!(!said("reading b, of this test"));
    }
}
