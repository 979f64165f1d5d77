//! What ends a run that does not end by itself? A thread that waits for the deadline and for signals.

use std::thread;
use std::time::{Duration, Instant};

use super::{Context, output, unasked};
#[cfg(unix)]
use crate::platform::unix::signals::Signals;
#[cfg(windows)]
use crate::platform::windows::console::Signals;
use crate::report::{Class, Failure};
use crate::time::stage;

/// Ends the process when the deadline has passed or a signal asks for it, whatever the main thread is stuck in.
pub(super) fn start(context: Context) {
    let signals = Signals::register();
    let watchdog = move || {
        let remaining = context.deadline.remaining(Instant::now()) + GRACE;
        match signals.wait(remaining) {
            Some(name) => {
                let text = format!("ended by signal {name} before there was a result");
                output::finish(unasked(context.about, context.started, &text))
            }
            None => {
                let mut report = context.report();
                report.add_failure(Failure::caused_by(Class::Timeout, &context.deadline.expired_during(stuck_in())));
                output::finish(report)
            }
        }
    };
    // Without a thread to spare the asynchronous deadline still holds.
    let _ = thread::Builder::new().name("watchdog".to_owned()).stack_size(128 * 1024).spawn(watchdog);
}

fn stuck_in() -> String {
    let stage = stage::current();
    if stage.is_empty() { "the check".to_owned() } else { stage }
}

/// How long after the deadline the watchdog speaks, so that a check which keeps to it can do so with all it knows.
const GRACE: Duration = Duration::from_millis(150);
