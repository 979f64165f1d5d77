//! What is known of a call that was made?

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::machine::Call;
use crate::report::{Event, Failure};
use crate::sip::probe::Facts;

/// A call that was made, and is over as far as it can be, or has its answer.
#[derive(Debug)]
pub(crate) struct Called {
    pub call: Call,
    /// When its INVITE was about to be sent.
    pub started: Instant,
    /// When it was over, or nobody was left to talk to, or what is known of it was noted.
    pub ended: Instant,
    pub media_packets: u32,
    pub log: Log,
    /// What is known, once it is over, of the servers that later requests were to go to: of each that showed a certificate.
    pub further: Vec<Facts>,
}

/// What was noted while a call was made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// Why the connection of the INVITE ended.
    pub failure: Option<Failure>,
    /// The same, where that was while the call was to be kept.
    pub broken: Option<Failure>,
    /// The signal that ended the call.
    pub signal: Option<&'static str>,
    /// What came and could not be read.
    pub unreadable: Option<Failure>,
    /// What came beside, in words.
    pub beside: String,
    /// How often the INVITE was sent.
    pub invites: u32,
    /// Who sent the final response, where that was not the peer.
    pub stranger: Option<SocketAddr>,
    /// Who sent the response that said that it rings, where that was not the peer.
    pub rang_from: Option<SocketAddr>,
    pub events: Vec<Event>,
    pub trace: Vec<String>,
}

impl Called {
    /// From `start` to the first INVITE of this call.
    pub(crate) fn since(&self, start: Instant) -> Duration {
        self.started.saturating_duration_since(start)
    }
}
