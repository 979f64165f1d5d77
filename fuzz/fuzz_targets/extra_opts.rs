//! Is any text an ini file or a clear error, without a panic?
#![no_main]

use check_um::door::options::{IniError, entries};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (section, text) = input;
    match entries(text, section) {
        Ok(entries) => {
            for entry in entries {
                assert!((1..=text.lines().count()).contains(&entry.line));
                assert!(!entry.key.starts_with('-') && !entry.key.is_empty());
            }
        }
        Err(IniError::BadLine(line) | IniError::BadHeader(line)) => assert!((1..=text.lines().count()).contains(&line)),
        Err(IniError::NoSection) => {}
    }
});
