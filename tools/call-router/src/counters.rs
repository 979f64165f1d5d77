//! What would typeperf have written during the last hour? A log of the router's counters, up to this minute.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

/// One sample a minute; of 600 calls in the hour `rejected` per cent were rejected, the pool is in `pool_state`.
pub fn log(rejected: u64, pool_state: u8) -> String {
    let calls = r"\\CAS1\MSExchangeUMCallRouterAvailability";
    let mut log = format!(
        "\"(PDH-CSV 4.0) (UTC)(0)\",\"{calls}\\Total Inbound Calls Received by the UM Call Router\",\
         \"{calls}\\Total Inbound Calls Rejected by the UM Call Router\",\
         \"{calls}\\% of Missed Call Notification Proxy Failed at UM Call Router Over the Last Hour\",\
         \"\\\\CAS1\\APP_POOL_WAS(MSExchangeServicesAppPool)\\Current Application Pool State\"\r\n"
    );
    for minute in 0..=60 {
        let received = minute * 10;
        log += &format!(
            "\"{}\",\"{received}\",\"{}\",\"{rejected}\",\"{pool_state}\"\r\n",
            timestamp(60 - minute),
            received * rejected / 100
        );
    }
    log
}

/// `MM/DD/YYYY HH:MM:SS.mmm`, some minutes ago.
fn timestamp(minutes_ago: u64) -> String {
    let at = OffsetDateTime::from(SystemTime::now() - Duration::from_secs(minutes_ago * 60));
    let (month, second) = (u8::from(at.month()), at.second());
    format!("{month:02}/{:02}/{} {:02}:{:02}:{second:02}.000", at.day(), at.year(), at.hour(), at.minute())
}
