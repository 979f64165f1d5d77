//! Does a person look at standard output, how wide is that console, and does it know colours?
#![allow(unsafe_code, reason = "only the system knows its consoles")]

use std::mem;

use windows_sys::Win32::System::Console::{
    CONSOLE_SCREEN_BUFFER_INFO, ENABLE_VIRTUAL_TERMINAL_PROCESSING, GetConsoleMode, GetConsoleScreenBufferInfo,
    GetStdHandle, STD_OUTPUT_HANDLE, SetConsoleMode,
};

/// What is known of the console that is standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// The columns of its window, where it says so.
    pub width: Option<usize>,
    /// Whether it takes the codes of colours for what they are, as consoles do from Windows 10 on.
    pub has_colours: bool,
}

/// The console that is standard output; `None` of a pipe or a file.
pub(crate) fn of_stdout() -> Option<Terminal> {
    let mut mode = 0;
    // SAFETY: no pointer is passed.
    let stdout = unsafe { GetStdHandle(STD_OUTPUT_HANDLE) };
    // SAFETY: the number lives beyond the call; of what is no console the call fails.
    if unsafe { GetConsoleMode(stdout, &raw mut mode) } == 0 {
        return None;
    }
    // An older console refuses a mode that it does not know, and would show the codes as they are.
    // SAFETY: no pointer is passed.
    let has_colours = unsafe { SetConsoleMode(stdout, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) } != 0;
    // SAFETY: numbers only, for which zero is a value.
    let mut screen: CONSOLE_SCREEN_BUFFER_INFO = unsafe { mem::zeroed() };
    // SAFETY: the structure lives beyond the call.
    let is_known = unsafe { GetConsoleScreenBufferInfo(stdout, &raw mut screen) } != 0;
    let columns = i32::from(screen.srWindow.Right) - i32::from(screen.srWindow.Left) + 1;
    let width = usize::try_from(columns).ok().filter(|columns| is_known && *columns > 0);
    // In its last column a console begins a new line by itself, and the line's own end begins another.
    Some(Terminal { width: width.map(|columns| columns.saturating_sub(1).max(1)), has_colours })
}
