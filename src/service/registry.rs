//! What does the registry of a Windows host hold of an Exchange component? The values of its keys, one for each requester.

use super::component::{self, Component, MAX_REQUESTERS};
use super::windows::refused;
use crate::platform::windows::registry::RegistryKey;
use crate::platform::windows::{CallError, WindowsHost};
use crate::report::{Class, Failure};

/// What was requested of a component, and of the whole server.
pub(super) fn component(host: &WindowsHost, name: &str) -> Result<Component, Failure> {
    requests(host, name).map_err(|error| {
        let failure = refused(host, &error, "cannot read the component states");
        // The service manager of the host has answered: it is there, and only its registry cannot be asked.
        if failure.class == Class::Permission { failure } else { failure.reclassified(Class::NoData) }
    })
}

fn requests(host: &WindowsHost, name: &str) -> Result<Component, CallError> {
    let machine = RegistryKey::local_machine(host.remote())?;
    let mut component = Component::new(name);
    for part in Component::keys(name) {
        // Exchange makes the key with the first request.
        let Some(key) = machine.open(&format!(r"{}\{part}", component::KEY))? else { continue };
        for index in 0..=MAX_REQUESTERS {
            match key.value(index)? {
                None => break,
                Some(_) if index == MAX_REQUESTERS => component.too_many(part),
                Some(value) => component.add(part, &value.name, value.text.as_deref()),
            }
        }
    }
    Ok(component)
}
