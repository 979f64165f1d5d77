//! Which checks are there? One question to a file, and the register that everything else about them is made from.

mod ad_ds;
mod app_pool;
mod call_router;
mod call_routing;
mod call_routing_advice;
mod call_routing_service;
mod cert_advice;
mod cert_expiry;
mod cert_servers;
mod events;
mod health_set;
mod missed_call_proxy;
mod registered;
mod reject_doubt;
mod reject_rate;
pub mod schedule;
mod service;
mod shared_advice;
mod sip_advice;
mod sip_options;
mod sip_services;

pub use self::ad_ds::AdDs;
pub use self::app_pool::AppPool;
pub use self::call_router::CallRouter;
pub use self::call_routing::CallRouting;
pub use self::cert_expiry::CertExpiry;
pub use self::events::Events;
pub use self::health_set::HealthSet;
pub use self::missed_call_proxy::MissedCallProxy;
pub use self::registered::RegisteredCheck;
pub use self::reject_rate::RejectRate;
pub use self::service::Service;
pub use self::sip_options::SipOptions;

use self::registered::{AsksOthers, entry};

/// Every check, in the order of the health set: is all well, does it answer, does it take calls, why not. No plugin but the
/// first refers to it, so that each holds its own check only.
pub const ALL: &[RegisteredCheck] = &[
    entry::<CallRouter>(),
    entry::<SipOptions>(),
    entry::<CallRouting>(),
    entry::<CertExpiry>(),
    entry::<Service>(),
    entry::<RejectRate>(),
    entry::<MissedCallProxy>(),
    entry::<AppPool>(),
    entry::<HealthSet>(),
    entry::<Events>(),
    entry::<AdDs>(),
];

impl AsksOthers for CallRouter {
    const OTHERS: &'static [RegisteredCheck] = ALL.split_at(1).1;
}

#[cfg(test)]
mod tests;
