//! What does the service manager of a Windows host know of the services that are asked for? Set-up, state and process.

use super::refusal;
use super::status::{Condition, Delay, Exit, ServiceStatus, Start};
use crate::platform::windows::service_manager::ServiceManager;
use crate::platform::windows::{CallError, WindowsHost, process};
use crate::report::{Class, Failure};
use crate::time::calendar::filetime;

/// What the service manager of a host knows of services.
pub(super) fn services(host: &WindowsHost, names: &[String]) -> Result<Vec<Result<ServiceStatus, Failure>>, Failure> {
    let manager = ServiceManager::connect(host.remote());
    let manager = manager.map_err(|error| refused(host, &error, "cannot ask the service manager"))?;
    Ok(names.iter().map(|name| service(&manager, host, name)).collect())
}

/// Why the host did not answer what was attempted.
pub(super) fn refused(host: &WindowsHost, error: &CallError, attempted: &str) -> Failure {
    let (host, class) = (host.name(), refusal::class(error.code()));
    Failure::of_call(error, &format!("{attempted} of {host}"), class, &format!("the group Administrators of {host}"))
}

fn service(manager: &ServiceManager, host: &WindowsHost, name: &str) -> Result<ServiceStatus, Failure> {
    let refused = |error: CallError| match refusal::class(error.code()) {
        Class::Missing => Failure {
            causes: vec![format!("{}: {}", error.call, error.error)],
            ..Failure::new(Class::Missing, format!("there is no service {name} on {}", host.name()))
        },
        _ => self::refused(host, &error, &format!("cannot ask for service {name}")),
    };
    let service = manager.service(name).map_err(refused)?;
    let configuration = service.configuration().map_err(refused)?;
    let status = service.status().map_err(refused)?;

    let mut notes = Vec::new();
    let mut noted = |what: &str, error: CallError| notes.push(format!("{what} unknown ({error}: {})", error.error));
    let start = match Start::from_number(configuration.start_type) {
        // Wine refuses this one, and the rest is worth an answer all the same.
        Start::Automatic(_) => Start::Automatic(match service.is_delayed() {
            Ok(true) => Delay::Delayed,
            Ok(false) => Delay::None,
            Err(error) => {
                noted("whether its start is delayed is", error);
                Delay::Unknown
            }
        }),
        start => start,
    };
    let process = Some(status.process).filter(|process| *process != 0);
    // The number of a process means nothing on another host.
    let local = process.filter(|_| host.remote().is_none());
    let since =
        local.and_then(|process| process::created(process).map_err(|error| noted("its start time is", error)).ok());
    Ok(ServiceStatus {
        name: name.to_owned(),
        display_name: configuration.display_name,
        start,
        condition: Condition::from_number(status.state),
        process,
        since: since.and_then(filetime),
        exit: Some(Exit {
            code: status.exit_code,
            words: error_text(status.exit_code),
            specific: status.specific_exit_code,
        }),
        notes,
    })
}

/// What the system calls an error, empty for none.
fn error_text(code: u32) -> String {
    let text = std::io::Error::from_raw_os_error(code.cast_signed()).to_string();
    let words = text.rsplit_once(" (os error").map_or("", |(words, _)| words);
    if code == 0 { String::new() } else { words.trim().to_owned() }
}
