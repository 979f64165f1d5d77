//! What does a log of Windows hold? This machine's or another one's, as the records of an export.
#![allow(unsafe_code, reason = "the event log is there through its C functions only")]

use std::ptr;
use std::time::{Duration, SystemTime};

use windows_sys::Win32::Foundation::{
    ERROR_EVT_CHANNEL_NOT_FOUND, ERROR_INSUFFICIENT_BUFFER, ERROR_NO_MORE_ITEMS, ERROR_TIMEOUT, SetLastError,
};
use windows_sys::Win32::System::EventLog::{
    EVT_HANDLE, EVT_RPC_LOGIN, EvtClose, EvtNext, EvtOpenSession, EvtQuery, EvtQueryChannelPath,
    EvtQueryForwardDirection, EvtQueryReverseDirection, EvtRender, EvtRenderEventXml, EvtRpcLogin,
};

use super::query::Query;
use super::{Export, MAX_INPUT, xml};
use crate::platform::windows::{CallError, wide};
use crate::report::{Class, Failure};
use crate::time::stage;

/// The event log of a machine.
#[derive(Debug)]
pub struct EventLog {
    /// `None` is this machine, which needs no session.
    session: Option<Handle>,
    host: Option<String>,
}

/// Which records come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// For what happened lately.
    NewestFirst,
    /// For how far a log reaches back.
    OldestFirst,
}

/// How much is read at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// So many records.
    pub records: usize,
    /// How long the log may take for the next of them; `None` is until the deadline.
    pub wait: Option<Duration>,
}

impl EventLog {
    /// The log of `host`, or of this machine. Nothing is sent yet.
    pub fn of(host: Option<&str>) -> Result<Self, Failure> {
        let Some(host) = host else {
            return Ok(Self { session: None, host: None });
        };
        let mut server = wide(host);
        // Without a user it is the one that runs the check.
        let (user, domain, password) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let login =
            EVT_RPC_LOGIN { Server: server.as_mut_ptr(), User: user, Domain: domain, Password: password, Flags: 0 };
        // SAFETY: `login` and the text that it points to outlive the call; the class says that it is an EVT_RPC_LOGIN.
        let session = Handle::of(|| unsafe { EvtOpenSession(EvtRpcLogin, ptr::from_ref(&login).cast(), 0, 0) });
        match session {
            Some(session) => Ok(Self { session: Some(session), host: Some(host.to_owned()) }),
            None => {
                let attempted = format!("cannot open the event log of {host}");
                Err(Failure::of_call(&CallError::last("EvtOpenSession"), &attempted, Class::NoData, GRANTED_BY))
            }
        }
    }

    /// The records that `query` asks for, and whether there are more than `limits` allow.
    pub fn read(&self, query: &Query, order: Order, limits: Limits) -> Result<(Export, bool), Failure> {
        let log = self.name(&query.channel);
        stage::enter(format!("reading {log}"));
        let result = self.query(query, order).and_then(|result| rendered(&result, limits));
        stage::enter("");
        let rendered = result.map_err(|error| refused(error, &log, self.host.is_some()))?;

        let text = format!("<Events>{}</Events>", rendered.text);
        let mut export = xml::read(&text)
            .map_err(|error| Failure::new(Class::Unreadable, format!("{log} is not what it should be: {error}")))?;
        export.bad += rendered.oversized;
        Ok((export, rendered.is_cut))
    }

    /// The time of a log's oldest record, unless it has none or does not tell soon.
    pub fn oldest(&self, channel: &str) -> Option<SystemTime> {
        let limits = Limits { records: 1, wait: Some(Duration::from_secs(1)) };
        let (export, _) = self.read(&Query::all(channel), Order::OldestFirst, limits).ok()?;
        export.records.first().map(|record| record.time)
    }

    fn query(&self, query: &Query, order: Order) -> Result<Handle, CallError> {
        let (channel, expression) = (wide(&query.channel), wide(&query.expression));
        let session = self.session.as_ref().map_or(0, |session| session.0);
        let direction = match order {
            Order::NewestFirst => EvtQueryReverseDirection,
            Order::OldestFirst => EvtQueryForwardDirection,
        };
        let flags = EvtQueryChannelPath | direction;
        // SAFETY: the session is open or 0, which is this machine; both texts end with NUL and outlive the call.
        Handle::of(|| unsafe { EvtQuery(session, channel.as_ptr(), expression.as_ptr(), flags) })
            .ok_or_else(|| CallError::last("EvtQuery"))
    }

    /// A log of that machine, in words.
    pub fn name(&self, channel: &str) -> String {
        let host = self.host.as_ref().map_or_else(|| "this machine".to_owned(), Clone::clone);
        format!("the log {channel} of {host}")
    }
}

/// Records as the log writes them, one after the other.
#[derive(Default)]
struct Rendered {
    text: String,
    /// How many are too large to be read.
    oversized: usize,
    /// Whether there were more.
    is_cut: bool,
}

