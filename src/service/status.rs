//! What can a host know of a service, and of the component behind it?
#![cfg_attr(not(any(windows, test)), expect(dead_code, reason = "only Windows has numbers for them"))]

use std::fmt;
use std::time::SystemTime;

use super::component::Component;
use crate::report::Failure;

/// What the service manager of a host knows of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceStatus {
    /// The name, as it was asked for.
    pub name: String,
    pub display_name: String,
    pub start: Start,
    pub condition: Condition,
    /// The process that it runs in, while it runs.
    pub process: Option<u32>,
    /// When that process was created; `None` where that could not be found out.
    pub since: Option<SystemTime>,
    /// How it ended; `None` where the source does not know.
    pub exit: Option<Exit>,
    /// What could not be found out about it, and why.
    pub notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The loader: a driver.
    Boot,
    /// The kernel: a driver.
    System,
    Automatic(Delay),
    Manual,
    Disabled,
    /// A number that no documentation of the service manager knows.
    Other(u32),
    /// The source does not say it.
    Unknown,
}

/// When a service that is started with the system starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delay {
    /// At once.
    None,
    /// Some minutes after the others.
    Delayed,
    Unknown,
}

/// What a service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Stopped,
    StartPending,
    StopPending,
    Running,
    ContinuePending,
    PausePending,
    /// Its process is there, and takes no work.
    Paused,
    /// A number that no documentation of the service manager knows.
    Other(u32),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exit {
    /// The Windows error code; 0 when it was told to stop.
    pub code: u32,
    /// That code in words of the system, empty where it has none.
    pub words: String,
    /// The code of its own, which only counts where the Windows error code says so.
    pub specific: u32,
}

/// What a host knows of all that was asked about.
#[derive(Debug)]
pub(crate) struct HostStatus {
    /// Each service, in the order of asking.
    pub services: Vec<Result<ServiceStatus, Failure>>,
    /// The component, if one was asked about.
    pub component: Option<Result<Component, Failure>>,
}

impl Start {
    /// Of the service manager's number.
    pub(crate) const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Boot,
            1 => Self::System,
            2 => Self::Automatic(Delay::Unknown),
            3 => Self::Manual,
            4 => Self::Disabled,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boot => f.write_str("boot"),
            Self::System => f.write_str("system"),
            Self::Automatic(Delay::Delayed) => f.write_str("automatic, delayed"),
            Self::Automatic(_) => f.write_str("automatic"),
            Self::Manual => f.write_str("manual"),
            Self::Disabled => f.write_str("disabled"),
            Self::Other(number) => write!(f, "start type {number}"),
            Self::Unknown => f.write_str("start mode unknown"),
        }
    }
}

impl Condition {
    /// Of the service manager's number.
    pub(crate) const fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Stopped,
            2 => Self::StartPending,
            3 => Self::StopPending,
            4 => Self::Running,
            5 => Self::ContinuePending,
            6 => Self::PausePending,
            7 => Self::Paused,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::StartPending => f.write_str("starting"),
            Self::StopPending => f.write_str("stopping"),
            Self::Running => f.write_str("running"),
            Self::ContinuePending => f.write_str("about to continue"),
            Self::PausePending => f.write_str("about to pause"),
            Self::Paused => f.write_str("paused"),
            Self::Other(number) => write!(f, "in state {number}"),
        }
    }
}
