//! Does any certificate file end in a chain or an error, without a panic?
#![no_main]

use check_um::door::container::bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (passphrase, content) = input;
    let _ = bundle::chain(content, Some(passphrase));
    let _ = bundle::pkcs7(content);
});
