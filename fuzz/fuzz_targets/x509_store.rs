//! Is a store with any certificates in it, asked for by any text, answered with each of them at most once?
#![no_main]

use check_um::door::container::store::{StoreName, Thumbprint, Wanted, choose};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str, &[u8])| {
    let (store, thumbprint, subject, der) = input;
    // One twice, and one that is cut.
    let ders = [der, &der[..der.len() / 2], der].map(<[u8]>::to_vec);
    let Ok(store) = store.parse::<StoreName>() else { return };
    assert_eq!(store.to_string().parse(), Ok(store.clone()));
    let thumbprints: Vec<Thumbprint> = thumbprint.parse().into_iter().collect();
    for thumbprint in &thumbprints {
        assert_eq!(thumbprint.to_string().parse(), Ok(*thumbprint));
    }
    let wanted = Wanted { thumbprints, subjects: vec![subject.to_owned()] };
    let (items, failures) = choose(&ders, &wanted, &store);
    assert!(items.len() <= ders.len() && failures.len() <= 2);
});
