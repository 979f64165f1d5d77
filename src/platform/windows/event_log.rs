//! How is an event log of Windows read? This machine's or another's, event by event, as the system's own XML.
#![allow(unsafe_code, reason = "the event log is there through its C functions only")]

use std::ptr;
use std::time::Duration;
use std::vec;

use windows_sys::Win32::Foundation::{
    ERROR_EVT_CHANNEL_NOT_FOUND, ERROR_INSUFFICIENT_BUFFER, ERROR_NO_MORE_ITEMS, ERROR_TIMEOUT, SetLastError,
};
use windows_sys::Win32::System::EventLog::{
    EVT_HANDLE, EVT_RPC_LOGIN, EvtClose, EvtNext, EvtOpenSession, EvtQuery, EvtQueryChannelPath,
    EvtQueryForwardDirection, EvtQueryReverseDirection, EvtRender, EvtRenderEventXml, EvtRpcLogin,
};

use super::{CallError, WindowsHost, carried_out, narrow, wide};

/// Where the logs of a machine are asked for.
#[derive(Debug)]
pub(crate) struct EventSession {
    /// `None` is this machine, which needs no session.
    handle: Option<EventHandle>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// For what happened lately.
    NewestFirst,
    /// For how far a log reaches back.
    OldestFirst,
}

/// The events that a query has found.
#[derive(Debug)]
pub(crate) struct ResultSet {
    handle: EventHandle,
    /// Those that came together with the one before.
    fetched: vec::IntoIter<EventHandle>,
}

#[derive(Debug)]
pub(crate) enum Next {
    Event(LoggedEvent),
    End,
    /// Nothing within the time that it was given.
    TooLate,
}

/// An event, not yet rendered.
#[derive(Debug)]
pub(crate) struct LoggedEvent(EventHandle);

impl EventSession {
    /// With `host`, as the user who runs this process. Nothing is sent yet.
    pub(crate) fn open(host: &WindowsHost) -> Result<Self, CallError> {
        let Some(host) = host.remote() else { return Ok(Self { handle: None }) };
        let mut server = wide(host);
        // Without a user it is the one that runs the process.
        let (user, domain, password) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let login =
            EVT_RPC_LOGIN { Server: server.as_mut_ptr(), User: user, Domain: domain, Password: password, Flags: 0 };
        let handle = EventHandle::from_call("EvtOpenSession", || {
            // SAFETY: `login` and the text that it points to outlive the call; the class says that it is an EVT_RPC_LOGIN.
            unsafe { EvtOpenSession(EvtRpcLogin, ptr::from_ref(&login).cast(), 0, 0) }
        })?;
        Ok(Self { handle: Some(handle) })
    }

    /// The events of a channel that an XPath expression chooses.
    pub(crate) fn query(&self, channel: &str, expression: &str, order: Order) -> Result<ResultSet, CallError> {
        let (channel, expression) = (wide(channel), wide(expression));
        let session = self.handle.as_ref().map_or(0, |session| session.0);
        let direction = match order {
            Order::NewestFirst => EvtQueryReverseDirection,
            Order::OldestFirst => EvtQueryForwardDirection,
        };
        let flags = EvtQueryChannelPath | direction;
        let handle = EventHandle::from_call("EvtQuery", || {
            // SAFETY: the session is open or 0, which is this machine; both texts end with NUL and outlive the call.
            unsafe { EvtQuery(session, channel.as_ptr(), expression.as_ptr(), flags) }
        })?;
        Ok(ResultSet { handle, fetched: Vec::new().into_iter() })
    }
}

impl ResultSet {
    /// The next event. `patience` is for the log to find it; without any it takes as long as it takes.
    pub(crate) fn next(&mut self, patience: Option<Duration>) -> Result<Next, CallError> {
        if self.fetched.len() == 0 {
            match self.fetch(patience) {
                Ok(events) => self.fetched = events.into_iter(),
                Err(error) if error.code() == ERROR_TIMEOUT && patience.is_some() => return Ok(Next::TooLate),
                Err(error) if error.code() == ERROR_NO_MORE_ITEMS => return Ok(Next::End),
                Err(error) => return Err(error),
            }
        }
        // Success with nothing to show would be asked for again without end.
        Ok(self.fetched.next().map_or(Next::End, |event| Next::Event(LoggedEvent(event))))
    }

