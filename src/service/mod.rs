//! Is a Windows service there, enabled and running, and is the Exchange component behind it in service?
//!
//! [`ask`] brings what the service manager and the registry of a host know, [`exporter`] what windows_exporter says of it;
//! [`judge`] and [`component`] say what that means, without a system to ask.

pub mod component;
pub(crate) mod exporter;
pub(crate) mod judge;
pub(crate) mod refusal;
#[cfg(windows)]
mod registry;
pub(crate) mod status;
#[cfg(windows)]
mod windows;

pub(crate) use self::status::{Condition, HostStatus, ServiceStatus};
#[cfg(windows)]
use crate::platform::windows::WindowsHost;
#[cfg(not(windows))]
use crate::report::Class;
use crate::report::Failure;
use crate::time::deadline::Deadline;

/// Asks the service manager of `host`, or of this one, about services, and its registry about a component.
///
/// Of a host that is silent the calls return after a minute or so: the deadline does not wait for them.
#[cfg(windows)]
pub(crate) async fn ask(
    host: Option<&str>,
    services: &[String],
    component: Option<&str>,
    deadline: &Deadline,
) -> Result<HostStatus, Failure> {
    let host = WindowsHost::named(host);
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

/// There is nobody to ask.
#[cfg(not(windows))]
pub(crate) async fn ask(_: Option<&str>, _: &[String], _: Option<&str>, _: &Deadline) -> Result<HostStatus, Failure> {
    Err(Failure::new(Class::NoData, SERVICES_NEED_WINDOWS))
}

#[cfg(windows)]
async fn within<T: Send + 'static>(
    deadline: &Deadline,
    stage: impl FnOnce() -> String,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = deadline.limit_blocking(stage, work).await;
    done.unwrap_or_else(|unfinished| Err(unfinished.into()))
}

/// What to say where there is no service manager to ask.
pub(crate) const SERVICES_NEED_WINDOWS: &str = "only Windows has a service manager: run this check on the Exchange server, by \
                                 NSClient++, SNClient, the Icinga or Zabbix agent, or Operations Manager; \
                                 or expected --source prometheus:URL, of a windows_exporter there";
