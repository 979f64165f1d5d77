//! What would an Exchange server say? A simulated Call Router with what stands around it, and the scenes that it plays.
//!
//! All of it listens on loopback. The demo, the tests and `cargo run --example call_router` are made from it.

pub mod calls;
pub mod counters;
pub mod directory;
pub mod exporter;
pub mod nameserver;
pub mod router;
pub mod scene;
pub mod scenes;
