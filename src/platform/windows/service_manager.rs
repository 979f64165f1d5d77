//! How is a service manager asked? Its calls behind handles that close themselves.
#![allow(unsafe_code, reason = "the service manager is reached through the functions of the system only")]

use std::ptr;

use windows_sys::Win32::System::Services::{
    CloseServiceHandle, OpenSCManagerW, OpenServiceW, QUERY_SERVICE_CONFIGW, QueryServiceConfig2W, QueryServiceConfigW,
    QueryServiceStatusEx, SC_HANDLE, SC_MANAGER_CONNECT, SC_STATUS_PROCESS_INFO,
    SERVICE_CONFIG_DELAYED_AUTO_START_INFO, SERVICE_DELAYED_AUTO_START_INFO, SERVICE_QUERY_CONFIG,
    SERVICE_QUERY_STATUS, SERVICE_STATUS_PROCESS,
};

use super::{CallError, carried_out, narrow, opened, unc, wide};

pub(crate) struct ServiceManager(ScHandle);

pub(crate) struct ServiceHandle(ScHandle);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceConfiguration {
    /// The number of its start type.
    pub start_type: u32,
    pub display_name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessStatus {
    /// The number of its state.
    pub state: u32,
    /// The process that it runs in; 0 is none.
    pub process: u32,
    /// The Windows error code that it ended with.
    pub exit_code: u32,
    /// The error code of its own.
    pub specific_exit_code: u32,
}

impl ServiceManager {
    /// That of `host`, or of this one.
    pub(crate) fn connect(host: Option<&str>) -> Result<Self, CallError> {
        let name = host.map(unc);
        let name = name.as_ref().map_or(ptr::null(), |name| name.as_ptr());
        // SAFETY: the name is null or a text that ends with NUL and outlives the call; a null database is the active one.
        let handle = unsafe { OpenSCManagerW(name, ptr::null(), SC_MANAGER_CONNECT) };
        opened(handle, "OpenSCManagerW").map(|handle| Self(ScHandle(handle)))
    }

    /// The service of that name, to be asked.
    pub(crate) fn service(&self, name: &str) -> Result<ServiceHandle, CallError> {
        let name = wide(name);
        // SAFETY: the handle is an open service manager, the name a text that ends with NUL and outlives the call.
        let handle = unsafe { OpenServiceW(self.0.0, name.as_ptr(), SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS) };
        opened(handle, "OpenServiceW").map(|handle| ServiceHandle(ScHandle(handle)))
    }
}

impl ServiceHandle {
    pub(crate) fn configuration(&self) -> Result<ServiceConfiguration, CallError> {
        let (mut room, mut needed) = (Room([0; MAX_CONFIGURATION / size_of::<u16>()]), 0);
        let at = ptr::from_mut(&mut room).cast::<QUERY_SERVICE_CONFIGW>();
        // SAFETY: the handle is an open service; the room is as long as said, and aligned for the structure it begins with.
        let done = unsafe { QueryServiceConfigW(self.0.0, at, MAX_CONFIGURATION as u32, &mut needed) };
        carried_out(done, "QueryServiceConfigW")?;
        // SAFETY: the call has filled in the structure, which is plain numbers and pointers; any bits of it are valid.
        let configuration = unsafe { at.read() };
        // Its texts lie behind it in the room: where, says the pointer; where the room ends, we know ourselves.
        let start = configuration.lpDisplayName.addr().wrapping_sub(at.addr()) / size_of::<u16>();
        Ok(ServiceConfiguration {
            start_type: configuration.dwStartType,
            display_name: room.0.get(start..).map(narrow).unwrap_or_default(),
        })
    }

    /// Whether it is started some minutes after the others.
    pub(crate) fn is_delayed(&self) -> Result<bool, CallError> {
        let mut info = SERVICE_DELAYED_AUTO_START_INFO::default();
        let (size, mut needed) = (size_of_val(&info) as u32, 0);
        let at = ptr::from_mut(&mut info).cast();
        // SAFETY: the handle is an open service; the structure is the one of this level, and as long as said.
        let done =
            unsafe { QueryServiceConfig2W(self.0.0, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, at, size, &mut needed) };
        carried_out(done, "QueryServiceConfig2W").map(|()| info.fDelayedAutostart != 0)
    }

    pub(crate) fn status(&self) -> Result<ProcessStatus, CallError> {
        let mut status = SERVICE_STATUS_PROCESS::default();
        let (size, mut needed) = (size_of_val(&status) as u32, 0);
        let at = ptr::from_mut(&mut status).cast();
        // SAFETY: the handle is an open service; the structure is the one of this level, and as long as said.
        let done = unsafe { QueryServiceStatusEx(self.0.0, SC_STATUS_PROCESS_INFO, at, size, &mut needed) };
        carried_out(done, "QueryServiceStatusEx")?;
        Ok(ProcessStatus {
            state: status.dwCurrentState,
            process: status.dwProcessId,
            exit_code: status.dwWin32ExitCode,
            specific_exit_code: status.dwServiceSpecificExitCode,
        })
    }
}

/// A service manager or a service, open until it is dropped.
struct ScHandle(SC_HANDLE);

impl Drop for ScHandle {
    fn drop(&mut self) {
        // SAFETY: the handle was opened by this module and is closed once, here.
        unsafe { CloseServiceHandle(self.0) };
    }
}

/// A configuration and its texts.
#[repr(C, align(8))]
struct Room([u16; MAX_CONFIGURATION / size_of::<u16>()]);

const _: () = assert!(align_of::<Room>() >= align_of::<QUERY_SERVICE_CONFIGW>());

/// What a configuration may be long at the most, in bytes, by the documentation of `QueryServiceConfigW`.
const MAX_CONFIGURATION: usize = 8 * 1024;
