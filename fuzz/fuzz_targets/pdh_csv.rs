//! Does any log make its reader panic, or say something else from its end than from its beginning?
#![no_main]

use std::io::Cursor;
use std::time::{Duration, Instant};

use check_um::time::deadline::Deadline;
use check_um::counters::Query;
use check_um::counters::csv::{backwards, forwards};
use check_um::counters::role::Role;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let query = Query {
        counters: Role::CallRouter.counters(true),
        host: None,
        window: Duration::from_secs(3_600),
        deadline: Deadline::new(Instant::now(), Duration::from_secs(10)),
    };
    let forwards = forwards(bytes, &query, "log");
    // `None` is a log whose columns change on the way, which is then read forwards.
    let _ = backwards(Cursor::new(bytes), &query, "log");
    if let Ok(log) = forwards {
        assert!(log.rows().windows(2).all(|rows| rows[0].time < rows[1].time));
    }
});
