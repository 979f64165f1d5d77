//! Is the run asked to end? SIGTERM and SIGINT as something that a thread can wait for.
#![allow(unsafe_code, reason = "a mask of signals is set by the system's own function")]

use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use std::{io, ptr, thread};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// One socket for each signal, readable once it has come.
#[derive(Debug)]
pub(crate) struct Signals(Vec<(&'static str, UnixStream)>);

impl Signals {
    /// From now on; a signal that cannot be taken does what it does to any process.
    pub(crate) fn register() -> Self {
        let taken = |(name, signal)| -> io::Result<_> {
            let (reader, writer) = UnixStream::pair()?;
            pipe::register(signal, writer)?;
            Ok((name, reader))
        };
        let signals = Self(SIGNALS.into_iter().filter_map(|signal| taken(signal).ok()).collect());
        unblock();
        signals
    }

    /// The name of the one that came within `timeout`.
    pub(crate) fn wait(&self, timeout: Duration) -> Option<&'static str> {
        let until = Instant::now() + timeout;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut sockets: Vec<_> = self.0.iter().map(|(_, socket)| PollFd::new(socket, PollFlags::IN)).collect();
            match poll(&mut sockets, Timespec::try_from(left).ok().as_ref()) {
                // The handler itself interrupts the wait for what it has written.
                Err(Errno::INTR) => {}
                Err(_) => {
                    thread::sleep(left);
                    return None;
                }
                Ok(_) => {
                    let came = |socket: &PollFd<'_>| socket.revents().contains(PollFlags::IN);
                    return self.0.iter().zip(&sockets).find(|(_, socket)| came(socket)).map(|((name, _), _)| *name);
                }
            }
        }
    }
}

/// Lets them through to this thread and to those that it starts: who starts a plugin may have blocked them for himself, and a
/// mask is handed on.
fn unblock() {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the first call makes a set of what it is given, the others change that set; the numbers are of signals that there
    // are, and nobody asks for the mask that was there before.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for (_, signal) in SIGNALS {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), ptr::null_mut());
    }
}

const SIGNALS: [(&str, i32); 2] = [("SIGTERM", SIGTERM), ("SIGINT", SIGINT)];
