//! What time is it, and how much is left? The one deadline of a run, its stages, and timestamps.

use std::future::Future;
use std::time::{Duration, Instant, SystemTime};

use crate::plugin;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The instant at which the whole run must be over: lookup, connect, handshake, answer and all retries together.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    started: Instant,
    timeout: Duration,
}

/// The deadline passed during a stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{stage} did not finish within {}", seconds(*.timeout))]
pub struct Expired {
    /// What was going on, such as `connecting to 192.0.2.7:5060`.
    pub stage: String,
    /// How long the whole run was allowed to take.
    pub timeout: Duration,
}

impl Deadline {
    /// A deadline `timeout` after `started`.
    pub const fn new(started: Instant, timeout: Duration) -> Self {
        Self { started, timeout }
    }

    /// The instant itself.
    pub fn instant(&self) -> Instant {
        // A timeout is at most a day (cli), so this cannot overflow.
        self.started + self.timeout
    }

    /// How long the whole run may take.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What is left at `now`, zero when it has passed.
    pub fn remaining(&self, now: Instant) -> Duration {
        self.instant().saturating_duration_since(now)
    }

    /// The deadline of the first of `parts` attempts that share equally what is left at `now`; of the last one, this one.
    pub fn share(&self, now: Instant, parts: usize) -> Self {
        match u32::try_from(parts) {
            Ok(0 | 1) => *self,
            parts => Self { started: now, timeout: self.remaining(now) / parts.unwrap_or(u32::MAX) },
        }
    }

    /// Waits for `work`, until the deadline at the longest.
    pub async fn limit<T>(&self, stage: impl FnOnce() -> String, work: impl Future<Output = T>) -> Result<T, Expired> {
        tokio::time::timeout_at(self.instant().into(), work).await.map_err(|_| self.expired_during(stage()))
    }

    /// Waits, until the deadline at the longest, for `work` that waits itself: a call of the system that takes no deadline.
    ///
    /// It has a thread of its own, which is left behind when the deadline passes.
    pub async fn limit_blocking<T: Send + 'static>(
        &self,
        stage: impl FnOnce() -> String,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Expired> {
        let stage = stage();
        // For the watchdog too, should this thread not be woken in time.
        plugin::enter(stage.clone());
        let done = async {
            match tokio::task::spawn_blocking(work).await {
                Ok(done) => done,
                // It panicked, and the panic hook is about to end the process.
                Err(_) => std::future::pending().await,
            }
        };
        self.limit(|| stage, done).await
    }

    /// The error of having passed during `stage`.
    pub fn expired_during(&self, stage: impl Into<String>) -> Expired {
        Expired { stage: stage.into(), timeout: self.timeout }
    }
}

/// `2026-11-23T17:00:00.123Z`: RFC 3339 in UTC, to the millisecond.
pub fn rfc3339(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    let milliseconds = time.millisecond();
    time.replace_millisecond(milliseconds).unwrap_or(time).format(&Rfc3339).unwrap_or_else(|_| "U".to_owned())
}

/// Seconds since 1970, negative before; what certificates and samples are judged by.
pub fn unix_seconds(time: SystemTime) -> i64 {
    OffsetDateTime::from(time).unix_timestamp()
}

/// A time in ticks of 100 ns since 1601, as Windows counts; `None` before 1970 and beyond what a time can be.
pub fn filetime(ticks: u64) -> Option<SystemTime> {
    let ticks = ticks.checked_sub(TICKS_1970)?;
    let time = Duration::new(ticks / 10_000_000, u32::try_from(ticks % 10_000_000).ok()? * 100);
    SystemTime::UNIX_EPOCH.checked_add(time).filter(|time| *time < SystemTime::UNIX_EPOCH + YEAR_10000)
}

/// 1970 in ticks since 1601.
const TICKS_1970: u64 = 116_444_736_000_000_000;

/// The year 10000, which RFC 3339 cannot write any more, since 1970.
const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

/// Reads a time as RFC 3339 writes it, with any offset and any fraction of a second.
pub fn parse(text: &str) -> Result<SystemTime, String> {
    let expected = || format!("'{text}' is not a time: expected RFC 3339, such as 2026-11-23T17:00:00Z");
    // Earlier than 1970 is a mistake here, and earlier than 1601 no system time at all on Windows.
    let time = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|time| time.unix_timestamp() >= 0);
    time.map(SystemTime::from).ok_or_else(expected)
}

/// A duration for people: `3.1 ms`, `812 ms`, `10 s`, `1.5 s`.
pub fn human(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1e3;
    match milliseconds {
        ..0.1 => format!("{milliseconds:.2} ms"),
        ..10.0 => format!("{milliseconds:.1} ms"),
        ..999.5 => format!("{milliseconds:.0} ms"),
        _ => seconds(duration),
    }
}

/// A duration in seconds with at most two decimals and none that are zero: `10 s`, `0.25 s`.
pub fn seconds(duration: Duration) -> String {
    let text = format!("{:.2}", duration.as_secs_f64());
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_a_person_says_them() {
        assert_eq!(human(Duration::from_micros(3_149)), "3.1 ms");
        assert_eq!(human(Duration::from_micros(42)), "0.04 ms");
        assert_eq!(human(Duration::from_millis(812)), "812 ms");
        assert_eq!(human(Duration::from_millis(1_500)), "1.5 s");
        assert_eq!(seconds(Duration::from_secs(10)), "10 s");
    }

    #[test]
    fn timestamps_are_rfc_3339_in_utc() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_453_200_123_456);
        assert_eq!(rfc3339(time), "2026-11-23T17:00:00.123Z");
    }

    #[test]
    fn timestamps_are_read_back_with_any_offset() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_453_200);
        for text in ["2026-11-23T17:00:00Z", "2026-11-23T18:00:00.0000000+01:00"] {
            assert_eq!(parse(text), Ok(time), "{text}");
        }
        for text in ["", "2026-11-23", "2026-11-23T17:00:00", "2026-13-23T17:00:00Z", "0001-01-01T00:00:00Z", "now"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn ticks_of_windows_are_times_between_1970_and_9999() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_453_200_123_456);
        assert_eq!(filetime(TICKS_1970 + 17_954_532_001_234_560), Some(time));
        assert_eq!(filetime(TICKS_1970), Some(SystemTime::UNIX_EPOCH));
        assert_eq!(filetime(TICKS_1970 - 1), None);
        assert_eq!(filetime(TICKS_1970 + YEAR_10000.as_secs() * 10_000_000), None);
        assert_eq!(filetime(u64::MAX), None);
    }

    #[test]
    fn nothing_remains_after_the_deadline() {
        let started = Instant::now();
        let deadline = Deadline::new(started, Duration::from_secs(10));
        assert_eq!(deadline.remaining(started + Duration::from_secs(4)), Duration::from_secs(6));
        assert_eq!(deadline.remaining(started + Duration::from_secs(11)), Duration::ZERO);
    }

    #[test]
    fn attempts_share_what_is_left_and_the_last_one_has_all_of_it() {
        let started = Instant::now();
        let deadline = Deadline::new(started, Duration::from_secs(10));
        let share = deadline.share(started + Duration::from_secs(4), 3);
        assert_eq!(share.instant(), started + Duration::from_secs(6));
        assert_eq!(deadline.share(started, 1).instant(), deadline.instant());
    }

    #[test]
    fn the_error_names_the_stage() {
        let expired = Deadline::new(Instant::now(), Duration::from_secs(10)).expired_during("looking up 'cas1'");
        assert_eq!(expired.to_string(), "looking up 'cas1' did not finish within 10 s");
    }
}
