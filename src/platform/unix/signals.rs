//! Is the run asked to end? SIGTERM and SIGINT as something that a thread can wait for.
#![allow(unsafe_code, reason = "signals are held back and waited for by the system's own functions")]

use std::io::{Error, ErrorKind};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};
use std::{ptr, thread};

use libc::{SIGINT, SIGTERM, c_int, sigset_t, timespec};

/// The signals that ask a run to end, none of which interrupts a thread.
pub(crate) struct Signals(sigset_t);

impl Signals {
    /// From now on they are held back until somebody waits for them, from this thread and from those that it starts.
    pub(crate) fn register() -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: the first call makes a set of what it is given, the second changes that set; the numbers are of signals that
        // there are, and nobody asks for the mask that was there before.
        let set = unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for (_, signal) in SIGNALS {
                libc::sigaddset(set.as_mut_ptr(), signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), ptr::null_mut());
            set.assume_init()
        };
        Self(set)
    }

    /// The name of the one that came within `timeout`.
    pub(crate) fn wait(&self, timeout: Duration) -> Option<&'static str> {
        let until = Instant::now() + timeout;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let at_most = timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i32::MAX.into()),
                tv_nsec: left.subsec_nanos().into(),
            };
            // SAFETY: set and time live until the call returns, and nobody asks who sent the signal.
            let came = unsafe { libc::sigtimedwait(&raw const self.0, ptr::null_mut(), &raw const at_most) };
            let name = SIGNALS.into_iter().find_map(|(name, signal)| (signal == came).then_some(name));
            if name.is_some() {
                return name;
            }
            // Who was stopped and goes on is interrupted, and waits on.
            if Error::last_os_error().kind() != ErrorKind::Interrupted {
                thread::sleep(until.saturating_duration_since(Instant::now()));
                return None;
            }
        }
    }
}

const SIGNALS: [(&str, c_int); 2] = [("SIGTERM", SIGTERM), ("SIGINT", SIGINT)];
