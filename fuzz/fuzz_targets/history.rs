//! Does any state file make its reader panic, or grow without bounds?
#![no_main]

use std::time::{Duration, SystemTime};

use check_um::door::counters::history::{History, MAGIC, MAX_BYTES, digest_of};
use check_um::door::counters::rate::{Totals, growth, series};

const HOUR: Duration = Duration::from_secs(3_600);

libfuzzer_sys::fuzz_target!(|body: &str| {
    let _ = History::decode(body.as_bytes());
    // With the right digest in front, so that what stands behind it is read too.
    let Ok(mut history) = History::decode(format!("{MAGIC}1 {}\n{body}", digest_of(body)).as_bytes()) else { return };
    let sample = Totals { time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_453_200), values: [7, 1] };
    if let Ok(known) = history.record("k", &[sample], HOUR) {
        let _ = growth(&series(known.samples, HOUR));
    }
    if let Ok(text) = history.encode() {
        assert!(text.len() <= MAX_BYTES);
        assert_eq!(History::decode(&text), Ok(history));
    }
});
