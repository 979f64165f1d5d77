//! What stands in the registry of a Windows host? Keys that close themselves, and the texts of their values.
#![allow(unsafe_code, reason = "the registry is reached through the functions of the system only")]

use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_MORE_DATA, ERROR_NO_MORE_ITEMS};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, KEY_QUERY_VALUE, KEY_WOW64_64KEY, REG_EXPAND_SZ, REG_SZ, RegCloseKey,
    RegConnectRegistryW, RegEnumValueW, RegOpenKeyExW,
};

use super::{CallError, checked, narrow, unc, wide};

pub(crate) struct RegistryKey(HKEY);

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegistryValue {
    pub name: String,
    /// Its text; `None` where it is none, or a very long one.
    pub text: Option<String>,
}

impl RegistryKey {
    /// `HKEY_LOCAL_MACHINE` of `host`, or of this one.
    pub(crate) fn local_machine(host: Option<&str>) -> Result<Self, CallError> {
        let Some(name) = host.map(unc) else { return Ok(Self(HKEY_LOCAL_MACHINE)) };
        let mut key = ptr::null_mut();
        // SAFETY: the name is a text that ends with NUL, and both it and the place for the key outlive the call.
        let code = unsafe { RegConnectRegistryW(name.as_ptr(), HKEY_LOCAL_MACHINE, &mut key) };
        checked(code, "RegConnectRegistryW").map(|()| Self(key))
    }

    /// A key below this one, as 64-bit programs see it; `None` where there is none.
    pub(crate) fn open(&self, path: &str) -> Result<Option<Self>, CallError> {
        let path = wide(path);
        let mut key = ptr::null_mut();
        // SAFETY: this key is open, the path a text that ends with NUL, and both it and the place for the key outlive the call.
        let code = unsafe { RegOpenKeyExW(self.0, path.as_ptr(), 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &mut key) };
        match code {
            ERROR_FILE_NOT_FOUND => Ok(None),
            code => checked(code, "RegOpenKeyExW").map(|()| Some(Self(key))),
        }
    }

    /// A value, by its number from 0; `None` behind the last.
    pub(crate) fn value(&self, index: u32) -> Result<Option<RegistryValue>, CallError> {
        let mut name = vec![0; MAX_VALUE_NAME];
        let mut data = [0; MAX_TEXT];
        let (mut length, mut kind) = (data.len() as u32, 0);
        let mut enumerate = |kind: *mut u32, data: *mut u8, length: *mut u32| {
            let mut name_length = MAX_VALUE_NAME as u32;
            let (name, no) = (name.as_mut_ptr(), ptr::null());
            // SAFETY: the key is open; the name has as many characters as said, and data, if there is a place for them, as
            // many bytes; all of them outlive the call.
            unsafe { RegEnumValueW(self.0, index, name, &mut name_length, no, kind, data, length) }
        };
        let mut code = enumerate(&mut kind, data.as_mut_ptr(), &mut length);
        if code == ERROR_MORE_DATA {
            code = enumerate(ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
            (length, kind) = (0, 0);
        }
        if code == ERROR_NO_MORE_ITEMS {
            return Ok(None);
        }
        checked(code, "RegEnumValueW")?;
        let data = &data[..data.len().min(length as usize)];
        let units: Vec<_> = data.chunks_exact(2).map(|unit| u16::from_ne_bytes([unit[0], unit[1]])).collect();
        let text = matches!(kind, REG_SZ | REG_EXPAND_SZ).then(|| narrow(&units));
        Ok(Some(RegistryValue { name: narrow(&name), text }))
    }
}

impl Drop for RegistryKey {
    fn drop(&mut self) {
        if self.0 != HKEY_LOCAL_MACHINE {
            // SAFETY: the key was opened by this module and is closed once, here.
            unsafe { RegCloseKey(self.0) };
        }
    }
}

/// The longest name that a value can have, with its NUL, in characters.
const MAX_VALUE_NAME: usize = 16_384;

/// The longest text that is read, in bytes.
const MAX_TEXT: usize = 1_024;
