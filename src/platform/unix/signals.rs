//! Is the run asked to end? SIGTERM, SIGINT and the others that would end it without a word, as something to wait for.
#![allow(unsafe_code, reason = "signals are held back and waited for by the system's own functions")]

use std::io::{Error, ErrorKind};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};
use std::{ptr, thread};

use libc::{SIG_IGN, SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, c_int, sigset_t, timespec};

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
            for (_, signal) in SIGNALS.into_iter().filter(|(_, signal)| !is_passed_over(*signal)) {
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

/// Whether whoever started the process has it ignore this signal, as nohup does SIGHUP; SIGTERM and SIGINT are heard all the
/// same.
fn is_passed_over(signal: c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is changed, and what there is goes to where there is room for it.
    let is_ignored = unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0 && action.assume_init().sa_sigaction == SIG_IGN
    };
    is_ignored && !matches!(signal, SIGTERM | SIGINT)
}

/// Those that end a process which does not care, and that somebody sends.
const SIGNALS: [(&str, c_int); 8] = [
    ("SIGTERM", SIGTERM),
    ("SIGINT", SIGINT),
    ("SIGHUP", SIGHUP),
    ("SIGQUIT", SIGQUIT),
    ("SIGUSR1", SIGUSR1),
    ("SIGUSR2", SIGUSR2),
    ("SIGALRM", SIGALRM),
    ("SIGXCPU", SIGXCPU),
];
