//! Who may enter a directory that we make? Its owner, administrators and the system.
#![allow(unsafe_code, reason = "only the system takes a security descriptor")]

use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES};
use windows_sys::Win32::Storage::FileSystem::CreateDirectoryW;

use super::wide;

/// Makes the directory and those above it that are missing, each of them private. One that is there is left as it is.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        create_private(above)?;
    }
    let descriptor = Descriptor::new(PRIVATE)?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    };
    let name: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    // SAFETY: the name ends with a NUL; name, attributes and descriptor live until the call has returned.
    let made = unsafe { CreateDirectoryW(name.as_ptr(), &raw const attributes) } != 0;
    let error = io::Error::last_os_error();
    // Another run may have been faster.
    if made || error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }
}

/// A security descriptor; freed when dropped.
struct Descriptor(PSECURITY_DESCRIPTOR);

impl Descriptor {
    fn new(text: &str) -> io::Result<Self> {
        let text = wide(text);
        let mut descriptor = null_mut();
        // SAFETY: the text ends with a NUL, the descriptor is written before the call returns, its size is not asked for.
        let converted = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                null_mut(),
            )
        };
        if converted == 0 { Err(io::Error::last_os_error()) } else { Ok(Self(descriptor)) }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the system allocated it with LocalAlloc, and nothing else holds it.
        unsafe { LocalFree(self.0) };
    }
}

/// Protected from what the directory above grants (P); full access for the system, administrators and the owner, here and in all that is
/// made below.
const PRIVATE: &str = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)";
