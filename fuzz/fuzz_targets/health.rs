//! Does any export of Get-ServerHealth make its reader panic? JSON, CSV and what looks like them.
#![no_main]

use check_um::door::health::{judge, read};
use check_um::door::input::decode;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(export) = read(&decode(bytes.to_vec())) else { return };
    let health_sets = ["UM.CallRouter".to_owned()];
    let selection = judge::select(&export.monitors, &health_sets, &["UMCallRouterTestMonitor".to_owned()]);
    let _ = selection.summary(&health_sets);
    for monitor in &export.monitors {
        let _ = (judge::rating(&monitor.alert_value), judge::describe(monitor, true));
    }
});
