//! Which checks are there? One question to a file, and the register that everything else about them is made from.

mod ad_ds;
mod app_pool;
mod call_routing;
mod call_routing_advice;
mod call_routing_service;
mod cert_advice;
mod cert_expiry;
mod cert_servers;
mod events;
mod health_set;
mod missed_call_proxy;
mod reject_rate;
pub mod schedule;
mod service;
mod shared_advice;
mod sip_advice;
mod sip_options;
mod sip_services;

pub use self::ad_ds::AdDs;
pub use self::app_pool::AppPool;
pub use self::call_routing::CallRouting;
pub use self::cert_expiry::CertExpiry;
pub use self::events::Events;
pub use self::health_set::HealthSet;
pub use self::missed_call_proxy::MissedCallProxy;
pub use self::reject_rate::RejectRate;
pub use self::service::Service;
pub use self::sip_options::SipOptions;

use std::ffi::OsString;

use self::schedule::Scheduled;
use crate::options::{Need, Options, command_line};
use crate::report::About;

/// A check as everything that is made for all of them sees it: man pages, schedulers' files, tests.
#[derive(Clone, Copy, Debug)]
pub struct RegisteredCheck {
    /// Its fixed facts.
    pub about: &'static About,
    /// Its command line.
    pub command: fn() -> clap::Command,
    /// Whether these arguments, the program's name first, are understood; what is wrong with them where not.
    pub parse: fn(Vec<OsString>) -> Result<(), String>,
    /// Each way to call it, without its name.
    pub usage: &'static [&'static str],
    /// Command lines to begin with, without its name.
    pub examples: [&'static str; 3],
    /// Which of its options need others.
    pub needs: &'static [&'static [Need]],
    /// How schedulers run it.
    pub services: &'static [schedule::ScheduledService],
}

/// Every check, in the order of the health set: does it answer, does it take calls, why not. No plugin refers to it, so
/// that each holds its own check only.
pub const ALL: &[RegisteredCheck] = &[
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

const fn entry<T: Options + Scheduled>() -> RegisteredCheck {
    RegisteredCheck {
        about: T::ABOUT,
        command: command_line::command::<T>,
        parse: |argv| {
            command_line::parse::<T>(command_line::bare_command::<T>(), argv)
                .map(|_| ())
                .map_err(|error| error.to_string())
        },
        usage: T::USAGE,
        examples: T::EXAMPLES,
        needs: T::NEEDS,
        services: T::SERVICES,
    }
}
