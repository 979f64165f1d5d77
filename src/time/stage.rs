//! What is the run waiting for? For the watchdog to name, where a wait cannot be given the deadline.

use std::sync::Mutex;

static STAGE: Mutex<String> = Mutex::new(String::new());

/// Says what is about to be waited for, such as reading a file that may be a pipe; empty when that is over.
pub fn enter(stage: impl Into<String>) {
    if let Ok(mut current) = STAGE.lock() {
        *current = stage.into();
    }
}

/// What is being waited for; empty when nobody said.
pub(crate) fn current() -> String {
    STAGE.lock().map(|stage| stage.clone()).unwrap_or_default()
}
