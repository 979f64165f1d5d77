//! What do the performance counters of Windows say now? By their English names, of this host or another.
//!
//! A number that a service counts up is taken raw, as it was counted: no scale, and 32 bits wrap as 32 bits do. Whatever
//! PDH must compute is taken as PDH computes it, not capped at 100; a rate between two collections is waited for.
#![cfg_attr(not(any(windows, test)), expect(dead_code, reason = "only Windows has performance counters"))]

#[cfg(windows)]
mod read;
pub(crate) mod status;

use super::{Counter, CounterError, CounterQuery, Reading};
#[cfg(windows)]
use crate::platform::windows::WindowsHost;
#[cfg(windows)]
use crate::time::deadline::Unfinished;

/// The values of this moment, of this host or the one that the query names.
#[cfg(windows)]
pub(crate) async fn read<const N: usize>(query: &CounterQuery<N>) -> Result<Reading<N>, CounterError> {
    let (asked, place) = (query.clone(), read::place(&WindowsHost::named(query.host.as_deref())));
    // PDH takes no deadline, and connects to another host with the first counter of it.
    let read = query.deadline.limit_blocking(|| format!("asking {place}"), move || read::read(&asked)).await;
    read.map_err(|unfinished| match unfinished {
        Unfinished::Expired(expired) => CounterError::Expired(expired),
        Unfinished::NoThread { source, .. } => CounterError::Io { place, error: source },
    })?
}

/// Elsewhere there are none.
#[cfg(not(windows))]
pub(crate) async fn read<const N: usize>(_: &CounterQuery<N>) -> Result<Reading<N>, CounterError> {
    Err(CounterError::NeedsWindows)
}

/// The path of a counter as PDH takes it, of `host` or of this one; `None` where nobody knows the counter's name.
pub(crate) fn path(counter: &Counter, host: Option<&str>) -> Option<String> {
    if counter.given.is_none() && counter.name.is_empty() {
        return None;
    }
    let path = counter.to_string();
    Some(match host {
        // The operator may have given the path of one host.
        Some(host) if !path.starts_with(r"\\") => format!(r"\\{host}{path}"),
        _ => path,
    })
}

/// The wildcard that finds what stands beside the part of a counter's path that is missing.
pub(crate) fn neighbours(counter: &Counter, host: Option<&str>, missing: status::Missing) -> Option<String> {
    // The path of the operator has no parts that we know.
    if counter.given.is_some() {
        return None;
    }
    let (object, name) = (counter.object, counter.name);
    let path = match (missing, &counter.instance) {
        (status::Missing::Object, _) => return None,
        (status::Missing::Counter, None) => format!(r"\{object}\*"),
        (status::Missing::Counter, Some(_)) => format!(r"\{object}(*)\*"),
        (status::Missing::Instance, _) => format!(r"\{object}(*)\{name}"),
    };
    Some(host.map_or_else(|| path.clone(), |host| format!(r"\\{host}{path}")))
}

/// What kind of counter it is, in the bits of Windows' `PERF_` constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind(pub u32);

impl Kind {
    /// The value of a number that is only counted, from its raw value; `None` where PDH must compute it.
    ///
    /// 32 bits count from 0 again behind their end, which PDH would show as a negative number from the middle on.
    pub(crate) fn counted(self, raw: i64) -> Option<f64> {
        match self {
            Self::COUNT_32 => Some((raw as u64 & 0xffff_ffff) as f64),
            Self::COUNT_64 => Some(raw.max(0) as f64),
            _ => None,
        }
    }

    /// Whether its value is a difference between two collections.
    pub(crate) const fn needs_two(self) -> bool {
        self.0 & PERF_DELTA_COUNTER != 0
    }

    /// `PERF_COUNTER_RAWCOUNT`: a decimal number of 32 bits.
    const COUNT_32: Self = Self(0x0001_0000);
    /// `PERF_COUNTER_LARGE_RAWCOUNT`: a decimal number of 64 bits.
    const COUNT_64: Self = Self(0x0001_0100);
}

/// The bit of the kinds that are differences.
const PERF_DELTA_COUNTER: u32 = 0x0040_0000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::role::{Role, app_pool, missed_call_proxy};
    use status::Missing;

    #[test]
    fn a_path_has_its_host_in_front() {
        let [percent, received] = missed_call_proxy();
        assert_eq!(
            path(&received, None).unwrap(),
            r"\MSExchangeUMCallRouterAvailability\Total Inbound Calls Received by the UM Call Router"
        );
        let pool = &app_pool("MSExchangeServicesAppPool")[0];
        assert_eq!(
            path(pool, Some("cas1.example.com")).unwrap(),
            r"\\cas1.example.com\APP_POOL_WAS(MSExchangeServicesAppPool)\Current Application Pool State"
        );
        let given = |name: &str| Counter { given: Some(name.to_owned()), ..percent.clone() };
        assert_eq!(path(&given(r"\X\Y"), Some("cas1")).unwrap(), r"\\cas1\X\Y");
        assert_eq!(path(&given(r"\\cas2\X\Y"), Some("cas1")).unwrap(), r"\\cas2\X\Y");
    }

    #[test]
    fn a_counter_of_unknown_name_has_no_path() {
        let [received, rejected, _] = Role::UmService.counters(false);
        assert_eq!(path(&received, Some("cas1")), None);
        assert!(path(&rejected, None).is_some());
    }

    #[test]
    fn neighbours_are_looked_for_where_the_name_ends_to_be_right() {
        let pool = &app_pool("MSExchangeServicesAppPool")[0];
        assert_eq!(neighbours(pool, None, Missing::Object), None);
        assert_eq!(neighbours(pool, None, Missing::Counter).unwrap(), r"\APP_POOL_WAS(*)\*");
        assert_eq!(
            neighbours(pool, Some("cas1"), Missing::Instance).unwrap(),
            r"\\cas1\APP_POOL_WAS(*)\Current Application Pool State"
        );
        let [_, received] = missed_call_proxy();
        assert_eq!(neighbours(&received, None, Missing::Counter).unwrap(), r"\MSExchangeUMCallRouterAvailability\*");
        let given = Counter { given: Some(r"\X\Y".to_owned()), ..received };
        assert_eq!(neighbours(&given, None, Missing::Counter), None);
    }

    #[test]
    fn what_is_only_counted_is_taken_raw() {
        assert_eq!(Kind::COUNT_32.counted(7), Some(7.0));
        assert_eq!(Kind::COUNT_32.counted(-1), Some(4_294_967_295.0));
        assert_eq!(Kind::COUNT_64.counted(1 << 40), Some(1_099_511_627_776.0));
        assert_eq!(Kind::COUNT_64.counted(-1), Some(0.0));
        // PERF_RAW_FRACTION and PERF_COUNTER_COUNTER.
        for (kind, needs_two) in [(0x2002_0400, false), (0x1041_0400, true)] {
            assert_eq!((Kind(kind).counted(7), Kind(kind).needs_two()), (None, needs_two));
        }
        assert!(!Kind::COUNT_32.needs_two() && !Kind::COUNT_64.needs_two());
    }
}
