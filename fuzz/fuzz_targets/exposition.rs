//! Does any metrics page make its reader panic?
#![no_main]

use std::time::{Duration, Instant, SystemTime};

use check_um::door::counters::CounterQuery;
use check_um::door::counters::prometheus::reading;
use check_um::door::counters::role::{Role, app_pool};
use check_um::door::time::deadline::Deadline;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let deadline = Deadline::new(Instant::now(), Duration::from_secs(10));
    let window = Duration::from_secs(3_600);
    let counters = Role::CallRouter.counters(true);
    let query = CounterQuery { counters, host: None, window, deadline };
    let _ = reading(text, &query, "http://cas1.example.com/", SystemTime::UNIX_EPOCH);
    let counters = app_pool("MSExchangeServicesAppPool");
    let query = CounterQuery { counters, host: Some("cas1".to_owned()), window, deadline };
    let _ = reading(text, &query, "http://cas1.example.com/", SystemTime::UNIX_EPOCH);
});
