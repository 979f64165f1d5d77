//! What is the run waiting for? For the watchdog to name, where a wait cannot be given the deadline.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Says what is about to be waited for, such as reading a file that may be a pipe; it is over when the guard is dropped.
#[must_use = "the stage is over as soon as this is dropped"]
pub fn enter(stage: impl Into<String>) -> Stage {
    let (number, stage) = (NEXT.fetch_add(1, Ordering::Relaxed), stage.into());
    if let Ok(mut stages) = STAGES.lock() {
        stages.push((number, stage));
    }
    Stage { number }
}

/// What was entered last and is not over; empty when nobody said.
pub(crate) fn current() -> String {
    STAGES.lock().ok().and_then(|stages| stages.last().map(|(_, stage)| stage.clone())).unwrap_or_default()
}

/// A stage that the run is in. Several may overlap: each takes back itself only.
#[derive(Debug)]
pub struct Stage {
    number: u64,
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Ok(mut stages) = STAGES.lock() {
            stages.retain(|(number, _)| *number != self.number);
        }
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);
static STAGES: Mutex<Vec<(u64, String)>> = Mutex::new(Vec::new());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_over_with_its_guard_whichever_was_entered_first() {
        let said = |text: &str| STAGES.lock().unwrap().iter().any(|(_, stage)| stage == text);
        let first = enter("reading a, of this test");
        let second = enter("reading b, of this test");
        drop(first);
        assert!(!said("reading a, of this test") && said("reading b, of this test"));
        drop(second);
        assert!(!said("reading b, of this test"));
    }
}
