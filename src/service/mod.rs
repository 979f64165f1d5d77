//! Is a Windows service there, enabled and running, and is the Exchange component behind it in service?
//!
//! [`ask`] brings what the service manager and the registry of a host know; [`judge`] and [`component`] say what that
//! means, without a system to ask.

pub mod component;
pub mod judge;
pub mod refusal;
#[cfg(windows)]
mod registry;
#[cfg(windows)]
mod windows;

use std::fmt;
use std::time::SystemTime;

use self::component::Component;
#[cfg(windows)]
use self::windows::Host;
use crate::report::{Class, Failure};
use crate::time::deadline::Deadline;

/// What the service manager of a host knows of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceStatus {
    /// The name, as it was asked for.
    pub name: String,
    /// The name that the system shows to people.
    pub display_name: String,
    /// What starts it.
    pub start: Start,
    /// What it is doing.
    pub condition: Condition,
    /// The process that it runs in, while it runs.
    pub process: Option<u32>,
    /// When that process was created; `None` where that could not be found out.
    pub since: Option<SystemTime>,
    /// How it ended the last time.
    pub exit: Exit,
    /// What could not be found out about it, and why.
    pub notes: Vec<String>,
}

/// What starts a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The loader: a driver.
    Boot,
    /// The kernel: a driver.
    System,
    /// The service manager when the system starts.
    Automatic {
        /// Whether after the others.
        delay: Delay,
    },
    /// Whoever asks for it.
    Manual,
    /// Nobody can.
    Disabled,
    /// A number that no documentation of the service manager knows.
    Other(u32),
}

/// When a service that is started with the system starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// At once.
    None,
    /// Some minutes after the others.
    Delayed,
    /// Nobody could say.
    Unknown,
}

/// What a service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It does not run.
    Stopped,
    /// It was told to start and does not work yet.
    StartPending,
    /// It was told to stop and has not ended yet.
    StopPending,
    /// It works.
    Running,
    /// It was paused and is about to work again.
    ContinuePending,
    /// It is about to pause.
    PausePending,
    /// Its process is there, and takes no work.
    Paused,
    /// A number that no documentation of the service manager knows.
    Other(u32),
}

/// How a service ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// The Windows error code; 0 when it was told to stop.
    pub code: u32,
    /// That code in words of the system, empty where it has none.
    pub words: String,
    /// The code of its own, which only counts where the Windows error code says so.
    pub specific: u32,
}

/// What a host knows of all that was asked about.
#[derive(Debug)]
pub struct HostStatus {
    /// Each service, in the order of asking.
    pub services: Vec<Result<ServiceStatus, Failure>>,
    /// The component, if one was asked about.
    pub component: Option<Result<Component, Failure>>,
}

impl Start {
    /// Of the service manager's number.
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Boot,
            1 => Self::System,
            2 => Self::Automatic { delay: Delay::Unknown },
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
            Self::Automatic { delay: Delay::Delayed } => f.write_str("automatic, delayed"),
            Self::Automatic { .. } => f.write_str("automatic"),
            Self::Manual => f.write_str("manual"),
            Self::Disabled => f.write_str("disabled"),
            Self::Other(number) => write!(f, "start type {number}"),
        }
    }
}

impl Condition {
    /// Of the service manager's number.
    pub const fn from_number(number: u32) -> Self {
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

/// What to say where there is no service manager to ask.
pub const NEEDS_WINDOWS: &str = "only Windows has a service manager: run this check on the Exchange server, by \
                                 NSClient++, SNClient, the Icinga or Zabbix agent, or Operations Manager";

/// Asks the service manager of `host`, or of this one, about services, and its registry about a component.
///
/// Of a host that is silent the calls return after a minute or so: the deadline does not wait for them.
#[cfg(windows)]
pub async fn ask(
    host: Option<&str>,
    services: &[String],
    component: Option<&str>,
    deadline: &Deadline,
) -> Result<HostStatus, Failure> {
    let host = Host::of(host);
    let (asked, names) = (host.clone(), services.to_vec());
    let stage = || format!("asking the service manager of {}", host.name());
    let services = within(deadline, stage, move || windows::services(&asked, &names)).await?;
    let component = match component {
        None => None,
        Some(name) => {
            let (asked, name) = (host.clone(), name.to_owned());
            let stage = || format!("asking the registry of {}", host.name());
            Some(within(deadline, stage, move || registry::component(&asked, &name)).await)
        }
    };
    Ok(HostStatus { services, component })
}

#[cfg(windows)]
async fn within<T: Send + 'static>(
    deadline: &Deadline,
    stage: impl FnOnce() -> String,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = deadline.limit_blocking(stage, work).await;
    done.unwrap_or_else(|expired| Err(Failure::caused_by(Class::Timeout, &expired)))
}

/// There is nobody to ask.
#[cfg(not(windows))]
pub async fn ask(_: Option<&str>, _: &[String], _: Option<&str>, _: &Deadline) -> Result<HostStatus, Failure> {
    Err(Failure::new(Class::NoData, NEEDS_WINDOWS))
}
