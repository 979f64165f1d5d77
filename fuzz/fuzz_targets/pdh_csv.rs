//! Does any log make its reader panic, or give rows that do not follow each other?
#![no_main]

use std::time::{Duration, Instant};

use check_um::door::counters::CounterQuery;
use check_um::door::counters::csv::read;
use check_um::door::counters::role::Role;
use check_um::door::time::deadline::Deadline;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let query = CounterQuery {
        counters: Role::CallRouter.counters(true),
        host: None,
        window: Duration::from_secs(3_600),
        deadline: Deadline::new(Instant::now(), Duration::from_secs(10)),
    };
    if let Ok(log) = read(bytes, 0, &query, "log") {
        assert!(log.rows().windows(2).all(|rows| rows[0].time < rows[1].time));
    }
});
