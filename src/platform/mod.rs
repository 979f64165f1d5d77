//! What does the system offer beyond std? The only room with unsafe code.

pub(crate) mod random;
#[cfg(unix)]
pub(crate) mod unix;
#[cfg(windows)]
pub(crate) mod windows;
