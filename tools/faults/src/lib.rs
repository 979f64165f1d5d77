//! What does a plugin make of a system call that fails? Every call of a run, each in its turn, with every error that it can have.
//!
//! A *way* is one command line of a plugin against a peer on loopback. It is run undisturbed first; then once for each of its
//! system calls from `main` on, for each error of that call: it fails once, or from then on for good; and once with a single
//! byte of what was to be read or written. What is judged is what a scheduler sees, the history that is kept, and the call
//! that must not stay behind.
//!
//! ```text
//! command   the command line
//! proof     one way: which faults there are, played by several at once
//! ways      what is run, and against whom
//! judge     is this what the plugin promises?
//! callee    who is called, and which calls are still up
//! peers     who else is asked
//! tracer    a run in which one call fails, by ptrace
//! calls     the system calls and their errors
//! ```

#![cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), allow(unused))]

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod callee;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod calls;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod command;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod judge;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod peers;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod proof;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tracer;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod ways;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use command::main;

/// Elsewhere there is nothing to be traced with.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}
