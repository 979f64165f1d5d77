//! The plugin `check_um_ad_ds`.

fn main() {
    check_um::run::<check_um::checks::AdDs>()
}
