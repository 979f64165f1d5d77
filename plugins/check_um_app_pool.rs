//! The plugin `check_um_app_pool`.

fn main() {
    check_um::run::<check_um::checks::AppPool>()
}
