//! Whom is trusted to issue certificates, and does a chain lead there? Given anchors, or those of this system.

pub mod anchors;
pub mod system;
#[cfg(windows)]
mod windows;
