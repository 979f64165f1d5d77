//! How do the counters of a query become one sample? Added, collected once or twice, and read with their own errors.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::status::{Missing, Status};
use super::{Kind, neighbours, path};
use crate::counters::{Counter, CounterError, CounterQuery, Nearest, Reading, Sample, split_host};
use crate::platform::windows::pdh::{PdhCounter, PdhQuery, expand};
use crate::platform::windows::{CallError, WindowsHost};

/// The present values of the counters.
pub(super) fn read<const N: usize>(query: &CounterQuery<N>) -> Result<Reading<N>, CounterError> {
    let host = &WindowsHost::named(query.host.as_deref());
    let pdh = PdhQuery::open().map_err(|error| failed(host, &error))?;
    let mut notes = Vec::new();
    let mut noted = |counter: &Counter, error: &CallError| {
        notes.push(format!("{counter}: {}, says {}", status(error), error.call));
    };
    let mut added = [None; N];
    for (added, counter) in added.iter_mut().zip(&query.counters) {
        *added = match path(counter, host.remote()).map(|path| pdh.add(&path)) {
            Some(Ok(counter)) => Some(counter),
            Some(Err(error)) if counter.required => return Err(without(counter, host, &error)),
            Some(Err(error)) => {
                noted(counter, &error);
                None
            }
            None => None,
        };
    }

    collect(&pdh, host)?;
    if added.iter().flatten().any(|counter| counter.raw().is_ok_and(|raw| Kind(raw.kind).needs_two())) {
        // Half of what is left, so that the rest is enough for the answer.
        let pause = BETWEEN_COLLECTIONS.min(query.deadline.remaining(Instant::now()) / 2);
        thread::sleep(pause);
        collect(&pdh, host)?;
    }

    let time = SystemTime::now();
    let mut values = [None; N];
    for ((value, added), counter) in values.iter_mut().zip(added).zip(&query.counters) {
        let Some(added) = added else { continue };
        match self::value(added) {
            Ok(number) => *value = Some(number).filter(|number| number.is_finite() && *number >= 0.0),
            Err(error) if counter.required => return Err(without(counter, host, &error)),
            Err(error) => noted(counter, &error),
        }
        if value.is_none() && counter.required {
            return Err(CounterError::NoSample { counter: Box::new(counter.clone()), place: place(host), rows: 1 });
        }
    }
    Ok(Reading { notes, ..Reading::of_now(name(host), Sample { time, values }) })
}

/// Collects; that no counter has data is left to each of them to say.
fn collect(pdh: &PdhQuery, host: &WindowsHost) -> Result<(), CounterError> {
    match pdh.collect() {
        Err(error) if status(&error) != Status::NO_DATA => Err(failed(host, &error)),
        _ => Ok(()),
    }
}

fn value(added: PdhCounter<'_>) -> Result<f64, CallError> {
    let raw = added.raw()?;
    Kind(raw.kind).counted(raw.value).map_or_else(|| added.formatted(), Ok)
}

/// What PDH gave as its reason.
fn status(error: &CallError) -> Status {
    Status(error.code())
}

fn name(host: &WindowsHost) -> String {
    let own = if host.remote().is_none() { WindowsHost::own_name() } else { None };
    own.unwrap_or_else(|| host.name().to_owned())
}

/// What is read.
pub(super) fn place(host: &WindowsHost) -> String {
    format!("the performance counters of {}", name(host))
}

fn failed(host: &WindowsHost, error: &CallError) -> CounterError {
    let status = status(error);
    let granted_by = match status.is_denied() {
        true => format!("; the group Performance Monitor Users of {} grants it", name(host)),
        false => String::new(),
    };
    CounterError::Pdh { place: place(host), reason: format!("{status}{granted_by}"), call: error.call }
}

/// Why a counter is not there, with those that are.
fn without(counter: &Counter, host: &WindowsHost, error: &CallError) -> CounterError {
    let status = status(error);
    let Some(missing) = status.missing() else { return failed(host, error) };
    // A counter without instances, which its service does not publish: not a name that is wrong.
    if missing == Missing::Instance && counter.instance.is_none() && counter.given.is_none() {
        return CounterError::NoSample { counter: Box::new(counter.clone()), place: place(host), rows: 1 };
    }
    let present = neighbours(counter, host.remote(), missing).and_then(|wildcard| expand(&wildcard).ok());
    let nearest = match present {
        Some(present) => {
            Nearest::to(counter, present.iter().map(|path| split_host(path).map_or(path.as_str(), |(_, path)| path)))
        }
        None => Nearest::unlisted(status.to_string()),
    };
    CounterError::Absent { counters: vec![counter.clone()], place: place(host), nearest }
}

/// What Windows' own tools wait between the two collections of a rate.
const BETWEEN_COLLECTIONS: Duration = Duration::from_secs(1);
