//! The plugin `check_um_cert_expiry`.

fn main() {
    check_um::run::<check_um::checks::CertExpiry>()
}
