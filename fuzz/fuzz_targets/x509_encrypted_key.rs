//! Does any encrypted private key end in a key or an error, without a panic?
#![no_main]

use check_um::door::container::pkcs8;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (passphrase, encrypted) = input;
    let _ = pkcs8::decrypt(encrypted, passphrase);
});
