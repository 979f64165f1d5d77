//! How does a plugin's process begin? With a `main` of its own where the C library has its arguments ready: glibc.
//!
//! What Rust does in front of an ordinary `main` was a seventh of a whole TCP probe: to be able to say of a fault that it was
//! a stack overflow, it reads the process's memory map, line by line. A plugin has no use for that sentence. What else is done
//! there is needed, and is done here.
#![allow(unsafe_code, reason = "the C library knows no safe way to ignore a signal")]

use std::fs::OpenOptions;
use std::os::fd::{BorrowedFd, IntoRawFd};

use rustix::io::{Errno, fcntl_getfd};
use rustix::stdio::{stderr, stdin, stdout};

/// Before anything else: as in front of an ordinary `main`, closed standard descriptors are opened to nowhere, and to write
/// where nobody reads is an error, not the end.
pub fn prepare() {
    // The lowest free descriptor is the one that is taken. A connection in the place of standard output would be sent the
    // report.
    for standard in [stdin, stdout, stderr] {
        open_if_closed(standard());
    }
    // SAFETY: no handler is installed, and no other thread is running yet.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

fn open_if_closed(standard: BorrowedFd<'_>) {
    if fcntl_getfd(standard) == Err(Errno::BADF)
        && let Ok(nowhere) = OpenOptions::new().read(true).write(true).open("/dev/null")
    {
        // For as long as the process lives.
        let _ = nowhere.into_raw_fd();
    }
}
