//! Is it this host that lacks something? Descriptors, buffers, memory, by the number of the system's error.

use std::fs::File;
use std::io;

/// Whether an error says that this host, or this process, has no more of something.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory || error.raw_os_error().is_some_and(|code| EXHAUSTED.contains(&code))
}

/// Why no more files or sockets can be opened just now, if that is so: for a library that says only that it failed.
pub(crate) fn lacks_descriptors() -> Option<io::Error> {
    File::open(NOTHING).err().filter(is_exhausted)
}

#[cfg(unix)]
const NOTHING: &str = "/dev/null";
#[cfg(windows)]
const NOTHING: &str = "NUL";

#[cfg(unix)]
const EXHAUSTED: &[i32] = {
    use rustix::io::Errno;

    &[
        Errno::MFILE.raw_os_error(),
        Errno::NFILE.raw_os_error(),
        Errno::NOBUFS.raw_os_error(),
        Errno::NOMEM.raw_os_error(),
    ]
};

/// `ERROR_TOO_MANY_OPEN_FILES`, `ERROR_NOT_ENOUGH_MEMORY`, `ERROR_OUTOFMEMORY`, `ERROR_NO_SYSTEM_RESOURCES`, `WSAEMFILE`,
/// `WSAENOBUFS`.
#[cfg(windows)]
const EXHAUSTED: &[i32] = &[4, 8, 14, 1_450, 10_024, 10_055];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_is_told_from_a_missing_file() {
        assert!(EXHAUSTED.iter().all(|code| is_exhausted(&io::Error::from_raw_os_error(*code))));
        assert!(is_exhausted(&io::ErrorKind::OutOfMemory.into()));
        assert!(!is_exhausted(&File::open("/nonexistent/x").unwrap_err()));
        assert!(lacks_descriptors().is_none());
    }
}
