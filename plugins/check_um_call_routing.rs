//! The plugin `check_um_call_routing`.

fn main() {
    check_um::run::<check_um::checks::CallRouting>()
}
