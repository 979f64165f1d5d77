//! Is the run asked to end? SIGTERM and SIGINT as something that a thread can wait for.

use std::io;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

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
        Self([("SIGTERM", SIGTERM), ("SIGINT", SIGINT)].into_iter().filter_map(|signal| taken(signal).ok()).collect())
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
