//! Check plugins for SIP servers and for Exchange's Unified Messaging Call Router.
//!
//! Data flows one way. A check is given its options and a context; it acquires an answer, measures it, judges it and returns
//! a report, which [`run`] renders, prints and exits with. Nothing after the check changes a state, and nothing before the
//! renderer knows which characters are special where.
//!
//! A room uses only rooms below it, and those of one line do not know each other; `tests/rooms.rs` sees to it.
//!
//! ```text
//! checks                 one file, one question
//! plugin                 what makes a check a process: options, deadline, signals, exit code
//! options                groups of options that checks share
//! render                 a report as text, JSON, a property bag
//! sip  counters  health  service  directory
//! events                 the event log of Windows
//! exporter               Prometheus' text format, over HTTP
//! tls                    handshakes, and the chain that a server shows
//! trust                  whom this system trusts
//! container              PEM, PKCS#7, PKCS#12, stores
//! x509                   certificates, chains, their judgement
//! exchange               what Exchange says about itself
//! net                    names, addresses, connections
//! input                  files and standard input
//! report                 state, failure, finding, metric, thresholds
//! time                   deadline, calendar, durations in words
//! platform               what the system offers beyond std
//! ```

#![warn(unreachable_pub)]

pub mod checks;
mod container;
mod counters;
mod directory;
#[doc(hidden)]
pub mod door;
mod events;
mod exchange;
mod exporter;
mod health;
mod input;
mod net;
mod options;
mod platform;
mod plugin;
mod render;
mod report;
mod service;
mod sip;
mod time;
mod tls;
mod trust;
mod x509;

pub use plugin::run;
