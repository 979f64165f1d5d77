//! How is a peer reached? Functions that look up and connect, each under the run's deadline.

pub(crate) mod channel;
pub mod dns;
pub(crate) mod family;
pub(crate) mod host;
pub(crate) mod media;
pub mod nameserver;
pub(crate) mod resolve;
pub(crate) mod source;
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
    /// The deadline passed, and the peer had not even accepted.
    #[error("{expired}")]
    Unconnected { peer: Peer, expired: Expired },
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
    /// Nothing that is sent is acknowledged any more, and the system has given up.
    #[error("the connection to {peer} was lost {when}: it acknowledges nothing any more")]
    Lost { peer: Peer, when: String },
    #[error("not permitted to reach {peer}")]
    Denied { peer: Peer, source: io::Error },
    /// The address is not one of this host's, or cannot be used.
    #[error("cannot send from the source address {address}: {source}")]
    Source { address: IpAddr, source: io::Error },
    /// The port is taken, needs a right, or was used for the same connection a moment ago.
    #[error("cannot send from port {port} of --source-port: {source}")]
    SourcePort { port: u16, source: io::Error },
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
    #[error("none of the {} addresses of {name} connects: {}", .failed.len(), list(.failed))]
    AllFailed {
        /// The host with its port.
        name: String,
        /// Each attempt's failure, in the order of trying; never empty.
        failed: Vec<NetError>,
    },
}

impl NetError {
    /// The system's error in the situation `doing`, `when` the peer was connected already.
    pub(crate) fn from_io(source: io::Error, peer: &Peer, doing: &'static str, when: &str) -> Self {
        use io::ErrorKind as Kind;

        let (peer, when) = (peer.clone(), when.to_owned());
        if resource::is_exhausted(&source) {
            return Self::Local { doing, peer, source };
        }
        match source.kind() {
            Kind::ConnectionRefused => Self::Refused { peer },
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => Self::Unreachable { peer, source },
            // No local address to send from, or no port of it: nobody was asked.
            Kind::AddrNotAvailable | Kind::AddrInUse => Self::Local { doing, peer, source },
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Self::Reset { peer, when },
            Kind::UnexpectedEof | Kind::NotConnected => Self::Closed { peer, when },
            Kind::PermissionDenied => Self::Denied { peer, source },
            Kind::TimedOut => Self::Lost { peer, when },
            _ => Self::Io { doing, peer, source },
        }
    }

    /// The system's error instead of a connection to `peer`.
    pub(crate) fn connecting(source: io::Error, peer: &Peer) -> Self {
        match Self::from_io(source, peer, "connecting to", "while the connection was set up") {
            Self::Lost { peer, .. } => Self::NoAnswer { peer, waited: "the system's own limit".to_owned() },
            error => error,
        }
    }

    /// The system's error instead of a socket: whatever is the matter, it is a lack of this host.
    pub(crate) fn no_socket(source: io::Error, peer: &Peer) -> Self {
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { peer: peer.clone(), source },
            _ => Self::Local { doing: "a socket for", peer: peer.clone(), source },
        }
    }

    /// That none of `peers` connects, of which each failed.
    pub(crate) fn of_all(peers: &[Peer], mut failed: Vec<Self>) -> Self {
        if failed.len() == 1 {
            return failed.remove(0);
        }
        Self::AllFailed { name: peers.first().map(Peer::name).unwrap_or_default(), failed }
    }

    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Expired(_) | Self::Unconnected { .. } | Self::NoAnswer { .. } | Self::Lost { .. } => Class::Timeout,
            Self::Refused { .. } => Class::Refused,
            Self::Unreachable { .. } | Self::Io { .. } => Class::Unreachable,
            Self::Source { .. } | Self::SourcePort { .. } | Self::Local { .. } => Class::Local,
            Self::Closed { .. } | Self::Reset { .. } => Class::Closed,
            Self::Denied { .. } => Class::Permission,
            Self::AllFailed { failed, .. } => decisive(failed).map_or(Class::Unreachable, Self::class),
        }
    }

    /// What to do, where more is known than the class.
    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Unconnected { .. } | Self::NoAnswer { .. } => Some(ADVICE_ON_NO_ANSWER),
            Self::Source { .. } => Some(ADVICE_ON_SOURCE),
            Self::SourcePort { .. } => Some(ADVICE_ON_SOURCE_PORT),
            Self::Local { source, .. } if !resource::is_exhausted(source) => Some(ADVICE_ON_NO_ADDRESS),
            Self::AllFailed { failed, .. } => decisive(failed)?.advice(),
            _ => None,
        }
    }

    /// Without the name of the host, which several of its addresses have in common.
    fn of_one_address(&self) -> String {
        match self {
            Self::Refused { peer } => format!("refused by {}", peer.address.ip()),
            Self::NoAnswer { peer, waited } => format!("no answer from {} within {waited}", peer.address.ip()),
            Self::Unconnected { peer, .. } => format!("no answer from {} by the deadline", peer.address.ip()),
            Self::Unreachable { peer, source } => format!("{} is unreachable ({source})", peer.address.ip()),
            error => error.to_string(),
        }
    }
}

/// What decides of several failures: what this host lacks for one address says nothing about another.
fn decisive(failed: &[NetError]) -> Option<&NetError> {
    failed.iter().find(|error| error.class() != Class::Local).or_else(|| failed.first())
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        Self { advice: error.advice(), ..Self::caused_by(error.class(), &error) }
    }
}

fn list(failed: &[NetError]) -> String {
    failed.iter().map(NetError::of_one_address).collect::<Vec<_>>().join(", ")
}

