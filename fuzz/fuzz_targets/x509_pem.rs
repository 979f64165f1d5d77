//! Does any PEM text end in blocks or an error that names a line, without a panic?
#![no_main]

use check_um::door::container::pem;
use check_um::door::tls::identity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let lines = content.split(|&byte| byte == b'\n').count();
    for block in pem::blocks(content) {
        let line = match block {
            Ok(block) => block.line,
            Err(pem::PemError::NotABegin(line) | pem::PemError::Unended(line) | pem::PemError::NotBase64(line)) => line,
        };
        assert!((1..=lines).contains(&line));
    }
    let _ = identity::certificates(content, None);
    let _ = identity::private_key(content, Some("secret"));
});
