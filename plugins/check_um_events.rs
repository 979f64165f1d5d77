//! The plugin `check_um_events`.

fn main() {
    check_um::run::<check_um::checks::Events>()
}
