//! The plugin `check_um_missed_call_proxy`.

fn main() {
    check_um::run::<check_um::checks::MissedCallProxy>()
}
