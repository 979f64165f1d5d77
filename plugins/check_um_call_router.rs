//! The plugin `check_um_call_router`.

fn main() {
    check_um::run::<check_um::checks::CallRouter>()
}
