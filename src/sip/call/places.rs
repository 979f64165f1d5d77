//! Was this user of this server called already? Where a call went, so that it goes nowhere twice (RFC 3261 8.1.3.4).

use std::net::SocketAddr;

use crate::net::Peer;
use crate::sip::address::{SipUri, is_same_user};
use crate::sip::transport::Transport;

/// The users of servers that a call went to.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Each with its transport, from which its port follows.
    known: Vec<SipUri>,
    /// Where a request was sent: to which user of whom, and how.
    reached: Vec<(String, SocketAddr, Transport)>,
}

impl Places {
    /// Notes that the call goes to `uri`, over `transport` where it does not say how.
    pub(crate) fn add(&mut self, uri: &SipUri, transport: Transport) {
        self.known.push(SipUri { transport: Some(uri.transport_or(transport)), ..uri.clone() });
    }

    /// Notes that a request with this Request-URI was sent to `peer`. Where that is the host of the URI, it is the same place by
    /// its name and by its address; where it is not, as behind an outbound proxy, only the URI is.
    pub(crate) fn add_called(&mut self, request_uri: &str, peer: &Peer, transport: Transport) {
        let uri = SipUri::read(request_uri);
        let number = request_uri.split_once(':').map_or("", |(_, number)| number).split(';').next();
        let user = uri.as_ref().map_or(number.unwrap_or_default(), |uri| &uri.user);
        self.reached.push((user.to_owned(), canonical(peer.address), transport));
        let Ok(uri) = uri else { return };
        let address = peer.address.ip().to_string();
        if ![&address, &peer.host].iter().any(|host| uri.host.eq_ignore_ascii_case(host)) {
            return self.add(&uri, transport);
        }
        let port = Some(uri.port.unwrap_or(peer.address.port()));
        for host in [address, peer.host.clone()] {
            self.add(&SipUri { host, port, ..uri.clone() }, transport);
        }
    }

    /// Whether a request to `uri` gets to the very server that the call went to, and to the same user or to none: by whatever
    /// name, it is at this `address`.
    pub(crate) fn has_reached(&self, uri: &SipUri, address: SocketAddr, usual: Transport) -> bool {
        let (address, transport) = (canonical(address), uri.transport_or(usual));
        let is_it = |user: &str| uri.user.is_empty() || is_same_user(&uri.user, user);
        self.reached.iter().any(|(user, at, how)| (*at, *how) == (address, transport) && is_it(user))
    }

    /// Whether the call went there, over the `usual` transport where `uri` does not say how. The very same URI is the same place,
    /// too, wherever a request to it was sent.
    pub(crate) fn has(&self, uri: &SipUri, usual: Transport) -> bool {
        self.known.iter().any(|known| known.text == uri.text || known.is_same_way(uri, usual))
    }
}

/// The same for an IPv4 address and what it is in IPv6.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(called: &str, peer: (&str, &str), uri: &str) -> bool {
        let mut places = Places::default();
        let peer = Peer { host: peer.0.to_owned(), address: peer.1.parse().unwrap() };
        places.add_called(called, &peer, Transport::Tcp);
        places.has(&SipUri::read(uri).unwrap(), Transport::Tcp)
    }

    #[test]
    fn the_server_is_the_same_by_name_and_by_address_and_without_its_port() {
        let peer = ("cas1.example", "192.0.2.7:5070");
        for called in ["sip:a@cas1.example", "sip:a@192.0.2.7", "sip:a@CAS1.example:5070;transport=tcp"] {
            assert!(has(called, peer, "sip:a@cas1.example:5070"), "{called}");
            assert!(has(called, peer, "sip:a@192.0.2.7:5070;transport=TCP;x=y"), "{called}");
            assert!(has(called, peer, "sip:%61;x=y:pw@192.0.2.7:5070"), "{called}");
            assert!(has(called, peer, called), "{called}");
            for elsewhere in ["sip:b@192.0.2.7:5070", "sip:a@192.0.2.7:5060", "sip:a@192.0.2.7:5070;transport=udp"] {
                assert!(!has(called, peer, elsewhere), "{called} {elsewhere}");
            }
        }
    }

    #[test]
    fn the_server_that_was_called_is_known_by_its_address_whatever_it_is_called() {
        let peer = Peer { host: "192.0.2.7".to_owned(), address: "192.0.2.7:5060".parse().unwrap() };
        for (called, uri, address, is_it) in [
            ("sip:a@192.0.2.7", "sip:a@cas1.example", "192.0.2.7:5060", true),
            ("sip:a@cas1.example", "sip:a@[::ffff:192.0.2.7]", "[::ffff:192.0.2.7]:5060", true),
            ("sip:a@b.example", "sip:cas1.example", "192.0.2.7:5060", true),
            ("tel:+1555;x=y", "sip:+1555@cas1.example", "192.0.2.7:5060", true),
            ("sip:101@192.0.2.7", "sip:%31%30%31@cas1.example", "192.0.2.7:5060", true),
            ("sip:101;a=b@192.0.2.7", "sip:101:pw@cas1.example", "192.0.2.7:5060", true),
            ("sip:a@192.0.2.7", "sip:b@cas1.example", "192.0.2.7:5060", false),
            ("sip:a@192.0.2.7", "sip:a@cas1.example:5062", "192.0.2.7:5062", false),
            ("sip:a@192.0.2.7", "sip:a@cas1.example", "192.0.2.8:5060", false),
            ("sip:a@192.0.2.7", "sip:a@cas1.example;transport=udp", "192.0.2.7:5060", false),
        ] {
            let mut places = Places::default();
            places.add_called(called, &peer, Transport::Tcp);
            let found = places.has_reached(&SipUri::read(uri).unwrap(), address.parse().unwrap(), Transport::Tcp);
            assert_eq!(found, is_it, "{called} {uri} {address}");
        }
    }

    #[test]
    fn behind_an_outbound_proxy_only_the_uri_counts() {
        let proxy = ("proxy.example", "192.0.2.1:5060");
        assert!(has("sip:a@b.example", proxy, "sip:a@b.example:5060"));
        assert!(!has("sip:a@b.example", proxy, "sip:a@proxy.example"));
        assert!(!has("tel:+15550100", proxy, "sip:+15550100@proxy.example"));
    }
}
