//! What is this computer called, with its domain?
#![allow(unsafe_code, reason = "only the system knows what it is called")]

use std::ptr;

use windows_sys::Win32::System::SystemInformation::{ComputerNamePhysicalDnsFullyQualified, GetComputerNameExW};

use super::{CallError, carried_out, narrow};

/// Its name in DNS, of a cluster that of the node; without a domain where it is in none.
pub(crate) fn dns_name() -> Result<String, CallError> {
    let mut length = 0;
    // SAFETY: without a place for the name only its length is written, to a place that outlives the call.
    unsafe { GetComputerNameExW(ComputerNamePhysicalDnsFullyQualified, ptr::null_mut(), &mut length) };
    let mut name = vec![0_u16; length as usize];
    // SAFETY: the place for the name is as long as is said, and outlives the call, as does that of the length.
    let done = unsafe { GetComputerNameExW(ComputerNamePhysicalDnsFullyQualified, name.as_mut_ptr(), &mut length) };
    carried_out(done, "GetComputerNameExW")?;
    Ok(narrow(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_has_a_name() {
        let name = dns_name().unwrap();
        assert!(!name.is_empty() && !name.contains('\0'), "{name:?}");
    }
}
