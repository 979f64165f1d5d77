//! Does any certificate file end in certificates or an error, without a panic?
#![no_main]

use check_um::door::container::bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (passphrase, content) = input;
    for passphrase in [None, Some(passphrase)] {
        if let Ok(bundle) = bundle::read(content, passphrase) {
            let _ = bundle.unread();
            let count = bundle.certificates.len();
            assert!(bundle.chain().is_some() && count > 0);
        }
    }
});
