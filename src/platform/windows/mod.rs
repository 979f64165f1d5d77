//! What did Windows say? The error of a call, and text as the system takes and gives it.

pub(crate) mod adapter;
pub(crate) mod certificate_chain;
pub(crate) mod certificate_store;
pub(crate) mod computer;
pub(crate) mod console;
pub(crate) mod directory;
pub(crate) mod event_log;
pub(crate) mod key_container;
pub(crate) mod mutex;
pub(crate) mod pdh;
pub(crate) mod process;
pub(crate) mod registry;
pub(crate) mod service_manager;
pub(crate) mod terminal;

use std::ffi::c_void;
use std::io;

use windows_sys::core::BOOL;

/// A call that Windows did not carry out.
#[derive(Debug, thiserror::Error)]
#[error("{call} failed")]
pub struct CallError {
    /// The function, as its documentation spells it.
    pub call: &'static str,
    /// Why, in the system's language, with the number of the error.
    #[source]
    pub error: io::Error,
}

impl CallError {
    /// Of a call that says why with its own number.
    pub(crate) fn new(call: &'static str, code: u32) -> Self {
        // The numbers are the same 32 bits under another type.
        Self { call, error: io::Error::from_raw_os_error(code.cast_signed()) }
    }

    /// Of a call that left the reason with its thread. Nothing else may be called in between.
    pub(crate) fn last(call: &'static str) -> Self {
        Self { call, error: io::Error::last_os_error() }
    }

    pub(crate) fn code(&self) -> u32 {
        self.error.raw_os_error().unwrap_or_default().cast_unsigned()
    }
}

/// A host that is asked: another one by its name; this one not over the network, where its users have other rights.
#[derive(Clone, Debug)]
pub(crate) struct WindowsHost {
    remote: Option<String>,
}

impl WindowsHost {
    /// The host of that name; without one, this one.
    pub(crate) fn named(name: Option<&str>) -> Self {
        let own = Self::own_name().unwrap_or_default();
        let is_own = |name: &str| name.eq_ignore_ascii_case("localhost") || name.eq_ignore_ascii_case(&own);
        Self { remote: name.filter(|name| !is_own(name)).map(str::to_owned) }
    }

    /// Its name, if it is another one.
    pub(crate) fn remote(&self) -> Option<&str> {
        self.remote.as_deref()
    }

    /// What it is called in a sentence.
    pub(crate) fn name(&self) -> &str {
        self.remote().unwrap_or("this host")
    }

    /// The name that this host has.
    pub(crate) fn own_name() -> Option<String> {
        std::env::var("COMPUTERNAME").ok().filter(|name| !name.is_empty())
    }
}

/// A text as the system takes it: UTF-16 with a NUL at its end. A NUL within would end it early and is left out.
pub(crate) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().filter(|unit| *unit != 0).chain([0]).collect()
}

/// A text as the system gives it: UTF-16 up to the first NUL, or to its end.
pub(crate) fn narrow(units: &[u16]) -> String {
    let length = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    String::from_utf16_lossy(&units[..length])
}

/// What a call gave that returns the number of its error, 0 for none.
fn checked(code: u32, call: &'static str) -> Result<(), CallError> {
    if code == 0 { Ok(()) } else { Err(CallError::new(call, code)) }
}

/// What a call gave that returns whether it was carried out.
fn carried_out(done: BOOL, call: &'static str) -> Result<(), CallError> {
    if done == 0 { Err(CallError::last(call)) } else { Ok(()) }
}

/// What a call gave that returns a handle, null for none.
fn opened(handle: *mut c_void, call: &'static str) -> Result<*mut c_void, CallError> {
    if handle.is_null() { Err(CallError::last(call)) } else { Ok(handle) }
}

/// A host as the system takes it: `\\HOST`.
fn unc(host: &str) -> Vec<u16> {
    wide(&format!(r"\\{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_the_way_to_the_system_and_back() {
        assert_eq!(wide("aä€\0b"), [0x61, 0xe4, 0x20ac, 0x62, 0]);
        assert_eq!(narrow(&wide("aä€")), "aä€");
        assert_eq!(narrow(&[0x61, 0x62]), "ab");
    }
}
