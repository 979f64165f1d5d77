//! For which of several questions does this thread work? Where one run puts several, whatever happens is said of the right one.

use std::cell::Cell;

thread_local! {
    static ERRAND: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The number of the question that this thread works for; `None` where the run has one question only.
pub(crate) fn current() -> Option<usize> {
    // Not there any more while the thread ends.
    ERRAND.try_with(Cell::get).ok().flatten()
}

/// From now on this thread works for that question: called first by each thread that is started for another's sake.
pub(crate) fn run(errand: Option<usize>) {
    ERRAND.set(errand);
}
