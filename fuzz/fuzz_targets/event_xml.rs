//! Does any export of the event log make its reader panic? Records, the codes in their texts, the monitors in transitions.
#![no_main]

use std::time::{Duration, SystemTime};

use check_um::door::events::tally::{EventWindow, histogram, rules, tally};
use check_um::door::events::xml::read;
use check_um::door::health::judge::describe;
use check_um::door::health::transition::Transitions;
use check_um::door::input::decode;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(export) = read(&decode(bytes.to_vec())) else { return };
    let rules = rules(&[]);
    let window = EventWindow { until: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_453_200), length: Duration::MAX };
    let tally = tally(&export.records, "MSExchange Unified Messaging", &rules, window);
    let _ = histogram(&tally.codes);
    for monitor in Transitions::from_records(&export.records).monitors(&["UM.CallRouter".to_owned()]) {
        let _ = describe(&monitor, true);
    }
});
