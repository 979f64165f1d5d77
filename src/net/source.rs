//! Where is sent from? A local address and a local port, as far as somebody wants them.

use std::io;
use std::net::{IpAddr, SocketAddr};

use super::{NetError, Peer, unspecified};

/// Our end of a connection; what is `None` is the system's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    pub address: Option<IpAddr>,
    pub port: Option<u16>,
}

impl Source {
    /// What to bind a socket to that is to reach `peer`, where that is not the system's choice alone.
    pub(crate) fn end(&self, peer: &Peer) -> Option<SocketAddr> {
        let is_chosen = self.address.is_some() || self.port.is_some();
        is_chosen.then(|| self.end_or_any(peer))
    }

    /// The same, with what nobody has chosen left open.
    pub(crate) fn end_or_any(&self, peer: &Peer) -> SocketAddr {
        SocketAddr::new(self.address.unwrap_or_else(|| unspecified(peer.address)), self.port.unwrap_or(0))
    }

    /// The system's error instead of a socket that sends from there to `peer`.
    pub(crate) fn refused(&self, source: io::Error, peer: &Peer) -> NetError {
        use io::ErrorKind as Kind;

        match (self.port, self.address) {
            (Some(port), _) if matches!(source.kind(), Kind::AddrInUse | Kind::PermissionDenied) => {
                NetError::SourcePort { port, source }
            }
            (_, Some(address)) => NetError::Source { address, source },
            (Some(port), None) => NetError::SourcePort { port, source },
            (None, None) => NetError::no_socket(source, peer),
        }
    }

    /// The system's error instead of a connection from there to `peer`. A port may be had and still not be free for this peer:
    /// a connection between the same two ends was closed a moment ago (TIME_WAIT).
    pub(crate) fn unconnected(&self, source: io::Error, peer: &Peer) -> NetError {
        match self.port {
            Some(port) if matches!(source.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable) => {
                NetError::SourcePort { port, source }
            }
            _ => NetError::connecting(source, peer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Class;

    #[test]
    fn a_port_that_cannot_be_had_is_told_from_an_address_that_is_not_here() {
        let peer = Peer { host: "x".to_owned(), address: "[2001:db8::7]:5060".parse().unwrap() };
        let error = |kind: io::ErrorKind| io::Error::from(kind);
        let port = Source { address: None, port: Some(5060) };
        let both = Source { address: "2001:db8::1".parse().ok(), port: Some(5060) };
        assert_eq!(Source::default().end(&peer), None);
        assert_eq!(port.end(&peer).unwrap().to_string(), "[::]:5060");
        assert_eq!(both.end(&peer).unwrap().to_string(), "[2001:db8::1]:5060");
        for (found, says) in [
            (port.refused(error(io::ErrorKind::AddrInUse), &peer), "--source-port"),
            (both.refused(error(io::ErrorKind::AddrInUse), &peer), "--source-port"),
            (both.refused(error(io::ErrorKind::AddrNotAvailable), &peer), "source address"),
            (both.unconnected(error(io::ErrorKind::AddrNotAvailable), &peer), "--source-port"),
        ] {
            assert!(found.class() == Class::Local && found.to_string().contains(says), "{found}");
        }
        let refused = port.unconnected(error(io::ErrorKind::ConnectionRefused), &peer);
        assert_eq!(refused.class(), Class::Refused);
    }
}
