//! Is something in use by any process of this machine? A mutex under its name says so, and ends with its process.
#![allow(unsafe_code, reason = "only the system knows what other processes hold")]

use std::os::windows::io::{FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_FILE_NOT_FOUND;
use windows_sys::Win32::System::Threading::{CreateMutexW, OpenMutexW, SYNCHRONIZATION_SYNCHRONIZE};

use super::{CallError, opened, wide};

/// A mutex with a name in all sessions of the machine. The system removes it with this process, whatever ends that.
pub(crate) struct NamedMutex {
    _handle: OwnedHandle,
}

impl NamedMutex {
    /// One of that name, which is not locked.
    pub(crate) fn create(name: &str) -> Result<Self, CallError> {
        let name = global(name);
        // SAFETY: the name ends with a NUL and outlives the call.
        let mutex = opened(unsafe { CreateMutexW(ptr::null(), 0, name.as_ptr()) }, "CreateMutexW")?;
        // SAFETY: the handle was just made, and nothing else closes it.
        Ok(Self { _handle: unsafe { OwnedHandle::from_raw_handle(mutex) } })
    }
}

/// Whether a process has a mutex of that name, be it one that we may not open.
pub(crate) fn exists(name: &str) -> bool {
    let name = global(name);
    // SAFETY: the name ends with a NUL and outlives the call.
    let mutex = unsafe { OpenMutexW(SYNCHRONIZATION_SYNCHRONIZE, 0, name.as_ptr()) };
    if mutex.is_null() {
        return CallError::last("OpenMutexW").code() != ERROR_FILE_NOT_FOUND;
    }
    // SAFETY: the handle was just made, and nothing else closes it.
    drop(unsafe { OwnedHandle::from_raw_handle(mutex) });
    true
}

/// The name in all sessions of the machine: a user may be in several of them.
fn global(name: &str) -> Vec<u16> {
    wide(&format!(r"Global\{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutex_is_there_as_long_as_it_is_held() {
        let name = format!("check-um test of process {}", std::process::id());
        assert!(!exists(&name));
        let mutex = NamedMutex::create(&name).unwrap();
        assert!(exists(&name));
        drop(mutex);
        assert!(!exists(&name));
    }
}
