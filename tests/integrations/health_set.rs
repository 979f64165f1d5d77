//! Which checks make up the health set UM.CallRouter, from where is each run, and how often?
//!
//! The one table that all schedulers' files are made from. Managed Availability's own probe runs every 2 minutes with a
//! time limit of 5 seconds, and its monitor turns after 4 failures in a row; what follows its rhythm says so below.

/// One check as a scheduler runs it.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The scheduler's name for it, in kebab-case.
    pub name: &'static str,
    /// What a person reads.
    pub title: &'static str,
    /// The plugin.
    pub plugin: &'static str,
    /// Where it is run.
    pub vantage: Vantage,
    /// Minutes from one run to the next.
    pub interval: u32,
    /// Minutes from a failed run to the next, until the state is hard.
    pub retry: u32,
    /// Runs in a row that must fail before anybody is told.
    pub attempts: u32,
    /// The plugin's own deadline in seconds: below the agent's, which is below the scheduler's.
    pub timeout: u32,
    /// Long options with their values, beside the target's.
    pub arguments: &'static [(&'static str, &'static str)],
    /// The check without which this one's alert says nothing new.
    pub depends_on: Option<&'static str>,
}

/// From where a question can be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vantage {
    /// From any host that reaches the router.
    Network,
    /// The same, where the router speaks TLS: its default startup mode does not.
    Tls,
    /// On the Exchange server itself, by an agent.
    Agent,
    /// From any host that reaches a domain controller.
    Directory,
}

/// The whole health set.
pub const CHECKS: &[Check] = &[
    Check {
        name: "um-sip-options",
        title: "UM SIP OPTIONS",
        plugin: "check_um_sip_options",
        vantage: Vantage::Network,
        interval: 2,
        retry: 2,
        attempts: 4,
        timeout: 5,
        arguments: &[],
        depends_on: Some("um-service"),
    },
    Check {
        name: "um-sip-options-tls",
        title: "UM SIP OPTIONS over TLS",
        plugin: "check_um_sip_options",
        vantage: Vantage::Tls,
        // Without a client certificate each run leaves an event 1649 on the server: not more often than needed.
        interval: 10,
        retry: 2,
        attempts: 4,
        timeout: 5,
        arguments: &[("--transport", "tls")],
        depends_on: Some("um-service"),
    },
    Check {
        name: "um-cert-expiry",
        title: "UM certificate",
        plugin: "check_um_cert_expiry",
        vantage: Vantage::Tls,
        interval: 6 * 60,
        retry: 30,
        attempts: 2,
        timeout: 10,
        arguments: &[],
        depends_on: None,
    },
    Check {
        name: "um-service",
        title: "UM Call Router service",
        plugin: "check_um_service",
        vantage: Vantage::Agent,
        interval: 2,
        retry: 1,
        attempts: 2,
        timeout: 5,
        arguments: &[],
        depends_on: None,
    },
    Check {
        name: "um-reject-rate",
        title: "UM rejected calls",
        plugin: "check_um_reject_rate",
        vantage: Vantage::Agent,
        interval: 5,
        retry: 5,
        attempts: 2,
        timeout: 10,
        arguments: &[],
        depends_on: Some("um-service"),
    },
    Check {
        name: "um-missed-call-proxy",
        title: "UM missed-call notifications",
        plugin: "check_um_missed_call_proxy",
        vantage: Vantage::Agent,
        interval: 5,
        retry: 5,
        attempts: 2,
        timeout: 10,
        arguments: &[],
        depends_on: Some("um-service"),
    },
    Check {
        name: "um-app-pool",
        title: "UM application pool",
        plugin: "check_um_app_pool",
        vantage: Vantage::Agent,
        interval: 2,
        retry: 1,
        attempts: 3,
        timeout: 10,
        arguments: &[],
        depends_on: None,
    },
    Check {
        name: "um-health-set",
        title: "UM health set",
        plugin: "check_um_health_set",
        vantage: Vantage::Agent,
        interval: 5,
        retry: 2,
        attempts: 3,
        timeout: 10,
        arguments: &[],
        depends_on: None,
    },
    Check {
        name: "um-events",
        title: "UM events",
        plugin: "check_um_events",
        vantage: Vantage::Agent,
        interval: 5,
        retry: 5,
        attempts: 1,
        timeout: 10,
        arguments: &[],
        depends_on: None,
    },
    Check {
        name: "um-ad-ds",
        title: "UM directory",
        plugin: "check_um_ad_ds",
        vantage: Vantage::Directory,
        interval: 5,
        retry: 1,
        attempts: 3,
        timeout: 10,
        arguments: &[],
        depends_on: None,
    },
];
