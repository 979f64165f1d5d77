//! How is a peer reached? Functions that look up and connect, each under the run's deadline.

pub(crate) mod channel;
pub mod dns;
pub(crate) mod family;
pub(crate) mod host;
pub(crate) mod media;
pub mod nameserver;
pub(crate) mod resolve;
pub mod srv;
pub(crate) mod tally;
pub(crate) mod tcp;
pub(crate) mod udp;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::platform::resource;
use crate::report::{Class, Failure};
use crate::time::deadline::Expired;

/// Where somebody listens, before its name is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub host: String,
    pub port: u16,
}

/// Whom a connection leads to: the name as given, and one of its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The name or numeric address as given.
    pub host: String,
    /// The address and port in use.
    pub address: SocketAddr,
}

impl Peer {
    /// `host:port` alone, for a first line.
    pub(crate) fn name(&self) -> String {
        let (host, port) = (&self.host, self.address.port());
        match host::without_zone(host) {
            Some(IpAddr::V6(_)) => format!("[{}]:{port}", host::bare(host)),
            _ => format!("{host}:{port}"),
        }
    }

    /// `host:port` as it stands in a URI: brackets around IPv6, and no zone.
    pub(crate) fn in_uri(&self) -> String {
        match host::without_zone(&self.host) {
            Some(address) => SocketAddr::new(address, self.address.port()).to_string(),
            None => self.name(),
        }
    }

    /// Whether it was given as an address.
    pub(crate) fn is_numeric(&self) -> bool {
        host::without_zone(&self.host).is_some()
    }
}

impl fmt::Display for Peer {
    /// `cas1.example.com:5060 (192.0.2.7)`, or `192.0.2.7:5060` for a numeric host.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_numeric() {
            true => f.write_str(&self.name()),
            false => write!(f, "{} ({})", self.name(), self.address.ip()),
        }
    }
}

/// What tells `address` from others in a label: itself alone, or with its port where that is `taken`; nothing where both
/// are. What is given out is taken. All eight groups of an IPv6 address are there: a label has no colons that say how many
/// were left out.
pub(crate) fn label_suffix(address: SocketAddr, taken: &mut Vec<String>) -> Option<String> {
    let alone = match address.ip() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => address.segments().map(|group| format!("{group:x}")).join("_"),
    };
    let mut candidates = [alone.clone(), format!("{alone}_{}", address.port())].into_iter();
    let suffix = candidates.find(|suffix| !taken.contains(suffix))?;
    taken.push(suffix.clone());
    Some(suffix)
}

/// No address in particular, of the same family as `address`.
pub(crate) fn unspecified(address: SocketAddr) -> IpAddr {
    if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

/// What can go wrong between us and a peer, below TLS and SIP.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    #[error(transparent)]
    Expired(#[from] Expired),
    /// An attempt's share of the deadline passed; other addresses were still to be tried.
    #[error("no answer to the connection request from {peer} within {waited}")]
    NoAnswer { peer: Peer, waited: String },
    #[error("connection refused by {peer}: nothing listens there, or a firewall rejects")]
    Refused { peer: Peer },
    #[error("{peer} is unreachable")]
    Unreachable { peer: Peer, source: io::Error },
    #[error("{peer} closed the connection {when}")]
    Closed {
        peer: Peer,
        /// In which situation, such as `before it answered`.
        when: String,
    },
    #[error("{peer} reset the connection {when}")]
    Reset { peer: Peer, when: String },
    #[error("not permitted to reach {peer}")]
    Denied { peer: Peer, source: io::Error },
    /// The address is not one of this host's, or cannot be used.
    #[error("cannot send from the source address {address}: {source}")]
    Source { address: IpAddr, source: io::Error },
    /// This host has no more sockets, addresses, ports or buffers.
    #[error("{doing} {peer} is beyond what this host has: {source}")]
    Local { doing: &'static str, peer: Peer, source: io::Error },
    #[error("{doing} {peer} failed")]
    Io {
        /// What was attempted, such as `connecting to`.
        doing: &'static str,
        peer: Peer,
        source: io::Error,
    },
    #[error("none of the {} addresses of {host} connects: {}", .failed.len(), list(.failed))]
    AllFailed {
        host: String,
        /// Each attempt's failure, in the order of trying; never empty.
        failed: Vec<NetError>,
    },
}

impl NetError {
    /// The system's error in the situation `doing`, or `when` it had been connected already.
    pub(crate) fn from_io(source: io::Error, peer: &Peer, doing: &'static str, when: &str) -> Self {
        use io::ErrorKind as Kind;

        let (peer, when) = (peer.clone(), when.to_owned());
        if resource::is_exhausted(&source) {
            return Self::Local { doing, peer, source };
        }
        match source.kind() {
            Kind::ConnectionRefused => Self::Refused { peer },
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable => {
                Self::Unreachable { peer, source }
            }
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Self::Reset { peer, when },
            Kind::UnexpectedEof | Kind::NotConnected => Self::Closed { peer, when },
            Kind::PermissionDenied => Self::Denied { peer, source },
            Kind::TimedOut => Self::NoAnswer { peer, waited: "the system's own limit".to_owned() },
            _ => Self::Io { doing, peer, source },
        }
    }

    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Expired(_) | Self::NoAnswer { .. } => Class::Timeout,
            Self::Refused { .. } => Class::Refused,
            Self::Unreachable { .. } | Self::Io { .. } => Class::Unreachable,
            Self::Source { .. } | Self::Local { .. } => Class::Local,
            Self::Closed { .. } | Self::Reset { .. } => Class::Closed,
            Self::Denied { .. } => Class::Permission,
            // What this host lacks for one address says nothing about another.
            Self::AllFailed { failed, .. } => {
                let mut classes = failed.iter().map(Self::class);
                let first = classes.clone().next().unwrap_or(Class::Unreachable);
                classes.find(|class| *class != Class::Local).unwrap_or(first)
            }
        }
    }
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        Self::caused_by(error.class(), &error)
    }
}

