//! How much time is left? The one deadline of a run.

use std::future::Future;
use std::time::{Duration, Instant};
use std::{io, thread};

use tokio::sync::oneshot;

use super::words::seconds;
use super::{errand, stage};

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

/// Why a call of the system has no result.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// The deadline passed, and the call goes on.
    #[error(transparent)]
    Expired(#[from] Expired),
    /// This host has no thread for it.
    #[error("no thread for {stage}: {source}")]
    NoThread {
        /// What it was for.
        stage: String,
        /// Why.
        source: io::Error,
    },
}

impl Deadline {
    /// A deadline `timeout` after `started`.
    pub const fn new(started: Instant, timeout: Duration) -> Self {
        Self { started, timeout }
    }

    /// The instant itself.
    pub(crate) fn instant(&self) -> Instant {
        // A timeout is at most a day, so this cannot overflow.
        self.started + self.timeout
    }

    /// How long the whole run may take.
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What is left at `now`, zero when it has passed.
    pub(crate) fn remaining(&self, now: Instant) -> Duration {
        self.instant().saturating_duration_since(now)
    }

    /// The deadline of the first of `parts` attempts that share equally what is left at `now`; of the last one, this one.
    pub(crate) fn share(&self, now: Instant, parts: usize) -> Self {
        match u32::try_from(parts) {
            Ok(0 | 1) => *self,
            parts => Self { started: now, timeout: self.remaining(now) / parts.unwrap_or(u32::MAX) },
        }
    }

    /// Waits for `work`, until the deadline at the longest.
    pub(crate) async fn limit<W: Future>(&self, stage: impl FnOnce() -> String, work: W) -> Result<W::Output, Expired> {
        tokio::time::timeout_at(self.instant().into(), work).await.map_err(|_| self.expired_during(stage()))
    }

    /// Waits, until the deadline at the longest, for `work` that waits itself: a call of the system that takes no deadline.
    ///
    /// It has a thread of its own, which is left behind when the deadline passes.
    pub async fn limit_blocking<T: Send + 'static>(
        &self,
        stage: impl FnOnce() -> String,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unfinished> {
        let stage = stage();
        // For the watchdog too, should this thread not be woken in time.
        let _stage = stage::enter(stage.clone());
        let (done, waiting) = oneshot::channel();
        let errand = errand::current();
        let call = move || {
            errand::run(errand);
            let _ = done.send(work());
        };
        if let Err(source) = thread::Builder::new().name("call".to_owned()).spawn(call) {
            return Err(Unfinished::NoThread { stage, source });
        }
        let done = async {
            match waiting.await {
                Ok(done) => done,
                // It panicked, and the panic hook is about to end the process.
                Err(_) => std::future::pending().await,
            }
        };
        Ok(self.limit(|| stage, done).await?)
    }

    /// The error of having passed during `stage`.
    pub(crate) fn expired_during(&self, stage: impl Into<String>) -> Expired {
        Expired { stage: stage.into(), timeout: self.timeout }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