fn rendered(result: &Handle, limits: Limits) -> Result<Rendered, CallError> {
    let wait = limits.wait.map_or(INFINITE, |wait| u32::try_from(wait.as_millis()).unwrap_or(INFINITE));
    let mut rendered = Rendered::default();
    let mut buffer = vec![0_u16; FIRST_BUFFER];
    let mut read = 0;
    loop {
        let events = match next(result, wait) {
            Ok(events) => events,
            Err(error) if error.code() == ERROR_NO_MORE_ITEMS => return Ok(rendered),
            // What came by then is better than nothing where somebody said how long to wait.
            Err(error) if error.code() == ERROR_TIMEOUT && limits.wait.is_some() => {
                return Ok(Rendered { is_cut: true, ..rendered });
            }
            Err(error) => return Err(error),
        };
        for event in events {
            if read == limits.records || rendered.text.len() as u64 > MAX_INPUT {
                return Ok(Rendered { is_cut: true, ..rendered });
            }
            read += 1;
            match render(&event, &mut buffer)? {
                Some(text) => rendered.text.push_str(&text),
                None => rendered.oversized += 1,
            }
        }
    }
}

/// The next events of a result, at least one.
fn next(result: &Handle, wait: u32) -> Result<Vec<Handle>, CallError> {
    let mut events: [EVT_HANDLE; BATCH] = [0; BATCH];
    let mut returned = 0;
    // SAFETY: the result is open; `events` has room for the number of handles that is passed with it.
    let has_more = unsafe { EvtNext(result.0, BATCH as u32, events.as_mut_ptr(), wait, 0, &mut returned) };
    if has_more == 0 {
        return Err(CallError::last("EvtNext"));
    }
    let events: Vec<_> = events.into_iter().take(returned as usize).filter(|event| *event != 0).map(Handle).collect();
    match events.is_empty() {
        // Success with nothing to show would be asked for again without end.
        true => Err(CallError::new("EvtNext", ERROR_NO_MORE_ITEMS)),
        false => Ok(events),
    }
}

/// One event as XML; `None` if it is larger than any event can be.
fn render(event: &Handle, buffer: &mut Vec<u16>) -> Result<Option<String>, CallError> {
    loop {
        let bytes = buffer.len() * size_of::<u16>();
        let (mut used, mut properties) = (0, 0);
        // SAFETY: the event is open; the buffer has room for as many bytes as are passed with it (at most MAX_BUFFER
        // units, which fits); without a context the event is rendered as it is.
        let is_rendered = unsafe {
            EvtRender(
                0,
                event.0,
                EvtRenderEventXml,
                bytes as u32,
                buffer.as_mut_ptr().cast(),
                &mut used,
                &mut properties,
            )
        };
        let units = (used as usize).div_ceil(size_of::<u16>());
        if is_rendered != 0 {
            return Ok(Some(crate::platform::windows::narrow(&buffer[..units.min(buffer.len())])));
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

/// Why a log could not be read.
fn refused(error: CallError, log: &str, is_remote: bool) -> Failure {
    match error.code() {
        ERROR_EVT_CHANNEL_NOT_FOUND => Failure::new(Class::NoData, format!("there is no such log: {log}")),
        RPC_S_SERVER_UNAVAILABLE if is_remote => {
            let attempted = format!("cannot reach {log}, which its firewall may forbid (Remote Event Log Management)");
            Failure::of_call(&error, &attempted, Class::NoData, GRANTED_BY)
        }
        _ => Failure::of_call(&error, &format!("cannot read {log}"), Class::NoData, GRANTED_BY),
    }
}

/// Something of the event log that is open until it is dropped.
#[derive(Debug)]
struct Handle(EVT_HANDLE);

impl Handle {
    /// What `open` returns, unless that is nothing; then the reason is the thread's last error.
    fn of(open: impl FnOnce() -> EVT_HANDLE) -> Option<Self> {
        // A call that fails without a reason must not be explained by that of an earlier one.
        // SAFETY: it sets a number of this thread.
        unsafe { SetLastError(0) };
        let handle = open();
        (handle != 0).then_some(Self(handle))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle was returned as open and is closed only here. Nothing can be done if that fails.
        unsafe { EvtClose(self.0) };
    }
}

/// What windows-sys does not have.
const RPC_S_SERVER_UNAVAILABLE: u32 = 1722;

const GRANTED_BY: &str = "membership in the group Event Log Readers";

/// How many events are taken at once.
const BATCH: usize = 64;

/// Wait without an end of its own: the watchdog ends the run.
const INFINITE: u32 = u32::MAX;

/// Enough for nearly every event, in units of UTF-16.
const FIRST_BUFFER: usize = 16 * 1024;

/// More than any event can need: its data are at most 64 KiB.
const MAX_BUFFER: usize = 1024 * 1024;
