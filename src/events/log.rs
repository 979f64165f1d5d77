//! Which records does a log of Windows hold? This machine's or another one's, as those of an export.

use std::time::{Duration, SystemTime};

use super::query::EventQuery;
use super::{Recorded, Remains, xml};
pub(crate) use crate::platform::windows::event_log::Order;
use crate::platform::windows::event_log::{CHANNEL_NOT_FOUND, EventSession, Next, ResultSet, SERVER_UNAVAILABLE};
use crate::platform::windows::{CallError, WindowsHost};
use crate::report::{Class, Failure};
use crate::time::stage;

#[derive(Debug)]
pub(crate) struct EventLog {
    session: EventSession,
    host: WindowsHost,
}

/// Which part of what is asked for is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portion {
    pub order: Order,
    /// The most records.
    pub records: usize,
    /// How long the log may take for the next of them; `None` is until the deadline, at which the watchdog ends the run.
    pub wait: Option<Duration>,
}

impl EventLog {
    /// The log of `host`, or of this machine. Nothing is sent yet.
    pub(crate) fn on(host: Option<&str>) -> Result<Self, Failure> {
        let host = WindowsHost::named(host);
        let session = EventSession::open(&host).map_err(|error| {
            let attempted = format!("cannot open the event log of {}", name(&host));
            Failure::of_call(&error, &attempted, Class::NoData, GRANTED_BY)
        })?;
        Ok(Self { session, host })
    }

    /// Hands out the records that `query` asks for; `true` if there are more than the `portion` holds.
    pub(crate) fn read(
        &self,
        query: &EventQuery,
        portion: Portion,
        take: &mut dyn FnMut(Recorded),
    ) -> Result<bool, Failure> {
        let log = self.name(&query.channel);
        let stage = stage::enter(format!("reading {log}"));
        let found = self.session.query(&query.channel, &query.expression, portion.order);
        let is_cut = found.and_then(|found| hand_out(found, portion, take));
        drop(stage);
        is_cut.map_err(|error| refused(&error, &log, self.host.remote().is_some()))
    }

    /// The time of a log's oldest record, unless it has none or does not tell soon.
    pub(crate) fn oldest(&self, channel: &str) -> Option<SystemTime> {
        let portion = Portion { order: Order::OldestFirst, records: 1, wait: Some(Duration::from_secs(1)) };
        let mut oldest = None;
        let mut take = |recorded: Recorded| {
            if let Recorded::Whole(record) = recorded {
                oldest = Some(record.time);
            }
        };
        self.read(&EventQuery::all(channel), portion, &mut take).ok()?;
        oldest
    }

    /// A log of that machine, in words.
    pub(crate) fn name(&self, channel: &str) -> String {
        format!("the log {channel} of {}", name(&self.host))
    }
}

fn name(host: &WindowsHost) -> &str {
    host.remote().unwrap_or("this machine")
}

fn hand_out(mut found: ResultSet, portion: Portion, take: &mut dyn FnMut(Recorded)) -> Result<bool, CallError> {
    let mut buffer = Vec::new();
    let mut read = 0;
    loop {
        let event = match found.next(portion.wait)? {
            Next::Event(event) => event,
            Next::End => return Ok(false),
            // What came by then is better than nothing where somebody said how long to wait.
            Next::TooLate => return Ok(true),
        };
        if read == portion.records {
            return Ok(true);
        }
        read += 1;
        // One without a text is too large to be read.
        let text = event.xml(&mut buffer)?;
        take(text.map_or_else(|| Recorded::Bad(Remains::default()), |text| xml::record(&text)));
    }
}

fn refused(error: &CallError, log: &str, is_remote: bool) -> Failure {
    match error.code() {
        CHANNEL_NOT_FOUND => Failure::new(Class::NoData, format!("there is no such log: {log}")),
        SERVER_UNAVAILABLE if is_remote => {
            let attempted = format!("cannot reach {log}, which its firewall may forbid (Remote Event Log Management)");
            Failure::of_call(error, &attempted, Class::NoData, GRANTED_BY)
        }
        _ => Failure::of_call(error, &format!("cannot read {log}"), Class::NoData, GRANTED_BY),
    }
}

const GRANTED_BY: &str = "membership in the group Event Log Readers";
