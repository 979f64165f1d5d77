//! In whose words is advice given? Exchange's, where the peer is known to be one, or those of any SIP server.

/// What kind of server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PeerKind {
    /// Exchange's Call Router: advice names its services, pools and cmdlets.
    Exchange,
    /// Any other SIP server.
    Generic,
    /// Exchange where the peer says that it is, in Server or ms-diagnostics.
    Auto,
}

/// `--peer`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct PeerOptions {
    /// What kind of server is asked, which decides on the words of the advice; auto: what its answer says [default: auto]
    #[arg(long, value_enum, value_name = "KIND", help_heading = "Target")]
    peer: Option<PeerKind>,
}

impl PeerOptions {
    /// Whether advice is about Exchange, where the peer has said that it `is_exchange` or not.
    pub(crate) fn is_exchange(self, is_exchange: bool) -> bool {
        match self.peer.unwrap_or(PeerKind::Auto) {
            PeerKind::Exchange => true,
            PeerKind::Generic => false,
            PeerKind::Auto => is_exchange,
        }
    }
}
