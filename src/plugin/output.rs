//! How does a run end? With exactly one report on standard output, and the exit code of its state.
//!
//! The only place that prints or exits. Whoever comes first - the check, the watchdog, a panic - claims the output and is
//! the only one to print.

use std::env;
use std::io::{self, Write};
use std::process;
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::options::Presented;
use crate::platform::memory;
#[cfg(unix)]
use crate::platform::unix::terminal;
#[cfg(windows)]
use crate::platform::windows::terminal;
use crate::render::{self, Format, Presentation};
use crate::report::{Report, State};

/// How the output is to look, as far as that is known by now.
static PRESENTED: Mutex<Option<Presented>> = Mutex::new(None);

/// Since when somebody is printing.
static CLAIMED: OnceLock<Instant> = OnceLock::new();

/// Takes what printing needs, so that it can be done without any more memory.
pub(super) fn prepare() {
    let _ = io::stdout().lock().flush();
}

/// Has whatever is printed from now on look so.
pub(super) fn present(presented: Presented) {
    if let Ok(mut current) = PRESENTED.lock() {
        *current = Some(presented);
    }
}

/// Prints a report and exits with its state.
pub(super) fn finish(mut report: Report) -> ! {
    report.duration = report.started.instant.elapsed();
    finish_with(&render::render(&report, seen(presented().presentation)), report.state())
}

/// The same for a run that did not come to its question: the first line is all that there is to say.
pub(super) fn finish_with_one_line(report: Report) -> ! {
    let mut presented = presented();
    presented.presentation.single_line = true;
    present(presented);
    finish(report)
}

/// Prints what was asked for in place of a check, help or version, and exits 3 whatever `--exit-ok` says: nothing was checked.
pub(super) fn finish_unchecked(text: &str) -> ! {
    present(Presented { exit_ok: false, ..presented() });
    // Nobody waits for it as long as for an answer.
    exit_after(HELP_GRACE);
    finish_with(text, State::Unknown)
}

/// For whoever prints when no time is left: a reader who does not read cannot keep the process alive.
pub(super) fn exit_soon() {
    exit_after(WRITE_GRACE);
}

/// Ends the process after a while, whatever it is stuck in by then.
fn exit_after(grace: Duration) {
    let _ = thread::Builder::new().spawn(move || {
        thread::sleep(grace);
        process::exit(State::Unknown.exit_code().into())
    });
}

/// The end of a run that can have no memory: a line that is known beforehand, and UNKNOWN.
pub(super) fn finish_speechless(title: &str, why: &str) -> ! {
    let line = if claim() { [title, " UNKNOWN - ", why, "\n"] } else { [""; 4] };
    memory::last_words(line, State::Unknown.exit_code().into())
}

/// Prints and exits, unless somebody else is already doing so.
pub(super) fn finish_with(text: &str, state: State) -> ! {
    if !claim() {
        // The reader of our output does not read. Nobody will ever see this, but the process must end.
        process::exit(State::Unknown.exit_code().into());
    }
    let exit_ok = presented().exit_ok;
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    let state = match written {
        Ok(()) if exit_ok => State::Ok,
        Ok(()) => state,
        // A result that nobody could read is not OK.
        Err(_) if state == State::Ok || exit_ok => State::Unknown,
        Err(_) => state,
    };
    // By exit, never by return: a look-up that is stuck in the system's resolver would hold up the runtime's end.
    process::exit(state.exit_code().into())
}

/// Whether nobody else prints. The first one is about to exit the process, and is given the time for it.
fn claim() -> bool {
    let is_first = CLAIMED.set(Instant::now()).is_ok();
    if !is_first {
        let claimed = CLAIMED.get().map_or(Duration::ZERO, Instant::elapsed);
        thread::sleep(WRITE_GRACE.saturating_sub(claimed));
    }
    is_first
}

fn presented() -> Presented {
    PRESENTED.lock().ok().and_then(|current| *current).unwrap_or_default()
}

/// What a person at a terminal gets to see: states in colour, lines as long as it is wide. Nothing of that in a pipe, or where
/// `NO_COLOR` asks for plain text.
fn seen(presentation: Presentation) -> Presentation {
    let is_plain = env::var_os("NO_COLOR").is_some_and(|said| !said.is_empty());
    let terminal = if presentation.format == Format::Text && !is_plain { terminal::of_stdout() } else { None };
    match terminal {
        Some(terminal) => Presentation { is_coloured: terminal.has_colours, width: terminal.width, ..presentation },
        None => presentation,
    }
}

/// How long a report may take to be written when somebody else has one, too, or when it is late.
const WRITE_GRACE: Duration = Duration::from_millis(200);

/// How long help may take to be written to somebody who does not read.
const HELP_GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_one_prints_and_nobody_else() {
        assert_eq!([claim(), claim(), claim()], [true, false, false]);
    }
}
