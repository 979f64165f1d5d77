//! Was this user of this server called already? Where a call went, so that it goes nowhere twice (RFC 3261 8.1.3.4).

use crate::net::Peer;
use crate::sip::address::SipUri;
use crate::sip::transport::Transport;

/// The users of servers that a call went to.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Each with its port and transport.
    known: Vec<SipUri>,
}

impl Places {
    /// Notes that the call goes to `uri`, over `transport` where it does not say how.
    pub(crate) fn add(&mut self, uri: &SipUri, transport: Transport) {
        let way = uri.transport_or(transport);
        let port = Some(uri.endpoint(way).port);
        self.known.push(SipUri { port, transport: Some(way), ..uri.clone() });
    }

    /// Notes that a request with this Request-URI was sent to `peer`. Where that is the host of the URI, it is the same place by
    /// its name and by its address; where it is not, as behind an outbound proxy, only the URI is.
    pub(crate) fn add_called(&mut self, request_uri: &str, peer: &Peer, transport: Transport) {
        let Ok(uri) = SipUri::read(request_uri) else { return };
        let address = peer.address.ip().to_string();
        if ![&address, &peer.host].iter().any(|host| uri.host.eq_ignore_ascii_case(host)) {
            return self.add(&uri, transport);
        }
        let port = Some(uri.port.unwrap_or(peer.address.port()));
        for host in [address, peer.host.clone()] {
            self.add(&SipUri { host, port, ..uri.clone() }, transport);
        }
    }

    /// Whether the call went there, over the `usual` transport where `uri` does not say how. The very same URI is the same place,
    /// too, wherever a request to it was sent.
    pub(crate) fn has(&self, uri: &SipUri, usual: Transport) -> bool {
        self.known.iter().any(|known| known.text == uri.text || known.is_same_way(uri, usual))
    }
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
            assert!(has(called, peer, called), "{called}");
            for elsewhere in ["sip:b@192.0.2.7:5070", "sip:a@192.0.2.7:5060", "sip:a@192.0.2.7:5070;transport=udp"] {
                assert!(!has(called, peer, elsewhere), "{called} {elsewhere}");
            }
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
