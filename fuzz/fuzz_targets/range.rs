//! Does every text that is a range print as one that reads back the same, and judge every value alike?
#![no_main]

use check_um::door::report::Range;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (f64, &str)| {
    let (value, text) = input;
    let Ok(range) = text.parse::<Range>() else { return };
    let printed = range.to_string();
    let again: Range = printed.parse().expect("what was printed is a range");
    assert_eq!(again.to_string(), printed);
    assert_eq!(again.is_violated_by(value), range.is_violated_by(value));
    assert!(!printed.contains(['e', 'E', 'N', ',']));
});
