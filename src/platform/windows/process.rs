//! What does Windows know of a process of this host? When it was created.
#![allow(unsafe_code, reason = "only the system knows its processes")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::Threading::{GetProcessTimes, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION};

use super::{CallError, carried_out, opened};

/// When a process was created, in ticks of 100 ns since 1601.
pub(crate) fn created(process: u32) -> Result<u64, CallError> {
    // SAFETY: takes numbers only.
    let handle = opened(unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, process) }, "OpenProcess")?;
    // SAFETY: the handle was just made, and nothing else closes it.
    let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
    let [mut created, mut exited, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle is an open process, and the four places outlive the call.
    let done = unsafe { GetProcessTimes(handle.as_raw_handle(), &mut created, &mut exited, &mut kernel, &mut user) };
    carried_out(done, "GetProcessTimes")?;
    Ok(u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_was_created_after_the_year_2020() {
        assert!(created(std::process::id()).unwrap() > 132_223_104_000_000_000);
    }

    #[test]
    fn a_process_that_is_not_there_has_no_time() {
        // No process has so high a number.
        assert_eq!(created(u32::MAX).unwrap_err().call, "OpenProcess");
    }
}