    fn fetch(&self, patience: Option<Duration>) -> Result<Vec<EventHandle>, CallError> {
        let patience = patience.map_or(INFINITE, |time| u32::try_from(time.as_millis()).unwrap_or(INFINITE));
        let mut events: [EVT_HANDLE; BATCH] = [0; BATCH];
        let mut returned = 0;
        // SAFETY: the result is open; `events` has room for the number of handles that is passed with it.
        let has_more = unsafe { EvtNext(self.handle.0, BATCH as u32, events.as_mut_ptr(), patience, 0, &mut returned) };
        carried_out(has_more, "EvtNext")?;
        Ok(events.into_iter().take(returned as usize).filter(|event| *event != 0).map(EventHandle).collect())
    }
}

impl LoggedEvent {
    /// The event as XML; `None` if it is larger than any event can be. The buffer is there to be used again.
    pub(crate) fn xml(&self, buffer: &mut Vec<u16>) -> Result<Option<String>, CallError> {
        buffer.resize(buffer.len().max(FIRST_BUFFER), 0);
        loop {
            let bytes = buffer.len() * size_of::<u16>();
            let (mut used, mut properties) = (0, 0);
            // SAFETY: the event is open; the buffer has room for as many bytes as are passed with it (at most MAX_BUFFER
            // units, which fits); without a context the event is rendered as it is.
            let is_rendered = unsafe {
                EvtRender(
                    0,
                    self.0.0,
                    EvtRenderEventXml,
                    bytes as u32,
                    buffer.as_mut_ptr().cast(),
                    &mut used,
                    &mut properties,
                )
            };
            let units = (used as usize).div_ceil(size_of::<u16>());
            if is_rendered != 0 {
                return Ok(Some(narrow(&buffer[..units.min(buffer.len())])));
            }
            let error = CallError::last("EvtRender");
            if error.code() != ERROR_INSUFFICIENT_BUFFER || units <= buffer.len() {
                return Err(error);
            }
            if units > MAX_BUFFER {
                return Ok(None);
            }
            buffer.resize(units, 0);
        }
    }
}

/// Something of the event log that is open until it is dropped.
#[derive(Debug)]
struct EventHandle(EVT_HANDLE);

impl EventHandle {
    /// What `open` returns, unless that is nothing; then the reason is the thread's last error.
    fn from_call(call: &'static str, open: impl FnOnce() -> EVT_HANDLE) -> Result<Self, CallError> {
        // A call that fails without a reason must not be explained by that of an earlier one.
        // SAFETY: it sets a number of this thread.
        unsafe { SetLastError(0) };
        let handle = open();
        if handle == 0 { Err(CallError::last(call)) } else { Ok(Self(handle)) }
    }
}

impl Drop for EventHandle {
    fn drop(&mut self) {
        // SAFETY: the handle was returned as open and is closed only here. Nothing can be done if that fails.
        unsafe { EvtClose(self.0) };
    }
}

/// The error of a query of a channel that is not there.
pub(crate) const CHANNEL_NOT_FOUND: u32 = ERROR_EVT_CHANNEL_NOT_FOUND;

/// The error of a host that does not answer: `RPC_S_SERVER_UNAVAILABLE`.
pub(crate) const SERVER_UNAVAILABLE: u32 = 1722;

const BATCH: usize = 64;

const INFINITE: u32 = u32::MAX;

/// Enough for nearly every event, in units of UTF-16.
const FIRST_BUFFER: usize = 16 * 1024;

/// More than any event can need: its data are at most 64 KiB.
const MAX_BUFFER: usize = 1024 * 1024;
