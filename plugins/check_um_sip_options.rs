//! The plugin `check_um_sip_options`.

fn main() {
    check_um::run::<check_um::checks::SipOptions>()
}
