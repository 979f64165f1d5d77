//! Does any value below ServerComponentStates make its reader panic, or vanish without a word?
#![no_main]

use check_um::door::report::Class;
use check_um::door::service::component::{Component, request};

libfuzzer_sys::fuzz_target!(|values: Vec<(bool, String, Option<String>)>| {
    let mut component = Component::new("UMCallRouter");
    for (whole, requester, value) in &values {
        component.add(if *whole { "ServerWideOffline" } else { "UMCallRouter" }, requester, value.as_deref());
    }
    assert_eq!(component.requests.len() + component.unreadable.len(), values.len());
    let failures = component.failures();
    let unreadable = values.iter().any(|(.., value)| value.as_deref().and_then(request).is_none());
    assert_eq!(failures.iter().any(|failure| failure.class == Class::Unreadable), unreadable);
    assert!(failures.len() <= 3 && !component.describe().is_empty());
});
