//! Which counters does a service of Unified Messaging have? Objects and counters by their English names.

use super::{Counter, Exposed};

/// One thing for each counter of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calls<T> {
    pub received: T,
    pub rejected: T,
    /// The share rejected in the last hour.
    pub percent: T,
}

impl<T> From<[T; 3]> for Calls<T> {
    fn from([received, rejected, percent]: [T; 3]) -> Self {
        Self { received, rejected, percent }
    }
}

/// One thing for each counter of missed-call notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notifications<T> {
    /// The share that was not proxied in the last hour.
    pub percent: T,
    pub received: T,
}

impl<T> From<[T; 2]> for Notifications<T> {
    fn from([percent, received]: [T; 2]) -> Self {
        Self { percent, received }
    }
}

/// A service that takes calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// The UM Call Router, of the Client Access role.
    #[default]
    CallRouter,
    /// The UM service, of the Mailbox role.
    UmService,
    /// The UM worker processes, of the Mailbox role.
    UmWorker,
}

impl Role {
    /// The counters in the order of `Calls`; either the totals are required or the share.
    pub fn counters(self, totals: bool) -> [Counter; 3] {
        let [received, rejected, percent] = self.names();
        let object = if self == Self::CallRouter { CALL_ROUTER } else { UM };
        [("received", received, totals), ("rejected", rejected, totals), ("percent", percent, !totals)]
            .map(|(key, name, required)| counter(key, object, name, required))
    }

    /// Whether the service is known to count the calls that it receives.
    pub(crate) const fn has_totals(self) -> bool {
        matches!(self, Self::CallRouter)
    }

    const fn names(self) -> [&'static str; 3] {
        match self {
            Self::CallRouter => [
                "Total Inbound Calls Received by the UM Call Router",
                "Total Inbound Calls Rejected by the UM Call Router",
                "% of Inbound Calls Rejected by the UM Call Router Over the Last Hour",
            ],
            Self::UmService => [
                "",
                "Total Inbound Calls Rejected by the UM Service",
                "% of Inbound Calls Rejected by the UM Service Over the Last Hour",
            ],
            Self::UmWorker => [
                "",
                "Total Inbound Calls Rejected by the UM Worker Process",
                "% of Inbound Calls Rejected by the UM Worker Process over the Last Hour",
            ],
        }
    }
}

/// The counters in the order of [`Notifications`].
pub(crate) fn missed_call_proxy() -> [Counter; 2] {
    let percent = "% of Missed Call Notification Proxy Failed at UM Call Router Over the Last Hour";
    let [received, ..] = Role::CallRouter.names();
    [counter("percent", CALL_ROUTER, percent, true), counter("received", CALL_ROUTER, received, false)]
}

/// The state of an application pool of IIS.
pub fn app_pool(pool: &str) -> [Counter; 1] {
    let exposed = Exposed::StateSet { metric: "windows_iis_current_application_pool_state", states: &POOL_STATES };
    let state = counter("state", "APP_POOL_WAS", "Current Application Pool State", true);
    [Counter { instance: Some(pool.to_owned()), exposed, ..state }]
}

const fn counter(key: &'static str, object: &'static str, name: &'static str, required: bool) -> Counter {
    Counter { key, object, instance: None, name, given: None, exposed: Exposed::Value, required }
}

const CALL_ROUTER: &str = "MSExchangeUMCallRouterAvailability";

const UM: &str = "MSExchangeUMAvailability";

/// The states of an application pool, in the order of their numbers, from 1.
pub(crate) const POOL_STATES: [&str; 7] =
    ["Uninitialized", "Initialized", "Running", "Disabling", "Disabled", "Shutdown Pending", "Delete Pending"];
