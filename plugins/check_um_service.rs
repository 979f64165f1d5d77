//! The plugin `check_um_service`.

fn main() {
    check_um::run::<check_um::checks::Service>()
}
