//! Does any value below ServerComponentStates make its reader panic, or vanish without a word?
#![no_main]

use check_um::door::report::Class;
use check_um::door::service::component::{Component, request};

// Lines `REQUESTER=VALUE`; one without a value is of another kind than text, and `!` in front is of the whole server.
libfuzzer_sys::fuzz_target!(|text: &str| {
    let values: Vec<(bool, &str, Option<&str>)> = text.lines().map(read).collect();
    let mut component = Component::new("UMCallRouter");
    for (whole, requester, value) in &values {
        component.add(if *whole { "ServerWideOffline" } else { "UMCallRouter" }, requester, *value);
    }
    assert_eq!(component.requests.len() + component.unreadable.len(), values.len());
    let failures = component.failures();
    let unreadable = values.iter().any(|(.., value)| value.and_then(request).is_none());
    assert_eq!(failures.iter().any(|failure| failure.class == Class::Unreadable), unreadable);
    assert!(failures.len() <= 3 && !component.describe().is_empty());
});

fn read(line: &str) -> (bool, &str, Option<&str>) {
    let (whole, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
    match line.split_once('=') {
        Some((requester, value)) => (whole, requester, Some(value)),
        None => (whole, line, None),
    }
}
