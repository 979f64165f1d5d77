//! The plugin `check_um_reject_rate`.

fn main() {
    check_um::run::<check_um::checks::RejectRate>()
}