fn list(failed: &[NetError]) -> String {
    failed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// How many addresses, or targets of a domain, are asked in one run at most: each has metrics of its own, which are never
/// left out of a report, and a report is bounded.
pub const MAX_ASKED: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_the_address_alone_unless_two_ports_share_it() {
        let [first, other_port, other] =
            ["192.0.2.7:5060", "192.0.2.7:5062", "[2001:db8::7]:5060"].map(|text| text.parse().unwrap());
        let mut taken = Vec::new();
        assert_eq!(label_suffix(first, &mut taken).unwrap(), "192.0.2.7");
        assert_eq!(label_suffix(other_port, &mut taken).unwrap(), "192.0.2.7_5062");
        assert_eq!(label_suffix(other, &mut taken).unwrap(), "2001_db8_0_0_0_0_0_7");
        assert_eq!(label_suffix(other_port, &mut taken), None);
    }

    #[test]
    fn local_when_this_host_lacks_something_for_every_address() {
        let peer = Peer { host: "x".to_owned(), address: "192.0.2.7:5060".parse().unwrap() };
        let from_io = |code| NetError::from_io(io::Error::from_raw_os_error(code), &peer, "connecting to", "");
        let too_many = if cfg!(windows) { 10_024 } else { 24 };
        assert_eq!(from_io(too_many).class(), Class::Local);
        let refused = NetError::Refused { peer: peer.clone() };
        let all = |failed| NetError::AllFailed { host: "x".to_owned(), failed };
        assert_eq!(all(vec![from_io(too_many), refused]).class(), Class::Refused);
        assert_eq!(all(vec![from_io(too_many)]).class(), Class::Local);
    }

    #[test]
    fn a_peer_shows_its_name_and_address() {
        let address = "192.0.2.7:5060".parse().unwrap();
        let named = Peer { host: "cas1.example.com".to_owned(), address };
        assert_eq!(named.to_string(), "cas1.example.com:5060 (192.0.2.7)");
        assert_eq!(named.name(), "cas1.example.com:5060");
        let numeric = Peer { host: "2001:db8::7".to_owned(), address: "[2001:db8::7]:5060".parse().unwrap() };
        assert_eq!(numeric.to_string(), "[2001:db8::7]:5060");
        assert_eq!(numeric.name(), "[2001:db8::7]:5060");
    }

    #[test]
    fn a_uri_has_brackets_and_no_zone() {
        let peer = |host: &str, address: &str| Peer { host: host.to_owned(), address: address.parse().unwrap() };
        let local = peer("fe80::1%eth0", "[fe80::1%2]:5060");
        let said = (local.name(), local.to_string(), local.in_uri());
        let zoned = "[fe80::1%eth0]:5060".to_owned();
        assert_eq!(said, (zoned.clone(), zoned, "[fe80::1]:5060".to_owned()));
        assert_eq!(peer("2001:DB8::7", "[2001:db8::7]:5060").in_uri(), "[2001:db8::7]:5060");
        assert_eq!(peer("192.0.2.7", "192.0.2.7:5061").in_uri(), "192.0.2.7:5061");
        assert_eq!(peer("cas1.example.com", "192.0.2.7:5060").in_uri(), "cas1.example.com:5060");
    }
}
