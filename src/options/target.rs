//! Where is the host asked? Port and address family.

use super::plain::port;
use crate::net::family::Family;

/// `-p`, `-4`, `-6`.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Target")]
pub(crate) struct EndpointOptions {
    /// Port to connect to [default: the protocol's own]
    #[arg(short, long, value_parser = port)]
    pub port: Option<u16>,

    /// Use IPv4 addresses only
    #[arg(short = '4', long = "ipv4", conflicts_with = "ipv6")]
    pub ipv4: bool,

    /// Use IPv6 addresses only
    #[arg(short = '6', long = "ipv6")]
    pub ipv6: bool,
}

impl EndpointOptions {
    pub(crate) const fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        }
    }
}
