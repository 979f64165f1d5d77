//! Does any PKCS#12 end in certificates or an error, without a panic? What is not encrypted is reached without a passphrase,
//! whatever the MAC is.
#![no_main]

use check_um::door::container::bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let _ = bundle::read(content, None);
    let _ = bundle::read(content, Some("open sesame"));
});
