//! What does a plugin make of a system call that fails? tools/faults, as an example so that it lies beside the plugins.

use std::process::ExitCode;

/// Plays the ways that the command line names.
fn main() -> ExitCode {
    faults::main()
}
