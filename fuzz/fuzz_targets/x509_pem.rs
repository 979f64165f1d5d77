//! Does any PEM text end in blocks or an error that names a line, without a panic?
#![no_main]

use check_um::door::tls::identity;
use check_um::door::container::pem;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    if let Ok(blocks) = pem::blocks(content) {
        let lines = content.split(|&byte| byte == b'\n').count();
        assert!(blocks.iter().all(|block| (1..=lines).contains(&block.line)));
    }
    let _ = identity::certificates(content);
    let _ = identity::private_key(content, Some("secret"));
});
