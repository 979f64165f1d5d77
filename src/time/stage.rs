//! What is the run waiting for? For the watchdog to name, where a wait cannot be given the deadline.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, TryLockError};
use std::thread;
use std::time::Duration;

use super::errand;

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

/// What was entered last and is not over by whoever works for that question (`None` where the run has one only), and where it
/// waits; empty when nobody said.
pub(crate) fn current(errand: Option<usize>) -> (Place, String) {
    for _ in 0..ATTEMPTS {
        match STAGES.try_lock() {
            Ok(stages) => {
                let last = stages.iter().rev().find(|entered| entered.errand == errand);
                return last.map_or((Place::Peer, String::new()), |entered| (entered.place, entered.stage.clone()));
            }
            // Whoever holds it may be without memory, and stay where he is.
            Err(TryLockError::WouldBlock) => thread::sleep(A_MOMENT),
            Err(TryLockError::Poisoned(_)) => break,
        }
    }
    (Place::Peer, String::new())
}

fn enter_at(place: Place, stage: String) -> Stage {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    if let Ok(mut stages) = STAGES.lock() {
        stages.push(Entered { number, errand: errand::current(), place, stage });
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
            stages.retain(|entered| entered.number != self.number);
        }
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);
static STAGES: Mutex<Vec<Entered>> = Mutex::new(Vec::new());

struct Entered {
    number: u64,
    /// For which of several questions.
    errand: Option<usize>,
    place: Place,
    stage: String,
}

/// How often, and after which pause, somebody who holds the list is asked for it.
const ATTEMPTS: u32 = 20;
const A_MOMENT: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_over_with_its_guard_whichever_was_entered_first() {
        let said = |text: &str| STAGES.lock().unwrap().iter().any(|entered| entered.stage == text);
        let first = enter("reading a, of this test");
        let second = enter("reading b, of this test");
        drop(first);
        assert!(!said("reading a, of this test") && said("reading b, of this test"));
        drop(second);
        assert!(!said("reading b, of this test"));
    }

    #[test]
    fn a_stage_is_of_the_question_that_its_thread_works_for() {
        let enter_for = |number: usize, stage: &'static str| {
            thread::spawn(move || {
                errand::run(Some(number));
                enter_file(stage)
            })
            .join()
            .unwrap()
        };
        let _first = enter_for(1_001, "reading a pipe");
        let second = enter_for(1_002, "reading a log");
        assert_eq!(current(Some(1_001)), (Place::File, "reading a pipe".to_owned()));
        assert_eq!(current(Some(1_002)), (Place::File, "reading a log".to_owned()));
        drop(second);
        assert_eq!(current(Some(1_002)), (Place::Peer, String::new()));
    }
}
