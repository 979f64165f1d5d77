//! Does any export of the event log make its reader panic? Records, the codes in their texts, the monitors in transitions.
#![no_main]

use std::time::{Duration, SystemTime};

use check_um::door::events::tally::{EventWindow, Tally, histogram, rules};
use check_um::door::events::xml::{read, read_stream};
use check_um::door::health::judge::describe;
use check_um::door::health::transition::Transitions;
use check_um::door::input::decode;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let rules = rules(&[]);
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_453_200);
    let window = EventWindow { until, length: Duration::MAX, is_open: true };
    let mut tally = Tally::new("MSExchange Unified Messaging", &rules, window);
    let _ = read_stream(bytes, |recorded| tally.add(recorded));
    let _ = histogram(&tally.codes);

    let Ok(export) = read(&decode(bytes.to_vec())) else { return };
    for monitor in Transitions::from_records(&export.records).monitors(&["UM.CallRouter".to_owned()]) {
        let _ = describe(&monitor, true);
    }
});
