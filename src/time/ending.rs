//! Is the run asked to end, and is there something to take back first? A call, say, that nobody else would end.
//!
//! Whoever is about to begin such a thing holds the end off, and takes it back as soon as he is asked to; the watchdog, which
//! hears the signals, asks and waits a moment. Both under one lock: nothing is begun once the end is asked for.

use std::future::poll_fn;
use std::sync::Mutex;
use std::task::{Poll, Waker};

/// Holds the end of the run off until it is dropped; `None` if the end is asked for already.
pub(crate) fn hold_off() -> Option<HeldOff> {
    let mut ending = ENDING.lock().ok()?;
    if ending.signal.is_some() {
        return None;
    }
    ending.held += 1;
    Some(HeldOff(()))
}

/// Asks for the end because of `signal`; whether somebody holds it off.
pub(crate) fn ask(signal: &'static str) -> bool {
    let Ok(mut ending) = ENDING.lock() else { return false };
    ending.signal.get_or_insert(signal);
    ending.wakers.drain(..).for_each(Waker::wake);
    ending.held > 0
}

/// Waits until the end is asked for; the signal that did it.
pub(crate) async fn asked() -> &'static str {
    poll_fn(|context| signal_or_wake(context.waker()).map_or(Poll::Pending, Poll::Ready)).await
}

/// The signal that asks for the end; if none does yet, `waker` is woken by the one that will.
pub(crate) fn signal_or_wake(waker: &Waker) -> Option<&'static str> {
    let mut ending = ENDING.lock().ok()?;
    if ending.signal.is_none() && !ending.wakers.iter().any(|known| known.will_wake(waker)) {
        ending.wakers.push(waker.clone());
    }
    ending.signal
}

/// The signal that has asked for the end.
pub(crate) fn signal() -> Option<&'static str> {
    ENDING.lock().ok()?.signal
}

/// How many hold the end off.
pub(crate) fn held() -> u32 {
    ENDING.lock().map_or(0, |ending| ending.held)
}

/// The end of the run, held off.
#[derive(Debug)]
pub(crate) struct HeldOff(());

impl Drop for HeldOff {
    fn drop(&mut self) {
        if let Ok(mut ending) = ENDING.lock() {
            ending.held -= 1;
        }
    }
}

struct Ending {
    held: u32,
    signal: Option<&'static str>,
    /// Of the tasks that wait: a call that is made again may find the first one still being taken back.
    wakers: Vec<Waker>,
}

static ENDING: Mutex<Ending> = Mutex::new(Ending { held: 0, signal: None, wakers: Vec::new() });

/// Alone among the tests of this process in holding the end off, or asking for it, until it is dropped; nobody waits yet.
#[cfg(test)]
pub(crate) fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    ENDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner).wakers.clear();
    alone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_held_off_until_somebody_asks_and_then_nothing_is_begun() {
        let _alone = alone();
        let held = hold_off();
        assert!(held.is_some());
        assert_eq!((self::held(), signal(), signal_or_wake(Waker::noop())), (1, None, None));
        // Whoever asks again waits but once.
        assert_eq!((signal_or_wake(Waker::noop()), ENDING.lock().unwrap().wakers.len()), (None, 1));
        assert!(ask("SIGTERM"));
        assert_eq!((signal(), signal_or_wake(Waker::noop())), (Some("SIGTERM"), Some("SIGTERM")));
        assert_eq!(ENDING.lock().unwrap().wakers.len(), 0);
        assert!(hold_off().is_none());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(asked()), "SIGTERM");
        drop(held);
        assert!(!ask("SIGINT"));
        *ENDING.lock().unwrap() = Ending { held: 0, signal: None, wakers: Vec::new() };
    }
}
