//! Why did a library not come to the end of the handshake?

use std::io;

pub(super) enum Ended {
    /// It cannot even begin here.
    Unprepared(String),
    /// The peer hung up.
    HungUp(io::Error),
    /// Whatever else it says.
    Broken(String),
}
