//! What does the service manager of a Windows host know of a service? Its calls behind a handle that closes itself.
#![allow(unsafe_code, reason = "the service manager is reached through the functions of the system only")]

use std::ptr;
use std::time::SystemTime;

use windows_sys::Win32::Foundation::{CloseHandle, FILETIME};
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, OpenSCManagerW, OpenServiceW, QUERY_SERVICE_CONFIGW, QueryServiceConfig2W, QueryServiceConfigW,
    QueryServiceStatusEx, SC_HANDLE, SC_MANAGER_CONNECT, SC_STATUS_PROCESS_INFO,
    SERVICE_CONFIG_DELAYED_AUTO_START_INFO, SERVICE_DELAYED_AUTO_START_INFO, SERVICE_QUERY_CONFIG,
    SERVICE_QUERY_STATUS, SERVICE_STATUS_PROCESS,
};
use windows_sys::Win32::System::Threading::{GetProcessTimes, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION};

use super::{Condition, Delay, Exit, ServiceStatus, Start, refusal};
use crate::platform::windows::{CallError, is_this_host, narrow, wide};
use crate::report::{Class, Failure};
use crate::time::calendar::filetime;

/// What the service manager of a host knows of services.
pub fn services(host: &Host, names: &[String]) -> Result<Vec<Result<ServiceStatus, Failure>>, Failure> {
    let manager = Handle::manager(host).map_err(|error| host.refused(error, "cannot ask the service manager"))?;
    Ok(names.iter().map(|name| service(&manager, host, name)).collect())
}

/// The host that is asked.
#[derive(Clone)]
pub struct Host {
    /// Another one, by its name.
    remote: Option<String>,
}

impl Host {
    /// The host of that name; without one, this one.
    pub fn of(name: Option<&str>) -> Self {
        Self { remote: name.filter(|name| !is_this_host(name)).map(str::to_owned) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.remote.as_deref().unwrap_or("this host")
    }

    /// `\\HOST` as the system takes it, `None` for this host.
    pub fn unc(&self) -> Option<Vec<u16>> {
        self.remote.as_ref().map(|host| wide(&format!(r"\\{host}")))
    }

    /// Why it did not answer what was attempted.
    pub fn refused(&self, error: CallError, attempted: &str) -> Failure {
        let class = refusal::class(error.code());
        let who = format!("the group Administrators of {}", self.name());
        Failure::of_call(&error, &format!("{attempted} of {}", self.name()), class, &who)
    }
}

fn service(manager: &Handle, host: &Host, name: &str) -> Result<ServiceStatus, Failure> {
    let refused = |error: CallError| match refusal::class(error.code()) {
        Class::Missing => Failure {
            causes: vec![format!("{}: {}", error.call, error.error)],
            ..Failure::new(Class::Missing, format!("there is no service {name} on {}", host.name()))
        },
        _ => host.refused(error, &format!("cannot ask for service {name}")),
    };
    let handle = manager.service(name).map_err(refused)?;
    let (start, display_name) = handle.configuration().map_err(refused)?;
    let status = handle.status().map_err(refused)?;

    let mut notes = Vec::new();
    let mut noted = |what: &str, error: CallError| notes.push(format!("{what} unknown ({error}: {})", error.error));
    let start = match Start::of(start) {
        // Wine refuses this one, and the rest is worth an answer all the same.
        Start::Automatic { .. } => Start::Automatic {
            delay: match handle.is_delayed() {
                Ok(true) => Delay::Delayed,
                Ok(false) => Delay::None,
                Err(error) => {
                    noted("whether its start is delayed is", error);
                    Delay::Unknown
                }
            },
        },
        start => start,
    };
    let process = Some(status.dwProcessId).filter(|process| *process != 0);
    // The number of a process means nothing on another host.
    let local = process.filter(|_| host.remote.is_none());
    let since = local.and_then(|process| started(process).map_err(|error| noted("its start time is", error)).ok());
    Ok(ServiceStatus {
        name: name.to_owned(),
        display_name,
        start,
        condition: Condition::of(status.dwCurrentState),
        process,
        since: since.flatten(),
        exit: Exit {
            code: status.dwWin32ExitCode,
            words: in_words(status.dwWin32ExitCode),
            specific: status.dwServiceSpecificExitCode,
        },
        notes,
    })
}

/// What the system calls an error, empty for none.
fn in_words(code: u32) -> String {
    let text = std::io::Error::from_raw_os_error(code.cast_signed()).to_string();
    let words = text.rsplit_once(" (os error").map_or("", |(words, _)| words);
    if code == 0 { String::new() } else { words.trim().to_owned() }
}

/// A service manager, or a service of it.
struct Handle(SC_HANDLE);

impl Handle {
    fn manager(host: &Host) -> Result<Self, CallError> {
        let name = host.unc();
        let name = name.as_ref().map_or(ptr::null(), |name| name.as_ptr());
        // SAFETY: the name is null or a text that ends with NUL and outlives the call; a null database is the active one.
        let handle = unsafe { OpenSCManagerW(name, ptr::null(), SC_MANAGER_CONNECT) };
        Self::opened(handle, "OpenSCManagerW")
    }

