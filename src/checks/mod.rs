//! Which checks are there? One question to a file, and the register that everything else about them is made from.

mod ad_ds;
mod app_pool;
mod cert_expiry;
mod events;
mod health_set;
mod missed_call_proxy;
mod reject_rate;
mod service;
mod shared_advice;
mod sip_options;

pub use self::ad_ds::AdDs;
pub use self::app_pool::AppPool;
pub use self::cert_expiry::CertExpiry;
pub use self::events::Events;
pub use self::health_set::HealthSet;
pub use self::missed_call_proxy::MissedCallProxy;
pub use self::reject_rate::RejectRate;
pub use self::service::Service;
pub use self::sip_options::SipOptions;

use crate::options::{self, Options};
use crate::report::About;

/// A check as the man pages, the schedulers' files and the tests see it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its fixed facts.
    pub about: &'static About,
    /// Its command line.
    pub command: fn() -> clap::Command,
}

/// Every check, in the order of the alphabet. No plugin refers to it, so that each holds its own check only.
pub const ALL: &[Entry] = &[
    entry::<AdDs>(),
    entry::<AppPool>(),
    entry::<CertExpiry>(),
    entry::<Events>(),
    entry::<HealthSet>(),
    entry::<MissedCallProxy>(),
    entry::<RejectRate>(),
    entry::<Service>(),
    entry::<SipOptions>(),
];

const fn entry<O: Options>() -> Entry {
    Entry { about: O::ABOUT, command: options::command::<O> }
}
