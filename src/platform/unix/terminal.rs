//! Does a person look at standard output, how wide is that, and does it know colours?

use std::env;
use std::io::{self, IsTerminal};

use rustix::termios::tcgetwinsize;

/// What is known of the terminal that is standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// Its columns, where it says so.
    pub width: Option<usize>,
    /// Whether it takes the codes of colours for what they are.
    pub has_colours: bool,
}

/// The terminal that is standard output; `None` of a pipe or a file.
pub(crate) fn of_stdout() -> Option<Terminal> {
    let stdout = io::stdout();
    stdout.is_terminal().then(|| {
        let columns = tcgetwinsize(&stdout).map(|size| usize::from(size.ws_col)).ok();
        let has_colours = env::var_os("TERM").is_none_or(|name| name != "dumb");
        Terminal { width: columns.filter(|columns| *columns > 0), has_colours }
    })
}
