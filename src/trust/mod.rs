//! Whom is trusted to issue certificates, and does a chain lead there? Given anchors, or those of this system.

pub(crate) mod anchors;
mod authority;
mod constraints;
mod distrust;
pub(crate) mod signature;
pub(crate) mod system;
#[cfg(windows)]
mod windows;
