//! What does the system offer beyond std? The only room with unsafe code.

pub(crate) mod memory;
pub(crate) mod random;
pub(crate) mod resource;
#[cfg(unix)]
pub(crate) mod unix;
#[cfg(windows)]
pub(crate) mod windows;
