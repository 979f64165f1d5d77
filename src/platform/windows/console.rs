//! Is the run asked to end? Ctrl-C, Ctrl-Break and the end of console or session, as Unix has its signals.
#![allow(unsafe_code, reason = "the system calls a function of ours")]

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT, SetConsoleCtrlHandler,
};
use windows_sys::core::BOOL;

/// What a console tells its processes, as something that a thread can wait for.
#[derive(Debug)]
pub(crate) struct Signals;

impl Signals {
    /// From now on; without a console there is nothing to be told.
    pub(crate) fn register() -> Self {
        // SAFETY: the function lives as long as the process and has the type that is asked for.
        unsafe { SetConsoleCtrlHandler(Some(raise), 1) };
        Self
    }

    /// The name of what came within `timeout`.
    pub(crate) fn wait(&self, timeout: Duration) -> Option<&'static str> {
        let raised = RAISED.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = WAKE.wait_timeout_while(raised, timeout, |raised| raised.is_none());
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

static RAISED: Mutex<Option<&'static str>> = Mutex::new(None);
static WAKE: Condvar = Condvar::new();

/// Runs in a thread that the system makes for it.
unsafe extern "system" fn raise(kind: u32) -> BOOL {
    let name = match kind {
        CTRL_C_EVENT => "Ctrl-C",
        CTRL_BREAK_EVENT => "Ctrl-Break",
        CTRL_CLOSE_EVENT => "of a closed console",
        CTRL_LOGOFF_EVENT => "of a logoff",
        CTRL_SHUTDOWN_EVENT => "of a shutdown",
        _ => return 0,
    };
    *RAISED.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
    WAKE.notify_all();
    if !matches!(kind, CTRL_C_EVENT | CTRL_BREAK_EVENT) {
        // The system ends the process as soon as this returns; the report is to be out by then.
        thread::sleep(ENOUGH);
    }
    1
}

/// More than a report takes to be written, less than the five seconds after which the system ends the process anyway.
const ENOUGH: Duration = Duration::from_secs(3);