/// How many addresses, or targets of a domain, are asked in one run at most: each has metrics of its own, which are never
/// left out of a report, and a report is bounded.
pub const MAX_ASKED: usize = 32;

const ADVICE_ON_NO_ANSWER: &str = "Not even the request to connect is answered: the host is down, or something on the way \
                                   drops it. Check whether the host is up, routing and VPN, and whether every firewall on \
                                   the way lets this port through.";

const ADVICE_ON_SOURCE: &str = "Nothing was sent. Give --source-address an address that this host has, and of the family \
                                of the one that is asked: ip address, or ipconfig.";

const ADVICE_ON_SOURCE_PORT: &str = "Nothing was sent. Another program or another run has the port of --source-port, or a connection \
                                     from it to the same server was closed less than a few minutes ago (TIME_WAIT). See who has \
                                     it (ss -anp, netstat -ano), run the check less often, or give each service a port of its \
                                     own; ports below 1024 need a right.";

const ADVICE_ON_NO_ADDRESS: &str = "Nothing was sent: the host that runs this check has no address of that family, or no \
                                    local port left. Check ip address (ipconfig), whether IPv6 is disabled, how many \
                                    connections there are (ss -s, netstat), and net.ipv4.ip_local_port_range.";

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
        let all = |failed| NetError::AllFailed { name: "x:5060".to_owned(), failed };
        assert_eq!(all(vec![from_io(too_many), refused]).class(), Class::Refused);
        assert_eq!(all(vec![from_io(too_many)]).class(), Class::Local);
    }

    #[test]
    fn who_is_unreachable_is_told_from_what_may_not_be_sent_and_each_has_its_advice() {
        let peer = Peer { host: "x".to_owned(), address: "192.0.2.7:5060".parse().unwrap() };
        let from_io = |kind: io::ErrorKind| NetError::from_io(kind.into(), &peer, "asking", "");
        for kind in [io::ErrorKind::HostUnreachable, io::ErrorKind::NetworkUnreachable, io::ErrorKind::NetworkDown] {
            assert_eq!(from_io(kind).to_string(), format!("{peer} is unreachable"));
        }
        assert_eq!(from_io(io::ErrorKind::PermissionDenied).class(), Class::Permission);
        assert_eq!(from_io(io::ErrorKind::OutOfMemory).advice(), None);
        let address = "192.0.2.8".parse().unwrap();
        let source = NetError::Source { address, source: io::ErrorKind::AddrNotAvailable.into() };
        assert_eq!(source.advice(), Some(ADVICE_ON_SOURCE));
        let silent = NetError::NoAnswer { peer: peer.clone(), waited: "1 s".to_owned() };
        let all =
            NetError::AllFailed { name: "x".to_owned(), failed: vec![from_io(io::ErrorKind::OutOfMemory), silent] };
        assert_eq!(Failure::from(all).advice, Some(ADVICE_ON_NO_ANSWER));
    }

    #[test]
    #[cfg(unix)]
    fn local_when_this_host_has_no_port_or_address_left_and_no_peer_is_blamed() {
        use rustix::io::Errno;

        let peer = Peer { host: "x".to_owned(), address: "192.0.2.7:5060".parse().unwrap() };
        let error = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        for errno in [Errno::ADDRNOTAVAIL, Errno::ADDRINUSE] {
            let failure = Failure::from(NetError::connecting(error(errno), &peer));
            assert_eq!((failure.class, failure.advice), (Class::Local, Some(ADVICE_ON_NO_ADDRESS)), "{errno}");
        }
        for errno in [Errno::ADDRINUSE, Errno::AFNOSUPPORT, Errno::MFILE, Errno::INVAL] {
            assert_eq!(NetError::no_socket(error(errno), &peer).class(), Class::Local, "{errno}");
        }
        assert_eq!(NetError::no_socket(error(Errno::ACCESS), &peer).class(), Class::Permission);
        assert_eq!(NetError::connecting(error(Errno::NETUNREACH), &peer).class(), Class::Unreachable);
    }

    #[test]
    fn a_connection_that_is_lost_is_not_one_that_was_never_accepted() {
        let peer = Peer { host: "192.0.2.7".to_owned(), address: "192.0.2.7:5060".parse().unwrap() };
        let error = || io::Error::from(io::ErrorKind::TimedOut);
        let lost = NetError::from_io(error(), &peer, "talking to", "without an answer");
        assert_eq!(
            (lost.to_string().as_str(), lost.class(), lost.advice()),
            (
                "the connection to 192.0.2.7:5060 was lost without an answer: it acknowledges nothing any more",
                Class::Timeout,
                None
            )
        );
        let silent = NetError::connecting(error(), &peer);
        assert!(silent.to_string().starts_with("no answer to the connection request"), "{silent}");
        assert_eq!((silent.class(), silent.advice()), (Class::Timeout, Some(ADVICE_ON_NO_ANSWER)));
    }

    #[test]
    fn several_addresses_share_one_name_and_one_reason_each() {
        let peer = |address: &str| Peer { host: "cas1.example.com".to_owned(), address: address.parse().unwrap() };
        let failed = vec![
            NetError::Refused { peer: peer("192.0.2.7:5060") },
            NetError::NoAnswer { peer: peer("[2001:db8::7]:5060"), waited: "2 s".to_owned() },
        ];
        let name = peer("192.0.2.7:5060").name();
        assert_eq!(
            NetError::AllFailed { name, failed }.to_string(),
            "none of the 2 addresses of cas1.example.com:5060 connects: refused by 192.0.2.7, no answer from 2001:db8::7 \
             within 2 s"
        );
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
