//! Does any PKCS#12 end in certificates or an error, without a panic?
#![no_main]

use check_um::door::container::bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let _ = bundle::pkcs12(content, "open sesame");
});
