//! The plugin `check_um_health_set`.

fn main() {
    check_um::run::<check_um::checks::HealthSet>()
}
