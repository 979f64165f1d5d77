//! Which plugins are there, and what are their options? Each plugin's own source, for the man pages and the conventions.
//!
//! A new plugin adds itself twice: its module, and its line in [`all`].

use check_um::about::About;
use check_um::cli::{self, Arguments};

#[path = "../../plugins/check_um_ad_ds.rs"]
mod check_um_ad_ds;
#[path = "../../plugins/check_um_app_pool.rs"]
mod check_um_app_pool;
#[path = "../../plugins/check_um_cert_expiry.rs"]
mod check_um_cert_expiry;
#[path = "../../plugins/check_um_events.rs"]
mod check_um_events;
#[path = "../../plugins/check_um_health_set.rs"]
mod check_um_health_set;
#[path = "../../plugins/check_um_missed_call_proxy.rs"]
mod check_um_missed_call_proxy;
#[path = "../../plugins/check_um_reject_rate.rs"]
mod check_um_reject_rate;
#[path = "../../plugins/check_um_service.rs"]
mod check_um_service;
#[path = "../../plugins/check_um_sip_options.rs"]
mod check_um_sip_options;

/// One plugin, as its source describes it.
pub struct Plugin {
    /// Its fixed facts.
    pub about: &'static About,
    /// Its command line.
    pub command: clap::Command,
}

/// Every plugin, in the order of the alphabet.
pub fn all() -> Vec<Plugin> {
    vec![
        plugin::<check_um_ad_ds::Arguments>(),
        plugin::<check_um_app_pool::Arguments>(),
        plugin::<check_um_cert_expiry::Arguments>(),
        plugin::<check_um_events::Arguments>(),
        plugin::<check_um_health_set::Arguments>(),
        plugin::<check_um_missed_call_proxy::Arguments>(),
        plugin::<check_um_reject_rate::Arguments>(),
        plugin::<check_um_service::Arguments>(),
        plugin::<check_um_sip_options::Arguments>(),
    ]
}

fn plugin<A: Arguments>() -> Plugin {
    Plugin { about: A::ABOUT, command: cli::command::<A>() }
}