    fn service(&self, name: &str) -> Result<Self, CallError> {
        let name = wide(name);
        // SAFETY: the handle is an open service manager, the name a text that ends with NUL and outlives the call.
        let handle = unsafe { OpenServiceW(self.0, name.as_ptr(), SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS) };
        Self::opened(handle, "OpenServiceW")
    }

    fn opened(handle: SC_HANDLE, call: &'static str) -> Result<Self, CallError> {
        if handle.is_null() { Err(CallError::last(call)) } else { Ok(Self(handle)) }
    }

    /// The number of the start type, and the name for people.
    fn configuration(&self) -> Result<(u32, String), CallError> {
        let (mut room, mut needed) = (Room([0; MAX_CONFIGURATION / size_of::<u16>()]), 0);
        let at = ptr::from_mut(&mut room).cast::<QUERY_SERVICE_CONFIGW>();
        // SAFETY: the handle is an open service; the room is as long as said, and aligned for the structure it begins with.
        let done = unsafe { QueryServiceConfigW(self.0, at, MAX_CONFIGURATION as u32, &mut needed) };
        if done == 0 {
            return Err(CallError::last("QueryServiceConfigW"));
        }
        // SAFETY: the call has filled in the structure, which is plain numbers and pointers; any bits of it are valid.
        let configuration = unsafe { at.read() };
        // Its texts lie behind it in the room: where, says the pointer; where the room ends, we know ourselves.
        let start = configuration.lpDisplayName.addr().wrapping_sub(at.addr()) / size_of::<u16>();
        Ok((configuration.dwStartType, room.0.get(start..).map(narrow).unwrap_or_default()))
    }

    /// Whether it is started some minutes after the others.
    fn is_delayed(&self) -> Result<bool, CallError> {
        let mut info = SERVICE_DELAYED_AUTO_START_INFO::default();
        let (size, mut needed) = (size_of_val(&info) as u32, 0);
        let at = ptr::from_mut(&mut info).cast();
        // SAFETY: the handle is an open service; the structure is the one of this level, and as long as said.
        let done =
            unsafe { QueryServiceConfig2W(self.0, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, at, size, &mut needed) };
        if done == 0 { Err(CallError::last("QueryServiceConfig2W")) } else { Ok(info.fDelayedAutostart != 0) }
    }

    fn status(&self) -> Result<SERVICE_STATUS_PROCESS, CallError> {
        let mut status = SERVICE_STATUS_PROCESS::default();
        let (size, mut needed) = (size_of_val(&status) as u32, 0);
        let at = ptr::from_mut(&mut status).cast();
        // SAFETY: the handle is an open service; the structure is the one of this level, and as long as said.
        let done = unsafe { QueryServiceStatusEx(self.0, SC_STATUS_PROCESS_INFO, at, size, &mut needed) };
        if done == 0 { Err(CallError::last("QueryServiceStatusEx")) } else { Ok(status) }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle was opened by this module and is closed once, here.
        unsafe { CloseServiceHandle(self.0) };
    }
}

/// When a process of this host was created.
fn started(process: u32) -> Result<Option<SystemTime>, CallError> {
    // SAFETY: takes numbers only.
    let handle = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, process) };
    if handle.is_null() {
        return Err(CallError::last("OpenProcess"));
    }
    let [mut created, mut exited, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle is an open process, and the four places outlive the call.
    let done = unsafe { GetProcessTimes(handle, &mut created, &mut exited, &mut kernel, &mut user) };
    let error = (done == 0).then(|| CallError::last("GetProcessTimes"));
    // SAFETY: the handle was opened above and is closed once.
    unsafe { CloseHandle(handle) };
    let ticks = u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime);
    error.map_or_else(|| Ok(filetime(ticks)), Err)
}

/// A configuration and its texts.
#[repr(C, align(8))]
struct Room([u16; MAX_CONFIGURATION / size_of::<u16>()]);

const _: () = assert!(align_of::<Room>() >= align_of::<QUERY_SERVICE_CONFIGW>());

/// What a configuration may be long at the most, in bytes, by the documentation of `QueryServiceConfigW`.
const MAX_CONFIGURATION: usize = 8 * 1024;
