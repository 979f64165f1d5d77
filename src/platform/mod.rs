//! What does the system offer beyond std? The only room with unsafe code.

pub mod random;
#[cfg(unix)]
pub mod unix;
#[cfg(windows)]
pub mod windows;
